/* SPDX-License-Identifier: Apache-2.0
 * From the configuration file to a house: every option of the daemon, in tables. */
#ifndef COMMAND_SETTINGS_H
#define COMMAND_SETTINGS_H

#include "base/conf.h"
#include "rules/house.h"

struct settings {
	struct conf *conf;
	const struct section *server, *database;
	const char *plugins; /* their folder */
	enum skd_level log_level;
	struct house house;
};

/* One option table and the section it is for, for documentation and its tests; ends with NULL. */
struct option_table {
	const char *section;
	const struct skd_option *options;
	bool named; /* there may be several, each with a name */
};
extern const struct option_table option_tables[];

/* Reads and checks everything, plugins' options too; opens no plugin and no database. */
enum skd_outcome settings_read(struct skd_call *call, const char *path, struct settings **settings) WARN_UNUSED;
/* Opens plugin instances, but for sections that are bad already. */
enum skd_outcome settings_open(struct skd_call *call, struct settings *settings) WARN_UNUSED;
void settings_close(struct settings **settings);

/* ---- between the files that read sections ---- */
/* The section of a kind that is there once, checked against its table. */
struct section *section_one(struct conf *conf, const char *kind);
/* The directory whose groups a section's are: the one named, or the first. NULL after a complaint. */
const struct directory *role_directory(struct settings *s, struct section *at);
/* audit.c: the section [audit]. */
void audit_read(struct settings *s, struct house *house);
/* pinned.c: the section [verify]. */
void verify_read(struct settings *s, struct house *house);
/* The same of [links]. */
void links_read(struct settings *s, struct house *house);
/* retention.c: the sections [retention NAME]. */
void retention_read(struct settings *s, struct house *house);

#endif
