/* SPDX-License-Identifier: Apache-2.0
 * Client addresses. */
#include "api/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_trusted(const char *const *trusted, const char *address)
{
	for (size_t i = 0; trusted && trusted[i]; i++)
		if (strcmp(trusted[i], *address ? address : "unix") == 0)
			return true;
	return false;
}

const char *client_address(void *owner, const char *const *trusted, const struct exchange *exchange)
{
	const char *peer = exchange_peer(exchange);
	const char *forwarded = exchange_list(exchange, owner, "X-Forwarded-For");
	unsigned char parsed[16];
	if (!forwarded || !is_trusted(trusted, peer))
		return peer;
	const char *last = strrchr(forwarded, ',');
	last = last ? last + 1 : forwarded;
	last += strspn(last, " \t");
	const char *address = talloc_strndup(owner, last, strcspn(last, " \t"));
	return inet_pton(AF_INET, address, parsed) == 1 || inet_pton(AF_INET6, address, parsed) == 1 ? address : peer;
}
