# SPDX-License-Identifier: Apache-2.0
"""Which credentials a list has: as of a day in the past and as known then, held against the report and against what plain
Python makes of their events; and by its filters."""
import datetime
import itertools
import json
import random
import time

import pytest
from kit.house import ACCOUNTS, AUDITOR, parsed

UTC, TICK = datetime.timezone.utc, datetime.timedelta(microseconds=1)
BEGIN = datetime.datetime.now(UTC)
numbers = itertools.count(1)


def text(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day(ahead):
    return text(BEGIN + datetime.timedelta(days=ahead))


@pytest.fixture(scope="module")
def hr(house):
    client = house.sign_in(ACCOUNTS["HR"])
    client.post("/frameworks", {"code": "LISTS", "name": "Lists"})
    return client


@pytest.fixture(scope="module")
def issuer(house):
    return house.sign_in(ACCOUNTS["ISSUER"])


@pytest.fixture(scope="module")
def auditor(house):
    return house.sign_in(AUDITOR)


def skill(hr):
    number = next(numbers)
    return hr.post("/skills", {"framework": "LISTS", "code": f"L{number}", "label": f"Listed {number}"})["id"]


def earned(hr, *skills):
    return hr.post("/achievements", {"name": f"Listed {next(numbers)}", "state": "published",
                                     "skills": [{"skill": one, "level": 1} for one in skills]})["id"]


def turn(issuer, credential, verb, **fields):
    return issuer.post(f"/credentials/{credential['id']}/{verb}", {"reason": f"{verb} it", **fields})


def listed(client, **filters):
    return {one["id"]: one["state"] for one in client.pages("/credentials", **filters)}


# ---- a moment

ENDS = {"suspended": "suspended", "reinstated": "active", "revoked": "revoked", "superseded": "superseded"}


def then(credential, events, as_of, known_at):
    """(state, reason, superseded_by) at a moment, by its events; None: it was not there, or nobody knew."""
    known = [event for event in events if parsed(event["recorded_at"]) <= known_at and event["kind"] != "shown"]
    if not known:
        return None
    issued, valid = parsed(credential["issued_at"]), parsed(credential["valid_from"])
    if as_of < (parsed(known[0]["recorded_at"]) if "replaces" in credential else min(issued, valid)):
        return None
    state, reason = "active", None
    for event in known[1:]:
        if parsed(event["valid_from"]) <= as_of:
            state, reason = ENDS[event["kind"]], event.get("reason")
    over = "expires_at" in credential and parsed(credential["expires_at"]) <= as_of
    if state == "superseded":
        return state, reason, credential["superseded_by"]
    if state != "revoked" and over:
        state = "expired"
    elif state == "active" and valid > as_of:
        state = "scheduled"
    return state, reason, None


class Story:
    """Credentials with and without skills, and random things that happen to them."""

    def __init__(self, hr, issuer, seed):
        self.hr, self.issuer, self.dice = hr, issuer, random.Random(seed)
        self.skill = skill(hr)
        self.proving, self.plain = earned(hr, self.skill), earned(hr)
        people = [one["username"] for one in hr.get("/people", limit=20)["items"]]
        self.all = [self.issued(self.dice.choice(people)) for _ in range(24)]
        for _ in range(60):
            self.happen()
        self.all = [hr.get(f"/credentials/{one['id']}") for one in self.all]
        self.events = {one["id"]: hr.get(f"/credentials/{one['id']}/events")["items"] for one in self.all}

    def issued(self, person):
        times = {"issued_at": day(-self.dice.randrange(1, 900))}
        chance = self.dice.random()
        if chance < 0.5:
            times["valid_from"] = day(self.dice.randrange(-900, 300))
        if chance > 0.25:
            times["expires_at"] = day(self.dice.randrange(301, 900) if chance < 0.8 or "valid_from" in times else -0.5)
        return self.issuer.issue(person, self.dice.choice([self.proving, self.plain]), **times)

    def happen(self):
        credential, verb = self.dice.choice(self.all), self.dice.choice(["suspend", "reinstate", "replace", "replace", "revoke"])
        fields = {"reason": f"because of {next(numbers)}"}
        if verb == "replace":
            fields.update(self.dice.choice([{}, {"valid_from": day(-400)}, {"valid_from": day(250)}, {"expires_at": day(950)},
                                            {"expires_at": None}]))
        elif verb == "reinstate" and self.dice.random() < 0.5:
            fields = None
        answer = self.issuer.ask("POST", f"/credentials/{credential['id']}/{verb}", fields)
        assert answer.status_code in (200, 201, 400, 409), answer.text
        if answer.status_code == 201:
            self.all.append(answer.json())

    def moment(self):
        """One at which something begins or ends, or just before or after that; or none."""
        credential = self.dice.choice(self.all)
        event = self.dice.choice(self.events[credential["id"]])
        when = self.dice.choice([event["recorded_at"], event["recorded_at"], event["valid_from"], credential["issued_at"],
                                 credential["valid_from"], credential.get("expires_at", day(1000)), None])
        return when and parsed(when) + self.dice.choice([-TICK, 0 * TICK, TICK])

    def agree(self, as_of, known_at):
        asked = {name: text(when) for name, when in (("as_of", as_of), ("known_at", known_at)) if when}
        now = datetime.datetime.now(UTC)
        wanted = {one["id"]: found for one in self.all
                  if (found := then(one, self.events[one["id"]], as_of or now, known_at or now))}
        items = [one for part in (self.proving, self.plain) for one in self.hr.pages("/credentials", achievement=part, **asked)]
        assert {one["id"]: (one["state"], one.get("reason"), one.get("superseded_by")) for one in items} == wanted, asked
        proving = {one["id"] for one in self.all if one["achievement"]["id"] == self.proving}
        rows = self.hr.pages("/reports/skills", skill=self.skill, limit=500, **asked)
        assert {one["credential_id"] for row in rows for one in row["because"]} == {
            key for key in proving & set(wanted) if wanted[key][0] == "active"}, asked
        one = self.dice.choice(self.all)
        if one["id"] in wanted:
            shown = self.hr.get(f"/credentials/{one['id']}", **asked)
            assert (shown["state"], shown.get("reason"), shown.get("superseded_by")) == wanted[one["id"]]
            assert ("note" in shown) == bool(asked)
        else:
            self.hr.get(f"/credentials/{one['id']}", gives=404, **asked)


@pytest.mark.parametrize("seed", [1, 2])
def test_at_any_moment_the_list_the_report_and_the_events_say_the_same(hr, issuer, seed):
    story = Story(hr, issuer, seed)
    kinds = {event["kind"] for events in story.events.values() for event in events}
    assert kinds == {"issued", "suspended", "reinstated", "revoked", "superseded"}
    for _ in range(80):
        story.agree(story.moment(), story.moment())


def test_who_held_a_certificate_that_proves_no_skill_on_a_day_as_known_then(hr, issuer, auditor, house):
    certificate, third = earned(hr), "2025-03-03T12:00:00Z"
    held, ended, late = (issuer.issue(ACCOUNTS["EMPLOYEE"], certificate, issued_at=at, **more) for at, more in (
        ("2025-01-01", {}), ("2024-01-01", {"expires_at": "2025-03-03"}), ("2025-03-04", {})))
    assert listed(hr, achievement=certificate, as_of=third, state="active") == {held["id"]: "active"}
    assert listed(hr, achievement=certificate, as_of=third) == {held["id"]: "active", ended["id"]: "expired"}
    assert listed(hr, achievement=certificate, as_of=third, known_at=third) == {}
    known = text(datetime.datetime.now(UTC))
    time.sleep(0.01)
    turn(issuer, held, "revoke")
    own = house.sign_in(ACCOUNTS["EMPLOYEE"])
    own.patch(f"/credentials/{held['id']}", {"response": "accepted"}, "*")
    assert listed(hr, achievement=certificate, as_of=third, state="active") == {held["id"]: "active"}
    assert listed(hr, achievement=certificate, as_of="2090-01-01", state="revoked") == {held["id"]: "revoked"}
    assert listed(hr, achievement=certificate, known_at=known, state="active") == {held["id"]: "active", late["id"]: "active"}
    assert listed(hr, achievement=certificate, state="active") == {late["id"]: "active"}
    shown = hr.get(f"/credentials/{held['id']}", known_at=known)
    assert (shown["state"], "reason" in shown) == ("active", False)
    assert hr.last.headers["Skillsd-Note"] == shown["note"] and hr.last.headers["ETag"] != '"2"'
    assert hr.get(f"/credentials/{late['id']}", as_of=third, gives=404)["detail"] == "there was no such credential then"
    assert hr.get(f"/credentials/{held['id']}")["reason"] == "revoke it" and "Skillsd-Note" not in hr.last.headers
    path = f"/people/{held['person']['id']}/credentials"
    assert [one["id"] for one in own.pages(path, as_of=third, state="active", limit=500) if one["id"] in (held["id"], late["id"])] == [
        held["id"]]
    assert set(listed(auditor, achievement=certificate, as_of=third)) == {held["id"], ended["id"]}


def test_sight_is_of_today_and_so_is_what_the_answer_says_it_is(hr, issuer, house, people):
    made = issuer.issue(ACCOUNTS["ISSUER"], earned(hr), issued_at="2025-01-01")
    stranger = house.sign_in(ACCOUNTS["EMPLOYEE"])
    assert listed(stranger, achievement=made["achievement"]["id"], as_of="2025-03-03") == {}
    stranger.get(f"/credentials/{made['id']}", as_of="2025-03-03", gives=404)
    stranger.get(f"/people/{people[ACCOUNTS['ISSUER']]['id']}/credentials", as_of="2025-03-03", gives=404)
    for name in "as_of", "known_at":
        for path in "/credentials", f"/credentials/{made['id']}", f"/people/{made['person']['id']}/credentials":
            assert hr.get(path, gives=400, **{name: "yesterday"})["errors"][0]["field"] == name


def test_a_moment_goes_with_pages_and_streams(hr, issuer):
    certificate = earned(hr)
    made = [issuer.issue(ACCOUNTS["EMPLOYEE"], certificate, issued_at=f"2025-01-0{number}") for number in range(1, 8)]
    for one in made[::2]:
        turn(issuer, one, "suspend")
    asked = {"achievement": certificate, "as_of": "2025-01-05T00:00:00Z"}
    first = hr.get("/credentials", limit=2, count="true", **asked)
    assert first["total"] == 5 and first["note"] == hr.last.headers["Skillsd-Note"]
    issuer.issue(ACCOUNTS["EMPLOYEE"], certificate, issued_at="2025-01-09")
    whole = hr.pages("/credentials", limit=2, **asked)
    assert [(one["id"], one["state"]) for one in whole] == [(one["id"], "active") for one in reversed(made[:5])]
    assert hr.get("/credentials", gives=400, cursor=first["next"], **{**asked, "as_of": "2025-01-06"})["errors"][0]["field"] == "cursor"
    lines = hr.ask("GET", "/credentials", params={"format": "ndjson", **asked})
    assert [json.loads(line) for line in lines.text.splitlines()] == whole and lines.headers["Skillsd-Note"] == first["note"]
    table = hr.ask("GET", "/credentials", params={"format": "csv", **asked})
    assert len(table.text.splitlines()) == 6 and table.headers["Skillsd-Note"] == first["note"]
    assert "Skillsd-Note" not in hr.ask("GET", "/credentials", params={"format": "csv", "achievement": certificate}).headers


# ---- filters

def test_by_when_they_were_issued_and_when_they_expire(hr, issuer):
    certificate, (early, late, lasting) = earned(hr), [
        {"issued_at": "2025-01-01", "expires_at": "2090-01-01"}, {"issued_at": "2025-02-01", "expires_at": "2091-01-01"},
        {"issued_at": "2025-03-01"}]
    early, late, lasting = (issuer.issue(ACCOUNTS["EMPLOYEE"], certificate, **times)["id"] for times in (early, late, lasting))
    for filters, wanted in [
            ({"issued_after": "2025-02-01"}, {late, lasting}), ({"issued_after": "2025-02-01T00:00:00.000001Z"}, {lasting}),
            ({"issued_before": "2025-02-01"}, {early}), ({"issued_after": "2025-01-01", "issued_before": "2025-02-02"}, {early, late}),
            ({"expires_before": "2091-01-01"}, {early}), ({"expires_before": "2092-01-01"}, {early, late}),
            ({"expires_after": "2091-01-01"}, {late, lasting}), ({"issued_before": "1970-01-01"}, set()),
            ({"expires_after": "2090-06-01", "expires_before": "2100-01-01", "issued_after": "2025-01-01", "as_of": "2095-01-01"}, {late})]:
        assert set(listed(hr, achievement=certificate, **filters)) == wanted, filters
    for name in "issued_after", "issued_before", "expires_after", "expires_before":
        assert hr.get("/credentials", gives=400, **{name: "soon"})["errors"][0]["field"] == name


def test_by_unit_with_those_below_it(hr, issuer, house, people):
    certificate, units = earned(hr), hr.pages("/units", limit=500)
    holders = [one for one in people.values() if "unit" in one][::7]
    made = {issuer.issue(one["username"], certificate)["id"]: one["unit"]["id"] for one in holders}
    below = {one["id"]: one.get("parent_id") for one in units}

    def above(unit):
        while unit:
            yield unit
            unit = below[unit]
    assert any(len(list(above(unit))) > 1 for unit in made.values())
    for unit in {one for held in made.values() for one in above(held)}:
        assert set(listed(hr, achievement=certificate, unit=unit)) == {key for key, held in made.items() if unit in above(held)}
    for unknown in "01a202dc-0000-7000-8000-000000000000", "x":
        assert hr.get("/credentials", unit=unknown, gives=400)["errors"][0]["field"] == "unit"


def test_by_who_may_see_the_badge_as_its_holder_wants_it(hr, issuer, house):
    certificate, holder = earned(hr), house.sign_in(ACCOUNTS["EMPLOYEE"])
    made = {word: issuer.issue(ACCOUNTS["EMPLOYEE"], certificate)["id"] for word in ("private", "colleagues", "public")}
    for word, one in made.items():
        holder.patch(f"/credentials/{one}", {"visibility": word}, "*")
    for word, one in made.items():
        assert set(listed(hr, achievement=certificate, visibility=word)) == {one} == set(
            listed(holder, achievement=certificate, visibility=word))
    assert hr.get("/credentials", visibility="secret", gives=400)["errors"][0]["field"] == "visibility"


def test_batches_by_what_they_do(hr, issuer):
    certificate = earned(hr)
    made = [issuer.issue(ACCOUNTS["EMPLOYEE"], certificate)["id"] for _ in range(2)]
    asked = {verb: issuer.expect(202, "POST", "/batches", {
        "action": verb, "reason": "x", "rows": [{"credential": one}]}, params={})["job"]["batch_id"]
        for verb, one in zip(("revoke", "suspend"), made)}
    for verb, batch in asked.items():
        found = issuer.pages("/batches", action=verb, limit=500)
        assert batch in [one["id"] for one in found] and {one["action"] for one in found} == {verb}
    assert issuer.get("/batches", action="renew", gives=400)["errors"][0]["field"] == "action"
