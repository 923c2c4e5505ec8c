/* SPDX-License-Identifier: Apache-2.0
 * A lane of worker threads: a list of tasks under one lock, threads that take from it. */
#include "http/lanes.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct thread_lane {
	struct lane lane; /* first: the outside sees nothing else */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct task *first, **last;
	unsigned waiting, working;
	unsigned begun, threads, queue;
	bool closing;
	pthread_t thread[];
};

static struct task *take(struct thread_lane *lane)
{
	while (!lane->first && !lane->closing)
		pthread_cond_wait(&lane->work, &lane->lock);
	struct task *task = lane->first;
	if (!task)
		return NULL;
	lane->first = task->next;
	if (!lane->first)
		lane->last = &lane->first;
	lane->waiting--;
	lane->working++;
	return task;
}

static void *work(void *cls)
{
	struct thread_lane *lane = cls;
	struct task *task;
	pthread_mutex_lock(&lane->lock);
	while ((task = take(lane))) {
		pthread_mutex_unlock(&lane->lock);
		task->run(task);
		pthread_mutex_lock(&lane->lock);
		lane->working--;
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

static void begin_thread(struct thread_lane *lane)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&lane->thread[lane->begun], NULL, work, lane) == 0)
		pthread_setname_np(lane->thread[lane->begun++], lane->lane.name);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool submit(struct lane *base, struct task *task)
{
	struct thread_lane *lane = (struct thread_lane *)base;
	pthread_mutex_lock(&lane->lock);
	bool taken = !lane->closing && lane->waiting + lane->working < lane->threads + lane->queue;
	if (taken && lane->begun < lane->threads && lane->waiting + lane->working >= lane->begun)
		begin_thread(lane);
	taken = taken && lane->begun;
	if (taken) {
		task->next = NULL;
		*lane->last = task;
		lane->last = &task->next;
		lane->waiting++;
		pthread_cond_signal(&lane->work);
	}
	pthread_mutex_unlock(&lane->lock);
	return taken;
}

static void load(struct lane *base, unsigned *waiting, unsigned *working)
{
	struct thread_lane *lane = (struct thread_lane *)base;
	pthread_mutex_lock(&lane->lock);
	*waiting = lane->waiting;
	*working = lane->working;
	pthread_mutex_unlock(&lane->lock);
}

struct lane *lane_threads_open(const char *name, unsigned threads, unsigned queue)
{
	struct thread_lane *lane = calloc(1, sizeof *lane + threads * sizeof lane->thread[0]);
	if (!lane)
		abort();
	lane->lane = (struct lane){.name = name, .submit = submit, .load = load};
	lane->last = &lane->first;
	lane->threads = threads;
	lane->queue = queue;
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->work, NULL);
	return &lane->lane;
}

void lane_threads_close(struct lane **base)
{
	struct thread_lane *lane = (struct thread_lane *)*base;
	if (!lane)
		return;
	*base = NULL;
	pthread_mutex_lock(&lane->lock);
	lane->closing = true;
	pthread_cond_broadcast(&lane->work);
	pthread_mutex_unlock(&lane->lock);
	for (unsigned i = 0; i < lane->begun; i++)
		pthread_join(lane->thread[i], NULL);
	pthread_cond_destroy(&lane->work);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
