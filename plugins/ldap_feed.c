/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its feeds: content synchronization (RFC 4533) as far as it tells what is new and
 * changed. Whatever would need a set of entries to be compared, above all what is gone, ends the feed:
 * servers differ in what they mean by it, and reading whole is the truth. */
#include "ldap.h"

#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	REFRESH_ONLY = 1,
	REFRESH_AND_PERSIST = 3,
	STATE_ADD = 1,
	STATE_MODIFY = 2,
	TRIES = 5,   /* to begin at a moment in which nothing happens */
	SLICE = 100, /* milliseconds between two looks at the clock */
	BATCH = 500, /* entries that are settled together at most */
	COOKIE_MAX = 16384,
};

const char dir_feed_of_389[] =
	"Content Synchronization of 389 Directory Server is not used, since it tells of people who are there that they are "
	"gone (refreshDeletes is always 0)";

/* ---- cookies: octets as the server likes them, hexadecimal digits for everybody else ---- */

static bool cookie_take(char **cookie, const struct berval *octets)
{
	char *digits = malloc(octets->bv_len * 2 + 1);
	if (!digits)
		return false;
	for (ber_len_t i = 0; i < octets->bv_len; i++)
		sprintf(digits + 2 * i, "%02x", (unsigned char)octets->bv_val[i]);
	digits[octets->bv_len * 2] = '\0';
	free(*cookie);
	*cookie = digits;
	return true;
}

static int digit_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Into memory of the call; false: these are no such digits. */
static bool cookie_octets(const struct dir_link *link, const char *digits, struct berval *octets)
{
	size_t size = strlen(digits);
	octets->bv_val = link->setup->host->alloc(link->call, size / 2 + 1);
	octets->bv_len = size / 2;
	for (size_t i = 0; i + 1 < size; i += 2) {
		int high = digit_value(digits[i]), low = digit_value(digits[i + 1]);
		if (high < 0 || low < 0)
			return false;
		octets->bv_val[i / 2] = (char)(high << 4 | low);
	}
	return size % 2 == 0;
}

/* "URI COOKIE COOKIE ...": of the server they are from, one for each search. */
static enum skd_outcome cookies_join(struct dir_feed *feed)
{
	const struct skd_host *host = feed->link.setup->host;
	size_t size = strlen(feed->link.uri) + 1;
	for (size_t i = 0; i < feed->count; i++)
		size += 1 + strlen(feed->searches[i].cookie);
	char *all = malloc(size), *at = all;
	if (!all)
		return host->fail(feed->link.call, SKD_FAULT, "out of memory");
	at = stpcpy(at, feed->link.uri);
	for (size_t i = 0; i < feed->count; i++) {
		*at++ = ' ';
		at = stpcpy(at, feed->searches[i].cookie);
	}
	free(feed->cookie);
	feed->cookie = all;
	return SKD_OK;
}

static enum skd_outcome cookies_split(struct dir_feed *feed, const char *all)
{
	const struct skd_host *host = feed->link.setup->host;
	size_t size = strlen(feed->link.uri);
	if (strncmp(all, feed->link.uri, size) != 0 || all[size] != ' ')
		return host->fail(feed->link.call, SKD_STALE, "%s: the cookie is another server's", feed->link.uri);
	all += size;
	for (size_t i = 0; i < feed->count; i++) {
		all += *all == ' ';
		size = strcspn(all, " ");
		feed->searches[i].cookie = strndup(all, size);
		if (!size || !feed->searches[i].cookie)
			return host->fail(feed->link.call, SKD_STALE, "%s: this is no cookie", feed->link.uri);
		all += size;
	}
	return SKD_OK;
}

/* ---- asking ---- */

static int search_send(struct dir_link *link, const struct dir_query *query, int mode, const struct berval *cookie, int *id)
{
	LDAPControl control = {(char *)LDAP_CONTROL_SYNC, {0, NULL}, 1}, *controls[] = {&control, NULL};
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	int code = LDAP_NO_MEMORY;
	if (ber && (cookie ? ber_printf(ber, "{eO}", mode, cookie) : ber_printf(ber, "{e}", mode)) >= 0 &&
	    ber_flatten2(ber, &control.ldctl_value, 0) >= 0)
		code = ldap_search_ext(link->handle, query->base,
				       query->one_level ? LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE, query->filter,
				       (char **)query->attributes, 0, controls, NULL, NULL, 0, id);
	ber_free(ber, 1);
	return code;
}

/* The next message of any search; none within `patience`: *message is NULL. */
static int message_wait(struct dir_link *link, long patience, LDAPMessage **message)
{
	struct timeval wait = {patience / 1000, patience % 1000 * 1000};
	int code = LDAP_SUCCESS;
	*message = NULL;
	if (ldap_result(link->handle, LDAP_RES_ANY, LDAP_MSG_ONE, &wait, message) < 0) {
		ldap_get_option(link->handle, LDAP_OPT_RESULT_CODE, &code);
		code = code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
	}
	return code;
}

static long time_left(const struct dir_feed *feed)
{
	return feed->link.setup->host->time_left(feed->link.call);
}

/* The next message of any search, while a feed is opened: all of that may take as long as one answer. */
static int message_soon(struct dir_feed *feed, LDAPMessage **message)
{
	int code = LDAP_SUCCESS;
	*message = NULL;
	while (code == LDAP_SUCCESS && !*message) {
		if (time_left(feed) <= feed->opened_by)
			return LDAP_TIMEOUT;
		code = message_wait(&feed->link, SLICE, message);
	}
	return code;
}

/* NULL where there are no octets, in which liblber would see a fault of ours. */
static BerElement *reader_of(struct berval *octets)
{
	return octets && octets->bv_len ? ber_init(octets) : NULL;
}

/* ---- listening ---- */

static enum skd_outcome feed_doubt(const struct dir_feed *feed, const char *why)
{
	return feed->link.setup->host->fail(feed->link.call, SKD_STALE, "%s: %s", feed->link.uri, why);
}

static enum skd_outcome cookie_note(struct dir_feed *feed, struct dir_feed_search *search, const struct berval *octets)
{
	if (octets->bv_len > COOKIE_MAX)
		return feed_doubt(feed, "its cookie is too long");
	if (octets->bv_len && !cookie_take(&search->cookie, octets))
		return feed->link.setup->host->fail(feed->link.call, SKD_FAULT, "out of memory");
	return SKD_OK;
}

/* Sync State (RFC 4533 2.2): only what is there and new goes on to the reader. */
static enum skd_outcome state_take(struct dir_feed *feed, struct dir_feed_search *search, LDAPMessage *message)
{
	LDAPControl **controls = NULL, *state;
	struct berval uuid = {0, NULL}, cookie = {0, NULL};
	ber_int_t what = -1;
	ber_len_t size;
	ldap_get_entry_controls(feed->link.handle, message, &controls);
	state = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
	BerElement *ber = state ? reader_of(&state->ldctl_value) : NULL;
	bool good = ber && ber_scanf(ber, "{em" /* } */, &what, &uuid) != LBER_ERROR;
	if (good && ber_peek_tag(ber, &size) == LBER_OCTETSTRING)
		good = ber_scanf(ber, "m", &cookie) != LBER_ERROR;
	enum skd_outcome outcome = !good ? feed_doubt(feed, "an entry came without its state")
				   : what != STATE_ADD && what != STATE_MODIFY ? feed_doubt(feed, "an entry is gone")
									       : cookie_note(feed, search, &cookie);
	ber_free(ber, 1);
	ldap_controls_free(controls);
	return outcome;
}

/* The value of Sync Info (RFC 4533 2.5). */
static enum skd_outcome info_read(struct dir_feed *feed, struct dir_feed_search *search, BerElement *ber)
{
	struct berval cookie = {0, NULL};
	ber_len_t size;
	ber_tag_t tag = ber_peek_tag(ber, &size);
	bool good = true;
	if (tag == LDAP_TAG_SYNC_NEW_COOKIE) {
		good = ber_scanf(ber, "m", &cookie) != LBER_ERROR;
	} else if (tag == LDAP_TAG_SYNC_REFRESH_DELETE) {
		search->live = true;
		good = ber_scanf(ber, "{" /* } */) != LBER_ERROR;
		if (good && ber_peek_tag(ber, &size) == LDAP_TAG_SYNC_COOKIE)
			good = ber_scanf(ber, "m", &cookie) != LBER_ERROR;
	} else {
		return feed_doubt(feed, "it lists what is there, or what is gone");
	}
	return good ? cookie_note(feed, search, &cookie) : feed_doubt(feed, "what it says is no LDAP");
}

static enum skd_outcome info_take(struct dir_feed *feed, struct dir_feed_search *search, LDAPMessage *message)
{
	struct berval *data = NULL;
	char *oid = NULL;
	int code = ldap_parse_intermediate(feed->link.handle, message, &oid, &data, NULL, 0);
	bool meant = code == LDAP_SUCCESS && oid && strcmp(oid, LDAP_SYNC_INFO) == 0;
	BerElement *ber = meant ? reader_of(data) : NULL;
	enum skd_outcome outcome = ber ? info_read(feed, search, ber)
				   : meant || code != LDAP_SUCCESS ? feed_doubt(feed, "what it says is no LDAP")
								   : SKD_OK;
	ber_free(ber, 1);
	ber_bvfree(data);
	ldap_memfree(oid);
	return outcome;
}

/* A search that should go on has ended. */
static enum skd_outcome result_take(struct dir_feed *feed, LDAPMessage *message)
{
	int code = LDAP_OTHER;
	if (ldap_parse_result(feed->link.handle, message, &code, NULL, NULL, NULL, NULL, 0) != LDAP_SUCCESS)
		code = LDAP_DECODING_ERROR;
	switch (code) {
	case LDAP_UNAVAILABLE_CRITICAL_EXTENSION:
	case LDAP_INSUFFICIENT_ACCESS:
		return feed->link.setup->host->fail(feed->link.call, SKD_ABSENT, "%s: it does not tell what changes: %s",
						    feed->link.uri, ldap_err2string(code));
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
	case LDAP_SERVER_DOWN:
		return dir_link_fail(&feed->link, code, "follow what changes");
	default:
		return feed_doubt(feed, ldap_err2string(code));
	}
}

static struct dir_feed_search *search_of(struct dir_feed *feed, int id)
{
	for (size_t i = 0; i < feed->count; i++)
		if (feed->searches[i].id == id)
			return &feed->searches[i];
	return NULL;
}

struct giving {
	const struct dir_feed_reader *reader;
	size_t search;
};

static enum skd_outcome entry_pass(void *context, struct dir_entry *entry)
{
	const struct giving *giving = context;
	return giving->reader->each(giving->reader->context, giving->search, entry);
}

/* `reader` NULL: nothing may come yet. */
static enum skd_outcome message_take(struct dir_feed *feed, LDAPMessage *message, const struct dir_feed_reader *reader)
{
	struct dir_feed_search *search = search_of(feed, ldap_msgid(message));
	int type = ldap_msgtype(message);
	if (ldap_msgid(message) == 0) /* of its own accord: that it goes (RFC 4511 4.4.1) */
		return dir_link_fail(&feed->link, LDAP_UNAVAILABLE, "follow what changes");
	if (!search || type == LDAP_RES_SEARCH_REFERENCE)
		return SKD_OK;
	if (type == LDAP_RES_INTERMEDIATE)
		return info_take(feed, search, message);
	if (type != LDAP_RES_SEARCH_ENTRY)
		return result_take(feed, message);
	enum skd_outcome outcome = state_take(feed, search, message);
	if (outcome != SKD_OK)
		return outcome;
	if (!reader)
		return feed_doubt(feed, "something changed in this very moment");
	struct giving giving = {reader, (size_t)(search - feed->searches)};
	return dir_entry_give(&feed->link, message, entry_pass, &giving);
}

/* ---- open ---- */

/* Where the server stands: the cookie of a search that finds nothing. */
static enum skd_outcome feed_mark(struct dir_feed *feed, const char *base, struct berval *cookie)
{
	const struct skd_host *host = feed->link.setup->host;
	static const char *const none[] = {LDAP_NO_ATTRS, NULL};
	const struct dir_query query = {.base = base, .filter = "(!(objectClass=*))", .attributes = none};
	struct dir_feed_search *probe = &feed->searches[0];
	LDAPControl **controls = NULL, *done = NULL;
	LDAPMessage *message = NULL;
	int code = search_send(&feed->link, &query, REFRESH_ONLY, NULL, &probe->id), result = LDAP_OTHER;
	while (code == LDAP_SUCCESS && !(message && ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT)) {
		ldap_msgfree(message);
		code = message_soon(feed, &message);
	}
	if (code == LDAP_SUCCESS)
		code = ldap_parse_result(feed->link.handle, message, &result, NULL, NULL, NULL, &controls, 0);
	ldap_msgfree(message);
	if (code != LDAP_SUCCESS)
		return dir_link_fail(&feed->link, code, "ask where it stands");
	done = ldap_control_find(LDAP_CONTROL_SYNC_DONE, controls, NULL);
	BerElement *ber = result == LDAP_SUCCESS && done ? reader_of(&done->ldctl_value) : NULL;
	struct berval octets = {0, NULL};
	ber_len_t size;
	if (ber && ber_scanf(ber, "{" /* } */) != LBER_ERROR && ber_peek_tag(ber, &size) == LBER_OCTETSTRING)
		ber_scanf(ber, "m", &octets);
	cookie->bv_len = octets.bv_len;
	cookie->bv_val = memcpy(host->alloc(feed->link.call, octets.bv_len + 1), octets.bv_val ? octets.bv_val : "",
				octets.bv_len);
	ber_free(ber, 1);
	ldap_controls_free(controls);
	return octets.bv_len ? SKD_OK
			     : host->fail(feed->link.call, SKD_ABSENT, "%s: it does not tell what changes", feed->link.uri);
}

static enum skd_outcome searches_send(struct dir_feed *feed, const struct dir_query *queries)
{
	for (size_t i = 0; i < feed->count; i++) {
		struct dir_feed_search *search = &feed->searches[i];
		struct berval cookie;
		search->live = false;
		if (!cookie_octets(&feed->link, search->cookie, &cookie))
			return feed_doubt(feed, "this is no cookie");
		int code = search_send(&feed->link, &queries[i], REFRESH_AND_PERSIST, &cookie, &search->id);
		if (code != LDAP_SUCCESS)
			return dir_link_fail(&feed->link, code, "follow what changes");
	}
	return SKD_OK;
}

static bool all_live(const struct dir_feed *feed)
{
	for (size_t i = 0; i < feed->count; i++)
		if (!feed->searches[i].live)
			return false;
	return true;
}

/* Until all searches are live, with nothing come on the way. */
static enum skd_outcome feed_settle_in(struct dir_feed *feed)
{
	enum skd_outcome outcome = SKD_OK;
	while (outcome == SKD_OK && !all_live(feed)) {
		LDAPMessage *message;
		int code = message_soon(feed, &message);
		outcome = code == LDAP_SUCCESS ? message_take(feed, message, NULL)
					       : dir_link_fail(&feed->link, code, "follow what changes");
		ldap_msgfree(message);
	}
	return outcome;
}

static enum skd_outcome feed_from_now(struct dir_feed *feed, const struct dir_query *queries)
{
	struct berval cookie;
	enum skd_outcome outcome = feed_mark(feed, queries[0].base, &cookie);
	for (size_t i = 0; i < feed->count && outcome == SKD_OK; i++)
		outcome = cookie_note(feed, &feed->searches[i], &cookie);
	if (outcome == SKD_OK)
		outcome = searches_send(feed, queries);
	return outcome == SKD_OK ? feed_settle_in(feed) : outcome;
}

/* Some servers never answer who asks for what they do not know. What a server hides is tried. 389 Directory Server,
 * and FreeIPA with it, says in each answer that whatever it does not name is gone. */
static enum skd_outcome feed_offered(struct dir_feed *feed)
{
	const struct skd_host *host = feed->link.setup->host;
	struct dir_server server;
	enum skd_outcome outcome = dir_server_read(&feed->link, &server);
	if (outcome == SKD_OK && server.is_389)
		return host->fail(feed->link.call, SKD_ABSENT, "%s: %s", feed->link.uri, dir_feed_of_389);
	if (outcome == SKD_OK && server.shown && !server.syncs)
		return host->fail(feed->link.call, SKD_ABSENT, "%s: it does not tell what changes", feed->link.uri);
	return outcome;
}

static enum skd_outcome feed_try(const struct dir_setup *setup, struct skd_call *call, const struct dir_query *queries,
				 const char *cookie, struct dir_feed *feed)
{
	enum skd_outcome outcome = dir_link_open(setup, call, &feed->link);
	if (outcome == SKD_OK)
		outcome = feed_offered(feed);
	if (outcome != SKD_OK)
		return outcome;
	long left = time_left(feed);
	feed->opened_by = left > setup->timeout ? left - setup->timeout : 0;
	if (!cookie)
		outcome = feed_from_now(feed, queries);
	else if ((outcome = cookies_split(feed, cookie)) == SKD_OK)
		outcome = searches_send(feed, queries);
	return outcome == SKD_OK ? cookies_join(feed) : outcome;
}

enum skd_outcome dir_feed_open(const struct dir_setup *setup, struct skd_call *call, size_t count,
			       const struct dir_query *queries, const char *cookie, struct dir_feed *feed)
{
	enum skd_outcome outcome = SKD_STALE;
	for (int i = 0; i < TRIES && outcome == SKD_STALE; i++) {
		*feed = (struct dir_feed){.count = count};
		outcome = feed_try(setup, call, queries, cookie, feed);
		if (outcome != SKD_OK)
			dir_feed_close(feed);
		if (cookie)
			break;
	}
	return outcome;
}

/* ---- follow ---- */

static enum skd_outcome feed_settle(struct dir_feed *feed, const struct dir_feed_reader *reader)
{
	enum skd_outcome outcome = cookies_join(feed);
	return outcome == SKD_OK ? reader->settle(reader->context) : outcome;
}

enum skd_outcome dir_feed_follow(struct dir_feed *feed, const struct dir_feed_reader *reader)
{
	size_t waiting = 0;
	enum skd_outcome outcome = SKD_OK;
	while (outcome == SKD_OK && time_left(feed) > 0) {
		LDAPMessage *message;
		int code = message_wait(&feed->link, waiting ? 0 : SLICE, &message);
		if (code != LDAP_SUCCESS)
			return dir_link_fail(&feed->link, code, "follow what changes");
		if (message) {
			waiting += ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY;
			outcome = message_take(feed, message, reader);
		}
		if (outcome == SKD_OK && waiting && (!message || waiting >= BATCH)) {
			outcome = feed_settle(feed, reader);
			waiting = 0;
		}
		ldap_msgfree(message);
	}
	return outcome;
}

void dir_feed_close(struct dir_feed *feed)
{
	dir_link_close(&feed->link);
	for (size_t i = 0; i < feed->count; i++)
		free(feed->searches[i].cookie);
	free(feed->cookie);
	*feed = (struct dir_feed){0};
}
