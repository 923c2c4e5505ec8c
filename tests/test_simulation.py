# SPDX-License-Identifier: Apache-2.0
"""What is foretold of a version before anyone publishes it is what happens once it is published, person by person."""
import pytest
from kit.batches import ended
from kit.contract import MISSING
from kit.crowd import Crowd
from kit.house import ACCOUNTS, demo_house, parsed, wait_for

MANY, TIME = 150, "2099-06-30T00:00:00Z"
UNDER_WAY = [number for number in range(1, MANY + 1) if number % 10]
KINDS = ("lose", "keep", "gain")


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.issuer, house.hr, house.admin, house.employee = (house.sign_in(ACCOUNTS[name]) for name in ("ISSUER", "HR", "ADMIN", "EMPLOYEE"))
        house.two, house.three, house.five = (achievement(house, f"Each {name}") for name in ("second", "third", "fifth"))
        house.crowd = Crowd(house, "crowd", MANY)
        for earned, every in (house.two, 2), (house.three, 3), (house.five, 5):
            house.crowd.earn(earned, every)
        yield house


def achievement(house, name):
    return house.hr.post("/achievements", {"name": name, "state": "published"}, gives=201)["id"]


def nodes(*earned):
    return [{"id": f"n{place}", "kind": "achievement", "achievement": one} for place, one in enumerate(earned)]


def pathway(house, *earned, **more):
    made = house.issuer.post("/pathways", {"name": "Foretold 🔮", "nodes": nodes(*earned), "state": "published", **more}, gives=201)["id"]
    return made


def simulate(client, way, **body):
    return client.post(f"/pathways/{way}/simulations", body, gives=200)


def publish(house, way, **body):
    known = {one["id"] for one in house.issuer.pages("/jobs")}
    house.issuer.patch(f"/pathways/{way}", {"state": "published", **body}, "*")
    for one in house.issuer.pages("/jobs"):
        if one["id"] not in known:
            ended(house.issuer, one, "done")
    house.crowd.settle()


def before(number):
    """Per cent of `two` and `five`."""
    return 50 * (number % 2 == 0) + 50 * (number % 5 == 0)


def after(number):
    """Per cent of `two` and `three`; who has completed the pathway stays."""
    return 100 if number % 10 == 0 else 50 * (number % 2 == 0) + 50 * (number % 3 == 0)


def side(number):
    return "lose" if after(number) < before(number) else "gain" if after(number) > before(number) else "keep"


def named(simulation):
    """{number: (side, item)} of the crowd."""
    return {int(item["person"]["name"].rpartition(" ")[2]): (kind, item) for kind in KINDS for item in simulation[kind]["items"]}


def told(item, when):
    return item[when]["version"], item[when]["state"], item[when]["percent"]


def kept_of(house, way):
    """All that there is of it."""
    return house.sql("SELECT to_jsonb(e)::text FROM enrolment e WHERE pathway_id = %s ORDER BY id", way) + house.sql(
        "SELECT (SELECT count(*) FROM audit_entry), (SELECT count(*) FROM pathway_version), (SELECT count(*) FROM outbox), (SELECT count(*) FROM job)")


def test_what_is_foretold_happens(house):
    whole = achievement(house, "Whole")
    way = pathway(house, house.two, house.five)
    house.crowd.enrol(way)
    was = kept_of(house, way)
    found = simulate(house.hr, way, nodes=nodes(house.two, house.three), achievement=whole, state="published")
    assert kept_of(house, way) == was
    assert (found["pathway"]["id"], found["version"], found["people"]) == (way, 2, MANY)
    for kind in KINDS:
        of = [number for number in range(1, MANY + 1) if side(number) == kind]
        done = [number for number in of if number % 6 == 0 and number % 10]
        assert {name: found[kind][name] for name in ("people", "completed", "later", "milestones", "others", "more")} == {
            "people": len(of), "completed": len(done), "later": 0, "milestones": 0, "others": 0, "more": False}
        assert len(found[kind]["items"]) == len(of)
    foretold = named(found)
    assert sorted(foretold) == list(range(1, MANY + 1))
    for number, (kind, item) in foretold.items():
        assert kind == side(number) and "until" not in item
        assert told(item, "before") == (1, "completed" if number % 10 == 0 else "active", before(number))
        assert told(item, "after") == (1 if number % 10 == 0 else 2, "completed" if after(number) == 100 else "active", after(number))
        assert item.get("award") == ("issued" if number % 6 == 0 and number % 10 else None)
    publish(house, way, nodes=nodes(house.two, house.three), achievement=whole)
    assert house.crowd.stands(way) == {number: told(item, "after") for number, (_, item) in foretold.items()}
    got = house.sql("SELECT p.external_id::int FROM credential c JOIN person p ON p.id = c.person_id WHERE c.achievement_id = %s", whole)
    assert sorted(number for number, in got) == [number for number in range(1, MANY + 1) if foretold[number][1].get("award")]


def test_who_may_stay_is_said_apart_and_moves_when_that_ends(house):
    way = pathway(house, house.two, house.five)
    house.crowd.enrol(way)
    draft = house.issuer.patch(f"/pathways/{way}", {"nodes": nodes(house.two, house.three)}, "*")["version"]
    assert named(simulate(house.hr, way, version=draft)) == named(simulate(house.hr, way))  # the draft is the newest
    found = simulate(house.hr, way, version=draft, keep_until=TIME)
    foretold = named(found)
    assert sum(found[kind]["later"] for kind in KINDS) == len(UNDER_WAY)
    assert [number for number, (_, item) in sorted(foretold.items()) if "until" in item] == UNDER_WAY
    assert {parsed(item["until"]) for _, item in foretold.values() if "until" in item} == {parsed(TIME)}
    publish(house, way, keep_until=TIME)
    assert house.crowd.stands(way) == {number: told(item, "before") for number, (_, item) in foretold.items()}
    again = simulate(house.hr, way, nodes=nodes(house.three))  # they may stay all the same
    assert sum(again[kind]["later"] for kind in KINDS) == len(UNDER_WAY)
    house.sql("ALTER TABLE pathway_version DISABLE TRIGGER stays")
    house.sql("UPDATE pathway_version SET keep_until = now() - interval '1 hour' WHERE pathway_id = %s AND number = 2", way)
    house.sql("ALTER TABLE pathway_version ENABLE TRIGGER stays")
    house.sql("UPDATE enrolment SET due_at = now() WHERE pathway_id = %s AND state = 'active'", way)
    house.crowd.settle()
    assert house.crowd.stands(way) == {number: told(item, "after") for number, (_, item) in foretold.items()}


def test_milestones_are_foretold_that_were_not_given_before(house):
    """Who has `two` reached the first before, and stays so; `five` becomes one. Who has both has completed it, and stays where they are."""
    first, second = achievement(house, "First milestone"), achievement(house, "Second milestone")
    steps = [{**nodes(house.two)[0], "milestone": first}, {"id": "n1", "kind": "achievement", "achievement": house.five}]
    way = house.issuer.post("/pathways", {"name": "Stones", "nodes": steps, "state": "published"}, gives=201)["id"]
    house.crowd.enrol(way)
    house.crowd.settle()

    def given(milestone):
        return {number for number, in house.sql("SELECT p.external_id::int FROM credential c JOIN person p ON p.id = c.person_id"
                                                " WHERE c.achievement_id = %s", milestone)}
    wait_for("the first ones", lambda: given(first) == set(range(2, MANY + 1, 2)), 60)
    after = [steps[0], {**steps[1], "milestone": second}]
    found = simulate(house.hr, way, nodes=after)
    wanted = {number for number in range(5, MANY + 1, 5) if number % 10}
    foretold = {number: item.get("milestones") for number, (_, item) in named(found).items()}  # a hundred
    assert foretold == {number: ["n1"] if number in wanted else None for number in foretold} and wanted & set(foretold)
    assert [found[kind]["milestones"] for kind in KINDS] == [0, len(wanted), 0]
    publish(house, way, nodes=after)
    wait_for("the second ones", lambda: given(second) == wanted, 60)
    assert given(first) == set(range(2, MANY + 1, 2))


def test_only_who_is_seen_is_named(house):
    """Issuers see whom they issued to: all but those who have nothing."""
    way = pathway(house, house.two, house.five)
    house.crowd.enrol(way)
    unseen = [number for number in range(1, MANY + 1) if number % 2 and number % 3 and number % 5]
    found = simulate(house.issuer, way, nodes=nodes(house.two, house.three))
    assert sorted(named(found)) == sorted(set(range(1, MANY + 1)) - set(unseen))
    assert [found[kind]["others"] for kind in KINDS] == [0, len(unseen), 0]
    assert [found[kind]["people"] for kind in KINDS] == [simulate(house.hr, way, nodes=nodes(house.two, house.three))[kind]["people"] for kind in KINDS]


def test_no_more_than_a_hundred_are_named(house):
    way = pathway(house, house.two, house.three)
    house.crowd.enrol(way)
    found = simulate(house.admin, way)["keep"]
    assert (found["people"], len(found["items"]), found["more"], found["others"]) == (MANY, 100, True, 0)


def test_what_was_held_back_comes_back(house):
    first, second, whole = achievement(house, "First"), achievement(house, "Second"), achievement(house, "Whole")
    had = house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)["id"]
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], second)
    way = pathway(house, first, second, achievement=whole, lost="suspend")
    made = house.employee.post(f"/pathways/{way}/enrolments", gives=201)
    award = wait_for("the award", lambda: house.employee.get(f"/enrolments/{made['id']}").get("credential_id"))
    item, = simulate(house.hr, way, nodes=nodes(second))["keep"]["items"]
    assert item["before"] == item["after"] and item["after"]["state"] == "completed" and "award" not in item
    house.issuer.post(f"/credentials/{had}/suspend", {"reason": "x"}, gives=200)
    wait_for("it is suspended", lambda: house.hr.get(f"/credentials/{award}")["state"] == "suspended")
    item, = simulate(house.hr, way, nodes=nodes(second))["gain"]["items"]
    assert (told(item, "before"), told(item, "after"), item["award"]) == ((1, "active", 50), (2, "completed", 100), "reinstated")
    publish(house, way, nodes=nodes(second))
    wait_for("it is reinstated", lambda: house.hr.get(f"/credentials/{award}")["state"] == "active")


def test_what_is_no_version_is_refused(house):
    way = pathway(house, house.two)
    ask = lambda **body: house.issuer.post(f"/pathways/{way}/simulations", body, gives=400)["errors"][0]["field"]
    assert ask(version=7) == "/version" and ask(version=0) == "/version" and ask(version="1") == "/version"
    assert ask(keep_until="2020-01-01T00:00:00Z") == "/keep_until" and ask(state="archived") == "/state"
    assert ask(nodes=[]).startswith("/nodes") and ask(nodes=[{"id": "a", "kind": "achievement", "achievement": MISSING}]) == "/nodes/0/achievement"
    assert ask(emoji="🎓") == "/emoji"
    house.employee.post(f"/pathways/{way}/simulations", {}, gives=403)
    house.issuer.post(f"/pathways/{MISSING}/simulations", {}, gives=404)
    assert simulate(house.issuer, way)["people"] == 0
