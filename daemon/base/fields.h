/* SPDX-License-Identifier: Apache-2.0
 * What a client sends, held against a table of fields: query parameters and JSON bodies. Every
 * complaint names its field; unknown fields are complaints too. Knows forms, not meanings. */
#ifndef BASE_FIELDS_H
#define BASE_FIELDS_H

#include "base/call.h"

#include <jansson.h>

enum field_type {
	FIELD_TEXT,   /* not empty, no control characters but \n and \t, at most `most` code points (default 500) */
	FIELD_SECRET, /* any text, kept as it is */
	FIELD_UUID,
	FIELD_INT,    /* from `least` to `most` */
	FIELD_BOOL,
	FIELD_TIME,   /* RFC 3339, or a date */
	FIELD_DATE,   /* YYYY-MM-DD */
	FIELD_ENUM,   /* one of `words`, separated by | */
	FIELD_URL,    /* http or https */
	FIELD_PERIOD, /* ISO 8601: P2Y */
	FIELD_REF,    /* JSON: a string, or an object with an "id"; a parameter: a string */
	FIELD_TEXTS,  /* JSON: array of FIELD_TEXT; a parameter: may repeat */
	FIELD_JSON,   /* JSON: handed over as it is, for the caller to walk */
};

struct field {
	const char *name; /* NULL ends the table */
	enum field_type type;
	bool required;
	long least, most;
	const char *words;
};

/* What came for one field. Absent and null are told apart, for merge patches (RFC 7396). */
struct value {
	bool given, null;
	const char *text;         /* TEXT SECRET UUID DATE ENUM URL PERIOD REF */
	int64_t number;           /* INT, BOOL, TIME */
	const char *const *texts; /* TEXTS */
	size_t count;
	json_t *json;             /* JSON; borrowed from the body */
};
int64_t value_time(const struct value *value); /* TIME; TIME_UNSET when it is absent or null */

/* Whether `s` is one of `words`, which are separated by |. */
bool fields_word(const char *words, const char *s);

/* Once, before threads: seeds JSON's hashes, and has what came as JSON wiped when it is freed, since it
 * may have been a password. */
void fields_open(void);

/* Reads "a=b&c=d" (still percent-encoded, RFC 3986; + is a space). `values` has an entry for each
 * row of the table. */
enum skd_outcome fields_query(struct skd_call *call, const struct field *table, const char *query,
			      struct value *values) WARN_UNUSED;

/* Parses the body once: an object, no duplicate keys, bounded in depth and number of elements. The
 * tree lives with the call. */
enum skd_outcome fields_parse(struct skd_call *call, const char *body, size_t size, json_t **object) WARN_UNUSED;

/* `at` is the pointer of the object itself, "" for the body. `patch`: nothing is required, null is allowed. */
enum skd_outcome fields_object(struct skd_call *call, const struct field *table, const char *at, json_t *object,
			       bool patch, struct value *values) WARN_UNUSED;

/* Percent-decodes one path segment or parameter; false for bad escapes, NUL or what is no UTF-8. */
bool percent_decode(void *owner, const char *from, size_t size, bool plus, const char **out);

#endif
