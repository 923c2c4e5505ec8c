/* SPDX-License-Identifier: Apache-2.0
 * The one message between skillsd and skillsd-sign, which holds the private keys, over a unix stream socket.
 * A frame is a head of eight bytes and `count` items. Who asks sends a frame of requests, and gets one of just as many
 * answers in the same order, each a signature or the reason why there is none; then it may ask again. Who sends
 * anything else is cut off; a connection that ends without a whole frame has signed nothing that counts.
 *
 * Both sides pack and unpack with the functions below, so there is one codec. It trusts nothing of what it reads: each
 * frame has one spelling, and nothing beyond it is looked at. It knows no key and no algorithm. */
#ifndef SKILLSD_SIGNER_H
#define SKILLSD_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIGNER_VERSION 1
#define SIGNER_COUNT_MAX 4000           /* items in a frame */
#define SIGNER_BYTES_MAX 262144         /* to be signed by one request */
#define SIGNER_SIGNATURE_MAX 256        /* RSA-2048 */
#define SIGNER_BODY_MAX (1024 * 1024)   /* of a frame, without its head */
#define SIGNER_HEAD_SIZE 8
#define SIGNER_REQUEST_SIZE 21          /* without the bytes */
#define SIGNER_ANSWER_SIZE 3            /* without the signature */
#define SIGNER_KEY_SIZE 16              /* a UUID */
#define SIGNER_PROOF_SIZE 64

enum signer_kind { SIGNER_ASKS = 1, SIGNER_TELLS };

/* What is signed. A key is for assertions (the first two) or for checkpoints, never for both. */
enum signer_type {
	SIGNER_PROOF = 1,  /* eddsa-jcs-2022: two SHA-256 hashes. Ed25519 keys */
	SIGNER_JWS,        /* a whole JWS signing input, BASE64URL(header).BASE64URL(payload); the header begins with
			    * {"alg":"…", and names the key's own algorithm and no other: EdDSA, ES256 or RS256 */
	SIGNER_CHECKPOINT, /* a line that begins with "skillsd-checkpoint ". Ed25519 keys */
};

enum signer_reason {
	SIGNER_SIGNED,
	SIGNER_NO_KEY,        /* no key of this id, or one whose file is refused */
	SIGNER_OTHER_PURPOSE, /* the key does not sign this type */
	SIGNER_WRONG_BYTES,   /* the bytes are none of this type, or their header none of this key */
	SIGNER_FAILED,        /* OpenSSL would not */
};

/* On the wire, big endian and in this order: four bytes of size, SIGNER_VERSION, kind, two bytes of count. */
struct signer_head {
	uint32_t size; /* of the body that follows */
	uint8_t kind;  /* enum signer_kind */
	uint16_t count;
};

/* On the wire: type, key, four bytes of size, bytes. */
struct signer_request {
	uint8_t type; /* enum signer_type */
	uint8_t key[SIGNER_KEY_SIZE];
	const uint8_t *bytes;
	size_t size; /* 1 to SIGNER_BYTES_MAX */
};

/* On the wire: reason, two bytes of size, signature. */
struct signer_answer {
	uint8_t reason;           /* enum signer_reason */
	const uint8_t *signature; /* Ed25519: RFC 8032; ES256: r and s, RFC 7518 3.4; RS256: RFC 8017 */
	size_t size;              /* 1 to SIGNER_SIGNATURE_MAX when signed, otherwise 0 */
};

static inline void signer_put(uint8_t *to, int width, uint32_t number)
{
	while (width--) {
		to[width] = (uint8_t)number;
		number >>= 8;
	}
}

static inline uint32_t signer_get(const uint8_t *from, int width)
{
	uint32_t number = 0;
	for (int i = 0; i < width; i++)
		number = number << 8 | from[i];
	return number;
}

static inline void signer_head_pack(const struct signer_head *head, uint8_t bytes[SIGNER_HEAD_SIZE])
{
	signer_put(bytes, 4, head->size);
	bytes[4] = SIGNER_VERSION;
	bytes[5] = head->kind;
	signer_put(bytes + 6, 2, head->count);
}

/* False: this begins no frame of this kind. */
static inline bool signer_head_unpack(const uint8_t bytes[SIGNER_HEAD_SIZE], enum signer_kind kind, struct signer_head *head)
{
	size_t least = kind == SIGNER_ASKS ? SIGNER_REQUEST_SIZE + 1 : SIGNER_ANSWER_SIZE;
	*head = (struct signer_head){signer_get(bytes, 4), bytes[5], (uint16_t)signer_get(bytes + 6, 2)};
	return bytes[4] == SIGNER_VERSION && head->kind == kind && head->count >= 1 && head->count <= SIGNER_COUNT_MAX &&
	       head->size >= head->count * least && head->size <= SIGNER_BODY_MAX;
}

static inline bool signer_request_sound(const struct signer_request *request)
{
	return request->type >= SIGNER_PROOF && request->type <= SIGNER_CHECKPOINT && request->size >= 1 &&
	       request->size <= SIGNER_BYTES_MAX;
}

/* Writes into SIGNER_REQUEST_SIZE bytes and request->size more. Returns how many; 0 when it is not sound. */
static inline size_t signer_request_pack(const struct signer_request *request, uint8_t *bytes)
{
	if (!signer_request_sound(request))
		return 0;
	bytes[0] = request->type;
	memcpy(bytes + 1, request->key, SIGNER_KEY_SIZE);
	signer_put(bytes + 1 + SIGNER_KEY_SIZE, 4, (uint32_t)request->size);
	memcpy(bytes + SIGNER_REQUEST_SIZE, request->bytes, request->size);
	return SIGNER_REQUEST_SIZE + request->size;
}

/* Reads the request at the beginning of `left` bytes, into which it points. Returns how many it took; 0: it is none. */
static inline size_t signer_request_unpack(const uint8_t *bytes, size_t left, struct signer_request *request)
{
	if (left < SIGNER_REQUEST_SIZE)
		return 0;
	request->type = bytes[0];
	memcpy(request->key, bytes + 1, SIGNER_KEY_SIZE);
	request->size = signer_get(bytes + 1 + SIGNER_KEY_SIZE, 4);
	request->bytes = bytes + SIGNER_REQUEST_SIZE;
	bool whole = signer_request_sound(request) && request->size <= left - SIGNER_REQUEST_SIZE;
	return whole ? SIGNER_REQUEST_SIZE + request->size : 0;
}

static inline bool signer_answer_sound(const struct signer_answer *answer)
{
	return answer->reason <= SIGNER_FAILED && answer->size <= SIGNER_SIGNATURE_MAX &&
	       (answer->reason == SIGNER_SIGNED) == (answer->size > 0);
}

/* As with requests: SIGNER_ANSWER_SIZE bytes and answer->size more. */
static inline size_t signer_answer_pack(const struct signer_answer *answer, uint8_t *bytes)
{
	if (!signer_answer_sound(answer))
		return 0;
	bytes[0] = answer->reason;
	signer_put(bytes + 1, 2, (uint32_t)answer->size);
	if (answer->size)
		memcpy(bytes + SIGNER_ANSWER_SIZE, answer->signature, answer->size);
	return SIGNER_ANSWER_SIZE + answer->size;
}

static inline size_t signer_answer_unpack(const uint8_t *bytes, size_t left, struct signer_answer *answer)
{
	if (left < SIGNER_ANSWER_SIZE)
		return 0;
	*answer = (struct signer_answer){bytes[0], bytes + SIGNER_ANSWER_SIZE, signer_get(bytes + 1, 2)};
	bool whole = signer_answer_sound(answer) && answer->size <= left - SIGNER_ANSWER_SIZE;
	return whole ? SIGNER_ANSWER_SIZE + answer->size : 0;
}

/* Whether the body that belongs to a head is its `count` items, each sound, and nothing else. */
static inline bool signer_body_sound(const struct signer_head *head, const uint8_t *body)
{
	struct signer_request request;
	struct signer_answer answer;
	size_t at = 0;
	for (unsigned i = 0; i < head->count; i++) {
		size_t size = head->kind == SIGNER_ASKS ? signer_request_unpack(body + at, head->size - at, &request)
							: signer_answer_unpack(body + at, head->size - at, &answer);
		if (!size)
			return false;
		at += size;
	}
	return at == head->size;
}

#endif
