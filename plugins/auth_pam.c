/* SPDX-License-Identifier: Apache-2.0
 * Authenticator: hands a sign-in to skillsd-gate over its unix socket and tells what PAM said. Knows no
 * PAM: modules block, fork and take over signals, and belong into a process of their own. */
#include <skillsd/gate.h>
#include <skillsd/plugin.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

/* One conversation is at work at a time: hashing a password is long work, and memory, for a processor. */
struct turns {
	pthread_mutex_t lock;
	pthread_cond_t over;
	uint64_t given, holder; /* numbers; holder 0: nobody is at work, or longer than a turn lasts */
	int64_t until;		/* of gate_now(): the holder's turn */
};

struct auth_pam {
	const struct skd_host *host;
	struct sockaddr_un gate;
	struct turns turns;
};

struct skd_talk {
	int gate;
	int64_t until; /* of gate_now(): the whole conversation */
	size_t asked;  /* how many answers are waited for */
};

static const struct skd_option options[] = {
	{.key = "socket", .type = SKD_PATH, .required = true, .help = "The unix socket of skillsd-gate."},
	{.key = "deadline",
	 .type = SKD_DURATION,
	 .preset = "60s",
	 .help = "How long a sign-in may take, with all questions and answers."},
	{.key = "turn",
	 .type = SKD_DURATION,
	 .preset = "250ms",
	 .help = "One sign-in is at work at a time, but one that takes longer (a module that hangs) is not waited for."},
	{.key = NULL},
};

static void turns_open(struct turns *turns)
{
	pthread_condattr_t attributes;
	pthread_mutex_init(&turns->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&turns->over, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* The number of a turn that lasts `length` milliseconds; 0 when none came before `until`. */
static uint64_t turn_take(struct turns *turns, long length, int64_t until)
{
	int64_t now;
	uint64_t mine = 0;
	pthread_mutex_lock(&turns->lock);
	while ((now = gate_now()) < until && turns->holder && now < turns->until) {
		int64_t next = turns->until < until ? turns->until : until;
		const struct timespec moment = {next / 1000, next % 1000 * 1000000};
		pthread_cond_timedwait(&turns->over, &turns->lock, &moment);
	}
	if (now < until) {
		mine = turns->holder = ++turns->given;
		turns->until = now + length;
	} else {
		pthread_cond_signal(&turns->over); /* in case it was for us */
	}
	pthread_mutex_unlock(&turns->lock);
	return mine;
}

static void turn_end(struct turns *turns, uint64_t mine)
{
	pthread_mutex_lock(&turns->lock);
	if (turns->holder == mine) {
		turns->holder = 0;
		pthread_cond_signal(&turns->over);
	}
	pthread_mutex_unlock(&turns->lock);
}

static enum skd_outcome auth_pam_open(const struct skd_host *host, struct skd_call *call, void **self)
{
	const char *path = host->option(host, "socket");
	struct auth_pam *pam = calloc(1, sizeof *pam);
	if (!pam)
		return host->fail(call, SKD_FAULT, "out of memory");
	if (strlen(path) >= sizeof pam->gate.sun_path) {
		free(pam);
		return host->fail(call, SKD_BAD_INPUT, "socket: the path has %zu bytes, and at most %zu are possible",
				  strlen(path), sizeof pam->gate.sun_path - 1);
	}
	pam->host = host;
	turns_open(&pam->turns);
	pam->gate.sun_family = AF_UNIX;
	memcpy(pam->gate.sun_path, path, strlen(path));
	*self = pam;
	return SKD_OK;
}

static void auth_pam_close(void *self)
{
	struct auth_pam *pam = self;
	pthread_cond_destroy(&pam->turns.over);
	pthread_mutex_destroy(&pam->turns.lock);
	free(pam);
}

static void drop(void *self, struct skd_talk *talk)
{
	(void)self;
	close(talk->gate);
	free(talk);
}

/* The reason is for the log; the client learns only that it may try again. */
static enum skd_outcome unavailable(const struct auth_pam *pam, struct skd_call *call, const char *reason)
{
	pam->host->log(pam->host, SKD_WARNING, "skillsd-gate at %s: %s", pam->gate.sun_path, reason);
	return pam->host->fail(call, SKD_BUSY, "the sign-in service is not available");
}

static const char too_many[] = "too many sign-ins wait for their turn";

static const char *moved_text(enum gate_moved moved)
{
	return moved == GATE_LATE   ? "no answer in time"
	       : moved == GATE_LEFT ? "it hung up without an answer"
				    : "it does not speak our protocol";
}

/* A C string with the call's life; NULL when there is a NUL in it. */
static char *keep(const struct auth_pam *pam, struct skd_call *call, const char *bytes, size_t size)
{
	if (memchr(bytes, '\0', size))
		return NULL;
	char *kept = pam->host->alloc(call, size + 1);
	memcpy(kept, bytes, size);
	return kept;
}

static enum skd_outcome take_result(const struct auth_pam *pam, struct skd_call *call,
				    const struct gate_frame *frame, struct skd_step *step)
{
	step->delay_ms = frame->delay / 1000;
	switch (frame->verdict) {
	case GATE_IN:
		step->account = keep(pam, call, frame->strings[0].bytes, frame->strings[0].size);
		return step->account ? SKD_OK : unavailable(pam, call, moved_text(GATE_BROKEN));
	case GATE_WRONG:
		return pam->host->fail(call, SKD_DENIED, "wrong username or password");
	case GATE_UNKNOWN:
		return pam->host->fail(call, SKD_ABSENT, "there is no such account");
	default:
		return unavailable(pam, call, "PAM cannot say; its log knows more");
	}
}

static enum skd_outcome take_prompts(const struct auth_pam *pam, struct skd_call *call,
				     const struct gate_frame *frame, struct skd_step *step)
{
	struct skd_prompt *prompts = pam->host->alloc(call, frame->count * sizeof *prompts);
	for (unsigned i = 0; i < frame->count; i++) {
		const struct gate_string *string = &frame->strings[i];
		prompts[i].echo = string->bytes[0] == '+';
		prompts[i].text = keep(pam, call, string->bytes + 1, string->size - 1);
		if (!prompts[i].text)
			return unavailable(pam, call, moved_text(GATE_BROKEN));
	}
	step->prompts = prompts;
	step->prompt_count = frame->count;
	return SKD_OK;
}

/* Asks and waits for what comes back: a RESULT, or prompts, which leave step->prompt_count set. */
static enum skd_outcome exchange(const struct auth_pam *pam, struct skd_call *call, const struct skd_talk *talk,
				 const struct gate_frame *asking, struct skd_step *step)
{
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame told;
	int64_t until = gate_now() + pam->host->time_left(call);
	if (until > talk->until)
		until = talk->until;
	enum gate_moved moved = until > gate_now() ? gate_send(talk->gate, until, asking) : GATE_LATE;
	if (moved == GATE_MOVED)
		moved = gate_receive(talk->gate, until, bytes, &told);
	enum skd_outcome outcome;
	if (moved == GATE_MOVED && told.kind == GATE_RESULT)
		outcome = take_result(pam, call, &told, step);
	else if (moved == GATE_MOVED && told.kind == GATE_PROMPT)
		outcome = take_prompts(pam, call, &told, step);
	else
		outcome = unavailable(pam, call, moved_text(moved));
	explicit_bzero(bytes, sizeof bytes);
	return outcome;
}

/* Ends the talk unless more is asked, in which case the step carries it on. */
static enum skd_outcome go_on(struct auth_pam *pam, struct skd_call *call, struct skd_talk *talk,
			      const struct gate_frame *asking, struct skd_step *step)
{
	enum skd_outcome outcome = exchange(pam, call, talk, asking, step);
	if (outcome == SKD_OK && step->prompt_count) {
		talk->asked = step->prompt_count;
		step->talk_ms = (unsigned)pam->host->number(pam->host, "deadline");
		step->talk = talk;
	} else {
		drop(pam, talk);
	}
	return outcome;
}

static enum skd_outcome start_talk(const struct auth_pam *pam, struct skd_call *call, int64_t until,
				   struct skd_talk **started)
{
	/* Connecting to a unix socket never takes time: it is done, or the queue is full (EAGAIN). */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&pam->gate, sizeof pam->gate) < 0) {
		const char *reason = errno == EAGAIN ? "its queue is full" : strerror(errno);
		if (fd >= 0)
			close(fd);
		return unavailable(pam, call, reason);
	}
	struct skd_talk *talk = malloc(sizeof *talk);
	if (!talk) {
		close(fd);
		return unavailable(pam, call, "out of memory");
	}
	*talk = (struct skd_talk){fd, until, 0};
	*started = talk;
	return SKD_OK;
}

static uint64_t take_turn(struct auth_pam *pam, const struct skd_call *call)
{
	return turn_take(&pam->turns, pam->host->number(pam->host, "turn"), gate_now() + pam->host->time_left(call));
}

static struct gate_string string_of(const char *text)
{
	return (struct gate_string){text, strlen(text)};
}

static enum skd_outcome begin(void *self, struct skd_call *call, const struct skd_signin *signin,
			      struct skd_step *step)
{
	struct auth_pam *pam = self;
	const struct gate_frame start = {
		.kind = GATE_START,
		.count = 3,
		.strings = {string_of(signin->username), string_of(signin->password),
			    string_of(signin->address ? signin->address : "")},
	};
	*step = (struct skd_step){.account = NULL};
	if (!signin->username[0] || !signin->password[0] || !gate_sound(&start))
		return pam->host->fail(call, SKD_DENIED, "wrong username or password");
	struct skd_talk *talk = NULL;
	int64_t until = gate_now() + pam->host->number(pam->host, "deadline");
	uint64_t turn = take_turn(pam, call);
	if (!turn)
		return unavailable(pam, call, too_many);
	enum skd_outcome outcome = start_talk(pam, call, until, &talk);
	if (outcome == SKD_OK)
		outcome = go_on(pam, call, talk, &start, step);
	turn_end(&pam->turns, turn);
	return outcome;
}

static enum skd_outcome answer(void *self, struct skd_call *call, struct skd_talk *talk, size_t count,
			       const char *const *answers, struct skd_step *step)
{
	struct auth_pam *pam = self;
	struct gate_frame frame = {.kind = GATE_ANSWER, .count = (uint8_t)talk->asked};
	*step = (struct skd_step){.account = NULL};
	if (count != talk->asked) {
		enum skd_outcome outcome = pam->host->fail(call, SKD_BAD_INPUT, "%zu answers are asked for, not %zu",
							   talk->asked, count);
		drop(self, talk);
		return outcome;
	}
	for (size_t i = 0; i < count; i++)
		frame.strings[i] = string_of(answers[i]);
	if (!gate_sound(&frame)) {
		drop(self, talk);
		return pam->host->fail(call, SKD_DENIED, "an answer is longer than any can be");
	}
	uint64_t turn = take_turn(pam, call);
	if (!turn) {
		drop(self, talk);
		return unavailable(pam, call, too_many);
	}
	enum skd_outcome outcome = go_on(pam, call, talk, &frame, step);
	turn_end(&pam->turns, turn);
	return outcome;
}

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI,
	.kind = SKD_AUTHENTICATOR,
	.name = "auth_pam",
	.options = options,
	.open = auth_pam_open,
	.close = auth_pam_close,
	.is.authenticator = {.begin = begin, .answer = answer, .drop = drop},
};
