/* SPDX-License-Identifier: Apache-2.0
 * Preloaded: calls on sockets take now and then a few milliseconds, and seldom some tenths of a second, as on a machine
 * that has too much to do. Knows nothing of what the sockets are for. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static __thread unsigned seed;

static void dawdle(void)
{
	if (!seed)
		seed = (unsigned)time(NULL) ^ (unsigned)getpid() * 2654435761u ^ (unsigned)(uintptr_t)&seed;
	unsigned chance = (unsigned)rand_r(&seed);
	if (chance % 20 == 0)
		usleep((unsigned)rand_r(&seed) % 3000);
	else if (chance % 997 == 0)
		usleep((unsigned)rand_r(&seed) % 400000);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
	dawdle();
	return (int)syscall(SYS_accept4, fd, address, size, flags);
}

ssize_t recv(int fd, void *to, size_t size, int flags)
{
	dawdle();
	return syscall(SYS_recvfrom, fd, to, size, flags, NULL, NULL);
}

ssize_t send(int fd, const void *from, size_t size, int flags)
{
	dawdle();
	return syscall(SYS_sendto, fd, from, size, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	dawdle();
	return syscall(SYS_sendmsg, fd, message, flags);
}

int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
	int ready = (int)syscall(SYS_epoll_pwait, fd, events, most, timeout, mask, 8);
	dawdle();
	return ready;
}
