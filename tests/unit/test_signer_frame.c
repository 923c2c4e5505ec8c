/* SPDX-License-Identifier: Apache-2.0
 * The codec of signer.h: what is packed comes back, and nothing else is taken for a frame. Needs nothing of the daemon. */
#include <skillsd/signer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t hashes[SIGNER_PROOF_SIZE] = {1, 2, 3}, longest[SIGNER_BYTES_MAX + 1] = {4};

static struct signer_request proof(void)
{
	return (struct signer_request){.type = SIGNER_PROOF, .key = {0xab, [15] = 0xcd}, .bytes = hashes, .size = sizeof hashes};
}

/* Unpacks from a heap block of just that size, so that a sanitizer sees any read beyond it. */
static size_t request_unpacked(const uint8_t *bytes, size_t size, struct signer_request *request)
{
	uint8_t *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	size_t taken = signer_request_unpack(exact, size, request);
	free(exact);
	return taken;
}

static void requests_come_back(void **state)
{
	static uint8_t bytes[SIGNER_REQUEST_SIZE + SIGNER_BYTES_MAX];
	(void)state;
	for (int type = SIGNER_PROOF; type <= SIGNER_CHECKPOINT; type++) {
		struct signer_request request = proof(), back;
		request.type = (uint8_t)type;
		request.bytes = longest;
		request.size = type == SIGNER_JWS ? SIGNER_BYTES_MAX : 1;
		size_t size = signer_request_pack(&request, bytes);
		assert_int_equal(size, SIGNER_REQUEST_SIZE + request.size);
		assert_int_equal(signer_request_unpack(bytes, size, &back), size);
		assert_int_equal(back.type, type);
		assert_int_equal(back.size, request.size);
		assert_memory_equal(back.key, request.key, SIGNER_KEY_SIZE);
		assert_memory_equal(back.bytes, request.bytes, request.size);
	}
}

static void requests_that_are_not_sound_are_not_packed(void **state)
{
	uint8_t bytes[SIGNER_REQUEST_SIZE + SIGNER_PROOF_SIZE];
	struct signer_request request = proof();
	(void)state;
	request.size = 0;
	assert_int_equal(signer_request_pack(&request, bytes), 0);
	request.bytes = longest;
	request.size = SIGNER_BYTES_MAX + 1;
	assert_int_equal(signer_request_pack(&request, bytes), 0);
	request = proof();
	request.type = 0;
	assert_int_equal(signer_request_pack(&request, bytes), 0);
	request.type = SIGNER_CHECKPOINT + 1;
	assert_int_equal(signer_request_pack(&request, bytes), 0);
}

static void a_request_cut_anywhere_is_none(void **state)
{
	uint8_t bytes[SIGNER_REQUEST_SIZE + SIGNER_PROOF_SIZE];
	struct signer_request request = proof(), back;
	size_t size = signer_request_pack(&request, bytes);
	(void)state;
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(request_unpacked(bytes, cut, &back), 0);
	assert_int_equal(request_unpacked(bytes, size, &back), size);
	memset(bytes + 1 + SIGNER_KEY_SIZE, 0xff, 4);
	assert_int_equal(request_unpacked(bytes, size, &back), 0);
}

static void answers_come_back(void **state)
{
	uint8_t bytes[SIGNER_ANSWER_SIZE + SIGNER_SIGNATURE_MAX];
	struct signer_answer back;
	(void)state;
	const struct signer_answer signed_one = {SIGNER_SIGNED, longest, SIGNER_SIGNATURE_MAX};
	assert_int_equal(signer_answer_pack(&signed_one, bytes), sizeof bytes);
	assert_int_equal(signer_answer_unpack(bytes, sizeof bytes, &back), sizeof bytes);
	assert_memory_equal(back.signature, longest, SIGNER_SIGNATURE_MAX);
	for (size_t cut = 0; cut < sizeof bytes; cut++)
		assert_int_equal(signer_answer_unpack(bytes, cut, &back), 0);
	for (int reason = SIGNER_NO_KEY; reason <= SIGNER_FAILED; reason++) {
		const struct signer_answer refused = {(uint8_t)reason, NULL, 0};
		assert_int_equal(signer_answer_pack(&refused, bytes), SIGNER_ANSWER_SIZE);
		assert_int_equal(signer_answer_unpack(bytes, SIGNER_ANSWER_SIZE, &back), SIGNER_ANSWER_SIZE);
		assert_int_equal(back.reason, reason);
	}
}

static void answers_that_are_not_sound_are_not_packed(void **state)
{
	uint8_t bytes[SIGNER_ANSWER_SIZE + SIGNER_SIGNATURE_MAX];
	(void)state;
	assert_int_equal(signer_answer_pack(&(struct signer_answer){SIGNER_SIGNED, longest, 0}, bytes), 0);
	assert_int_equal(signer_answer_pack(&(struct signer_answer){SIGNER_NO_KEY, longest, 1}, bytes), 0);
	assert_int_equal(signer_answer_pack(&(struct signer_answer){SIGNER_FAILED + 1, NULL, 0}, bytes), 0);
	assert_int_equal(signer_answer_pack(&(struct signer_answer){SIGNER_SIGNED, longest, SIGNER_SIGNATURE_MAX + 1}, bytes), 0);
}

static void heads_come_back_and_others_are_none(void **state)
{
	static const struct signer_head wrong[] = {
		{0, SIGNER_ASKS, 1},  {21, SIGNER_ASKS, 1},  {43, SIGNER_ASKS, 2},
		{100, SIGNER_ASKS, 0}, {100, 0, 1}, {100, 3, 1}, {SIGNER_BODY_MAX + 1, SIGNER_ASKS, 1}, {UINT32_MAX, SIGNER_ASKS, 1},
		{SIGNER_BODY_MAX, SIGNER_ASKS, SIGNER_COUNT_MAX + 1}, {100, SIGNER_TELLS, 1},
	};
	const struct signer_head right = {SIGNER_BODY_MAX, SIGNER_ASKS, SIGNER_COUNT_MAX};
	uint8_t bytes[SIGNER_HEAD_SIZE];
	struct signer_head back;
	(void)state;
	signer_head_pack(&right, bytes);
	assert_true(signer_head_unpack(bytes, SIGNER_ASKS, &back));
	assert_int_equal(back.size, right.size);
	assert_int_equal(back.count, right.count);
	bytes[4]++;
	assert_false(signer_head_unpack(bytes, SIGNER_ASKS, &back));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		signer_head_pack(&wrong[i], bytes);
		assert_false(signer_head_unpack(bytes, SIGNER_ASKS, &back));
	}
}

static void a_body_is_its_items_and_nothing_else(void **state)
{
	uint8_t body[2 * (SIGNER_REQUEST_SIZE + SIGNER_PROOF_SIZE) + 1] = {0};
	struct signer_request request = proof();
	size_t one = signer_request_pack(&request, body);
	(void)state;
	signer_request_pack(&request, body + one);
	assert_true(signer_body_sound(&(struct signer_head){(uint32_t)(2 * one), SIGNER_ASKS, 2}, body));
	assert_false(signer_body_sound(&(struct signer_head){(uint32_t)(2 * one), SIGNER_ASKS, 1}, body));
	assert_false(signer_body_sound(&(struct signer_head){(uint32_t)(2 * one), SIGNER_ASKS, 3}, body));
	assert_false(signer_body_sound(&(struct signer_head){(uint32_t)(2 * one + 1), SIGNER_ASKS, 2}, body));
	assert_false(signer_body_sound(&(struct signer_head){(uint32_t)(2 * one - 1), SIGNER_ASKS, 2}, body));
}

static void the_answers_of_the_largest_frame_fit_into_one(void **state)
{
	(void)state;
	assert_true(SIGNER_COUNT_MAX * (SIGNER_ANSWER_SIZE + SIGNER_SIGNATURE_MAX) <= SIGNER_BODY_MAX);
	assert_true(SIGNER_REQUEST_SIZE + SIGNER_BYTES_MAX <= SIGNER_BODY_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_come_back),
		cmocka_unit_test(requests_that_are_not_sound_are_not_packed),
		cmocka_unit_test(a_request_cut_anywhere_is_none),
		cmocka_unit_test(answers_come_back),
		cmocka_unit_test(answers_that_are_not_sound_are_not_packed),
		cmocka_unit_test(heads_come_back_and_others_are_none),
		cmocka_unit_test(a_body_is_its_items_and_nothing_else),
		cmocka_unit_test(the_answers_of_the_largest_frame_fit_into_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
