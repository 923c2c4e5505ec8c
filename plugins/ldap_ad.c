/* SPDX-License-Identifier: Apache-2.0
 * What Active Directory writes in ways of its own: identifiers, flags and times. Knows nothing but values. */
#include "ldap_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t ticks_a_second = 10000000, seconds_1601_to_1970 = 11644473600;
enum { ACCOUNT_DISABLED = 2, GUID_SIZE = 16, SID_HEAD = 8 };

bool ad_number(struct skd_text value, int64_t *number)
{
	char digits[24], *end;
	if (!value.size || value.size >= sizeof digits)
		return false;
	memcpy(digits, value.bytes, value.size);
	digits[value.size] = '\0';
	*number = strtoll(digits, &end, 10);
	return end == digits + value.size;
}

/* The first three fields are numbers, least byte first; the rest are bytes. */
struct skd_text ad_guid_text(struct skd_text value, char text[AD_GUID_TEXT])
{
	static const unsigned char order[GUID_SIZE] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	size_t used = 0;
	if (value.size != GUID_SIZE)
		return value;
	for (size_t i = 0; i < GUID_SIZE; i++)
		used += (size_t)snprintf(text + used, AD_GUID_TEXT - used, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
					 (unsigned char)value.bytes[order[i]]);
	return (struct skd_text){text, used};
}

bool ad_account_is_disabled(struct skd_text flags)
{
	int64_t number;
	return !ad_number(flags, &number) || (number & ACCOUNT_DISABLED);
}

bool ad_account_has_expired(struct skd_text ticks)
{
	int64_t number;
	if (!ad_number(ticks, &number))
		return true;
	return number != 0 && number / ticks_a_second - seconds_1601_to_1970 <= (int64_t)time(NULL);
}

bool ad_group_number(struct skd_text sid, uint32_t *number)
{
	const unsigned char *bytes = (const unsigned char *)sid.bytes;
	if (sid.size < SID_HEAD + 4 || sid.size != SID_HEAD + 4 * (size_t)bytes[1])
		return false;
	bytes += sid.size - 4;
	*number = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	return true;
}

bool ad_primary_number(struct skd_text value, uint32_t *number)
{
	int64_t wide;
	if (!ad_number(value, &wide) || wide < 0 || wide > UINT32_MAX)
		return false;
	*number = (uint32_t)wide;
	return true;
}
