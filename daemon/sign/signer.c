/* SPDX-License-Identifier: Apache-2.0
 * A batch of thousands costs no more system calls than one. */
#include "sign/signer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEPT_MAX = 16 };

struct signer {
	const char *path;
	pthread_mutex_t lock; /* guards the two below */
	int kept[KEPT_MAX];   /* connected, and nothing is owed on them */
	unsigned kept_count;
};

static enum skd_outcome broken(struct skd_call *call, const char *why)
{
	return fail(call, SKD_BUSY, "skillsd-sign does not answer: %s", why);
}

static enum skd_outcome ready_wait(struct skd_call *call, int fd, short events)
{
	for (;;) {
		enum { MINUTE = 60000 };
		long left = call_time_left(call);
		struct pollfd ready = {.fd = fd, .events = events};
		int found = left > 0 ? poll(&ready, 1, left < MINUTE ? (int)left : MINUTE) : 0;
		if (found > 0)
			return SKD_OK;
		if (found < 0 && errno != EINTR)
			return broken(call, strerror(errno));
		if (left <= 0)
			return broken(call, "it takes too long");
	}
}

/* Sends, or receives, exactly `size` bytes: one of the two is NULL. */
static enum skd_outcome bytes_move(struct skd_call *call, int fd, const uint8_t *sending, uint8_t *receiving, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t moved = sending ? send(fd, sending + at, size - at, MSG_NOSIGNAL) : recv(fd, receiving + at, size - at, 0);
		if (moved > 0)
			at += (size_t)moved;
		else if (moved == 0)
			return broken(call, "it hung up");
		else if (errno == EAGAIN)
			TRY(ready_wait(call, fd, sending ? POLLOUT : POLLIN));
		else if (errno != EINTR)
			return broken(call, strerror(errno));
	}
	return SKD_OK;
}

/* Where its backlog is full, connecting would block, and waiting for it does not work with unix sockets. */
static enum skd_outcome signer_connect(struct skd_call *call, const char *socket_path, int *fd)
{
	enum { PAUSE = 5 };
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(socket_path) >= sizeof address.sun_path)
		return fail(call, SKD_FAULT, "the socket's path %s is too long", socket_path);
	strcpy(address.sun_path, socket_path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	while (*fd >= 0 && connect(*fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return fail(call, SKD_BUSY, "skillsd-sign is not there: %s: %s", socket_path, strerror(errno));
		if (call_time_left(call) <= 0)
			return broken(call, "it takes too long");
		poll(NULL, 0, PAUSE);
	}
	return *fd < 0 ? broken(call, strerror(errno)) : SKD_OK;
}

/* ---- frames ---- */

/* As many of the jobs as fit into one frame. */
static enum skd_outcome frame_pack(struct skd_call *call, size_t count, const struct signer_job *jobs, struct text *frame,
				   size_t *packed)
{
	struct signer_head head = {.kind = SIGNER_ASKS};
	text_begin(frame, call, SIGNER_HEAD_SIZE);
	text_room(frame, SIGNER_HEAD_SIZE);
	frame->size = SIGNER_HEAD_SIZE;
	for (*packed = 0; *packed < count && *packed < SIGNER_COUNT_MAX; ++*packed) {
		const struct signer_job *job = &jobs[*packed];
		struct signer_request request = {.type = (uint8_t)job->type, .bytes = (const uint8_t *)job->bytes.bytes, .size = job->bytes.size};
		size_t size = SIGNER_REQUEST_SIZE + request.size;
		if (!uuid_valid(job->key) || !signer_request_sound(&request))
			return fail(call, SKD_FAULT, "%zu bytes cannot be signed with the key %s", request.size, job->key);
		if (frame->size + size > SIGNER_HEAD_SIZE + SIGNER_BODY_MAX)
			break;
		uuid_bytes(job->key, request.key);
		frame->size += signer_request_pack(&request, (uint8_t *)text_room(frame, size));
	}
	head.count = (uint16_t)*packed;
	head.size = (uint32_t)(frame->size - SIGNER_HEAD_SIZE);
	signer_head_pack(&head, (uint8_t *)frame->bytes);
	return SKD_OK;
}

static enum skd_outcome job_end(struct skd_call *call, struct signer_job *job, const struct signer_answer *answer)
{
	static const char *const reasons[] = {
		[SIGNER_SIGNED] = "",
		[SIGNER_NO_KEY] = "it has no such key",
		[SIGNER_OTHER_PURPOSE] = "that key is for something else",
		[SIGNER_WRONG_BYTES] = "these bytes are not what such a key signs",
		[SIGNER_FAILED] = "it cannot",
	};
	job->signature = (struct skd_text){(const char *)answer->signature, answer->size};
	if (answer->reason == SIGNER_SIGNED)
		return SKD_OK;
	return fail(call, SKD_FAULT, "skillsd-sign does not sign with the key %s: %s", job->key, reasons[answer->reason]);
}

static enum skd_outcome frame_receive(struct skd_call *call, int fd, size_t count, struct signer_job *jobs)
{
	uint8_t head_bytes[SIGNER_HEAD_SIZE];
	struct signer_head head;
	struct signer_answer answer;
	TRY(bytes_move(call, fd, NULL, head_bytes, sizeof head_bytes));
	if (!signer_head_unpack(head_bytes, SIGNER_TELLS, &head) || head.count != count)
		return broken(call, "it speaks another language");
	uint8_t *body = talloc_size(call, head.size);
	TRY(bytes_move(call, fd, NULL, body, head.size));
	if (!signer_body_sound(&head, body))
		return broken(call, "it speaks another language");
	for (size_t i = 0; i < count; i++) {
		body += signer_answer_unpack(body, head.size, &answer);
		TRY(job_end(call, &jobs[i], &answer));
	}
	return SKD_OK;
}

static enum skd_outcome jobs_move(struct skd_call *call, int fd, size_t count, struct signer_job *jobs)
{
	for (size_t at = 0, packed; at < count; at += packed) {
		struct text frame;
		TRY(frame_pack(call, count - at, jobs + at, &frame, &packed));
		TRY(bytes_move(call, fd, (const uint8_t *)frame.bytes, NULL, frame.size));
		TRY(frame_receive(call, fd, packed, jobs + at));
		talloc_free(frame.bytes);
	}
	return SKD_OK;
}

/* ---- connections ---- */

static int signer_end(struct signer *signer)
{
	while (signer->kept_count)
		close(signer->kept[--signer->kept_count]);
	pthread_mutex_destroy(&signer->lock);
	return 0;
}

struct signer *signer_open(void *owner, const char *socket_path)
{
	struct signer *signer = talloc_zero(owner, struct signer);
	signer->path = talloc_strdup(signer, socket_path);
	pthread_mutex_init(&signer->lock, NULL);
	talloc_set_destructor(signer, signer_end);
	return signer;
}

/* The one that was used last; -1: none is kept. */
static int kept_take(struct signer *signer)
{
	pthread_mutex_lock(&signer->lock);
	int fd = signer->kept_count ? signer->kept[--signer->kept_count] : -1;
	pthread_mutex_unlock(&signer->lock);
	return fd;
}

static void kept_give(struct signer *signer, int fd)
{
	pthread_mutex_lock(&signer->lock);
	bool room = signer->kept_count < KEPT_MAX;
	if (room)
		signer->kept[signer->kept_count++] = fd;
	pthread_mutex_unlock(&signer->lock);
	if (!room)
		close(fd);
}

static enum skd_outcome sign_over(struct skd_call *call, struct signer *signer, int fd, size_t count, struct signer_job *jobs)
{
	enum skd_outcome outcome = jobs_move(call, fd, count, jobs);
	if (outcome == SKD_OK)
		kept_give(signer, fd);
	else
		close(fd);
	return outcome;
}

/* False: no connection that is kept has done it, and nobody knows yet whether a new one does. */
static bool sign_over_kept(struct skd_call *call, struct signer *signer, size_t count, struct signer_job *jobs,
			   enum skd_outcome *outcome)
{
	int fd;
	while ((fd = kept_take(signer)) >= 0) {
		struct pollfd heard = {.fd = fd, .events = POLLIN};
		if (poll(&heard, 1, 0) == 0) {
			*outcome = sign_over(call, signer, fd, count, jobs);
			if (*outcome != SKD_BUSY || call_time_left(call) <= 0)
				return true;
			call_forgive(call);
		} else {
			close(fd); /* it has hung up: it was at rest too long, or it is another one by now */
		}
	}
	return false;
}

enum skd_outcome signer_sign(struct skd_call *call, struct signer *signer, size_t count, struct signer_job *jobs)
{
	enum skd_outcome outcome;
	int fd = -1;
	if (sign_over_kept(call, signer, count, jobs, &outcome))
		return outcome;
	outcome = signer_connect(call, signer->path, &fd);
	if (outcome == SKD_OK)
		return sign_over(call, signer, fd, count, jobs);
	if (fd >= 0)
		close(fd);
	return outcome;
}
