/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its searches: pages, the proof that all was seen, entries and their values
 * without a copy. Holds one entry at a time. Knows no attribute and no person. */
#include "ldap.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>

/* Active Directory's */
static const char SHOW_DELETED[] = "1.2.840.113556.1.4.417", DOMAIN_SCOPE[] = "1.2.840.113556.1.4.1339";

enum { SLICE = 100 }; /* milliseconds between two looks at the call's time */

struct search {
	struct dir_link *link;
	const struct dir_query *query;
	enum skd_outcome (*each)(void *context, struct dir_entry *entry);
	void *context;
	long page_size;
	struct berval cookie; /* libldap's memory */
	bool again;           /* after a refusal, with a smaller page and no time limit */
	bool more;
	size_t entries, references;
};

/* ---- entries */

static bool entry_begin(struct dir_entry *entry)
{
	struct berval dn;
	entry->code = ldap_get_dn_ber(entry->link->handle, entry->message, &entry->cursor, &dn);
	if (entry->code == LDAP_SUCCESS)
		entry->dn = (struct skd_text){dn.bv_val, dn.bv_len};
	return entry->code == LDAP_SUCCESS;
}

static void entry_end(struct dir_entry *entry)
{
	ber_memfree(entry->values);
	entry->values = NULL;
	ber_free(entry->cursor, 0);
	entry->cursor = NULL;
}

static bool entry_next(struct dir_entry *entry, struct dir_attribute *attribute)
{
	struct berval name = {0, NULL};
	ber_memfree(entry->values);
	entry->values = NULL;
	if (entry->code != LDAP_SUCCESS)
		return false;
	entry->code = ldap_get_attribute_ber(entry->link->handle, entry->message, entry->cursor, &name, &entry->values);
	if (entry->code != LDAP_SUCCESS || !name.bv_val)
		return false;
	const char *options = memchr(name.bv_val, ';', name.bv_len);
	*attribute = (struct dir_attribute){
		.description = {name.bv_val, name.bv_len},
		.name = {name.bv_val, options ? (size_t)(options - name.bv_val) : name.bv_len},
		.values = entry->values,
	};
	while (entry->values && entry->values[attribute->count].bv_val)
		attribute->count++;
	return true;
}

static void entry_rewind(struct dir_entry *entry)
{
	entry_end(entry);
	entry_begin(entry);
}

struct skd_text dir_value(const struct dir_attribute *attribute, size_t i)
{
	if (attribute->texts)
		return attribute->texts[i];
	return (struct skd_text){attribute->values[i].bv_val, attribute->values[i].bv_len};
}

static enum skd_outcome search_fail(struct search *search, int code)
{
	return dir_link_fail(search->link, code, "search %s to its end (%zu entries came, what is missing is unknown)",
			     *search->query->base ? search->query->base : "the root DSE", search->entries);
}

enum skd_outcome dir_entry_give(struct dir_link *link, struct ldapmsg *message,
				enum skd_outcome (*each)(void *context, struct dir_entry *entry), void *context)
{
	struct dir_entry entry = {.next = entry_next, .rewind = entry_rewind, .link = link, .message = message};
	enum skd_outcome outcome = SKD_OK;
	if (entry_begin(&entry))
		outcome = each(context, &entry);
	entry_end(&entry);
	if (outcome == SKD_OK && entry.code != LDAP_SUCCESS)
		return dir_link_fail(link, entry.code, "read an entry");
	return outcome;
}

/* ---- pages */

static int query_scope(const struct dir_query *query)
{
	if (query->itself)
		return LDAP_SCOPE_BASE;
	return query->one_level ? LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE;
}

static int search_send(struct search *search, int *id)
{
	const struct dir_query *query = search->query;
	LDAP *handle = search->link->handle;
	LDAPControl deleted = {(char *)SHOW_DELETED, {0, NULL}, 0}, local = {(char *)DOMAIN_SCOPE, {0, NULL}, 0};
	LDAPControl *controls[4] = {NULL}, *page = NULL;
	size_t count = 0;
	struct timeval limit = {search->link->setup->timeout / 1000 + 1, 0};
	if (search->page_size) {
		int code = ldap_create_page_control(handle, (ber_int_t)search->page_size,
						    search->cookie.bv_len ? &search->cookie : NULL, 1, &page);
		if (code != LDAP_SUCCESS)
			return code;
		controls[count++] = page;
	}
	if (query->deleted)
		controls[count++] = &deleted;
	if (query->local)
		controls[count++] = &local;
	int code = ldap_search_ext(handle, query->base, query_scope(query), query->filter,
				   (char **)query->attributes, 0, controls, NULL, search->again ? NULL : &limit,
				   query->size_limit, id);
	ldap_control_free(page);
	return code;
}

/* The next message of a search; the caller frees it. A call may be cut short while it waits. */
static int message_wait(struct search *search, int id, LDAPMessage **message)
{
	const struct dir_setup *setup = search->link->setup;
	LDAP *handle = search->link->handle;
	int type = 0, code = LDAP_TIMEOUT;
	for (long waited = 0; type == 0 && waited < setup->timeout; waited += SLICE) {
		long left = setup->host->time_left(search->link->call);
		if (left <= 0)
			return LDAP_TIMEOUT;
		if (left > SLICE)
			left = SLICE;
		struct timeval wait = {0, left * 1000};
		type = ldap_result(handle, id, LDAP_MSG_ONE, &wait, message);
	}
	if (type > 0)
		return LDAP_SUCCESS;
	if (type < 0)
		ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
	return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
}

/* The cookie for the next page; an empty one ends the search (RFC 2696). */
static enum skd_outcome cookie_take(struct search *search, LDAPControl **controls)
{
	ber_int_t estimate;
	LDAPControl *page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	ber_memfree(search->cookie.bv_val);
	search->cookie = (struct berval){0, NULL};
	if (!page || !page->ldctl_value.bv_len) /* liblber takes no octets for a fault of ours */
		return search->link->setup->host->fail(
			search->link->call, SKD_FAULT,
			"%s: a page of the search below %s came without its control, so nobody knows whether more follows",
			search->link->uri, search->query->base);
	int code = ldap_parse_pageresponse_control(search->link->handle, page, &estimate, &search->cookie);
	if (code != LDAP_SUCCESS)
		return search_fail(search, code);
	search->more = search->cookie.bv_len > 0;
	return SKD_OK;
}

static bool page_shrink(struct search *search, int code)
{
	if (code != LDAP_ADMINLIMIT_EXCEEDED || search->again || search->entries || !search->page_size)
		return false;
	const struct skd_host *host = search->link->setup->host;
	search->again = search->more = true;
	search->page_size = search->page_size > 5000 ? 500 : search->page_size > 10 ? search->page_size / 10 : 1;
	host->log(host, SKD_WARNING, "%s: refuses such a search (administrator's limit); trying pages of %ld",
		  search->link->uri, search->page_size);
	return true;
}

static enum skd_outcome result_take(struct search *search, LDAPMessage *message)
{
	int code = LDAP_OTHER;
	LDAPControl **controls = NULL;
	enum skd_outcome outcome = SKD_OK;
	int parsed = ldap_parse_result(search->link->handle, message, &code, NULL, NULL, NULL, &controls, 0);
	if (parsed != LDAP_SUCCESS)
		code = parsed;
	search->more = false;
	if (code == LDAP_SIZELIMIT_EXCEEDED && search->query->size_limit)
		code = LDAP_SUCCESS;
	if (code == LDAP_SUCCESS && search->page_size)
		outcome = cookie_take(search, controls);
	else if (code != LDAP_SUCCESS && !search->query->may_refuse && !page_shrink(search, code))
		outcome = search_fail(search, code);
	ldap_controls_free(controls);
	return outcome;
}

static enum skd_outcome page_read(struct search *search)
{
	int id, code = search_send(search, &id), type = 0;
	enum skd_outcome outcome = code == LDAP_SUCCESS ? SKD_OK : search_fail(search, code);
	if (outcome != SKD_OK)
		return outcome;
	while (outcome == SKD_OK && type != LDAP_RES_SEARCH_RESULT) {
		LDAPMessage *message = NULL;
		code = message_wait(search, id, &message);
		type = message ? ldap_msgtype(message) : 0;
		search->entries += type == LDAP_RES_SEARCH_ENTRY;
		if (code != LDAP_SUCCESS)
			outcome = search_fail(search, code);
		else if (type == LDAP_RES_SEARCH_ENTRY)
			outcome = dir_entry_give(search->link, message, search->each, search->context);
		else if (type == LDAP_RES_SEARCH_RESULT)
			outcome = result_take(search, message);
		else if (type == LDAP_RES_SEARCH_REFERENCE)
			search->references++;
		ldap_msgfree(message);
	}
	if (type != LDAP_RES_SEARCH_RESULT)
		ldap_abandon_ext(search->link->handle, id, NULL, NULL);
	return outcome;
}

enum skd_outcome dir_search(struct dir_link *link, const struct dir_query *query,
			    enum skd_outcome (*each)(void *context, struct dir_entry *entry), void *context)
{
	const struct skd_host *host = link->setup->host;
	struct search search = {link, query, each, context, .page_size = query->page_size, .more = true};
	enum skd_outcome outcome = SKD_OK;
	while (outcome == SKD_OK && search.more)
		outcome = page_read(&search);
	ber_memfree(search.cookie.bv_val);
	link->page_size = search.page_size;
	if (search.references)
		host->log(host, SKD_INFO, "%s: %zu references to other servers below %s were not followed", link->uri,
			  search.references, query->base);
	return outcome;
}

const char *dir_filter_value(const struct skd_host *host, struct skd_call *call, const char *value)
{
	struct berval in = {strlen(value), (char *)value}, out = {0, NULL};
	char *copy = host->alloc(call, in.bv_len * 3 + 1);
	/* An empty value is answered with no memory at all. */
	if (ldap_bv2escaped_filter_value(&in, &out) == 0 && out.bv_val)
		memcpy(copy, out.bv_val, out.bv_len);
	ber_memfree(out.bv_val);
	return copy;
}
