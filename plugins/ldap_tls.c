/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its TLS: one context for all connections of an instance, made anew when a
 * file of it changes. (Debian's libldap loses 17 KiB with each context that has a client's
 * certificate, and needs 5 ms to read the system's CAs.) Knows no server. */
#include "ldap.h"

#include <ldap.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TLS_FILES = 4 };

struct dir_tls {
	pthread_mutex_t lock;
	void *context; /* libldap's; NULL: none yet */
	struct timespec changed[TLS_FILES];
};

struct dir_tls *dir_tls_new(void)
{
	struct dir_tls *tls = calloc(1, sizeof *tls);
	if (tls)
		pthread_mutex_init(&tls->lock, NULL);
	return tls;
}

void dir_tls_free(struct dir_tls *tls)
{
	if (!tls)
		return;
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

static void changes_read(const struct dir_setup *setup, struct timespec changed[TLS_FILES])
{
	const char *const files[TLS_FILES] = {setup->ca_file, setup->ca_folder, setup->certificate, setup->key};
	memset(changed, 0, TLS_FILES * sizeof *changed);
	for (size_t i = 0; i < TLS_FILES; i++) {
		struct stat about;
		if (files[i] && stat(files[i], &about) == 0)
			changed[i] = about.st_ctim;
	}
}

static int context_make(const struct dir_setup *setup, struct ldap *handle)
{
	int as_client = 0, bad = 0;
	if (setup->ca_file)
		bad |= ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, setup->ca_file);
	if (setup->ca_folder)
		bad |= ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTDIR, setup->ca_folder);
	if (setup->certificate) {
		bad |= ldap_set_option(handle, LDAP_OPT_X_TLS_CERTFILE, setup->certificate);
		bad |= ldap_set_option(handle, LDAP_OPT_X_TLS_KEYFILE, setup->key);
	}
	/* Last: it makes a context of the options before it, which otherwise count for nothing. */
	bad |= ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client);
	return bad;
}

int dir_tls_use(const struct dir_setup *setup, struct ldap *handle)
{
	struct dir_tls *tls = setup->tls;
	struct timespec changed[TLS_FILES];
	int demand = LDAP_OPT_X_TLS_DEMAND;
	int bad = ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	pthread_mutex_lock(&tls->lock);
	changes_read(setup, changed);
	if (tls->context && memcmp(changed, tls->changed, sizeof changed) == 0) {
		bad |= ldap_set_option(handle, LDAP_OPT_X_TLS_CTX, tls->context);
	} else {
		tls->context = NULL;
		bad |= context_make(setup, handle);
		if (!bad)
			bad |= ldap_get_option(handle, LDAP_OPT_X_TLS_CTX, &tls->context);
		memcpy(tls->changed, changed, sizeof changed);
	}
	pthread_mutex_unlock(&tls->lock);
	return bad ? LDAP_LOCAL_ERROR : LDAP_SUCCESS;
}
