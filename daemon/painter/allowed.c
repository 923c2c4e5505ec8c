/* SPDX-License-Identifier: Apache-2.0
 * What may be in an SVG (W3C SVG 1.1): what draws, and nothing that runs, loads or repeats. */
#include "painter/painter.h"

#include <string.h>
#include <strings.h>

static const char *const elements[] = {"svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line",
	"polyline", "polygon", "text", "tspan", "linearGradient", "radialGradient", "stop", "clipPath"};

static const char *const attributes[] = {
	"id", "d", "points", "transform", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "fr", "dx", "dy",
	"width", "height", "rotate", "textLength", "lengthAdjust", "pathLength", "offset", "gradientUnits", "gradientTransform",
	"spreadMethod", "clipPathUnits", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity",
	"stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "color",
	"display", "visibility", "clip-path", "clip-rule", "stop-color", "stop-opacity", "font-family", "font-size", "font-style",
	"font-weight", "font-variant", "font-stretch", "text-anchor", "dominant-baseline", "alignment-baseline", "baseline-shift",
	"letter-spacing", "word-spacing", "text-decoration", "paint-order", "vector-effect"};
_Static_assert(sizeof attributes / sizeof *attributes <= SVG_ATTRIBUTES_MOST, "room for a mark of each");

static const char *const functions[] = {"url", "rgb", "rgba", "hsl", "hsla", "matrix", "translate", "scale", "rotate", "skewX", "skewY"};

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char name_signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:";
static const char value_signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \t\r\n#.,%()+-_'\";";

bool svg_element_is_known(const char *name)
{
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		if (strcmp(elements[i], name) == 0)
			return true;
	return false;
}

/* What stands before each parenthesis. */
static bool functions_are_known(const char *value)
{
	for (const char *open = strchr(value, '('); open; open = strchr(open + 1, '(')) {
		const char *name = open;
		bool known = false;
		while (name > value && strchr(letters, name[-1]))
			name--;
		for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
			known |= strlen(functions[i]) == (size_t)(open - name) && strncasecmp(functions[i], name, (size_t)(open - name)) == 0;
		if (!known)
			return false;
	}
	return true;
}

static bool is_within(const char *value)
{
	for (const char *at = strcasestr(value, "url("); at; at = strcasestr(at, "url(")) {
		at += 4;
		at += *at == '\'' || *at == '"';
		if (*at != '#')
			return false;
	}
	return true;
}

enum svg_value svg_attribute_check(const char *name, const char *value, int *place)
{
	int count = sizeof attributes / sizeof *attributes;
	*place = 0;
	while (*place < count && strcmp(attributes[*place], name) != 0)
		++*place;
	if (*place == count)
		return SVG_LEFT_OUT;
	if (!is_within(value))
		return SVG_ELSEWHERE;
	if (value[strspn(value, *place ? value_signs : name_signs)] || !functions_are_known(value))
		return SVG_LEFT_OUT;
	return SVG_TAKEN;
}
