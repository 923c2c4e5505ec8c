/* SPDX-License-Identifier: Apache-2.0
 * The loop. A frame is read whole and found sound before anything of it is signed, and its answer is sent whole. */
#include "signer/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helper/door.h"
#include "helper/say.h"
#include "signer/sign.h"

enum {
	CLIENTS_MAX = 128,
	PATIENCE = 10000, /* milliseconds that a frame, or the next one, may take to come or to go */
	GRACE = 5000,     /* that is left at the end */
	REST = 100,       /* without accepting, after a failure to */
	SLICE_US = 1000,  /* that one batch is signed before the next has its turn */
};

enum state { FREE, READING, SIGNING, WRITING };

struct client {
	enum state state;
	int fd;
	int64_t until; /* milliseconds; not while signing */
	uint8_t head_bytes[SIGNER_HEAD_SIZE];
	struct signer_head head;
	uint8_t *asks, *tells; /* asks: without its head, NULL until that is read; tells: with it */
	size_t at;             /* bytes read, signed of `asks`, or written */
	size_t count;          /* requests signed */
	size_t size;           /* of tells */
};

struct service {
	int listener; /* -1: at the end */
	int signals;
	struct keys *keys;
	uid_t welcome;
	int64_t rest_until, end_at;
	struct client clients[CLIENTS_MAX];
	size_t taken, signing;
};

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
	return now_us() / 1000;
}

static void enter(struct service *service, struct client *client, enum state state)
{
	service->signing += (state == SIGNING) - (client->state == SIGNING);
	service->taken += (state != FREE) - (client->state != FREE);
	client->state = state;
	client->at = 0;
	client->until = now_ms() + PATIENCE;
}

static void client_empty(struct client *client)
{
	free(client->asks);
	free(client->tells);
	client->asks = client->tells = NULL;
}

static void client_drop(struct service *service, struct client *client)
{
	close(client->fd);
	client_empty(client);
	enter(service, client, FREE);
}

static void client_accept(struct service *service)
{
	int fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			service->rest_until = now_ms() + REST;
		return;
	}
	if (!door_admits(fd, service->welcome)) {
		close(fd);
		return;
	}
	struct client *client = service->clients;
	while (client->state != FREE)
		client++;
	client->fd = fd;
	enter(service, client, READING);
}

/* ---- reading ---- */

static bool batch_begin(struct service *service, struct client *client)
{
	if (!signer_body_sound(&client->head, client->asks))
		return false;
	client->tells = malloc(SIGNER_HEAD_SIZE + client->head.count * (SIGNER_ANSWER_SIZE + (size_t)SIGNER_SIGNATURE_MAX));
	client->size = SIGNER_HEAD_SIZE;
	client->count = 0;
	enter(service, client, SIGNING);
	return client->tells;
}

/* What has come belongs to the head or, once that is whole, to the body. False: no more to do with this one. */
static bool client_take(struct service *service, struct client *client, size_t size)
{
	client->at += size;
	if (client->asks)
		return client->at < client->head.size || batch_begin(service, client);
	if (client->at < SIGNER_HEAD_SIZE)
		return true;
	client->at = 0;
	if (!signer_head_unpack(client->head_bytes, SIGNER_ASKS, &client->head))
		return false;
	client->asks = malloc(client->head.size);
	return client->asks;
}

/* Nothing is read beyond the frame. */
static void client_read(struct service *service, struct client *client)
{
	while (client->state == READING) {
		uint8_t *to = client->asks ? client->asks : client->head_bytes;
		size_t whole = client->asks ? client->head.size : SIGNER_HEAD_SIZE;
		ssize_t size = recv(client->fd, to + client->at, whole - client->at, 0);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0 || !client_take(service, client, (size_t)size))
			client_drop(service, client);
	}
}

/* ---- writing ---- */

static void client_write(struct service *service, struct client *client)
{
	while (client->at < client->size) {
		ssize_t size = send(client->fd, client->tells + client->at, client->size - client->at, MSG_NOSIGNAL);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0) {
			client_drop(service, client);
			return;
		}
		client->at += (size_t)size;
	}
	client_empty(client);
	enter(service, client, READING);
}

/* ---- signing ---- */

static void request_answer(struct service *service, struct client *client)
{
	uint8_t signature[SIGNER_SIGNATURE_MAX];
	struct signer_request request;
	struct signer_answer answer = {.signature = signature};
	client->at += signer_request_unpack(client->asks + client->at, client->head.size - client->at, &request);
	answer.reason = (uint8_t)sign_request(keys_find(service->keys, request.key), &request, signature, &answer.size);
	client->size += signer_answer_pack(&answer, client->tells + client->size);
	client->count++;
}

static void client_sign(struct service *service, struct client *client)
{
	int64_t end = now_us() + SLICE_US;
	while (client->count < client->head.count) {
		request_answer(service, client);
		if (now_us() >= end && client->count < client->head.count)
			return;
	}
	struct signer_head head = {(uint32_t)(client->size - SIGNER_HEAD_SIZE), SIGNER_TELLS, client->head.count};
	signer_head_pack(&head, client->tells);
	enter(service, client, WRITING);
	client_write(service, client);
}

/* ---- the loop ---- */

static void read_signals(struct service *service)
{
	struct signalfd_siginfo info;
	while (read(service->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			keys_again(service->keys);
			say("the keys are read again: %zu", keys_count(service->keys));
		} else if (!service->end_at) {
			service->end_at = now_ms() + GRACE;
		}
	}
}

static bool may_accept(const struct service *service)
{
	return !service->end_at && service->taken < CLIENTS_MAX && service->rest_until <= now_ms();
}

/* Milliseconds to the next thing that is due; -1: there is none. */
static int pause_time(const struct service *service)
{
	int64_t now = now_ms(), next = INT64_MAX;
	if (service->signing)
		return 0;
	if (service->rest_until > now)
		next = service->rest_until;
	if (service->end_at && service->end_at < next)
		next = service->end_at;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (service->clients[i].state != FREE && service->clients[i].until < next)
			next = service->clients[i].until;
	return next == INT64_MAX ? -1 : next <= now ? 0 : (int)(next - now);
}

/* Whoever has not asked when the end comes asks in vain. */
static bool is_over(const struct service *service, const struct client *client)
{
	return (client->state != SIGNING && client->until <= now_ms()) || (service->end_at && client->state == READING);
}

static void client_turn(struct service *service, struct client *client, short events)
{
	if (events & (POLLIN | POLLOUT) && client->state == READING)
		client_read(service, client);
	else if (events & POLLOUT && client->state == WRITING)
		client_write(service, client);
	else if (events & (POLLHUP | POLLERR))
		client_drop(service, client);
	if (client->state == SIGNING)
		client_sign(service, client);
	else if (client->state != FREE && is_over(service, client))
		client_drop(service, client);
}

static void turn(struct service *service)
{
	enum { FIXED = 2 };
	struct pollfd ready[FIXED + CLIENTS_MAX] = {
		{.fd = service->signals, .events = POLLIN},
		{.fd = may_accept(service) ? service->listener : -1, .events = POLLIN},
	};
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *client = &service->clients[i];
		static const short wanted[] = {[READING] = POLLIN, [SIGNING] = 0, [WRITING] = POLLOUT};
		ready[FIXED + i] = (struct pollfd){.fd = client->state == FREE ? -1 : client->fd, .events = wanted[client->state]};
	}
	if (poll(ready, FIXED + CLIENTS_MAX, pause_time(service)) < 0)
		return;
	if (ready[0].revents)
		read_signals(service);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (service->clients[i].state != FREE)
			client_turn(service, &service->clients[i], ready[FIXED + i].revents);
	if (ready[1].revents && may_accept(service))
		client_accept(service);
}

static void held_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

void serve_hold(void)
{
	sigset_t held;
	held_signals(&held);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

bool serve_run(int listener, struct keys *keys, uid_t welcome)
{
	sigset_t held;
	held_signals(&held);
	struct service *service = calloc(1, sizeof *service);
	int signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	bool begun = service && signals >= 0;
	if (begun) {
		*service = (struct service){.listener = listener, .signals = signals, .keys = keys, .welcome = welcome};
		while (!service->end_at || (service->taken && now_ms() < service->end_at))
			turn(service);
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (service->clients[i].state != FREE)
				client_drop(service, &service->clients[i]);
	} else {
		say("cannot begin: out of memory or file descriptors");
	}
	if (signals >= 0)
		close(signals);
	free(service);
	return begun;
}
