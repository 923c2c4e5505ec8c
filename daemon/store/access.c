/* SPDX-License-Identifier: Apache-2.0
 * Tickets (sessions and tokens), accounts, throttling. */
#include "store/access.h"

/* What groups give, one bit each in the order of role names. */
#define ROLE_BITS                                                                                                      \
	"(SELECT coalesce(bit_or(1 << (array_position('{employee,assessor,issuer,hr,auditor,admin}'::text[], g.role) - 1)), 0)" \
	" FROM role_grant g WHERE g.until = 'infinity' AND g.person_id = "
/* The human h where it is another one than the account's entry p: id, name, whether both may sign in, roles. */
#define HOLDER_COLUMNS                                                                                                 \
	"coalesce(h.id, p.id), coalesce(h.name, p.name), NOT p.disabled AND p.absent_since IS NULL AND (h.id IS NULL"  \
	" OR (NOT h.disabled AND h.absent_since IS NULL AND NOT EXISTS"                                                \
	"  (SELECT FROM same_doubt d WHERE d.person_id IN (p.id, h.id)))), " ROLE_BITS "coalesce(h.id, p.id))"
#define HOLDER_FROM " LEFT JOIN person p ON p.id = a.person_id LEFT JOIN person h ON h.id = nullif(p.human, p.id)"
/* The same where there is no h. */
#define ENTRY_COLUMNS "p.id, p.name, NOT p.disabled AND p.absent_since IS NULL, " ROLE_BITS "p.id)"
#define ENTRY_FROM " LEFT JOIN person p ON p.id = a.person_id"

#define SESSION_COLUMNS_BEHIND                                                                                         \
	", s.seen_at, NULL::text[], p.id, nullif(p.human, p.id) FROM session s JOIN account a ON a.id = s.account_id"
#define SESSION_VALID \
	" WHERE s.hash = $1::bytea AND s.expires_at > now() AND s.seen_at > now() - $2::bigint * interval '1 ms'"
#define TOKEN_COLUMNS_BEHIND                                                                                           \
	", coalesce(t.seen_at, t.created_at - interval '1 hour'), t.scopes, p.id, nullif(p.human, p.id)"               \
	" FROM token t JOIN account a ON a.id = t.account_id"
#define TOKEN_VALID " WHERE t.hash = $1::bytea AND t.expires_at > now()"

/* The first is for almost everybody; where it finds that there is an h, the second is asked. */
static const char *const SESSION_FIND[] = {
	"SELECT s.id, a.id, a.authenticator, a.name, " ENTRY_COLUMNS SESSION_COLUMNS_BEHIND ENTRY_FROM SESSION_VALID,
	"SELECT s.id, a.id, a.authenticator, a.name, " HOLDER_COLUMNS SESSION_COLUMNS_BEHIND HOLDER_FROM SESSION_VALID};
static const char *const TOKEN_FIND[] = {
	"SELECT t.id, a.id, a.authenticator, a.name, " ENTRY_COLUMNS TOKEN_COLUMNS_BEHIND ENTRY_FROM TOKEN_VALID,
	"SELECT t.id, a.id, a.authenticator, a.name, " HOLDER_COLUMNS TOKEN_COLUMNS_BEHIND HOLDER_FROM TOKEN_VALID};

static enum skd_outcome ticket_read(struct skd_call *call, const char *const find[2], struct args args,
				    struct store_ticket *ticket)
{
	struct rows *rows;
	*ticket = (struct store_ticket){0};
	TRY(db_query(call, find[0], args, &rows));
	if (rows_count(rows) && !row_null(rows, 0, 11))
		TRY(db_query(call, find[1], args, &rows));
	if (!rows_count(rows))
		return SKD_OK;
	*ticket = (struct store_ticket){
		.id = row_uuid(rows, 0, 0),
		.account_id = row_uuid(rows, 0, 1),
		.authenticator = row_text(rows, 0, 2),
		.account = row_text(rows, 0, 3),
		.person_id = row_uuid(rows, 0, 4),
		.person_name = row_text(rows, 0, 5),
		.person_active = row_bool(rows, 0, 6),
		.roles = (unsigned)row_int(rows, 0, 7),
		.seen_at = row_time(rows, 0, 8),
		.entry_id = row_uuid(rows, 0, 10),
	};
	ticket->scopes = row_texts(rows, 0, 9, &ticket->scope_count);
	return SKD_OK;
}

enum skd_outcome store_session_find(struct skd_call *call, const uint8_t *hash, long idle_ms,
				    struct store_ticket *ticket)
{
	return ticket_read(call, SESSION_FIND, ARGS(arg_bytea(call, hash, DIGEST_SIZE), arg_int(call, idle_ms)), ticket);
}

enum skd_outcome store_token_find(struct skd_call *call, const uint8_t *hash, struct store_ticket *ticket)
{
	return ticket_read(call, TOKEN_FIND, ARGS(arg_bytea(call, hash, DIGEST_SIZE)), ticket);
}

static const char ACCOUNT_FIND[] = "SELECT id FROM account WHERE authenticator = $1 AND subject = $2";

enum skd_outcome store_account_find(struct skd_call *call, const char *authenticator, const char *subject, const char **account_id)
{
	struct rows *rows;
	TRY(db_query(call, ACCOUNT_FIND, ARGS(authenticator, subject), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_FAULT, "there is no account %s:%s", authenticator, subject);
	*account_id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ACCOUNT_TICKET[] =
	"SELECT a.id, a.id, a.authenticator, a.name, " HOLDER_COLUMNS ", now(), NULL::text[], p.id, NULL::uuid FROM account a" HOLDER_FROM
	" WHERE a.id = $1::uuid";

enum skd_outcome store_account_ticket(struct skd_call *call, const char *account_id, struct store_ticket *ticket)
{
	TRY(ticket_read(call, (const char *const[2]){ACCOUNT_TICKET}, ARGS(account_id), ticket));
	return ticket->id ? SKD_OK : fail(call, SKD_FAULT, "there is no account %s", account_id);
}

static const char SESSION_TOUCH[] = "UPDATE session SET seen_at = now() WHERE id = $1::uuid";
static const char TOKEN_TOUCH[] = "UPDATE token SET seen_at = now() WHERE id = $1::uuid";

enum skd_outcome store_ticket_touch(struct skd_call *call, const char *session_id, const char *token_id)
{
	return session_id ? db_run(call, SESSION_TOUCH, ARGS(session_id), NULL)
			  : db_run(call, TOKEN_TOUCH, ARGS(token_id), NULL);
}

/* ---- accounts and sessions ---- */

static const char ACCOUNT_PERSON[] =
	"SELECT id FROM person WHERE source = $1 AND external_id = $2";
static const char ACCOUNT_NAMESAKE[] =
	"SELECT (array_agg(id ORDER BY id <> coalesce(human, id), source))[1] FROM person"
	" WHERE lower(username) = lower($1) AND absent_since IS NULL HAVING count(DISTINCT coalesce(human, id)) = 1";

enum skd_outcome store_account_person(struct skd_call *call, const char *source, const char *external_id,
				      const char *username, const char **person_id)
{
	struct rows *rows;
	*person_id = NULL;
	if (source && external_id)
		TRY(db_query(call, ACCOUNT_PERSON, ARGS(source, external_id), &rows));
	else if (username)
		TRY(db_query(call, ACCOUNT_NAMESAKE, ARGS(username), &rows));
	else
		return SKD_OK;
	if (rows_count(rows))
		*person_id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ACCOUNT_PUT[] =
	"INSERT INTO account (authenticator, subject, name, person_id) VALUES ($1, $2, $3,"
	"  (SELECT p.id FROM person p WHERE p.id = $4::uuid AND p.erased_at IS NULL FOR KEY SHARE))"
	" ON CONFLICT (authenticator, subject) DO UPDATE SET name = excluded.name, person_id = excluded.person_id"
	" RETURNING id";

enum skd_outcome store_account_put(struct skd_call *call, const char *authenticator, const char *subject,
				   const char *name, const char *person_id, const char **account_id)
{
	struct rows *rows;
	TRY(db_query(call, ACCOUNT_PUT, ARGS(authenticator, subject, name, person_id), &rows));
	*account_id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char SESSION_ADD[] =
	"INSERT INTO session (hash, account_id, address, expires_at)"
	" VALUES ($1::bytea, $2::uuid, $3, now() + $4::bigint * interval '1 ms') RETURNING id, created_at, expires_at";

enum skd_outcome store_session_add(struct skd_call *call, const uint8_t *hash, const char *account_id,
				   const char *address, long absolute_ms, struct store_session *session)
{
	struct rows *rows;
	TRY(db_query(call, SESSION_ADD,
		     ARGS(arg_bytea(call, hash, DIGEST_SIZE), account_id, address, arg_int(call, absolute_ms)), &rows));
	*session = (struct store_session){
		.id = row_uuid(rows, 0, 0), .created_at = row_time(rows, 0, 1), .expires_at = row_time(rows, 0, 2)};
	return SKD_OK;
}

#define SESSION_COLUMNS                                                                                    \
	"s.id, a.id, a.authenticator, a.name, " HOLDER_COLUMNS ", s.address, s.created_at, s.seen_at, s.expires_at"
#define SESSION_FROM                                                                                       \
	"FROM session s JOIN account a ON a.id = s.account_id" HOLDER_FROM                                 \
	" WHERE s.expires_at > now() AND ($1::uuid IS NULL OR s.account_id = $1::uuid)"                    \
	" AND s.seen_at > now() - $2::bigint * interval '1 ms'"

static void session_read(const struct rows *rows, int i, struct store_session *session)
{
	*session = (struct store_session){
		.id = row_uuid(rows, i, 0), .account_id = row_uuid(rows, i, 1), .authenticator = row_text(rows, i, 2),
		.account = row_text(rows, i, 3), .person_id = row_uuid(rows, i, 4), .person_name = row_text(rows, i, 5),
		.person_active = row_bool(rows, i, 6), .roles = (unsigned)row_int(rows, i, 7),
		.address = row_text(rows, i, 8), .created_at = row_time(rows, i, 9), .seen_at = row_time(rows, i, 10),
		.expires_at = row_time(rows, i, 11)};
}

enum skd_outcome store_session_list(struct skd_call *call, const char *account_id, long idle_ms, struct list *list,
				    struct store_session **sessions, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "s.created_at", "timestamptz"},
						   {"last_used_at", "s.seen_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, SESSION_COLUMNS, SESSION_FROM, "s.id",
		       ARGS(account_id, arg_int(call, idle_ms)), &rows, count));
	*sessions = talloc_zero_array(call, struct store_session, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		session_read(rows, i, &(*sessions)[i]);
	return SKD_OK;
}

static const char SESSION_GET[] = "SELECT " SESSION_COLUMNS " " SESSION_FROM " AND s.id = $3::uuid";

enum skd_outcome store_session_get(struct skd_call *call, const char *account_id, long idle_ms, const char *id,
				   struct store_session *session)
{
	struct rows *rows;
	TRY(db_query(call, SESSION_GET, ARGS(account_id, arg_int(call, idle_ms), id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such session");
	session_read(rows, 0, session);
	return SKD_OK;
}

static const char SESSION_DROP[] =
	"DELETE FROM session WHERE id = $2::uuid AND ($1::uuid IS NULL OR account_id = $1::uuid)";
static const char TOKEN_DROP[] =
	"DELETE FROM token WHERE id = $2::uuid AND ($1::uuid IS NULL OR account_id = $1::uuid)";

static enum skd_outcome ticket_drop(struct skd_call *call, const char *sql, const char *account_id, const char *id)
{
	int64_t touched;
	TRY(db_run(call, sql, ARGS(account_id, id), &touched));
	return touched ? SKD_OK : fail(call, SKD_ABSENT, "there is no such thing");
}

enum skd_outcome store_session_drop(struct skd_call *call, const char *account_id, const char *id)
{
	return ticket_drop(call, SESSION_DROP, account_id, id);
}

enum skd_outcome store_token_drop(struct skd_call *call, const char *account_id, const char *id)
{
	return ticket_drop(call, TOKEN_DROP, account_id, id);
}

/* ---- tokens ---- */

static const char TOKEN_ADD[] =
	"INSERT INTO token (hash, account_id, name, hint, scopes, expires_at)"
	" VALUES ($1::bytea, $2::uuid, $3, $4, $5::text[], $6::timestamptz) RETURNING id";

enum skd_outcome store_token_add(struct skd_call *call, const uint8_t *hash, const struct store_token *token,
				 const char **id)
{
	struct rows *rows;
	TRY(db_query(call, TOKEN_ADD,
		     ARGS(arg_bytea(call, hash, DIGEST_SIZE), token->account_id, token->name, token->hint,
			  arg_array(call, token->scope_count, token->scopes), arg_time(call, token->expires_at)),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

#define TOKEN_COLUMNS "t.id, t.account_id, t.name, t.hint, t.scopes, t.created_at, t.seen_at, t.expires_at"
#define TOKEN_FROM "FROM token t WHERE ($1::uuid IS NULL OR t.account_id = $1::uuid)"

static void token_read(const struct rows *rows, int i, struct store_token *token)
{
	*token = (struct store_token){
		.id = row_uuid(rows, i, 0), .account_id = row_uuid(rows, i, 1), .name = row_text(rows, i, 2),
		.hint = row_text(rows, i, 3), .created_at = row_time(rows, i, 5), .seen_at = row_time(rows, i, 6),
		.expires_at = row_time(rows, i, 7)};
	token->scopes = row_texts(rows, i, 4, &token->scope_count);
}

enum skd_outcome store_token_list(struct skd_call *call, const char *account_id, struct list *list,
				  struct store_token **tokens, size_t *count)
{
	static const struct list_order orders[] = {{"name", "t.name", "text"},
						   {"created_at", "t.created_at", "timestamptz"},
						   {"expires_at", "t.expires_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, TOKEN_COLUMNS, TOKEN_FROM, "t.id", ARGS(account_id), &rows, count));
	*tokens = talloc_zero_array(call, struct store_token, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		token_read(rows, i, &(*tokens)[i]);
	return SKD_OK;
}

static const char TOKEN_GET[] = "SELECT " TOKEN_COLUMNS " " TOKEN_FROM " AND t.id = $2::uuid";

enum skd_outcome store_token_get(struct skd_call *call, const char *account_id, const char *id,
				 struct store_token *token)
{
	struct rows *rows;
	TRY(db_query(call, TOKEN_GET, ARGS(account_id, id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such token");
	token_read(rows, 0, token);
	return SKD_OK;
}

/* ---- throttling ---- */

/* What was written by a clock that has been set back since would last until then. A minute: transactions that wait see
 * what began after them. */
#define THROTTLE_FUTURE "now() + interval '1 min'"

static const char THROTTLE_ASK[] =
	"SELECT CASE WHEN blocked_until > now() THEN ceil(extract(epoch FROM blocked_until - now()))::bigint ELSE 0 END,"
	" CASE WHEN since < now() - $2::bigint * interval '1 ms' THEN 0 ELSE failures END FROM throttle"
	" WHERE key = $1::bytea AND since <= " THROTTLE_FUTURE;

enum skd_outcome store_throttle_ask(struct skd_call *call, const uint8_t *key, long window_ms, int64_t *seconds,
				    int64_t *failures)
{
	struct rows *rows;
	TRY(db_query(call, THROTTLE_ASK, ARGS(arg_bytea(call, key, DIGEST_SIZE), arg_int(call, window_ms)), &rows));
	*seconds = rows_count(rows) ? row_int(rows, 0, 0) : 0;
	*failures = rows_count(rows) ? row_int(rows, 0, 1) : 0;
	return SKD_OK;
}

#define THROTTLE_OVER "t.since NOT BETWEEN now() - $3::bigint * interval '1 ms' AND " THROTTLE_FUTURE
/* Attempts that were under way when the wait began do not make it longer: a burst is one mistake. */
static const char THROTTLE_FAIL[] =
	"INSERT INTO throttle AS t (key, failures, since, blocked_until)"
	" VALUES ($1::bytea, 1, now(), CASE WHEN $2::int <= 1 THEN now() + $4::bigint * interval '1 ms' ELSE '-infinity' END)"
	" ON CONFLICT (key) DO UPDATE SET"
	"  failures = CASE WHEN " THROTTLE_OVER " THEN 1"
	"   WHEN t.blocked_until > now() THEN t.failures ELSE t.failures + 1 END,"
	"  since = CASE WHEN " THROTTLE_OVER " THEN now() ELSE t.since END,"
	"  blocked_until = CASE WHEN t.blocked_until > now() AND t.since <= " THROTTLE_FUTURE " THEN t.blocked_until"
	"   WHEN " THROTTLE_OVER " OR t.failures + 1 < $2::int THEN '-infinity'::timestamptz"
	"   ELSE now() + least($3::bigint, $4::bigint * (1 << least(t.failures + 1 - $2::int, 20))) * interval '1 ms' END";

enum skd_outcome store_throttle_fail(struct skd_call *call, const uint8_t *key, long limit, long window_ms,
				     long block_ms)
{
	return db_run(call, THROTTLE_FAIL,
		      ARGS(arg_bytea(call, key, DIGEST_SIZE), arg_int(call, limit), arg_int(call, window_ms),
			   arg_int(call, block_ms)),
		      NULL);
}

static const char THROTTLE_CLEAR[] = "DELETE FROM throttle WHERE key = $1::bytea";

enum skd_outcome store_throttle_clear(struct skd_call *call, const uint8_t *key)
{
	return db_run(call, THROTTLE_CLEAR, ARGS(arg_bytea(call, key, DIGEST_SIZE)), NULL);
}

static const char NAME_KNOWN[] =
	"SELECT name FROM account WHERE lower(name) = lower($1)"
	" UNION ALL SELECT username FROM person WHERE lower(username) = lower($1) LIMIT 1";

enum skd_outcome store_name_known(struct skd_call *call, const char *name, const char **known)
{
	struct rows *rows;
	TRY(db_query(call, NAME_KNOWN, ARGS(name), &rows));
	*known = rows_count(rows) ? row_text(rows, 0, 0) : NULL;
	return SKD_OK;
}

static const char TIDY_SESSIONS[] =
	"DELETE FROM session WHERE expires_at < now() OR seen_at < now() - $1::bigint * interval '1 ms'";
static const char TIDY_TOKENS[] = "DELETE FROM token WHERE expires_at < now() - interval '90 days'";
static const char TIDY_THROTTLE[] =
	"DELETE FROM throttle WHERE since < now() - $1::bigint * interval '1 ms' AND blocked_until < now()";
static const char TIDY_IDEMPOTENCY[] = "DELETE FROM idempotency WHERE created_at < now() - interval '7 days'";

enum skd_outcome store_access_tidy(struct skd_call *call, long idle_ms, long window_ms)
{
	TRY(db_run(call, TIDY_SESSIONS, ARGS(arg_int(call, idle_ms)), NULL));
	TRY(db_run(call, TIDY_TOKENS, NO_ARGS, NULL));
	TRY(db_run(call, TIDY_THROTTLE, ARGS(arg_int(call, window_ms)), NULL));
	return db_run(call, TIDY_IDEMPOTENCY, NO_ARGS, NULL);
}
