/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as the memory in which libmicrohttpd leaves a head, which is read to its end and no further; lists and
 * single fields of it. What the library makes of a client's bytes is fuzz_http.c's. */
#include "fuzz.h"

#include "http/head.h"

#include <string.h>
#include <strings.h>

static void fields_check(const struct head *head, void *owner)
{
	must(head->count <= HEAD_FIELDS && !(head->chunked && head->measured), "a sound head is bounded, and framed one way");
	for (unsigned i = 0; i < head->count; i++) {
		const struct http_header *field = &head->fields[i];
		const char *list = head_list(head, owner, field->name);
		must(*field->name && !strpbrk(field->name, " \t:,"), "a field has a name");
		must(!strpbrk(field->value, "\r\n\x7f") && !strchr(" \t", *field->value) == (*field->value != '\0'),
		     "a value is one line without white space around it");
		must(list && strstr(list, field->value), "a list has every value");
		must(strlen(head_field(head, field->name)) <= strlen(list), "the first value is one of them");
	}
	must(!head->measured || head_field(head, "Content-Length"), "a length was said");
	must(!head->chunked || strcasecmp(head_field(head, "Transfer-Encoding"), "chunked") == 0, "a coding was said");
}

/* METHOD NUL TARGET NUL VERSION NUL NUL, and at least so much behind it: the library goes no further without. */
static bool place_find(struct head_place *place, const char *memory, size_t size)
{
	const char *end = memory + size;
	place->method = memory;
	place->target = memchr(memory, '\0', size);
	place->target = place->target ? place->target + 1 : end;
	place->version = memchr(place->target, '\0', (size_t)(end - place->target));
	place->version = place->version ? place->version + 1 : end;
	place->size = size;
	place->raw = place->target;
	return memchr(place->version, '\0', (size_t)(end - place->version));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct head head = {.count = 0};
	struct head_place place;
	void *owner = talloc_new(NULL);
	char *memory = malloc(size ? size : 1);
	if (size)
		memcpy(memory, bytes + 1, size - 1);
	if (size && place_find(&place, memory, size - 1)) {
		place.fields = bytes[0];
		if (!head_read(&head, owner, &place))
			fields_check(&head, owner);
	}
	free(memory);
	talloc_free(owner);
	return 0;
}
