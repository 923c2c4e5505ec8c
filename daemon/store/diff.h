/* SPDX-License-Identifier: Apache-2.0
 * Inside the store room: what the statements of a run have in common. */
#ifndef STORE_DIFF_H
#define STORE_DIFF_H

#include "store/run.h"

/* Of person p and their row c in the picture, what others see of them, but for the unit. */
#define PERSON_DIFFERS                                                                                              \
	"(p.username, p.name, p.mail, p.title, p.phone, p.employee_number, p.locale, p.country, p.manager_id, p.disabled)"     \
	" IS DISTINCT FROM"                                                                                         \
	" (c.username, c.name, c.mail, c.title, c.phone, c.employee_number, c.locale, c.country, c.manager_id, c.disabled)"

/* Of line l of run r: what was done, whatever became of the rest, and when. What a run that waits lists may never be. */
#define LINE_DONE                                                                                                   \
	"(r.state = 'done' OR l.kind LIKE 'role%' OR l.detail ? 'disabled'"                                         \
	" OR (r.state = 'approved' AND l.kind NOT IN ('changed', 'group_lost')))"
#define LINE_AT "CASE WHEN r.state = 'approved' AND l.kind = 'absent' THEN r.decided_at ELSE l.at END"

/* Whether the source showed anything before this run. */
static inline bool was_shown(const struct stage_counts *staged)
{
	return staged->known + staged->doubtful > 0;
}

static inline enum skd_outcome db_run_if(struct skd_call *call, int64_t needed, const char *sql, struct args args)
{
	return needed ? db_send(call, sql, args, NULL) : SKD_OK;
}

/* Whose place in groups is to be found again, and which are lost. */
enum skd_outcome diff_find_places(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* Groups and their members, after people and units. */
enum skd_outcome diff_apply_groups(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* What groups and members lost, where the picture is not applied. */
enum skd_outcome diff_apply_group_losses(struct skd_call *call, const struct store_diff *diff) WARN_UNUSED;

#endif
