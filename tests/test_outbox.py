# SPDX-License-Identifier: Apache-2.0
"""Notices: what happens is in the outbox with it or not at all, kept for its time, and gone with the person."""
import json
import threading

import pytest
from kit.badges import Programme, badge_house, new_key
from kit.batches import ask, done, ended, rows_of
from kit.house import ACCOUNTS, AUDITOR, parsed, wait_for

HOLDER = "pquinn"


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), {"outbox": {"keep": "1h"}}, postgres=postgres) as house:
        house.set_password(HOLDER)
        yield house


@pytest.fixture(scope="module")
def programme(house):
    return Programme(house)


@pytest.fixture(scope="module")
def auditor(house):
    return house.sign_in(AUDITOR)


def kinds(auditor, thing, noun="credential"):
    notices = list(auditor.pages("/outbox", object=thing["id"], sort="made_at"))
    assert {notice["noun"] for notice in notices} <= {noun}
    return [notice["kind"].removeprefix(f"{noun}.") for notice in notices]


def test_each_step_of_a_credential_is_told(house, programme, auditor):
    made, holder = programme.issue(HOLDER), house.sign_in(HOLDER)
    path = f"/credentials/{made['id']}"
    for response in "accepted", "declined", "hidden", "hidden", "accepted":
        holder.patch(path, {"response": response}, "*")
    holder.patch(path, {"visibility": "private"}, "*")
    programme.issuer.post(f"{path}/suspend", {"reason": "Look"}, gives=200)
    programme.issuer.post(f"{path}/reinstate", gives=200)
    new = programme.issuer.post(f"{path}/replace", {"reason": "Better"}, gives=201)
    programme.issuer.post(f"/credentials/{new['id']}/revoke", {"reason": "Worse"}, gives=200)
    assert kinds(auditor, made) == ["issued", "accepted", "declined", "hidden", "accepted", "shown", "suspended", "reinstated",
            "replaced"]
    assert kinds(auditor, new) == ["revoked"]
    notice, = auditor.pages("/outbox", object=made["id"], kind="credential.replaced")
    assert notice["person_id"] == made["person"]["id"] and notice["detail"] == {"by": new["id"]}
    assert notice["key"] == notice["id"] and notice["due_at"] == notice["made_at"]
    assert made["person"]["name"] not in json.dumps(auditor.get("/outbox", limit=500))


def test_what_its_holder_shows_is_told_once_it_is_otherwise(house, programme, auditor):
    made = programme.issue(HOLDER, evidence=[{"name": f"Piece {number}"} for number in range(3)])
    holder, path = house.sign_in(HOLDER), f"/credentials/{made['id']}"
    for said in ({"shown_evidence": [0, 2]}, {"shown_evidence": [2, 0]}, {"visibility": made["visibility"]},
                 {"visibility": "private", "response": "accepted"}, {"shown_evidence": None}):
        holder.patch(path, said, "*")
    assert kinds(auditor, made)[1:2] == ["shown"] and sorted(kinds(auditor, made)[2:4]) == ["accepted", "shown"]
    notices = list(auditor.pages("/outbox", object=made["id"], kind="credential.shown", sort="made_at"))
    assert [(one["detail"]["visibility"], one["detail"].get("shown_evidence")) for one in notices] == [
        ("public", [0, 2]), ("private", [0, 2]), ("private", None)]
    assert {one["person_id"] for one in notices} == {made["person"]["id"]} and "Piece" not in json.dumps(notices)


def test_who_says_so_leaves_the_notice_out(programme, auditor):
    made = programme.issue(HOLDER)
    path, quiet = f"/credentials/{made['id']}", {"notice": False}
    programme.issuer.post(f"{path}/suspend", {"reason": "Look", **quiet}, gives=200)
    programme.issuer.post(f"{path}/reinstate", quiet, gives=200)
    new = programme.issuer.post(f"{path}/replace", {"reason": "Better", **quiet}, gives=201)
    programme.issuer.post(f"/credentials/{new['id']}/revoke", {"reason": "Worse", **quiet}, gives=200)
    assert kinds(auditor, made) == ["issued"] and kinds(auditor, new) == []
    loud = programme.issue(HOLDER)
    programme.issuer.post(f"/credentials/{loud['id']}/revoke", {"reason": "Worse", "notice": True}, gives=200)
    assert kinds(auditor, loud) == ["issued", "revoked"]
    for wrong in "no", None, 0:
        programme.issuer.post(f"/credentials/{loud['id']}/revoke", {"reason": "Worse", "notice": wrong}, gives=400)


def test_what_begins_later_is_told_when_it_begins(programme, auditor):
    achievement, at = programme.achievement(), "2099-03-01T00:00:00Z"
    single = programme.issuer.issue(HOLDER, achievement["id"], valid_from=at)
    job = done(programme.issuer, "issue", [{"person": HOLDER, "valid_from": at}, {"person": HOLDER, "valid_from": "2020-01-01"}],
               achievement=achievement["id"])
    later, earlier = [row["credential_id"] for row in rows_of(programme.issuer, job)]
    for one in single["id"], later:
        notice, = auditor.pages("/outbox", object=one)
        assert notice["due_at"] == at and parsed(notice["made_at"]) < parsed(at)
        assert (notice["kind"], notice["person_id"]) == ("credential.issued", single["person"]["id"])
    notice, = auditor.pages("/outbox", object=earlier)
    assert notice["due_at"] == notice["made_at"]


LATER, LATEST = "2099-03-01T00:00:00Z", "2099-04-01T00:00:00Z"


def beginning(auditor, credential):
    """When its beginning is told: of each notice there is of it."""
    return [notice.get("due_at") for notice in auditor.pages("/outbox", object=credential["id"], kind="credential.issued")]


def test_nobody_is_told_of_the_beginning_of_what_does_not_begin(programme, auditor):
    achievement = programme.achievement()
    single, many, whole = (programme.issuer.issue(HOLDER, achievement["id"], valid_from=LATER) for _ in range(3))
    begun = programme.issuer.issue(HOLDER, achievement["id"])
    programme.issuer.post(f"/credentials/{single['id']}/revoke", {"reason": "x", "notice": False}, gives=200)
    done(programme.issuer, "revoke", [{"credential": many["id"]}, {"credential": begun["id"]}], reason="x")
    assert kinds(auditor, single) == [] and kinds(auditor, many) == ["revoked"]
    assert kinds(auditor, begun) == ["issued", "revoked"]
    programme.hr.patch(f"/achievements/{achievement['id']}", {"state": "archived"}, "*")
    assert programme.issuer.get(f"/credentials/{whole['id']}")["state"] == "scheduled" and beginning(auditor, whole) == [LATER]


def test_what_is_suspended_before_it_begins_is_told_once_it_goes_on(house, programme, auditor):
    achievement = programme.achievement()
    early, late, never = (programme.issuer.issue(HOLDER, achievement["id"], valid_from=LATER) for _ in range(3))
    for one in early, late, never:
        programme.issuer.post(f"/credentials/{one['id']}/suspend", {"reason": "x"}, gives=200)
        assert beginning(auditor, one) == [None]
    programme.issuer.post(f"/credentials/{early['id']}/reinstate", gives=200)
    assert beginning(auditor, early) == [LATER]
    house.sql("UPDATE credential SET valid_from = issued_at WHERE id IN (%s, %s)", late["id"], never["id"])
    programme.issuer.post(f"/credentials/{late['id']}/reinstate", gives=200)
    told, = auditor.pages("/outbox", object=late["id"], kind="credential.reinstated")
    assert beginning(auditor, late) == [told["due_at"]]
    programme.issuer.post(f"/credentials/{never['id']}/revoke", {"reason": "x"}, gives=200)
    assert beginning(auditor, never) == []


def test_the_notice_moves_with_the_date(programme, auditor):
    made = programme.issuer.issue(HOLDER, programme.achievement()["id"], valid_from=LATER)
    later = programme.issuer.post(f"/credentials/{made['id']}/replace", {"reason": "x", "valid_from": LATEST}, gives=201)
    assert beginning(auditor, made) == [] and beginning(auditor, later) == [LATEST]
    assert kinds(auditor, made) == ["replaced"]
    quiet = {"reason": "x", "notice": False}
    same = programme.issuer.post(f"/credentials/{later['id']}/replace", quiet, gives=201)
    assert kinds(auditor, later) == [] and beginning(auditor, same) == [LATEST]
    now = programme.issuer.post(f"/credentials/{same['id']}/replace", {**quiet, "valid_from": "2020-01-01"}, gives=201)
    due, = beginning(auditor, now)
    assert parsed(due) < parsed(LATER) and now["state"] == "active"
    again = programme.issuer.post(f"/credentials/{now['id']}/replace", {**quiet, "valid_from": LATER}, gives=201)
    assert again["state"] == "scheduled" and beginning(auditor, now) == [due] and beginning(auditor, again) == []


def test_how_a_batch_ends_is_told_once(house, programme, auditor):
    achievement = programme.achievement()
    good, bad, of_it = {"person": HOLDER}, {"person": "nobody-here"}, {"achievement": achievement["id"]}
    jobs = [("done", 2, 1, done(programme.issuer, "issue", [good, bad, good], **of_it)),
            ("failed", 0, 1, done(programme.issuer, "issue", [good, bad], "failed", on_fault="wait", **of_it))]
    later, too_late = (ask(programme.issuer, "issue", [good, good], at="2099-01-01", **of_it) for _ in range(2))
    programme.issuer.delete(f"/jobs/{later['id']}")
    programme.issuer.delete(f"/jobs/{later['id']}", gives=409)
    programme.hr.patch(f"/achievements/{achievement['id']}", {"state": "archived"}, "*")
    house.sql("UPDATE job SET due_at = now() WHERE id = %s", too_late["id"])
    jobs += [("cancelled", 0, 0, later), ("failed", 0, 0, ended(programme.issuer, too_late, "failed"))]
    for state, succeeded, faulty, job in jobs:
        notice, = auditor.pages("/outbox", object=job["batch_id"])
        assert (notice["kind"], notice["noun"]) == (f"batch.{state}", "batch") and "person_id" not in notice
        assert notice["detail"] == {"job_id": job["id"], "total": job["total"], "succeeded": succeeded, "faulty": faulty}


def test_what_is_refused_or_done_before_is_not_told(programme, auditor):
    made = programme.issue(HOLDER)
    for _ in range(2):
        programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "Look"}, gives=200, key="outbox-1")
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "Again"}, gives=409)
    assert kinds(auditor, made) == ["issued", "suspended"]


def test_two_who_revoke_at_once_make_one_notice(house, programme, auditor):
    made, answers = programme.issue(HOLDER), []
    clients = [programme.issuer.twin() for _ in range(4)]
    threads = [threading.Thread(target=lambda c=client: answers.append(c.ask(
        "POST", f"/credentials/{made['id']}/revoke", {"reason": "Race"}).status_code)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409]
    assert kinds(auditor, made) == ["issued", "revoked"]


def test_achievements_issuers_and_keys_are_told(house, programme, auditor):
    draft = programme.hr.post("/achievements", {"name": "Told"})
    programme.hr.patch(f"/achievements/{draft['id']}", {"state": "published"}, "*")
    programme.hr.patch(f"/achievements/{draft['id']}", {"name": "Told twice", "state": "published"}, "*")
    programme.hr.patch(f"/achievements/{draft['id']}", {"state": "archived"}, "*")
    story = kinds(auditor, draft, "achievement")
    assert story[:2] + sorted(story[2:4]) + story[4:] == ["created", "published", "created", "published", "archived"]
    admin = house.sign_in(ACCOUNTS["ADMIN"])
    issuer = admin.post("/issuers", {"name": "Told issuer"})
    admin.patch(f"/api/v1/issuers/{issuer['id']}", {"state": "archived"}, "*")
    assert kinds(auditor, issuer, "issuer") == ["created", "edited"]
    assert [one["detail"]["state"] for one in auditor.pages("/outbox", object=issuer["id"], sort="made_at")] == ["active", "archived"]
    key = new_key(house, "ed25519")
    assert house.command("key", "retire", key).returncode == 0 and house.command("key", "revoke", key).returncode == 0
    assert kinds(auditor, {"id": key}, "key") == ["created", "retired", "revoked"]


def test_the_list_is_filtered_and_paged(house, programme, auditor):
    made = [programme.issue(HOLDER)["id"] for _ in range(3)]
    of_them = {"noun": "credential", "kind": "credential.issued", "person": HOLDER}
    newest = auditor.get("/outbox", limit=3, **of_them)
    assert [notice["object"] for notice in newest["items"]] == made[::-1]
    whole = list(auditor.pages("/outbox", limit=2, **of_them))
    assert len(whole) == len({notice["id"] for notice in whole}) == auditor.get("/outbox", count="true", **of_them)["total"]
    assert list(auditor.pages("/outbox", person=HOLDER, noun="key")) == []
    auditor.get("/outbox", person="nobody-at-all", gives=400)
    auditor.get("/outbox", object="x", gives=400)
    rows = auditor.ask("GET", "/outbox", params={"format": "csv", "object": made[0]}).text.splitlines()
    assert rows[0] == "id,kind,noun,object,person_id,made_at,due_at,key" and f",credential.issued,credential,{made[0]}," in rows[1]
    programme.issuer.get("/outbox", gives=403)


def test_old_notices_are_swept_and_those_to_come_are_not(house):
    house.sql("INSERT INTO outbox (kind, noun, object, made_at, due_at) SELECT 'old.one', 'old', uuid7(), now() - d, now() - e"
              " FROM (VALUES (interval '2 hours', interval '2 hours'), ('2 hours', '-1 hour'), ('1 minute', '1 minute')) v (d, e)")
    house.restart()
    wait_for("the sweep", lambda: house.sql("SELECT count(*) FROM outbox WHERE noun = 'old'") == [(2,)])
    assert house.sql("SELECT count(*) FROM outbox WHERE noun = 'old' AND made_at = due_at") == [(1,)]


def test_a_kind_and_a_noun_that_are_none_are_named(auditor):
    for field, word in (("kind", "credential.isued"), ("kind", "issued"), ("kind", ""), ("noun", "credentail")):
        problem = auditor.get("/outbox", gives=400, **{field: word})
        assert [error["field"] for error in problem["errors"]] == [field], word


def test_the_contract_names_every_kind(auditor):
    message = auditor.get("/outbox", gives=400, kind="none")["errors"][0]["message"]
    schemas, kinds = auditor.get("/openapi.json")["components"]["schemas"], message.removeprefix("must be one of ").split("|")
    assert schemas["NoticeKind"]["pattern"] == f"^({'|'.join(kinds)})$".replace(".", r"\.")
    assert {kind.partition(".")[0] for kind in kinds} == set(schemas["NoticeNoun"]["enum"])
