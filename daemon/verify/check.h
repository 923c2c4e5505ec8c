/* SPDX-License-Identifier: Apache-2.0
 * A verification under way, for the files of this room: what was read, and the answer so far. */
#ifndef VERIFY_CHECK_H
#define VERIFY_CHECK_H

#include "verify/seal.h"

struct checking {
	struct skd_call *call;
	const struct verify_ask *ask;
	struct verify_answer *answer;
	struct sealed sealed; /* the badge */
};

void check_say(struct checking *c, enum verify_check check, enum verify_result result, const char *format, ...) PRINTF(4, 5);
/* What came of a step: OK passes with this sentence; ABSENT, GONE, BUSY and FAULT leave it unknown, and all else is failed,
 * with the call's sentence, which it then forgets. */
void check_tell(struct checking *c, enum verify_check check, enum skd_outcome outcome, const char *format, ...) PRINTF(4, 5);

/* ob3.c, ob2.c: all checks but the format. */
void ob3_check(struct checking *c);
void ob2_check(struct checking *c);

/* ob3.c: the same of an endorsement; schema, signature, issuer, dates and status of any credential of 3.0. */
void endorsement_check(struct checking *c);
/* endorsement.c: a line for each endorsement in the badge, in its achievement, and in the profile of its issuer. */
void endorsements_check(struct checking *c);

/* status.c: whether credentialStatus says that the badge is good no longer. */
void status_check(struct checking *c, const char *issuer);

/* checks.c: what both versions have. */
/* Says so of an issuer that is for tests, by the name it has in the badge. */
bool check_tests(struct checking *c, const char *issuer, const char *name);
void check_signatory(struct checking *c, const char *issuer, const char *name, const struct signatory *signatory);
void check_dates(struct checking *c, const char *from, const char *until);
/* `identity` is "sha256$HEX" where it is hashed. */
bool identity_is(struct checking *c, const char *identity, bool hashed, const char *salt);
const char *check_time(const json_t *object, const char *name);

#endif
