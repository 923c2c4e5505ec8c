/* SPDX-License-Identifier: Apache-2.0
 * An LDIF file: who may write it, its bytes, and the proof that they are those of one and the same file.
 * Knows no lines and no entries. */
#include "ldif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 65536 };

enum skd_outcome ldif_fail(const struct ldif_file *file, const char *format, ...)
{
	char what[256];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return file->host->fail(file->call, SKD_FAULT, "%s:%zu: %s", file->path, file->from, what);
}

static enum skd_outcome system_fail(const struct ldif_file *file, const char *path)
{
	return file->host->fail(file->call, SKD_BUSY, "%s: %s", path, strerrordesc_np(errno));
}

static enum skd_outcome folder_check(const struct ldif_file *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash && slash > path ? (size_t)(slash - path) : 1;
	char *folder = file->host->alloc(file->call, size + 1);
	struct stat about;
	memcpy(folder, slash ? path : ".", size);
	if (stat(folder, &about) != 0)
		return system_fail(file, folder);
	if (about.st_mode & S_IWOTH)
		return file->host->fail(file->call, SKD_FAULT,
					"%s: everybody may write its folder (mode %04o), and so say who works here", path,
					(unsigned)about.st_mode & 07777);
	return SKD_OK;
}

/* Both the name that is configured and, where that is a link, what it leads to. */
static enum skd_outcome folders_check(const struct ldif_file *file)
{
	enum skd_outcome outcome = folder_check(file, file->path);
	char *real = outcome == SKD_OK ? realpath(file->path, NULL) : NULL;
	if (outcome == SKD_OK)
		outcome = real ? folder_check(file, real) : system_fail(file, file->path);
	free(real);
	return outcome;
}

static enum skd_outcome file_check(const struct ldif_file *file)
{
	if (!S_ISREG(file->before.st_mode))
		return file->host->fail(file->call, SKD_FAULT, "%s is no regular file", file->path);
	if (file->before.st_mode & S_IWOTH)
		return file->host->fail(file->call, SKD_FAULT,
					"%s: everybody may write it (mode %04o), and so say who works here", file->path,
					(unsigned)file->before.st_mode & 07777);
	return folders_check(file);
}

enum skd_outcome ldif_file_open(const struct skd_host *host, struct skd_call *call, const char *path,
				struct ldif_file *file)
{
	*file = (struct ldif_file){.host = host, .call = call, .path = path};
	/* A fifo would keep us waiting for somebody to write. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &file->before) != 0)
		return system_fail(file, path);
	file->chunk = host->alloc(call, CHUNK);
	return file_check(file);
}

void ldif_file_close(struct ldif_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

enum skd_outcome ldif_file_rewind(struct ldif_file *file)
{
	file->at = file->filled = file->line = 0;
	file->seen = 0;
	file->ended = false;
	return lseek(file->fd, 0, SEEK_SET) == 0 ? SKD_OK : system_fail(file, file->path);
}

static enum skd_outcome changed_fail(const struct ldif_file *file, const char *what)
{
	return file->host->fail(file->call, SKD_BUSY, "%s %s while it was read", file->path, what);
}

enum skd_outcome ldif_file_fill(struct ldif_file *file)
{
	if (file->at < file->filled || file->ended)
		return SKD_OK;
	if (file->host->time_left(file->call) <= 0)
		return file->host->fail(file->call, SKD_BUSY, "%s: reading it takes too long", file->path);
	ssize_t got = read(file->fd, file->chunk, CHUNK);
	if (got < 0)
		return system_fail(file, file->path);
	file->at = 0;
	file->filled = (size_t)got;
	file->seen += got;
	file->ended = got == 0;
	if (file->seen > file->before.st_size || (file->ended && file->seen < file->before.st_size))
		return changed_fail(file, file->ended ? "shrank" : "grew");
	return SKD_OK;
}

static bool time_equal(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

enum skd_outcome ldif_file_same(const struct ldif_file *file)
{
	const struct stat *before = &file->before;
	struct stat after, named;
	if (fstat(file->fd, &after) != 0 || stat(file->path, &named) != 0)
		return system_fail(file, file->path);
	if (named.st_dev != before->st_dev || named.st_ino != before->st_ino)
		return changed_fail(file, "was replaced");
	if (after.st_size != before->st_size || !time_equal(after.st_mtim, before->st_mtim) ||
	    !time_equal(after.st_ctim, before->st_ctim))
		return changed_fail(file, "was changed");
	return SKD_OK;
}
