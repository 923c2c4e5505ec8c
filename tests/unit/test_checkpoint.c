/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints: against RFC 8032 7.1, against what half a write leaves behind, and against every changed byte. */
#include "sign/checkpoint.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 8032, test 1: the secret key, and the public one in base64url. */
static const char key[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char public[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
static const uint8_t hash[DIGEST_SIZE] = {1, 2, 3};

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

/* As skillsd-sign and the daemon together make one. */
static char *signed_line(void **state)
{
	uint8_t seed[32], signature[64];
	size_t size = sizeof signature;
	char *text = talloc_asprintf(*state, "skillsd-checkpoint 1 42 2026-11-22T07:00:00Z %s %s", base64url_encode(*state, hash, DIGEST_SIZE), public);
	for (int i = 0; i < 32; i++)
		sscanf(key + 2 * i, "%2hhx", &seed[i]);
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, pair), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &size, (const uint8_t *)text, strlen(text)), 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pair);
	return talloc_asprintf(*state, "%s %s", text, base64url_encode(*state, signature, size));
}

static char *bare_line(void **state)
{
	const char *line;
	assert_int_equal(checkpoint_write(*state, NULL, NULL, 42, hash, "2026-11-22T07:00:00Z", &line), SKD_OK);
	return talloc_strdup(*state, line);
}

static void a_key_is_what_skillsd_sign_prints(void **state)
{
	static const char line[] = "01a202d0-d91a-7602-9769-960ac5ea170f ed25519 checkpoint MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
	struct checkpoint_key found;
	char *changed = talloc_strdup(*state, line);
	assert_true(checkpoint_key_read(line, &found));
	assert_string_equal(found.id, "01a202d0-d91a-7602-9769-960ac5ea170f");
	assert_string_equal(found.public, public);
	for (size_t size = sizeof line - 1; size-- > 0;) {
		changed[size] = '\0';
		assert_false(checkpoint_key_read(changed, &found));
	}
	static const char *const wrong[] = {"", "01a202d0-d91a-7602-9769-960ac5ea170f p256 checkpoint MCow", key, public};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(checkpoint_key_read(wrong[i], &found));
	assert_false(checkpoint_key_read(talloc_asprintf(*state, "%sA", line), &found));
	assert_false(checkpoint_key_read(talloc_asprintf(*state, "%s ", line), &found));
	memcpy(strcpy(changed, line) + 37, "ed25519 assertions", 18);
	assert_false(checkpoint_key_read(changed, &found));
	assert_true(checkpoint_public_valid(public));
	assert_false(checkpoint_public_valid("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR"));
}

/* By another key, behind a trusted one that only looks like it: widths would part these words where spaces do not. */
static void words_are_parted_by_spaces_alone(void **state)
{
	const char *line = signed_line(state), *hash_text = base64url_encode(*state, hash, DIGEST_SIZE);
	const char *signature = strrchr(line, ' ') + 1;
	struct checkpoint found;
	const char *const wrong[] = {
		talloc_asprintf(*state, "skillsd-checkpoint 1 42 2026-11-22T08:00:00.0000000000Z%s %s %s%s", hash_text, public, public, signature),
		talloc_asprintf(*state, "skillsd-checkpoint 1 42 2026-11-22T07:00:00Z %s  %s %s", hash_text, public, signature),
		talloc_asprintf(*state, "skillsd-checkpoint 1 42 2026-11-22T07:00:00Z %s %s%s", hash_text, public, signature),
		talloc_asprintf(*state, "skillsd-checkpoint 1 42 2026-11-22T07:00:00Z %s - %s", hash_text, signature),
		talloc_asprintf(*state, "skillsd-checkpoint 1 42 2026-11-22T07:00:00Z %s %s -", hash_text, public),
		talloc_asprintf(*state, "skillsd-checkpoint 1 -42 2026-11-22T07:00:00Z %s %s %s", hash_text, public, signature)};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(checkpoint_read(wrong[i], &found));
		assert_false(checkpoint_is_signed(wrong[i]));
	}
}

static void what_is_written_is_read(void **state)
{
	static const char *const before[] = {"", "Nov 22 07:00:00 host skillsd[1]: ", "skillsd-checkpoint 1 7 2026-11-22T06:5", "skillsd-checkpoint 1 "};
	for (int with = 0; with < 2; with++) {
		const char *line = with ? signed_line(state) : bare_line(state);
		for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
			struct checkpoint found;
			const char *whole = talloc_asprintf(*state, "%s%s\n", before[i], line);
			assert_true(checkpoint_read(whole, &found));
			assert_int_equal(found.sequence, 42);
			assert_string_equal(found.at, "2026-11-22T07:00:00Z");
			assert_memory_equal(found.hash, hash, DIGEST_SIZE);
			assert_string_equal(found.key, with ? public : "-");
			assert_int_equal(checkpoint_is_signed(whole), with);
		}
	}
}

static void half_a_line_is_none(void **state)
{
	struct checkpoint found;
	char *line = signed_line(state);
	for (size_t size = strlen(line); size-- > 0;) {
		line[size] = '\0';
		assert_false(checkpoint_read(line, &found));
		assert_false(checkpoint_is_signed(line));
	}
}

/* Be it in what is signed, in the key, or in the signature. */
static void no_byte_can_be_changed(void **state)
{
	char *line = signed_line(state);
	for (size_t i = 0; line[i]; i++) {
		char was = line[i];
		line[i] = was == 'A' ? 'B' : 'A';
		assert_false(checkpoint_is_signed(line));
		line[i] = was;
	}
	assert_true(checkpoint_is_signed(line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_are_parted_by_spaces_alone, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_key_is_what_skillsd_sign_prints, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_written_is_read, call_begin, call_end),
		cmocka_unit_test_setup_teardown(half_a_line_is_none, call_begin, call_end),
		cmocka_unit_test_setup_teardown(no_byte_can_be_changed, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
