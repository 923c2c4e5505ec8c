/* SPDX-License-Identifier: Apache-2.0
 * One sign-in through PAM: the question, the conversation, the verdict. The one door to libpam. Every
 * byte from the peer is taken for hostile; nobody is let in but by PAM_SUCCESS from both phases. */
#include "gate/talk.h"

#include <errno.h>
#include <limits.h>
#include <security/pam_appl.h>
#include <skillsd/gate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/words.h"
#include "helper/say.h"

#define START_WITHIN 5000 /* milliseconds; who connects has its question ready */

struct talk {
	int peer, words;
	int64_t until;
	enum gate_moved moved; /* of the last frame; after anything but GATE_MOVED PAM gets no more answers */
	bool password_given;
	uint32_t delay; /* microseconds */
	pam_handle_t *pam;
	char username[GATE_STRING_MAX + 1];
	char password[GATE_STRING_MAX + 1];
	char address[GATE_STRING_MAX + 1];
	char notice[GATE_STRING_MAX + 1]; /* what modules told and nobody has read yet */
};

bool talk_service_exists(const struct talk_service *service)
{
	const char *folder = service->confdir ? service->confdir : "/etc/pam.d";
	char path[PATH_MAX];
	struct stat file;
	int size = snprintf(path, sizeof path, "%s/%s", folder, service->name);
	if (size < (int)sizeof path && stat(path, &file) == 0 && S_ISREG(file.st_mode))
		return true;
	say("there is no service file %s/%s; without it PAM would silently apply the rules of \"other\"",
	    folder, service->name);
	return false;
}

/* False when the string holds a NUL. */
static bool copy_string(char to[GATE_STRING_MAX + 1], const struct gate_string *from)
{
	memcpy(to, from->bytes, from->size);
	to[from->size] = '\0';
	return strlen(to) == from->size;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* How many bytes of `text` to take so that at most `room` are, and no UTF-8 character is cut. */
static size_t fitting(const char *text, size_t room)
{
	size_t size = strlen(text);
	if (size <= room)
		return size;
	while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
		room--;
	return room;
}

/* Keeps a module's message for the next prompt; what does not fit is left out. */
static void note(struct talk *talk, const char *text)
{
	size_t at = strlen(talk->notice);
	if (at && at < GATE_STRING_MAX)
		talk->notice[at++] = '\n';
	size_t size = fitting(text, GATE_STRING_MAX - at);
	memcpy(talk->notice + at, text, size);
	talk->notice[at + size] = '\0';
}

/* The mark, what was told before, and the prompt; where all does not fit, the prompt matters more. */
static struct gate_string prompt_string(char to[GATE_STRING_MAX], char mark, const char *notice,
					const char *prompt)
{
	size_t at = 0;
	size_t prompt_size = fitting(prompt, GATE_STRING_MAX - 1);
	to[at++] = mark;
	if (*notice && prompt_size < GATE_STRING_MAX - 2) {
		size_t size = fitting(notice, GATE_STRING_MAX - 2 - prompt_size);
		memcpy(to + at, notice, size);
		at += size;
		to[at++] = '\n';
	}
	memcpy(to + at, prompt, prompt_size);
	return (struct gate_string){to, at + prompt_size};
}

static const char *message_text(const struct pam_message *message)
{
	return message->msg ? message->msg : "";
}

/* Whether the other side is there and waits for its turn. */
static enum gate_moved listen_for_peer(int peer)
{
	char byte;
	ssize_t n = recv(peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n > 0)
		return GATE_BROKEN;
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? GATE_MOVED : GATE_LEFT;
}

/* Sends the messages at `open` as prompts and waits for as many answers. */
static bool ask_peer(struct talk *talk, const struct pam_message **messages, const int *open, uint8_t count,
		     struct pam_response *responses)
{
	char texts[GATE_COUNT_MAX][GATE_STRING_MAX];
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame frame = {.kind = GATE_PROMPT, .count = count};
	for (unsigned i = 0; i < count; i++) {
		const struct pam_message *message = messages[open[i]];
		frame.strings[i] = prompt_string(texts[i], message->msg_style == PAM_PROMPT_ECHO_ON ? '+' : '-',
						 i ? "" : talk->notice, message_text(message));
	}
	talk->notice[0] = '\0';
	talk->moved = listen_for_peer(talk->peer);
	if (talk->moved == GATE_MOVED)
		talk->moved = gate_send(talk->peer, talk->until, &frame);
	if (talk->moved == GATE_MOVED)
		talk->moved = gate_receive(talk->peer, talk->until, bytes, &frame);
	if (talk->moved == GATE_MOVED && (frame.kind != GATE_ANSWER || frame.count != count))
		talk->moved = GATE_BROKEN;
	bool answered = talk->moved == GATE_MOVED;
	for (unsigned i = 0; i < count && answered; i++) {
		const struct gate_string *string = &frame.strings[i];
		if (memchr(string->bytes, '\0', string->size))
			talk->moved = GATE_BROKEN;
		else
			responses[open[i]].resp = strndup(string->bytes, string->size);
		answered = responses[open[i]].resp != NULL;
	}
	explicit_bzero(bytes, sizeof bytes);
	return answered;
}

static char *give_password(struct talk *talk)
{
	char *copy = strdup(talk->password);
	explicit_bzero(talk->password, sizeof talk->password);
	talk->password_given = true;
	return copy;
}

static bool fill_responses(struct talk *talk, int count, const struct pam_message **messages,
			   struct pam_response *responses)
{
	int open[GATE_COUNT_MAX];
	uint8_t open_count = 0;
	for (int i = 0; i < count; i++) {
		int style = messages[i]->msg_style;
		if (style == PAM_TEXT_INFO || style == PAM_ERROR_MSG) {
			note(talk, message_text(messages[i]));
		} else if (style == PAM_PROMPT_ECHO_OFF && !talk->password_given) {
			responses[i].resp = give_password(talk);
			if (!responses[i].resp)
				return false;
		} else if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) {
			open[open_count++] = i;
		} else {
			return false;
		}
	}
	return !open_count || ask_peer(talk, messages, open, open_count, responses);
}

/* PAM's own interface (pam_conv(3)): the responses are freed by whoever asked. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	struct talk *talk = data;
	*responses = NULL;
	if (count < 1 || count > GATE_COUNT_MAX || talk->moved != GATE_MOVED)
		return PAM_CONV_ERR;
	struct pam_response *filled = calloc((size_t)count, sizeof *filled);
	if (!filled)
		return PAM_BUF_ERR;
	if (fill_responses(talk, count, messages, filled)) {
		*responses = filled;
		return PAM_SUCCESS;
	}
	for (int i = 0; i < count; i++) {
		if (filled[i].resp)
			explicit_bzero(filled[i].resp, strlen(filled[i].resp));
		free(filled[i].resp);
	}
	free(filled);
	return PAM_CONV_ERR;
}

/* PAM calls this where it would sleep. */
static void take_delay(int code, unsigned microseconds, void *data)
{
	(void)code;
	((struct talk *)data)->delay = microseconds;
}

static int prepare(const struct talk *talk)
{
	pam_handle_t *pam = talk->pam;
	void (*delay)(int, unsigned, void *) = take_delay;
	int code = pam_set_item(pam, PAM_TTY, "skillsd");
	if (code == PAM_SUCCESS && talk->address[0])
		code = pam_set_item(pam, PAM_RHOST, talk->address);
	if (code == PAM_SUCCESS)
		code = pam_set_item(pam, PAM_FAIL_DELAY, (const void *)delay);
	return code;
}

/* Modules may have found a better name than the one that was typed. */
static int take_name(struct talk *talk)
{
	const void *name = NULL;
	int code = pam_get_item(talk->pam, PAM_USER, &name);
	if (code != PAM_SUCCESS)
		return code;
	if (!name || !*(const char *)name || strlen(name) > GATE_STRING_MAX || has_control(name)) {
		say("a PAM module has set an account name that cannot be one");
		return PAM_SYSTEM_ERR;
	}
	memcpy(talk->username, name, strlen(name) + 1);
	return PAM_SUCCESS;
}

static int consult(struct talk *talk, const struct talk_service *service)
{
	const struct pam_conv conversation = {converse, talk};
	int log = words_begin(talk->words);
	int code = service->confdir ? pam_start_confdir(service->name, talk->username, &conversation,
							service->confdir, &talk->pam)
				    : pam_start(service->name, talk->username, &conversation, &talk->pam);
	if (code == PAM_SUCCESS)
		code = prepare(talk);
	if (code == PAM_SUCCESS)
		code = pam_authenticate(talk->pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (code == PAM_SUCCESS)
		code = pam_acct_mgmt(talk->pam, PAM_DISALLOW_NULL_AUTHTOK);
	words_end(log);
	return code == PAM_SUCCESS ? take_name(talk) : code;
}

/* pam_unix reports a wrong password when it cannot start its helper (RLIMIT_NPROC, TasksMax). */
static bool processes_left(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid > 0;
}

static enum gate_verdict verdict_of(int code)
{
	switch (code) {
	case PAM_SUCCESS:
		return GATE_IN;
	case PAM_AUTH_ERR:
		return processes_left() ? GATE_WRONG : GATE_UNAVAILABLE;
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_AUTHTOK_EXPIRED:
	case PAM_CRED_EXPIRED:
	case PAM_ACCT_EXPIRED:
	case PAM_PERM_DENIED:
	case PAM_MAXTRIES:
		return GATE_WRONG;
	case PAM_USER_UNKNOWN:
		return GATE_UNKNOWN;
	default:
		return GATE_UNAVAILABLE;
	}
}

static void answer(struct talk *talk, enum gate_verdict verdict)
{
	struct gate_frame frame = {.kind = GATE_RESULT, .verdict = (uint8_t)verdict, .count = 1};
	if (verdict == GATE_IN)
		frame.strings[0] = (struct gate_string){talk->username, strlen(talk->username)};
	else
		frame.delay = talk->delay;
	if (talk->moved == GATE_MOVED || talk->moved == GATE_LATE)
		talk->moved = gate_send(talk->peer, talk->until, &frame);
	/* Whoever holds a copy of the connection: nobody has a second word. */
	shutdown(talk->peer, SHUT_RDWR);
}

static const char *moved_text(enum gate_moved moved)
{
	switch (moved) {
	case GATE_LATE:
		return "nothing came in time";
	case GATE_LEFT:
		return "the other side has left";
	case GATE_BROKEN:
		return "the other side broke the protocol";
	default:
		return "answered";
	}
}

/* One line for each outcome. A name that nobody knows is not written: people type their password
 * into the wrong field. */
static void report(const struct talk *talk, const char *typed, enum gate_verdict verdict, int code)
{
	char who[SAY_QUOTED], from[SAY_QUOTED], as[SAY_QUOTED];
	say_quote(who, typed);
	say_quote(from, talk->address);
	if (verdict == GATE_UNKNOWN)
		say("a name nobody knows, from %s: unknown", from);
	else if (talk->moved != GATE_MOVED)
		say("%s from %s: no answer given, %s", who, from, moved_text(talk->moved));
	else if (verdict == GATE_IN)
		say("%s from %s: let in as %s", who, from, say_quote(as, talk->username));
	else
		say("%s from %s: %s, PAM says %d (%s)", who, from,
		    verdict == GATE_WRONG ? "turned away" : "unavailable", code, pam_strerror(NULL, code));
}

/* Takes the START apart; the frame's bytes are wiped here. */
static enum gate_moved receive_start(struct talk *talk, bool *sensible)
{
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame frame;
	int64_t within = gate_now() + START_WITHIN;
	enum gate_moved moved = gate_receive(talk->peer, within < talk->until ? within : talk->until, bytes, &frame);
	if (moved == GATE_MOVED && frame.kind != GATE_START)
		moved = GATE_BROKEN;
	if (moved == GATE_MOVED) {
		bool name = copy_string(talk->username, &frame.strings[0]);
		bool password = copy_string(talk->password, &frame.strings[1]);
		if (!copy_string(talk->address, &frame.strings[2]) || has_control(talk->address))
			moved = GATE_BROKEN;
		*sensible = name && talk->username[0] && !has_control(talk->username) && password &&
			    talk->password[0];
	}
	explicit_bzero(bytes, sizeof bytes);
	return moved;
}

static void hold(struct talk *talk, const struct talk_service *service)
{
	bool sensible = false;
	talk->moved = receive_start(talk, &sensible);
	/* Whoever waited too long in the queue has hung up; their failure must not be counted by modules. */
	if (talk->moved == GATE_MOVED)
		talk->moved = listen_for_peer(talk->peer);
	if (talk->moved != GATE_MOVED) {
		say("no question: %s", moved_text(talk->moved));
		return;
	}
	if (!sensible) {
		answer(talk, GATE_WRONG);
		say("a username or password that cannot be one: turned away, PAM was not asked");
		return;
	}
	char typed[sizeof talk->username];
	memcpy(typed, talk->username, sizeof typed);
	int code = talk_service_exists(service) ? consult(talk, service) : PAM_SYSTEM_ERR;
	/* Modules turn a failed conversation into whatever they like, a wrong password included. */
	enum gate_verdict verdict = talk->moved == GATE_MOVED ? verdict_of(code) : GATE_UNAVAILABLE;
	answer(talk, verdict);
	report(talk, typed, verdict, code);
	/* Modules tidy up now, and may take their time. */
	words_begin(talk->words);
	if (talk->pam)
		pam_end(talk->pam, code);
}

void talk_hold(int peer, int words, const struct talk_service *service, int64_t until)
{
	struct talk talk = {.peer = peer, .words = words, .until = until};
	hold(&talk, service);
	explicit_bzero(&talk, sizeof talk);
}
