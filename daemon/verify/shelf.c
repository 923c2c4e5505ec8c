/* SPDX-License-Identifier: Apache-2.0
 * A list, since there are few. */
#include "verify/shelf.h"

#include "sign/canon.h"
#include "verify/seal.h"

#include <string.h>

struct shelf {
	struct book {
		const char *id;
		struct skd_text bytes;
	} *books;
	size_t count;
};

struct shelf *shelf_new(void *owner)
{
	return talloc_zero(owner, struct shelf);
}

static enum skd_outcome book_put(struct skd_call *call, struct shelf *shelf, const char *what, const json_t *document,
				 struct skd_text bytes)
{
	const char *id = canon_string(document, "id") ? canon_string(document, "id") : canon_string(document, "kid");
	if (!id)
		return fail(call, SKD_BAD_INPUT, "%s has no id, or kid: it does not say what it is of", what);
	shelf->books = talloc_realloc(shelf, shelf->books, struct book, shelf->count + 1);
	shelf->books[shelf->count++] = (struct book){
		talloc_strdup(shelf->books, id), {talloc_memdup(shelf->books, bytes.bytes, bytes.size), bytes.size}};
	return SKD_OK;
}

enum skd_outcome shelf_add(struct skd_call *call, struct shelf *shelf, const char *what, struct skd_text bytes)
{
	struct sealed sealed;
	struct text text;
	size_t i;
	json_t *key;
	TRY(sealed_read(call, what, bytes, &sealed));
	if (!json_is_array(json_object_get(sealed.document, "keys")))
		return book_put(call, shelf, what, sealed.document, bytes);
	json_array_foreach (json_object_get(sealed.document, "keys"), i, key) {
		text_begin(&text, call, 512);
		TRY(canon_write(call, key, &text));
		TRY(book_put(call, shelf, what, key, (struct skd_text){text.bytes, text.size}));
	}
	return SKD_OK;
}

bool shelf_find(const struct shelf *shelf, const char *id, struct verify_document *document)
{
	for (size_t i = 0; i < shelf->count; i++)
		if (strcmp(shelf->books[i].id, id) == 0) {
			*document = (struct verify_document){shelf->books[i].bytes, true};
			return true;
		}
	return false;
}
