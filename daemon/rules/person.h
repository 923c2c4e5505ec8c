/* SPDX-License-Identifier: Apache-2.0
 * Who may see which people: employees themselves, managers those below them, issuers whom they
 * issue to, hr and admins everyone. */
#ifndef RULES_PERSON_H
#define RULES_PERSON_H

#include "rules/sight_table.h"
#include "store/person.h"

/* Whom the actor sees: sight_for() of SIGHT_PERSON. */
struct sight sight_of(const struct skd_call *call);
/* The same without those to whom they merely issue: sight_for() of SIGHT_POSITIONS. */
struct sight sight_near(const struct skd_call *call);

enum skd_outcome person_get(struct skd_call *call, const char *id, struct store_person *person) WARN_UNUSED;
/* The human whose entry it is, if the actor may know that of them; ABSENT. */
enum skd_outcome person_of(struct skd_call *call, enum sight_noun noun, const char *id, struct store_person *person) WARN_UNUSED;
/* BAD_INPUT for a unit or manager that does not exist, or whom the actor does not see. */
enum skd_outcome person_list(struct skd_call *call, struct store_person_filter *filter, struct list *list,
			     struct store_person **people, size_t *count) WARN_UNUSED;
/* Everyone who is active, whoever asks, by what all may know; NULL: any. What may be told of them is name, title and unit. BAD_INPUT for a unit that does not exist. */
enum skd_outcome person_colleagues(struct skd_call *call, const char *name, const char *unit, struct list *list,
				   struct store_person **people, size_t *count) WARN_UNUSED;
/* The human whose entry it is; BAD_INPUT naming `field` unless the actor sees them. NULL stays NULL. */
enum skd_outcome person_resolve(struct skd_call *call, const char *field, const char **id) WARN_UNUSED;
/* The human whom an id or a username means; the same BAD_INPUT for who is not in sight. NULL stays NULL. */
enum skd_outcome person_pick(struct skd_call *call, const struct sight *sight, const char *field, const char *ref,
			     const char **id) WARN_UNUSED;
/* The same, and of who is here also by an id that all colleagues are told. */
enum skd_outcome person_pick_colleague(struct skd_call *call, const struct sight *sight, const char *field, const char *ref,
				       const char **id) WARN_UNUSED;
enum skd_outcome unit_must_exist(struct skd_call *call, const char *field, const char *id) WARN_UNUSED;

enum skd_outcome unit_get(struct skd_call *call, const char *id, struct store_unit *unit) WARN_UNUSED;
enum skd_outcome unit_list(struct skd_call *call, struct list *list, struct store_unit **units,
			   size_t *count) WARN_UNUSED;

#endif
