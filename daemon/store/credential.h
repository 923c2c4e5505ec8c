/* SPDX-License-Identifier: Apache-2.0
 * Credentials, their events, and what they prove. */
#ifndef STORE_CREDENTIAL_H
#define STORE_CREDENTIAL_H

#include "store/list.h"
#include "store/person.h"

/* SQL: how a credential `c` is renewed, by the newest version of its achievement: by, course (id) and its name, opens_at and
 * closes_at. No row where it is not, or not any more. */
#define RENEWAL_OPENS "c.expires_at - coalesce(v.renewal->>'from', 'P90D')::interval"
#define RENEWAL_CLOSES "c.expires_at + coalesce(v.renewal->>'grace', 'P0D')::interval"
#define RENEWAL_NEWEST                                                                                             \
	"v.number = (SELECT max(n.number) FROM achievement_version n WHERE n.achievement_id = v.achievement_id"   \
	" AND n.state IN ('published', 'archived'))"
#define RENEWAL_OF_CREDENTIAL                                                                                      \
	"SELECT v.renewal->>'by' AS by, y.achievement_id AS course, y.name AS course_name, " RENEWAL_OPENS " AS opens_at, " \
	RENEWAL_CLOSES " AS closes_at FROM achievement_version v JOIN achievement a ON a.id = v.achievement_id"     \
	" JOIN issuer i ON i.id = a.issuer_id AND (i.state = 'active' OR i.key = 'company')"                       \
	" LEFT JOIN LATERAL (SELECT n.achievement_id, n.name FROM achievement_version n"                           \
	"  WHERE n.achievement_id = (v.renewal->>'course')::uuid AND n.number = achievement_out(n.achievement_id)) AS y ON true" \
	" WHERE v.achievement_id = c.achievement_id AND v.renewal IS NOT NULL AND v.state = 'published' AND " RENEWAL_NEWEST \
	" AND c.state = 'active' AND c.expires_at < 'infinity' AND now() <= " RENEWAL_CLOSES

/* SQL: the state as of now of a credential `c`; scheduled and expired follow from the times. */
#define CREDENTIAL_STATE                                                                         \
	"CASE WHEN c.state IN ('revoked', 'superseded') THEN c.state"                           \
	" WHEN c.expires_at <= now() THEN 'expired' WHEN c.state = 'suspended' THEN c.state"    \
	" WHEN c.valid_from > now() THEN 'scheduled' ELSE 'active' END"

/* SQL: a credential `c` was taken back, for now or for good, or superseded. */
#define CREDENTIAL_GONE "c.state IN ('suspended', 'revoked', 'superseded')"

/* SQL: who sees a badge `b` besides those who see the credential anyway; nobody what its holder declined or hid. */
#define BADGE_VISIBILITY "CASE WHEN b.response IN ('declined', 'hidden') THEN 'private' ELSE b.visibility END"

/* SQL: the badge by which that of a credential `c` was superseded, where anyone may see it. */
#define SUPERSEDED_BY                                                                                                  \
	"(SELECT b.credential_id FROM badge b WHERE b.credential_id = c.superseded_by AND " BADGE_VISIBILITY " = 'public')"

struct store_credential {
	const char *id, *person_id, *person_name, *entry_id, *achievement_id, *achievement_name, *issuer_id, *issuer_name;
	int64_t achievement_version;
	int64_t issued_at, valid_from, expires_at; /* expires_at TIME_NEVER: it does not */
	const char *state; /* as of now */
	const char *reason, *superseded_by, *replaces;
	bool lapses; /* unless it is used; then lasts_until is until when it can last */
	int64_t lasts_until;
	const char *evidence, *results; /* JSON arrays */
	const char *visibility, *response; /* as its holder wants it */
	const char *shown_evidence; /* JSON array of places in `evidence` that are in the badge; NULL: all */
	const char *renewal; /* JSON: how it is renewed and from when until when; NULL: it is not, or it is not read */
	long version; /* of all this but the renewal */
};

/* What is to be issued. */
struct store_award {
	const char *id; /* a new one */
	const char *person_id, *entry_id, *achievement_id; /* entry: of that person, to which it is issued */
	int64_t version; /* of the achievement */
	int64_t issued_at, valid_from, expires_at;
	const char *evidence, *results; /* JSON arrays */
	const char *replaces, *reason; /* the credential whose place it takes, and why; or NULL, and since is TIME_NEVER: */
	int64_t since;                 /* it proves nothing of the time before */
	bool lapses;                   /* as a credential's */
	int64_t lasts_until;
};
/* What issuing needs to know of an achievement: state, validity and number of its newest version that
 * is no draft (without one the state is draft); and the time by the database's clock, the one that
 * everything is held against. ABSENT. */
struct store_award_terms {
	const char *state, *validity;
	int64_t now, version;
	const char *issuer_id;
	bool own; /* the issuer is the company */
	bool sandbox, active; /* of the issuer */
	const char *lapse; /* so long after its last use a credential lapses; or NULL */
};
enum skd_outcome store_award_terms(struct skd_call *call, const char *achievement_id,
				   struct store_award_terms *terms) WARN_UNUSED;
/* Whom a credential is to be issued to: an entry that stays this human's until the transaction ends, by its id, or by the
 * username of somebody who is here. */
struct store_award_person {
	const char *entry_id, *person_id; /* NULL: there is none */
	int64_t absent_since; /* of the entry */
	bool many; /* more than one human has that username, and this is one of them */
};
/* Both, with one way to the server and back. */
enum skd_outcome store_award_order(struct skd_call *call, const char *person, const char *achievement_id,
				   struct store_award_person *whom, struct store_award_terms *terms) WARN_UNUSED;
/* The row, its event and its proofs. */
enum skd_outcome store_credential_add(struct skd_call *call, const struct store_award *award, const char *account_id,
				      const char *account) WARN_UNUSED;
/* Of c, with its person p, issuer i, version of the achievement v, and b, the badge or nothing; and reading them, from a
 * column on. */
#define CREDENTIAL_BEFORE_EXPIRES                                                                                      \
	"c.id, p.id, p.name, v.achievement_id, v.name, i.id, i.name, v.number, c.issued_at, c.valid_from, "
#define CREDENTIAL_BEFORE_STATE CREDENTIAL_BEFORE_EXPIRES "c.expires_at, "
#define CREDENTIAL_BEHIND_STATE                                                                                        \
	", c.evidence, coalesce(b.visibility, 'private'), coalesce(b.response, 'pending'),"                            \
	" c.version + coalesce(b.version - 1, 0), c.entry_id, c.replaces, c.results, b.shown_evidence, c.lasts_until, c.lasts_until IS NOT NULL"
#define CREDENTIAL_COLUMNS CREDENTIAL_BEFORE_STATE CREDENTIAL_STATE ", c.reason, c.superseded_by" CREDENTIAL_BEHIND_STATE
void store_credential_read(const struct rows *rows, int row, int column, struct store_credential *credential);
/* The same with its renewal behind, for one of which all is asked. */
#define CREDENTIAL_WHOLE CREDENTIAL_COLUMNS ", (SELECT json_strip_nulls(json_build_object('by', w.by, 'course'," \
	" CASE WHEN w.course IS NOT NULL THEN json_build_object('id', w.course, 'name', w.course_name) END," \
	" 'opens_at', rfc3339(w.opens_at), 'closes_at', rfc3339(w.closes_at))) FROM (" RENEWAL_OF_CREDENTIAL ") AS w)"
void store_credential_read_whole(const struct rows *rows, int row, int column, struct store_credential *credential);

/* A moment of which is asked; TIME_UNSET: now. */
struct store_moment {
	int64_t as_of, known_at; /* when it was so, and when we knew */
};
/* `then` NULL: as it is. Otherwise its state, and what goes with that, are those of then, by its events; all else is as it is.
 * ABSENT, too, when it was not there then: neither issued nor valid, taking another's place no sooner than it did, or not known. */
enum skd_outcome store_credential_get(struct skd_call *call, const struct sight *sight, const char *id,
				      const struct store_moment *then, struct store_credential *credential) WARN_UNUSED;
enum skd_outcome store_credential_seen(struct skd_call *call, const struct sight *sight, const char *id, bool *seen) WARN_UNUSED;
struct store_credential_filter {
	const char *person, *achievement, *state, *issuer;
	const char *unit, *visibility; /* of those in the unit, or in one below it, today; as its holder wants it */
	const struct store_credential_times *times; /* NULL: any */
	const struct store_moment *then;            /* as store_credential_get() */
	bool opened; /* only what its holder shows to colleagues or the public */
};
/* From the first to before the second; TIME_UNSET: any. What does not expire is later than any time. */
struct store_credential_times {
	int64_t issued_after, issued_before, expires_after, expires_before;
};
enum skd_outcome store_credential_list(struct skd_call *call, const struct sight *sight,
				       const struct store_credential_filter *filter, struct list *list,
				       struct store_credential **credentials, size_t *count) WARN_UNUSED;

/* The holder's word on c->id, at `now`: c->visibility, c->response and c->shown_evidence, and the event with `said`, a JSON
 * object. Forms of the badge are made anew when they show other evidence. STALE unless it still is c->version; it is locked,
 * and its badge is there. */
enum skd_outcome store_credential_show(struct skd_call *call, const struct store_credential *c, const char *said,
				       const char *account, const char *account_id, int64_t now) WARN_UNUSED;

/* Locks the row; its stored state, and the time by the database's clock with the lock held. */
enum skd_outcome store_credential_lock(struct skd_call *call, const char *id, const char **state,
				       int64_t *now) WARN_UNUSED;
/* From `now` on it is `state` (superseded: by the one that replaces it): the row, the event `kind`, and the proofs as they are known from now on. */
enum skd_outcome store_credential_turn(struct skd_call *call, const char *id, const char *state, const char *kind,
				       const char *account, const char *account_id, const char *reason,
				       int64_t now) WARN_UNUSED;

struct store_event {
	const char *kind, *account, *reason;
	const char *said; /* by its holder: a JSON object, or NULL */
	int64_t valid_from, valid_to, recorded_at;
};
enum skd_outcome store_credential_events(struct skd_call *call, const char *id, struct store_event **events,
					 size_t *count) WARN_UNUSED;

#endif
