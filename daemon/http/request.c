/* SPDX-License-Identifier: Apache-2.0
 * How a request comes in: what the library calls on its two threads, and what is refused on the way.
 * Never waits, never decodes; the application hears of a request once its head is sound. */
#include "http/exchange.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	SWALLOW = 65536,  /* a refused body up to here is read, so that the connection can live on */
	BODY_FIRST = 65536, /* no more than this is allocated on a Content-Length's word */
	ANSWER_ROOM = 1536, /* what the head of an answer needs of the connection's memory */
	FIELD_COST = 64,    /* what the library keeps for each header */
};

static void address_format(const struct sockaddr *address, char out[INET6_ADDRSTRLEN])
{
	out[0] = 0;
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out, INET6_ADDRSTRLEN);
	if (address->sa_family != AF_INET6)
		return;
	const struct in6_addr *wide = &((const struct sockaddr_in6 *)address)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(wide))
		inet_ntop(AF_INET, wide->s6_addr + 12, out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, wide, out, INET6_ADDRSTRLEN);
}

static struct connection *connection_new(struct server *server, struct MHD_Connection *mhd)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		return NULL;
	connection->server = server;
	connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	address_format(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
		       connection->address);
	atomic_init(&connection->holds, 1);
	atomic_init(&connection->watch, clock_monotonic() + server->idle);
	pthread_mutex_init(&connection->lock, NULL);
	pthread_mutex_lock(&server->lock);
	connection->next = server->first;
	connection->link = &server->first;
	if (server->first)
		server->first->link = &connection->next;
	server->first = connection;
	pthread_mutex_unlock(&server->lock);
	return connection;
}

static void connection_close(struct connection *connection)
{
	struct server *server = connection->server;
	pthread_mutex_lock(&server->lock);
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	pthread_mutex_unlock(&server->lock);
	connection_release(connection);
}

void on_connection(void *cls, struct MHD_Connection *mhd, void **connection, enum MHD_ConnectionNotificationCode code)
{
	struct server *server = cls;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*connection = connection_new(server, mhd);
		return;
	}
	if (*connection)
		connection_close(*connection);
	atomic_fetch_sub(&server->connected, 1);
}

/* The library would now take the query apart, at 56 bytes of the connection's memory for each
 * parameter, and leave the client without an answer when that runs out. An empty query leaves it
 * nothing to do. */
static void hide_query(const char *target)
{
	char *query = strchr(target, '?');
	if (query)
		query[1] = 0;
}

void *on_target(void *server, const char *target, struct MHD_Connection *mhd)
{
	(void)server;
	struct connection *connection =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	if (!connection)
		return NULL;
	struct exchange *exchange = exchange_new(connection, mhd, target ? target : "");
	if (target)
		hide_query(target);
	return exchange;
}

static void refuse(struct exchange *exchange, int status, const char *sentence)
{
	exchange->refused = true;
	exchange->app->refuse(exchange->app->self, exchange, status, sentence);
}

/* Refuses when the library would not take an answer. */
static enum MHD_Result refuse_raw(struct exchange *exchange, int status, const char *sentence)
{
	exchange->raw = true;
	refuse(exchange, status, sentence);
	return MHD_NO;
}

void connection_expire(struct connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	struct exchange *exchange = connection->exchange;
	bool waiting = exchange && (exchange->stage == STAGE_HEAD || exchange->stage == STAGE_BODY);
	atomic_store(&connection->watch, INT64_MAX);
	if (waiting)
		exchange->stage = STAGE_CUT;
	else if (exchange && exchange->stage == STAGE_SERVING && !exchange->ready)
		exchange_force(exchange);
	pthread_mutex_unlock(&connection->lock);
	if (waiting)
		refuse_raw(exchange, MHD_HTTP_REQUEST_TIMEOUT, "The request took too long to arrive.");
	if (waiting || !exchange)
		shutdown(connection->fd, waiting ? SHUT_RDWR : SHUT_RD);
}

static const char *read_head(struct exchange *exchange, const char *url, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	int fields = MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, NULL, NULL);
	struct head_place place = {method, url, version, info->header_size, (unsigned)fields, exchange->target};
	const char *wrong = head_read(&exchange->head, exchange, &place);
	/* What was no token goes into no log and no metric. */
	exchange->method = wrong ? "" : talloc_strdup(exchange, method);
	exchange->oldest = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
	return wrong;
}

static bool too_large(const struct exchange *exchange, size_t size)
{
	return size > exchange->plan.body_limit;
}

/* The library answers at once only by closing the connection afterwards. */
static enum MHD_Result refuse_now(struct exchange *exchange, int status, const char *sentence)
{
	refuse(exchange, status, sentence);
	return exchange_enter(exchange, STAGE_SERVING) ? exchange_proceed(exchange) : MHD_NO;
}

static enum MHD_Result on_head(struct exchange *exchange, const char *url, const char *method, const char *version)
{
	static const char too_large_sentence[] = "The request's body is too large.";
	const struct head *head = &exchange->head;
	const struct server *server = exchange->connection->server;
	if (!exchange_enter(exchange, STAGE_WORKING))
		return MHD_NO;
	const char *wrong = read_head(exchange, url, method, version);
	if (wrong)
		return refuse_now(exchange, MHD_HTTP_BAD_REQUEST, wrong);
	if (head->size + head->count * FIELD_COST + ANSWER_ROOM > server->pool_size)
		return refuse_raw(exchange, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's head is too large.");
	if (atomic_load(&server->closing))
		refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "The server is closing.");
	else if (!exchange->app->plan(exchange->app->self, exchange, &exchange->plan))
		exchange->refused = true;
	else if (too_large(exchange, head->length) || (head->chunked && !exchange->plan.body_limit))
		return refuse_now(exchange, MHD_HTTP_CONTENT_TOO_LARGE, too_large_sentence);
	bool read_on = !head->chunked && head->length <= (head->expects ? 0 : SWALLOW);
	if (exchange->refused && !read_on)
		return exchange_enter(exchange, STAGE_SERVING) ? exchange_proceed(exchange) : MHD_NO;
	return exchange_enter(exchange, STAGE_BODY) ? MHD_YES : MHD_NO;
}

static bool body_add(struct exchange *exchange, const char *data, size_t size)
{
	size_t need = exchange->body_size + size + 1;
	if (need > exchange->body_room) {
		size_t room = exchange->body_room * 2, told = exchange->head.length + 1;
		if (!room)
			room = told < BODY_FIRST ? told : BODY_FIRST;
		if (room < need)
			room = need;
		char *body = talloc_array(exchange, char, room);
		if (!body)
			return false;
		if (exchange->body)
			memcpy(body, exchange->body, exchange->body_size);
		exchange_forget(exchange);
		exchange->body = body;
		exchange->body_room = room;
	}
	memcpy(exchange->body + exchange->body_size, data, size);
	exchange->body_size += size;
	exchange->body[exchange->body_size] = 0;
	return true;
}

/* A body may be a password: no copy outlives its use, the library's own included. */
static void wipe(const char *data, size_t size)
{
	explicit_bzero((char *)(uintptr_t)data, size);
}

static enum MHD_Result on_body(struct exchange *exchange, const char *data, size_t *size)
{
	if (!exchange_enter(exchange, STAGE_WORKING))
		return MHD_NO;
	if (!exchange->refused) {
		if (too_large(exchange, exchange->body_size + *size))
			return refuse_raw(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "The request's body is too large.");
		if (!body_add(exchange, data, *size))
			return MHD_NO;
	}
	wipe(data, *size);
	*size = 0;
	return exchange_enter(exchange, STAGE_BODY) ? MHD_YES : MHD_NO;
}

/* In a lane. By now the exchange may have been answered for, and the server be gone. */
static void task_run(struct task *task)
{
	struct exchange *exchange = (struct exchange *)((char *)task - offsetof(struct exchange, task));
	pthread_mutex_lock(&exchange->connection->lock);
	if (exchange->forced) {
		exchange_settle(exchange);
		return;
	}
	struct http_app app = *exchange->app;
	pthread_mutex_unlock(&exchange->connection->lock);
	app.serve(app.self, exchange);
}

static enum MHD_Result on_whole(struct exchange *exchange)
{
	if (exchange->begun)
		return exchange_proceed(exchange);
	exchange->begun = true;
	if (!exchange_enter(exchange, STAGE_SERVING))
		return MHD_NO;
	struct lane *lane = exchange->plan.lane;
	exchange->task.run = task_run;
	if (exchange->refused)
		return exchange_proceed(exchange);
	if (!lane)
		exchange->app->serve(exchange->app->self, exchange);
	else if (!lane->submit(lane, &exchange->task))
		refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "The server is busy.");
	return exchange_proceed(exchange);
}

/* Called with the head, then with each piece of the body, then until there is an answer. */
enum MHD_Result on_request(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
			   const char *version, const char *data, size_t *size, void **exchange)
{
	(void)server, (void)mhd;
	struct exchange *one = *exchange;
	if (!one)
		return MHD_NO;
	if (!one->method)
		return on_head(one, url, method, version);
	return *size ? on_body(one, data, size) : on_whole(one);
}

void on_completed(void *server, struct MHD_Connection *mhd, void **exchange, enum MHD_RequestTerminationCode code)
{
	(void)server, (void)mhd, (void)code;
	if (*exchange)
		exchange_over(*exchange);
	*exchange = NULL;
}
