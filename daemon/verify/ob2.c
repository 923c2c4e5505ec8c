/* SPDX-License-Identifier: Apache-2.0
 * Open Badges 2.0: a hosted assertion, which its own address confirms, or a signed one, a JWS. */
#include "verify/check.h"

#include "base/text.h"
#include "sign/canon.h"

#include <string.h>

struct assertion {
	const json_t *document, *class, *issuer; /* the latter two NULL: they cannot be had */
	const char *id, *issuer_id;
	bool own;     /* the issuer's document is its own, from its address, and not just what the badge says of it */
	bool trusted; /* and who asks vouches for it */
};

/* ---- members ---- */

static void absent_put(struct text *faults, const char *at, const json_t *object, const char *names)
{
	for (size_t size; *names; names += size + (names[size] == ' ')) {
		size = strcspn(names, " ");
		const json_t *value = json_object_getn(object, names, size);
		if (value && !json_is_null(value))
			continue;
		text_addf(faults, "%s%s/%.*s: is absent", faults->size ? "; " : "", at, (int)size, names);
	}
}

static void shape_check(struct checking *c, const struct assertion *a)
{
	struct text faults;
	const char *type = canon_string(json_object_get(a->document, "verification"), "type");
	text_begin(&faults, c->call, 256);
	absent_put(&faults, "", a->document, "@context type id recipient badge issuedOn verification");
	absent_put(&faults, "/recipient", json_object_get(a->document, "recipient"), "type identity hashed");
	if (a->class)
		absent_put(&faults, "/badge", a->class, "type id name description image criteria issuer");
	if (a->issuer)
		absent_put(&faults, "/badge/issuer", a->issuer, "type id name url email");
	if (!type || (!c->sealed.jws && strcmp(type, "hosted") != 0 && strcmp(type, "HostedBadge") != 0) ||
	    (c->sealed.jws && strcmp(type, "signed") != 0 && strcmp(type, "SignedBadge") != 0))
		text_addf(&faults, "%s/verification/type: is not %s", faults.size ? "; " : "", c->sealed.jws ? "signed" : "hosted");
	if (faults.size)
		check_say(c, CHECK_SCHEMA, VERIFY_FAILED, "%s", text_end(&faults));
	else
		check_say(c, CHECK_SCHEMA, VERIFY_PASSED, "it has all members that Open Badges 2.0 asks for");
}

/* ---- what it refers to ---- */

/* Embedded, or to be had; NULL otherwise. */
static const json_t *linked(struct checking *c, const json_t *value, bool *trusted)
{
	json_t *document = NULL;
	*trusted = false;
	if (json_is_object(value))
		return value;
	if (!json_is_string(value) ||
	    library_get(c->call, &c->ask->library, json_string_value(value), &document, trusted) != SKD_OK)
		document = NULL;
	call_forgive(c->call);
	return document;
}

static void assertion_read(struct checking *c, struct assertion *a)
{
	const json_t *issuer;
	bool ignored;
	*a = (struct assertion){.document = c->sealed.document};
	a->id = canon_string(a->document, "id");
	a->class = linked(c, json_object_get(a->document, "badge"), &ignored);
	issuer = json_object_get(a->class, "issuer");
	a->issuer_id = id_of(issuer);
	/* The issuer's own word, where it can be had, counts before what the badge says of it. */
	json_t *own = json_string(a->issuer_id ? a->issuer_id : "");
	a->issuer = linked(c, canon_keep(c->call, own), &a->trusted);
	a->own = a->issuer != NULL;
	if (!a->own && json_is_object(issuer))
		a->issuer = issuer;
	c->answer->id = a->id;
	c->answer->issuer = a->issuer_id;
	c->answer->issuer_name = canon_string(a->issuer, "name");
	c->answer->name = c->answer->achievement = canon_string(a->class, "name");
}

/* ---- hosted ---- */

static size_t origin_size(const char *url)
{
	const char *host = strstr(url, "://");
	return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

static bool any_begins(const json_t *words, const char *text)
{
	const json_t *at = words;
	for (size_t i = 0; json_is_array(words) ? (at = json_array_get(words, i)) != NULL : i == 0; i++)
		if (json_is_string(at) && json_string_length(at) && strncmp(text, json_string_value(at), json_string_length(at)) == 0)
			return true;
	return false;
}

static bool any_host(const json_t *hosts, const char *url)
{
	const char *host = strstr(url, "://");
	const json_t *at = hosts;
	for (size_t i = 0; host && (json_is_array(hosts) ? (at = json_array_get(hosts, i)) != NULL : i == 0); i++)
		if (json_is_string(at) && json_string_length(at) == strcspn(host + 3, "/?#") &&
		    strncmp(host + 3, json_string_value(at), json_string_length(at)) == 0)
			return true;
	return false;
}

/* OB 2.0, "Hosted verification": the issuer says where its assertions are, or they are where it is. */
static bool may_host(const struct assertion *a)
{
	const json_t *verification = a->own ? json_object_get(a->issuer, "verification") : NULL;
	const json_t *starts = json_object_get(verification, "startsWith");
	const json_t *hosts = json_object_get(verification, "allowedOrigins");
	if (!a->id || !a->issuer_id)
		return false;
	if (starts || hosts)
		return (!starts || any_begins(starts, a->id)) && (!hosts || any_host(hosts, a->id));
	size_t size = origin_size(a->id);
	return size && size == origin_size(a->issuer_id) && strncmp(a->id, a->issuer_id, size) == 0;
}

static void hosted_issuer(struct checking *c, const struct assertion *a, bool trusted)
{
	if (!a->issuer_id)
		check_say(c, CHECK_ISSUER, VERIFY_UNKNOWN, "its badge class, which names the issuer, cannot be had");
	else if (!may_host(a))
		check_say(c, CHECK_ISSUER, VERIFY_FAILED, "the issuer %s does not keep badges where this one is",
			  text_whole(c->call, a->issuer_id));
	else if (!check_tests(c, a->issuer_id, c->answer->issuer_name))
		check_say(c, CHECK_ISSUER, trusted || a->trusted ? VERIFY_PASSED : VERIFY_UNKNOWN,
			  trusted || a->trusted ? "%s issued it, whose documents are trusted here"
						: "%s issued it; nobody here vouches for who that is",
			  text_whole(c->call, a->issuer_id));
}

static void hosted_check(struct checking *c, const struct assertion *a)
{
	json_t *published = NULL;
	bool trusted = false;
	enum skd_outcome outcome = a->id ? library_get(c->call, &c->ask->library, a->id, &published, &trusted)
					 : fail(c->call, SKD_BAD_INPUT, "it has no id, at which it could be confirmed");
	if (outcome == SKD_GONE) {
		check_say(c, CHECK_STATUS, VERIFY_FAILED, "%s", verify_ended(c->call, NULL, NULL, "it is gone from its address"));
	} else if (outcome == SKD_OK && json_is_true(json_object_get(published, "revoked"))) {
		check_say(c, CHECK_STATUS, VERIFY_FAILED, "%s",
			  verify_ended(c->call, NULL, NULL, canon_string(published, "revocationReason")));
		outcome = fail(c->call, SKD_ABSENT, "at its address there is no more than that it is not in force any more");
	} else if (outcome == SKD_OK && !json_equal(published, a->document)) {
		outcome = fail(c->call, SKD_DENIED, "it is not what its own address gives: it was changed");
	}
	if (outcome == SKD_OK)
		hosted_issuer(c, a, trusted);
	if (!c->answer->checks[CHECK_STATUS].made)
		check_say(c, CHECK_STATUS, outcome == SKD_OK ? VERIFY_PASSED : VERIFY_UNKNOWN,
			  outcome == SKD_OK ? "its address still gives it" : "its address does not confirm it");
	check_tell(c, CHECK_SIGNATURE, outcome, "it is what its own address gives");
}

/* ---- signed ---- */

static bool has_key(const json_t *issuer, const char *method)
{
	const json_t *keys = json_object_get(issuer, "publicKey"), *at = keys;
	for (size_t i = 0; json_is_array(keys) ? (at = json_array_get(keys, i)) != NULL : i == 0; i++)
		if (id_of(at) && strcmp(id_of(at), method) == 0)
			return true;
	return false;
}

static enum skd_outcome signed_by(struct checking *c, const struct assertion *a, struct signatory *signatory)
{
	const json_t *verification = json_object_get(a->document, "verification");
	const char *method = canon_string(verification, "creator");
	method = method ? method : id_of(json_object_get(a->issuer, "publicKey"));
	if (!method)
		return fail(c->call, SKD_BAD_INPUT, "nothing says whose key signed it: /verification/creator is absent");
	TRY(signatory_find(c->call, &c->ask->library, method, signatory));
	return sealed_holds(c->call, &c->sealed, c->ask->now, signatory);
}

static void signed_issuer(struct checking *c, const struct assertion *a, struct signatory *signatory)
{
	if (!a->issuer_id)
		check_say(c, CHECK_ISSUER, VERIFY_UNKNOWN, "its badge class, which names the issuer, cannot be had");
	else if (!a->own)
		check_say(c, CHECK_ISSUER, VERIFY_FAILED, "the profile of %s, which would have to name the key that signed it, %s, "
			  "cannot be had", text_whole(c->call, a->issuer_id), text_whole(c->call, signatory->method));
	else if (!has_key(a->issuer, signatory->method))
		check_say(c, CHECK_ISSUER, VERIFY_FAILED, "the issuer %s does not name the key that signed it, %s",
			  text_whole(c->call, a->issuer_id), text_whole(c->call, signatory->method));
	else
		check_signatory(c, a->issuer_id, c->answer->issuer_name, signatory);
}

static enum skd_outcome list_check(struct checking *c, const struct assertion *a, const char *address)
{
	json_t *list, *item;
	size_t i;
	TRY(library_list(c->call, &c->ask->library, address, a->id, &list));
	const char *of = id_of(json_object_get(list, "issuer"));
	if (!of || strcmp(of, a->issuer_id) != 0)
		return fail(c->call, SKD_DENIED, "the revocation list is that of another issuer");
	json_array_foreach (json_object_get(list, "revokedAssertions"), i, item) {
		const char *id = id_of(item);
		if (id && a->id && strcmp(id, a->id) == 0)
			return fail(c->call, SKD_DENIED, "%s",
				    verify_ended(c->call, NULL, NULL, canon_string(item, "revocationReason")));
	}
	return SKD_OK;
}

static void signed_status(struct checking *c, const struct assertion *a)
{
	const char *list = id_of(json_object_get(a->issuer, "revocationList"));
	if (!a->issuer)
		check_say(c, CHECK_STATUS, VERIFY_UNKNOWN, "its issuer's profile, which names the revocation list, cannot be had");
	else if (!list)
		check_say(c, CHECK_STATUS, VERIFY_PASSED, "its issuer names no list by which it could be revoked");
	else
		check_tell(c, CHECK_STATUS, list_check(c, a, list), "it is not in its issuer's revocation list");
}

static void signed_check(struct checking *c, const struct assertion *a)
{
	struct signatory signatory;
	enum skd_outcome outcome = signed_by(c, a, &signatory);
	if (outcome == SKD_OK)
		signed_issuer(c, a, &signatory);
	check_tell(c, CHECK_SIGNATURE, outcome, "it is as it was signed with the key %s",
		   outcome == SKD_OK ? text_whole(c->call, signatory.method) : "");
	signed_status(c, a);
}

static void recipient_check(struct checking *c, const struct assertion *a)
{
	const json_t *recipient = json_object_get(a->document, "recipient");
	const char *type = canon_string(recipient, "type"), *identity = canon_string(recipient, "identity");
	if (!type || !identity || strcmp(type, "email") != 0)
		check_say(c, CHECK_RECIPIENT, VERIFY_UNKNOWN, "it does not say to which mail address it was awarded");
	else if (identity_is(c, identity, json_is_true(json_object_get(recipient, "hashed")), canon_string(recipient, "salt")))
		check_say(c, CHECK_RECIPIENT, VERIFY_PASSED, "it was awarded to who has this mail address");
	else
		check_say(c, CHECK_RECIPIENT, VERIFY_FAILED, "it was awarded to another mail address");
}

void ob2_check(struct checking *c)
{
	struct assertion a;
	assertion_read(c, &a);
	shape_check(c, &a);
	if (c->sealed.jws)
		signed_check(c, &a);
	else
		hosted_check(c, &a);
	check_dates(c, check_time(a.document, "issuedOn"), check_time(a.document, "expires"));
	if (c->ask->recipient)
		recipient_check(c, &a);
}
