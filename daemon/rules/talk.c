/* SPDX-License-Identifier: Apache-2.0
 * The list of conversations. */
#include "rules/talk.h"

#include <pthread.h>
#include <string.h>

/* Each is a process of the gate's, which has room for twice as many: for those that an answer is at work on, too. */
enum { TALKS_MAX = 64, TALKS_OF_NETWORK = TALKS_MAX / 4 };

struct talks {
	pthread_mutex_t lock;
	struct talk *first;
};

struct talks *talks_open(void)
{
	struct talks *talks = talloc_zero(NULL, struct talks);
	pthread_mutex_init(&talks->lock, NULL);
	return talks;
}

static struct talk *talk_new(const struct talk *before, const struct skd_step *step)
{
	struct talk *talk = talloc_zero(NULL, struct talk);
	*talk = *before;
	talk->talk = step->talk;
	talk->asked = step->prompt_count;
	talk->until = talk->began + (int64_t)step->talk_ms * 1000;
	talk->username = talloc_strdup(talk, before->username);
	uuid_new(talk->id);
	return talk;
}

/* Whether there is room for one more of the network; `ends`: when its first one does. */
static enum skd_outcome talks_room(const struct talks *talks, const uint8_t *network, int64_t *ends)
{
	unsigned all = 0, near = 0;
	*ends = INT64_MAX;
	for (const struct talk *talk = talks->first; talk; talk = talk->next, all++) {
		if (memcmp(talk->network, network, DIGEST_SIZE) != 0)
			continue;
		near++;
		*ends = talk->until < *ends ? talk->until : *ends;
	}
	return near >= TALKS_OF_NETWORK ? SKD_SLOW_DOWN : all >= TALKS_MAX ? SKD_BUSY : SKD_OK;
}

static enum skd_outcome talks_refuse(struct skd_call *call, const struct talk *refused, enum skd_outcome outcome,
				     int64_t ends)
{
	refused->by->instance->plugin->is.authenticator.drop(refused->by->instance->self, refused->talk);
	if (outcome == SKD_BUSY)
		return fail(call, outcome, "too many sign-ins are under way");
	call->retry_after = (unsigned)((ends - clock_monotonic()) / 1000000 + 1);
	return fail(call, outcome, "too many sign-ins from this address wait for an answer; try again in %u seconds",
		    call->retry_after);
}

enum skd_outcome talks_add(struct skd_call *call, const struct talk *before, const struct skd_step *step,
			   struct session_opened *opened)
{
	struct talks *talks = call->house->talks;
	struct talk *kept = talk_new(before, step);
	int64_t ends = 0;
	talks_tidy(talks);
	opened->talk_id = talloc_strdup(call, kept->id);
	opened->prompt_count = step->prompt_count;
	opened->prompts = step->prompts;
	opened->expires_at = kept->began_at + (int64_t)step->talk_ms * 1000;
	pthread_mutex_lock(&talks->lock);
	enum skd_outcome outcome = before->id[0] ? SKD_OK : talks_room(talks, kept->network, &ends);
	if (outcome == SKD_OK) {
		kept->next = talks->first;
		talks->first = kept;
	}
	pthread_mutex_unlock(&talks->lock);
	if (outcome == SKD_OK)
		return SKD_OK;
	outcome = talks_refuse(call, kept, outcome, ends);
	talloc_free(kept);
	return outcome;
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
