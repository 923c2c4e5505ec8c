/* SPDX-License-Identifier: Apache-2.0
 * All that somebody has earned here in one document that they can take with them. */
#ifndef RULES_RECORD_H
#define RULES_RECORD_H

#include "rules/house.h"

/* A ClrCredential (1EdTech Comprehensive Learner Record Standard 2.0), signed by the company: the badges of a person, here or
 * gone, that are neither revoked nor superseded, nor of a sandbox, each as its issuer signed it, oldest first. For the person
 * themselves, hr and admin: DENIED for others who see them; ABSENT; CLASH where there is no badge, or no key to sign with; BUSY
 * when skillsd-sign does not answer. In a transaction. */
enum skd_outcome record_make(struct skd_call *call, const char *person_id, struct text *document) WARN_UNUSED;

#endif
