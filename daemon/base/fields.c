/* SPDX-License-Identifier: Apache-2.0
 * Query strings and JSON bodies against field tables. */
#include "base/fields.h"

#include "base/text.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, ELEMENTS_MAX = 20000, ELEMENT_BYTES = 8 };

static void wiping_free(void *block)
{
	if (block)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

void fields_open(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
	json_object_seed(0);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(void *owner, const char *from, size_t size, bool plus, const char **out)
{
	char *to = talloc_size(owner, size + 1);
	size_t n = 0;
	for (size_t i = 0; i < size; i++) {
		char c = from[i];
		if (c == '%') {
			if (size - i < 3)
				return false;
			int high = hex_value(from[i + 1]), low = hex_value(from[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		to[n++] = c;
	}
	to[n] = '\0';
	*out = to;
	return utf8_valid(to, n);
}

/* No control characters of ASCII but two, and none of ISO 6429's second set (U+0080 to U+009F), which terminals heed too. */
static bool is_printable(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		if ((*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0))
			return false;
	return true;
}

bool fields_word(const char *words, const char *s)
{
	size_t size = strlen(s);
	for (const char *at = words; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (size && strcspn(at, "|") == size && strncmp(at, s, size) == 0)
			return true;
	}
	return false;
}

static bool is_url(const char *s)
{
	const char *rest = strncmp(s, "https://", 8) == 0 ? s + 8 : strncmp(s, "http://", 7) == 0 ? s + 7 : NULL;
	if (!rest || !*rest || *rest == '/')
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= 0x20 || strchr("<>\"\\^`{|}", *s))
			return false;
	return true;
}

int64_t value_time(const struct value *value)
{
	return value->given && !value->null ? value->number : TIME_UNSET;
}

/* Text of whatever type into its value; `where` names it in complaints. */
static enum skd_outcome value_from_text(struct skd_call *call, const struct field *field, const char *where,
					const char *text, struct value *value)
{
	int64_t ignored;
	long most = field->most ? field->most : 500;
	char *uuid;
	value->text = text;
	switch (field->type) {
	case FIELD_SECRET:
		return SKD_OK;
	case FIELD_UUID:
		value->text = uuid = talloc_size(call, UUID_SIZE);
		return uuid_parse(text, uuid) ? SKD_OK : fail_field(call, where, "must be a UUID");
	case FIELD_TIME:
		return time_parse(text, &value->number)
			       ? SKD_OK
			       : fail_field(call, where, "must be a time such as 2026-01-31T09:00:00Z, or a date");
	case FIELD_DATE:
		return strlen(text) == 10 && time_parse(text, &ignored) ? SKD_OK
									: fail_field(call, where, "must be a date such as 2026-01-31");
	case FIELD_ENUM:
		return fields_word(field->words, text) ? SKD_OK : fail_field(call, where, "must be one of %s", field->words);
	case FIELD_PERIOD:
		return time_add_period(0, text, &ignored) ? SKD_OK : fail_field(call, where, "must be a period such as P2Y");
	case FIELD_URL:
		if (!is_url(text))
			return fail_field(call, where, "must be an http or https address");
		break;
	default:
		break;
	}
	if (!*text || !is_printable(text))
		return fail_field(call, where, *text ? "must not hold control characters" : "must not be empty");
	if (utf8_length(text) > (size_t)most)
		return fail_field(call, where, "must have at most %ld characters", most);
	return SKD_OK;
}

static enum skd_outcome value_int(struct skd_call *call, const struct field *field, const char *where, int64_t number,
				  struct value *value)
{
	if (number < field->least || (field->most && number > field->most))
		return fail_field(call, where, "must be from %ld to %ld", field->least, field->most);
	value->number = number;
	return SKD_OK;
}

/* ---- parameters ---- */

static enum skd_outcome parameter_read(struct skd_call *call, const struct field *field, const char *text,
				       struct value *value)
{
	char *end;
	if (value->given && field->type != FIELD_TEXTS)
		return fail_field(call, field->name, "is given more than once");
	value->given = true;
	if (field->type == FIELD_BOOL) {
		value->number = strcmp(text, "true") == 0;
		return value->number || strcmp(text, "false") == 0 ? SKD_OK
								   : fail_field(call, field->name, "must be true or false");
	}
	if (field->type == FIELD_INT) {
		const char *digits = text + (*text == '-');
		long long number = strtoll(text, &end, 10);
		if (*digits < '0' || *digits > '9' || *end || strlen(text) > 18)
			return fail_field(call, field->name, "must be a whole number");
		return value_int(call, field, field->name, number, value);
	}
	TRY(value_from_text(call, field, field->name, text, value));
	if (field->type == FIELD_TEXTS) {
		value->texts = talloc_realloc(call, (const char **)value->texts, const char *, value->count + 1);
		((const char **)value->texts)[value->count++] = text;
	}
	return SKD_OK;
}

static const struct field *field_find(const struct field *table, const char *name, size_t *at)
{
	for (*at = 0; table && table[*at].name; ++*at)
		if (strcmp(table[*at].name, name) == 0)
			return &table[*at];
	return NULL;
}

static enum skd_outcome parameter_pair(struct skd_call *call, const struct field *table, const char *pair, size_t size,
				       struct value *values)
{
	const char *equals = memchr(pair, '=', size);
	size_t name_size = equals ? (size_t)(equals - pair) : size, at;
	const char *name, *text = "";
	if (!percent_decode(call, pair, name_size, true, &name))
		return fail_field(call, "?", "the query is not percent-encoded UTF-8");
	if (equals && !percent_decode(call, equals + 1, size - name_size - 1, true, &text))
		return fail_field(call, name, "is not percent-encoded UTF-8");
	const struct field *field = field_find(table, name, &at);
	if (!field)
		return fail_field(call, name, "is not a parameter here");
	return parameter_read(call, field, text, &values[at]);
}

enum skd_outcome fields_query(struct skd_call *call, const struct field *table, const char *query, struct value *values)
{
	for (const char *at = query; at && *at;) {
		size_t size = strcspn(at, "&");
		if (size && call->error_count < 20) {
			enum skd_outcome ignored = parameter_pair(call, table, at, size, values);
			(void)ignored; /* every complaint is kept in the call */
		}
		at += size;
		at += *at == '&';
	}
	return call->error_count ? SKD_BAD_INPUT : SKD_OK;
}

/* ---- bodies ---- */

/* Behind the string that begins here. */
static const char *string_skip(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\';
	return at < end ? at + 1 : end;
}

/* Before it is parsed, which takes fifty times the room. What has n values has n openings and commas at least. */
static bool is_bounded(const char *at, size_t size, int most)
{
	const char *end = at + size;
	int depth = 0, left = most - 1;
	while (at < end && depth <= DEPTH_MAX + 1 && left >= 0) {
		if (*at == '"') {
			at = string_skip(at, end);
			continue;
		}
		bool opens = *at == '{' || *at == '[';
		depth += opens ? 1 : *at == '}' || *at == ']' ? -1 : 0;
		left -= opens || *at == ',';
		at++;
	}
	return depth <= DEPTH_MAX + 1 && left >= 0;
}

/* RFC 6901 3: ~ and / of a key in a pointer. */
static const char *pointer_of(struct skd_call *call, const char *at, const char *key)
{
	struct text text;
	text_begin(&text, call, 64);
	text_adds(&text, at);
	text_add(&text, "/", 1);
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			text_adds(&text, *key == '~' ? "~0" : "~1");
		else
			text_add(&text, key, 1);
	}
	return text_end(&text);
}

/* Whether a string holds U+0000, which a C string cannot, and where: the path grows on the way back from it. */
static bool nul_find(struct skd_call *call, json_t *json, const char **path)
{
	const char *key;
	size_t i;
	json_t *item;
	if (json_is_string(json) && strlen(json_string_value(json)) != json_string_length(json)) {
		*path = "";
		return true;
	}
	if (json_is_object(json))
		json_object_foreach (json, key, item)
			if (nul_find(call, item, path)) {
				*path = talloc_asprintf(call, "%s%s", pointer_of(call, "", key), *path);
				return true;
			}
	if (json_is_array(json))
		json_array_foreach (json, i, item)
			if (nul_find(call, item, path)) {
				*path = talloc_asprintf(call, "/%zu%s", i, *path);
				return true;
			}
	return false;
}

static int json_holder_free(json_t **holder)
{
	json_decref(*holder);
	return 0;
}

/* Behind "near" jansson quotes what it has read, and that may be a password. */
static int error_size(const json_error_t *error)
{
	const char *near = strstr(error->text, " near ");
	return near ? (int)(near - error->text) : (int)strlen(error->text);
}

enum skd_outcome fields_parse(struct skd_call *call, const char *body, size_t size, json_t **object)
{
	json_error_t error;
	int most = size / ELEMENT_BYTES > ELEMENTS_MAX ? (int)(size / ELEMENT_BYTES) : ELEMENTS_MAX;
	if (!is_bounded(body, size, most))
		return fail(call, SKD_BAD_INPUT, "the body is nested deeper than %d or has more than %d elements", DEPTH_MAX,
			    most);
	json_t **holder = talloc(call, json_t *);
	*holder = json_loadb(body, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	talloc_set_destructor(holder, json_holder_free);
	if (!*holder)
		return fail(call, SKD_BAD_INPUT, "the body is not JSON: %.*s (line %d, column %d)", error_size(&error),
			    error.text, error.line, error.column);
	if (!json_is_object(*holder))
		return fail(call, SKD_BAD_INPUT, "the body must be a JSON object");
	const char *nul = NULL;
	bool has_nul = memmem(body, size, "\\u0000", 6) && nul_find(call, *holder, &nul);
	if (has_nul)
		return fail_field(call, nul, "must not hold control characters");
	*object = *holder;
	return SKD_OK;
}

static enum skd_outcome member_texts(struct skd_call *call, const struct field *field, const char *where, json_t *json,
				     struct value *value)
{
	size_t i;
	json_t *item;
	if (!json_is_array(json))
		return fail_field(call, where, "must be an array of strings");
	const char **texts = talloc_array(call, const char *, json_array_size(json) + 1);
	json_array_foreach (json, i, item) {
		struct value one;
		const char *at = talloc_asprintf(call, "%s/%zu", where, i);
		if (!json_is_string(item))
			return fail_field(call, at, "must be a string");
		TRY(value_from_text(call, field, at, json_string_value(item), &one));
		texts[i] = one.text;
	}
	value->texts = texts;
	value->count = json_array_size(json);
	return SKD_OK;
}

static enum skd_outcome member_read(struct skd_call *call, const struct field *field, const char *where, json_t *json,
				    struct value *value)
{
	value->json = json;
	switch (field->type) {
	case FIELD_JSON:
		return SKD_OK;
	case FIELD_TEXTS:
		return member_texts(call, field, where, json, value);
	case FIELD_BOOL:
		value->number = json_is_true(json);
		return json_is_boolean(json) ? SKD_OK : fail_field(call, where, "must be true or false");
	case FIELD_INT:
		return json_is_integer(json) ? value_int(call, field, where, json_integer_value(json), value)
					     : fail_field(call, where, "must be a whole number");
	case FIELD_REF:
		if (json_is_object(json))
			json = json_object_get(json, "id");
		break;
	default:
		break;
	}
	if (!json_is_string(json))
		return fail_field(call, where, field->type == FIELD_REF ? "must be a string or an object with an id"
									: "must be a string");
	return value_from_text(call, field, where, json_string_value(json), value);
}

enum skd_outcome fields_object(struct skd_call *call, const struct field *table, const char *at, json_t *object,
			       bool patch, struct value *values)
{
	const char *key;
	json_t *item;
	size_t i;
	json_object_foreach (object, key, item) {
		const char *where = pointer_of(call, at, key);
		const struct field *field = field_find(table, key, &i);
		if (call->error_count >= 20)
			break;
		if (!field) {
			fail_field(call, where, "is not a field here");
			continue;
		}
		values[i].given = true;
		values[i].null = json_is_null(item);
		if (!values[i].null)
			(void)!member_read(call, field, where, item, &values[i]);
		else if (!patch || field->required)
			fail_field(call, where, "must not be null");
	}
	for (i = 0; !patch && table[i].name; i++)
		if (table[i].required && !values[i].given)
			fail_field(call, pointer_of(call, at, table[i].name), "is required");
	return call->error_count ? SKD_BAD_INPUT : SKD_OK;
}
