/* SPDX-License-Identifier: Apache-2.0
 * What is endorsed, by whom, and what becomes of it. */
#include "rules/endorsement.h"

#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/badge.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/outbox.h"
#include "rules/sealing.h"
#include "rules/verification.h"
#include "rules/work.h"
#include "store/status.h"

#include <stdlib.h>
#include <string.h>

enum { ID_MOST = 2000 };

const char *endorsement_place(struct skd_call *call, const char *id)
{
	return talloc_asprintf(call, "%s/endorsements/%s", call->house->public_url, id);
}

enum skd_outcome endorsement_get(struct skd_call *call, const char *id, struct store_endorsement *e)
{
	return store_endorsement_get(call, id, e);
}

enum skd_outcome endorsement_list(struct skd_call *call, const struct store_endorsement_filter *filter, struct list *list,
				  struct store_endorsement **endorsements, size_t *count)
{
	TRY(achievement_must_exist(call, "achievement", filter->achievement));
	TRY(issuer_must_exist(call, "endorsed_issuer", filter->endorsed));
	TRY(issuer_must_exist(call, "issuer", filter->issuer));
	return store_endorsement_list(call, filter, list, endorsements, count);
}

enum skd_outcome endorsement_document(struct skd_call *call, const char *id, struct skd_text *bytes, const char **type)
{
	const char *form;
	TRY(store_endorsement_document(call, id, &form, bytes));
	*type = strcmp(form, "jwt") == 0 ? "application/vc+jwt" : "application/vc";
	return SKD_OK;
}

/* ---- what is endorsed ---- */

struct subject {
	struct store_issuer owner; /* whose it is; or the issuer itself */
	const char *id;            /* in documents */
	const char *name;
};

/* `number` 0: the newest version. */
static enum skd_outcome achievement_pick(struct skd_call *call, const char *id, long number, struct store_endorsement *e,
					 struct subject *subject)
{
	struct store_achievement achievement;
	TRY(store_achievement_get(call, id, number, false, &achievement));
	TRY(issuer_get(call, achievement.issuer_id, &subject->owner));
	if (strcmp(achievement.state, "published") != 0)
		return fail(call, SKD_CLASH, "the achievement is not published");
	e->achievement_id = achievement.id;
	e->number = achievement.number;
	subject->id = talloc_asprintf(call, "%s/achievements/%s?version=%ld", call->house->public_url, achievement.id, achievement.number);
	subject->name = achievement.name;
	return SKD_OK;
}

static enum skd_outcome issuer_pick(struct skd_call *call, const char *id, struct store_endorsement *e, struct subject *subject)
{
	TRY(issuer_get(call, id, &subject->owner));
	e->endorsed_id = subject->owner.id;
	subject->id = issuer_did(call, subject->owner.id, subject->owner.key);
	subject->name = subject->owner.name;
	return SKD_OK;
}

static enum skd_outcome subject_pick(struct skd_call *call, const char *id, struct store_endorsement *e, struct subject *subject)
{
	enum skd_outcome outcome = uuid_valid(id) ? achievement_pick(call, id, 0, e, subject) : SKD_ABSENT;
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	outcome = uuid_valid(id) ? issuer_pick(call, id, e, subject) : SKD_ABSENT;
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return fail_field(call, "/subject", "there is no such achievement that is published, and no such issuer");
}

/* The way back from an id in a document. ABSENT: it is of nothing here. */
static enum skd_outcome subject_find(struct skd_call *call, const char *id, struct store_endorsement *e, struct subject *subject)
{
	const char *front = talloc_asprintf(call, "%s/achievements/", call->house->public_url);
	const char *company = issuer_did(call, "", "company"), *within = talloc_asprintf(call, "%s:issuers:", company);
	char uuid[UUID_SIZE];
	if (strcmp(id, company) == 0)
		return issuer_pick(call, NULL, e, subject);
	if (strncmp(id, within, strlen(within)) == 0 && uuid_valid(id + strlen(within)))
		return issuer_pick(call, id + strlen(within), e, subject);
	if (strncmp(id, front, strlen(front)) == 0 && strlen(id) > strlen(front) + UUID_SIZE) {
		const char *number = id + strlen(front) + UUID_SIZE - 1;
		memcpy(uuid, id + strlen(front), UUID_SIZE - 1);
		uuid[UUID_SIZE - 1] = '\0';
		if (uuid_valid(uuid) && strncmp(number, "?version=", 9) == 0 && atol(number + 9) > 0)
			TRY(achievement_pick(call, uuid, atol(number + 9), e, subject));
	}
	if (!subject->id || strcmp(subject->id, id) != 0)
		return fail(call, SKD_ABSENT, "it is about %s, which is no issuer and no version of an achievement of ours", text_whole(call, id));
	return SKD_OK;
}

/* ---- ours ---- */

/* With what it says, and the place in the list that may take it back. */
static enum skd_outcome own_draft(struct skd_call *call, const struct store_issuer *by, const struct subject *subject,
				  const struct store_endorsement *e, struct text *draft)
{
	struct badge_kind kind = {0};
	struct skd_award award = {
		.origin = call->house->public_url, .id = e->id, .awarded = e->valid_from, .valid_from = e->valid_from,
		.valid_until = e->valid_until, .subject = subject->id, .issuer_id = by->id, .issuer_did = e->signer,
		.issuer_name = by->name, .issuer_url = by->url, .issuer_mail = by->mail, .comment = e->comment,
		.name = talloc_asprintf(call, "Endorsement of %s", subject->name)};
	while ((kind = badge_kind_next(call->house, kind)).form && kind.form->about != SKD_ABOUT_ENDORSEMENT)
		continue;
	if (!kind.form)
		return fail(call, SKD_CLASH, "no badge plugin drafts endorsements");
	TRY(store_endorsement_place(call, by->id, e->id, &award.status_list, &award.status_index));
	return badge_draft(call, kind, &award, draft);
}

static enum skd_outcome own_seal(struct skd_call *call, const struct store_issuer *by, const char *did, struct text *form)
{
	struct sealing sealing;
	enum skd_outcome outcome = sealing_begin(call, by->id, did, SKD_SEAL_PROOF, &sealing);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "%s has no Ed25519 key to sign it with", by->name);
	}
	TRY(outcome);
	return sealing_forms(call, &sealing, 1, form);
}

/* Reads back what was written and closes with the audit entry, which is its story. */
static enum skd_outcome told(struct skd_call *call, const char *kind, const char *action, const char *id,
			     struct store_endorsement *e)
{
	TRY(store_endorsement_get(call, id, e));
	const char *detail = detail_of(call, "achievement", e->achievement_id, "endorsed_issuer", e->endorsed_id, "issuer", e->issuer_id, NULL);
	const struct store_notice notice = {
		.kind = talloc_asprintf(call, "endorsement.%s", kind), .noun = "endorsement", .object = id, .detail = detail};
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "endorsement", id, detail);
}

static enum skd_outcome parties_pick(struct skd_call *call, const struct endorsement_order *order, struct store_endorsement *e,
				     struct subject *subject, struct store_issuer *by)
{
	TRY(subject_pick(call, order->subject, e, subject));
	TRY(absent_as_field(call, "/issuer", issuer_get(call, order->by, by)));
	TRY(issuer_may_issue(call, by->id, true));
	if (by->sandbox)
		return fail_field(call, "/issuer", "is for tests, and endorses nothing");
	return strcmp(by->id, subject->owner.id) != 0 ? SKD_OK
						      : fail_field(call, "/issuer", "does not endorse itself, or what is its own");
}

enum skd_outcome endorsement_add(struct skd_call *call, const struct endorsement_order *order, struct store_endorsement *e)
{
	char id[UUID_SIZE];
	struct subject subject = {0};
	struct store_issuer by;
	struct text form;
	uuid_new(id);
	*e = (struct store_endorsement){
		.id = id, .document = endorsement_place(call, id), .comment = order->comment, .form = "json", .trusted = true,
		.valid_from = clock_now(), .valid_until = TIME_NEVER};
	TRY(parties_pick(call, order, e, &subject, &by));
	e->issuer_id = by.id;
	e->signer = issuer_did(call, by.id, by.key);
	e->signer_name = by.name;
	TRY(own_draft(call, &by, &subject, e, &form));
	TRY(own_seal(call, &by, e->signer, &form));
	TRY(store_endorsement_add(call, e, (struct skd_text){form.bytes, form.size}));
	return told(call, "made", "endorsement.add", e->id, e);
}

/* ---- others' ---- */

/* The first check that does not let it pass. */
static enum skd_outcome verdict_check(struct skd_call *call, const struct verify_answer *answer)
{
	enum verify_result bad = answer->verdict == VERDICT_UNKNOWN ? VERIFY_UNKNOWN : VERIFY_FAILED;
	for (int i = 0; answer->verdict != VERDICT_VERIFIED && i < VERIFY_CHECKS; i++)
		if (answer->checks[i].made && answer->checks[i].result == bad && (i != CHECK_ISSUER || bad == VERIFY_FAILED))
			return fail_field(call, "/document", "%s: %s", verify_check_name((enum verify_check)i), answer->checks[i].detail);
	return SKD_OK;
}

static enum skd_outcome foreign_read(struct skd_call *call, struct skd_text document, struct store_endorsement *e, const char **about)
{
	struct verify_answer answer;
	if (document.size > ENDORSEMENT_DOCUMENT)
		return fail_field(call, "/document", "must have at most %d bytes", ENDORSEMENT_DOCUMENT);
	verification_endorsement(call, document, &answer);
	TRY(work_resume(call));
	TRY(verdict_check(call, &answer));
	if (strlen(answer.id) > ID_MOST)
		return fail_field(call, "/document", "has an id of more than %d bytes", ID_MOST);
	e->signer = answer.issuer;
	e->signer_name = answer.issuer_name;
	e->document = answer.id;
	e->comment = answer.comment;
	e->form = answer.jws ? "jwt" : "json";
	e->trusted = answer.checks[CHECK_ISSUER].result == VERIFY_PASSED;
	e->valid_until = TIME_NEVER;
	*about = answer.subject;
	if (!time_parse(answer.valid_from, &e->valid_from) || (answer.valid_until && !time_parse(answer.valid_until, &e->valid_until)))
		return fail(call, SKD_FAULT, "an endorsement with no dates was verified");
	return SKD_OK;
}

/* A JWT stands alone in JSON: no white space around it. */
static struct skd_text trimmed(const char *document)
{
	static const char white[] = " \t\r\n";
	struct skd_text text = {document + strspn(document, white), 0};
	text.size = strlen(text.bytes);
	while (text.size && strchr(white, text.bytes[text.size - 1]))
		text.size--;
	return text;
}

enum skd_outcome endorsement_receive(struct skd_call *call, const char *document, struct store_endorsement *e)
{
	char id[UUID_SIZE];
	struct subject subject = {0};
	struct skd_text bytes = trimmed(document);
	const char *about = "";
	uuid_new(id);
	*e = (struct store_endorsement){.id = id};
	TRY(foreign_read(call, bytes, e, &about));
	if (call->paused)
		TRY(actor_again(call, ROLE_CATALOGUE));
	TRY(absent_as_field(call, "/document", subject_find(call, about, e, &subject)));
	if (strcmp(e->signer, issuer_did(call, subject.owner.id, subject.owner.key)) == 0)
		return fail_field(call, "/document", "is the word of %s on what is its own", subject.owner.name);
	TRY(issuer_may_write(call, subject.owner.id, true));
	TRY(store_endorsement_add(call, e, bytes));
	return told(call, "received", "endorsement.receive", id, e);
}

/* ---- withdrawing ---- */

/* Of ours for those who issue for it, which needs the role; of somebody else's for those who might take it in. */
static enum skd_outcome may_withdraw(struct skd_call *call, const struct store_endorsement *e)
{
	if (!e->issuer_id)
		return issuer_may_write(call, e->owner_id, false);
	return actor_has(call, ROLE_ISSUER) ? issuer_may_issue(call, e->issuer_id, false)
					    : fail(call, SKD_DENIED, "this needs the role issuer");
}

enum skd_outcome endorsement_withdraw(struct skd_call *call, const char *id, const char *reason, struct store_endorsement *e)
{
	TRY(store_endorsement_get(call, id, e));
	TRY(may_withdraw(call, e));
	TRY(store_endorsement_withdraw(call, id, reason));
	if (e->issuer_id)
		TRY(store_status_set(call, id, "revocation", true));
	return told(call, "withdrawn", "endorsement.withdraw", id, e);
}
