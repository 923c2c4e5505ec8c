/* SPDX-License-Identifier: Apache-2.0
 * SVG of strangers, read by libxml2 piece by piece and written anew. What draws is kept, what only its editor knows is left
 * out, and what runs, loads or multiplies is refused by its name. The one door to libxml2. */
#include "painter/painter.h"

#include <libxml/xmlreader.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS_MOST = 5000, DEPTH_MOST = 64, SIDE = 400 };
static const char svg_space[] = "http://www.w3.org/2000/svg";

struct copy {
	xmlTextReaderPtr from;
	FILE *out;
	char *why;
	unsigned elements;
	bool words[DEPTH_MOST + 1]; /* whether text counts, at each depth */
	bool plain[DEPTH_MOST + 1]; /* whether nothing but text does */
	bool written[SVG_ATTRIBUTES_MOST];
};

static bool __attribute__((format(printf, 2, 3))) refuse(char *why, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!*why)
		vsnprintf(why, WHY_SIZE, format, args);
	va_end(args);
	return false;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && !is(*words, word))
		words++;
	return *words;
}

static const char *name_of(const struct copy *copy)
{
	return (const char *)xmlTextReaderConstLocalName(copy->from);
}

static bool in_space(const struct copy *copy, const char *space)
{
	const xmlChar *own = xmlTextReaderConstNamespaceUri(copy->from);
	return space ? own && is((const char *)own, space) : !own;
}

static void text_write(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			putc(*text, out);
}

/* ---- attributes ---- */

static bool attribute_write(struct copy *copy, const char *element, const char *name, const char *value)
{
	int place;
	switch (svg_attribute_check(name, value, &place)) {
	case SVG_ELSEWHERE:
		return refuse(copy->why, "the SVG refers to something elsewhere, by %.40s of <%.40s>", name, element);
	case SVG_TAKEN:
		if (!copy->written[place]) {
			fprintf(copy->out, " %s=\"", name);
			text_write(copy->out, value);
			putc('"', copy->out);
		}
		copy->written[place] = true;
		return true;
	default:
		return true;
	}
}

/* "a: b; c: d", each as an attribute: it would win over one of that name, so that it comes first. */
static bool style_write(struct copy *copy, const char *element, char *style)
{
	static const char white[] = " \t\r\n";
	char *rest = NULL;
	for (char *one = strtok_r(style, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) {
		char *value = strchr(one, ':');
		if (!value)
			continue;
		*value++ = '\0';
		one += strspn(one, white);
		one[strcspn(one, white)] = '\0';
		if (!attribute_write(copy, element, one, value + strspn(value, white)))
			return false;
	}
	return true;
}

/* Of gradients that go on with another one. */
static bool link_write(struct copy *copy, const char *element, const char *value)
{
	static const char *const gradients[] = {"linearGradient", "radialGradient", NULL};
	if (*value != '#' || !is_one_of(element, gradients))
		return refuse(copy->why, "the SVG refers to something elsewhere, by href of <%.40s>", element);
	fputs(" xlink:href=\"", copy->out);
	text_write(copy->out, value);
	putc('"', copy->out);
	return true;
}

/* Its size and place are the picture's business. */
static bool is_of_root(const char *name)
{
	static const char *const own[] = {"width", "height", "x", "y", "transform", NULL};
	return is_one_of(name, own);
}

static bool attribute_copy(struct copy *copy, const char *element, bool root)
{
	const char *name = name_of(copy), *value = (const char *)xmlTextReaderConstValue(copy->from);
	bool plain = in_space(copy, NULL);
	if (plain && strncasecmp(name, "on", 2) == 0)
		return refuse(copy->why, "the SVG has %.40s on <%.40s>, and nothing runs in a picture", name, element);
	if (is(name, "href") && (plain || in_space(copy, "http://www.w3.org/1999/xlink")))
		return link_write(copy, element, value);
	if (!plain || is(name, "style") || (root && is_of_root(name)))
		return true;
	return attribute_write(copy, element, name, value);
}

static bool attributes_copy(struct copy *copy, const char *element, bool root)
{
	bool good = true;
	memset(copy->written, 0, sizeof copy->written);
	xmlChar *style = xmlTextReaderGetAttribute(copy->from, (const xmlChar *)"style");
	if (style)
		good = style_write(copy, element, (char *)style);
	xmlFree(style);
	for (int more = good ? xmlTextReaderMoveToFirstAttribute(copy->from) : 0; good && more == 1;
	     more = xmlTextReaderMoveToNextAttribute(copy->from))
		good = attribute_copy(copy, element, root);
	xmlTextReaderMoveToElement(copy->from);
	return good;
}

/* ---- elements ---- */

/* "0 0 100 50", or what width and height say in pixels. */
static bool box_read(struct copy *copy, double box[4])
{
	static const char *const names[] = {"width", "height"};
	char *text = (char *)xmlTextReaderGetAttribute(copy->from, (const xmlChar *)"viewBox"), *at = text;
	int count = 0;
	for (char *end; at && count < 4; at = end + strspn(end, " \t\r\n,")) {
		box[count] = strtod(at, &end);
		if (end == at)
			break;
		count++;
	}
	xmlFree(text);
	for (int i = 0; !text && i < 2; i++) {
		char *size = (char *)xmlTextReaderGetAttribute(copy->from, (const xmlChar *)names[i]), *end = size;
		box[i] = 0;
		box[2 + i] = size ? strtod(size, &end) : 0;
		count += size && (!*end || is(end, "px")) ? 2 : 0;
		xmlFree(size);
	}
	bool fit = count == 4 && isfinite(box[0]) && isfinite(box[1]) && box[2] > 1e-3 && box[3] > 1e-3 && box[2] < 1e6 && box[3] < 1e6;
	return fit || refuse(copy->why, "the SVG does not say how large it is, by viewBox, or width and height in pixels");
}

static bool root_begin(struct copy *copy)
{
	double box[4];
	if (!is(name_of(copy), "svg") || !in_space(copy, svg_space))
		return refuse(copy->why, "it is no SVG: its root is <%.40s>", name_of(copy));
	if (!box_read(copy, box))
		return false;
	fprintf(copy->out,
		"<svg xmlns=\"%s\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"%d\" height=\"%d\" viewBox=\"%.10g %.10g %.10g %.10g\"",
		svg_space, SIDE, SIDE, box[0], box[1], box[2], box[3]);
	return true;
}

/* Those of editors, and what they say about the picture, are left out with all that is in them. */
static bool is_left_out(const struct copy *copy, int depth)
{
	return depth && (copy->plain[depth - 1] || !in_space(copy, svg_space) || is(name_of(copy), "metadata"));
}

static bool element_begin(struct copy *copy, int depth)
{
	static const char *const wordy[] = {"text", "tspan", "title", "desc", NULL};
	const char *name = name_of(copy);
	bool empty = depth && xmlTextReaderIsEmptyElement(copy->from), ends = !depth && xmlTextReaderIsEmptyElement(copy->from);
	if (depth > DEPTH_MOST || ++copy->elements > ELEMENTS_MOST)
		return refuse(copy->why, "the SVG has more than %d elements, or they are more than %d deep", ELEMENTS_MOST, DEPTH_MOST);
	if (depth && (!svg_element_is_known(name) || is(name, "svg")))
		return refuse(copy->why, "the SVG has <%.40s>; shapes, text, gradients and clips are taken", name);
	copy->words[depth] = is_one_of(name, wordy);
	copy->plain[depth] = is_one_of(name, wordy + 2);
	if (!depth && !root_begin(copy))
		return false;
	if (depth)
		fprintf(copy->out, "<%s", name);
	bool good = attributes_copy(copy, name, !depth);
	fputs(empty ? "/>" : ends ? "></svg>" : ">", copy->out);
	return good;
}

/* One node; `skip` where what is in it is left out. */
static bool node_copy(struct copy *copy, bool *skip)
{
	int depth = xmlTextReaderDepth(copy->from);
	*skip = false;
	switch (xmlTextReaderNodeType(copy->from)) {
	case XML_READER_TYPE_ELEMENT:
		*skip = is_left_out(copy, depth);
		return *skip || element_begin(copy, depth);
	case XML_READER_TYPE_END_ELEMENT:
		fprintf(copy->out, "</%s>", name_of(copy));
		return true;
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
	case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
		if (depth && copy->words[depth - 1])
			text_write(copy->out, (const char *)xmlTextReaderConstValue(copy->from));
		return true;
	case XML_READER_TYPE_ENTITY_REFERENCE:
		return refuse(copy->why, "the SVG has an entity: &%.40s;", name_of(copy));
	default:
		return true;
	}
}

static bool nodes_copy(struct copy *copy)
{
	int more = xmlTextReaderRead(copy->from);
	bool skip;
	while (more == 1 && node_copy(copy, &skip))
		more = skip ? xmlTextReaderNext(copy->from) : xmlTextReaderRead(copy->from);
	if (more < 0)
		refuse(copy->why, "the SVG is not well-formed XML, or cut off, at line %d", xmlTextReaderGetParserLineNumber(copy->from));
	return !*copy->why;
}

/* Whatever the XML says of itself, it is read as UTF-8, so that nothing hides from this. */
static bool text_check(struct bytes *svg, char *why)
{
	if (svg->size >= 3 && memcmp(svg->at, "\xEF\xBB\xBF", 3) == 0)
		*svg = (struct bytes){svg->at + 3, svg->size - 3};
	if (memchr(svg->at, 0, svg->size) || !xmlCheckUTF8((const xmlChar *)svg->at))
		return refuse(why, "the SVG is not UTF-8");
	if (memmem(svg->at, svg->size, "<!ENTITY", 8))
		return refuse(why, "the SVG declares entities");
	return true;
}

bool svg_clean(struct bytes svg, FILE *out, char why[WHY_SIZE])
{
	struct copy copy = {.out = out, .why = why};
	*why = '\0';
	if (!text_check(&svg, why))
		return false;
	copy.from = xmlReaderForMemory(svg.at, (int)svg.size, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	bool good = copy.from && nodes_copy(&copy);
	xmlFreeTextReader(copy.from);
	putc('\n', out);
	return good || refuse(why, "the SVG cannot be read");
}
