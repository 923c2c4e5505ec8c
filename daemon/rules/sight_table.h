/* SPDX-License-Identifier: Apache-2.0
 * What managers, and all others, see of a person: one table, a row for each kind of thing that is told of somebody and a column
 * for what its reader is to them. Whoever is several of these sees what any of them sees. Rights that a role gives are decided by
 * it; that a manager sees who is below them, and an issuer whom they issue to, is in the SQL (0002_sight.sql), and the tests hold
 * it to this. */
#ifndef RULES_SIGHT_TABLE_H
#define RULES_SIGHT_TABLE_H

#include "store/person.h"

struct skd_call;

enum sight_noun { /* by name */
	SIGHT_BADGES,
	SIGHT_CLAIM_ENDORSEMENTS,
	SIGHT_CLAIMS,
	SIGHT_COLLEAGUE,
	SIGHT_CORRECTIONS,
	SIGHT_CREDENTIALS,
	SIGHT_EXPORT,
	SIGHT_GAPS,
	SIGHT_GOALS,
	SIGHT_HISTORY,
	SIGHT_HOLD,
	SIGHT_HOLDINGS,
	SIGHT_LOOKS,
	SIGHT_PATHWAYS,
	SIGHT_PERSON,
	SIGHT_PORTFOLIO,
	SIGHT_POSITIONS,
	SIGHT_RECOMMENDATIONS,
	SIGHT_RECORD,
	SIGHT_REVIEWS,
	SIGHT_SUBMISSION_ROUNDS,
	SIGHT_SUBMISSIONS,
	SIGHT_SUBMISSIONS_UNFINISHED,
	SIGHT_TALENT,
	SIGHT_NOUNS,
};

enum sight_relation {
	SIGHT_SELF,      /* the person, by any entry */
	SIGHT_MANAGER,   /* anybody above them in the chart */
	SIGHT_ISSUER,    /* with the role, for somebody who holds what they may issue */
	SIGHT_HR,
	SIGHT_ADMIN,
	SIGHT_AUDITOR,
	SIGHT_ASSESSOR,
	SIGHT_COLLEAGUE_OF, /* everybody else who is signed in */
	SIGHT_RELATIONS,
};
extern const char *const sight_relations[]; /* their names */

enum sight_word {
	SIGHT_NO,
	SIGHT_OF_COLLEAGUES, /* what the person shows to all colleagues */
	SIGHT_SHARED,        /* and what they share with those who see them */
	SIGHT_OWN,           /* what was issued by whom the reader issues for or handed in to them, and what all colleagues see */
	SIGHT_YES,
};
extern const char *const sight_words[];

struct sight_row {
	const char *noun, *description;
	enum sight_word words[SIGHT_RELATIONS];
};
extern const struct sight_row sight_table[SIGHT_NOUNS];

/* Whether a role that the actor has lets them see that of everybody, all of it or what is shared. */
bool sight_everyone(const struct skd_call *call, enum sight_noun noun);
/* What the actor's eyes reach of it. */
struct sight sight_for(const struct skd_call *call, enum sight_noun noun);

#endif
