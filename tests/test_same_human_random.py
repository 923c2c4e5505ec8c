# SPDX-License-Identifier: Apache-2.0
"""Two directories with people in common, after any history: who is one with whom, whom they have as manager, which
roles they have and what they hold is what a first load of both gives, beside the same people who left."""
import os
import random
import shutil

import pytest
from kit.history import History
from kit.slapd import short_folder
from test_directory_random import BATCHES, PICTURES, Twins, compare, settle, told

SEEDS = [int(word) for word in os.environ.get("SKILLSD_RANDOM_SEEDS", "1 6").split()]
BRANCH = "o=branch"
NUMBERS = [f"N{n}" for n in range(10)]
# Rights are those of entries, whoever stands for them.
HUMANS = {
    "roles": "SELECT h.role, e.external_id, h.group_dn FROM role_grant h JOIN person e ON coalesce(e.human, e.id) = h.person_id"
             " WHERE h.until = 'infinity' AND e.absent_since IS NULL AND NOT e.disabled"
             " AND NOT EXISTS (SELECT FROM same_doubt d WHERE d.person_id IN (e.id, e.human))",
    "humans": "SELECT p.external_id, h.external_id FROM person p JOIN person h ON h.id = coalesce(p.human, p.id)"
              " WHERE p.absent_since IS NULL",
    "values": "SELECT v.by_what, v.value, v.source, p.external_id FROM same_value v JOIN person p ON p.id = v.person_id",
}
FURNITURE = """
INSERT INTO account (authenticator, subject, name) VALUES ('x', 'x', 'x');
INSERT INTO framework (code, name) VALUES ('X', 'X');
INSERT INTO skill (framework_id, code, label, scale_id)
 SELECT f.id, 'S' || n, 'S', s.id FROM framework f, scale s, generate_series(1, 2) n;
INSERT INTO achievement (issuer_id) SELECT id FROM issuer;
INSERT INTO achievement_version (achievement_id, number, type, name, state) SELECT id, 1, 'Badge', 'X', 'published' FROM achievement;
INSERT INTO achievement_skill (achievement_id, number, skill_id, level) SELECT a.id, 1, s.id, 3 FROM achievement a, skill s;
INSERT INTO pathway (issuer_id) SELECT issuer.id FROM issuer, generate_series(1, 2);
INSERT INTO pathway_version (pathway_id, number, name, state) SELECT id, 1, 'X', 'draft' FROM pathway;
INSERT INTO pathway_node (pathway_id, number, place, node, kind) SELECT id, 1, 0, 'x', 'proof' FROM pathway;
UPDATE pathway_version SET state = 'published', published_at = now();
"""
ISSUE = """
WITH someone AS (SELECT id, coalesce(human, id) AS human FROM person WHERE absent_since IS NULL ORDER BY md5(external_id || %s) LIMIT 3),
 c AS (INSERT INTO credential (person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from)
  SELECT p.human, p.id, a.id, 1, a.issuer_id, o.id, now(), now() FROM someone p, achievement a, account o RETURNING *),
 k AS (INSERT INTO claim (person_id, entry_id, skill_id, level) SELECT p.human, p.id, s.id, 1 FROM someone p, skill s
  WHERE s.code = 'S' || 1 + ascii(right(p.id::text, 1)) %% 2 ON CONFLICT DO NOTHING),
 e AS (INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via)
  SELECT coalesce(p.human, p.id), p.id, w.id, 1, 1, CASE ascii(right(p.id::text, 1)) %% 3 WHEN 0 THEN 'paused' ELSE 'active' END, 'self'
  FROM person p, pathway w WHERE p.absent_since IS NULL ON CONFLICT DO NOTHING)
INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id, achievement_number, valid_from,
  valid_to) SELECT c.id, c.person_id, s.id, 3, now(), c.issuer_id, c.achievement_id, 1, now(), 'infinity' FROM c, skill s
"""
# Each must find nothing.
HOLDERS = {
    "credentials of others": "SELECT c.id FROM credential c JOIN person p ON p.id = c.entry_id"
                             " WHERE c.person_id <> coalesce(p.human, p.id)",
    "proofs of others": "SELECT f.credential_id FROM proof f JOIN credential c ON c.id = f.credential_id"
                        " WHERE f.known_to = 'infinity' AND f.person_id <> c.person_id",
    "lost or doubled proofs": "SELECT c.id FROM credential c LEFT JOIN proof f ON f.credential_id = c.id AND f.known_to = 'infinity'"
                              " GROUP BY c.id HAVING count(f.*) <> 2",
    "proofs with a gap": "SELECT credential_id FROM proof GROUP BY credential_id, skill_id"
                         " HAVING count(DISTINCT known_from) <> count(*) OR count(*) - 1 <> count(*) FILTER (WHERE known_to <> 'infinity')",
    "claims of others": "SELECT c.id FROM claim c JOIN person p ON p.id = c.entry_id WHERE c.person_id NOT IN (p.id, coalesce(p.human, p.id))",
    "claims left behind": "SELECT c.id FROM claim c JOIN person p ON p.id = c.entry_id WHERE c.person_id <> coalesce(p.human, p.id)"
                          " AND NOT EXISTS (SELECT FROM claim o WHERE o.person_id = p.human AND o.skill_id = c.skill_id)",
    "enrolments of others": "SELECT e.id FROM enrolment e JOIN person p ON p.id = e.entry_id WHERE e.person_id <> coalesce(p.human, p.id)",
    "enrolments that nothing stands for": "SELECT e.id FROM enrolment e WHERE (e.state = 'left') <> EXISTS (SELECT FROM enrolment w"
                                          " WHERE w.id = e.aside_for AND (w.person_id, w.pathway_id) = (e.person_id, e.pathway_id) AND w.state <> 'left')",
    "enrolments aside of less": "SELECT e.id FROM enrolment e JOIN enrolment w ON w.id = e.aside_for WHERE e.aside = 'active' AND w.state = 'paused'",
    "managers behind others": "SELECT p.id FROM person p JOIN person m ON m.id = p.manager_id WHERE m.human <> m.id",
    "humans without anybody": "SELECT human FROM person WHERE human IS NOT NULL GROUP BY human HAVING count(*) < 2",
}


class Both(History):
    """A history of main, in which numbers come and go, and of the branch, a file."""

    def __init__(self, slapd, chance, path):
        super().__init__(slapd, chance)
        self.path, self.staff, self.members, self.left = path, {}, set(range(4)), {}
        for n in range(14):
            self.staff[n] = {"uid": f"s{n}", "employeeNumber": NUMBERS[n % 10] if n < 12 else None, "manager": n // 3 if n else None}
        for dn in self.found("ou=people,dc=example,dc=org", "inetOrgPerson")[:12]:
            self.put(dn, "employeeNumber", self.chance.choice(NUMBERS))
        self.kinds += [kind for kind in self.kinds if "number" in kind or "staff" in kind] * 4
        self.write()

    def happen(self):
        super().happen()
        self.write()

    def write(self):
        blocks = [[f"dn: cn=issuers,{BRANCH}", "objectClass: groupOfNames", "cn: issuers", "entryUUID: g",
                   *(f"member: cn=s{n},{BRANCH}" for n in sorted(self.members))]]
        for n, values in self.staff.items():
            block = [f"dn: cn=s{n},{BRANCH}", "objectClass: inetOrgPerson", f"entryUUID: s{n}", f"cn: s{n}", "sn: x"]
            for name, value in values.items():
                if value is not None:
                    block.append(f"{name}: cn=s{value},{BRANCH}" if name == "manager" else f"{name}: {value}")
            blocks.append(block)
        fresh = self.path.with_suffix(".new")
        fresh.write_text("\n\n".join("\n".join(block) for block in blocks) + "\n")
        fresh.chmod(0o644)
        fresh.rename(self.path)

    def one(self):
        return self.chance.choice(sorted(self.staff))

    def set(self, n, name, value):
        self.staff[n][name] = value
        self.steps.append(f"s{n}: {name} = {value}")

    def do_number(self):
        self.put(self.someone(), "employeeNumber", *self.chance.choice([[], [self.chance.choice(NUMBERS)], [self.chance.choice(NUMBERS)]]))

    def do_staff_number(self):
        self.set(self.one(), "employeeNumber", self.chance.choice([None, *NUMBERS]))

    def do_staff_manager(self):
        self.set(self.one(), "manager", self.chance.choice([None, self.one(), self.one(), 99]))

    def do_staff_lock(self):
        self.set(self.one(), "pwdAccountLockedTime", self.chance.choice([None, "000001010000Z"]))

    def do_staff_leave(self):
        if len(self.staff) > 9:
            n = self.one()
            self.left[n] = self.staff.pop(n)
            self.steps.append(f"s{n} leaves")

    def do_staff_return(self):
        if self.left:
            n = self.chance.choice(sorted(self.left))
            self.staff[n] = self.left.pop(n)
            self.steps.append(f"s{n} returns")

    def do_staff_member(self):
        n = self.chance.randrange(14)
        self.members ^= {n}
        self.steps.append(f"s{n} is{'' if n in self.members else ' not'} a member")


class TwoTwins(Twins):
    pictures = {**PICTURES, **HUMANS}

    def __init__(self, postgres, path):
        self.more_config = {
            "directory branch": {"plugin": "source_ldif", "file": path, "absent_count": 3, "absent_percent": 0,
                                 "absent_window": "1ms", "same_as": "main", "same_by": "employee_number"},
            "role issuer": {"directory": "branch", "group": f"cn=issuers,{BRANCH}"}}
        super().__init__(postgres, {"locale": "preferredLanguage"})

    def furnish(self):
        """Those who left are the ones of the other: what they had is nobody else's."""
        gone = self.house.sql("SELECT id, source, external_id, username, name, employee_number, absent_since FROM person"
                              " WHERE absent_since IS NOT NULL")
        link = self.house.postgres.connect(self.first)
        for one in gone:
            link.cursor().execute("INSERT INTO person (id, source, external_id, username, name, employee_number, absent_since)"
                                  " VALUES (%s, %s, %s, %s, %s, %s, %s)", one)
        link.close()

    def hold(self):
        """Whatever holders must not be."""
        return {name: {"found": found} for name, query in HOLDERS.items() if (found := self.house.sql(query))}


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_one_is_what_a_first_load_gives_after_any_history(postgres, seed):
    folder = short_folder("branch-")
    folder.chmod(0o755)
    (folder / "people.ldif").write_text("")
    chance, twins = random.Random(seed), TwoTwins(postgres, folder / "people.ldif")
    try:
        history = Both(twins.house.slapd, chance, folder / "people.ldif")
        twins.house.sql(FURNITURE)
        linked = 0
        for batch in range(BATCHES):
            history.happen()
            if chance.random() < 0.15:
                twins.run_killed(chance.random() * 0.12)
                history.steps.append("a run is killed")
            compare(history, settle(twins, history, lambda: chance.random() < 0.5))
            assert not twins.hold(), told(history, twins.hold())
            twins.house.sql(ISSUE, str(batch))
            linked += twins.house.sql("SELECT count(*) FROM person WHERE same_as IS NOT NULL")[0][0]
        assert linked
    finally:
        twins.remove()
        shutil.rmtree(folder)
