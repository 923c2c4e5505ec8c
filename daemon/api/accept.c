/* SPDX-License-Identifier: Apache-2.0
 * Accept, as RFC 9110 section 12.5.1 has it and as clients write it. Knows ranges, no form of ours. */
#include "api/accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct piece {
	const char *at; /* NULL: nothing is left */
	size_t size;
};

/* How close a range is to a type; the closest decides. */
enum closeness { APART, LOOSELY, AS_ANYTHING, AS_KIND, EXACTLY, PRECISELY };

struct range {
	enum closeness closeness;
	int weight;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct piece piece_trim(const char *at, size_t size)
{
	for (; size && is_space(*at); size--)
		at++;
	while (size && is_space(at[size - 1]))
		size--;
	return (struct piece){at, size};
}

/* Cuts off what stands before `stop`, or all that is left; within quotes no stop counts. */
static bool piece_cut(struct piece *rest, char stop, struct piece *piece)
{
	size_t size = 0;
	bool quoted = false;
	for (; size < rest->size && (quoted || rest->at[size] != stop); size++) {
		if (rest->at[size] == '"')
			quoted = !quoted;
		else if (quoted && rest->at[size] == '\\' && size + 1 < rest->size)
			size++;
	}
	bool found = rest->at, more = size < rest->size;
	*piece = piece_trim(rest->at, size);
	*rest = more ? (struct piece){rest->at + size + 1, rest->size - size - 1} : (struct piece){NULL, 0};
	return found;
}

static bool piece_is(struct piece piece, const char *word)
{
	return piece.size == strlen(word) && strncasecmp(piece.at, word, piece.size) == 0;
}

static int weight_read(struct piece number)
{
	int weight = 0, place = ACCEPT_FULLY;
	bool any = false;
	for (size_t i = 0; i < number.size; i++) {
		char c = number.at[i];
		if (c == '.' && place == ACCEPT_FULLY) {
			place /= 10;
			continue;
		}
		if (c < '0' || c > '9')
			return ACCEPT_FULLY;
		any = true;
		weight += (c - '0') * place;
		weight = weight < ACCEPT_FULLY ? weight : ACCEPT_FULLY;
		place = place == ACCEPT_FULLY ? place : place / 10;
	}
	return any ? weight : ACCEPT_FULLY;
}

/* Whether it is a range at all. */
static bool name_read(struct piece name, const char *type, enum closeness *closeness)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-!#$%&'*+.^_`|~";
	if (piece_is(name, "*") || piece_is(name, "*/*")) {
		*closeness = AS_ANYTHING;
		return true;
	}
	size_t kind = strspn(name.at, token);
	if (!kind || *name.at == '*' || kind + 1 >= name.size || name.at[kind] != '/' ||
	    strspn(name.at + kind + 1, token) != name.size - kind - 1)
		return false;
	if (name.size == kind + 2 && name.at[kind + 1] == '*')
		*closeness = strncasecmp(name.at, type, kind + 1) == 0 ? AS_KIND : APART;
	else
		*closeness = name.size == strcspn(type, ";") && strncasecmp(name.at, type, name.size) == 0 ? EXACTLY : APART;
	return true;
}

/* All that goes out is UTF-8. */
static void parameter_read(struct piece parameter, struct range *range)
{
	struct piece key;
	piece_cut(&parameter, '=', &key);
	struct piece value = piece_trim(parameter.at, parameter.size);
	if (piece_is(key, "q"))
		range->weight = weight_read(value);
	else if (!piece_is(key, "charset") || (!piece_is(value, "utf-8") && !piece_is(value, "\"utf-8\"")))
		range->closeness = range->closeness ? LOOSELY : APART;
	else if (range->closeness == EXACTLY)
		range->closeness = PRECISELY;
}

static bool range_read(struct piece member, const char *type, struct range *range)
{
	struct piece part;
	range->weight = ACCEPT_FULLY;
	piece_cut(&member, ';', &part);
	if (!name_read(part, type, &range->closeness))
		return false;
	while (piece_cut(&member, ';', &part))
		if (part.size)
			parameter_read(part, range);
	return true;
}

static bool range_is_better(struct range range, struct range best)
{
	bool same = range.closeness == best.closeness;
	return range.closeness != APART && (same ? range.weight > best.weight : range.closeness > best.closeness);
}

int accept_weight(const char *accept, const char *type)
{
	struct piece rest = {accept, accept ? strlen(accept) : 0}, member;
	struct range range, best = {APART, 0};
	bool any = false;
	while (piece_cut(&rest, ',', &member)) {
		if (!range_read(member, type, &range))
			continue;
		any = true;
		if (range_is_better(range, best))
			best = range;
	}
	return any ? best.weight : ACCEPT_FULLY;
}
