/* SPDX-License-Identifier: Apache-2.0
 * Credentials that lapse unless they are used: who says that one was, which awards
 * prove it, and how long it lasts then. */
#ifndef RULES_USE_H
#define RULES_USE_H

#include "store/award_news.h"
#include "store/use.h"

/* use->what, and use->at (TIME_UNSET: now); ends with the credential as it now is. It lasts by the lapse of its version from
 * then, never shorter than it did, and no longer than its validity gives. For hr, who issues for its issuer, and who leads its
 * holder, never for the holder (DENIED). BAD_INPUT for a time to come, or before it was valid; CLASH where it does not
 * lapse, does not stand, or had lapsed by then. */
enum skd_outcome use_add(struct skd_call *call, const char *credential_id, struct store_use *use,
			 struct store_credential *credential) WARN_UNUSED;
/* What an award proves is used when that was issued and valid, as the house's own doing. Whose it is is held by all entries. */
enum skd_outcome use_by_award(struct skd_call *call, const struct store_award_news *news) WARN_UNUSED;
/* What is awarded lasts so long from there, and no longer than it would otherwise; `lapse` NULL: it does not lapse. */
void use_lapse(struct store_award *award, int64_t from, const char *lapse);
/* First the first, for those who see the credential; the award that proves one is named to those who see it, too. */
enum skd_outcome use_list(struct skd_call *call, const char *credential_id, struct store_use **uses, size_t *count) WARN_UNUSED;

#endif
