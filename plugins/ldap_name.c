/* SPDX-License-Identifier: Apache-2.0
 * The addresses of a name, in time: getaddrinfo() waits as long as resolv.conf says, so each is asked for by a thread
 * of its own, which may get its answer when nobody waits for it any more. Knows no libldap. */
#include "ldap.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct lookup {
	pthread_mutex_t lock; /* guards `answered`, and what is told with it */
	pthread_cond_t told;
	bool answered;
	int problem; /* of getaddrinfo() */
	struct addrinfo *list;
	int holders; /* who waits, and who asks: the last one frees it */
	char port[12], host[];
};

static void lookup_leave(struct lookup *lookup)
{
	if (__atomic_sub_fetch(&lookup->holders, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (lookup->list)
		freeaddrinfo(lookup->list);
	pthread_cond_destroy(&lookup->told);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup);
}

static void *lookup_main(void *argument)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct lookup *lookup = argument;
	struct addrinfo *list = NULL;
	int problem = getaddrinfo(lookup->host, lookup->port, &wanted, &list);
	pthread_mutex_lock(&lookup->lock);
	lookup->problem = problem;
	lookup->list = list;
	lookup->answered = true;
	pthread_cond_signal(&lookup->told);
	pthread_mutex_unlock(&lookup->lock);
	lookup_leave(lookup);
	return NULL;
}

static bool lookup_wait(struct lookup *lookup, long patience)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += patience % 1000 * 1000000;
	until.tv_sec += patience / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lookup->lock);
	while (!lookup->answered && pthread_cond_clockwait(&lookup->told, &lookup->lock, CLOCK_MONOTONIC, &until) == 0)
		;
	bool answered = lookup->answered;
	pthread_mutex_unlock(&lookup->lock);
	return answered;
}

static struct lookup *lookup_new(const char *host, int port)
{
	size_t size = strlen(host) + 1;
	struct lookup *lookup = calloc(1, sizeof *lookup + size);
	if (!lookup)
		return NULL;
	lookup->holders = 2;
	pthread_mutex_init(&lookup->lock, NULL);
	pthread_cond_init(&lookup->told, NULL);
	snprintf(lookup->port, sizeof lookup->port, "%d", port);
	memcpy(lookup->host, host, size);
	return lookup;
}

const char *dir_name_find(const char *host, int port, long patience, struct addrinfo **list)
{
	struct lookup *lookup = lookup_new(host, port);
	const char *why = NULL;
	pthread_t thread;
	*list = NULL;
	int problem = lookup ? pthread_create(&thread, NULL, lookup_main, lookup) : ENOMEM;
	if (problem) {
		free(lookup);
		return strerrordesc_np(problem);
	}
	pthread_detach(thread);
	if (!lookup_wait(lookup, patience)) {
		why = "its name is not found in time";
	} else if (lookup->problem) {
		why = gai_strerror(lookup->problem);
	} else {
		*list = lookup->list;
		lookup->list = NULL;
	}
	lookup_leave(lookup);
	return why;
}
