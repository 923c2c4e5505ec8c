/* SPDX-License-Identifier: Apache-2.0
 * Public keys in the forms in which they are published, and whether a signature is theirs. Private keys are not here,
 * and a key that comes with its private half is refused. Whose key it is is not known here. */
#ifndef SIGN_KEY_H
#define SIGN_KEY_H

#include "base/call.h"
#include "base/json.h"

#include <jansson.h>

/* A key has one algorithm, and no other is ever tried with it (RFC 7518 3.1, RFC 8037). */
enum key_algorithm {
	KEY_EDDSA, /* Ed25519 */
	KEY_ES256, /* P-256, SHA-256 */
	KEY_RS256, /* RSA of 2048 to 8192 bits, PKCS #1 v1.5, SHA-256 */
};

const char *key_algorithm_name(enum key_algorithm algorithm); /* as JOSE names it */
bool key_algorithm_find(const char *name, enum key_algorithm *algorithm);

/* Lives with the call that read it, or with whom talloc_steal() gives it to. Threads may share it. */
struct public_key;

/* Each is BAD_INPUT, with a sentence, for what is no such key; also for points off the curve, other curves, RSA keys
 * that are too short, and bytes behind the key. */
enum skd_outcome key_from_der(struct skd_call *call, const uint8_t *bytes, size_t size,
			      struct public_key **key) WARN_UNUSED; /* SubjectPublicKeyInfo, RFC 5280 4.1.2.7 */
enum skd_outcome key_from_pem(struct skd_call *call, const char *text, size_t size, struct public_key **key) WARN_UNUSED;
/* RFC 7517, 7518 6, 8037: kty, crv and, where they are given, alg and use must fit. */
enum skd_outcome key_from_jwk(struct skd_call *call, const json_t *jwk, struct public_key **key) WARN_UNUSED;
/* publicKeyMultibase of a Multikey (W3C Controlled Identifiers 2.2.2): Ed25519 or P-256. */
enum skd_outcome key_from_multibase(struct skd_call *call, const char *text, struct public_key **key) WARN_UNUSED;
/* "did:key:z…", with or without the fragment that names the same key once more. */
enum skd_outcome key_from_did(struct skd_call *call, const char *did, struct public_key **key) WARN_UNUSED;

enum key_algorithm key_algorithm(const struct public_key *key);
bool key_same(const struct public_key *key, const struct public_key *other);

const char *key_pem(void *owner, const struct public_key *key);
/* crv, kty, x and y, or e, kty and n, into an object that is open. In this order they are also what RFC 7638 hashes. */
void key_put_jwk(struct json *json, const struct public_key *key);
#define KEY_MULTIBASE_SIZE 64
/* False for RSA, for which Multikey has no form. */
bool key_multibase(const struct public_key *key, char out[KEY_MULTIBASE_SIZE]);

/* Whether the key made this signature of these bytes. False too when the algorithm is not the key's. ES256 as JOSE has
 * it, r and s of 32 bytes each. */
bool key_verify(const struct public_key *key, enum key_algorithm algorithm, struct skd_text bytes,
		struct skd_text signature) WARN_UNUSED;

/* ES256 between OpenSSL's form and that of RFC 7518 3.4. False, or 0, for what is none. */
enum { ES256_SIZE = 64, ES256_DER_SIZE = 72 };
bool es256_from_der(const uint8_t *der, size_t size, uint8_t out[ES256_SIZE]) WARN_UNUSED;
size_t es256_to_der(const uint8_t signature[ES256_SIZE], uint8_t out[ES256_DER_SIZE]);

#endif
