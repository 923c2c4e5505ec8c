/* SPDX-License-Identifier: Apache-2.0
 * skillsd-draw: makes a PNG on standard output of the SVG on standard input, and ends. A program of its own, so that what
 * it needs for that, and what may go wrong in there, is not the daemon's. The one door to librsvg and cairo. */
#include <cairo.h>
#include <librsvg/rsvg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SVG_MOST = 65536, SIDE_MOST = 4096, SECONDS = 10 };

static void confine(void)
{
	const struct rlimit none = {0, 0}, seconds = {SECONDS, SECONDS};
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static cairo_status_t png_write(void *to, const unsigned char *bytes, unsigned size)
{
	return fwrite(bytes, 1, size, to) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* A document without a base address gets nothing from files or the network. */
static bool paint(const char *svg, size_t size, int side)
{
	const RsvgRectangle whole = {0, 0, side, side};
	RsvgHandle *handle = rsvg_handle_new_from_data((const guint8 *)svg, size, NULL);
	if (!handle)
		return false;
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, side, side);
	cairo_t *cairo = cairo_create(surface);
	bool good = rsvg_handle_render_document(handle, cairo, &whole, NULL) && cairo_status(cairo) == CAIRO_STATUS_SUCCESS &&
		    cairo_surface_write_to_png_stream(surface, png_write, stdout) == CAIRO_STATUS_SUCCESS && fflush(stdout) == 0;
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	g_object_unref(handle);
	return good;
}

int main(int argc, char **argv)
{
	char svg[SVG_MOST + 1];
	int side = argc == 2 ? atoi(argv[1]) : 0;
	if (side < 1 || side > SIDE_MOST) {
		fputs("usage: skillsd-draw SIDE < SVG > PNG\n", stderr);
		return 2;
	}
	confine();
	size_t size = fread(svg, 1, sizeof svg, stdin);
	return size && size <= SVG_MOST && paint(svg, size, side) ? 0 : 1;
}
