/* SPDX-License-Identifier: Apache-2.0
 * Keyset pages. The order's words come from a constant table, values only as parameters. */
#include "store/list.h"

#include <string.h>

enum { CURSOR_MAX = 2100, ARGS_MAX = 24 };

static const struct list_order *order_find(const struct list_order *orders, const char *word)
{
	for (const struct list_order *order = orders; word && order->word; order++)
		if (strcmp(order->word, word) == 0)
			return order;
	return orders;
}

/* "id key" in base64url. */
static enum skd_outcome cursor_read(struct skd_call *call, const char *cursor, const char **key, const char **id)
{
	char *bytes = talloc_size(call, CURSOR_MAX + 1);
	long size = base64url_decode(cursor, bytes, CURSOR_MAX);
	if (size < 37 || !utf8_valid(bytes, (size_t)size))
		return fail_field(call, "cursor", "is not one this list gave");
	bytes[size] = '\0';
	char *at = strchr(bytes, ' ');
	if (!at)
		return fail_field(call, "cursor", "is not one this list gave");
	*at = '\0';
	if (!uuid_valid(bytes))
		return fail_field(call, "cursor", "is not one this list gave");
	*id = bytes;
	*key = at + 1;
	return SKD_OK;
}

static const char *cursor_write(struct skd_call *call, const char *key, const char *id)
{
	const char *bytes = talloc_asprintf(call, "%s %s", id, key);
	return base64url_encode(call, bytes, strlen(bytes));
}

static enum skd_outcome list_count(struct skd_call *call, struct list *list, const char *from_where, struct args args)
{
	struct rows *rows;
	TRY(db_query_once(call, talloc_asprintf(call, "SELECT count(*) %s", from_where), args, &rows));
	list->total = row_int(rows, 0, 0);
	return SKD_OK;
}

enum skd_outcome list_query(struct skd_call *call, struct list *list, const struct list_order *orders,
			    const char *columns, const char *from_where, const char *id, struct args args,
			    struct rows **rows, size_t *count)
{
	const struct list_order *order = order_find(orders, list->sort);
	const char *way = list->descending ? "DESC" : "ASC", *after = "";
	const char *values[ARGS_MAX];
	struct args all = {values, args.count};
	for (size_t i = 0; i < args.count; i++)
		values[i] = args.values[i];
	if (list->count)
		TRY(list_count(call, list, from_where, args));
	if (list->cursor) {
		TRY(cursor_read(call, list->cursor, &values[args.count], &values[args.count + 1]));
		all.count += 2;
		after = talloc_asprintf(call, " AND (%s, %s) %s ($%zu::%s, $%zu::uuid)", order->expression, id,
					list->descending ? "<" : ">", args.count + 1, order->type, args.count + 2);
	}
	const char *sql = talloc_asprintf(call, "SELECT %s, (%s)::text %s%s ORDER BY %s %s, %s %s LIMIT %ld", columns,
					  order->expression, from_where, after, order->expression, way, id, way,
					  list->limit + 1);
	TRY(db_query_once(call, sql, all, rows));
	*count = (size_t)rows_count(*rows);
	if (*count <= (size_t)list->limit)
		return SKD_OK;
	*count = (size_t)list->limit;
	int last = (int)*count - 1;
	list->next = cursor_write(call, row_text(*rows, last, rows_width(*rows) - 1), row_uuid(*rows, last, 0));
	return SKD_OK;
}
