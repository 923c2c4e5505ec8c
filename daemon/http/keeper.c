/* SPDX-License-Identifier: Apache-2.0
 * The keeper's thread: accepts, hands connections to the library, and four times a second cuts those
 * whose time is over. The library has no listening socket of its own: the way it lets go of one
 * (MHD_quiesce_daemon) races with its threads and can abort the process (0.9.75). */
#include "http/exchange.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TICK = 250,        /* milliseconds between two looks at the connections */
	BREATH = 20,       /* and how long to wait when there is no room for another */
	BURST = 64,        /* connections accepted at a time */
	COMPLAIN = 10000000, /* microseconds between two complaints about the same */
};

/* The listener is full of connections that the process has no means to take. */
static void cannot_accept(struct server *server, int why)
{
	int64_t now = clock_monotonic();
	if (now - server->complained < COMPLAIN)
		return;
	server->complained = now;
	log_line(SKD_WARNING, "http", "cannot accept connections: %s", strerror(why));
}

/* False when there is nothing to accept now, or no way to. */
static bool accept_one(struct server *server)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	memset(&address, 0, sizeof address);
	int fd = accept4(server->listener, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		cannot_accept(server, errno);
		poll(NULL, 0, BREATH);
	}
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR;
	atomic_fetch_add(&server->connected, 1);
	if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, size) != MHD_YES)
		atomic_fetch_sub(&server->connected, 1);
	return true;
}

static bool has_room(const struct server *server)
{
	return atomic_load(&server->connected) < server->most;
}

static void accept_some(struct server *server)
{
	for (int i = 0; i < BURST && has_room(server); i++)
		if (!accept_one(server))
			return;
}

/* Clients that the kernel has connected already are heard out; after that it refuses new ones. */
static void shut_door(struct server *server)
{
	for (int i = 0; i < SOMAXCONN && !server->inherited && has_room(server); i++)
		if (!accept_one(server))
			break;
	close(server->listener);
	server->listener = -1;
	atomic_store(&server->shut, true);
}

static void cut_the_late(struct server *server)
{
	int64_t now = clock_monotonic();
	pthread_mutex_lock(&server->lock);
	for (struct connection *one = server->first; one; one = one->next)
		if (atomic_load(&one->watch) < now)
			connection_expire(one);
	pthread_mutex_unlock(&server->lock);
}

void *keeper_run(void *cls)
{
	struct server *server = cls;
	int64_t next = 0;
	while (!atomic_load(&server->stopping)) {
		bool room = has_room(server);
		struct pollfd wait[2] = {{.fd = server->wake, .events = POLLIN},
					 {.fd = room ? server->listener : -1, .events = POLLIN}};
		poll(wait, 2, room ? TICK : BREATH);
		uint64_t rung;
		if (wait[0].revents && read(server->wake, &rung, sizeof rung) < 0)
			break;
		if (wait[1].revents)
			accept_some(server);
		if (server->listener >= 0 && atomic_load(&server->closing))
			shut_door(server);
		if (clock_monotonic() < next)
			continue;
		next = clock_monotonic() + TICK * 1000;
		cut_the_late(server);
	}
	return NULL;
}
