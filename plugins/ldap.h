/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, shared by the plugins that speak LDAP: ldap_setup.c reads options, ldap_tls.c
 * holds what TLS needs, ldap_kerberos.c tickets, ldap.c connects and signs in, ldap_search.c reads, ldap_feed.c
 * follows, ldap_dn.c makes keys of DNs; only these include <ldap.h>. ldap_map.c and ldap_people.c say what
 * entries mean, wherever they come from. The host ignores SIGPIPE, since libldap does not.
 * Bytes that come back are what the server sent, unchecked. */
#ifndef PLUGINS_LDAP_H
#define PLUGINS_LDAP_H

#include <skillsd/plugin.h>

struct ldap;
struct ldapmsg;
struct berelement;
struct berval;

/* ---- options and connections --------------------------------------------------------------- */
enum dir_bind { DIR_SIMPLE, DIR_EXTERNAL, DIR_ANONYMOUS, DIR_GSSAPI };

struct dir_tls;
struct dir_rests;
struct dir_kerberos;

/* What all connections of an instance have in common; the strings are the host's. */
struct dir_setup {
	const struct skd_host *host;
	enum dir_bind bind;
	const char *bind_dn, *bind_password;
	bool start_tls;
	const char *ca_file, *ca_folder; /* one of them is NULL */
	const char *certificate, *key;   /* ours; both or neither */
	struct dir_tls *tls;             /* what connections share; thread-safe */
	struct dir_rests *rests;         /* the same */
	struct dir_kerberos *kerberos;   /* the same, for DIR_GSSAPI */
	long timeout, network_timeout;   /* milliseconds */
};

/* A connection to one server, signed in as the service account; for one job and one thread. */
struct dir_link {
	const struct dir_setup *setup;
	struct skd_call *call;
	const char *uri;
	struct ldap *handle;
	const char *why; /* no connection came about; a constant, or NULL */
	long page_size;  /* what the last search came to its end with; 0: unpaged */
};

/* Reads the options of ldap_options.inc and checks them, without network. SKD_FAULT: the
 * configuration is wrong, the sentence says how. Turns libldap's own configuration (ldap.conf,
 * ldaprc, LDAP* variables) off for the process. */
enum skd_outcome dir_setup_read(const struct skd_host *host, struct skd_call *call, struct dir_setup *setup);

/* Releases what dir_setup_read() made, also after it failed. */
void dir_setup_close(struct dir_setup *setup);

/* Which of `words` (NULL-terminated) the option says, as *index. SKD_FAULT: none of them. */
enum skd_outcome dir_option_word(const struct skd_host *host, struct skd_call *call, const char *key,
				 const char *const *words, int *index);

/* The same of a value that is at hand; `key` is for the sentence. */
enum skd_outcome dir_word(const struct skd_host *host, struct skd_call *call, const char *key, const char *value,
			  const char *const *words, int *index);

/* Tries the servers in the configured order, those last that could not be reached lately; goes on to the next
 * one only where a server cannot be reached, is busy or goes down. SKD_BUSY: none can be used now, or the service
 * account's credentials are refused; SKD_FAULT: a server or our set-up is configured wrongly. */
enum skd_outcome dir_link_open(const struct dir_setup *setup, struct skd_call *call, struct dir_link *link);
void dir_link_close(struct dir_link *link);
/* The same for this server alone. */
enum skd_outcome dir_link_open_at(const struct dir_setup *setup, struct skd_call *call, const char *uri,
				  struct dir_link *link);

/* Signs in as somebody else, after which the connection is of no further use. SKD_OK, or
 * SKD_DENIED when the server refuses (wrong, locked, expired, no such entry): no sentence is set
 * then. Any other outcome: the server cannot say. An empty password is never sent. */
enum skd_outcome dir_link_bind(struct dir_link *link, const char *dn, const char *password);

/* Ends the call with a sentence that names the server, what was tried ("search dc=x") and why it
 * failed: `code` is libldap's, with the handle's diagnostic message, escaped. */
enum skd_outcome dir_link_fail(const struct dir_link *link, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Where slapd listens for ldapi:/// */
extern const char dir_socket_usual[];

/* That path, where a URI goes over TCP to this machine and we may use the socket; NULL otherwise. */
const char *dir_socket_beside(const char *uri);

/* ---- names, for ldap.c ----------------------------------------------------------------------- */
struct addrinfo;

/* The addresses of a host, with its port, for freeaddrinfo(). NULL, or why there are none after `patience`
 * milliseconds: a constant. */
const char *dir_name_find(const char *host, int port, long patience, struct addrinfo **list);

/* ---- servers at rest, for ldap_setup.c and ldap.c -------------------------------------------- */
enum { DIR_URIS_MAX = 16 };

struct dir_rests *dir_rests_new(void); /* NULL: out of memory */
void dir_rests_free(struct dir_rests *rests);
/* A server was reached, or not: then it is asked after all others for a while. */
void dir_rests_note(struct dir_rests *rests, size_t server, bool reached);
/* The numbers of `count` servers as they are to be asked now. */
void dir_rests_order(struct dir_rests *rests, size_t count, size_t order[DIR_URIS_MAX]);

/* ---- what a server is, for an administrator: ldap_examine.c, ldap_cert.c ---------------------- */
enum dir_vendor { DIR_UNKNOWN, DIR_OPENLDAP, DIR_389DS, DIR_FREEIPA, DIR_AD, DIR_SAMBA };

struct dir_server {
	enum dir_vendor vendor;
	bool is_389; /* FreeIPA's, too */
	bool shown; /* its root DSE can be read */
	bool pages, syncs, start_tls, whoami;
	bool openldap, forest_level, ipa;
	char contexts[512], vendor_name[128], version[128], forest[128]; /* cut off */
	/* of a domain controller: its domain, which of its entries it is, and the newest change */
	char domain[512], service[512];
	int64_t usn; /* 0: it numbers none */
};

/* What a server says of itself in its root DSE (RFC 4512 5.1); not SKD_OK only where the connection is of no use. */
enum skd_outcome dir_server_read(struct dir_link *link, struct dir_server *server);

/* Reads it, and notes what is at the other end of an open link: TLS, as whom we are signed in, vendor, naming
 * contexts, controls. */
void dir_examine(struct dir_link *link, const struct skd_notes *notes, struct dir_server *server);

/* What a certificate (DER) says; false: it cannot be read. */
struct dir_certificate {
	char subject[256], issuer[256]; /* DNs, cut off */
	int64_t until;                  /* seconds since 1970 */
};
bool dir_certificate_read(const struct berval *der, struct dir_certificate *certificate);

/* ---- TLS, for ldap_setup.c and ldap.c ------------------------------------------------------- */
struct dir_tls *dir_tls_new(void); /* NULL: out of memory */
void dir_tls_free(struct dir_tls *tls);

/* Makes a handle demand a valid certificate by the CAs of the options, and show ours. libldap's code. */
int dir_tls_use(const struct dir_setup *setup, struct ldap *handle);

/* ---- Kerberos, for ldap_setup.c and ldap.c ------------------------------------------------- */

/* `principal` NULL: the keytab's first. No network. NULL: out of memory, or krb5.conf is wrong. */
struct dir_kerberos *dir_kerberos_new(const char *keytab, const char *principal);
void dir_kerberos_free(struct dir_kerberos *kerberos);

/* Signs in; `secured`: nobody can listen, so no layer of protection is asked for. libldap's code;
 * LDAP_AUTH_UNKNOWN: Kerberos gives no ticket in time, LDAP_NOT_SUPPORTED: there is no GSSAPI here, or none that
 * encrypts; the handle's diagnostic message says why. How long a server's ticket may take is krb5.conf's to say. */
int dir_kerberos_bind(struct dir_link *link, bool secured);

/* ---- entries, of a server or of a file ------------------------------------------------------- */
struct dir_attribute;

enum { AD_GUID_TEXT = 40 };

/* An entry, and a cursor over its attributes. */
struct dir_entry {
	struct skd_text dn;
	bool (*next)(struct dir_entry *entry, struct dir_attribute *attribute); /* false after the last one */
	void (*rewind)(struct dir_entry *entry);
	char guid[AD_GUID_TEXT]; /* map_pick()'s */
	/* of a search: */
	const struct dir_link *link;
	struct ldapmsg *message;
	struct berelement *cursor;
	struct berval *values;
	int code;
};

/* One attribute may come in several parts. Its memory lives until the cursor moves, the bytes of its
 * values as long as the entry. */
struct dir_attribute {
	struct skd_text description; /* with options: cn;lang-de */
	struct skd_text name;        /* what stands before the first ';' */
	size_t count;
	const struct berval *values; /* a server's, or */
	const struct skd_text *texts;
};

struct skd_text dir_value(const struct dir_attribute *attribute, size_t i);

/* ---- searches ------------------------------------------------------------------------------ */
struct dir_query {
	const char *base;
	bool itself;    /* the base alone; otherwise */
	bool one_level; /* the entries directly below the base; otherwise the base and all below */
	const char *filter;
	const char *const *attributes; /* NULL-terminated, not empty */
	long page_size;                /* 0: unpaged */
	int size_limit;                /* 0: all; reaching a limit asked for is no failure */
	bool may_refuse;               /* a server that answers with an error shows nothing, which is no failure */
	bool deleted, local;           /* Active Directory: with what is deleted; without references to other servers */
};

/* Hands over the entries as they arrive (RFC 2696 pages where page_size says so) until all are
 * seen or `each` returns something else than SKD_OK, which is returned. SKD_OK means complete:
 * every page had result code 0 and the last one an empty cookie. Waits at most `timeout` for any
 * answer and never beyond the call's time. */
enum skd_outcome dir_search(struct dir_link *link, const struct dir_query *query,
			    enum skd_outcome (*each)(void *context, struct dir_entry *entry), void *context);

/* For the room's own searches: makes an entry of a message and gives it to `each`; its outcome, or what was
 * wrong with the entry. */
enum skd_outcome dir_entry_give(struct dir_link *link, struct ldapmsg *message,
				enum skd_outcome (*each)(void *context, struct dir_entry *entry), void *context);

/* ---- feeds: searches that go on (RFC 4533, refreshAndPersist) -------------------------------- */
extern const char dir_feed_of_389[]; /* why it has none, without a full stop */

enum { DIR_FEED_MAX = 4 };

struct dir_feed {
	struct dir_link link;
	long opened_by; /* milliseconds that are left of the call's time when it must be open */
	size_t count;
	struct dir_feed_search {
		int id;
		char *cookie; /* its own, in hexadecimal digits; malloc()ed */
		bool live;    /* all that was before has come */
	} searches[DIR_FEED_MAX];
	char *cookie; /* of all of them; malloc()ed */
};

/* Signs in and begins all searches (pages and limits are not looked at): from now on, or from where `cookie`
 * stands. SKD_ABSENT: the server has no such thing; SKD_STALE: not from there. */
enum skd_outcome dir_feed_open(const struct dir_setup *setup, struct skd_call *call, size_t count,
			       const struct dir_query *queries, const char *cookie, struct dir_feed *feed);

/* Waits for what comes. `each` gets new and changed entries with the number of their search, `settle` is
 * called when nothing more waits. SKD_OK: the call's time is over; SKD_STALE: an entry is gone, or the
 * server wants to begin anew; or what the two return. */
struct dir_feed_reader {
	enum skd_outcome (*each)(void *context, size_t search, struct dir_entry *entry);
	enum skd_outcome (*settle)(void *context);
	void *context;
};
enum skd_outcome dir_feed_follow(struct dir_feed *feed, const struct dir_feed_reader *reader);
void dir_feed_close(struct dir_feed *feed);

/* `value` as it may stand in a filter (RFC 4515), in the call's memory. */
const char *dir_filter_value(const struct skd_host *host, struct skd_call *call, const char *value);

/* ---- keys ---------------------------------------------------------------------------------- */

/* A buffer for keys, used again and again: what it holds is overwritten by the next key. */
struct dir_key {
	const struct skd_host *host;
	struct skd_call *call;
	char *bytes;
	size_t size, room;
};

/* A canonical form of a DN: types and values in lower case, spaces as caseIgnoreMatch compares
 * them, the parts of a multi-valued RDN sorted, one way of escaping: always valid UTF-8 without
 * control characters, and a comma in it always separates. What is no DN (<GUID=...>) becomes a
 * lower-case copy. Good for matching references within one run; it is nobody's identity, since
 * only the server knows its matching rules. No bytes: no key. */
struct skd_text dir_key_make(struct dir_key *key, struct skd_text dn);

/* The key of the entry above; no bytes: none. */
struct skd_text dir_key_parent(struct skd_text key);

#endif
