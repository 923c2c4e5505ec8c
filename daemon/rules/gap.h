/* SPDX-License-Identifier: Apache-2.0
 * What people still lack, and what they would fit: told to themselves, to those above them, to hr and admins. Everybody else
 * learns nothing of them: ABSENT. */
#ifndef RULES_GAP_H
#define RULES_GAP_H

#include "store/gap.h"

/* The human whose entry it is, if the actor may know such of them; ABSENT. */
enum skd_outcome person_near(struct skd_call *call, const char *id, struct store_person *person) WARN_UNUSED;

struct gap {
	struct store_person person;
	struct store_gap_position *positions;
	size_t position_count;
	struct store_gap_skill *skills;
	size_t skill_count;
	struct store_opening *openings; /* the few that fit best */
	size_t opening_count;
};
/* `position`: id or code; NULL: those that the person has. BAD_INPUT for none, or an archived one. */
enum skd_outcome gap_person(struct skd_call *call, const char *person_id, const char *position, struct gap *gap) WARN_UNUSED;

struct gap_unit {
	struct store_unit unit;
	int64_t people; /* who were looked at */
	struct store_gap_unit *rows;
	size_t count;
};
/* Of the people there whom the actor sees; ABSENT, too, for who sees none of them. */
enum skd_outcome gap_unit(struct skd_call *call, const char *unit_id, const char *position, struct gap_unit *gap) WARN_UNUSED;

enum skd_outcome opening_list(struct skd_call *call, const char *person_id, struct store_person *person,
			      struct store_opening **openings, size_t *count) WARN_UNUSED;

#endif
