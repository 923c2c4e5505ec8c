/* SPDX-License-Identifier: Apache-2.0
 * skillsd: which command is meant. */
#include "command/command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name, *help;
	int (*run)(const struct command_line *line);
} commands[] = {
	{"serve", "serve HTTP and sync directories, in the foreground", command_serve},
	{"check", "check the configuration file, plugins' options too", command_check},
	{"migrate", "bring the database's schema up to this program", command_migrate},
	{"sync", "[NAME]: run one directory, or all, now", command_sync},
	{"routes", "print the table of routes", command_routes},
	{"options", "print the table of options", command_options},
};

static int usage(FILE *to)
{
	fprintf(to, "skillsd %s\nusage: skillsd [-c FILE] COMMAND\n", SKILLSD_VERSION);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "  -c FILE  the configuration file (default %s)\n", SKILLSD_CONF);
	return to == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct command_line line = {.conf = SKILLSD_CONF};
	int at = 1;
	if (argc > 2 && strcmp(argv[1], "-c") == 0) {
		line.conf = argv[2];
		at = 3;
	}
	if (at >= argc)
		return usage(stderr);
	if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "help") == 0)
		return usage(stdout);
	if (strcmp(argv[at], "--version") == 0)
		return printf("skillsd %s\n", SKILLSD_VERSION) < 0;
	json_object_seed(0); /* once, before threads */
	line.count = argc - at - 1;
	line.words = argv + at + 1;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[at]) == 0)
			return commands[i].run(&line);
	fprintf(stderr, "skillsd: there is no command %s\n", argv[at]);
	return usage(stderr);
}
