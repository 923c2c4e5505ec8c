/* SPDX-License-Identifier: Apache-2.0
 * skillsd: which command is meant; and serving, which opens the rooms in order, waits for a signal,
 * and closes them in reverse. The only file that sees all rooms. */
#include "command/command.h"

#include "api/entry.h"
#include "base/fields.h"
#include "base/log.h"
#include "command/notify.h"
#include "command/settings.h"
#include "http/lanes.h"
#include "jobs/jobs.h"
#include "rules/counts.h"
#include "rules/limit.h"
#include "rules/looks.h"
#include "rules/names.h"
#include "rules/pages.h"
#include "rules/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct rooms {
	struct settings *settings;
	struct lane *lanes[LANE_COUNT];
	struct entry *entry;
	struct server *server;
	struct jobs *jobs;
	const char **proxies;
};

/* No core, no ptrace: tokens and passwords pass through this memory. */
static void harden(void)
{
	struct rlimit none = {0, 0};
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

/* A connection is a file: as many as the system lets us have. */
static void raise_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int signals_open(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* More threads than are ever held up by strangers: fetch/fetch.h. */
static void pools_open(struct rooms *rooms)
{
	enum { FETCHERS = 8 };
	struct house *house = &rooms->settings->house;
	const struct section *database = rooms->settings->database;
	const char *dsn = section_text(database, "dsn");
	unsigned writers = (unsigned)section_number(database, "writers");
	unsigned reports = (unsigned)section_number(database, "reports");
	unsigned signins = (unsigned)section_number(conf_find(rooms->settings->conf, "throttle", ""), "signins");
	house->writers = pool_open("writer", dsn, writers);
	house->reports = pool_open("report", dsn, reports);
	house->jobs = pool_open("job", dsn, (unsigned)house->directory_count + 4);
	house->seals = pool_open("seal", dsn, 1);
	house->life = pool_open("life", dsn, 1);
	house->talks = talks_open();
	house->tries = tries_open();
	house->names = names_open();
	house->pages = pages_open();
	house->counts = counts_open();
	house->looks = looks_open();
	house->limits = limits_open();
	rooms->lanes[RUNS_READ] = pipe_open("read", dsn, 128);
	rooms->lanes[RUNS_WRITE] = lane_threads_open("write", writers, 256);
	rooms->lanes[RUNS_REPORT] = lane_threads_open("report", reports, 16);
	rooms->lanes[RUNS_SIGNIN] = lane_threads_open("signin", signins, signins * 8);
	rooms->lanes[RUNS_FETCH] = lane_threads_open("fetch", FETCHERS, 64);
	house->write_lane = rooms->lanes[RUNS_WRITE];
}

static enum skd_outcome http_open(struct skd_call *call, struct rooms *rooms)
{
	const struct section *server = rooms->settings->server;
	struct http_app app;
	struct http_options options = {
		.listen = section_text(server, "listen"),
		.socket = notify_socket(),
		.connections = (unsigned)section_number(server, "connections"),
		.connections_per_address = (unsigned)section_number(server, "connections_per_address"),
		.idle_seconds = (unsigned)(section_number(server, "idle") / 1000),
		.pool_size = 7680,
	};
	size_t count = 0;
	while (section_at(server, "trusted_proxy", count))
		count++;
	rooms->proxies = talloc_zero_array(rooms->settings, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		rooms->proxies[i] = section_at(server, "trusted_proxy", i);
	rooms->entry = entry_open(&rooms->settings->house, rooms->lanes, rooms->proxies);
	entry_app(rooms->entry, &app);
	return server_open(call, &options, &app, &rooms->server);
}

static enum skd_outcome rooms_open(struct skd_call *call, const struct command_line *line, struct rooms *rooms)
{
	TRY(settings_read(call, line->conf, &rooms->settings));
	log_open(rooms->settings->log_level);
	TRY(settings_open(call, rooms->settings));
	pools_open(rooms);
	rooms->jobs = jobs_open(&rooms->settings->house);
	return http_open(call, rooms);
}

static void rooms_close(struct rooms *rooms)
{
	long drain = rooms->settings ? section_number(rooms->settings->server, "drain") : 0;
	if (rooms->entry)
		entry_draining(rooms->entry);
	if (rooms->server)
		server_close(&rooms->server, drain);
	if (rooms->lanes[RUNS_READ]) {
		lane_threads_close(&rooms->lanes[RUNS_FETCH]);
		lane_threads_close(&rooms->lanes[RUNS_SIGNIN]);
		lane_threads_close(&rooms->lanes[RUNS_REPORT]);
		pipe_close(&rooms->lanes[RUNS_READ]);
		lane_threads_close(&rooms->lanes[RUNS_WRITE]);
		jobs_close(&rooms->jobs);
		talks_close(&rooms->settings->house.talks);
		tries_close(&rooms->settings->house.tries);
		names_close(&rooms->settings->house.names);
		pages_close(&rooms->settings->house.pages);
		counts_close(&rooms->settings->house.counts);
		looks_close(&rooms->settings->house.looks);
		limits_close(&rooms->settings->house.limits);
		pool_close(&rooms->settings->house.life);
		pool_close(&rooms->settings->house.jobs);
		pool_close(&rooms->settings->house.seals);
		pool_close(&rooms->settings->house.reports);
		pool_close(&rooms->settings->house.writers);
	}
	entry_close(&rooms->entry);
	settings_close(&rooms->settings);
}

static int serve(const struct command_line *line)
{
	struct rooms rooms = {0};
	struct signalfd_siginfo signal_info;
	struct skd_call *call = call_new("start", 60000);
	log_open(SKD_INFO);
	if (geteuid() == 0) {
		log_line(SKD_ERROR, "start", "skillsd serve does not run as root");
		return 1;
	}
	harden();
	raise_files();
	int signals = signals_open();
	bool good = rooms_open(call, line, &rooms) == SKD_OK;
	if (good) {
		log_line(SKD_INFO, "start", "skillsd %s serves %s", SKILLSD_VERSION,
			 section_text(rooms.settings->server, "listen"));
		notify_ready();
		while (read(signals, &signal_info, sizeof signal_info) < 0 && errno == EINTR)
			;
		log_line(SKD_INFO, "stop", "signal %u: ending what runs", signal_info.ssi_signo);
		notify_stopping();
	} else {
		log_line(SKD_ERROR, "start", "%s", call->sentence);
	}
	rooms_close(&rooms);
	close(signals);
	talloc_free(call);
	return good ? 0 : 1;
}

/* ---- commands ---- */

static int print_routes(const struct command_line *line)
{
	(void)line;
	for (const struct route *route = routes; route->method; route++)
		printf("%s %s\n", route->method, route->path);
	return 0;
}

static const struct {
	const char *name, *help;
	int (*run)(const struct command_line *line);
} commands[] = {
	{"serve", "serve HTTP and sync directories, in the foreground", serve},
	{"check", "[--audit [FILE]]: check the configuration file, or the audit, against checkpoints too", command_check},
	{"migrate", "bring the database's schema up to this program", command_migrate},
	{"sync", "[--dry-run [--json]] [NAME]: run one directory, or all, now", command_sync},
	{"doctor", "[--json] [NAME]: look at directories and the rest, and say what to change", command_doctor},
	{"key", "new|add|list|retire|revoke: the keys that badges are signed with", command_key},
	{"verify", "FILE...: whether badges are what they say they are; needs no database", command_verify},
	{"routes", "print the table of routes", print_routes},
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

static int command_run(int argc, char **argv)
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
	fields_open();
	line.count = argc - at - 1;
	line.words = argv + at + 1;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[at]) == 0)
			return commands[i].run(&line);
	fprintf(stderr, "skillsd: there is no command %s\n", argv[at]);
	return usage(stderr);
}

/* Without exit(): a thread that nobody can end may still wait for a name server or a KDC, in a library
 * that exit() would take apart around it. */
int main(int argc, char **argv)
{
	int status = command_run(argc, argv);
	fflush(NULL);
	_exit(status);
}
