/* SPDX-License-Identifier: Apache-2.0
 * Waiting for the server, and for how long. Knows no statement. */
#include "store/session.h"

#include "base/log.h"

#include <poll.h>
#include <sys/socket.h>

/* Microseconds: a little longer than statement_timeout, so that the server itself speaks first; and how long anything
 * is waited for, however late the call is. */
enum { LONGEST = 18000000, LEAST = 6000000 };

/* A new connection to the same server gets an answer, be it a refusal. */
static bool server_answers(const PGconn *pg)
{
	static const char *const keys[] = {"host", "hostaddr", "port", "user", "dbname", "connect_timeout", NULL};
	const char *const values[] = {PQhost(pg), PQhostaddr(pg), PQport(pg), PQuser(pg), PQdb(pg), "5", NULL};
	return PQpingParams(keys, values, 0) != PQPING_NO_RESPONSE;
}

static int64_t silence_most(const struct skd_call *call)
{
	int64_t left = (int64_t)call_time_left(call) * 1000;
	if (call->db->patient || left > LONGEST)
		return LONGEST;
	return left > LEAST ? left : LEAST;
}

/* Nothing was heard since, and nothing will be. */
static bool is_lost(const struct skd_call *call, int64_t *since, int64_t most)
{
	if (clock_monotonic() - *since < most)
		return false;
	if (!call->db->patient || !call_time_left(call) || !server_answers(call->db->pg))
		return true;
	*since = clock_monotonic();
	return false;
}

/* Without its socket libpq finds the connection lost and waits for nothing. */
static void give_up(PGconn *pg, int64_t silence)
{
	log_line(SKD_WARNING, "database", "nothing was heard of the server for %ld seconds: the connection is given up",
		 (long)(silence / 1000000));
	shutdown(PQsocket(pg), SHUT_RDWR);
}

/* False: there is nothing to wait for any more. */
static bool wait_step(const struct skd_call *call, bool unsent, int64_t *since, int64_t most)
{
	enum { STEP = 1000, STEP_TLS = 20 }; /* what TLS has read already does not wake poll() */
	PGconn *pg = call->db->pg;
	struct pollfd one = {.fd = PQsocket(pg), .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
	int heard = poll(&one, 1, PQsslInUse(pg) ? STEP_TLS : STEP);
	if (heard > 0)
		*since = clock_monotonic();
	if (heard || !is_lost(call, since, most))
		return PQconsumeInput(pg);
	give_up(pg, most);
	return false;
}

static void wait_until(struct skd_call *call, bool sent_is_all)
{
	PGconn *pg = call->db->pg;
	int64_t since = clock_monotonic(), most = silence_most(call);
	int unsent;
	while (PQstatus(pg) == CONNECTION_OK && (unsent = PQflush(pg)) >= 0 && (sent_is_all ? unsent : PQisBusy(pg)))
		if (!wait_step(call, unsent, &since, most))
			return;
}

void wait_sent(struct skd_call *call)
{
	wait_until(call, true);
}

PGresult *wait_result(struct skd_call *call)
{
	wait_until(call, false);
	return PQgetResult(call->db->pg);
}

PGresult *wait_last(struct skd_call *call, int begun)
{
	PGresult *last = NULL, *next;
	call->db->broken |= !begun;
	while (begun && (next = wait_result(call))) {
		PQclear(last);
		last = next;
		if (PQresultStatus(last) == PGRES_COPY_IN)
			return last;
	}
	return last;
}
