/* SPDX-License-Identifier: Apache-2.0
 * What a dry run found, for people and for programs. */
#ifndef COMMAND_DRY_H
#define COMMAND_DRY_H

#include "rules/run.h"

/* On standard output: a diff that a person can read, or one line of JSON with the names of the REST API. */
void dry_print(struct skd_call *call, const struct run_trial *trial);
void dry_print_json(struct skd_call *call, const struct run_trial *trial);

#endif
