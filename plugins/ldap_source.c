/* SPDX-License-Identifier: Apache-2.0
 * The searches of a source, as it is configured. Sends none but the one for units. */
#include "ldap_source.h"

static const char *const *attributes_of(const struct source *source, struct skd_call *call, unsigned fields)
{
	return map_attributes(&source->rules.map, source->rules.host, call, fields);
}

const char *source_people_base(const struct source *source, struct skd_call *call)
{
	return map_base(source->rules.host, call, "people_base", source->rules.map.people_below);
}

const char *source_groups_base(const struct source *source, struct skd_call *call)
{
	return map_base(source->rules.host, call, "groups_base", source->rules.map.groups_below);
}

struct dir_query source_units(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source_people_base(source, call),
		.filter = source->unit_filter,
		.attributes = attributes_of(source, call, MAP_OF_UNIT),
		.page_size = source->page_size,
	};
}

struct dir_query source_people(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source_people_base(source, call),
		.one_level = source->one_level,
		.filter = source->rules.map.filter,
		.attributes = attributes_of(source, call, people_fields(&source->rules)),
		.page_size = source->page_size,
	};
}

struct dir_query source_groups(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source_groups_base(source, call),
		.one_level = source->one_level,
		.filter = source->group_filter,
		.attributes = attributes_of(source, call, MAP_OF_GROUP),
		.page_size = source->page_size,
	};
}

enum skd_outcome source_units_read(const struct source *source, struct dir_link *link, struct people *people)
{
	struct dir_query query = source_units(source, people->call);
	if (source->rules.unit_from != FROM_OU)
		return SKD_OK;
	enum skd_outcome outcome = dir_search(link, &query, people_unit, people);
	return outcome == SKD_OK ? people_units(people) : outcome;
}
