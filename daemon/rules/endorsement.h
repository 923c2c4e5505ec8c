/* SPDX-License-Identifier: Apache-2.0
 * Endorsements: an issuer of ours says something of somebody's achievement or issuer and signs it, or somebody else's word is
 * taken in, as it was signed. Nobody endorses what is their own. */
#ifndef RULES_ENDORSEMENT_H
#define RULES_ENDORSEMENT_H

#include "rules/house.h"
#include "store/endorsement.h"

enum { ENDORSEMENT_DOCUMENT = 65536 }; /* the most bytes of one that is taken in */

struct endorsement_order {
	const char *subject; /* an id: of an achievement, whose newest published version is endorsed, or of an issuer */
	const char *by;      /* the issuer that endorses; NULL: the company */
	const char *comment; /* Markdown, or NULL */
};
/* Drafted, signed and kept. DENIED unless the actor issues for `by`. BAD_INPUT for what is not there, or is by's own, and
 * for a sandbox; CLASH for an achievement that is not published, an issuer without a key, and what `by` endorses already.
 * BUSY without skillsd-sign. */
enum skd_outcome endorsement_add(struct skd_call *call, const struct endorsement_order *order, struct store_endorsement *e) WARN_UNUSED;
/* An EndorsementCredential of somebody else, as JSON or a JWT. BAD_INPUT, with the check that says so, for what is not
 * verified, for what is about nothing of ours, and for one's word on what is one's own; DENIED unless the actor may write
 * what it is about; CLASH: it is here. */
enum skd_outcome endorsement_receive(struct skd_call *call, const char *document, struct store_endorsement *e) WARN_UNUSED;
/* It is published no longer, and of one that an issuer of ours signed its status list says so. DENIED unless the actor
 * issues for who endorses, or for somebody else's may write what it is about; CLASH: it was withdrawn before. */
enum skd_outcome endorsement_withdraw(struct skd_call *call, const char *id, const char *reason, struct store_endorsement *e) WARN_UNUSED;

/* ABSENT. */
enum skd_outcome endorsement_get(struct skd_call *call, const char *id, struct store_endorsement *e) WARN_UNUSED;
/* BAD_INPUT for an achievement or an issuer that does not exist. */
enum skd_outcome endorsement_list(struct skd_call *call, const struct store_endorsement_filter *filter, struct list *list,
				  struct store_endorsement **endorsements, size_t *count) WARN_UNUSED;
/* As it was signed, for anyone. ABSENT; GONE. */
enum skd_outcome endorsement_document(struct skd_call *call, const char *id, struct skd_text *bytes, const char **type) WARN_UNUSED;
/* Where that is. */
const char *endorsement_place(struct skd_call *call, const char *id);

#endif
