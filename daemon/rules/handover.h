/* SPDX-License-Identifier: Apache-2.0
 * When a manager leaves: whoever is above them leads those whom they led, until the directory names somebody (0017_enrolment_rules.sql),
 * and is told what waits for an answer. */
#ifndef RULES_HANDOVER_H
#define RULES_HANDOVER_H

#include "rules/house.h"

/* Some who are led by nobody any more; not *more when there are none left. Borrows a session; the caller ends it with work_end(). */
enum skd_outcome handover_turn(struct skd_call *call, bool *more) WARN_UNUSED;

#endif
