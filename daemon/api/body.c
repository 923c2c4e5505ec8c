/* SPDX-License-Identifier: Apache-2.0
 * Bodies: JSON, or a table or a picture where the route takes one. */
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
	bool table = (in->route->form & FORM_TABLE) && has_table_type(in->exchange);
	if ((!size && !table) || strcmp(in->route->method, "DELETE") == 0 || (in->route->form & (FORM_PICTURE | FORM_BYTES)))
		return SKD_OK; /* that of DELETE means nothing, RFC 9110 9.3.5 */
	if ((!table && !has_json_type(in->exchange)) || exchange_header(in->exchange, "Content-Encoding")) {
		out->status = 415;
		return fail(call, SKD_BAD_INPUT, "the body must be application/json%s, not encoded",
			    in->route->form & FORM_TABLE ? " or text/csv" : "");
	}
	if (table) {
		in->table = (struct skd_text){size ? body : "", size};
		return SKD_OK;
	}
	return fields_parse(call, body, size, &in->body);
}

enum skd_outcome body_bytes(struct skd_call *call, const struct request *in, struct reply *out, struct skd_text *bytes)
{
	if (exchange_header(in->exchange, "Content-Encoding")) {
		out->status = 415;
		return fail(call, SKD_BAD_INPUT, "the body must not be encoded");
	}
	bytes->bytes = exchange_body(in->exchange, &bytes->size);
	return bytes->size ? SKD_OK : fail(call, SKD_BAD_INPUT, "the body must be a file, and is empty");
}

enum skd_outcome body_picture(struct skd_call *call, const struct request *in, struct reply *out, enum skd_image *kind,
			      struct skd_text *picture)
{
	const char *type = exchange_header(in->exchange, "Content-Type");
	size_t size = type ? strcspn(type, "; \t") : 0;
	bool png = size == 9 && strncasecmp(type, "image/png", 9) == 0, svg = size == 13 && strncasecmp(type, "image/svg+xml", 13) == 0;
	if ((!png && !svg) || exchange_header(in->exchange, "Content-Encoding")) {
		out->status = 415;
		return fail(call, SKD_BAD_INPUT, "the body must be image/png or image/svg+xml, not encoded");
	}
	*kind = png ? SKD_IMAGE_PNG : SKD_IMAGE_SVG;
	picture->bytes = exchange_body(in->exchange, &picture->size);
	return picture->size ? SKD_OK : fail(call, SKD_BAD_INPUT, "the body must be a picture");
}
