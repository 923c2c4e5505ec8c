/* SPDX-License-Identifier: Apache-2.0
 * Sign-in conversations that wait for the client's next answer. They live in this process, with the
 * authenticator's helper at their other end; a client that asks another daemon starts anew. */
#ifndef RULES_TALK_H
#define RULES_TALK_H

#include "rules/house.h"

struct talk {
	char id[UUID_SIZE];
	const struct authenticator *by;
	struct skd_talk *talk;
	const char *username;
	int64_t until; /* monotonic microseconds */
	struct talk *next;
};

/* Takes over the authenticator's talk. BUSY when there are too many. */
enum skd_outcome talks_add(struct skd_call *call, struct talks *talks, const struct authenticator *by,
			   struct skd_talk *talk, const char *username, char id[UUID_SIZE]) WARN_UNUSED;
/* Takes one out, for its one next answer; NULL when there is none. The caller talloc_free()s it. */
struct talk *talks_take(struct talks *talks, const char *id);

#endif
