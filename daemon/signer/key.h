/* SPDX-License-Identifier: Apache-2.0
 * One private key: its algorithm, its purpose, and the text of its file. Knows no files and no messages. */
#ifndef SIGNER_KEY_H
#define SIGNER_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_ID_SIZE 16
#define KEY_ID_TEXT 37     /* lower case, with its NUL */
#define KEY_FILE_MAX 8192  /* bytes of a file */
#define KEY_PUBLIC_MAX 512 /* of a public half in base64, with its NUL */

struct algorithm {
	const char *name;
	const char *jws; /* "alg", RFC 7518 3.1 and RFC 8037 3.1 */
	const char *type; /* OpenSSL's name of its keys */
};
extern const struct algorithm algorithms[]; /* ends with one that has no name */

enum purpose { PURPOSE_ASSERTION, PURPOSE_CHECKPOINT };
extern const char *const purposes[]; /* their names; ends with NULL */

struct key {
	uint8_t id[KEY_ID_SIZE];
	const struct algorithm *algorithm;
	enum purpose purpose;
	EVP_PKEY *pair;
	EVP_MD_CTX *context; /* for signing; who signs begins it anew */
};

const struct algorithm *algorithm_named(const char *name); /* NULL: none */
int purpose_named(const char *name);                       /* -1: none */

void key_id_format(const uint8_t id[KEY_ID_SIZE], char text[KEY_ID_TEXT]);
/* False: it is not 36 characters of a UUID in lower case. */
bool key_id_parse(const char *text, uint8_t id[KEY_ID_SIZE]);

/* A new pair with a new id (UUID version 7, RFC 9562). Only Ed25519 makes checkpoints. NULL, said why. key_free() it. */
struct key *key_make(const struct algorithm *algorithm, enum purpose purpose);
/* Of a file's text: the line "skillsd-key 1 ALGORITHM PURPOSE", then the key (PKCS#8 as PEM, RFC 7468), which is held
 * against that line. NULL, `why` set: it is none. The caller wipes the text. */
struct key *key_read(const uint8_t id[KEY_ID_SIZE], const char *text, size_t size, const char **why);
/* The text of a file, in memory that is locked and wiped; BIO_free() it. NULL: OpenSSL does not do it. */
BIO *key_write(const struct key *key);
/* The public half: SubjectPublicKeyInfo (RFC 5280 4.1) in base64. */
bool key_public(const struct key *key, char text[KEY_PUBLIC_MAX]);
void key_free(struct key *key); /* wipes it; NULL is nothing */

#endif
