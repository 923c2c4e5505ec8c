/* SPDX-License-Identifier: Apache-2.0
 * One set of names, shared by all calls; the last to use one that has been replaced frees it. */
#include "rules/names.h"

#include <pthread.h>

struct name_set {
	struct report_words *words;
	int64_t version;
	unsigned users; /* calls, and the one that is handed out */
};

struct names {
	pthread_mutex_t lock;
	struct name_set *latest;
};

/* A call's use of a set. */
struct name_use {
	struct names *names;
	struct name_set *set;
};

struct names *names_open(void)
{
	struct names *names = talloc_zero(NULL, struct names);
	pthread_mutex_init(&names->lock, NULL);
	return names;
}

static void set_leave(struct names *names, struct name_set *set)
{
	pthread_mutex_lock(&names->lock);
	bool last = set && --set->users == 0;
	pthread_mutex_unlock(&names->lock);
	if (last)
		talloc_free(set);
}

void names_close(struct names **names)
{
	if (!*names)
		return;
	set_leave(*names, (*names)->latest);
	pthread_mutex_destroy(&(*names)->lock);
	TALLOC_FREE(*names);
}

static int use_end(struct name_use *use)
{
	set_leave(use->names, use->set);
	return 0;
}

/* The set that is handed out, if it is of this version; NULL: it is not. */
static struct name_set *set_take(struct names *names, int64_t version)
{
	pthread_mutex_lock(&names->lock);
	struct name_set *set = names->latest && names->latest->version == version ? names->latest : NULL;
	if (set)
		set->users++;
	pthread_mutex_unlock(&names->lock);
	return set;
}

/* The set has a user already. Where another call has read a later one meanwhile, it is read once more. */
static void set_hand_out(struct names *names, struct name_set *set)
{
	pthread_mutex_lock(&names->lock);
	struct name_set *before = names->latest;
	names->latest = set;
	set->users++;
	pthread_mutex_unlock(&names->lock);
	set_leave(names, before);
}

static enum skd_outcome set_read(struct skd_call *call, struct names *names, struct name_set **out)
{
	struct name_set *set = talloc_zero(call, struct name_set);
	TRY(store_catalogue_words(call, set, &set->words, &set->version));
	*out = talloc_steal(NULL, set);
	set->users = 1;
	set_hand_out(names, set);
	return SKD_OK;
}

enum skd_outcome names_of(struct skd_call *call, int64_t version, const struct report_words **words)
{
	struct names *names = call->house->names;
	struct name_set *set = set_take(names, version);
	if (!set)
		TRY(set_read(call, names, &set));
	struct name_use *use = talloc(call, struct name_use);
	*use = (struct name_use){names, set};
	talloc_set_destructor(use, use_end);
	*words = set->words;
	return SKD_OK;
}
