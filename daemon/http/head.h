/* SPDX-License-Identifier: Apache-2.0
 * The head of a request, checked byte for byte. Knows how libmicrohttpd 0.9.75 leaves it in memory
 * and what RFC 9110 and 9112 allow; decodes nothing and answers nothing. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/server.h"

enum { HEAD_FIELDS = 64 }; /* at most */

/* Where the library left the head: CR, LF and the colon behind each name have become NUL, as have
 * the two spaces of the request line; but for the target nothing else has changed. So a NUL that was
 * sent beside a bare CR or LF, and a line of a lone colon before one, cannot be told from CR LF. */
struct head_place {
	const char *method; /* where the head begins */
	const char *target; /* where the target stood */
	const char *version;
	size_t size;     /* of the head with the empty line that ends it */
	unsigned fields; /* as many as the library has found */
	const char *raw; /* the target as it came */
};

struct head {
	bool chunked;    /* Transfer-Encoding: chunked */
	bool measured;   /* Content-Length is there */
	bool expects;    /* Expect: 100-continue or the like */
	uint64_t length; /* Content-Length */
	size_t size;     /* of all of it, with the request line */
	unsigned count;
	struct http_header fields[HEAD_FIELDS]; /* without white space around the values */
};

/* Copies the fields into `owner` and understands those that frame the message. NULL when all is
 * sound, otherwise a sentence for the client: bare LF, folded lines, white space before a colon, NUL
 * and other control characters, fields that may come once and come twice, a length beside a transfer
 * coding, any coding but chunked, no Host (RFC 9112 sections 2.2, 3, 5 and 6). */
const char *head_read(struct head *head, void *owner, const struct head_place *place);

/* The first value of that name, or NULL. */
const char *head_field(const struct head *head, const char *name);
/* All values of that name as one list (RFC 9110 section 5.3), or NULL; in `owner` when there are several. */
const char *head_list(const struct head *head, void *owner, const char *name);

#endif
