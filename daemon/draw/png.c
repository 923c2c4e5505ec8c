/* SPDX-License-Identifier: Apache-2.0
 * Asks skillsd-draw for a PNG: a process for each. */
#include "draw/draw.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is drawn goes into a pipe without anybody reading it yet; bytes, bytes, milliseconds. */
enum { SVG_MOST = 32768, PNG_MOST = 4 * 1024 * 1024, PATIENCE = 15000 };

struct painter {
	pid_t pid;
	int to, from; /* its standard input and output */
};

static bool painter_start(const char *program, struct painter *painter)
{
	char side[12];
	snprintf(side, sizeof side, "%d", DRAW_SIDE);
	const char *const words[] = {program, side, NULL};
	posix_spawn_file_actions_t actions;
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) < 0)
		return false;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return false;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	bool started = posix_spawn(&painter->pid, program, &actions, NULL, (char *const *)(uintptr_t)words, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	painter->to = in[1];
	painter->from = out[0];
	if (!started) {
		close(painter->to);
		close(painter->from);
	}
	return started;
}

/* All that it says until it hangs up. */
static bool painter_read(const struct painter *painter, struct text *png)
{
	int64_t until = clock_monotonic() + PATIENCE * 1000L;
	while (png->size <= PNG_MOST) {
		struct pollfd one = {.fd = painter->from, .events = POLLIN};
		int64_t left = (until - clock_monotonic()) / 1000;
		if (left <= 0 || (poll(&one, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if (!one.revents)
			continue;
		ssize_t got = read(painter->from, text_room(png, 32768), 32768);
		if (got <= 0)
			return got == 0;
		png->size += (size_t)got;
	}
	return false;
}

static bool painter_end(const struct painter *painter, bool good)
{
	int status = 1;
	close(painter->from);
	if (!good)
		kill(painter->pid, SIGKILL);
	while (waitpid(painter->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return good && status == 0;
}

enum skd_outcome draw_png(struct skd_call *call, const char *program, const struct text *svg, struct picture *png)
{
	struct painter painter;
	struct text out;
	if (svg->size > SVG_MOST)
		return fail(call, SKD_FAULT, "what was drawn is too large");
	bool started = painter_start(program, &painter);
	bool good = started && write(painter.to, svg->bytes, svg->size) == (ssize_t)svg->size;
	if (started)
		close(painter.to);
	text_begin(&out, call, 65536);
	good = good && painter_read(&painter, &out);
	if (started)
		good = painter_end(&painter, good);
	*png = (struct picture){(const uint8_t *)out.bytes, out.size};
	return good && out.size ? SKD_OK : fail(call, SKD_FAULT, "%s made no picture", program);
}
