# SPDX-License-Identifier: Apache-2.0
"""Where people stand, as the tables have it, and as a model says: knows enrolments and what counts for them as rows, and holds
both what is kept and what is answered against kit/progress.py."""
import copy
from datetime import datetime

from kit.progress import NEVER, Fact, Standing, stands

# Everything at one moment. Of credentials those that were good a little while ago.
SNAPSHOT = """
WITH who AS (SELECT unnest(%s::uuid[]) AS id)
SELECT json_build_object('now', extract(epoch FROM now())::float8,
 'idle', NOT EXISTS (SELECT FROM enrolment_news) AND NOT EXISTS (SELECT FROM enrolment WHERE due_at <= now() OR owed_at < 'infinity')
   AND NOT EXISTS (SELECT FROM job WHERE state IN ('queued', 'running')),
 'credentials', (SELECT coalesce(json_agg(json_build_array(c.person_id, c.achievement_id, extract(epoch FROM c.valid_from)::float8,
   extract(epoch FROM c.expires_at)::float8) ORDER BY c.id), '[]') FROM credential c JOIN who ON who.id = c.person_id
   WHERE c.state = 'active' AND c.expires_at > now() - interval '20 seconds'),
 'proofs', (SELECT coalesce(json_agg(json_build_array(f.person_id, f.skill_id, f.level, extract(epoch FROM f.valid_from)::float8,
   extract(epoch FROM f.valid_to)::float8) ORDER BY f.credential_id, f.skill_id, f.valid_from), '[]') FROM proof f
   JOIN who ON who.id = f.person_id WHERE f.known_to = 'infinity' AND f.valid_to > now() - interval '20 seconds'),
 'outside', (SELECT coalesce(json_agg(json_build_array(e.person_id, e.pathway_id, o.node, extract(epoch FROM o.decided_at)::float8)
   ORDER BY o.id), '[]') FROM outside_proof o JOIN enrolment e ON e.id = o.enrolment_id JOIN who ON who.id = e.person_id
   WHERE o.state = 'accepted'),
 'enrolments', (SELECT coalesce(json_agg(json_build_object('id', e.id, 'person', e.person_id, 'pathway', e.pathway_id, 'number', e.number,
   'state', e.state, 'percent', e.percent, 'done', e.done, 'needed', e.needed, 'completed_at', extract(epoch FROM e.completed_at)::float8,
   'credential', e.credential_id, 'credential_state', c.state, 'credential_achievement', c.achievement_id, 'awarded', e.awarded,
   'held_back', e.held_back, 'told', e.told)), '[]') FROM enrolment e JOIN who ON who.id = e.person_id
   LEFT JOIN credential c ON c.id = e.credential_id WHERE e.state <> 'left')::json)
"""


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


class Facts:
    """What is so of people, at any moment about when the snapshot was taken."""

    def __init__(self, house, people):
        (found,), = house.sql(SNAPSHOT, list(people))
        self.now, self.is_idle, self.enrolments, self.outside = found["now"], found["idle"], found["enrolments"], found["outside"]
        self.credentials, self.proofs = ([[*one[:-2], float(one[-2]), float(one[-1])] for one in found[name]]
                                         for name in ("credentials", "proofs"))

    def same(self, other):
        return (self.credentials, self.proofs, self.outside) == (other.credentials, other.proofs, other.outside)

    def and_before(self, earlier):
        """All that was so now or then: awards come back by themselves in between."""
        both = copy.copy(self)
        for name in "credentials", "proofs", "outside":
            setattr(both, name, getattr(self, name) + getattr(earlier, name))
        return both

    def changes(self):
        """When what is so changes by itself."""
        return {time for row in self.credentials + self.proofs for time in row[-2:] if abs(time) < NEVER}

    def of(self, person, pathway, nodes, moment, enrolled, archived=()):
        """{node: Fact}. enrolled: {pathway: (state, completed at, per cent)} of that person; archived: pathways."""
        return {node["id"]: self.fact(person, pathway, node, moment, enrolled, archived) for node in nodes if node["kind"] != "group"}

    def fact(self, person, pathway, node, moment, enrolled, archived):
        kind = node["kind"]
        if kind == "pathway":
            state, completed_at, percent = enrolled.get(node["pathway"], (None, None, 0))
            return Fact(completed_at if state == "completed" else NEVER, percent, state is None and node["pathway"] in archived)
        if kind == "achievement":
            found = [begin for who, what, begin, end in self.credentials
                     if (who, what) == (person, node["achievement"]) and begin <= moment < end]
        elif kind == "skill":
            found = [begin for who, what, level, begin, end in self.proofs
                     if (who, what) == (person, node["skill"]) and level >= node["level"] and begin <= moment < end]
        else:
            found = [at for who, way, name, at in self.outside if (who, way, name) == (person, pathway, node["id"])]
        return Fact(min(found, default=NEVER))


def of_row(row):
    return row["state"], row["completed_at"], row["percent"]


def of_view(item):
    return item["state"], seconds(item["completed_at"]) if "completed_at" in item else None, item["percent"]


class Expected:
    """What is so of one enrolment that is on `number` of a way and was begun on `begun`; `phase`: invited, active or paused."""

    def __init__(self, way, person, phase, begun, number, facts, moment, enrolled, archived):
        self.phase, self.number, version = phase, number, way.versions[number]
        self.belongs = stands(way.versions, begun, moment)
        self.begun = begun
        self.standing = Standing(version.nodes, version.enforced, facts.of(person, way.id, version.nodes, moment, enrolled, archived))

    def differences(self, row):
        """In words; none: it is right."""
        standing, state = self.standing, row["state"]
        wanted = {"percent": standing.percent, "done": standing.done, "needed": standing.needed,
                  "state": self.phase if self.phase != "active" else "completed" if standing.is_complete else "active"}
        found = [f"{name} is {row[name]}, not {value}" for name, value in wanted.items() if row[name] != value]
        if state == "completed" and not self.begun <= self.number <= self.belongs:
            found.append(f"completed on version {self.number}, between {self.begun} and {self.belongs}")
        if state != "completed" and self.number != self.belongs:
            found.append(f"on version {self.number}, not {self.belongs}")
        return found

    def view_differences(self, item):
        """The same of what is answered, with its steps."""
        standing = self.standing
        wanted = {"next": standing.next(), "blocked": standing.blocked(),
                  "nodes": {name: (standing.states[name], int(part.share)) for name, part in standing.parts.items()}}
        found = {"next": [one["id"] for one in item["next"]], "blocked": {one["id"]: one["by"]["id"] if "by" in one else None for one in item["blocked"]},
                 "nodes": {one["id"]: (one["state"], one["percent"]) for one in item["graph"]["nodes"]}}
        return self.differences(item) + [f"{name} is {found[name]}, not {value}" for name, value in wanted.items() if found[name] != value]
