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

/* Loads `name`.so from `folder` and checks its head; NULL after a complaint about the section's `plugin`. */
const struct skd_plugin *host_load(struct section *section, const char *folder, const char *name, enum skd_kind kind);

/* Opens an instance for a section that section_check() has seen; NULL after a complaint. Its sentence is
 * the plugin's, its line that of the option with whose key the sentence begins (of several values, the one
 * that stands in the sentence between quotes), or the section's. */
struct instance *host_open(const struct skd_plugin *plugin, struct section *section) WARN_UNUSED;
void host_close(struct instance **instance);

#endif
