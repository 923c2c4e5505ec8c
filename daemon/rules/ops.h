/* SPDX-License-Identifier: Apache-2.0
 * How the daemon itself is doing, for balancers and graphs. */
#ifndef RULES_OPS_H
#define RULES_OPS_H

#include "base/text.h"
#include "rules/house.h"

/* BUSY with what is missing, unless requests can be served: the database answers and has this schema. */
enum skd_outcome ops_ready(struct skd_call *call) WARN_UNUSED;
/* Appends gauges in the text format of Prometheus: sessions lent, audit entries that wait to be sealed, age and outcome
 * of each source's sync. */
enum skd_outcome ops_metrics(struct skd_call *call, struct text *out) WARN_UNUSED;

/* Brings the schema up to this program; `applied` counts files. Needs no house. */
enum skd_outcome ops_migrate(struct skd_call *call, const char *dsn, int *applied) WARN_UNUSED;

#endif
