/* SPDX-License-Identifier: Apache-2.0
 * Baking into pictures that others made or baked before: what goes in, what is replaced, and that no bytes harm it. */
#include "../../plugins/bake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct written {
	struct skd_out out;
	size_t size;
	char bytes[8192];
};

static enum skd_outcome fake_fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
{
	(void)call, (void)format;
	return outcome;
}

static enum skd_outcome fake_write(const struct skd_out *out, const char *bytes, size_t size)
{
	struct written *to = (struct written *)(uintptr_t)out;
	assert_true(to->size + size < sizeof to->bytes);
	memcpy(to->bytes + to->size, bytes, size);
	to->size += size;
	to->bytes[to->size] = '\0';
	return SKD_OK;
}

static const struct skd_host host = {.fail = fake_fail};

static struct skd_text text(const char *string)
{
	return (struct skd_text){string, strlen(string)};
}

static enum skd_outcome png(struct skd_text image, const char *keyword, const char *inside, struct written *to)
{
	*to = (struct written){{fake_write}, 0, ""};
	return bake_png(&(struct bake){&host, NULL, image, text(inside), &to->out}, keyword);
}

static enum skd_outcome svg(const char *image, const char *inside, struct written *to)
{
	*to = (struct written){{fake_write}, 0, ""};
	return bake_svg(&(struct bake){&host, NULL, text(image), text(inside), &to->out}, "urn:x", "credential", NULL);
}

/* ---- PNG: the CRCs of what is carried over are not looked at ---- */

static void chunk_add(struct written *to, const char *type, const char *data, size_t size)
{
	char head[4] = {0, 0, (char)(size >> 8), (char)size};
	fake_write(&to->out, head, 4);
	fake_write(&to->out, type, 4);
	fake_write(&to->out, data, size);
	fake_write(&to->out, "....", 4);
}

static void png_begin(struct written *to)
{
	*to = (struct written){{fake_write}, 0, ""};
	fake_write(&to->out, "\x89PNG\r\n\x1a\n", 8);
	chunk_add(to, "IHDR", "0123456789abc", 13);
}

static void what_was_baked_before_is_replaced(void **state)
{
	struct written image, baked, again;
	(void)state;
	png_begin(&image);
	chunk_add(&image, "IEND", "", 0);
	assert_int_equal(png((struct skd_text){image.bytes, image.size}, "openbadgecredential", "{\"a\":1}", &again), SKD_OK);
	png_begin(&image);
	chunk_add(&image, "tEXt", "openbadges\0https://example.org", 30);
	chunk_add(&image, "iTXt", "openbadgecredential\0\0\0\0\0old", 27);
	chunk_add(&image, "zTXt", "openbadges\0\0old", 15);
	chunk_add(&image, "IEND", "", 0);
	assert_int_equal(png((struct skd_text){image.bytes, image.size}, "openbadgecredential", "{\"a\":1}", &baked), SKD_OK);
	assert_int_equal(baked.size, again.size);
	assert_memory_equal(baked.bytes, again.bytes, again.size);
	assert_int_equal(png((struct skd_text){baked.bytes, baked.size}, "openbadgecredential", "{\"a\":1}", &again), SKD_OK);
	assert_memory_equal(baked.bytes, again.bytes, baked.size);
}

static void other_words_stay(void **state)
{
	struct written image, baked;
	(void)state;
	png_begin(&image);
	chunk_add(&image, "tEXt", "openbadges2\0x", 13);
	chunk_add(&image, "tEXt", "openbadge", 9);
	chunk_add(&image, "IDAT", "openbadges\0x", 12);
	chunk_add(&image, "IEND", "", 0);
	assert_int_equal(png((struct skd_text){image.bytes, image.size}, "openbadges", "J", &baked), SKD_OK);
	assert_int_equal(baked.size, image.size + 12 + strlen("openbadges") + 5 + 1);
	assert_memory_equal(baked.bytes + 33 + 4, "iTXtopenbadges\0\0\0\0\0J\xd0\xaf\x0f" "8", 20);
}

static void no_prefix_of_a_png_harms(void **state)
{
	struct written image, baked;
	(void)state;
	png_begin(&image);
	chunk_add(&image, "tEXt", "openbadges\0x", 12);
	chunk_add(&image, "IEND", "", 0);
	for (size_t size = 0; size < image.size; size++) {
		char *exact = malloc(size + 1); /* so that a sanitizer sees a step too far */
		memcpy(exact, image.bytes, size);
		enum skd_outcome outcome = png((struct skd_text){exact, size}, "openbadges", "J", &baked);
		assert_int_equal(outcome, SKD_FAULT);
		free(exact);
	}
}

/* ---- SVG ---- */

static void it_goes_right_behind_the_root(void **state)
{
	struct written to;
	(void)state;
	assert_int_equal(svg("<?xml version='1.0'?>\n<svg a='>' b=\"'>\"><g/></svg>", "{}", &to), SKD_OK);
	assert_string_equal(to.bytes, "<?xml version='1.0'?>\n<svg a='>' b=\"'>\" xmlns:openbadges=\"urn:x\">"
				      "<openbadges:credential><![CDATA[{}]]></openbadges:credential><g/></svg>");
}

static void what_was_in_an_svg_before_is_replaced(void **state)
{
	struct written to;
	(void)state;
	assert_int_equal(svg("<svg xmlns:openbadges='http://openbadges.org' a='1'><openbadges:assertion verify='a>b'>x"
			     "</openbadges:assertion><g/><openbadges:assertion verify='jws'/><path/></svg>", "{}", &to), SKD_OK);
	assert_string_equal(to.bytes, "<svg a='1' xmlns:openbadges=\"urn:x\"><openbadges:credential><![CDATA[{}]]>"
				      "</openbadges:credential><g/><path/></svg>");
}

static void cdata_ends_where_it_ends(void **state)
{
	struct written to;
	(void)state;
	assert_int_equal(svg("<svg></svg>", "[\"]]>]]]>\xEF\xBF\xBE\"]", &to), SKD_OK);
	assert_string_equal(to.bytes, "<svg xmlns:openbadges=\"urn:x\"><openbadges:credential><![CDATA["
				      "[\"]]\\u003e]]]\\u003e\\ufffe\"]]]></openbadges:credential></svg>");
}

static void what_is_no_svg_is_refused(void **state)
{
	static const char whole[] = "<svg xmlns:openbadges='x'><openbadges:a b='>'>x</openbadges:a></svg>";
	static const char *const wrong[] = {"", "<svg/>", "<svg", "svg>", "<svg a='>", "<svg><openbadges:a>", "<svg><openbadges:a"};
	struct written to;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(svg(wrong[i], "{}", &to), SKD_FAULT);
	for (size_t size = 0; size < sizeof whole; size++) {
		char *exact = strndup(whole, size);
		(void)!svg(exact, "{}", &to);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_baked_before_is_replaced),
		cmocka_unit_test(other_words_stay),
		cmocka_unit_test(no_prefix_of_a_png_harms),
		cmocka_unit_test(it_goes_right_behind_the_root),
		cmocka_unit_test(what_was_in_an_svg_before_is_replaced),
		cmocka_unit_test(cdata_ends_where_it_ends),
		cmocka_unit_test(what_is_no_svg_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
