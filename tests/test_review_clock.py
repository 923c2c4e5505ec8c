# SPDX-License-Identifier: Apache-2.0
"""Reviews and time: what is left lying is handed on, who may not judge any more judges no more, and who is late is told."""
import contextlib
import threading

import ldap
import psycopg2
import pytest
from kit.house import BASE, wait_for
from kit.judging import CHIEF, JUDGES, REPORT, SEK, VILLA, Court, court_house
from kit.second import Second

ASSESSORS, AUDITORS = (f"cn={name},ou=groups,{BASE}" for name in ("assessors", "auditors"))


@pytest.fixture(scope="module")
def court(postgres):
    with court_house(postgres) as house:
        yield Court(house)


def handed(court, **assessment):
    made = court.hand_in(court.asked(**assessment))
    return made, court.places(made)


def late(court, review):
    court.house.sql("UPDATE review SET lease_until = now() - interval '1 second' WHERE id = %s", review["id"])


def changed(court, made, what, place=0):
    """The place, once the clock has turned and it is so; the clock turns as soon as the daemon is there."""
    court.house.restart()
    return wait_for("the clock", lambda: next((one for one in court.places(made)[place:place + 1] if what(one)), None))


def test_who_is_late_loses_it_and_what_they_wrote_is_kept(court):
    made, (place,) = handed(court)
    who = court.turn(place)
    court.claim(place, who)
    court.score(place, who, comment="As far as I came")
    late(court, place)
    now = changed(court, made, lambda one: one["state"] == "open" and "offered_to" in one)
    other = court.turn(now)
    assert other != who
    for call in (lambda: court.decide(place, who, gives=409), lambda: court.client(who).patch(f"/reviews/{place['id']}", {"comment": "x"}, "*", gives=409)):
        assert "not yours any more" in call()["detail"]
    court.client(who).get(f"/reviews/{place['id']}", gives=404)
    shown = court.claim(place, other)
    assert shown["scores"] == {} and "comment" not in shown
    assert [(one["person"]["id"], one["why"], one["claimed"]) for one in court.hr.get(f"/reviews/{place['id']}")["past"]] == [(court.id(who), "late", True)]
    assert court.house.sql("SELECT comment FROM review_past WHERE review_id = %s", place["id"]) == [("As far as I came",)]
    (told,) = court.notices("review.handed_on", object=place["id"])
    assert (told["person_id"], told["detail"]) == (court.id(who), {"why": "late"})
    court.score(place, other)
    court.decide(place, other)
    assert court.submission(made)["state"] == "approved"


def test_an_offer_nobody_takes_goes_round_and_then_to_all(court):
    made, (place,) = handed(court)
    seen = {court.turn(place)}
    for _ in range(3):
        late(court, place)
        now = changed(court, made, lambda one: "offered_to" in one and court.turn(one) not in seen)
        seen.add(court.turn(now))
    assert seen == {*JUDGES}
    late(court, place)
    now = changed(court, made, lambda one: "offered_to" not in one)
    assert [one["claimed"] for one in court.hr.get(f"/reviews/{place['id']}")["past"]] == [False] * 4
    for judge in JUDGES:
        (free,) = [one for one in court.client(judge).pages("/reviews", mine=False, state="open", limit=500) if one["id"] == place["id"]]
        assert free["mine"] is False and "person" not in free
    court.judge(place, VILLA)
    assert not court.notices("submission.unassignable", object=made["id"])


def test_a_save_begins_the_lease_anew(court):
    made, (place,) = handed(court)
    who = court.turn(place)
    first = court.claim(place, who)["lease_until"]
    court.house.sql("UPDATE review SET lease_until = now() + interval '1 minute' WHERE id = %s", place["id"])
    assert court.score(place, who)["lease_until"] > first
    court.house.sql("UPDATE review SET lease_until = now() + interval '1 minute' WHERE id = %s", place["id"])
    assert court.claim(place, who)["lease_until"] > first


@pytest.mark.parametrize("claimed", [True, False])
def test_who_loses_the_role_loses_their_reviews(court, claimed):
    made, (place,) = handed(court)
    court.give_to(place, SEK)
    if claimed:
        court.claim(place, SEK)
        court.score(place, SEK, comment="Mine")
    court.member(ldap.MOD_DELETE, ASSESSORS, SEK)
    try:
        court.client(SEK).get(f"/reviews/{place['id']}", gives=403)
        now = changed(court, made, lambda one: one["state"] == "open" and "offered_to" in one and one["offered_to"]["id"] != court.id(SEK))
        assert court.turn(now) in {CHIEF, REPORT, VILLA}
        assert [one["why"] for one in court.hr.get(f"/reviews/{place['id']}")["past"]] == ["not_eligible"]
    finally:
        court.member(ldap.MOD_ADD, ASSESSORS, SEK)


def test_who_is_disabled_has_no_turn(court):
    made, (place,) = handed(court)
    court.give_to(place, SEK)
    court.house.sql("UPDATE person SET disabled = true WHERE id = %s", court.id(SEK))
    try:
        now = changed(court, made, lambda one: "offered_to" in one and one["offered_to"]["id"] != court.id(SEK))
        assert court.turn(now) in {CHIEF, REPORT, VILLA}
    finally:
        court.house.sql("UPDATE person SET disabled = false WHERE id = %s", court.id(SEK))


def test_who_was_nobodys_turn_becomes_somebodys(court):
    made, (place,) = handed(court, groups=[AUDITORS])
    assert "offered_to" not in place
    court.house.restart()
    court.member(ldap.MOD_ADD, AUDITORS, VILLA)
    try:
        now = changed(court, made, lambda one: "offered_to" in one)
        assert court.turn(now) == VILLA
        court.claim(place, VILLA)
    finally:
        court.member(ldap.MOD_DELETE, AUDITORS, VILLA)
    changed(court, made, lambda one: one["state"] == "open" and "offered_to" not in one)
    assert len(court.notices("submission.unassignable", object=made["id"])) == 1


def test_reminders_are_said_once_each(court):
    made, (place,) = handed(court)  # for 14 days
    who = court.turn(place)

    def said():
        return [(one["kind"], one["person_id"]) for kind in ("half_time", "due_soon", "overdue")
                for one in court.notices(f"review.{kind}", object=place["id"])]

    def after(days, *wanted):
        court.house.sql("UPDATE submission SET submitted_at = now() - %s * interval '1 hour', due_at = now() + (14 * 24 - %s) * interval '1 hour'"
                        " WHERE id = %s", days * 24 - 1, days * 24 - 1, made["id"])
        for _ in range(2):
            court.house.restart()
            wait_for("the reminders", lambda: said() == [(f"review.{kind}", court.id(who)) for kind in wanted])
    court.house.restart()
    assert said() == []
    after(8, "half_time")
    court.claim(place, who)
    after(9, "half_time")
    assert place["id"] not in [one["id"] for one in court.hr.pages("/reviews", overdue=True, limit=500)]
    after(14, "half_time", "due_soon")
    after(16, "half_time", "due_soon", "overdue")
    (shown,) = [one for one in court.hr.pages("/reviews", overdue=True, limit=500) if one["id"] == place["id"]]
    assert shown["overdue"] and shown["assessor"]["id"] == court.id(who)
    assert place["id"] in [one["id"] for one in court.client(who).pages("/reviews", overdue=True, mine=True, limit=500)]
    assert place["id"] not in [one["id"] for one in court.hr.pages("/reviews", overdue=False, limit=500)]
    court.score(place, who)
    court.decide(place, who)
    assert place["id"] not in [one["id"] for one in court.hr.pages("/reviews", overdue=True, limit=500)]


def test_who_leaves_leaves_their_reviews(court):
    made, (place,) = handed(court)
    court.give_to(place, VILLA)
    court.claim(place, VILLA)
    link = court.house.slapd.admin()
    link.delete_s(link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={VILLA})", ["1.1"])[0][0])
    court.house.sync()
    now = changed(court, made, lambda one: one["state"] == "open" and "offered_to" in one)
    assert court.turn(now) in {CHIEF, REPORT, SEK}


# ---- two daemons

@pytest.fixture
def two_at_once(court):
    """Ends both daemons, has something done that is due, and lets both come to it at once: nothing of reviews is written until
    two of them wait. Both have ended again when it returns."""
    other = Second(court.house)

    def run(prepare, settled):
        house = court.house
        house.stop()
        prepare()
        with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as link:
            link.cursor().execute("LOCK TABLE review IN EXCLUSIVE MODE")
            threads = [threading.Thread(target=daemon.start) for daemon in (house, other)]
            for thread in threads:
                thread.start()
            wait_for("both clocks", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                                      " AND datname = current_database() HAVING count(*) = 2"))
            link.rollback()
            for thread in threads:
                thread.join()
        wait_for("what is due", settled)
        assert [daemon.stop() for daemon in (house, other)] == [0, 0]
        house.start()
    yield run
    other.remove()


def test_of_two_clocks_one_hands_on(court, two_at_once):
    assert not court.house.sql("SELECT 1 FROM review WHERE lease_until < now()")
    all_of = [handed(court) for _ in range(5)]
    before = {place["id"]: court.turn(place) for _, (place,) in all_of}
    for _, (place,) in all_of:
        court.claim(place, before[place["id"]])
        court.score(place, before[place["id"]], comment="Half of it")

    def past():
        return court.house.sql("SELECT review_id::text, person_id::text, why, comment FROM review_past WHERE review_id = ANY (%s::uuid[])", list(before))

    two_at_once(lambda: [late(court, {"id": one}) for one in before], lambda: len(past()) >= 5)
    assert sorted(past()) == sorted((one, court.id(who), "late", "Half of it") for one, who in before.items())
    for made, _ in all_of:
        (now,) = court.places(made)
        assert now["state"] == "open" and court.turn(now) != before[now["id"]]
        handed_on, offered = (court.notices(f"review.{kind}", object=now["id"]) for kind in ("handed_on", "offered"))
        assert [one["person_id"] for one in handed_on] == [court.id(before[now["id"]])]
        assert sorted(one["person_id"] for one in offered) == sorted((court.id(before[now["id"]]), now["offered_to"]["id"]))
        assert len(court.house.rescue.pages("/audit", object=now["id"], action="review.hand_on")) == 1


def test_of_two_clocks_one_reminds(court, two_at_once):
    all_of = [handed(court) for _ in range(5)]
    hours = {made["id"]: days * 24 + 1 for (made, _), days in zip(all_of, (7, 7, 13, 13, 14))}  # of 14 days
    wanted = dict(zip(hours, ("half_time", "half_time", "due_soon", "due_soon", "overdue")))

    def prepare():
        for made, gone in hours.items():
            court.house.sql("UPDATE submission SET submitted_at = now() - %s * interval '1 hour', due_at = now() + (14 * 24 - %s) * interval '1 hour'"
                            " WHERE id = %s", gone, gone, made)

    def said(place):
        return court.house.sql("SELECT kind, person_id::text FROM outbox WHERE object = %s AND kind IN"
                               " ('review.half_time', 'review.due_soon', 'review.overdue')", place["id"])

    two_at_once(prepare, lambda: all(said(place) for _, (place,) in all_of))
    for made, (place,) in all_of:
        assert said(place) == [(f"review.{wanted[made['id']]}", place["offered_to"]["id"])]
