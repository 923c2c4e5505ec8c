/* SPDX-License-Identifier: Apache-2.0
 * Language tags. */
#include "rules/language.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_MAX = 11, WANTED_MAX = 20, OTHERS_MAX = 50 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many of the same kind stand here, up to the next hyphen or the end; 0 for a mixture. */
static size_t run_of(const char *text, bool (*kind)(char c))
{
	size_t size = strcspn(text, "-");
	for (size_t i = 0; i < size; i++)
		if (!kind(text[i]))
			return 0;
	return size;
}

/* `first` of them in upper case, the others in lower case. */
static void case_set(char *text, size_t size, size_t first)
{
	for (size_t i = 0; i < size; i++)
		if (is_letter(text[i]))
			text[i] = (char)(i < first ? text[i] & ~0x20 : text[i] | 0x20);
}

const char *language_tag(struct skd_call *call, const char *text)
{
	char *tag = strlen(text) <= TAG_MAX ? talloc_strdup(call, text) : NULL, *at = tag;
	size_t size = tag ? run_of(at, is_letter) : 0;
	if (size < 2 || size > 3)
		return NULL;
	case_set(at, size, 0);
	at += size;
	if (*at && run_of(at + 1, is_letter) == 4) {
		case_set(at + 1, 4, 1);
		at += 5;
	}
	if (*at && run_of(at + 1, is_letter) == 2) {
		case_set(at + 1, 2, 2);
		at += 3;
	} else if (*at && run_of(at + 1, is_digit) == 3) {
		at += 4;
	}
	return *at ? NULL : tag;
}

enum skd_outcome language_others(struct skd_call *call, const char *language, size_t count, bool among)
{
	if (count > OTHERS_MAX)
		return fail_field(call, "/translations", "must be at most %d", OTHERS_MAX);
	if (count && !language)
		return fail_field(call, "/language", "there is none: it is required where there are translations");
	return among ? fail_field(call, "/translations", "%s is the language of the achievement itself", language) : SKD_OK;
}

/* ---- what is wanted ---- */

struct range {
	const char *text;
	int weight; /* thousandths */
	size_t place;
};

static int range_order(const void *a, const void *b)
{
	const struct range *one = a, *other = b;
	if (one->weight != other->weight)
		return one->weight > other->weight ? -1 : 1;
	return one->place < other->place ? -1 : one->place > other->place;
}

static struct range range_read(struct skd_call *call, const char *item, size_t size, size_t place)
{
	const char *text = talloc_strndup(call, item, size), *q = strstr(text, "q=");
	size_t length = strcspn(text, "; \t");
	double said = q ? strtod(q + 2, NULL) : 1;
	int weight = said >= 0 && said <= 1 ? (int)(said * 1000) : 0;
	return (struct range){language_tag(call, talloc_strndup(call, text, length)), weight, place};
}

void language_wanted(struct skd_call *call, const char *header, const char *const **tags, size_t *count)
{
	struct range ranges[WANTED_MAX];
	size_t found = 0;
	const char **list = talloc_array(call, const char *, WANTED_MAX * 3);
	for (const char *at = header; at && *at && found < WANTED_MAX; at += strcspn(at, ",")) {
		at += strspn(at, ", \t");
		struct range range = range_read(call, at, strcspn(at, ","), found);
		if (range.text && range.weight > 0)
			ranges[found++] = range;
	}
	qsort(ranges, found, sizeof *ranges, range_order);
	*count = 0;
	for (size_t i = 0; i < found; i++)
		for (char *less = talloc_strdup(call, ranges[i].text); *less;) {
			char *last = strrchr(less, '-');
			list[(*count)++] = talloc_strdup(call, less);
			*(last ? last : less) = '\0';
		}
	*tags = list;
}
