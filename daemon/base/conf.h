/* SPDX-License-Identifier: Apache-2.0
 * The configuration file: sections `[kind]` or `[kind name]` of `key = value`, checked against
 * option tables. Const after start. Knows the form of options, not what they mean. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/call.h"

struct conf_entry {
	const char *key;
	const char *value; /* after section_check(): paths absolute, secrets replaced by what their file holds */
	int line;
};

struct section {
	struct conf *conf;
	const char *kind, *name; /* name "" in `[kind]` */
	int line;                /* of its header, or the file's last where it has none */
	bool bad;                /* something of it was complained about */
	struct conf_entry *entries;
	size_t count;
	const struct skd_option *tables[3]; /* that apply, NULL-terminated; set by section_check() */
	const struct section *fallback;     /* asked for what is not given here */
};

struct conf {
	const char *path, *folder;
	struct section *sections; /* in file order */
	size_t count;
	int lines;
	const char **complaints; /* "file:line: sentence", in the order found */
	size_t complaint_count;
};

/* Reads the file. ABSENT when it cannot be read; syntax errors become complaints. */
enum skd_outcome conf_read(struct skd_call *call, const char *path, void *owner, struct conf **conf) WARN_UNUSED;

/* The sections of a kind in file order: the one after `last`, or the first for NULL; NULL at the end. */
struct section *conf_next(struct conf *conf, const char *kind, const struct section *last);
struct section *conf_find(struct conf *conf, const char *kind, const char *name);
/* As conf_find, and makes an empty one where the file has none, so that defaults apply. */
struct section *conf_section(struct conf *conf, const char *kind);

const char *section_title(const struct section *section); /* "[kind name]", the configuration's memory */
/* The line of the i-th value of an option, be it the fallback's; the section's where there is none. */
int section_line(const struct section *section, const char *key, size_t i);

void conf_complain(struct conf *conf, int line, const char *format, ...) PRINTF(3, 4);
/* The same, and the section is bad from now on. */
void section_complain(struct section *section, int line, const char *format, ...) PRINTF(3, 4);
/* FAULT with the first complaint, when there are any. */
enum skd_outcome conf_verdict(struct skd_call *call, const struct conf *conf) WARN_UNUSED;

/* Holds the section against up to two tables: unknown keys, wrong types, what is required and
 * missing, what repeats and may not. Complains, never fails. Whether something is missing is not
 * asked of a section that is bad already, or whose fallback is: that may be why. */
void section_check(struct section *section, const struct skd_option *own, const struct skd_option *plugin);

/* After section_check(). The value, or the fallback section's, or the preset; NULL for none. */
const char *section_text(const struct section *section, const char *key);
long section_number(const struct section *section, const char *key); /* SKD_NUMBER, SKD_FLAG, SKD_DURATION in ms */
const char *section_at(const struct section *section, const char *key, size_t i);

/* Milliseconds of "250ms", "10s", "5m", "2h", "30d" or plain seconds, at most ten years; -1 when it is none of these. */
long duration_parse(const char *value);

#endif
