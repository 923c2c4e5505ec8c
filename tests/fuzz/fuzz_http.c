/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as what a client sends, through libmicrohttpd and the daemon's own callbacks: what is served is what
 * a strict reader of RFC 9112 finds there, request by request, and nothing is served after a refusal. */
#include "fuzz.h"

#include "http/exchange.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENT_MAX = 32768, BODY_LIMIT = 300, POOL_SIZE = 9216, TURNS = 100000 };

struct span {
	const char *at;
	size_t size;
};

/* A request as the strict reader has it. */
struct wanted {
	struct span method, target, names[HEAD_FIELDS], values[HEAD_FIELDS];
	unsigned count;
	bool chunked;
	size_t length;
};

struct wire {
	struct server server;
	const char *at, *end; /* what the strict reader has not read yet */
	struct wanted wanted;
	bool refused;
};

/* ---- the strict reader */

static bool all_of(struct span span, const char *set)
{
	for (size_t i = 0; i < span.size; i++)
		if (!span.at[i] || !strchr(set, span.at[i]))
			return false;
	return span.size > 0;
}

static bool none_of_controls(struct span span, bool blanks)
{
	for (size_t i = 0; i < span.size; i++) {
		unsigned char c = (unsigned char)span.at[i];
		if (c == 0x7f || c < ' ' ? !(blanks && c == '\t') : c == ' ' && !blanks)
			return false;
	}
	return true;
}

static bool is_token(struct span span)
{
	return all_of(span, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

static bool is_word(struct span span, const char *word)
{
	return span.size == strlen(word) && strncasecmp(span.at, word, span.size) == 0;
}

/* What stands before `stop`, which is passed. */
static bool cut(const char **at, const char *end, const char *stop, struct span *span)
{
	const char *found = memmem(*at, (size_t)(end - *at), stop, strlen(stop));
	if (!found)
		return false;
	*span = (struct span){*at, (size_t)(found - *at)};
	*at = found + strlen(stop);
	return true;
}

static bool is_end(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

static bool is_hidden(char c)
{
	return c == '\0' || c == ':';
}

/* In memory the library has made NUL of CR, of LF, and of the colon of a line that has only that: so here a NUL or that
 * colon may stand for the other half of a line's end, as nobody behind the library can tell. */
static bool is_pair(const char *at)
{
	if (is_hidden(at[0]) || is_hidden(at[1]))
		return (is_end(at[0]) || is_hidden(at[0])) && (is_end(at[1]) || is_hidden(at[1]));
	return at[0] == '\r' && at[1] == '\n';
}

static bool cut_line(struct wire *wire, struct span *line)
{
	const char *at = wire->at;
	if (at < wire->end && *at == ':') {
		*line = (struct span){at, 0};
	} else {
		while (at < wire->end && !is_end(*at))
			at++;
		*line = (struct span){wire->at, (size_t)(at - wire->at)};
	}
	if (wire->end - at < 2 || !is_pair(at))
		return false;
	wire->at = at + 2;
	return true;
}

static struct span trimmed(struct span span)
{
	while (span.size && strchr(" \t", span.at[span.size - 1]))
		span.size--;
	for (; span.size && strchr(" \t", *span.at); span.size--)
		span.at++;
	return span;
}

/* RFC 9112 2.2; and to the library a line that begins with NUL is empty. */
static void skip_empty(struct wire *wire)
{
	while (wire->at < wire->end && is_end(*wire->at)) {
		bool nul = *wire->at++ == '\0';
		while (nul && wire->at < wire->end && *wire->at != '\n')
			wire->at++;
	}
}

static bool line_read(struct wire *wire, struct wanted *wanted, bool *oldest)
{
	struct span line;
	if (!cut_line(wire, &line))
		return false;
	const char *at = line.at, *end = line.at + line.size;
	if (!cut(&at, end, " ", &wanted->method) || !cut(&at, end, " ", &wanted->target))
		return false;
	struct span version = {at, (size_t)(end - at)};
	*oldest = end > at && end[-1] == '0';
	return is_token(wanted->method) && wanted->target.size && none_of_controls(wanted->target, false) &&
	       version.size == 8 && memcmp(at, "HTTP/1.", 7) == 0 && at[7] >= '0' && at[7] <= '9';
}

/* False: not sound. *more: it was not the empty line. */
static bool field_read(struct wire *wire, struct wanted *wanted, bool *more)
{
	struct span line, *name = &wanted->names[wanted->count];
	if (!cut_line(wire, &line))
		return false;
	*more = line.size > 0;
	if (!*more)
		return true;
	const char *at = line.at, *end = line.at + line.size;
	if (wanted->count == HEAD_FIELDS || !cut(&at, end, ":", name) || !is_token(*name))
		return false;
	wanted->values[wanted->count] = trimmed((struct span){at, (size_t)(end - at)});
	return none_of_controls(wanted->values[wanted->count++], true);
}

static bool framing_read(struct wanted *wanted, bool oldest)
{
	int hosts = 0, lengths = 0, codings = 0;
	for (unsigned i = 0; i < wanted->count; i++) {
		struct span value = wanted->values[i];
		hosts += is_word(wanted->names[i], "Host");
		if (is_word(wanted->names[i], "Content-Length")) {
			if (lengths++ || !all_of(value, "0123456789") || value.size > 18)
				return false;
			wanted->length = strtoul(value.at, NULL, 10);
		}
		if (is_word(wanted->names[i], "Transfer-Encoding") && (codings++ || !is_word(value, "chunked")))
			return false;
	}
	wanted->chunked = codings > 0;
	return lengths + codings < 2 && (oldest ? hosts < 2 && !codings : hosts == 1);
}

static bool head_wanted(struct wire *wire)
{
	struct wanted *wanted = &wire->wanted;
	bool more = true, oldest;
	*wanted = (struct wanted){.count = 0};
	skip_empty(wire);
	if (!line_read(wire, wanted, &oldest))
		return false;
	while (more)
		if (!field_read(wire, wanted, &more))
			return false;
	return framing_read(wanted, oldest);
}

/* ---- the application */

static bool same(const char *text, struct span span)
{
	return strlen(text) == span.size && memcmp(text, span.at, span.size) == 0;
}

static bool plan(void *self, struct exchange *exchange, struct http_plan *plan)
{
	struct wire *wire = self;
	must(!wire->refused, "nothing is served after a refusal");
	must(wire->wanted.chunked || head_wanted(wire), "a head that is served is sound");
	*plan = (struct http_plan){.body_limit = BODY_LIMIT};
	if (wire->wanted.chunked)
		return true; /* behind a chunked body the strict reader is lost */
	must(same(exchange_method(exchange), wire->wanted.method), "the method is the one sent");
	must(same(exchange_target(exchange), wire->wanted.target), "the target is the one sent");
	must(exchange->head.count == wire->wanted.count, "there are as many fields as were sent");
	for (unsigned i = 0; i < wire->wanted.count; i++) {
		must(same(exchange->head.fields[i].name, wire->wanted.names[i]), "a field has its name");
		must(same(exchange->head.fields[i].value, wire->wanted.values[i]), "a field has its value");
	}
	return true;
}

static void serve(void *self, struct exchange *exchange)
{
	struct wire *wire = self;
	size_t size;
	const char *body = exchange_body(exchange, &size);
	must(size <= BODY_LIMIT && body[size] == '\0', "a body is within its limit");
	if (!wire->wanted.chunked) {
		must(size == wire->wanted.length && memcmp(body, wire->at, size) == 0, "the body is the one sent");
		wire->at += size;
	}
	exchange_answer(exchange, 204, NULL, 0, NULL, 0);
}

static void refuse(void *self, struct exchange *exchange, int status, const char *sentence)
{
	struct wire *wire = self;
	must(status >= 400 && *sentence, "a refusal says why");
	wire->refused = true;
	exchange_answer(exchange, status, NULL, 0, NULL, 0);
}

static void done(void *self, const char *method, const char *tag, int status, size_t bytes, int64_t microseconds)
{
	(void)self, (void)tag, (void)status, (void)bytes, (void)microseconds;
	must(!*method || is_token((struct span){method, strlen(method)}), "a method is a token");
}

/* ---- one connection, on this thread */

static void quiet(void *self, const char *format, va_list args)
{
	(void)self, (void)format, (void)args;
}

static size_t leave_encoded(void *self, struct MHD_Connection *mhd, char *text)
{
	(void)self, (void)mhd;
	return strlen(text);
}

/* As server.c has it, but without threads. */
static struct MHD_Daemon *library_start(struct server *server)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
				NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, quiet, server,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE, MHD_OPTION_CONNECTION_LIMIT, 4u,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK,
				on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, server,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_END);
}

static struct wire *wire_start(void)
{
	struct wire *wire = calloc(1, sizeof *wire);
	must(wire != NULL, "there is memory");
	struct server *server = &wire->server;
	server->app = (struct http_app){wire, plan, serve, refuse, done};
	server->pool_size = POOL_SIZE;
	server->idle = INT64_MAX / 4;
	pthread_mutex_init(&server->lock, NULL);
	server->daemon = library_start(server);
	must(server->daemon != NULL, "the library starts");
	return wire;
}

/* Until the library has nothing more to do. */
static void settle(struct wire *wire, int end)
{
	char answer[4096];
	MHD_UNSIGNED_LONG_LONG left;
	for (int quiet_turns = 0, turns = 0; quiet_turns < 2; quiet_turns++) {
		MHD_run(wire->server.daemon);
		while (recv(end, answer, sizeof answer, MSG_DONTWAIT) > 0)
			quiet_turns = 0;
		if (MHD_get_timeout(wire->server.daemon, &left) == MHD_YES && left == 0)
			quiet_turns = 0;
		must(turns++ < TURNS, "a connection comes to rest");
	}
}

static void connection_run(struct wire *wire, int end, int other, const uint8_t *bytes, size_t size)
{
	const struct sockaddr address = {.sa_family = AF_UNIX};
	must(send(end, bytes, size, MSG_NOSIGNAL) == (ssize_t)size, "the socket takes the bytes");
	atomic_store(&wire->server.connected, 1);
	must(MHD_add_connection(wire->server.daemon, other, &address, sizeof address) == MHD_YES,
	     "the library takes the connection");
	settle(wire, end);
	shutdown(end, SHUT_RDWR);
	settle(wire, end);
	must(!atomic_load(&wire->server.connected) && !wire->server.first && !atomic_load(&wire->server.busy),
	     "a connection whose client has gone ends");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct wire *wire;
	int ends[2];
	if (size == 0 || size > SENT_MAX)
		return 0;
	if (!wire)
		wire = wire_start();
	char *sent = malloc(size + 1); /* a copy of just its size, for the strict reader */
	memcpy(sent, bytes, size);
	wire->at = sent;
	wire->end = sent + size;
	wire->refused = wire->wanted.chunked = false;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there is a socket");
	connection_run(wire, ends[0], ends[1], bytes, size);
	close(ends[0]);
	free(sent);
	return 0;
}
