/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as what the other side of the signer's socket sends: one spelling a frame, and nothing beyond it read. */
#include "fuzz.h"

#include <skillsd/signer.h>

static size_t item_pack(enum signer_kind kind, const uint8_t *body, size_t left, uint8_t *packed, size_t *size)
{
	struct signer_request request;
	struct signer_answer answer;
	if (kind == SIGNER_ASKS) {
		*size = signer_request_unpack(body, left, &request);
		return *size ? signer_request_pack(&request, packed) : 0;
	}
	*size = signer_answer_unpack(body, left, &answer);
	return *size ? signer_answer_pack(&answer, packed) : 0;
}

/* From memory of just the frame's size. */
static void frame_check(enum signer_kind kind, const uint8_t *bytes, size_t size)
{
	struct signer_head head;
	uint8_t again[SIGNER_HEAD_SIZE];
	if (size < SIGNER_HEAD_SIZE || !signer_head_unpack(bytes, kind, &head) || head.size > size - SIGNER_HEAD_SIZE)
		return;
	signer_head_pack(&head, again);
	must(memcmp(again, bytes, sizeof again) == 0, "a head has one spelling");
	uint8_t *body = malloc(head.size), *packed = malloc(head.size);
	memcpy(body, bytes + SIGNER_HEAD_SIZE, head.size);
	if (signer_body_sound(&head, body)) {
		size_t at = 0, taken;
		for (unsigned i = 0; i < head.count; i++, at += taken)
			must(item_pack(kind, body + at, head.size - at, packed + at, &taken) == taken && taken, "an item has one size");
		must(at == head.size && memcmp(packed, body, at) == 0, "a frame has one spelling");
	}
	free(body);
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	frame_check(SIGNER_ASKS, bytes, size);
	frame_check(SIGNER_TELLS, bytes, size);
	return 0;
}
