/* SPDX-License-Identifier: Apache-2.0
 * Status lists: signed when somebody asks for the first time since a bit changed, or the key that signed them. */
#include "rules/status.h"

#include "base/json.h"
#include "rules/issuer.h"
#include "rules/sealing.h"
#include "sign/bits.h"
#include "store/status.h"

#include <string.h>

/* Members in the order of RFC 8785. */
static enum skd_outcome status_draft(struct skd_call *call, const char *id, const char *did,
				     const struct store_status *status, struct text *draft)
{
	const char *place = talloc_asprintf(call, "%s/status/%s", call->house->public_url, id), *bits;
	struct json json;
	TRY(bits_encode(call, status->bits, status->size, &bits));
	text_begin(draft, call, 1024);
	json_begin(&json, draft);
	put_object(&json, NULL);
	put_array(&json, "@context");
	put_string(&json, NULL, "https://www.w3.org/ns/credentials/v2");
	put_array_end(&json);
	put_object(&json, "credentialSubject");
	put_string(&json, "encodedList", bits);
	put_string(&json, "id", talloc_asprintf(call, "%s#list", place));
	put_string(&json, "statusPurpose", status->purpose);
	put_string(&json, "type", "BitstringStatusList");
	put_object_end(&json);
	put_string(&json, "id", place);
	put_string(&json, "issuer", did);
	put_array(&json, "type");
	put_string(&json, NULL, "VerifiableCredential");
	put_string(&json, NULL, "BitstringStatusListCredential");
	put_array_end(&json);
	put_time(&json, "validFrom", status->changed_at);
	put_object_end(&json);
	return SKD_OK;
}

/* Anyone may ask, as often as they like: the doctor says it, the log does not. */
static enum skd_outcome status_seal(struct skd_call *call, const char *issuer_id, const char *did, struct sealing *sealing)
{
	enum skd_outcome outcome = sealing_begin(call, issuer_id, did, SKD_SEAL_PROOF, sealing);
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	call->retry_after = 60;
	call->no_news = true;
	return fail(call, SKD_BUSY, "the issuer has no key now that this list could be signed with");
}

enum skd_outcome status_get(struct skd_call *call, const char *id, const char **list)
{
	struct store_status status;
	struct sealing sealing;
	struct text form;
	TRY(store_status_get(call, id, false, &status));
	const char *did = issuer_did(call, status.issuer_id, status.issuer_key);
	if (!status.signed_form) {
		TRY(status_seal(call, status.issuer_id, did, &sealing));
		TRY(store_status_get(call, id, true, &status));
	}
	*list = status.signed_form;
	if (*list)
		return SKD_OK;
	TRY(status_draft(call, id, did, &status, &form));
	TRY(sealing_forms(call, &sealing, 1, &form));
	*list = text_end(&form);
	return store_status_sign(call, id, status.version, *list, sealing.key_id);
}
