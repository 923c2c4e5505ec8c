# SPDX-License-Identifier: Apache-2.0
"""Pathways of people who turn out to be one, and of people who turn out to be two: a human is on a pathway once, nobody is
awarded twice for being two, and who is parted has what was theirs."""
import itertools
import threading

import pytest
from kit.house import wait_for
from kit.two import PLACES, Both, Two, two_house

NUMBERS = itertools.count(701)


@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        yield Two(house)


class Way:
    """A pathway of two steps and an award for both, and somebody with two entries that are not linked yet."""

    def __init__(self, two, lost="revoke", **more):
        self.two, self.steps = two, {name: achievement(two, name) for name in ("first", "second")}
        self.whole = achievement(two, "Whole")
        nodes = [{"id": name, "kind": "achievement", "achievement": earned, **more.get(name, {})} for name, earned in self.steps.items()]
        self.id = two.issuer.post("/pathways", {"name": "Way 🛤", "nodes": nodes, "achievement": self.whole, "lost": lost, "state": "published"},
                              gives=201)["id"]
        self.who = Both(two, next(NUMBERS), employeeNumber=None)
        self.clients = {place: two.house.sign_in(name) for place, name in self.who.names.items()}
        self.made = {}

    def begin(self, place, *earned):
        for name in earned:
            self.give(place, name)
        self.made[place] = self.clients[place].post(f"/pathways/{self.id}/enrolments", gives=201)["id"]
        if len(earned) == 2:
            wait_for("the award", lambda: self.get(place).get("credential_id"))
        return self

    def give(self, place, name):
        return self.who.issue(place, self.steps[name])

    def get(self, place):
        """The enrolment that was begun there, as its human has it now."""
        return self.clients[place].get(f"/enrolments/{self.made[place]}")

    def link(self):
        for place in PLACES:
            self.who.put(place, employeeNumber=f"N{self.who.number}")
        self.two.sync()
        assert self.who.shown() == {"main"}
        return self.settle()

    def part(self):
        self.who.put("branch", employeeNumber=None)
        self.two.sync()
        assert self.who.shown() == {"main", "branch"}
        return self.settle()

    def settle(self):
        """Nothing is to be computed and nothing is owed."""
        wait_for("it to be done", lambda: not self.two.house.sql(
            "SELECT 1 FROM enrolment_news UNION ALL SELECT 1 FROM enrolment WHERE due_at <= now() OR owed_at < 'infinity'"))
        return self

    def on(self, place):
        """What the human of that entry is on: (state, per cent, whose it was)."""
        whose = {made: where for where, made in self.made.items()}
        return [(one["state"], one["percent"], whose[one["id"]]) for one in self.clients[place].pages("/enrolments", pathway=self.id)]

    def awards(self, place):
        """States of what the whole gave to the human of that entry."""
        found = self.two.hr.get("/credentials", person=getattr(self.who, place), achievement=self.whole)["items"]
        return sorted(one["state"] for one in found)

    def rows(self):
        return {str(one): (person, state, aside) for one, person, state, aside in self.two.house.sql(
            "SELECT id, person_id::text, state, aside FROM enrolment WHERE pathway_id = %s", self.id)}


def achievement(two, name):
    return two.hr.post("/achievements", {"name": name, "state": "published"}, gives=201)["id"]


def test_what_one_entry_is_on_the_human_is_on(two):
    way = Way(two).begin("branch", "first").link()
    assert way.on("main") == way.on("branch") == [("active", 50, "branch")]
    assert two.hr.get("/enrolments", pathway=way.id)["items"][0]["person"]["id"] == way.who.main
    way.clients["main"].post(f"/pathways/{way.id}/enrolments", gives=409)
    assert way.clients["main"].post(f"/enrolments/{way.made['branch']}/pause", gives=200)["state"] == "paused"
    way.part()
    assert way.on("main") == [] and way.on("branch") == [("paused", 50, "branch")]
    way.clients["main"].get(f"/enrolments/{way.made['branch']}", gives=404)


def test_two_halves_are_a_whole_as_long_as_they_are_one(two):
    way = Way(two).begin("main", "first").begin("branch", "second")
    assert (way.on("main"), way.on("branch")) == ([("active", 50, "main")], [("active", 50, "branch")])
    way.link()
    assert way.on("main") == way.on("branch") == [("completed", 100, "main")]  # who came first
    assert way.awards("main") == ["active"]
    way.part()
    assert (way.on("main"), way.on("branch")) == ([("active", 50, "main")], [("active", 50, "branch")])
    assert (way.awards("main"), way.awards("branch")) == (["revoked"], [])
    way.link()
    assert way.awards("main") == ["active", "revoked"]


def test_a_step_that_the_other_entry_has_completes_it(two):
    way = Way(two, lost="suspend").begin("main", "first")
    way.give("branch", "second")
    way.link()
    assert way.on("main") == [("completed", 100, "main")] and way.awards("main") == ["active"]
    way.part()
    assert way.on("main") == [("active", 50, "main")] and way.awards("main") == ["suspended"] and way.on("branch") == []


def test_of_two_the_one_that_has_given_its_award_stands(two):
    way = Way(two).begin("main", "first").begin("branch", "first", "second").link()
    assert way.on("main") == [("completed", 100, "branch")] and way.awards("main") == ["active"]
    assert way.rows()[way.made["main"]] == (way.who.main, "left", "active")
    assert way.get("main")["state"] == "left"
    way.clients["main"].post(f"/enrolments/{way.made['main']}/resume", gives=409)
    way.part()
    assert (way.on("main"), way.on("branch")) == ([("active", 50, "main")], [("completed", 100, "branch")])
    assert (way.awards("main"), way.awards("branch")) == ([], ["active"])


def test_who_was_awarded_as_two_is_not_awarded_a_third_time(two):
    way = Way(two).begin("main", "first", "second").begin("branch", "first", "second")
    given = {place: way.get(place)["credential_id"] for place in PLACES}
    for _ in range(2):
        way.link()
        assert way.on("main") == [("completed", 100, "main")] and way.awards("main") == ["active", "active"]
        way.part()
        assert (way.on("main"), way.on("branch")) == ([("completed", 100, "main")], [("completed", 100, "branch")])
        assert {place: way.get(place)["credential_id"] for place in PLACES} == given
        assert (way.awards("main"), way.awards("branch")) == (["active"], ["active"])


@pytest.mark.parametrize("states, stands", [
    (("paused", "active"), "branch"), (("invited", "paused"), "branch"), (("active", "active"), "main"), (("invited", "active"), "branch"),
    (("left", "invited"), "branch"), (("paused", "invited"), "main")])
def test_who_goes_on_in_one_goes_on(two, states, stands):
    way = Way(two)
    for place, state in zip(PLACES, states):
        if state == "invited":
            way.made[place] = two.hr.post(f"/pathways/{way.id}/enrolments", {"person": getattr(way.who, place)}, gives=201)["id"]
            continue
        way.begin(place)
        if state != "active":
            way.clients[place].post(f"/enrolments/{way.made[place]}/{'pause' if state == 'paused' else 'leave'}", gives=200)
    before = dict(zip(PLACES, states))
    way.link()
    assert [one for one in way.on("main") if one[0] != "left"] == [(before[stands], 0, stands)]
    way.part()
    assert {place: way.get(place)["state"] for place in PLACES} == before


@pytest.mark.parametrize("first, last", [("branch", "main"), ("main", "branch")])
def test_an_invitation_ends_once_no_entry_of_theirs_is_left(two, first, last):
    way = Way(two)
    made = two.hr.post(f"/pathways/{way.id}/enrolments", {"person": way.who.main}, gives=201)["id"]
    way.link()
    for gone, state in (first, "invited"), (last, "left"):
        way.who.leave(gone)
        two.sync()
        wait_for("what follows", lambda: not two.house.sql("SELECT 1 FROM rule_news LIMIT 1"))
        assert two.hr.get(f"/enrolments/{made}")["state"] == state, gone
    assert [one["kind"] for one in two.hr.pages(f"/enrolments/{made}/events")] == ["invited", "ended"]


def test_who_leaves_it_as_one_has_left_it_as_two(two):
    way = Way(two).begin("main", "first").begin("branch").link()
    way.clients["branch"].post(f"/enrolments/{way.made['main']}/leave", gives=200)
    way.part()
    assert {place: way.get(place)["state"] for place in PLACES} == {"main": "left", "branch": "left"}
    assert way.rows() == {way.made["main"]: (way.who.main, "left", None), way.made["branch"]: (way.who.branch, "left", None)}
    way.begin("branch")
    assert way.get("branch")["state"] == "active"


def test_what_was_proved_elsewhere_counts_for_the_human(two):
    way = Way(two)
    nodes = [{"id": name, "kind": "proof", "name": name} for name in ("a", "b")]
    way.id = two.issuer.post("/pathways", {"name": "Elsewhere", "nodes": nodes, "state": "published"}, gives=201)["id"]
    way.begin("main").begin("branch")
    for place, node in ("main", "a"), ("branch", "b"):
        offered = way.clients[place].post(f"/enrolments/{way.made[place]}/proofs", {"node": node, "text": "x"}, gives=201)
        two.hr.post(f"/proofs/{offered['id']}/accept", gives=200)
    way.link()
    assert way.on("main") == [("completed", 100, "main")]
    way.part()
    assert (way.on("main"), way.on("branch")) == ([("active", 50, "main")], [("active", 50, "branch")])


def test_a_milestone_is_reached_once(two):
    half = achievement(two, "Half")
    way = Way(two, first={"milestone": half})

    def halves(place):
        return len(two.hr.get("/credentials", person=getattr(way.who, place), achievement=half)["items"])
    way.begin("main", "first")
    way.settle()
    way.begin("branch", "second")
    way.clients["main"].post(f"/enrolments/{way.made['main']}/pause", gives=200)  # so that the other one stands
    assert (halves("main"), halves("branch")) == (1, 0)
    way.link()
    assert way.on("main") == [("completed", 100, "branch")] and halves("main") == 1
    way.part()
    assert (halves("main"), halves("branch")) == (1, 0)
    way.give("branch", "first")
    way.settle()
    assert (halves("main"), halves("branch")) == (1, 1)


def test_an_award_goes_with_the_entry_it_was_issued_to(two):
    """What it gave before counts for who begins again, also by another entry, but not for that entry alone."""
    way = Way(two, lost="keep").begin("main", "first", "second").link()
    first = next(one["id"] for one in two.hr.get("/credentials", person=way.who.main, achievement=way.steps["first"])["items"])
    two.issuer.post(f"/credentials/{first}/revoke", {"reason": "x"}, gives=200)
    award = way.settle().get("main")["credential_id"]
    way.clients["main"].post(f"/enrolments/{way.made['main']}/leave", gives=200)
    way.begin("branch")
    assert way.get("branch")["credential_id"] == award
    way.part()
    assert "credential_id" not in way.get("branch") and way.on("branch") == [("active", 0, "branch")]
    for name in way.steps:
        way.give("branch", name)
    way.settle()
    assert (way.awards("main"), way.awards("branch")) == (["active"], ["active"])
    assert way.get("branch")["credential_id"] != award == way.get("main")["credential_id"]


def test_of_who_was_erased_the_other_entry_keeps_its_own(two):
    way = Way(two).begin("main", "first", "second").begin("branch", "first").link()
    assert way.rows()[way.made["branch"]] == (way.who.main, "left", "active")
    for place in PLACES:
        way.who.leave(place)
    two.sync()
    etag = two.hr.ask("GET", f"/people/{way.who.main}").headers["ETag"]
    proof = two.hr.expect(201, "POST", f"/people/{way.who.main}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})
    assert proof["removed"]["enrolment"] == 1
    way.settle()
    assert way.rows() == {way.made["branch"]: (way.who.branch, "active", None)}
    assert two.hr.get(f"/enrolments/{way.made['branch']}")["percent"] == 50
    export = two.hr.get(f"/people/{way.who.branch}/export")
    assert [(one["id"], one["state"]) for one in export["enrolments"]] == [(way.made["branch"], "active")]


@pytest.mark.parametrize("first", ["award", "link"])
def test_whoever_was_first_is_waited_for(two, first):
    """What completes it is issued at the moment in which the entries are linked: whoever is held up, one award is given."""
    way = Way(two).begin("main", "first").begin("branch", "first")
    way.settle()
    for place in PLACES:
        way.who.put(place, employeeNumber=f"N{way.who.number}")
    lock, client = two.house.postgres.connect(two.house.database), two.issuer.twin()
    steps = [threading.Thread(target=lambda: client.issue(way.who.names["branch"], way.steps["second"])), threading.Thread(target=two.sync)]
    with lock.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {'enrolment_event' if first == 'award' else 'claim'} IN EXCLUSIVE MODE")
        for step in steps if first == "award" else steps[::-1]:
            before = len(waiting(two))
            step.start()
            wait_for("it to wait", lambda n=before: len(waiting(two)) > n)
        cursor.execute("ROLLBACK")
    for step in steps:
        step.join()
    lock.close()
    two.sync()
    way.settle()
    assert way.who.shown() == {"main"}
    assert way.on("main") in ([("completed", 100, "main")], [("completed", 100, "branch")])
    assert way.awards("main") == ["active"]


def test_nobody_waits_for_each_other(two):
    """Somebody pauses and goes on with two pathways, while steps of both are lost and found, and while the entries are linked."""
    ways = [Way(two).begin("main", "first").begin("branch", "second") for _ in range(2)]
    for way in ways[1:]:
        way.who, way.clients = ways[0].who, ways[0].clients
        for place, name in ("main", "first"), ("branch", "second"):
            way.begin(place, name)
    held = [two.hr.get("/credentials", person=ways[0].who.main, achievement=way.steps["first"])["items"][0]["id"] for way in ways]
    issuer, answers, over = two.issuer.twin(), set(), threading.Event()

    def turn(place, way):
        client = way.clients[place].twin()
        while not over.is_set():
            for verb in "pause", "resume":
                answers.add(client.ask("POST", f"/enrolments/{way.made[place]}/{verb}").status_code)

    def lose():
        while not over.is_set():
            for one in held:
                for verb in "suspend", "reinstate":
                    answers.add(issuer.ask("POST", f"/credentials/{one}/{verb}", {"reason": "x"} if verb == "suspend" else None).status_code)
    threads = [threading.Thread(target=turn, args=(place, way)) for way in ways for place in PLACES] + [threading.Thread(target=lose)]
    for thread in threads:
        thread.start()
    try:
        for number in range(6):
            ways[0].who.put("main", employeeNumber=f"N{ways[0].who.number}")
            ways[0].who.put("branch", employeeNumber=None if number % 2 else f"N{ways[0].who.number}")
            two.sync()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert two.house.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", two.house.database) == [(0,)]
    assert 200 in answers and answers <= {200, 404, 409}
    for way in ways:
        assert way.settle().on("main")[0][1:] == (50, "main")


def waiting(two):
    return two.house.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", two.house.database)
