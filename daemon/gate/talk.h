/* SPDX-License-Identifier: Apache-2.0
 * One sign-in: a question from the peer, a conversation with PAM, an answer. */
#ifndef GATE_TALK_H
#define GATE_TALK_H

#include <stdbool.h>
#include <stdint.h>

struct talk_service {
	const char *name;    /* of the PAM service */
	const char *confdir; /* where its file is; NULL: /etc/pam.d */
};

/* Whether PAM would find the file of this service. It must be asked: without one PAM silently applies
 * the rules of the service "other". Says so when not. */
bool talk_service_exists(const struct talk_service *service);

/* Answers the question that waits on the connected socket `peer`, and blocks until it is answered, the
 * peer is gone, or the moment `until` of gate_now() has passed wherever PAM gives us a say. What modules write goes to
 * the file `words`. A module may still hang, crash or exit: call it in a process of its own, with someone to watch it. */
void talk_hold(int peer, int words, const struct talk_service *service, int64_t until);

#endif
