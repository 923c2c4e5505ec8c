/* SPDX-License-Identifier: Apache-2.0
 * Badges as rows: what does not change in them, and the forms that were made. */
#ifndef STORE_BADGE_H
#define STORE_BADGE_H

#include "store/issuer.h"
#include "store/key.h"
#include "store/person.h"

#include <skillsd/plugin.h>

/* Who a credential belongs to from now on, as its badges say it, and its place in the lists of its issuer; nothing where
 * that is there already. What its holder said of the one that it replaces holds for it, and not `visibility`. */
enum skd_outcome store_badge_add(struct skd_call *call, const char *credential_id, const char *salt,
				 const char *visibility) WARN_UNUSED;

/* Until the transaction ends nobody else makes forms of it. */
enum skd_outcome store_badge_hold(struct skd_call *call, const char *credential_id) WARN_UNUSED;

struct store_badge {
	struct skd_award award; /* but for origin and issuer_did */
	const char *picture_id; /* that was uploaded, or NULL */
	const char *const *drawing; /* what was asked for of the one that is drawn, or NULL */
	bool published; /* the achievement, in this version: it does not change any more */
	const char *issuer_picture_id; /* the image that was uploaded, or NULL */
	const char *issuer_key; /* "company" for the one of the configuration */
	bool sandbox;           /* the issuer's: it is a test */
	bool translated;        /* into other languages: store_badge_translate() */
	int64_t level;          /* the highest that the achievement proves, or 0 */
	const char *person_id, *visibility; /* visibility NULL: store_badge_add() was never called */
	int64_t version; /* of the credential */
	int64_t content_version; /* of what its badge says, however things stand */
	size_t algorithm_count, kept_count;
	const char *const *algorithms; /* of store_badge_get() alone: of keys that sign for the issuer */
	const char *const *kept;       /* likewise: names of the sealed forms that are of use */
};
/* ABSENT. */
enum skd_outcome store_badge_get(struct skd_call *call, const char *credential_id, struct store_badge *badge) WARN_UNUSED;

/* What issuing one needs, with one way to the server and back: the credential, whoever may see it, the badge and the keys
 * of its issuer, newest first. ABSENT. */
struct store_credential; /* store/credential.h */
enum skd_outcome store_badge_issue(struct skd_call *call, const char *credential_id, struct store_credential *credential,
				   struct store_badge *badge, struct store_key **keys, size_t *count) WARN_UNUSED;

/* Ids of credentials of the issuer that have a form which says RS256 and are good no longer; with `about` that one alone,
 * if it is. */
enum skd_outcome store_badge_revoked(struct skd_call *call, const char *issuer_id, const char *about, const char *const **ids,
				     size_t *count) WARN_UNUSED;

/* The same of an achievement alone, as it was published, or with `drafts` as it is; `number` NULL: the newest version.
 * ABSENT. */
enum skd_outcome store_badge_achievement(struct skd_call *call, const char *id, const char *number, bool drafts,
					 struct store_badge *badge) WARN_UNUSED;

/* Name, description and criteria in the first of these languages that the achievement has, as far as they are said in it. */
enum skd_outcome store_badge_translate(struct skd_call *call, const char *const *languages, size_t count,
				       struct skd_award *award) WARN_UNUSED;

/* A form as it was made; `bytes` NULL: it has not been made of this version, tells of another state than there is, or its key
 * was revoked from before; or, of RSA, at all. */
struct store_form {
	const char *visibility, *person_id;
	const uint8_t *bytes;
	size_t size;
};
/* One that `lasts` is of a version of what the badge says; others are of one of the credential. ABSENT when there is no such
 * credential. */
enum skd_outcome store_form_get(struct skd_call *call, const char *credential_id, const char *format, bool lasts,
				struct store_form *form) WARN_UNUSED;
/* What another daemon has made in the meantime stays: read it again. `sealed`: when that key did, as it says itself; or 0.
 * `told`: whose state, that of its key, and the name of its holder it tells; NULL: it does not. */
enum skd_outcome store_form_put(struct skd_call *call, const char *credential_id, const char *format, int64_t version,
				const void *bytes, size_t size, const char *key_id, int64_t sealed,
				const struct skd_award *told) WARN_UNUSED;

#endif
