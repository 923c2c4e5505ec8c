/* SPDX-License-Identifier: Apache-2.0
 * Pathways in bodies: nodes read, pathways written. */
#ifndef API_PATHWAY_H
#define API_PATHWAY_H

#include "api/entry.h"
#include "rules/pathway.h"

/* The array "nodes" of what stands at `at`; NULL, and null, is none. BAD_INPUT, naming the field, for what has not their form. */
enum skd_outcome pathway_nodes_read(struct skd_call *call, const char *at, json_t *array, struct pathway_nodes *nodes) WARN_UNUSED;
/* "nodes": what a node has anyway stands there only where it is `whole`. */
void pathway_nodes_write(struct json *json, const struct graph *graph, bool whole);
/* As an object under `key`; with its nodes, unless graph is NULL. */
void pathway_write(struct json *json, const char *key, const struct store_pathway *pathway, const struct graph *graph);
/* An older version gets an ETag of its own, which If-Match of a PATCH never meets. */
void pathway_tag(struct skd_call *call, struct reply *out, const struct store_pathway *pathway);

#endif
