# SPDX-License-Identifier: Apache-2.0
"""Long work when something comes in between: a kill, another daemon, a lost role, a signer that is gone, a wish to stop;
and work that is for later. Nothing is lost, and nothing is done twice."""
import datetime
import http.client
import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import ldap
import psycopg2
from kit.badges import HOLDER, house, programme  # noqa: F401 fixtures
from kit.batches import ask, ended, rows_of, written
from kit.house import ACCOUNTS, BASE, parsed, wait_for
from kit.second import Second

PIECE, MANY = 1000, 2200  # rows of one, and of a job with a few of them


class Work:
    """A job of which, while `with` lasts, no more than the first piece gets done: the rows behind it are of an
    achievement that is locked."""

    def __init__(self, house, programme):
        self.house, self.client = house, programme.issuer
        self.achievements = [programme.achievement(), programme.achievement()]
        self.link = psycopg2.connect(house.postgres.dsn(house.database))
        self.lock()
        first, second = ([{"person": HOLDER, "achievement": one["id"]}] for one in self.achievements)
        self.job = ask(self.client, "issue", first * PIECE + second * (MANY - PIECE), achievement=self.achievements[0]["id"])

    def lock(self):
        self.link.cursor().execute("SELECT FROM achievement WHERE id = %s FOR UPDATE", [self.achievements[1]["id"]])

    def __enter__(self):
        wait_for("the first piece", lambda: self.now()["done"] == PIECE)
        return self

    def __exit__(self, *_):
        self.link.close()

    def now(self, client=None):
        return (client or self.client).get(f"/jobs/{self.job['id']}")

    def ended(self, state, client=None):
        return ended(client or self.client, self.job, state)

    def made(self):
        return whole(self.house, *self.achievements)


def whole(house, *achievements):
    """How many credentials there are of them; each with everything that belongs to one, once."""
    ids = [one["id"] for one in achievements]
    made, = house.sql("SELECT count(*) FROM credential WHERE achievement_id = ANY (%s::uuid[])", ids)[0]
    for table, key, times in (("credential_event", "credential_id", 1), ("proof", "credential_id", 1), ("badge", "credential_id", 1),
                              ("badge_form", "credential_id", 1), ("status_entry", "credential_id", 2), ("change", "key", 1),
                              ("audit_entry", "object", 1), ("outbox", "object", 1)):
        counts = house.sql(f"SELECT count(t.*), count(DISTINCT c.id) FROM credential c JOIN {table} t ON t.{key}::text = c.id::text"
                           " WHERE c.achievement_id = ANY (%s::uuid[])", ids)
        assert counts == [(made * times, made)], table
    return made


def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(house, programme):
    """In the middle of a piece, too: it waits for signatures of what it has written."""
    try:
        with Work(house, programme) as work:
            house.signer.process.send_signal(signal.SIGSTOP)
        wait_for("a piece that is not committed", lambda: written(house))
        house.kill()
    finally:
        house.signer.process.send_signal(signal.SIGCONT)
    assert work.made() == PIECE
    house.start()
    last = work.ended("done")
    assert last["result"]["succeeded"] == last["done"] == MANY == work.made()


# ---- asked for twice

def batches(house, key):
    return house.sql("SELECT count(*) FROM batch WHERE reason = %s", key)[0][0]


def turned(key, count=3):
    """Of nothing: what counts is that it was asked for."""
    return {"action": "revoke", "reason": key, "rows": [{"credential": "0190a000-0000-7000-8000-000000000000"}] * count}


def asks(client, key, order):
    answer = client.twin().ask("POST", "/batches", order, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == 202, answer.text
    return answer.json()["job"]["id"]


def test_a_kill_while_it_is_read_leaves_nothing_and_the_key_goes_on(house, programme):
    order = turned("half")
    body = json.dumps(order)
    half = http.client.HTTPConnection("127.0.0.1", house.port)
    half.putrequest("POST", "/api/v1/batches")
    for name, value in {"Authorization": f"Bearer {programme.issuer.token}", "Content-Type": "application/json",
                        "Content-Length": len(body), "Idempotency-Key": "half"}.items():
        half.putheader(name, value)
    half.endheaders(body[:len(body) // 2].encode())
    with psycopg2.connect(house.postgres.dsn(house.database)) as link, ThreadPoolExecutor(1) as pool:
        link.cursor().execute("LOCK TABLE batch_row IN ACCESS EXCLUSIVE MODE")
        taken = pool.submit(programme.issuer.twin().ask, "POST", "/batches", turned("whole"), headers={"Idempotency-Key": "whole"})
        wait_for("rows on their way", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY batch_row%'"))
        house.kill()
        assert taken.exception()
    half.close()
    link.close()
    house.start()
    assert batches(house, "half") == batches(house, "whole") == 0
    for key in "half", "whole":
        assert len({asks(programme.issuer, key, turned(key)) for _ in range(2)}) == batches(house, key) == 1


def test_two_who_ask_the_same_at_once_get_one_with_a_key_and_two_without(house, programme):
    with ThreadPoolExecutor(8) as pool:
        for key, count in ("keyed", 1), (None, 4):
            reason = f"at once {key}"
            with psycopg2.connect(house.postgres.dsn(house.database)) as link:
                link.cursor().execute("LOCK TABLE batch_row IN ACCESS EXCLUSIVE MODE")
                asked = [pool.submit(asks, programme.issuer, key, turned(reason)) for _ in range(4)]
                wait_for("one of them", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                                          " AND query LIKE 'COPY batch_row%'"))
            link.close()
            assert len({one.result() for one in asked}) == batches(house, reason) == count


def test_another_daemon_goes_on_with_it(house, programme):
    with Second(house) as second:
        other = second.client(programme.issuer.token)
        with Work(house, programme) as work:
            house.kill()
        work.ended("done", other)
        more = ask(other, "issue", [{"person": HOLDER}] * 10, achievement=work.achievements[0]["id"])
        ended(other, more, "done")
    assert work.made() == MANY + 10
    house.start()


def test_a_signer_that_is_gone_is_waited_for(house, programme):
    achievement = programme.achievement()
    house.signer.stop()
    job = ask(programme.issuer, "issue", [{"person": HOLDER}] * 3, achievement=achievement["id"])
    wait_for("a warning", lambda: "skillsd-sign is not there" in house.log())
    assert programme.issuer.get(f"/jobs/{job['id']}")["done"] == 0 == whole(house, achievement)
    house.signer.start()
    ended(programme.issuer, job, "done")
    assert whole(house, achievement) == 3


def test_what_is_cancelled_stops_and_what_is_done_stays(house, programme):
    with Work(house, programme) as work:
        wait_for("the second piece", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                                       " AND application_name = 'skillsd job'"))
        delete = threading.Thread(target=programme.issuer.twin().delete, args=(f"/jobs/{work.job['id']}",))
        delete.start()
        wait_for("the one who cancels", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                                          " AND query LIKE 'SELECT pg_advisory_xact_lock%%'"))
    delete.join(60)
    last = work.ended("cancelled")
    assert last["done"] == work.made() <= 2 * PIECE
    assert len(rows_of(programme.issuer, work.job, state="dropped", limit=500)) == MANY - last["done"]
    entries = house.sql("SELECT action FROM audit_entry WHERE object = %s", work.job["id"])
    assert entries == [("job.cancel",)]


def members(house, change):
    house.slapd.admin().modify_s(f"cn=issuers,ou=groups,{BASE}", [(change, "member", [dn_of(house, ACCOUNTS["ISSUER"])])])
    house.sync()


def dn_of(house, username):
    return house.slapd.admin().search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])[0][0].encode()


def test_a_lost_role_ends_it_and_it_says_so(house, programme):
    with Work(house, programme) as work:
        members(house, ldap.MOD_DELETE)
    try:
        last = work.ended("failed")
        assert last["error"] == "who asked for this may do it no longer"
        assert last["done"] == work.made() < MANY
        ask(programme.issuer, "issue", [{"person": HOLDER}], gives=403, achievement=work.achievements[0]["id"])
    finally:
        members(house, ldap.MOD_ADD)


def test_an_achievement_that_is_archived_meanwhile_ends_it(house, programme):
    achievement = programme.achievement()
    job = ask(programme.issuer, "issue", [{"person": HOLDER}], achievement=achievement["id"], at="2099-01-01")
    programme.hr.patch(f"/achievements/{achievement['id']}", {"state": "archived"}, "*")
    house.sql("UPDATE job SET due_at = now() WHERE id = %s", job["id"])
    assert ended(programme.issuer, job, "failed")["error"] == "the achievement is not published"
    assert whole(house, achievement) == 0


def looked_at(house, programme, action, rows, **head):
    """A batch whose rows wait for each other, all of them looked at and found good; the first is done once it is let go."""
    job = ask(programme.issuer, action, rows, on_fault="wait", at="2099-01-01", **head)
    house.sql("UPDATE batch SET checked = %s WHERE id = %s", len(rows), job["batch_id"])
    return job


def let_go(house, programme, job, state):
    house.sql("UPDATE job SET due_at = now() WHERE id = %s", job["id"])
    return ended(programme.issuer, job, state)


def test_a_row_that_is_good_no_longer_when_the_first_is_done_keeps_all_from_it(house, programme):
    achievement = programme.achievement()
    first, second = (programme.issue(achievement=achievement) for _ in range(2))
    job = looked_at(house, programme, "suspend", [{"credential": first["id"]}, {"credential": second["id"]}], reason="x")
    programme.issuer.post(f"/credentials/{second['id']}/revoke", {"reason": "x"}, gives=200)
    last = let_go(house, programme, job, "failed")
    assert last["error"] == "not every row is good, and so none was done" and last["done"] == 0
    assert last["result"] == {"batch_id": job["batch_id"], "succeeded": 0, "faulty": 1} and last["errors"][0]["row"] == 2
    assert programme.issuer.get(f"/credentials/{first['id']}")["state"] == "active"
    assert [row["state"] for row in rows_of(programme.issuer, job)] == ["dropped", "faulty"]


def test_and_behind_the_first_piece_it_keeps_the_others_and_says_what_is_done(house, programme):
    achievement = programme.achievement()
    rows = [*[{"person": HOLDER}] * PIECE, {"person": "nobody-here"}, {"person": HOLDER}]
    job = looked_at(house, programme, "issue", rows, achievement=achievement["id"])
    last = let_go(house, programme, job, "failed")
    assert last["error"] == f"not every row is good any longer: the first {PIECE} were done, and no more"
    assert last["result"] == {"batch_id": job["batch_id"], "succeeded": PIECE, "faulty": 1}
    assert last["done"] == PIECE == whole(house, achievement) and last["errors"][0]["row"] == PIECE + 1
    assert [row["state"] for row in rows_of(programme.issuer, job, sort="-row", limit=3)][:3] == ["dropped", "faulty", "done"]


def soon(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def test_what_is_for_later_waits_also_through_a_restart(house, programme):
    achievement = programme.achievement()
    at = soon(4)
    job, never = (ask(programme.issuer, "issue", [{"person": HOLDER}] * 2, achievement=achievement["id"], at=at) for _ in range(2))
    assert job["state"] == "queued" and parsed(job["due_at"]) == parsed(at)
    assert parsed(programme.issuer.get(f"/batches/{job['batch_id']}")["at"]) == parsed(at)
    programme.issuer.delete(f"/jobs/{never['id']}")
    house.restart()
    assert programme.issuer.get(f"/jobs/{job['id']}") == job
    last = ended(programme.issuer, job, "done")
    assert parsed(last["started_at"]) >= parsed(at) and whole(house, achievement) == 2
    assert all(parsed(made["issued_at"]) >= parsed(at) for made in programme.issuer.pages("/credentials", achievement=achievement["id"]))
    assert programme.issuer.get(f"/jobs/{never['id']}")["state"] == "cancelled"


def test_what_begins_later_is_scheduled_until_then_also_through_a_restart(house, programme):
    achievement = programme.achievement()
    at = soon(4)
    single = programme.issue(achievement=achievement, valid_from=at)
    job = ended(programme.issuer, ask(programme.issuer, "issue", [{"person": HOLDER, "valid_from": at}], achievement=achievement["id"]), "done")
    ids = [single["id"], rows_of(programme.issuer, job)[0]["credential_id"]]
    skill = achievement["skills"][0]["skill"]["id"]

    def states():
        return {programme.issuer.get(f"/credentials/{one}")["state"] for one in ids}
    assert states() == {"scheduled"}
    house.restart()
    if parsed(at) > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1):
        assert programme.hr.pages("/reports/skills", skill=skill) == []
    wait_for("the time", lambda: states() == {"active"})
    held, = programme.hr.pages("/reports/skills", skill=skill)
    assert {because["credential_id"] for because in held["because"]} == set(ids)
