/* SPDX-License-Identifier: Apache-2.0
 * LDIF (RFC 2849): lines unfolded, base64 decoded, entries one at a time, each complaint with its line.
 * Laxer than the RFC in one thing: bytes that should be in base64 may stand as they are, since the host
 * checks them anyway. Follows no URL and takes no change. */
#include "ldif.h"

#include <string.h>
#include <strings.h>

/* A larger entry than a group of a million members is not believed. */
static const size_t entry_max = 64 << 20, values_max = 2 << 20;

enum { SHOWN = 60 };

/* ---- memory */

static void *room_double(const struct ldif *ldif, const void *old, size_t used, size_t *room, size_t least, size_t size)
{
	size_t wanted = *room ? *room : 64;
	while (wanted < least)
		wanted *= 2;
	void *memory = ldif->file.host->alloc(ldif->file.call, wanted * size);
	if (used)
		memcpy(memory, old, used * size);
	*room = wanted;
	return memory;
}

static enum skd_outcome bytes_add(struct ldif *ldif, const char *bytes, size_t size)
{
	if (size > entry_max - ldif->size)
		return ldif_fail(&ldif->file, "the entry is larger than %zu MiB", entry_max >> 20);
	if (ldif->room - ldif->size < size)
		ldif->bytes = room_double(ldif, ldif->bytes, ldif->size, &ldif->room, ldif->size + size, 1);
	if (size)
		memcpy(ldif->bytes + ldif->size, bytes, size);
	ldif->size += size;
	return SKD_OK;
}

/* ---- lines */

/* Adds the bytes of the file up to the end of the line. */
static enum skd_outcome line_bytes(struct ldif *ldif)
{
	struct ldif_file *file = &ldif->file;
	const char *end = NULL;
	while (!end) {
		enum skd_outcome outcome = ldif_file_fill(file);
		if (outcome == SKD_OK && file->ended)
			outcome = ldif_fail(file, "the file ends within this line, so it is not whole");
		if (outcome != SKD_OK)
			return outcome;
		const char *at = file->chunk + file->at;
		end = memchr(at, '\n', file->filled - file->at);
		size_t size = end ? (size_t)(end - at) : file->filled - file->at;
		file->at += size + (end != NULL);
		outcome = bytes_add(ldif, at, size);
		if (outcome != SKD_OK)
			return outcome;
	}
	return SKD_OK;
}

/* What Windows writes before the first line. */
static void mark_drop(struct ldif *ldif)
{
	if (ldif->size >= 3 && memcmp(ldif->bytes, "\xef\xbb\xbf", 3) == 0) {
		ldif->size -= 3;
		memmove(ldif->bytes, ldif->bytes + 3, ldif->size);
	}
}

/* Adds a line as it stands in the file, without its end. */
static enum skd_outcome line_piece(struct ldif *ldif)
{
	struct ldif_file *file = &ldif->file;
	size_t start = ldif->size;
	file->from = ++file->line;
	enum skd_outcome outcome = line_bytes(ldif);
	if (outcome != SKD_OK || ldif->size == start)
		return outcome;
	if (ldif->bytes[ldif->size - 1] == '\r')
		ldif->size--;
	if (memchr(ldif->bytes + start, '\0', ldif->size - start))
		return ldif_fail(file, "the line holds a NUL byte");
	if (memchr(ldif->bytes + start, '\r', ldif->size - start))
		return ldif_fail(file, "the line holds a carriage return that does not end it");
	if (file->line == 1)
		mark_drop(ldif);
	return SKD_OK;
}

/* Adds a line with all that is folded below it; *more: there was one. */
static enum skd_outcome line_read(struct ldif *ldif, bool *more)
{
	struct ldif_file *file = &ldif->file;
	size_t start = ldif->size;
	enum skd_outcome outcome = ldif_file_fill(file);
	*more = !file->ended;
	if (outcome != SKD_OK || file->ended)
		return outcome;
	size_t first = file->line + 1;
	outcome = line_piece(ldif);
	while (outcome == SKD_OK && ldif->size > start) {
		outcome = ldif_file_fill(file);
		if (outcome != SKD_OK || file->ended || file->chunk[file->at] != ' ')
			break;
		file->at++;
		outcome = line_piece(ldif);
	}
	file->from = outcome == SKD_OK ? first : file->from;
	return outcome;
}

/* ---- base64 */

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* In place (RFC 4648 4); false: this is none. */
static bool base64_decode(char *bytes, size_t *size)
{
	size_t digits = *size, out = 0;
	unsigned bits = 0, count = 0;
	if (*size % 4)
		return false;
	while (digits && bytes[digits - 1] == '=' && *size - digits < 2)
		digits--;
	for (size_t i = 0; i < digits; i++) {
		int digit = digit_of(bytes[i]);
		if (digit < 0)
			return false;
		bits = bits << 6 | (unsigned)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			bytes[out++] = (char)(bits >> count & 0xff);
		}
	}
	*size = out;
	return true;
}

/* ---- entries */

/* cn;lang-de: how much of a line may be the description of an attribute. Only options hold '=' (range=0-1499). */
static size_t description_size(const char *line, size_t size)
{
	bool options = false;
	size_t i = 0;
	for (; i < size; i++) {
		char c = line[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		options = options || (c == ';' && i > 0);
		if (!letter && c != '-' && c != '.' && c != '_' && !(options && (c == ';' || c == '=')))
			break;
	}
	return i;
}

/* A line `description: value` that stands at the end of the bytes. */
static enum skd_outcome value_split(struct ldif *ldif, size_t start, struct ldif_value *value)
{
	char *line = ldif->bytes + start;
	size_t size = ldif->size - start, at = description_size(line, size);
	*value = (struct ldif_value){.description = (unsigned)start, .description_size = (unsigned)at};
	if (at == 0 || at == size || line[at] != ':')
		return ldif_fail(&ldif->file, "the line is no \"attribute: value\"");
	char kind = ++at < size ? line[at] : ' ';
	if (kind == '<')
		return ldif_fail(&ldif->file, "%.*s is to be read from a URL, which is not done",
				 (int)(at < SHOWN ? at - 1 : SHOWN), line);
	if (kind == ':')
		at++;
	while (at < size && line[at] == ' ')
		at++;
	size -= at;
	if (kind == ':' && !base64_decode(line + at, &size))
		return ldif_fail(&ldif->file, "the value is no base64");
	value->value = (unsigned)(start + at);
	value->value_size = (unsigned)size;
	ldif->size = start + at + size;
	return SKD_OK;
}

static struct skd_text description_of(const struct ldif *ldif, const struct ldif_value *value)
{
	return (struct skd_text){ldif->bytes + value->description, value->description_size};
}

static bool description_is(const struct ldif *ldif, const struct ldif_value *value, const char *word)
{
	struct skd_text text = description_of(ldif, value);
	return text.size == strlen(word) && strncasecmp(text.bytes, word, text.size) == 0;
}

static enum skd_outcome version_check(struct ldif *ldif, const struct ldif_value *value)
{
	if (value->value_size != 1 || ldif->bytes[value->value] != '1')
		return ldif_fail(&ldif->file, "only version 1 of LDIF is known");
	return SKD_OK;
}

static enum skd_outcome value_check(const struct ldif *ldif, const struct ldif_value *value)
{
	const struct ldif_file *file = &ldif->file;
	bool dn = description_is(ldif, value, "dn");
	if (!dn && ldif->count == 0)
		return ldif_fail(file, "an entry begins with \"dn:\", not with this line");
	if (dn && ldif->count)
		return ldif_fail(file, "another \"dn:\" within an entry; an empty line goes before it");
	if (description_is(ldif, value, "changetype") || description_is(ldif, value, "control"))
		return ldif_fail(file, "this is a record of a change; only entries as they are can be read");
	return SKD_OK;
}

static enum skd_outcome value_take(struct ldif *ldif, size_t start)
{
	struct ldif_value value;
	bool first = !ldif->begun;
	ldif->begun = true;
	enum skd_outcome outcome = value_split(ldif, start, &value);
	if (outcome == SKD_OK && first && description_is(ldif, &value, "version")) {
		ldif->size = start;
		return version_check(ldif, &value);
	}
	if (outcome == SKD_OK)
		outcome = value_check(ldif, &value);
	if (outcome != SKD_OK)
		return outcome;
	if (ldif->count == 0)
		ldif->first_line = ldif->file.from;
	if (ldif->count == values_max)
		return ldif_fail(&ldif->file, "the entry has more than %zu values", values_max);
	if (ldif->count == ldif->values_room)
		ldif->values = room_double(ldif, ldif->values, ldif->count, &ldif->values_room, ldif->count + 1,
					   sizeof value);
	ldif->values[ldif->count++] = value;
	return SKD_OK;
}

enum skd_outcome ldif_begin(struct ldif *ldif)
{
	ldif->begun = false;
	return ldif_file_rewind(&ldif->file);
}

enum skd_outcome ldif_next(struct ldif *ldif, bool *more)
{
	enum skd_outcome outcome = SKD_OK;
	bool blank = false;
	*more = true;
	ldif->size = ldif->count = 0;
	while (outcome == SKD_OK && *more && !(blank && ldif->count)) {
		size_t start = ldif->size;
		outcome = line_read(ldif, more);
		if (outcome != SKD_OK || !*more)
			break;
		blank = ldif->size == start;
		if (!blank && ldif->bytes[start] == '#')
			ldif->size = start;
		else if (!blank)
			outcome = value_take(ldif, start);
	}
	*more = ldif->count > 0;
	if (outcome != SKD_OK || ldif->count != 1)
		return outcome;
	ldif->file.from = ldif->first_line;
	return ldif_fail(&ldif->file, "the entry has nothing but its \"dn:\"");
}

/* ---- a cursor */

static bool entry_next(struct dir_entry *head, struct dir_attribute *attribute)
{
	struct ldif_entry *entry = (struct ldif_entry *)head;
	const struct ldif *ldif = entry->ldif;
	if (entry->at == ldif->count)
		return false;
	const struct ldif_value *value = &ldif->values[entry->at++];
	struct skd_text description = description_of(ldif, value);
	const char *options = memchr(description.bytes, ';', description.size);
	entry->text = (struct skd_text){ldif->bytes + value->value, value->value_size};
	*attribute = (struct dir_attribute){
		.description = description,
		.name = {description.bytes, options ? (size_t)(options - description.bytes) : description.size},
		.count = 1,
		.texts = &entry->text,
	};
	return true;
}

static void entry_rewind(struct dir_entry *head)
{
	((struct ldif_entry *)head)->at = 1;
}

void ldif_entry_begin(const struct ldif *ldif, struct ldif_entry *entry)
{
	const struct ldif_value *dn = ldif->values;
	*entry = (struct ldif_entry){
		.entry = {.dn = {ldif->bytes + dn->value, dn->value_size}, .next = entry_next, .rewind = entry_rewind},
		.ldif = ldif,
		.at = 1,
	};
}
