/* SPDX-License-Identifier: Apache-2.0
 * The list of conversations. */
#include "rules/talk.h"

#include "rules/session.h"

#include <pthread.h>
#include <string.h>

enum { TALKS_MAX = 256, TALK_LASTS = 60000000 };

struct talks {
	pthread_mutex_t lock;
	struct talk *first;
	unsigned count;
};

struct talks *talks_open(void)
{
	struct talks *talks = talloc_zero(NULL, struct talks);
	pthread_mutex_init(&talks->lock, NULL);
	return talks;
}

enum skd_outcome talks_add(struct skd_call *call, struct talks *talks, const struct authenticator *by,
			   struct skd_talk *talk, const char *username, char id[UUID_SIZE])
{
	struct talk *kept = talloc_zero(NULL, struct talk);
	*kept = (struct talk){.by = by, .talk = talk, .until = clock_monotonic() + TALK_LASTS};
	uuid_new(kept->id);
	memcpy(id, kept->id, UUID_SIZE);
	kept->username = talloc_strdup(kept, username);
	pthread_mutex_lock(&talks->lock);
	bool room = talks->count < TALKS_MAX;
	if (room) {
		kept->next = talks->first;
		talks->first = kept;
		talks->count++;
	}
	pthread_mutex_unlock(&talks->lock);
	if (room)
		return SKD_OK;
	by->instance->plugin->is.authenticator.drop(by->instance->self, talk);
	talloc_free(kept);
	return fail(call, SKD_BUSY, "too many sign-ins are under way");
}

/* Unlinks the first talk that is `id`, or for NULL the first that is over. */
static struct talk *talks_unlink(struct talks *talks, const char *id, int64_t now)
{
	struct talk *found = NULL;
	pthread_mutex_lock(&talks->lock);
	for (struct talk **at = &talks->first; *at && !found; at = &(*at)->next)
		if (id ? strcmp((*at)->id, id) == 0 : (*at)->until < now) {
			found = *at;
			*at = found->next;
			talks->count--;
			break;
		}
	pthread_mutex_unlock(&talks->lock);
	return found;
}

struct talk *talks_take(struct talks *talks, const char *id)
{
	return talks_unlink(talks, id, 0);
}

static void talks_drop_until(struct talks *talks, int64_t now)
{
	struct talk *talk;
	while ((talk = talks_unlink(talks, NULL, now))) {
		struct instance *instance = talk->by->instance;
		instance->plugin->is.authenticator.drop(instance->self, talk->talk);
		talloc_free(talk);
	}
}

void talks_tidy(struct talks *talks)
{
	talks_drop_until(talks, clock_monotonic());
}

void talks_close(struct talks **talks)
{
	talks_drop_until(*talks, INT64_MAX);
	pthread_mutex_destroy(&(*talks)->lock);
	TALLOC_FREE(*talks);
}
