/* SPDX-License-Identifier: Apache-2.0
 * Sign-in conversations that wait for the client's next answer. They live in this process, with the
 * authenticator's helper at their other end; a client that asks another daemon starts anew. */
#ifndef RULES_TALK_H
#define RULES_TALK_H

#include "rules/house.h"
#include "rules/session.h"
#include "sign/digest.h"

struct talk {
	char id[UUID_SIZE]; /* empty: nothing has been asked yet */
	const struct authenticator *by;
	struct skd_talk *talk;
	size_t asked; /* so many answers are waited for */
	const char *username;
	uint8_t network[DIGEST_SIZE]; /* whose share of the conversations it takes */
	int64_t began;		      /* when `by` was first asked: monotonic microseconds */
	int64_t began_at;	      /* the same moment of the calendar */
	int64_t until;		      /* monotonic microseconds */
	struct talk *next;
};

/* Takes over the step's talk, which goes on from `before` and ends step->talk_ms after that began, and says in `opened`
 * what is asked. One of which something was asked before has its place. For a new one: SLOW_DOWN with retry_after
 * when a quarter of all places are its network's, BUSY when none is left. */
enum skd_outcome talks_add(struct skd_call *call, const struct talk *before, const struct skd_step *step,
			   struct session_opened *opened) WARN_UNUSED;
/* Takes one out, for its one next answer; NULL when there is none whose time is not over. The caller talloc_free()s it. */
struct talk *talks_take(struct talks *talks, const char *id);

#endif
