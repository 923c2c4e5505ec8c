# SPDX-License-Identifier: Apache-2.0
"""The sync from a real slapd to the API: the organisation as it is, people who change, leave and come back,
and runs that stop to ask before many leave."""
import collections
import contextlib
import signal

import ldap
import ldap.dn
import pytest
from kit.chart import Chart
from kit.gate import ROOT
from kit.house import ACCOUNTS, BASE, demo_house, parsed, wait_for

PEOPLE, GONE = f"ou=people,{BASE}", f"ou=gone,{BASE}"
CHART = Chart(ROOT / "etc/demo/organisation.ldif")
# Nobody's manager, and in no group that gives a role.
QUIET = sorted(set(CHART.people) - {person.manager for person in CHART.people.values()}
               - {"cbianchi", "tdube", "ogrant", "mhale", "zsahin", "fmacleod", "rdeshpande", "gmbeki", "wclarke",
                  "gdangelo", "sostergaard", "hmaresova", "esek", "mvillanueva", "lwojcik"})


class Directory:
    """Changes to the demo's organisation, and what the daemon makes of them. People who stand under
    ou=gone keep their entryUUID, and are out of the daemon's sight."""

    def __init__(self, house):
        self.house, self.link = house, house.slapd.admin()
        self.hr = house.sign_in(ACCOUNTS["HR"])
        self.where = {username: person.dn for username, person in CHART.people.items()}

    def move(self, username, parent, rdn=None):
        dn = self.where[username]
        rdn = rdn or ldap.dn.dn2str(ldap.dn.str2dn(dn)[:1])
        self.link.rename_s(dn, rdn, parent)
        self.where[username] = f"{rdn},{parent}"

    def change(self, username, **values):
        """None takes the attribute away."""
        changes = [(ldap.MOD_REPLACE, name, None if value is None else [value.encode()])
                   for name, value in values.items()]
        self.link.modify_s(self.where[username], changes)

    @contextlib.contextmanager
    def without(self, usernames):
        """They are gone; in the end they are back, in the daemon's eyes too."""
        homes = {username: ldap.dn.dn2str(ldap.dn.str2dn(self.where[username])[1:]) for username in usernames}
        for username in usernames:
            self.move(username, GONE)
        try:
            yield
        finally:
            for username, home in homes.items():
                self.move(username, home)
            self.house.sync(None)

    def person(self, username):
        """As hr sees them, with absent ones among them."""
        found, = self.hr.get("/people", username=username)["items"]
        return found

    def statuses(self):
        return collections.Counter(person["status"] for person in self.hr.pages("/people", limit=500))

    def lines(self, run, kind):
        return [line for line in run["lines"] if line["kind"] == kind]

    def leavers(self, run):
        return {line["person"]["name"] for line in self.lines(run, "absent")}


@pytest.fixture(scope="module")
def directory(postgres):
    gone = f"dn: {GONE}\nobjectClass: organizationalUnit\nou: gone\n"
    with demo_house({"directory main": {"people_base": PEOPLE}}, more_ldif=gone, postgres=postgres) as house:
        yield Directory(house)


def names(usernames):
    return {CHART.people[username].name for username in usernames}


def allowed(house, most):
    """A run in which so many may leave, at its end."""
    asked = house.rescue.post("/directory/runs", {"allow": most})
    wait_for("the end of the run", lambda: house.rescue.get(f"/directory/runs/{asked['id']}")["state"] != "running")
    return house.rescue.get(f"/directory/runs/{asked['id']}")


# ---- the organisation as it is

def test_the_first_run_brings_everyone_and_says_so(directory):
    run, = directory.house.rescue.get("/directory/runs", sort="started_at", limit=1)["items"]
    assert (run["state"], run["complete"]) == ("done", True)
    assert run["people"] == run["added"] == len(CHART.people)
    assert (run["changed"], run["moved"], run["absent"], run["returned"]) == (0, 0, 0, 0)
    lines = directory.house.rescue.get(f"/directory/runs/{run['id']}")["lines"]
    assert {line["person"]["name"] for line in lines if line["kind"] == "added"} == names(CHART.people)


def test_people_units_and_the_chart_are_those_of_the_ldif(directory):
    seen = {person["username"]: person for person in directory.hr.pages("/people", limit=100)}
    by_id = {person["id"]: person for person in seen.values()}
    assert {username: (p["name"], p.get("title"), p.get("mail"), p.get("unit", {}).get("name"),
                       by_id[p["manager"]["id"]]["username"] if "manager" in p else None, p["status"])
            for username, p in seen.items()} == \
        {username: (p.name, p.title, p.mail, p.unit, p.manager, "active") for username, p in CHART.people.items()}
    units = {unit["id"]: unit for unit in directory.hr.pages("/units", limit=5)}
    assert sorted((unit["name"], unit["people"], units.get(unit.get("parent_id"), {}).get("name"))
                  for unit in units.values()) \
        == sorted((CHART.unit_names[key], sum(p.unit_key == key for p in CHART.people.values()),
                   CHART.unit_names.get(parent))
                  for key, parent in CHART.unit_parents.items() if "ou', 'groups" not in key)
    boss = seen[next(username for username, p in CHART.people.items() if not p.manager)]
    assert {person["username"] for person in directory.hr.pages("/people", manager=boss["id"], limit=500)} \
        == CHART.below(boss["username"])


def test_people_are_found_by_unit_part_of_the_name_and_username(directory):
    units = {unit["name"]: unit["id"] for unit in directory.hr.pages("/units")}
    key = next(key for key, name in CHART.unit_names.items() if name == "Engineering")
    within = CHART.within(key)
    assert len(within) > 2
    assert {p["username"] for p in directory.hr.pages("/people", unit=units["Engineering"], limit=500)} == \
        {username for username, p in CHART.people.items() if p.unit_key in within}
    assert [p["username"] for p in directory.hr.get("/people", q="łukasz WÓJ")["items"]] == ["lwojcik"]
    assert [p["username"] for p in directory.hr.get("/people", q="lukasz.wojcik@")["items"]] == ["lwojcik"]
    assert directory.hr.get("/people", q="%")["items"] == [] and directory.hr.get("/people", q="l_ojcik")["items"] == []
    for field in "unit", "manager":
        problem = directory.hr.get("/people", gives=400, **{field: "0190a000-0000-7000-8000-000000000000"})
        assert problem["errors"][0]["field"] == field


# ---- people who change

def test_a_rename_a_move_and_a_new_mail_address_keep_the_person_and_what_they_earned(directory):
    house, who = directory.house, QUIET[0]
    issuer = house.sign_in(ACCOUNTS["ISSUER"])
    directory.hr.post("/frameworks", {"code": "DIR", "name": "x"})
    skill = directory.hr.post("/skills", {"framework": "DIR", "code": "DIR-1", "label": "Staying"})["id"]
    earned = directory.hr.post("/achievements", {"name": "Stayer", "state": "published",
                                                 "skills": [{"skill": skill, "level": 1}]})["id"]
    issuer.issue(who, earned)
    before, home = directory.person(who), ldap.dn.dn2str(ldap.dn.str2dn(directory.where[who])[1:])
    other = next(p for p in CHART.people.values() if p.unit_key != CHART.people[who].unit_key and p.unit)
    directory.move(who, ldap.dn.dn2str(ldap.dn.str2dn(other.dn)[1:]), "uid=renamed")
    directory.change(who, mail="new.address@example.org", cn="Nova Namesake")
    run = house.sync()
    assert [run[count] for count in ("added", "changed", "moved", "absent", "returned")] == [0, 1, 1, 0, 0]
    changed, = directory.lines(run, "changed")
    assert changed["detail"] == {"username": {"from": who, "to": "renamed"},
                                 "mail": {"from": before["mail"], "to": "new.address@example.org"},
                                 "name": {"from": before["name"], "to": "Nova Namesake"}}
    moved, = directory.lines(run, "moved")
    assert moved["detail"] == {"unit": {"from": before["unit"]["name"], "to": other.unit}}
    after = directory.person("renamed")
    assert (after["id"], after["external_id"]) == (before["id"], before["external_id"])
    assert (after["name"], after["mail"], after["unit"]["name"]) == \
        ("Nova Namesake", "new.address@example.org", other.unit)
    assert parsed(after["updated_at"]) > parsed(before["updated_at"])
    row, = directory.hr.get("/reports/skills", skill=skill)["items"]
    assert (row["username"], row["person"]["id"]) == ("renamed", before["id"])
    assert directory.hr.get("/people", username=who)["items"] == []
    directory.move(who, home, f"uid={who}")
    directory.change(who, mail=before["mail"], cn=before["name"])
    house.sync()
    assert {**directory.person(who), "updated_at": None} == {**before, "updated_at": None}


def test_a_name_that_somebody_else_takes_over_is_somebody_else(directory):
    one, two = QUIET[1:3]
    ids = directory.person(one)["id"], directory.person(two)["id"]
    homes = [ldap.dn.dn2str(ldap.dn.str2dn(directory.where[who])[1:]) for who in (one, two)]
    directory.move(one, homes[0], "uid=in-between")
    directory.move(two, homes[1], f"uid={one}")
    directory.move(one, homes[0], f"uid={two}")
    run = directory.house.sync()
    assert (run["added"], run["changed"], run["absent"]) == (0, 2, 0)
    assert (directory.person(two)["id"], directory.person(one)["id"]) == ids
    directory.move(one, homes[0], "uid=in-between")
    directory.move(two, homes[1], f"uid={two}")
    directory.move(one, homes[0], f"uid={one}")
    directory.house.sync()
    assert (directory.person(one)["id"], directory.person(two)["id"]) == ids


def test_one_mail_address_may_be_several_peoples(directory):
    mails = {who: directory.person(who)["mail"] for who in QUIET[:3]}
    for who in mails:
        directory.change(who, mail="team@example.org")
    assert directory.house.sync()["changed"] == 3
    assert {p["username"] for p in directory.hr.get("/people", q="team@example.org")["items"]} == set(mails)
    for who, mail in mails.items():
        directory.change(who, mail=mail)
    directory.house.sync()


def test_what_is_taken_away_is_left_out_and_a_run_without_news_says_nothing(directory):
    who = QUIET[3]
    before = directory.person(who)
    directory.change(who, title=None, manager=None)
    run = directory.house.sync()
    assert (run["changed"], run["moved"]) == (1, 0)
    assert {"title", "manager"}.isdisjoint(directory.person(who))
    assert "title" in directory.lines(run, "changed")[0]["detail"]
    directory.change(who, title=before["title"], manager=CHART.people[CHART.people[who].manager].dn)
    assert directory.house.sync()["changed"] == 1
    run = directory.house.sync()
    assert [run[count] for count in ("added", "changed", "moved", "absent", "returned", "skipped")] == [0] * 6
    assert run["lines"] == []
    assert {**directory.person(who), "updated_at": None} == {**before, "updated_at": None}


# ---- who leaves, and comes back

def test_a_leaver_is_absent_and_the_same_person_when_they_return(directory):
    house, who = directory.house, QUIET[4]
    issuer = house.sign_in(ACCOUNTS["ISSUER"])
    skill = directory.hr.post("/skills", {"framework": "DIR", "code": "DIR-2", "label": "Returning"})["id"]
    earned = directory.hr.post("/achievements", {"name": "Returner", "state": "published",
                                                 "skills": [{"skill": skill, "level": 1}]})["id"]
    credential = issuer.issue(who, earned)["id"]
    house.set_password(who)
    client, before = house.sign_in(who), directory.person(who)
    with directory.without([who]):
        run = house.sync()
        assert run["absent"] == 1 and directory.leavers(run) == {before["name"]}
        absent = directory.person(who)
        assert absent["id"] == before["id"] and absent["status"] == "absent"
        assert parsed(absent["absent_since"]) >= parsed(run["started_at"])
        assert directory.hr.get("/reports/skills", skill=skill)["items"] == []
        assert directory.hr.get(f"/credentials/{credential}")["person"]["id"] == before["id"]
        issuer.post("/credentials", {"person": before["id"], "achievement": earned}, gives=400)
        assert client.get("/me")["roles"] == [] and house.try_sign_in(who, house.passwords[who]).status_code == 401
        again = house.sync()
        assert again["absent"] == 0 and directory.person(who) == absent
    back = directory.person(who)
    assert back["status"] == "active" and "absent_since" not in back and back["id"] == before["id"]
    assert [row["username"] for row in directory.hr.get("/reports/skills", skill=skill)["items"]] == [who]
    assert client.get("/me")["roles"] == ["employee"]
    returned = [run for run in house.rescue.get("/directory/runs")["items"] if run["returned"]][0]
    assert returned["returned"] == 1
    lines = house.rescue.get(f"/directory/runs/{returned['id']}")["lines"]
    assert [line["person"]["id"] for line in lines if line["kind"] == "returned"] == [before["id"]]


# ---- runs that stop to ask

def test_a_few_leave_without_asking_and_one_more_than_a_few_does_not(directory):
    assert 25 > len(CHART.people) * 5 / 100
    with directory.without(QUIET[:25]):
        assert directory.house.sync()["absent"] == 25
        assert directory.statuses()["absent"] == 25
    with directory.without(QUIET[:26]):
        run = directory.house.sync("needs_approval")
        assert run["absent"] == 26 and directory.leavers(run) == names(QUIET[:26])
        assert directory.statuses()["absent"] == 0
        again = directory.house.sync("needs_approval")
        assert directory.leavers(again) == directory.leavers(run) and directory.statuses()["absent"] == 0
        parked = directory.house.rescue.get("/directory/runs", state="needs_approval")["items"]
        assert [one["id"] for one in parked] == [again["id"]]
    assert directory.house.rescue.get(f"/directory/runs/{run['id']}")["state"] == "dropped", "they were all back"
    assert directory.statuses() == {"active": len(CHART.people)}


def test_an_approval_covers_the_list_of_its_run_and_nobody_else(directory):
    house, admin = directory.house, directory.house.sign_in(ACCOUNTS["ADMIN"])
    with directory.without(QUIET[:30]):
        run = house.sync("needs_approval")
        for client in directory.hr, house.sign_in("wclarke"):
            client.post(f"/directory/runs/{run['id']}/approve", gives=403)
        with directory.without([QUIET[30]]):
            house.slapd.kill(signal.SIGSTOP)  # no run can end before we have looked
            try:
                approved = admin.post(f"/directory/runs/{run['id']}/approve", gives=200)
                assert (approved["state"], approved["decided_by"]) == ("approved", f"pam:{ACCOUNTS['ADMIN']}")
                assert parsed(approved["decided_at"]) >= parsed(run["finished_at"])
                assert {p["username"] for p in directory.hr.pages("/people", status="absent")} == set(QUIET[:30])
            finally:
                house.slapd.kill(signal.SIGCONT)
            for verb in "approve", "drop":
                admin.post(f"/directory/runs/{run['id']}/{verb}", gives=409)
    assert directory.statuses() == {"active": len(CHART.people)}


def test_a_later_run_takes_the_place_of_a_parked_one(directory):
    house = directory.house
    with directory.without(QUIET[:27]):
        first = house.sync("needs_approval")
        with directory.without([QUIET[27]]):
            second = house.sync("needs_approval")
            assert directory.leavers(second) == names(QUIET[:28])
            assert house.rescue.get(f"/directory/runs/{first['id']}")["state"] == "dropped"
            house.rescue.post(f"/directory/runs/{first['id']}/approve", gives=409)
            assert directory.statuses()["absent"] == 0
            house.rescue.post(f"/directory/runs/{second['id']}/approve")
            assert directory.statuses()["absent"] == 28


def test_a_dropped_run_lets_nobody_leave_and_the_next_one_asks_again(directory):
    house = directory.house
    with directory.without(QUIET[:26]):
        run = house.sync("needs_approval")
        dropped = house.rescue.post(f"/directory/runs/{run['id']}/drop", gives=200)
        assert dropped["state"] == "dropped" and directory.statuses()["absent"] == 0
        again = house.sync("needs_approval")
        assert again["id"] != run["id"] and directory.leavers(again) == directory.leavers(run)
    house.rescue.post("/directory/runs/0190a000-0000-7000-8000-000000000000/approve", gives=404)


def test_lost_rights_do_not_wait_for_an_approval(directory):
    house = directory.house
    issuer = house.sign_in("rdeshpande")
    locked = house.sign_in(ACCOUNTS["EMPLOYEE"])
    group, member = f"cn=issuers,ou=groups,{BASE}", CHART.people["rdeshpande"].dn.encode()
    gained = CHART.people[QUIET[40]].dn.encode()
    with directory.without(QUIET[:30]):
        directory.link.modify_s(group, [(ldap.MOD_DELETE, "member", [member]), (ldap.MOD_ADD, "member", [gained])])
        directory.change(ACCOUNTS["EMPLOYEE"], pwdAccountLockedTime="000001010000Z")
        try:
            run = house.sync("needs_approval")
            assert [(line["what"], line["person"]["name"]) for line in directory.lines(run, "role_lost")] == \
                [("issuer", CHART.people["rdeshpande"].name)]
            assert directory.lines(run, "role_gained") == []
            assert issuer.get("/me")["roles"] == ["employee"] and locked.get("/me")["roles"] == []
            issuer.post("/credentials", {"person": "x", "achievement": run["id"]}, gives=403)
            holders = {item["role"]: {one["username"] for one in item["holders"]}
                       for item in house.rescue.get("/access")["items"]}
            assert holders["issuer"] == {"fmacleod"}
        finally:
            directory.link.modify_s(group, [(ldap.MOD_ADD, "member", [member]), (ldap.MOD_DELETE, "member", [gained])])
            directory.change(ACCOUNTS["EMPLOYEE"], pwdAccountLockedTime=None)
    assert issuer.get("/me")["roles"] == ["issuer"] and locked.get("/me")["roles"] == ["employee"]


def test_what_more_may_leave_in_one_run_is_approved(directory):
    house = directory.house
    with directory.without(QUIET[:30]):
        assert allowed(house, 40)["absent"] == 30
        with directory.without([QUIET[30]]):
            assert house.sync()["absent"] == 1
    assert directory.statuses() == {"active": len(CHART.people)}


def test_what_leaves_as_configured_is_not_approved_by_allowing_less(directory):
    house = directory.house
    with directory.without(QUIET[:20]):
        assert allowed(house, 1)["absent"] == 20
        with directory.without(QUIET[20:30]):
            assert "20 left just before" in house.sync("needs_approval")["error"]


def test_a_run_that_found_the_same_leaves_the_parked_one_what_it_is(directory):
    """Whoever reads its list can still approve it, though it also disabled somebody, which is done."""
    house = directory.house
    with directory.without(QUIET[:26]):
        directory.change(QUIET[42], pwdAccountLockedTime="000001010000Z")
        run = house.sync("needs_approval")
        house.restart()  # it begins with a run that nobody asked for
        again = wait_for("another run", lambda: [one for one in house.rescue.get("/directory/runs")["items"]
                                                 if parsed(one["started_at"]) > parsed(run["finished_at"]) and one["state"] != "running"])[0]
        assert (again["state"], again["error"]) == ("done", f"{run['error']}: run {run['id']} still waits for approval")
        assert house.rescue.get(f"/directory/runs/{run['id']}")["state"] == "needs_approval"
    directory.change(QUIET[42], pwdAccountLockedTime=None)
    house.sync()


# ---- runs that fail

def test_while_the_directory_is_down_runs_fail_and_nobody_leaves(directory):
    house = directory.house
    house.slapd.stop()
    try:
        run = house.sync("failed")
        assert run["complete"] is False and run["absent"] == 0 and "cannot connect" in run["error"]
        assert directory.statuses() == {"active": len(CHART.people)}
        assert directory.hr.get("/me")["roles"] == ["hr"]
    finally:
        house.slapd.start()
    directory.link = house.slapd.admin()
    assert house.sync()["complete"] is True


def test_a_run_is_started_by_its_sources_name_and_listed(directory):
    admin = directory.house.rescue
    run = admin.post("/directory/runs", {"source": "main"}, gives=201)
    assert run["state"] == "running" or run["state"] == "done"
    assert admin.last.headers["Location"] == f"/api/v1/directory/runs/{run['id']}"
    assert admin.post("/directory/runs", {"source": "other"}, gives=400)["errors"][0]["field"] == "/source"
    wait_for("its end", lambda: admin.get(f"/directory/runs/{run['id']}")["state"] == "done")
    assert run["id"] in {one["id"] for one in admin.pages("/directory/runs", state="done", source="main", limit=3)}
    assert admin.get("/directory/runs", source="other", gives=400)["errors"][0]["field"] == "source"
    times = [one["started_at"] for one in admin.pages("/directory/runs", limit=4)]
    assert times == sorted(times, reverse=True)
    directory.hr.get(f"/directory/runs/{run['id']}", gives=403)
    directory.house.sign_in("wclarke").get(f"/directory/runs/{run['id']}")


def test_a_slow_deletion_is_still_one(directory):
    with directory.without(QUIET[:20]):
        assert directory.house.sync()["absent"] == 20
        with directory.without(QUIET[20:30]):
            run = directory.house.sync("needs_approval")
            assert run["absent"] == 10 and directory.leavers(run) == names(QUIET[20:30])
            directory.house.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
            assert directory.house.sync()["absent"] == 0
            assert directory.statuses()["absent"] == 30
    directory.house.sync()
    assert directory.statuses() == {"active": len(CHART.people)}


# ---- what was said of one person

def test_a_persons_history_says_when_the_directory_said_what(directory):
    who, house = QUIET[31], directory.house
    person = directory.person(who)
    directory.change(who, title="Keeper of histories")
    house.sync()
    with directory.without([who]):
        house.sync()
    said = directory.hr.get(f"/people/{person['id']}/history")["items"]
    kinds = [one["kind"] for one in said]
    assert kinds[0] == "added" and kinds[-3:] == ["changed", "absent", "returned"]
    assert said[-3]["detail"] == {"title": {"from": person["title"], "to": "Keeper of histories"}}
    times = [parsed(one["at"]) for one in said]
    assert times == sorted(times)
    assert directory.hr.get(f"/people/{person['id']}/history", sort="-at")["items"] == said[::-1]
    house.set_password(who)
    assert house.sign_in(who).get(f"/people/{person['id']}/history")["items"] == said
    house.sign_in(ACCOUNTS["EMPLOYEE"]).get(f"/people/{person['id']}/history", gives=404)


def test_runs_and_histories_say_who_joined_and_left_which_group(directory):
    house, (one, other) = directory.house, QUIET[41:43]
    group = f"cn=chess,ou=groups,{BASE}"
    directory.link.add_s(group, [("objectClass", [b"groupOfNames"]), ("cn", [b"chess"]), ("member", [directory.where[one].encode()])])
    run = house.sync("done")
    assert [(line["person"]["name"], line["what"]) for line in directory.lines(run, "group_joined")] == [(CHART.people[one].name, group)]
    directory.link.modify_s(group, [(ldap.MOD_REPLACE, "member", [directory.where[other].encode()])])
    run = house.sync("done")
    assert [line["person"]["name"] for line in directory.lines(run, "group_joined")] == [CHART.people[other].name]
    assert [(line["person"]["name"], line["what"]) for line in directory.lines(run, "group_left")] == [(CHART.people[one].name, group)]
    directory.link.delete_s(group)
    assert [line["what"] for line in directory.lines(house.sync("done"), "group_left")] == [group]
    for who in one, other:
        history = directory.hr.get(f"/people/{directory.person(who)['id']}/history")["items"]
        assert [(said["kind"], said["what"]) for said in history[-2:]] == [("group_joined", group), ("group_left", group)]


@pytest.mark.parametrize("verb", ["approve", "drop", None])
def test_a_history_says_what_a_run_that_waits_has_done_and_when(directory, verb):
    """That somebody was disabled, or lost a role, does not wait; whether the rest was approved or dropped changes nothing
    of it."""
    house, locked, loser = directory.house, QUIET[41], "rdeshpande"
    group, member = f"cn=issuers,ou=groups,{BASE}", CHART.people[loser].dn.encode()
    leaver = directory.person(QUIET[0])["id"]
    with directory.without(QUIET[:26]):
        directory.change(locked, pwdAccountLockedTime="000001010000Z")
        directory.link.modify_s(group, [(ldap.MOD_DELETE, "member", [member])])
        run = house.sync("needs_approval")
        if verb:
            house.rescue.post(f"/directory/runs/{run['id']}/{verb}")
    decided = house.rescue.get(f"/directory/runs/{run['id']}")
    directory.change(locked, pwdAccountLockedTime=None)
    directory.link.modify_s(group, [(ldap.MOD_ADD, "member", [member])])
    house.sync()
    said = {who: [one for one in directory.hr.get(f"/people/{directory.person(who)['id']}/history")["items"]
                  if one["kind"] not in ("group_left", "group_joined")][-2:] for who in (locked, loser)}
    assert [(one["kind"], one["detail"]) for one in said[locked]] == \
        [("changed", {"disabled": {"from": False, "to": True}}), ("changed", {"disabled": {"from": True, "to": False}})]
    assert [(one["kind"], one["what"]) for one in said[loser]] == [("role_lost", "issuer"), ("role_gained", "issuer")]
    for one, _ in said.values():
        assert one["run_id"] == run["id"] and parsed(run["started_at"]) <= parsed(one["at"]) <= parsed(run["finished_at"])
    left = [one["at"] for one in directory.hr.get(f"/people/{leaver}/history")["items"]
            if (one["kind"], one["run_id"]) == ("absent", run["id"])]
    assert left == ([decided["decided_at"]] if verb == "approve" else [])
    exported = directory.hr.get(f"/people/{leaver}/export")["history"]
    assert [one["at"] for one in exported if (one["kind"], one["run_id"]) == ("absent", run["id"])] == left
