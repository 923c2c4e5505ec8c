/* SPDX-License-Identifier: Apache-2.0
 * The names of the catalogue, held in memory. They are never old: whoever has rows has read the catalogue's version in
 * the same statement, and is given names of that version, or those that have just been read. */
#ifndef RULES_NAMES_H
#define RULES_NAMES_H

#include "rules/house.h"
#include "store/report.h"

struct names *names_open(void);
void names_close(struct names **names);

/* Names that go with rows of this version; they live as long as the call. Reads them anew where they have changed. */
enum skd_outcome names_of(struct skd_call *call, int64_t version, const struct report_words **words) WARN_UNUSED;

#endif
