/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a DN, and as a value of a filter: a key is UTF-8 without control characters and a key of itself, the
 * key of the entry above is shorter, and a value of a filter says nothing but its bytes. */
#include "fuzz.h"

#include "../../plugins/ldap.h"

#include "base/call.h"
#include "base/text.h"

#include <ldap.h>
#include <string.h>

static void *host_alloc(struct skd_call *call, size_t size)
{
	void *memory = talloc_zero_size(call, size);
	must(memory != NULL, "there is memory");
	return memory;
}

static const struct skd_host host = {.name = "fuzz", .alloc = host_alloc};

/* As libldap has it; what is none is only copied. */
static bool is_dn(struct skd_text text)
{
	LDAPDN parts = NULL;
	char *copy = strndup(text.bytes, text.size);
	bool is = strlen(copy) == text.size && ldap_str2dn(copy, &parts, LDAP_DN_FORMAT_LDAP) == LDAP_SUCCESS;
	ldap_dnfree(parts);
	free(copy);
	return is;
}

static void key_check(struct skd_call *call, struct skd_text dn)
{
	struct dir_key key = {.host = &host, .call = call}, other = {.host = &host, .call = call};
	struct skd_text made = dir_key_make(&key, dn);
	must(made.bytes || made.size == 0, "no bytes have no size");
	must(made.size == 0 || utf8_valid(made.bytes, made.size), "a key is UTF-8");
	for (size_t i = 0; i < made.size; i++)
		must((unsigned char)made.bytes[i] >= 0x20 && made.bytes[i] != 0x7f, "a key has no control characters");
	struct skd_text again = dir_key_make(&other, made);
	bool same = again.size == made.size && (!made.size || memcmp(again.bytes, made.bytes, made.size) == 0);
	must(same || !is_dn(dn), "the key of a DN is its own key");
	for (struct skd_text above = made; above.size;) {
		struct skd_text next = dir_key_parent(above);
		must(next.size < above.size, "the key of the entry above is shorter");
		above = next;
	}
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static void filter_check(struct skd_call *call, const char *text)
{
	const char *value = dir_filter_value(&host, call, text);
	for (const char *c = value; *c; c++, text++) {
		bool escaped = *c == '\\';
		must(!strchr("*()", *c), "a value of a filter has nothing that means something there");
		must((unsigned char)*text == (escaped ? digit(c[1]) * 16 + digit(c[2]) : (unsigned char)*c),
		     "and says the bytes it was made of");
		c += escaped ? 2 : 0;
	}
	must(*text == '\0', "and no others");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = talloc_zero(NULL, struct skd_call);
	char *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	key_check(call, (struct skd_text){exact, size});
	filter_check(call, talloc_strndup(call, exact, size));
	free(exact);
	talloc_free(call);
	return 0;
}
