/* SPDX-License-Identifier: Apache-2.0
 * Keys are in OpenSSL's secure heap, but reading one (EC, RFC 5915) leaves bytes of it in memory that is not. */
#include "signer/hide.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "helper/say.h"

static void *memory_take(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return size ? malloc(size) : NULL;
}

static void memory_give(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void *memory_move(void *memory, size_t size, const char *file, int line)
{
	void *to = memory_take(size, file, line);
	size_t had = memory ? malloc_usable_size(memory) : 0;
	if (size && !to)
		return NULL;
	if (had && size)
		memcpy(to, memory, had < size ? had : size);
	memory_give(memory, file, line);
	return to;
}

void hide(void)
{
	enum { HEAP = 1 << 20, LEAST = 32 };
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (CRYPTO_set_mem_functions(memory_take, memory_move, memory_give) != 1)
		say("memory that OpenSSL gives back cannot be wiped");
	if (CRYPTO_secure_malloc_init(HEAP, LEAST) != 1)
		say("memory for keys cannot be locked (RLIMIT_MEMLOCK is below 1 MiB): it may be swapped");
}
