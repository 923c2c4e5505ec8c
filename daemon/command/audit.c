/* SPDX-License-Identifier: Apache-2.0
 * The section [audit], and skillsd check --audit, which prints whatever was done to the audit. */
#include "command/command.h"

#include "base/log.h"
#include "command/settings.h"
#include "rules/chain.h"
#include "rules/work.h"
#include "sign/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* NULL: none, or a complaint. */
static const struct checkpoint_key *audit_key(struct settings *s, struct section *at)
{
	const char *line = section_text(at, "key");
	struct checkpoint_key *key = line ? talloc(s, struct checkpoint_key) : NULL;
	if (!key || checkpoint_key_read(line, key))
		return key;
	section_complain(at, section_line(at, "key", 0), "key is the line that skillsd-sign new DIR ed25519 checkpoint prints, not %s", line);
	return NULL;
}

void audit_read(struct settings *s, struct house *house)
{
	enum { LEAST_MS = 1000, MOST_MS = 86400000 };
	struct section *at = section_one(s->conf, "audit");
	const char **trusted = NULL, *value;
	house->checkpoint_file = section_text(at, "checkpoint_file");
	house->checkpoint_interval = section_number(at, "checkpoint_interval");
	house->audit_key = audit_key(s, at);
	value = section_text(at, "checkpoint_interval");
	if (duration_parse(value) >= 0 && (house->checkpoint_interval < LEAST_MS || house->checkpoint_interval > MOST_MS))
		section_complain(at, section_line(at, "checkpoint_interval", 0),
				 "checkpoint_interval is at least 1s and at most 1d, not %s", value);
	for (size_t i = 0; (value = section_at(at, "trusted_key", i)); i++) {
		if (!checkpoint_public_valid(value))
			section_complain(at, section_line(at, "trusted_key", i), "trusted_key is no public key: %s", value);
		trusted = talloc_realloc(s, trusted, const char *, i + 1);
		trusted[i] = value;
		house->audit_trusted_count = i + 1;
	}
	house->audit_trusted = trusted;
}

static void finding_print(const char *sentence)
{
	struct text line;
	text_begin(&line, NULL, 256);
	text_add_escaped(&line, sentence, strlen(sentence));
	puts(text_end(&line));
	TALLOC_FREE(line.bytes);
}

static void report_print(const struct house *house, const struct chain_report *report)
{
	if (!house->audit_key && !house->audit_trusted_count)
		puts("no key is configured: checkpoints are not signed");
	if (report->covered)
		printf("up to sequence %" PRId64 " the chain is that of a checkpoint of %s%s\n", report->covered, report->covered_at,
		       report->is_signed == report->covered ? ", which is signed" : "");
	printf("%" PRId64 " links, %" PRId64 " checkpoints: ", report->links, report->checkpoints);
	if (report->findings)
		printf("%" PRId64 " findings\n", report->findings);
	else
		puts("the audit is whole");
}

static enum skd_outcome audit_look(struct skd_call *call, struct settings *settings, const char *file,
				   struct chain_report *report)
{
	struct house *house = &settings->house;
	house->jobs = pool_open("job", section_text(settings->database, "dsn"), 1);
	call->house = house;
	enum skd_outcome outcome = chain_check(call, file, report);
	work_end(call);
	pool_close(&house->jobs);
	return outcome;
}

int check_audit(const char *conf, const char *file)
{
	struct skd_call *call = call_new("check", 86400000);
	struct settings *settings = NULL;
	struct chain_report report = {.say = finding_print};
	log_open(SKD_ERROR);
	enum skd_outcome outcome = settings_read(call, conf, &settings);
	if (outcome == SKD_OK)
		outcome = audit_look(call, settings, file, &report);
	if (outcome == SKD_OK)
		report_print(&settings->house, &report);
	else
		fprintf(stderr, "skillsd check: %s\n", call->sentence);
	settings_close(&settings);
	talloc_free(call);
	return outcome == SKD_OK && !report.findings ? 0 : 1;
}
