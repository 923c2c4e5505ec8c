/* SPDX-License-Identifier: Apache-2.0
 * A host for one plugin, for tests: opens it, runs `read` or `begin`, prints what comes as JSON lines.
 *   plugin_run [-t MS] [-n TIMES] [-j THREADS] [-c COOKIE] PLUGIN.so open|read|follow|begin [USERNAME] KEY=VALUE...
 * `begin` takes the password from the first line of stdin. Between several runs it waits for a line of
 * stdin, or its end. Bytes that are no UTF-8 are printed as {"hex": "..."}; secrets come from files.
 * A run's last line has outcome, sentence, wall and CPU milliseconds, and the peak of memory in KiB. */
#include <skillsd/plugin.h>

#include <dlfcn.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct block {
	struct block *next;
	_Alignas(16) char bytes[];
};

struct skd_call {
	struct block *blocks;
	enum skd_outcome outcome;
	char sentence[4096];
	int64_t deadline;
};

struct skd_lent {
	const struct skd_option *table;
	char **given; /* KEY=VALUE, NULL at the end */
};

static const char *const outcomes[] = {"OK",   "BAD_INPUT", "DENIED",    "ABSENT", "CLASH",
				       "GONE", "STALE",     "SLOW_DOWN", "BUSY",   "FAULT"};

static _Noreturn void die(const char *what, const char *which)
{
	fprintf(stderr, "plugin_run: %s: %s\n", what, which);
	exit(2);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- printing */

static json_t *bytes_json(const char *bytes, size_t size)
{
	json_t *text = json_stringn(bytes, size);
	if (text)
		return text;
	char *hex = calloc(2, size + 1);
	for (size_t i = 0; hex && i < size; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)bytes[i]);
	text = json_pack("{s:s}", "hex", hex);
	free(hex);
	return text;
}

static void put(json_t *object, const char *key, struct skd_text text)
{
	if (text.bytes)
		json_object_set_new(object, key, bytes_json(text.bytes, text.size));
}

static enum skd_outcome print(const char *kind, json_t *what)
{
	json_t *line = json_pack("{s:o}", kind, what);
	flockfile(stdout);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	funlockfile(stdout);
	json_decref(line);
	return SKD_OK;
}

/* ---- what a host lends */

static const struct skd_option *option_row(const struct skd_host *host, const char *key)
{
	for (const struct skd_option *row = host->lent->table; row->key; row++)
		if (strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

static const char *host_option_at(const struct skd_host *host, const char *key, size_t i)
{
	const struct skd_option *row = option_row(host, key);
	size_t size = strlen(key), seen = 0;
	for (char **given = host->lent->given; *given; given++)
		if (strncmp(*given, key, size) == 0 && (*given)[size] == '=' && seen++ == i)
			return *given + size + 1;
	return row && seen == 0 && i == 0 ? row->preset : NULL;
}

static const char *host_option(const struct skd_host *host, const char *key)
{
	return host_option_at(host, key, 0);
}

static long host_number(const struct skd_host *host, const char *key)
{
	static const struct {
		const char *suffix;
		long factor;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"", 1000}};
	const struct skd_option *row = option_row(host, key);
	const char *value = host_option(host, key);
	char *end;
	if (!row || !value)
		return 0;
	if (row->type == SKD_FLAG)
		return strcmp(value, "yes") == 0;
	long number = strtol(value, &end, 10);
	for (size_t i = 0; row->type == SKD_DURATION && i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].suffix) == 0)
			return number * units[i].factor;
	return number;
}

static void host_log(const struct skd_host *host, enum skd_level level, const char *format, ...)
{
	static const char *const levels[] = {"debug", "info", "warning", "error"};
	char text[4096];
	va_list args;
	(void)host;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	print("log", json_pack("{s:s, s:o}", "level", levels[level], "text", bytes_json(text, strlen(text))));
}

static enum skd_outcome host_fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
{
	if (call->outcome != SKD_OK)
		return call->outcome;
	va_list args;
	va_start(args, format);
	vsnprintf(call->sentence, sizeof call->sentence, format, args);
	va_end(args);
	return call->outcome = outcome;
}

static void *host_alloc(struct skd_call *call, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);
	if (!block)
		die("out of memory", "alloc");
	block->next = call->blocks;
	call->blocks = block;
	return block->bytes;
}

static long host_time_left(const struct skd_call *call)
{
	int64_t left = call->deadline - now();
	return left > 0 ? (long)left : 0;
}

/* ---- the sink */

static enum skd_outcome sink_person(const struct skd_sink *sink, const struct skd_person *p)
{
	json_t *object = json_object();
	(void)sink;
	put(object, "id", p->id);
	put(object, "key", p->key);
	put(object, "username", p->username);
	put(object, "name", p->name);
	put(object, "mail", p->mail);
	put(object, "title", p->title);
	put(object, "phone", p->phone);
	put(object, "employee_number", p->employee_number);
	put(object, "locale", p->locale);
	put(object, "country", p->country);
	put(object, "manager_key", p->manager_key);
	put(object, "unit_key", p->unit_key);
	put(object, "unit_name", p->unit_name);
	json_object_set_new(object, "disabled", json_boolean(p->disabled));
	return print("person", object);
}

static enum skd_outcome sink_unit(const struct skd_sink *sink, const struct skd_unit *u)
{
	json_t *object = json_object();
	(void)sink;
	put(object, "id", u->id);
	put(object, "key", u->key);
	put(object, "name", u->name);
	put(object, "parent_key", u->parent_key);
	return print("unit", object);
}

static enum skd_outcome sink_group(const struct skd_sink *sink, const struct skd_group *g)
{
	json_t *object = json_object();
	(void)sink;
	put(object, "id", g->id);
	put(object, "key", g->key);
	put(object, "name", g->name);
	put(object, "dn", g->dn);
	return print("group", object);
}

static enum skd_outcome sink_member(const struct skd_sink *sink, const struct skd_member *m)
{
	json_t *object = json_object();
	(void)sink;
	put(object, "group_key", m->group_key);
	put(object, "key", m->key);
	put(object, "username", m->username);
	return print("member", object);
}

static enum skd_outcome sink_skip(const struct skd_sink *sink, struct skd_text what, const char *why)
{
	json_t *object = json_pack("{s:s}", "why", why);
	(void)sink;
	put(object, "what", what);
	return print("skip", object);
}

static enum skd_outcome sink_gone(const struct skd_sink *sink, struct skd_text id)
{
	json_t *object = json_object();
	(void)sink;
	put(object, "id", id);
	return print("gone", object);
}

static enum skd_outcome sink_settle(const struct skd_sink *sink)
{
	(void)sink;
	return print("settle", json_object());
}

/* ---- runs */

static void call_end(struct skd_call *call)
{
	while (call->blocks) {
		struct block *block = call->blocks;
		call->blocks = block->next;
		free(block);
	}
}

static const struct skd_plugin *plugin_load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		die("dlopen", dlerror());
	const struct skd_plugin *plugin = dlsym(handle, "skillsd_plugin");
	if (!plugin || plugin->abi != SKD_ABI)
		die("no plugin of this abi", path);
	return plugin;
}

/* KEY=FILE becomes KEY=what the file's first line says. */
static void secret_read(char **given, const char *key, const char *path)
{
	char line[512] = "";
	FILE *file = fopen(path, "r");
	if (!file)
		die("cannot read the secret", path);
	if (!fgets(line, sizeof line, file))
		*line = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (asprintf(given, "%s=%s", key, line) < 0)
		die("out of memory", path);
}

static void options_check(const struct skd_host *host)
{
	for (char **given = host->lent->given; *given; given++) {
		char *key = strndup(*given, strcspn(*given, "="));
		const struct skd_option *row = key ? option_row(host, key) : NULL;
		if (!row || !strchr(*given, '='))
			die("unknown option", *given);
		if (row->type == SKD_SECRET)
			secret_read(given, key, strchr(*given, '=') + 1);
		free(key);
	}
	for (const struct skd_option *row = host->lent->table; row->key; row++)
		if (row->required && !host_option(host, row->key))
			die("missing option", row->key);
}

static const struct skd_sink sink = {sink_person, sink_unit, sink_group, sink_member, sink_skip, sink_settle,
				     sink_gone};

static enum skd_outcome follow(const struct skd_plugin *plugin, void *self, struct skd_call *call, const char *cookie)
{
	const struct skd_source *source = &plugin->is.source;
	struct skd_feed *feed;
	enum skd_outcome outcome = source->feed_open(self, call, cookie, &feed);
	if (outcome != SKD_OK)
		return outcome;
	*call->sentence = '\0'; /* of the tries before */
	call->outcome = SKD_OK;
	print("open", json_pack("{s:s, s:b}", "cookie", feed->cookie, "partial", feed->partial));
	outcome = source->feed_follow(self, call, feed, &sink);
	print("cookie", json_pack("{s:s}", "cookie", feed->cookie));
	source->feed_close(self, feed);
	return outcome;
}

static enum skd_outcome run(const struct skd_plugin *plugin, void *self, struct skd_call *call,
			    const struct skd_signin *signin, bool follows, const char *cookie)
{
	struct skd_step step = {0};
	if (!signin)
		return follows ? follow(plugin, self, call, cookie) : plugin->is.source.read(self, call, &sink);
	enum skd_outcome outcome = plugin->is.authenticator.begin(self, call, signin, &step);
	if (outcome == SKD_OK)
		print("step", json_pack("{s:s?, s:s?, s:s?}", "account", step.account, "source", step.source, "person_id",
					step.person_id));
	return outcome;
}

/* Of this program alone: getrusage() remembers what ran in the process before it. */
static json_int_t memory_peak(void)
{
	char line[128];
	long kibibytes = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "VmHWM: %ld", &kibibytes) == 1)
			break;
	if (file)
		fclose(file);
	return kibibytes;
}

static void report(const struct skd_call *call, enum skd_outcome outcome, int64_t began)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	long cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
		   (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	print("end", json_pack("{s:s, s:o, s:I, s:I, s:I}", "outcome", outcomes[outcome], "sentence",
			       bytes_json(call->sentence, strlen(call->sentence)), "ms", (json_int_t)(now() - began), "cpu",
			       (json_int_t)cpu, "peak", memory_peak()));
	fflush(stdout);
}

static void password_read(char *password, int size)
{
	if (!fgets(password, size, stdin))
		*password = '\0';
	password[strcspn(password, "\n")] = '\0';
}

struct work {
	const struct skd_plugin *plugin;
	void *self;
	const struct skd_signin *signin; /* NULL: read, or */
	bool follows;
	const char *cookie; /* from where on; NULL: from now */
	long milliseconds, times;
};

static void *work_do(void *context)
{
	const struct work *work = context;
	for (long i = 0; i < work->times; i++) {
		for (int c = i ? getchar() : EOF; c != EOF && c != '\n';)
			c = getchar();
		int64_t began = now();
		struct skd_call call = {.deadline = began + work->milliseconds};
		report(&call, run(work->plugin, work->self, &call, work->signin, work->follows, work->cookie), began);
		call_end(&call);
	}
	return NULL;
}

static void work_share(struct work *work, long threads)
{
	pthread_t ids[64];
	if (threads > 64)
		die("at most 64", "threads");
	for (long i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work_do, work) != 0)
			die("no thread", "pthread_create");
	for (long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}

int main(int count, char **words)
{
	long milliseconds = 30000, times = 1, threads = 1;
	char password[512] = "";
	const char *cookie = NULL;
	for (int c; (c = getopt(count, words, "+t:n:j:c:")) != -1;)
		if (c == 'c')
			cookie = optarg;
		else
			*(c == 't' ? &milliseconds : c == 'n' ? &times : &threads) = atol(optarg);
	signal(SIGPIPE, SIG_IGN);
	if (count - optind < 2)
		die("usage", "plugin_run [-t MS] [-n TIMES] [-j THREADS] PLUGIN.so open|read|follow|begin ...");
	const struct skd_plugin *plugin = plugin_load(words[optind]);
	const char *verb = words[optind + 1];
	bool begin = strcmp(verb, "begin") == 0;
	struct skd_lent lent = {plugin->options, words + optind + 2 + begin};
	struct skd_host host = {"test",	   host_option, host_number,	host_option_at, host_log,
				host_fail, host_alloc,	host_time_left, .lent = &lent};
	struct skd_signin signin = {begin ? words[optind + 2] : NULL, password, "192.0.2.1"};
	options_check(&host);
	if (begin)
		password_read(password, sizeof password);

	struct work work = {plugin, NULL, begin ? &signin : NULL, strcmp(verb, "follow") == 0, cookie, milliseconds, times};
	int64_t began = now();
	struct skd_call call = {.deadline = began + milliseconds};
	enum skd_outcome outcome = plugin->open(&host, &call, &work.self);
	if (outcome != SKD_OK || strcmp(verb, "open") == 0)
		report(&call, outcome, began);
	else
		work_share(&work, threads);
	if (outcome == SKD_OK)
		plugin->close(work.self);
	call_end(&call);
	fflush(NULL);
	_exit(0); /* as the daemon does it */
}
