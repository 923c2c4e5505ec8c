/* SPDX-License-Identifier: Apache-2.0
 * Leaky buckets in a fixed table, each as the time when it will be empty again. Who finds no place puts out the one that is
 * emptiest. */
#include "rules/limit.h"

#include "rules/house.h"
#include "sign/digest.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

enum { PLACES = 4096, NEAR = 8, MINUTE = 60000000 };

struct limits {
	pthread_mutex_t lock;
	struct bucket {
		uint64_t who;
		int64_t empty_at;
	} buckets[PLACES];
};

struct limits *limits_open(void)
{
	struct limits *limits = talloc_zero(NULL, struct limits);
	pthread_mutex_init(&limits->lock, NULL);
	return limits;
}

void limits_close(struct limits **limits)
{
	pthread_mutex_destroy(&(*limits)->lock);
	TALLOC_FREE(*limits);
}

static struct bucket *bucket_of(struct limits *limits, uint64_t who)
{
	struct bucket *first = &limits->buckets[who % (PLACES / NEAR) * NEAR], *emptiest = first;
	for (struct bucket *at = first; at < first + NEAR; at++) {
		if (at->who == who)
			return at;
		if (at->empty_at < emptiest->empty_at)
			emptiest = at;
	}
	*emptiest = (struct bucket){.who = who};
	return emptiest;
}

/* Under the house's key: nobody finds two who share a place. */
static uint64_t bucket_name(struct skd_call *call, enum limit_kind kind, const char *who)
{
	uint8_t digest[DIGEST_SIZE];
	uint64_t name;
	const struct digest_part parts[] = {{&kind, sizeof kind}, {who, strlen(who)}};
	digest_keyed(call->house->token_key, "limit", 2, parts, digest);
	memcpy(&name, digest, sizeof name);
	return name;
}

/* Microseconds until there is one again; 0: there is, and `take` has made it one less. */
static int64_t wait_of(struct skd_call *call, enum limit_kind kind, const char *who, bool take)
{
	struct limits *limits = call->house->limits;
	long most = call->house->limit[kind];
	if (!most)
		return 0;
	int64_t now = clock_monotonic();
	uint64_t name = bucket_name(call, kind, who);
	pthread_mutex_lock(&limits->lock);
	struct bucket *bucket = bucket_of(limits, name);
	int64_t empty_at = (bucket->empty_at > now ? bucket->empty_at : now) + MINUTE / most, wait = empty_at - now - MINUTE;
	if (take && wait <= 0)
		bucket->empty_at = empty_at;
	pthread_mutex_unlock(&limits->lock);
	return wait > 0 ? wait : 0;
}

enum skd_outcome limit_ask(struct skd_call *call, enum limit_kind kind, const char *who)
{
	static const char *const sentences[] = {
		[LIMIT_MISSES] = "this address has asked too often for what is not there: wait a moment",
		[LIMIT_VERIFICATIONS] = "this account has verified too many badges: wait a moment"};
	int64_t wait = wait_of(call, kind, who, false);
	if (!wait)
		return SKD_OK;
	call->retry_after = (unsigned)((wait + 999999) / 1000000);
	return fail(call, SKD_SLOW_DOWN, "%s", sentences[kind]);
}

void limit_take(struct skd_call *call, enum limit_kind kind, const char *who)
{
	wait_of(call, kind, who, true);
}

const char *limit_client(struct skd_call *call)
{
	unsigned char address[16];
	if (!call->address || inet_pton(AF_INET6, call->address, address) != 1)
		return call->address ? call->address : "";
	memset(address + 8, 0, 8);
	char *network = talloc_zero_size(call, INET6_ADDRSTRLEN);
	inet_ntop(AF_INET6, address, network, INET6_ADDRSTRLEN);
	return network;
}
