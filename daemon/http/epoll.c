/* SPDX-License-Identifier: Apache-2.0
 * One function of the C library, replaced for libmicrohttpd's sake: the linker binds the library's call
 * to this definition. Knows nothing else. */
#include <stddef.h>
#include <sys/epoll.h>

/* libmicrohttpd 0.9.75 asks for 128 events and, given just as many, waits for more before it serves
 * those it has (MHD_epoll in daemon.c): 128 clients of one thread that wait for their answers stand
 * still until one of them times out. With 127 it never waits twice. Fewer than asked for is within
 * what epoll_wait() promises anybody. */
int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	return epoll_pwait(epoll, events, most > 1 ? most - 1 : most, timeout, NULL);
}
