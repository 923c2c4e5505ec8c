/* SPDX-License-Identifier: Apache-2.0
 * Public keys over OpenSSL's EVP. Whatever form a key came in, it is kept in one: Ed25519 and P-256 (as an uncompressed
 * point) by their bytes. */
#include "sign/key.h"

#include "sign/base58.h"
#include "sign/canon.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum { ED25519 = 32, FIELD = 32, POINT = 2 * FIELD + 1, COMPRESSED = FIELD + 1 };
enum { RSA_LEAST = 2048, RSA_MOST = 8192, RSA_BYTES = RSA_MOST / 8, PEM_MOST = 16384 };

struct public_key {
	enum key_algorithm algorithm;
	EVP_PKEY *pair;       /* its public half is all there is */
	uint8_t bytes[POINT]; /* not of RSA */
	size_t size;
};

static const char *const names[] = {[KEY_EDDSA] = "EdDSA", [KEY_ES256] = "ES256", [KEY_RS256] = "RS256"};

const char *key_algorithm_name(enum key_algorithm algorithm)
{
	return names[algorithm];
}

bool key_algorithm_find(const char *name, enum key_algorithm *algorithm)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0) {
			*algorithm = (enum key_algorithm)i;
			return true;
		}
	return false;
}

enum key_algorithm key_algorithm(const struct public_key *key)
{
	return key->algorithm;
}

bool key_same(const struct public_key *key, const struct public_key *other)
{
	return EVP_PKEY_eq(key->pair, other->pair) == 1;
}

/* ---- making ---- */

static int key_drop(struct public_key *key)
{
	EVP_PKEY_free(key->pair);
	return 0;
}

/* Takes `pair` over. */
static struct public_key *key_new(struct skd_call *call, enum key_algorithm algorithm, EVP_PKEY *pair, const uint8_t *bytes,
				  size_t size)
{
	struct public_key *key = talloc_zero(call, struct public_key);
	key->algorithm = algorithm;
	key->pair = pair;
	key->size = size;
	if (size)
		memcpy(key->bytes, bytes, size);
	talloc_set_destructor(key, key_drop);
	return key;
}

static enum skd_outcome ed25519_new(struct skd_call *call, const uint8_t *bytes, size_t size, struct public_key **key)
{
	EVP_PKEY *pair = size == ED25519 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, size) : NULL;
	if (!pair)
		return fail(call, SKD_BAD_INPUT, "an Ed25519 key has 32 bytes, not %zu", size);
	*key = key_new(call, KEY_EDDSA, pair, bytes, size);
	return SKD_OK;
}

/* NULL: OpenSSL does not take them for a key. */
static EVP_PKEY *pair_new(const char *type, OSSL_PARAM *parameters)
{
	EVP_PKEY *pair = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &pair, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		pair = NULL;
	EVP_PKEY_CTX_free(context);
	return pair;
}

/* From either form (SEC 1 2.3.4) to the uncompressed one; false: there is no such point. */
static bool point_expand(const uint8_t *bytes, size_t size, uint8_t out[POINT])
{
	bool formed = (size == POINT && bytes[0] == 4) || (size == COMPRESSED && (bytes[0] == 2 || bytes[0] == 3));
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	bool good = formed && point && EC_POINT_oct2point(group, point, bytes, size, NULL) == 1 &&
		    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, POINT, NULL) == POINT;
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return good;
}

static enum skd_outcome p256_new(struct skd_call *call, const uint8_t *bytes, size_t size, struct public_key **key)
{
	uint8_t point[POINT];
	char group[] = "prime256v1";
	OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
				   OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT),
				   OSSL_PARAM_construct_end()};
	EVP_PKEY *pair = point_expand(bytes, size, point) ? pair_new("EC", parameters) : NULL;
	if (!pair)
		return fail(call, SKD_BAD_INPUT, "the key is no point of P-256");
	*key = key_new(call, KEY_ES256, pair, point, POINT);
	return SKD_OK;
}

/* Takes `pair` over. The exponent is bounded, since verifying takes as long as it is. */
static enum skd_outcome rsa_new(struct skd_call *call, EVP_PKEY *pair, struct public_key **key)
{
	BIGNUM *exponent = NULL;
	int bits = EVP_PKEY_get_bits(pair);
	bool good = EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_is_odd(exponent) &&
		    BN_num_bits(exponent) >= 2 && BN_num_bits(exponent) <= 32;
	BN_free(exponent);
	*key = key_new(call, KEY_RS256, pair, NULL, 0);
	if (bits < RSA_LEAST || bits > RSA_MOST)
		return fail(call, SKD_BAD_INPUT, "an RSA key has %d to %d bits, not %d", RSA_LEAST, RSA_MOST, bits);
	return good ? SKD_OK : fail(call, SKD_BAD_INPUT, "the RSA key has no exponent that is used");
}

/* ---- SubjectPublicKeyInfo ---- */

/* A curve must be named, not told by its numbers. */
static bool is_p256(const EVP_PKEY *pair)
{
	char group[32] = "";
	int told = 0;
	EVP_PKEY_get_utf8_string_param(pair, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
	EVP_PKEY_get_int_param(pair, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &told);
	return strcmp(group, "prime256v1") == 0 && !told;
}

/* Takes `pair` over. */
static enum skd_outcome key_from_pair(struct skd_call *call, EVP_PKEY *pair, struct public_key **key)
{
	uint8_t bytes[POINT];
	size_t size = sizeof bytes;
	int type = EVP_PKEY_get_base_id(pair);
	enum skd_outcome outcome;
	if (type == EVP_PKEY_RSA)
		return rsa_new(call, pair, key);
	if (type == EVP_PKEY_ED25519 && EVP_PKEY_get_raw_public_key(pair, bytes, &size) == 1)
		outcome = ed25519_new(call, bytes, size, key);
	else if (type == EVP_PKEY_EC && is_p256(pair) &&
		 EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes, &size) == 1)
		outcome = p256_new(call, bytes, size, key);
	else
		outcome = fail(call, SKD_BAD_INPUT, "the key is none of Ed25519, P-256 and RSA");
	EVP_PKEY_free(pair);
	return outcome;
}

/* What that of every Ed25519 key begins with (RFC 8410 4). OpenSSL's own reader takes longer than a signature does. */
static const uint8_t ED25519_FRONT[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

enum skd_outcome key_from_der(struct skd_call *call, const uint8_t *bytes, size_t size, struct public_key **key)
{
	const uint8_t *end = bytes;
	if (size == sizeof ED25519_FRONT + ED25519 && memcmp(bytes, ED25519_FRONT, sizeof ED25519_FRONT) == 0)
		return ed25519_new(call, bytes + sizeof ED25519_FRONT, ED25519, key);
	EVP_PKEY *pair = size <= PEM_MOST ? d2i_PUBKEY(NULL, &end, (long)size) : NULL;
	if (!pair)
		return fail(call, SKD_BAD_INPUT, "it is no public key (SubjectPublicKeyInfo)");
	if (end == bytes + size)
		return key_from_pair(call, pair, key);
	EVP_PKEY_free(pair);
	return fail(call, SKD_BAD_INPUT, "there is more behind the public key");
}

enum skd_outcome key_from_pem(struct skd_call *call, const char *text, size_t size, struct public_key **key)
{
	char *name = NULL, *header = NULL;
	uint8_t *bytes = NULL;
	long count = 0;
	BIO *from = BIO_new_mem_buf(text, size <= PEM_MOST ? (int)size : 0);
	bool found = from && PEM_read_bio(from, &name, &header, &bytes, &count) == 1;
	enum skd_outcome outcome;
	if (found && strcmp(name, "PUBLIC KEY") == 0 && !*header)
		outcome = key_from_der(call, bytes, (size_t)count, key);
	else
		outcome = fail(call, SKD_BAD_INPUT, "it is no PEM file with a PUBLIC KEY");
	OPENSSL_clear_free(bytes, found ? (size_t)count : 0);
	OPENSSL_free(header);
	OPENSSL_free(name);
	BIO_free(from);
	return outcome;
}

const char *key_pem(void *owner, const struct public_key *key)
{
	char *bytes;
	BIO *to = BIO_new(BIO_s_mem());
	const char *text = NULL;
	if (to && PEM_write_bio_PUBKEY(to, key->pair) == 1) {
		long size = BIO_get_mem_data(to, &bytes);
		text = talloc_strndup(owner, bytes, (size_t)size);
	}
	BIO_free(to);
	return text;
}

/* ---- Multikey ---- */

/* The multicodec of what follows, as a varint. */
static const struct codec {
	uint8_t mark[2];
	size_t size;
	enum skd_outcome (*make)(struct skd_call *call, const uint8_t *bytes, size_t size, struct public_key **key);
} codecs[] = {[KEY_EDDSA] = {{0xed, 0x01}, ED25519, ed25519_new}, [KEY_ES256] = {{0x80, 0x24}, COMPRESSED, p256_new}};

enum skd_outcome key_from_multibase(struct skd_call *call, const char *text, struct public_key **key)
{
	uint8_t bytes[2 + COMPRESSED];
	long size = base58_decode(text, bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
		if (size == (long)codecs[i].size + 2 && memcmp(bytes, codecs[i].mark, 2) == 0)
			return codecs[i].make(call, bytes + 2, codecs[i].size, key);
	return fail(call, SKD_BAD_INPUT, "it is no Multikey of Ed25519 or P-256");
}

enum skd_outcome key_from_did(struct skd_call *call, const char *did, struct public_key **key)
{
	static const char front[] = "did:key:";
	const char *name = strncmp(did, front, sizeof front - 1) == 0 ? did + sizeof front - 1 : "";
	size_t size = strcspn(name, "#");
	char text[KEY_MULTIBASE_SIZE];
	if (!size || size >= sizeof text || (name[size] && strncmp(name + size + 1, name, size) != 0) ||
	    (name[size] && name[2 * size + 1]))
		return fail(call, SKD_BAD_INPUT, "it is no did:key, or names another key in its fragment");
	memcpy(text, name, size);
	text[size] = '\0';
	return key_from_multibase(call, text, key);
}

bool key_multibase(const struct public_key *key, char out[KEY_MULTIBASE_SIZE])
{
	uint8_t bytes[2 + COMPRESSED];
	char text[BASE58_TEXT];
	if (key->algorithm == KEY_RS256)
		return false;
	const struct codec *codec = &codecs[key->algorithm];
	memcpy(bytes, codec->mark, 2);
	memcpy(bytes + 2, key->bytes, codec->size);
	if (key->algorithm == KEY_ES256)
		bytes[2] = (uint8_t)(2 + (key->bytes[POINT - 1] & 1));
	memcpy(out, text, base58_encode(bytes, 2 + codec->size, text) + 1);
	return true;
}

/* ---- JWK ---- */

static bool jwk_says(const json_t *jwk, const char *name, const char *wanted)
{
	const char *text = canon_string(jwk, name);
	return text && strcmp(text, wanted) == 0;
}

/* -1: absent, no base64url, or no room. */
static long jwk_bytes(const json_t *jwk, const char *name, uint8_t *out, size_t room)
{
	const char *text = canon_string(jwk, name);
	return text ? base64url_decode(text, out, room) : -1;
}

static enum skd_outcome okp_read(struct skd_call *call, const json_t *jwk, struct public_key **key)
{
	uint8_t bytes[ED25519];
	if (!jwk_says(jwk, "crv", "Ed25519") || jwk_bytes(jwk, "x", bytes, ED25519) != ED25519)
		return fail(call, SKD_BAD_INPUT, "the JWK is no Ed25519 key: crv and x");
	return ed25519_new(call, bytes, ED25519, key);
}

static enum skd_outcome ec_read(struct skd_call *call, const json_t *jwk, struct public_key **key)
{
	uint8_t point[POINT] = {4};
	if (!jwk_says(jwk, "crv", "P-256") || jwk_bytes(jwk, "x", point + 1, FIELD) != FIELD ||
	    jwk_bytes(jwk, "y", point + 1 + FIELD, FIELD) != FIELD)
		return fail(call, SKD_BAD_INPUT, "the JWK is no P-256 key: crv, x and y");
	return p256_new(call, point, POINT, key);
}

static EVP_PKEY *rsa_pair(const uint8_t *modulus, size_t size, const uint8_t *exponent, size_t exponent_size)
{
	BIGNUM *n = BN_bin2bn(modulus, (int)size, NULL), *e = BN_bin2bn(exponent, (int)exponent_size, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters = NULL;
	if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		parameters = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY *pair = parameters ? pair_new("RSA", parameters) : NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	BN_free(e);
	BN_free(n);
	return pair;
}

/* RFC 7518 2: whole numbers have no zero byte in front. */
static enum skd_outcome rsa_read(struct skd_call *call, const json_t *jwk, struct public_key **key)
{
	uint8_t modulus[RSA_BYTES], exponent[4];
	long size = jwk_bytes(jwk, "n", modulus, sizeof modulus);
	long exponent_size = jwk_bytes(jwk, "e", exponent, sizeof exponent);
	bool formed = size > 0 && exponent_size > 0 && modulus[0] && exponent[0];
	EVP_PKEY *pair = formed ? rsa_pair(modulus, (size_t)size, exponent, (size_t)exponent_size) : NULL;
	return pair ? rsa_new(call, pair, key) : fail(call, SKD_BAD_INPUT, "the JWK is no RSA key: n and e");
}

static enum skd_outcome jwk_read(struct skd_call *call, const json_t *jwk, struct public_key **key)
{
	if (jwk_says(jwk, "kty", "OKP"))
		return okp_read(call, jwk, key);
	if (jwk_says(jwk, "kty", "EC"))
		return ec_read(call, jwk, key);
	if (jwk_says(jwk, "kty", "RSA"))
		return rsa_read(call, jwk, key);
	return fail(call, SKD_BAD_INPUT, "the JWK's kty is none of OKP, EC and RSA");
}

enum skd_outcome key_from_jwk(struct skd_call *call, const json_t *jwk, struct public_key **key)
{
	static const char *const secret[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
	for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
		if (json_object_get(jwk, secret[i]))
			return fail(call, SKD_BAD_INPUT, "the JWK gives away a private key: %s", secret[i]);
	TRY(jwk_read(call, jwk, key));
	if (json_object_get(jwk, "alg") && !jwk_says(jwk, "alg", names[(*key)->algorithm]))
		return fail(call, SKD_BAD_INPUT, "the JWK's alg is not %s", names[(*key)->algorithm]);
	if (json_object_get(jwk, "use") && !jwk_says(jwk, "use", "sig"))
		return fail(call, SKD_BAD_INPUT, "the JWK's use is not sig");
	return SKD_OK;
}

static void put_base64url(struct json *json, const char *name, const uint8_t *bytes, size_t size)
{
	const char *text = base64url_encode(json->to->owner, bytes, size);
	put_string(json, name, text);
}

static void put_number(struct json *json, const char *name, const EVP_PKEY *pair, const char *parameter)
{
	BIGNUM *number = NULL;
	uint8_t bytes[RSA_BYTES];
	if (EVP_PKEY_get_bn_param(pair, parameter, &number) == 1)
		put_base64url(json, name, bytes, (size_t)BN_bn2bin(number, bytes));
	BN_free(number);
}

void key_put_jwk(struct json *json, const struct public_key *key)
{
	if (key->algorithm == KEY_RS256) {
		put_number(json, "e", key->pair, OSSL_PKEY_PARAM_RSA_E);
		put_string(json, "kty", "RSA");
		put_number(json, "n", key->pair, OSSL_PKEY_PARAM_RSA_N);
		return;
	}
	bool point = key->algorithm == KEY_ES256;
	put_string(json, "crv", point ? "P-256" : "Ed25519");
	put_string(json, "kty", point ? "EC" : "OKP");
	put_base64url(json, "x", key->bytes + point, FIELD);
	if (point)
		put_base64url(json, "y", key->bytes + 1 + FIELD, FIELD);
}

/* ---- signatures ---- */

bool es256_from_der(const uint8_t *der, size_t size, uint8_t out[ES256_SIZE])
{
	const uint8_t *end = der;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &end, (long)size);
	bool good = pair && end == der + size && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, FIELD) == FIELD &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + FIELD, FIELD) == FIELD;
	ECDSA_SIG_free(pair);
	return good;
}

/* A whole number in DER: no zero byte in front but one where it would be negative. */
static uint8_t *der_add(uint8_t *to, const uint8_t number[FIELD])
{
	size_t skip = 0;
	while (skip < FIELD - 1 && !number[skip])
		skip++;
	size_t zero = number[skip] >> 7;
	*to++ = 0x02;
	*to++ = (uint8_t)(zero + FIELD - skip);
	*to = 0;
	return mempcpy(to + zero, number + skip, FIELD - skip);
}

size_t es256_to_der(const uint8_t signature[ES256_SIZE], uint8_t out[ES256_DER_SIZE])
{
	uint8_t *end = der_add(der_add(out + 2, signature), signature + FIELD);
	out[0] = 0x30;
	out[1] = (uint8_t)(end - out - 2);
	return (size_t)(end - out);
}

bool key_verify(const struct public_key *key, enum key_algorithm algorithm, struct skd_text bytes, struct skd_text signature)
{
	uint8_t der[ES256_DER_SIZE];
	const uint8_t *told = (const uint8_t *)signature.bytes;
	size_t size = signature.size;
	if (algorithm != key->algorithm || (algorithm != KEY_RS256 && size != ES256_SIZE))
		return false;
	if (algorithm == KEY_ES256) {
		size = es256_to_der(told, der);
		told = der;
	}
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *hash = algorithm == KEY_EDDSA ? NULL : EVP_sha256();
	bool good = context && EVP_DigestVerifyInit(context, NULL, hash, NULL, key->pair) == 1 &&
		    EVP_DigestVerify(context, told, size, (const uint8_t *)bytes.bytes, bytes.size) == 1;
	EVP_MD_CTX_free(context);
	return good;
}
