/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its Kerberos: tickets of an instance's own, got by its keytab, held in memory and
 * renewed after a third of their life; and signing in with them (SASL GSSAPI, by Cyrus' module). KRB5CCNAME
 * and KRB5_KTNAME, which belong to the whole process, are neither set nor looked at. Knows no entry. */
#include "ldap.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <ldap.h>
#include <openldap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RETRY_SECONDS = 30, REASON_ROOM = 256 };

/* One for all connections that began while it was the newest. */
struct ticket {
	krb5_context context;
	krb5_ccache cache;
	gss_cred_id_t cred;
	unsigned users; /* of them, the instance itself while it is the newest */
	time_t renew, end;
};

/* Freed by the thread that asks a KDC, where the instance is closed meanwhile. */
struct dir_kerberos {
	pthread_mutex_t lock;
	pthread_cond_t told; /* nobody asks any more */
	char *keytab, *principal;
	struct ticket *newest; /* NULL: none yet */
	bool asking, closed;
	char reason[REASON_ROOM]; /* why there was none the last time */
};

/* ---- tickets ---- */

/* Under the lock, where others may know it. */
static void ticket_leave(struct ticket *ticket)
{
	OM_uint32 minor;
	if (!ticket || --ticket->users)
		return;
	if (ticket->cred != GSS_C_NO_CREDENTIAL)
		gss_release_cred(&minor, &ticket->cred);
	if (ticket->cache)
		krb5_cc_destroy(ticket->context, ticket->cache);
	if (ticket->context)
		krb5_free_context(ticket->context);
	free(ticket);
}

/* The last thing that Kerberos said of an error, as a whole sentence. */
static void reason_note(OM_uint32 major, OM_uint32 minor, char reason[REASON_ROOM])
{
	OM_uint32 ignored, more = 0;
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	bool mechanism = minor != 0;
	gss_display_status(&ignored, mechanism ? minor : major, mechanism ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
			   (gss_OID)gss_mech_krb5, &more, &text);
	snprintf(reason, REASON_ROOM, "%.*s", (int)text.length, text.value ? (const char *)text.value : "unknown error");
	gss_release_buffer(&ignored, &text);
}

static OM_uint32 name_import(const char *principal, gss_name_t *name, OM_uint32 *minor)
{
	gss_buffer_desc text = {principal ? strlen(principal) : 0, (char *)principal};
	*name = GSS_C_NO_NAME;
	return principal ? gss_import_name(minor, &text, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, name) : GSS_S_COMPLETE;
}

/* Asks the KDC. */
static bool ticket_fill(const struct dir_kerberos *kerberos, struct ticket *ticket, char reason[REASON_ROOM])
{
	const char *cache = krb5_cc_get_name(ticket->context, ticket->cache);
	char cache_name[128], keytab_name[4096];
	gss_key_value_element_desc places[] = {{"client_keytab", keytab_name}, {"ccache", cache_name}};
	const gss_key_value_set_desc store = {2, places};
	gss_OID_set_desc mechanisms = {1, (gss_OID)gss_mech_krb5};
	OM_uint32 major, minor = 0, ignored, left = 0;
	gss_name_t name;
	snprintf(cache_name, sizeof cache_name, "MEMORY:%s", cache);
	snprintf(keytab_name, sizeof keytab_name, "FILE:%s", kerberos->keytab);
	major = name_import(kerberos->principal, &name, &minor);
	if (major == GSS_S_COMPLETE)
		major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE, &store,
					      &ticket->cred, NULL, NULL);
	if (name != GSS_C_NO_NAME)
		gss_release_name(&ignored, &name);
	if (major == GSS_S_COMPLETE)
		major = gss_inquire_cred(&minor, ticket->cred, NULL, &left, NULL, NULL);
	if (major != GSS_S_COMPLETE || !left) {
		reason_note(major, minor, reason);
		return false;
	}
	ticket->renew = time(NULL) + left / 3;
	ticket->end = time(NULL) + left;
	return true;
}

static struct ticket *ticket_get(const struct dir_kerberos *kerberos, char reason[REASON_ROOM])
{
	struct ticket *ticket = calloc(1, sizeof *ticket);
	snprintf(reason, REASON_ROOM, "out of memory");
	if (!ticket)
		return NULL;
	ticket->users = 1;
	if (krb5_init_context(&ticket->context) == 0 &&
	    krb5_cc_new_unique(ticket->context, "MEMORY", NULL, &ticket->cache) == 0 && ticket_fill(kerberos, ticket, reason))
		return ticket;
	ticket_leave(ticket);
	return NULL;
}

/* ---- asking: in a thread of its own, since how long a KDC is waited for is nobody's to say ---- */

static void kerberos_free(struct dir_kerberos *kerberos)
{
	ticket_leave(kerberos->newest);
	pthread_cond_destroy(&kerberos->told);
	pthread_mutex_destroy(&kerberos->lock);
	free(kerberos->keytab);
	free(kerberos->principal);
	free(kerberos);
}

static void *asking_main(void *argument)
{
	struct dir_kerberos *kerberos = argument;
	char reason[REASON_ROOM];
	struct ticket *next = ticket_get(kerberos, reason);
	pthread_mutex_lock(&kerberos->lock);
	if (next) {
		ticket_leave(kerberos->newest);
		kerberos->newest = next;
	}
	memcpy(kerberos->reason, reason, sizeof reason);
	kerberos->asking = false;
	pthread_cond_broadcast(&kerberos->told);
	bool closed = kerberos->closed;
	pthread_mutex_unlock(&kerberos->lock);
	if (closed)
		kerberos_free(kerberos);
	return NULL;
}

/* Under the lock. */
static void asking_begin(struct dir_kerberos *kerberos)
{
	pthread_t thread;
	kerberos->asking = pthread_create(&thread, NULL, asking_main, kerberos) == 0;
	if (kerberos->asking)
		pthread_detach(thread);
	else
		snprintf(kerberos->reason, sizeof kerberos->reason, "out of threads");
}

/* ---- for connections ---- */

/* How long signing in may take, at most. */
static long patience(const struct dir_link *link)
{
	long left = link->setup->host->time_left(link->call);
	return left < link->setup->network_timeout ? left : link->setup->network_timeout;
}

/* Under the lock: a ticket that is still good serves while another is asked for. */
static void ticket_await(struct dir_kerberos *kerberos, long milliseconds)
{
	time_t now = time(NULL);
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += milliseconds % 1000 * 1000000;
	end.tv_sec += milliseconds / 1000 + end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	if (kerberos->newest && now >= kerberos->newest->end) {
		ticket_leave(kerberos->newest);
		kerberos->newest = NULL;
	}
	if (!kerberos->asking && (!kerberos->newest || now >= kerberos->newest->renew)) {
		if (kerberos->newest)
			kerberos->newest->renew = now + RETRY_SECONDS;
		asking_begin(kerberos);
	}
	while (!kerberos->newest && kerberos->asking)
		if (pthread_cond_clockwait(&kerberos->told, &kerberos->lock, CLOCK_MONOTONIC, &end) != 0)
			return;
}

static struct ticket *ticket_use(const struct dir_link *link, char reason[REASON_ROOM])
{
	struct dir_kerberos *kerberos = link->setup->kerberos;
	pthread_mutex_lock(&kerberos->lock);
	ticket_await(kerberos, patience(link));
	struct ticket *newest = kerberos->newest;
	if (newest)
		newest->users++;
	snprintf(reason, REASON_ROOM, "%s", kerberos->asking ? "no KDC answers in time" : kerberos->reason);
	pthread_mutex_unlock(&kerberos->lock);
	return newest;
}

/* A ticket that did not help is not used again: the server may have new keys. */
static void ticket_done(struct dir_kerberos *kerberos, struct ticket *ticket, bool helped)
{
	pthread_mutex_lock(&kerberos->lock);
	if (!helped && kerberos->newest == ticket) {
		kerberos->newest = NULL;
		ticket_leave(ticket);
	}
	ticket_leave(ticket);
	pthread_mutex_unlock(&kerberos->lock);
}

/* Cyrus asks for an identity to act as, which is nobody else's. Only now there is something that takes the
 * credentials: libldap makes a new context for each bind and has no other place for them. */
static int prompts_answer(LDAP *handle, unsigned flags, void *context, void *prompts)
{
	struct ticket *ticket = context;
	(void)flags, (void)prompts;
	return ldap_set_option(handle, LDAP_OPT_X_SASL_GSS_CREDS, ticket->cred) == 0 ? LDAP_SUCCESS : LDAP_LOCAL_ERROR;
}

static int handle_prepare(LDAP *handle, bool secured)
{
	/* Active Directory refuses a layer within TLS; without TLS nothing shall be read on the way. */
	const char *layer = secured ? "maxssf=0" : "minssf=56";
	if (ldap_set_option(handle, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) != 0 ||
	    ldap_set_option(handle, LDAP_OPT_X_SASL_SECPROPS, layer) != 0)
		return LDAP_LOCAL_ERROR;
	return LDAP_SUCCESS;
}

static int answer_wait(struct dir_link *link, int id, LDAPMessage **message)
{
	long left = patience(link);
	struct timeval wait = {left / 1000, left % 1000 * 1000};
	int code = LDAP_TIMEOUT, type = left > 0 ? ldap_result(link->handle, id, LDAP_MSG_ALL, &wait, message) : 0;
	if (type < 0)
		ldap_get_option(link->handle, LDAP_OPT_RESULT_CODE, &code);
	return type > 0 ? LDAP_SUCCESS : code;
}

/* Step by step, since libldap's own loop waits for ever. */
static int talk(struct dir_link *link, struct ticket *ticket)
{
	LDAPMessage *message = NULL;
	const char *mechanism = NULL;
	int id = 0, code;
	do {
		code = ldap_sasl_interactive_bind(link->handle, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET,
						  prompts_answer, ticket, message, &mechanism, &id);
		ldap_msgfree(message);
		message = NULL;
		if (code == LDAP_SASL_BIND_IN_PROGRESS && (code = answer_wait(link, id, &message)) == LDAP_SUCCESS)
			code = LDAP_SASL_BIND_IN_PROGRESS;
	} while (code == LDAP_SASL_BIND_IN_PROGRESS);
	return code;
}

int dir_kerberos_bind(struct dir_link *link, bool secured)
{
	char reason[REASON_ROOM];
	struct ticket *ticket = ticket_use(link, reason);
	if (!ticket) {
		ldap_set_option(link->handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, reason);
		return LDAP_AUTH_UNKNOWN;
	}
	int code = handle_prepare(link->handle, secured);
	if (code == LDAP_SUCCESS)
		code = talk(link, ticket);
	ticket_done(link->setup->kerberos, ticket, code == LDAP_SUCCESS);
	if (code == LDAP_AUTH_UNKNOWN)
		return LDAP_NOT_SUPPORTED;
	return code == LDAP_LOCAL_ERROR ? LDAP_AUTH_UNKNOWN : code;
}

/* ---- of an instance ---- */

struct dir_kerberos *dir_kerberos_new(const char *keytab, const char *principal)
{
	krb5_context context;
	struct dir_kerberos *kerberos = krb5_init_context(&context) == 0 ? calloc(1, sizeof *kerberos) : NULL;
	if (!kerberos)
		return NULL;
	krb5_free_context(context);
	pthread_mutex_init(&kerberos->lock, NULL);
	pthread_cond_init(&kerberos->told, NULL);
	kerberos->keytab = strdup(keytab);
	kerberos->principal = principal ? strdup(principal) : NULL;
	if (kerberos->keytab && !principal == !kerberos->principal)
		return kerberos;
	kerberos_free(kerberos);
	return NULL;
}

void dir_kerberos_free(struct dir_kerberos *kerberos)
{
	if (!kerberos)
		return;
	pthread_mutex_lock(&kerberos->lock);
	kerberos->closed = true;
	bool asking = kerberos->asking;
	pthread_mutex_unlock(&kerberos->lock);
	if (!asking)
		kerberos_free(kerberos);
}
