# SPDX-License-Identifier: Apache-2.0
"""Runs that stop because a group, or very many, would lose too many members: roles end at once, all else waits."""
import ldap
import pytest
from kit.chart import Chart
from kit.gate import ROOT
from kit.house import ACCOUNTS, BASE, demo_house, wait_for

CHART = Chart(ROOT / "etc/demo/organisation.ldif")
PEOPLE, AWAY = f"ou=people,{BASE}", f"ou=away,ou=people,{BASE}"
MANAGERS = {person.manager for person in CHART.people.values()}
SOME = [name for name in sorted(CHART.people) if name not in {*MANAGERS, *ACCOUNTS.values()}][:120]
ALL_IN, INNER, SPREAD, APART = SOME[:60], SOME[:40], SOME[40:100], SOME[100:]
HIDDEN = "access to attrs=member by * none\naccess to * by * read"


def group(name):
    return f"cn={name},ou=groups,{BASE}"


def dn_of(username):
    return CHART.people[username].dn


BIG, OUTER, TEAM = group("big"), group("outer"), group("team")
MEMBERS = {BIG: [dn_of(name) for name in ALL_IN], TEAM: [dn_of(name) for name in APART[:6]],
           **{group(f"in{n}"): [dn_of(name) for name in INNER[n * 10:n * 10 + 10]] for n in range(4)},
           OUTER: [group(f"in{n}") for n in range(4)],
           **{group(f"pair{n}"): [dn_of(name) for name in SPREAD[n * 2:n * 2 + 2]] for n in range(30)}}
MORE = "\n".join("\n".join([f"dn: {dn}", "objectClass: groupOfNames", *(f"member: {member}" for member in members), ""])
                 for dn, members in MEMBERS.items()) + f"\ndn: {AWAY}\nobjectClass: organizationalUnit\n"
CONFIG = {"directory main": {"people_base": PEOPLE, "absent_window": "0s", "bind": "anonymous", "bind_dn": None,
                             "bind_password": None},
          "role assessor": {"group": BIG}, "role auditor": {"group": OUTER},
          "retention outer": {"keep": "90d", "group": OUTER}, "retention rest": {"keep": "10y"}}


class Directory:
    def __init__(self, house):
        self.house, self.link, self.rescue, self.hr = house, house.slapd.admin(), house.rescue, house.sign_in(ACCOUNTS["HR"])
        self.moved, self.entries = {}, {}
        self.ids = {one["username"]: one["id"] for one in self.hr.pages("/people", limit=500)}

    def put(self, dn, members):
        """A groupOfNames has one at least."""
        self.link.modify_s(dn, [(ldap.MOD_REPLACE, "member", [one.encode() for one in members] or [f"cn=nobody,{BASE}".encode()])])

    def remove(self, *dns):
        for dn in dns:
            self.entries[dn] = self.link.search_s(dn, ldap.SCOPE_BASE, attrlist=["*", "entryUUID"])[0][1]
            self.link.delete_s(dn)

    def move_away(self, usernames):
        for name in usernames:
            rdn, above = dn_of(name).split(",", 1)
            self.link.rename_s(dn_of(name), rdn, AWAY)
            self.moved[f"{rdn},{AWAY}"] = rdn, above

    def hide_members(self, hidden=True):
        self.house.slapd.database = "overlay ppolicy\n" + (HIDDEN if hidden else "")
        self.house.slapd.restart()
        self.link = self.house.slapd.admin()

    def restore(self):
        if HIDDEN in self.house.slapd.database:
            self.hide_members(False)
        for dn, entry in self.entries.items():
            self.link.add_ext_s(dn, list(entry.items()), serverctrls=[ldap.controls.simple.RelaxRulesControl()])
        for dn, (rdn, above) in self.moved.items():
            self.link.rename_s(dn, rdn, above)
        for dn, members in MEMBERS.items():
            self.put(dn, members)
        self.moved, self.entries = {}, {}
        self.house.sync()

    def holders(self, role):
        """Those who have it now."""
        grants, = [one for one in self.rescue.get("/access")["items"] if one["role"] == role]
        return {one["username"] for one in grants["holders"]}

    def groups_of(self, username):
        """As the person's export has them."""
        return {one["dn"] for one in self.hr.get(f"/people/{self.ids[username]}/export")["groups"]}

    def everything(self):
        """Who is in which group, for all but roles."""
        return self.house.sql("SELECT g.dn, p.username FROM group_person gp JOIN directory_group g ON g.id = gp.group_id"
                              " JOIN person p ON p.id = gp.person_id ORDER BY 1, 2")

    def lines(self, run, dn):
        return [line for line in run["lines"] if line["kind"] == "group_lost" and line["detail"]["group"] == dn]

    def losers(self, run, dn):
        return sorted(line["person"]["name"] for line in self.lines(run, dn))

    def run(self, id):
        return self.rescue.get(f"/directory/runs/{id}")

    def audited(self, id):
        return [one["action"] for one in self.rescue.get("/audit", object=id)["items"]]


@pytest.fixture(scope="module")
def whole(postgres):
    with demo_house(CONFIG, MORE, postgres=postgres) as house:
        yield Directory(house)


@pytest.fixture
def directory(whole):
    before = whole.everything()
    assert whole.holders("assessor") == set(ALL_IN) and whole.holders("auditor") == set(INNER)
    yield whole
    whole.restore()
    assert whole.everything() == before
    assert whole.holders("assessor") == set(ALL_IN) and whole.holders("auditor") == set(INNER)


def names(usernames):
    return sorted(CHART.people[username].name for username in usernames)


# ---- what is usual

def test_a_team_may_be_dissolved_and_a_few_may_leave_a_large_group(directory):
    directory.remove(TEAM)
    directory.put(BIG, MEMBERS[BIG][:-19])
    directory.house.sync()
    assert directory.holders("assessor") == set(ALL_IN[:-19])
    assert not [name for name in APART if TEAM in directory.groups_of(name)]
    assert BIG not in directory.groups_of(ALL_IN[-1])


def test_who_moves_from_one_group_to_another_is_not_in_fewer(directory):
    for n in range(30):
        directory.put(group(f"pair{n}"), MEMBERS[group(f"pair{(n + 1) % 30}")])
    directory.house.sync()
    assert directory.groups_of(SPREAD[-1]) == {group("pair28")}


def test_who_leaves_the_directory_is_not_lost_by_their_groups(directory):
    gone = ALL_IN[40:60]
    directory.remove(*map(dn_of, gone))
    directory.put(BIG, MEMBERS[BIG][20:40])
    assert directory.house.sync()["absent"] == 20
    assert directory.holders("assessor") == set(ALL_IN[20:40])


# ---- what waits

def empty(directory):
    directory.put(BIG, [])
    return "the group does not name them"


def delete(directory):
    directory.remove(BIG)
    return "the directory shows no group with the stable id " + directory.entries[BIG]["entryUUID"][0].decode()


def hide(directory):
    directory.hide_members()
    return "the group does not name them"


@pytest.mark.parametrize("happens", [empty, delete, hide])
def test_a_group_that_loses_its_members_loses_its_role_at_once_and_all_else_waits(directory, happens):
    before = directory.everything()
    why = happens(directory)
    run = directory.house.sync("needs_approval")
    more = ", the worst of 2 groups" if happens is hide else ""
    assert run["error"] == f"60 of 60 people would leave the group {BIG}{more}"
    assert directory.losers(run, BIG) == names(ALL_IN) and {line["detail"]["why"] for line in directory.lines(run, BIG)} == {why}
    assert directory.holders("assessor") == set() and directory.everything() == before
    assert sum(line["kind"] == "role_lost" and line["what"] == "assessor" for line in run["lines"]) == 60
    again = directory.house.rescue.get("/directory/runs", state="needs_approval")["items"]
    assert [one["id"] for one in again] == [run["id"]] and "directory.run.park" in directory.audited(run["id"])
    directory.restore()
    assert directory.run(run["id"])["state"] == "dropped"


def test_a_group_beside_many_that_go_on_as_before(directory):
    """Somebody else's news waits with it, and their rights go all the same."""
    directory.put(BIG, MEMBERS[BIG][:34])
    directory.put(group("in0"), MEMBERS[group("in0")][1:])
    run = directory.house.sync("needs_approval")
    assert run["error"] == f"26 of 60 people would leave the group {BIG}"
    assert directory.holders("assessor") == set(ALL_IN[:34]) and directory.holders("auditor") == set(INNER[1:])
    assert group("in0") in directory.groups_of(INNER[0])


def test_groups_within_a_group_count_with_their_people(directory):
    before = directory.everything()
    directory.put(OUTER, [])
    run = directory.house.sync("needs_approval")
    assert run["error"] == f"40 of 40 people would leave the group {OUTER}"
    assert directory.losers(run, OUTER) == names(INNER)
    assert {line["detail"]["why"] for line in directory.lines(run, OUTER)} == {"it contains the group that they are in no longer"}
    assert directory.holders("auditor") == set() and directory.everything() == before
    directory.put(OUTER, MEMBERS[OUTER][:2])
    directory.house.sync()
    assert directory.holders("auditor") == set(INNER[:20])


def test_many_groups_that_lose_a_few_each_wait_together(directory):
    before = directory.everything()
    for n in range(13):
        directory.put(group(f"pair{n}"), [])
    run = directory.house.sync("needs_approval")
    assert run["error"] == f"26 of {len(CHART.people)} people would be in fewer groups"
    assert sorted(line["person"]["name"] for line in run["lines"] if line["kind"] == "group_lost") == names(SPREAD[:26])
    assert directory.everything() == before
    directory.put(group("pair0"), MEMBERS[group("pair0")])
    directory.house.sync()


def test_people_under_other_names_than_their_group_has_are_lost_to_it(directory):
    """Without a server that keeps references right, an OU that is renamed empties the groups."""
    directory.move_away(ALL_IN[:30])
    run = directory.house.sync("needs_approval")
    assert run["error"] == f"30 of 60 people would leave the group {BIG}"
    assert directory.losers(run, BIG) == names(ALL_IN[:30]) and run["moved"] == 0
    assert directory.holders("assessor") == set(ALL_IN[30:])


def test_a_dry_run_says_it(directory):
    directory.put(BIG, [])
    said = directory.house.command("sync", "--dry-run", "main").stdout
    assert "main: it would wait for approval: " in said and f"60 of 60 people would leave the group {BIG}" in said
    first = CHART.people[ALL_IN[0]].name
    assert f"  lost      {first} ({ALL_IN[0]})\n              {BIG}\n              the group does not name them\n" in said
    assert directory.holders("assessor") == set(ALL_IN)


# ---- what an admin decides

def test_an_approval_lets_them_leave_and_nobody_else(directory):
    directory.put(BIG, MEMBERS[BIG][:20])
    run = directory.house.sync("needs_approval")
    directory.put(BIG, MEMBERS[BIG][:19])
    directory.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
    second, = wait_for("the next to stop", lambda: directory.rescue.get("/directory/runs", state="needs_approval")["items"])
    assert BIG in directory.groups_of(ALL_IN[59])
    assert directory.losers(directory.run(second["id"]), BIG) == names(ALL_IN[19:])
    directory.rescue.post(f"/directory/runs/{second['id']}/approve", gives=200)
    wait_for("them to leave", lambda: {name for name in ALL_IN if BIG in directory.groups_of(name)} == set(ALL_IN[:19]))
    assert directory.rescue.get("/directory/runs", state="needs_approval")["items"] == []
    assert {"directory.run.park", "directory.run.approve"} <= set(directory.audited(second["id"]))
    history = directory.hr.get(f"/people/{directory.ids[ALL_IN[59]]}/history")["items"]
    assert [one["kind"] for one in history][-2:] == ["role_lost", "group_left"]


def test_an_admin_may_allow_more_for_one_run_or_drop_it(directory):
    directory.put(BIG, [])
    run = directory.house.sync("needs_approval")
    assert directory.rescue.post(f"/directory/runs/{run['id']}/drop", gives=200)["state"] == "dropped"
    assert "directory.run.drop" in directory.audited(run["id"])
    assert directory.house.sync("needs_approval")["id"] != run["id"]
    for allow, state in (59, "needs_approval"), (60, "done"):
        asked = directory.rescue.post("/directory/runs", {"allow": allow})
        wait_for("the run", lambda: directory.run(asked["id"])["state"] == state)
    assert BIG not in directory.groups_of(ALL_IN[0])


# ---- what hangs on membership

def test_the_policy_for_who_left_stays_while_a_group_waits(directory):
    """By a group within a group, which are both gone in the run that waits."""
    left = INNER[0]
    directory.remove(dn_of(left))
    directory.house.sync()

    def policy():
        return next(one["policy"] for one in directory.hr.pages("/retention") if one["person"]["id"] == directory.ids[left])
    assert policy() == "outer"
    directory.remove(OUTER, group("in0"))
    run = directory.house.sync("needs_approval")
    assert run["error"] == f"39 of 39 people would leave the group {OUTER}" and policy() == "outer"
    auditor, = [one for one in directory.rescue.get("/access")["items"] if one["role"] == "auditor"]
    assert [one.get("missing") for one in auditor["groups"]] == [True] and auditor["holders"] == []
    directory.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
    wait_for("the groups to go", lambda: policy() == "rest")
    assert OUTER not in directory.groups_of(INNER[1]) and group("in0") not in directory.groups_of(INNER[1])


# ---- told by a feed

def test_what_a_feed_tells_is_left_to_a_whole_reading(postgres):
    with demo_house({"directory main": {"people_base": PEOPLE}, **{name: CONFIG[name] for name in CONFIG if name[0] == "r"}},
                    MORE, postgres=postgres, slapd={"modules": ["ppolicy", "syncprov"],
                                                    "database": "overlay ppolicy\noverlay syncprov"}) as house:
        directory = Directory(house)
        before = directory.everything()
        directory.put(TEAM, [])
        wait_for("the small one, by the feed", lambda: TEAM not in directory.groups_of(APART[0]))
        assert house.sql("SELECT count(*) FROM directory_run WHERE NOT feed") == [(1,)]
        directory.put(TEAM, MEMBERS[TEAM])
        wait_for("the small one, whole again", lambda: directory.everything() == before)
        directory.put(BIG, [])
        wait_for("the end of the role", lambda: not directory.holders("assessor"))
        run, = wait_for("a run that waits", lambda: directory.rescue.get("/directory/runs", state="needs_approval")["items"])
        assert not run["feed"] and run["error"] == f"60 of 60 people would leave the group {BIG}"
        assert directory.everything() == before
        directory.put(BIG, MEMBERS[BIG])
        house.sync()
        assert directory.holders("assessor") == set(ALL_IN) and directory.everything() == before
        assert directory.run(run["id"])["state"] == "dropped"
