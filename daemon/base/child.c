/* SPDX-License-Identifier: Apache-2.0
 * One process for one answer. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	pid_t pid;
	int from; /* its standard output */
};

/* A file of no name, so that it takes all of it whether or not anybody reads yet; or -1. */
static int input_open(struct skd_text input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	for (size_t done = 0; fd >= 0 && done < input.size;) {
		ssize_t wrote = write(fd, input.bytes + done, input.size - done);
		if (wrote <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)wrote;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static bool child_spawn(const char *const *words, int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	int failed = posix_spawn(pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return !failed;
}

static bool child_start(const char *const *words, struct skd_text input, struct child *child)
{
	int in = input_open(input), out[2];
	if (in < 0)
		return false;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in);
		return false;
	}
	bool started = child_spawn(words, in, out[1], &child->pid);
	close(in);
	close(out[1]);
	child->from = out[0];
	if (!started)
		close(child->from);
	return started;
}

/* All that it says until it hangs up. */
static bool child_read(const struct child *child, long milliseconds, size_t most, struct text *said)
{
	enum { STEP = 32768 };
	int64_t until = clock_monotonic() + milliseconds * 1000;
	for (size_t begun = said->size; said->size - begun <= most;) {
		struct pollfd one = {.fd = child->from, .events = POLLIN};
		int64_t left = (until - clock_monotonic()) / 1000;
		if (left <= 0 || (poll(&one, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if (!one.revents)
			continue;
		ssize_t got = read(child->from, text_room(said, STEP), STEP);
		if (got <= 0)
			return got == 0;
		said->size += (size_t)got;
	}
	return false;
}

static bool child_end(const struct child *child, bool good)
{
	int status = 1;
	close(child->from);
	if (!good)
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return good && status == 0;
}

enum skd_outcome child_run(struct skd_call *call, const char *const *words, struct skd_text input, long milliseconds,
			   size_t most, struct text *said)
{
	struct child child;
	if (!child_start(words, input, &child))
		return fail(call, SKD_FAULT, "%s cannot be run", words[0]);
	return child_end(&child, child_read(&child, milliseconds, most, said)) ? SKD_OK
									       : fail(call, SKD_FAULT, "%s has failed", words[0]);
}
