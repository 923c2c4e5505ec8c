/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a configuration file, every section held against a table and read back. Opens no secrets. */
#include "base/conf.h"
#include "fuzz.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct skd_option table[] = {
	{"text", SKD_TEXT, "preset", "A text."}, {"number", SKD_NUMBER, "7", "A number.", true},
	{"flag", SKD_FLAG, NULL, "A flag."}, {"wait", SKD_DURATION, "2s", "A duration."}, {"path", SKD_PATH, NULL, "A path."},
	{"many", SKD_TEXT, NULL, "Several.", false, true}, {NULL}};

/* The file of this process; its folder is where relative paths begin. */
static const char *file_write(const uint8_t *bytes, size_t size)
{
	static char path[PATH_MAX];
	if (!*path) {
		const char *folder = getenv("TMPDIR");
		snprintf(path, sizeof path, "%s/skillsd-fuzz-%ld", folder && *folder ? folder : "/tmp", (long)getpid());
	}
	FILE *file = fopen(path, "wb");
	must(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "a temporary file can be written");
	return path;
}

static void section_read(const struct conf *conf, const struct section *section)
{
	for (const struct skd_option *option = table; option->key; option++) {
		size_t count = 0;
		while (section_at(section, option->key, count))
			count++;
		must(option->repeats || conf->complaint_count || count <= 1, "what does not repeat is there once");
		long number = section_number(section, option->key);
		must(number >= 0, "a number is not negative");
		if (option->type == SKD_PATH && !conf->complaint_count && count && *section_text(section, option->key))
			must(*section_text(section, option->key) == '/', "a path is absolute");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct conf *conf;
	const char *path = file_write(bytes, size);
	must(conf_read(call, path, call, &conf) == SKD_OK, "a file that is there is read");
	for (size_t i = 0; i < conf->count; i++) {
		conf->sections[i].fallback = i ? &conf->sections[i - 1] : NULL;
		section_check(&conf->sections[i], table, NULL);
	}
	for (size_t i = 0; i < conf->count; i++) {
		section_read(conf, &conf->sections[i]);
		must(conf_find(conf, conf->sections[i].kind, conf->sections[i].name) == &conf->sections[i],
		     "no two sections have one name");
	}
	must((conf_verdict(call, conf) == SKD_OK) == (conf->complaint_count == 0), "complaints decide");
	unlink(path);
	talloc_free(call);
	return 0;
}
