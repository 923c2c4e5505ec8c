# SPDX-License-Identifier: Apache-2.0
"""Pathways and several at once, on connections of their own, and what is killed in between: one enrolment, one award, and what is
kept is so in the end."""
import contextlib
import itertools
import threading

import pytest
from kit.house import ACCOUNTS, OTHER_ISSUER, demo_house, wait_for
from kit.judging import at_once
from kit.second import Second

ME, BELOW = ACCOUNTS["EMPLOYEE"], "jmarsh"  # the latter is the manager's
NUMBERS = itertools.count(1)
OWED = "SELECT 1 FROM enrolment WHERE owed_at <= now() OR due_at <= now() UNION ALL SELECT 1 FROM enrolment_news" \
       " UNION ALL SELECT 1 FROM job WHERE state IN ('queued', 'running')"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
GIVEN = "SELECT c.state FROM credential c WHERE c.achievement_id = %s ORDER BY c.id"


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.expects_errors = True  # it is killed
        house.set_password(BELOW)
        sign_in(house)
        yield house


def sign_in(house):
    house.hr, house.manager, house.employee = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "MANAGER", "EMPLOYEE"))
    house.issuer, house.other, house.below = house.sign_in(ACCOUNTS["ISSUER"]), house.sign_in(OTHER_ISSUER), house.sign_in(BELOW)


def achievement(house, name="Step"):
    return house.hr.post("/achievements", {"name": f"{name} 🏁 {next(NUMBERS)}", "state": "published"}, gives=201)["id"]


def pathway(house, *steps, **more):
    nodes = [{"id": f"n{place}", "kind": "achievement", "achievement": step} for place, step in enumerate(steps)]
    return house.issuer.post("/pathways", {"name": "Race 🏁", "nodes": nodes, "state": "published", **more}, gives=201)["id"]


def asks(client, method, path, body=None):
    twin = client.twin()
    return lambda: twin.ask(method, path, body, headers={"If-Match": "*"}).status_code


def settled(house):
    wait_for("nothing is owed", lambda: not house.sql(OWED))


def given(house, earned):
    """The states of all that were issued of it."""
    return [state for state, in house.sql(GIVEN, earned)]


def story(client, made):
    return [event["kind"] for event in client.get(f"/enrolments/{made['id']}/events")["items"]]


@contextlib.contextmanager
def held(house, table):
    """Whoever writes there waits."""
    link = house.postgres.connect(house.database)
    try:
        link.cursor().execute(f"BEGIN; LOCK TABLE {table} IN SHARE MODE")
        yield
    finally:
        link.close()


def waiting(house):
    return house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = 'skillsd job'")


# ---- enrolments

def test_of_those_who_enrol_one_does(house):
    for _ in range(5):
        way = pathway(house, achievement(house))
        body, path = {"person": BELOW}, f"/pathways/{way}/enrolments"
        answers = at_once(asks(house.below, "POST", path), asks(house.below, "POST", path), asks(house.manager, "POST", path, body),
                          asks(house.hr, "POST", path, body))
        assert sorted(answers) == [201, 409, 409, 409]
        assert len(house.sql("SELECT 1 FROM enrolment WHERE pathway_id = %s", way)) == 1


def test_accepted_or_taken_back_but_not_both_first(house):
    for _ in range(5):
        made = house.hr.post(f"/pathways/{pathway(house, achievement(house))}/enrolments", {"person": BELOW}, gives=201)
        accepted, left = at_once(asks(house.below, "POST", f"/enrolments/{made['id']}/accept"), asks(house.hr, "POST", f"/enrolments/{made['id']}/leave"))
        state = house.below.get(f"/enrolments/{made['id']}")["state"]
        assert (accepted, left, state) in [(200, 403, "active"), (409, 200, "left")]


@pytest.mark.parametrize("change, wanted", [({"nodes": [{"id": "p", "kind": "proof", "name": "x"}], "state": "published"}, 2), ({"state": "archived"}, 1)])
def test_who_enrols_as_it_is_published_or_archived_is_where_they_belong(house, change, wanted):
    """What is kept is so in the end, also when nobody asks."""
    for _ in range(10):
        way = pathway(house, achievement(house))
        enrolled, changed = at_once(asks(house.below, "POST", f"/pathways/{way}/enrolments"), asks(house.issuer, "PATCH", f"/pathways/{way}", change))
        assert changed == 200 and enrolled in ((201,) if wanted == 2 else (201, 409))
        settled(house)
        assert house.sql("SELECT number FROM enrolment WHERE pathway_id = %s", way) == ([(wanted,)] if enrolled == 201 else [])


# ---- awards

def test_two_that_complete_it_at_once_give_one_award(house):
    for _ in range(5):
        first, second, whole = achievement(house), achievement(house), achievement(house, "Whole")
        made = house.employee.post(f"/pathways/{pathway(house, first, second, achievement=whole)}/enrolments", gives=201)
        issue = [{"person": ME, "achievement": earned} for earned in (first, second)]
        read = asks(house.employee, "GET", f"/enrolments/{made['id']}")
        assert at_once(asks(house.issuer, "POST", "/credentials", issue[0]), asks(house.other, "POST", "/credentials", issue[1]), read, read)[:2] == [201, 201]
        settled(house)
        assert given(house, whole) == ["active"]
        assert story(house.employee, made) == ["begun", "completed", "awarded"]


@pytest.mark.parametrize("lost", ["keep", "suspend", "revoke"])
def test_completed_as_a_part_is_lost_ends_as_what_is_so(house, lost):
    for _ in range(4):
        first, second, whole = achievement(house), achievement(house), achievement(house, "Whole")
        had = house.issuer.issue(ME, first)["id"]
        made = house.employee.post(f"/pathways/{pathway(house, first, second, achievement=whole, lost=lost)}/enrolments", gives=201)
        read = asks(house.employee, "GET", f"/enrolments/{made['id']}")
        assert at_once(asks(house.issuer, "POST", f"/credentials/{had}/suspend", {"reason": "x"}), read, read,
                       asks(house.other, "POST", "/credentials", {"person": ME, "achievement": second}))[::3] == [200, 201]
        settled(house)
        assert house.employee.get(f"/enrolments/{made['id']}")["percent"] == 50
        assert given(house, whole) in ([], [{"keep": "active", "suspend": "suspended", "revoke": "revoked"}[lost]])
        house.issuer.post(f"/credentials/{had}/reinstate", gives=200)
        settled(house)
        assert house.employee.get(f"/enrolments/{made['id']}")["state"] == "completed"
        assert given(house, whole).count("active") == 1 and len(given(house, whole)) <= (2 if lost == "revoke" else 1)


class Owed:
    """Somebody who had completed it, lost a part and left, before what follows of that was done."""

    def __init__(self, house, lost):
        self.house, self.first, self.whole = house, achievement(house), achievement(house, "Whole")
        self.way = pathway(house, self.first, achievement=self.whole, lost=lost)
        self.had = house.issuer.issue(ME, self.first)["id"]
        made = house.employee.post(f"/pathways/{self.way}/enrolments", gives=201)
        settled(house)
        house.sql("CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.owed_at := now() + interval '1 hour'; RETURN NEW; END $$")
        house.sql("CREATE TRIGGER late BEFORE UPDATE ON enrolment FOR EACH ROW WHEN (OLD.owed_at = 'infinity' AND NEW.owed_at < 'infinity')"
                  " EXECUTE FUNCTION late()")
        house.issuer.post(f"/credentials/{self.had}/suspend", {"reason": "x"}, gives=200)
        assert house.employee.get(f"/enrolments/{made['id']}")["state"] == "active"
        house.sql("DROP FUNCTION late() CASCADE")
        house.employee.post(f"/enrolments/{made['id']}/leave", gives=200)

    def follows(self):
        self.house.sql("UPDATE enrolment SET owed_at = now() WHERE owed_at < 'infinity'")

    def is_good_again(self, lost):
        """Once they are on it again and have the part again."""
        house = self.house
        settled(house)
        assert given(house, self.whole) == [{"keep": "active", "suspend": "suspended", "revoke": "revoked"}[lost]]
        house.issuer.post(f"/credentials/{self.had}/reinstate", gives=200)
        again, = (one for one in house.employee.pages("/enrolments", pathway=self.way) if one["state"] != "left")
        assert house.employee.get(f"/enrolments/{again['id']}")["state"] == "completed"
        settled(house)
        assert given(house, self.whole) == (["revoked", "active"] if lost == "revoke" else ["active"])


@pytest.mark.parametrize("lost", ["keep", "suspend", "revoke"])
def test_who_leaves_and_comes_back_before_it_was_taken_has_one_that_is_good(house, lost):
    """What was lost is owed later: what was issued last time cannot be issued now, say."""
    owed = Owed(house, lost)
    house.employee.post(f"/pathways/{owed.way}/enrolments", gives=201)
    owed.follows()
    owed.is_good_again(lost)


@pytest.mark.parametrize("lost", ["keep", "suspend", "revoke"])
def test_who_comes_back_while_it_is_taken_has_one_that_is_good(house, lost):
    owed, answers = Owed(house, lost), []
    enrols = threading.Thread(target=lambda: answers.append(asks(house.employee, "POST", f"/pathways/{owed.way}/enrolments")()))
    with held(house, "outbox"):
        owed.follows()
        wait_for("it is being taken", lambda: waiting(house))
        enrols.start()
        wait_for("they wait, too", lambda: house.sql(WAITING)[0][0] >= 2)
    enrols.join()
    assert answers == [201]
    owed.is_good_again(lost)


def test_what_is_owed_anew_while_it_was_waited_for_is_not_put_off(house):
    made = house.employee.post(f"/pathways/{pathway(house, achievement(house))}/enrolments", gives=201)
    settled(house)
    house.sql("UPDATE enrolment SET owed_at = now() + interval '1 second' WHERE id = %s", made["id"])
    with contextlib.closing(house.postgres.connect(house.database)) as other:
        cursor = other.cursor()
        cursor.execute("BEGIN; SELECT FROM enrolment WHERE id = %s FOR NO KEY UPDATE", [made["id"]])
        wait_for("it is waited for", lambda: waiting(house))
        cursor.execute("UPDATE enrolment SET owed_at = clock_timestamp() WHERE id = %s; COMMIT", [made["id"]])
    wait_for("what follows", lambda: house.sql("SELECT 1 FROM enrolment WHERE id = %s AND owed_at = 'infinity'", made["id"]))


# ---- what is killed

def test_killed_between_completion_and_award_gives_one_award(house):
    first, whole = achievement(house), achievement(house, "Whole")
    made = house.employee.post(f"/pathways/{pathway(house, first, achievement=whole)}/enrolments", gives=201)
    for _ in range(2):  # killed in the middle of it, and again
        with held(house, "outbox"):
            house.sql("INSERT INTO credential (person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from)"
                      " SELECT e.person_id, e.entry_id, a.id, 1, a.issuer_id, (SELECT id FROM account LIMIT 1), now(), now() FROM enrolment e, achievement a"
                      " WHERE e.id = %s AND a.id = %s AND NOT EXISTS (SELECT FROM credential c WHERE c.achievement_id = a.id)", made["id"], first)
            wait_for("the award waits", lambda: waiting(house))
            assert house.sql("SELECT state FROM enrolment WHERE id = %s", made["id"]) == [("completed",)]
            house.kill()
        assert given(house, whole) == []
        house.start(migrate=False)
    wait_for("the award", lambda: given(house, whole))
    settled(house)
    sign_in(house)
    assert given(house, whole) == ["active"] and story(house.employee, made) == ["begun", "completed", "awarded"]


def test_two_daemons_that_turn_at_once_give_one_award_each(house):
    first, wholes = achievement(house), [achievement(house, "Whole") for _ in range(6)]
    ways = [pathway(house, first, achievement=whole) for whole in wholes]
    clients = [house.employee, house.below, house.manager]
    made = [(client, client.post(f"/pathways/{way}/enrolments", gives=201)) for way in ways for client in clients]
    with Second(house):
        at_once(*(asks(house.issuer, "POST", "/credentials", {"person": person, "achievement": first}) for person in (ME, BELOW, ACCOUNTS["MANAGER"])))
        wait_for("awards", lambda: all(len(given(house, whole)) == len(clients) for whole in wholes))
        settled(house)
    assert [given(house, whole) for whole in wholes] == [["active"] * len(clients)] * len(wholes)
    assert all(story(client, one) == ["begun", "completed", "awarded"] for client, one in made)
