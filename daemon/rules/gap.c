/* SPDX-License-Identifier: Apache-2.0
 * Gaps. */
#include "rules/gap.h"

#include "rules/actor.h"
#include "rules/person.h"
#include "rules/position.h"

enum { OPENINGS_NAMED = 5, OPENINGS_MOST = 50 };

enum skd_outcome person_near(struct skd_call *call, const char *id, struct store_person *person)
{
	return person_of(call, SIGHT_GAPS, id, person);
}

/* NULL stays NULL. */
static enum skd_outcome position_read(struct skd_call *call, const char *ref, const char **id)
{
	struct store_position position = {0};
	if (ref)
		TRY(position_pick(call, "position", ref, &position));
	*id = position.id;
	return SKD_OK;
}

enum skd_outcome gap_person(struct skd_call *call, const char *person_id, const char *position, struct gap *gap)
{
	struct sight sight = sight_for(call, SIGHT_GAPS);
	const char *asked;
	TRY(person_near(call, person_id, &gap->person));
	TRY(position_read(call, position, &asked));
	TRY(store_gap_positions(call, gap->person.id, asked, &gap->positions, &gap->position_count));
	TRY(store_gap_person(call, &sight, gap->person.id, actor_is(call, gap->person.id), gap->position_count, gap->positions,
			     &gap->skills, &gap->skill_count));
	return store_opening_list(call, gap->person.id, OPENINGS_NAMED, &gap->openings, &gap->opening_count);
}

enum skd_outcome gap_unit(struct skd_call *call, const char *unit_id, const char *position, struct gap_unit *gap)
{
	struct sight sight = sight_for(call, SIGHT_GAPS);
	const char *asked;
	TRY(store_unit_get(call, unit_id, &gap->unit));
	TRY(position_read(call, position, &asked));
	TRY(store_gap_unit(call, &sight, unit_id, asked, &gap->rows, &gap->count, &gap->people));
	return gap->people || sight.everyone ? SKD_OK : fail(call, SKD_ABSENT, "there is no such unit");
}

enum skd_outcome opening_list(struct skd_call *call, const char *person_id, struct store_person *person, struct store_opening **openings,
			      size_t *count)
{
	TRY(person_near(call, person_id, person));
	return store_opening_list(call, person->id, OPENINGS_MOST, openings, count);
}
