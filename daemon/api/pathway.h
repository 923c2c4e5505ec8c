/* SPDX-License-Identifier: Apache-2.0
 * Pathways in bodies: nodes read, pathways written. */
#ifndef API_PATHWAY_H
#define API_PATHWAY_H

#include "api/entry.h"
#include "rules/pathway.h"

/* The array "nodes" of what stands at `at`; NULL, and null, is none. BAD_INPUT, naming the field, for what has not their form. */
enum skd_outcome pathway_nodes_read(struct skd_call *call, const char *at, json_t *array, struct pathway_nodes *nodes) WARN_UNUSED;
/* What the body makes of `p`. The issuer is said once, of a new one, who stays until when of what comes after another version, and
 * of which version it is made of what is simulated. `nodes` stays as it is where a change gives none. */
enum pathway_form { PATHWAY_NEW, PATHWAY_CHANGED, PATHWAY_SIMULATED };
enum skd_outcome pathway_body(struct skd_call *call, const struct request *in, enum pathway_form form, struct store_pathway *p,
			      struct pathway_nodes **nodes) WARN_UNUSED;
/* "nodes": what a node has anyway stands there only where it is `whole`. */
void pathway_nodes_write(struct json *json, const struct graph *graph, bool whole);
/* As an object under `key`; with its nodes, unless graph is NULL. */
void pathway_write(struct json *json, const char *key, const struct store_pathway *pathway, const struct graph *graph);
/* An older version gets an ETag of its own, which If-Match of a PATCH never meets. */
void pathway_tag(struct skd_call *call, struct reply *out, const struct store_pathway *pathway);

#endif
