/* SPDX-License-Identifier: Apache-2.0
 * The folder of keys: a file ID.pem for each, which is ours alone. Signs nothing. */
#ifndef SIGNER_KEYS_H
#define SIGNER_KEYS_H

#include "signer/key.h"

struct keys;

/* Opens the folder and reads every key of it; a file that is refused is said, and left out. `lent`: systemd made it
 * ($CREDENTIALS_DIRECTORY), so that root may be the owner. NULL, said why: it is no folder, or others may write there.
 * keys_close() it. */
struct keys *keys_open(const char *path, bool lent);
void keys_close(struct keys *keys); /* wipes them; NULL is nothing */

size_t keys_count(const struct keys *keys);
/* Of those at hand, and then of the folder. Once a second the files of those at hand are looked at, and what has gone, or
 * is another now, signs no more; for others it is looked there at most sixteen times a second. NULL: none. It lives until
 * the next call. */
const struct key *keys_find(struct keys *keys, const uint8_t id[KEY_ID_SIZE]);
/* Forgets all, and reads every key again: what has gone from the folder signs no more. */
void keys_again(struct keys *keys);

/* Prints "ID ALGORITHM PURPOSE PUBLIC" of each on standard output, by id. False: a file was refused, and said. */
bool keys_list(const struct keys *keys);
/* Makes a key, writes its file (0400, whole or not at all; as root it is given to the folder's owner) and prints the same
 * line. False, said why. */
bool keys_new(struct keys *keys, const struct algorithm *algorithm, enum purpose purpose);
/* Puts a key's file away as ID.ended, unless it is there already: it signs no more. False, said why. */
bool keys_end(struct keys *keys, const uint8_t id[KEY_ID_SIZE]);

#endif
