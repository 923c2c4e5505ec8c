/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, what a server says of itself: TLS, who we are to it, its root DSE (RFC 4512 5.1). Knows no
 * attribute of people. */
#include "ldap.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SOON_SECONDS = 30 * 86400 };

/* ---- TLS */

static void certificate_note(const struct dir_link *link, const struct skd_notes *notes)
{
	struct dir_certificate is;
	struct berval der = {0, NULL};
	char day[16];
	bool good = ldap_get_option(link->handle, LDAP_OPT_X_TLS_PEERCERT, &der) == LDAP_SUCCESS && der.bv_val &&
		    dir_certificate_read(&der, &is);
	ldap_memfree(der.bv_val);
	if (!good)
		return;
	time_t until = is.until;
	struct tm at;
	strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&until, &at));
	notes->note(notes, SKD_FACT, "certificate", "of %s, by %s, until %s", is.subject, is.issuer, day);
	if (until < time(NULL) + SOON_SECONDS)
		notes->note(notes, SKD_ADVICE, "certificate", "it runs out on %s: nobody can be read after that day", day);
}

static void tls_note(const struct dir_link *link, const struct skd_notes *notes)
{
	char *version = NULL, *cipher = NULL;
	ber_len_t layer = 0;
	if (!ldap_tls_inplace(link->handle)) {
		ldap_get_option(link->handle, LDAP_OPT_X_SASL_SSF, &layer);
		notes->note(notes, SKD_FACT, "TLS", "none%s", layer ? "; Kerberos encrypts" : "");
		return;
	}
	ldap_get_option(link->handle, LDAP_OPT_X_TLS_VERSION, &version);
	ldap_get_option(link->handle, LDAP_OPT_X_TLS_CIPHER, &cipher);
	notes->note(notes, SKD_FACT, "TLS", "%s, %s", version ? version : "of unknown version",
		    cipher ? cipher : "of unknown cipher");
	ldap_memfree(version);
	ldap_memfree(cipher);
	certificate_note(link, notes);
}

/* ---- the root DSE */

struct root {
	struct dir_server *server;
	char contexts[512], vendor[128], version[128], forest[128];
	bool openldap, forest_level, ipa;
};

static void value_keep(char *out, size_t room, struct skd_text value)
{
	size_t used = strlen(out), size = value.size;
	if (used && used + 2 < room)
		used = (size_t)(stpcpy(out + used, ", ") - out);
	if (size > room - used - 1)
		size = room - used - 1;
	memcpy(out + used, value.bytes, size);
	out[used + size] = '\0';
}

static bool text_is(struct skd_text text, const char *word)
{
	return text.size == strlen(word) && strncasecmp(text.bytes, word, text.size) == 0;
}

static void offer_take(struct dir_server *server, struct skd_text oid)
{
	server->pages = server->pages || text_is(oid, LDAP_CONTROL_PAGEDRESULTS);
	server->syncs = server->syncs || text_is(oid, LDAP_CONTROL_SYNC);
	server->start_tls = server->start_tls || text_is(oid, LDAP_EXOP_START_TLS);
	server->whoami = server->whoami || text_is(oid, LDAP_EXOP_WHO_AM_I);
}

static void value_take(struct root *root, struct skd_text name, struct skd_text value)
{
	root->forest_level = root->forest_level || text_is(name, "forestFunctionality");
	root->ipa = root->ipa || text_is(name, "ipaTopologyPluginVersion") || text_is(name, "ipaDomainLevel");
	if (text_is(name, "objectClass"))
		root->openldap = root->openldap || text_is(value, "OpenLDAProotDSE");
	else if (text_is(name, "vendorName"))
		value_keep(root->vendor, sizeof root->vendor, value);
	else if (text_is(name, "vendorVersion"))
		value_keep(root->version, sizeof root->version, value);
	else if (text_is(name, "namingContexts"))
		value_keep(root->contexts, sizeof root->contexts, value);
	else if (text_is(name, "rootDomainNamingContext"))
		value_keep(root->forest, sizeof root->forest, value);
	else
		offer_take(root->server, value);
}

static enum skd_outcome root_take(void *context, struct dir_entry *entry)
{
	struct root *root = context;
	struct dir_attribute attribute;
	root->server->shown = true;
	while (entry->next(entry, &attribute))
		for (size_t i = 0; i < attribute.count; i++)
			value_take(root, attribute.name, dir_value(&attribute, i));
	return SKD_OK;
}

static enum dir_vendor vendor_of(const struct root *root)
{
	if (root->openldap)
		return DIR_OPENLDAP;
	if (strstr(root->vendor, "389 Project"))
		return root->ipa ? DIR_FREEIPA : DIR_389DS;
	if (strncmp(root->vendor, "Samba", 5) == 0)
		return DIR_SAMBA;
	return *root->forest || root->forest_level ? DIR_AD : DIR_UNKNOWN;
}

static enum skd_outcome root_read(struct dir_link *link, struct dir_server *server, struct root **root)
{
	static const char *const attributes[] = {"objectClass", "vendorName", "vendorVersion", "namingContexts",
						 "supportedControl", "supportedExtension", "rootDomainNamingContext",
						 "forestFunctionality", "ipaTopologyPluginVersion", "ipaDomainLevel", NULL};
	struct dir_query query = {.base = "", .itself = true, .filter = "(objectClass=*)", .attributes = attributes};
	*server = (struct dir_server){0};
	*root = link->setup->host->alloc(link->call, sizeof **root);
	(*root)->server = server;
	enum skd_outcome outcome = dir_search(link, &query, root_take, *root);
	server->vendor = vendor_of(*root);
	server->is_389 = server->vendor == DIR_389DS || server->vendor == DIR_FREEIPA;
	return outcome;
}

enum skd_outcome dir_server_ask(struct dir_link *link, struct dir_server *server)
{
	struct root *root;
	return root_read(link, server, &root);
}

static void root_note(const struct root *root, const struct skd_notes *notes)
{
	static const char *const names[] = {"of a kind unknown here", "OpenLDAP", "389 Directory Server", "FreeIPA",
					    "Active Directory",	      "Samba AD DC"};
	const struct dir_server *server = root->server;
	if (!server->shown) {
		notes->note(notes, SKD_ADVICE, "server", "it shows nothing of itself: let the account read the root DSE");
		return;
	}
	notes->note(notes, SKD_FACT, "server", "%s%s%s%s%s", names[server->vendor], *root->vendor ? ", " : "", root->vendor,
		    *root->version ? ", " : "", root->version);
	if (*root->forest)
		notes->note(notes, SKD_FACT, "forest", "%s", root->forest);
	notes->note(notes, SKD_FACT, "naming contexts", "%s", *root->contexts ? root->contexts : "none are shown");
	notes->note(notes, SKD_FACT, "offers", "paged results: %s, persistent refresh (RFC 4533): %s, StartTLS: %s",
		    server->pages ? "yes" : "no", server->syncs ? "yes" : "no", server->start_tls ? "yes" : "no");
}

/* ---- who we are */

static void whoami_note(const struct dir_link *link, const struct skd_notes *notes)
{
	struct berval *name = NULL;
	if (ldap_whoami_s(link->handle, &name, NULL, NULL) != LDAP_SUCCESS)
		return;
	bool nobody = !name || !name->bv_len;
	notes->note(notes, nobody && link->setup->bind != DIR_ANONYMOUS ? SKD_WRONG : SKD_FACT, "signed in as", "%.*s",
		    nobody ? 7 : (int)name->bv_len, nobody ? "nobody" : name->bv_val);
	ber_bvfree(name);
}

void dir_examine(struct dir_link *link, const struct skd_notes *notes, struct dir_server *server)
{
	struct root *root;
	tls_note(link, notes);
	if (root_read(link, server, &root) != SKD_OK)
		notes->failed(notes, "root DSE");
	root_note(root, notes);
	if (server->whoami)
		whoami_note(link, notes);
}
