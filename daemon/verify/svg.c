/* SPDX-License-Identifier: Apache-2.0
 * SVG as far as its tags: a scanner that refuses what it does not need. It keeps no tree; document types with
 * declarations of their own, and so entities, do not get in. */
#include "verify/image.h"

#include "base/text.h"

#include <string.h>

enum { SVG_DEPTH = 256, CANDIDATES = 100 };

static const char white[] = " \t\r\n";

struct tag {
	struct skd_text name, attributes;
	bool closes, empty;
};

struct scan {
	struct skd_call *call;
	const char *at, *end;
	struct skd_text open[SVG_DEPTH]; /* names of the elements around */
	size_t depth;
	struct skd_text root; /* its attributes */
	bool over;            /* the root has ended */
	unsigned badges, candidates;
	bool inside, ob3;
	struct text content;
	struct skd_text jws;
};

static bool starts(const struct scan *scan, const char *with)
{
	size_t size = strlen(with);
	return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, with, size) == 0;
}

static bool same(struct skd_text a, struct skd_text b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is(struct skd_text text, const char *word)
{
	return same(text, (struct skd_text){word, strlen(word)});
}

/* ---- tags ---- */

static struct skd_text name_read(const char **at, const char *end)
{
	const char *begin = *at;
	while (*at < end && !strchr(" \t\r\n/>=<\"'&", **at))
		++*at;
	return (struct skd_text){begin, (size_t)(*at - begin)};
}

static void white_skip(const char **at, const char *end)
{
	while (*at < end && strchr(white, **at))
		++*at;
}

/* NAME = "VALUE"; false when there is none. */
static bool attribute_read(const char **at, const char *end, struct skd_text *name, struct skd_text *value)
{
	*name = name_read(at, end);
	white_skip(at, end);
	if (!name->size || *at == end || **at != '=')
		return false;
	++*at;
	white_skip(at, end);
	if (*at == end || (**at != '"' && **at != '\''))
		return false;
	const char *begin = *at + 1, *close = memchr(begin, **at, (size_t)(end - begin));
	if (!close || memchr(begin, '<', (size_t)(close - begin)))
		return false;
	*value = (struct skd_text){begin, (size_t)(close - begin)};
	*at = close + 1;
	white_skip(at, end);
	return true;
}

/* Of attributes that tag_read() has seen; NULL bytes when it is not among them. */
static struct skd_text attribute_find(struct skd_text attributes, const char *prefix, struct skd_text suffix)
{
	const char *at = attributes.bytes, *end = at + attributes.size;
	struct skd_text name, value;
	size_t size = strlen(prefix);
	while (at < end && attribute_read(&at, end, &name, &value))
		if (name.size == size + suffix.size && memcmp(name.bytes, prefix, size) == 0 &&
		    memcmp(name.bytes + size, suffix.bytes, suffix.size) == 0)
			return value;
	return (struct skd_text){0};
}

static enum skd_outcome tag_read(struct scan *scan, struct tag *tag)
{
	struct skd_text name, value;
	*tag = (struct tag){0};
	scan->at++;
	tag->closes = starts(scan, "/");
	scan->at += tag->closes;
	tag->name = name_read(&scan->at, scan->end);
	white_skip(&scan->at, scan->end);
	tag->attributes.bytes = scan->at;
	while (!tag->closes && scan->at < scan->end && *scan->at != '>' && *scan->at != '/')
		if (!attribute_read(&scan->at, scan->end, &name, &value))
			return fail(scan->call, SKD_BAD_INPUT, "the SVG is not well-formed: an attribute is not NAME=\"VALUE\"");
	tag->attributes.size = (size_t)(scan->at - tag->attributes.bytes);
	tag->empty = starts(scan, "/");
	scan->at += tag->empty;
	if (!tag->name.size || !starts(scan, ">"))
		return fail(scan->call, SKD_BAD_INPUT, "the SVG is not well-formed, or cut off: a tag does not end");
	scan->at++;
	return SKD_OK;
}

/* The namespace of the tag's name, declared by itself or by the root; and the name without prefix. */
static struct skd_text namespace_of(const struct scan *scan, const struct tag *tag, struct skd_text *local)
{
	const char *colon = memchr(tag->name.bytes, ':', tag->name.size);
	struct skd_text prefix = {tag->name.bytes, colon ? (size_t)(colon - tag->name.bytes) : 0}, found;
	*local = tag->name;
	if (colon)
		*local = (struct skd_text){colon + 1, tag->name.size - prefix.size - 1};
	found = attribute_find(tag->attributes, colon ? "xmlns:" : "xmlns", prefix);
	return found.bytes || !scan->root.bytes ? found : attribute_find(scan->root, colon ? "xmlns:" : "xmlns", prefix);
}

/* ---- elements ---- */

static enum skd_outcome root_open(struct scan *scan, const struct tag *tag)
{
	struct skd_text local, space = namespace_of(scan, tag, &local);
	if (!is(local, "svg") || !is(space, "http://www.w3.org/2000/svg"))
		return fail(scan->call, SKD_BAD_INPUT, "it is XML or HTML, but not an SVG picture, which could have a badge baked in");
	scan->root = tag->attributes;
	return SKD_OK;
}

/* Whether its name, without prefix, is that of an element with a badge. */
static bool is_candidate(const struct tag *tag)
{
	const char *colon = memchr(tag->name.bytes, ':', tag->name.size);
	const char *begin = colon ? colon + 1 : tag->name.bytes;
	struct skd_text local = {begin, tag->name.size - (size_t)(begin - tag->name.bytes)};
	return is(local, "credential") || is(local, "assertion");
}

static bool is_badge(const struct scan *scan, const struct tag *tag, bool *ob3)
{
	struct skd_text local, space = namespace_of(scan, tag, &local);
	*ob3 = is(space, "https://purl.imsglobal.org/ob/v3p0") && is(local, "credential");
	return *ob3 || (is(space, "http://openbadges.org") && is(local, "assertion"));
}

static enum skd_outcome badge_open(struct scan *scan, const struct tag *tag, bool ob3)
{
	if (scan->badges++)
		return fail(scan->call, SKD_BAD_INPUT, "there are two badges in the SVG");
	if (scan->depth != 1)
		return fail(scan->call, SKD_BAD_INPUT, "the badge does not stand straight in the svg element");
	scan->ob3 = ob3;
	scan->jws = attribute_find(tag->attributes, "verify", (struct skd_text){"", 0});
	scan->inside = !tag->empty;
	return SKD_OK;
}

static enum skd_outcome element_open(struct scan *scan, const struct tag *tag)
{
	bool ob3;
	if (scan->over)
		return fail(scan->call, SKD_BAD_INPUT, "the SVG is not well-formed: it has more than one root");
	if (scan->inside)
		return fail(scan->call, SKD_BAD_INPUT, "there is an element within the badge in the SVG");
	if (scan->depth == 0)
		TRY(root_open(scan, tag));
	/* For each, the root's attributes are looked through. */
	if (is_candidate(tag) && scan->candidates++ == CANDIDATES)
		return fail(scan->call, SKD_BAD_INPUT, "the SVG has more than %d elements credential or assertion", CANDIDATES);
	if (is_candidate(tag) && is_badge(scan, tag, &ob3))
		TRY(badge_open(scan, tag, ob3));
	scan->over = tag->empty && scan->depth == 0;
	if (tag->empty)
		return SKD_OK;
	if (scan->depth == SVG_DEPTH)
		return fail(scan->call, SKD_BAD_INPUT, "the SVG is nested deeper than %d", SVG_DEPTH);
	scan->open[scan->depth++] = tag->name;
	return SKD_OK;
}

static enum skd_outcome element_close(struct scan *scan, const struct tag *tag)
{
	if (!scan->depth || !same(scan->open[scan->depth - 1], tag->name))
		return fail(scan->call, SKD_BAD_INPUT, "the SVG is not well-formed: an element ends that did not begin");
	scan->depth--;
	scan->inside = false;
	scan->over = scan->depth == 0;
	return SKD_OK;
}

/* ---- what else there is ---- */

static enum skd_outcome skip_past(struct scan *scan, const char *what, const char *end)
{
	const char *found = memmem(scan->at, (size_t)(scan->end - scan->at), end, strlen(end));
	if (!found)
		return fail(scan->call, SKD_BAD_INPUT, "the SVG is cut off in %s", what);
	scan->at = found + strlen(end);
	return SKD_OK;
}

static enum skd_outcome doctype_skip(struct scan *scan)
{
	const char *begin = scan->at;
	if (scan->root.bytes)
		return fail(scan->call, SKD_BAD_INPUT, "the SVG is not well-formed: a document type within it");
	TRY(skip_past(scan, "its document type", ">"));
	if (memchr(begin, '[', (size_t)(scan->at - begin)))
		return fail(scan->call, SKD_BAD_INPUT, "the SVG declares a document type of its own, by which entities are "
			    "made; such are never expanded here");
	return SKD_OK;
}

static enum skd_outcome cdata_read(struct scan *scan)
{
	const char *begin = scan->at + strlen("<![CDATA[");
	TRY(skip_past(scan, "a CDATA section", "]]>"));
	if (scan->inside)
		text_add(&scan->content, begin, (size_t)(scan->at - strlen("]]>") - begin));
	return SKD_OK;
}

static enum skd_outcome reference_read(struct scan *scan)
{
	static const struct {
		const char *name, *text;
	} known[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&#34;", "\""}, {"&#39;", "'"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (starts(scan, known[i].name)) {
			text_adds(&scan->content, known[i].text);
			scan->at += strlen(known[i].name);
			return SKD_OK;
		}
	return fail(scan->call, SKD_BAD_INPUT, "the badge in the SVG refers to an entity, which is never expanded here: %s",
		    text_shown(scan->call, talloc_strndup(scan->call, scan->at, strcspn(scan->at, "; <"))));
}

static enum skd_outcome text_read(struct scan *scan)
{
	const char *end = memchr(scan->at, '<', (size_t)(scan->end - scan->at));
	end = end ? end : scan->end;
	while (scan->inside && scan->at < end) {
		const char *stop = memchr(scan->at, '&', (size_t)(end - scan->at));
		stop = stop ? stop : end;
		text_add(&scan->content, scan->at, (size_t)(stop - scan->at));
		scan->at = stop;
		if (stop < end)
			TRY(reference_read(scan));
	}
	scan->at = end;
	return SKD_OK;
}

static enum skd_outcome piece_read(struct scan *scan)
{
	struct tag tag;
	if (*scan->at != '<')
		return text_read(scan);
	if (starts(scan, "<!--"))
		return skip_past(scan, "a comment", "-->");
	if (starts(scan, "<?"))
		return skip_past(scan, "a processing instruction", "?>");
	if (starts(scan, "<![CDATA["))
		return cdata_read(scan);
	if (starts(scan, "<!DOCTYPE"))
		return doctype_skip(scan);
	TRY(tag_read(scan, &tag));
	return tag.closes ? element_close(scan, &tag) : element_open(scan, &tag);
}

bool svg_is(struct skd_text bytes)
{
	const char *at = bytes.bytes, *end = at + bytes.size;
	if (bytes.size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	white_skip(&at, end);
	return at < end && *at == '<';
}

enum skd_outcome svg_unbake(struct skd_call *call, struct skd_text svg, struct skd_text *badge, bool *ob3)
{
	const char *text = talloc_strndup(call, svg.bytes, svg.size);
	struct scan *scan = talloc_zero(call, struct scan);
	if (!utf8_valid(svg.bytes, svg.size))
		return fail(call, SKD_BAD_INPUT, "the SVG is not UTF-8");
	scan->call = call;
	scan->at = strchr(text, '<');
	scan->end = text + svg.size;
	text_begin(&scan->content, call, 4096);
	while (scan->at < scan->end)
		TRY(piece_read(scan));
	if (!scan->over)
		return fail(call, SKD_BAD_INPUT, "the SVG is cut off");
	if (!scan->badges)
		return fail(call, SKD_BAD_INPUT, "there is no badge in the SVG: no openbadges:credential or openbadges:assertion");
	*ob3 = scan->ob3;
	/* Of a hosted badge of Open Badges 2.0 `verify` is its address, and the badge is the content. */
	bool address = !scan->ob3 && scan->jws.size && memchr(scan->jws.bytes, ':', scan->jws.size);
	*badge = scan->jws.size && !address ? scan->jws : (struct skd_text){scan->content.bytes, scan->content.size};
	return SKD_OK;
}
