/* SPDX-License-Identifier: Apache-2.0
 * badge_bare PLUGINS KEY COUNT: makes whole credentials of Open Badges 3.0 as the daemon does, drafted by the plugin,
 * hashed, signed and put together, but that what skillsd-sign does is done in this process (-Wl,--wrap); and beside it
 * signs as many times with nothing around it. In turn, so that both have the same machine. Prints, of one, the seconds of
 * processor bare and whole, then the last credential. Knows no database. */
#include "base/json.h"
#include "host/host.h"
#include "rules/sealing.h"
#include "sign/signer.h"
#include "signer/sign.h"

#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 16, TURN = 1024 };

#define ORIGIN "https://skills.example.org"
#define ID "01a202dc-0000-7000-8000-00000000000"

static const struct skd_alignment alignments[] = {
	{"Handling of subject number 17", "urn:uuid:" ID "1", "Bench", "S17"},
	{"Version control with Git", "https://example.org/skills/eng-git", "Example Skills Book", "ENG-GIT"}};
static const struct skd_evidence evidence[] = {
	{"Course report", "https://example.org/reports/17", "Passed all of the four parts, the last with \"distinction\"."}};
static const struct skd_award award = {
	.origin = ORIGIN, .id = ID "2", .awarded = 1767225600000000, .valid_from = 1767225600000000, .valid_until = SKD_NEVER,
	.state = "active", .subject = "urn:uuid:" ID "3", .recipient = "Maria Surname", .salt = "c2FsdHNhbHRzYWx0",
	.identity = "sha256$0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", .issuer_id = ID "4",
	.issuer_did = "did:web:skills.example.org", .issuer_name = "Example Ltd", .issuer_url = "https://example.org",
	.issuer_mail = "badges@example.org", .achievement_id = ID "5", .type = "Certificate", .name = "Certificate of subject 17",
	.description = "Whoever has it handles the subject alone, and says when not to.", .criteria = "Four parts, each *passed*.",
	.version = 1, .alignment_count = 2, .alignments = alignments, .evidence_count = 1, .evidence = evidence,
	.status_list = ID "6", .status_index = "94567"};

static const struct key *signing;
static uint8_t public_half[512];
static long public_size;

enum skd_outcome __wrap_signer_sign(struct skd_call *call, struct signer *signer, size_t count, struct signer_job *jobs);
enum skd_outcome __wrap_store_key_list(struct skd_call *call, const char *issuer_id, struct store_key **keys, size_t *count);

enum skd_outcome __wrap_signer_sign(struct skd_call *call, struct signer *signer, size_t count, struct signer_job *jobs)
{
	(void)signer;
	for (size_t i = 0; i < count; i++) {
		uint8_t *signature = talloc_size(call, SIGNER_SIGNATURE_MAX);
		struct signer_request request = {(uint8_t)jobs[i].type, {0}, (const uint8_t *)jobs[i].bytes.bytes, jobs[i].bytes.size};
		size_t size;
		if (sign_request(signing, &request, signature, &size) != SIGNER_SIGNED)
			return fail(call, SKD_FAULT, "it does not sign");
		jobs[i].signature = (struct skd_text){(const char *)signature, size};
	}
	return SKD_OK;
}

enum skd_outcome __wrap_store_key_list(struct skd_call *call, const char *issuer_id, struct store_key **keys, size_t *count)
{
	struct store_key *key = talloc_zero(call, struct store_key);
	*key = (struct store_key){.id = ID "7", .issuer_id = issuer_id, .issuer_key = "company", .algorithm = "ed25519",
				  .public_key = public_half, .public_size = (size_t)public_size, .retired_at = TIME_NEVER,
				  .revoked_at = TIME_NEVER};
	*keys = key;
	*count = 1;
	return SKD_OK;
}

/* A batch, with its memory. */
static void whole(const struct house *house, const struct sealing *sealing, char *last, size_t room)
{
	struct skd_call *call = call_new("bench", 60000);
	const struct instance *at = house->badges;
	struct text forms[BATCH];
	bool good = true;
	call->house = house;
	for (int i = 0; i < BATCH && good; i++) {
		struct json json;
		text_begin(&forms[i], call, 4096);
		json_begin(&json, &forms[i]);
		good = at->plugin->is.badge.draft(at->self, call, at->plugin->is.badge.forms, &award, (struct skd_json *)&json) == SKD_OK;
	}
	if (!good || sealing_forms(call, sealing, BATCH, forms) != SKD_OK)
		exit(1);
	snprintf(last, room, "%s", text_end(&forms[BATCH - 1]));
	talloc_free(call);
}

static void bare(EVP_MD_CTX *context)
{
	uint8_t hashes[SIGNER_PROOF_SIZE] = {1}, signature[SIGNER_PROOF_SIZE];
	for (int i = 0; i < BATCH; i++) {
		size_t size = sizeof signature;
		hashes[0] = (uint8_t)i;
		if (EVP_DigestSign(context, signature, &size, hashes, sizeof hashes) != 1)
			exit(1);
	}
}

static double used(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const struct instance *plugin_open(const char *folder)
{
	struct conf *conf = talloc_zero(NULL, struct conf);
	struct section *section = talloc_zero(conf, struct section);
	*section = (struct section){.conf = conf, .kind = "badge", .name = ""};
	const struct skd_plugin *plugin = host_load(section, folder, "badge_ob3", SKD_BADGE);
	return plugin ? host_open(plugin, section) : NULL;
}

static const struct key *key_open(const char *path)
{
	char text[KEY_FILE_MAX];
	const char *why;
	const uint8_t id[KEY_ID_SIZE] = {0};
	FILE *file = fopen(path, "r");
	size_t size = file ? fread(text, 1, sizeof text, file) : 0;
	struct key *key = key_read(id, text, size, &why);
	uint8_t *at = public_half;
	public_size = key ? i2d_PUBKEY(key->pair, &at) : 0;
	return key;
}

int main(int argc, char **argv)
{
	static char last[16384];
	const struct house house = {.public_url = ORIGIN, .badges = argc == 4 ? (struct instance *)(uintptr_t)plugin_open(argv[1]) : NULL};
	struct skd_call *call = call_new("bench", 60000);
	struct sealing sealing;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	signing = house.badges ? key_open(argv[2]) : NULL;
	if (!signing || EVP_DigestSignInit(context, NULL, NULL, NULL, signing->pair) != 1 ||
	    sealing_begin(call, award.issuer_id, award.issuer_did, SKD_SEAL_PROOF, &sealing) != SKD_OK)
		return 2;
	double spent[2] = {0};
	int count = atoi(argv[3]) / TURN * TURN;
	for (int i = 0; i < count; i += TURN) {
		double begun = used();
		for (int k = 0; k < TURN; k += BATCH)
			bare(context);
		double between = used();
		for (int k = 0; k < TURN; k += BATCH)
			whole(&house, &sealing, last, sizeof last);
		spent[0] += between - begun;
		spent[1] += used() - between;
	}
	printf("%.9f %.9f\n%s\n", spent[0] / count, spent[1] / count, last);
	return 0;
}
