/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, certificates: who one is for, by whom, until when (RFC 5280 4.1), for people to read.
 * Verifies nothing: that is TLS's. */
#include "ldap.h"

#include <ldap.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DER_VERSION = 0xa0, DER_UTC_TIME = 0x17, DER_TIME = 0x18 };

/* The DN whose content was just passed. DER: the length's form follows from the length. */
static bool name_read(const struct berval *content, char *out, size_t room)
{
	ber_len_t head = content->bv_len < 0x80 ? 2 : content->bv_len < 0x100 ? 3 : 4;
	struct berval whole = {content->bv_len + head, content->bv_val - head}, dn = {0, NULL};
	if (content->bv_len > 0xffff || ldap_X509dn2bv(&whole, &dn, NULL, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return false;
	snprintf(out, room, "%.*s", (int)dn.bv_len, dn.bv_val ? dn.bv_val : "");
	ldap_memfree(dn.bv_val);
	return true;
}

/* YYMMDDhhmmssZ of 1950 to 2049, or YYYYMMDDhhmmssZ. */
static bool time_read(ber_tag_t tag, const struct berval *value, int64_t *seconds)
{
	char digits[16];
	struct tm at = {0};
	size_t size = tag == DER_TIME ? 15 : 13;
	if ((tag != DER_TIME && tag != DER_UTC_TIME) || value->bv_len != size)
		return false;
	snprintf(digits, sizeof digits, "%.*s", (int)size, value->bv_val);
	if (sscanf(digits, tag == DER_TIME ? "%4d%2d%2d%2d%2d%2d" : "%2d%2d%2d%2d%2d%2d", &at.tm_year, &at.tm_mon,
		   &at.tm_mday, &at.tm_hour, &at.tm_min, &at.tm_sec) != 6)
		return false;
	at.tm_year += tag == DER_TIME ? -1900 : at.tm_year < 50 ? 100 : 0;
	at.tm_mon--;
	*seconds = timegm(&at);
	return true;
}

static bool validity_read(const struct berval *validity, int64_t *until)
{
	struct berval from, to;
	BerElement *ber = ber_init((struct berval *)validity);
	if (!ber)
		return false;
	bool good = ber_skip_element(ber, &from) != LBER_DEFAULT && time_read(ber_skip_element(ber, &to), &to, until);
	ber_free(ber, 1);
	return good;
}

static bool body_read(BerElement *ber, struct dir_certificate *certificate)
{
	struct berval value;
	ber_len_t size;
	ber_skip_tag(ber, &size);
	ber_skip_tag(ber, &size);
	if (ber_peek_tag(ber, &size) == DER_VERSION)
		ber_skip_element(ber, &value);
	ber_skip_element(ber, &value); /* the serial number */
	ber_skip_element(ber, &value); /* the algorithm */
	return ber_skip_element(ber, &value) == LBER_SEQUENCE &&
	       name_read(&value, certificate->issuer, sizeof certificate->issuer) &&
	       ber_skip_element(ber, &value) == LBER_SEQUENCE && validity_read(&value, &certificate->until) &&
	       ber_skip_element(ber, &value) == LBER_SEQUENCE &&
	       name_read(&value, certificate->subject, sizeof certificate->subject);
}

bool dir_certificate_read(const struct berval *der, struct dir_certificate *certificate)
{
	BerElement *ber = ber_init((struct berval *)der);
	*certificate = (struct dir_certificate){{0}};
	bool good = ber && body_read(ber, certificate);
	if (ber)
		ber_free(ber, 1);
	return good;
}
