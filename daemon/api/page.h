/* SPDX-License-Identifier: Apache-2.0
 * The way around the lanes: a public page that was answered a moment ago is answered again from memory. And what is only
 * true of public pages: 304, looks that are counted, asking too often for what is not there. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/entry.h"
#include "rules/pages.h"

/* By which it is kept, in `owner`; NULL: this request is answered for itself. */
const char *page_key(void *owner, const struct exchange *exchange, const struct route *route);
/* True: it has been answered. `made`: perhaps by somebody else while this one waited. */
bool page_give(const struct house *house, struct exchange *exchange, const char *key, bool made);
/* Whether it is said to a person that there is nothing, any more or for now: to whoever looks elsewhere than at the API and would
 * rather have a page. */
bool page_is_for_people(void *owner, const struct exchange *exchange, int status);
/* When a handler has said OK: keeps what may be kept, counts the look, and makes 304 of what the client has already. */
void page_finish(struct skd_call *call, const struct request *in, struct reply *out, const char *key, struct page_ticket ticket);

/* Around a handler: SLOW_DOWN for a client who has asked too often for what is not there, and one more that was not. */
enum skd_outcome page_may(struct skd_call *call, const struct route *route) WARN_UNUSED;
void page_missed(struct skd_call *call, const struct route *route);

#endif
