/* SPDX-License-Identifier: Apache-2.0
 * Plugins: loading them and lending them what <skillsd/plugin.h> promises. The one door to dlopen. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/conf.h"

/* One open instance of a plugin: what a section of the configuration stands for. */
struct instance {
	const struct skd_plugin *plugin;
	void *self;
	const char *name;
	struct skd_host host;
	struct instance *next;
};

/* Loads `name`.so from `folder` and checks its head; complains to `conf` at `line`. NULL on failure. */
const struct skd_plugin *host_load(struct conf *conf, int line, const char *folder, const char *name,
				   enum skd_kind kind);

/* Opens an instance for a section that section_check() has seen. FAULT with the plugin's sentence. */
enum skd_outcome host_open(struct skd_call *call, const struct skd_plugin *plugin, const struct section *section,
			   struct instance **instance) WARN_UNUSED;
void host_close(struct instance **instance);

#endif
