/* SPDX-License-Identifier: Apache-2.0
 * plugins/auth_pam.so, loaded as the daemon would, against a host and a gate played here. Needs nothing
 * of the daemon; finds the plugin in $SKILLSD_BUILD (build/plain). */
#include <skillsd/gate.h>
#include <skillsd/plugin.h>

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSWORD "correct horse"

struct skd_call {
	long left;
	char sentence[200];
	void *memory[64];
	size_t memory_count;
};

/* One sign-in in the making, and the gate's side of it. */
struct scene {
	const struct skd_plugin *plugin;
	char folder[32], path[64];
	int listener;
	pid_t gate;
	void *self;
	struct skd_call call;
	struct skd_step step;
};

static const char *overlong; /* a byte more than a string of a frame may have */
static char logged[400];
static const char *configured_socket;
static long configured_deadline;

static const char *host_option(const struct skd_host *host, const char *key)
{
	(void)host;
	return strcmp(key, "socket") == 0 ? configured_socket : NULL;
}

static long host_number(const struct skd_host *host, const char *key)
{
	(void)host;
	assert_true(strcmp(key, "turn") == 0 || strcmp(key, "deadline") == 0);
	return key[0] == 't' ? 250 : configured_deadline;
}

static void __attribute__((format(printf, 3, 4)))
host_log(const struct skd_host *host, enum skd_level level, const char *format, ...)
{
	(void)host;
	(void)level;
	va_list args;
	va_start(args, format);
	vsnprintf(logged, sizeof logged, format, args);
	va_end(args);
}

static enum skd_outcome __attribute__((format(printf, 3, 4)))
host_fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!call->sentence[0])
		vsnprintf(call->sentence, sizeof call->sentence, format, args);
	va_end(args);
	return outcome;
}

static void *host_alloc(struct skd_call *call, size_t size)
{
	assert_true(call->memory_count < 64);
	void *memory = calloc(1, size ? size : 1);
	assert_non_null(memory);
	call->memory[call->memory_count++] = memory;
	return memory;
}

static long host_time_left(const struct skd_call *call)
{
	return call->left;
}

static const struct skd_host host = {
	.name = "pam",
	.option = host_option,
	.number = host_number,
	.log = host_log,
	.fail = host_fail,
	.alloc = host_alloc,
	.time_left = host_time_left,
};

static int set_scene(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	const char *build = getenv("SKILLSD_BUILD");
	char so[300];
	snprintf(so, sizeof so, "%s/plugins/auth_pam.so", build ? build : "build/plain");
	void *library = dlopen(so, RTLD_NOW | RTLD_LOCAL);
	if (!scene || !library)
		return fprintf(stderr, "%s\n", library ? "out of memory" : dlerror());
	scene->plugin = dlsym(library, "skillsd_plugin");
	strcpy(scene->folder, "/tmp/auth_pam.XXXXXX");
	if (!scene->plugin || scene->plugin->abi != SKD_ABI || !mkdtemp(scene->folder))
		return -1;
	snprintf(scene->path, sizeof scene->path, "%s/gate.sock", scene->folder);
	configured_socket = scene->path;
	configured_deadline = 5000;
	logged[0] = '\0';
	scene->call.left = 4000;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, scene->path);
	scene->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(scene->listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(scene->listener, 1) < 0)
		return -1;
	*state = scene;
	return scene->plugin->open(&host, &scene->call, &scene->self) == SKD_OK ? 0 : -1;
}

static int clear_scene(void **state)
{
	struct scene *scene = *state;
	int status = 0;
	if (scene->gate && waitpid(scene->gate, &status, 0) != scene->gate)
		return -1;
	scene->plugin->close(scene->self);
	for (size_t i = 0; i < scene->call.memory_count; i++)
		free(scene->call.memory[i]);
	close(scene->listener);
	unlink(scene->path);
	rmdir(scene->folder);
	free(scene);
	return status; /* the gate's own checks */
}

/* ---- the gate's side: checks by exit status, since it runs in a process of its own */
static void must(bool held, int line)
{
	if (!held) {
		fprintf(stderr, "the gate's side fails at line %d\n", line);
		_exit(1);
	}
}
#define MUST(held) must(held, __LINE__)

static void expect(int peer, uint8_t kind, uint8_t count, const char *const *strings)
{
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame frame;
	MUST(gate_receive(peer, gate_now() + 3000, bytes, &frame) == GATE_MOVED);
	MUST(frame.kind == kind && frame.count == count);
	for (unsigned i = 0; i < count; i++)
		MUST(frame.strings[i].size == strlen(strings[i]) &&
		     memcmp(frame.strings[i].bytes, strings[i], frame.strings[i].size) == 0);
}

static void expect_start(int peer)
{
	expect(peer, GATE_START, 3, (const char *const[]){"alice", PASSWORD, "192.0.2.1"});
}

static void expect_end(int peer)
{
	char byte;
	ssize_t n = recv(peer, &byte, 1, 0);
	MUST(n == 0 || (n < 0 && errno == ECONNRESET));
}

static void tell(int peer, uint8_t kind, uint8_t verdict, uint32_t delay, const char *string)
{
	const struct gate_frame frame = {
		.kind = kind, .verdict = verdict, .delay = delay, .count = 1, .strings = {{string, strlen(string)}}};
	MUST(gate_send(peer, gate_now() + 3000, &frame) == GATE_MOVED);
}

static void play(struct scene *scene, void (*script)(int peer))
{
	scene->gate = fork();
	assert_true(scene->gate >= 0);
	if (scene->gate > 0)
		return;
	alarm(10);
	int peer = accept(scene->listener, NULL, NULL);
	MUST(peer >= 0);
	script(peer);
	_exit(0);
}

static enum skd_outcome begin_as(struct scene *scene, const char *username, const char *password)
{
	const struct skd_signin signin = {username, password, "192.0.2.1"};
	memset(&scene->step, 0x55, sizeof scene->step); /* the plugin owes every field */
	return scene->plugin->is.authenticator.begin(scene->self, &scene->call, &signin, &scene->step);
}

static enum skd_outcome begin(struct scene *scene)
{
	return begin_as(scene, "alice", PASSWORD);
}

static enum skd_outcome reply(struct scene *scene, size_t count, const char *const *answers)
{
	return scene->plugin->is.authenticator.answer(scene->self, &scene->call, scene->step.talk, count, answers,
						      &scene->step);
}

/* ---- the scripts and what the plugin makes of them */
static void let_in(int peer)
{
	expect_start(peer);
	tell(peer, GATE_RESULT, GATE_IN, 0, "alice@corp");
	expect_end(peer);
}

static void who_is_let_in_has_the_canonical_name(void **state)
{
	struct scene *scene = *state;
	play(scene, let_in);
	assert_int_equal(begin(scene), SKD_OK);
	assert_string_equal(scene->step.account, "alice@corp");
	assert_null(scene->step.talk);
	assert_null(scene->step.source);
	assert_int_equal(scene->step.delay_ms, 0);
}

static void turn_away(int peer)
{
	expect_start(peer);
	tell(peer, GATE_RESULT, GATE_WRONG, 2300000, "");
	expect_end(peer);
}

static void wrong_is_denied_and_the_delay_handed_on(void **state)
{
	struct scene *scene = *state;
	play(scene, turn_away);
	int64_t began = gate_now();
	assert_int_equal(begin(scene), SKD_DENIED);
	assert_in_range(gate_now() - began, 0, 1500);
	assert_int_equal(scene->step.delay_ms, 2300);
	assert_null(scene->step.account);
	assert_string_equal(scene->call.sentence, "wrong username or password");
}

static void know_nobody(int peer)
{
	expect_start(peer);
	tell(peer, GATE_RESULT, GATE_UNKNOWN, 0, "");
	expect_end(peer);
}

static void unknown_is_absent(void **state)
{
	struct scene *scene = *state;
	play(scene, know_nobody);
	assert_int_equal(begin(scene), SKD_ABSENT);
}

static void assert_unavailable(struct scene *scene)
{
	assert_int_equal(begin(scene), SKD_BUSY);
	assert_string_equal(scene->call.sentence, "the sign-in service is not available");
	assert_non_null(strstr(logged, scene->path));
	assert_null(strstr(logged, PASSWORD));
	assert_null(scene->step.talk);
}

static void cannot_say(int peer)
{
	expect_start(peer);
	tell(peer, GATE_RESULT, GATE_UNAVAILABLE, 0, "");
	expect_end(peer);
}

static void hang_up(int peer)
{
	expect_start(peer);
}

static void talk_rubbish(int peer)
{
	expect_start(peer);
	MUST(send(peer, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL) == 19);
	expect_end(peer);
}

static void answer_itself(int peer)
{
	expect_start(peer);
	tell(peer, GATE_ANSWER, 0, 0, "x");
	expect_end(peer);
}

static void name_with_nul(int peer)
{
	expect_start(peer);
	const struct gate_frame frame = {
		.kind = GATE_RESULT, .verdict = GATE_IN, .count = 1, .strings = {{"root\0x", 6}}};
	MUST(gate_send(peer, gate_now() + 3000, &frame) == GATE_MOVED);
	expect_end(peer);
}

static void a_gate_that_says_nothing_sensible_is_busy(void **state)
{
	void (*const scripts[])(int peer) = {cannot_say, hang_up, talk_rubbish, answer_itself, name_with_nul};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		int status;
		play(scene, scripts[i]);
		assert_unavailable(scene);
		assert_int_equal(waitpid(scene->gate, &status, 0), scene->gate);
		assert_int_equal(status, 0);
	}
	scene->gate = 0;
}

static void no_gate_is_busy(void **state)
{
	struct scene *scene = *state;
	unlink(scene->path);
	assert_unavailable(scene);
}

static void nobody_listening_is_busy(void **state)
{
	struct scene *scene = *state;
	close(scene->listener);
	assert_unavailable(scene);
}

static void a_full_queue_is_busy_at_once(void **state)
{
	struct scene *scene = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, scene->path);
	int fds[8];
	for (int i = 0; i < 8; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(fds[i], (struct sockaddr *)&address, sizeof address) < 0)
			assert_int_equal(errno, EAGAIN);
	}
	int64_t began = gate_now();
	assert_unavailable(scene);
	assert_in_range(gate_now() - began, 0, 500);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}

static void the_calls_time_and_the_deadline_end_it(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 2; i++) {
		scene->call.left = i ? 4000 : 80;
		configured_deadline = i ? 80 : 5000;
		int64_t began = gate_now();
		assert_unavailable(scene);
		assert_in_range(gate_now() - began, 79, 2000);
	}
}

static void what_cannot_be_is_denied_before_anything_is_asked(void **state)
{
	struct scene *scene = *state;
	unlink(scene->path); /* with a gate asked it would be SKD_BUSY */
	assert_int_equal(begin_as(scene, "alice", ""), SKD_DENIED);
	assert_int_equal(begin_as(scene, "", PASSWORD), SKD_DENIED);
	assert_int_equal(begin_as(scene, "alice", overlong), SKD_DENIED);
	assert_int_equal(begin_as(scene, overlong, PASSWORD), SKD_DENIED);
	assert_null(scene->step.talk);
}

static void ask_twice(int peer)
{
	expect_start(peer);
	tell(peer, GATE_PROMPT, 0, 0, "+Use your token\nOTP: ");
	expect(peer, GATE_ANSWER, 1, (const char *const[]){"123456"});
	const struct gate_frame both = {
		.kind = GATE_PROMPT, .count = 2, .strings = {{"-PIN: ", 6}, {"+", 1}}};
	MUST(gate_send(peer, gate_now() + 3000, &both) == GATE_MOVED);
	expect(peer, GATE_ANSWER, 2, (const char *const[]){"0000", ""});
	tell(peer, GATE_RESULT, GATE_IN, 0, "alice");
	expect_end(peer);
}

static void prompts_are_handed_on_and_answered(void **state)
{
	struct scene *scene = *state;
	play(scene, ask_twice);
	assert_int_equal(begin(scene), SKD_OK);
	assert_non_null(scene->step.talk);
	assert_null(scene->step.account);
	assert_int_equal(scene->step.prompt_count, 1);
	assert_string_equal(scene->step.prompts[0].text, "Use your token\nOTP: ");
	assert_true(scene->step.prompts[0].echo);
	assert_int_equal(reply(scene, 1, (const char *const[]){"123456"}), SKD_OK);
	assert_int_equal(scene->step.prompt_count, 2);
	assert_string_equal(scene->step.prompts[0].text, "PIN: ");
	assert_false(scene->step.prompts[0].echo);
	assert_string_equal(scene->step.prompts[1].text, "");
	assert_int_equal(reply(scene, 2, (const char *const[]){"0000", ""}), SKD_OK);
	assert_null(scene->step.talk);
	assert_string_equal(scene->step.account, "alice");
}

static void ask_and_wait(int peer)
{
	expect_start(peer);
	tell(peer, GATE_PROMPT, 0, 0, "+OTP: ");
	expect_end(peer);
}

static void a_wrong_number_of_answers_closes_the_talk(void **state)
{
	struct scene *scene = *state;
	play(scene, ask_and_wait);
	assert_int_equal(begin(scene), SKD_OK);
	assert_int_equal(reply(scene, 2, (const char *const[]){"1", "2"}), SKD_BAD_INPUT);
	assert_null(scene->step.talk);
}

static void an_overlong_answer_closes_the_talk(void **state)
{
	struct scene *scene = *state;
	play(scene, ask_and_wait);
	assert_int_equal(begin(scene), SKD_OK);
	assert_int_equal(reply(scene, 1, &overlong), SKD_DENIED);
	assert_null(scene->step.talk);
}

static void a_dropped_talk_hangs_up(void **state)
{
	struct scene *scene = *state;
	play(scene, ask_and_wait);
	assert_int_equal(begin(scene), SKD_OK);
	scene->plugin->is.authenticator.drop(scene->self, scene->step.talk);
}

static void a_talk_past_its_deadline_is_busy(void **state)
{
	struct scene *scene = *state;
	configured_deadline = 300;
	play(scene, ask_and_wait);
	assert_int_equal(begin(scene), SKD_OK);
	usleep(320000);
	assert_int_equal(reply(scene, 1, (const char *const[]){"123456"}), SKD_BUSY);
	assert_null(scene->step.talk);
}

static void a_socket_path_too_long_is_refused_in_plain_words(void **state)
{
	struct scene *scene = *state;
	char path[120];
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[108] = '\0';
	configured_socket = path;
	void *self = NULL;
	assert_int_equal(scene->plugin->open(&host, &scene->call, &self), SKD_BAD_INPUT);
	assert_string_equal(scene->call.sentence, "socket: the path has 108 bytes, and at most 107 are possible");
	path[107] = '\0';
	assert_int_equal(scene->plugin->open(&host, &scene->call, &self), SKD_OK);
	scene->plugin->close(self);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_scene, clear_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(who_is_let_in_has_the_canonical_name),
		IN_SCENE(wrong_is_denied_and_the_delay_handed_on),
		IN_SCENE(unknown_is_absent),
		IN_SCENE(a_gate_that_says_nothing_sensible_is_busy),
		IN_SCENE(no_gate_is_busy),
		IN_SCENE(nobody_listening_is_busy),
		IN_SCENE(a_full_queue_is_busy_at_once),
		IN_SCENE(the_calls_time_and_the_deadline_end_it),
		IN_SCENE(what_cannot_be_is_denied_before_anything_is_asked),
		IN_SCENE(prompts_are_handed_on_and_answered),
		IN_SCENE(a_wrong_number_of_answers_closes_the_talk),
		IN_SCENE(an_overlong_answer_closes_the_talk),
		IN_SCENE(a_dropped_talk_hangs_up),
		IN_SCENE(a_talk_past_its_deadline_is_busy),
		IN_SCENE(a_socket_path_too_long_is_refused_in_plain_words),
	};
	char text[GATE_STRING_MAX + 2] = "";
	memset(text, 'x', sizeof text - 1);
	overlong = text;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
