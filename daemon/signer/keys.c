/* SPDX-License-Identifier: Apache-2.0
 * Files of keys: checked once they are open, so that what is read is what was checked. */
#include "signer/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "helper/say.h"

enum { KEYS_MAX = 64, LOOKS = 16 };

struct keys {
	int folder;
	const char *path;
	uid_t owner;
	bool lent;
	bool refused; /* a file was */
	struct key *list[KEYS_MAX]; /* by id */
	size_t count;
	time_t second; /* monotonic, and how often the folder was looked at in it */
	int looks;
};

static const char ENDING[] = ".pem";

/* ---- reading ---- */

/* Under a folder that systemd made a file may be root's and have an ACL for us, whose mask is shown as its group's mode. */
static bool is_ours(const struct keys *keys, const struct stat *file)
{
	if (keys->lent && file->st_uid == 0)
		return !(file->st_mode & 037);
	return file->st_uid == keys->owner && !(file->st_mode & 077);
}

static struct key *key_of(int fd, const uint8_t id[KEY_ID_SIZE], const char **why)
{
	struct key *key = NULL;
	char *text = OPENSSL_secure_malloc(KEY_FILE_MAX);
	ssize_t size = text ? read(fd, text, KEY_FILE_MAX) : -1;
	*why = strerror(errno);
	if (size >= 0)
		key = key_read(id, text, (size_t)size, why);
	OPENSSL_secure_clear_free(text, KEY_FILE_MAX);
	return key;
}

/* NULL, and said why unless there is no such file. */
static struct key *file_read(struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	char name[KEY_ID_TEXT + sizeof ENDING];
	struct stat file;
	struct key *key = NULL;
	const char *why = NULL;
	key_id_format(id, name);
	strcat(name, ENDING);
	int fd = openat(keys->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &file) < 0)
		why = errno == ELOOP ? "a symbolic link is no key" : strerror(errno);
	else if (!S_ISREG(file.st_mode))
		why = "it is no regular file";
	else if (!is_ours(keys, &file))
		why = "a key's file must belong to who signs with it, and be readable by nobody else (0400)";
	else
		key = key_of(fd, id, &why);
	if (fd >= 0)
		close(fd);
	if (!key) {
		say("%s/%s is refused: %s", keys->path, name, why);
		keys->refused = true;
	}
	return key;
}

/* Takes the key over, and gives it back, or NULL where there is no room. */
static const struct key *list_add(struct keys *keys, struct key *key)
{
	size_t at = keys->count;
	if (at == KEYS_MAX) {
		say("%s holds more than %d keys: the rest is left out", keys->path, KEYS_MAX);
		key_free(key);
		return NULL;
	}
	for (; at > 0 && memcmp(keys->list[at - 1]->id, key->id, KEY_ID_SIZE) > 0; at--)
		keys->list[at] = keys->list[at - 1];
	keys->list[at] = key;
	keys->count++;
	return key;
}

static const struct key *list_find(const struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->list[i]->id, id, KEY_ID_SIZE) == 0)
			return keys->list[i];
	return NULL;
}

static bool may_look(struct keys *keys)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != keys->second) {
		keys->second = now.tv_sec;
		keys->looks = 0;
	}
	return keys->looks < LOOKS && ++keys->looks;
}

const struct key *keys_find(struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	const struct key *known = list_find(keys, id);
	struct key *found = known || !may_look(keys) ? NULL : file_read(keys, id);
	return found ? list_add(keys, found) : known;
}

static void list_drop(struct keys *keys)
{
	while (keys->count)
		key_free(keys->list[--keys->count]);
}

static bool name_read(const char *name, uint8_t id[KEY_ID_SIZE])
{
	char text[KEY_ID_TEXT] = "";
	if (strlen(name) != KEY_ID_TEXT - 1 + sizeof ENDING - 1 || strcmp(name + KEY_ID_TEXT - 1, ENDING) != 0)
		return false;
	memcpy(text, name, KEY_ID_TEXT - 1);
	return key_id_parse(text, id);
}

static void list_read(struct keys *keys)
{
	uint8_t id[KEY_ID_SIZE];
	int fd = openat(keys->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	for (const struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries)) {
		struct key *key = name_read(entry->d_name, id) ? file_read(keys, id) : NULL;
		if (key)
			list_add(keys, key);
	}
	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
}

void keys_again(struct keys *keys)
{
	list_drop(keys);
	list_read(keys);
}

/* ---- the folder ---- */

static const char *folder_open(struct keys *keys)
{
	struct stat folder;
	keys->folder = open(keys->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keys->folder < 0 || fstat(keys->folder, &folder) < 0)
		return strerror(errno);
	keys->owner = geteuid() == 0 ? folder.st_uid : geteuid();
	if (folder.st_uid != keys->owner && folder.st_uid != 0)
		return "it belongs to somebody else";
	return folder.st_mode & 022 ? "others may write there" : NULL;
}

struct keys *keys_open(const char *path, bool lent)
{
	struct keys *keys = calloc(1, sizeof *keys);
	if (!keys)
		return NULL;
	keys->path = path;
	keys->lent = lent;
	const char *why = folder_open(keys);
	if (!why) {
		list_read(keys);
		return keys;
	}
	say("the folder of keys %s is refused: %s", path, why);
	keys_close(keys);
	return NULL;
}

void keys_close(struct keys *keys)
{
	if (!keys)
		return;
	list_drop(keys);
	if (keys->folder >= 0)
		close(keys->folder);
	free(keys);
}

size_t keys_count(const struct keys *keys)
{
	return keys->count;
}

/* ---- telling and making ---- */

static bool key_print(const struct key *key)
{
	char id[KEY_ID_TEXT], public[KEY_PUBLIC_MAX];
	key_id_format(key->id, id);
	if (!key_public(key, public))
		return false;
	printf("%s %s %s %s\n", id, key->algorithm->name, purposes[key->purpose], public);
	return fflush(stdout) == 0;
}

bool keys_list(const struct keys *keys)
{
	bool good = !keys->refused;
	for (size_t i = 0; i < keys->count; i++)
		good &= key_print(keys->list[i]);
	return good;
}

static bool file_fill(const struct keys *keys, int fd, BIO *text)
{
	char *bytes;
	long size = BIO_get_mem_data(text, &bytes);
	return write(fd, bytes, (size_t)size) == size &&
	       (geteuid() != 0 || fchown(fd, keys->owner, (gid_t)-1) == 0) && fsync(fd) == 0;
}

/* Under another name until it is whole: who looks at the folder meanwhile sees no half of it. */
static bool file_write(const struct keys *keys, const struct key *key, BIO *text)
{
	char name[KEY_ID_TEXT + sizeof ENDING], draft[KEY_ID_TEXT + 1] = ".";
	key_id_format(key->id, name);
	strcat(draft, name);
	strcat(name, ENDING);
	int fd = openat(keys->folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	bool good = fd >= 0 && file_fill(keys, fd, text) &&
		    renameat2(keys->folder, draft, keys->folder, name, RENAME_NOREPLACE) == 0 && fsync(keys->folder) == 0;
	if (!good) {
		say("%s/%s cannot be written: %s", keys->path, name, strerror(errno));
		unlinkat(keys->folder, draft, 0);
	}
	if (fd >= 0)
		close(fd);
	return good;
}

bool keys_new(struct keys *keys, const struct algorithm *algorithm, enum purpose purpose)
{
	struct key *key = key_make(algorithm, purpose);
	BIO *text = key ? key_write(key) : NULL;
	bool good = text && file_write(keys, key, text) && key_print(key);
	BIO_free(text);
	key_free(key);
	return good;
}
