/* SPDX-License-Identifier: Apache-2.0
 * JSON Web Signatures in compact form (RFC 7515), with the algorithms of key.h alone. Whose key is to be trusted is not
 * known here: a key that comes in a header is handed over, and never used. */
#ifndef SIGN_JWS_H
#define SIGN_JWS_H

#include "base/call.h"
#include "base/text.h"
#include "sign/key.h"

struct jws_header {
	enum key_algorithm algorithm;
	const char *kid;              /* or NULL */
	const struct public_key *jwk; /* or NULL */
	const char *typ;              /* or NULL */
};

/* Appends header and payload, that is, what is to be signed. */
void jws_begin(struct text *to, const struct jws_header *header, struct skd_text payload);
/* Appends the signature of what jws_begin() wrote, as OpenSSL gives it. BAD_INPUT: it is none of that algorithm. */
enum skd_outcome jws_sign(struct skd_call *call, struct text *to, enum key_algorithm algorithm,
			  struct skd_text signature) WARN_UNUSED;

struct jws {
	struct jws_header header; /* jwk: a claim that anybody can make */
	struct skd_text payload;  /* has a NUL behind it */
	struct skd_text input;    /* what is signed */
	struct skd_text signature;
};

/* Takes one apart; what is found lives with the call. Members of the header that are not in struct jws_header are of no
 * consequence. BAD_INPUT for all that is not just three parts of base64url, a header with duplicate members or `crit`,
 * a jwk that is none for the algorithm. DENIED for `none` and shared secrets (HS…), by name. ABSENT: another algorithm
 * that is not known here. */
enum skd_outcome jws_read(struct skd_call *call, const char *bytes, size_t size, struct jws *jws) WARN_UNUSED;

/* DENIED: the key did not make it, or is of another algorithm than the header names. */
enum skd_outcome jws_verify(struct skd_call *call, const struct jws *jws, const struct public_key *key) WARN_UNUSED;

#endif
