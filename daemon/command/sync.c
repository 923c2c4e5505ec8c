/* SPDX-License-Identifier: Apache-2.0
 * skillsd sync: one run of one directory, or of all, in the foreground. */
#include "command/command.h"

#include "base/log.h"
#include "command/settings.h"
#include "rules/run.h"
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
			printf("  skipped %s: %s\n", lines[i].what, lines[i].detail ? lines[i].detail : "");
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
	       run.error ? run.error : "");
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

int command_sync(const struct command_line *line)
{
	struct skd_call *call = call_new("sync", 60000);
	struct settings *settings = NULL;
	const char *name = line->count ? line->words[0] : NULL;
	bool good = true, found = false;
	log_open(SKD_WARNING);
	if (settings_read(call, line->conf, &settings) != SKD_OK || settings_open(call, settings) != SKD_OK) {
		fprintf(stderr, "skillsd sync: %s\n", call->sentence);
		settings_close(&settings);
		talloc_free(call);
		return 1;
	}
	struct house *house = &settings->house;
	house->jobs = pool_open("job", section_text(settings->database, "dsn"), 1);
	house->life = pool_open("life", section_text(settings->database, "dsn"), 1);
	for (size_t i = 0; i < house->directory_count; i++)
		if (!name || strcmp(house->directories[i].instance->name, name) == 0) {
			found = true;
			good &= sync_run(house, &house->directories[i]);
		}
	if (!found)
		fprintf(stderr, "skillsd sync: there is no directory %s\n", name ? name : "in the configuration");
	good &= sync_leave(house);
	pool_close(&house->life);
	pool_close(&house->jobs);
	settings_close(&settings);
	talloc_free(call);
	return good && found ? 0 : 1;
}
