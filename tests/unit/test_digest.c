/* SPDX-License-Identifier: Apache-2.0
 * Keyed hashes and sealed boxes: against RFC 4231 through the documented framing, and against tampering. */
#include "sign/digest.h"

#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char key[] = "0123456789abcdef0123456789abcdef";

static int call_begin(void **state)
{
	*state = call_new("test", 1000);
	return 0;
}

static int call_end(void **state)
{
	talloc_free(*state);
	return 0;
}

/* RFC 4231, test case 2: the HMAC that the framing is held against is the one of the RFC. */
static void reference(const char *with, const void *bytes, size_t size, uint8_t out[DIGEST_SIZE])
{
	static const uint8_t known[DIGEST_SIZE] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
						   0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
						   0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	unsigned length = DIGEST_SIZE;
	static const char question[] = "what do ya want for nothing?";
	assert_non_null(HMAC(EVP_sha256(), "Jefe", 4, (const uint8_t *)question, strlen(question), out, &length));
	assert_memory_equal(out, known, DIGEST_SIZE);
	assert_non_null(HMAC(EVP_sha256(), with, (int)strlen(with), bytes, size, out, &length));
}

static void a_digest_is_hmac_sha_256_of_its_framing(void **state)
{
	uint8_t wanted[DIGEST_SIZE], got[DIGEST_SIZE];
	static const char framed[] = "label\0"
				     "\3\0\0\0\0\0\0\0abc"
				     "\0\0\0\0\0\0\0\0"
				     "\2\0\0\0\0\0\0\0d";
	const struct digest_part parts[] = {{"abc", 3}, {NULL, 0}, {"d\0", 2}};
	(void)state;
	reference(key, framed, 6 + 11 + 8 + 10, wanted);
	digest_keyed(key, "label", 3, parts, got);
	assert_memory_equal(got, wanted, DIGEST_SIZE);
	reference(key, "label", 6, wanted);
	digest_keyed(key, "label", 0, NULL, got);
	assert_memory_equal(got, wanted, DIGEST_SIZE);
}

static void digest(const char *with, const char *label, const char *a, const char *b, uint8_t out[DIGEST_SIZE])
{
	const struct digest_part parts[] = {{a, strlen(a)}, {b, strlen(b)}};
	digest_keyed(with, label, 2, parts, out);
}

static void a_digest_depends_on_all_it_is_given(void **state)
{
	uint8_t first[DIGEST_SIZE], other[DIGEST_SIZE];
	(void)state;
	digest(key, "token", "ab", "c", first);
	digest(key, "token", "ab", "c", other);
	assert_memory_equal(first, other, DIGEST_SIZE);
	digest(key, "token", "a", "bc", other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
	digest(key, "token", "", "abc", other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
	digest(key, "tokena", "b", "c", other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
	digest(key, "session", "ab", "c", other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
	digest("0123456789abcdef0123456789abcdeg", "token", "ab", "c", other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
}

/* ---- sealed boxes ---- */

static void a_sealed_box_opens_at_every_size(void **state)
{
	uint8_t bytes[300], *sealed;
	char *opened;
	size_t sealed_size, size;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n < sizeof bytes; n += n < 20 ? 1 : 31) {
		assert_int_equal(seal_make(*state, key, "box", bytes, n, &sealed, &sealed_size), SKD_OK);
		assert_int_equal(sealed_size, n + 28);
		assert_int_equal(seal_open(*state, key, "box", sealed, sealed_size, &opened, &size), SKD_OK);
		assert_int_equal(size, n);
		if (n)
			assert_memory_equal(opened, bytes, n);
		assert_int_equal(opened[n], 0);
	}
}

static void no_two_boxes_are_alike(void **state)
{
	uint8_t *one, *two;
	size_t size;
	assert_int_equal(seal_make(*state, key, "box", "secret", 6, &one, &size), SKD_OK);
	assert_int_equal(seal_make(*state, key, "box", "secret", 6, &two, &size), SKD_OK);
	assert_memory_not_equal(one, two, 12);
	assert_memory_not_equal(one + 12, two + 12, 6);
	assert_memory_not_equal(one + 12, "secret", 6);
}

static void stays_shut(struct skd_call *call, const char *with, const char *label, const uint8_t *sealed, size_t size)
{
	char *opened = NULL;
	size_t ignored;
	call_forgive(call);
	assert_int_equal(seal_open(call, with, label, sealed, size, &opened, &ignored), SKD_FAULT);
	assert_null(opened);
}

static void an_altered_box_stays_shut(void **state)
{
	uint8_t *sealed;
	size_t size;
	assert_int_equal(seal_make(*state, key, "box", "secret", 6, &sealed, &size), SKD_OK);
	for (size_t i = 0; i < size * 8; i++) {
		sealed[i / 8] ^= (uint8_t)(1 << i % 8);
		stays_shut(*state, key, "box", sealed, size);
		sealed[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t less = 0; less < size; less++)
		stays_shut(*state, key, "box", talloc_memdup(*state, sealed, less), less);
	stays_shut(*state, key, "bo", sealed, size);
	stays_shut(*state, key, "", sealed, size);
	stays_shut(*state, "0123456789abcdef0123456789abcdeg", "box", sealed, size);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, call_begin, call_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_digest_is_hmac_sha_256_of_its_framing),
		TEST(a_digest_depends_on_all_it_is_given),
		TEST(a_sealed_box_opens_at_every_size),
		TEST(no_two_boxes_are_alike),
		TEST(an_altered_box_stays_shut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
