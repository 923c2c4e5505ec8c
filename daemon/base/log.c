/* SPDX-License-Identifier: Apache-2.0
 * The log on standard error. The level is set once before threads start. */
#include "base/log.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum skd_level least = SKD_INFO;
static bool journal;

void log_open(enum skd_level level)
{
	least = level;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_linev(enum skd_level level, const char *where, const char *format, va_list args)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	static const char *const prefixes[] = {"<7>", "<6>", "<4>", "<3>"};
	if (level < least)
		return;
	void *owner = talloc_new(NULL);
	struct text line;
	char *said = talloc_vasprintf(owner, format, args);
	text_begin(&line, owner, 256);
	if (journal) {
		text_addf(&line, "%s%s: ", prefixes[level], where);
	} else {
		char now[TIME_SIZE];
		time_format(clock_now(), now);
		text_addf(&line, "%s %s %s: ", now, names[level], where);
	}
	text_add_escaped(&line, said, strlen(said));
	text_add(&line, "\n", 1);
	ssize_t ignored = write(STDERR_FILENO, line.bytes, line.size);
	(void)ignored;
	talloc_free(owner);
}

void log_line(enum skd_level level, const char *where, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_linev(level, where, format, args);
	va_end(args);
}

void log_failure(struct skd_call *call)
{
	enum skd_level level = call->outcome == SKD_FAULT                      ? SKD_ERROR
			       : call->outcome == SKD_BUSY && !call->no_news ? SKD_WARNING
									     : SKD_DEBUG;
	log_line(level, call->what, "%s (request %s)", call->sentence ? call->sentence : "failed", call_id(call));
}
