/* SPDX-License-Identifier: Apache-2.0
 * Bytes on disk. */
#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *blob_name(void *owner, const uint8_t hash[BLOB_HASH])
{
	char *name = talloc_size(owner, 2 * BLOB_HASH + 1);
	for (size_t i = 0; i < BLOB_HASH; i++)
		snprintf(name + 2 * i, 3, "%02x", hash[i]);
	return name;
}

static enum skd_outcome blob_fault(struct skd_call *call, const char *folder, const char *what)
{
	return fail(call, SKD_FAULT, "files in %s: %s: %s", folder, what, strerror(errno));
}

/* Made when it is first needed, the folder itself too. */
static enum skd_outcome drawer_open(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH], int *fd)
{
	char name[3];
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return blob_fault(call, folder, "cannot be made");
	int top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return blob_fault(call, folder, "cannot be opened");
	snprintf(name, sizeof name, "%02x", hash[0]);
	bool made = mkdirat(top, name, 0700) == 0;
	*fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool good = *fd >= 0 && (!made || fsync(top) == 0);
	int error = errno;
	close(top);
	errno = error;
	return good ? SKD_OK : blob_fault(call, folder, name);
}

static bool write_whole(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno != EINTR)
			return false;
		bytes += done > 0 ? done : 0;
		size -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

/* It has no name until all of it is on disk. */
static bool blob_write(int drawer, const char *name, const void *bytes, size_t size)
{
	char unnamed[32];
	int fd = openat(drawer, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0400);
	if (fd < 0)
		return false;
	snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", fd);
	bool good = write_whole(fd, bytes, size) && fchmod(fd, 0400) == 0 && fsync(fd) == 0 &&
		    (linkat(AT_FDCWD, unnamed, drawer, name, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST);
	int error = errno;
	close(fd);
	errno = error;
	return good && fsync(drawer) == 0;
}

enum skd_outcome blob_keep(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH], const void *bytes, size_t size)
{
	const char *name = blob_name(call, hash);
	struct stat there;
	int drawer = -1;
	TRY(drawer_open(call, folder, hash, &drawer));
	bool good = fstatat(drawer, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(there.st_mode) && (size_t)there.st_size == size;
	if (!good)
		good = blob_write(drawer, name, bytes, size);
	int error = errno;
	close(drawer);
	errno = error;
	return good ? SKD_OK : blob_fault(call, folder, name);
}

static const char *blob_path(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH])
{
	return talloc_asprintf(call, "%s/%02x/%s", folder, hash[0], blob_name(call, hash));
}

enum skd_outcome blob_read(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH], size_t size, struct text *bytes)
{
	int fd = open(blob_path(call, folder, hash), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return blob_fault(call, folder, blob_name(call, hash));
	size_t whole = bytes->size + size;
	ssize_t got = 1;
	while (bytes->size < whole && got > 0) {
		got = read(fd, text_room(bytes, whole - bytes->size), whole - bytes->size);
		bytes->size += got > 0 ? (size_t)got : 0;
		got = got < 0 && errno == EINTR ? 1 : got;
	}
	close(fd);
	return bytes->size == whole ? SKD_OK : fail(call, SKD_FAULT, "files in %s: %s is cut short", folder, blob_name(call, hash));
}

enum skd_outcome blob_drop(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH])
{
	return unlink(blob_path(call, folder, hash)) == 0 || errno == ENOENT ? SKD_OK
									     : blob_fault(call, folder, blob_name(call, hash));
}

enum skd_outcome blob_list(struct skd_call *call, const char *folder, unsigned drawer, size_t most, const char ***hashes, size_t *count)
{
	DIR *open = opendir(talloc_asprintf(call, "%s/%02x", folder, drawer));
	*hashes = talloc_array(call, const char *, (unsigned)most + 1);
	*count = 0;
	if (!open)
		return errno == ENOENT ? SKD_OK : blob_fault(call, folder, "cannot be read");
	for (struct dirent *entry; *count < most && (entry = readdir(open));)
		if (strlen(entry->d_name) == 2 * BLOB_HASH && strspn(entry->d_name, "0123456789abcdef") == 2 * BLOB_HASH)
			(*hashes)[(*count)++] = talloc_strdup(call, entry->d_name);
	closedir(open);
	return SKD_OK;
}
