# SPDX-License-Identifier: Apache-2.0
"""The same done to many: issued, revoked, suspended and reinstated by a job, in rows of JSON or of a table. What comes of
each row is what the single request would have made."""
import threading

import pytest
from kit.badges import HOLDER, Programme, bits_of, house, place_of, programme, verify_proof  # noqa: F401 fixtures
from kit.batches import ask, ask_table, credentials_of, done, ended, rows_of, table
from kit.house import ACCOUNTS, AUDITOR, OTHER_ISSUER, parsed

OTHERS = ["hshaw", "jmarsh", "nbrooks", "lperry"]
ODD = "Ünïcode 😀 \"quoted\", \\ back\nא ב é"


@pytest.fixture(scope="module")
def achievement(programme):
    return programme.achievement(validity="P2Y")


@pytest.fixture(scope="module")
def people(programme):
    return {one["username"]: one for one in programme.hr.pages("/people", limit=500)}


# ---- one row is one credential

TABLES = {"credential": "id", "credential_event": "credential_id", "proof": "credential_id", "badge": "credential_id",
          "status_entry": "credential_id", "badge_form": "credential_id", "audit_entry": "object", "change": "key",
          "outbox": "object"}
# What is another one's by nature: ids and places, salts and signatures, and when it was.
OWN = {"id", "credential_id", "object", "key", "seq", "tx", "at", "recorded_at", "known_from", "made_at", "due_at", "place", "salt", "identity",
       "bytes", "request_id", "issued_at", "valid_from", "valid_to", "expires_at"}


def traces(house, credential):
    """Every row about it, but for what must differ."""
    found = {}
    for name, key in TABLES.items():
        columns = [column for column, in house.sql("SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                                                   " ORDER BY 1", name) if column not in OWN]
        found[name] = sorted(house.sql(f"SELECT {', '.join(f'{column}::text' for column in columns)} FROM {name}"
                                       f" WHERE {key}::text = %s", credential["id"]), key=str)
    return found


def test_a_row_makes_what_a_single_request_makes(house, programme, achievement):
    fields = {"person": HOLDER, "issued_at": "2026-01-01T09:00:00Z", "valid_from": "2026-01-02T00:00:00Z",
              "evidence": [{"name": "Test", "url": "https://example.org/t", "narrative": ODD}]}
    single = programme.issuer.issue(achievement=achievement["id"], **fields)
    job = done(programme.issuer, "issue", [fields], achievement=achievement["id"])
    made, = credentials_of(programme.issuer, job)
    own = {"id", "badge_url"}
    assert {name: value for name, value in made.items() if name not in own} == \
        {name: value for name, value in single.items() if name not in own}
    assert traces(house, made) == traces(house, single)
    assert all(len(rows) for rows in traces(house, made).values())
    when = house.sql("SELECT count(DISTINCT (c.issued_at, c.valid_from, c.expires_at)), count(DISTINCT (e.valid_from, e.valid_to)),"
                     " count(DISTINCT (p.issued_at, p.valid_from, p.valid_to, p.expires_at)) FROM credential c JOIN credential_event e"
                     " ON e.credential_id = c.id JOIN proof p ON p.credential_id = c.id WHERE c.id IN (%s, %s)", single["id"], made["id"])
    assert when == [(1, 1, 1)]


def test_its_badge_is_as_good(programme, achievement):
    job = done(programme.issuer, "issue", [{"person": HOLDER, "narrative": ODD}, {"person": OTHERS[0]}], achievement=achievement["id"])
    did = programme.stranger.get("/.well-known/did.json")
    single = programme.badge(programme.issue(achievement=achievement))
    for made in credentials_of(programme.issuer, job):
        badge = programme.badge(made)
        verify_proof(badge, did)
        assert set(badge) | {"evidence"} == set(single) | {"evidence"} and badge["id"] == made["badge_url"]
        assert badge["credentialSubject"]["id"] == f"urn:uuid:{made['person']['id']}"
        assert badge["credentialSubject"]["achievement"] == single["credentialSubject"]["achievement"]
        status = programme.stranger.get(place_of(badge["credentialStatus"]["statusListCredential"]))
        assert bits_of(status)(int(badge["credentialStatus"]["statusListIndex"])) == 0


def test_rows_have_their_own_words_dates_and_achievement(programme, achievement):
    other = programme.achievement()
    job = done(programme.issuer, "issue", [
        {"person": HOLDER, "narrative": "Alone", "evidence": [{"url": "https://example.org/e"}]},
        {"person": {"id": programme.issuer.get("/me")["person"]["id"]}, "achievement": other["id"]},
        {"person": OTHERS[0], "valid_from": "2020-05-05", "expires_at": "2021-05-05", "issued_at": "2020-05-01"}],
        achievement=achievement["id"])
    first, second, third = credentials_of(programme.issuer, job)
    assert first["evidence"] == [{"narrative": "Alone"}, {"url": "https://example.org/e"}]
    assert first["achievement"]["id"] == third["achievement"]["id"] == achievement["id"]
    assert second["achievement"]["id"] == other["id"] and "expires_at" not in second
    assert (third["issued_at"], third["valid_from"], third["expires_at"], third["state"]) == \
        ("2020-05-01T00:00:00Z", "2020-05-05T00:00:00Z", "2021-05-05T00:00:00Z", "expired")
    assert parsed(first["valid_from"]) == parsed(first["issued_at"])


def test_the_first_second_of_1970_is_a_time_as_others_are(programme, achievement):
    start = "1970-01-01T00:00:00Z"
    job = done(programme.issuer, "issue", [{"person": HOLDER, "issued_at": start, "valid_from": start},
                                           {"person": HOLDER, "issued_at": "1969-01-01", "expires_at": start},
                                           {"person": HOLDER, "expires_at": start}], achievement=achievement["id"])
    first, second = credentials_of(programme.issuer, job)
    assert (first["issued_at"], first["valid_from"], first["expires_at"]) == (start, start, "1972-01-01T00:00:00Z")
    assert second["expires_at"] == start
    assert [row["field"] for row in rows_of(programme.issuer, job, state="faulty")] == ["/expires_at"]


def test_each_row_is_a_credential_also_where_two_are_the_same(programme):
    achievement = programme.achievement()
    job = done(programme.issuer, "issue", [{"person": HOLDER}, {"person": HOLDER}, {"person": HOLDER.upper()}], achievement=achievement["id"], on_fault="wait")
    made = credentials_of(programme.issuer, job)
    assert len({one["id"] for one in made}) == job["result"]["succeeded"] == 3
    assert {one["state"] for one in made} == {"active"} and len({one["person"]["id"] for one in made}) == 1
    assert len(list(programme.issuer.pages("/credentials", achievement=achievement["id"]))) == 3


def test_a_person_is_meant_by_any_of_their_names(programme, achievement, people):
    who = people[HOLDER]
    names = [who["id"], who["username"].upper(), who["mail"].upper(), who["external_id"], {"id": who["id"]}]
    job = done(programme.issuer, "issue", [{"person": name} for name in names], achievement=achievement["id"])
    assert {made["person"]["id"] for made in credentials_of(programme.issuer, job)} == {who["id"]}
    assert [row["given"] for row in rows_of(programme.issuer, job)] == [name["id"] if isinstance(name, dict) else name for name in names]
    for name in names:
        assert programme.issuer.issue(name, achievement["id"])["person"]["id"] == who["id"]


# ---- faults

FAULTS = [
    ({"person": "nobody-here"}, "/person", "there is no such person"),
    ({"person": "nobody@example.org"}, "/person", "there is no such person"),
    ({}, "/person", "is required"),
    ({"person": HOLDER, "valid_from": "soon"}, "/valid_from", "must be a time"),
    ({"person": HOLDER, "issued_at": "2999-01-01"}, "/issued_at", "must not be in the future"),
    ({"person": HOLDER, "valid_from": "2026-01-02", "expires_at": "2026-01-01"}, "/expires_at", "must be later"),
    ({"person": HOLDER, "evidence": [{"url": "javascript:1"}]}, "/evidence/0/url", "http"),
    ({"person": HOLDER, "narrative": ""}, "/narrative", "must not be empty"),
    ({"person": HOLDER, "shoe_size": 43}, "/shoe_size", ""),
    ({"person": {"id": "CORP\\hélène 😀"}, "issued_at": 1, "shoe_size": 43}, "/issued_at", "must be a string"),
    ({"person": "two\x1blines"}, "/person", "control characters"),
    ({"person": 7}, "/person", "must be a string"),
    ({"person": HOLDER, "achievement": "x"}, "/achievement", "must be an achievement's id"),
    ({"person": HOLDER, "achievement": "0190a000-0000-7000-8000-000000000000"}, "/achievement", "there is no such achievement"),
    ("x", None, "must be an object"),
]


def given_of(row):
    """The asker finds the row by it, whatever is wrong with it."""
    person = row.get("person") if isinstance(row, dict) else None
    person = person["id"] if isinstance(person, dict) else person
    return person.replace("\x1b", "\\x1b") if isinstance(person, str) else None


def test_a_rows_fault_names_it_and_the_others_go_on(programme, achievement):
    good = [{"person": HOLDER}, {"person": OTHERS[0]}]
    job = done(programme.issuer, "issue", [good[0], *(row for row, _, _ in FAULTS), good[1]], achievement=achievement["id"])
    assert job["result"] == {"batch_id": job["batch_id"], "succeeded": 2, "faulty": len(FAULTS)}
    assert (job["done"], job["total"]) == (len(FAULTS) + 2,) * 2
    for number, (error, (_, field, why)) in enumerate(zip(job["errors"], FAULTS, strict=True), 1):
        assert (error["row"], error["field"]) == (number + 1, f"/rows/{number}{field or ''}") and why in error["message"]
    rows = rows_of(programme.issuer, job)
    assert [row["state"] for row in rows] == ["done", *["faulty"] * len(FAULTS), "done"] and [row["row"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row.get("field") for row in rows[1:-1]] == [field for _, field, _ in FAULTS]
    batch = programme.issuer.get(f"/batches/{job['batch_id']}")
    assert (batch["faulty"], batch["state"], batch["job_id"], batch["on_fault"]) == (len(FAULTS), "done", job["id"], "skip")
    assert [row.get("given") for row in rows[1:-1]] == [given_of(row) for row, _, _ in FAULTS]
    assert rows_of(programme.issuer, job, state="faulty", limit=5) == rows[1:-1]
    assert rows_of(programme.issuer, job, sort="-row", limit=3) == rows[::-1]


def test_or_nothing_happens_unless_every_row_is_good(house, programme, achievement):
    count = house.sql("SELECT count(*) FROM credential")
    job = done(programme.issuer, "issue", [{"person": HOLDER}, {"person": "nobody-here"}], "failed", achievement=achievement["id"], on_fault="wait")
    assert job["errors"] == [{"row": 2, "field": "/rows/1/person", "message": "there is no such person"}] and "not every row" in job["error"]
    assert job["result"]["succeeded"] == 0
    assert [row["state"] for row in rows_of(programme.issuer, job)] == ["dropped", "faulty"]
    assert house.sql("SELECT count(*) FROM credential") == count
    job = done(programme.issuer, "issue", [{"person": HOLDER}, {"person": OTHERS[0]}], achievement=achievement["id"], on_fault="wait")
    assert len(credentials_of(programme.issuer, job)) == job["result"]["succeeded"] == 2 and "errors" not in job


def test_what_cannot_be_a_batch_is_refused_at_once(programme, achievement):
    draft = programme.hr.post("/achievements", {"name": "x"})
    for status, field, body in (
            (400, "/action", {"rows": [{}]}), (400, "/rows", {"action": "issue"}), (400, "/rows", {"action": "issue", "rows": []}),
            (400, "/rows", {"action": "issue", "rows": {}}), (400, "/on_fault", {"action": "issue", "rows": [{}], "on_fault": "stop"}),
            (400, "/at", {"action": "issue", "rows": [{}], "at": "later"}), (400, "/achievement", {"action": "issue", "rows": [{}], "achievement": "x"}),
            (400, "/achievement", {"action": "issue", "rows": [{}], "achievement": "0190a000-0000-7000-8000-000000000000"}),
            (400, "/achievement", {"action": "revoke", "rows": [{}], "achievement": achievement["id"]}),
            (400, "/reason", {"action": "issue", "rows": [{}], "reason": "x"}), (400, "/notice", {"action": "issue", "rows": [{}], "notice": False}),
            (400, "/notice", {"action": "issue", "rows": [{}], "notice": True}),
            (409, None, {"action": "issue", "rows": [{}], "achievement": draft["id"]})):
        problem = programme.issuer.post("/batches", body, gives=status)
        assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])
    programme.issuer.expect(400, "POST", "/batches", {"action": "issue", "rows": [{}]}, params={"action": "issue"})
    programme.issuer.expect(415, "POST", "/batches", data="person\n", headers={"Content-Type": "text/csv; charset=iso-8859-1"})
    programme.issuer.expect(415, "POST", "/credentials", data="person\n", headers={"Content-Type": "text/csv"})


# ---- tables

def test_a_fault_of_a_tables_parameter_names_it_as_one(programme, achievement):
    missing = "0190a000-0000-7000-8000-000000000000"
    for action, text, one, why in ("issue", "person\nx\n", missing, "there is no such achievement"), \
                                  ("revoke", "credential,reason\nx,y\n", achievement["id"], "is for what is issued"):
        problem = ask_table(programme.issuer, action, text, gives=400, achievement=one)
        assert problem["errors"] == [{"field": "achievement", "message": why}]


def test_a_table_with_nothing_in_it_is_said_to_be_empty(programme):
    for parameters in {}, {"action": "issue"}:
        problem = programme.issuer.expect(400, "POST", "/batches", params=parameters, headers={"Content-Type": "text/csv"}, data=b"")
        assert problem["detail"] == "the table is empty"


def test_a_table_is_the_same_as_rows(programme, achievement):
    text = table(["person", "narrative", "evidence_url", "evidence_name", "valid_from", "achievement"],
                 [HOLDER, ODD.replace("\n", "\r\n"), "", "", "", ""], [OTHERS[0], "", "https://example.org/t", "Test", "2026-01-02", ""],
                 ["nobody-here", "", "", "", "", ""], [OTHERS[1], "Passed", "", "Exam", "", achievement["id"]])
    for kind, body in (("text/csv", text), ('text/csv; charset="UTF-8"', "\ufeff" + text.replace("\r\n", "\n"))):
        job = ended(programme.issuer, ask_table(programme.issuer, "issue", body, kind=kind, achievement=achievement["id"]), "done")
        first, second, third = credentials_of(programme.issuer, job)
        assert first["evidence"] == [{"narrative": ODD}]
        assert second["evidence"] == [{"name": "Test", "url": "https://example.org/t"}] and second["valid_from"] == "2026-01-02T00:00:00Z"
        assert third["evidence"] == [{"name": "Exam", "narrative": "Passed"}]
        assert job["errors"] == [{"row": 3, "field": "/rows/2/person", "message": "there is no such person"}]


def test_a_fault_of_a_tables_row_names_the_column(programme, achievement):
    columns = ["person", "narrative", "evidence_url", "evidence_name", "issued_at"]
    rows = [[OTHERS[0], "", "javascript:1", "", ""], [OTHERS[1], "", "", "\x1b", ""], [OTHERS[2], "x" * 10001, "https://example.org/t", "", ""],
            [OTHERS[3], "x" * 10001, "", "", ""], [HOLDER, "", "", "", "soon"]]
    job = ended(programme.issuer, ask_table(programme.issuer, "issue", table(columns, *rows), achievement=achievement["id"]), "done")
    faults = ["evidence_url", "evidence_name", "narrative", "narrative", "issued_at"]
    assert [error["field"] for error in job["errors"]] == [f"/rows/{number}/{column}" for number, column in enumerate(faults)]
    told = rows_of(programme.issuer, job)
    assert [(row["field"], row["given"]) for row in told] == [(f"/{column}", row[0]) for column, row in zip(faults, rows)]


def test_what_a_table_as_a_whole_lacks_is_said_at_once(house, programme, achievement):
    count = house.sql("SELECT count(*) FROM batch")
    for action, text, what in (("issue", "person,narrative\nx,y\n", "achievement"), ("revoke", "credential\nx\n", "reason"),
                               ("suspend", "credential\nx\n", "reason"), ("reinstate", "reason\nx\n", "credential")):
        problem = ask_table(programme.issuer, action, text, gives=400)
        assert [error["field"] for error in problem["errors"]] == [what] and "column" in problem["errors"][0]["message"]
    for text, what in (("person;narrative\r\nx;y\r\n", "semicolons"), ('"person";"narrative"\n"x";"y, z"\n', "semicolons"),
                       ("person\tnarrative\nx\ty\n", "tabs")):
        detail = ask_table(programme.issuer, "issue", text, gives=400, achievement=achievement["id"])["detail"]
        assert what in detail and "commas" in detail
    assert house.sql("SELECT count(*) FROM batch") == count
    text = f"person,achievement\nnobody-here,{achievement['id']}\n{HOLDER},\n"
    job = ended(programme.issuer, ask_table(programme.issuer, "issue", text), "done")
    assert [error["field"] for error in job["errors"]] == ["/rows/0/person", "/rows/1/achievement"]
    assert [row["given"] for row in rows_of(programme.issuer, job)] == ["nobody-here", HOLDER]


def test_what_is_wrong_with_a_table_is_said_with_its_line(house, programme, achievement):
    count = house.sql("SELECT count(*) FROM batch")
    head = {"achievement": achievement["id"]}
    for text, what in ((b"", "person"), (b"who\nx\n", "who"), (b"person,person\nx,y\n", "person"), (b"narrative\nx\n", "person"),
                       (b"person\n", "/rows")):
        problem = ask_table(programme.issuer, "issue", text or b"\n", gives=400, **head)
        assert [error["field"] for error in problem["errors"]] == [what]
    for text, what in ((b"person\nx,y\n", "line 2"), (b'person\nx\n"y\n', "line 3"), (b"person\n\xff\n", "UTF-8"), (b"person\nx\0\n", "NUL"),
                       (b"person\nx\ry\n", "line 2")):
        assert what in ask_table(programme.issuer, "issue", text, gives=400, **head)["detail"]
    ask_table(programme.issuer, "make", b"person\nx\n", gives=400, **head)
    problem = ask_table(programme.issuer, "issue", b"person\nx\n", gives=400, reason="x", notice="false", **head)
    assert [error["field"] for error in problem["errors"]] == ["reason", "notice"]
    assert house.sql("SELECT count(*) FROM batch") == count


# ---- turning

def test_many_are_suspended_reinstated_and_revoked(house, programme, achievement):
    made = [programme.issue(OTHERS[0], achievement) for _ in range(4)]
    ids = [one["id"] for one in made]
    single = programme.issue(OTHERS[0], achievement)
    for verb, state in ("suspend", "suspended"), ("reinstate", "active"), ("revoke", "revoked"):
        body = {} if verb == "reinstate" else {"reason": "of all"}
        programme.issuer.post(f"/credentials/{single['id']}/{verb}", body or None, gives=200)
        rows = [{"credential": ids[0], "reason": "its own"} if body else {"credential": ids[0]}, *({"credential": one} for one in ids[1:])]
        job = done(programme.issuer, verb, rows, **body)
        assert job["result"]["succeeded"] == 4
        assert [one["state"] for one in credentials_of(programme.issuer, job)] == [state] * 4
        assert [one.get("reason") for one in credentials_of(programme.issuer, job)] == (["its own", *["of all"] * 3] if body else [None] * 4)
        for one in ids:
            found = traces(house, {"id": one})
            assert {name: len(rows) for name, rows in found.items()} == {name: len(rows) for name, rows in traces(house, single).items()}
            kinds = [event["kind"] for event in programme.issuer.get(f"/credentials/{one}/events")["items"]]
            assert kinds == [event["kind"] for event in programme.issuer.get(f"/credentials/{single['id']}/events")["items"]]
        badge = programme.badge(made[1])
        status = programme.stranger.get(place_of(badge["credentialStatus"]["statusListCredential"]))
        assert bits_of(status)(int(badge["credentialStatus"]["statusListIndex"])) == (state != "active")


def test_nobody_is_told_where_no_notice_is_wanted(house, programme, achievement):
    made = programme.issue(OTHERS[0], achievement)
    for verb, quiet in ("suspend", True), ("reinstate", False), ("revoke", True):
        done(programme.issuer, verb, [{"credential": made["id"]}], reason="x", notice=not quiet)
    kinds = house.sql("SELECT kind FROM outbox WHERE object = %s ORDER BY made_at", made["id"])
    assert kinds == [("credential.issued",), ("credential.reinstated",)]


def test_what_cannot_be_turned_is_said_row_by_row(programme, achievement):
    made, gone = programme.issue(OTHERS[0], achievement), programme.issue(OTHERS[0], achievement)
    programme.issuer.post(f"/credentials/{gone['id']}/revoke", {"reason": "x"})
    rows = [{"credential": made["id"]}, {"credential": gone["id"]}, {"credential": made["id"]}, {"credential": "x"}, {},
            {"credential": "0190a000-0000-7000-8000-000000000000"}]
    faults = ["the credential is revoked already", "is that of an earlier row", "must be a credential's id", "is required", "there is no such credential"]
    job = done(programme.issuer, "revoke", rows, "failed", on_fault="wait", reason="x")
    assert programme.issuer.get(f"/credentials/{made['id']}")["state"] == "active"
    again = done(programme.issuer, "revoke", rows, reason="x")
    for one in job, again:
        assert [error["field"] for error in one["errors"]] == [f"/rows/{number}/credential" for number in range(1, 6)]
        assert all(fault in error["message"] for fault, error in zip(faults, one["errors"]))
        assert [row.get("given") for row in rows_of(programme.issuer, one)] == [row.get("credential") for row in rows]
    assert programme.issuer.get(f"/credentials/{made['id']}")["state"] == "revoked"
    job = done(programme.issuer, "revoke", [{"credential": made["id"]}])
    assert job["errors"] == [{"row": 1, "field": "/rows/0/reason", "message": "is required"}]


# ---- who

def test_issuers_ask_and_who_asked_sees_it_and_admins_and_auditors_see_all(house, programme, achievement):
    job = done(programme.issuer, "issue", [{"person": HOLDER}], achievement=achievement["id"])
    at = [f"/jobs/{job['id']}", f"/batches/{job['batch_id']}", f"/batches/{job['batch_id']}/rows"]
    clients = {name: house.sign_in(name) for name in (OTHER_ISSUER, AUDITOR, ACCOUNTS["ADMIN"], ACCOUNTS["EMPLOYEE"])}
    for name, client in clients.items():
        sees = name in (AUDITOR, ACCOUNTS["ADMIN"])
        for path in at:
            client.get(path, gives=200 if sees else 404)
        for path in "/jobs", "/batches":
            assert sees == bool([one for one in client.pages(path, limit=500) if one["id"] in (job["id"], job["batch_id"])])
        if name != OTHER_ISSUER:
            ask(client, "issue", [{"person": HOLDER}], gives=403, achievement=achievement["id"])
    assert programme.issuer.get("/jobs", state="done", limit=1)["items"][0] == job
    clients[OTHER_ISSUER].delete(at[0], gives=404)
    clients[AUDITOR].delete(at[0], gives=403)
    clients[ACCOUNTS["ADMIN"]].delete(at[0], gives=409)
    entries = clients[AUDITOR].pages("/audit", object=job["batch_id"])
    assert [(entry["action"], entry["detail"]["job"]) for entry in entries] == [("batch.add", job["id"])]


def test_the_same_key_gives_the_same_job(house, programme, achievement):
    rows = [{"person": OTHERS[1]}]
    first = ask(programme.issuer, "issue", rows, achievement=achievement["id"], key="batch-1")
    where = programme.issuer.last.headers["Location"]
    assert where == f"/api/v1/jobs/{first['id']}"
    assert ask(programme.issuer, "issue", rows, achievement=achievement["id"], key="batch-1") == first
    ask(programme.issuer, "issue", rows * 2, achievement=achievement["id"], key="batch-1", gives=409)
    ended(programme.issuer, first, "done")
    assert house.sql("SELECT count(*) FROM batch WHERE job_id = %s", first["id"]) == [(1,)]


def test_a_machine_asks_with_a_token_for_it(house, programme, achievement):
    def machine(*scopes):
        return house.client(programme.issuer.post("/tokens", {"name": "machine", "scopes": scopes}, gives=201)["token"])
    order = {"action": "issue", "achievement": achievement["id"], "rows": [{"person": HOLDER}]}
    machine("credentials:write").post("/batches", order, gives=403)
    client = machine("batches:write", "jobs:read")
    job = client.post("/batches", order, gives=202)["job"]
    assert ended(client, job)["result"]["succeeded"] == 1
