/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target over the files of folders, each from memory of just its size. Needs no clang. */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

static bool replay_file(const char *path)
{
	struct stat about;
	FILE *file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
		if (file)
			fclose(file);
		return false;
	}
	size_t size = (size_t)about.st_size;
	uint8_t *bytes = malloc(size ? size : 1);
	bool whole = bytes && fread(bytes, 1, size, file) == size;
	fclose(file);
	if (whole)
		LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return whole;
}

static int replay_folder(const char *folder)
{
	char path[PATH_MAX];
	int count = 0;
	DIR *entries = opendir(folder);
	if (!entries) {
		perror(folder);
		return 0;
	}
	for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		count += replay_file(path);
	}
	closedir(entries);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		int files = replay_folder(argv[i]);
		if (!files) {
			fprintf(stderr, "%s: no files\n", argv[i]);
			return 1;
		}
		count += files;
	}
	printf("%d files\n", count);
	return count ? 0 : 1;
}
