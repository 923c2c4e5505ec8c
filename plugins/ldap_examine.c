/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, what a server says of itself: TLS, who we are to it, its root DSE (RFC 4512 5.1). Knows no
 * attribute of people. */
#include "ldap.h"

#include <ldap.h>
#include <stddef.h>
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

static void number_take(int64_t *number, struct skd_text value)
{
	char digits[24] = "";
	value_keep(digits, sizeof digits, value);
	*number = strtoll(digits, NULL, 10);
}

static void value_take(struct dir_server *server, struct skd_text name, struct skd_text value)
{
	static const struct {
		const char *name;
		size_t at, room;
	} texts[] = {
		{"vendorName", offsetof(struct dir_server, vendor_name), sizeof server->vendor_name},
		{"vendorVersion", offsetof(struct dir_server, version), sizeof server->version},
		{"namingContexts", offsetof(struct dir_server, contexts), sizeof server->contexts},
		{"rootDomainNamingContext", offsetof(struct dir_server, forest), sizeof server->forest},
		{"defaultNamingContext", offsetof(struct dir_server, domain), sizeof server->domain},
		{"dsServiceName", offsetof(struct dir_server, service), sizeof server->service},
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (text_is(name, texts[i].name))
			value_keep((char *)server + texts[i].at, texts[i].room, value);
	server->forest_level = server->forest_level || text_is(name, "forestFunctionality");
	server->ipa = server->ipa || text_is(name, "ipaTopologyPluginVersion") || text_is(name, "ipaDomainLevel");
	if (text_is(name, "objectClass"))
		server->openldap = server->openldap || text_is(value, "OpenLDAProotDSE");
	else if (text_is(name, "highestCommittedUSN"))
		number_take(&server->usn, value);
	else
		offer_take(server, value);
}

static enum skd_outcome root_take(void *context, struct dir_entry *entry)
{
	struct dir_server *server = context;
	struct dir_attribute attribute;
	server->shown = true;
	while (entry->next(entry, &attribute))
		for (size_t i = 0; i < attribute.count; i++)
			value_take(server, attribute.name, dir_value(&attribute, i));
	return SKD_OK;
}

static enum dir_vendor vendor_of(const struct dir_server *server)
{
	if (server->openldap)
		return DIR_OPENLDAP;
	if (strstr(server->vendor_name, "389 Project"))
		return server->ipa ? DIR_FREEIPA : DIR_389DS;
	if (strncmp(server->vendor_name, "Samba", 5) == 0)
		return DIR_SAMBA;
	return *server->forest || server->forest_level ? DIR_AD : DIR_UNKNOWN;
}

enum skd_outcome dir_server_read(struct dir_link *link, struct dir_server *server)
{
	static const char *const attributes[] = {
		"objectClass", "vendorName", "vendorVersion", "namingContexts", "supportedControl", "supportedExtension",
		"rootDomainNamingContext", "forestFunctionality", "ipaTopologyPluginVersion", "ipaDomainLevel",
		"defaultNamingContext", "dsServiceName", "highestCommittedUSN", NULL};
	struct dir_query query = {
		.base = "", .itself = true, .filter = "(objectClass=*)", .attributes = attributes, .may_refuse = true};
	*server = (struct dir_server){0};
	enum skd_outcome outcome = dir_search(link, &query, root_take, server);
	server->vendor = vendor_of(server);
	server->is_389 = server->vendor == DIR_389DS || server->vendor == DIR_FREEIPA;
	return outcome;
}

static void server_note(const struct dir_server *server, const struct skd_notes *notes)
{
	static const char *const names[] = {"of a kind unknown here", "OpenLDAP", "389 Directory Server", "FreeIPA",
					    "Active Directory",	      "Samba AD DC"};
	if (!server->shown) {
		notes->note(notes, SKD_ADVICE, "server", "it shows nothing of itself: let the account read the root DSE");
		return;
	}
	notes->note(notes, SKD_FACT, "server", "%s%s%s%s%s", names[server->vendor], *server->vendor_name ? ", " : "",
		    server->vendor_name, *server->version ? ", " : "", server->version);
	if (*server->forest)
		notes->note(notes, SKD_FACT, "forest", "%s", server->forest);
	notes->note(notes, SKD_FACT, "naming contexts", "%s", *server->contexts ? server->contexts : "none are shown");
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
	tls_note(link, notes);
	if (dir_server_read(link, server) != SKD_OK)
		notes->failed(notes, "root DSE");
	server_note(server, notes);
	if (server->whoami)
		whoami_note(link, notes);
}
