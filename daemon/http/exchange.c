/* SPDX-License-Identifier: Apache-2.0
 * An exchange between the two sides that hold it: the library, until the client has the answer or is
 * gone, and the application, until it has answered. Whoever lets go last frees it. Parses nothing. */
#include "http/exchange.h"

#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { AFTER_DEADLINE = 1000000 }; /* how long the application may be late before it is answered for */

void connection_release(struct connection *connection)
{
	if (atomic_fetch_sub(&connection->holds, 1) > 1)
		return;
	pthread_mutex_destroy(&connection->lock);
	free(connection);
}

struct exchange *exchange_new(struct connection *connection, struct MHD_Connection *mhd, const char *target)
{
	struct exchange *exchange = talloc_pooled_object(NULL, struct exchange, 16, 4096);
	if (!exchange)
		return NULL;
	*exchange = (struct exchange){.connection = connection, .mhd = mhd, .app = &connection->server->app};
	exchange->started = clock_monotonic();
	exchange->owed = true;
	exchange->target = talloc_strdup(exchange, target);
	atomic_fetch_add(&connection->holds, 1);
	atomic_fetch_add(&connection->server->busy, 1);
	atomic_store(&connection->watch, exchange->started + connection->server->idle);
	pthread_mutex_lock(&connection->lock);
	connection->exchange = exchange;
	pthread_mutex_unlock(&connection->lock);
	return exchange;
}

static void exchange_free(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	exchange_forget(exchange);
	talloc_free(exchange);
	connection_release(connection);
}

bool exchange_enter(struct exchange *exchange, enum stage stage)
{
	struct connection *connection = exchange->connection;
	int64_t planned = (int64_t)exchange->plan.milliseconds * 1000, by = INT64_MAX;
	if (stage == STAGE_BODY)
		by = exchange->started + (planned ? planned : connection->server->idle);
	else if (stage == STAGE_SERVING && planned)
		by = exchange->started + planned + AFTER_DEADLINE;
	pthread_mutex_lock(&connection->lock);
	bool cut = exchange->stage == STAGE_CUT;
	if (!cut) {
		exchange->stage = stage;
		atomic_store(&connection->watch, by);
	}
	pthread_mutex_unlock(&connection->lock);
	return !cut;
}

void exchange_settle(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	exchange->owed = false;
	bool last = exchange->over;
	pthread_mutex_unlock(&connection->lock);
	if (last)
		exchange_free(exchange);
}

void exchange_over(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	struct server *server = connection->server;
	int64_t now = clock_monotonic();
	pthread_mutex_lock(&connection->lock);
	connection->exchange = NULL;
	atomic_store(&connection->watch, now + server->idle);
	if (exchange->stage < STAGE_CUT)
		exchange->owed = false;
	if (exchange->stream)
		stream_abandon(exchange->stream);
	int status = exchange->status;
	size_t sent = exchange->sent;
	const char *tag = exchange->tag ? exchange->tag : "";
	pthread_mutex_unlock(&connection->lock);
	server->app.done(server->app.self, exchange_method(exchange), tag, status, sent, now - exchange->started);
	atomic_fetch_sub(&server->busy, 1);

	pthread_mutex_lock(&connection->lock);
	exchange->over = true;
	bool last = !exchange->owed;
	pthread_mutex_unlock(&connection->lock);
	if (last)
		exchange_free(exchange);
}

void exchange_wake(struct exchange *exchange)
{
	if (!exchange->parked)
		return;
	exchange->parked = false;
	MHD_resume_connection(exchange->mhd);
}

void exchange_force(struct exchange *exchange)
{
	static const struct http_header again = {"Retry-After", "1"};
	exchange->forced = true;
	if (exchange->stream) {
		stream_abandon(exchange->stream);
	} else if (!exchange->ready) {
		struct MHD_Response *bare = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		exchange->response = response_dress(bare, &again, 1);
		exchange->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	exchange->ready = true;
	exchange_wake(exchange);
}

enum MHD_Result exchange_proceed(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	pthread_mutex_lock(&connection->lock);
	if (!exchange->ready && atomic_load(&connection->server->cutting))
		exchange_force(exchange);
	struct MHD_Response *response = exchange->response;
	bool ready = exchange->ready;
	if (ready) {
		exchange->response = NULL;
		atomic_store(&connection->watch, INT64_MAX);
	} else {
		exchange->parked = true;
		MHD_suspend_connection(exchange->mhd);
	}
	unsigned status = (unsigned)exchange->status;
	pthread_mutex_unlock(&connection->lock);
	if (!ready)
		return MHD_YES;
	if (!response)
		return MHD_NO;
	if (atomic_load(&connection->server->closing))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	enum MHD_Result queued = MHD_queue_response(exchange->mhd, status, response);
	MHD_destroy_response(response);
	return queued;
}

/* ---- the application's side ---- */

struct MHD_Response *response_dress(struct MHD_Response *response, const struct http_header *headers, size_t count)
{
	for (size_t i = 0; response && i < count; i++)
		if (MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
			log_line(SKD_ERROR, "http", "cannot send the header %s: %s", headers[i].name, headers[i].value);
	return response;
}

/* For the moments when the library takes no answer: in the middle of a body, or when nothing comes.
 * It has sent all it had for earlier requests before it read this one, so the socket is free. */
static void answer_raw(struct exchange *exchange, int status, const struct http_header *headers, size_t count,
		       const char *body, size_t size)
{
	struct text text;
	struct tm tm;
	char date[40];
	time_t now = time(NULL);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	text_begin(&text, exchange, 1024 + size);
	text_addf(&text, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\n", status,
		  MHD_get_reason_phrase_for((unsigned)status), date);
	for (size_t i = 0; i < count; i++)
		text_addf(&text, "%s: %s\r\n", headers[i].name, headers[i].value);
	text_addf(&text, "Content-Length: %zu\r\n\r\n", size);
	if (strcmp(exchange_method(exchange), "HEAD") != 0)
		text_add(&text, body, size);
	ssize_t ignored = send(exchange->connection->fd, text.bytes, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)ignored;
}

void exchange_answer(struct exchange *exchange, int status, const struct http_header *headers, size_t header_count,
		     const char *body, size_t size)
{
	struct connection *connection = exchange->connection;
	struct MHD_Response *response = NULL;
	if (exchange->raw)
		answer_raw(exchange, status, headers, header_count, body, size);
	else
		response = response_dress(MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY), headers,
					  header_count);
	pthread_mutex_lock(&connection->lock);
	if (exchange->owed && !exchange->forced) {
		exchange->response = response;
		exchange->status = status;
		exchange->sent = strcmp(exchange_method(exchange), "HEAD") == 0 ? 0 : size;
		exchange->ready = true;
		exchange_wake(exchange);
		response = NULL;
	}
	exchange_settle(exchange);
	if (response)
		MHD_destroy_response(response);
}

const char *exchange_method(const struct exchange *exchange)
{
	return exchange->method ? exchange->method : "";
}

const char *exchange_target(const struct exchange *exchange)
{
	return exchange->target;
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
	return head_field(&exchange->head, name);
}

const char *exchange_list(const struct exchange *exchange, void *owner, const char *name)
{
	return head_list(&exchange->head, owner, name);
}

void exchange_forget(struct exchange *exchange)
{
	if (exchange->body)
		explicit_bzero(exchange->body, exchange->body_room);
	TALLOC_FREE(exchange->body);
}

const char *exchange_body(const struct exchange *exchange, size_t *size)
{
	*size = exchange->body_size;
	return exchange->body ? exchange->body : "";
}

const char *exchange_peer(const struct exchange *exchange)
{
	return exchange->connection->address;
}

int64_t exchange_started(const struct exchange *exchange)
{
	return exchange->started;
}

void *exchange_note(struct exchange *exchange)
{
	return exchange->note;
}

void exchange_keep(struct exchange *exchange, void *talloc_object)
{
	exchange->note = talloc_steal(exchange, talloc_object);
}

void exchange_tag(struct exchange *exchange, const char *tag)
{
	pthread_mutex_lock(&exchange->connection->lock);
	exchange->tag = tag;
	pthread_mutex_unlock(&exchange->connection->lock);
}
