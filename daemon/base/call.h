/* SPDX-License-Identifier: Apache-2.0
 * The call: one unit of work, be it a request or a job. It owns its memory (it is a talloc
 * context), the first failure's sentence, and says who asks and until when. */
#ifndef BASE_CALL_H
#define BASE_CALL_H

#include <skillsd/plugin.h>
#include <talloc.h>

#define WARN_UNUSED __attribute__((warn_unused_result))
#define PRINTF(format_at, first) __attribute__((format(printf, format_at, first)))

/* Returns from the calling function unless `x` is SKD_OK: the one control macro. */
#define TRY(x)                                   \
	do {                                     \
		enum skd_outcome try_ = (x);     \
		if (try_ != SKD_OK)              \
			return try_;             \
	} while (0)

/* What is wrong with one field: a JSON pointer, or a parameter's name. */
struct field_error {
	const char *field;
	const char *message;
};

struct actor;     /* rules/actor.h */
struct db;        /* store/db.h */
struct house;     /* rules/house.h */
struct directory; /* rules/house.h */

struct skd_call {
	enum skd_outcome outcome;
	const char *sentence;
	struct field_error *errors;
	size_t error_count;
	unsigned retry_after; /* seconds, with SLOW_DOWN and BUSY; 0: not said */
	bool no_news;         /* of BUSY: whoever can mend it learns of it otherwise */
	const char *problem;  /* the last word of the problem's type, where the outcome does not give it; or NULL */

	char id[37]; /* or empty: call_id() gives it */
	const char *address; /* of the client; NULL for jobs */
	const char *what;    /* for logs: "GET /api/v1/people/{id}" or a job's name */
	int64_t started;     /* monotonic microseconds */
	int64_t deadline;    /* monotonic microseconds */

	const struct actor *actor; /* NULL: nobody */
	struct db *db;             /* the database session in use; NULL: none yet */
	bool paused;               /* its transaction was let go of on the way, and what it is in now began after: rules/work.h */
	bool shown; /* it changes what anyone may see: nothing kept of that is good when it is over */
	bool looked;               /* it was noted that somebody was looked at: rules/looks.h */
	bool queued;               /* a job was asked for: somebody looks for it once that is committed */
	const struct directory *wanted; /* a run of it, once what the call wrote is committed; NULL: none */
	const struct house *house;      /* the daemon around it; NULL in tools */
};

/* A fresh call that must be over in `milliseconds`; talloc_free() it. Never NULL: out of memory ends
 * the process, since nothing sensible can be answered then. */
struct skd_call *call_new(const char *what, long milliseconds);

/* Keeps the first sentence, counts the rest as consequences of it; returns `outcome`. */
enum skd_outcome fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...) PRINTF(3, 4);

/* BAD_INPUT that names a field; may be called several times, each adds an entry to `errors`. */
enum skd_outcome fail_field(struct skd_call *call, const char *field, const char *format, ...) PRINTF(3, 4);

/* What was asked for is not there (ABSENT, with its sentence): the field's fault. Any other outcome stays what it is. */
enum skd_outcome absent_as_field(struct skd_call *call, const char *field, enum skd_outcome outcome);

/* Forgets a failure that the caller has dealt with. */
void call_forgive(struct skd_call *call);

/* The request's id, for logs, problems and audits; made when it is first asked for. */
const char *call_id(struct skd_call *call);

long call_time_left(const struct skd_call *call); /* milliseconds, never negative */

int64_t clock_monotonic(void); /* microseconds */
int64_t clock_now(void);       /* microseconds since 1970-01-01T00:00:00Z */

#endif
