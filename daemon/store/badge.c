/* SPDX-License-Identifier: Apache-2.0
 * Badges and their forms. */
#include "store/badge.h"

#include "store/achievement.h"
#include "store/credential.h"
#include "store/rubric.h"

#include <string.h>

/* The address as the directory has it now, folded: hashes of two spellings are not alike; ASCII alone, since what other
 * letters fold to is the database's to say. Of evidence that was chosen from and is another one now nothing is shown: nobody
 * has chosen that. */
static const char BADGE_ADD[] =
	"WITH b AS (INSERT INTO badge (credential_id, subject, salt, identity, visibility, response, shown_evidence)"
	"  SELECT c.id, coalesce(o.subject, c.person_id), CASE WHEN p.mail IS NOT NULL THEN $2 END,"
	"   'sha256$' || encode(sha256(convert_to(lower(p.mail COLLATE \"C\") || $2, 'UTF8')), 'hex'),"
	"   coalesce(o.visibility, $3), coalesce(o.response, 'pending'),"
	"   CASE WHEN o.shown_evidence IS NOT NULL AND c.evidence <> r.evidence THEN '[]' ELSE o.shown_evidence END"
	"  FROM credential c JOIN person p ON p.id = c.person_id LEFT JOIN credential r ON r.id = c.replaces"
	"  LEFT JOIN badge o ON o.credential_id = c.replaces"
	"  WHERE c.id = $1::uuid"
	"  ON CONFLICT DO NOTHING RETURNING credential_id)"
	" SELECT status_places(c.issuer_id, c.id) FROM b JOIN credential c ON c.id = b.credential_id";

enum skd_outcome store_badge_add(struct skd_call *call, const char *credential_id, const char *salt,
				 const char *visibility)
{
	return db_send(call, BADGE_ADD, ARGS(credential_id, salt, visibility), NULL);
}

static const char BADGE_HOLD[] = "SELECT FROM badge WHERE credential_id = $1::uuid FOR UPDATE";

enum skd_outcome store_badge_hold(struct skd_call *call, const char *credential_id)
{
	return db_run(call, BADGE_HOLD, ARGS(credential_id), NULL);
}

/* Lists as arrays, '' for what is not known. */
#define ACHIEVEMENT_COLUMNS                                                                                            \
	"i.id, i.key, i.name, i.url, i.mail, v.achievement_id, v.type, v.name, v.description, v.criteria, v.number,"   \
	" v.image_url, s.level, s.names, s.urls, s.frameworks, s.codes, v.language, v.tags, trim_scale(v.credits)::text,"   \
	" v.field_of_study, v.specialization, v.human_code, v.related::text[], v.recommended::text[],"                   \
	" v.alignments::text <> '[]' OR v.results::text <> '[]',"  \
	" v.translations::text <> '{}', i.sandbox,"                                        \
	" v.picture_id, v.drawing, " ACHIEVEMENT_OUT ", i.description, i.image_url, i.picture_id, s.levels, v.validity"
#define SKILLS_OF_V                                                                                                    \
	"(SELECT max(x.level) AS level, array_agg(k.label ORDER BY k.label, k.id) AS names,"                     \
	"  array_agg(coalesce(k.uri, 'urn:uuid:' || k.id) ORDER BY k.label, k.id) AS urls,"                            \
	"  array_agg(f.name ORDER BY k.label, k.id) AS frameworks, array_agg(k.code ORDER BY k.label, k.id) AS codes,"  \
	"  array_agg(coalesce(nullif(l.levels[x.level], ''), x.level::text) ORDER BY k.label, k.id) AS levels"             \
	" FROM achievement_skill x JOIN skill k ON k.id = x.skill_id JOIN framework f ON f.id = k.framework_id JOIN scale l ON l.id = k.scale_id" \
	" WHERE x.achievement_id = v.achievement_id AND x.number = v.number)"
/* Of a credential c with a badge b: nobody can rely on its proof. */
#define KEY_REVOKED                                                                                                    \
	"EXISTS (SELECT FROM badge_form f JOIN signing_key k ON k.id = f.key_id AND k.algorithm = 'ed25519'"           \
	"  WHERE f.credential_id = c.id AND f.version = b.content_version AND k.revoked_at <= f.made_at)"
#define BADGE_COLUMNS                                                                                                  \
	ACHIEVEMENT_COLUMNS ", c.issued_at, c.valid_from, c.expires_at, " CREDENTIAL_STATE ", CASE WHEN c.state <> 'active' THEN c.reason END," \
	" 'urn:uuid:' || b.subject, p.name, b.salt, b.identity, e.names, e.urls, e.narratives, l.id, t.place::text," \
	" c.results, c.person_id, " BADGE_VISIBILITY ", c.version, coalesce(b.content_version, 1), " CREDENTIAL_GONE
#define BADGE_FROM                                                                                                     \
	" FROM credential c JOIN person p ON p.id = c.person_id JOIN issuer i ON i.id = c.issuer_id" \
	" JOIN achievement_version v ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number" \
	" LEFT JOIN badge b ON b.credential_id = c.id" \
	" LEFT JOIN (status_entry t JOIN status_list l ON l.id = t.list_id AND l.purpose = 'revocation') ON t.credential_id = c.id" \
	" CROSS JOIN LATERAL " SKILLS_OF_V " AS s" \
	" CROSS JOIN LATERAL (SELECT array_agg(coalesce(x.value->>'name', '') ORDER BY x.n) AS names," \
	"   array_agg(coalesce(x.value->>'url', '') ORDER BY x.n) AS urls," \
	"   array_agg(coalesce(x.value->>'narrative', '') ORDER BY x.n) AS narratives" \
	"  FROM jsonb_array_elements(c.evidence) WITH ORDINALITY AS x (value, n)" \
	"  WHERE coalesce(b.shown_evidence @> to_jsonb(x.n - 1), true)) AS e" \
	" WHERE c.id = $1::uuid"
#define ALGORITHMS "ARRAY(SELECT DISTINCT k.algorithm FROM signing_key k WHERE k.issuer_id = i.id AND k.retired_at = 'infinity')"
/* As FORM_GET finds them. */
#define KEPT                                                                                                           \
	"ARRAY(SELECT f.format FROM badge_form f JOIN signing_key k ON k.id = f.key_id WHERE f.credential_id = c.id AND" \
	"  CASE WHEN k.algorithm = 'ed25519' THEN f.version = b.content_version"                                        \
	"   ELSE f.version = c.version AND k.revoked_at > f.made_at END)"
static const char BADGE_GET[] = "SELECT " BADGE_COLUMNS ", " SUPERSEDED_BY ", " KEY_REVOKED ", " ALGORITHMS ", " KEPT BADGE_FROM;
static const char BADGE_ISSUE[] = "SELECT " BADGE_COLUMNS ", NULL::uuid, false, NULL::text[], NULL::text[], " CREDENTIAL_WHOLE BADGE_FROM; /* of a new one */

enum badge_column {
	B_ISSUER_ID, B_ISSUER_KEY, B_ISSUER_NAME, B_ISSUER_URL, B_ISSUER_MAIL, B_ACHIEVEMENT_ID, B_TYPE, B_NAME, B_DESCRIPTION,
	B_CRITERIA, B_NUMBER, B_IMAGE_URL, B_LEVEL, B_SKILLS, B_SKILL_URLS, B_FRAMEWORKS, B_CODES, B_LANGUAGE, B_TAGS, B_CREDITS,
	B_FIELD_OF_STUDY, B_SPECIALIZATION, B_HUMAN_CODE, B_RELATED, B_RECOMMENDED, B_RUBRIC, B_TRANSLATED, B_SANDBOX,
	B_PICTURE, B_DRAWING, B_PUBLISHED, B_ISSUER_DESCRIPTION, B_ISSUER_IMAGE, B_ISSUER_PICTURE, B_LEVELS, B_VALIDITY,
	B_ISSUED_AT, B_VALID_FROM, B_EXPIRES_AT, B_STATE, B_REASON, B_SUBJECT, B_PERSON, B_SALT, B_IDENTITY, B_EVIDENCE,
	B_EVIDENCE_URLS, B_NARRATIVES, B_STATUS_LIST, B_STATUS_PLACE, B_RESULTS, B_PERSON_ID, B_VISIBILITY, B_VERSION,
	B_CONTENT_VERSION, B_GONE, B_SUPERSEDED_BY, B_KEY_REVOKED, B_ALGORITHMS, B_KEPT, B_CREDENTIAL,
};

static void alignments_read(struct skd_call *call, const struct rows *rows, struct skd_award *award)
{
	size_t count;
	const char *const *names = row_texts(rows, 0, B_SKILLS, &count), *const *urls = row_texts(rows, 0, B_SKILL_URLS, &count);
	const char *const *frameworks = row_texts(rows, 0, B_FRAMEWORKS, &count);
	const char *const *codes = row_texts(rows, 0, B_CODES, &count);
	const char *const *levels = row_texts(rows, 0, B_LEVELS, &count);
	struct skd_alignment *list = talloc_array(call, struct skd_alignment, count + 1);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct skd_alignment){names[i], urls[i], frameworks[i], codes[i], "CFItem", levels[i]};
	award->alignments = list;
	award->alignment_count = count;
}

static void evidence_read(struct skd_call *call, const struct rows *rows, struct skd_award *award)
{
	size_t count;
	const char *const *names = row_texts(rows, 0, B_EVIDENCE, &count), *const *urls = row_texts(rows, 0, B_EVIDENCE_URLS, &count);
	const char *const *narratives = row_texts(rows, 0, B_NARRATIVES, &count);
	struct skd_evidence *list = talloc_array(call, struct skd_evidence, count + 1);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct skd_evidence){names[i], urls[i], narratives[i]};
	award->evidence = list;
	award->evidence_count = count;
}

/* What is not of skills comes behind them. */
static enum skd_outcome rubric_read(struct skd_call *call, struct skd_award *award)
{
	struct store_rubric rubric;
	TRY(store_rubric_get(call, award->achievement_id, award->version, &rubric));
	struct skd_alignment *all = talloc_array(call, struct skd_alignment, award->alignment_count + rubric.alignment_count + 1);
	for (size_t i = 0; i < award->alignment_count; i++)
		all[i] = award->alignments[i];
	for (size_t i = 0; i < rubric.alignment_count; i++)
		all[award->alignment_count + i] = rubric.alignments[i];
	award->alignments = all;
	award->alignment_count += rubric.alignment_count;
	award->descriptions = rubric.descriptions;
	award->description_count = rubric.description_count;
	return SKD_OK;
}

static const char RECOMMENDED[] =
	"SELECT r.id, v.name FROM unnest($1::uuid[]) WITH ORDINALITY AS r (id, n) CROSS JOIN LATERAL"
	" (SELECT v.name, v.state FROM achievement_version v WHERE v.achievement_id = r.id AND v.state IN ('published', 'archived')"
	"  ORDER BY v.number DESC LIMIT 1) AS v WHERE v.state = 'published' ORDER BY r.n";

static enum skd_outcome recommended_read(struct skd_call *call, const struct rows *rows, struct skd_award *award)
{
	size_t count;
	struct rows *named;
	const char *const *ids = row_texts(rows, 0, B_RECOMMENDED, &count);
	if (!count)
		return SKD_OK;
	TRY(db_query(call, RECOMMENDED, ARGS(arg_array(call, count, ids)), &named));
	award->recommended_count = (size_t)rows_count(named);
	struct skd_achievement *list = talloc_array(call, struct skd_achievement, award->recommended_count + 1);
	for (int i = 0; i < rows_count(named); i++)
		list[i] = (struct skd_achievement){row_uuid(named, i, 0), row_text(named, i, 1)};
	award->recommended = list;
	return SKD_OK;
}

static enum skd_outcome results_read(struct skd_call *call, const char *json, struct skd_award *award)
{
	struct skd_result *results;
	TRY(store_rubric_results(call, json, &results, &award->result_count));
	award->results = results;
	return SKD_OK;
}

static enum skd_outcome achievement_read(struct skd_call *call, const struct rows *rows, struct store_badge *badge)
{
	size_t words;
	const char *const *drawing = row_texts(rows, 0, B_DRAWING, &words);
	*badge = (struct store_badge){
		.award = {.issuer_id = row_uuid(rows, 0, B_ISSUER_ID), .issuer_name = row_text(rows, 0, B_ISSUER_NAME),
			  .issuer_url = row_text(rows, 0, B_ISSUER_URL), .issuer_mail = row_text(rows, 0, B_ISSUER_MAIL),
			  .issuer_description = row_text(rows, 0, B_ISSUER_DESCRIPTION),
			  .issuer_image_url = row_text(rows, 0, B_ISSUER_IMAGE),
			  .achievement_id = row_uuid(rows, 0, B_ACHIEVEMENT_ID), .type = row_text(rows, 0, B_TYPE),
			  .name = row_text(rows, 0, B_NAME), .description = row_text(rows, 0, B_DESCRIPTION),
			  .criteria = row_text(rows, 0, B_CRITERIA), .validity = row_text(rows, 0, B_VALIDITY), .version = row_int(rows, 0, B_NUMBER),
			  .image_url = row_text(rows, 0, B_IMAGE_URL), .language = row_text(rows, 0, B_LANGUAGE),
			  .credits = {row_text(rows, 0, B_CREDITS), row_size(rows, 0, B_CREDITS)}, .field_of_study = row_text(rows, 0, B_FIELD_OF_STUDY),
			  .specialization = row_text(rows, 0, B_SPECIALIZATION), .human_code = row_text(rows, 0, B_HUMAN_CODE)},
		.issuer_key = row_text(rows, 0, B_ISSUER_KEY),
		.level = row_int(rows, 0, B_LEVEL),
		.sandbox = row_bool(rows, 0, B_SANDBOX),
		.translated = row_bool(rows, 0, B_TRANSLATED),
		.picture_id = row_uuid(rows, 0, B_PICTURE),
		.drawing = words ? drawing : NULL,
		.issuer_picture_id = row_uuid(rows, 0, B_ISSUER_PICTURE),
		.published = row_bool(rows, 0, B_PUBLISHED),
	};
	struct skd_award *award = &badge->award;
	award->tags = row_texts(rows, 0, B_TAGS, &award->tag_count);
	award->related = row_texts(rows, 0, B_RELATED, &award->related_count);
	alignments_read(call, rows, award);
	TRY(recommended_read(call, rows, award));
	return row_bool(rows, 0, B_RUBRIC) ? rubric_read(call, award) : SKD_OK;
}

static enum skd_outcome badge_read(struct skd_call *call, const struct rows *rows, const char *credential_id,
				   struct store_badge *badge)
{
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such badge");
	TRY(achievement_read(call, rows, badge));
	struct skd_award *award = &badge->award;
	award->id = credential_id;
	award->awarded = row_time(rows, 0, B_ISSUED_AT);
	award->valid_from = row_time(rows, 0, B_VALID_FROM);
	award->valid_until = row_time(rows, 0, B_EXPIRES_AT);
	award->state = row_text(rows, 0, B_STATE);
	award->reason = row_text(rows, 0, B_REASON);
	award->superseded_by = row_uuid(rows, 0, B_SUPERSEDED_BY);
	award->gone = row_bool(rows, 0, B_GONE);
	award->key_revoked = row_bool(rows, 0, B_KEY_REVOKED);
	award->subject = row_text(rows, 0, B_SUBJECT);
	award->recipient = row_text(rows, 0, B_PERSON);
	award->salt = row_text(rows, 0, B_SALT);
	award->identity = row_text(rows, 0, B_IDENTITY);
	award->status_list = row_uuid(rows, 0, B_STATUS_LIST);
	award->status_index = row_text(rows, 0, B_STATUS_PLACE);
	evidence_read(call, rows, award);
	badge->person_id = row_uuid(rows, 0, B_PERSON_ID);
	badge->visibility = row_text(rows, 0, B_VISIBILITY);
	badge->version = row_int(rows, 0, B_VERSION);
	badge->content_version = row_int(rows, 0, B_CONTENT_VERSION);
	badge->algorithms = row_texts(rows, 0, B_ALGORITHMS, &badge->algorithm_count);
	badge->kept = row_texts(rows, 0, B_KEPT, &badge->kept_count);
	return results_read(call, row_json(rows, 0, B_RESULTS), award);
}

enum skd_outcome store_badge_get(struct skd_call *call, const char *credential_id, struct store_badge *badge)
{
	struct rows *rows;
	TRY(db_query(call, BADGE_GET, ARGS(credential_id), &rows));
	return badge_read(call, rows, credential_id, badge);
}

enum skd_outcome store_badge_issue(struct skd_call *call, const char *credential_id, struct store_credential *credential,
				   struct store_badge *badge, struct store_key **keys, size_t *count)
{
	struct rows *known, *rows;
	TRY(store_key_ask(call, credential_id, &known));
	TRY(db_query(call, BADGE_ISSUE, ARGS(credential_id), &rows));
	TRY(badge_read(call, rows, credential_id, badge));
	store_credential_read_whole(rows, 0, B_CREDENTIAL, credential);
	store_key_read(call, known, keys, count);
	return SKD_OK;
}

/* Drafts are hardly anybody's business; without a number the newest that is seen. */
static const char ACHIEVEMENT_GET[] =
	"SELECT " ACHIEVEMENT_COLUMNS " FROM achievement a JOIN issuer i ON i.id = a.issuer_id"
	" JOIN achievement_version v ON v.achievement_id = a.id AND ($3::bool OR " ACHIEVEMENT_OUT ")"
	" CROSS JOIN LATERAL " SKILLS_OF_V " AS s WHERE a.id = $1::uuid AND ($2::int IS NULL OR v.number = $2::int)"
	" ORDER BY v.number DESC LIMIT 1";

enum skd_outcome store_badge_achievement(struct skd_call *call, const char *id, const char *number, bool drafts,
					 struct store_badge *badge)
{
	struct rows *rows;
	TRY(db_query(call, ACHIEVEMENT_GET, ARGS(id, number, arg_bool(drafts)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such achievement");
	return achievement_read(call, rows, badge);
}

/* Its own language is one of them. */
static const char TRANSLATION[] =
	"SELECT t.key, t.value->>'name', t.value->>'description', t.value->>'criteria' FROM achievement_version v"
	" CROSS JOIN LATERAL (SELECT key, value FROM json_each(v.translations) UNION ALL SELECT v.language, NULL) AS t"
	" JOIN unnest($3::text[]) WITH ORDINALITY AS w (tag, n) ON w.tag = t.key"
	" WHERE v.achievement_id = $1::uuid AND v.number = $2::int ORDER BY w.n LIMIT 1";

static void text_take(const struct rows *rows, int column, const char **text)
{
	if (!row_null(rows, 0, column))
		*text = row_text(rows, 0, column);
}

enum skd_outcome store_badge_translate(struct skd_call *call, const char *const *languages, size_t count,
				       struct skd_award *award)
{
	struct rows *rows;
	TRY(db_query(call, TRANSLATION,
		     ARGS(award->achievement_id, arg_int(call, award->version), arg_array(call, count, languages)), &rows));
	if (!rows_count(rows))
		return SKD_OK;
	text_take(rows, 0, &award->language);
	text_take(rows, 1, &award->name);
	text_take(rows, 2, &award->description);
	text_take(rows, 3, &award->criteria);
	return SKD_OK;
}

/* Any form that a key of RSA has signed: whoever has one has to learn of it here. */
#define BADGE_REVOKED "SELECT array_agg(DISTINCT c.id::text) FROM credential c JOIN badge_form f ON f.credential_id = c.id" \
	" JOIN signing_key k ON k.id = f.key_id AND k.algorithm = 'rsa2048'" \
	" WHERE c.issuer_id = $1::uuid AND " CREDENTIAL_GONE

enum skd_outcome store_badge_revoked(struct skd_call *call, const char *issuer_id, const char *about, const char *const **ids,
				     size_t *count)
{
	struct rows *rows;
	if (about)
		TRY(db_query(call, BADGE_REVOKED " AND c.id = $2::uuid", ARGS(issuer_id, about), &rows));
	else
		TRY(db_query(call, BADGE_REVOKED, ARGS(issuer_id), &rows));
	*ids = row_texts(rows, 0, 0, count);
	return SKD_OK;
}

/* ---- forms ---- */

/* What a key signed that was revoked by then is sealed anew; but not a proof, which is what was issued. Of RSA whenever it
 * was: who reads that does not ask when. */
#define FORM_VOID                                                                                                      \
	"EXISTS (SELECT FROM signing_key k WHERE k.id = g.key_id AND k.algorithm <> 'ed25519' AND (k.revoked_at <= g.made_at"   \
	"  OR (k.algorithm = 'rsa2048' AND k.revoked_at < 'infinity')))"
/* What says how things stand is of use while they do. */
static const char FORM_GET[] =
	"SELECT " BADGE_VISIBILITY ", c.person_id, g.bytes FROM credential c LEFT JOIN badge b ON b.credential_id = c.id"
	" LEFT JOIN badge_form g ON g.credential_id = c.id AND g.format = $2"
	"  AND g.version = CASE WHEN $3::bool THEN b.content_version ELSE c.version END AND NOT " FORM_VOID " AND (g.standing IS NULL"
	"  OR g.standing = " CREDENTIAL_STATE " || CASE WHEN " KEY_REVOKED " THEN ' key_revoked' ELSE '' END"
	"   || ' ' || (SELECT p.name FROM person p WHERE p.id = c.person_id)) WHERE c.id = $1::uuid";
static const char FORM_PUT[] =
	"INSERT INTO badge_form AS g (credential_id, format, version, bytes, key_id, standing, made_at)"
	" VALUES ($1::uuid, $2, $3::int, $4::bytea, $5::uuid, $6, coalesce($7::timestamptz, now()))"
	" ON CONFLICT (credential_id, format) DO UPDATE SET version = excluded.version, bytes = excluded.bytes,"
	"  key_id = excluded.key_id, made_at = excluded.made_at, standing = excluded.standing"
	"  WHERE g.version < excluded.version OR (g.version = excluded.version AND g.standing <> excluded.standing) OR " FORM_VOID;

enum skd_outcome store_form_get(struct skd_call *call, const char *credential_id, const char *format, bool lasts,
				struct store_form *form)
{
	struct rows *rows;
	TRY(db_query(call, FORM_GET, ARGS(credential_id, format, arg_bool(lasts)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such badge");
	*form = (struct store_form){
		.visibility = row_text(rows, 0, 0), .person_id = row_uuid(rows, 0, 1),
		.bytes = (const uint8_t *)row_text(rows, 0, 2), .size = row_size(rows, 0, 2)};
	return SKD_OK;
}

enum skd_outcome store_form_put(struct skd_call *call, const char *credential_id, const char *format, int64_t version,
				const void *bytes, size_t size, const char *key_id, int64_t sealed,
				const struct skd_award *told)
{
	const char *standing = told ? talloc_asprintf(call, "%s%s %s", told->state, told->key_revoked ? " key_revoked" : "",
						      told->recipient ? told->recipient : "")
				    : NULL;
	return db_send(call, FORM_PUT,
		       ARGS(credential_id, format, arg_int(call, version), arg_bytea(call, bytes, size), key_id, standing,
			    sealed ? arg_time(call, sealed) : NULL),
		       NULL);
}
