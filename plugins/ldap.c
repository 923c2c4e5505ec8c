/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its connections: sockets, TLS, signing in, and errors as sentences.
 * Each job has its own handle; a handle that failed is never used again. Knows no attributes. */
#include "ldap.h"

#include <errno.h>
#include <ldap.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openldap.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A group of 500,000 members is about 32 MiB; a server that announces more is not believed. */
static const ber_len_t message_max = 64 << 20;

/* ---- errors */

static bool server_gone(int code)
{
	return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR || code == LDAP_BUSY ||
	       code == LDAP_UNAVAILABLE;
}

static enum skd_outcome outcome_of(int code)
{
	switch (code) {
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_AUTH_UNKNOWN:
	case LDAP_TIMELIMIT_EXCEEDED:
	case LDAP_UNWILLING_TO_PERFORM:
	case LDAP_OPERATIONS_ERROR:
	case LDAP_OTHER:
	case LDAP_NO_MEMORY:
	case LDAP_DECODING_ERROR:
		return SKD_BUSY;
	default:
		return server_gone(code) ? SKD_BUSY : SKD_FAULT;
	}
}

static const char *reason_of(const struct dir_link *link, int code)
{
	switch (code) {
	case LDAP_SERVER_DOWN:
		return link->why ? link->why : "the connection broke";
	case LDAP_TIMEOUT:
		return "it does not answer in time";
	case LDAP_CONNECT_ERROR:
		return "no TLS with it; its certificate must be valid, for the name in the uri, and from a CA of tls_ca";
	case LDAP_DECODING_ERROR:
		return "its answer is no LDAP";
	case LDAP_SIZELIMIT_EXCEEDED:
		return "it gives this account no more entries (size limit)";
	case LDAP_ADMINLIMIT_EXCEEDED:
		return "a limit of the server's administrator is exceeded";
	case LDAP_REFERRAL:
		return "it refers to another server, and referrals are not followed";
	case LDAP_NO_SUCH_OBJECT:
		return "there is no such entry, or it is hidden from this account";
	case LDAP_UNAVAILABLE_CRITICAL_EXTENSION:
		return "it knows no paged results (page_size = 0 reads unpaged)";
	case LDAP_AUTH_UNKNOWN:
		return "Kerberos gives no ticket";
	case LDAP_NOT_SUPPORTED:
		return "no GSSAPI here, or none that encrypts; it is in the package libsasl2-modules-gssapi-mit";
	case LDAP_STRONG_AUTH_REQUIRED:
	case LDAP_CONFIDENTIALITY_REQUIRED:
		return ldap_tls_inplace(link->handle)
			       ? "it does not take this within TLS (bind = gssapi: use ldap:// without start_tls)"
			       : "it wants an encrypted connection: set start_tls = yes, or use ldaps://";
	case LDAP_FILTER_ERROR:
		return "the filter is written wrongly";
	default:
		return ldap_err2string(code);
	}
}

/* Printable ASCII of what a server said; the rest as \xx, the end cut off. */
static void text_escape(const char *text, char *out, size_t room)
{
	size_t used = 0;
	for (; *text && used + 4 < room; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte >= 0x20 && byte < 0x7f)
			out[used++] = *text;
		else
			used += (size_t)snprintf(out + used, room - used, "\\%02x", byte);
	}
	out[used] = '\0';
}

/* " (what the server said)", or nothing. */
static void diagnostic_read(const struct dir_link *link, char *out, size_t room)
{
	char *said = NULL, escaped[240];
	*out = '\0';
	if (!link->handle || ldap_get_option(link->handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said) != 0 || !said)
		return;
	text_escape(said, escaped, sizeof escaped);
	if (*escaped)
		snprintf(out, room, " (%s)", escaped);
	ldap_memfree(said);
}

enum skd_outcome dir_link_fail(const struct dir_link *link, int code, const char *format, ...)
{
	char what[512], said[256];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	diagnostic_read(link, said, sizeof said);
	return link->setup->host->fail(link->call, outcome_of(code), "%s: cannot %s: %s%s", link->uri, what,
				       reason_of(link, code), said);
}

/* ---- connections */

/* Milliseconds that a step may take: never more than the call has left. */
static long link_patience(const struct dir_link *link, long limit)
{
	long left = link->setup->host->time_left(link->call);
	return left < limit ? left : limit;
}

static int link_arm(struct dir_link *link, long limit)
{
	long left = link_patience(link, limit);
	struct timeval wait = {left / 1000, left % 1000 * 1000};
	if (left <= 0)
		return LDAP_TIMEOUT;
	if (ldap_set_option(link->handle, LDAP_OPT_NETWORK_TIMEOUT, &wait) != 0 ||
	    ldap_set_option(link->handle, LDAP_OPT_TIMEOUT, &wait) != 0)
		return LDAP_NO_MEMORY;
	return LDAP_SUCCESS;
}

/* What is silent for hours may have been forgotten on the way, by a firewall or by a server that is no more. */
static int socket_tune(int fd)
{
	int on = 1, idle = 30, interval = 5, count = 3, most = (idle + interval * count) * 1000;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &most, sizeof most) != 0)
		return errno;
	return 0;
}

/* A connected, non-blocking socket, or -1 with errno. */
static int socket_connect(const struct sockaddr *address, socklen_t size, long patience)
{
	int problem = 0;
	socklen_t problem_size = sizeof problem;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (address->sa_family != AF_UNIX)
		problem = socket_tune(fd);
	if (problem)
		errno = problem;
	else if (connect(fd, address, size) != 0 && errno != EINPROGRESS)
		problem = errno;
	else if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, (int)patience) < 1)
		problem = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &problem_size) != 0)
		problem = errno;
	if (problem == 0)
		return fd;
	close(fd);
	errno = problem;
	return -1;
}

/* Tries all addresses of the name, which libldap's own asynchronous connecting does not. */
static int tcp_connect(struct dir_link *link, const LDAPURLDesc *url, long patience)
{
	const char *host = url->lud_host && *url->lud_host ? url->lud_host : "localhost";
	struct addrinfo *list;
	int fd = -1, count = 0;
	link->why = dir_name_find(host, url->lud_port, patience, &list);
	if (link->why)
		return -1;
	patience = link_patience(link, patience);
	for (struct addrinfo *a = list; a; a = a->ai_next)
		count++;
	for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
		fd = socket_connect(a->ai_addr, a->ai_addrlen, patience / count);
		if (fd < 0)
			link->why = strerrordesc_np(errno);
	}
	freeaddrinfo(list);
	return fd;
}

static int unix_connect(struct dir_link *link, const LDAPURLDesc *url, long patience)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = url->lud_host && *url->lud_host ? url->lud_host : dir_socket_usual;
	if (strlen(path) >= sizeof address.sun_path) {
		link->why = strerrordesc_np(ENAMETOOLONG);
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket_connect((const struct sockaddr *)&address, sizeof address, patience);
	if (fd < 0)
		link->why = strerrordesc_np(errno);
	return fd;
}

static int link_connect(struct dir_link *link, const LDAPURLDesc *url)
{
	bool local = strcmp(url->lud_scheme, "ldapi") == 0;
	long patience = link_patience(link, link->setup->network_timeout);
	if (patience <= 0)
		return LDAP_TIMEOUT;
	int fd = local ? unix_connect(link, url, patience) : tcp_connect(link, url, patience);
	if (fd < 0)
		return LDAP_SERVER_DOWN;
	int code = ldap_init_fd(fd, local ? LDAP_PROTO_IPC : LDAP_PROTO_TCP, link->uri, &link->handle);
	if (code != LDAP_SUCCESS)
		close(fd);
	link->why = NULL;
	return code;
}

static int link_prepare(struct dir_link *link)
{
	int version = LDAP_VERSION3;
	ber_len_t max = message_max;
	Sockbuf *socket = NULL;
	int bad = ldap_set_option(link->handle, LDAP_OPT_PROTOCOL_VERSION, &version);
	bad |= ldap_set_option(link->handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	bad |= ldap_set_option(link->handle, LDAP_OPT_RESTART, LDAP_OPT_ON);
	/* Without it 2.5 spins for ever in a TLS handshake that the other side does not answer. */
	bad |= ldap_set_option(link->handle, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON);
	bad |= ldap_get_option(link->handle, LDAP_OPT_SOCKBUF, &socket);
	if (bad || !socket || ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &max) < 0)
		return LDAP_LOCAL_ERROR;
	return LDAP_SUCCESS;
}

static int service_bind(struct dir_link *link, bool secured)
{
	const struct dir_setup *setup = link->setup;
	struct berval nothing = {0, (char[]){""}};
	if (setup->bind == DIR_GSSAPI)
		return dir_kerberos_bind(link, secured);
	if (setup->bind == DIR_EXTERNAL)
		return ldap_sasl_bind_s(link->handle, NULL, "EXTERNAL", &nothing, NULL, NULL, NULL);
	if (setup->bind == DIR_ANONYMOUS)
		return ldap_sasl_bind_s(link->handle, NULL, LDAP_SASL_SIMPLE, &nothing, NULL, NULL, NULL);
	struct berval password = {strlen(setup->bind_password), (char *)setup->bind_password};
	return ldap_sasl_bind_s(link->handle, setup->bind_dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
}

/* One server, as far as it goes; *step says where it stopped. */
static int link_dial(struct dir_link *link, const LDAPURLDesc *url, const char **step)
{
	bool secure = strcmp(url->lud_scheme, "ldaps") == 0;
	bool upgrade = link->setup->start_tls && strcmp(url->lud_scheme, "ldap") == 0;
	*step = "connect";
	int code = link_connect(link, url);
	if (code == LDAP_SUCCESS)
		code = link_prepare(link);
	if (code == LDAP_SUCCESS && (secure || upgrade)) {
		*step = "use the files of tls_ca, tls_ca_dir, tls_cert, tls_key";
		code = dir_tls_use(link->setup, link->handle);
	}
	if (code == LDAP_SUCCESS && (secure || upgrade)) {
		*step = "start TLS";
		code = link_arm(link, link->setup->network_timeout);
		if (code == LDAP_SUCCESS)
			code = secure ? ldap_install_tls(link->handle) : ldap_start_tls_s(link->handle, NULL, NULL);
	}
	if (code != LDAP_SUCCESS)
		return code;
	*step = "sign in";
	code = link_arm(link, link->setup->network_timeout);
	bool local = strcmp(url->lud_scheme, "ldapi") == 0;
	return code == LDAP_SUCCESS ? service_bind(link, secure || upgrade || local) : code;
}

static int server_try(struct dir_link *link, const char **step)
{
	LDAPURLDesc *url = NULL;
	*step = "read the uri";
	if (ldap_url_parse(link->uri, &url) != LDAP_URL_SUCCESS)
		return LDAP_PARAM_ERROR;
	int code = link_dial(link, url, step);
	ldap_free_urldesc(url);
	return code;
}

static const char *account_name(const struct dir_setup *setup)
{
	if (setup->bind == DIR_GSSAPI)
		return setup->host->option(setup->host, "principal") ?: "(Kerberos)";
	return setup->bind_dn ? setup->bind_dn : "(SASL EXTERNAL)";
}

static enum skd_outcome dial_fail(struct dir_link *link, int code, const char *step)
{
	const struct dir_setup *setup = link->setup;
	char said[256];
	if (code != LDAP_INVALID_CREDENTIALS)
		return dir_link_fail(link, code, "%s", step);
	diagnostic_read(link, said, sizeof said);
	return setup->host->fail(link->call, SKD_BUSY,
				 "%s refuses the credentials of the service account %s; nothing can be said about people%s",
				 link->uri, account_name(setup), said);
}

/* A server that could not be used, with others left to ask. */
static void server_pass_over(struct dir_link *link, int code, const char *step)
{
	const struct skd_host *host = link->setup->host;
	char said[256];
	diagnostic_read(link, said, sizeof said);
	host->log(host, SKD_WARNING, "%s: cannot %s: %s%s; trying the next server", link->uri, step, reason_of(link, code),
		  said);
	dir_link_close(link);
}

enum skd_outcome dir_link_open_at(const struct dir_setup *setup, struct skd_call *call, const char *uri,
				  struct dir_link *link)
{
	const char *step;
	*link = (struct dir_link){.setup = setup, .call = call, .uri = uri};
	int code = server_try(link, &step);
	if (code == LDAP_SUCCESS)
		return SKD_OK;
	enum skd_outcome outcome = dial_fail(link, code, step);
	dir_link_close(link);
	return outcome;
}

enum skd_outcome dir_link_open(const struct dir_setup *setup, struct skd_call *call, struct dir_link *link)
{
	const struct skd_host *host = setup->host;
	size_t order[DIR_URIS_MAX], count = 0;
	const char *step;
	while (count < DIR_URIS_MAX && host->option_at(host, "uri", count))
		count++;
	dir_rests_order(setup->rests, count, order);
	for (size_t i = 0; i < count; i++) {
		*link = (struct dir_link){.setup = setup, .call = call, .uri = host->option_at(host, "uri", order[i])};
		int code = server_try(link, &step);
		dir_rests_note(setup->rests, order[i], !server_gone(code));
		if (code == LDAP_SUCCESS)
			return SKD_OK;
		if (!server_gone(code) || i + 1 == count) {
			enum skd_outcome outcome = dial_fail(link, code, step);
			dir_link_close(link);
			return outcome;
		}
		server_pass_over(link, code, step);
	}
	return host->fail(call, SKD_FAULT, "no uri is configured");
}

void dir_link_close(struct dir_link *link)
{
	if (link->handle)
		ldap_unbind_ext(link->handle, NULL, NULL);
	link->handle = NULL;
}

static bool bind_refused(int code)
{
	switch (code) {
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_UNWILLING_TO_PERFORM:
	case LDAP_CONSTRAINT_VIOLATION: /* 389 DS: too many wrong passwords */
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
		return true;
	default:
		return false;
	}
}

enum skd_outcome dir_link_bind(struct dir_link *link, const char *dn, const char *password)
{
	const struct skd_host *host = link->setup->host;
	char said[256];
	/* A bind without a password succeeds and means nothing (RFC 4513 5.1.2). */
	if (!*password || !*dn)
		return SKD_DENIED;
	struct berval secret = {strlen(password), (char *)password};
	int code = link_arm(link, link->setup->timeout);
	if (code == LDAP_SUCCESS)
		code = ldap_sasl_bind_s(link->handle, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
	if (code == LDAP_SUCCESS)
		return SKD_OK;
	/* What a server says here may hold anything, even the password: it goes no further than this. */
	diagnostic_read(link, said, sizeof said);
	host->log(host, SKD_DEBUG, "%s: does not let %s in: %s%s", link->uri, dn, ldap_err2string(code), said);
	if (bind_refused(code))
		return SKD_DENIED;
	return host->fail(link->call, outcome_of(code), "%s: cannot check a password: %s", link->uri, reason_of(link, code));
}
