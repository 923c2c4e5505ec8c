# SPDX-License-Identifier: Apache-2.0
"""Whatever happened to a directory and however its runs went, the mirror is in the end what a first load of
the same directory into an empty database gives. Histories are random; their steps are in a failure."""
import os
import random
import subprocess
import time

import pytest
from kit.history import AWAY, GROUPS, PEOPLE, UNITS, History, ldif, person, split
from kit.house import House, installed
from kit.slapd import unprivileged

BATCHES = int(os.environ.get("SKILLSD_RANDOM_BATCHES", "8"))
SEEDS = [int(word) for word in os.environ.get("SKILLSD_RANDOM_SEEDS", "1 3 4 6").split()]
# A unit's name may be bad while its DN is good, and a unit may be out of sight.
BY_NAME = {"unit_from": "attribute", "unit_attribute": "departmentNumber"}
CONFIG = {
    "directory main": {"people_base": PEOPLE, "groups_base": GROUPS, "locale": "jpegPhoto", "absent_count": 3,
                       "absent_percent": 0, "absent_window": "1ms", "unit_attribute": "description,ou",
                       "unit_filter": "(&(objectClass=organizationalUnit)(!(st=hidden)))"},
    "role hr": {"group": f"cn=names0,{GROUPS}"},
    "role issuer": {"group": f"cn=unique0,{GROUPS}"},
    "role auditor": {"group": f"cn=posix0,{GROUPS}"},
    "role assessor": {"group": "posix1"},
}


# What the configuration says, as a daemon's start leaves it.
RULES = {"role_group": "role, source, ref, group_key", "same_rule": "source, main, by_what"}


# ---- two databases and what is in them

PICTURES = {
    "people": "SELECT p.external_id, p.username, p.name, p.mail, p.title, p.phone, p.employee_number, p.locale,"
              " p.disabled, p.key, p.manager_key, m.external_id, p.unit_key, u.external_id, p.digest::text"
              " FROM person p LEFT JOIN person m ON m.id = p.manager_id LEFT JOIN unit u ON u.id = p.unit_id"
              " WHERE p.absent_since IS NULL",
    "units": "SELECT u.external_id, u.name, u.key, u.parent_key, o.external_id, u.used, u.digest::text FROM unit u"
             " LEFT JOIN unit o ON o.id = u.parent_id WHERE u.absent_since IS NULL"
             " AND (u.key IS NOT NULL OR u.used)",
    "units that are gone": "SELECT external_id FROM unit WHERE absent_since IS NOT NULL"
                           " AND (used OR parent_id IS NOT NULL)",
    "groups": "SELECT external_id, key, dn, name, digest::text, lost FROM directory_group",
    "names of members": "SELECT g.external_id, m.ref, m.by_name FROM group_member m"
                        " JOIN directory_group g ON g.id = m.group_id",
    "members": "SELECT g.external_id, p.external_id, m.lost FROM group_person m JOIN directory_group g ON g.id = m.group_id"
               " JOIN person p ON p.id = m.person_id WHERE p.absent_since IS NULL",
    "groups in groups": "SELECT g.external_id, n.external_id, m.lost FROM group_group m"
                        " JOIN directory_group g ON g.id = m.group_id JOIN directory_group n ON n.id = m.member_id",
    "roles": "SELECT h.role, p.external_id, h.group_dn FROM role_grant h JOIN person p ON p.id = h.person_id"
             " WHERE h.until = 'infinity'",
    "groups of roles": "SELECT role, ref, trouble FROM role_group",
    "skipped": "SELECT what, detail->>'why' FROM directory_run_line WHERE kind = 'skipped' AND run_id ="
               " (SELECT id FROM directory_run ORDER BY started_at DESC LIMIT 1)",
}


class Twins:
    """The mirror that lives long, and the first load beside it."""
    slapd, more_config, more_ldif, pictures = None, {}, "", PICTURES

    def __init__(self, postgres, options):
        config = {**CONFIG, **self.more_config, "directory main": {**CONFIG["directory main"], **options}}
        self.house = House(ldif() + self.more_ldif, config=config, postgres=postgres, slapd=self.slapd)
        self.house.start()
        self.house.stop()
        self.long, self.first = self.house.database, self.house.database + "-first"
        self.rules = {table: self.house.sql(f"SELECT {names} FROM {table}") for table, names in RULES.items()}
        self.empty = self.long + "-empty"
        self._make_empty()

    def _turn_to(self, database):
        self.house.database = database
        self.house.configure()

    def _make_empty(self):
        self.house.postgres.create(self.empty, self.house.postgres.template)
        link = self.house.postgres.connect(self.empty)
        for table, rules in self.rules.items():
            for rule in rules:
                link.cursor().execute(f"INSERT INTO {table} ({RULES[table]}) VALUES ({', '.join(['%s'] * len(rule))})", rule)
        link.close()

    def remove(self):
        for database in self.first, self.empty:
            self.house.postgres.drop(database)
        self.house.remove()

    def picture(self, database):
        link = self.house.postgres.connect(database)
        cursor, found = link.cursor(), {}
        for name, query in self.pictures.items():
            cursor.execute(query)
            found[name] = sorted(cursor.fetchall(), key=repr)
        link.close()
        return found

    def run(self):
        """The state and the error of one run of the long-lived one; of several directories, of one that has an error."""
        done = self.house.command("sync")
        assert "main: " in done.stdout, done.stdout + done.stderr
        ends = self.house.sql("SELECT DISTINCT ON (source) state, error FROM directory_run ORDER BY source, started_at DESC")
        return next((end for end in ends if end[1]), ends[0])

    def run_killed(self, seconds):
        process = subprocess.Popen([installed() / "skillsd", "-c", self.house.folder / "skillsd.conf", "sync"],
                                   cwd=self.house.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   **unprivileged())
        time.sleep(seconds)
        process.kill()
        process.wait()

    def approve(self, meanwhile=None):
        """As an admin does who does not look again before."""
        self.house.start(migrate=False)
        parked = self.house.rescue.get("/directory/runs", state="needs_approval")["items"]
        if meanwhile:
            meanwhile()
        for run in parked:
            self.house.rescue.post(f"/directory/runs/{run['id']}/approve", gives=(200, 409))
        self.house.stop()

    def furnish(self):
        """What a first load finds there."""

    def load(self):
        """What a first load of the directory gives."""
        self.house.postgres.drop(self.first)
        link = self.house.postgres.connect("postgres")
        link.cursor().execute(f'CREATE DATABASE "{self.first}" TEMPLATE "{self.empty}"')
        link.close()
        self.furnish()
        self._turn_to(self.first)
        done = self.house.command("sync")
        assert "main: done" in done.stdout and "needs_approval" not in done.stdout, done.stdout + done.stderr
        self._turn_to(self.long)
        return self.picture(self.first)


@pytest.fixture
def twins(postgres, request):
    twins = Twins(postgres, BY_NAME if request.node.callspec.params.get("seed", 1) % 4 == 0 else {})
    yield twins
    twins.remove()


def differences(long, first):
    return {name: {"only in the mirror": sorted(set(long[name]) - set(first[name]), key=repr),
                   "only in a first load": sorted(set(first[name]) - set(long[name]), key=repr)}
            for name in first if long[name] != first[name]}


def told(history, what):
    lines = ["the steps", *(line if line == "batch" else "  " + line[:300] for line in history.steps)]
    for name, sides in what.items():
        lines += [name, *(f"  {side}: {row}"[:900] for side, rows in sides.items() for row in rows)]
    return "\n".join(lines)


def lost_roles_kept(long, first):
    """A right that is lost does not wait for an approval, those of who would leave among them."""
    roles = {row[:2] for row in first["roles"]}
    return [row for row in long["roles"] if row[:2] not in roles]


def settle(twins, history, approves, meanwhile=None):
    """One run, and another after each approval; then both pictures. None where a run waits and is not approved."""
    state, error = twins.run()
    first = twins.load()
    while state == "needs_approval" or error:
        history.steps.append(f"a run stops: {error}")
        kept = lost_roles_kept(twins.picture(twins.long), first)
        assert not kept, told(history, {"roles": {"kept while a run waits": kept}})
        if not approves():
            return None
        history.steps.append("it is approved")
        twins.approve(meanwhile)
        state, error = twins.run()
        first = twins.load()
    return twins.picture(twins.long), first


def compare(history, pictures):
    what = differences(*pictures) if pictures else None
    assert not what, told(history, what)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mirror_is_what_a_first_load_gives_after_any_history(twins, seed):
    chance = random.Random(seed)
    history = History(twins.house.slapd, chance)
    for _ in range(BATCHES):
        history.happen()
        if chance.random() < 0.15:
            twins.run_killed(chance.random() * 0.12)
            history.steps.append("a run is killed")
        meanwhile = history.happen if chance.random() < 0.3 else None
        compare(history, settle(twins, history, lambda: chance.random() < 0.5, meanwhile))


# ---- histories that say more than chance: each yield is a run, a few who leave make it stop

FINE = f"{UNITS[2]},{PEOPLE}"


def dn_of(n):
    return person(n)[0]


def some_leave(history):
    for n in range(30, 34):
        history.rename(dn_of(n), None, AWAY)


def a_second_one_takes_a_username_that_a_group_names(history):
    history.put(dn_of(1), "uid", "u5")
    yield
    history.put(dn_of(1), "uid", "u1")
    yield


def a_unit_is_another_one_under_the_same_people(history):
    away = history.rename(FINE, "ou=old")
    history.give(FINE, {"objectClass": [b"organizationalUnit"]})
    history.rename(f"cn=p2,{away}", None, FINE)
    yield


def a_unit_has_no_good_name_for_a_while(history):
    history.put(FINE, "description", "x" * 501)
    yield
    history.put(FINE, "description")
    yield


def somebody_is_not_named_by_a_group_any_more_while_a_run_waits(history):
    history.rename(dn_of(0), "cn=renamed")
    some_leave(history)
    yield


def a_username_is_ambiguous_while_a_run_waits(history):
    history.put(dn_of(1), "uid", "u5")
    some_leave(history)
    yield


def a_group_is_not_in_a_group_any_more_while_a_run_waits(history):
    history.rename(f"cn=names1,{GROUPS}", "cn=renamed")
    some_leave(history)
    yield


def the_group_of_a_role_has_another_dn_while_a_run_waits(history):
    history.rename(f"cn=unique0,{GROUPS}", "cn=renamed")
    some_leave(history)
    yield


def a_right_is_back_before_anybody_decides(history):
    history.rename(dn_of(0), "cn=renamed")
    some_leave(history)
    yield "waits"
    history.rename(f"cn=renamed,{split(dn_of(0))[1]}", split(dn_of(0))[0])
    for n in range(30, 34):
        history.rename(f"cn=p{n},{AWAY}", None, split(dn_of(n))[1])
    yield


def some_more_leave(history):
    """Nobody of them is in a group: apart from them all is as it was."""
    for n in range(35, 39):
        history.rename(dn_of(n), None, AWAY)


def who_leaves_by_an_approval_opens_a_loop_of_managers(history):
    for who, manager in (33, 34), (34, 35), (35, 33):
        history.put(dn_of(who), "manager", dn_of(manager))
    yield
    some_more_leave(history)
    yield


def who_leaves_by_an_approval_leaves_a_username_to_another_one(history):
    history.put(dn_of(35), "uid", "u5")
    yield
    some_more_leave(history)
    yield


@pytest.mark.parametrize("happens", [
    who_leaves_by_an_approval_opens_a_loop_of_managers, who_leaves_by_an_approval_leaves_a_username_to_another_one,
    a_second_one_takes_a_username_that_a_group_names, a_unit_is_another_one_under_the_same_people,
    a_unit_has_no_good_name_for_a_while, somebody_is_not_named_by_a_group_any_more_while_a_run_waits,
    a_username_is_ambiguous_while_a_run_waits, a_group_is_not_in_a_group_any_more_while_a_run_waits,
    the_group_of_a_role_has_another_dn_while_a_run_waits, a_right_is_back_before_anybody_decides])
def test_the_mirror_is_what_a_first_load_gives_when(twins, happens):
    history = History(twins.house.slapd, random.Random(1))
    for waits in happens(history):
        assert not [step for step in history.steps if "refused" in step]
        pictures = settle(twins, history, lambda: not waits)
        assert (pictures is None) == bool(waits)
        compare(history, pictures)
