/* SPDX-License-Identifier: Apache-2.0
 * skillsd-gate: signs people in through PAM on behalf of skillsd, and does nothing else. It has no
 * network, reads no configuration but PAM's, and keeps nothing from one sign-in to the next. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helper/door.h"
#include "helper/say.h"
#include "gate/shed.h"
#include "gate/watch.h"

static const char usage[] =
	"usage: skillsd-gate [--listen PATH] [--service NAME] [--confdir DIR] [--peer USER]\n"
	"                    [--deadline SECONDS] [--max N]\n"
	"  --listen PATH        listen on this unix socket; without it, answer the one connection that\n"
	"                       systemd hands over (Accept=yes) and exit\n"
	"  --service NAME       the PAM service (default: skillsd)\n"
	"  --confdir DIR        where the service's file is (default: /etc/pam.d)\n"
	"  --peer USER          a name or user id whose connections are answered, besides root's and our own\n"
	"  --deadline SECONDS   how long a conversation may last, 1 to 600 (default: 60)\n"
	"  --max N              conversations at once with --listen, 1 to 256 (default: 128)\n";

struct settings {
	const char *listen; /* NULL: systemd hands a connection over */
	struct watch_orders orders;
};

static bool read_number(const char *text, const char *option, long low, long high, long *number)
{
	char *end;
	errno = 0;
	*number = strtol(text, &end, 10);
	if (!errno && end != text && !*end && *number >= low && *number <= high)
		return true;
	say("--%s takes a whole number from %ld to %ld", option, low, high);
	return false;
}

/* PAM lowers the name's case and drops folders from it: what is checked must be what is used. */
static bool read_service(const char *text, const char **name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-.";
	if (text[0] && text[0] != '.' && !text[strspn(text, allowed)] && strcmp(text, "other") != 0) {
		*name = text;
		return true;
	}
	say("--service takes a name of small letters, digits, dots, dashes and underscores, but not \"other\"");
	return false;
}

static bool read_option(int option, const char *value, struct settings *settings)
{
	struct watch_orders *orders = &settings->orders;
	long number = 0;
	switch (option) {
	case 'l':
		settings->listen = value;
		return true;
	case 's':
		return read_service(value, &orders->service.name);
	case 'c':
		orders->service.confdir = value;
		return true;
	case 'p':
		return door_user(value, &orders->welcome);
	case 'd':
		if (!read_number(value, "deadline", 1, 600, &number))
			return false;
		orders->deadline = number * 1000;
		return true;
	case 'm':
		if (!read_number(value, "max", 1, 256, &number))
			return false;
		orders->max = (size_t)number;
		return true;
	default:
		fputs(usage, stderr);
		return false;
	}
}

static bool read_arguments(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'},   {"service", required_argument, NULL, 's'},
		{"confdir", required_argument, NULL, 'c'},  {"peer", required_argument, NULL, 'p'},
		{"deadline", required_argument, NULL, 'd'}, {"max", required_argument, NULL, 'm'},
		{"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (!read_option(option, optarg, settings))
			return false;
	}
	if (optind == argc)
		return true;
	fputs(usage, stderr);
	return false;
}

static int listen_and_answer(const struct settings *settings)
{
	shed_files(-1);
	watch_hold();
	shed_weight();
	int listener = shed_rights() ? door_open(settings->listen, settings->orders.welcome) : -1;
	if (listener < 0)
		return EXIT_FAILURE;
	door_mute();
	say("listening on %s for the PAM service %s", settings->listen, settings->orders.service.name);
	bool began = watch_run(listener, -1, &settings->orders);
	unlink(settings->listen);
	return began ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int answer_one(const struct settings *settings)
{
	int connection = door_inherit(false);
	if (connection < 0) {
		say("systemd has handed over no connection, and --listen is not given");
		fputs(usage, stderr);
		return 2;
	}
	shed_files(connection);
	door_mute();
	return watch_run(-1, connection, &settings->orders) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	struct settings settings = {
		.orders = {.service = {.name = "skillsd"}, .deadline = 60000, .max = 128, .welcome = geteuid()},
	};
	if (!read_arguments(argc, argv, &settings))
		return 2;
	if (!talk_service_exists(&settings.orders.service))
		return EXIT_FAILURE;
	return settings.listen ? listen_and_answer(&settings) : answer_one(&settings);
}
