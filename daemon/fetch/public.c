/* SPDX-License-Identifier: Apache-2.0
 * The addresses that are not everybody's: IANA's registries of special-purpose addresses (RFC 6890). */
#include "fetch/fetch.h"

#include <string.h>
#include <sys/socket.h>

struct range {
	uint8_t bytes[4];
	int bits;
};

static const struct range private4[] = {
	{{0}, 8}, {{10}, 8}, {{100, 64}, 10}, {{127}, 8}, {{169, 254}, 16}, {{172, 16}, 12}, {{192}, 24}, {{192, 0, 2}, 24},
	{{192, 88, 99}, 24}, {{192, 168}, 16}, {{198, 18}, 15}, {{198, 51, 100}, 24}, {{203, 0, 113}, 24}, {{224}, 3},
};
/* Within 2000::/3, outside of which nothing is public: protocols, documentation, and 6to4, which hides an IPv4 one. */
static const struct range private6[] = {{{0x20, 0x01, 0x00}, 23}, {{0x20, 0x01, 0x0d, 0xb8}, 32}, {{0x20, 0x02}, 16}, {{0x3f, 0xff}, 20}};

static bool is_within(const uint8_t *bytes, const struct range *range)
{
	for (int bit = 0; bit < range->bits; bit++)
		if ((bytes[bit / 8] ^ range->bytes[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool is_among(const uint8_t *bytes, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_within(bytes, &ranges[i]))
			return true;
	return false;
}

bool fetch_is_public(int family, const uint8_t *bytes)
{
	if (family == AF_INET)
		return !is_among(bytes, private4, sizeof private4 / sizeof *private4);
	return family == AF_INET6 && (bytes[0] & 0xe0) == 0x20 && !is_among(bytes, private6, sizeof private6 / sizeof *private6);
}
