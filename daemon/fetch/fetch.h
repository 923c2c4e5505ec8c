/* SPDX-License-Identifier: Apache-2.0
 * The one door through which documents of strangers are fetched: https, from public addresses, and no further than the
 * host that was asked for. The door to libcurl. */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "base/call.h"

struct fetch_door;

/* Once, before threads. Shut, until one of the following opens it. Never NULL. */
struct fetch_door *fetch_open(void *owner);
void fetch_open_public(struct fetch_door *door);
/* "https://HOST=http://127.0.0.1:PORT": what is of the former is fetched from the latter, a loopback address. BAD_INPUT. */
enum skd_outcome fetch_map(struct skd_call *call, struct fetch_door *door, const char *words) WARN_UNUSED;

/* What is at an address, of at most so many bytes; it lives with the call. `mapped`: by fetch_map(). ABSENT: it is not
 * there, or the door is shut. GONE: it was there. DENIED: an address where nothing is fetched from, by the sentence, or
 * one that sends elsewhere. BUSY: no answer in time, or six are fetched already. */
enum skd_outcome fetch_get(struct skd_call *call, const struct fetch_door *door, const char *url, size_t most,
			   struct skd_text *bytes, bool *mapped) WARN_UNUSED;

/* Whether anything is there, by HEAD, and by GET where that is not answered well: what HTTP said, 100 to 599. Nothing is
 * followed, and nothing read. ABSENT: the door is shut for it. DENIED: an address where nothing is fetched from. BUSY: no
 * answer in time, or the call is over. */
enum skd_outcome fetch_look(struct skd_call *call, const struct fetch_door *door, const char *url, long *status) WARN_UNUSED;

/* Whether it is an address that anybody in the world may have (IANA's special-purpose registries). `family` as in
 * <sys/socket.h>; the bytes of an IPv4 or IPv6 address. */
bool fetch_is_public(int family, const uint8_t *bytes);

#endif
