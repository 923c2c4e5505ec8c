/* SPDX-License-Identifier: Apache-2.0
 * Reads any badge and tells, check by check and in plain words, what holds. Knows no database and no network: the
 * documents of others come from whoever asks. */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "base/call.h"
#include "base/json.h"

enum { VERIFY_INPUT = 10 << 20, VERIFY_JSON = 1 << 20 }; /* the most bytes of a badge, and of the JSON in it */

/* A document of somebody else: a DID document, a key, an issuer's profile, a status list. */
struct verify_document {
	struct skd_text bytes;
	bool trusted; /* who asks vouches for it */
	const char *about; /* said by who looks for a list: an id. Of others the list need not tell. Or NULL */
};

/* Where documents come from. `address` is a DID, or an absolute URL with no fragment or with the one of a key. ABSENT
 * when there is none, or none can be had, with a sentence that says why; GONE when there was one, and it was taken away.
 * What it gives lives with the call. */
struct verify_library {
	enum skd_outcome (*find)(void *self, struct skd_call *call, const char *address, struct verify_document *document);
	void *self;
};

struct verify_ask {
	struct skd_text badge;
	const char *recipient; /* mail address that it should be of; or NULL */
	int64_t now;
	struct verify_library library;
};

/* What the name of an issuer for tests ends with, in its badges: they prove nothing, and say so themselves. */
#define VERIFY_TESTS " (for tests only)"

enum verify_result { VERIFY_PASSED, VERIFY_FAILED, VERIFY_UNKNOWN };
enum verify_verdict { VERDICT_NOT_VERIFIED, VERDICT_VERIFIED, VERDICT_UNKNOWN };
enum verify_check { CHECK_FORMAT, CHECK_SCHEMA, CHECK_SIGNATURE, CHECK_ISSUER, CHECK_DATES, CHECK_STATUS, CHECK_RECIPIENT };
enum { VERIFY_CHECKS = CHECK_RECIPIENT + 1 };

struct verify_line {
	bool made; /* what a failed check leaves without ground is not made */
	enum verify_result result;
	const char *detail; /* a sentence; several faults are separated by "; " */
};

enum { VERIFY_ENDORSEMENTS = 20 }; /* the most that a badge may carry */

struct verify_answer {
	/* Verified: the signature passed, nothing failed, and what was to be found out was, status and recipient too.
	 * Unknown: nothing failed, but one of these could not be found out. Who vouches for the issuer, and for those who
	 * endorse, is told and does not count. */
	enum verify_verdict verdict;
	struct verify_line checks[VERIFY_CHECKS];
	size_t endorsement_count; /* in a badge of 3.0, its achievement or its issuer, in the order in which they stand */
	struct verify_line endorsements[VERIFY_ENDORSEMENTS + 1]; /* the last one: there are more than so many */
	/* What the badge says, true or not; each may be NULL. */
	const char *id, *name, *issuer, *issuer_name, *achievement;
	/* What an endorsement says. */
	const char *subject, *comment, *valid_from, *valid_until;
	bool jws; /* the document is a JWT */
};

/* Of a badge, or an EndorsementCredential by itself. Never fails: what goes wrong is a check's. The texts live with the
 * call. */
void verify_badge(struct skd_call *call, const struct verify_ask *ask, struct verify_answer *answer);

/* The same where it has to be an EndorsementCredential, as JSON or a JWT. */
void verify_endorsement(struct skd_call *call, const struct verify_ask *ask, struct verify_answer *answer);

/* What an issuer has done to what is good no longer: "revoked", "suspended" or "superseded", or NULL where that is not
 * known; by which badge; and why. The latter two may be NULL. */
const char *verify_ended(struct skd_call *call, const char *state, const char *by, const char *why);

const char *verify_check_name(enum verify_check check);
const char *verify_result_name(enum verify_result result);
/* verified, verdict, checks: [{check, outcome, detail}], and what the badge says, into an object that is open. Each
 * endorsement is a check of that name. */
void verify_put(struct json *json, const struct verify_answer *answer);

/* Where the document of a did:web is (did:web method, 2.5.2), an https URL; NULL: it is no did:web. */
const char *verify_did_place(struct skd_call *call, const char *did);

#endif
