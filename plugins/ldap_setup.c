/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its options: read once, checked without network, errors as sentences.
 * Knows no attributes and opens no connection. */
#include "ldap.h"

#include <errno.h>
#include <ldap.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char dir_socket_usual[] = "/run/slapd/ldapi";
static const char ca_default[] = "/etc/ssl/certs/ca-certificates.crt";

enum skd_outcome dir_word(const struct skd_host *host, struct skd_call *call, const char *key, const char *value,
			  const char *const *words, int *index)
{
	for (*index = 0; words[*index]; ++*index)
		if (value && strcasecmp(value, words[*index]) == 0)
			return SKD_OK;
	return host->fail(call, SKD_FAULT, "%s knows no \"%s\"", key, value ? value : "");
}

enum skd_outcome dir_option_word(const struct skd_host *host, struct skd_call *call, const char *key,
				 const char *const *words, int *index)
{
	return dir_word(host, call, key, host->option(host, key), words, index);
}

static bool host_is_local(const char *name)
{
	return !name || !*name || strcasecmp(name, "localhost") == 0 || strncmp(name, "127.", 4) == 0 ||
	       strcmp(name, "::1") == 0;
}

const char *dir_socket_beside(const char *uri)
{
	LDAPURLDesc *url = NULL;
	struct stat about;
	if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
		return NULL;
	bool beside = strcmp(url->lud_scheme, "ldapi") != 0 && host_is_local(url->lud_host);
	ldap_free_urldesc(url);
	if (!beside || stat(dir_socket_usual, &about) != 0 || !S_ISSOCK(about.st_mode))
		return NULL;
	return access(dir_socket_usual, W_OK) == 0 ? dir_socket_usual : NULL;
}

static enum skd_outcome uri_check(struct dir_setup *setup, struct skd_call *call, const char *uri, bool *tls)
{
	const struct skd_host *host = setup->host;
	LDAPURLDesc *url = NULL;
	if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
		return host->fail(call, SKD_FAULT, "uri: \"%s\" is no LDAP URI", uri);
	bool secure = strcmp(url->lud_scheme, "ldaps") == 0, plain = strcmp(url->lud_scheme, "ldap") == 0;
	bool known = secure || plain || strcmp(url->lud_scheme, "ldapi") == 0;
	bool local = host_is_local(url->lud_host);
	bool more = url->lud_dn && *url->lud_dn;
	ldap_free_urldesc(url);
	if (!known || more)
		return host->fail(call, SKD_FAULT, "uri: \"%s\" must be ldap://, ldaps:// or ldapi:// and name a server only",
				  uri);
	/* Kerberos encrypts by itself. */
	bool hidden = setup->start_tls || setup->bind == DIR_GSSAPI;
	if (plain && !hidden && !local)
		host->log(host, SKD_WARNING, "%s: passwords and people's data travel in clear; set start_tls or use ldaps://",
			  uri);
	*tls = *tls || secure || (plain && setup->start_tls);
	return SKD_OK;
}

/* A keytab is as good as a password; but root may lend one to the daemon's own group. */
static bool keytab_is_ours(const struct stat *about)
{
	int others = about->st_gid == getegid() ? 037 : 077;
	return S_ISREG(about->st_mode) && !(about->st_mode & others) && (about->st_uid == geteuid() || about->st_uid == 0);
}

static enum skd_outcome kerberos_check(struct dir_setup *setup, struct skd_call *call)
{
	const struct skd_host *host = setup->host;
	const char *keytab = host->option(host, "keytab");
	struct stat about;
	if (!keytab || !*keytab)
		return host->fail(call, SKD_FAULT, "keytab is missing: bind = gssapi needs it");
	if (stat(keytab, &about) != 0 || access(keytab, R_OK) != 0)
		return host->fail(call, SKD_FAULT, "keytab: %s: %s", keytab, strerror(errno));
	if (!keytab_is_ours(&about))
		return host->fail(call, SKD_FAULT,
				  "keytab: %s: it must be a file of the daemon's user or root, and readable by nobody else (0400), "
				  "or by the daemon's own group (0440)",
				  keytab);
	setup->kerberos = dir_kerberos_new(keytab, host->option(host, "principal"));
	if (!setup->kerberos)
		return host->fail(call, SKD_FAULT,
				  "bind = gssapi: the libraries of Kerberos do not start; is krb5.conf right?");
	return SKD_OK;
}

static enum skd_outcome bind_check(struct dir_setup *setup, struct skd_call *call)
{
	static const char *const words[] = {"simple", "external", "anonymous", "gssapi", NULL};
	const struct skd_host *host = setup->host;
	int word;
	enum skd_outcome outcome = dir_option_word(host, call, "bind", words, &word);
	if (outcome != SKD_OK)
		return outcome;
	setup->bind = (enum dir_bind)word;
	setup->bind_dn = host->option(host, "bind_dn");
	setup->bind_password = host->option(host, "bind_password");
	if (setup->bind == DIR_GSSAPI)
		return kerberos_check(setup, call);
	if (setup->bind != DIR_SIMPLE)
		return SKD_OK;
	if (!setup->bind_dn || !*setup->bind_dn)
		return host->fail(call, SKD_FAULT,
				  "bind_dn is missing: bind = simple needs it; to read without signing in, say bind = anonymous");
	if (!setup->bind_password || !*setup->bind_password)
		return host->fail(call, SKD_FAULT, "bind_password is missing: bind = simple needs one that is not empty");
	return SKD_OK;
}

static enum skd_outcome tls_check(struct dir_setup *setup, struct skd_call *call)
{
	static const char *const keys[] = {"tls_ca", "tls_ca_dir", "tls_cert", "tls_key"};
	const struct skd_host *host = setup->host;
	setup->ca_file = host->option(host, keys[0]);
	setup->ca_folder = host->option(host, keys[1]);
	setup->certificate = host->option(host, keys[2]);
	setup->key = host->option(host, keys[3]);
	if (setup->ca_file && setup->ca_folder)
		return host->fail(call, SKD_FAULT, "tls_ca_dir and tls_ca are two ways to say the same; give one");
	if (!setup->certificate != !setup->key)
		return host->fail(call, SKD_FAULT, "%s stands alone: tls_cert and tls_key need each other",
				  setup->certificate ? keys[2] : keys[3]);
	if (!setup->ca_file && !setup->ca_folder)
		setup->ca_file = ca_default;
	const char *const files[] = {setup->ca_file, setup->ca_folder, setup->certificate, setup->key};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (files[i] && access(files[i], R_OK) != 0)
			return host->fail(call, SKD_FAULT, "%s: %s: %s", keys[i], files[i], strerror(errno));
	return SKD_OK;
}

enum skd_outcome dir_setup_read(const struct skd_host *host, struct skd_call *call, struct dir_setup *setup)
{
	bool tls = false;
	const char *uri;
	/* An ldaprc in the working directory may switch the verification of certificates off. */
	int bad = setenv("LDAPNOINIT", "1", 1);
	*setup = (struct dir_setup){.host = host, .tls = dir_tls_new(), .rests = dir_rests_new()};
	if (bad || !setup->tls || !setup->rests)
		return host->fail(call, SKD_FAULT, "out of memory");
	setup->start_tls = host->number(host, "start_tls");
	setup->timeout = host->number(host, "timeout");
	setup->network_timeout = host->number(host, "network_timeout");
	if (setup->timeout <= 0 || setup->network_timeout <= 0)
		return host->fail(call, SKD_FAULT, "%s must be more than 0",
				  setup->timeout <= 0 ? "timeout" : "network_timeout");
	enum skd_outcome outcome = bind_check(setup, call);
	for (size_t i = 0; outcome == SKD_OK && (uri = host->option_at(host, "uri", i)); i++)
		outcome = i < DIR_URIS_MAX ? uri_check(setup, call, uri, &tls)
					   : host->fail(call, SKD_FAULT, "uri: at most %d", DIR_URIS_MAX);
	return outcome == SKD_OK && tls ? tls_check(setup, call) : outcome;
}

void dir_setup_close(struct dir_setup *setup)
{
	dir_tls_free(setup->tls);
	dir_rests_free(setup->rests);
	dir_kerberos_free(setup->kerberos);
	setup->tls = NULL;
	setup->rests = NULL;
	setup->kerberos = NULL;
}
