/* SPDX-License-Identifier: Apache-2.0
 * Preloaded: a process that wants to hide its memory does not, so that a test can look for what must not be there. */
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int prctl(int option, ...)
{
	unsigned long words[4];
	va_list args;
	va_start(args, option);
	for (int i = 0; i < 4; i++)
		words[i] = va_arg(args, unsigned long);
	va_end(args);
	return option == PR_SET_DUMPABLE ? 0 : (int)syscall(SYS_prctl, option, words[0], words[1], words[2], words[3]);
}
