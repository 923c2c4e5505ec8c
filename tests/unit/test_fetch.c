/* SPDX-License-Identifier: Apache-2.0
 * Which addresses are public: the registries' own examples, and the neighbours of each range. */
#include "fetch/fetch.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

static bool is_public(const char *text)
{
	uint8_t bytes[16] = {0};
	int family = inet_pton(AF_INET, text, bytes) == 1 ? AF_INET : AF_INET6;
	assert_true(family == AF_INET || inet_pton(AF_INET6, text, bytes) == 1);
	return fetch_is_public(family, bytes);
}

static void test_public_addresses(void **state)
{
	static const char *const addresses[] = {"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1", "2001:200::",
		"2003::1", "2a00:1450::1"};
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (!is_public(addresses[i]))
			fail_msg("%s is public", addresses[i]);
}

static void test_addresses_that_are_not(void **state)
{
	static const char *const addresses[] = {"0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.0",
		"100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.8",
		"192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "100::1",
		"2001::1", "2001:1ff:ffff::", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00::1", "fe80::1", "ff02::1", "5f00::1"};
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (is_public(addresses[i]))
			fail_msg("%s is not public", addresses[i]);
	assert_false(fetch_is_public(AF_UNIX, (const uint8_t *)"\x08\x08\x08\x08"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_public_addresses), cmocka_unit_test(test_addresses_that_are_not)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
