/* SPDX-License-Identifier: Apache-2.0
 * skillsd-draw: makes one picture or page on standard output of what is on standard input, and ends. A program of its own,
 * so that what it needs for that, and what may go wrong in there, is not the daemon's. */
#include "painter/painter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MOST = 4 << 20, RENDERED_MOST = 4096 };

/* NUL follows; NULL when there is nothing, or too much. */
static char *input_read(size_t *size)
{
	char *room = malloc(INPUT_MOST + 1);
	ssize_t got = 1;
	for (*size = 0; room && got > 0 && *size < INPUT_MOST; *size += got > 0 ? (size_t)got : 0)
		got = read(STDIN_FILENO, room + *size, INPUT_MOST - *size);
	if (room)
		room[*size] = '\0';
	return got == 0 && *size ? room : NULL;
}

/* "+" and the picture, or "-" and why not. */
static bool clean(struct bytes input, bool png)
{
	char why[WHY_SIZE] = "", *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	bool good = out && (png ? png_clean : svg_clean)(input, out, why);
	if (!out || fclose(out) != 0)
		return false;
	if (good && size > PICTURE_MOST) {
		snprintf(why, sizeof why, "the picture has %zu bytes where %d are the most; fewer pixels would help", size, PICTURE_MOST);
		good = false;
	}
	putchar(good ? '+' : '-');
	fwrite(good ? made : why, 1, good ? size : strlen(why), stdout);
	free(made);
	return true;
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "", *how = argc == 3 ? argv[2] : "";
	struct bytes input;
	bool cleans = strcmp(what, "clean") == 0, renders = strcmp(what, "render") == 0, prints = strcmp(what, "print") == 0, good;
	confine();
	if (cleans)
		confine_alone();
	if (!cleans && !prints && (!renders || atoi(how) < 1 || atoi(how) > RENDERED_MOST)) {
		fputs("usage: skillsd-draw clean png|svg | render SIDE | print a4|letter\n", stderr);
		return 2;
	}
	char *room = input_read(&input.size);
	input.at = room;
	if (!room)
		return 1;
	good = cleans    ? clean(input, strcmp(how, "png") == 0)
	       : renders ? svg_render(input, atoi(how), stdout)
			 : page_print(input, strcmp(how, "letter") == 0, stdout);
	free(room);
	return good && fflush(stdout) == 0 ? 0 : 1;
}
