/* SPDX-License-Identifier: Apache-2.0
 * The words that Open Badges 3.0 has for kinds of things. They are spelled as it spells them. */
#ifndef RULES_VOCABULARY_H
#define RULES_VOCABULARY_H

#include "base/call.h"

enum vocabulary {
	VOCABULARY_ACHIEVEMENT, /* AchievementType: 31 words */
	VOCABULARY_ALIGNMENT,   /* AlignmentTargetType */
	VOCABULARY_RESULT,      /* ResultType */
	VOCABULARY_STATUS,      /* ResultStatusType: alone without one's own */
};
/* BAD_INPUT naming `field` unless the word is one of these, or one's own behind ext:. */
enum skd_outcome vocabulary_check(struct skd_call *call, const char *field, enum vocabulary vocabulary,
				  const char *word) WARN_UNUSED;

#endif
