/* SPDX-License-Identifier: Apache-2.0
 * Looks: a table of fixed size in memory, emptied into the database. */
#include "rules/looks.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/person.h"

#include <pthread.h>
#include <string.h>

/* So many are told apart until they are written, which is each second; of more none is kept, and the log says so. */
enum { PLACES = 16384, FULL = 12288, WHAT = 24 };

/* Bytes alone, so that two are compared as such. */
struct key {
	char viewer[UUID_SIZE], subject[UUID_SIZE], what[WHAT];
	char is_person, roles;
};

struct place {
	struct key key;
	uint32_t number;
};

struct looks {
	pthread_mutex_t lock;
	struct place *places;
	size_t used, lost;
};

struct looks *looks_open(void)
{
	struct looks *looks = talloc_zero(NULL, struct looks);
	pthread_mutex_init(&looks->lock, NULL);
	looks->places = talloc_zero_array(looks, struct place, PLACES);
	return looks;
}

void looks_close(struct looks **looks)
{
	pthread_mutex_destroy(&(*looks)->lock);
	TALLOC_FREE(*looks);
}

static void add(struct looks *looks, const struct key *key, uint32_t number)
{
	size_t at = text_hash((const char *)key, sizeof *key) % PLACES;
	pthread_mutex_lock(&looks->lock);
	while (looks->places[at].number && memcmp(&looks->places[at].key, key, sizeof *key) != 0)
		at = (at + 1) % PLACES;
	struct place *place = &looks->places[at];
	if (place->number || looks->used < FULL) {
		looks->used += !place->number;
		place->key = *key;
		place->number += number;
	} else {
		looks->lost += number;
	}
	pthread_mutex_unlock(&looks->lock);
}

void looks_add(struct skd_call *call, const char *person_id, const char *what)
{
	const struct actor *actor = call->actor;
	const char *viewer = actor && actor->person_id ? actor->person_id : actor ? actor->account_id : NULL;
	struct key key = {{0}};
	if (!viewer || !person_id || call->looked || strcmp(viewer, person_id) == 0)
		return;
	memcpy(key.viewer, viewer, strnlen(viewer, UUID_SIZE - 1));
	memcpy(key.subject, person_id, strnlen(person_id, UUID_SIZE - 1));
	memcpy(key.what, what, strnlen(what, WHAT - 1));
	key.is_person = actor->person_id != NULL;
	key.roles = (char)actor->roles;
	call->looked = true;
	add(call->house->looks, &key, 1);
}

/* All that was noted, as the caller's. */
static struct place *take(struct skd_call *call, struct looks *looks, size_t *count, size_t *lost)
{
	pthread_mutex_lock(&looks->lock);
	struct place *taken = talloc_array(call, struct place, looks->used + 1);
	*count = 0;
	*lost = looks->lost;
	for (size_t i = 0; looks->used && i < PLACES; i++) {
		if (!looks->places[i].number)
			continue;
		taken[(*count)++] = looks->places[i];
		looks->places[i].number = 0;
	}
	looks->used = looks->lost = 0;
	pthread_mutex_unlock(&looks->lock);
	return taken;
}

static enum skd_outcome write(struct skd_call *call, const struct place *places, size_t count)
{
	const char **texts = talloc_array(call, const char *, 6 * count);
	const struct store_looks looks = {count, texts, texts + count, texts + 2 * count, texts + 3 * count, texts + 4 * count,
					  texts + 5 * count};
	for (size_t i = 0; i < count; i++) {
		looks.viewers[i] = places[i].key.viewer;
		looks.are_people[i] = places[i].key.is_person ? "t" : "f";
		looks.subjects[i] = places[i].key.subject;
		looks.whats[i] = places[i].key.what;
		looks.roles[i] = arg_int(call, places[i].key.roles);
		looks.numbers[i] = arg_int(call, places[i].number);
	}
	TRY(pool_borrow(call->house->jobs, call));
	return store_looks_add(call, &looks);
}

enum skd_outcome looks_write(struct skd_call *call)
{
	struct looks *looks = call->house->looks;
	size_t count, lost;
	struct place *taken = take(call, looks, &count, &lost);
	if (lost)
		log_line(SKD_WARNING, "looks", "%zu looks at people in a second were too many to keep", lost);
	if (!count)
		return SKD_OK;
	enum skd_outcome outcome = write(call, taken, count);
	for (size_t i = 0; outcome != SKD_OK && i < count; i++)
		add(looks, &taken[i].key, taken[i].number);
	return outcome;
}

enum skd_outcome looks_tidy(struct skd_call *call)
{
	enum { BATCH = 5000, LEAST_MS = 10000 };
	int64_t swept = BATCH;
	TRY(pool_borrow(call->house->jobs, call));
	while (swept == BATCH && call_time_left(call) > LEAST_MS)
		TRY(store_looks_sweep(call, call->house->looks_keep, BATCH, &swept));
	return SKD_OK;
}

enum skd_outcome looks_list(struct skd_call *call, const char *person_id, struct list *list, struct store_look **looks,
			    size_t *count)
{
	const struct sight all = {.everyone = true};
	const char *id = person_id ? person_id : call->actor->person_id;
	struct store_person person;
	if (!id)
		return fail(call, SKD_DENIED, "this account is no person of the directory");
	if (sight_everyone(call, SIGHT_LOOKS))
		TRY(store_person_get(call, &all, id, &person));
	else
		TRY(person_get(call, id, &person));
	if (!actor_is(call, person.human_id ? person.human_id : id) && !sight_everyone(call, SIGHT_LOOKS))
		return fail(call, SKD_DENIED, "only the person themselves and auditors may know who looked at them");
	return store_looks_list(call, id, list, looks, count);
}
