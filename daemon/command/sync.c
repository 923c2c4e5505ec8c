/* SPDX-License-Identifier: Apache-2.0
 * skillsd sync: one run of one directory, or of all, in the foreground; or what it would do. What comes from the
 * directory is escaped. */
#include "command/command.h"

#include "base/log.h"
#include "command/dry.h"
#include "command/settings.h"
#include "rules/sync.h"
#include "rules/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Why the first few were left out; the whole list is the run's own. */
static void skips_print(struct skd_call *call, const char *run_id)
{
	struct store_run_line *lines;
	size_t count;
	int shown = 0;
	if (run_lines(call, run_id, 1000, &lines, &count) != SKD_OK)
		return;
	for (size_t i = 0; i < count && shown < 5; i++)
		if (strcmp(lines[i].kind, "skipped") == 0 && ++shown)
			printf("  skipped %s: %s\n", text_escaped(call, lines[i].what), text_escaped(call, lines[i].detail));
}

static bool sync_print(struct skd_call *call, const char *run_id)
{
	struct store_run run;
	if (run_get(call, run_id, &run) != SKD_OK)
		return false;
	printf("%s: %s: %" PRId64 " people, %" PRId64 " added, %" PRId64 " changed, %" PRId64 " moved, %" PRId64
	       " absent, %" PRId64 " returned, %" PRId64 " skipped%s%s\n",
	       run.source, run.state, run.counts.people, run.counts.added, run.counts.changed, run.counts.moved,
	       run.counts.absent, run.counts.returned, run.counts.skipped, run.error ? ": " : "",
	       text_escaped(call, run.error));
	if (run.counts.skipped)
		skips_print(call, run_id);
	return strcmp(run.state, "done") == 0 && (run.counts.people > 0 || run.counts.skipped == 0);
}

static bool sync_run(const struct house *house, const struct directory *directory)
{
	struct skd_call *call = call_new("sync", directory->time_limit);
	struct sync_done done;
	call->house = house;
	bool good = sync_once(call, directory, NULL, &done) == SKD_OK && sync_print(call, done.run_id);
	if (call->outcome != SKD_OK)
		fprintf(stderr, "skillsd sync: %s\n", call->sentence);
	work_end(call);
	talloc_free(call);
	return good;
}

static bool sync_dry(const struct house *house, const struct directory *directory, bool json)
{
	struct skd_call *call = call_new("sync", directory->time_limit);
	struct run_trial trial;
	call->house = house;
	bool good = sync_try(call, directory, &trial) == SKD_OK;
	if (good)
		(json ? dry_print_json : dry_print)(call, &trial);
	else
		fprintf(stderr, "skillsd sync: %s: %s\n", directory->instance->name, call->sentence);
	work_end(call);
	talloc_free(call);
	return good;
}

/* So that whoever syncs next need not wait for the lease to run out. */
static bool sync_leave(const struct house *house)
{
	struct skd_call *call = call_new("sync", 5000);
	call->house = house;
	bool good = sync_let_go(call) == SKD_OK;
	if (!good)
		fprintf(stderr, "skillsd sync: %s\n", call->sentence);
	work_end(call);
	talloc_free(call);
	return good;
}

struct sync_words {
	const char *name; /* NULL: all */
	bool dry, json;
};

static bool words_read(const struct command_line *line, struct sync_words *words)
{
	*words = (struct sync_words){0};
	for (int i = 0; i < line->count; i++) {
		const char *word = line->words[i];
		if (strcmp(word, "--dry-run") == 0)
			words->dry = true;
		else if (strcmp(word, "--json") == 0)
			words->json = true;
		else if (*word != '-' && !words->name)
			words->name = word;
		else
			return false;
	}
	return words->dry || !words->json;
}

static bool sync_all(const struct house *house, const struct sync_words *words)
{
	bool good = true, found = false;
	for (size_t i = 0; i < house->directory_count; i++) {
		const struct directory *directory = &house->directories[i];
		if (words->name && strcmp(directory->instance->name, words->name) != 0)
			continue;
		found = true;
		good &= words->dry ? sync_dry(house, directory, words->json) : sync_run(house, directory);
	}
	if (!found)
		fprintf(stderr, "skillsd sync: there is no directory %s\n", words->name ? words->name : "in the configuration");
	return good && found;
}

int command_sync(const struct command_line *line)
{
	struct skd_call *call = call_new("sync", 60000);
	struct settings *settings = NULL;
	struct sync_words words;
	log_open(SKD_WARNING);
	if (!words_read(line, &words)) {
		fprintf(stderr, "skillsd sync: it takes [--dry-run [--json]] [NAME]\n");
		talloc_free(call);
		return 2;
	}
	bool good = settings_read(call, line->conf, &settings) == SKD_OK && settings_open(call, settings) == SKD_OK;
	if (good) {
		struct house *house = &settings->house;
		house->jobs = pool_open("job", section_text(settings->database, "dsn"), 1);
		house->life = pool_open("life", section_text(settings->database, "dsn"), 1);
		good = sync_all(house, &words);
		good &= words.dry || sync_leave(house);
		pool_close(&house->life);
		pool_close(&house->jobs);
	} else {
		fprintf(stderr, "skillsd sync: %s\n", call->sentence);
	}
	settings_close(&settings);
	talloc_free(call);
	return good ? 0 : 1;
}
