/* SPDX-License-Identifier: Apache-2.0
 * skillsd doctor: looks at all that the configuration names, and prints what it finds. */
#include "command/command.h"

#include "base/json.h"
#include "base/log.h"
#include "command/settings.h"
#include "rules/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- printing ---- */

static void tally_print(const struct census_tally *tally, int64_t of)
{
	printf("%" PRId64 " of %" PRId64 "%s", tally->count, of, tally->samples[0] ? ":" : "");
	for (int i = 0; i < CENSUS_SAMPLES && tally->samples[i]; i++)
		printf("%s %s", i ? "," : "", tally->samples[i]);
}

static void findings_print(const struct findings *findings)
{
	static const char *const marks[] = {[SKD_FACT] = "", [SKD_ADVICE] = "advice", [SKD_WRONG] = "WRONG"};
	const char *section = "";
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->list[i];
		if (strcmp(section, f->section) != 0)
			printf("%s%s\n", i ? "\n" : "", f->section);
		section = f->section;
		printf("  %-6s %-16s %s", marks[f->kind], f->name, f->text);
		if (f->tally) {
			fputs(*f->text ? "; " : "", stdout);
			tally_print(f->tally, f->of);
		}
		putchar('\n');
	}
	puts(findings->wrong ? "\nsomething is wrong" : "\nnothing is wrong");
}

static void finding_put(struct json *json, const struct finding *f)
{
	static const char *const kinds[] = {[SKD_FACT] = "fact", [SKD_ADVICE] = "advice", [SKD_WRONG] = "wrong"};
	put_object(json, NULL);
	put_string(json, "section", f->section);
	put_string(json, "kind", kinds[f->kind]);
	put_string(json, "name", f->name);
	put_string(json, "text", f->text);
	if (f->tally) {
		put_int(json, "count", f->tally->count);
		put_int(json, "of", f->of);
		put_array(json, "samples");
		for (int i = 0; i < CENSUS_SAMPLES && f->tally->samples[i]; i++)
			put_string(json, NULL, f->tally->samples[i]);
		put_array_end(json);
	}
	put_object_end(json);
}

static void findings_print_json(const struct findings *findings)
{
	struct text out;
	struct json json;
	text_begin(&out, findings->owner, 4096);
	json_begin(&json, &out);
	put_object(&json, NULL);
	put_bool(&json, "good", !findings->wrong);
	put_array(&json, "findings");
	for (size_t i = 0; i < findings->count; i++)
		finding_put(&json, &findings->list[i]);
	put_array_end(&json);
	put_object_end(&json);
	puts(text_end(&out));
}

/* ---- looking ---- */

/* 0, or what is wrong with it. */
static int socket_problem(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), problem = 0;
	if (strlen(path) >= sizeof to.sun_path)
		problem = ENAMETOOLONG;
	else
		strcpy(to.sun_path, path);
	if (!problem && (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0))
		problem = errno;
	if (fd >= 0)
		close(fd);
	return problem;
}

static void gates_look(struct settings *settings, struct findings *findings)
{
	for (size_t i = 0; i < settings->house.authenticator_count; i++) {
		const struct instance *instance = settings->house.authenticators[i].instance;
		const struct section *section = conf_find(settings->conf, "authenticator", instance->name);
		const char *path = strcmp(instance->plugin->name, "auth_pam") == 0 ? section_text(section, "socket") : NULL;
		const char *title = talloc_asprintf(settings, "authenticator %s", instance->name);
		if (!path)
			continue;
		int problem = socket_problem(path);
		if (problem)
			finding_add(findings, SKD_WRONG, title, "gate", "%s: %s; admins cannot sign in", path, strerror(problem));
		else
			finding_add(findings, SKD_FACT, title, "gate", "%s answers", path);
	}
}

/* Whether a file can be begun there, as a blob is; it never gets a name. */
static int folder_problem(const char *path)
{
	int fd = open(path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0400), problem = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return problem;
}

static void space_look(const struct house *house, struct findings *findings, const char *section)
{
	enum { MIB = 1 << 20, LITTLE = 1024 };
	struct statvfs room;
	if (statvfs(house->file_folder, &room) != 0) {
		finding_add(findings, SKD_WRONG, section, "free space", "%s", strerror(errno));
		return;
	}
	uint64_t free = (uint64_t)room.f_bavail * room.f_frsize;
	bool full = free < (uint64_t)house->files_size;
	enum skd_finding kind = full ? SKD_WRONG : free / MIB < LITTLE ? SKD_ADVICE : SKD_FACT;
	finding_add(findings, kind, section, "free space", "%" PRIu64 " MiB%s", free / MIB,
		    full ? ", which is less than max_size_all: the files of one submission" : "");
}

static void files_look(const struct house *house, struct findings *findings)
{
	static const char section[] = "submissions";
	const char *path = house->file_folder;
	struct stat there;
	if (!path)
		return;
	if (stat(path, &there) != 0) {
		enum skd_finding kind = errno == ENOENT ? SKD_FACT : SKD_WRONG;
		finding_add(findings, kind, section, "folder", "%s: %s", path, kind == SKD_FACT ? "is made when the first file comes" : strerror(errno));
		return;
	}
	int problem = folder_problem(path);
	if (problem)
		finding_add(findings, SKD_WRONG, section, "folder", "%s: nothing can be written there: %s", path, strerror(problem));
	else
		finding_add(findings, SKD_FACT, section, "folder", "%s can be written", path);
	if (there.st_mode & 077)
		finding_add(findings, there.st_mode & 07 ? SKD_WRONG : SKD_ADVICE, section, "mode", "%04o lets %s in: it is for the daemon alone, 0700",
			    there.st_mode & 07777, there.st_mode & 07 ? "everybody" : "its group");
	else
		finding_add(findings, SKD_FACT, section, "mode", "it is closed to others");
	space_look(house, findings, section);
}

/* Whether there is anything more to be looked at. */
static bool settings_look(struct skd_call *call, const char *path, struct settings **settings, struct findings *findings)
{
	bool good = settings_read(call, path, settings) == SKD_OK;
	const struct conf *conf = (*settings)->conf;
	if (conf)
		good &= settings_open(call, *settings) == SKD_OK;
	for (size_t i = 0; conf && i < conf->complaint_count; i++)
		finding_add(findings, SKD_WRONG, "configuration", "file", "%s", conf->complaints[i]);
	if (!conf)
		finding_add(findings, SKD_WRONG, "configuration", "file", "%s", call->sentence);
	if (good) {
		finding_add(findings, SKD_FACT, "configuration", "file", "%s is good", conf->path);
		finding_add(findings, SKD_FACT, "configuration", "token_key", "its file is closed to others");
	}
	return good;
}

static void database_look(const struct house *house, struct findings *findings)
{
	struct skd_call *call = call_new("doctor", 10000);
	call->house = house;
	examine_database(call, findings);
	talloc_free(call);
}

/* Each in a call of its own, that lives as long as the findings. */
static bool directories_look(const struct house *house, const char *name, struct findings *findings)
{
	bool found = false;
	for (size_t i = 0; i < house->directory_count; i++) {
		const struct directory *directory = &house->directories[i];
		if (name && strcmp(directory->instance->name, name) != 0)
			continue;
		struct skd_call *call = talloc_steal(findings->owner, call_new("doctor", directory->time_limit));
		call->house = house;
		found = true;
		examine_directory(call, directory, findings);
	}
	return found;
}

static void all_look(struct settings *settings, const char *name, struct findings *findings)
{
	struct house *house = &settings->house;
	house->jobs = pool_open("job", section_text(settings->database, "dsn"), 1);
	database_look(house, findings);
	pool_close(&house->jobs);
	gates_look(settings, findings);
	files_look(house, findings);
	if (!directories_look(house, name, findings))
		finding_add(findings, name ? SKD_WRONG : SKD_ADVICE, "configuration", "directory", "there is no [directory%s%s]",
			    name ? " " : "", name ? name : "");
}

static bool words_read(const struct command_line *line, const char **name, bool *json)
{
	for (int i = 0; i < line->count; i++) {
		const char *word = line->words[i];
		if (strcmp(word, "--json") == 0)
			*json = true;
		else if (*word != '-' && !*name)
			*name = word;
		else
			return false;
	}
	return true;
}

int command_doctor(const struct command_line *line)
{
	struct skd_call *call = call_new("doctor", 60000);
	struct settings *settings = NULL;
	struct findings findings = {.owner = call};
	const char *name = NULL;
	bool json = false;
	log_open(SKD_ERROR);
	if (!words_read(line, &name, &json)) {
		fprintf(stderr, "skillsd doctor: it takes [--json] [NAME]\n");
		talloc_free(call);
		return 2;
	}
	if (settings_look(call, line->conf, &settings, &findings))
		all_look(settings, name, &findings);
	(json ? findings_print_json : findings_print)(&findings);
	settings_close(&settings);
	talloc_free(call);
	return findings.wrong ? 1 : 0;
}
