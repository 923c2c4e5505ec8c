/* SPDX-License-Identifier: Apache-2.0
 * Bytes and words: a growing buffer, UTF-8, ids, tokens, times. Knows nobody. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/* A buffer that grows in a talloc context; `bytes` is not NUL-terminated until text_end(). */
struct text {
	char *bytes;
	size_t size, room;
	void *owner;
};

void text_begin(struct text *text, void *owner, size_t room);
void text_add(struct text *text, const char *bytes, size_t size);
void text_adds(struct text *text, const char *string);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *text_room(struct text *text, size_t size); /* where `size` more bytes may be written; add them to ->size */
const char *text_end(struct text *text);         /* NUL-terminated, still owned by the context */

/* Whether all bytes are UTF-8 (RFC 3629: no surrogates, nothing overlong). A NUL byte counts as wrong. */
bool utf8_valid(const char *bytes, size_t size);
size_t utf8_length(const char *string); /* code points */

/* Appends for a log line or a terminal: control characters, DEL, invalid UTF-8, line separators and
 * bidirectional overrides become \xNN. */
void text_add_escaped(struct text *text, const char *bytes, size_t size);
const char *text_escaped(void *owner, const char *string); /* the same of a string of its own; NULL gives "" */
const char *text_shown(void *owner, const char *string);   /* and of its first bytes, for a sentence */
const char *text_whole(void *owner, const char *string);   /* and whole, but for what no address is as long as: 2000 bytes */

/* Appends as HTML, good between quotes too; control characters become spaces. */
void text_add_html(struct text *text, const char *words);

uint64_t text_hash(const char *bytes, size_t size); /* FNV-1a: others can find two with the same one */

/* Random bytes from the kernel; ends the process when there are none. */
void random_bytes(void *to, size_t size);

#define UUID_SIZE 37
void uuid_new(char out[UUID_SIZE]);                            /* version 7, RFC 9562 5.7 */
bool uuid_valid(const char *string);                           /* 8-4-4-4-12 hexadecimal digits, any case */
bool uuid_parse(const char *string, char out[UUID_SIZE]);      /* to lower case */
void uuid_format(const uint8_t bytes[16], char out[UUID_SIZE]);
void uuid_bytes(const char *uuid, uint8_t out[16]);             /* of one that is valid */

#define DIGEST_SIZE 32 /* of a keyed hash, HMAC-SHA-256 */

/* Times are microseconds since 1970 in UTC; TIME_NEVER stands for "no end", TIME_UNSET for "not said". */
#define TIME_NEVER INT64_MAX
#define TIME_UNSET INT64_MIN
#define TIME_SIZE 32
size_t time_format(int64_t time, char out[TIME_SIZE]); /* RFC 3339 with Z, fraction only when there is one */
/* RFC 3339 with any offset, or a bare date YYYY-MM-DD (midnight UTC). */
bool time_parse(const char *string, int64_t *time);
/* Adds an ISO 8601 period of years, months, weeks or days ("P2Y", "P1Y6M", "P30D"); a day past the
 * month's end becomes its last. False when it is no such period or leaves the calendar. */
bool time_add_period(int64_t time, const char *period, int64_t *sum);

/* base64url without padding (RFC 4648 section 5). Decoding gives the size, or -1. */
void text_add_base64url(struct text *text, const void *bytes, size_t size);
const char *base64url_encode(void *owner, const void *bytes, size_t size);
long base64url_decode(const char *string, void *out, size_t room);
/* base64 (RFC 4648 section 4), or base64url, with or without padding and white space. The size, or -1. */
long base64_decode(const char *string, void *out, size_t room);

/* 32 random bytes in base62 behind a prefix, closed by six base62 digits of CRC-32, so that a
 * mistyped or truncated token is refused without asking anyone. */
#define TOKEN_SIZE 64
void token_new(const char *prefix, char out[TOKEN_SIZE]);
bool token_valid(const char *token);

bool string_equal_nocase(const char *a, const char *b); /* ASCII */
bool string_same(const char *a, const char *b);         /* NULL is the same as NULL */
bool strings_same(const char *const *a, size_t a_count, const char *const *b, size_t b_count);
bool strings_have(const char *const *strings, size_t count, const char *wanted);

#endif
