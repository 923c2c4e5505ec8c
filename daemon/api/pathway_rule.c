/* SPDX-License-Identifier: Apache-2.0
 * /pathways/{id}/rules as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/pathway_rule.h"

static void rule_write(struct json *json, const struct store_pathway_rule *r)
{
	put_object(json, NULL);
	put_string(json, "id", r->id);
	put_named(json, "unit", r->unit_id, "name", r->unit);
	put_string(json, "group", r->group.dn);
	put_named(json, "position", r->position_id, "name", r->position);
	if (r->days)
		put_int(json, "days", r->days);
	put_time(json, "created_at", r->created_at);
	put_object_end(json);
}

/* It never changes. */
static void rule_reply(struct skd_call *call, struct reply *out, const struct store_pathway_rule *r)
{
	rule_write(&out->json, r);
	reply_version(call, out, 1);
}

enum skd_outcome api_pathway_rule_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway_rule *rules;
	size_t count;
	TRY(pathway_rule_list(call, in->ids[0], in->list, &rules, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		rule_write(&out->json, &rules[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_pathway_rule_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway_rule rule;
	TRY(pathway_rule_get(call, in->ids[0], in->ids[1], &rule));
	rule_reply(call, out, &rule);
	return SKD_OK;
}

enum skd_outcome api_pathway_rule_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"unit", FIELD_UUID}, {"group", FIELD_TEXT, .most = 2000}, {"position", FIELD_REF}, {"days", FIELD_INT, .least = 1, .most = 3660}, {NULL}};
	struct value v[4] = {0};
	struct store_pathway_rule rule;
	TRY(body_read(call, in, fields, false, v));
	const struct pathway_rule_order order = {v[0].text, v[1].text, v[2].text, v[3].given ? (long)v[3].number : 0};
	TRY(pathway_rule_add(call, in->ids[0], &order, &rule));
	reply_created(call, out, talloc_asprintf(call, "/api/v1/pathways/%s/rules", in->ids[0]), rule.id);
	rule_reply(call, out, &rule);
	return SKD_OK;
}

enum skd_outcome api_pathway_rule_end(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway_rule rule;
	out->status = 204;
	TRY(pathway_rule_get(call, in->ids[0], in->ids[1], &rule));
	TRY(merge_match(call, in, 1));
	return pathway_rule_end(call, in->ids[0], in->ids[1]);
}
