/* SPDX-License-Identifier: Apache-2.0
 * What a version of a pathway would do, as JSON. */
#include "api/nouns.h"

#include "api/pathway.h"
#include "rules/simulation.h"

static void stand_write(struct json *json, const char *key, const struct simulation_stand *stand)
{
	put_object(json, key);
	put_int(json, "version", stand->number);
	put_string(json, "state", stand->state);
	put_int(json, "percent", stand->percent);
	put_int(json, "done", stand->done);
	put_int(json, "needed", stand->needed);
	put_object_end(json);
}

static void item_write(struct json *json, const struct simulation_item *item)
{
	put_object(json, NULL);
	put_string(json, "enrolment_id", item->id);
	put_named(json, "person", item->person_id, "name", item->person);
	stand_write(json, "before", &item->before);
	stand_write(json, "after", &item->after);
	put_time(json, "until", item->until);
	put_string(json, "award", item->award);
	if (item->milestone_count) {
		put_array(json, "milestones");
		for (size_t i = 0; i < item->milestone_count; i++)
			put_string(json, NULL, item->milestones[i]);
		put_array_end(json);
	}
	put_object_end(json);
}

static void side_write(struct json *json, const char *key, const struct simulation_side *side)
{
	put_object(json, key);
	put_int(json, "people", side->count);
	put_int(json, "completed", side->completed);
	put_int(json, "later", side->later);
	put_int(json, "milestones", side->milestones);
	put_int(json, "others", side->others);
	put_bool(json, "more", side->more);
	put_array(json, "items");
	for (size_t i = 0; i < side->item_count; i++)
		item_write(json, &side->items[i]);
	put_array_end(json);
	put_object_end(json);
}

/* The newest version, or the one that is said, as the body changes it. */
static enum skd_outcome body_of(struct skd_call *call, const struct request *in, struct store_pathway *pathway, struct pathway_nodes **nodes)
{
	TRY(pathway_get(call, in->ids[0], 0, pathway));
	TRY(pathway_body(call, in, PATHWAY_SIMULATED, pathway, nodes));
	json_int_t number = json_integer_value(json_object_get(in->body, "version"));
	if (!number || number == pathway->number)
		return SKD_OK;
	TRY(absent_as_field(call, "/version", pathway_get(call, in->ids[0], (long)number, pathway)));
	return pathway_body(call, in, PATHWAY_SIMULATED, pathway, nodes);
}

enum skd_outcome api_pathway_simulate(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway pathway;
	struct pathway_nodes *nodes = NULL;
	struct simulation simulation;
	TRY(body_of(call, in, &pathway, &nodes));
	TRY(pathway_simulate(call, nodes, &pathway, &simulation));
	put_object(&out->json, NULL);
	put_named(&out->json, "pathway", pathway.id, "name", pathway.name);
	put_int(&out->json, "version", simulation.number);
	put_int(&out->json, "people", simulation.people);
	for (int kind = 0; kind < SIMULATION_KINDS; kind++)
		side_write(&out->json, simulation_kinds[kind], &simulation.sides[kind]);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
