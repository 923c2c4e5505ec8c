/* SPDX-License-Identifier: Apache-2.0
 * Preloaded: while the file that DISK_FULL names has anything but 0 in it (an int64), there is no room: what a file has
 * can be written over, and no file grows; a block less than that is said to be left. Knows nothing of who writes, or what. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile int64_t *full;

__attribute__((constructor)) static void full_open(void)
{
	const char *path = getenv("DISK_FULL");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *mapped = mmap(NULL, sizeof *full, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		full = mapped;
	close(fd);
}

static bool has_room(int fd, off_t end)
{
	struct stat file;
	if (!full || !*full || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || end <= file.st_size)
		return true;
	errno = ENOSPC;
	return false;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	off_t at = full && *full ? lseek(fd, 0, SEEK_CUR) : 0;
	return has_room(fd, at + (off_t)size) ? syscall(SYS_write, fd, bytes, size) : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return has_room(fd, at + (off_t)size) ? syscall(SYS_pwrite64, fd, bytes, size, at) : -1;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	off_t end = at;
	for (int i = 0; i < count; i++)
		end += (off_t)parts[i].iov_len;
	return has_room(fd, end) ? syscall(SYS_pwritev, fd, parts, count, at, 0) : -1;
}

int posix_fallocate(int fd, off_t at, off_t size)
{
	if (!has_room(fd, at + size))
		return ENOSPC;
	return syscall(SYS_fallocate, fd, 0, at, size) == 0 ? 0 : errno;
}

int statvfs(const char *path, struct statvfs *room)
{
	int (*real)(const char *, struct statvfs *) = (int (*)(const char *, struct statvfs *))(uintptr_t)dlsym(RTLD_NEXT, "statvfs");
	int failed = real ? real(path, room) : -1;
	if (!failed && full && *full)
		room->f_bavail = (fsblkcnt_t)*full - 1;
	return failed;
}
