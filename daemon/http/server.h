/* SPDX-License-Identifier: Apache-2.0
 * Bytes in, bytes out: the one door to libmicrohttpd. Two epoll threads do nothing but bytes and
 * routing; whatever waits is suspended and runs in a lane. Knows no route and no JSON. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/call.h"
#include "base/lane.h"

struct server;
struct exchange; /* one request and its answer; lives until both sides are done with it */

struct http_header {
	const char *name, *value;
};

/* What the application above decides from the head of a request alone. */
struct http_plan {
	size_t body_limit;  /* larger: 413. 0: a request with a body is 413 */
	struct lane *lane;  /* NULL: `serve` runs at once on the server's own thread and must not wait */
	long milliseconds;  /* from the request line until the body is whole, otherwise 408; and until the
	                     * answer begins: a second later the server answers 503 in the application's
	                     * place, whose own answer then comes to nothing. 0: no such limit */
};

struct http_app {
	void *self;
	/* Called when the head is there and sound, on the server's thread. False: it has answered with
	 * exchange_answer() already; a body of up to 64 KiB is then read and forgotten, so that the
	 * connection lives on. */
	bool (*plan)(void *self, struct exchange *exchange, struct http_plan *plan);
	/* Called once the body is whole, in the lane. Must end in exactly one exchange_answer(), or one
	 * exchange_stream() with its exchange_stream_end(), from whichever thread, also after `serve`. */
	void (*serve)(void *self, struct exchange *exchange);
	/* The server's own refusals (400 unsound head, 408, 413, 431, 503 full lane or closing) as a body:
	 * the application gives problem+json, and Retry-After with 503. Must call exchange_answer()
	 * before it returns, must not wait, and finds no note when the head was unsound. Nothing else of
	 * the exchange is under way. What libmicrohttpd refuses itself never comes here: 414, 505, a head
	 * larger than the pool, a Content-Length that is no number. */
	void (*refuse)(void *self, struct exchange *exchange, int status, const char *sentence);
	/* Every request once, after the answer: for logs and metrics. `tag` is what exchange_tag() said, or
	 * "". `status` 0: none was sent; the client has gone, or libmicrohttpd has refused it. `bytes` of
	 * body; `microseconds` from the request line to the last byte. `method` is a token, or "" when
	 * the request had no sound head. */
	void (*done)(void *self, const char *method, const char *tag, int status, size_t bytes, int64_t microseconds);
};

struct http_options {
	const char *listen;       /* "127.0.0.1:8080", "[::1]:8080" or "unix:/path" (mode 0660) */
	int socket;               /* an already bound one (socket activation), or -1 */
	unsigned connections;     /* at most; each costs pool_size bytes; more wait in the kernel's queue */
	unsigned connections_per_address; /* 0: no limit */
	unsigned idle_seconds;    /* at least 1: for a connection without a request, for the line and for the
	                           * head of one, and for a client that takes nothing of its answer */
	size_t pool_size;         /* memory a connection, 6 to 16 KiB; a head may have 1.5 KiB less, and
	                           * that of an answer 1 KiB */
};

/* Binds and serves. FAULT with a sentence when the address is taken or malformed. */
enum skd_outcome server_open(struct skd_call *call, const struct http_options *options, const struct http_app *app,
			     struct server **server) WARN_UNUSED;
/* The port really bound (options may say 0), 0 for a unix socket. */
unsigned server_port(const struct server *server);
/* Stops listening, answers new requests on open connections 503 with Connection: close, waits until
 * what runs is answered or `milliseconds` are over, cuts streams, answers the rest 503, frees all.
 * Lanes are closed afterwards; what they still answer comes to nothing. */
void server_close(struct server **server, long milliseconds);

/* ---- an exchange, while it is being served ---- */
const char *exchange_method(const struct exchange *exchange);  /* a token, or "" in refuse() */
const char *exchange_target(const struct exchange *exchange);  /* raw, as sent: path and query, not decoded */
const char *exchange_header(const struct exchange *exchange, const char *name); /* first value, or NULL */
/* All values as one list (RFC 9110 section 5.3), or NULL; in `owner` when there are several. */
const char *exchange_list(const struct exchange *exchange, void *owner, const char *name);
const char *exchange_body(const struct exchange *exchange, size_t *size);       /* NUL follows the body */
const char *exchange_peer(const struct exchange *exchange);    /* address of the socket's other end; "" for unix */
int64_t exchange_started(const struct exchange *exchange);     /* monotonic microseconds */
void *exchange_note(struct exchange *exchange);                /* what exchange_keep() left */
/* Leaves the application's own state with the exchange; talloc_free()d with it. */
void exchange_keep(struct exchange *exchange, void *talloc_object);
void exchange_tag(struct exchange *exchange, const char *tag); /* a static string: the route, for `done` */

/* Answers whole. Copies the headers and `body`, which may be NULL. HEAD sends no body but the same
 * headers. Any thread; once, and then the exchange must not be touched again. */
void exchange_answer(struct exchange *exchange, int status, const struct http_header *headers, size_t header_count,
		     const char *body, size_t size);

/* Answers with a stream: headers go out with the first write. The caller writes from its own
 * thread, never the server's, blocked while the client is slow and a bounded buffer is full, and
 * ends with exchange_stream_end(), also after a failed write; then the exchange must not be touched
 * again. `whole` false cuts the connection so that the client can tell, HTTP/1.0 clients too. Each
 * write is sent on at once, so write some KiB at a time. BUSY: the client is gone or has asked with
 * HEAD, the server is closing, or the deadline (monotonic microseconds) is over. Once. */
void exchange_stream(struct exchange *exchange, int status, const struct http_header *headers, size_t header_count);
enum skd_outcome exchange_write(struct exchange *exchange, const char *bytes, size_t size, int64_t deadline) WARN_UNUSED;
void exchange_stream_end(struct exchange *exchange, bool whole);

#endif
