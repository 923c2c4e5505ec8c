# SPDX-License-Identifier: Apache-2.0
"""Credentials and what follows from them: states by time, their story, holdings, claims, retries, and input."""
import datetime
import itertools
import threading
import time

import pytest
from kit.house import ACCOUNTS, PUBLIC_URL, parsed, wait_for

HOLDER = "pquinn"
numbers = itertools.count(1)
UTC = datetime.timezone.utc


def moment(**ahead):
    return (datetime.datetime.now(UTC) + datetime.timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture(scope="module")
def hr(house):
    client = house.sign_in(ACCOUNTS["HR"])
    client.post("/frameworks", {"code": "CRED", "name": "Credentials"})
    return client


@pytest.fixture(scope="module")
def issuer(house):
    return house.sign_in(ACCOUNTS["ISSUER"])


@pytest.fixture
def skill(hr):
    """A new one."""
    number = next(numbers)
    return hr.post("/skills", {"framework": "CRED", "code": f"C{number}", "label": f"Skill number {number}"})


def earn(hr, skill, level, **more):
    return hr.post("/achievements", {"name": f"Achievement {next(numbers)}", "state": "published",
                                     "skills": [{"skill": skill["id"], "level": level}], **more})


def holdings(client, person, skill, **parameters):
    return [row for row in client.get(f"/people/{person['id']}/holdings", limit=500, **parameters)["items"]
            if row["skill"]["id"] == skill["id"]]


# ---- issuing

def test_a_credential_has_what_was_said_and_what_follows(hr, issuer, skill, people):
    achievement = earn(hr, skill, 3, validity="P1Y2M3D", type="Certification")
    before = datetime.datetime.now(UTC)
    made = issuer.issue(HOLDER, achievement["id"], evidence=[{"name": "Test", "url": "https://example.org/t",
            "narrative": "é"}])
    assert made["person"] == {"id": people[HOLDER]["id"], "name": people[HOLDER]["name"]}
    assert made["achievement"] == {"id": achievement["id"], "version": 1, "name": achievement["name"]}
    assert made["issuer"]["name"] == "Example Ltd" and made["state"] == "active"
    assert made["evidence"] == [{"name": "Test", "url": "https://example.org/t", "narrative": "é"}]
    assert made["badge_url"] == f"{PUBLIC_URL}/badges/{made['id']}"
    issued, expires = parsed(made["issued_at"]), parsed(made["expires_at"])
    assert before - datetime.timedelta(seconds=2) <= issued <= datetime.datetime.now(UTC) + datetime.timedelta(seconds=2)
    assert made["valid_from"] == made["issued_at"]
    month = (issued.month + 2 - 1) % 12 + 1
    year = issued.year + 1 + (issued.month + 2 - 1) // 12
    expected = issued.replace(year=year, month=month, day=1) + datetime.timedelta(days=issued.day - 1 + 3)
    assert abs(expires - expected) <= datetime.timedelta(days=3) and expires.time() == issued.time()
    assert issuer.last.headers["Location"] == f"/api/v1/credentials/{made['id']}"
    assert issuer.get(f"/credentials/{made['id']}") == made


@pytest.mark.parametrize("start, validity, end", [
    ("2024-02-29T10:00:00Z", "P1Y", "2025-02-28T10:00:00Z"), ("2024-01-31T00:00:00Z", "P1M", "2024-02-29T00:00:00Z"),
    ("2025-01-31T23:59:59.123456Z", "P2M", "2025-03-31T23:59:59.123456Z"), ("2025-03-01T12:00:00+02:00", "P2W",
            "2025-03-15T10:00:00Z"),
    ("2025-12-31", "P10D", "2026-01-10T00:00:00Z"), ("2020-01-01", "P100Y", "2120-01-01T00:00:00Z")])
def test_validity_counts_as_the_calendar_does(hr, issuer, skill, start, validity, end):
    made = issuer.issue(HOLDER, earn(hr, skill, 1, validity=validity)["id"], issued_at=start)
    assert made["expires_at"] == end and made["valid_from"] == made["issued_at"]


def test_what_is_said_beats_what_follows(hr, issuer, skill):
    achievement = earn(hr, skill, 1, validity="P1Y")["id"]
    made = issuer.issue(HOLDER, achievement, issued_at="2024-05-01", valid_from="2024-06-01",
                        expires_at="2031-01-02T03:04:05Z")
    assert (made["issued_at"], made["valid_from"], made["expires_at"]) == \
        ("2024-05-01T00:00:00Z", "2024-06-01T00:00:00Z", "2031-01-02T03:04:05Z")
    assert "expires_at" not in issuer.issue(HOLDER, earn(hr, skill, 1)["id"])


def test_the_first_second_of_1970_is_a_time_as_others_are(hr, issuer, skill):
    start, achievement = "1970-01-01T00:00:00Z", earn(hr, skill, 1, validity="P1Y")["id"]
    made = issuer.issue(HOLDER, achievement, issued_at=start, valid_from=start)
    assert (made["issued_at"], made["valid_from"], made["expires_at"], made["state"]) == (start, start, "1971-01-01T00:00:00Z", "expired")
    assert issuer.issue(HOLDER, achievement, issued_at="1969-01-01", expires_at=start)["expires_at"] == start
    problem = issuer.post("/credentials", {"person": HOLDER, "achievement": achievement, "expires_at": start}, gives=400)
    assert [error["field"] for error in problem["errors"]] == ["/expires_at"]


def test_a_person_is_named_by_username_id_or_object(hr, issuer, skill, people):
    achievement = earn(hr, skill, 1)["id"]
    for person in HOLDER, HOLDER.upper(), people[HOLDER]["id"], {"id": people[HOLDER]["id"]}:
        made = issuer.issue(person, {"id": achievement})
        assert made["person"]["id"] == people[HOLDER]["id"]


def test_a_credential_keeps_the_version_it_was_issued_from(hr, issuer, skill):
    achievement = earn(hr, skill, 2)
    first = issuer.issue(HOLDER, achievement["id"])
    changed = hr.patch(f"/achievements/{achievement['id']}", {"name": "Better", "state": "published"},
                       hr.last.headers["ETag"])
    assert changed["version"] == 2
    second = issuer.issue(HOLDER, achievement["id"])
    assert issuer.get(f"/credentials/{first['id']}")["achievement"] == first["achievement"]
    assert second["achievement"] == {"id": achievement["id"], "version": 2, "name": "Better"}


def test_a_draft_in_work_does_not_stop_the_published_version(hr, issuer, skill):
    achievement = earn(hr, skill, 2)
    drafted = hr.patch(f"/achievements/{achievement['id']}", {"name": "In work"}, hr.last.headers["ETag"])
    assert (drafted["version"], drafted["state"]) == (2, "draft")
    assert issuer.issue(HOLDER, achievement["id"])["achievement"]["version"] == 1
    draft = hr.post("/achievements", {"name": "Never published"})
    issuer.post("/credentials", {"person": HOLDER, "achievement": draft["id"]}, gives=409)
    hr.patch(f"/achievements/{draft['id']}", {"state": "archived"}, "*")
    issuer.post("/credentials", {"person": HOLDER, "achievement": draft["id"]}, gives=409)


WRONG = [
    ("/person", {"person": "nobody-here"}), ("/person", {"person": "0190a000-0000-7000-8000-000000000000"}),
    ("/person", {"person": None}), ("/person", {"person": 7}), ("/person", {"person": {"name": "x"}}),
    ("/achievement", {"achievement": "0190a000-0000-7000-8000-000000000000"}), ("/achievement",
            {"achievement": "First Aider"}),
    ("/issued_at", {"issued_at": "2099-01-01"}), ("/issued_at", {"issued_at": "yesterday"}),
    ("/issued_at", {"issued_at": "2024-02-30"}), ("/valid_from", {"valid_from": 20240101}),
    ("/expires_at", {"valid_from": "2025-01-01", "expires_at": "2025-01-01"}),
    ("/expires_at", {"issued_at": "2025-01-01", "expires_at": "2024-01-01"}),
    ("/evidence", {"evidence": {}}), ("/evidence/0", {"evidence": [{}]}), ("/evidence/0", {"evidence": ["x"]}),
    ("/evidence/1/url", {"evidence": [{"name": "x"}, {"url": "javascript:alert(1)"}]}),
    ("/evidence/0/link", {"evidence": [{"name": "x", "link": "y"}]}), ("/evidence/0/name",
            {"evidence": [{"name": ""}]}),
    ("/evidence", {"evidence": [{"name": "x"}] * 51}), ("/state", {"state": "active"}), ("/Person", {"Person": HOLDER}),
]


@pytest.mark.parametrize("field, change", WRONG, ids=[f"{field} {list(change.values())[0]!s:.20}" for field,
                                                      change in WRONG])
def test_what_cannot_be_right_is_named(hr, issuer, field, change, house):
    if not hasattr(house, "right_achievement"):
        house.right_achievement = hr.post("/achievements", {"name": "Right", "state": "published"})["id"]
    body = {"person": HOLDER, "achievement": house.right_achievement, **change}
    before = house.sql("SELECT count(*) FROM credential")
    problem = issuer.post("/credentials", body, gives=400)
    assert problem["type"] == "urn:skillsd:problem:bad-field"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert house.sql("SELECT count(*) FROM credential") == before


def test_bodies_that_are_no_json_are_refused(issuer):
    def status(data, kind="application/json"):
        return issuer.ask("POST", "/credentials", data=data, headers={"Content-Type": kind} if kind else {}).status_code
    assert [status(data) for data in (b"", b"{", b"[]", b'"x"', b'{"person":1,"person":2}', b'{"person":"\xff"}',
                                      b"{} {}",
                                      b'{"person":"a\\u0000b"}', b"NaN", b"\xef\xbb\xbf{}")] == [400] * 10
    assert status(b"{}", "text/plain") == 415 and status(b"{}", None) == 415
    assert status(b'{"person":"' + b"x" * 300000 + b'"}') == 413


# ---- states by time, and their story

def test_what_begins_later_is_scheduled_and_becomes_active_with_no_job(hr, issuer, skill, people):
    achievement = earn(hr, skill, 2)["id"]
    made = issuer.issue(HOLDER, achievement, valid_from=moment(seconds=2.5))
    assert made["state"] == "scheduled" and holdings(hr, people[HOLDER], skill) == []
    wait_for("the state", lambda: issuer.get(f"/credentials/{made['id']}")["state"] == "active", 20)
    row, = holdings(hr, people[HOLDER], skill)
    assert row["level"] == 2 and row["because"][0]["credential_id"] == made["id"]


def test_what_ends_is_expired_with_no_job(hr, issuer, skill, people):
    made = issuer.issue(HOLDER, earn(hr, skill, 2)["id"], expires_at=moment(seconds=2.5))
    assert made["state"] == "active" and len(holdings(hr, people[HOLDER], skill)) == 1
    assert hr.get("/reports/skills", skill=skill["id"])["items"][0]["expires_at"] == made["expires_at"]
    wait_for("the state", lambda: issuer.get(f"/credentials/{made['id']}")["state"] == "expired", 20)
    assert holdings(hr, people[HOLDER], skill) == []
    assert hr.get("/reports/skills", skill=skill["id"])["items"] == []
    assert [event["kind"] for event in hr.get(f"/credentials/{made['id']}/events")["items"]] == ["issued"]
    assert made["id"] in {one["id"] for one in hr.pages("/credentials", person=HOLDER, state="expired")}
    assert made["id"] not in {one["id"] for one in hr.pages("/credentials", person=HOLDER, state="active", limit=500)}


def test_revoking_is_for_good_and_says_why(hr, issuer, skill, people):
    made = issuer.issue(HOLDER, earn(hr, skill, 2)["id"])
    path = f"/credentials/{made['id']}"
    for body in None, {}, {"reason": ""}:
        issuer.post(f"{path}/revoke", body, gives=400)
    revoked = issuer.post(f"{path}/revoke", {"reason": "Cheated"}, gives=200)
    assert (revoked["state"], revoked["reason"]) == ("revoked", "Cheated")
    assert holdings(hr, people[HOLDER], skill) == []
    for verb in "revoke", "suspend", "reinstate":
        assert issuer.post(f"{path}/{verb}", {"reason": "x"}, gives=409)["type"] == "urn:skillsd:problem:conflict"
    events = hr.get(f"{path}/events")["items"]
    assert [(event["kind"], event["account"], event.get("reason")) for event in events] == \
        [("issued", f"ldap:{ACCOUNTS['ISSUER']}", None), ("revoked", f"ldap:{ACCOUNTS['ISSUER']}", "Cheated")]
    assert parsed(events[0]["recorded_at"]) <= parsed(events[1]["recorded_at"])


def test_a_suspension_takes_the_skill_and_reinstating_gives_it_back(hr, issuer, skill, people):
    made = issuer.issue(HOLDER, earn(hr, skill, 4)["id"])
    path = f"/credentials/{made['id']}"
    issuer.post(f"{path}/reinstate", gives=409)
    assert issuer.post(f"{path}/suspend", {"reason": "Looking into it"})["state"] == "suspended"
    assert issuer.get(path)["reason"] == "Looking into it"
    assert holdings(hr, people[HOLDER], skill) == []
    issuer.post(f"{path}/suspend", {"reason": "x"}, gives=409)
    assert issuer.post(f"{path}/reinstate")["state"] == "active"
    row, = holdings(hr, people[HOLDER], skill)
    assert row["level"] == 4
    issuer.post(f"{path}/suspend", {"reason": "again"})
    assert issuer.post(f"{path}/revoke", {"reason": "so it was"})["state"] == "revoked"
    assert [event["kind"] for event in hr.get(f"{path}/events")["items"]] == \
        ["issued", "suspended", "reinstated", "suspended", "revoked"]


def test_a_suspension_does_not_outlast_the_credential(hr, issuer, skill):
    made = issuer.issue(HOLDER, earn(hr, skill, 4)["id"], expires_at=moment(seconds=1))
    issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "x"})
    wait_for("the end", lambda: issuer.get(f"/credentials/{made['id']}")["state"] == "expired", 20)


# ---- holdings

def test_a_holding_is_the_best_valid_level_and_names_all_that_carry_it(hr, issuer, skill, people):
    low, high = earn(hr, skill, 2)["id"], earn(hr, skill, 4)["id"]
    made = {"low": issuer.issue(HOLDER, low), "soon": issuer.issue(HOLDER, high, expires_at=moment(days=10)),
            "late": issuer.issue(HOLDER, high, expires_at=moment(days=20)),
            "over": issuer.issue(HOLDER, high, issued_at="2020-01-01", expires_at="2021-01-01")}
    row, = holdings(hr, people[HOLDER], skill)
    assert (row["level"], row["verified"], row["expires_at"]) == (4, True, made["late"]["expires_at"])
    assert [because["credential_id"] for because in row["because"]] == [made[which]["id"] for which in ("late",
            "soon", "low")]
    assert row["because"][0]["achievement"] == made["late"]["achievement"]
    assert row["because"][2]["issuer"] == made["low"]["issuer"] and "expires_at" not in row["because"][2]
    reported, = hr.get("/reports/skills", skill=skill["code"])["items"]
    assert {**row, "username": HOLDER, "title": people[HOLDER]["title"], "unit": people[HOLDER]["unit"]} == reported
    for which in "late", "soon":
        issuer.post(f"/credentials/{made[which]['id']}/revoke", {"reason": "x"})
    row, = holdings(hr, people[HOLDER], skill)
    assert row["level"] == 2 and "expires_at" not in row and len(row["because"]) == 1


def test_the_report_of_a_day_and_of_what_was_known_then(hr, issuer, skill):
    made = issuer.issue(HOLDER, earn(hr, skill, 3)["id"], issued_at="2023-01-01", valid_from="2023-02-01",
                        expires_at="2030-01-01")

    def level(**when):
        rows = hr.get("/reports/skills", skill=skill["id"], **when)["items"]
        return rows[0]["level"] if rows else None
    before_issue, issued = "2023-05-01T00:00:00Z", moment()
    assert [level(), level(as_of="2023-01-15"), level(as_of="2023-02-01"), level(as_of="2029-12-31"),
            level(as_of="2030-01-01")] \
        == [3, None, 3, 3, None]
    assert [level(known_at=before_issue), level(known_at=issued), level(as_of="2024-01-01", known_at=before_issue),
            level(as_of="2024-01-01", known_at=issued)] == [None, 3, None, 3]
    time.sleep(0.05)
    issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "x"})
    suspended = moment()
    time.sleep(0.05)
    issuer.post(f"/credentials/{made['id']}/reinstate")
    reinstated = moment()
    time.sleep(0.05)
    issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "x"})
    assert [level(), level(as_of=issued), level(as_of=suspended), level(as_of=reinstated)] == [None, 3, None, 3]
    assert [level(as_of="2029-01-01", known_at=when) for when in (issued, suspended, reinstated)] == [3, None, 3]
    assert level(as_of="2029-01-01") is None and level(as_of="2024-01-01") == 3
    answer = hr.ask("GET", "/reports/skills", params={"as_of": "2024-01-01", "skill": skill["id"]})
    assert answer.json()["note"] == answer.headers["Skillsd-Note"]
    assert "note" not in hr.get("/reports/skills") and "Skillsd-Note" not in hr.last.headers


def test_claims_never_mix_with_what_is_verified(house, hr, issuer, skill, people):
    employee, name = house.sign_in(ACCOUNTS["EMPLOYEE"]), ACCOUNTS["EMPLOYEE"]
    claim = employee.post("/claims", {"skill": skill["code"], "level": 5, "note": "Ask me"})
    issuer.issue(HOLDER, earn(hr, skill, 2)["id"])

    def people_with(**filters):
        return {row["username"]: (row["level"], row["verified"]) for row in hr.pages("/reports/skills",
                skill=skill["id"], **filters)}
    assert people_with() == {HOLDER: (2, True)} and people_with(verified=False) == {}
    assert holdings(employee, people[name], skill) == []
    own, = holdings(employee, people[name], skill, verified=False)
    assert own["level"] == 5 and own["verified"] is False and "because" not in own
    assert holdings(hr, people[name], skill, verified=False) == []
    total, = hr.get("/reports/skills", skill=skill["id"], verified=False, group_by="skill")["items"]
    assert (total["people"], total["levels"]) == (1, {"5": 1}), "counted in totals only until it is shared"
    total, = hr.get("/reports/skills", skill=skill["id"], group_by="skill")["items"]
    assert (total["people"], total["levels"]) == (1, {"2": 1})
    employee.patch(f"/claims/{claim['id']}", {"shared": True}, "*")
    assert people_with(verified=False) == {name: (5, False)} and people_with() == {HOLDER: (2, True)}
    employee.post("/claims", {"skill": skill["id"], "level": 1}, gives=409)
    for filters in {"as_of": "2024-01-01"}, {"known_at": "2024-01-01"}:
        hr.get("/reports/skills", verified=False, gives=400, **filters)
    employee.delete(f"/claims/{claim['id']}", "*")
    assert people_with(verified=False) == {}


# ---- retries and preconditions

def test_a_retry_gives_the_first_answer_again_and_does_nothing(house, hr, issuer, skill):
    body = {"person": HOLDER, "achievement": earn(hr, skill, 1)["id"]}
    first = issuer.ask("POST", "/credentials", body, headers={"Idempotency-Key": "retry-1"})
    again = issuer.ask("POST", "/credentials", body, headers={"Idempotency-Key": "retry-1"})
    assert (first.status_code, first.content) == (again.status_code, again.content) == (201, again.content)
    assert [first.headers[name] == again.headers[name] for name in ("Location", "ETag")] == [True, True]
    assert house.sql("SELECT count(*) FROM credential WHERE achievement_id = %s", body["achievement"]) == [(1,)]
    assert issuer.post("/credentials", {**body, "issued_at": "2024-01-01"}, key="retry-1", gives=409)["type"] \
        == "urn:skillsd:problem:key-reused"
    issuer.post("/frameworks", body, key="retry-1", gives=409)
    revoke = f"/credentials/{first.json()['id']}/revoke"
    assert issuer.post(revoke, {"reason": "x"}, key="retry-2") == issuer.post(revoke, {"reason": "x"}, key="retry-2")
    issuer.post(revoke, {"reason": "x"}, gives=409)


def test_a_key_is_its_accounts_own_and_failures_are_not_kept(house, hr, issuer, skill):
    achievement = earn(hr, skill, 1)["id"]
    other = house.sign_in("rdeshpande")
    made = issuer.post("/credentials", {"person": HOLDER, "achievement": achievement}, key="shared-key")
    assert other.post("/credentials", {"person": HOLDER, "achievement": achievement},
                      key="shared-key")["id"] != made["id"]
    issuer.post("/credentials", {"person": "later-here", "achievement": achievement}, key="failed", gives=400)
    assert issuer.post("/credentials", {"person": HOLDER, "achievement": achievement}, key="failed", gives=201)
    for key in "é", "x" * 256, "a b":
        answer = issuer.ask("POST", "/credentials", {}, headers={"Idempotency-Key": key.encode()})
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_requests_that_race_with_one_key_make_one_credential(house, hr, issuer, skill):
    body = {"person": HOLDER, "achievement": earn(hr, skill, 1)["id"]}
    for round_ in range(5):
        answers, start = [], threading.Barrier(4)

        def race():
            client = issuer.twin()
            start.wait()
            answers.append(client.ask("POST", "/credentials", body, headers={"Idempotency-Key": f"race-{round_}"}))
        threads = [threading.Thread(target=race) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert house.sql("SELECT count(*) FROM credential WHERE achievement_id = %s", body["achievement"]) == [(5,)]


def test_turning_one_credential_twice_at_once_happens_once(house, hr, issuer, skill):
    made = issuer.issue(HOLDER, earn(hr, skill, 1)["id"])
    statuses, start = [], threading.Barrier(4)

    def race():
        client = issuer.twin()
        start.wait()
        statuses.append(client.ask("POST", f"/credentials/{made['id']}/revoke", {"reason": "x"}).status_code)
    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    assert len(hr.get(f"/credentials/{made['id']}/events")["items"]) == 2


def test_a_change_needs_the_etag_of_what_was_read(hr, skill):
    path = f"/skills/{skill['id']}"
    hr.patch(path, {"label": "x"}, gives=428)
    hr.get(path)
    etag = hr.last.headers["ETag"]
    hr.patch(path, {"label": "First"}, etag)
    fresh = hr.last.headers["ETag"]
    assert fresh != etag
    assert hr.patch(path, {"label": "Second"}, etag, gives=412)["type"] == "urn:skillsd:problem:stale"
    for bad in '"0"', '"x"', 'W/' + fresh, fresh.strip('"'), '""':
        hr.patch(path, {"label": "Second"}, bad, gives=412)
    assert hr.get(path)["label"] == "First" and hr.last.headers["ETag"] == fresh
    hr.patch(path, {"label": "Second"}, f'"zzz", {fresh}')
    hr.patch(path, {"label": "Third"}, "*")
    assert hr.get(path)["label"] == "Third"
