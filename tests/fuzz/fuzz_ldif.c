/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an LDIF file of source_ldif: a run that is whole or says why not, and gives only what is sound. */
#include "fuzz.h"

#include <limits.h>
#include <skillsd/plugin.h>
#include <string.h>
#include <unistd.h>

extern const struct skd_plugin skillsd_plugin;

struct block {
	struct block *next;
	_Alignas(16) char bytes[];
};

struct skd_call {
	struct block *blocks;
	bool failed;
	char sentence[1024];
	const char *path;
	bool group_open; /* a group was given last, or one of its members */
	char group_key[256];
	size_t group_key_size;
};

struct skd_lent {
	const char *path, *unit_from;
};

/* ---- the host */

static const char *host_option(const struct skd_host *host, const char *key)
{
	if (strcmp(key, "file") == 0)
		return host->lent->path;
	if (strcmp(key, "unit_from") == 0)
		return host->lent->unit_from;
	if (strcmp(key, "id") == 0)
		return "entryUUID,uid,ou,cn";
	for (const struct skd_option *row = skillsd_plugin.options; row->key; row++)
		if (strcmp(row->key, key) == 0)
			return row->preset;
	return NULL;
}

static void host_log(const struct skd_host *host, enum skd_level level, const char *format, ...)
{
	(void)host;
	(void)level;
	(void)format;
}

static enum skd_outcome host_fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(call->sentence, sizeof call->sentence, format, args);
	va_end(args);
	call->failed = true;
	return outcome;
}

static void *host_alloc(struct skd_call *call, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);
	must(block != NULL, "there is memory");
	block->next = call->blocks;
	call->blocks = block;
	return block->bytes;
}

static long host_time_left(const struct skd_call *call)
{
	(void)call;
	return 1000;
}

/* ---- the sink: reads every byte, so that a sanitizer sees what is none */

static struct skd_call *call_of(const struct skd_sink *sink);

static size_t text_read(struct skd_text text)
{
	size_t sum = 0;
	must(text.bytes || text.size == 0, "no bytes have no size");
	for (size_t i = 0; i < text.size; i++)
		sum += (unsigned char)text.bytes[i];
	return sum;
}

static void key_check(struct skd_text key)
{
	text_read(key);
	for (size_t i = 0; i < key.size; i++)
		must((unsigned char)key.bytes[i] >= 0x20 && key.bytes[i] != 0x7f, "a key has no control characters");
}

static enum skd_outcome take_person(const struct skd_sink *sink, const struct skd_person *person)
{
	const struct skd_text texts[] = {person->name,   person->mail,   person->title, person->phone,
					 person->locale, person->employee_number, person->unit_name};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		text_read(texts[i]);
	must(text_read(person->id) < SIZE_MAX && person->id.size && person->username.size,
	     "a person has an id and a username");
	text_read(person->username);
	key_check(person->key);
	key_check(person->manager_key);
	key_check(person->unit_key);
	call_of(sink)->group_open = false;
	return SKD_OK;
}

static enum skd_outcome take_unit(const struct skd_sink *sink, const struct skd_unit *unit)
{
	text_read(unit->id);
	text_read(unit->name);
	key_check(unit->key);
	key_check(unit->parent_key);
	must(unit->id.size && unit->name.size, "a unit has an id and a name");
	must(unit->parent_key.size < unit->key.size || unit->key.size == 0, "the unit above has a shorter name");
	call_of(sink)->group_open = false;
	return SKD_OK;
}

static enum skd_outcome take_group(const struct skd_sink *sink, const struct skd_group *group)
{
	struct skd_call *call = call_of(sink);
	text_read(group->name);
	text_read(group->dn);
	text_read(group->id);
	key_check(group->key);
	must(group->id.size > 0, "a group has an id");
	call->group_open = true;
	call->group_key_size = group->key.size;
	if (group->key.size && group->key.size <= sizeof call->group_key)
		memcpy(call->group_key, group->key.bytes, group->key.size);
	return SKD_OK;
}

static enum skd_outcome take_member(const struct skd_sink *sink, const struct skd_member *member)
{
	const struct skd_call *call = call_of(sink);
	text_read(member->username);
	key_check(member->key);
	must(call->group_open && member->group_key.size == call->group_key_size, "a member comes after its group");
	if (call->group_key_size && call->group_key_size <= sizeof call->group_key)
		must(memcmp(call->group_key, member->group_key.bytes, call->group_key_size) == 0, "and says which it is");
	must(member->key.size || member->username.size, "a member is somebody");
	return SKD_OK;
}

static enum skd_outcome take_skip(const struct skd_sink *sink, struct skd_text what, const char *why)
{
	(void)sink;
	text_read(what);
	must(why && *why, "a skip says why");
	return SKD_OK;
}

struct sink {
	struct skd_sink sink;
	struct skd_call *call;
};

static struct skd_call *call_of(const struct skd_sink *sink)
{
	return ((const struct sink *)sink)->call;
}

/* ---- a run */

/* A folder of this process: the plugin reads from none that everybody may write. */
static const char *file_write(const uint8_t *bytes, size_t size)
{
	static char path[PATH_MAX];
	if (!*path) {
		const char *folder = getenv("TMPDIR");
		snprintf(path, sizeof path, "%s/skillsd-fuzz-XXXXXX", folder && *folder ? folder : "/tmp");
		must(mkdtemp(path) != NULL, "a temporary folder can be made");
		strcat(path, "/ldif");
	}
	FILE *file = fopen(path, "wb");
	must(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "a temporary file can be written");
	return path;
}

static void sentence_check(const struct skd_call *call, const char *path, enum skd_outcome outcome)
{
	must((outcome == SKD_OK) == !call->failed, "what fails says why, and nothing else does");
	if (outcome == SKD_OK)
		return;
	must(strncmp(call->sentence, path, strlen(path)) == 0, "a failure begins with the file");
	for (const char *c = call->sentence + strlen(path); *c; c++)
		must((*c >= 0x20 && *c < 0x7f) || strstr(call->sentence, "comes in parts"), "a sentence is plain text");
}

static void run(const char *path, const char *unit_from, bool whole)
{
	struct skd_lent lent = {path, unit_from};
	const struct skd_host host = {.name = "fuzz", .option = host_option, .log = host_log, .fail = host_fail,
				      .alloc = host_alloc, .time_left = host_time_left, .lent = &lent};
	struct skd_call call = {.path = path};
	struct sink sink = {{take_person, take_unit, take_group, take_member, take_skip}, &call};
	void *self;
	must(skillsd_plugin.open(&host, &call, &self) == SKD_OK, "the plugin opens");
	enum skd_outcome outcome = skillsd_plugin.is.source.read(self, &call, &sink.sink);
	sentence_check(&call, path, outcome);
	must(whole || outcome != SKD_OK, "what ends within a line is not whole");
	skillsd_plugin.close(self);
	while (call.blocks) {
		struct block *block = call.blocks;
		call.blocks = block->next;
		free(block);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *path = file_write(bytes, size);
	bool whole = size == 0 || bytes[size - 1] == '\n';
	run(path, "ou", whole);
	run(path, "attribute", whole);
	unlink(path);
	return 0;
}
