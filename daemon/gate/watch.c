/* SPDX-License-Identifier: Apache-2.0
 * One child for each conversation: PAM modules may hang, crash, start processes or play with signals,
 * and stall only whom they serve. This process never loads one; it stays single-threaded, so that
 * forking is safe. */
#include "gate/watch.h"

#include <errno.h>
#include <signal.h>
#include <skillsd/gate.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/shed.h"
#include "gate/words.h"
#include "helper/door.h"
#include "helper/say.h"

#define REST 100 /* milliseconds without accepting, after a failure to */

struct child {
	pid_t pid; /* 0: this place is free */
	int peer;  /* our copy of the connection; -1 once the peer has been told */
	int words; /* what its modules write */
	int64_t until;
};

struct watch {
	const struct watch_orders *orders;
	int listener; /* -1: none */
	int signals;
	sigset_t outer_mask; /* as we found it, for the children */
	struct child *children;
	size_t running;
	int64_t rest_until;
	bool ending;
};

/* False when the peer has had its answer, or is gone. */
static bool tell_unavailable(int peer)
{
	const struct gate_frame frame = {.kind = GATE_RESULT, .verdict = GATE_UNAVAILABLE, .count = 1};
	enum gate_moved moved = gate_send(peer, 0, &frame);
	close(peer);
	return moved == GATE_MOVED;
}

/* Whether the peer is now told, because nobody had. */
static bool finish_child(struct child *child, bool answered)
{
	int peer = child->peer;
	child->peer = -1;
	if (peer < 0)
		return false;
	if (!answered)
		return tell_unavailable(peer);
	close(peer);
	return false;
}

/* The child leads a group of its own, which a helper that hangs with it belongs to. */
static void kill_child(struct child *child)
{
	kill(-child->pid, SIGKILL);
	kill(child->pid, SIGKILL);
	finish_child(child, false);
	child->until = INT64_MAX;
}

static _Noreturn void be_child(struct watch *watch, int peer, int words, int64_t until, pid_t parent)
{
	for (size_t i = 0; i < watch->orders->max; i++) {
		const struct child *other = &watch->children[i];
		if (other->pid)
			close(other->words);
		if (other->pid && other->peer >= 0)
			close(other->peer);
	}
	if (watch->listener >= 0)
		close(watch->listener);
	close(watch->signals);
	setpgid(0, 0); /* and not a session: it would weigh as much as the daemon */
	shed_processors();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, &watch->outer_mask, NULL);
	talk_hold(peer, words, &watch->orders->service, until);
	/* What modules left to be done at exit is none of our business. */
	_exit(0);
}

/* Takes the connection over. */
static void start_child(struct watch *watch, int peer)
{
	if (!door_admits(peer, watch->orders->welcome)) {
		close(peer);
		return;
	}
	struct child *child = watch->children;
	while (child->pid)
		child++;
	int64_t until = gate_now() + watch->orders->deadline;
	pid_t parent = getpid();
	int words = words_open();
	pid_t pid = words < 0 ? -1 : fork();
	if (pid == 0)
		be_child(watch, peer, words, until, parent);
	if (pid < 0) {
		say("cannot start a process: unavailable");
		close(words);
		tell_unavailable(peer);
		return;
	}
	*child = (struct child){pid, peer, words, until};
	watch->running++;
}

static void accept_peer(struct watch *watch)
{
	int peer = accept4(watch->listener, NULL, NULL, SOCK_CLOEXEC);
	if (peer >= 0)
		start_child(watch, peer);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		watch->rest_until = gate_now() + REST;
}

static struct child *find_child(struct watch *watch, pid_t pid)
{
	for (size_t i = 0; i < watch->orders->max; i++)
		if (watch->children[i].pid == pid)
			return &watch->children[i];
	return NULL;
}

/* What modules started and left comes to us when their conversation has ended, and ends with it. */
static void end_leftovers(struct watch *watch)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *file = fopen(path, "re");
	int pid;
	while (file && fscanf(file, "%d", &pid) == 1)
		if (!find_child(watch, pid))
			kill(pid, SIGKILL);
	if (file)
		fclose(file);
}

/* Waits for none unless `flags` is 0, and then for one. */
static void reap_children(struct watch *watch, int flags)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, flags)) > 0) {
		struct child *child = find_child(watch, pid);
		if (child) {
			bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
			if (finish_child(child, well))
				say("conversation %d ended without an answer (wait status 0x%04x): unavailable",
				    (int)pid, (unsigned)status);
			words_say(child->words, pid);
			close(child->words);
			*child = (struct child){.pid = 0};
			watch->running--;
		}
		end_leftovers(watch);
		flags = WNOHANG;
	}
}

static void end_overdue(struct watch *watch)
{
	for (size_t i = 0; i < watch->orders->max; i++) {
		struct child *child = &watch->children[i];
		if (child->pid && child->until <= gate_now()) {
			say("conversation %d is past its deadline and killed", (int)child->pid);
			kill_child(child);
		}
	}
}

static void read_signals(struct watch *watch)
{
	struct signalfd_siginfo info;
	while (read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			watch->ending = true;
	reap_children(watch, WNOHANG);
}

/* Milliseconds to the next deadline; -1 when there is none. */
static int pause_time(const struct watch *watch, bool resting)
{
	int64_t next = resting ? watch->rest_until : INT64_MAX;
	for (size_t i = 0; i < watch->orders->max; i++)
		if (watch->children[i].pid && watch->children[i].until < next)
			next = watch->children[i].until;
	int64_t left = next - gate_now();
	if (next == INT64_MAX)
		return -1;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void turn(struct watch *watch)
{
	bool resting = watch->rest_until > gate_now();
	bool open = watch->listener >= 0 && watch->running < watch->orders->max && !resting;
	struct pollfd ready[2] = {{.fd = watch->signals, .events = POLLIN},
				  {.fd = open ? watch->listener : -1, .events = POLLIN}};
	if (poll(ready, 2, pause_time(watch, resting)) < 0)
		return;
	if (ready[0].revents)
		read_signals(watch);
	end_overdue(watch);
	if (ready[1].revents && !watch->ending)
		accept_peer(watch);
}

static void ends(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void watch_hold(void)
{
	sigset_t held;
	ends(&held);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

static bool begin(struct watch *watch)
{
	sigset_t wanted;
	ends(&wanted);
	sigaddset(&wanted, SIGCHLD);
	/* Where it is ignored, children vanish unseen: ours, and pam_unix's helper. */
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (sigprocmask(SIG_BLOCK, &wanted, &watch->outer_mask) < 0)
		return false;
	sigdelset(&watch->outer_mask, SIGCHLD);
	sigdelset(&watch->outer_mask, SIGTERM);
	sigdelset(&watch->outer_mask, SIGINT);
	watch->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	watch->children = calloc(watch->orders->max, sizeof *watch->children);
	return watch->signals >= 0 && watch->children;
}

/* A look may miss who comes to us meanwhile: until there is nobody. */
static void end_everybody(struct watch *watch)
{
	enum { LOOKS = 2000, PAUSE = 1 };
	while (watch->running)
		reap_children(watch, 0);
	for (int i = 0; i < LOOKS && waitpid(-1, NULL, WNOHANG) >= 0; i++) {
		end_leftovers(watch);
		poll(NULL, 0, PAUSE);
	}
}

bool watch_run(int listener, int connection, const struct watch_orders *orders)
{
	struct watch watch = {.orders = orders, .listener = listener};
	if (!begin(&watch)) {
		say("cannot begin: out of memory or file descriptors");
		return false;
	}
	if (connection >= 0)
		start_child(&watch, connection);
	while (!watch.ending && (listener >= 0 || watch.running))
		turn(&watch);
	for (size_t i = 0; i < orders->max; i++)
		if (watch.children[i].pid)
			kill_child(&watch.children[i]);
	end_everybody(&watch);
	close(watch.signals);
	free(watch.children);
	return true;
}
