/* SPDX-License-Identifier: Apache-2.0
 * A second, strict reading of what libmicrohttpd 0.9.75 has read leniently: whatever the two could
 * understand differently is refused, so that no proxy in front can be made to disagree with us. */
#include "http/head.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* tchar, RFC 9110 section 5.6.2 */
static bool is_token(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!is_alnum(*name) && !strchr("-!#$%&'*+.^_`|~", *name))
			return false;
	return true;
}

static bool is_value(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

/* uri-host [":" port] without the comma, which is what two Host lines merged by a proxy would have. */
static bool is_host(const char *value)
{
	for (; *value; value++)
		if (!is_alnum(*value) && !strchr(".-:[]%_~!$&'()*+;=", *value))
			return false;
	return true;
}

static bool is_target(const char *target)
{
	if (!*target)
		return false;
	for (; *target; target++)
		if ((unsigned char)*target <= ' ' || (unsigned char)*target >= 0x7f)
			return false;
	return true;
}

/* The three parts stand one space apart and the line ends with CR LF. What stood behind the target's
 * first NUL would show as a gap before the version. */
static const char *line_wrong(const struct head_place *place)
{
	const char *version = place->version;
	if (version < place->method || version + 10 > place->method + place->size)
		return "The request line is malformed.";
	if (!is_token(place->method))
		return "The method is not a token.";
	if (place->target != place->method + strlen(place->method) + 1 ||
	    version != place->target + strlen(place->raw) + 1)
		return "The request line is malformed.";
	if (strlen(version) != 8 || version[8] || version[9])
		return "The request line does not end with CR LF.";
	return NULL;
}

static const char *add_field(struct head *head, char *name, char *value)
{
	if (!is_token(name))
		return "A header line does not begin with a name and a colon.";
	value += strspn(value, " \t");
	size_t size = strlen(value);
	/* The library does not trim, and would then not take "chunked " for chunked. */
	if (size && is_space(value[size - 1]) && strcasecmp(name, "Transfer-Encoding") == 0)
		return "Transfer-Encoding is not chunked.";
	while (size && is_space(value[size - 1]))
		value[--size] = 0;
	if (!is_value(value))
		return "A header's value has control characters.";
	if (head->count == HEAD_FIELDS)
		return "The request has too many headers.";
	head->fields[head->count++] = (struct http_header){name, value};
	return NULL;
}

/* Each line is "name NUL value NUL NUL"; an empty one, two NULs at the very end, closes the head. */
static const char *fields_wrong(struct head *head, char *at, size_t left)
{
	while (left != 2) {
		size_t name = strnlen(at, left);
		size_t value = name < left ? strnlen(at + name + 1, left - name - 1) : 0;
		size_t line = name + 1 + value + 2;
		if (line + 2 > left || at[line - 1])
			return "A header line does not end with CR LF.";
		const char *wrong = add_field(head, at, at + name + 1);
		if (wrong)
			return wrong;
		at += line;
		left -= line;
	}
	return at[0] || at[1] ? "The headers do not end with CR LF." : NULL;
}

static const char *read_length(struct head *head, const char *value)
{
	if (head->measured)
		return "The request has two Content-Length headers.";
	head->measured = true;
	if (!*value || strlen(value) > 18)
		return "Content-Length is not a number of bytes.";
	for (; *value; value++) {
		if (!is_digit(*value))
			return "Content-Length is not a number of bytes.";
		head->length = head->length * 10 + (uint64_t)(*value - '0');
	}
	return NULL;
}

static const char *read_coding(struct head *head, const char *value)
{
	if (head->chunked)
		return "The request has two Transfer-Encoding headers.";
	head->chunked = true;
	return strcasecmp(value, "chunked") == 0 ? NULL : "Transfer-Encoding is not chunked.";
}

/* Of these a second one is never a list, and whoever stands in front may have heeded the other. */
static const char *read_once(const struct head *head, unsigned i)
{
	static const char *const once[] = {"Host", "Authorization", "Content-Type", "Idempotency-Key"};
	for (size_t n = 0; n < sizeof once / sizeof *once; n++) {
		if (strcasecmp(head->fields[i].name, once[n]) != 0)
			continue;
		for (unsigned before = 0; before < i; before++)
			if (strcasecmp(head->fields[before].name, once[n]) == 0)
				return "A header that may come once comes twice.";
	}
	return NULL;
}

static const char *framing_wrong(struct head *head, const char *version)
{
	const char *host = head_field(head, "Host"), *wrong = NULL;
	for (unsigned i = 0; i < head->count && !wrong; i++) {
		const struct http_header *field = &head->fields[i];
		if (strcasecmp(field->name, "Content-Length") == 0)
			wrong = read_length(head, field->value);
		else if (strcasecmp(field->name, "Transfer-Encoding") == 0)
			wrong = read_coding(head, field->value);
		else
			wrong = read_once(head, i);
	}
	if (wrong)
		return wrong;
	if (head->chunked && head->measured)
		return "The request has a Content-Length beside a Transfer-Encoding.";
	if (head->chunked && version[7] == '0')
		return "HTTP/1.0 has no Transfer-Encoding.";
	if (!host && version[7] != '0')
		return "The request has no Host header.";
	return host && !is_host(host) ? "Host is not a host." : NULL;
}

const char *head_read(struct head *head, void *owner, const struct head_place *place)
{
	head->size = place->size;
	const char *wrong = line_wrong(place);
	if (wrong)
		return wrong;
	if (!is_target(place->raw))
		return "The request's target has spaces or control characters.";
	size_t line = (size_t)(place->version + 10 - place->method), size = place->size - line;
	char *fields = talloc_memdup(owner, place->method + line, size);
	if (!fields || size < 2)
		return "The headers do not end with CR LF.";
	wrong = fields_wrong(head, fields, size);
	if (!wrong && head->count != place->fields)
		return "The headers have control characters."; /* NUL where a line would end, and where a colon would be */
	if (!wrong)
		wrong = framing_wrong(head, place->version);
	head->expects = head_field(head, "Expect") != NULL;
	return wrong;
}

const char *head_field(const struct head *head, const char *name)
{
	for (unsigned i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

const char *head_list(const struct head *head, void *owner, const char *name)
{
	const char *list = NULL;
	for (unsigned i = 0; i < head->count; i++) {
		const char *value = head->fields[i].value;
		if (strcasecmp(head->fields[i].name, name) == 0)
			list = list ? talloc_asprintf(owner, "%s, %s", list, value) : value;
	}
	return list;
}
