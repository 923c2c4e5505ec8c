/* SPDX-License-Identifier: Apache-2.0
 * Prints a dry run. What comes from the directory is escaped. */
#include "command/dry.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *person_shown(struct skd_call *call, const struct store_dry_line *line)
{
	return text_escaped(call, talloc_asprintf(call, "%s (%s)", line->line.person_name, line->username));
}

static void line_print(struct skd_call *call, const struct store_dry_line *line)
{
	const char *kind = line->line.kind, *first = line->say_count ? text_escaped(call, line->says[0]) : "";
	if (strcmp(kind, "skipped") == 0)
		printf("  skipped   %s: %s\n", text_escaped(call, line->line.what), first);
	else if (strncmp(kind, "role_", 5) == 0)
		printf("  %-9s %s: the role %s, through %s\n", kind + 5, person_shown(call, line), line->line.what, first);
	else if (strcmp(kind, "linked") == 0 || strcmp(kind, "unlinked") == 0)
		printf("  %-9s %s: with one of %s, by %s\n", kind, person_shown(call, line), line->line.what, first);
	else if (strcmp(kind, "group_joined") == 0 || strcmp(kind, "group_left") == 0)
		printf("  %-9s %s: the group %s\n", kind + 6, person_shown(call, line),
		       text_escaped(call, line->line.what));
	else
		printf("  %-9s %s\n", strcmp(kind, "group_lost") == 0 ? "lost" : kind, person_shown(call, line));
	for (size_t i = 0; line->line.person_name && !line->line.what && i < line->say_count; i++)
		printf("              %s\n", text_escaped(call, line->says[i]));
}

static void trouble_print(struct skd_call *call, const struct store_role_group *group)
{
	printf("  %-9s the group %s: nobody has the role %s through it\n", group->trouble, text_escaped(call, group->ref),
	       group->role);
}

void dry_print(struct skd_call *call, const struct run_trial *trial)
{
	const struct store_run *run = &trial->run;
	const struct run_counts *c = &run->counts;
	printf("%s: what a run would do now; nothing was changed\n", run->source);
	for (size_t i = 0; i < trial->line_count; i++)
		line_print(call, &trial->lines[i]);
	for (size_t i = 0; i < trial->news.count; i++)
		trouble_print(call, &trial->news.groups[i]);
	printf("%s: %s: %" PRId64 " people, %" PRId64 " added, %" PRId64 " changed, %" PRId64 " moved, %" PRId64
	       " absent, %" PRId64 " returned, %" PRId64 " skipped\n",
	       run->source, run->parked ? "it would wait for approval" : "it would be done", c->people, c->added,
	       c->changed, c->moved, c->absent, c->returned, c->skipped);
	if (run->error)
		printf("%s: %s\n", run->source, text_escaped(call, run->error));
}

static void trouble_put(struct json *json, const struct store_role_group *group)
{
	put_object(json, NULL);
	put_string(json, "role", group->role);
	put_string(json, "group", group->ref);
	put_string(json, "trouble", group->trouble);
	put_object_end(json);
}

void dry_print_json(struct skd_call *call, const struct run_trial *trial)
{
	struct text out;
	struct json json;
	text_begin(&out, call, 4096);
	json_begin(&json, &out);
	put_object(&json, NULL);
	run_facts_put(&json, &trial->run);
	put_array(&json, "lines");
	for (size_t i = 0; i < trial->line_count; i++)
		run_line_put(&json, &trial->lines[i].line);
	put_array_end(&json);
	put_array(&json, "groups");
	for (size_t i = 0; i < trial->news.count; i++)
		trouble_put(&json, &trial->news.groups[i]);
	put_array_end(&json);
	put_object_end(&json);
	puts(text_end(&out));
}
