/* SPDX-License-Identifier: Apache-2.0
 * Bodies: JSON, or a table where the route takes one. */
#include "api/body.h"

#include <string.h>

/* A merge patch (RFC 7396) may say what it is. */
static bool has_json_type(const struct exchange *exchange)
{
	const char *type = exchange_header(exchange, "Content-Type");
	size_t size = type ? strcspn(type, "; \t") : 0;
	bool patch = strcmp(exchange_method(exchange), "PATCH") == 0;
	return (size == 16 && strncasecmp(type, "application/json", 16) == 0) ||
	       (patch && size == 28 && strncasecmp(type, "application/merge-patch+json", 28) == 0);
}

/* RFC 7111: in UTF-8, if it says. */
static bool has_table_type(const struct exchange *exchange)
{
	const char *type = exchange_header(exchange, "Content-Type");
	size_t size = type ? strcspn(type, "; \t") : 0;
	const char *charset = type ? strcasestr(type + size, "charset=") : NULL;
	return size == 8 && strncasecmp(type, "text/csv", 8) == 0 &&
	       (!charset || strncasecmp(charset + 8 + (charset[8] == '"'), "utf-8", 5) == 0);
}

enum skd_outcome body_take(struct skd_call *call, struct request *in, struct reply *out)
{
	size_t size;
	const char *body = exchange_body(in->exchange, &size);
	if (!size || strcmp(in->route->method, "DELETE") == 0) /* whose body means nothing, RFC 9110 9.3.5 */
		return SKD_OK;
	bool table = (in->route->form & FORM_TABLE) && has_table_type(in->exchange);
	if ((!table && !has_json_type(in->exchange)) || exchange_header(in->exchange, "Content-Encoding")) {
		out->status = 415;
		return fail(call, SKD_BAD_INPUT, "the body must be application/json, not encoded");
	}
	if (table) {
		in->table = (struct skd_text){body, size};
		return SKD_OK;
	}
	return fields_parse(call, body, size, &in->body);
}
