/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer: straight into a buffer, no tree. It places commas, escapes strings as RFC 8785 does and
 * leaves out what is absent. Reading JSON is fields.h. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/text.h"

struct json {
	struct text *to;
	bool comma; /* something stands before at this level */
};

void json_begin(struct json *json, struct text *to);

/* key == NULL inside an array or at the top. */
void put_object(struct json *json, const char *key);
void put_object_end(struct json *json);
void put_array(struct json *json, const char *key);
void put_array_end(struct json *json);

void put_string(struct json *json, const char *key, const char *value); /* NULL or "": left out when key is given */
void put_string_n(struct json *json, const char *key, const char *value, size_t size);
void put_int(struct json *json, const char *key, int64_t value);
void put_bool(struct json *json, const char *key, bool value);
void put_time(struct json *json, const char *key, int64_t time); /* TIME_NEVER: left out */
void put_raw(struct json *json, const char *key, const char *value, size_t size); /* is JSON already */

/* {"id":…,"name":…} under `key`; left out when id is NULL or empty. */
void put_named(struct json *json, const char *key, const char *id, const char *label_key, const char *label);

#endif
