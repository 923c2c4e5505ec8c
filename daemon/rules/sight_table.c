/* SPDX-License-Identifier: Apache-2.0
 * The table of who sees what. */
#include "rules/sight_table.h"

#include "rules/actor.h"

const char *const sight_relations[] = {"self", "manager", "issuer", "hr", "admin", "auditor", "assessor", "colleague", NULL};
const char *const sight_words[] = {"no", "colleagues", "shared", "own", "yes", NULL};

#define N SIGHT_NO
#define C SIGHT_OF_COLLEAGUES
#define S SIGHT_SHARED
#define O SIGHT_OWN
#define Y SIGHT_YES

const struct sight_row sight_table[SIGHT_NOUNS] = {
	/* self, manager, issuer, hr, admin, auditor, assessor, colleague */
	[SIGHT_BADGES] = {"badges", "Badges of their credentials: /badges/{id}; public ones are anybody's.", {Y, Y, O, Y, Y, Y, C, C}},
	[SIGHT_CLAIM_ENDORSEMENTS] = {"claim_endorsements", "What others said of their claims.", {Y, S, S, S, S, C, C, C}},
	[SIGHT_CLAIMS] = {"claims", "What they say of themselves.", {Y, S, S, S, S, C, C, C}},
	[SIGHT_COLLEAGUE] = {"colleague", "Name, title and unit of who is here: /colleagues.", {Y, Y, Y, Y, Y, Y, Y, Y}},
	[SIGHT_CORRECTIONS] = {"corrections", "What they want corrected, and the answers.", {Y, N, N, Y, Y, N, N, N}},
	[SIGHT_CREDENTIALS] = {"credentials", "Their credentials with evidence and events.", {Y, Y, O, Y, Y, Y, N, N}},
	[SIGHT_EXPORT] = {"export", "All that is held of them: /people/{id}/export.", {Y, N, N, Y, Y, N, N, N}},
	[SIGHT_GAPS] = {"gaps", "What they lack for a position, and the openings they fit.", {Y, Y, N, Y, Y, N, N, N}},
	[SIGHT_GOALS] = {"goals", "What they want to reach.", {Y, S, N, S, S, N, N, N}},
	[SIGHT_HISTORY] = {"history", "What the directory said of them when.", {Y, Y, Y, Y, Y, N, N, N}},
	[SIGHT_HOLD] = {"hold", "A legal hold on their data.", {N, N, N, Y, Y, N, N, N}},
	[SIGHT_HOLDINGS] = {"holdings", "What their credentials prove, here and in the report.", {Y, Y, Y, Y, Y, N, N, N}},
	[SIGHT_LOOKS] = {"looks", "Who looked at them.", {Y, N, N, N, N, Y, N, N}},
	[SIGHT_PATHWAYS] = {"pathways", "Which pathways they are on, how far, and proofs that they offer for steps.", {Y, Y, Y, Y, Y, N, N, N}},
	[SIGHT_PERSON] = {"person", "Who they are in the directory: /people.", {Y, Y, Y, Y, Y, N, N, N}},
	[SIGHT_PORTFOLIO] = {"portfolio", "All of their skills in one answer, each part of it as its own row says.", {Y, Y, N, Y, Y, N, N, N}},
	[SIGHT_POSITIONS] = {"positions", "The positions that they have.", {Y, Y, N, Y, Y, N, N, N}},
	[SIGHT_RECOMMENDATIONS] = {"recommendations", "What they might earn next, and why.", {Y, Y, N, Y, Y, N, N, N}},
	[SIGHT_RECORD] = {"record", "All their badges, signed as one: /people/{id}/record.", {Y, N, N, Y, Y, N, N, N}},
	[SIGHT_REVIEWS] = {"reviews", "What was said of what they handed in; to themselves once it is decided, and to who judges it.", {Y, N, O, Y, Y, N, N, N}},
	[SIGHT_SUBMISSION_ROUNDS] = {"submission_rounds", "How what they handed in came to be: its rounds and events.", {Y, S, S, S, S, N, N, N}},
	[SIGHT_SUBMISSIONS] = {"submissions", "What they handed in and was approved; who judges it sees it as a review.", {Y, Y, Y, Y, Y, N, N, N}},
	[SIGHT_SUBMISSIONS_UNFINISHED] = {"submissions_unfinished", "What they hand in, until it is approved.", {Y, S, S, S, S, N, N, N}},
	[SIGHT_TALENT] = {"talent", "What they put into the talent directory.", {Y, C, C, C, C, C, C, C}},
};

/* By a role alone, without being above the person or having issued to them. */
static const struct {
	unsigned role;
	enum sight_relation relation;
} by_role[] = {{ROLE_HR, SIGHT_HR}, {ROLE_ADMIN, SIGHT_ADMIN}, {ROLE_AUDITOR, SIGHT_AUDITOR}, {ROLE_ASSESSOR, SIGHT_ASSESSOR}};

bool sight_everyone(const struct skd_call *call, enum sight_noun noun)
{
	const enum sight_word *words = sight_table[noun].words;
	for (size_t i = 0; i < sizeof by_role / sizeof *by_role; i++)
		if (actor_has(call, by_role[i].role) && words[by_role[i].relation] >= SIGHT_SHARED)
			return true;
	return false;
}

struct sight sight_for(const struct skd_call *call, enum sight_noun noun)
{
	return (struct sight){
		.everyone = sight_everyone(call, noun),
		.self = call->actor->person_id,
		.issued = actor_has(call, ROLE_ISSUER) && sight_table[noun].words[SIGHT_ISSUER] >= SIGHT_SHARED,
	};
}
