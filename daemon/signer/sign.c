/* SPDX-License-Identifier: Apache-2.0
 * The types of requests, so strict that no bytes of one are bytes of another. */
#include "signer/sign.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

/* ---- JWS: just enough of RFC 7515 to know what the header promises ---- */

enum { HEADER_MAX = 4096 }; /* bytes of its base64url */

static int base64url_digit(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == '-' ? 62 : byte == '_' ? 63 : -1;
}

static bool is_base64url(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (base64url_digit(bytes[i]) < 0)
			return false;
	return size > 0 && size % 4 != 1;
}

/* Printable ASCII without a backslash, so that no escape spells a name in another way. False: it is not that. */
static bool header_decode(const uint8_t *bytes, size_t size, char header[HEADER_MAX])
{
	uint32_t bits = 0;
	size_t at = 0;
	for (size_t i = 0; i < size; i++) {
		bits = bits << 6 | (uint32_t)base64url_digit(bytes[i]);
		if (i % 4 == 0)
			continue;
		unsigned char byte = (unsigned char)(bits >> (6 - i % 4 * 2));
		if (byte < 0x20 || byte > 0x7e || byte == '\\')
			return false;
		header[at++] = (char)byte;
	}
	header[at] = '\0';
	return true;
}

/* The first member is the one "alg", be it at any depth or in any case; readers differ in which of two they take. */
static bool header_names(const char *header, const char *algorithm)
{
	static const char FIRST[] = "{\"alg\":\"";
	size_t size = strlen(algorithm), length = strlen(header);
	if (strncmp(header, FIRST, sizeof FIRST - 1) != 0 || header[length - 1] != '}')
		return false;
	header += sizeof FIRST - 1;
	return strncmp(header, algorithm, size) == 0 && header[size] == '"' && (header[size + 1] == ',' || header[size + 1] == '}') &&
	       !strcasestr(header, "\"alg\"");
}

static bool is_jws(const struct signer_request *request, const char *algorithm)
{
	char header[HEADER_MAX];
	const uint8_t *dot = memchr(request->bytes, '.', request->size);
	size_t size = dot ? (size_t)(dot - request->bytes) : 0;
	return size < HEADER_MAX && is_base64url(request->bytes, size) && is_base64url(dot + 1, request->size - size - 1) &&
	       header_decode(request->bytes, size, header) && header_names(header, algorithm);
}

/* ---- the other two ---- */

/* Two hashes: not any text, such as a JWS. */
static bool is_proof(const struct signer_request *request)
{
	size_t printable = 0;
	for (size_t i = 0; i < request->size; i++)
		printable += request->bytes[i] >= 0x20 && request->bytes[i] < 0x7f;
	return request->size == SIGNER_PROOF_SIZE && printable < SIGNER_PROOF_SIZE;
}

static bool is_checkpoint(const struct signer_request *request)
{
	static const char MARK[] = "skillsd-checkpoint ";
	enum { LONGEST = 512 };
	for (size_t i = 0; i < request->size; i++)
		if (request->bytes[i] < 0x20 || request->bytes[i] > 0x7e)
			return false;
	return request->size >= sizeof MARK && request->size <= LONGEST && memcmp(request->bytes, MARK, sizeof MARK - 1) == 0;
}

static enum signer_reason refusal(const struct key *key, const struct signer_request *request)
{
	bool ed25519 = strcmp(key->algorithm->jws, "EdDSA") == 0, right = false;
	enum purpose wanted = request->type == SIGNER_CHECKPOINT ? PURPOSE_CHECKPOINT : PURPOSE_ASSERTION;
	if (key->purpose != wanted || (request->type != SIGNER_JWS && !ed25519))
		return SIGNER_OTHER_PURPOSE;
	switch ((enum signer_type)request->type) {
	case SIGNER_PROOF:
		right = is_proof(request);
		break;
	case SIGNER_JWS:
		right = is_jws(request, key->algorithm->jws);
		break;
	case SIGNER_CHECKPOINT:
		right = is_checkpoint(request);
		break;
	}
	return right ? SIGNER_SIGNED : SIGNER_WRONG_BYTES;
}

/* ---- signatures ---- */

/* ASN.1 to two numbers of 32 bytes. */
static bool plain_ecdsa(uint8_t signature[SIGNER_SIGNATURE_MAX], size_t *size)
{
	enum { NUMBER = 32 };
	const uint8_t *at = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)*size);
	*size = 2 * NUMBER;
	bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, NUMBER) == NUMBER &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + NUMBER, NUMBER) == NUMBER;
	ECDSA_SIG_free(pair);
	return good;
}

/* Ed25519 has no state between two signatures, and beginning costs a twentieth of one. OpenSSL blinds RSA unless it is told
 * not to. */
static bool bytes_sign(const struct key *key, const struct signer_request *request, uint8_t *signature, size_t *size)
{
	bool ed25519 = strcmp(key->algorithm->jws, "EdDSA") == 0, begun = ed25519 && EVP_MD_CTX_get_pkey_ctx(key->context);
	bool good = (begun || EVP_DigestSignInit_ex(key->context, NULL, ed25519 ? NULL : "SHA256", NULL, NULL, key->pair, NULL) == 1) &&
		    EVP_DigestSign(key->context, signature, size, request->bytes, request->size) == 1;
	if (!ed25519 || !good)
		EVP_MD_CTX_reset(key->context);
	return good;
}

enum signer_reason sign_request(const struct key *key, const struct signer_request *request,
				uint8_t signature[SIGNER_SIGNATURE_MAX], size_t *size)
{
	*size = 0;
	enum signer_reason reason = key ? refusal(key, request) : SIGNER_NO_KEY;
	if (reason != SIGNER_SIGNED)
		return reason;
	size_t room = SIGNER_SIGNATURE_MAX;
	bool good = bytes_sign(key, request, signature, &room) &&
		    (strcmp(key->algorithm->jws, "ES256") != 0 || plain_ecdsa(signature, &room));
	*size = good ? room : 0;
	return good ? SIGNER_SIGNED : SIGNER_FAILED;
}
