/* SPDX-License-Identifier: Apache-2.0
 * What rules need of the running daemon: built once at start, const to everyone after. */
#ifndef RULES_HOUSE_H
#define RULES_HOUSE_H

#include "host/host.h"
#include "store/list.h"

struct checkpoint_key; /* sign/checkpoint.h */
struct signer; /* sign/signer.h */
struct talks; /* sign-in conversations under way: rules/talk.c */
struct names; /* of the catalogue: rules/names.c */
struct tries; /* sign-ins under way: rules/tries.c */

/* How an authenticator has answered since the start, and how long it took; read by /metrics. */
struct authenticator_counts {
	uint64_t in, more, wrong, unknown, unavailable, microseconds;
};

struct authenticator {
	struct instance *instance;
	bool match_username; /* its accounts act as the person with that username */
	unsigned roles;      /* those its sessions may carry */
	struct authenticator_counts *counts;
};

struct directory {
	struct instance *instance;
	long interval;      /* milliseconds between runs */
	long full_interval; /* the same while its feed is followed */
	long time_limit;    /* milliseconds for one run */
	long absent_count;  /* more than this, and more than … */
	long absent_percent; /* … this share leaving parks a run */
	long absent_window;  /* milliseconds: who left within this before counts too, unless approved */
	const char *same_as, *same_by; /* its entries are linked to those of another one, by this; NULL: to none */
};

struct role_rule {
	const char *role, *group;
	const struct directory *directory; /* whose group it is */
};

/* Of a [retention NAME]: whom it fits, and what becomes of their data. */
struct retention_rule {
	const char *name;
	const char *keep; /* ISO 8601, after they left */
	bool automatic;
	const char *const *groups; /* any of these DNs; none: everyone */
	size_t group_count;
	const struct directory *directory; /* whose groups they are */
	const char *const *countries; /* any of these, ISO 3166; none: everywhere */
	size_t country_count;
};

struct house {
	const char *public_url;
	const char *token_key;
	struct signer *signer; /* skillsd-sign */
	const char *issuer_name, *issuer_url, *issuer_mail, *issuer_description, *issuer_image;
	enum skd_paper paper; /* of certificates */
	const char *holder; /* of leases: unique to this process */

	struct pool *writers; /* transactions of requests */
	struct pool *reports; /* long reads */
	struct pool *jobs;
	struct pool *seals; /* one session, so that the directories' keep their tables and plans */
	struct pool *life; /* one session, open while this process lives: who sees it gone may take its leases */
	struct lane *write_lane;

	struct authenticator *authenticators; /* in the order they are asked */
	size_t authenticator_count;
	struct directory *directories;
	size_t directory_count;
	const struct role_rule *role_rules; /* which groups give which roles */
	size_t role_count;
	const char *const *rescue_accounts; /* "pam:name" */
	size_t rescue_count;
	const struct retention_rule *retention; /* the first that fits decides */
	size_t retention_count;
	struct instance *formats; /* report plugins, a list */
	const char *painter;      /* path of skillsd-draw */
	struct instance *badges;  /* badge plugins, a list, in the order in which Accept prefers them */
	const char *visibility;   /* of a new badge */
	bool two_people;          /* nobody publishes an achievement alone */
	const char *language;     /* of new achievements that say none; or NULL */
	const char *file_folder;  /* of what is handed in; NULL: no files are */
	long file_size, files_size; /* bytes: of one, and of all of a submission */
	const char *file_types;   /* media types, separated by | */
	long assessment_lease;    /* milliseconds that an assessor has a review, or the offer of one */
	long review_notice;       /* milliseconds before an achievement's next review that it is said */
	const long *expiry_notice; /* days before a credential expires that its holder is told; the least first */
	size_t expiry_notice_count;

	const struct shelf *pinned;    /* documents of others that are trusted; or NULL */
	long link_every, link_retry, link_pace; /* milliseconds: between two looks at a link, or tries; between links */
	long link_failures; /* tries in vain, one after another, that make a dead one */
	const struct fetch_door *door; /* where other documents come in; NULL: it is shut */

	const struct checkpoint_key *audit_key; /* that signs checkpoints; NULL: none does */
	const char *const *audit_trusted; /* public halves of keys that signed earlier ones */
	size_t audit_trusted_count;
	const char *checkpoint_file; /* that each is appended to, or NULL */
	long checkpoint_interval;    /* milliseconds */

	long session_idle, session_absolute; /* milliseconds */
	long throttle_user, throttle_address; /* failures before waiting begins */
	long throttle_window, throttle_block, failure_delay; /* milliseconds */
	long outbox_keep; /* milliseconds */
	struct talks *talks;
	struct tries *tries;
	struct names *names;
	struct pages *pages;
	struct counts *counts;
	struct looks *looks; /* at people: rules/looks.c */
	long looks_keep;     /* milliseconds */
	struct limits *limits;
	long limit[2]; /* in a minute, by enum limit_kind; 0: none */
	/* Somebody asked for a run of it now. */
	void (*sync_wanted)(const struct house *house, const struct directory *directory);
	void (*job_wanted)(const struct house *house); /* or for a job */
	bool (*settled)(const struct house *house); /* what the configuration says stands in the database; NULL: this is no daemon */
	void *sync;
};

#endif
