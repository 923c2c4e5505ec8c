/* SPDX-License-Identifier: Apache-2.0
 * Where a request becomes a call: route, actor, right, fields, handler, reply. One table of routes. */
#ifndef API_ENTRY_H
#define API_ENTRY_H

#include "base/fields.h"
#include "base/json.h"
#include "http/server.h"
#include "rules/actor.h"
#include "rules/house.h"

enum route_lane {
	RUNS_AT_ONCE, /* on the server's own thread: no waiting, no database */
	RUNS_READ,    /* short reads, in the pipeline */
	RUNS_WRITE,   /* a transaction on an ordinary session, committed when the handler says OK */
	RUNS_REPORT,  /* long reads; the handler may stream */
	RUNS_SIGNIN,  /* waits for authenticators; no session of its own */
	RUNS_FETCH,   /* as RUNS_WRITE, and may wait for strangers, or work long, with no such session meanwhile: rules/work.h */
	LANE_COUNT,
};

enum route_form {
	FORM_ONE,    /* a single resource, or none */
	FORM_LIST,   /* takes limit, cursor, sort, count */
	FORM_PUBLIC = 4,  /* needs no actor */
	FORM_MATCH = 8,   /* needs If-Match */
	FORM_ANYONE = 16, /* any valid token will do, also without a role */
	FORM_SESSION = 32, /* a signed-in session, not a token */
	FORM_MANY = 64,    /* the handler itself answers in other formats */
	FORM_CURRENT = 128, /* {id} may be the word "current" */
	FORM_TABLE = 512,   /* the body may be a table instead: text/csv */
	FORM_GUEST = 256,   /* needs no actor; a token that comes must be good, and counts */
	FORM_BYTES = 2048,   /* the body of a POST (body_bytes(), api/body.h) or the answer to a GET is whatever bytes */
	FORM_PICTURE = 1024, /* the body is a picture: see body_picture() (api/body.h) */
};

struct entry;

struct request {
	struct entry *entry;
	struct exchange *exchange;
	const struct route *route;
	const char *ids[2];    /* of the path, decoded; UUIDs in lower case */
	const struct field *fields; /* what the query was held against */
	struct value *query;        /* in the order of fields */
	json_t *body;          /* an object, or NULL without one */
	struct skd_text table; /* a body of text/csv */
	const char *match;     /* If-Match, as it came */
	const char *format;    /* json, ndjson, csv, …: what the client wants; "" for none of them */
	bool tabular;          /* the items become rows of a table */
	bool may_stream;       /* in a lane where it may wait for the client */
	struct list *list;     /* with FORM_LIST */
	char question[17];     /* of a list: what was asked, but for the page; cursors begin with it */
};

struct reply {
	int status;           /* 0: 200 */
	struct text body;
	struct json json;     /* writes into body */
	const char *location; /* path */
	const char *etag;     /* without quotes */
	const char *note;     /* for the header Skillsd-Note */
	const char *type;     /* NULL: application/json */
	const char *cache;    /* Cache-Control, and the answer depends on who asks for what form; NULL: no-store */
	const char *disposition; /* Content-Disposition; NULL: none */
	const char *policy;   /* Content-Security-Policy; NULL: nothing is loaded or run */
	int look;             /* as what a look at it is counted (rules/counts.h); 0: it is not */
	bool unauthorized;    /* DENIED means 401 here */
	bool refused;         /* a right was missing, whatever is answered */
	bool streamed;        /* the handler has answered through the exchange itself */
};

struct route {
	const char *method, *path; /* {id} and {…} stand for one segment */
	enum route_lane lane;
	unsigned form;
	unsigned roles; /* any of these; 0: any role at all */
	enum skd_outcome (*handle)(struct skd_call *call, const struct request *in, struct reply *out);
	const struct field *query; /* NULL: none */
	const char *sorts;         /* of a list: words separated by | */
	const char *columns;       /* of "items": the columns of its tabular forms; NULL: JSON only */
	size_t body_limit;
	long seconds; /* 0: 30 */
};
extern const struct route routes[]; /* ends with a NULL method */

/* The application for server_open(). Lanes are given by main; the counters live here. */
struct entry *entry_open(const struct house *house, struct lane *const lanes[LANE_COUNT],
			 const char *const *trusted_proxies);
void entry_close(struct entry **entry);
void entry_app(struct entry *entry, struct http_app *app);
/* Sends 503 to what comes from now on at /readyz, so that balancers look elsewhere. */
void entry_draining(struct entry *entry);

/* ---- for handlers ---- */
const struct value *query_value(const struct request *in, const char *name);
const char *query_text(const struct request *in, const char *name); /* NULL when it is not given */
/* Ends a list: "items" is open; closes it and writes next, total, and the reply's note. */
void reply_list_begin(const struct request *in, struct reply *out);
void reply_list_end(const struct request *in, struct reply *out);
/* Sets list->cursor from the query; BAD_INPUT for one that is of another question. */
enum skd_outcome list_cursor(struct skd_call *call, struct request *in, const char *query) WARN_UNUSED;
/* Writes "next": the cursor, bound to the question it is an answer to. NULL: nothing. */
void reply_list_next(const struct request *in, struct reply *out, const char *next);
/* The headers that the reply asks for; how many. */
enum { REPLY_HEADERS = 7 };
size_t reply_headers(struct skd_call *call, const struct reply *out, struct http_header headers[REPLY_HEADERS]);
extern const char reply_vary[]; /* what a public page hangs on */
/* 201 with Location "PATH/ID". */
void reply_created(struct skd_call *call, struct reply *out, const char *path, const char *id);
void reply_version(struct skd_call *call, struct reply *out, long version);
/* An ETag made from the body, for what has no version. */
void reply_fingerprint(struct skd_call *call, struct reply *out);
/* The page of a short list that is whole in memory: items from *from on, *count of them. Sets next and total. */
enum skd_outcome list_slice(struct skd_call *call, struct list *list, size_t *from, size_t *count) WARN_UNUSED;
/* Then, which item stands i-th in it, from either end. */
size_t list_item(const struct list *list, size_t i);
/* Reads the body against a table. */
enum skd_outcome body_read(struct skd_call *call, const struct request *in, const struct field *table, bool patch,
			   struct value *values) WARN_UNUSED;

/* What /metrics prints of requests. */
void entry_metrics(const struct entry *entry, struct text *out);
struct lane *entry_lane(const struct entry *entry, enum route_lane lane);
bool entry_is_draining(const struct entry *entry);

#endif
