/* SPDX-License-Identifier: Apache-2.0
 * What a helper program tells its administrator: lines on standard error, which systemd hands to the journal. */
#ifndef HELPER_SAY_H
#define HELPER_SAY_H

#include <stddef.h>

/* Room for any string of a frame once quoted. */
#define SAY_QUOTED 2200

/* One line, written at once so that lines of several processes do not mix. Values from outside go
 * through say_quote() first; secrets never come here. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts `text` between double quotes; all but printable ASCII becomes \xNN. Returns `to`. */
const char *say_quote(char to[SAY_QUOTED], const char *text);

#endif
