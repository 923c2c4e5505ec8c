/* SPDX-License-Identifier: Apache-2.0
 * The report's SQL. */
#include "store/report.h"

#include <string.h>

/* The text of a uuid at *at, which moves on: one block holds all of a batch. */
static const char *uuid_at(char **at, const struct rows *rows, int row, int column)
{
	char *out = *at;
	if (row_null(rows, row, column))
		return NULL;
	uuid_format((const uint8_t *)row_text(rows, row, column), out);
	*at += UUID_SIZE;
	return out;
}

/* ---- dictionaries ---- */

#define CATALOGUE_VERSION "(SELECT bit_xor(version) FROM catalogue_version)"

struct word_entry {
	const char *id;
	int64_t version;
	struct report_word word;
};

struct report_words {
	struct word_entry *slots;
	size_t size; /* a power of two */
	const struct report_words *more; /* NULL: these are all */
};

/* Ids are texts of 36 bytes, and no more of them are looked at. */
static size_t word_slot(const struct report_words *words, const char *id, int64_t version)
{
	enum { ID = UUID_SIZE - 1, PARTS = ID / 4 };
	uint32_t part[PARTS];
	uint64_t hash = (uint64_t)version;
	memcpy(part, id, ID);
	for (int i = 0; i < PARTS; i++)
		hash = (hash ^ part[i]) * 0x9e3779b97f4a7c15u;
	size_t at = (hash ^ hash >> 32) & (words->size - 1);
	while (words->slots[at].id && (words->slots[at].version != version || memcmp(words->slots[at].id, id, ID) != 0))
		at = (at + 1) & (words->size - 1);
	return at;
}

struct report_word report_word(const struct report_words *words, const char *id, int64_t version)
{
	for (; id && words; words = words->more) {
		const struct word_entry *entry = &words->slots[word_slot(words, id, version)];
		if (entry->id)
			return entry->word;
	}
	return (struct report_word){0};
}

static struct report_words *words_new(void *owner, size_t count)
{
	struct report_words *words = talloc_zero(owner, struct report_words);
	words->size = 64;
	while (words->size < count * 2)
		words->size *= 2;
	words->slots = talloc_zero_array(words, struct word_entry, words->size);
	return words;
}

/* Rows of id, version, name, code and place. */
static struct report_words *words_read(void *owner, struct rows *rows)
{
	int count = rows_count(rows);
	struct report_words *words = words_new(owner, (size_t)count);
	talloc_steal(words, rows);
	char *at = talloc_array_size(words, UUID_SIZE, (unsigned)count + 1);
	for (int i = 0; i < count; i++) {
		const char *id = uuid_at(&at, rows, i, 0);
		words->slots[word_slot(words, id, row_int(rows, i, 1))] = (struct word_entry){
			id, row_int(rows, i, 1), {row_text(rows, i, 2), row_text(rows, i, 3), row_int(rows, i, 4)}};
	}
	return words;
}

static const char WORDS[] =
	"SELECT id, 0, name, NULL, 0 FROM unit UNION ALL SELECT p.id, 0, p.name, NULL, 0 FROM person p"
	" WHERE $1::bool AND EXISTS (SELECT FROM person b WHERE b.manager_id = p.id)";

enum skd_outcome store_report_words(struct skd_call *call, const struct report_words *more, bool managers,
				    const struct report_words **out)
{
	struct rows *rows;
	TRY(db_query(call, WORDS, ARGS(arg_bool(managers)), &rows));
	struct report_words *words = words_read(call, rows);
	words->more = more;
	*out = words;
	return SKD_OK;
}

static const char VERSION_NOW[] = "SELECT " CATALOGUE_VERSION;

enum skd_outcome store_catalogue_version(struct skd_call *call, int64_t *version)
{
	struct rows *rows;
	TRY(db_query(call, VERSION_NOW, NO_ARGS, &rows));
	*version = row_int(rows, 0, 0);
	return SKD_OK;
}

static const char CATALOGUE_WORDS[] =
	"SELECT id, 0, label, code, dense_rank() OVER (ORDER BY label), " CATALOGUE_VERSION " FROM skill"
	" UNION ALL SELECT id, 0, name, NULL, 0, " CATALOGUE_VERSION " FROM issuer"
	" UNION ALL SELECT achievement_id, number, name, NULL, 0, " CATALOGUE_VERSION " FROM achievement_version";

enum skd_outcome store_catalogue_words(struct skd_call *call, void *owner, struct report_words **out, int64_t *version)
{
	struct rows *rows;
	TRY(db_query(call, CATALOGUE_WORDS, NO_ARGS, &rows));
	*version = rows_count(rows) ? row_int(rows, 0, 5) : 0;
	*out = words_read(owner, rows);
	return SKD_OK;
}

/* ---- the report ---- */

/* Parameters, the same in every text:
 * $1 everyone $2 self $3 issued $4 skills $5 min_level $6 unit $7 manager $8 person $9 expires_before
 * $10 as_of $11 known_at $12 after key $13 after person $14 after skill */
static const char VERIFIED[] =
	"SELECT f.person_id, f.skill_id, f.level, f.expires_at, f.credential_id, f.issuer_id, f.achievement_id,"
	" f.achievement_number, f.issued_at,"
	" first_value(f.level) OVER w AS best, first_value(f.expires_at) OVER w AS best_to, row_number() OVER w AS rank"
	" FROM proof f WHERE f.valid_from <= coalesce($10::timestamptz, now())"
	" AND f.valid_to > coalesce($10::timestamptz, now())"
	" AND ($4::uuid[] IS NULL OR f.skill_id = ANY ($4::uuid[]))"
	/* who sees somebody only since they issue to them sees of them what they issue */
	" AND ($1::bool OR NOT $3::bool OR f.issuer_id IN (SELECT issuers_of($2::uuid)) OR f.person_id IN"
	"  (SELECT e.id FROM person e WHERE coalesce(e.human, e.id) IN (SELECT people_seen($2::uuid, false))))"
	" AND %s WINDOW w AS (PARTITION BY f.person_id, f.skill_id ORDER BY f.level DESC, f.expires_at DESC, f.credential_id)";
static const char KNOWN_NOW[] =
	"f.known_to = 'infinity' AND $11::timestamptz IS NULL AND ($8::uuid IS NULL OR f.person_id = $8::uuid)";
static const char KNOWN_THEN[] =
	"f.known_from <= $11::timestamptz AND f.known_to > $11::timestamptz AND ($8::uuid IS NULL OR f.person_id IN"
	" (SELECT p.id FROM person p WHERE p.id = $8::uuid OR p.human = $8::uuid))";

/* Claims of others are seen one by one only when they are shared; totals take all of them, but not of so
 * few people that a total would tell who. */
static const char CLAIMED[] =
	"SELECT f.person_id, f.skill_id, f.level, 'infinity'::timestamptz AS expires_at, NULL::uuid AS credential_id,"
	" NULL::uuid AS issuer_id, NULL::uuid AS achievement_id, NULL::int AS achievement_number,"
	" NULL::timestamptz AS issued_at, f.level AS best, 'infinity'::timestamptz AS best_to, 1::bigint AS rank"
	" FROM claim f WHERE f.created_at <= least(coalesce($10::timestamptz, now()), coalesce($11::timestamptz, now()))"
	" AND ($4::uuid[] IS NULL OR f.skill_id = ANY ($4::uuid[])) AND ($8::uuid IS NULL OR f.person_id = $8::uuid)"
	" AND %s";
static const char CLAIMS_TOTAL[] =
	"(f.shared OR f.person_id = $2::uuid OR (SELECT count(*) FROM (SELECT FROM person p WHERE %s LIMIT 5) AS few) = 5)";
static const char CLAIMS_SHARED[] = "(f.shared OR f.person_id = $2::uuid)";

#define PEOPLE_HERE                                                                                                    \
	" p.erased_at IS NULL AND (p.absent_since IS NULL OR p.absent_since > coalesce($10::timestamptz, now()))"      \
	" AND ($6::uuid IS NULL OR p.unit_id IN (SELECT units_within($6::uuid)))"
static const char PEOPLE_NOW[] =
	PEOPLE_HERE " AND ($1::bool OR p.id IN (SELECT people_seen($2::uuid, $3::bool)))"
		    " AND ($7::uuid IS NULL OR p.id IN (SELECT people_below($7::uuid)))"
		    " AND ($8::uuid IS NULL OR p.id = $8::uuid) AND (p.human IS NULL OR p.human = p.id)";
/* Entries as they stood for themselves then; seen by whoever sees their humans now. */
static const char PEOPLE_THEN[] =
	PEOPLE_HERE " AND ($1::bool OR coalesce(p.human, p.id) IN (SELECT people_seen($2::uuid, $3::bool)))"
		    " AND ($7::uuid IS NULL OR coalesce(p.human, p.id) IN (SELECT people_below($7::uuid)))"
		    " AND ($8::uuid IS NULL OR coalesce(p.human, p.id) = $8::uuid)";
/* In totals of units those count who are somebody now, or held something then. */
static const char HOLDS_OR_IS[] = " AND (v.person_id IS NOT NULL OR p.human IS NULL OR p.human = p.id)";

static const char *people_where(const struct report_query *q)
{
	return q->known_at && !q->claimed ? PEOPLE_THEN : PEOPLE_NOW;
}

static const char HOLDING_WHERE[] =
	" ($5::int IS NULL OR v.best >= $5::int) AND ($9::timestamptz IS NULL OR v.best_to < $9::timestamptz)";

/* The first is the order of the index: a report of any length begins at once. */
static const struct list_order row_orders[] = {
	{"person", "v.person_id", "uuid"},
	{"name", "p.name", "text"},
	{"username", "p.username", "text"},
	{"skill", "s.label", "text"},
	{"level", "v.best", "int"},
	{"expires_at", "v.best_to", "timestamptz"},
	{"unit", "coalesce(u.name, '')", "text"},
	{NULL, NULL, NULL}};

static const struct list_order *order_of(const struct report_query *q, const struct list_order *orders)
{
	for (const struct list_order *order = orders; q->sort && order->word; order++)
		if (strcmp(order->word, q->sort) == 0)
			return order;
	return orders;
}

static const char *holdings_sql(struct skd_call *call, const struct report_query *q, bool totals)
{
	if (q->claimed)
		return talloc_asprintf(call, CLAIMED,
				       totals ? talloc_asprintf(call, CLAIMS_TOTAL, PEOPLE_NOW) : CLAIMS_SHARED);
	return talloc_asprintf(call, VERIFIED, q->known_at ? KNOWN_THEN : KNOWN_NOW);
}

/* Leaves the last parameters out where a text does not name them. */
static struct args report_args(struct skd_call *call, const struct report_query *q, size_t count)
{
	const char **v = talloc_zero_array(call, const char *, 14);
	v[0] = arg_bool(q->sight.everyone);
	v[1] = q->sight.self;
	v[2] = arg_bool(q->sight.issued);
	v[3] = q->any_skill ? NULL : arg_array(call, q->skill_count, q->skills);
	v[4] = q->min_level ? arg_int(call, q->min_level) : NULL;
	v[5] = q->unit;
	v[6] = q->manager;
	v[7] = q->person;
	v[8] = q->expires_before == TIME_NEVER ? NULL : arg_time(call, q->expires_before);
	v[9] = q->as_of ? arg_time(call, q->as_of) : NULL;
	v[10] = q->known_at ? arg_time(call, q->known_at) : NULL;
	v[11] = q->after_key;
	v[12] = q->after_person;
	v[13] = q->after_skill;
	return (struct args){v, count};
}

static const char SNAPSHOT[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";

enum skd_outcome store_report_snapshot(struct skd_call *call)
{
	return db_run(call, SNAPSHOT, NO_ARGS, NULL);
}

enum skd_outcome store_report_open(struct skd_call *call, const struct report_query *q)
{
	const struct list_order *order = order_of(q, row_orders);
	const char *way = q->descending ? "DESC" : "ASC", *after = "";
	bool by_person = order == row_orders; /* the key is in the row already */
	size_t count = 11;
	if (q->after_person) {
		after = talloc_asprintf(call, " AND (%s, v.person_id, v.skill_id) %s ($12::%s, $13::uuid, $14::uuid)",
					order->expression, q->descending ? "<" : ">", order->type);
		count = 14;
	}
	const char *sql = talloc_asprintf(
		call,
		"DECLARE c NO SCROLL CURSOR FOR SELECT v.person_id, p.username, p.name, p.title, p.unit_id, p.manager_id,"
		" v.skill_id, v.level, v.expires_at, v.credential_id, v.issuer_id, v.achievement_id, v.achievement_number,"
		" v.issued_at, v.rank, %s FROM (%s) v JOIN person p ON p.id = v.person_id"
		" LEFT JOIN unit u ON u.id = p.unit_id LEFT JOIN skill s ON s.id = v.skill_id"
		" WHERE %s AND %s%s%s ORDER BY %s %s, v.person_id %s, %s %s%s",
		by_person ? "NULL::text" : talloc_asprintf(call, "(%s)::text", order->expression),
		holdings_sql(call, q, false), people_where(q), HOLDING_WHERE, q->best_only ? " AND v.rank = 1" : "", after,
		order->expression, way, way, q->group == REPORT_BY_PERSON ? "s.label, v.skill_id" : "v.skill_id",
		q->group == REPORT_BY_PERSON ? "" : way, q->best_only ? "" : ", v.rank");
	return cursor_open(call, sql, report_args(call, q, count), q->first);
}

static void report_row_read(const struct rows *rows, int i, char **at, struct report_row *row)
{
	*row = (struct report_row){
		.person_id = uuid_at(at, rows, i, 0), .username = row_text(rows, i, 1), .name = row_text(rows, i, 2),
		.title = row_text(rows, i, 3), .unit_id = uuid_at(at, rows, i, 4), .manager_id = uuid_at(at, rows, i, 5),
		.skill_id = uuid_at(at, rows, i, 6), .level = row_int(rows, i, 7), .expires_at = row_time(rows, i, 8),
		.credential_id = uuid_at(at, rows, i, 9), .issuer_id = uuid_at(at, rows, i, 10),
		.achievement_id = uuid_at(at, rows, i, 11), .achievement_version = row_int(rows, i, 12),
		.issued_at = row_time(rows, i, 13), .rank = row_int(rows, i, 14), .sort_key = row_text(rows, i, 15)};
}

static struct report_row *report_rows_read(const struct rows *rows)
{
	enum { UUIDS = 7 };
	int count = rows_count(rows);
	struct report_row *out = talloc_array(rows, struct report_row, count + 1);
	char *at = talloc_array_size(rows, UUID_SIZE, (unsigned)(count * UUIDS + 1));
	for (int i = 0; i < count; i++)
		report_row_read(rows, i, &at, &out[i]);
	return out;
}

enum skd_outcome store_report_next(struct skd_call *call, struct report_row **out, int *count)
{
	struct rows *rows;
	TRY(cursor_next(call, &rows));
	*count = rows_count(rows);
	if (*count)
		*out = report_rows_read(rows);
	return SKD_OK;
}

/* One person: a short read of few rows, which sees no further than the actor. */
#define HOLDER                                                                                                         \
	" WHERE p.id = $1::uuid AND p.erased_at IS NULL AND person_seen($2::bool, $3::uuid, $4::bool, p.id)"
static const char HOLDINGS[] =
	"SELECT p.name, f.skill_id, f.level, f.expires_at, f.credential_id, f.issuer_id, f.achievement_id, f.achievement_number,"
	" f.issued_at, " CATALOGUE_VERSION " FROM person p JOIN proof f ON f.person_id = p.id" HOLDER
	" AND f.known_to = 'infinity' AND f.valid_from <= now() AND f.valid_to > now()"
	" AND ($2::bool OR NOT $4::bool OR credential_seen(false, $3::uuid, true, p.id, f.issuer_id))";
static const char HOLDINGS_CLAIMED[] =
	"SELECT p.name, f.skill_id, f.level, 'infinity'::timestamptz, NULL::uuid, NULL::uuid, NULL::uuid, NULL::int,"
	" NULL::timestamptz, " CATALOGUE_VERSION " FROM person p JOIN claim f ON f.person_id = p.id" HOLDER
	" AND (f.shared OR f.person_id = $3::uuid)";

static struct report_row *holding_rows_read(const struct rows *rows, const char *person_id)
{
	enum { UUIDS = 4 };
	int count = rows_count(rows);
	struct report_row *out = talloc_array(rows, struct report_row, count + 1);
	char *at = talloc_array_size(rows, UUID_SIZE, (unsigned)(count * UUIDS + 1));
	for (int i = 0; i < count; i++)
		out[i] = (struct report_row){
			.person_id = person_id, .name = row_text(rows, i, 0), .skill_id = uuid_at(&at, rows, i, 1),
			.level = row_int(rows, i, 2), .expires_at = row_time(rows, i, 3),
			.credential_id = uuid_at(&at, rows, i, 4), .issuer_id = uuid_at(&at, rows, i, 5),
			.achievement_id = uuid_at(&at, rows, i, 6), .achievement_version = row_int(rows, i, 7),
			.issued_at = row_time(rows, i, 8)};
	return out;
}

enum skd_outcome store_holding_rows(struct skd_call *call, const struct report_query *q, struct report_row **out,
				    int *count, int64_t *version)
{
	struct rows *rows;
	TRY(db_query(call, q->claimed ? HOLDINGS_CLAIMED : HOLDINGS,
		     ARGS(q->person, arg_bool(q->sight.everyone), q->sight.self, arg_bool(q->sight.issued)), &rows));
	*count = rows_count(rows);
	*out = holding_rows_read(rows, q->person);
	*version = *count ? row_int(rows, 0, 9) : 0;
	return SKD_OK;
}

enum skd_outcome store_report_total(struct skd_call *call, const struct report_query *q, int64_t *total)
{
	struct rows *rows;
	const char *sql = talloc_asprintf(call,
					  "SELECT count(%s) FROM (%s) v JOIN person p ON p.id = v.person_id"
					  " WHERE %s AND %s AND v.rank = 1",
					  q->group == REPORT_BY_PERSON ? "DISTINCT v.person_id" : "*", holdings_sql(call, q, false),
					  people_where(q), HOLDING_WHERE);
	TRY(db_query_once(call, sql, report_args(call, q, 11), &rows));
	*total = row_int(rows, 0, 0);
	return SKD_OK;
}

#define EXPIRING "count(*) FILTER (WHERE v.expires_at < coalesce($10::timestamptz, now()) + interval '90 days')"

enum skd_outcome store_report_by_skill(struct skd_call *call, const struct report_query *q,
				       struct report_skill_row **out, size_t *count)
{
	static const struct list_order orders[] = {{"skill", "s.label", "text"},
						   {"people", "sum(count(*)) OVER w", "bigint"},
						   {"expiring_90d", "sum(" EXPIRING ") OVER w", "bigint"},
						   {NULL, NULL, NULL}};
	struct rows *rows;
	const char *sql = talloc_asprintf(
		call,
		"SELECT v.skill_id, v.level, count(*), " EXPIRING " FROM (%s) v JOIN person p ON p.id = v.person_id"
		" JOIN skill s ON s.id = v.skill_id WHERE %s AND %s AND v.rank = 1"
		" GROUP BY s.label, v.skill_id, v.level WINDOW w AS (PARTITION BY v.skill_id)"
		" ORDER BY %s %s, v.skill_id, v.level",
		holdings_sql(call, q, true), people_where(q), HOLDING_WHERE, order_of(q, orders)->expression,
		q->descending ? "DESC" : "ASC");
	TRY(db_query_once(call, sql, report_args(call, q, 11), &rows));
	*count = (size_t)rows_count(rows);
	*out = talloc_array(call, struct report_skill_row, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*out)[i] = (struct report_skill_row){row_uuid(rows, i, 0), row_int(rows, i, 1), row_int(rows, i, 2),
						      row_int(rows, i, 3)};
	return SKD_OK;
}

enum skd_outcome store_report_by_unit(struct skd_call *call, const struct report_query *q,
				      struct report_unit_row **out, size_t *count)
{
	static const struct list_order orders[] = {{"unit", "coalesce(u.name, '')", "text"},
						   {"people", "3", "bigint"},
						   {"holders", "4", "bigint"},
						   {"skills", "5", "bigint"},
						   {NULL, NULL, NULL}};
	struct rows *rows;
	const char *sql = talloc_asprintf(
		call,
		"SELECT u.id, u.name, count(DISTINCT p.id), count(DISTINCT v.person_id), count(DISTINCT v.skill_id)"
		" FROM person p LEFT JOIN unit u ON u.id = p.unit_id"
		" LEFT JOIN (SELECT * FROM (%s) v WHERE %s AND v.rank = 1) v ON v.person_id = p.id"
		" WHERE %s%s GROUP BY u.id, u.name ORDER BY %s %s, u.id",
		holdings_sql(call, q, true), HOLDING_WHERE, people_where(q), HOLDS_OR_IS, order_of(q, orders)->expression,
		q->descending ? "DESC" : "ASC");
	TRY(db_query_once(call, sql, report_args(call, q, 11), &rows));
	*count = (size_t)rows_count(rows);
	*out = talloc_array(call, struct report_unit_row, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*out)[i] = (struct report_unit_row){row_uuid(rows, i, 0), row_text(rows, i, 1), row_int(rows, i, 2),
						     row_int(rows, i, 3), row_int(rows, i, 4)};
	return SKD_OK;
}
