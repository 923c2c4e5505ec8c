/* SPDX-License-Identifier: Apache-2.0
 * Findings: those of a plugin, and those of one reading. */
#include "rules/examine.h"

#include "rules/ops.h"
#include "store/key.h"

#include <inttypes.h>
#include <string.h>

static struct finding *finding_new(struct findings *findings, enum skd_finding kind, const char *section,
				   const char *name, const char *text)
{
	findings->list = talloc_realloc(findings->owner, findings->list, struct finding, findings->count + 1);
	struct finding *finding = &findings->list[findings->count++];
	*finding = (struct finding){talloc_strdup(findings->owner, section), talloc_strdup(findings->owner, name),
				    text_escaped(findings->owner, text), kind, NULL, 0};
	findings->wrong = findings->wrong || kind == SKD_WRONG;
	return finding;
}

void finding_add(struct findings *findings, enum skd_finding kind, const char *section, const char *name,
		 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = talloc_vasprintf(findings->owner, format, args);
	va_end(args);
	finding_new(findings, kind, section, name, text);
	talloc_free(text);
}

/* ---- what the plugin notes ---- */

struct notebook {
	struct skd_notes notes; /* the first member: callbacks find the rest behind it */
	struct skd_call *call;
	struct findings *findings;
	const char *directory, *section;
	struct {
		const char *field, *attributes;
	} fields[CENSUS_FIELDS];
	size_t field_count;
};

static struct notebook *notebook_of(const struct skd_notes *notes)
{
	return (struct notebook *)(uintptr_t)notes;
}

static void note_section(const struct skd_notes *notes, const char *title)
{
	struct notebook *book = notebook_of(notes);
	book->section = talloc_asprintf(book->call, "directory %s: %s", book->directory, text_escaped(book->call, title));
}

static void note_add(const struct skd_notes *notes, enum skd_finding kind, const char *name, const char *format, ...)
{
	struct notebook *book = notebook_of(notes);
	va_list args;
	va_start(args, format);
	char *text = talloc_vasprintf(book->call, format, args);
	va_end(args);
	finding_new(book->findings, kind, book->section, name, text);
}

static void note_failed(const struct skd_notes *notes, const char *name)
{
	struct notebook *book = notebook_of(notes);
	const char *said = book->call->sentence;
	finding_new(book->findings, SKD_WRONG, book->section, name, said ? said : "the plugin does not say what is wrong");
	call_forgive(book->call);
}

static void note_field(const struct skd_notes *notes, const char *field, const char *attributes)
{
	struct notebook *book = notebook_of(notes);
	if (book->field_count == CENSUS_FIELDS)
		return;
	book->fields[book->field_count].field = field;
	book->fields[book->field_count++].attributes = attributes;
}

/* ---- what was read ---- */

static const char *attributes_of(const struct notebook *book, const char *field)
{
	for (size_t i = 0; i < book->field_count; i++)
		if (strcmp(book->fields[i].field, field) == 0)
			return book->fields[i].attributes;
	return NULL;
}

static void fields_find(struct notebook *book, struct census *census)
{
	for (int i = 0; i < CENSUS_FIELDS; i++) {
		struct census_tally *tally = &census->fields[i];
		const char *from = attributes_of(book, tally->name);
		struct finding *finding = finding_new(book->findings, SKD_FACT, book->section, tally->name,
						      from ? talloc_asprintf(book->call, "from %s", from) : "");
		if (from && strcasestr(from, "password"))
			memset(tally->samples, 0, sizeof tally->samples);
		finding->tally = tally;
		finding->of = (int64_t)census->person_count;
	}
}

static void skips_find(struct notebook *book, const struct census *census)
{
	for (size_t i = 0; i < census->skip_count; i++) {
		const struct census_tally *tally = &census->skips[i];
		bool many = (size_t)tally->count * 10 > census->person_count;
		struct finding *finding = finding_new(book->findings, many ? SKD_WRONG : SKD_ADVICE, book->section, "left out",
						      tally->name);
		finding->tally = tally;
		finding->of = (int64_t)census->person_count + tally->count;
	}
}

static void entries_find(struct notebook *book, struct census *census, long ms)
{
	int64_t lost = census_lost_managers(census);
	finding_add(book->findings, census->person_count ? SKD_FACT : SKD_WRONG, book->section, "read",
		    "%zu people, %zu units, %zu groups with %zu members, in %ld ms%s", census->person_count,
		    census->unit_count, census->group_count, census->member_count, ms,
		    census->person_count ? "" : ": look at base and filter, and at what the account may read");
	fields_find(book, census);
	skips_find(book, census);
	if (lost)
		finding_add(book->findings, SKD_ADVICE, book->section, "manager",
			    "%" PRId64 " people name a manager who is not among the people read", lost);
}

static void role_find(struct notebook *book, struct census *census, const struct role_rule *rule)
{
	const struct instance *source = rule->directory->instance;
	const char *key = source->plugin->is.source.key(source->self, book->call, rule->group);
	const char *section = talloc_asprintf(book->call, "directory %s: roles", book->directory);
	struct census_membership members;
	size_t group, found = census_find_group(census, key, rule->group, &group);
	if (found != 1) {
		finding_add(book->findings, SKD_WRONG, section, rule->role, "the group %s is %s: nobody has the role through it",
			    rule->group, found ? "ambiguous, name it by its DN" : "missing");
		return;
	}
	census_count_members(census, group, &members);
	finding_add(book->findings, members.all ? SKD_FACT : SKD_ADVICE, section, rule->role,
		    "the group %s is found: %" PRId64 " %s, %" PRId64 " of them directly", rule->group, members.all,
		    members.all == 1 ? "person" : "people", members.direct);
	if (members.unknown)
		finding_add(book->findings, SKD_ADVICE, section, rule->role,
			    "%s has %" PRId64 " members who are neither people nor groups that are read", rule->group,
			    members.unknown);
}

static void directory_count(struct skd_call *call, const struct directory *directory, struct notebook *book)
{
	const struct instance *instance = directory->instance;
	struct census *census = talloc_zero(book->findings->owner, struct census);
	int64_t began = clock_monotonic();
	book->section = talloc_asprintf(call, "directory %s: people", instance->name);
	census_begin(census, call);
	if (instance->plugin->is.source.read(instance->self, call, &census->sink) != SKD_OK) {
		note_failed(&book->notes, "read");
		return;
	}
	census_end(census);
	entries_find(book, census, (long)((clock_monotonic() - began) / 1000));
	for (size_t i = 0; i < call->house->role_count; i++)
		if (call->house->role_rules[i].directory == directory)
			role_find(book, census, &call->house->role_rules[i]);
}

void examine_directory(struct skd_call *call, const struct directory *directory, struct findings *findings)
{
	const struct instance *instance = directory->instance;
	const struct skd_source *source = &instance->plugin->is.source;
	struct notebook book = {.notes = {note_section, note_add, note_failed, note_field}, .call = call,
				.findings = findings, .directory = instance->name};
	note_section(&book.notes, instance->plugin->name);
	if (!source->examine || source->examine(instance->self, call, &book.notes) == SKD_OK)
		directory_count(call, directory, &book);
	call_forgive(call);
}

static void keys_look(struct skd_call *call, struct findings *findings)
{
	static const char section[] = "keys";
	struct store_keyless *lack;
	size_t count = 0;
	if (store_key_lacked(call, &lack, &count) != SKD_OK)
		finding_add(findings, SKD_WRONG, section, "read", "%s", call->sentence);
	for (size_t i = 0; i < count; i++)
		finding_add(findings, lack[i].had ? SKD_WRONG : SKD_ADVICE, section, "issuer", "%s has no Ed25519 key%s: skillsd key new ed25519 %s",
			    lack[i].name, lack[i].had ? " any more, and nobody learns what it revokes" : ", and so no badges", lack[i].id);
}

void examine_database(struct skd_call *call, struct findings *findings)
{
	static const char section[] = "database";
	if (pool_borrow(call->house->jobs, call) != SKD_OK) {
		finding_add(findings, SKD_WRONG, section, "connection", "%s", call->sentence);
	} else {
		finding_add(findings, SKD_FACT, section, "connection", "it answers");
		if (ops_ready(call) == SKD_OK) {
			finding_add(findings, SKD_FACT, section, "schema", "it is this program's");
			keys_look(call, findings);
		} else {
			finding_add(findings, SKD_WRONG, section, "schema", "%s", call->sentence);
		}
	}
	call_forgive(call);
	pool_return(call);
}
