/* SPDX-License-Identifier: Apache-2.0
 * What an instance is lent: its options, the log, a way to fail, memory, the time left. */
#include "host/host.h"

#include "base/log.h"

struct skd_lent {
	const struct section *section;
	const char *where;
};

static const char *lend_option(const struct skd_host *host, const char *key)
{
	return section_text(host->lent->section, key);
}

static long lend_number(const struct skd_host *host, const char *key)
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

static void *lend_alloc(struct skd_call *call, size_t size)
{
	return talloc_zero_size(call, size);
}

enum skd_outcome host_open(struct skd_call *call, const struct skd_plugin *plugin, const struct section *section,
			   struct instance **out)
{
	struct instance *instance = talloc_zero(NULL, struct instance);
	struct skd_lent *lent = talloc_zero(instance, struct skd_lent);
	*lent = (struct skd_lent){section, talloc_asprintf(instance, "%s %s", section->kind, section->name)};
	instance->plugin = plugin;
	instance->name = talloc_strdup(instance, section->name);
	instance->host = (struct skd_host){
		.name = instance->name,
		.option = lend_option,
		.number = lend_number,
		.option_at = lend_option_at,
		.log = lend_log,
		.fail = fail,
		.alloc = lend_alloc,
		.time_left = call_time_left,
		.lent = lent,
	};
	enum skd_outcome outcome = plugin->open(&instance->host, call, &instance->self);
	if (outcome != SKD_OK) {
		talloc_free(instance);
		return fail(call, outcome, "%s %s could not be opened", section->kind, section->name);
	}
	*out = instance;
	return SKD_OK;
}

void host_close(struct instance **instance)
{
	if (!*instance)
		return;
	(*instance)->plugin->close((*instance)->self);
	TALLOC_FREE(*instance);
}
