# SPDX-License-Identifier: Apache-2.0
"""People who are put on pathways behind the daemon's back, in any state and since any day."""


def enrol(house, person, pathway, state="active", via="self", days=0, **columns):
    """The id of the enrolment of a person's id on a pathway's newest version that is published, begun so many days ago."""
    columns = {"completed_at": "now()" if state == "completed" else None, **columns}
    names = "".join(f", {name}" for name in columns)
    (made,), = house.sql(f"INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via, created_at{names})"
                         " SELECT coalesce(p.human, p.id), p.id, %s, n, n, %s, %s, now() - %s * interval '1 day'" + ", %s" * len(columns) +
                         " FROM person p, pathway_newest(%s) AS n WHERE p.id = %s RETURNING id::text",
                         pathway, state, via, days, *columns.values(), pathway, person)
    return made
