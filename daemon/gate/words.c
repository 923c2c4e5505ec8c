/* SPDX-License-Identifier: Apache-2.0
 * A sealed memory file in the place of standard error: nobody has to read along, and a module that writes without end
 * neither fills the log nor waits for anybody. */
#include "gate/words.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "helper/say.h"

enum { ROOM = 4096, LINES = 20 };

int words_open(void)
{
	int words = memfd_create("words", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (words < 0)
		return -1;
	if (ftruncate(words, ROOM) == 0 && fcntl(words, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return words;
	close(words);
	return -1;
}

int words_begin(int words)
{
	int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	dup2(words, STDERR_FILENO);
	return log;
}

void words_end(int log)
{
	dup2(log, STDERR_FILENO);
	close(log);
}

void words_say(int words, pid_t conversation)
{
	char text[ROOM + 1] = "", quoted[SAY_QUOTED], *rest = text;
	int lines = 0;
	if (pread(words, text, ROOM, 0) < 0)
		return;
	bool full = text[ROOM - 1];
	for (char *line; lines < LINES && (line = strsep(&rest, "\n"));)
		if (*line && ++lines)
			say("a module in conversation %d: %s", (int)conversation, say_quote(quoted, line));
	if (full || (rest && *rest))
		say("a module in conversation %d: more than is kept", (int)conversation);
}
