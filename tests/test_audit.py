# SPDX-License-Identifier: Apache-2.0
"""The audit: an entry for each write and each refused right, by whom and to what; and it is only ever added to."""
import datetime

import psycopg2
import pytest
from kit.house import ACCOUNTS, AUDITOR, parsed, wait_for


@pytest.fixture(scope="module")
def auditor(house):
    return house.sign_in(AUDITOR)


@pytest.fixture(scope="module")
def hr(house):
    return house.sign_in(ACCOUNTS["HR"])


@pytest.fixture(scope="module")
def issuer(house):
    return house.sign_in(ACCOUNTS["ISSUER"])


def entries(auditor, **filters):
    return auditor.pages("/audit", **filters)


def test_every_write_has_an_entry_by_whom_and_to_what(house, auditor, hr, issuer):
    employee = house.sign_in(ACCOUNTS["EMPLOYEE"])
    made = []

    def note(client, action, noun, body):
        made.append((f"ldap:{client.opened['account']}", action, noun, body["id"], client.last.request.headers))
        return body
    note(hr, "framework.add", "framework", hr.post("/frameworks", {"code": "AUD", "name": "Audit"}))
    scale = note(hr, "scale.add", "scale", hr.post("/scales", {"name": "aud", "levels": ["a"]}))
    note(hr, "scale.set", "scale", hr.patch(f"/scales/{scale['id']}", {"state": "archived"}, hr.last.headers["ETag"]))
    skill = note(hr, "skill.add", "skill", hr.post("/skills", {"framework": "AUD", "code": "AUD-1",
            "label": "Auditing"}))
    note(hr, "skill.set", "skill", hr.patch(f"/skills/{skill['id']}", {"label": "Audits"}, hr.last.headers["ETag"]))
    earned = note(hr, "achievement.add", "achievement", hr.post("/achievements", {
        "name": "Auditor", "skills": [{"skill": "AUD-1", "level": 1}], "state": "published"}))
    credential = note(issuer, "credential.issue", "credential", issuer.issue(ACCOUNTS["MANAGER"], earned["id"]))
    for verb in "suspend", "reinstate", "revoke":
        note(issuer, f"credential.{verb}", "credential", issuer.post(f"/credentials/{credential['id']}/{verb}",
                {"reason": "x"}))
    claim = note(employee, "claim.add", "claim", employee.post("/claims", {"skill": "AUD-1", "level": 1}))
    note(employee, "claim.set", "claim", employee.patch(f"/claims/{claim['id']}", {"level": 2},
                                                        employee.last.headers["ETag"]))
    employee.delete(f"/claims/{claim['id']}", employee.last.headers["ETag"])
    made.append(("ldap:lwojcik", "claim.drop", "claim", claim["id"], None))
    for account, action, noun, object_id, _ in made:
        found = entries(auditor, action=action, object=object_id)
        assert [(one["account"], one["noun"], one["outcome"]) for one in found] == [(account, noun, "ok")], action
        assert found[0]["address"] == "127.0.0.1" and found[0]["request_id"]


def test_a_write_that_fails_leaves_no_entry_of_success(auditor, hr):
    before = len(entries(auditor, action="framework.add", outcome="ok"))
    hr.post("/frameworks", {"code": "AUD-TWICE", "name": "x"})
    hr.post("/frameworks", {"code": "AUD-TWICE", "name": "x"}, gives=409)
    hr.post("/frameworks", {"code": "AUD-BAD"}, gives=400)
    assert len(entries(auditor, action="framework.add", outcome="ok")) == before + 1


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/credentials", {"person": "pquinn", "achievement": "0190a000-0000-7000-8000-000000000000"}),
    ("GET", "/audit", None), ("GET", "/access", None), ("GET", "/directory/runs", None), ("POST", "/directory/runs",
            None)])
def test_every_refused_right_has_an_entry(house, auditor, method, path, body):
    refused(house, auditor, method, path, body, 403)


def test_a_right_refused_behind_a_404_has_an_entry_too(house, auditor):
    hr = house.sign_in(ACCOUNTS["HR"])
    draft = hr.post("/achievements", {"name": "Kept back"})["id"]
    refused(house, auditor, "PATCH", f"/achievements/{draft}", {"name": "x"}, 404)


def refused(house, auditor, method, path, body, status):
    client = house.sign_in(ACCOUNTS["EMPLOYEE"])
    answer = client.ask(method, path, body)
    assert answer.status_code == status
    request = answer.json()["request_id"]
    found = wait_for("the entry", lambda: [one for one in entries(auditor, outcome="denied", account="ldap:lwojcik")
                                           if one.get("request_id") == request], 20)
    assert len(found) == 1 and found[0]["address"] == "127.0.0.1"


def test_sign_ins_and_what_ends_them_have_entries(house, auditor):
    client = house.sign_in(ACCOUNTS["ASSESSOR"])
    session = client.opened["id"]
    token = client.post("/tokens", {"name": "x", "scopes": ["people:read"]})
    client.delete(f"/tokens/{token['id']}")
    client.delete("/sessions/current")
    account = f"ldap:{ACCOUNTS['ASSESSOR']}"
    assert [one["account"] for one in entries(auditor, object=session, outcome="ok")] == [account] * 2
    assert [one["account"] for one in entries(auditor, object=token["id"], outcome="ok")] == [account] * 2
    assert token["token"] not in str(entries(auditor, limit=500))


@pytest.mark.parametrize("typed, account", [
    ("lwojcik", "ldap:lwojcik"), ("LWojcik ", "ldap:lwojcik"), ("rescue", "pam:rescue"),
    (ACCOUNTS["ADMIN"], f"pam:{ACCOUNTS['ADMIN']}"), (ACCOUNTS["ADMIN"].upper(), f"ldap:{ACCOUNTS['ADMIN']}"),
    ("a-name-nobody-has", "unknown")])
def test_a_sign_in_that_failed_says_whose_name_was_tried(house, auditor, typed, account):
    refused = house.try_sign_in(typed, "its-password")
    assert refused.status_code == 401
    found = auditor.get("/audit", account=account, outcome="denied", action="session.open", limit=1)["items"][0]
    assert (found["request_id"], found["noun"], found["address"]) == \
        (refused.json()["request_id"], "session", "127.0.0.1")


def test_a_password_typed_as_the_name_is_written_nowhere(house):
    typed = "Correct-Horse-7"
    for password in "", "x", typed:
        assert house.try_sign_in(typed, password).status_code == 401
    tables = [name for name, in house.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert {"audit_entry", "throttle"} <= set(tables)
    for table in tables:
        assert not house.sql(f"SELECT t FROM {table} t WHERE t::text ILIKE %s", f"%{typed}%"), table
    for text in house.log(), house.gate.log(), house.postgres.log:
        assert typed not in text


def test_entries_are_found_by_what_is_asked(auditor, hr, house):
    before = datetime.datetime.now(datetime.timezone.utc)
    made = hr.post("/frameworks", {"code": "AUD-FIND", "name": "x"})
    after = datetime.datetime.now(datetime.timezone.utc)
    one, = entries(auditor, object=made["id"])
    between = {"since": before.isoformat(), "until": after.isoformat()}
    for filters in between, {"noun": "framework", **between}, {"account": f"ldap:{ACCOUNTS['HR']}", **between}, \
            {"action": one["action"], **between}, {"outcome": "ok", "object": made["id"]}:
        assert [found["id"] for found in entries(auditor, **filters)
                if found.get("object") == made["id"]] == [one["id"]]
    assert one["id"] not in {found["id"] for found in entries(auditor, until=before.isoformat())}
    assert one["id"] not in {found["id"] for found in entries(auditor, since=after.isoformat())}
    for other in {"noun": "skill"}, {"account": "ldap:nobody"}, {"action": "nothing"}, {"outcome": "clash"}:
        assert one["id"] not in {found["id"] for found in entries(auditor, **between, **other)}
    times = [found["at"] for found in entries(auditor, limit=7)]
    assert times == sorted(times, key=parsed, reverse=True) and times[::-1] == [found["at"] for found in entries(auditor,
            sort="at", until=times[0])] + times[:1]


def test_nobody_changes_the_audit_not_even_the_database_owner(house):
    for statement in "UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry", \
            "UPDATE credential_event SET kind = 'issued'", "DELETE FROM credential_event", \
            "UPDATE audit_link SET hash = ''", "DELETE FROM audit_link", "DELETE FROM audit_checkpoint":
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            house.sql(statement)
