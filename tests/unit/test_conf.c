/* SPDX-License-Identifier: Apache-2.0
 * The configuration file: its form, options against tables, and complaints that name file and line. */
#include "base/conf.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct skd_option table[] = {
	{"text", SKD_TEXT, "preset", "A text."},
	{"number", SKD_NUMBER, "7", "A number."},
	{"flag", SKD_FLAG, "yes", "A flag."},
	{"wait", SKD_DURATION, "2s", "A duration."},
	{"path", SKD_PATH, NULL, "A path."},
	{"secret", SKD_SECRET, NULL, "A secret."},
	{"many", SKD_TEXT, NULL, "Several.", false, true},
	{NULL}};

static const struct skd_option needing[] = {{"must", SKD_TEXT, NULL, "What must be there.", true}, {NULL}};

/* A folder with a file in it, and what was read. */
struct scene {
	struct skd_call *call;
	char folder[PATH_MAX], path[PATH_MAX + 20];
	struct conf *conf;
};

static int scene_begin(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	const char *below = getenv("TMPDIR");
	char folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%s/skillsd-conf-XXXXXX", below && *below ? below : "/tmp");
	if (!mkdtemp(folder) || !realpath(folder, scene->folder))
		return -1;
	snprintf(scene->path, sizeof scene->path, "%s/skillsd.conf", scene->folder);
	scene->call = call_new("test", 1000);
	*state = scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;
	char secret[PATH_MAX + 20];
	snprintf(secret, sizeof secret, "%s/secret", scene->folder);
	unlink(secret);
	unlink(scene->path);
	rmdir(scene->folder);
	talloc_free(scene->call);
	free(scene);
	return 0;
}

static void file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static struct conf *conf_of(struct scene *scene, const char *text)
{
	file_write(scene->path, text, 0600);
	call_forgive(scene->call);
	assert_int_equal(conf_read(scene->call, scene->path, scene->call, &scene->conf), SKD_OK);
	return scene->conf;
}

/* The first section of this text, held against the table. */
static struct section *checked(struct scene *scene, const char *text)
{
	struct conf *conf = conf_of(scene, text);
	section_check(&conf->sections[0], table, NULL);
	return &conf->sections[0];
}

static void complains(struct scene *scene, size_t i, int line, const char *sentence)
{
	char wanted[PATH_MAX + 400];
	snprintf(wanted, sizeof wanted, "%s:%d: %s", scene->path, line, sentence);
	assert_true(i < scene->conf->complaint_count);
	assert_string_equal(scene->conf->complaints[i], wanted);
}

static void is_good(struct scene *scene)
{
	if (scene->conf->complaint_count)
		fail_msg("%s", scene->conf->complaints[0]);
	assert_int_equal(conf_verdict(scene->call, scene->conf), SKD_OK);
}

/* ---- the form ---- */

static void sections_have_a_kind_and_perhaps_a_name(void **state)
{
	struct conf *conf = conf_of(*state, "# first\n[server]\ntext = a\n\n[directory main]\n; a comment\ntext=b\n"
					    "[directory   two ]\ntext : c ; aside\n");
	is_good(*state);
	assert_int_equal(conf->count, 3);
	const struct section *main = conf_find(conf, "directory", "main");
	assert_string_equal(main->entries[0].value, "b");
	assert_int_equal(main->line, 5);
	assert_int_equal(main->entries[0].line, 7);
	struct section *two = conf_next(conf, "directory", main);
	assert_string_equal(two->name, "two");
	assert_string_equal(two->entries[0].value, "c");
	assert_null(conf_next(conf, "directory", two));
	assert_null(conf_find(conf, "server", "x"));
	assert_string_equal(conf_find(conf, "server", "")->entries[0].value, "a");
	assert_null(conf_next(conf, "role", NULL));
}

static void a_section_without_options_is_there(void **state)
{
	struct conf *conf = conf_of(*state, "\xef\xbb\xbf[server]\n  [role hr]\n[directory main] ; x\ntext = a\n  [role no]\n"
					    ";[role no]\n[role admin]");
	is_good(*state);
	assert_int_equal(conf->count, 4);
	assert_int_equal(conf_find(conf, "server", "")->line, 1);
	assert_int_equal(conf_find(conf, "role", "hr")->line, 2);
	assert_int_equal(conf_find(conf, "directory", "main")->line, 3);
	assert_string_equal(conf_find(conf, "directory", "main")->entries[0].value, "a [role no]");
	assert_int_equal(conf_find(conf, "role", "admin")->line, 7);
}

static void a_section_that_is_missing_can_be_made(void **state)
{
	struct conf *conf = conf_of(*state, "[server]\ntext = a\n");
	struct section *made = conf_section(conf, "throttle");
	assert_int_equal(conf->count, 2);
	assert_ptr_equal(conf_section(conf, "throttle"), made);
	section_check(made, table, NULL);
	assert_int_equal(made->line, 2);
	assert_string_equal(section_text(made, "text"), "preset");
	is_good(*state);
}

static void an_indented_line_goes_on_with_the_value(void **state)
{
	struct section *section = checked(*state, "[server]\ntext = one\n  two\n\tthree\nnumber = 3\n");
	is_good(*state);
	assert_string_equal(section_text(section, "text"), "one two three");
	assert_int_equal(section_number(section, "number"), 3);
}

static void an_indented_line_without_a_value_before_it_is_an_option(void **state)
{
	struct section *section = checked(*state, "[server]\n  text = one\n[other]\n[server]\n  number = 3\n");
	is_good(*state);
	assert_string_equal(section_text(section, "text"), "one");
	assert_int_equal(section_number(section, "number"), 3);
}

static void a_section_may_be_opened_again(void **state)
{
	struct section *section = checked(*state, "[server]\ntext = a\n[other]\ntext = x\n[server]\nnumber = 3\n");
	is_good(*state);
	assert_string_equal(section_text(section, "text"), "a");
	assert_int_equal(section_number(section, "number"), 3);
}

static void values_keep_what_stands_in_them(void **state)
{
	struct section *section = checked(*state, "[server]\ntext =  a=b: #c \"d\"  \nmany = (&(a=b)(c=*))\nmany =\n"
						  "path = /\xc5\x81;x\n");
	is_good(*state);
	assert_string_equal(section_text(section, "text"), "a=b: #c \"d\"");
	assert_string_equal(section_at(section, "many", 0), "(&(a=b)(c=*))");
	assert_string_equal(section_at(section, "many", 1), "");
	assert_string_equal(section_text(section, "path"), "/\xc5\x81;x");
}

static void lines_of_a_windows_editor_are_read(void **state)
{
	struct section *section = checked(*state, "\xef\xbb\xbf[server]\r\ntext = a\r\nnumber = 3\r\n");
	is_good(*state);
	assert_string_equal(section_text(section, "text"), "a");
	assert_int_equal(section_number(section, "number"), 3);
}

static void too_long_a_line_is_named(void **state)
{
	char text[1000], *at = text;
	at += sprintf(at, "[server]\ntext = ");
	memset(at, 'x', 198 - 7);
	strcpy(at + 198 - 7, "\nnumber = 3\n");
	struct section *section = checked(*state, text);
	is_good(*state);
	assert_int_equal(strlen(section_text(section, "text")), 191);
	memset(at, 'x', 400);
	strcpy(at + 400, "\nnumber = 4\nnmuber = 5\n");
	section = checked(*state, text);
	complains(*state, 0, 2, "this line is longer than 198 bytes; go on in the next line, indented");
	complains(*state, 1, 4, "[server] knows no option nmuber");
	assert_int_equal(section_number(section, "number"), 4);
}

/* inih keeps 49 bytes of a header, and two sections would be one. */
static void too_long_a_header_is_named(void **state)
{
	struct conf *conf = conf_of(*state, "[directory a123456789b123456789c123456789d12345678]\ntext = a\n");
	is_good(*state);
	assert_string_equal(conf->sections[0].name, "a123456789b123456789c123456789d12345678");
	conf_of(*state, "[server]\n\n[directory a123456789b123456789c123456789d123456789]\ntext = a\n");
	complains(*state, 0, 3, "the name of this section is longer than 49 bytes");
}

static void what_is_neither_section_nor_option_is_named(void **state)
{
	struct scene *scene = *state;
	conf_of(scene, "[server]\ntext = a\nrubbish\n");
	complains(scene, 0, 3, "this line is neither a [section] nor key = value");
	assert_int_equal(conf_verdict(scene->call, scene->conf), SKD_FAULT);
	assert_string_equal(scene->call->sentence, scene->conf->complaints[0]);
	conf_of(scene, "[server\ntext = a\n");
	complains(scene, 0, 1, "this line is neither a [section] nor key = value");
}

static void an_option_before_any_section_is_of_none(void **state)
{
	struct conf *conf = conf_of(*state, "text = a\n[server]\n");
	assert_string_equal(conf->sections[0].kind, "");
}

static void a_file_that_is_missing_is_named(void **state)
{
	struct scene *scene = *state;
	struct conf *conf;
	assert_int_equal(conf_read(scene->call, scene->path, scene->call, &conf), SKD_ABSENT);
	assert_non_null(strstr(scene->call->sentence, scene->path));
	assert_non_null(strstr(scene->call->sentence, "No such file"));
}

/* ---- options ---- */

static void what_is_not_given_has_its_default(void **state)
{
	struct section *section = checked(*state, "[server]\nmany = a\n");
	is_good(*state);
	assert_string_equal(section_text(section, "text"), "preset");
	assert_int_equal(section_number(section, "number"), 7);
	assert_int_equal(section_number(section, "flag"), 1);
	assert_int_equal(section_number(section, "wait"), 2000);
	assert_null(section_text(section, "path"));
	assert_null(section_text(section, "unheard"));
	assert_int_equal(section_number(section, "path"), 0);
	assert_null(section_at(section, "text", 1));
}

static void unknown_options_are_named_with_their_line(void **state)
{
	struct scene *scene = *state;
	struct conf *conf = conf_of(scene, "[server]\n\nText = a\n[directory main]\nnmae = b\n");
	section_check(conf_find(conf, "server", ""), table, NULL);
	section_check(conf_find(conf, "directory", "main"), table, needing);
	complains(scene, 0, 3, "[server] knows no option Text");
	complains(scene, 1, 5, "[directory main] knows no option nmae");
	complains(scene, 2, 4, "[directory main] needs must (What must be there.)");
	assert_int_equal(conf->complaint_count, 3);
}

static void what_repeats_keeps_its_order_and_nothing_else_repeats(void **state)
{
	struct scene *scene = *state;
	struct section *section = checked(scene, "[server]\nmany = a\ntext = x\nmany = b\nmany = a\n");
	is_good(scene);
	assert_string_equal(section_at(section, "many", 0), "a");
	assert_string_equal(section_at(section, "many", 1), "b");
	assert_string_equal(section_at(section, "many", 2), "a");
	assert_null(section_at(section, "many", 3));
	checked(scene, "[server]\ntext = a\nnumber = 1\ntext = b\n");
	complains(scene, 0, 4, "text is given twice");
	assert_int_equal(scene->conf->complaint_count, 1);
	checked(scene, "[server]\nnumber = 1\nnumber = x\nnumber = 3\n");
	complains(scene, 0, 3, "number is given twice");
	complains(scene, 1, 4, "number is given twice");
	assert_int_equal(scene->conf->complaint_count, 2);
}

static void values_of_another_type_are_named(void **state)
{
	static const struct {
		const char *line, *sentence;
	} bad[] = {
		{"number = ten", "number wants a whole number, not \"ten\""},
		{"number = -1", "number wants a whole number, not \"-1\""},
		{"number = 2147483648", "number wants a whole number, not \"2147483648\""},
		{"number = 1.5", "number wants a whole number, not \"1.5\""},
		{"number =", "number wants a whole number, not \"\""},
		{"flag = maybe", "flag wants yes or no, not \"maybe\""},
		{"flag =", "flag wants yes or no, not \"\""},
		{"wait = soon", "wait wants a duration such as 250ms, 10s, 5m, 2h or 30d, not \"soon\""},
		{"wait = 1h30m", "wait wants a duration such as 250ms, 10s, 5m, 2h or 30d, not \"1h30m\""},
	};
	char text[200];
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "[server]\n%s\n", bad[i].line);
		checked(*state, text);
		complains(*state, 0, 2, bad[i].sentence);
	}
}

static void flags_have_eight_words(void **state)
{
	static const char *const words[] = {"no", "yes", "off", "on", "False", "TRUE", "0", "1"};
	char text[100];
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof text, "[server]\nflag = %s\n", words[i]);
		assert_int_equal(section_number(checked(*state, text), "flag"), i & 1);
		is_good(*state);
	}
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		long milliseconds;
	} known[] = {{"0", 0}, {"5", 5000}, {"250ms", 250}, {"10s", 10000}, {"5m", 300000}, {"2h", 7200000},
		     {"30d", 2592000000}, {"", -1}, {"ms", -1}, {"-5s", -1}, {"+5s", -1}, {" 5s", -1}, {"5 s", -1}, {"5S", -1},
		     {"5w", -1}, {"5s ", -1}, {"1.5h", -1}, {"0x5s", -1}, {"99999999999999999999", -1},
		     {"99999999999999999999ms", -1}, {"9223372036854775807ms", -1}, {"106751991168d", -1}};
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (duration_parse(known[i].text) != known[i].milliseconds)
			fail_msg("\"%s\" is %ld", known[i].text, duration_parse(known[i].text));
}

static void paths_are_relative_to_the_file(void **state)
{
	struct scene *scene = *state;
	char wanted[PATH_MAX + 20];
	snprintf(wanted, sizeof wanted, "%s/plugins/x", scene->folder);
	assert_string_equal(section_text(checked(scene, "[server]\npath = plugins/x\n"), "path"), wanted);
	assert_string_equal(section_text(checked(scene, "[server]\npath = /abs\n"), "path"), "/abs");
	is_good(scene);
}

/* ---- secrets ---- */

static void a_secret_is_the_first_line_of_its_file(void **state)
{
	struct scene *scene = *state;
	char path[PATH_MAX + 20];
	static const char *const texts[] = {"hunter2\nsecond\n", "hunter2", "hunter2\r\n"};
	snprintf(path, sizeof path, "%s/secret", scene->folder);
	for (int i = 0; i < 3; i++) {
		file_write(path, texts[i], i ? 0400 : 0600);
		assert_string_equal(section_text(checked(scene, "[server]\nsecret = secret\n"), "secret"), "hunter2");
		is_good(scene);
		unlink(path);
	}
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
	static const mode_t bad[] = {0644, 0440, 0404, 0620, 0602, 0601, 0777};
	struct scene *scene = *state;
	char path[PATH_MAX + 20], wanted[PATH_MAX + 200];
	snprintf(path, sizeof path, "%s/secret", scene->folder);
	snprintf(wanted, sizeof wanted, "%s: a secret's file must be the daemon's own and readable by nobody else (0400)",
		 path);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		unlink(path);
		file_write(path, "hunter2\n", bad[i]);
		struct section *section = checked(scene, "[server]\nsecret = secret\n");
		complains(scene, 0, 2, wanted);
		assert_int_equal(scene->conf->complaint_count, 1);
		assert_null(section_text(section, "secret"));
	}
}

static void a_secret_that_is_no_file_is_refused(void **state)
{
	struct scene *scene = *state;
	char path[PATH_MAX + 20];
	snprintf(path, sizeof path, "%s/secret", scene->folder);
	assert_null(section_text(checked(scene, "[server]\nsecret = secret\n"), "secret"));
	assert_non_null(strstr(scene->conf->complaints[0], "/secret: No such file"));
	assert_null(section_text(checked(scene, "[server]\nsecret = .\n"), "secret"));
	assert_int_equal(scene->conf->complaint_count, 1);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_null(section_text(checked(scene, "[server]\nsecret = secret\n"), "secret"));
	assert_int_equal(scene->conf->complaint_count, 1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(section_text(checked(scene, "[server]\nsecret = secret\n"), "secret"));
	assert_int_equal(scene->conf->complaint_count, 1);
}

/* ---- another section that serves ---- */

static void what_is_not_given_comes_from_the_fallback(void **state)
{
	struct scene *scene = *state;
	struct conf *conf = conf_of(scene, "[directory main]\ntext = lent\nmany = a\nmany = b\nnumber = 9\n"
					   "[authenticator x]\nmust = there\nnumber = 5\n");
	struct section *lender = conf_find(conf, "directory", "main"), *section = conf_find(conf, "authenticator", "x");
	section_check(lender, table, NULL);
	section->fallback = lender;
	section_check(section, table, needing);
	is_good(scene);
	assert_string_equal(section_text(section, "text"), "lent");
	assert_string_equal(section_at(section, "many", 1), "b");
	assert_null(section_at(section, "many", 2));
	assert_int_equal(section_number(section, "number"), 5);
	assert_int_equal(section_number(section, "wait"), 2000);
	assert_string_equal(section_text(section, "must"), "there");
}

static void what_is_required_may_come_from_the_fallback(void **state)
{
	struct scene *scene = *state;
	struct conf *conf = conf_of(scene, "[directory main]\nmust = lent\n[authenticator x]\ntext = a\n");
	struct section *lender = conf_find(conf, "directory", "main"), *section = conf_find(conf, "authenticator", "x");
	section_check(lender, needing, NULL);
	section->fallback = lender;
	section_check(section, table, needing);
	is_good(scene);
	section->fallback = NULL;
	section_check(section, table, needing);
	complains(scene, 0, 3, "[authenticator x] needs must (What must be there.)");
}

static void what_a_bad_section_would_lend_is_not_missing(void **state)
{
	struct conf *conf = conf_of(*state, "[directory main]\ntext = a\n[authenticator x]\nnumber = x\n");
	struct section *lender = conf_find(conf, "directory", "main"), *section = conf_find(conf, "authenticator", "x");
	section->fallback = lender;
	section_check(lender, table, needing);
	section_check(section, table, needing);
	complains(*state, 0, 1, "[directory main] needs must (What must be there.)");
	complains(*state, 1, 4, "number wants a whole number, not \"x\"");
	assert_int_equal(conf->complaint_count, 2);
}

static void lines_are_those_of_values(void **state)
{
	struct conf *conf = conf_of(*state, "[directory main]\nmany = a\ntext = x\nmany = b\n[authenticator x]\ntext = y\n");
	struct section *section = conf_find(conf, "authenticator", "x");
	section->fallback = conf_find(conf, "directory", "main");
	assert_int_equal(section_line(section, "many", 0), 2);
	assert_int_equal(section_line(section, "many", 1), 4);
	assert_int_equal(section_line(section, "many", 2), 5);
	assert_int_equal(section_line(section, "text", 0), 6);
	assert_int_equal(section_line(section, "number", 0), 5);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sections_have_a_kind_and_perhaps_a_name),
		TEST(a_section_without_options_is_there),
		TEST(a_section_that_is_missing_can_be_made),
		TEST(an_indented_line_goes_on_with_the_value),
		TEST(an_indented_line_without_a_value_before_it_is_an_option),
		TEST(a_section_may_be_opened_again),
		TEST(values_keep_what_stands_in_them),
		TEST(lines_of_a_windows_editor_are_read),
		TEST(too_long_a_line_is_named),
		TEST(too_long_a_header_is_named),
		TEST(what_is_neither_section_nor_option_is_named),
		TEST(an_option_before_any_section_is_of_none),
		TEST(a_file_that_is_missing_is_named),
		TEST(what_is_not_given_has_its_default),
		TEST(unknown_options_are_named_with_their_line),
		TEST(what_repeats_keeps_its_order_and_nothing_else_repeats),
		TEST(values_of_another_type_are_named),
		TEST(flags_have_eight_words),
		TEST(durations_have_units),
		TEST(paths_are_relative_to_the_file),
		TEST(a_secret_is_the_first_line_of_its_file),
		TEST(a_secret_that_others_may_read_is_refused),
		TEST(a_secret_that_is_no_file_is_refused),
		TEST(what_is_not_given_comes_from_the_fallback),
		TEST(what_is_required_may_come_from_the_fallback),
		TEST(what_a_bad_section_would_lend_is_not_missing),
		TEST(lines_are_those_of_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
