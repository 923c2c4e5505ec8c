/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a document with a proof: refused with a sentence, unless it is the one that the W3C's example key signed. */
#include "fuzz.h"
#include "sign/canon.h"
#include "sign/proof.h"

#include <string.h>

static void proof_check(struct skd_call *call, const json_t *document)
{
	const json_t *proof;
	struct public_key *key;
	must(key_from_multibase(call, "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", &key) == SKD_OK, "the key is read");
	if (proof_find(call, document, PROOF_JCS, &proof) == SKD_OK && proof_verify(call, document, proof, key) == SKD_OK) {
		const char *id = canon_string(document, "id");
		must(id && strcmp(id, "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33") == 0, "only the example verifies");
		return;
	}
	must((call->outcome == SKD_BAD_INPUT || call->outcome == SKD_DENIED || call->outcome == SKD_ABSENT) && call->sentence &&
		     utf8_valid(call->sentence, strlen(call->sentence)),
	     "a refusal says why");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	json_t *json;
	if (canon_read(call, "the document", (const char *)bytes, size, &json) == SKD_OK)
		proof_check(call, json);
	talloc_free(call);
	return 0;
}
