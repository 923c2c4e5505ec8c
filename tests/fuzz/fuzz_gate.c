/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as what the other side of the gate's socket sends: one spelling a frame, and nothing beyond it read. */
#include "fuzz.h"

#include <skillsd/gate.h>
#include <unistd.h>

static void unpack_check(const uint8_t *bytes, size_t size)
{
	unsigned char packed[GATE_FRAME_MAX];
	struct gate_frame frame;
	uint8_t *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	if (gate_unpack(exact, size, &frame)) {
		must(gate_sound(&frame), "what is unpacked is sound");
		must(gate_pack(&frame, packed) == size, "a frame has one size");
		must(memcmp(packed, bytes, size) == 0, "a frame has one spelling");
	}
	free(exact);
}

/* The same over a socket, as far as a socket's buffer takes it. */
static void receive_check(const uint8_t *bytes, size_t size)
{
	unsigned char received[GATE_FRAME_MAX];
	struct gate_frame frame;
	int pair[2];
	if (size > 2 * GATE_FRAME_MAX)
		return;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "there is a socket");
	must(send(pair[0], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size, "it takes the bytes");
	shutdown(pair[0], SHUT_WR);
	size_t at = 0;
	while (gate_receive(pair[1], gate_now() + 1000, received, &frame) == GATE_MOVED) {
		size_t read = gate_size(received);
		must(at + read <= size && memcmp(bytes + at, received, read) == 0, "a frame is read and no more");
		at += read;
	}
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unpack_check(bytes, size);
	receive_check(bytes, size);
	return 0;
}
