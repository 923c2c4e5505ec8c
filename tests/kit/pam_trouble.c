/* SPDX-License-Identifier: Apache-2.0
 * A PAM module for tests that misbehaves on order: `do=WORD`, the words are in the table at the end; or `do=user`, where
 * user names order it: auth-WORD, acct-WORD, or close-WORD (when PAM is done with it). Everybody else is let in.
 * `at=PATH` is a file that some of it is about. Built by tests/kit/gate.py; never installed. */
#include <fcntl.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

static int ask(pam_handle_t *pam, int count, const struct pam_message *messages,
	       struct pam_response **responses)
{
	const struct pam_message *pointers[PAM_MAX_NUM_MSG + 1];
	const void *item = NULL;
	if (pam_get_item(pam, PAM_CONV, &item) != PAM_SUCCESS || !item)
		return PAM_SYSTEM_ERR;
	const struct pam_conv *conversation = item;
	for (int i = 0; i < count; i++)
		pointers[i] = &messages[i];
	*responses = NULL;
	return conversation->conv(count, pointers, responses, conversation->appdata_ptr);
}

/* Asks one thing and lets in who answers `expected`; NULL: whoever answers. */
static int ask_for(pam_handle_t *pam, int style, const char *text, const char *expected)
{
	const struct pam_message message = {style, text};
	struct pam_response *response;
	int code = ask(pam, 1, &message, &response);
	if (code != PAM_SUCCESS)
		return code;
	code = !expected || strcmp(response->resp, expected) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
	free(response->resp);
	free(response);
	return code;
}

static int hang(pam_handle_t *pam)
{
	(void)pam;
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (fork() == 0)
		sleep(60);
	for (;;)
		pause();
}

static int crash(pam_handle_t *pam)
{
	(void)pam;
	abort();
}

static int leave(pam_handle_t *pam)
{
	(void)pam;
	exit(3);
}

/* As pam_unix does where it cannot start its helper. */
static int lack_processes(pam_handle_t *pam)
{
	(void)pam;
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_NPROC, &none);
	return PAM_AUTH_ERR;
}

static int ask_in_binary(pam_handle_t *pam)
{
	return ask_for(pam, PAM_BINARY_PROMPT, "x", NULL);
}

static int ask_everything_at_once(pam_handle_t *pam)
{
	const struct pam_message messages[] = {
		{PAM_TEXT_INFO, "Welcome"},
		{PAM_PROMPT_ECHO_ON, "Colour: "},
		{PAM_PROMPT_ECHO_OFF, "Password: "},
		{PAM_ERROR_MSG, "Token is \xc3\xa9puis\xc3\xa9"},
		{PAM_PROMPT_ECHO_OFF, "Code: "},
	};
	struct pam_response *responses;
	int code = ask(pam, 5, messages, &responses);
	if (code != PAM_SUCCESS)
		return code;
	if (strcmp(responses[1].resp, "blue") || strcmp(responses[2].resp, "pw") ||
	    strcmp(responses[4].resp, "42") || responses[0].resp || responses[3].resp)
		code = PAM_AUTH_ERR;
	for (int i = 0; i < 5; i++)
		free(responses[i].resp);
	free(responses);
	return code;
}

static int ask_too_much(pam_handle_t *pam)
{
	struct pam_message messages[PAM_MAX_NUM_MSG + 1];
	struct pam_response *responses;
	for (int i = 0; i <= PAM_MAX_NUM_MSG; i++)
		messages[i] = (struct pam_message){PAM_PROMPT_ECHO_ON, "More: "};
	return ask(pam, PAM_MAX_NUM_MSG + 1, messages, &responses);
}

/* A notice of 2-byte characters and a prompt, together longer than a frame's string can be. */
static int ask_at_length(pam_handle_t *pam)
{
	char notice[601] = "", prompt[301] = "";
	for (int i = 0; i < 300; i++)
		memcpy(notice + 2 * i, "\xc3\xa9", 3);
	memset(prompt, 'p', 300);
	const struct pam_message told = {PAM_TEXT_INFO, notice};
	struct pam_response *responses;
	if (ask(pam, 1, &told, &responses) == PAM_SUCCESS)
		free(responses);
	return ask_for(pam, PAM_PROMPT_ECHO_ON, prompt, NULL);
}

static int show_items(pam_handle_t *pam)
{
	const void *host = NULL, *tty = NULL, *user = NULL;
	char text[256];
	pam_get_item(pam, PAM_RHOST, &host);
	pam_get_item(pam, PAM_TTY, &tty);
	pam_get_item(pam, PAM_USER, &user);
	snprintf(text, sizeof text, "%s %s %s", host ? (const char *)host : "none", (const char *)tty,
		 (const char *)user);
	return ask_for(pam, PAM_PROMPT_ECHO_ON, text, NULL);
}

static int rename_badly(pam_handle_t *pam)
{
	return pam_set_item(pam, PAM_USER, "root\nadmin");
}

/* Turns a conversation that failed into a wrong password, as a stack with pam_deny does. */
static int swallow_failure(pam_handle_t *pam)
{
	return ask_for(pam, PAM_PROMPT_ECHO_ON, "Code: ", NULL) == PAM_SUCCESS ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int quit(pam_handle_t *pam)
{
	(void)pam;
	_exit(0);
}

static int kill_itself(pam_handle_t *pam)
{
	(void)pam;
	return raise(SIGKILL);
}

/* Leaves a process behind that belongs to nobody's session and keeps all files. */
static int linger(pam_handle_t *pam)
{
	(void)pam;
	if (fork() == 0) {
		setsid();
		if (fork() == 0)
			sleep(600);
		_exit(0);
	}
	return PAM_SUCCESS;
}

static int close_everything(pam_handle_t *pam)
{
	(void)pam;
	closefrom(0);
	return PAM_SUCCESS;
}

static int flood_output(pam_handle_t *pam)
{
	static const char rubbish[65536];
	(void)pam;
	for (int i = 0; i < 1000; i++)
		if (write(STDOUT_FILENO, rubbish, sizeof rubbish) < 0 || write(STDIN_FILENO, rubbish, sizeof rubbish) < 0)
			return PAM_AUTH_ERR;
	return PAM_SUCCESS;
}

/* With orders for a terminal, and whether anybody reads it or not. */
static int rave(pam_handle_t *pam)
{
	static const char line[] = "\x1b[31mraving\a\n";
	(void)pam;
	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0;; i++)
		if (write(i % 2 ? STDOUT_FILENO : STDERR_FILENO, line, sizeof line - 1) < 0)
			continue;
}

static int tell_without_end(pam_handle_t *pam)
{
	const struct pam_message told = {PAM_TEXT_INFO, "Welcome"};
	struct pam_response *responses;
	while (ask(pam, 1, &told, &responses) == PAM_SUCCESS)
		free(responses);
	return PAM_SUCCESS;
}

static int ask_without_end(pam_handle_t *pam)
{
	while (ask_for(pam, PAM_PROMPT_ECHO_ON, "More: ", NULL) == PAM_SUCCESS)
		;
	return PAM_SUCCESS;
}

/* What is no text, and a terminal's orders. */
static int ask_in_rubbish(pam_handle_t *pam)
{
	return ask_for(pam, PAM_PROMPT_ECHO_ON, "\xff\xfe\x1b[2J\x01\xc3", NULL);
}

static int answer_oddly(pam_handle_t *pam)
{
	(void)pam;
	return 9999;
}

static int answer_below_zero(pam_handle_t *pam)
{
	(void)pam;
	return -1;
}

static int want_no_part(pam_handle_t *pam)
{
	(void)pam;
	return PAM_IGNORE;
}

static int rename_to_another(pam_handle_t *pam)
{
	return pam_set_item(pam, PAM_USER, "another");
}

static int rename_to_no_text(pam_handle_t *pam)
{
	return pam_set_item(pam, PAM_USER, "zo\xeb");
}

static int rename_to_nobody(pam_handle_t *pam)
{
	return pam_set_item(pam, PAM_USER, "");
}

static int rename_at_length(pam_handle_t *pam)
{
	char name[5001] = "";
	memset(name, 'x', sizeof name - 1);
	return pam_set_item(pam, PAM_USER, name);
}

/* Lets nobody in who comes while another is here. */
static int be_alone(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return PAM_SYSTEM_ERR;
	usleep(20000);
	close(fd);
	return PAM_SUCCESS;
}

static int wait_for_file(const char *path)
{
	while (access(path, F_OK) < 0)
		usleep(10000);
	return PAM_SUCCESS;
}

static const struct act {
	const char *word;
	int (*act)(pam_handle_t *pam);
	int (*act_at)(const char *path);
} acts[] = {
	{"hang", hang},
	{"crash", crash},
	{"leave", leave},
	{"quit", quit},
	{"kill", kill_itself},
	{"lack", lack_processes},
	{"linger", linger},
	{"deafen", close_everything},
	{"flood", flood_output},
	{"rave", rave},
	{"tell", tell_without_end},
	{"endless", ask_without_end},
	{"rubbish", ask_in_rubbish},
	{"odd", answer_oddly},
	{"minus", answer_below_zero},
	{"ignore", want_no_part},
	{"binary", ask_in_binary},
	{"all", ask_everything_at_once},
	{"much", ask_too_much},
	{"length", ask_at_length},
	{"items", show_items},
	{"rename", rename_badly},
	{"another", rename_to_another},
	{"latin", rename_to_no_text},
	{"nameless", rename_to_nobody},
	{"lengthen", rename_at_length},
	{"swallow", swallow_failure},
	{"alone", NULL, be_alone},
	{"wait", NULL, wait_for_file},
};

static const char *argument(int argc, const char **argv, const char *key)
{
	size_t size = strlen(key);
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], key, size) == 0)
			return argv[i] + size;
	return NULL;
}

static int perform(pam_handle_t *pam, const char *word, const char *path)
{
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(word, acts[i].word) == 0)
			return acts[i].act ? acts[i].act(pam) : acts[i].act_at(path);
	return PAM_SERVICE_ERR;
}

/* Whom the name orders to misbehave in the phase: the word, or NULL. */
static const char *ordered(pam_handle_t *pam, const char *phase)
{
	const char *user = NULL;
	if (pam_get_user(pam, &user, NULL) != PAM_SUCCESS || strncmp(user, phase, strlen(phase)) != 0)
		return NULL;
	return user + strlen(phase);
}

static int order(pam_handle_t *pam, const char *phase, int argc, const char **argv)
{
	const char *word = argument(argc, argv, "do=");
	if (!word)
		return PAM_SERVICE_ERR;
	if (strcmp(word, "user") == 0)
		word = ordered(pam, phase);
	return word ? perform(pam, word, argument(argc, argv, "at=")) : PAM_SUCCESS;
}

static void at_close(pam_handle_t *pam, void *data, int code)
{
	(void)code;
	perform(pam, data, NULL);
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const char *word = ordered(pam, "close-");
	(void)flags;
	if (word)
		return pam_set_data(pam, "skillsd", (void *)word, at_close);
	return order(pam, "auth-", argc, argv);
}

int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)flags;
	return order(pam, "acct-", argc, argv);
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
