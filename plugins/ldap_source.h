/* SPDX-License-Identifier: Apache-2.0
 * What a source of an LDAP directory is configured to read (ldap_source.c), and the feed of Active Directory
 * (ldap_poll.c), for source_ldap.c. */
#ifndef PLUGINS_LDAP_SOURCE_H
#define PLUGINS_LDAP_SOURCE_H

#include "ldap_people.h"

struct source {
	struct people_rules rules;
	struct dir_setup setup;
	const char *group_filter, *unit_filter;
	bool one_level, follow;
	long page_size;
};

/* Where people and groups are, as configured or as the preset has them. */
const char *source_people_base(const struct source *source, struct skd_call *call);
const char *source_groups_base(const struct source *source, struct skd_call *call);

/* The searches that read all; their attributes are in the call's memory. */
struct dir_query source_units(const struct source *source, struct skd_call *call);
struct dir_query source_people(const struct source *source, struct skd_call *call);
struct dir_query source_groups(const struct source *source, struct skd_call *call);

/* Reads the units that people are in, where the configuration wants them. */
enum skd_outcome source_units_read(const struct source *source, struct dir_link *link, struct people *people);

/* The feed of a server that numbers its changes, as struct skd_source has it. */
enum skd_outcome poll_open(const struct source *source, struct skd_call *call, const char *cookie, struct skd_feed **feed);
enum skd_outcome poll_follow(struct skd_feed *feed, const struct skd_sink *sink);
void poll_close(struct skd_feed *feed);

/* Whether the account is shown anything that was deleted, as it must be for the feed to tell of it. */
bool poll_sees_deleted(struct dir_link *link, const struct dir_server *server);

#endif
