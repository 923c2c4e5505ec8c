/* SPDX-License-Identifier: Apache-2.0
 * The one door to librsvg and cairo. A document without a base address gets nothing from files or the network. */
#include "draw/draw.h"

#include <cairo.h>
#include <librsvg/rsvg.h>

enum { SVG_MOST = 65536 };

static cairo_status_t png_write(void *to, const unsigned char *bytes, unsigned size)
{
	text_add(to, (const char *)bytes, size);
	return CAIRO_STATUS_SUCCESS;
}

static bool render(RsvgHandle *handle, cairo_surface_t *surface)
{
	const RsvgRectangle whole = {0, 0, DRAW_SIDE, DRAW_SIDE};
	cairo_t *cairo = cairo_create(surface);
	bool good = rsvg_handle_render_document(handle, cairo, &whole, NULL) && cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(cairo);
	return good;
}

enum skd_outcome draw_png(struct skd_call *call, const struct text *svg, struct picture *png)
{
	struct text out;
	RsvgHandle *handle = svg->size <= SVG_MOST ? rsvg_handle_new_from_data((const guint8 *)svg->bytes, svg->size, NULL) : NULL;
	if (!handle)
		return fail(call, SKD_FAULT, "librsvg does not take what was drawn");
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, DRAW_SIDE, DRAW_SIDE);
	text_begin(&out, call, 32768);
	bool good = render(handle, surface) &&
		    cairo_surface_write_to_png_stream(surface, png_write, &out) == CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(surface);
	g_object_unref(handle);
	*png = (struct picture){(const uint8_t *)out.bytes, out.size};
	return good ? SKD_OK : fail(call, SKD_FAULT, "librsvg cannot render what was drawn");
}
