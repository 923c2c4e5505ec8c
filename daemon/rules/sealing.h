/* SPDX-License-Identifier: Apache-2.0
 * Drafts become documents that say who made them: picks the issuer's key, has skillsd-sign use it, puts both together. */
#ifndef RULES_SEALING_H
#define RULES_SEALING_H

#include "rules/house.h"
#include "store/badge.h"

/* Whether the issuer has a key for proofs, and so for badges. */
enum skd_outcome sealing_able(struct skd_call *call, const char *issuer_id, bool *able) WARN_UNUSED;
/* The draft becomes the sealed form; `key_id` the key that did it, or NULL. ABSENT when the issuer has no key for that
 * seal, BUSY when skillsd-sign does not answer. */
enum skd_outcome sealing_form(struct skd_call *call, const char *issuer_id, const char *did, enum skd_seal seal,
			      struct text *form, const char **key_id) WARN_UNUSED;
#endif
