/* SPDX-License-Identifier: Apache-2.0
 * Signing in: throttled before anyone is asked, the authenticators in their order, one answer for
 * every kind of failure. */
#include "rules/session.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/talk.h"
#include "rules/tries.h"
#include "sign/digest.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <unistd.h>

/* ---- throttling ---- */

enum { QUEUE = 20000000 }; /* microseconds to wait for other tries of the name */

struct throttle_keys {
	uint8_t user[DIGEST_SIZE], address[DIGEST_SIZE];
	bool inside; /* among the tries under way */
};

/* A network rather than an address where clients own whole networks (IPv6 /64). */
static void throttle_keys(struct skd_call *call, const char *username, struct throttle_keys *keys)
{
	unsigned char address[16] = {0};
	const char *said = call->address ? call->address : "";
	char *folded = talloc_strdup(call, username);
	for (char *c = folded; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	size_t size = inet_pton(AF_INET6, said, address) == 1 ? 8 : strlen(said);
	const void *network = size == 8 && strchr(said, ':') ? (const void *)address : said;
	digest_keyed(call->house->token_key, "throttle user", 1, &(struct digest_part){folded, strlen(folded)}, keys->user);
	digest_keyed(call->house->token_key, "throttle net", 1, &(struct digest_part){network, size}, keys->address);
}

/* `failures`: those of the name. */
static enum skd_outcome throttle_ask(struct skd_call *call, const struct throttle_keys *keys, int64_t *failures)
{
	int64_t user, address, unused;
	TRY(store_throttle_ask(call, keys->user, call->house->throttle_window, &user, failures));
	TRY(store_throttle_ask(call, keys->address, call->house->throttle_window, &address, &unused));
	int64_t wait = user > address ? user : address;
	if (!wait)
		return SKD_OK;
	call->retry_after = (unsigned)wait;
	return fail(call, SKD_SLOW_DOWN, "too many failed attempts; try again in %ld seconds", (long)wait);
}

/* In, once no more tries of the name are under way than may still fail. */
static enum skd_outcome throttle_enter(struct skd_call *call, struct throttle_keys *keys)
{
	const struct house *house = call->house;
	int64_t failures, deadline = clock_monotonic() + QUEUE;
	do {
		unsigned mark = tries_mark(house->tries, keys->user);
		TRY(pool_borrow(house->writers, call));
		TRY(throttle_ask(call, keys, &failures));
		pool_return(call);
		unsigned room = failures < house->throttle_user ? (unsigned)(house->throttle_user - failures) : 1;
		keys->inside = tries_enter(house->tries, keys->user, room, mark, deadline);
	} while (!keys->inside && clock_monotonic() < deadline);
	return keys->inside ? SKD_OK : fail(call, SKD_BUSY, "other sign-ins with this name are still under way");
}

static void throttle_leave(struct skd_call *call, struct throttle_keys *keys)
{
	if (keys->inside)
		tries_leave(call->house->tries, keys->user);
	keys->inside = false;
}

/* Directories take more than one spelling for a name: a failure counts for the one typed, and for the
 * account it is, where that is known. */
static enum skd_outcome throttle_fail(struct skd_call *call, const struct throttle_keys *keys, const char *account)
{
	const struct house *h = call->house;
	struct throttle_keys known = *keys;
	if (account)
		throttle_keys(call, account, &known);
	TRY(store_throttle_fail(call, keys->user, h->throttle_user, h->throttle_window, h->throttle_block));
	if (memcmp(known.user, keys->user, DIGEST_SIZE) != 0)
		TRY(store_throttle_fail(call, known.user, h->throttle_user, h->throttle_window, h->throttle_block));
	return store_throttle_fail(call, keys->address, h->throttle_address, h->throttle_window, h->throttle_block);
}

/* ---- in ---- */

static enum skd_outcome session_record(struct skd_call *call, const struct authenticator *by,
				       const struct skd_step *step, struct session_opened *opened)
{
	uint8_t hash[DIGEST_SIZE];
	const char *account_id, *subject = step->person_id ? step->person_id : step->account;
	struct store_session session;
	TRY(store_account_person(call, step->source, step->person_id, by->match_username ? step->account : NULL,
				 &opened->person_id));
	TRY(store_account_put(call, by->instance->name, subject, step->account, opened->person_id, &account_id));
	token_new("sks_", opened->token);
	digest_keyed(call->house->token_key, "ticket", 1, &(struct digest_part){opened->token, strlen(opened->token)}, hash);
	TRY(store_session_add(call, hash, account_id, call->address, call->house->session_absolute, &session));
	TRY(actor_find(call, opened->token));
	opened->id = session.id;
	opened->created_at = session.created_at;
	opened->expires_at = session.expires_at;
	opened->account = step->account;
	opened->authenticator = by->instance->name;
	opened->person_id = call->actor->person_id;
	opened->person_name = call->actor->person_name;
	opened->roles = call->actor->roles;
	return audit_note(call, "session.open", "ok", "session", opened->id, NULL);
}

static enum skd_outcome signin_in(struct skd_call *call, const struct authenticator *by, const struct skd_step *step,
				  const struct throttle_keys *keys, struct session_opened *opened)
{
	struct throttle_keys known = {0};
	int64_t failures;
	throttle_keys(call, step->account, &known);
	TRY(pool_borrow(call->house->writers, call));
	TRY(throttle_ask(call, &known, &failures));
	TRY(tx_begin(call));
	TRY(store_throttle_clear(call, keys->user));
	TRY(store_throttle_clear(call, known.user));
	TRY(session_record(call, by, step, opened));
	return tx_commit(call);
}

/* ---- out ---- */

/* "authenticator:name" of whom was tried, or NULL: what is nobody's name may be a password in the wrong field. */
static enum skd_outcome signin_name(struct skd_call *call, const struct authenticator *by, const char *username,
				    const struct skd_step *step, const char **account)
{
	const struct house *house = call->house;
	const char *name = step->account && utf8_valid(step->account, strlen(step->account)) ? step->account : NULL;
	*account = NULL;
	for (size_t i = 0; i < house->rescue_count && !name; i++)
		if (strcmp(strchr(house->rescue_accounts[i], ':') + 1, username) == 0)
			name = username;
	if (!name)
		TRY(store_name_known(call, username, &name));
	if (name)
		*account = talloc_asprintf(call, "%s:%s", by->instance->name, name);
	return SKD_OK;
}

static void hold_back(const struct skd_call *call, unsigned delay_ms)
{
	int64_t until = call->started + 1000 * (call->house->failure_delay > (long)delay_ms ? call->house->failure_delay
											    : (long)delay_ms);
	int64_t wait = until - clock_monotonic();
	if (wait > 0)
		usleep((useconds_t)wait);
}

/* Wrong, unknown, locked: the same words, after the same time. */
static enum skd_outcome signin_out(struct skd_call *call, const struct authenticator *by, const char *username,
				   struct throttle_keys *keys, const struct skd_step *step)
{
	const char *account;
	call_forgive(call);
	TRY(pool_borrow(call->house->writers, call));
	TRY(throttle_fail(call, keys, step->account));
	throttle_leave(call, keys);
	TRY(signin_name(call, by, username, step, &account));
	TRY(audit_shut_out(call, account));
	pool_return(call);
	hold_back(call, step->delay_ms);
	return fail(call, SKD_DENIED, "user name or password is wrong, or the account may not sign in");
}

static void signin_count(const struct authenticator *by, enum skd_outcome outcome, const struct skd_step *step,
			 int64_t began)
{
	struct authenticator_counts *counts = by->counts;
	uint64_t *counter = outcome == SKD_OK	    ? step->talk ? &counts->more : &counts->in
			    : outcome == SKD_DENIED ? &counts->wrong
			    : outcome == SKD_ABSENT ? &counts->unknown
						    : &counts->unavailable;
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&counts->microseconds, (uint64_t)(clock_monotonic() - began), __ATOMIC_RELAXED);
}

static enum skd_outcome signin_begin(struct skd_call *call, struct talk *talk, const struct skd_signin *signin,
				     struct skd_step *step)
{
	const struct instance *instance = talk->by->instance;
	talk->began = clock_monotonic();
	talk->began_at = clock_now();
	if (!*signin->password)
		return SKD_DENIED;
	enum skd_outcome outcome = instance->plugin->is.authenticator.begin(instance->self, call, signin, step);
	signin_count(talk->by, outcome, step, talk->began);
	return outcome;
}

/* Why is for the log: strangers need not know where the directory is. */
static enum skd_outcome signin_unavailable(struct skd_call *call, const struct authenticator *by,
					   enum skd_outcome outcome)
{
	log_line(SKD_WARNING, by->instance->name, "no sign-in: %s", call->sentence ? call->sentence : "no reason given");
	call_forgive(call);
	return fail(call, outcome, "the sign-in service is not available");
}

/* What an authenticator's step means: in, out, or more is asked. */
static enum skd_outcome signin_step(struct skd_call *call, const struct talk *talk, struct throttle_keys *keys,
				    enum skd_outcome outcome, const struct skd_step *step, struct session_opened *opened)
{
	if (outcome == SKD_OK && !step->talk && !utf8_valid(step->account, strlen(step->account)))
		outcome = fail(call, SKD_BUSY, "it gave a name that is not UTF-8");
	if (outcome == SKD_DENIED || outcome == SKD_ABSENT)
		return signin_out(call, talk->by, talk->username, keys, step);
	if (outcome != SKD_OK)
		return signin_unavailable(call, talk->by, outcome);
	return step->talk ? talks_add(call, talk, step, opened) : signin_in(call, talk->by, step, keys, opened);
}

enum skd_outcome session_open(struct skd_call *call, const char *username, const char *password,
			      struct session_opened *opened)
{
	const struct house *house = call->house;
	const struct skd_signin signin = {username, password, call->address ? call->address : ""};
	struct talk talk = {.username = username};
	struct throttle_keys keys = {0};
	struct skd_step step = {0};
	enum skd_outcome outcome = SKD_ABSENT;
	unsigned delay = 0;
	throttle_keys(call, username, &keys);
	memcpy(talk.network, keys.address, DIGEST_SIZE);
	TRY(throttle_enter(call, &keys));
	for (size_t i = 0; i < house->authenticator_count && outcome == SKD_ABSENT; i++) {
		talk.by = &house->authenticators[i];
		step = (struct skd_step){0};
		call_forgive(call);
		outcome = signin_begin(call, &talk, &signin, &step);
		delay = step.delay_ms > delay ? step.delay_ms : delay;
	}
	step.delay_ms = delay;
	outcome = signin_step(call, &talk, &keys, outcome, &step, opened);
	throttle_leave(call, &keys);
	return outcome;
}

/* Closes a conversation that is not gone on with. */
static enum skd_outcome answer_refuse(struct talk *talk, enum skd_outcome outcome)
{
	const struct instance *instance = talk->by->instance;
	instance->plugin->is.authenticator.drop(instance->self, talk->talk);
	return outcome;
}

enum skd_outcome session_answer(struct skd_call *call, const char *talk_id, size_t count, const char *const *answers,
				struct session_opened *opened)
{
	struct talk *talk = talks_take(call->house->talks, talk_id);
	struct throttle_keys keys = {0};
	struct skd_step step = {0};
	if (!talk)
		return fail(call, SKD_ABSENT, "this sign-in is over; begin again");
	talloc_steal(call, talk);
	if (count != talk->asked)
		return answer_refuse(talk, fail_field(call, "/answers", "%zu answers are asked for, not %zu", talk->asked, count));
	throttle_keys(call, talk->username, &keys);
	enum skd_outcome outcome = throttle_enter(call, &keys);
	if (outcome != SKD_OK)
		return answer_refuse(talk, outcome);
	struct instance *instance = talk->by->instance;
	int64_t began = clock_monotonic();
	outcome = instance->plugin->is.authenticator.answer(instance->self, call, talk->talk, count, answers, &step);
	signin_count(talk->by, outcome, &step, began);
	outcome = signin_step(call, talk, &keys, outcome, &step, opened);
	throttle_leave(call, &keys);
	return outcome;
}
