/* SPDX-License-Identifier: Apache-2.0
 * Data Integrity proofs (W3C vc-data-integrity) of the cryptosuite eddsa-jcs-2022 (W3C vc-di-eddsa 3.3): what is to be
 * signed, the proof that carries the signature, and whether one holds. Who may sign for whom, and until when, is not
 * known here. */
#ifndef SIGN_PROOF_H
#define SIGN_PROOF_H

#include "base/call.h"
#include "base/json.h"
#include "sign/digest.h"
#include "sign/key.h"

#include <jansson.h>

#define PROOF_JCS "eddsa-jcs-2022"

/* What a proof says besides its value. */
struct proof {
	struct skd_text context; /* the document's @context, canonical */
	const char *created;     /* RFC 3339 */
	const char *method;      /* the verificationMethod: whose key */
	const char *purpose;     /* "assertionMethod" */
};

/* The proof as an object in canonical form, under `name` or in an array. With `value` NULL it is the proof
 * configuration, whose hash is signed. */
void proof_put(struct json *json, const char *name, const struct proof *proof, const char *value);

/* The bytes that Ed25519 signs; `value` of proof_put() is base58_encode() of the signature. Both texts are canonical,
 * the document without a proof. */
enum { PROOF_BYTES = 64 };
void proof_bytes(struct hasher *hasher, struct skd_text configuration, struct skd_text document, uint8_t out[PROOF_BYTES]);

/* The first proof of a cryptosuite in a document; it belongs to the document. ABSENT: it has none; the sentence names
 * what it has instead. BAD_INPUT: a proof is no object. */
enum skd_outcome proof_find(struct skd_call *call, const json_t *document, const char *cryptosuite,
			    const json_t **proof) WARN_UNUSED;

/* Whether the key made this proof of the document, all of whose proofs are left out of what is signed. The proof's
 * @context counts, with which the document's must begin: more may have been put behind.
 * BAD_INPUT: it is not formed as a proof is. ABSENT: a type, cryptosuite or chain of proofs that is not known here, and
 * of which nothing is said. DENIED: it does not hold. */
enum skd_outcome proof_verify(struct skd_call *call, const json_t *document, const json_t *proof,
			      const struct public_key *key) WARN_UNUSED;

#endif
