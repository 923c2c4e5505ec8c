/* SPDX-License-Identifier: Apache-2.0
 * What follows of a published version for those who were under way: a job computes where each of them stands now, in pieces. Nothing
 * that is read waits for it: whoever reads an enrolment computes it anew where the job has not come to it. */
#ifndef RULES_PUBLICATION_H
#define RULES_PUBLICATION_H

#include "rules/job.h"
#include "store/pathway.h"

/* The house does it itself: done and total are enrolments. */
extern const struct job_kind publication_kind;

/* Before a version is published, in its transaction: who has completed the one before by then has, though nobody has found out yet. */
enum skd_outcome publication_settle(struct skd_call *call, const char *pathway_id) WARN_UNUSED;
/* In the transaction that publishes; no job when nobody is under way. */
enum skd_outcome publication_begin(struct skd_call *call, const struct store_pathway *pathway) WARN_UNUSED;

#endif
