# SPDX-License-Identifier: Apache-2.0
"""People on pathways, as rows: for what is about the rows and not about how they came to be."""


def enrol(house, entry, pathway, state="active", via="self", **fields):
    """The id of it: of the human whose entry that is, on the version that is the newest."""
    values = {"completed_at": "2026-01-10T10:00:00Z"} if state == "completed" else {}
    values.update(fields)
    names = "".join(f", {name}" for name in values)
    marks = ", %s" * len(values)
    (found,), = house.sql(f"INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via, due_at{names})"
                          " SELECT coalesce(p.human, p.id), p.id, v.pathway_id, v.number, v.number, %s, %s, 'infinity'" + marks +
                          " FROM person p, pathway_version v WHERE p.id = %s AND v.pathway_id = %s AND v.number = pathway_newest(v.pathway_id)"
                          " RETURNING id::text", state, via, *values.values(), entry, pathway)
    return found


def note(house, enrolment, kind, username):
    """An event of it."""
    house.sql("INSERT INTO enrolment_event (enrolment_id, number, kind, who) SELECT e.id, e.number, %s, "
              + WHO + " FROM enrolment e WHERE e.id = %s", kind, username, username, enrolment)


WHO = "who_is('ldap:' || %s, (SELECT a.id FROM account a WHERE a.name = %s ORDER BY a.id DESC LIMIT 1), NULL)"


def offer(house, enrolment, node, text):
    """A proof from outside, that waits."""
    (found,), = house.sql("INSERT INTO outside_proof (enrolment_id, node, text) VALUES (%s, %s, %s) RETURNING id::text", enrolment, node, text)
    return found


def decide(house, proof, state, text, username):
    house.sql(f"UPDATE outside_proof SET state = %s, note = %s, decided_at = now(), decided_by = {WHO} WHERE id = %s",
              state, text, username, username, proof)
