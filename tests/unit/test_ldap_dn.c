/* SPDX-License-Identifier: Apache-2.0
 * Keys of DNs: which spellings are one name, which are not, and that no bytes harm them. */
#include "../../plugins/ldap.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct skd_call {
	void *blocks[64];
	size_t count;
};

static void *fake_alloc(struct skd_call *call, size_t size)
{
	assert_true(call->count < 64);
	return call->blocks[call->count++] = calloc(1, size);
}

static const struct skd_host host = {.alloc = fake_alloc};

static int key_begin(void **state)
{
	struct dir_key *key = calloc(1, sizeof *key);
	*key = (struct dir_key){.host = &host, .call = calloc(1, sizeof *key->call)};
	*state = key;
	return 0;
}

static int key_end(void **state)
{
	struct dir_key *key = *state;
	for (size_t i = 0; i < key->call->count; i++)
		free(key->call->blocks[i]);
	free(key->call);
	free(key);
	return 0;
}

/* The DN lies in memory of just its size, so that reading beyond it shows. */
static void expect(struct dir_key *key, const char *dn, size_t size, const char *wanted)
{
	char *copy = malloc(size ? size : 1);
	memcpy(copy, dn, size);
	struct skd_text text = dir_key_make(key, (struct skd_text){copy, size});
	free(copy);
	assert_int_equal(text.size, strlen(wanted));
	if (text.size)
		assert_memory_equal(text.bytes, wanted, text.size);
}

static void is(void **state, const char *dn, const char *wanted)
{
	expect(*state, dn, strlen(dn), wanted);
}

static void case_does_not_matter(void **state)
{
	is(state, "UID=JDoe,OU=People,DC=Example,DC=org", "uid=jdoe,ou=people,dc=example,dc=org");
	is(state, "uid=jdoe,ou=people,dc=example,dc=org", "uid=jdoe,ou=people,dc=example,dc=org");
}

static void spaces_are_compared_as_case_ignore_match_does(void **state)
{
	is(state, " cn = John   Q.  Doe , dc = x ", "cn=john q. doe,dc=x");
	is(state, "cn=\\20John Doe\\20,dc=x", "cn=john doe,dc=x");
	is(state, "cn=John\\20\\20Doe,dc=x", "cn=john doe,dc=x");
	is(state, "cn=JohnDoe,dc=x", "cn=johndoe,dc=x");
	is(state, "cn=\\20,dc=x", "cn=,dc=x");
}

static void escapes_have_one_spelling(void **state)
{
	is(state, "cn=Doe\\, John,dc=x", "cn=doe\\2c john,dc=x");
	is(state, "cn=Doe\\2C John,dc=x", "cn=doe\\2c john,dc=x");
	is(state, "cn=Doe\\2c\\20John,dc=x", "cn=doe\\2c john,dc=x");
	is(state, "cn=a\\+b\\\"c\\\\d\\<e\\>f\\;g\\=h,dc=x",
	   "cn=a\\2bb\\22c\\5cd\\3ce\\3ef\\3bg\\3dh,dc=x");
	is(state, "cn=\\#1,dc=x", "cn=\\231,dc=x");
	is(state, "cn=\\4A\\6f,dc=x", "cn=jo,dc=x");
	is(state, "cn=a=b,dc=x", "cn=a\\3db,dc=x");
}

static void a_value_in_hex_stays_bytes(void **state)
{
	is(state, "1.3.6.1.4.1.1466.0=#04024869,dc=x", "1.3.6.1.4.1.1466.0=#04024869,dc=x");
	is(state, "1.3.6.1.4.1.1466.0=#0402486A,dc=x", "1.3.6.1.4.1.1466.0=#0402486a,dc=x");
}

static void quoted_values_are_the_escaped_ones(void **state)
{
	is(state, "ou=\"a, B\",dc=x", "ou=a\\2c b,dc=x");
	is(state, "ou=a\\, b,dc=x", "ou=a\\2c b,dc=x");
}

static void parts_of_an_rdn_have_no_order(void **state)
{
	is(state, "uid=jd+cn=John Doe,dc=x", "cn=john doe+uid=jd,dc=x");
	is(state, "CN=John Doe + UID=jd,dc=x", "cn=john doe+uid=jd,dc=x");
	is(state, "c=3+b=2+a=1,e=5+d=4", "a=1+b=2+c=3,d=4+e=5");
	is(state, "cn=b+cn=a,dc=x", "cn=a+cn=b,dc=x");
	is(state, "cn=ab+cn=a,dc=x", "cn=a+cn=ab,dc=x");
}

static void an_rdn_of_too_many_parts_is_a_copy(void **state)
{
	is(state, "A=1+B=2+C=3+D=4+E=5+F=6+G=7+H=8+I=9+J=1+K=2+L=3+M=4+N=5+O=6+P=7+Q=8,dc=X",
	   "a=1+b=2+c=3+d=4+e=5+f=6+g=7+h=8+i=9+j=1+k=2+l=3+m=4+n=5+o=6+p=7+q=8,dc=x");
	is(state, "P=1+B=2+C=3+D=4+E=5+F=6+G=7+H=8+I=9+J=1+K=2+L=3+M=4+N=5+O=6+A=7,dc=X",
	   "a=7+b=2+c=3+d=4+e=5+f=6+g=7+h=8+i=9+j=1+k=2+l=3+m=4+n=5+o=6+p=1,dc=x");
}

static void letters_beyond_ascii_have_cases_too(void **state)
{
	is(state, "cn=ÉMILE ŽIŽKA,dc=x", "cn=émile žižka,dc=x");
	is(state, "cn=\\C3\\89mile \\c5\\bdi\\C5\\BEka,dc=x", "cn=émile žižka,dc=x");
	is(state, "cn=ΑΘΗΝΑ ЁЛКА ЖУК ՀԱՅ NGUYỄN,dc=x", "cn=αθηνα ёлка жук հայ nguyễn,dc=x");
	is(state, "cn=山田 太郎 ×÷ß İ 😀,dc=x", "cn=山田 太郎 ×÷ß İ 😀,dc=x");
}

static void what_is_no_utf8_is_escaped(void **state)
{
	is(state, "cn=\\ff\\C3,dc=x", "cn=\\ff\\c3,dc=x");
	is(state, "cn=\xff\xc3,dc=x", "cn=\\ff\\c3,dc=x");
	is(state, "cn=\\C0\\80\\ED\\A0\\80\\F5\\80\\80\\80,dc=x", "cn=\\c0\\80\\ed\\a0\\80\\f5\\80\\80\\80,dc=x");
	is(state, "cn=\\E0\\80\\80 \\F4\\90\\80\\80,dc=x", "cn=\\e0\\80\\80 \\f4\\90\\80\\80,dc=x");
}

static void control_characters_are_escaped(void **state)
{
	is(state, "cn=a\\0Ab\\00c\\7f,dc=x", "cn=a\\0ab\\00c\\7f,dc=x");
	is(state, "cn=a\nb\tc,dc=x", "cn=a\\0ab\\09c,dc=x");
	expect(*state, "cn=a\0B,dc=x", 11, "cn=a\\00b,dc=x");
}

static void what_is_no_dn_is_a_copy_in_lower_case(void **state)
{
	is(state, "<GUID=C851346D-0000-0000-0000-000000000000>", "<guid=c851346d-0000-0000-0000-000000000000>");
	is(state, "JDoe", "jdoe");
	is(state, "cn=Joe,", "cn=joe,");
	is(state, "cn=Joe\\", "cn=joe\\");
	is(state, "CN=\"Joe\"X,dc=x", "cn=\"joe\"x,dc=x");
	is(state, "No DN\r\n  At\xfe All", "no dn\\0d\\0a at\\fe all");
}

static void nothing_has_no_key(void **state)
{
	struct skd_text none = dir_key_make(*state, (struct skd_text){NULL, 0});
	assert_null(none.bytes);
	is(state, "", "");
	is(state, "   ", "");
}

static void long_names_are_whole(void **state)
{
	enum { LONG = 100000 };
	char *dn = malloc(LONG + 8), *wanted = malloc(LONG + 8);
	memcpy(dn, "CN=", 3);
	memset(dn + 3, 'X', LONG);
	strcpy(dn + 3 + LONG, ",C=y");
	memcpy(wanted, "cn=", 3);
	memset(wanted + 3, 'x', LONG);
	strcpy(wanted + 3 + LONG, ",c=y");
	is(state, dn, wanted);
	is(state, "cn=short", "cn=short");
	free(dn);
	free(wanted);
}

static void a_key_is_its_own_key(void **state)
{
	static const char *const keys[] = {"cn=doe\\2c john+uid=jd,ou=a\\3db,dc=x", "cn=a\\0ab\\00c\\ff\\c3\\22\\3c,dc=x",
					   "cn=émile žižka,dc=x", "<guid=1>"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		is(state, keys[i], keys[i]);
}

static void the_entry_above_is_found_in_the_key(void **state)
{
	static const char dn[] = "CN=Doe\\, John+uid=1,OU=\"R, D\",DC=x";
	struct skd_text key = dir_key_make(*state, (struct skd_text){dn, sizeof dn - 1});
	key = dir_key_parent(key);
	assert_int_equal(key.size, strlen("ou=r\\2c d,dc=x"));
	assert_memory_equal(key.bytes, "ou=r\\2c d,dc=x", key.size);
	key = dir_key_parent(key);
	assert_memory_equal(key.bytes, "dc=x", 4);
	assert_null(dir_key_parent(key).bytes);
	assert_null(dir_key_parent((struct skd_text){NULL, 0}).bytes);
}

/* Every value of four telling bytes: none may crash or leave a control character. */
static void no_bytes_harm(void **state)
{
	static const char bytes[] = "=,+\\\"#; aZ2\0\xc3\xff";
	char dn[8] = "cn=";
	for (unsigned n = 0; n < 15 * 15 * 15 * 15; n++) {
		for (unsigned i = 0, rest = n; i < 4; i++, rest /= 15)
			dn[3 + i] = bytes[rest % 15];
		struct skd_text key = dir_key_make(*state, (struct skd_text){dn, 7});
		assert_true(key.size >= 2 && key.size <= 3 + 3 * 4);
		for (size_t i = 0; i < key.size; i++)
			assert_true((unsigned char)key.bytes[i] >= 0x20 && key.bytes[i] != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(case_does_not_matter, key_begin, key_end),
		cmocka_unit_test_setup_teardown(spaces_are_compared_as_case_ignore_match_does, key_begin, key_end),
		cmocka_unit_test_setup_teardown(escapes_have_one_spelling, key_begin, key_end),
		cmocka_unit_test_setup_teardown(a_value_in_hex_stays_bytes, key_begin, key_end),
		cmocka_unit_test_setup_teardown(quoted_values_are_the_escaped_ones, key_begin, key_end),
		cmocka_unit_test_setup_teardown(parts_of_an_rdn_have_no_order, key_begin, key_end),
		cmocka_unit_test_setup_teardown(an_rdn_of_too_many_parts_is_a_copy, key_begin, key_end),
		cmocka_unit_test_setup_teardown(letters_beyond_ascii_have_cases_too, key_begin, key_end),
		cmocka_unit_test_setup_teardown(what_is_no_utf8_is_escaped, key_begin, key_end),
		cmocka_unit_test_setup_teardown(control_characters_are_escaped, key_begin, key_end),
		cmocka_unit_test_setup_teardown(what_is_no_dn_is_a_copy_in_lower_case, key_begin, key_end),
		cmocka_unit_test_setup_teardown(nothing_has_no_key, key_begin, key_end),
		cmocka_unit_test_setup_teardown(long_names_are_whole, key_begin, key_end),
		cmocka_unit_test_setup_teardown(a_key_is_its_own_key, key_begin, key_end),
		cmocka_unit_test_setup_teardown(the_entry_above_is_found_in_the_key, key_begin, key_end),
		cmocka_unit_test_setup_teardown(no_bytes_harm, key_begin, key_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
