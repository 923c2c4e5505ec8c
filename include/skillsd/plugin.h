/* SPDX-License-Identifier: Apache-2.0
 * The promise between skillsd and its plugins: all a plugin author needs to read.
 * A plugin exports one constant, `const struct skd_plugin skillsd_plugin`, and nothing else.
 * It knows no HTTP, no SQL and no other plugin. */
#ifndef SKILLSD_PLUGIN_H
#define SKILLSD_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compared for equality with the daemon's before anything else of the plugin is read. */
#define SKD_ABI 17

/* How a call went. Everything but SKD_OK carries a sentence, set with fail(). */
enum skd_outcome {
	SKD_OK,
	SKD_BAD_INPUT, /* 400: the caller sent something that cannot be right */
	SKD_DENIED,    /* 403: known and not allowed; from an authenticator: wrong password */
	SKD_ABSENT,    /* 404: not there; from an authenticator: unknown here, ask the next one */
	SKD_CLASH,     /* 409 */
	SKD_GONE,      /* 410 */
	SKD_STALE,     /* 412 */
	SKD_SLOW_DOWN, /* 429 */
	SKD_BUSY,      /* 503: a server we need does not answer; trying again may help */
	SKD_FAULT,     /* 500: our own bug or a broken set-up; the sentence goes to the log only */
};

/* One unit of work: it owns memory and the first failure's sentence. Opaque to plugins. */
struct skd_call;

enum skd_level { SKD_DEBUG, SKD_INFO, SKD_WARNING, SKD_ERROR };

/* Bytes from outside, never NUL-terminated by promise; bytes == NULL means absent.
 * A source passes on what the directory holds; the host checks UTF-8, NULs and length. */
struct skd_text {
	const char *bytes;
	size_t size;
};

enum skd_option_type {
	SKD_TEXT,
	SKD_NUMBER,   /* a whole number, 0 to 2147483647 */
	SKD_FLAG,     /* yes or no */
	SKD_DURATION, /* seconds, or with a suffix: 250ms 10s 5m 2h 30d; number() gives milliseconds */
	SKD_PATH,     /* absolute, or relative to the configuration file's folder; option() gives the absolute path */
	SKD_SECRET,   /* path of a file that only its owner may read; option() gives the first line of it */
};

/* One row of an option table; the table ends with a row whose key is NULL. */
struct skd_option {
	const char *key;
	enum skd_option_type type;
	const char *preset; /* the default, written as in the file; NULL: none */
	const char *help;   /* one sentence */
	bool required;
	bool repeats; /* may be given more than once */
};

/* JSON (RFC 8259) on its way to wherever the host wants it. */
struct skd_json;

/* What the host lends an instance. Valid from open to close; callable from any thread. */
struct skd_host {
	const char *name; /* of the instance: the NAME in `[directory NAME]` */

	/* The option's value, or its default; NULL when there is neither. The memory is the host's. */
	const char *(*option)(const struct skd_host *host, const char *key);
	long (*number)(const struct skd_host *host, const char *key); /* SKD_NUMBER, SKD_DURATION (ms), SKD_FLAG (0, 1) */
	/* The i-th value of an option that repeats, or NULL past the last. */
	const char *(*option_at)(const struct skd_host *host, const char *key, size_t i);

	/* One line. Values from outside may be passed: the host escapes control characters. Never a secret. */
	void (*log)(const struct skd_host *host, enum skd_level level, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

	/* Keeps the call's first sentence and returns `outcome`. Values from outside may be passed: the host escapes
	 * what is no text. SKD_FAULT sentences never reach a client. */
	enum skd_outcome (*fail)(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

	/* Zeroed memory that dies with the call. Never NULL. */
	void *(*alloc)(struct skd_call *call, size_t size);

	/* Milliseconds until the call must be over; 0 when it is. */
	long (*time_left)(const struct skd_call *call);

	/* Members in the order of the calls; key is NULL within an array and at the top. Commas and escapes are seen to,
	 * these as RFC 8785 has them. A string that is NULL or empty is left out, and so is a time that is SKD_NEVER;
	 * times are RFC 3339. */
	void (*put_object)(struct skd_json *json, const char *key);
	void (*put_object_end)(struct skd_json *json);
	void (*put_array)(struct skd_json *json, const char *key);
	void (*put_array_end)(struct skd_json *json);
	void (*put_string)(struct skd_json *json, const char *key, const char *value);
	void (*put_number)(struct skd_json *json, const char *key, int64_t value);
	void (*put_flag)(struct skd_json *json, const char *key, bool value);
	void (*put_time)(struct skd_json *json, const char *key, int64_t time);
	void (*put_json)(struct skd_json *json, const char *key, struct skd_text value); /* byte for byte */

	const struct skd_lent *lent; /* the host's own; plugins do not look inside */
};

/* ---- kind: source -------------------------------------------------------------------------
 * A directory that people come from. `read` hands over everything it holds through the sink, in any
 * order but that a group's members come right after it, and returns SKD_OK only if it has seen all of it: every page answered with
 * result code 0 and the last page's cookie empty (RFC 2696). Any other outcome means the picture
 * is incomplete, and the run changes nothing: half a chart has managers nobody knows. */

/* Keys name entries within one run (for LDAP a canonical form of the DN); ids are for ever. */
struct skd_person {
	struct skd_text id;  /* entryUUID, nsUniqueId, objectGUID as text: never changes, never reused */
	struct skd_text key;
	struct skd_text username, name, mail, title, phone, employee_number, locale;
	struct skd_text country; /* ISO 3166, two letters */
	struct skd_text manager_key;
	struct skd_text unit_key;  /* the organisational unit entry above the person, or */
	struct skd_text unit_name; /* a unit known by nothing but its name */
	bool disabled;             /* the directory says this account may not sign in */
};

struct skd_unit {
	struct skd_text id, key, name;
	struct skd_text parent_key; /* the nearest unit entry above; absent: none */
};

struct skd_group {
	struct skd_text id, key, name;
	struct skd_text dn; /* as the directory writes it, for people to read */
};

/* A member is a person or another group, by key, or a person by username (RFC 2307 memberUid). */
struct skd_member {
	struct skd_text group_key;
	struct skd_text key;
	struct skd_text username;
};

/* Each returns SKD_OK, or an outcome with which `read` must return at once. The values need to
 * live only during the call. `skip` notes what the source itself left out, and why. */
struct skd_sink {
	enum skd_outcome (*person)(const struct skd_sink *sink, const struct skd_person *person);
	enum skd_outcome (*unit)(const struct skd_sink *sink, const struct skd_unit *unit);
	enum skd_outcome (*group)(const struct skd_sink *sink, const struct skd_group *group);
	enum skd_outcome (*member)(const struct skd_sink *sink, const struct skd_member *member);
	enum skd_outcome (*skip)(const struct skd_sink *sink, struct skd_text what, const char *why);
	/* Of a feed: what was given since the last time is a change of its own, after which the feed stands
	 * at its cookie. NULL in `read`. */
	enum skd_outcome (*settle)(const struct skd_sink *sink);
	/* Of a feed, before it settles: an entry with this id is there no more, or is none of those that the source
	 * shows. Where one was, this ends in SKD_STALE. NULL in `read`. */
	enum skd_outcome (*gone)(const struct skd_sink *sink, struct skd_text id);
};

/* A connection on which a directory tells what changes; the plugin's own struct begins with it. */
struct skd_feed {
	const char *cookie; /* where it stands, in a form of the plugin's; lives until it moves on */
	bool partial;       /* not all that ends is told of: the host reads whole as often as without a feed */
};

/* What an examination finds, told to an administrator. Texts from outside may be passed: the host escapes them.
 * Never a secret. */
enum skd_finding {
	SKD_FACT,   /* as it is */
	SKD_ADVICE, /* it works, and would be better otherwise: the text says what to change */
	SKD_WRONG,
};

struct skd_notes {
	/* What follows is about this, such as one server. */
	void (*section)(const struct skd_notes *notes, const char *title);
	void (*note)(const struct skd_notes *notes, enum skd_finding finding, const char *name, const char *format, ...)
		__attribute__((format(printf, 4, 5)));
	/* Notes as wrong what the call's failure says, and forgets the failure. */
	void (*failed)(const struct skd_notes *notes, const char *name);
	/* Which attributes a field of people is read from: id, username, name, mail, title, phone, employee_number,
	 * locale, manager, unit, disabled. The host counts in how many people it is. */
	void (*field)(const struct skd_notes *notes, const char *field, const char *attributes);
};

struct skd_source {
	enum skd_outcome (*read)(void *self, struct skd_call *call, const struct skd_sink *sink);
	/* The key that `read` gives the entry which an administrator names like this (for LDAP by its DN);
	 * NULL when it is no such name. In the call's memory. Asks nobody. */
	const char *(*key)(void *self, struct skd_call *call, const char *name);

	/* Feeds are a short cut: the host reads whole first, regularly, and after any doubt. NULL where the
	 * plugin has none.
	 * Opens one that tells everything from now on, or from `cookie` on. The call lives as long as the
	 * feed. SKD_ABSENT: this server has none; SKD_STALE: the cookie is of no use (any more). */
	enum skd_outcome (*feed_open)(void *self, struct skd_call *call, const char *cookie, struct skd_feed **feed);
	/* Gives new and changed people and groups, these with all their members, until the call's time is
	 * over (SKD_OK; looks at it ten times a second). SKD_STALE: something happened that only a whole
	 * reading tells, such as that somebody has gone. SKD_BUSY: the connection is lost. */
	enum skd_outcome (*feed_follow)(void *self, struct skd_call *call, struct skd_feed *feed,
					const struct skd_sink *sink);
	void (*feed_close)(void *self, struct skd_feed *feed);

	/* Looks at the directory as an administrator would and notes what it finds, failures too; NULL where
	 * nothing is to be told beyond what `read` shows. SKD_OK: reading is worth a try. */
	enum skd_outcome (*examine)(void *self, struct skd_call *call, const struct skd_notes *notes);
};

/* ---- kind: authenticator ------------------------------------------------------------------
 * Says whether somebody is who they say. Blocks its own caller only, and returns before
 * time_left() is over. SKD_OK: done, or more is asked (step->talk set). SKD_ABSENT: unknown here.
 * SKD_DENIED: known, and not let in. SKD_BUSY: cannot say. An empty password, or one with a NUL,
 * is SKD_DENIED before anything is asked (RFC 4513 5.1.2).
 * Secrets belong to the caller, who wipes them; a plugin keeps no copy. */
struct skd_signin {
	const char *username;
	const char *password;
	const char *address; /* the client's, as text */
};

struct skd_prompt {
	const char *text;
	bool echo;
};

struct skd_talk; /* a conversation under way; the plugin's own */

struct skd_step {
	const char *account;   /* the name as the authenticator writes it; lives with the call. With SKD_DENIED
				* too, where it is known: failures count against it however the name was spelled */
	const char *source;    /* instance name of the source that knows the account as a person, or NULL */
	const char *person_id; /* its stable id there, or NULL */
	struct skd_talk *talk; /* not NULL: not done yet, these are asked: */
	unsigned talk_ms;      /* from `begin`: how long the talk may last in all */
	size_t prompt_count;
	const struct skd_prompt *prompts;
	unsigned delay_ms; /* how long the answer is to be held back; nobody sleeps for it inside the plugin */
};

struct skd_authenticator {
	enum skd_outcome (*begin)(void *self, struct skd_call *call, const struct skd_signin *signin,
				  struct skd_step *step);
	/* Goes on with a conversation; NULL where a plugin never asks more. After any outcome but
	 * "SKD_OK and more is asked" the talk is closed. */
	enum skd_outcome (*answer)(void *self, struct skd_call *call, struct skd_talk *talk, size_t count,
				   const char *const *answers, struct skd_step *step);
	void (*drop)(void *self, struct skd_talk *talk); /* the client never came back */
};

/* ---- kind: report -------------------------------------------------------------------------
 * A tabular form of a report, written as a stream: begin, one row after another, end. */
enum skd_cell_type { SKD_CELL_NONE, SKD_CELL_TEXT, SKD_CELL_NUMBER, SKD_CELL_FLAG };

struct skd_cell {
	enum skd_cell_type type;
	struct skd_text text; /* UTF-8 */
	int64_t number;       /* also 0 or 1 for a flag */
};

struct skd_out {
	/* Blocks while the client is slow; any outcome but SKD_OK: nobody reads any more, return it. */
	enum skd_outcome (*write)(const struct skd_out *out, const char *bytes, size_t size);
};

struct skd_report {
	const char *format;     /* as in ?format= */
	const char *media_type; /* as in Content-Type */
	enum skd_outcome (*begin)(void *self, const struct skd_out *out, size_t columns, const char *const *names);
	enum skd_outcome (*row)(void *self, const struct skd_out *out, size_t columns, const struct skd_cell *cells);
	enum skd_outcome (*end)(void *self, const struct skd_out *out);
};

/* ---- kind: badge --------------------------------------------------------------------------
 * Forms of a credential that programs of others read: Open Badges and their like. A plugin drafts and wraps; the host
 * seals with keys that no plugin sees, keeps what was made, and gives the same bytes until the credential changes: of a proof,
 * and of what is wrapped around it, until it shows other evidence. */

#define SKD_NEVER INT64_MAX /* times are microseconds since 1970, UTC */

/* What an achievement is about, in somebody's framework. */
struct skd_alignment {
	const char *name, *url;
	const char *framework, *code; /* NULL: not known */
	const char *type; /* targetType of Open Badges 3.0, or NULL */
	const char *level; /* of a skill that is proved: as its scale calls it, or its number; otherwise NULL */
};

/* What results an achievement may have, in Open Badges 3.0's sense and words: ids are UUIDs. */
struct skd_rubric_level {
	const char *id, *name;
	const char *level, *points, *description; /* any may be NULL */
	size_t alignment_count;
	struct skd_alignment *alignments;
};

struct skd_result_description {
	const char *id, *name, *type;
	const char *required_value, *required_level; /* one of values; id of one of levels; or NULL */
	const char *value_min, *value_max; /* numbers, or NULL */
	size_t value_count, level_count, alignment_count;
	const char *const *values;
	struct skd_rubric_level *levels;
	struct skd_alignment *alignments;
};

/* What somebody got. */
struct skd_result {
	const char *description;                    /* id */
	const char *value, *achieved_level, *status; /* any may be NULL; achieved_level is an id */
};

struct skd_achievement {
	const char *id, *name; /* id: a UUID */
};

struct skd_evidence {
	const char *name, *url, *narrative; /* any may be NULL */
};

/* What somebody says of an achievement or an issuer: an EndorsementCredential, as it was signed. */
struct skd_endorsement {
	struct skd_text json; /* a JSON object with its proof; absent: it is a JWS */
	const char *jws;
};

struct skd_public_key {
	const char *id, *pem;
};

/* A credential as far as badges tell of it. Strings are UTF-8, and NULL where there is nothing to say. */
struct skd_award {
	const char *origin;   /* of public addresses, such as https://skills.example.org */
	const char *id;       /* the credential's UUID; its badge is at origin/badges/id */
	int64_t awarded, valid_from, valid_until; /* awarded: the day keeps when a credential is replaced */
	int64_t sealed; /* now, of what is to be sealed */
	const char *state, *reason; /* as in REST */
	bool gone; /* taken back, for now or for good, or superseded */
	const char *superseded_by; /* UUID of the credential that took its place, if anyone may see its badge */
	bool key_revoked; /* from before the credential's proof was made: nobody can rely on that */

	const char *subject; /* urn:uuid:…, the same in all badges of one person; of an endorsement the id of what it is about */
	const char *recipient; /* the person's name: for people to read, not for forms that travel */
	const char *salt, *identity; /* of the mail address: "sha256$" and SHA-256 of address and salt in hexadecimal */

	const char *issuer_id, *issuer_did, *issuer_name, *issuer_url, *issuer_mail, *issuer_description;
	const char *issuer_image_url;

	const char *achievement_id, *type, *name, *description, *criteria;
	const char *validity; /* how long what is awarded is valid: a period of ISO 8601, such as P2Y, or NULL */
	int64_t version;
	const char *image_url;
	size_t alignment_count;
	const struct skd_alignment *alignments;
	size_t evidence_count;
	const struct skd_evidence *evidence;
	const char *language; /* BCP 47, of name, description and criteria */
	struct skd_text credits; /* a number as RFC 8785 writes it, or absent */
	const char *field_of_study, *specialization, *human_code;
	size_t tag_count, related_count, description_count, result_count;
	const char *const *tags;
	const char *const *related; /* UUIDs of achievements */
	size_t recommended_count;
	const struct skd_achievement *recommended; /* as the next ones: those that are published */
	const struct skd_result_description *descriptions;
	const struct skd_result *results;

	const char *comment; /* of an endorsement, Markdown; its name is `name`, and who endorses is the issuer */
	/* Of an achievement or an issuer, published by itself. */
	size_t endorsement_count;
	const struct skd_endorsement *endorsements;

	/* Of a record: forms of what is in it, sealed with a proof. */
	size_t record_count;
	const struct skd_text *records;

	const char *status_list, *status_index; /* at origin/status/status_list; NULL: it cannot be revoked in public */

	/* With SKD_SEAL_RS256: of a credential the key that will seal the draft; of an issuer all that did or do, or the one
	 * that was asked for. */
	size_t key_count;
	const struct skd_public_key *keys;
	/* Of an issuer, with SKD_SEAL_RS256: UUIDs of credentials that were sealed so and are good no longer. */
	size_t revoked_count;
	const char *const *revoked;

	/* For wrap(): names of forms of what it is about, of all plugins, that can be had: as far as there are keys to seal them
	 * with, or they are kept. */
	size_t form_count;
	const char *const *forms;
	struct skd_text image; /* of the achievement, for wrap(), as the form asks for it */
};

enum skd_seal {
	SKD_SEAL_NONE,
	SKD_SEAL_PROOF, /* a Data Integrity proof, eddsa-jcs-2022, within: the draft is canonical (RFC 8785). Made when the
			 * credential is issued; all others when they are asked for */
	SKD_SEAL_JWS,   /* JWS compact serialization (RFC 7515) of the draft, with ES256 or RS256 */
	SKD_SEAL_RS256, /* the same with RS256 */
};

enum skd_about {
	SKD_ABOUT_CREDENTIAL,
	SKD_ABOUT_ACHIEVEMENT, /* of the award just what is the achievement's and the issuer's is there */
	SKD_ABOUT_ISSUER,      /* just what is the issuer's; neither is sealed or kept */
	SKD_ABOUT_ENDORSEMENT, /* what an issuer says of one of these; sealed with a proof, and kept */
	SKD_ABOUT_RECORD, /* credentials of one person together; sealed with a proof, and not kept */
};

enum skd_image { SKD_IMAGE_NONE, SKD_IMAGE_PNG, SKD_IMAGE_SVG };

/* A page is records, each a word, a space, the size of what follows in bytes, a line feed, that, and a line feed.
 * title author subject keywords date (RFC 3339): what the document says of itself. picture (PNG), head, line, name, award, text
 * (cut off where it is long) and alarm stand below each other in their order, smaller where they are many; at the foot
 * code, an address that cameras read, and beside it foot and link, which leads where it says. */
enum skd_paper { SKD_PAPER_NONE, SKD_PAPER_A4, SKD_PAPER_LETTER };

struct skd_form {
	enum skd_about about;
	const char *name;  /* as in ?format= */
	const char *types; /* media types that ask for it, separated by spaces; the first is its own */
	enum skd_seal seal;
	const char *inside; /* the form of the same plugin that is wrapped; NULL: none is */
	bool gone; /* of a credential that is gone 410 is the answer, and the plugin's first form, drafted and not kept, says why */
	bool fresh; /* made each time, never kept: it changes with more than the credential */
	enum skd_image image; /* that wrap() needs */
	enum skd_paper paper; /* what wrap() writes is a page, which the host prints on it: the form is a PDF. One on Letter is not
			       * asked for by its name, but as the one on A4 with the same media type is, and ?paper=letter. It
			       * may say how things stand: it is made anew when state, key_revoked or recipient change */
};

struct skd_badge {
	const struct skd_form *forms; /* ends with a name that is NULL */
	/* Writes one JSON object; NULL: all forms are wrap()'s, those of achievements and issuers too. */
	enum skd_outcome (*draft)(void *self, struct skd_call *call, const struct skd_form *form,
				  const struct skd_award *award, struct skd_json *json);
	/* Puts the finished form `inside`, if there is one, into this one; NULL where nothing is wrapped. */
	enum skd_outcome (*wrap)(void *self, struct skd_call *call, const struct skd_form *form,
				 const struct skd_award *award, struct skd_text inside, const struct skd_out *out);
};

/* ---- the head ----------------------------------------------------------------------------- */
enum skd_kind { SKD_SOURCE, SKD_AUTHENTICATOR, SKD_REPORT, SKD_BADGE };

struct skd_plugin {
	unsigned abi; /* SKD_ABI */
	enum skd_kind kind;
	const char *name; /* the file's name without .so */
	const struct skd_option *options;

	/* One open per instance. On failure everything is released again. The host outlives the instance.
	 * A sentence that begins with an option's key, and of several values quotes the one meant, is shown with
	 * that option's line.
	 * No network and no waiting in open: a daemon starts while its directory is down.
	 * Both NULL where nothing is kept: self is the host then. */
	enum skd_outcome (*open)(const struct skd_host *host, struct skd_call *call, void **self);
	void (*close)(void *self);

	union {
		struct skd_source source;
		struct skd_authenticator authenticator;
		struct skd_report report;
		struct skd_badge badge;
	} is;
};

#endif
