/* SPDX-License-Identifier: Apache-2.0
 * A PAM module for tests that misbehaves on order: `do=WORD`, the words are in the table at the end.
 * Built by tests/kit/gate.py; never installed. */
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	static const struct {
		const char *word;
		int (*act)(pam_handle_t *pam);
	} acts[] = {
		{"do=hang", hang},
		{"do=crash", crash},
		{"do=leave", leave},
		{"do=lack", lack_processes},
		{"do=binary", ask_in_binary},
		{"do=all", ask_everything_at_once},
		{"do=much", ask_too_much},
		{"do=length", ask_at_length},
		{"do=items", show_items},
		{"do=rename", rename_badly},
		{"do=swallow", swallow_failure},
	};
	(void)flags;
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (argc == 1 && strcmp(argv[0], acts[i].word) == 0)
			return acts[i].act(pam);
	return PAM_SERVICE_ERR;
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
