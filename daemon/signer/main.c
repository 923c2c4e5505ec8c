/* SPDX-License-Identifier: Apache-2.0
 * skillsd-sign: holds the private keys and signs on behalf of skillsd, and does nothing else. It has no network, no
 * configuration and no database, and hands no key to anybody. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/door.h"
#include "helper/say.h"
#include "signer/hide.h"
#include "signer/serve.h"

static const char usage[] =
	"usage: skillsd-sign [--keys DIR] [--socket PATH] [--peer USER]\n"
	"       skillsd-sign new DIR ed25519|p256|rsa2048 assertion|checkpoint\n"
	"       skillsd-sign list DIR\n"
	"       skillsd-sign end DIR ID\n"
	"  --keys DIR      the folder of keys (default: $CREDENTIALS_DIRECTORY, as systemd sets it)\n"
	"  --socket PATH   listen on this unix socket; without it, on the one that systemd hands over\n"
	"  --peer USER     a name or user id whose requests are answered, besides root's and our own\n"
	"new and list print a line for each key: its id, algorithm, purpose and public half (SPKI in base64). end puts a\n"
	"key's file away as ID.ended, within a second of which nothing is signed with it.\n";

struct settings {
	const char *keys, *socket;
	uid_t welcome;
};

static bool read_arguments(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"keys", required_argument, NULL, 'k'}, {"socket", required_argument, NULL, 's'},
		{"peer", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == 'k')
			settings->keys = optarg;
		else if (option == 's')
			settings->socket = optarg;
		else if (option == 'p' && !door_user(optarg, &settings->welcome))
			return false;
		else if (option == '?') {
			fputs(usage, stderr);
			return false;
		}
	}
	return true;
}

static int serve(const struct settings *settings)
{
	const char *lent = getenv("CREDENTIALS_DIRECTORY"), *folder = settings->keys ? settings->keys : lent;
	if (geteuid() == 0) {
		say("it signs as a user of its own, not as root");
		return EXIT_FAILURE;
	}
	if (!folder) {
		fputs(usage, stderr);
		return 2;
	}
	serve_hold();
	struct keys *keys = keys_open(folder, lent && strcmp(folder, lent) == 0);
	int listener = !keys ? -1 : settings->socket ? door_open(settings->socket, settings->welcome) : door_inherit(true);
	if (keys && listener < 0 && !settings->socket)
		say("systemd has handed over no socket, and --socket is not given");
	bool good = listener >= 0;
	if (good) {
		door_mute();
		say("listening on %s with %zu keys of %s", settings->socket ? settings->socket : "systemd's socket",
		    keys_count(keys), folder);
		good = serve_run(listener, keys, settings->welcome);
		if (settings->socket)
			unlink(settings->socket);
	}
	keys_close(keys);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool make(struct keys *keys, char **words)
{
	return keys_new(keys, algorithm_named(words[2]), (enum purpose)purpose_named(words[3]));
}

static bool list(struct keys *keys, char **words)
{
	(void)words;
	return keys_list(keys);
}

static bool end(struct keys *keys, char **words)
{
	uint8_t id[KEY_ID_SIZE];
	key_id_parse(words[2], id);
	return keys_end(keys, id);
}

static int manage(int count, char **words)
{
	uint8_t id[KEY_ID_SIZE];
	bool (*act)(struct keys *keys, char **words) = NULL;
	if (count == 4 && strcmp(words[0], "new") == 0 && algorithm_named(words[2]) && purpose_named(words[3]) >= 0)
		act = make;
	else if (count == 2 && strcmp(words[0], "list") == 0)
		act = list;
	else if (count == 3 && strcmp(words[0], "end") == 0 && key_id_parse(words[2], id))
		act = end;
	if (!act) {
		fputs(usage, stderr);
		return 2;
	}
	struct keys *keys = keys_open(words[1], false);
	bool good = keys && act(keys, words);
	keys_close(keys);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct settings settings = {.welcome = geteuid()};
	if (!read_arguments(argc, argv, &settings))
		return 2;
	hide();
	return optind < argc ? manage(argc - optind, argv + optind) : serve(&settings);
}
