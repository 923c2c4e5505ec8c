/* SPDX-License-Identifier: Apache-2.0
 * Sign-in conversations that wait for the client's next answer. They live in this process, with the
 * authenticator's helper at their other end; a client that asks another daemon starts anew. */
#ifndef RULES_TALK_H
#define RULES_TALK_H

#include "rules/house.h"
#include "rules/session.h"

struct talk {
	char id[UUID_SIZE];
	const struct authenticator *by;
	struct skd_talk *talk;
	size_t asked; /* so many answers are waited for */
	const char *username;
	int64_t until;	    /* monotonic microseconds */
	int64_t expires_at; /* the same moment for people to read */
	struct talk *next;
};

/* Takes over the step's talk and says in `opened` what is asked. `before`: what it goes on from, and ends no later than;
 * NULL: it begins. BUSY when there are too many. */
enum skd_outcome talks_add(struct skd_call *call, const struct authenticator *by, const struct skd_step *step,
			   const char *username, const struct talk *before, struct session_opened *opened) WARN_UNUSED;
/* Takes one out, for its one next answer; NULL when there is none whose time is not over. The caller talloc_free()s it. */
struct talk *talks_take(struct talks *talks, const char *id);

#endif
