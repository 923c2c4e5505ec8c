/* SPDX-License-Identifier: Apache-2.0
 * Client addresses. */
#include "api/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool is_trusted(const char *const *trusted, const char *address)
{
	for (size_t i = 0; trusted && trusted[i]; i++)
		if (strcmp(trusted[i], *address ? address : "unix") == 0)
			return true;
	return false;
}

/* An IPv4 one as such, though it may be written as IPv6 has it; NULL: it is none. */
static const char *address_read(void *owner, const char *text)
{
	struct in6_addr wide;
	char *four;
	if (inet_pton(AF_INET, text, &wide) == 1)
		return text;
	if (inet_pton(AF_INET6, text, &wide) != 1)
		return NULL;
	if (!IN6_IS_ADDR_V4MAPPED(&wide))
		return text;
	four = talloc_zero_size(owner, INET_ADDRSTRLEN);
	return inet_ntop(AF_INET, wide.s6_addr + 12, four, INET_ADDRSTRLEN);
}

const char *client_address(void *owner, const char *const *trusted, const struct exchange *exchange)
{
	const char *peer = exchange_peer(exchange);
	const char *forwarded = exchange_list(exchange, owner, "X-Forwarded-For");
	if (!forwarded || !is_trusted(trusted, peer))
		return peer;
	const char *last = strrchr(forwarded, ',');
	last = last ? last + 1 : forwarded;
	last += strspn(last, " \t");
	const char *address = talloc_strndup(owner, last, strcspn(last, " \t"));
	address = address_read(owner, address);
	return address ? address : peer;
}
