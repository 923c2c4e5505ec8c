/* SPDX-License-Identifier: Apache-2.0
 * The growing buffer, UTF-8 and what may not reach a log line as it is. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_begin(struct text *text, void *owner, size_t room)
{
	*text = (struct text){.owner = owner, .room = room};
	text->bytes = talloc_size(owner, room);
	if (!text->bytes)
		abort();
}

char *text_room(struct text *text, size_t size)
{
	if (text->room - text->size < size) {
		size_t room = text->room * 2;
		if (room < text->size + size)
			room = text->size + size + 256;
		text->bytes = talloc_realloc_size(text->owner, text->bytes, room);
		if (!text->bytes)
			abort();
		text->room = room;
	}
	return text->bytes + text->size;
}

void text_add(struct text *text, const char *bytes, size_t size)
{
	if (!size)
		return; /* bytes may be NULL */
	memcpy(text_room(text, size), bytes, size);
	text->size += size;
}

void text_adds(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size > 0) {
		vsnprintf(text_room(text, (size_t)size + 1), (size_t)size + 1, format, again);
		text->size += (size_t)size;
	}
	va_end(again);
}

const char *text_end(struct text *text)
{
	*text_room(text, 1) = '\0';
	return text->bytes;
}

/* The size of the sequence at `s`, or 0 when it is not UTF-8. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	if (s[0] < 0x80)
		return s[0] != 0;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size_t size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (left < size)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return size;
}

bool utf8_valid(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t step = utf8_sequence((const unsigned char *)bytes + i, size - i);
		if (!step)
			return false;
		i += step;
	}
	return true;
}

size_t utf8_length(const char *string)
{
	size_t length = 0;
	for (; *string; string++)
		length += ((unsigned char)*string & 0xc0) != 0x80;
	return length;
}

/* C1 controls, line and paragraph separators, bidirectional marks, embeddings, overrides, isolates. */
static bool is_unseen(const unsigned char *s, size_t size)
{
	if (size == 2)
		return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c);
	if (size != 3 || s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

void text_add_escaped(struct text *text, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size;) {
		const unsigned char *s = (const unsigned char *)bytes + i;
		size_t step = utf8_sequence(s, size - i);
		if (step && s[0] >= 0x20 && s[0] != 0x7f && s[0] != '\\' && !is_unseen(s, step)) {
			text_add(text, bytes + i, step);
			i += step;
			continue;
		}
		for (size_t end = i + (step ? step : 1); i < end; i++)
			text_addf(text, "\\x%02x", (unsigned char)bytes[i]);
	}
}

void text_add_html(struct text *text, const char *words)
{
	for (; *words; words++)
		if (strchr("<>&\"'", *words) || (unsigned char)*words < ' ')
			text_addf(text, "&#%d;", (unsigned char)*words < ' ' ? ' ' : *words);
		else
			text_add(text, words, 1);
}

const char *text_escaped(void *owner, const char *string)
{
	struct text text;
	text_begin(&text, owner, 64);
	text_add_escaped(&text, string ? string : "", string ? strlen(string) : 0);
	return text_end(&text);
}

const char *text_shown(void *owner, const char *string)
{
	enum { MOST = 80 };
	return text_escaped(owner, talloc_strndup(owner, string, MOST));
}

const char *text_whole(void *owner, const char *string)
{
	enum { MOST = 2000 };
	const char *shown = text_escaped(owner, talloc_strndup(owner, string, MOST));
	return string && strlen(string) > MOST ? talloc_asprintf(owner, "%s...", shown) : shown;
}

uint64_t text_hash(const char *bytes, size_t size)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
	return hash;
}

bool string_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool strings_same(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	for (size_t i = 0; a_count == b_count && i < a_count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return a_count == b_count;
}

bool strings_have(const char *const *strings, size_t count, const char *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(strings[i], wanted) == 0)
			return true;
	return false;
}

bool string_equal_nocase(const char *a, const char *b)
{
	for (;; a++, b++) {
		unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
		x = x >= 'A' && x <= 'Z' ? x | 0x20 : x;
		y = y >= 'A' && y <= 'Z' ? y | 0x20 : y;
		if (x != y)
			return false;
		if (!x)
			return true;
	}
}
