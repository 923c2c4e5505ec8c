/* SPDX-License-Identifier: Apache-2.0
 * Secrets that systemd lends: files of root that a group's mode seems to show. Whose a file is, is said here, since tests
 * are nobody's root. */
#include "base/conf.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct skd_option table[] = {{"secret", SKD_SECRET, NULL, "A secret."}, {NULL}};

/* The folder of credentials, another one, and the files in them; whose they are. */
static char lent[PATH_MAX], other[PATH_MAX], within[2 * PATH_MAX];
static uid_t owner;

/* In libc's place. */
int fstat(int fd, struct stat *about)
{
	int done = fstatat(fd, "", about, AT_EMPTY_PATH);
	about->st_uid = owner;
	return done;
}

static void file_write(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[2 * PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

/* Whether the secret of such a file is taken. */
static bool taken(const char *folder, const char *name, mode_t mode, uid_t whose)
{
	char text[2 * PATH_MAX];
	struct skd_call *call = call_new("test", 1000);
	struct conf *conf;
	owner = (uid_t)getuid();
	file_write(folder, name, "hunter2\n", mode);
	snprintf(text, sizeof text, "[server]\nsecret = %s/%s\n", folder, name);
	file_write(other, "skillsd.conf", text, 0600);
	snprintf(text, sizeof text, "%s/skillsd.conf", other);
	assert_int_equal(conf_read(call, text, call, &conf), SKD_OK);
	owner = whose;
	section_check(&conf->sections[0], table, NULL);
	const char *secret = section_text(&conf->sections[0], "secret");
	bool good = secret && strcmp(secret, "hunter2") == 0;
	assert_int_equal(conf->complaint_count, !good);
	talloc_free(call);
	return good;
}

static int begin(void **state)
{
	(void)state;
	const char *below = getenv("TMPDIR");
	for (int i = 0; i < 2; i++) {
		char *folder = i ? other : lent;
		snprintf(folder, PATH_MAX, "%s/skillsd-secret-XXXXXX", below && *below ? below : "/tmp");
		if (!mkdtemp(folder))
			return -1;
	}
	snprintf(within, sizeof within, "%s/within", lent);
	return mkdir(within, 0700) || setenv("CREDENTIALS_DIRECTORY", lent, 1);
}

static void what_systemd_lends_is_taken(void **state)
{
	(void)state;
	assert_true(taken(lent, "token", 0440, 0));
	assert_true(taken(lent, "token", 0400, 0));
	assert_true(taken(lent, "token", 0400, getuid()));
}

static void others_may_not_read_or_write_it(void **state)
{
	static const mode_t bad[] = {0444, 0460, 0450, 0441, 0640 | 020, 0644};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(taken(lent, "token", bad[i], 0));
	assert_false(taken(lent, "token", 0440, getuid() + 1));
	assert_false(taken(lent, "token", 0440, getuid() ? getuid() : 1));
}

static void a_group_may_read_it_nowhere_else(void **state)
{
	char beside[2 * PATH_MAX], up[3 * PATH_MAX];
	(void)state;
	assert_false(taken(other, "token", 0440, 0));
	assert_false(taken(within, "token", 0440, 0));
	snprintf(beside, sizeof beside, "%s/../%s", lent, strrchr(other, '/') + 1);
	assert_false(taken(beside, "token", 0440, 0));
	snprintf(up, sizeof up, "%s/within/..", lent);
	assert_false(taken(up, "token", 0440, 0));
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_false(taken(lent, "token", 0440, 0));
	setenv("CREDENTIALS_DIRECTORY", "", 1);
	assert_false(taken(lent, "token", 0440, 0));
}

static int end(void **state)
{
	char path[3 * PATH_MAX];
	const char *const names[] = {"token", "skillsd.conf"}, *const folders[] = {within, lent, other};
	(void)state;
	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof path, "%s/%s", folders[i / 2], names[i % 2]);
		unlink(path);
	}
	for (int i = 0; i < 3; i++)
		rmdir(folders[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_systemd_lends_is_taken),
		cmocka_unit_test(others_may_not_read_or_write_it),
		cmocka_unit_test(a_group_may_read_it_nowhere_else),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
