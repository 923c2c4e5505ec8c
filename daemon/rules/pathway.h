/* SPDX-License-Identifier: Apache-2.0
 * Pathways: what may be said in one, and how it gets from draft to published to archived. What was published is never
 * edited; a change of it is the next version. */
#ifndef RULES_PATHWAY_H
#define RULES_PATHWAY_H

#include "store/pathway.h"

/* number 0: the newest version the actor may see. ABSENT, also for drafts the actor may not see. */
enum skd_outcome pathway_get(struct skd_call *call, const char *id, long number, struct store_pathway *pathway) WARN_UNUSED;
/* The nodes of one that was read. */
enum skd_outcome pathway_graph(struct skd_call *call, const struct store_pathway *pathway, struct graph *graph) WARN_UNUSED;
/* BAD_INPUT for an issuer or an achievement that does not exist. */
enum skd_outcome pathway_list(struct skd_call *call, struct store_pathway_filter *filter, struct list *list,
			      struct store_pathway **pathways, size_t *count) WARN_UNUSED;
/* Both oldest first. ABSENT. */
enum skd_outcome pathway_versions(struct skd_call *call, const char *id, struct store_pathway **versions, size_t *count) WARN_UNUSED;
enum skd_outcome pathway_events(struct skd_call *call, const char *id, struct store_pathway_step **steps, size_t *count) WARN_UNUSED;

/* What a node that is written says that it stands for; each may be NULL. */
struct pathway_ref {
	const char *achievement, *pathway; /* ids */
	const char *skill;                 /* id, code or exact label */
};
/* Nodes as they are written: those of the graph have no ref yet, milestones are as they came, level is 0 where none is said. */
struct pathway_nodes {
	struct graph graph;
	struct pathway_ref *refs; /* as many as there are nodes */
	const char *at;           /* the pointer of what they stand in: "" for the body itself */
};
/* Both end with `pathway` as it now is. DENIED when achievements of its issuer are not the actor's to write, or it is published
 * and awards what the actor may not issue. BAD_INPUT for nodes that are no graph, what does not exist, and to publish it for what
 * is not published, nothing to be done, and a pathway within itself.
 * A new one is of issuer_id, or with NULL of the company. */
enum skd_outcome pathway_add(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *pathway) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be; nodes NULL: as they are; state NULL: what follows;
 * keep_until TIME_NEVER: not said. A draft is edited. A change to what was published becomes the next version, a draft unless it is
 * to be published. CLASH when the state cannot follow the present one, or what is archived would change. */
enum skd_outcome pathway_set(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *pathway) WARN_UNUSED;

/* What would be published, and nothing is written: `wanted` as for pathway_set(), but number is of the version that it is made of,
 * and ends as the one that it would have; `graph` is linked. DENIED and BAD_INPUT as there, and where there is nothing to be done. */
enum skd_outcome pathway_draft(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *wanted, struct graph *graph) WARN_UNUSED;

/* The achievements that codes stand for, of issuer_id or with NULL of the company; NULL for each that does not mean just one
 * that is published. BAD_INPUT for an issuer who does not exist. */
enum skd_outcome pathway_coded(struct skd_call *call, const char *issuer_id, size_t count, const char *const *codes,
			       const char **ids) WARN_UNUSED;

#endif
