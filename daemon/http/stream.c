/* SPDX-License-Identifier: Apache-2.0
 * Answers of unknown length: a ring between the application's thread, which waits when it is full,
 * and the library's, which parks the connection when it is empty. Never holds more than the ring. */
#include "http/exchange.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { RING = 131072, BLOCK = 16384 };

struct stream {
	pthread_cond_t room;
	size_t start, used;
	bool ended, whole;
	bool gone; /* nobody reads any more */
	char ring[RING];
};

static int stream_close(struct stream *stream)
{
	pthread_cond_destroy(&stream->room);
	return 0;
}

static struct stream *stream_new(void *owner)
{
	struct stream *stream = talloc(owner, struct stream);
	if (!stream)
		return NULL;
	stream->start = stream->used = 0;
	stream->ended = stream->whole = stream->gone = false;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&stream->room, &monotonic);
	pthread_condattr_destroy(&monotonic);
	talloc_set_destructor(stream, stream_close);
	return stream;
}

void stream_abandon(struct stream *stream)
{
	stream->gone = true;
	pthread_cond_signal(&stream->room);
}

/* HTTP/1.0 knows the end of a body by the end of the connection, so an orderly end would look whole:
 * dissolving the socket makes it a reset. */
static ssize_t stream_cut(struct exchange *exchange)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	if (exchange->oldest)
		connect(exchange->connection->fd, &nowhere, sizeof nowhere);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static size_t ring_read(struct stream *stream, char *to, size_t size)
{
	size_t piece = RING - stream->start;
	if (size > stream->used)
		size = stream->used;
	if (size > piece)
		size = piece;
	memcpy(to, stream->ring + stream->start, size);
	stream->start = (stream->start + size) % RING;
	stream->used -= size;
	return size;
}

static size_t ring_write(struct stream *stream, const char *from, size_t size)
{
	size_t end = (stream->start + stream->used) % RING, piece = RING - end;
	if (size > RING - stream->used)
		size = RING - stream->used;
	if (size > piece)
		size = piece;
	memcpy(stream->ring + end, from, size);
	stream->used += size;
	return size;
}

/* What the library is to send next. It wants bytes, an end, or the connection suspended. */
static ssize_t stream_next(void *cls, uint64_t position, char *to, size_t room)
{
	(void)position;
	struct exchange *exchange = cls;
	struct stream *stream = exchange->stream;
	ssize_t next = 0;
	pthread_mutex_lock(&exchange->connection->lock);
	if (exchange->forced || (!stream->used && atomic_load(&exchange->connection->server->cutting) && !stream->ended)) {
		stream_abandon(stream);
		next = stream_cut(exchange);
	} else if (stream->used) {
		bool waited = stream->used > RING / 2;
		next = (ssize_t)ring_read(stream, to, room);
		exchange->sent += (size_t)next;
		if (waited && stream->used <= RING / 2)
			pthread_cond_signal(&stream->room);
	} else if (stream->ended) {
		next = stream->whole ? MHD_CONTENT_READER_END_OF_STREAM : stream_cut(exchange);
	} else {
		exchange->parked = true;
		MHD_suspend_connection(exchange->mhd);
	}
	pthread_mutex_unlock(&exchange->connection->lock);
	return next;
}

/* The library would close the chunks of a body that a HEAD does not have; without chunks it cannot. */
static struct MHD_Response *stream_response(struct exchange *exchange, bool bodiless)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_next, exchange, NULL);
	if (response && bodiless)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return response;
}

void exchange_stream(struct exchange *exchange, int status, const struct http_header *headers, size_t header_count)
{
	bool bodiless = strcmp(exchange_method(exchange), "HEAD") == 0;
	struct stream *stream = stream_new(exchange);
	struct MHD_Response *response =
		response_dress(stream_response(exchange, bodiless), headers, header_count);
	pthread_mutex_lock(&exchange->connection->lock);
	if (exchange->owed && !exchange->forced && stream && response) {
		exchange->status = status;
		exchange->stream = stream;
		exchange->response = response;
		response = NULL;
		stream->gone = bodiless || exchange->over;
		/* What is under way now has no deadline but its producer's. */
		atomic_store(&exchange->connection->watch, INT64_MAX);
	}
	pthread_mutex_unlock(&exchange->connection->lock);
	if (response)
		MHD_destroy_response(response);
}

static struct timespec moment(int64_t microseconds)
{
	return (struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000};
}

/* Half the ring is free, or nobody reads, or it has become too late. Waiting for half of it saves
 * waking two threads for every piece. */
static bool wait_for_room(struct exchange *exchange, int64_t deadline)
{
	struct stream *stream = exchange->stream;
	struct timespec until = moment(deadline);
	while (stream->used > RING / 2 && !stream->gone)
		if (pthread_cond_timedwait(&stream->room, &exchange->connection->lock, &until) == ETIMEDOUT)
			break;
	return stream->used < RING;
}

enum skd_outcome exchange_write(struct exchange *exchange, const char *bytes, size_t size, int64_t deadline)
{
	struct stream *stream = exchange->stream;
	bool alive = stream != NULL;
	pthread_mutex_lock(&exchange->connection->lock);
	while (alive && size) {
		alive = (stream->used < RING || wait_for_room(exchange, deadline)) && !stream->gone;
		if (!alive)
			break;
		size_t written = ring_write(stream, bytes, size);
		bytes += written;
		size -= written;
		exchange->ready = true;
		exchange_wake(exchange);
	}
	pthread_mutex_unlock(&exchange->connection->lock);
	return alive ? SKD_OK : SKD_BUSY;
}

void exchange_stream_end(struct exchange *exchange, bool whole)
{
	pthread_mutex_lock(&exchange->connection->lock);
	if (exchange->stream) {
		exchange->stream->ended = true;
		exchange->stream->whole = whole;
	}
	exchange->ready = true;
	exchange_wake(exchange);
	exchange_settle(exchange);
}
