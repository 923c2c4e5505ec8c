/* SPDX-License-Identifier: Apache-2.0
 * A small application on the http room, for tests/test_http*.py and for measuring: each path shows one
 * way of answering. Prints "port N" when it serves, and a line of counts when it has ended.
 *   http_echo LISTEN [name=number ...]   see `settings` for the names */
#include "base/log.h"
#include "base/text.h"
#include "http/lanes.h"
#include "http/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIFTY "cccccccccccccccccccccccccccccccccccccccccccccccccc"
#define CONSTANT FIFTY FIFTY FIFTY FIFTY

struct settings {
	long connections, address, idle, pool; /* of struct http_options */
	long threads, queue;                   /* of the lane */
	long body, milliseconds;               /* of struct http_plan */
	long close, log;
};

struct echo {
	struct settings settings;
	struct server *server;
	struct lane *lane;
	atomic_ulong served, done, statuses[6], gone_streams;
};

static const char *query(const char *target, const char *name, const char *preset)
{
	const char *found = strstr(target, name);
	return found && found[strlen(name)] == '=' ? found + strlen(name) + 1 : preset;
}

static long number(struct exchange *exchange, const char *name, const char *preset)
{
	return strtol(query(exchange_target(exchange), name, preset), NULL, 10);
}

static bool asks(struct exchange *exchange, const char *path)
{
	size_t size = strlen(path);
	const char *target = exchange_target(exchange);
	return strncmp(target, path, size) == 0 && (!target[size] || target[size] == '?');
}

static void answer(struct exchange *exchange, int status, const char *body)
{
	static const struct http_header plain[] = {{"Content-Type", "text/plain"}, {"Cache-Control", "no-store"}};
	exchange_answer(exchange, status, plain, 2, body, strlen(body));
}

/* With a head of as much as one may have. */
static void answer_dressed(struct exchange *exchange)
{
	const struct http_header headers[] = {{"Content-Type", "text/plain"}, {"X-Long", CONSTANT CONSTANT CONSTANT CONSTANT}};
	exchange_answer(exchange, 200, headers, 2, NULL, 0);
}

/* What arrived, as the application sees it. */
static void answer_seen(struct exchange *exchange)
{
	struct text text;
	size_t size;
	const char *body = exchange_body(exchange, &size);
	const char *marked = exchange_header(exchange, "X-Mark");
	text_begin(&text, NULL, 256);
	text_addf(&text, "%s %s\nmark %s\npeer %s\nbody %zu\n", exchange_method(exchange), exchange_target(exchange),
		  marked ? marked : "-", exchange_peer(exchange), size);
	text_add(&text, body, size);
	exchange_answer(exchange, 200, NULL, 0, text.bytes, text.size);
	talloc_free(text.bytes);
}

static void answer_stream(struct echo *echo, struct exchange *exchange)
{
	enum { PIECE = 8192 };
	char piece[PIECE];
	long left = number(exchange, "bytes", "1000"), fail_at = number(exchange, "fail", "-1");
	long pause = number(exchange, "pause", "0");
	bool gone = false;
	memset(piece, 'x', sizeof piece);
	int64_t deadline = clock_monotonic() + (int64_t)number(exchange, "patience", "20000") * 1000;
	exchange_stream(exchange, 200, NULL, 0);
	while (left > 0 && !gone && fail_at != 0) {
		size_t size = left < PIECE ? (size_t)left : PIECE;
		gone = exchange_write(exchange, piece, size, deadline) != SKD_OK;
		left -= (long)size;
		fail_at -= fail_at > 0;
		if (pause)
			usleep((useconds_t)pause * 1000);
	}
	if (gone)
		atomic_fetch_add(&echo->gone_streams, 1);
	exchange_stream_end(exchange, !gone && fail_at != 0);
}

static void *answer_later(void *exchange)
{
	usleep(20000);
	answer(exchange, 200, "later");
	return NULL;
}

static void serve(void *self, struct exchange *exchange)
{
	struct echo *echo = self;
	atomic_fetch_add(&echo->served, 1);
	if (asks(exchange, "/constant")) {
		answer(exchange, 200, CONSTANT);
	} else if (asks(exchange, "/dressed")) {
		answer_dressed(exchange);
	} else if (asks(exchange, "/sleep")) {
		usleep((useconds_t)number(exchange, "ms", "100") * 1000);
		answer(exchange, 200, "slept");
	} else if (asks(exchange, "/stream")) {
		answer_stream(echo, exchange);
	} else if (asks(exchange, "/thread")) {
		pthread_t thread;
		pthread_create(&thread, NULL, answer_later, exchange);
		pthread_detach(thread);
	} else {
		answer_seen(exchange);
	}
}

static bool plan(void *self, struct exchange *exchange, struct http_plan *plan)
{
	struct echo *echo = self;
	exchange_keep(exchange, talloc_strdup(NULL, "a note"));
	if (asks(exchange, "/early")) {
		exchange_tag(exchange, "early");
		answer(exchange, 401, "who are you?");
		return false;
	}
	bool waits = !asks(exchange, "/constant") && !asks(exchange, "/thread") && !asks(exchange, "/inline");
	plan->body_limit = asks(exchange, "/bodiless") ? 0 : (size_t)echo->settings.body;
	plan->lane = waits ? echo->lane : NULL;
	plan->milliseconds = echo->settings.milliseconds;
	return true;
}

static void refuse(void *self, struct exchange *exchange, int status, const char *sentence)
{
	(void)self;
	static const struct http_header headers[] = {{"Content-Type", "text/plain"}, {"Retry-After", "1"}};
	exchange_answer(exchange, status, headers, status == 503 ? 2 : 1, sentence, strlen(sentence));
}

static void done(void *self, const char *method, const char *tag, int status, size_t bytes, int64_t microseconds)
{
	struct echo *echo = self;
	atomic_fetch_add(&echo->done, 1);
	atomic_fetch_add(&echo->statuses[status / 100 % 6], 1);
	log_line(SKD_DEBUG, "done", "%s %s %d %zu bytes %ld us", method, tag, status, bytes, (long)microseconds);
}

static void settings_read(struct settings *settings, int argc, char **argv)
{
	struct {
		const char *name;
		long *value;
	} known[] = {
		{"connections", &settings->connections}, {"address", &settings->address},
		{"idle", &settings->idle}, {"pool", &settings->pool}, {"threads", &settings->threads},
		{"queue", &settings->queue}, {"body", &settings->body}, {"milliseconds", &settings->milliseconds},
		{"close", &settings->close}, {"log", &settings->log},
	};
	for (int i = 2; i < argc; i++)
		for (size_t n = 0; n < sizeof known / sizeof *known; n++)
			if (strncmp(argv[i], known[n].name, strlen(known[n].name)) == 0 &&
			    argv[i][strlen(known[n].name)] == '=')
				*known[n].value = strtol(argv[i] + strlen(known[n].name) + 1, NULL, 10);
}

int main(int argc, char **argv)
{
	struct echo echo = {.settings = {.connections = 2000, .idle = 30, .pool = 16384, .threads = 4, .queue = 16,
					 .body = 1048576, .milliseconds = 10000, .close = 5000, .log = SKD_INFO}};
	struct settings *settings = &echo.settings;
	sigset_t end;
	int got;
	if (argc < 2)
		return 2;
	settings_read(settings, argc, argv);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	log_open((enum skd_level)settings->log);
	struct skd_call *call = call_new("open", 1000);
	struct http_options options = {
		.listen = argv[1], .socket = -1, .connections = (unsigned)settings->connections,
		.connections_per_address = (unsigned)settings->address, .idle_seconds = (unsigned)settings->idle,
		.pool_size = (size_t)settings->pool};
	struct http_app app = {.self = &echo, .plan = plan, .serve = serve, .refuse = refuse, .done = done};
	echo.lane = lane_threads_open("echo", (unsigned)settings->threads, (unsigned)settings->queue);
	if (server_open(call, &options, &app, &echo.server) != SKD_OK) {
		fprintf(stderr, "%s\n", call->sentence);
		return 1;
	}
	talloc_free(call);
	printf("port %u\n", server_port(echo.server));
	fflush(stdout);
	sigwait(&end, &got);
	server_close(&echo.server, settings->close);
	lane_threads_close(&echo.lane);
	printf("{\"served\": %lu, \"done\": %lu, \"none\": %lu, \"2xx\": %lu, \"4xx\": %lu, \"5xx\": %lu, \"gone\": %lu}\n",
	       echo.served, echo.done, echo.statuses[0], echo.statuses[2], echo.statuses[4], echo.statuses[5],
	       echo.gone_streams);
	return 0;
}
