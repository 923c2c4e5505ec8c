/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share: a connection, the exchange that is under way on it, the server.
 * Not for other rooms.
 *
 * Three kinds of threads meet here. The library's two own a connection and its exchange while the
 * request comes in and while the answer goes out. In between the exchange belongs to the application's
 * thread, and the connection is parked: suspended until somebody clears `parked` and resumes it, both
 * under the connection's lock. The keeper accepts, and cuts whoever is late.
 * Locks are taken in this order: server, connection, the library's own. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/head.h"
#include "http/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

enum stage {
	STAGE_HEAD,    /* waiting for the rest of the head */
	STAGE_WORKING, /* one of the library's threads looks at what came */
	STAGE_BODY,    /* waiting for more of the body */
	STAGE_CUT,     /* waited too long: the keeper has the exchange and says so */
	STAGE_SERVING, /* the body is whole */
};

/* A client's socket, from accept to close, and beyond while an exchange of it lives. */
struct connection {
	struct server *server; /* not after the close */
	struct connection *next, **link; /* of the server's list, under its lock */
	int fd;
	char address[INET6_ADDRSTRLEN];
	atomic_uint holds;       /* it is freed with the last */
	_Atomic int64_t watch;   /* monotonic: when the keeper looks closer */
	pthread_mutex_t lock;    /* guards the rest, and what an exchange says it guards */
	struct exchange *exchange; /* under way; NULL: between two requests */
};

struct exchange {
	struct connection *connection;
	struct MHD_Connection *mhd;
	const struct http_app *app;

	/* The request; constant once it is being served. */
	const char *method, *target;
	struct head head;
	char *body;
	size_t body_size, body_room;
	bool oldest;  /* HTTP/1.0 */
	bool begun;   /* the body is whole */
	bool refused; /* the answer is known before the body is, which is read and forgotten */
	bool raw;     /* the library takes no answer now: exchange_answer() writes to the socket */
	struct http_plan plan;
	int64_t started;
	struct task task;
	void *note;

	/* Guarded by the connection's lock. */
	enum stage stage;
	bool parked;
	bool ready;  /* the answer may begin */
	bool forced; /* answered without the application, whose own answer will come to nothing */
	bool owed;   /* the application still has to answer: the exchange lives */
	bool over;   /* the client has the answer, or has gone */
	int status;  /* 0: none was sent */
	size_t sent; /* bytes of body */
	const char *tag;
	struct MHD_Response *response; /* until the library has it */
	struct stream *stream;
};

struct server {
	struct http_app app;
	struct MHD_Daemon *daemon;
	int listener, wake;
	bool inherited; /* the listener is somebody else's too: it is closed, never shut down */
	char *path;     /* of the unix socket made here */
	unsigned port, most;
	int64_t idle; /* microseconds */
	size_t pool_size;
	pthread_t keeper;
	int64_t complained; /* when the keeper last logged that it cannot accept */
	atomic_uint connected, busy; /* connections accepted and not yet closed; exchanges under way */
	atomic_bool closing; /* new requests get 503 */
	atomic_bool shut;    /* no connection comes any more */
	atomic_bool cutting; /* nothing may be parked any more */
	atomic_bool stopping; /* the keeper goes home */
	pthread_mutex_t lock;
	struct connection *first;
};

/* ---- exchange.c ---- */
struct exchange *exchange_new(struct connection *connection, struct MHD_Connection *mhd, const char *target);
/* The library is done with it: done() is told, and the exchange freed unless an answer is still owed. */
void exchange_over(struct exchange *exchange);
/* Goes on to that stage, unless the keeper has cut the exchange. */
bool exchange_enter(struct exchange *exchange, enum stage stage);
/* Gives the library the answer, or parks the connection until there is one. On its thread. */
enum MHD_Result exchange_proceed(struct exchange *exchange);
/* 503 in the application's place, or the end of its stream. Under the lock. */
void exchange_force(struct exchange *exchange);
/* Resumes the connection if it is parked. Under the lock. */
void exchange_wake(struct exchange *exchange);
/* The application owes nothing any more: unlocks, and frees what both sides have left. */
void exchange_settle(struct exchange *exchange);
struct MHD_Response *response_dress(struct MHD_Response *response, const struct http_header *headers, size_t count);
void connection_release(struct connection *connection);

/* ---- request.c: what the library calls ---- */
void on_connection(void *server, struct MHD_Connection *mhd, void **connection, enum MHD_ConnectionNotificationCode code);
void *on_target(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result on_request(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
			   const char *version, const char *data, size_t *size, void **exchange);
void on_completed(void *server, struct MHD_Connection *mhd, void **exchange, enum MHD_RequestTerminationCode code);
/* The time for a connection's head or body is over. On the keeper's thread, under the server's lock. */
void connection_expire(struct connection *connection);

/* ---- stream.c ---- */
/* Tells the producer that nobody reads any more. Under the lock. */
void stream_abandon(struct stream *stream);

/* ---- keeper.c ---- */
void *keeper_run(void *server);

/* ---- listen.c ---- */
/* A listening socket for `address` (see struct http_options); `path` of a unix socket, or NULL. */
enum skd_outcome listen_open(struct skd_call *call, const char *address, int *fd, char **path) WARN_UNUSED;

/* Wipes and frees the body as far as it is there. */
void exchange_forget(struct exchange *exchange);

#endif
