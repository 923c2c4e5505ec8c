/* SPDX-License-Identifier: Apache-2.0
 * The door to libldap, its names: DNs made comparable. Knows no schema, so this is a heuristic
 * that treats every value as caseIgnoreMatch would; it never says who somebody is. */
#include "ldap.h"

#include <ldap.h>
#include <string.h>

enum { AVA_MAX = 16 };

/* Letters outside ASCII in upper case: each, or every second, between first and last has its lower
 * case `add` further on (Latin, Greek, Cyrillic, Armenian); none changes its length in UTF-8. */
static const struct {
	unsigned first, last, every, add;
} folds[] = {
	{0x00c0, 0x00d6, 1, 32}, {0x00d8, 0x00de, 1, 32}, {0x0100, 0x012e, 2, 1},  {0x0132, 0x0136, 2, 1},
	{0x0139, 0x0147, 2, 1},  {0x014a, 0x0176, 2, 1},  {0x0179, 0x017d, 2, 1},  {0x0391, 0x03a1, 1, 32},
	{0x03a3, 0x03ab, 1, 32}, {0x0400, 0x040f, 1, 80}, {0x0410, 0x042f, 1, 32}, {0x0460, 0x0480, 2, 1},
	{0x048a, 0x04be, 2, 1},  {0x04d0, 0x052e, 2, 1},  {0x0531, 0x0556, 1, 48}, {0x1e00, 0x1e94, 2, 1},
	{0x1ea0, 0x1efe, 2, 1},
};

static unsigned letter_fold(unsigned letter)
{
	if (letter < 0x80)
		return letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
		if (letter >= folds[i].first && letter <= folds[i].last)
			return (letter - folds[i].first) % folds[i].every ? letter : letter + folds[i].add;
	return letter;
}

/* The length of the UTF-8 character at `at`, or 0 where there is none (RFC 3629). */
static size_t letter_read(const unsigned char *at, size_t left, unsigned *letter)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;
	if (size == 0 || size > left)
		return 0;
	*letter = size == 1 ? *at : *at & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*letter = *letter << 6 | (at[i] & 0x3f);
	}
	bool surrogate = *letter >= 0xd800 && *letter < 0xe000;
	return *letter < least[size] || *letter > 0x10ffff || surrogate ? 0 : size;
}

static void key_reserve(struct dir_key *key, size_t more)
{
	if (key->room - key->size >= more)
		return;
	size_t room = key->room ? key->room : 256;
	while (room - key->size < more)
		room *= 2;
	char *bytes = key->host->alloc(key->call, room);
	if (key->size)
		memcpy(bytes, key->bytes, key->size);
	key->bytes = bytes;
	key->room = room;
}

static void key_put_hex(struct dir_key *key, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	key->bytes[key->size++] = digits[byte >> 4];
	key->bytes[key->size++] = digits[byte & 15];
}

static void key_put_letter(struct dir_key *key, unsigned letter, size_t size)
{
	static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = size; i > 1; i--, letter >>= 6)
		key->bytes[key->size + i - 1] = (char)(0x80 | (letter & 0x3f));
	key->bytes[key->size] = (char)(leads[size] | letter);
	key->size += size;
}

/* `specials`: bytes that have a meaning in a DN and are escaped in a value. */
static void key_put_text(struct dir_key *key, struct skd_text text, const char *specials)
{
	const unsigned char *at = (const unsigned char *)text.bytes;
	size_t start = key->size;
	bool space = false;
	key_reserve(key, text.size * 3 + 1);
	for (size_t i = 0, size; i < text.size; i += size) {
		unsigned letter = 0;
		size = letter_read(at + i, text.size - i, &letter);
		if (at[i] == ' ') {
			space = key->size > start;
			continue;
		}
		if (space)
			key->bytes[key->size++] = ' ';
		space = false;
		if (size == 0 || letter < 0x20 || letter == 0x7f || (letter < 0x80 && strchr(specials, (int)letter))) {
			size = 1;
			key->bytes[key->size++] = '\\';
			key_put_hex(key, at[i]);
		} else {
			key_put_letter(key, letter_fold(letter), size);
		}
	}
}

static void key_put_ava(struct dir_key *key, const LDAPAVA *ava)
{
	const struct berval *value = &ava->la_value;
	key_put_text(key, (struct skd_text){ava->la_attr.bv_val, ava->la_attr.bv_len}, ",+=\\");
	key_reserve(key, value->bv_len * 2 + 2);
	key->bytes[key->size++] = '=';
	if (!(ava->la_flags & LDAP_AVA_BINARY)) {
		key_put_text(key, (struct skd_text){value->bv_val, value->bv_len}, ",+=\"\\<>;#");
		return;
	}
	key->bytes[key->size++] = '#';
	for (size_t i = 0; i < value->bv_len; i++)
		key_put_hex(key, (unsigned char)value->bv_val[i]);
}

static int part_compare(const char *bytes, const size_t *from, size_t a, size_t b)
{
	size_t left = from[a + 1] - from[a], right = from[b + 1] - from[b];
	int order = memcmp(bytes + from[a], bytes + from[b], left < right ? left : right);
	return order ? order : (left > right) - (left < right);
}

/* Puts the parts that stand from from[0] to from[count] in order, joined by '+'. */
static void key_sort(struct dir_key *key, const size_t *from, size_t count)
{
	size_t order[AVA_MAX], start = from[0];
	for (size_t i = 0; i < count; i++) {
		size_t k = i;
		for (; k > 0 && part_compare(key->bytes, from, order[k - 1], i) > 0; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	key_reserve(key, from[count] - start + count);
	for (size_t i = 0; i < count; i++) {
		size_t size = from[order[i] + 1] - from[order[i]];
		if (i)
			key->bytes[key->size++] = '+';
		memcpy(key->bytes + key->size, key->bytes + from[order[i]], size);
		key->size += size;
	}
	key->size -= from[count] - start;
	memmove(key->bytes + start, key->bytes + from[count], key->size - start);
}

static void key_put_rdn(struct dir_key *key, LDAPRDN rdn)
{
	size_t from[AVA_MAX + 1], count = 0;
	for (; rdn[count]; count++) {
		from[count] = key->size;
		key_put_ava(key, rdn[count]);
	}
	from[count] = key->size;
	if (count > 1)
		key_sort(key, from, count);
}

static bool dn_is_small(LDAPDN dn)
{
	for (size_t i = 0; dn && dn[i]; i++) {
		size_t count = 0;
		while (dn[i][count])
			count++;
		if (count > AVA_MAX)
			return false;
	}
	return true;
}

/* libldap's parse of `text`, which may hold no NUL. */
static bool dn_parse(struct dir_key *key, struct skd_text text, LDAPDN *dn)
{
	if (memchr(text.bytes, '\0', text.size))
		return false;
	key_reserve(key, text.size + 1);
	memcpy(key->bytes, text.bytes, text.size);
	key->bytes[text.size] = '\0';
	return ldap_str2dn(key->bytes, dn, LDAP_DN_FORMAT_LDAP) == LDAP_SUCCESS;
}

struct skd_text dir_key_make(struct dir_key *key, struct skd_text dn)
{
	LDAPDN parts = NULL;
	key->size = 0;
	if (!dn.bytes || dn.size == 0)
		return (struct skd_text){NULL, 0};
	if (dn_parse(key, dn, &parts) && dn_is_small(parts)) {
		for (size_t i = 0; parts && parts[i]; i++) {
			if (i) {
				key_reserve(key, 1);
				key->bytes[key->size++] = ',';
			}
			key_put_rdn(key, parts[i]);
		}
	} else {
		key_put_text(key, dn, "");
	}
	ldap_dnfree(parts);
	return (struct skd_text){key->size ? key->bytes : NULL, key->size};
}

struct skd_text dir_key_parent(struct skd_text key)
{
	const char *comma = key.bytes ? memchr(key.bytes, ',', key.size) : NULL;
	if (!comma)
		return (struct skd_text){NULL, 0};
	return (struct skd_text){comma + 1, key.size - (size_t)(comma + 1 - key.bytes)};
}
