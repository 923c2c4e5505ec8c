/* SPDX-License-Identifier: Apache-2.0
 * The daemon's client of skillsd-sign, for tests/test_signer_peers.py and for measuring.
 *   signer_ask SOCKET KEY proof|jws|checkpoint COUNT THREADS [SECONDS [hold]]
 * has what standard input holds signed COUNT times in each of THREADS threads at once. Prints for each thread the first
 * signature as hexadecimal digits, or the outcome and its sentence, and then how long it took. hold: does not end, so
 * that its memory can be looked at. */
#include "base/text.h"
#include "sign/signer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct order {
	struct signer *signer;
	struct signer_job job;
	size_t count;
	long milliseconds;
};

static void *run(void *argument)
{
	const struct order *order = argument;
	struct skd_call *call = call_new("ask", order->milliseconds);
	struct signer_job *jobs = talloc_array(call, struct signer_job, order->count);
	for (size_t i = 0; i < order->count; i++)
		jobs[i] = order->job;
	if (signer_sign(call, order->signer, order->count, jobs) != SKD_OK)
		printf("%d %s\n", call->outcome, call->sentence);
	for (size_t i = 0; call->outcome == SKD_OK && i < order->count; i++)
		if (!jobs[i].signature.size)
			abort();
	for (size_t i = 0; call->outcome == SKD_OK && i < jobs->signature.size; i++)
		printf("%02x%s", (unsigned char)jobs->signature.bytes[i], i + 1 < jobs->signature.size ? "" : "\n");
	return call;
}

static enum signer_type type_of(const char *name)
{
	return strcmp(name, "proof") == 0 ? SIGNER_PROOF : strcmp(name, "jws") == 0 ? SIGNER_JWS : SIGNER_CHECKPOINT;
}

int main(int argc, char **argv)
{
	static char bytes[SIGNER_BYTES_MAX + 2];
	enum { THREADS = 64 };
	pthread_t threads[THREADS];
	void *calls[THREADS];
	if (argc < 6)
		return 2;
	size_t size = fread(bytes, 1, sizeof bytes, stdin), count = strtoul(argv[5], NULL, 10);
	struct order order = {signer_open(NULL, argv[1]), {type_of(argv[3]), argv[2], {bytes, size}, {NULL, 0}}, strtoul(argv[4], NULL, 10),
			      argc > 6 ? atol(argv[6]) * 1000 : 60000};
	int64_t began = clock_monotonic();
	for (size_t i = 0; i < count && i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, &order);
	for (size_t i = 0; i < count && i < THREADS; i++)
		pthread_join(threads[i], &calls[i]);
	printf("%.3f seconds\n", (double)(clock_monotonic() - began) / 1e6);
	fflush(stdout);
	if (argc > 7)
		pause();
	for (size_t i = 0; i < count && i < THREADS; i++)
		talloc_free(calls[i]);
	talloc_free(order.signer);
	return 0;
}
