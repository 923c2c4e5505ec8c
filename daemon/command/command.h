/* SPDX-License-Identifier: Apache-2.0
 * The subcommands of skillsd. Each gets its arguments behind its name and gives an exit status. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

struct command_line {
	const char *conf; /* path of the configuration file */
	int count;
	char **words;
};

int command_check(const struct command_line *line);
int command_migrate(const struct command_line *line);
int command_sync(const struct command_line *line);
int command_doctor(const struct command_line *line);
int command_key(const struct command_line *line);
int command_verify(const struct command_line *line);
int command_options(const struct command_line *line);

/* audit.c: check --audit, with a file of checkpoints or without (NULL). */
int check_audit(const char *conf, const char *file);

#endif
