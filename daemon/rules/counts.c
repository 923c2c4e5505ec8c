/* SPDX-License-Identifier: Apache-2.0
 * Counting: a table of fixed size in memory, emptied into the database. */
#include "rules/counts.h"

#include "rules/actor.h"
#include "rules/credential.h"
#include "rules/issuer.h"

#include <pthread.h>
#include <string.h>

/* So many are told apart until they are written; of more none is counted. */
enum { PLACES = 4096, FULL = 3072 };

static const char *const kinds[] = {[COUNT_VIEW] = "view", [COUNT_DOWNLOAD] = "download", [COUNT_VERIFICATION] = "verification"};

struct place {
	char id[UUID_SIZE];
	uint8_t kind;
	uint32_t number;
};

struct counts {
	pthread_mutex_t lock;
	struct place *places;
	size_t used;
};

struct counts *counts_open(void)
{
	struct counts *counts = talloc_zero(NULL, struct counts);
	pthread_mutex_init(&counts->lock, NULL);
	counts->places = talloc_zero_array(counts, struct place, PLACES);
	return counts;
}

void counts_close(struct counts **counts)
{
	pthread_mutex_destroy(&(*counts)->lock);
	TALLOC_FREE(*counts);
}

static void add(struct counts *counts, const char *id, unsigned kind, uint32_t number)
{
	size_t at = (text_hash(id, strlen(id)) + kind) % PLACES;
	pthread_mutex_lock(&counts->lock);
	while (counts->places[at].number && (counts->places[at].kind != kind || strcmp(counts->places[at].id, id) != 0))
		at = (at + 1) % PLACES;
	struct place *place = &counts->places[at];
	if (!place->number && counts->used < FULL) {
		counts->used++;
		place->kind = (uint8_t)kind;
		memcpy(place->id, id, UUID_SIZE);
		place->number = number;
	} else if (place->number) {
		place->number += number;
	}
	pthread_mutex_unlock(&counts->lock);
}

void counts_add(struct counts *counts, const char *credential_id, enum count_kind kind)
{
	if (kind != COUNT_NOT)
		add(counts, credential_id, kind, 1);
}

/* All that was counted, as the caller's. */
static struct place *take(struct skd_call *call, struct counts *counts, size_t *count)
{
	pthread_mutex_lock(&counts->lock);
	struct place *taken = talloc_array(call, struct place, counts->used + 1);
	*count = 0;
	for (size_t i = 0; counts->used && i < PLACES; i++) {
		if (!counts->places[i].number)
			continue;
		taken[(*count)++] = counts->places[i];
		counts->places[i].number = 0;
	}
	counts->used = 0;
	pthread_mutex_unlock(&counts->lock);
	return taken;
}

static enum skd_outcome write(struct skd_call *call, const struct place *places, size_t count)
{
	const char **ids = talloc_array(call, const char *, count), **words = talloc_array(call, const char *, count);
	const char **numbers = talloc_array(call, const char *, count);
	for (size_t i = 0; i < count; i++) {
		ids[i] = places[i].id;
		words[i] = kinds[places[i].kind];
		numbers[i] = arg_int(call, places[i].number);
	}
	TRY(pool_borrow(call->house->jobs, call));
	return store_counts_add(call, count, ids, words, numbers);
}

enum skd_outcome counts_write(struct skd_call *call)
{
	struct counts *counts = call->house->counts;
	size_t count;
	struct place *taken = take(call, counts, &count);
	if (!count)
		return SKD_OK;
	enum skd_outcome outcome = write(call, taken, count);
	for (size_t i = 0; outcome != SKD_OK && i < count; i++)
		add(counts, taken[i].id, taken[i].kind, taken[i].number);
	return outcome;
}

enum skd_outcome counts_list(struct skd_call *call, const char *credential_id, struct store_count **counts, size_t *count)
{
	struct store_credential credential;
	TRY(credential_get(call, credential_id, &credential));
	if (!actor_is(call, credential.person_id)) {
		if (!actor_has(call, ROLE_ISSUER))
			return fail(call, SKD_DENIED, "only its holder and its issuer see how often it was looked at");
		TRY(issuer_may_issue(call, credential.issuer_id, false));
	}
	return store_counts_list(call, credential_id, counts, count);
}
