/* SPDX-License-Identifier: Apache-2.0
 * Documents that are signed, and whose key signed them. Whether that is whom they should be by is not known here. */
#ifndef VERIFY_SEAL_H
#define VERIFY_SEAL_H

#include "sign/jws.h"
#include "verify/verify.h"

#include <jansson.h>

/* A JSON object with its proofs, or the payload of a compact JWS. */
struct sealed {
	json_t *document;
	const struct jws *jws; /* NULL: the proofs are in the document */
};

/* Who signed, and with which key. */
struct signatory {
	const char *method;     /* what the key is called */
	const char *controller; /* whose it is; of a key whose name has no fragment, its own word only */
	const struct public_key *key;
	int64_t revoked, expires; /* or TIME_NEVER */
	bool trusted;             /* who asks vouches for the document that the key is in */
};

/* `what` is "the badge". BAD_INPUT for what is no JSON object of at most VERIFY_JSON bytes; DENIED as jws_read(). */
enum skd_outcome sealed_json(struct skd_call *call, const char *what, struct skd_text bytes, json_t **object) WARN_UNUSED;
/* Whether it is, at first sight, JSON or a JWS. */
bool sealed_like(struct skd_text bytes);
enum skd_outcome sealed_read(struct skd_call *call, const char *what, struct skd_text bytes, struct sealed *sealed) WARN_UNUSED;

/* The document of that id, whatever it is about. DENIED: what stands there has another id. ABSENT. */
enum skd_outcome library_get(struct skd_call *call, const struct verify_library *library, const char *address,
			     json_t **document, bool *trusted) WARN_UNUSED;
/* The same of a list that `about` may be in: of others it need not tell. */
enum skd_outcome library_list(struct skd_call *call, const struct verify_library *library, const char *address,
			      const char *about, json_t **document) WARN_UNUSED;
/* The key of that name, which may make assertions, with the earliest end that it or its issuer's document, where that can be
 * had, tells. BAD_INPUT, DENIED: it is not what it should be. ABSENT too where that document cannot be had just now. */
enum skd_outcome signatory_find(struct skd_call *call, const struct verify_library *library, const char *method,
				struct signatory *signatory) WARN_UNUSED;

/* OK: the document is as it was signed, by a key that was good then. ABSENT, BUSY, FAULT: that cannot be told.
 * BAD_INPUT, DENIED: it is not so. */
enum skd_outcome sealed_verify(struct skd_call *call, const struct verify_library *library, const struct sealed *sealed,
			       int64_t now, struct signatory *signatory) WARN_UNUSED;
/* The same with a key that is known. */
enum skd_outcome sealed_holds(struct skd_call *call, const struct sealed *sealed, int64_t now,
			      const struct signatory *signatory) WARN_UNUSED;

/* An issuer: its id, or an object with one. NULL: neither. */
const char *id_of(const json_t *value);
bool has_type(const json_t *object, const char *type);

#endif
