/* SPDX-License-Identifier: Apache-2.0
 * bake_bare PNG COUNT: bakes a badge of usual size into the picture as the badge plugins do; and beside it only copies the
 * bytes of both and sums up those of the badge, which is the least that baking is. In turn. Prints the seconds of processor of
 * one, bare and whole. */
#include "../../plugins/bake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { BADGE = 3000, ROOM = 4 << 20, TURN = 64 };

struct heap {
	struct skd_out out; /* the first member: write() finds the rest behind it */
	char *bytes;
	size_t size;
};

static enum skd_outcome heap_write(const struct skd_out *out, const char *bytes, size_t size)
{
	struct heap *heap = (struct heap *)(uintptr_t)out;
	if (size > ROOM - heap->size)
		return SKD_FAULT;
	memcpy(heap->bytes + heap->size, bytes, size);
	heap->size += size;
	return SKD_OK;
}

static double used(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static char png[ROOM], badge[BADGE];
	struct heap heap = {.out = {heap_write}, .bytes = malloc(ROOM)};
	FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
	size_t size = file ? fread(png, 1, sizeof png, file) : 0;
	const struct bake bake = {.image = {png, size}, .inside = {badge, BADGE}, .out = &heap.out};
	double spent[2] = {0};
	unsigned long sum = 0;
	int count = argc == 3 ? atoi(argv[2]) / TURN * TURN : 0;
	memset(badge, 'x', sizeof badge);
	for (int i = 0; i < count && size && heap.bytes; i += TURN) {
		double begun = used();
		for (int k = 0; k < TURN; k++) {
			heap.size = 0;
			sum += crc32(0, (const unsigned char *)badge, BADGE);
			if (heap_write(&heap.out, png, size) != SKD_OK || heap_write(&heap.out, badge, BADGE) != SKD_OK)
				return 1;
		}
		double between = used();
		for (int k = 0; k < TURN; k++) {
			heap.size = 0;
			if (bake_png(&bake, "openbadgecredential") != SKD_OK)
				return 1;
		}
		spent[0] += between - begun;
		spent[1] += used() - between;
	}
	printf("%.9f %.9f\n", spent[0] / count, spent[1] / count);
	return sum == 1;
}
