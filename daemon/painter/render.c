/* SPDX-License-Identifier: Apache-2.0
 * SVG of ours as PNG. The one door to librsvg. */
#include "painter/painter.h"

#include <cairo.h>
#include <librsvg/rsvg.h>

static cairo_status_t png_write(void *to, const unsigned char *bytes, unsigned size)
{
	return fwrite(bytes, 1, size, to) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* A document without a base address gets nothing from files or the network. */
bool svg_render(struct bytes svg, int side, FILE *out)
{
	const RsvgRectangle whole = {0, 0, side, side};
	RsvgHandle *handle = rsvg_handle_new_from_data((const guint8 *)svg.at, svg.size, NULL);
	if (!handle)
		return false;
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, side, side);
	cairo_t *cairo = cairo_create(surface);
	bool good = rsvg_handle_render_document(handle, cairo, &whole, NULL) && cairo_status(cairo) == CAIRO_STATUS_SUCCESS &&
		    cairo_surface_write_to_png_stream(surface, png_write, out) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	g_object_unref(handle);
	return good;
}
