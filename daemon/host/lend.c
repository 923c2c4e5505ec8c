/* SPDX-License-Identifier: Apache-2.0
 * What an instance is lent: its options, the log, a way to fail, memory, the time left. */
#include "host/host.h"

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

struct skd_lent {
	const struct section *section;
	const char *where;
};

static const char *lend_option(const struct skd_host *host, const char *key)
{
	return section_text(host->lent->section, key);
}

static long lend_figure(const struct skd_host *host, const char *key)
{
	return section_number(host->lent->section, key);
}

static const char *lend_option_at(const struct skd_host *host, const char *key, size_t i)
{
	return section_at(host->lent->section, key, i);
}

static void lend_log(const struct skd_host *host, enum skd_level level, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_linev(level, host->lent->where, format, args);
	va_end(args);
}

/* What servers and files say may be in it: no bytes that are no text, no control characters. */
static enum skd_outcome lend_fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
{
	struct text shown;
	va_list args;
	va_start(args, format);
	char *said = talloc_vasprintf(call, format, args);
	va_end(args);
	text_begin(&shown, call, 128);
	text_add_escaped(&shown, said, strlen(said));
	talloc_free(said);
	return fail(call, outcome, "%s", text_end(&shown));
}

static void *lend_alloc(struct skd_call *call, size_t size)
{
	return talloc_zero_size(call, size);
}

/* ---- JSON ---- */

static struct json *json_of(struct skd_json *json)
{
	return (struct json *)json;
}

static void lend_object(struct skd_json *json, const char *key)
{
	put_object(json_of(json), key);
}

static void lend_object_end(struct skd_json *json)
{
	put_object_end(json_of(json));
}

static void lend_array(struct skd_json *json, const char *key)
{
	put_array(json_of(json), key);
}

static void lend_array_end(struct skd_json *json)
{
	put_array_end(json_of(json));
}

static void lend_string(struct skd_json *json, const char *key, const char *value)
{
	if (value && *value)
		put_string(json_of(json), key, value);
}

static void lend_number(struct skd_json *json, const char *key, int64_t value)
{
	put_int(json_of(json), key, value);
}

static void lend_flag(struct skd_json *json, const char *key, bool value)
{
	put_bool(json_of(json), key, value);
}

static void lend_time(struct skd_json *json, const char *key, int64_t time)
{
	put_time(json_of(json), key, time);
}

static void lend_json(struct skd_json *json, const char *key, struct skd_text value)
{
	put_raw(json_of(json), key, value.bytes, value.size);
}

/* Where what a sentence is about stands. */
static int sentence_line(struct skd_call *call, const struct section *section, const char *sentence)
{
	const char *key = talloc_strndup(call, sentence, strspn(sentence, "abcdefghijklmnopqrstuvwxyz0123456789_"));
	const char *value;
	for (size_t i = 0; (value = section_at(section, key, i)); i++)
		if (strstr(sentence, talloc_asprintf(call, "\"%s\"", value)))
			return section_line(section, key, i);
	return section_line(section, key, 0);
}

static bool instance_open(struct instance *instance, struct section *section)
{
	if (!instance->plugin->open) {
		instance->self = &instance->host;
		return true;
	}
	struct skd_call *call = call_new("open", 60000);
	bool good = instance->plugin->open(&instance->host, call, &instance->self) == SKD_OK;
	const char *said = call->sentence ? call->sentence : "the plugin does not say what is wrong with this section";
	if (!good)
		section_complain(section, sentence_line(call, section, said), "%s", said);
	talloc_free(call);
	return good;
}

struct instance *host_open(const struct skd_plugin *plugin, struct section *section)
{
	struct instance *instance = talloc_zero(NULL, struct instance);
	struct skd_lent *lent = talloc_zero(instance, struct skd_lent);
	*lent = (struct skd_lent){section, talloc_asprintf(instance, "%s %s", section->kind, section->name)};
	instance->plugin = plugin;
	instance->name = talloc_strdup(instance, section->name);
	instance->host = (struct skd_host){
		.name = instance->name,
		.option = lend_option,
		.number = lend_figure,
		.option_at = lend_option_at,
		.log = lend_log,
		.fail = lend_fail,
		.alloc = lend_alloc,
		.time_left = call_time_left,
		.put_object = lend_object,
		.put_object_end = lend_object_end,
		.put_array = lend_array,
		.put_array_end = lend_array_end,
		.put_string = lend_string,
		.put_number = lend_number,
		.put_flag = lend_flag,
		.put_time = lend_time,
		.put_json = lend_json,
		.lent = lent,
	};
	if (!instance_open(instance, section))
		TALLOC_FREE(instance);
	return instance;
}

void host_close(struct instance **instance)
{
	if (!*instance)
		return;
	if ((*instance)->plugin->close)
		(*instance)->plugin->close((*instance)->self);
	TALLOC_FREE(*instance);
}
