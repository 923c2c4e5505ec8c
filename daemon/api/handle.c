/* SPDX-License-Identifier: Apache-2.0
 * What handlers share: reading their fields, writing lists and new resources. */
#include "api/entry.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct value *query_value(const struct request *in, const char *name)
{
	static const struct value absent;
	for (size_t i = 0; in->fields[i].name; i++)
		if (strcmp(in->fields[i].name, name) == 0)
			return &in->query[i];
	return &absent;
}

const char *query_text(const struct request *in, const char *name)
{
	const struct value *value = query_value(in, name);
	return value->given ? value->text : NULL;
}

void reply_list_begin(const struct request *in, struct reply *out)
{
	(void)in;
	put_object(&out->json, NULL);
	put_array(&out->json, "items");
}

void reply_list_end(const struct request *in, struct reply *out)
{
	put_array_end(&out->json);
	reply_list_next(in, out, in->list->next);
	if (in->list->count)
		put_int(&out->json, "total", in->list->total);
	put_string(&out->json, "note", out->note);
	put_object_end(&out->json);
}

void reply_list_next(const struct request *in, struct reply *out, const char *next)
{
	if (next)
		put_string(&out->json, "next", talloc_asprintf(in->list, "%s%s", in->question, next));
}

void reply_created(struct skd_call *call, struct reply *out, const char *path, const char *id)
{
	out->status = 201;
	out->location = talloc_asprintf(call, "%s/%s", path, id);
}

void reply_version(struct skd_call *call, struct reply *out, long version)
{
	out->etag = talloc_asprintf(call, "%ld", version);
}

/* The hashes of its parts, added up: their order does not matter. */
static void question_read(struct request *in, const char *query)
{
	static const char *const page[] = {"cursor=", "limit=", "count=", "format=", NULL};
	uint64_t sum = text_hash(in->route->path, strlen(in->route->path));
	for (int i = 0; i < 2 && in->ids[i]; i++)
		sum += text_hash(in->ids[i], strlen(in->ids[i]));
	for (const char *at = query; at && *at; at += strcspn(at, "&"), at += *at == '&') {
		int skip = 0;
		while (page[skip] && strncmp(at, page[skip], strlen(page[skip])) != 0)
			skip++;
		if (!page[skip])
			sum += text_hash(at, strcspn(at, "&"));
	}
	snprintf(in->question, sizeof in->question, "%016" PRIx64, sum);
}

enum skd_outcome list_cursor(struct skd_call *call, struct request *in, const char *query)
{
	const char *cursor = query_text(in, "cursor");
	question_read(in, query);
	if (cursor && strncmp(cursor, in->question, strlen(in->question)) != 0)
		return fail_field(call, "cursor", "is not one this list gave for the same filters and order");
	in->list->cursor = cursor ? cursor + strlen(in->question) : NULL;
	return SKD_OK;
}

void reply_fingerprint(struct skd_call *call, struct reply *out)
{
	out->etag = talloc_asprintf(call, "%016" PRIx64, text_hash(out->body.bytes, out->body.size));
}

enum skd_outcome list_slice(struct skd_call *call, struct list *list, size_t *from, size_t *count)
{
	char digits[24] = "";
	long size = list->cursor ? base64url_decode(list->cursor, digits, sizeof digits - 1) : 0;
	size_t whole = *count;
	list->total = (int64_t)whole;
	*from = size > 0 ? strtoul(digits, NULL, 10) : 0;
	if (list->cursor && (size <= 0 || strspn(digits, "0123456789") != (size_t)size || *from > whole))
		return fail_field(call, "cursor", "is not one this list gave");
	*count = whole - *from < (size_t)list->limit ? whole - *from : (size_t)list->limit;
	if (*from + *count < whole) {
		const char *next = talloc_asprintf(call, "%zu", *from + *count);
		list->next = base64url_encode(call, next, strlen(next));
	}
	return SKD_OK;
}

size_t list_item(const struct list *list, size_t i)
{
	return list->descending ? (size_t)list->total - 1 - i : i;
}

enum skd_outcome body_read(struct skd_call *call, const struct request *in, const struct field *table, bool patch,
			   struct value *values)
{
	if (!in->body)
		return fail(call, SKD_BAD_INPUT, "a JSON body is needed");
	return fields_object(call, table, "", in->body, patch, values);
}

const char reply_vary[] = "Accept, Accept-Language, Authorization";

size_t reply_headers(struct skd_call *call, const struct reply *out, struct http_header headers[REPLY_HEADERS])
{
	size_t count = 0;
	if (out->location)
		headers[count++] = (struct http_header){"Location", out->location};
	if (out->etag)
		headers[count++] = (struct http_header){"ETag", talloc_asprintf(call, "\"%s\"", out->etag)};
	if (out->note)
		headers[count++] = (struct http_header){"Skillsd-Note", out->note};
	if (out->disposition)
		headers[count++] = (struct http_header){"Content-Disposition", out->disposition};
	if (out->policy)
		headers[count++] = (struct http_header){"Content-Security-Policy", out->policy};
	if (out->cache) {
		headers[count++] = (struct http_header){"Cache-Control", out->cache};
		headers[count++] = (struct http_header){"Vary", reply_vary};
	}
	return count;
}
