/* SPDX-License-Identifier: Apache-2.0
 * Badges as rows: what does not change in them, the forms that were made, public halves of keys, status lists. */
#ifndef STORE_BADGE_H
#define STORE_BADGE_H

#include "store/issuer.h"
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
};
/* ABSENT. */
enum skd_outcome store_badge_get(struct skd_call *call, const char *credential_id, struct store_badge *badge) WARN_UNUSED;

/* Ids of credentials of the issuer that have a form which says RS256 and are good no longer. */
enum skd_outcome store_badge_revoked(struct skd_call *call, const char *issuer_id, const char *const **ids,
				     size_t *count) WARN_UNUSED;

/* The same of an achievement alone, as it was published, or with `drafts` as it is; `number` NULL: the newest version.
 * ABSENT. */
enum skd_outcome store_badge_achievement(struct skd_call *call, const char *id, const char *number, bool drafts,
					 struct store_badge *badge) WARN_UNUSED;

/* Name, description and criteria in the first of these languages that the achievement has, as far as they are said in it. */
enum skd_outcome store_badge_translate(struct skd_call *call, const char *const *languages, size_t count,
				       struct skd_award *award) WARN_UNUSED;

/* A form as it was made; `bytes` NULL: it has not been made of this version, or tells of another state than there is. */
struct store_form {
	const char *visibility, *person_id;
	const uint8_t *bytes;
	size_t size;
	int64_t version;
};
/* ABSENT when there is no such credential. */
enum skd_outcome store_form_get(struct skd_call *call, const char *credential_id, const char *format,
				struct store_form *form) WARN_UNUSED;
/* What another daemon has made in the meantime stays: read it again. `told`: whose state, that of its key, and the
 * name of its holder it tells; NULL: it does not. */
enum skd_outcome store_form_put(struct skd_call *call, const char *credential_id, const char *format, int64_t version,
				const void *bytes, size_t size, const char *key_id, const struct skd_award *told) WARN_UNUSED;

struct store_key {
	const char *id, *issuer_id, *issuer_key, *issuer_name, *algorithm;
	const uint8_t *public_key; /* SubjectPublicKeyInfo */
	size_t public_size;
	int64_t created_at, retired_at, revoked_at; /* TIME_NEVER */
};
/* What issuing one needs, with one way to the server and back: the credential, whoever may see it, the badge and the keys
 * of its issuer, newest first. ABSENT. */
struct store_credential; /* store/credential.h */
enum skd_outcome store_badge_issue(struct skd_call *call, const char *credential_id, struct store_credential *credential,
				   struct store_badge *badge, struct store_key **keys, size_t *count) WARN_UNUSED;
enum skd_outcome store_key_add(struct skd_call *call, const struct store_key *key) WARN_UNUSED;
/* Of one issuer, or with NULL of all, newest first. */
enum skd_outcome store_key_list(struct skd_call *call, const char *issuer_id, struct store_key **keys,
				size_t *count) WARN_UNUSED;
/* It signs no longer: revoked since `revoked_at` (below 0: since now), or with 0 retired, so that what it signed stays
 * good. CLASH when it has ended so before. */
enum skd_outcome store_key_end(struct skd_call *call, const char *id, int64_t revoked_at) WARN_UNUSED;

/* ---- status lists ---- */

struct store_status {
	const char *issuer_id, *issuer_key, *purpose;
	const uint8_t *bits;
	size_t size;     /* bytes */
	int64_t version, changed_at;
	const char *signed_form; /* of this version, by a key that is good; or NULL */
};
/* `locked`: until the transaction ends nothing changes in it. ABSENT. */
enum skd_outcome store_status_get(struct skd_call *call, const char *id, bool locked, struct store_status *status) WARN_UNUSED;
enum skd_outcome store_status_sign(struct skd_call *call, const char *id, int64_t version, const char *form,
				    const char *key_id) WARN_UNUSED;
/* Sets or clears the credential's bit for a purpose; nothing where it has none. */
enum skd_outcome store_status_set(struct skd_call *call, const char *credential_id, const char *purpose, bool bit) WARN_UNUSED;

/* What of an issuer's is good no longer, or not for now, oldest first; state, reason, and by which badge it was superseded
 * only where the public may see the badge, and that one. */
struct store_revoked {
	const char *credential_id, *state, *reason, *superseded_by;
};
enum skd_outcome store_revoked_list(struct skd_call *call, const char *issuer_id, struct store_revoked **revoked,
				    size_t *count) WARN_UNUSED;
/* The lists of an issuer: ids and purposes, oldest first. */
enum skd_outcome store_status_list(struct skd_call *call, const char *issuer_id, const char ***ids,
				   const char ***purposes, size_t *count) WARN_UNUSED;

#endif
