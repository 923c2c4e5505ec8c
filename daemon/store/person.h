/* SPDX-License-Identifier: Apache-2.0
 * People and units as rows. Who may see whom is in the SQL, by `struct sight`. */
#ifndef STORE_PERSON_H
#define STORE_PERSON_H

#include "store/list.h"

/* What an actor's eyes reach; rules/person.h makes it. */
struct sight {
	bool everyone;
	const char *self; /* person id or NULL: they and everyone below them */
	bool issued;      /* what was issued by whom the actor issues for, and everyone who holds such */
};

struct store_person {
	const char *id, *external_id, *source, *username, *name, *mail, *title, *phone, *employee_number, *locale, *country;
	const char *unit_id, *unit_name, *manager_id, *manager_name;
	const char *human_id, *human_name; /* of another entry that is shown in place of this one; NULL: none */
	const char *also; /* JSON array of the entries behind this one, or NULL */
	bool disabled;
	int64_t absent_since, updated_at; /* TIME_NEVER: is here */
	long version;
};
struct store_person_filter {
	const char *q;       /* in name, username, mail or employee number */
	const char *unit;    /* with the units within */
	const char *manager; /* everyone below */
	const char *status;  /* active, disabled, absent */
	const char *username;
	const char *name; /* in the name alone */
};
/* Any entry; lists show humans. ABSENT when there is none, or none that is seen. */
enum skd_outcome store_person_get(struct skd_call *call, const struct sight *sight, const char *id,
				  struct store_person *person) WARN_UNUSED;
enum skd_outcome store_person_list(struct skd_call *call, const struct sight *sight,
				   const struct store_person_filter *filter, struct list *list,
				   struct store_person **people, size_t *count) WARN_UNUSED;
/* An entry by id, or by username of somebody who is here, and its human; seen or not. ABSENT; CLASH when two humans
 * have that username. */
enum skd_outcome store_person_find(struct skd_call *call, const char *ref, const char **entry_id,
				   const char **human_id) WARN_UNUSED;
/* The human of an entry; NULL when there is none, or none that is seen. */
enum skd_outcome store_person_seen(struct skd_call *call, const struct sight *sight, const char *id,
				   const char **human_id) WARN_UNUSED;

struct store_unit {
	const char *id, *name, *parent_id;
	int64_t people;
};
enum skd_outcome store_unit_get(struct skd_call *call, const char *id, struct store_unit *unit) WARN_UNUSED;
enum skd_outcome store_unit_list(struct skd_call *call, struct list *list, struct store_unit **units,
				 size_t *count) WARN_UNUSED;

#endif
