/* SPDX-License-Identifier: Apache-2.0
 * Lines on standard error. Knows what a terminal or a log must not be fed, and no secrets. */
#include "helper/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void say(const char *format, ...)
{
	char line[2 * SAY_QUOTED + 256];
	int size = snprintf(line, 128, "%s[%d]: ", program_invocation_short_name, (int)getpid());
	va_list args;
	va_start(args, format);
	vsnprintf(line + size, sizeof line - (size_t)size - 1, format, args);
	va_end(args);
	size_t end = strlen(line);
	line[end++] = '\n';
	if (write(STDERR_FILENO, line, end) < 0)
		return; /* nobody reads the log: no reason to turn anybody away */
}

const char *say_quote(char to[SAY_QUOTED], const char *text)
{
	size_t at = 0;
	to[at++] = '"';
	for (; *text && at < SAY_QUOTED - 6; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\')
			to[at++] = (char)byte;
		else
			at += (size_t)snprintf(to + at, 5, "\\x%02x", byte);
	}
	to[at++] = '"';
	to[at] = '\0';
	return to;
}
