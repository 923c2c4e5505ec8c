/* SPDX-License-Identifier: Apache-2.0
 * Counts by hash: a fixed table, and one condition for all of it. */
#include "rules/tries.h"

#include "rules/session.h"

#include <pthread.h>

enum { PLACES = 1024 };

struct tries {
	pthread_mutex_t lock;
	pthread_cond_t left;
	struct place {
		unsigned busy, ended;
	} places[PLACES];
};

struct tries *tries_open(void)
{
	struct tries *tries = talloc_zero(NULL, struct tries);
	pthread_condattr_t attributes;
	pthread_mutex_init(&tries->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&tries->left, &attributes);
	pthread_condattr_destroy(&attributes);
	return tries;
}

void tries_close(struct tries **tries)
{
	pthread_cond_destroy(&(*tries)->left);
	pthread_mutex_destroy(&(*tries)->lock);
	TALLOC_FREE(*tries);
}

static struct place *place_of(struct tries *tries, const uint8_t *key)
{
	return &tries->places[(key[0] << 8 | key[1]) % PLACES];
}

unsigned tries_mark(struct tries *tries, const uint8_t *key)
{
	pthread_mutex_lock(&tries->lock);
	unsigned ended = place_of(tries, key)->ended;
	pthread_mutex_unlock(&tries->lock);
	return ended;
}

bool tries_enter(struct tries *tries, const uint8_t *key, unsigned room, unsigned mark, int64_t deadline)
{
	struct timespec until = {deadline / 1000000, deadline % 1000000 * 1000};
	struct place *place = place_of(tries, key);
	int expired = 0;
	pthread_mutex_lock(&tries->lock);
	while (place->ended == mark && place->busy >= room && !expired)
		expired = pthread_cond_timedwait(&tries->left, &tries->lock, &until);
	bool in = place->ended == mark && place->busy < room;
	if (in)
		place->busy++;
	pthread_mutex_unlock(&tries->lock);
	return in;
}

void tries_leave(struct tries *tries, const uint8_t *key)
{
	struct place *place = place_of(tries, key);
	pthread_mutex_lock(&tries->lock);
	place->busy--;
	place->ended++;
	pthread_cond_broadcast(&tries->left);
	pthread_mutex_unlock(&tries->lock);
}
