/* SPDX-License-Identifier: Apache-2.0
 * What holds of the graph of a pathway. Pure: knows nobody, reads no rows. */
#ifndef RULES_GRAPH_H
#define RULES_GRAPH_H

#include "base/call.h"
#include "base/graph.h"

/* Finds who is meant by which id. BAD_INPUT, naming the field under `at` ("/nodes"): ids that are there twice, what is after
 * or within nothing or the same twice, what is within no group, groups with nothing in them or of which more is needed than
 * that, nothing that has to be done, more than GRAPH_NODES_MAX; and a cycle, naming it: in "a > b > a" each comes before the
 * next. Who comes after a group comes after all that is in it; what is in a group comes after whatever the group does. */
enum skd_outcome graph_link(struct skd_call *call, const char *at, struct graph *graph) WARN_UNUSED;

#endif
