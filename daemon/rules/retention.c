/* SPDX-License-Identifier: Apache-2.0
 * Clocks, holds, exports and erasures. */
#include "rules/retention.h"

#include "base/json.h"
#include "base/log.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/house.h"
#include "rules/person.h"
#include "sign/digest.h"
#include "store/human.h"

#include <string.h>

/* ---- policies ---- */

/* A group is known by the key that its directory itself gives it. */
static void policy_groups(struct skd_call *call, struct json *json, const struct retention_rule *rule)
{
	const struct instance *source = rule->directory ? rule->directory->instance : NULL;
	if (!rule->group_count)
		return;
	put_array(json, "groups");
	for (size_t i = 0; source && i < rule->group_count; i++) {
		put_object(json, NULL);
		put_string(json, "source", source->name);
		put_string(json, "key", source->plugin->is.source.key(source->self, call, rule->groups[i]));
		put_object_end(json);
	}
	put_array_end(json);
}

static const char *policies_write(struct skd_call *call)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 512);
	json_begin(&json, &text);
	put_array(&json, NULL);
	for (size_t i = 0; i < call->house->retention_count; i++) {
		const struct retention_rule *rule = &call->house->retention[i];
		put_object(&json, NULL);
		put_int(&json, "n", (int64_t)i);
		put_string(&json, "name", rule->name);
		put_string(&json, "keep", rule->keep);
		put_bool(&json, "automatic", rule->automatic);
		if (rule->country_count)
			put_array(&json, "countries");
		for (size_t k = 0; k < rule->country_count; k++)
			put_string(&json, NULL, rule->countries[k]);
		if (rule->country_count)
			put_array_end(&json);
		policy_groups(call, &json, rule);
		put_object_end(&json);
	}
	put_array_end(&json);
	return text_end(&text);
}

enum skd_outcome retention_list(struct skd_call *call, const struct store_clock_filter *filter, struct list *list,
				struct store_clock **clocks, size_t *count)
{
	return store_clock_list(call, policies_write(call), filter, list, clocks, count);
}

/* ---- exports ---- */

enum skd_outcome retention_export(struct skd_call *call, const char *person_id, struct store_held **sections,
				  size_t *count)
{
	struct store_person person;
	TRY(person_get(call, person_id, &person));
	if (!actor_is(call, person.human_id ? person.human_id : person_id) && !sight_everyone(call, SIGHT_EXPORT))
		return fail(call, SKD_DENIED, "only the person themselves, hr and admin may have all that is held");
	TRY(store_held_list(call, person_id, sections, count));
	return audit_note(call, "person.export", "ok", "person", person_id, NULL);
}

/* ---- holds ---- */

enum skd_outcome hold_get(struct skd_call *call, const char *person_id, struct store_hold *hold)
{
	struct store_person person;
	TRY(person_get(call, person_id, &person));
	return store_hold_get(call, person_id, hold);
}

enum skd_outcome hold_add(struct skd_call *call, const char *person_id, const char *reason, int64_t until,
			  struct store_hold *hold)
{
	struct store_person person;
	const struct store_hold order = {
		.person_id = person_id, .reason = reason, .until = until, .account = audit_account(call)};
	TRY(person_get(call, person_id, &person));
	if (until <= clock_now())
		return fail_field(call, "/until", "must be in the future");
	enum skd_outcome outcome = store_hold_add(call, &order, call->actor->account_id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "a hold stands already: lift it first");
	}
	TRY(outcome);
	TRY(audit_done(call, "person.hold", "person", person_id, NULL));
	return store_hold_get(call, person_id, hold);
}

enum skd_outcome hold_lift(struct skd_call *call, const char *person_id, long version)
{
	struct store_hold hold;
	TRY(hold_get(call, person_id, &hold));
	if (hold.version != version)
		return fail(call, SKD_STALE, "there is another hold now: read it again");
	TRY(store_hold_lift(call, person_id));
	return audit_done(call, "person.hold.lift", "person", person_id, NULL);
}

/* ---- erasure ---- */

/* Known by this from then on: not by the directory's id, and so it stays nobody's. */
static const char *erased_id(struct skd_call *call, const struct store_person *person)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[DIGEST_SIZE];
	const struct digest_part parts[] = {{person->source, strlen(person->source)},
					    {person->external_id, strlen(person->external_id)},
					    {person->id, strlen(person->id)}};
	digest_keyed(call->house->token_key, "erased person", 3, parts, digest);
	char *id = talloc_asprintf(call, "erased:%0*d", 2 * DIGEST_SIZE, 0);
	for (int i = 0; i < DIGEST_SIZE; i++) {
		id[7 + 2 * i] = digits[digest[i] >> 4];
		id[8 + 2 * i] = digits[digest[i] & 15];
	}
	return id;
}

/* Of all that was held, under a key that is forgotten here: it proves that something was there and is gone, and
 * lets nobody try what it may have been. */
static enum skd_outcome held_digest(struct skd_call *call, const char *person_id, const char **digest)
{
	uint8_t random[DIGEST_SIZE], sum[DIGEST_SIZE];
	struct store_held *sections;
	struct text key, held;
	size_t count;
	text_begin(&held, call, 4096);
	text_begin(&key, call, 2 * DIGEST_SIZE + 1);
	random_bytes(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		text_addf(&key, "%02x", random[i]);
	TRY(store_held_list(call, person_id, &sections, &count));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sections[i].count; k++)
			text_addf(&held, "%s %s\n", sections[i].name, sections[i].items[k]);
	digest_keyed(text_end(&key), "erasure", 1, &(struct digest_part){held.bytes, held.size}, sum);
	explicit_bzero(random, sizeof random);
	explicit_bzero(key.bytes, key.size);
	explicit_bzero(held.bytes, held.size);
	text_begin(&held, call, 2 * DIGEST_SIZE + 1);
	for (size_t i = 0; i < sizeof sum; i++)
		text_addf(&held, "%02x", sum[i]);
	*digest = text_end(&held);
	return SKD_OK;
}

/* It stays when they are gone. */
static enum skd_outcome reason_check(struct skd_call *call, const struct erasure_order *order)
{
	bool names;
	TRY(store_erasure_names(call, order->person_id, order->reason, &names));
	return names ? fail_field(call, "/reason", "must not name the person, since it is kept") : SKD_OK;
}

/* With the rows locked: the sync's lease first, as the sync itself does, so that nobody returns meanwhile. */
static enum skd_outcome erasure_may(struct skd_call *call, const struct erasure_order *order, struct store_person *person,
				    struct store_clock *clock)
{
	const struct sight all = {.everyone = true};
	long version;
	char due[TIME_SIZE];
	TRY(store_person_get(call, &all, order->person_id, person));
	TRY(store_lease_wait(call, talloc_asprintf(call, "sync %s", person->source)));
	TRY(store_human_lock(call));
	TRY(store_erasure_lock(call, order->person_id, &version));
	if (version != order->version)
		return fail(call, SKD_STALE, "the person was changed since you read them: read them again");
	TRY(store_person_get(call, &all, order->person_id, person));
	if (person->absent_since == TIME_NEVER)
		return fail(call, SKD_CLASH, "the person is here: only those who left are erased");
	if (person->human_id)
		return fail(call, SKD_CLASH, "this is an entry of the person %s, who is asked about first", person->human_id);
	TRY(store_clock_get(call, policies_write(call), order->person_id, clock));
	if (clock->held)
		return fail(call, SKD_CLASH, "a legal hold stands: %s", clock->hold_reason);
	if (clock->due || order->early)
		return SKD_OK;
	if (!clock->policy)
		return fail(call, SKD_CLASH, "no policy says when this person's data are due: say early, and why");
	time_format(clock->due_at, due);
	return fail(call, SKD_CLASH, "by %s this person's data are due at %s: say early, and why", clock->policy, due);
}

enum skd_outcome erasure_make(struct skd_call *call, const struct erasure_order *order, struct store_erasure *erasure)
{
	struct store_person person;
	struct store_clock clock;
	const char *account_id = call->actor ? call->actor->account_id : NULL, *id, *whos;
	TRY(erasure_may(call, order, &person, &clock));
	if (call->actor)
		TRY(reason_check(call, order));
	*erasure = (struct store_erasure){.person_id = order->person_id, .account = audit_account(call), .policy = clock.policy,
					  .reason = order->reason, .early = !clock.due};
	TRY(store_human_part(call, order->person_id));
	TRY(held_digest(call, order->person_id, &erasure->digest));
	TRY(store_erasure_run(call, order->person_id, erased_id(call, &person), &erasure->removed, &whos));
	TRY(store_erasure_add(call, erasure, account_id, &id));
	const char *detail = talloc_asprintf(call, "{\"erasure\":\"%s\",\"early\":%s,\"removed\":%s,\"who\":%s}", id,
					     erasure->early ? "true" : "false", erasure->removed, whos);
	TRY(audit_done(call, "person.erase", "person", order->person_id, detail));
	return store_erasure_get(call, id, erasure);
}

enum skd_outcome erasure_get(struct skd_call *call, const char *id, struct store_erasure *erasure)
{
	return store_erasure_get(call, id, erasure);
}

enum skd_outcome erasure_list(struct skd_call *call, struct list *list, struct store_erasure **erasures, size_t *count)
{
	return store_erasure_list(call, list, erasures, count);
}

/* ---- by itself ---- */

static bool is_automatic(const struct house *house)
{
	for (size_t i = 0; i < house->retention_count; i++)
		if (house->retention[i].automatic)
			return true;
	return false;
}

/* Somebody else may have been quicker: another daemon, the directory, a hold. What is wrong with one is no reason
 * to keep the next. */
static enum skd_outcome tidy_person(struct skd_call *call, const struct store_due *due)
{
	const struct sight all = {.everyone = true};
	struct erasure_order order = {.person_id = due->person_id, .reason = "the time is over"};
	struct store_erasure erasure;
	struct store_person person;
	TRY(tx_begin(call));
	enum skd_outcome outcome = store_person_get(call, &all, due->person_id, &person);
	if (outcome == SKD_OK) {
		order.version = person.version;
		outcome = erasure_make(call, &order, &erasure);
	}
	if (outcome == SKD_OK)
		return tx_commit(call);
	tx_rollback(call);
	if (outcome == SKD_BUSY)
		return outcome;
	if (outcome == SKD_FAULT)
		log_failure(call);
	call_forgive(call);
	return SKD_OK;
}

/* A clock that is years ahead makes everybody due who ever left. */
static enum skd_outcome clock_steady(struct skd_call *call, bool *steady)
{
	struct store_steady seen;
	char from[TIME_SIZE];
	TRY(store_clock_look(call, &seen));
	time_format(seen.from, from);
	if (seen.stepped)
		log_line(SKD_WARNING, "retention", "the database's clock has stepped, or nobody looked at it for a day: "
			 "nobody is erased by itself before %s", from);
	*steady = seen.steady;
	return SKD_OK;
}

enum skd_outcome retention_tidy(struct skd_call *call)
{
	enum { BATCH = 200, LEAST_MS = 2000 };
	const char *policies = policies_write(call), *missing;
	struct store_due *due;
	size_t count;
	bool steady;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(store_group_left_tidy(call));
	if (!is_automatic(call->house))
		return SKD_OK;
	TRY(clock_steady(call, &steady));
	if (!steady)
		return SKD_OK;
	TRY(store_clock_due(call, policies, BATCH, &due, &count, &missing));
	if (missing)
		log_line(SKD_WARNING, "retention", "nobody is erased: a policy names the group %s, which the directory lacks",
			 missing);
	for (size_t i = 0; i < count && call_time_left(call) > LEAST_MS; i++)
		TRY(tidy_person(call, &due[i]));
	return SKD_OK;
}
