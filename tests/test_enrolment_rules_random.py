# SPDX-License-Identifier: Apache-2.0
"""Rules that put people on pathways, after any history: who is on which by a rule is whom one fits, worked out here from nothing."""
import random

import pytest
from kit.house import ACCOUNTS, demo_house, wait_for

SEEDS, ROUNDS, STEPS, UNITS, PEOPLE, GROUPS, WAYS = (1, 2), 12, 12, 6, 40, 3, 3


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.hr, house.issuer = house.sign_in(ACCOUNTS["HR"]), house.sign_in(ACCOUNTS["ISSUER"])
        yield house


class History:
    """People of a directory that nobody reads, as rows that are changed as a run changes them, and the same as plain words."""

    def __init__(self, house, seed):
        self.house, self.chance, self.sql = house, random.Random(seed), house.sql
        new = lambda text, *values: house.sql(text + " RETURNING id::text", *values)[0][0]
        source = f"history{seed}"
        self.units = [new("INSERT INTO unit (source, external_id, name, used) VALUES (%s, %s, 'U', true)", source, str(n)) for n in range(UNITS)]
        self.people = [new("INSERT INTO person (source, external_id, username, name) VALUES (%s, %s, %s, 'P')", source, str(n), f"{source}-{n}")
                       for n in range(PEOPLE)]
        self.groups = [new("INSERT INTO directory_group (source, external_id, key, dn, name) VALUES (%s, %s, %s, %s, 'G')", source, str(n), f"{source} {n}", f"cn={n}")
                       for n in range(GROUPS)]
        self.source = source
        self.ways = [house.issuer.post("/pathways", {"name": f"Way {n}", "state": "published", "nodes": [
            {"id": "a", "kind": "proof", "name": "x"}]}, gives=201)["id"] for n in range(WAYS)]
        self.position = house.hr.post("/positions", {"code": f"HISTORY-{seed}", "name": "x"}, gives=201)["id"]
        self.parent, self.unit, self.title = dict.fromkeys(self.units), dict.fromkeys(self.people), dict.fromkeys(self.people)
        self.absent, self.members, self.rules, self.attached = set(), set(), {}, {}
        self.refused, self.archived = set(), set()

    def one(self, what):
        return self.chance.choice(sorted(what))

    # ---- what happens

    def do_move(self):
        who, self.unit[who] = (who := self.one(self.people)), self.chance.choice([*self.units, None])
        self.sql("UPDATE person SET unit_id = %s WHERE id = %s", self.unit[who], who)

    def do_title(self):
        who, title = self.one(self.people), self.chance.choice(["rigger", "Clerk", None])
        self.title[who] = title and title.lower()
        self.sql("UPDATE person SET title = %s WHERE id = %s", title, who)

    def do_come_or_go(self):
        who = self.one(self.people)
        self.absent ^= {who}
        self.sql("UPDATE person SET absent_since = CASE WHEN %s THEN now() END WHERE id = %s", who in self.absent, who)

    def do_member(self):
        pair = self.one(self.groups), self.one(self.people)
        self.members ^= {pair}
        self.sql("INSERT INTO group_person (group_id, person_id) VALUES (%s, %s)" if pair in self.members
                 else "DELETE FROM group_person WHERE (group_id, person_id) = (%s, %s)", *pair)

    def do_unit(self):
        child, above = self.one(self.units), self.chance.choice([*self.units, None])
        if child not in self.above(above):
            self.parent[child] = above
            self.sql("UPDATE unit SET parent_id = %s WHERE id = %s", above, child)

    def do_rule(self):
        way = self.one(self.ways)
        kind, of = self.chance.choice([("unit", self.one(self.units)), ("group", self.one(self.groups)), ("position", self.position)])
        if (way, kind, of) in self.rules.values() or way in self.archived:
            return
        if kind == "group":
            (made,), = self.sql("INSERT INTO pathway_rule (pathway_id, group_source, group_external_id, group_dn)"
                                " SELECT %s, source, external_id, dn FROM directory_group WHERE id = %s RETURNING id::text", way, of)
        else:
            made = self.house.hr.post(f"/pathways/{way}/rules", {kind: of}, gives=201)["id"]
        self.rules[made] = way, kind, of

    def do_end(self):
        if len(self.rules) > 3:
            made = self.one(self.rules)
            self.house.hr.delete(f"/pathways/{self.rules.pop(made)[0]}/rules/{made}", "*")

    def do_attach(self):
        at, to = f"/positions/{self.position}/assignments", self.chance.choice([("unit", self.one(self.units)), ("title", "RIGGER")])
        if to in self.attached:
            self.house.hr.delete(f"{at}/{self.attached.pop(to)}", "*")
        else:
            self.attached[to] = self.house.hr.post(at, dict([to]), gives=201)["id"]

    def do_refuse(self):
        """Somebody leaves what a rule put them on."""
        self.settle()
        found = self.sql("UPDATE enrolment SET state = 'left' WHERE id = (SELECT id FROM enrolment WHERE state = 'active' AND rule_id IS NOT NULL"
                         " AND person_id = ANY (%s::uuid[]) ORDER BY id LIMIT 1) RETURNING person_id::text, rule_id::text", self.people)
        self.refused |= set(found)

    # ---- what is to be so

    def above(self, unit):
        found = []
        while unit:
            found.append(unit)
            unit = self.parent[unit]
        return found

    def fits(self, who, kind, of):
        if kind == "unit":
            return of in self.above(self.unit[who])
        if kind == "group":
            return (of, who) in self.members
        return any(self.title[who] == "rigger" if word == "title" else value in self.above(self.unit[who]) for word, value in self.attached)

    def wanted(self):
        """{(person, pathway): rules by which they may be on it}"""
        found = {}
        for who in set(self.people) - self.absent:
            for made, (way, kind, of) in self.rules.items():
                if self.fits(who, kind, of) and (who, made) not in self.refused:
                    found.setdefault((who, way), set()).add(made)
        return found

    def settle(self):
        wait_for("what follows", lambda: not self.sql("SELECT 1 FROM rule_news LIMIT 1"))

    def check(self):
        self.settle()
        found = {(who, way): rule for who, way, rule in self.sql(
            "SELECT person_id::text, pathway_id::text, rule_id::text FROM enrolment WHERE state = 'active' AND person_id = ANY (%s::uuid[])", self.people)}
        wanted = self.wanted()
        assert set(found) == set(wanted)
        assert all(rule in wanted[pair] or self.fits(pair[0], *self.rules[rule][1:]) for pair, rule in found.items())
        story = self.sql("SELECT e.id, e.state, array_agg(v.kind ORDER BY v.id) FILTER (WHERE v.kind <> 'followed') FROM enrolment e"
                         " JOIN enrolment_event v ON v.enrolment_id = e.id WHERE e.person_id = ANY (%s::uuid[]) AND (e.state = 'active' OR e.rule_id IS NULL)"
                         " GROUP BY e.id", self.people)
        assert {(state, *kinds) for _, state, kinds in story} <= {("active", "enrolled"), ("left", "enrolled", "ended")}


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_on_a_pathway_by_a_rule_is_whom_one_fits(house, seed):
    history = History(house, seed)
    deeds = [getattr(history, name) for name in sorted(dir(history)) if name.startswith("do_")]
    for _ in range(4):
        history.do_rule()
    for number in range(ROUNDS):
        for _ in range(STEPS):
            history.chance.choices(deeds, [{"do_move": 5, "do_member": 4, "do_come_or_go": 3}.get(deed.__name__, 1) for deed in deeds])[0]()
        history.check()
