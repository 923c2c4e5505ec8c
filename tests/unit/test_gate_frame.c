/* SPDX-License-Identifier: Apache-2.0
 * The codec of gate.h: what is packed comes back, nothing else is taken for a frame, and moving one
 * over a socket ends at its moment. Needs nothing of the daemon. */
#include <skillsd/gate.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char longest[GATE_STRING_MAX + 1];

static struct gate_string string_of(const char *text)
{
	return (struct gate_string){text, strlen(text)};
}

static struct gate_frame start_frame(void)
{
	return (struct gate_frame){.kind = GATE_START,
				   .count = 3,
				   .strings = {string_of("alice"), {"a\0b", 3}, string_of("")}};
}

static void assert_same(const struct gate_frame *a, const struct gate_frame *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->delay, b->delay);
	for (unsigned i = 0; i < a->count; i++) {
		assert_int_equal(a->strings[i].size, b->strings[i].size);
		if (a->strings[i].size)
			assert_memory_equal(a->strings[i].bytes, b->strings[i].bytes, a->strings[i].size);
	}
}

/* Unpacks from a heap block of just that size, so that a sanitizer sees any read beyond it. */
static bool unpacks(const unsigned char *bytes, size_t size, struct gate_frame *frame)
{
	unsigned char *exact = malloc(size ? size : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, size);
	bool sound = gate_unpack(exact, size, frame);
	free(exact);
	return sound;
}

static void assert_round_trip(const struct gate_frame *frame)
{
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame back;
	size_t size = gate_pack(frame, bytes);
	assert_int_not_equal(size, 0);
	assert_int_equal(gate_size(bytes), size);
	assert_true(gate_unpack(bytes, size, &back));
	assert_same(frame, &back);
}

static void every_kind_comes_back(void **state)
{
	(void)state;
	const struct gate_frame start = start_frame();
	assert_round_trip(&start);
	assert_round_trip(&(struct gate_frame){
		.kind = GATE_PROMPT, .count = 2, .strings = {string_of("+OTP: "), string_of("-")}});
	assert_round_trip(&(struct gate_frame){.kind = GATE_ANSWER, .count = 1, .strings = {string_of("")}});
	assert_round_trip(&(struct gate_frame){.kind = GATE_RESULT,
					       .verdict = GATE_IN,
					       .count = 1,
					       .strings = {string_of("alice@corp")}});
	assert_round_trip(&(struct gate_frame){
		.kind = GATE_RESULT, .verdict = GATE_WRONG, .count = 1, .delay = 0xfedcba98, .strings = {string_of("")}});
}

static void the_largest_frame_comes_back(void **state)
{
	(void)state;
	struct gate_frame frame = {.kind = GATE_ANSWER, .count = GATE_COUNT_MAX};
	for (unsigned i = 0; i < GATE_COUNT_MAX; i++)
		frame.strings[i] = (struct gate_string){longest, GATE_STRING_MAX};
	unsigned char bytes[GATE_FRAME_MAX];
	assert_int_equal(gate_pack(&frame, bytes), GATE_FRAME_MAX);
	assert_round_trip(&frame);
}

static void the_bytes_on_the_wire_are_as_promised(void **state)
{
	(void)state;
	const struct gate_frame frame = {.kind = GATE_RESULT,
					 .verdict = GATE_IN,
					 .count = 1,
					 .delay = 0x01020304,
					 .strings = {string_of("al")}};
	const unsigned char promised[] = {0, 4, 1, 4, 1, 1, 0, 0, 1, 2, 3, 4, 0, 2, 'a', 'l'};
	unsigned char bytes[GATE_FRAME_MAX];
	assert_int_equal(gate_pack(&frame, bytes), sizeof promised);
	assert_memory_equal(bytes, promised, sizeof promised);
}

static void no_truncation_is_a_frame(void **state)
{
	(void)state;
	const struct gate_frame frame = start_frame();
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame back;
	size_t size = gate_pack(&frame, bytes);
	for (size_t cut = 0; cut < size; cut++) {
		assert_false(unpacks(bytes, cut, &back));
		if (cut < GATE_HEAD_SIZE)
			continue;
		/* The same with a head that agrees with the cut. */
		unsigned char agreed[GATE_FRAME_MAX];
		memcpy(agreed, bytes, cut);
		agreed[0] = 0;
		agreed[1] = (unsigned char)(cut - GATE_HEAD_SIZE);
		assert_false(unpacks(agreed, cut, &back));
	}
	bytes[size] = 0;
	bytes[1]++;
	assert_false(unpacks(bytes, size + 1, &back));
}

static void unsound_frames_are_not_packed(void **state)
{
	(void)state;
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame frames[12];
	for (size_t i = 0; i < 12; i++)
		frames[i] = start_frame();
	frames[0].kind = 0;
	frames[1].kind = GATE_RESULT + 1;
	frames[2].count = 2;
	frames[3].count = 0;
	frames[4].verdict = GATE_IN;
	frames[5].delay = 1;
	frames[6].strings[0] = (struct gate_string){longest, GATE_STRING_MAX + 1};
	frames[7] = (struct gate_frame){.kind = GATE_ANSWER, .count = GATE_COUNT_MAX + 1};
	frames[8] = (struct gate_frame){.kind = GATE_PROMPT, .count = 1, .strings = {string_of("OTP")}};
	frames[9] = (struct gate_frame){.kind = GATE_PROMPT, .count = 1, .strings = {string_of("")}};
	frames[10] = (struct gate_frame){.kind = GATE_RESULT, .verdict = GATE_IN, .count = 1};
	frames[11] = (struct gate_frame){
		.kind = GATE_RESULT, .verdict = GATE_WRONG, .count = 1, .strings = {string_of("alice")}};
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(gate_pack(&frames[i], bytes), 0);
}

static void unsound_bytes_are_not_unpacked(void **state)
{
	(void)state;
	/* {position in the frame, a value that cannot stand there} */
	static const unsigned char wrong[][2] = {
		{2, 0},  {2, GATE_VERSION + 1}, {3, 0}, {3, GATE_RESULT}, {3, 255}, {4, GATE_IN}, {5, 0}, {5, 2},
		{5, 4},  {5, GATE_COUNT_MAX + 1}, {5, 255}, {6, 1}, {7, 1}, {8, 1}, {11, 1}, {12, 2}, {12, 255},
		{13, 4}, {13, 6},
	};
	const struct gate_frame frame = start_frame();
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame back;
	size_t size = gate_pack(&frame, bytes);
	assert_true(unpacks(bytes, size, &back));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		unsigned char was = bytes[wrong[i][0]];
		bytes[wrong[i][0]] = wrong[i][1];
		assert_false(unpacks(bytes, size, &back));
		bytes[wrong[i][0]] = was;
	}
}

static void a_string_over_long_is_not_unpacked(void **state)
{
	(void)state;
	enum { SIZE = GATE_HEAD_SIZE + 2 + GATE_STRING_MAX + 1 };
	unsigned char bytes[SIZE] = {(SIZE - GATE_HEAD_SIZE) >> 8, (SIZE - GATE_HEAD_SIZE) & 255, GATE_VERSION,
				     GATE_ANSWER, 0, 1};
	struct gate_frame back;
	bytes[12] = (GATE_STRING_MAX + 1) >> 8;
	bytes[13] = (GATE_STRING_MAX + 1) & 255;
	assert_false(unpacks(bytes, SIZE, &back));
}

static void any_bytes_are_survived(void **state)
{
	(void)state;
	struct gate_frame back;
	unsigned char bytes[96];
	unsigned taken = 0;
	srand(1);
	for (int round = 0; round < 200000; round++) {
		size_t size = GATE_HEAD_SIZE + (size_t)rand() % (sizeof bytes - GATE_HEAD_SIZE);
		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)(rand() % 4 ? rand() % 5 : rand());
		bytes[0] = 0;
		bytes[1] = (unsigned char)(size - GATE_HEAD_SIZE);
		bytes[2] = GATE_VERSION;
		memset(bytes + 6, 0, 6);
		if (!unpacks(bytes, size, &back))
			continue;
		taken++;
		unsigned char again[GATE_FRAME_MAX];
		assert_true(gate_unpack(bytes, size, &back));
		assert_int_equal(gate_pack(&back, again), size);
		assert_memory_equal(again, bytes, size);
	}
	assert_true(taken > 0);
}

static void a_frame_crosses_a_socket_byte_by_byte(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	const struct gate_frame frame = start_frame();
	unsigned char bytes[GATE_FRAME_MAX], received[GATE_FRAME_MAX];
	struct gate_frame back;
	size_t size = gate_pack(&frame, bytes);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < size; i++) {
			usleep(500);
			if (send(pair[1], bytes + i, 1, MSG_NOSIGNAL) != 1)
				_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(gate_receive(pair[0], gate_now() + 5000, received, &back), GATE_MOVED);
	assert_same(&frame, &back);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(pair[0]);
	close(pair[1]);
}

static void a_moment_that_passes_ends_receiving(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame back;
	int64_t began = gate_now();
	assert_int_equal(send(pair[1], "\0\5\1", 3, 0), 3);
	assert_int_equal(gate_receive(pair[0], began + 60, bytes, &back), GATE_LATE);
	assert_in_range(gate_now() - began, 59, 2000);
	close(pair[1]);
	assert_int_equal(gate_receive(pair[0], gate_now() + 60, bytes, &back), GATE_LEFT);
	close(pair[0]);
}

static void a_peer_that_does_not_read_ends_sending(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct gate_frame frame = {.kind = GATE_ANSWER, .count = GATE_COUNT_MAX};
	for (unsigned i = 0; i < GATE_COUNT_MAX; i++)
		frame.strings[i] = (struct gate_string){longest, GATE_STRING_MAX};
	enum gate_moved moved = GATE_MOVED;
	for (int i = 0; i < 1000 && moved == GATE_MOVED; i++)
		moved = gate_send(pair[0], gate_now() + 20, &frame);
	assert_int_equal(moved, GATE_LATE);
	close(pair[1]);
	assert_int_equal(gate_send(pair[0], gate_now() + 20, &frame), GATE_LEFT);
	frame.count = 0;
	assert_int_equal(gate_send(pair[0], gate_now() + 20, &frame), GATE_BROKEN);
	close(pair[0]);
}

static void an_impossible_head_is_not_waited_for(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	unsigned char bytes[GATE_FRAME_MAX];
	struct gate_frame back;
	assert_int_equal(send(pair[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_int_equal(gate_receive(pair[0], gate_now() + 5000, bytes, &back), GATE_BROKEN);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(the_largest_frame_comes_back),
		cmocka_unit_test(the_bytes_on_the_wire_are_as_promised),
		cmocka_unit_test(no_truncation_is_a_frame),
		cmocka_unit_test(unsound_frames_are_not_packed),
		cmocka_unit_test(unsound_bytes_are_not_unpacked),
		cmocka_unit_test(a_string_over_long_is_not_unpacked),
		cmocka_unit_test(any_bytes_are_survived),
		cmocka_unit_test(a_frame_crosses_a_socket_byte_by_byte),
		cmocka_unit_test(a_moment_that_passes_ends_receiving),
		cmocka_unit_test(a_peer_that_does_not_read_ends_sending),
		cmocka_unit_test(an_impossible_head_is_not_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
