/* SPDX-License-Identifier: Apache-2.0
 * Pathways as rows: one for the pathway, one for each version of it with its nodes, one for each step of its story. */
#ifndef STORE_PATHWAY_H
#define STORE_PATHWAY_H

#include "base/graph.h"
#include "store/list.h"

struct store_pathway {
	const char *id;
	long number, latest; /* of the version that was read, of the newest one */
	const char *name, *description, *issuer_id, *issuer;
	const char *achievement_id, *achievement; /* issued to who completes it; NULL: nothing is */
	const char *lost;  /* keep, suspend, revoke */
	const char *state; /* draft, published, archived */
	bool enforced;
	int64_t published_at, keep_until; /* TIME_NEVER: not yet, not said */
	long steps;   /* nodes that are no groups */
	long version; /* of the row, for ETag */
	int64_t updated_at;
};

/* number 0: the newest version that is seen. drafts: whether what is not published yet is seen. ABSENT. */
enum skd_outcome store_pathway_get(struct skd_call *call, const char *id, long number, bool drafts, struct store_pathway *pathway) WARN_UNUSED;
struct store_pathway_filter {
	const char *q; /* in the name */
	const char *state, *issuer;
	const char *achievement; /* is awarded, or is a step or a milestone */
	bool drafts;
};
/* Each in its newest version that is seen. */
enum skd_outcome store_pathway_list(struct skd_call *call, const struct store_pathway_filter *filter, struct list *list,
				    struct store_pathway **pathways, size_t *count) WARN_UNUSED;
/* Those that are seen, oldest first. */
enum skd_outcome store_pathway_versions(struct skd_call *call, const char *id, bool drafts, struct store_pathway **versions,
					size_t *count) WARN_UNUSED;
/* The nodes of a version in their order, as graph_link() takes them, and whether the order is enforced. ABSENT. */
enum skd_outcome store_pathway_graph(struct skd_call *call, const char *id, long number, struct graph *graph) WARN_UNUSED;

/* ---- writing ---- */

/* A row of the issuer's, without a version yet; number 1 is due. */
enum skd_outcome store_pathway_add(struct skd_call *call, const char *issuer_id, const char **id) WARN_UNUSED;
/* Says which version is the newest; STALE unless the row still has `version`. Holds the row until the transaction ends. */
enum skd_outcome store_pathway_touch(struct skd_call *call, const char *id, long version, long latest) WARN_UNUSED;
/* Nobody does until the transaction ends; whoever does now is waited for. */
enum skd_outcome store_pathway_hold(struct skd_call *call, const char *id) WARN_UNUSED;
/* Writes version p->number: a new draft, or over one, never over what was published. nodes NULL: they stay. */
enum skd_outcome store_pathway_put(struct skd_call *call, const struct store_pathway *p, const struct graph *nodes) WARN_UNUSED;
/* Nodes that are the same are the same text. */
const char *store_pathway_nodes(struct skd_call *call, const struct graph *graph);
/* p->id, p->number: it is published from now on, with p->keep_until. */
enum skd_outcome store_pathway_publish(struct skd_call *call, const struct store_pathway *p) WARN_UNUSED;
/* That version, and the one that was published last: nobody begins anymore. */
enum skd_outcome store_pathway_archive(struct skd_call *call, const char *id, long number) WARN_UNUSED;
/* One publishes after the other, until their transactions end: so that two do not close a circle. */
enum skd_outcome store_pathway_turn(struct skd_call *call) WARN_UNUSED;

/* ---- what it stands on ---- */

/* The place of the first id of no achievement, or pathway, that there is; published: of none that is published now. `count`
 * when there is none. */
enum skd_outcome store_pathway_achievements(struct skd_call *call, bool published, size_t count, const char *const *ids,
					    size_t *place) WARN_UNUSED;
enum skd_outcome store_pathway_inner(struct skd_call *call, bool published, size_t count, const char *const *ids, size_t *place) WARN_UNUSED;
/* One asks for the other: it stands within, or awards a step. */
struct store_pathway_edge {
	const char *from, *to;
};
/* All that these ask for, and what those ask for, as somebody may be under way on it now; `pathway` awards what it says. */
enum skd_outcome store_pathway_within(struct skd_call *call, const struct store_pathway *pathway, size_t count, const char *const *ids,
				      struct store_pathway_edge **edges, size_t *edge_count) WARN_UNUSED;
/* Who else awards which of these achievements, by its place. */
struct store_pathway_award {
	size_t place;
	const char *pathway_id;
};
enum skd_outcome store_pathway_awarding(struct skd_call *call, const char *pathway_id, size_t count, const char *const *achievements,
					struct store_pathway_award **awards, size_t *award_count) WARN_UNUSED;
/* Whose these achievements are. */
enum skd_outcome store_pathway_issuers(struct skd_call *call, size_t count, const char *const *achievements,
				       const char *const **issuers, size_t *issuer_count) WARN_UNUSED;
/* For each code the one published achievement of that issuer that has it; NULL: none, or several. */
enum skd_outcome store_pathway_coded(struct skd_call *call, const char *issuer_id, size_t count, const char *const *codes,
				     const char **ids) WARN_UNUSED;

/* ---- its story ---- */

struct store_pathway_step {
	long number;      /* of the version */
	const char *kind; /* created, edited, published, superseded, archived */
	const char *account;
	int64_t at;
};
/* `at` is now. */
enum skd_outcome store_pathway_event_add(struct skd_call *call, const char *id, const struct store_pathway_step *step,
					 const char *account_id) WARN_UNUSED;
/* The event of the version that was the published one before step->number; nothing where there was none. */
enum skd_outcome store_pathway_supersede(struct skd_call *call, const char *id, const struct store_pathway_step *step,
					 const char *account_id) WARN_UNUSED;
/* Oldest first, of all versions. */
enum skd_outcome store_pathway_events(struct skd_call *call, const char *id, struct store_pathway_step **steps, size_t *count) WARN_UNUSED;

#endif
