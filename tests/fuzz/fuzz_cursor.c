/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as the cursor of a list: the statement stays the same and its values are text, a cursor that a list
 * gives is read back as what it was made of, and a page of a list in memory lies within it. */
#include "api/entry.h"
#include "fuzz.h"
#include "store/list.h"
#include "store/session.h"

#include <string.h>

enum { WHOLE = 20, LIMIT = 7 };

static const struct list_order orders[] = {{"name", "lower(name)", "text"}, {NULL, NULL, NULL}};
static const char row_id[] = "0123456789abcdef", row_id_text[] = "30313233-3435-3637-3839-616263646566";

/* What the statement was asked with, and what it is to answer. */
struct asked {
	struct skd_call call;
	char sql[512];
	const char *key, *id;
	size_t count;
	const char *answer_key; /* NULL: no row */
};

enum skd_outcome __wrap_db_query_once(struct skd_call *call, const char *sql, struct args args, struct rows **rows);

static int rows_free(struct rows *rows)
{
	PQclear(rows->result);
	return 0;
}

static void row_add(PGresult *result, int row, const char *key)
{
	must(PQsetvalue(result, row, 0, (char *)(uintptr_t)row_id, 16) &&
		     PQsetvalue(result, row, 1, (char *)(uintptr_t)key, (int)strlen(key)),
	     "there is memory");
}

/* In the place of the store's own: one row more than was asked for, or none. */
enum skd_outcome __wrap_db_query_once(struct skd_call *call, const char *sql, struct args args, struct rows **rows)
{
	static char names[2][4] = {"id", "key"};
	PGresAttDesc columns[] = {{names[0], 0, 0, 1, 2950, 16, -1}, {names[1], 0, 0, 1, 25, -1, -1}};
	struct asked *asked = (struct asked *)call;
	must(strlen(sql) < sizeof asked->sql, "a statement has no bytes of the client's");
	strcpy(asked->sql, sql);
	asked->count = args.count;
	asked->key = args.count ? talloc_strdup(call, args.values[args.count - 2]) : NULL;
	asked->id = args.count ? talloc_strdup(call, args.values[args.count - 1]) : NULL;
	*rows = talloc(call, struct rows);
	(*rows)->result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	must(PQsetResultAttrs((*rows)->result, 2, columns), "there is memory");
	for (int i = 0; asked->answer_key && i < 2; i++)
		row_add((*rows)->result, i, asked->answer_key);
	talloc_set_destructor(*rows, rows_free);
	return SKD_OK;
}

static struct asked *asked_new(void)
{
	struct asked *asked = talloc_zero(NULL, struct asked);
	asked->call.deadline = INT64_MAX;
	return asked;
}

static enum skd_outcome ask(struct asked *asked, struct list *list)
{
	struct rows *rows;
	size_t count;
	return list_query(&asked->call, list, orders, "id", "FROM person WHERE true", "id", NO_ARGS, &rows, &count);
}

static void query_check(const char *cursor)
{
	static const char *const wanted = "SELECT id, (lower(name))::text FROM person WHERE true AND (lower(name), id) > "
					  "($1::text, $2::uuid) ORDER BY lower(name) ASC, id ASC LIMIT 2";
	struct asked *asked = asked_new();
	struct list list = {.limit = 1, .cursor = cursor};
	if (ask(asked, &list) == SKD_OK) {
		must(strcmp(asked->sql, wanted) == 0 && asked->count == 2, "a cursor changes no statement");
		must(uuid_valid(asked->id) && utf8_valid(asked->key, strlen(asked->key)), "its parts are an id and a text");
	} else {
		must(!asked->count && asked->call.error_count == 1, "a refused cursor is not asked with");
		must(strcmp(asked->call.errors[0].field, "cursor") == 0, "a refusal names the parameter");
	}
	talloc_free(asked);
}

/* The key of the last row goes out in a cursor, and comes back in it. */
static void round_check(const char *key)
{
	struct asked *asked = asked_new();
	struct list list = {.limit = 1};
	if (!utf8_valid(key, strlen(key)) || strlen(key) > 2000)
		key = "other";
	asked->answer_key = key;
	must(ask(asked, &list) == SKD_OK && list.next, "a page that is not the last has a next one");
	struct list next = {.limit = 1, .cursor = list.next};
	must(ask(asked, &next) == SKD_OK, "a cursor is read by who gave it");
	must(strcmp(asked->key, key) == 0 && strcmp(asked->id, row_id_text) == 0, "a cursor says what it was made of");
	talloc_free(asked);
}

static void slice_check(const char *cursor)
{
	struct asked *asked = asked_new();
	struct list list = {.limit = LIMIT, .cursor = cursor};
	size_t from, count = WHOLE;
	if (list_slice(&asked->call, &list, &from, &count) == SKD_OK) {
		must(from <= WHOLE && count <= LIMIT && from + count <= WHOLE, "a page lies within its list");
		must((list.next != NULL) == (from + count < WHOLE), "there is a next page if and only if more is left");
	} else {
		must(asked->call.error_count == 1, "a refusal says why");
	}
	talloc_free(asked);
}

/* As a parameter: it has to begin with what was asked. */
static void question_check(const char *cursor)
{
	static const struct field fields[] = {{"cursor", FIELD_TEXT, .most = 3000}, {NULL}};
	static const struct route route = {"GET", "/api/v1/people", .sorts = "name"};
	struct asked *asked = asked_new();
	struct list list = {.limit = 1};
	struct value value = {.given = true, .text = cursor};
	struct request in = {.route = &route, .fields = fields, .query = &value, .list = &list};
	bool taken = list_cursor(&asked->call, &in, "unit=1&cursor=x&limit=2") == SKD_OK;
	must(taken == (strncmp(cursor, in.question, 16) == 0), "a cursor is taken for its own question");
	must(!taken || strcmp(list.cursor, cursor + 16) == 0, "what follows is the place");
	talloc_free(asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	query_check(text);
	slice_check(text);
	question_check(text);
	round_check(text);
	free(text);
	return 0;
}
