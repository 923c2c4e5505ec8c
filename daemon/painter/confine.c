/* SPDX-License-Identifier: Apache-2.0
 * What skillsd-draw gives up before it reads anything. */
#include "painter/painter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { SECONDS = 10 };
#define MEMORY ((rlim_t)512 << 20)

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

void confine(void)
{
	const struct rlimit none = {0, 0}, seconds = {SECONDS, SECONDS}, memory = {MEMORY, MEMORY};
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which take terabytes of addresses */
	setrlimit(RLIMIT_AS, &memory);
#endif
	(void)memory;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Whatever else is asked for is refused, as if for want of a right. */
void confine_alone(void)
{
#ifdef MACHINE
	static const unsigned allowed[] = {
		__NR_read, __NR_readv, __NR_write, __NR_writev, __NR_lseek, __NR_close, __NR_fstat, __NR_newfstatat, __NR_brk,
		__NR_mmap, __NR_munmap, __NR_mremap, __NR_mprotect, __NR_madvise, __NR_futex, __NR_sched_yield, __NR_getrandom,
		__NR_clock_gettime, __NR_getpid, __NR_gettid, __NR_tgkill, __NR_rt_sigaction, __NR_rt_sigprocmask,
		__NR_rt_sigreturn, __NR_sigaltstack, __NR_exit, __NR_exit_group};
	enum { COUNT = sizeof allowed / sizeof *allowed };
	struct sock_filter filter[COUNT * 2 + 6] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {4, filter};
	for (unsigned i = 0; i < COUNT; i++) {
		filter[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#endif
}
