/* SPDX-License-Identifier: Apache-2.0
 * Loading a plugin: found, opened, its head read before its tail is trusted. Never dlclosed. */
#include "host/host.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

static bool is_plain_name(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

const struct skd_plugin *host_load(struct section *section, const char *folder, const char *name, enum skd_kind kind)
{
	static const char *const kinds[] = {"a source", "an authenticator", "a report", "a badge"};
	int line = section_line(section, "plugin", 0);
	if (!is_plain_name(name)) {
		section_complain(section, line, "\"%s\" is no plugin's name", name);
		return NULL;
	}
	char *path = talloc_asprintf(section->conf, "%s/%s.so", folder, name);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		section_complain(section, line, "%s", dlerror());
		return NULL;
	}
	const struct skd_plugin *plugin = dlsym(handle, "skillsd_plugin");
	if (!plugin)
		section_complain(section, line, "%s exports no skillsd_plugin", path);
	else if (plugin->abi != SKD_ABI)
		section_complain(section, line, "%s was built for plugin interface %u, this skillsd has %u", path,
				 plugin->abi, SKD_ABI);
	else if (strcmp(plugin->name, name) != 0)
		section_complain(section, line, "%s says its name is %s", path, plugin->name);
	else if (plugin->kind != kind)
		section_complain(section, line, "%s is not %s", name, kinds[kind]);
	else
		return plugin;
	return NULL;
}
