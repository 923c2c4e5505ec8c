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

const struct skd_plugin *host_load(struct conf *conf, int line, const char *folder, const char *name,
				   enum skd_kind kind)
{
	static const char *const kinds[] = {"a source", "an authenticator", "a report"};
	if (!is_plain_name(name)) {
		conf_complain(conf, line, "\"%s\" is no plugin's name", name);
		return NULL;
	}
	char *path = talloc_asprintf(conf, "%s/%s.so", folder, name);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		conf_complain(conf, line, "%s", dlerror());
		return NULL;
	}
	const struct skd_plugin *plugin = dlsym(handle, "skillsd_plugin");
	if (!plugin)
		conf_complain(conf, line, "%s exports no skillsd_plugin", path);
	else if (plugin->abi != SKD_ABI)
		conf_complain(conf, line, "%s was built for plugin interface %u, this skillsd has %u", path, plugin->abi,
			      SKD_ABI);
	else if (strcmp(plugin->name, name) != 0)
		conf_complain(conf, line, "%s says its name is %s", path, plugin->name);
	else if (plugin->kind != kind)
		conf_complain(conf, line, "%s is not %s", name, kinds[kind]);
	else
		return plugin;
	return NULL;
}
