/* SPDX-License-Identifier: Apache-2.0
 * Matching a raw target against the table of routes. */
#include "api/match.h"

#include <string.h>
#include <strings.h>

/* Whether a segment is "." or "..". */
static bool is_dots(const char *segment, size_t left)
{
	const char *end = memchr(segment, '/', left);
	size_t size = end ? (size_t)(end - segment) : left;
	return (size == 1 || size == 2) && memcmp("..", segment, size) == 0;
}

/* What a decoder behind us could read as another path. */
static bool is_sound(const char *path, size_t size)
{
	if (!size || *path != '/')
		return false;
	for (size_t i = 0; i < size; i++) {
		const char *at = path + i;
		if ((unsigned char)*at <= 0x20 || *at == 0x7f || *at == '\\')
			return false;
		if (*at == '%' && (strncasecmp(at, "%2f", 3) == 0 || strncasecmp(at, "%2e", 3) == 0 ||
				   strncasecmp(at, "%00", 3) == 0 || strncasecmp(at, "%5c", 3) == 0))
			return false;
		if (*at == '/' && is_dots(at + 1, size - i - 1))
			return false;
	}
	return true;
}

static bool is_decodable(void *owner, const char *path, size_t size)
{
	const char *decoded;
	for (size_t i = 0; i < size; i++)
		if (path[i] == '%' || path[i] & 0x80)
			return percent_decode(owner, path, size, false, &decoded);
	return true;
}

/* One route's path against the target's; segments in braces are decoded into ids. */
static bool path_matches(void *owner, const char *pattern, const char *path, size_t size, const char *ids[2])
{
	const char *end = path + size;
	int id = 0;
	while (*pattern && path < end) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		const char *stop = memchr(path, '/', (size_t)(end - path));
		size_t length = (size_t)((stop ? stop : end) - path);
		if (!length || id == 2 || !percent_decode(owner, path, length, false, &ids[id]))
			return false;
		id++;
		path += length;
		pattern = strchr(pattern, '}') + 1;
	}
	return !*pattern && path == end;
}

static void allow_add(char *allow, const char *method)
{
	if (*allow)
		strcat(allow, ", ");
	strcat(allow, method);
	if (strcmp(method, "GET") == 0)
		strcat(allow, ", HEAD");
}

enum match match_target(void *owner, const char *method, const char *target, struct matched *matched)
{
	size_t size = strcspn(target, "?");
	bool head = strcmp(method, "HEAD") == 0, worded = false;
	*matched = (struct matched){.query = target[size] ? target + size + 1 : NULL};
	if (!is_sound(target, size) || !is_decodable(owner, target, size))
		return MATCH_MALFORMED;
	for (const struct route *route = routes; route->method; route++) {
		const char *ids[2] = {NULL, NULL};
		if (!path_matches(owner, route->path, target, size, ids) || (worded && ids[0]))
			continue;
		worded = !ids[0];
		if (strcmp(route->method, head ? "GET" : method) == 0) {
			matched->route = route;
			memcpy(matched->ids, ids, sizeof ids);
			return MATCH_ROUTE;
		}
		allow_add(matched->allow, route->method);
	}
	if (!*matched->allow)
		return MATCH_NOWHERE;
	allow_add(matched->allow, "OPTIONS");
	return MATCH_METHOD;
}
