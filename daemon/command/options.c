/* SPDX-License-Identifier: Apache-2.0
 * The daemon's own options. The sample configuration and the manual are tested against these. */
#include "command/settings.h"

static const struct skd_option server_options[] = {
	{"listen", SKD_TEXT, "127.0.0.1:8080", "Address and port, or unix:/path, that HTTP is served on."},
	{"public_url", SKD_TEXT, NULL, "Origin that ids and links carry, such as https://skills.example.org.", true},
	{"plugin_path", SKD_PATH, SKILLSD_LIBDIR "/plugins", "Folder of the plugins."},
	{"token_key", SKD_SECRET, NULL, "File with at least 32 random characters; sessions and tokens are stored hashed under it.", true},
	{"trusted_proxy", SKD_TEXT, NULL, "Address of a front end whose X-Forwarded-For is believed; unix for a socket.", false, true},
	{"connections", SKD_NUMBER, "4096", "Connections at most."},
	{"connections_per_address", SKD_NUMBER, "0", "Connections at most from one address; 0 for no limit."},
	{"idle", SKD_DURATION, "60s", "An idle connection is closed after this."},
	{"drain", SKD_DURATION, "20s", "How long running requests may take to end when the daemon stops."},
	{"log_level", SKD_TEXT, "info", "debug, info, warning or error."},
	{NULL}};

static const struct skd_option database_options[] = {
	{"dsn", SKD_TEXT, NULL, "PostgreSQL connection string.", true},
	{"writers", SKD_NUMBER, "2", "Sessions for transactions."},
	{"reports", SKD_NUMBER, "4", "Sessions for reports."},
	{NULL}};

static const struct skd_option session_options[] = {
	{"idle", SKD_DURATION, "30m", "A session unused for this long is over."},
	{"absolute", SKD_DURATION, "12h", "A session is over after this, used or not."},
	{NULL}};

static const struct skd_option throttle_options[] = {
	{"user_failures", SKD_NUMBER, "5", "Failed sign-ins of one user name before it must wait."},
	{"address_failures", SKD_NUMBER, "50", "Failed sign-ins from one address before it must wait."},
	{"window", SKD_DURATION, "15m", "Failures are forgotten after this; the longest wait."},
	{"block", SKD_DURATION, "5s", "The first wait; it doubles with each further failure."},
	{"failure_delay", SKD_DURATION, "1s", "A failed sign-in is answered no sooner than this."},
	{"signins", SKD_NUMBER, "32", "Sign-ins under way at most."},
	{NULL}};

static const struct skd_option issuer_options[] = {
	{"name", SKD_TEXT, "skillsd", "Name of the organisation that issues credentials."},
	{"url", SKD_TEXT, NULL, "Its web address."},
	{"mail", SKD_TEXT, NULL, "Its mail address."},
	{"description", SKD_TEXT, NULL, "What it is, in a few words."},
	{"image", SKD_TEXT, NULL, "Web address of its image; one that is uploaded takes its place."},
	{"paper", SKD_TEXT, "a4", "What certificates are printed on: a4 or letter."},
	{"visibility", SKD_TEXT, "colleagues", "Who sees a new badge until its holder says otherwise: private, colleagues or public."},
	{NULL}};

static const struct skd_option audit_options[] = {
	{"key", SKD_TEXT, NULL, "Key of skillsd-sign that checkpoints are signed with, as it prints it when it makes one; without it they are not."},
	{"trusted_key", SKD_TEXT, NULL, "Public half of a key that signed earlier ones, as they carry it.", false, true},
	{"checkpoint_interval", SKD_DURATION, "5m", "Time between two checkpoints, 1s to 1d."},
	{"checkpoint_file", SKD_PATH, NULL, "File, or named pipe, that each checkpoint is appended to: one that leads to another machine."},
	{NULL}};

static const struct skd_option outbox_options[] = {
	{"keep", SKD_DURATION, "90d", "A notice is kept for so long after it was due."},
	{NULL}};

static const struct skd_option privacy_options[] = {
	{"keep_looks", SKD_DURATION, "400d", "Who looked at whom is kept for so long."},
	{NULL}};

static const struct skd_option limit_options[] = {
	{"misses", SKD_NUMBER, "1000", "Public pages that are not there, in a minute for one address; 0 for no limit."},
	{"verifications", SKD_NUMBER, "1000", "Badges that are verified, in a minute for one account; 0 for no limit."},
	{NULL}};

static const struct skd_option signer_options[] = {
	{"socket", SKD_PATH, "/run/skillsd/sign.sock", "Unix socket of skillsd-sign, which holds the private keys."},
	{"program", SKD_PATH, SKILLSD_LIBDIR "/skillsd-sign", "The program itself, which skillsd key new has make a key."},
	{"keys", SKD_PATH, NULL, "Folder where it keeps them, for skillsd key new."},
	{NULL}};

static const struct skd_option verify_options[] = {
	{"pinned", SKD_PATH, NULL, "Folder of documents of others that are trusted: DID documents, keys, issuers, status lists."},
	{"fetch", SKD_FLAG, "no", "Whether other documents are fetched from where they are, by https and from public addresses only."},
	{"origin", SKD_TEXT, NULL, "https://HOST=http://127.0.0.1:PORT: documents of that host are fetched from there, on this machine.", false, true},
	{NULL}};

static const struct skd_option link_options[] = {
	{"every", SKD_DURATION, "7d", "Time between two looks at a link of a published achievement, 100ms to 365d; [verify] says whether there are any."},
	{"failures", SKD_NUMBER, "3", "So many tries in vain, one after another, make a link a dead one, 1 to 100."},
	{"retry", SKD_DURATION, "1d", "Time after a try in vain, 100ms to 365d."},
	{"pace", SKD_DURATION, "1s", "Time between two links, 10ms to 1d."},
	{NULL}};

static const struct skd_option catalogue_options[] = {
	{"two_people", SKD_FLAG, "no", "Whether an achievement is published only by a review that somebody else asked for."},
	{"language", SKD_TEXT, NULL, "Language of new achievements that say none, such as en or de-CH."},
	{"review_notice", SKD_DURATION, "30d", "So long before the next review of an achievement its owner is reminded."},
	{NULL}};

static const struct skd_option credential_options[] = {
	{"expiry_notice", SKD_TEXT, "90d 30d 7d", "So long before a credential expires its holder is told: whole days, separated by spaces or commas."},
	{NULL}};

static const struct skd_option submission_options[] = {
	{"folder", SKD_PATH, NULL, "Folder of the files that are handed in, which all daemons of a database share; without it there are none."},
	{"max_size", SKD_NUMBER, "16777216", "Bytes of one file, 1 to 16777216."},
	{"max_size_all", SKD_NUMBER, "67108864", "Bytes of all files of one submission."},
	{"types", SKD_TEXT, "application/pdf image/png image/jpeg text/plain application/zip", "What files may be, of these and by their bytes, separated by spaces."},
	{NULL}};

static const struct skd_option assessment_options[] = {
	{"lease", SKD_DURATION, "3d", "So long an assessor has what is offered to them or what they work at before it is another's turn, 100ms to 365d; each save begins it anew."},
	{NULL}};

static const struct skd_option directory_options[] = {
	{"plugin", SKD_TEXT, NULL, "Source plugin, such as source_ldap.", true},
	{"interval", SKD_DURATION, "5m", "Time between runs, 100ms to 1d."},
	{"full_interval", SKD_DURATION, "1h", "Time between whole readings while the directory itself tells what changes, 100ms to 1d."},
	{"time_limit", SKD_DURATION, "10m", "A run that takes longer has failed; at least 100ms."},
	{"absent_count", SKD_NUMBER, "25", "A run in which more people than this leave, or lose a value or a group, and more than absent_percent, waits for approval."},
	{"absent_percent", SKD_NUMBER, "5", "See absent_count; at most 100."},
	{"absent_window", SKD_DURATION, NULL, "Who left within this time before counts too, unless it was approved; three intervals, at least 10s, when not given."},
	{"same_as", SKD_TEXT, NULL, "Directory in which some of the same people are: those with the same same_by are one."},
	{"same_by", SKD_TEXT, NULL, "employee_number, mail or username: what nobody can give themselves that is another's."},
	{NULL}};

static const struct skd_option authenticator_options[] = {
	{"plugin", SKD_TEXT, NULL, "Authenticator plugin, such as auth_pam or auth_ldap.", true},
	{"directory", SKD_TEXT, NULL, "Directory its accounts are people of; its options serve where none are given here."},
	{"person", SKD_TEXT, "none", "username: an account acts as the person with that username; none: it is nobody of the directory."},
	{"roles", SKD_TEXT, NULL, "Roles its sessions may carry, separated by spaces; by default admin for auth_pam, all others for the rest."},
	{NULL}};

static const struct skd_option role_options[] = {
	{"directory", SKD_TEXT, NULL, "Directory whose groups are meant; the first when not given."},
	{"group", SKD_TEXT, NULL, "Directory group, by DN or name, whose members have the role.", false, true},
	{"account", SKD_TEXT, NULL, "Account as authenticator:name that has the role without the directory; only for admin.", false, true},
	{NULL}};

static const struct skd_option retention_options[] = {
	{"keep", SKD_TEXT, NULL, "How long the data of somebody who left are kept: an ISO 8601 period such as P3Y, or 3y, 18mo, 90d, 12h.", true},
	{"directory", SKD_TEXT, NULL, "Directory whose groups are meant; the first when not given."},
	{"group", SKD_TEXT, NULL, "Directory group, by DN, whose members it is for, as they were when they left; everyone when not given.", false, true},
	{"country", SKD_TEXT, NULL, "Country that it is for, in the two letters of ISO 3166; everywhere when not given.", false, true},
	{"erase", SKD_TEXT, "ask", "ask: hr sees who is due, and erases them; automatic: they are erased without being asked for."},
	{NULL}};

const struct option_table option_tables[] = {
	{"server", server_options},
	{"database", database_options},
	{"sessions", session_options},
	{"throttle", throttle_options},
	{"issuer", issuer_options},
	{"audit", audit_options},
	{"outbox", outbox_options},
	{"privacy", privacy_options},
	{"limits", limit_options},
	{"signer", signer_options},
	{"verify", verify_options},
	{"links", link_options},
	{"catalogue", catalogue_options},
	{"credentials", credential_options},
	{"submissions", submission_options},
	{"assessment", assessment_options},
	{"directory", directory_options, true},
	{"authenticator", authenticator_options, true},
	{"role", role_options, true},
	{"retention", retention_options, true},
	{NULL},
};
