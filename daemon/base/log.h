/* SPDX-License-Identifier: Apache-2.0
 * The log: one line an event on standard error, with a syslog level in front (sd-daemon(3)) when
 * the journal reads it. Escapes whatever it is given; decides nothing. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/call.h"

/* Lines below `level` are dropped. Called once, before threads. */
void log_open(enum skd_level level);

/* "level where: text". `where` is a room or an instance ("sync main"). */
void log_line(enum skd_level level, const char *where, const char *format, ...) PRINTF(3, 4);
void log_linev(enum skd_level level, const char *where, const char *format, va_list args);

/* The call's failure, once, with its request id. BAD_INPUT and the like only at debug level. */
void log_failure(struct skd_call *call);

#endif
