# SPDX-License-Identifier: Apache-2.0
"""Many are corrected at once, in rows of JSON or of a table. What comes of each row is what the single request would have
made, once, whatever comes in between."""
import signal
from concurrent.futures import ThreadPoolExecutor

import ldap
import psycopg2
import pytest
from kit.badges import COLLEAGUE, HOLDER, Programme, badge_house, house, programme, verify_proof  # noqa: F401 fixtures
from kit.batches import ask, ask_table, credentials_of, done, ended, rows_of, table, written
from kit.house import ACCOUNTS, BASE, wait_for

PIECE = 100
ODD = "Ünïcode 😀 \"quoted\", א ב é"
RESULTS = [{"name": "Written test", "result_type": "LetterGrade", "allowed_values": ["A", "B"]}]
NOBODYS = "0190a000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def achievement(programme):
    return programme.achievement(validity="P2Y")


def look(programme, credential):
    return programme.issuer.get(f"/credentials/{credential['id']}")


def kinds(programme, credential):
    return [event["kind"] for event in programme.issuer.get(f"/credentials/{credential['id']}/events")["items"]]


def test_a_row_makes_what_a_single_request_makes(house, programme, achievement):
    first, second = (programme.issue(achievement=achievement, evidence=[{"name": "Old"}]) for _ in range(2))
    fields = {"valid_from": "2026-01-02T00:00:00Z", "expires_at": None, "evidence": [{"name": ODD}], "reason": ODD}
    single = programme.issuer.post(f"/credentials/{first['id']}/replace", fields)
    job = done(programme.issuer, "replace", [{"credential": {"id": second["id"]}, **fields}])
    made, = credentials_of(programme.issuer, job)
    own = {"id", "badge_url", "replaces", "issued_at"}
    assert {name: value for name, value in made.items() if name not in own} == {name: value for name, value in single.items() if name not in own}
    assert (made["replaces"], made["issued_at"]) == (second["id"], second["issued_at"]) and "expires_at" not in made
    old = look(programme, second)
    assert (old["state"], old["superseded_by"], old["reason"]) == ("superseded", made["id"], ODD)
    assert kinds(programme, second) == kinds(programme, first) and kinds(programme, made) == kinds(programme, single)
    verify_proof(programme.badge(made), programme.stranger.get("/.well-known/did.json"))
    told, by = house.sql("SELECT array_agg(kind ORDER BY kind) FROM outbox WHERE object = ANY (%s::uuid[]) GROUP BY object = ANY (%s::uuid[])"
                         " OR object = ANY (%s::uuid[])", [first["id"], single["id"], second["id"], made["id"]], [first["id"]], [single["id"]])
    assert told == by
    row, = rows_of(programme.issuer, job)
    assert (row["given"], row["credential_id"], row["person"]["id"]) == (second["id"], made["id"], made["person"]["id"])
    assert job["result"] == {"batch_id": job["batch_id"], "succeeded": 1, "faulty": 0}
    assert programme.issuer.get("/batches", action="replace", limit=1)["items"][0]["id"] == job["batch_id"]


def test_what_is_left_out_stays_and_a_misspelt_achievement_is_put_right(house, programme):
    wrong = programme.achievement(name="Frist aid", result_descriptions=RESULTS)
    result = [{"result_description": "Written test", "value": "B"}]
    one, two = (programme.issue(achievement=wrong, results=result, evidence=[{"name": "x"}], expires_at="2099-01-01") for _ in range(2))
    programme.hr.patch(f"/achievements/{wrong['id']}", {"name": "First aid", "state": "published"}, "*")
    job = done(programme.issuer, "replace", [{"credential": one["id"], "achievement_version": 2},
                                             {"credential": two["id"], "results": [], "narrative": "Anew", "reason": "Its own"}],
               reason="Misspelt", notice=False, on_fault="wait")
    first, second = credentials_of(programme.issuer, job)
    assert programme.badge(first)["credentialSubject"]["achievement"]["name"] == "First aid"
    assert (first["results"], first["evidence"], first["expires_at"]) == (one["results"], one["evidence"], one["expires_at"])
    assert (second["results"], second["evidence"], second["achievement"]["version"]) == ([], [{"narrative": "Anew"}], 1)
    assert [look(programme, old)["reason"] for old in (one, two)] == ["Misspelt", "Its own"]
    assert house.sql("SELECT count(*) FROM outbox WHERE kind = 'credential.replaced' AND object IN (%s, %s)", one["id"], two["id"]) == [(0,)]


def test_a_table_is_the_same_as_rows(programme):
    made = programme.achievement()
    programme.hr.patch(f"/achievements/{made['id']}", {"name": "Other", "state": "published"}, "*")
    old = [programme.issue(achievement=made, expires_at="2098-01-01", evidence=[{"name": "Old"}]) for _ in range(4)]
    text = table(["credential", "achievement_version", "expires_at", "evidence_name", "evidence_url", "narrative", "reason"],
                 [old[0]["id"], "1", "never", "", "", "", ""], [old[1]["id"], "", "", "Test", "https://example.org/t", ODD, ODD],
                 [old[2]["id"], "one", "", "", "", "", ""], [old[3]["id"], "", "2099-01-01", "", "", "", ""],
                 [NOBODYS, "", "Never", "", "", "", ""])
    job = ended(programme.issuer, ask_table(programme.issuer, "replace", text, reason="All"), "done")
    first, second, third = credentials_of(programme.issuer, job)
    assert "expires_at" not in first and (first["achievement"]["version"], second["achievement"]["version"]) == (1, 2)
    assert first["evidence"] == [{"name": "Old"}]
    assert second["evidence"] == [{"name": "Test", "url": "https://example.org/t", "narrative": ODD}]
    assert (second["expires_at"], third["expires_at"]) == ("2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    assert [look(programme, one)["reason"] for one in old[:2]] == ["All", ODD]
    assert [error["field"] for error in job["errors"]] == ["/rows/2/achievement_version", "/rows/4/expires_at"]
    for text, what in ("credential\nx\n", "reason"), ("reason\nx\n", "credential"), ("credential,reason,issued_at\nx,y,z\n", "issued_at"):
        assert [error["field"] for error in ask_table(programme.issuer, "replace", text, gives=400)["errors"]] == [what]


def test_a_rows_fault_names_it_and_the_others_go_on_or_none_is_done(programme, achievement):
    good, gone = (programme.issue(achievement=achievement) for _ in range(2))
    programme.issuer.post(f"/credentials/{gone['id']}/revoke", {"reason": "x"})
    bad = programme.issue(achievement=achievement)
    faults = [({"credential": gone["id"]}, "credential", "is revoked and cannot be replaced"),
              ({"credential": good["id"], "expires_at": None}, "credential", "is that of an earlier row"),
              ({"credential": "x"}, "credential", "must be a credential's id"), ({}, "credential", "is required"),
              ({"credential": NOBODYS}, "credential", "there is no such credential"),
              ({"credential": bad["id"], "achievement_version": 9}, "achievement_version", "there is no such version"),
              ({"credential": bad["id"], "valid_from": None}, "valid_from", "must not be null"),
              ({"credential": bad["id"], "evidence": [{}]}, "evidence/0", "needs a name"),
              ({"credential": bad["id"], "person": HOLDER}, "person", "is not a field here")]
    late = programme.issue(achievement=achievement)
    faults.append(({"credential": late["id"], "valid_from": "2026-01-02", "expires_at": "2026-01-01"}, "expires_at", "must be later"))
    rows = [{"credential": good["id"]}, *(row for row, _, _ in faults)]
    for on_fault, state in ("wait", "failed"), ("skip", "done"):
        job = done(programme.issuer, "replace", rows, state, on_fault=on_fault, reason="x")
        assert job["result"]["faulty"] == len(faults)
        for number, (error, (_, field, why)) in enumerate(zip(job["errors"], faults, strict=True), 1):
            assert error["field"] == f"/rows/{number}/{field}" and why in error["message"]
        assert look(programme, good)["state"] == ("active" if on_fault == "wait" else "superseded")
        assert look(programme, bad)["state"] == look(programme, late)["state"] == "active"
        assert [row.get("given") for row in rows_of(programme.issuer, job)] == [row.get("credential") for row in rows]
    job = done(programme.issuer, "replace", [{"credential": bad["id"]}])
    assert job["errors"] == [{"row": 1, "field": "/rows/0/reason", "message": "is required"}]
    programme.issuer.post("/batches", {"action": "replace", "rows": [{}], "achievement": achievement["id"]}, gives=400)


def test_who_may_not_issue_may_not_replace(house, programme, achievement):
    made = programme.issue(achievement=achievement)
    ask(house.sign_in(ACCOUNTS["EMPLOYEE"]), "replace", [{"credential": made["id"]}], gives=403, reason="x")
    assert look(programme, made)["state"] == "active"


def test_what_another_issuer_issued_is_not_replaced_by_a_row_either(house, programme, achievement):
    admin = house.sign_in(ACCOUNTS["ADMIN"])
    school = admin.post("/issuers", {"name": "School", "groups": [f"cn=issuers,ou=groups,{BASE}"]}, gives=201)
    theirs, own = programme.issue(achievement=programme.achievement(issuer=school["id"])), programme.issue(achievement=achievement)
    admin.patch(f"/api/v1/issuers/{school['id']}", {"groups": [f"cn=admins,ou=groups,{BASE}"]}, "*")
    single = programme.issuer.post(f"/credentials/{theirs['id']}/replace", {"reason": "x"}, gives=404)
    job = done(programme.issuer, "replace", [{"credential": one["id"]} for one in (theirs, own)], reason="x")
    assert job["errors"] == [{"row": 1, "field": "/rows/0/credential", "message": single["detail"]}]
    assert look(programme, own)["state"] == "superseded"
    assert house.sql("SELECT state FROM credential WHERE id = %s", theirs["id"]) == [("active",)]


def many(programme, count):
    achievement = programme.achievement()
    job = done(programme.issuer, "issue", [{"person": HOLDER}] * count, achievement=achievement["id"])
    return achievement, [row["credential_id"] for row in rows_of(programme.issuer, job, limit=500)]


def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(house, programme):
    """In the middle of a piece, too: it waits for signatures of what it has written."""
    achievement, old = many(programme, PIECE + 20)
    try:
        with psycopg2.connect(house.postgres.dsn(house.database)) as link:
            link.cursor().execute("SELECT FROM credential WHERE id = %s FOR UPDATE", [old[-1]])
            job = ask(programme.issuer, "replace", [{"credential": one} for one in old], key="many", reason="x")
            wait_for("the first piece", lambda: programme.issuer.get(f"/jobs/{job['id']}")["done"] == PIECE)
            house.signer.process.send_signal(signal.SIGSTOP)
        link.close()
        wait_for("a piece that is not committed", lambda: written(house))
        house.kill()
    finally:
        house.signer.process.send_signal(signal.SIGCONT)
    count = "SELECT count(*), count(DISTINCT replaces) FROM credential WHERE achievement_id = %s AND replaces IS NOT NULL"
    assert house.sql(count, achievement["id"]) == [(PIECE, PIECE)]
    house.start()
    last = ended(programme.issuer, job, "done")
    assert last["result"]["succeeded"] == len(old) and house.sql(count, achievement["id"]) == [(len(old),) * 2]
    assert ask(programme.issuer, "replace", [{"credential": one} for one in old], key="many", reason="x")["id"] == job["id"]
    news = [row["credential_id"] for row in rows_of(programme.issuer, job, limit=500)]
    for table_of, key, times in ("proof", "credential_id", 1), ("badge", "credential_id", 1), ("status_entry", "credential_id", 2):
        assert house.sql(f"SELECT count(*), count(DISTINCT {key}) FROM {table_of} WHERE {key} = ANY (%s::uuid[])", news) == [(len(old) * times, len(old))]


def test_two_batches_of_the_same_in_other_orders_replace_each_once(programme):
    _, old = many(programme, 40)
    orders = [[{"credential": one} for one in order] for order in (old, old[::-1])]
    with ThreadPoolExecutor(2) as pool:
        jobs = list(pool.map(lambda rows: ask(programme.issuer.twin(), "replace", rows, reason="x"), orders))
    sums = [ended(programme.issuer, job, "done")["result"]["succeeded"] for job in jobs]
    assert sum(sums) == len(old)


def test_what_is_for_later_waits_and_one_that_is_good_no_longer_keeps_all_from_it(house, programme, achievement):
    first, second = (programme.issue(achievement=achievement) for _ in range(2))
    job = ask(programme.issuer, "replace", [{"credential": first["id"]}, {"credential": second["id"]}], on_fault="wait", at="2099-01-01", reason="x")
    house.sql("UPDATE batch SET checked = 2 WHERE id = %s", job["batch_id"])
    programme.issuer.post(f"/credentials/{second['id']}/suspend", {"reason": "x"})
    assert look(programme, first)["state"] == "active"
    house.sql("UPDATE job SET due_at = now() WHERE id = %s", job["id"])
    last = ended(programme.issuer, job, "failed")
    assert last["errors"] == [{"row": 2, "field": "/rows/1/credential", "message": "the credential is suspended and cannot be replaced"}]
    assert look(programme, first)["state"] == "active"
    assert [row["state"] for row in rows_of(programme.issuer, job)] == ["dropped", "faulty"]


def test_what_is_for_later_is_done_then(house, programme, achievement):
    made = programme.issue(achievement=achievement)
    job = ask(programme.issuer, "replace", [{"credential": made["id"], "expires_at": None}], at="2099-01-01", reason="x")
    assert look(programme, made)["state"] == "active"
    house.sql("UPDATE job SET due_at = now() WHERE id = %s", job["id"])
    new, = credentials_of(programme.issuer, ended(programme.issuer, job, "done"))
    assert (new["replaces"], look(programme, made)["superseded_by"]) == (made["id"], new["id"]) and "expires_at" not in new
    verify_proof(programme.badge(new), programme.stranger.get("/.well-known/did.json"))


def test_who_is_erased_while_a_row_waits_is_not_replaced_and_leaves_nothing_in_it(postgres):
    with badge_house(("ed25519",), config={"retention all": {"keep": "P3Y"}}, postgres=postgres) as house:
        programme = Programme(house)
        made, other = (programme.issue(person) for person in (HOLDER, COLLEAGUE))
        rows = [{"credential": one["id"], "evidence": [{"name": ODD}], "reason": ODD} for one in (made, other)]
        job = ask(programme.issuer, "replace", rows, at="2099-01-01", reason="x")
        link = house.slapd.admin()
        link.delete_s(link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={HOLDER})", ["1.1"])[0][0])
        house.sync()
        programme.hr.expect(201, "POST", f"/people/{made['person']['id']}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
        kept = "SELECT evidence IS NULL, reason IS NULL FROM batch_row WHERE batch_id = %s ORDER BY number"
        assert house.sql(kept, job["batch_id"]) == [(True, True), (False, False)]
        house.sql("UPDATE job SET due_at = now() WHERE id = %s", job["id"])
        single = programme.issuer.post(f"/credentials/{made['id']}/replace", {"reason": "x"}, gives=409)
        last = ended(programme.issuer, job, "done")
        assert last["result"]["succeeded"] == 1 and last["errors"] == [
            {"row": 1, "field": "/rows/0/credential", "message": single["detail"]}]
        new, = credentials_of(programme.issuer, job)
        assert (new["replaces"], new["evidence"], look(programme, made)["state"]) == (other["id"], [{"name": ODD}], "active")
