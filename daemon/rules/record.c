/* SPDX-License-Identifier: Apache-2.0
 * Records: badges gathered, drafted as one, sealed. */
#include "rules/record.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/badge.h"
#include "rules/issuer.h"
#include "rules/person.h"
#include "rules/sealing.h"
#include "sign/canon.h"
#include "store/leaver.h"

#include <string.h>

/* The form of its kind that the plugins have. */
static struct badge_kind kind_about(const struct house *house, enum skd_about about)
{
	struct badge_kind kind = {0};
	while ((kind = badge_kind_next(house, kind)).form && (kind.form->about != about || kind.form->seal != SKD_SEAL_PROOF))
		continue;
	return kind;
}

/* As its issuer signed it; canonical, as all is within what will be signed. */
static enum skd_outcome record_add(struct skd_call *call, const char *credential_id, struct badge_kind kind, struct skd_text *record)
{
	struct badge badge;
	struct text text;
	json_t *json;
	TRY(badge_get(call, credential_id, kind, &badge));
	TRY(canon_read(call, "a badge", (const char *)badge.bytes, badge.size, &json));
	text_begin(&text, call, badge.size);
	TRY(canon_write(call, json, &text));
	*record = (struct skd_text){text.bytes, text.size};
	return SKD_OK;
}

/* What is in it, and whose it is. */
static enum skd_outcome record_gather(struct skd_call *call, const char *person_id, struct skd_award *award)
{
	struct badge_kind kind = kind_about(call->house, SKD_ABOUT_CREDENTIAL);
	const char *const *ids;
	size_t count = 0;
	struct store_badge facts;
	if (kind.form)
		TRY(store_leaver_badges(call, person_id, kind.form->name, &ids, &count));
	if (!count)
		return fail(call, SKD_CLASH, "they have no badge that would be in it");
	TRY(badge_facts(call, ids[0], &facts));
	struct skd_text *records = talloc_zero_array(call, struct skd_text, count);
	for (size_t i = 0; i < count; i++) {
		TRY(record_add(call, ids[i], kind, &records[i]));
	}
	award->subject = facts.award.subject;
	award->salt = facts.award.salt;
	award->identity = facts.award.identity;
	award->record_count = count;
	award->records = records;
	return SKD_OK;
}

static enum skd_outcome record_seal(struct skd_call *call, struct skd_award *award, struct text *document)
{
	struct badge_kind kind = kind_about(call->house, SKD_ABOUT_RECORD);
	struct store_issuer company;
	struct sealing sealing;
	TRY(issuer_get(call, NULL, &company));
	award->issuer_id = company.id;
	award->issuer_did = issuer_did(call, company.id, company.key);
	award->issuer_name = company.name;
	award->issuer_url = company.url;
	award->issuer_mail = company.mail;
	enum skd_outcome outcome = kind.form ? sealing_begin(call, company.id, award->issuer_did, SKD_SEAL_PROOF, &sealing) : SKD_ABSENT;
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "there is no Ed25519 key of the company, or no plugin for records");
	}
	TRY(outcome);
	TRY(badge_draft(call, kind, award, document));
	return sealing_forms(call, &sealing, 1, document);
}

enum skd_outcome record_make(struct skd_call *call, const char *person_id, struct text *document)
{
	struct store_person person;
	char id[UUID_SIZE];
	int64_t now = clock_now();
	struct skd_award award = {.origin = call->house->public_url, .id = id, .name = "Record of skills", .awarded = now, .valid_from = now,
				  .valid_until = TIME_NEVER};
	uuid_new(id);
	TRY(person_get(call, person_id, &person));
	const char *human = person.human_id ? person.human_id : person_id;
	if (!actor_is(call, human) && !sight_everyone(call, SIGHT_RECORD))
		return fail(call, SKD_DENIED, "only the person themselves, hr and admin may have their record");
	if (!actor_scoped(call, "credentials", false))
		return fail(call, SKD_DENIED, "a record is made of badges, for which the token needs the scope credentials:read");
	TRY(record_gather(call, human, &award));
	TRY(record_seal(call, &award, document));
	return audit_done(call, "person.record", "person", human, talloc_asprintf(call, "{\"badges\":%zu}", award.record_count));
}
