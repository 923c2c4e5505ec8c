/* SPDX-License-Identifier: Apache-2.0
 * Giving up rights: capabilities(7) without a library for it. Knows which ones PAM's modules need in the two phases
 * that we ask for; sessions, which need more, are never opened. */
#include "gate/shed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/say.h"

/* CAP_KILL: ours is to end a module that has become the user. */
static const unsigned kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
				CAP_KILL,  CAP_SETGID,	     CAP_SETUID,	  CAP_AUDIT_WRITE};

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		mask |= UINT64_C(1) << kept[i];
	return mask;
}

/* What programs that are started from here can have at most. */
static bool shed_bounding(uint64_t mask)
{
	int has;
	for (unsigned one = 0; one < 64 && (has = prctl(PR_CAPBSET_READ, one, 0, 0, 0)) >= 0; one++)
		if (has && !(mask >> one & 1) && prctl(PR_CAPBSET_DROP, one, 0, 0, 0) < 0)
			return false;
	return true;
}

static bool shed_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
	uint64_t mask = kept_mask();
	if (!shed_bounding(mask) || syscall(SYS_capget, &head, now) < 0)
		return false;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		now[i].permitted &= (uint32_t)(mask >> 32 * i);
		now[i].effective = now[i].permitted;
		now[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, now) == 0;
}

bool shed_rights(void)
{
	if (geteuid() != 0 || shed_capabilities())
		return true;
	say("cannot give up capabilities: %s", strerror(errno));
	return false;
}

void shed_files(int keep)
{
	if (keep > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0);
	close_range((unsigned)(keep > STDERR_FILENO ? keep : STDERR_FILENO) + 1, UINT_MAX, 0);
}

/* A hash of a password costs a processor for a while: whoever is signed in does not wait for it. */
enum { NICE = 10 };
static const char nice_text[] = "10";

void shed_weight(void)
{
	enum { TRIES = 10, PAUSE = 50 }; /* without rights the kernel takes ten of these a second, from everyone together */
	int fd = getsid(0) == getpid() ? open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return; /* this kernel has none, or it is not ours to change */
	for (int i = 0; write(fd, nice_text, sizeof nice_text - 1) < 0 && errno == EAGAIN && i < TRIES; i++)
		poll(NULL, 0, PAUSE);
	close(fd);
}

void shed_processors(void)
{
	cpu_set_t all, one;
	int last = CPU_SETSIZE - 1;
	setpriority(PRIO_PROCESS, 0, NICE);
	if (sched_getaffinity(0, sizeof all, &all) < 0)
		return;
	while (last > 0 && !CPU_ISSET(last, &all))
		last--;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	sched_setaffinity(0, sizeof one, &one);
}
