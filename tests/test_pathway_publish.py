# SPDX-License-Identifier: Apache-2.0
"""A version is published while many are under way: a job moves them, whatever comes in between, and nobody needs to wait for it."""
import psycopg2
import pytest
from kit.batches import ended
from kit.crowd import Crowd
from kit.house import ACCOUNTS, AUDITOR, demo_house, wait_for
from kit.second import Second

PIECE, MANY = 2000, 5001  # enrolments of one piece, and of more than two


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.issuer, house.employee, house.admin = (house.sign_in(ACCOUNTS[name]) for name in ("ISSUER", "EMPLOYEE", "ADMIN"))
        house.hr, house.auditor = house.sign_in(ACCOUNTS["HR"]), house.sign_in(AUDITOR)
        house.step, house.other = (house.hr.post("/achievements", {"name": name, "state": "published"}, gives=201)["id"] for name in ("Step", "Other"))
        house.crowd = Crowd(house, "crowd", MANY)
        house.crowd.earn(house.step, 2)
        house.crowd.earn(house.other, 5)
        yield house


def nodes(*earned):
    return [{"id": f"n{place}", "kind": "achievement", "achievement": one} for place, one in enumerate(earned)]


def pathway(house, *earned):
    return house.issuer.post("/pathways", {"name": "Crowded 👥", "nodes": nodes(*earned), "state": "published"}, gives=201)["id"]


def publish(house, way, *earned, proofs=0, **more):
    """The job that follows of it, or None."""
    extra = [{"id": f"p{place}", "kind": "proof", "name": "x"} for place in range(proofs)]
    known = {one["id"] for one in house.issuer.pages("/jobs")}
    house.issuer.patch(f"/pathways/{way}", {"nodes": nodes(*earned) + extra, "state": "published", **more}, "*")
    fresh = [one for one in house.issuer.pages("/jobs") if one["id"] not in known]
    assert len(fresh) <= 1 and all((one["kind"], one["pathway_id"]) == ("pathway_publish", way) for one in fresh)
    return fresh[0] if fresh else None


def moved(house, way):
    """How often they moved, each."""
    return house.sql("SELECT count(*), count(DISTINCT e.id) FROM enrolment e JOIN enrolment_event v ON v.enrolment_id = e.id AND v.kind = 'moved'"
                     " WHERE e.pathway_id = %s", way)[0]


class Held:
    """While `with` lasts, whoever is under way and comes last is locked, so that pieces before it get done; or whoever comes first."""

    def __init__(self, house, way, *, first=False):
        self.link = psycopg2.connect(house.postgres.dsn(house.database))
        self.cursor = self.link.cursor()
        self.cursor.execute("SELECT id FROM enrolment WHERE pathway_id = %s AND state = 'active' ORDER BY id " + ("ASC" if first else "DESC") +
                            " LIMIT 1 FOR UPDATE", [way])
        self.id, = self.cursor.fetchone()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.close()


def test_who_publishes_with_nobody_under_way_makes_no_job(house):
    way = pathway(house, house.step)
    assert publish(house, way, house.step, house.other) is None
    enrolled = house.employee.post(f"/pathways/{way}/enrolments", gives=201)
    house.employee.post(f"/enrolments/{enrolled['id']}/leave", gives=200)
    assert publish(house, way, house.step) is None


def test_a_job_moves_all_and_says_how_far_it_is(house):
    way = pathway(house, house.step, house.other)
    house.crowd.enrol(way)
    assert house.crowd.stands(way)[10] == (1, "completed", 100)
    with Held(house, way):
        job = publish(house, way, house.step, house.other, proofs=2)
        under_way = MANY - MANY // 10  # each tenth has both, and has completed it
        assert job["total"] == under_way
        wait_for("two pieces", lambda: house.issuer.get(f"/jobs/{job['id']}")["done"] == 2 * PIECE)
        assert house.issuer.get(f"/jobs/{job['id']}")["state"] == "running"
        assert house.admin.get(f"/jobs/{job['id']}") == house.auditor.get(f"/jobs/{job['id']}")
        for client in house.hr, house.employee:
            client.get(f"/jobs/{job['id']}", gives=404)
        house.issuer.delete(f"/jobs/{job['id']}", gives=409)
    last = ended(house.issuer, job, "done")
    assert (last["done"], last["total"]) == (under_way, under_way) and "error" not in last
    wanted = {number: (1, "completed", 100) if number % 10 == 0 else (2, "active", 25 if number % 2 == 0 or number % 5 == 0 else 0)
              for number in range(1, MANY + 1)}
    assert house.crowd.stands(way) == wanted
    assert moved(house, way) == (under_way, under_way)


def test_a_kill_in_the_middle_and_another_daemon_lose_and_double_nothing(house):
    way = pathway(house, house.step, house.other)
    house.crowd.enrol(way)
    with Held(house, way) as held:
        job = publish(house, way, house.step, proofs=1)
        wait_for("two pieces", lambda: house.issuer.get(f"/jobs/{job['id']}")["done"] == 2 * PIECE)
        house.kill()
        house.start()
        with Second(house):
            assert house.issuer.get(f"/jobs/{job['id']}")["done"] == 2 * PIECE
            held.link.close()
            ended(house.issuer, job, "done")
    last = ended(house.issuer, job, "done")
    assert last["done"] == last["total"] == MANY - MANY // 10
    assert moved(house, way) == (last["done"], last["done"])
    assert {number for number, stands in house.crowd.stands(way).items() if stands[:2] == (2, "active")} == {
        number for number in range(1, MANY + 1) if number % 10}


def test_whom_somebody_else_moved_while_a_piece_waited_ends_no_job(house):
    way = pathway(house, house.step, house.other)
    house.crowd.enrol(way)
    with Held(house, way, first=True) as held:
        job = publish(house, way, house.step, house.other, proofs=1)
        wait_for("a piece waits", lambda: house.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
        held.cursor.execute("UPDATE enrolment SET number = 2, looked = 2 WHERE id = %s", [held.id])
        held.link.commit()
    last = ended(house.issuer, job, "done")
    assert last["done"] == last["total"] == MANY - MANY // 10
    assert {stands[:2] for stands in house.crowd.stands(way).values()} == {(1, "completed"), (2, "active")}


def test_readers_wait_for_no_job(house):
    way = pathway(house, house.step)
    enrolled = house.employee.post(f"/pathways/{way}/enrolments", gives=201)
    with Held(house, way):  # the only one
        publish(house, way, house.other, proofs=1)
    found = house.employee.get(f"/enrolments/{enrolled['id']}")
    assert (found["pathway"]["version"], found["needed"]) == (2, 2)


def test_two_in_a_row_move_everybody_to_the_last(house):
    way = pathway(house, house.step, house.other)
    house.crowd.enrol(way)
    with Held(house, way):
        first = publish(house, way, house.step, house.other, proofs=1)
        wait_for("a piece", lambda: house.issuer.get(f"/jobs/{first['id']}")["done"] >= PIECE)
        second = publish(house, way, house.other)
    for job in first, second:
        last = ended(house.issuer, job, "done")
        assert last["done"] == last["total"] >= MANY - MANY // 10
    house.crowd.settle()
    assert house.crowd.stands(way) == {
        number: (1, "completed", 100) if number % 10 == 0 else (2 + 1, "completed", 100) if number % 5 == 0 else (3, "active", 0)
        for number in range(1, MANY + 1)}


def test_who_may_stay_moves_when_that_ends(house):
    way = pathway(house, house.step, house.other)
    house.crowd.enrol(way)
    ended(house.issuer, publish(house, way, house.step, house.other, proofs=2, keep_until="2099-01-01"), "done")
    assert {stands[0] for stands in house.crowd.stands(way).values()} == {1}
    assert moved(house, way) == (0, 0)
    assert house.sql("SELECT DISTINCT looked, due_at FROM enrolment WHERE pathway_id = %s AND state = 'active'", way)[0][0] == 2
    house.sql("ALTER TABLE pathway_version DISABLE TRIGGER stays")
    house.sql("UPDATE pathway_version SET keep_until = now() - interval '1 hour' WHERE pathway_id = %s AND number = 2", way)
    house.sql("ALTER TABLE pathway_version ENABLE TRIGGER stays")
    house.sql("UPDATE enrolment SET due_at = now() WHERE pathway_id = %s AND state = 'active'", way)  # what it was kept for
    house.crowd.settle()
    under_way = MANY - MANY // 10
    assert moved(house, way) == (under_way, under_way)
    assert sorted({stands for stands in house.crowd.stands(way).values()}) == [(1, "completed", 100), (2, "active", 0), (2, "active", 25)]
