/* SPDX-License-Identifier: Apache-2.0
 * The one message between skillsd and its PAM helper skillsd-gate, over a unix stream socket.
 * A frame is a head of twelve bytes and `count` strings, each two bytes of length (big endian) and its bytes.
 *   asks   GATE_START  strings: username, password, client address (may be empty)
 *   tells  GATE_PROMPT strings: one for each prompt; its first byte is '+' (may echo) or '-' (may not)
 *   asks   GATE_ANSWER strings: one for each prompt
 *   tells  GATE_RESULT strings: canonical username (empty unless it is let in); verdict and delay set
 * START begins, RESULT ends; PROMPT and ANSWER alternate between. Who breaks the order is cut off.
 * The first prompt that may not echo is the password's: the gate answers it from START, without asking.
 * A connection that ends without a RESULT means the same as GATE_UNAVAILABLE.
 *
 * Both sides pack, unpack and move frames with the functions below, so there is one codec. It trusts
 * nothing of what it reads, and knows neither PAM nor plugins. */
#ifndef SKILLSD_GATE_H
#define SKILLSD_GATE_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define GATE_VERSION 1
#define GATE_STRING_MAX 512 /* PAM_MAX_RESP_SIZE */
#define GATE_COUNT_MAX 32   /* PAM_MAX_NUM_MSG */
#define GATE_HEAD_SIZE 12
#define GATE_FRAME_MAX (GATE_HEAD_SIZE + GATE_COUNT_MAX * (2 + GATE_STRING_MAX))

enum gate_kind { GATE_START = 1, GATE_PROMPT, GATE_ANSWER, GATE_RESULT };

enum gate_verdict {
	GATE_IN = 1,      /* authenticated, and the account may be used now */
	GATE_WRONG,       /* wrong password, or an account that is expired, locked or must change its password */
	GATE_UNKNOWN,     /* PAM_USER_UNKNOWN */
	GATE_UNAVAILABLE, /* cannot say: module, conversation or system failed */
};

/* How moving a frame went. */
enum gate_moved {
	GATE_MOVED,
	GATE_LATE,   /* the moment passed first */
	GATE_LEFT,   /* the other side is gone, or the socket is broken */
	GATE_BROKEN, /* these bytes are no frame, or this frame cannot be written */
};

/* Any bytes, a NUL too: who needs a C string looks for one first. Not NUL-terminated. */
struct gate_string {
	const char *bytes;
	size_t size; /* at most GATE_STRING_MAX */
};

/* A frame in memory. On the wire, big endian and in this order: two bytes of size (of the strings that
 * follow, with their lengths), GATE_VERSION, kind, verdict, count, two bytes of 0, four of delay. */
struct gate_frame {
	uint8_t kind;    /* enum gate_kind */
	uint8_t verdict; /* enum gate_verdict; 0 but in a RESULT */
	uint8_t count;   /* of strings */
	uint32_t delay;  /* microseconds to hold the answer back, in a RESULT (PAM_FAIL_DELAY); else 0 */
	struct gate_string strings[GATE_COUNT_MAX];
};

/* Whether the frame says what its kind may say: number of strings, verdict, delay, the marks of
 * prompts, a name if and only if somebody is let in, no string too long. */
static inline bool gate_sound(const struct gate_frame *frame)
{
	if (frame->count < 1 || frame->count > GATE_COUNT_MAX)
		return false;
	for (unsigned i = 0; i < frame->count; i++) {
		const struct gate_string *string = &frame->strings[i];
		if (string->size > GATE_STRING_MAX)
			return false;
		if (frame->kind == GATE_PROMPT &&
		    (!string->size || (string->bytes[0] != '+' && string->bytes[0] != '-')))
			return false;
	}
	if (frame->kind == GATE_RESULT)
		return frame->count == 1 && frame->verdict >= GATE_IN && frame->verdict <= GATE_UNAVAILABLE &&
		       (frame->verdict == GATE_IN) == (frame->strings[0].size > 0);
	if (frame->verdict || frame->delay)
		return false;
	return frame->kind == GATE_START ? frame->count == 3
					 : frame->kind == GATE_PROMPT || frame->kind == GATE_ANSWER;
}

/* Writes the frame into `bytes` and returns its size; 0 when it is not sound. */
static inline size_t gate_pack(const struct gate_frame *frame, unsigned char bytes[GATE_FRAME_MAX])
{
	if (!gate_sound(frame))
		return 0;
	size_t at = GATE_HEAD_SIZE;
	for (unsigned i = 0; i < frame->count; i++) {
		size_t size = frame->strings[i].size;
		bytes[at++] = (unsigned char)(size >> 8);
		bytes[at++] = (unsigned char)size;
		if (size)
			memcpy(bytes + at, frame->strings[i].bytes, size);
		at += size;
	}
	const uint32_t delay = frame->delay;
	const unsigned char head[GATE_HEAD_SIZE] = {
		(unsigned char)((at - GATE_HEAD_SIZE) >> 8), (unsigned char)(at - GATE_HEAD_SIZE),
		GATE_VERSION, frame->kind, frame->verdict, frame->count, 0, 0,
		(unsigned char)(delay >> 24), (unsigned char)(delay >> 16), (unsigned char)(delay >> 8),
		(unsigned char)delay,
	};
	memcpy(bytes, head, sizeof head);
	return at;
}

/* The size of the whole frame that begins with this head; 0 when it cannot be one of ours. */
static inline size_t gate_size(const unsigned char head[GATE_HEAD_SIZE])
{
	size_t size = GATE_HEAD_SIZE + ((size_t)head[0] << 8 | head[1]);
	return head[2] == GATE_VERSION && !head[6] && !head[7] && size <= GATE_FRAME_MAX ? size : 0;
}

/* Reads one frame that fills exactly `size` bytes. Its strings point into `bytes`. False: not a sound
 * frame, and nothing of `frame` may be used. */
static inline bool gate_unpack(const unsigned char *bytes, size_t size, struct gate_frame *frame)
{
	if (size < GATE_HEAD_SIZE || gate_size(bytes) != size || bytes[5] > GATE_COUNT_MAX)
		return false;
	*frame = (struct gate_frame){
		.kind = bytes[3],
		.verdict = bytes[4],
		.count = bytes[5],
		.delay = (uint32_t)bytes[8] << 24 | (uint32_t)bytes[9] << 16 | (uint32_t)bytes[10] << 8 | bytes[11],
	};
	size_t at = GATE_HEAD_SIZE;
	for (unsigned i = 0; i < frame->count; i++) {
		if (size - at < 2)
			return false;
		size_t length = (size_t)bytes[at] << 8 | bytes[at + 1];
		at += 2;
		if (size - at < length)
			return false;
		frame->strings[i] = (struct gate_string){(const char *)bytes + at, length};
		at += length;
	}
	return at == size && gate_sound(frame);
}

static inline int64_t gate_now(void) /* monotonic milliseconds */
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for `events` on the socket, until the moment `until` of gate_now(). */
static inline enum gate_moved gate_wait(int fd, short events, int64_t until)
{
	for (;;) {
		int64_t left = until - gate_now();
		struct pollfd ready = {.fd = fd, .events = events};
		int n = poll(&ready, 1, left <= 0 ? 0 : left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return GATE_MOVED;
		if (n < 0 && errno != EINTR)
			return GATE_LEFT;
		if (left <= 0)
			return GATE_LATE;
	}
}

/* Sends, or receives, exactly `size` bytes. `sending` and `receiving`: one of them is NULL. */
static inline enum gate_moved gate_move(int fd, int64_t until, const unsigned char *sending,
					unsigned char *receiving, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = sending ? send(fd, sending + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL)
				    : recv(fd, receiving + at, size - at, MSG_DONTWAIT);
		if (n > 0) {
			at += (size_t)n;
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
			return GATE_LEFT;
		enum gate_moved waited = gate_wait(fd, sending ? POLLOUT : POLLIN, until);
		if (waited != GATE_MOVED)
			return waited;
	}
	return GATE_MOVED;
}

/* Sends one frame whole, or says why not when the moment `until` of gate_now() has come; a moment in the
 * past still sends what can be sent without waiting. The socket may be a blocking one. Keeps no copy of
 * the strings. */
static inline enum gate_moved gate_send(int fd, int64_t until, const struct gate_frame *frame)
{
	unsigned char bytes[GATE_FRAME_MAX];
	size_t size = gate_pack(frame, bytes);
	enum gate_moved moved = size ? gate_move(fd, until, bytes, NULL, size) : GATE_BROKEN;
	explicit_bzero(bytes, size);
	return moved;
}

/* Receives one frame into `bytes`, where its strings stay: the caller wipes all of it. Reads nothing
 * beyond the frame. */
static inline enum gate_moved gate_receive(int fd, int64_t until, unsigned char bytes[GATE_FRAME_MAX],
					   struct gate_frame *frame)
{
	enum gate_moved moved = gate_move(fd, until, NULL, bytes, GATE_HEAD_SIZE);
	if (moved != GATE_MOVED)
		return moved;
	size_t size = gate_size(bytes);
	if (!size)
		return GATE_BROKEN;
	moved = gate_move(fd, until, NULL, bytes + GATE_HEAD_SIZE, size - GATE_HEAD_SIZE);
	if (moved != GATE_MOVED)
		return moved;
	return gate_unpack(bytes, size, frame) ? GATE_MOVED : GATE_BROKEN;
}

#endif
