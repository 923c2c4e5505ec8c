# SPDX-License-Identifier: Apache-2.0
"""Collections of achievements, and the goals of a programme, which are kept as they were said."""
import threading

import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, OTHER_ISSUER, demo_house

ODD = "Sicherheit 😀 \"am Arbeitsplatz\" א </script>"


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.hr, house.admin, house.issuer = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ADMIN", "ISSUER"))
        house.employee, house.auditor, house.other = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(AUDITOR), house.sign_in(OTHER_ISSUER)
        yield house


def achievement(house, **fields):
    return house.hr.post("/achievements", {"name": "Fire drill", "state": "published", **fields})


def fields_of(problem):
    return [error["field"] for error in problem["errors"]]


def test_a_collection_keeps_its_achievements_in_order_and_its_goals(house):
    things = [achievement(house, name=f"Step {number}") for number in range(4)]
    goals = [{"metric": ODD, "target": 400, "by": "2027-06-30"}, {"metric": "courses", "target": 0}]
    made = house.hr.post("/collections", {"name": ODD, "description": "x", "goals": goals,
                                          "achievements": [things[2]["id"], {"id": things[0]["id"]}, things[3]["id"]]}, gives=201)
    assert made["achievements"] == [{"id": things[number]["id"], "name": f"Step {number}"} for number in (2, 0, 3)]
    assert made["goals"] == [{"metric": ODD, "target": 400, "by": "2027-06-30T00:00:00Z"}, {"metric": "courses", "target": 0}]
    assert (made["name"], made["state"], made["issuer"]["name"]) == (ODD, "active", "Example Ltd")
    for client in house.employee, house.auditor:
        assert client.get(f"/collections/{made['id']}") == made and made in client.pages("/collections")
    etag = house.hr.last.headers["ETag"]
    changed = house.issuer.patch(f"/collections/{made['id']}", {"achievements": made["achievements"][::-1], "goals": made["goals"][1:]}, etag)
    assert changed["achievements"] == made["achievements"][::-1] and changed["goals"] == made["goals"][1:]
    emptied = house.hr.patch(f"/collections/{made['id']}", {"achievements": None, "goals": None, "description": None}, "*")
    assert emptied["achievements"] == emptied["goals"] == [] and "description" not in emptied and emptied["name"] == ODD
    assert house.hr.patch(f"/collections/{made['id']}", {"state": "archived"}, "*")["state"] == "archived"
    assert [one["kind"].removeprefix("collection.") for one in house.admin.pages("/outbox", object=made["id"])[::-1]] == \
        ["created", "edited", "edited", "archived"]
    actions = house.sql("SELECT action FROM audit_entry WHERE object = %s ORDER BY seq", made["id"])
    assert actions == [("collection.add",)] + [("collection.set",)] * 3
    assert house.sql("SELECT count(*) FROM change WHERE noun = 'collection' AND key = %s", made["id"]) == [(4,)]


def test_what_it_was_at_any_time_stands_in_the_audit(house):
    thing = achievement(house)
    goals = [{"metric": ODD, "target": 400, "by": "2027-06-30T00:00:00Z"}]
    made = house.hr.post("/collections", {"name": ODD, "description": "x", "goals": goals, "achievements": [thing["id"]]}, gives=201)
    house.hr.patch(f"/collections/{made['id']}", {"goals": [{"metric": "courses", "target": 2}], "achievements": []}, "*")
    house.hr.patch(f"/collections/{made['id']}", {"state": "archived"}, "*")
    before = {"name": ODD, "description": "x", "state": "active"}
    after = {**before, "goals": [{"metric": "courses", "target": 2}], "achievements": []}
    assert [one["detail"] for one in house.auditor.pages("/audit", object=made["id"], sort="at")] == [
        {**before, "goals": goals, "achievements": [thing["id"]]}, after, {**after, "state": "archived"}]


def test_where_nothing_changes_nothing_is_written(house):
    body = {"name": "Same", "description": "x", "goals": [{"metric": "courses", "target": 1}], "achievements": [achievement(house)["id"]]}
    made = house.hr.post("/collections", body, gives=201)
    etag = house.hr.last.headers["ETag"]
    for same in {}, body, {"state": "active"}:
        assert house.hr.patch(f"/collections/{made['id']}", same, etag) == made and house.hr.last.headers["ETag"] == etag
    assert len(house.auditor.pages("/audit", object=made["id"])) == len(house.auditor.pages("/outbox", object=made["id"])) == 1
    assert house.sql("SELECT count(*) FROM change WHERE noun = 'collection' AND key = %s", made["id"]) == [(1,)]


def test_its_achievements_are_called_what_they_are_called_now(house):
    thing = achievement(house, name="Old name")
    made = house.hr.post("/collections", {"name": "x", "achievements": [thing["id"]]})
    house.hr.patch(f"/achievements/{thing['id']}", {"name": "Draft name"}, "*")
    assert house.employee.get(f"/collections/{made['id']}")["achievements"] == [{"id": thing["id"], "name": "Old name"}]
    house.hr.patch(f"/achievements/{thing['id']}", {"state": "published"}, "*")
    assert house.employee.get(f"/collections/{made['id']}")["achievements"] == [{"id": thing["id"], "name": "Draft name"}]
    house.hr.patch(f"/achievements/{thing['id']}", {"state": "archived"}, "*")
    assert len(house.employee.get(f"/collections/{made['id']}")["achievements"]) == 1


def test_what_cannot_be_in_one_is_named(house):
    thing, draft = achievement(house), achievement(house, state="draft")
    for field, body in (("/name", {}), ("/achievements/0", {"achievements": [draft["id"]]}), ("/achievements/0", {"achievements": ["x"]}),
                        ("/achievements/1", {"achievements": [thing["id"], MISSING]}), ("/achievements/0", {"achievements": [7]}),
                        ("/achievements/1", {"achievements": [thing["id"], thing["id"].upper()]}),
                        ("/achievements", {"achievements": "x"}), ("/achievements", {"achievements": [MISSING] * 501}),
                        ("/goals", {"goals": {}}), ("/goals/0", {"goals": ["x"]}), ("/goals/0/metric", {"goals": [{"target": 1}]}),
                        ("/goals/0/target", {"goals": [{"metric": "x", "target": -1}]}), ("/goals/0/by", {"goals": [{"metric": "x", "target": 1, "by": "soon"}]}),
                        ("/goals/0/owner", {"goals": [{"metric": "x", "target": 1, "owner": "x"}]}),
                        ("/goals", {"goals": [{"metric": "x", "target": 1}] * 51}),
                        ("/issuer", {"issuer": MISSING}), ("/issuer", {"issuer": "x"}), ("/state", {"state": "archived"})):
        assert field in fields_of(house.hr.post("/collections", {**({"name": "x"} if field != "/name" else {}), **body}, gives=400)), body


def test_who_writes_an_issuers_achievements_writes_its_collections(house):
    partner = house.admin.post("/issuers", {"name": "Partner"})["id"]
    body = {"name": "x", "issuer": partner}
    for client, gives in ((house.employee, 403), (house.auditor, 403), (house.issuer, 403), (house.hr, 201), (house.admin, 201)):
        client.post("/collections", body, gives=gives)
    made = house.hr.post("/collections", body)
    for client, gives in ((house.employee, 403), (house.issuer, 403), (house.hr, 200)):
        client.patch(f"/collections/{made['id']}", {"name": f"{gives}"}, "*", gives=gives)
    assert "/issuer" in fields_of(house.hr.patch(f"/collections/{made['id']}", {"issuer": partner}, "*", gives=400))
    house.admin.patch(f"/api/v1/issuers/{partner}", {"state": "archived"}, "*")
    house.hr.post("/collections", body, gives=409)


def test_of_two_who_change_it_at_once_one_is_told(house):
    made = house.hr.post("/collections", {"name": "x"})
    etag, answers = house.hr.last.headers["ETag"], []
    house.hr.patch(f"/collections/{made['id']}", {"name": "y"}, gives=428)
    clients = [client.twin() for client in (house.hr, house.admin) * 2]
    threads = [threading.Thread(target=lambda c=client, n=number: answers.append(c.ask(
        "PATCH", f"/collections/{made['id']}", {"name": f"name {n}"}, headers={"If-Match": etag}).status_code))
        for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412, 412, 412]
    house.hr.post("/collections", {"name": "once"}, key="collection")
    house.hr.post("/collections", {"name": "once"}, key="collection")
    assert len(house.hr.pages("/collections", q="once")) == 1


def test_lists_are_filtered_and_sorted(house):
    thing = achievement(house)
    made = [house.hr.post("/collections", {"name": f"Filtered {number}", "achievements": [thing["id"]]}) for number in range(3)]
    assert house.hr.pages("/collections", achievement=thing["id"], limit=2) == made
    assert house.hr.pages("/collections", q="FILTERED", sort="-name", limit=1) == made[::-1]
    assert house.hr.pages("/collections", achievement=thing["id"], state="archived") == []
    assert house.hr.pages("/collections", achievement=thing["id"], issuer=made[0]["issuer"]["id"]) == made
    for name in "achievement", "issuer":
        assert fields_of(house.hr.get("/collections", gives=400, **{name: MISSING})) == [name]
