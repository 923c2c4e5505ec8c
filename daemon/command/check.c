/* SPDX-License-Identifier: Apache-2.0
 * skillsd check, migrate, options: looking before serving. */
#include "command/command.h"

#include "base/log.h"
#include "command/settings.h"
#include "rules/ops.h"

#include <stdio.h>
#include <string.h>

static int check_conf(const struct command_line *line)
{
	struct skd_call *call = call_new("check", 60000);
	struct settings *settings = NULL;
	log_open(SKD_WARNING);
	bool good = settings_read(call, line->conf, &settings) == SKD_OK;
	const struct conf *conf = settings->conf;
	/* after complaints too: what is good so far may be refused by its plugin */
	if (conf)
		good &= settings_open(call, settings) == SKD_OK;
	for (size_t i = 0; conf && i < conf->complaint_count; i++)
		fprintf(stderr, "%s\n", conf->complaints[i]);
	if (!conf)
		fprintf(stderr, "%s\n", call->sentence);
	else if (good)
		printf("%s: good\n", conf->path);
	settings_close(&settings);
	talloc_free(call);
	return good ? 0 : 1;
}

int command_check(const struct command_line *line)
{
	if (!line->count)
		return check_conf(line);
	if (line->count <= 2 && strcmp(line->words[0], "--audit") == 0)
		return check_audit(line->conf, line->count == 2 ? line->words[1] : NULL);
	fprintf(stderr, "skillsd check: it takes [--audit [FILE]]\n");
	return 2;
}

int command_migrate(const struct command_line *line)
{
	struct skd_call *call = call_new("migrate", 86400000);
	struct settings *settings = NULL;
	int applied = 0;
	log_open(SKD_INFO);
	enum skd_outcome outcome = settings_read(call, line->conf, &settings);
	if (outcome == SKD_OK)
		outcome = ops_migrate(call, section_text(settings->database, "dsn"), &applied);
	if (outcome == SKD_OK)
		printf("the schema is up to date; %d file%s applied now\n", applied, applied == 1 ? "" : "s");
	else
		fprintf(stderr, "skillsd migrate: %s\n", call->sentence);
	settings_close(&settings);
	talloc_free(call);
	return outcome == SKD_OK ? 0 : 1;
}

int command_options(const struct command_line *line)
{
	static const char *const types[] = {"text", "number", "flag", "duration", "path", "secret"};
	(void)line;
	for (const struct option_table *table = option_tables; table->section; table++)
		for (const struct skd_option *o = table->options; o->key; o++)
			printf("%s\t%s\t%s\t%s\t%s\n", table->section, o->key, types[o->type], o->preset ? o->preset : "",
			       o->help);
	return 0;
}
