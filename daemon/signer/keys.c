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

enum { KEYS_MAX = 64, LOOKS = 16, NAME_SIZE = KEY_ID_TEXT + 8 };

/* A key at hand, and its file as it was when it was read. */
struct known {
	struct key *key;
	ino_t file;
	struct timespec changed;
};

struct keys {
	int folder;
	const char *path;
	uid_t owner;
	bool lent;
	bool refused; /* a file was */
	struct known list[KEYS_MAX]; /* by id */
	size_t count;
	time_t second; /* monotonic: when the files were last looked at, and for how many unknown keys since */
	int looks;
};

static const char ENDING[] = ".pem", ENDED[] = ".ended";

static void file_name(const uint8_t id[KEY_ID_SIZE], const char *ending, char name[NAME_SIZE])
{
	key_id_format(id, name);
	strcat(name, ending);
}

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

/* Its key is NULL, and said why unless there is no such file. */
static struct known file_read(struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	char name[NAME_SIZE];
	struct stat file;
	struct key *key = NULL;
	const char *why = NULL;
	file_name(id, ENDING, name);
	int fd = openat(keys->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return (struct known){0};
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
	return key ? (struct known){key, file.st_ino, file.st_ctim} : (struct known){0};
}

/* Takes the key over, and gives it back, or NULL where there is no room. */
static const struct key *list_add(struct keys *keys, struct known known)
{
	size_t at = keys->count;
	if (at == KEYS_MAX) {
		say("%s holds more than %d keys: the rest is left out", keys->path, KEYS_MAX);
		key_free(known.key);
		return NULL;
	}
	for (; at > 0 && memcmp(keys->list[at - 1].key->id, known.key->id, KEY_ID_SIZE) > 0; at--)
		keys->list[at] = keys->list[at - 1];
	keys->list[at] = known;
	keys->count++;
	return known.key;
}

static struct known *list_find(struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->list[i].key->id, id, KEY_ID_SIZE) == 0)
			return &keys->list[i];
	return NULL;
}

static void list_take(struct keys *keys, struct known *known)
{
	key_free(known->key);
	keys->count--;
	memmove(known, known + 1, (size_t)(keys->list + keys->count - known) * sizeof *known);
}

static void list_drop(struct keys *keys)
{
	while (keys->count)
		list_take(keys, &keys->list[keys->count - 1]);
}

/* ---- finding ---- */

static bool is_there(const struct keys *keys, const struct known *known)
{
	char name[NAME_SIZE];
	struct stat file;
	file_name(known->key->id, ENDING, name);
	return fstatat(keys->folder, name, &file, AT_SYMLINK_NOFOLLOW) == 0 && file.st_ino == known->file &&
	       file.st_ctim.tv_sec == known->changed.tv_sec && file.st_ctim.tv_nsec == known->changed.tv_nsec;
}

/* Once a second: what has gone, or is another now, is forgotten. */
static void list_look(struct keys *keys)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == keys->second)
		return;
	keys->second = now.tv_sec;
	keys->looks = 0;
	for (size_t i = keys->count; i > 0; i--)
		if (!is_there(keys, &keys->list[i - 1]))
			list_take(keys, &keys->list[i - 1]);
}

const struct key *keys_find(struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	struct known found = {0};
	list_look(keys);
	const struct known *known = list_find(keys, id);
	if (known)
		return known->key;
	if (keys->looks < LOOKS) {
		keys->looks++;
		found = file_read(keys, id);
	}
	return found.key ? list_add(keys, found) : NULL;
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
		struct known known = {0};
		if (name_read(entry->d_name, id))
			known = file_read(keys, id);
		if (known.key)
			list_add(keys, known);
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
		good &= key_print(keys->list[i].key);
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
	char name[NAME_SIZE], draft[KEY_ID_TEXT + 1] = ".";
	key_id_format(key->id, draft + 1);
	file_name(key->id, ENDING, name);
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

bool keys_end(struct keys *keys, const uint8_t id[KEY_ID_SIZE])
{
	char name[NAME_SIZE], ended[NAME_SIZE];
	struct stat file;
	file_name(id, ENDING, name);
	file_name(id, ENDED, ended);
	if (renameat2(keys->folder, name, keys->folder, ended, RENAME_NOREPLACE) == 0)
		return fsync(keys->folder) == 0;
	if (errno == ENOENT && fstatat(keys->folder, ended, &file, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	say("%s/%s cannot be put away as %s: %s", keys->path, name, ended, strerror(errno));
	return false;
}
