/* SPDX-License-Identifier: Apache-2.0
 * Pages of a list: an order, a place in it, a size. A cursor is the last item's sort key and id. */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "store/db.h"

/* One order a list can have. The expression must never be NULL. */
struct list_order {
	const char *word;       /* as in ?sort= */
	const char *expression; /* in SQL */
	const char *type;       /* the SQL type a cursor's key is cast to */
};

struct list {
	/* what is asked */
	long limit;
	const char *sort; /* a word of the table, NULL: the table's first */
	bool descending;
	const char *cursor; /* as the client sent it, or NULL */
	bool count;
	/* what came of it */
	const char *next; /* NULL: the last page */
	int64_t total;    /* when asked for */
};

/* Runs `select` (up to and with WHERE and its conditions) in the list's order from its place on,
 * with one row more than the limit, to see whether there is a next page. The first column is the
 * item's id. BAD_INPUT for a cursor that is none. Sets next and total; `count` leaves the extra row out. */
enum skd_outcome list_query(struct skd_call *call, struct list *list, const struct list_order *orders,
			    const char *columns, const char *from_where, const char *id, struct args args,
			    struct rows **rows, size_t *count) WARN_UNUSED;

#endif
