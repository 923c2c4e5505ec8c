/* SPDX-License-Identifier: Apache-2.0
 * The checks that do not depend on the version of Open Badges, and how a check comes by its result. */
#include "verify/check.h"

#include "base/text.h"
#include "sign/canon.h"
#include "sign/digest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void detail_set(struct checking *c, enum verify_check check, enum verify_result result, const char *detail)
{
	c->answer->checks[check].made = true;
	c->answer->checks[check].result = result;
	c->answer->checks[check].detail = detail;
}

void check_say(struct checking *c, enum verify_check check, enum verify_result result, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	detail_set(c, check, result, talloc_vasprintf(c->call, format, arguments));
	va_end(arguments);
}

void check_tell(struct checking *c, enum verify_check check, enum skd_outcome outcome, const char *format, ...)
{
	va_list arguments;
	bool unknown = outcome == SKD_ABSENT || outcome == SKD_GONE || outcome == SKD_BUSY || outcome == SKD_FAULT;
	va_start(arguments, format);
	if (outcome == SKD_OK)
		detail_set(c, check, VERIFY_PASSED, talloc_vasprintf(c->call, format, arguments));
	else
		detail_set(c, check, unknown ? VERIFY_UNKNOWN : VERIFY_FAILED, talloc_strdup(c->call, c->call->sentence));
	va_end(arguments);
	call_forgive(c->call);
}

bool check_tests(struct checking *c, const char *issuer, const char *name)
{
	enum { SIZE = sizeof VERIFY_TESTS - 1 };
	size_t size = name ? strlen(name) : 0;
	if (size < SIZE || strcmp(name + size - SIZE, VERIFY_TESTS) != 0)
		return false;
	check_say(c, CHECK_ISSUER, VERIFY_FAILED, "%s issued it, which is for tests only: what it issues proves nothing",
		  text_whole(c->call, issuer));
	return true;
}

void check_signatory(struct checking *c, const char *issuer, const char *name, const struct signatory *signatory)
{
	const char *shown = text_whole(c->call, issuer ? issuer : "nobody");
	if (!issuer || strcmp(signatory->controller, issuer) != 0)
		check_say(c, CHECK_ISSUER, VERIFY_FAILED, "it says it is issued by %s, but %s signed it", shown,
			  text_whole(c->call, signatory->controller));
	else if (check_tests(c, issuer, name))
		return;
	else if (signatory->trusted)
		check_say(c, CHECK_ISSUER, VERIFY_PASSED, "%s signed it, whose documents are trusted here", shown);
	else
		check_say(c, CHECK_ISSUER, VERIFY_UNKNOWN,
			  "%s signed it; that this is %s, and to be trusted, nobody here vouches for", shown,
			  name ? text_whole(c->call, name) : "whom it seems to be");
}

const char *verify_ended(struct skd_call *call, const char *state, const char *by, const char *why)
{
	const char *words = "it is not in force any more: its issuer has revoked, suspended or replaced it";
	if (state && strcmp(state, "revoked") == 0)
		words = "its issuer has revoked it";
	else if (state && strcmp(state, "suspended") == 0)
		words = "its issuer has suspended it";
	else if (state && strcmp(state, "superseded") == 0)
		words = by ? talloc_asprintf(call, "its issuer has replaced it by %s", text_whole(call, by)) : "its issuer has replaced it";
	return why ? talloc_asprintf(call, "%s: %s", words, text_whole(call, why)) : words;
}

const char *check_time(const json_t *object, const char *name)
{
	return json_object_get(object, name) ? canon_string(object, name) ? canon_string(object, name) : "" : NULL;
}

void check_dates(struct checking *c, const char *from, const char *until)
{
	int64_t begin = INT64_MIN, end = TIME_NEVER;
	if ((from && !time_parse(from, &begin)) || (until && !time_parse(until, &end)))
		check_say(c, CHECK_DATES, VERIFY_FAILED, "from when to when it is valid is not said as dates");
	else if (end <= begin)
		check_say(c, CHECK_DATES, VERIFY_FAILED, "it ends before it begins: valid from %s until %s", from, until);
	else if (begin > c->ask->now)
		check_say(c, CHECK_DATES, VERIFY_FAILED, "not yet valid: valid from %s", from);
	else if (end <= c->ask->now)
		check_say(c, CHECK_DATES, VERIFY_FAILED, "expired: it was valid until %s", until);
	else if (until)
		check_say(c, CHECK_DATES, VERIFY_PASSED, "valid until %s", until);
	else
		check_say(c, CHECK_DATES, VERIFY_PASSED, "valid since %s, with no end", from ? from : "ever");
}

static bool hash_is(struct checking *c, const char *identity, const char *mail, const char *salt)
{
	const char *text = talloc_asprintf(c->call, "%s%s", mail, salt ? salt : "");
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];
	hasher_sha256(hasher_new(c->call), text, strlen(text), digest);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return strncmp(identity, "sha256$", 7) == 0 && string_equal_nocase(identity + 7, hex);
}

bool identity_is(struct checking *c, const char *identity, bool hashed, const char *salt)
{
	char *lower = talloc_strdup(c->call, c->ask->recipient); /* as the store has it: letters of ASCII */
	if (!hashed)
		return string_equal_nocase(identity, c->ask->recipient);
	for (char *at = lower; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
	return hash_is(c, identity, c->ask->recipient, salt) || hash_is(c, identity, lower, salt);
}
