/* SPDX-License-Identifier: Apache-2.0
 * The server from opening to closing. Knows the library's options and the order in which things end;
 * nothing of requests. */
#include "http/exchange.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	THREADS = 2,
	SPARE = 64,            /* the library counts a connection a moment longer than we do */
	SILENCE = 1000000,     /* microseconds that the library's own idle time-out comes before ours */
	QUIET = 100000,        /* without a request for so long, a closing server hangs up */
	LAST_WORDS = 1000000,  /* for forced answers to go out, at least */
	STEP = 2,              /* milliseconds between two looks at how the closing goes, */
	STRIDE = 10,           /* and between two when each hangs up */
};

/* What the library has to say is mostly about clients; what is about us names a system call. */
static void on_log(void *server, const char *format, va_list args)
{
	(void)server;
	bool ours = strstr(format, "ailed to signal") || strstr(format, "epoll") || strstr(format, "allocating");
	log_linev(ours ? SKD_WARNING : SKD_DEBUG, "http", format, args);
}

static size_t leave_encoded(void *server, struct MHD_Connection *mhd, char *text)
{
	(void)server, (void)mhd;
	return strlen(text);
}

static struct MHD_Daemon *daemon_start(struct server *server, const struct http_options *options)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, server,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, server,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->pool_size,
		MHD_OPTION_CONNECTION_LIMIT, options->connections + SPARE,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connections_per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_END);
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&address)->sin_port);
	return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port) : 0;
}

/* The process's signals are its main thread's business. */
static bool threads_start(struct server *server, const struct http_options *options)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	server->daemon = daemon_start(server, options);
	bool started = server->daemon && pthread_create(&server->keeper, NULL, keeper_run, server) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started)
		pthread_setname_np(server->keeper, "http-keeper");
	return started;
}

static void server_free(struct server *server)
{
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->listener >= 0)
		close(server->listener);
	if (server->wake >= 0)
		close(server->wake);
	if (server->path)
		unlink(server->path);
	free(server->path);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

static enum skd_outcome server_listen(struct skd_call *call, struct server *server, const struct http_options *options)
{
	server->inherited = options->socket >= 0;
	server->listener = options->socket;
	if (!server->inherited)
		TRY(listen_open(call, options->listen, &server->listener, &server->path));
	else if (listen(server->listener, SOMAXCONN) != 0)
		return fail(call, SKD_FAULT, "cannot listen on the socket handed over: %s", strerror(errno));
	server->port = port_of(server->listener);
	return SKD_OK;
}

enum skd_outcome server_open(struct skd_call *call, const struct http_options *options, const struct http_app *app,
			     struct server **server)
{
	struct server *one = calloc(1, sizeof *one);
	if (!one)
		return fail(call, SKD_FAULT, "out of memory");
	one->app = *app;
	one->listener = -1;
	one->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	one->most = options->connections;
	one->pool_size = options->pool_size;
	one->idle = (int64_t)options->idle_seconds * 1000000 + SILENCE;
	pthread_mutex_init(&one->lock, NULL);
	enum skd_outcome outcome = server_listen(call, one, options);
	if (outcome == SKD_OK && (one->wake < 0 || !threads_start(one, options)))
		outcome = fail(call, SKD_FAULT, "cannot start the HTTP server: %s", strerror(errno));
	if (outcome != SKD_OK)
		server_free(one);
	else
		*server = one;
	return outcome;
}

unsigned server_port(const struct server *server)
{
	return server->port;
}

static void ring(struct server *server)
{
	uint64_t one = 1;
	ssize_t ignored = write(server->wake, &one, sizeof one);
	(void)ignored;
}

static bool has_clients(const struct server *server)
{
	return !atomic_load(&server->shut) || atomic_load(&server->connected);
}

/* Until no request has been under way for a moment, or `deadline`. */
static void wait_until_quiet(struct server *server, int64_t deadline)
{
	int64_t now = clock_monotonic(), last = now;
	while (now < deadline && now - last < QUIET && has_clients(server)) {
		poll(NULL, 0, STEP);
		now = clock_monotonic();
		if (atomic_load(&server->busy))
			last = now;
	}
}

/* Idle connections are read to their end: what has arrived is still answered, what comes later was never
 * taken. Cut the other way, an answer could be lost of what was done. */
static void hang_up(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	for (struct connection *one = server->first; one; one = one->next) {
		pthread_mutex_lock(&one->lock);
		if (!one->exchange)
			shutdown(one->fd, SHUT_RD);
		pthread_mutex_unlock(&one->lock);
	}
	pthread_mutex_unlock(&server->lock);
}

/* Each connection has been read to its end and answered, however late the library's threads come to it, or `deadline`
 * is over. Some are new to the library, or idle, only now. */
static void wait_until_gone(struct server *server, int64_t deadline)
{
	while (clock_monotonic() < deadline && has_clients(server)) {
		hang_up(server);
		poll(NULL, 0, STRIDE);
	}
}

/* The library aborts the process when it is stopped with a connection suspended. */
static void force_all(struct server *server)
{
	atomic_store(&server->cutting, true);
	pthread_mutex_lock(&server->lock);
	for (struct connection *one = server->first; one; one = one->next) {
		pthread_mutex_lock(&one->lock);
		struct exchange *exchange = one->exchange;
		if (exchange && exchange->stage == STAGE_SERVING && (!exchange->ready || exchange->stream))
			exchange_force(exchange);
		pthread_mutex_unlock(&one->lock);
	}
	pthread_mutex_unlock(&server->lock);
}

void server_close(struct server **server, long milliseconds)
{
	struct server *one = *server;
	if (!one)
		return;
	*server = NULL;
	atomic_store(&one->closing, true);
	ring(one);
	int64_t deadline = clock_monotonic() + (int64_t)milliseconds * 1000;
	wait_until_quiet(one, deadline);
	force_all(one);
	int64_t last_words = clock_monotonic() + LAST_WORDS;
	wait_until_gone(one, last_words > deadline ? last_words : deadline);
	atomic_store(&one->stopping, true);
	ring(one);
	pthread_join(one->keeper, NULL);
	server_free(one);
}
