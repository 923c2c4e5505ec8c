# SPDX-License-Identifier: Apache-2.0
"""Credentials that lapse unless they are used: until when they last, what a use makes of that, who says so, and what was known
before somebody did."""
import datetime
import itertools

import pytest
from kit.badges import badge_house
from kit.batches import ask, ended
from kit.house import ACCOUNTS, AUDITOR, wait_for
from kit.judging import at_once

HOLDER = "jmarsh"  # the manager's
numbers = itertools.count(1)


class Shop:
    def __init__(self, house):
        self.house = house
        house.set_password(HOLDER)
        names = {"hr": ACCOUNTS["HR"], "issuer": ACCOUNTS["ISSUER"], "manager": ACCOUNTS["MANAGER"], "admin": ACCOUNTS["ADMIN"],
                 "auditor": AUDITOR, "holder": HOLDER, "other": ACCOUNTS["EMPLOYEE"]}
        for name, username in names.items():
            setattr(self, name, house.sign_in(username))
        self.hr.post("/frameworks", {"code": "LAPSE", "name": "Lapse"}, gives=201)

    def achievement(self, **fields):
        return self.hr.post("/achievements", {"name": f"Flying {next(numbers)} 🪂", "state": "published", **fields}, gives=201)

    def issue(self, made, issued_at="2024-02-29", **fields):
        return self.issuer.issue(HOLDER, made["id"], issued_at=issued_at, **fields)

    def use(self, credential, at=None, by=None, gives=200, what="Flew ✈"):
        return (by or self.hr).post(f"/credentials/{credential['id']}/uses", {"what": what, **({"at": at} if at else {})}, gives=gives)

    def look(self, credential, **then):
        return self.hr.get(f"/credentials/{credential['id']}", **then)

    def uses(self, credential):
        return self.hr.get(f"/credentials/{credential['id']}/uses")["items"]


@pytest.fixture(scope="module")
def shop(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        yield Shop(house)


def moment(**later):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**later)).isoformat().replace("+00:00", "Z")


def test_it_lapses_so_long_after_it_was_issued_and_then_after_each_use(shop):
    made = shop.achievement(lapse="P50Y")
    assert made["lapse"] == "P50Y"
    old = shop.issue(made)
    assert (old["expires_at"], old["lapses"], "lasts_until" in old) == ("2074-02-28T00:00:00Z", True, False)
    after = shop.use(old, "2025-03-31T08:00:00Z")
    assert (after["expires_at"], after["state"]) == ("2075-03-31T08:00:00Z", "active")
    assert shop.use(old, "2024-12-24")["expires_at"] == "2075-03-31T08:00:00Z"  # an earlier one takes nothing back
    first, second = shop.uses(old)
    assert (first["what"], first["at"], first["expires_at"]) == ("Flew ✈", "2025-03-31T08:00:00Z", "2075-03-31T08:00:00Z")
    assert first["account"] == f"ldap:{ACCOUNTS['HR']}" and second["expires_at"] == first["expires_at"]
    story = shop.hr.get(f"/credentials/{old['id']}/events")["items"]
    assert [(one["kind"], one["valid_from"], one["valid_to"]) for one in story] == [
        ("issued", "2024-02-29T00:00:00Z", "2074-02-28T00:00:00Z"), ("used", "2025-03-31T08:00:00Z", "2075-03-31T08:00:00Z"),
        ("used", "2024-12-24T00:00:00Z", "2075-03-31T08:00:00Z")]
    notice = shop.admin.pages("/outbox", kind="credential.used", object=old["id"])
    assert [one["detail"] for one in notice] == [{"expires_at": "2075-03-31T08:00:00Z"}] * 2
    assert len(shop.admin.pages("/audit", object=old["id"], action="credential.use")) == 2


def test_no_use_makes_it_last_longer_than_its_validity(shop):
    old = shop.issue(shop.achievement(validity="P51Y", lapse="P50Y"))
    assert (old["expires_at"], old["lasts_until"]) == ("2074-02-28T00:00:00Z", "2075-02-28T00:00:00Z")
    assert shop.use(old, "2024-03-31T08:00:00Z")["expires_at"] == "2074-03-31T08:00:00Z"
    assert shop.use(old, "2025-03-31T08:00:00Z")["expires_at"] == "2075-02-28T00:00:00Z"
    shorter = shop.issue(shop.achievement(validity="P2Y", lapse="P50Y"))
    assert shorter["expires_at"] == shorter["lasts_until"] == "2026-02-28T00:00:00Z"
    said = shop.issue(shop.achievement(lapse="P50Y"), expires_at="2074-03-01")
    assert (said["expires_at"], said["lasts_until"]) == ("2074-02-28T00:00:00Z", "2074-03-01T00:00:00Z")
    assert shop.use(said, "2025-01-01")["expires_at"] == "2074-03-01T00:00:00Z"


def test_a_use_that_is_said_late_wakes_it_and_one_that_was_too_late_does_not(shop):
    old = shop.issue(shop.achievement(lapse="P50Y"), issued_at="1960-06-30")
    assert (old["state"], old["expires_at"]) == ("expired", "2010-06-30T00:00:00Z")
    assert "lapsed by then" in shop.use(old, "2010-06-30", gives=409)["detail"]
    assert "lapsed by then" in shop.use(old, gives=409)["detail"]
    assert shop.use(old, "1961-01-31")["state"] == "expired"
    woken = shop.use(old, "2010-06-29T23:59:59Z")
    assert (woken["state"], woken["expires_at"]) == ("active", "2060-06-29T23:59:59Z")


def test_what_was_known_before_stays_known(shop):
    skill = shop.hr.post("/skills", {"framework": "LAPSE", "code": f"L-{next(numbers)}", "label": "Flying"}, gives=201)
    made = shop.achievement(lapse="P50Y", skills=[{"skill": skill["id"], "level": 3}])
    old = shop.issue(made)
    before = moment()
    shop.use(old, "2025-03-31")

    def held(**then):
        return len(shop.hr.get("/reports/skills", skill=skill["id"], **then)["items"])
    late, later = "2074-06-01", "2075-06-01"
    assert (held(as_of=late), held(as_of=late, known_at=before), held(as_of=later)) == (1, 0, 0)
    assert (held(), held(as_of="2024-06-01"), held(as_of="2024-06-01", known_at=before)) == (1, 1, 1)
    assert [shop.look(old, **then)["state"] for then in ({"as_of": late}, {"as_of": late, "known_at": before}, {"as_of": later})] == [
        "active", "expired", "expired"]
    assert [shop.look(old, **then)["expires_at"] for then in ({"as_of": late}, {"known_at": before})] == ["2075-03-31T00:00:00Z", "2074-02-28T00:00:00Z"]
    assert len(shop.hr.pages(f"/people/{old['person']['id']}/holdings", limit=500)) >= 1


def test_the_badge_says_until_when(shop):
    old = shop.issue(shop.achievement(lapse="P50Y"))
    stranger, where = shop.house.client(), old["badge_url"].split("example.org")[1]
    shop.holder.patch(f"/credentials/{old['id']}", {"visibility": "public", "response": "accepted"}, "*")

    def until():
        return stranger.expect(200, "GET", where, headers={"Accept": "application/vc+ld+json"})["validUntil"]
    assert until() == "2074-02-28T00:00:00Z"
    shop.use(old, "2025-03-31")
    assert until() == "2075-03-31T00:00:00Z"


def test_who_may_say_so(shop):
    old = shop.issue(shop.achievement(lapse="P50Y"))
    for who in "hr", "issuer", "manager":
        shop.use(old, by=getattr(shop, who))
    for who, status in ("holder", 403), ("auditor", 403), ("admin", 403), ("other", 404):
        shop.use(old, by=getattr(shop, who), gives=status)
    machine = shop.house.client(shop.issuer.post("/tokens", {"name": "flight log", "scopes": ["credentials:read", "credentials:write"]})["token"])
    shop.use(old, by=machine)
    reader = shop.house.client(shop.issuer.post("/tokens", {"name": "reader", "scopes": ["credentials:read"]})["token"])
    shop.use(old, by=reader, gives=403)
    assert len(shop.uses(old)) == 4
    assert len(shop.holder.get(f"/credentials/{old['id']}/uses")["items"]) == 4


def test_what_means_nothing_is_refused(shop):
    old = shop.issue(shop.achievement(lapse="P50Y"))
    for body, field in ({}, "/what"), ({"what": ""}, "/what"), ({"what": "x" * 2001}, "/what"), ({"what": "x", "at": "soon"}, "/at"), \
            ({"what": "x", "at": moment(days=1)}, "/at"), ({"what": "x", "at": "2024-02-28"}, "/at"), ({"what": "x", "by": "me"}, "/by"):
        problem = shop.hr.post(f"/credentials/{old['id']}/uses", body, gives=400)
        assert [error["field"] for error in problem["errors"]] == [field]
    assert "does not lapse" in shop.use(shop.issue(shop.achievement(validity="P50Y")), gives=409)["detail"]
    for step, state in ("suspend", "suspended"), ("revoke", "revoked"):
        shop.issuer.post(f"/credentials/{old['id']}/{step}", {"reason": "x"}, gives=200)
        assert state in shop.use(old, gives=409)["detail"]
    for lapse in "P0D", "1Y", "", 1, "-P1Y":
        problem = shop.hr.post("/achievements", {"name": "x", "lapse": lapse}, gives=400)
        assert [error["field"] for error in problem["errors"]] == ["/lapse"]


def test_a_key_that_is_used_again_says_it_once_and_many_at_once_are_all_there(shop):
    old = shop.issue(shop.achievement(lapse="P50Y"))
    for _ in range(3):
        shop.hr.post(f"/credentials/{old['id']}/uses", {"what": "x", "at": "2025-01-01"}, key="a-use-of-mine", gives=200)
    assert len(shop.uses(old)) == 1
    days = [f"2025-0{number}-01" for number in range(1, 7)]
    twins = [shop.hr.twin() for _ in days]
    at_once(*[lambda c=client, d=day: shop.use(old, d, by=c) for client, day in zip(twins, days)])
    assert len(shop.uses(old)) == 7 and shop.look(old)["expires_at"] == "2075-06-01T00:00:00Z"
    proofs = shop.house.sql("SELECT count(*) FROM credential_event WHERE credential_id = %s AND kind = 'used'", old["id"])
    assert proofs == [(7,)]


@pytest.mark.parametrize("turn", range(3))
def test_a_use_against_a_revocation(shop, turn):
    skill = shop.hr.post("/skills", {"framework": "LAPSE", "code": f"L-{next(numbers)}", "label": "Flying"}, gives=201)
    old = shop.issue(shop.achievement(lapse="P50Y", skills=[{"skill": skill["id"], "level": 3}]))
    used, revoked = at_once(lambda: shop.hr.ask("POST", f"/credentials/{old['id']}/uses", {"what": "x", "at": "2025-01-01"}).status_code,
                            lambda: shop.issuer.ask("POST", f"/credentials/{old['id']}/revoke", {"reason": "x"}).status_code)
    assert revoked == 200 and used in (200, 409)
    assert shop.look(old)["state"] == "revoked"
    assert shop.hr.get("/reports/skills", skill=skill["id"])["items"] == []
    assert shop.hr.get("/reports/skills", skill=skill["id"], as_of="2074-12-01")["items"] == []


def test_a_correction_keeps_it_and_a_renewal_begins_it_anew(shop):
    lesson = shop.achievement()
    made = shop.achievement(validity="P51Y", lapse="P50Y", renewal={"by": "course", "course": lesson["id"], "from": "P60Y"})
    old = shop.issue(made)
    shop.use(old, "2024-05-31")
    new = shop.issuer.post(f"/credentials/{old['id']}/replace", {"reason": "a name"}, gives=201)
    assert (new["expires_at"], new["lasts_until"], new["lapses"]) == ("2074-05-31T00:00:00Z", "2075-02-28T00:00:00Z", True)
    shop.issuer.issue(HOLDER, lesson["id"])
    wait_for("the course", lambda: "superseded_by" in shop.look(new))
    last = shop.look({"id": shop.look(new)["superseded_by"]})
    assert (last["expires_at"], last["lasts_until"]) == ("2124-05-31T00:00:00Z", "2125-05-31T00:00:00Z")


def test_a_table_of_people_gets_it_too(shop):
    made = shop.achievement(lapse="P50Y", validity="P51Y")
    ended(shop.issuer, ask(shop.issuer, "issue", [{"person": HOLDER, "issued_at": "2024-02-29"}], achievement=made["id"]))
    given, = shop.hr.get("/credentials", achievement=made["id"])["items"]
    assert (given["expires_at"], given["lasts_until"], given["lapses"]) == ("2074-02-28T00:00:00Z", "2075-02-28T00:00:00Z", True)
    assert shop.use(given, "2024-12-24")["expires_at"] == "2074-12-24T00:00:00Z"
