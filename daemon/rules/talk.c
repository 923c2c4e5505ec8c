/* SPDX-License-Identifier: Apache-2.0
 * The list of conversations. */
#include "rules/talk.h"

#include <pthread.h>
#include <string.h>

enum { TALKS_MAX = 64 }; /* each is a process of the gate's, which has room for twice as many */

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

static struct talk *talk_new(const struct authenticator *by, const struct skd_step *step, const char *username,
			     const struct talk *before)
{
	struct talk *talk = talloc_zero(NULL, struct talk);
	int64_t lasts = (int64_t)step->talk_ms * 1000;
	*talk = (struct talk){.by = by, .talk = step->talk, .asked = step->prompt_count,
			      .until = before ? before->until : clock_monotonic() + lasts,
			      .expires_at = before ? before->expires_at : clock_now() + lasts};
	uuid_new(talk->id);
	talk->username = talloc_strdup(talk, username);
	return talk;
}

enum skd_outcome talks_add(struct skd_call *call, const struct authenticator *by, const struct skd_step *step,
			   const char *username, const struct talk *before, struct session_opened *opened)
{
	struct talks *talks = call->house->talks;
	struct talk *kept = talk_new(by, step, username, before);
	opened->talk_id = talloc_strdup(call, kept->id);
	opened->prompt_count = step->prompt_count;
	opened->prompts = step->prompts;
	opened->expires_at = kept->expires_at;
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
	by->instance->plugin->is.authenticator.drop(by->instance->self, step->talk);
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
	talks_tidy(talks);
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
