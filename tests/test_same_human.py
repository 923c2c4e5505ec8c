# SPDX-License-Identifier: Apache-2.0
"""The same human in two directories: linked by a rule that is configured and by nothing else, one in all that is
shown and done, and two again as soon as the rule does not hold."""
import ldap
import pytest
from kit.house import wait_for
from kit.two import ASSESSORS, LOCKED, Both, Two, two_house

LINKED = ("linked", "branch", {"by": "employee_number"})


@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        yield Two(house)


def members(two, *dns):
    two.link.modify_s(ASSESSORS, [(ldap.MOD_REPLACE, "member", [dn.encode() for dn in ("cn=nobody", *dns)])])


def holders(two, role="assessor"):
    role, = (one for one in two.house.rescue.get("/access")["items"] if one["role"] == role)
    return {one["username"] for one in role["holders"]}


def report(two, who, **how):
    """Ids of the people of the two entries that the report has, one for each holding."""
    rows = two.hr.pages("/reports/skills", skill=two.skill, limit=500, **how)
    return [row["person"]["id"] for row in rows if row["person"]["id"] in (who.main, who.branch)]


def now(two):
    (time,), = two.house.sql("SELECT rfc3339(clock_timestamp())")
    return time


# ---- one

def test_two_entries_with_the_same_number_are_one_person(two):
    who = Both(two, 1)
    assert who.shown() == {"main"}
    shown, behind = two.hr.get(f"/people/{who.main}"), two.hr.get(f"/people/{who.branch}")
    assert shown["also"] == [{"id": who.branch, "source": "branch", "username": "b1"}] and "same_as" not in shown
    assert behind["same_as"] == {"id": who.main, "name": "Name of m1"} and "also" not in behind
    assert who.said("main") == [LINKED] and who.said("branch") == [("linked", "main", {"by": "employee_number"})]
    for name in who.names.values():
        assert [one["id"] for one in two.hr.get("/people", username=name)["items"]] == [who.main]
    before = {one["id"] for one in two.hr.pages("/people", limit=500)}
    two.sync()
    assert {one["id"] for one in two.hr.pages("/people", limit=500)} == before and who.said("main") == [LINKED]


def test_without_a_value_or_with_another_one_nobody_is_linked(two):
    assert Both(two, 2, employeeNumber=None).shown() == {"main", "branch"}
    who = Both(two, 3).put("branch", employeeNumber="n3")
    two.sync()
    assert who.shown() == {"main", "branch"}


def test_units_and_the_report_count_one(two):
    who = Both(two, 4)
    staff = [one for one in two.hr.pages("/units") if one["name"] == "staff"]
    assert [one["people"] for one in staff] == [len(two.listed(*(f"b{n}" for n in range(100))) & {"b2", "b3"})]
    who.issue("main")
    who.issue("branch")
    assert report(two, who) == [who.main]
    row, = two.hr.get("/reports/skills", group_by="skill", skill=two.skill)["items"]
    assert row["people"] == 1
    per_unit = two.hr.pages("/reports/skills", group_by="unit", skill=two.skill)
    assert sum(one["people"] for one in per_unit) == \
        len([one for one in two.hr.pages("/people", limit=500) if one["status"] != "absent"])


# ---- what was issued

def test_the_person_holds_what_either_was_issued_and_each_has_its_own_again(two):
    who = Both(two, 5, employeeNumber=None)
    first, second = who.issue("main"), who.issue("branch")
    assert (who.held("main"), who.held("branch")) == ([first], [second])
    apart = now(two)
    for place in "main", "branch":
        who.put(place, employeeNumber="N5")
    two.sync()
    third, fourth = who.issue("branch"), two.issuer.issue("m5", two.achievement)["id"]
    assert who.held("main") == sorted([first, second, third, fourth]) and who.held("branch") == []
    assert {one["person"]["id"] for one in two.hr.get(f"/people/{who.branch}/credentials")["items"]} == {who.main}
    for entry in who.main, who.branch:
        holding, = two.hr.get(f"/people/{entry}/holdings")["items"]
        assert len(holding["because"]) == 4 and holding["person"]["id"] == who.main
    together = now(two)
    assert report(two, who) == [who.main] and sorted(report(two, who, known_at=apart)) == sorted([who.main, who.branch])
    assert report(two, who, as_of=apart) == [who.main]  # as it is known today
    who.put("branch", employeeNumber="other")
    two.sync()
    assert (who.held("main"), who.held("branch")) == (sorted([first, fourth]), sorted([second, third]))
    assert sorted(report(two, who)) == sorted([who.main, who.branch])
    assert report(two, who, known_at=together) == [who.main]
    assert sorted(report(two, who, known_at=apart)) == sorted([who.main, who.branch])
    assert two.issuer.post(f"/credentials/{second}/revoke", {"reason": "x"})["person"]["id"] == who.branch


def test_a_state_that_turns_while_they_are_one_is_known_of_both_times(two):
    who = Both(two, 6)
    made = who.issue("branch")
    two.issuer.post(f"/credentials/{made}/suspend", {"reason": "x"})
    assert report(two, who) == []
    who.put("branch", employeeNumber=None)
    two.sync()
    assert report(two, who) == []
    two.issuer.post(f"/credentials/{made}/reinstate")
    assert report(two, who) == [who.branch]


def test_a_skill_that_both_claim_is_claimed_once(two):
    who = Both(two, 7, employeeNumber=None)
    other = two.hr.post("/skills", {"framework": "TWO", "code": "TWO-2", "label": "Being two"})["id"]
    clients = {place: two.house.sign_in(name) for place, name in who.names.items()}
    for place, level in ("main", 1), ("branch", 3):
        clients[place].post("/claims", {"skill": two.skill, "level": level, "shared": True})
    clients["branch"].post("/claims", {"skill": other, "level": 2})

    def claims(client):
        return sorted((one["skill"]["id"] == other, one["level"]) for one in client.pages("/claims", person=who.branch))
    assert claims(clients["branch"]) == [(False, 3), (True, 2)]
    for place in "main", "branch":
        who.put(place, employeeNumber="N7")
    two.sync()
    assert claims(clients["main"]) == claims(clients["branch"]) == [(False, 1), (True, 2)]
    assert claims(two.hr) == [(False, 1)]
    clients["branch"].post("/claims", {"skill": two.skill, "level": 4}, gives=409)
    who.put("branch", employeeNumber=None)
    two.sync()
    assert claims(clients["branch"]) == [(False, 3), (True, 2)]
    who.put("branch", employeeNumber="N7")
    two.sync()
    mine, = (one for one in clients["branch"].pages("/claims") if one["skill"]["id"] == two.skill)
    clients["branch"].get(f"/claims/{mine['id']}")
    clients["branch"].delete(f"/claims/{mine['id']}", clients["branch"].last.headers["ETag"])
    clients["branch"].post("/claims", {"skill": two.skill, "level": 5})
    who.put("branch", employeeNumber=None)
    two.sync()
    assert claims(clients["branch"]) == [(False, 5), (True, 2)]
    assert clients["main"].pages("/claims") == []


def test_of_two_open_submissions_for_the_same_one_is_shown(two):
    who = Both(two, 77, employeeNumber=None)
    asked = [two.hr.post("/achievements", {"name": f"Asked of two {number}", "state": "published",
                                           "assessment": {"prompts": [{"kind": "text", "name": "x", "required": False}]}})["id"] for number in range(2)]
    main, branch = (two.house.sign_in(who.names[place]) for place in ("main", "branch"))
    mine = main.post("/submissions", {"achievement": asked[0]}, gives=201)["id"]
    gone = branch.post("/submissions", {"achievement": asked[0]}, gives=201)["id"]
    branch.expect(200, "POST", f"/submissions/{gone}/withdraw", headers={"If-Match": "*"})
    open_, other = (branch.post("/submissions", {"achievement": one}, gives=201)["id"] for one in asked)

    def seen(client):
        return {one["id"] for one in client.pages("/submissions")}
    assert (seen(main), seen(branch)) == ({mine}, {gone, open_, other})
    for place in "main", "branch":
        who.put(place, employeeNumber="N77")
    two.sync()
    assert seen(main) == seen(branch) == {mine, gone, other}
    branch.get(f"/submissions/{open_}", gives=404)
    assert branch.post("/submissions", {"achievement": asked[0]}, gives=200)["id"] == mine
    branch.patch(f"/submissions/{mine}", {"shared": True}, "*")
    who.put("branch", employeeNumber=None)
    two.sync()
    assert (seen(main), seen(branch)) == ({mine}, {gone, open_, other})


def test_who_goes_straight_to_another_leaves_nothing_of_theirs_behind(two):
    """What the other one has already, of which nobody has two."""
    who, other = Both(two, 78), Both(two, 79)
    asked = two.hr.post("/achievements", {"name": "Asked of another", "state": "published",
                                          "assessment": {"prompts": [{"kind": "text", "name": "x", "required": False}]}})["id"]
    clients = {one: {place: two.house.sign_in(name) for place, name in one.names.items()} for one in (who, other)}
    for client in clients[who]["branch"], clients[other]["main"]:
        client.post("/claims", {"skill": two.skill, "level": 1, "shared": True}, gives=201)
        client.post("/submissions", {"achievement": asked}, gives=201)

    def count(one, place):
        return len(clients[one][place].pages("/claims")), len(clients[one][place].pages("/submissions"))
    assert (count(who, "main"), count(other, "main")) == ((1, 1), (1, 1))
    other.put("branch", employeeNumber=None)
    who.put("branch", employeeNumber="N79")
    two.sync()
    assert two.hr.get(f"/people/{who.branch}")["same_as"]["id"] == other.main
    assert (count(who, "main"), count(other, "main")) == ((0, 0), (1, 1))
    who.put("branch", employeeNumber="N78")
    two.sync()
    assert (count(who, "main"), count(other, "main")) == ((1, 1), (1, 1))


# ---- rights

def test_either_account_acts_as_the_person_with_the_roles_of_both(two):
    who = Both(two, 10)
    clients = [two.house.sign_in(name) for name in who.names.values()]
    members(two, who.where["branch"])
    two.sync()
    assert holders(two) == {"m10"}
    for client in clients:
        me = client.get("/me")
        assert me["person"]["id"] == who.main and me["roles"] == ["assessor"]
    token = clients[1].post("/tokens", {"name": "x", "scopes": ["people:read"]})["token"]
    assert two.house.client(token).get(f"/people/{who.main}")["id"] == who.main
    who.put("branch", employeeNumber="x10")
    two.sync()
    assert holders(two) == {"b10"}
    assert [(c.get("/me")["person"]["id"], c.get("/me")["roles"]) for c in clients] == \
        [(who.main, ["employee"]), (who.branch, ["assessor"])]
    assert two.house.client(token).get("/people", username="b10")["items"][0]["id"] == who.branch


@pytest.mark.parametrize("number, place", [(11, "main"), (12, "branch")])
def test_a_lock_in_either_directory_takes_that_sign_in_and_its_roles(two, number, place):
    who = Both(two, number)
    clients = {name: two.house.sign_in(name) for name in who.names.values()}
    members(two, who.where["branch"])
    two.sync()
    who.put(place, pwdAccountLockedTime=LOCKED)
    two.sync()
    roles = {name: client.get("/me")["roles"] for name, client in clients.items()}
    assert roles == {f"m{number}": [] if place == "main" else ["employee"], f"b{number}": []}
    assert holders(two) == set() and who.shown() == {"main"}
    who.put(place, pwdAccountLockedTime=None)
    two.sync()
    assert {tuple(client.get("/me")["roles"]) for client in clients.values()} == {("assessor",)}


def test_the_managers_of_both_entries_see_the_person(two):
    chiefs = [Both(two, number, employeeNumber=None) for number in (13, 14)]
    top = Both(two, 15)
    chiefs[1].put("branch", manager=top.where["branch"])
    who = Both(two, 16, employeeNumber=None)
    who.put("main", manager=chiefs[0].where["main"]).put("branch", manager=chiefs[1].where["branch"])
    two.sync()
    first, second, above = (two.house.sign_in(name) for name in ("m13", "b14", "m15"))

    def seen(client, **how):
        return {one["id"] for one in client.pages("/people", **how)} & {who.main, who.branch}

    def met(client):
        return [client.ask("GET", f"/people/{entry}").status_code for entry in (who.main, who.branch)]
    assert [seen(client) for client in (first, second, above)] == [{who.main}, {who.branch}, {who.branch}]
    for place in "main", "branch":
        who.put(place, employeeNumber="N16")
    two.sync()
    for client in first, second, above:
        assert seen(client) == {who.main} and met(client) == [200, 200]
    assert seen(two.hr, manager=top.branch) == seen(two.hr, manager=top.main) == {who.main}
    assert two.hr.get(f"/people/{chiefs[1].branch}")["manager"]["id"] == top.main
    who.issue("main")
    assert report(two, who, manager=top.main) == report(two, who, manager=chiefs[0].main) == [who.main]
    me = two.house.sign_in("b16")
    assert met(me) == [200, 200] and me.get(f"/people/{who.main}/export")["entries"][0]["id"] == who.branch
    top.put("branch", employeeNumber=None)
    two.sync()
    assert two.hr.get(f"/people/{chiefs[1].branch}")["manager"]["id"] == top.branch
    assert seen(above) == set() and seen(two.hr, manager=top.branch) == {who.main}
    two.sync()
    assert two.house.sync(source="branch")["changed"] == 0


# ---- until it does not hold

def test_a_second_entry_with_the_value_parts_them(two):
    who = Both(two, 20)
    third = Both(two, 21, employeeNumber=None)
    third.put("branch", employeeNumber="N20")
    two.house.sync(source="main")
    run = two.house.sync(source="branch")
    assert who.shown() == {"main", "branch"}
    why = [line["detail"]["why"] for line in run["lines"] if line["kind"] == "skipped" and line["what"] == who.where["branch"]]
    assert why == ["is linked with nobody, since another one has the same employee_number, or had it before they left"]
    third.leave("branch")  # with the value: who had it may come back
    two.sync()
    assert who.shown() == {"main", "branch"}
    third.come("branch").put("branch", employeeNumber="N21")
    two.sync()
    assert who.shown() == {"main"}
    assert [kind for kind, _, _ in who.said("main")] == ["linked", "unlinked", "linked"]


def test_who_leaves_main_is_still_there_in_the_branch_with_everything(two):
    who = Both(two, 22)
    made = [who.issue("main"), who.issue("branch")]
    client = two.house.sign_in("b22")
    who.leave("main")
    two.sync()
    assert who.shown() == {"branch"} and [one["id"] for one in two.hr.get("/people", username="m22")["items"]] == [who.branch]
    assert who.held("branch") == made and client.get("/me")["person"]["id"] == who.branch
    assert two.hr.get(f"/people/{who.main}")["same_as"]["id"] == who.branch
    assert not {one["person"]["id"] for one in two.hr.pages("/retention")} & {who.main, who.branch}
    etag = two.hr.ask("GET", f"/people/{who.main}").headers["ETag"]
    two.hr.expect(409, "POST", f"/people/{who.main}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})
    who.come("main")
    two.sync()
    assert who.shown() == {"main"} and who.held("main") == made and client.get("/me")["person"]["id"] == who.main
    for place in "main", "branch":
        who.leave(place)
    two.sync()
    assert {one["person"]["id"] for one in two.hr.pages("/retention")} & {who.main, who.branch} == {who.main}
    who.come("branch")
    two.sync()
    assert who.held("branch") == made and who.said("main") == [LINKED]


def test_it_begins_only_while_both_are_here(two):
    who = Both(two, 23, employeeNumber=None)
    who.leave("main").put("main", employeeNumber="N23")
    who.put("branch", employeeNumber="N23")
    two.sync()
    assert who.shown() == {"main", "branch"}
    who.come("main")
    two.sync()
    assert who.shown() == {"main"}


def test_a_rule_that_is_taken_away_parts_everybody_at_the_start(two):
    who = Both(two, 24)
    made = who.issue("branch")
    assert len(two.links()) > 1
    two.restart(same_as=None, same_by=None)
    try:
        wait_for("the links to end", lambda: not two.links())
        assert who.shown() == {"main", "branch"} and who.held("branch") == [made]
        two.sync()
        assert who.shown() == {"main", "branch"} and two.house.sql("SELECT * FROM same_value") == []
    finally:
        two.restart(same_as="main", same_by="employee_number")
    two.sync()
    assert who.shown() == {"main"} and who.held("main") == [made]
