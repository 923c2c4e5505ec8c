/* SPDX-License-Identifier: Apache-2.0
 * Which servers of an instance are left alone for a while, because they could not be reached: longer each
 * time, so that a dead first server does not hold up every reading. Knows no libldap. */
#include "ldap.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { REST_FIRST = 5, REST_MOST = 300 }; /* seconds */

struct dir_rests {
	pthread_mutex_t lock;
	struct rest {
		time_t until;
		unsigned failures;
	} servers[DIR_URIS_MAX];
};

static time_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

struct dir_rests *dir_rests_new(void)
{
	struct dir_rests *rests = calloc(1, sizeof *rests);
	if (rests)
		pthread_mutex_init(&rests->lock, NULL);
	return rests;
}

void dir_rests_free(struct dir_rests *rests)
{
	if (rests)
		pthread_mutex_destroy(&rests->lock);
	free(rests);
}

void dir_rests_note(struct dir_rests *rests, size_t server, bool reached)
{
	pthread_mutex_lock(&rests->lock);
	struct rest *rest = &rests->servers[server];
	long seconds = REST_FIRST << (rest->failures < 8 ? rest->failures : 8);
	rest->failures = reached ? 0 : rest->failures + 1;
	rest->until = reached ? 0 : now() + (seconds < REST_MOST ? seconds : REST_MOST);
	pthread_mutex_unlock(&rests->lock);
}

void dir_rests_order(struct dir_rests *rests, size_t count, size_t order[DIR_URIS_MAX])
{
	size_t placed = 0;
	time_t at = now();
	pthread_mutex_lock(&rests->lock);
	for (int resting = 0; resting < 2; resting++)
		for (size_t i = 0; i < count; i++)
			if ((rests->servers[i].until > at) == resting)
				order[placed++] = i;
	pthread_mutex_unlock(&rests->lock);
}
