/* SPDX-License-Identifier: Apache-2.0
 * The sections [verify], the documents of others in a folder and the door to the rest, and [links], which go through it. */
#include "command/settings.h"

#include "fetch/fetch.h"
#include "verify/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum skd_outcome file_add(struct skd_call *call, struct shelf *shelf, const char *path)
{
	FILE *file = fopen(path, "rb");
	char *bytes = talloc_size(call, VERIFY_JSON + 1);
	if (!file)
		return fail(call, SKD_ABSENT, "%s", strerror(errno));
	size_t size = fread(bytes, 1, VERIFY_JSON + 1, file);
	bool broken = ferror(file);
	fclose(file);
	return broken ? fail(call, SKD_ABSENT, "it cannot be read")
		      : shelf_add(call, shelf, "it", (struct skd_text){bytes, size});
}

/* All but what begins with a dot. */
static struct shelf *pinned_read(struct settings *s, const struct section *verify, const char *folder)
{
	struct shelf *shelf = shelf_new(s);
	DIR *entries = opendir(folder);
	if (!entries) {
		conf_complain(s->conf, section_line(verify, "pinned", 0), "pinned: %s: %m", folder);
		return shelf;
	}
	for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
		struct skd_call *call = call_new("pinned", 60000);
		if (entry->d_name[0] != '.' &&
		    file_add(call, shelf, talloc_asprintf(call, "%s/%s", folder, entry->d_name)) != SKD_OK)
			conf_complain(s->conf, section_line(verify, "pinned", 0), "pinned: %s/%s: %s", folder, entry->d_name, call->sentence);
		talloc_free(call);
	}
	closedir(entries);
	return shelf;
}

/* NULL: nothing is fetched. */
static const struct fetch_door *door_read(struct settings *s, const struct section *verify)
{
	bool everywhere = section_number(verify, "fetch");
	const char *words = section_at(verify, "origin", 0);
	if (!everywhere && !words)
		return NULL;
	struct fetch_door *door = fetch_open(s);
	if (everywhere)
		fetch_open_public(door);
	for (size_t i = 0; (words = section_at(verify, "origin", i)); i++) {
		struct skd_call *call = call_new("origin", 1000);
		if (fetch_map(call, door, words) != SKD_OK)
			conf_complain(s->conf, section_line(verify, "origin", i), "origin: %s", call->sentence);
		talloc_free(call);
	}
	return door;
}

void verify_read(struct settings *s, struct house *house)
{
	const struct section *verify = section_one(s->conf, "verify");
	const char *folder = section_text(verify, "pinned");
	if (folder)
		house->pinned = pinned_read(s, verify, folder);
	house->door = door_read(s, verify);
}

static void within(struct settings *s, const struct section *section, const char *key, long least, long most)
{
	long number = section_number(section, key);
	if (number < least || number > most)
		conf_complain(s->conf, section_line(section, key, 0), "%s is out of bounds", key);
}

void links_read(struct settings *s, struct house *house)
{
	const struct section *links = section_one(s->conf, "links");
	const long day = 86400000L, year = 365 * day;
	within(s, links, "every", 100, year);
	within(s, links, "retry", 100, year);
	within(s, links, "pace", 10, day);
	within(s, links, "failures", 1, 100);
	house->link_every = section_number(links, "every");
	house->link_retry = section_number(links, "retry");
	house->link_pace = section_number(links, "pace");
	house->link_failures = section_number(links, "failures");
}
