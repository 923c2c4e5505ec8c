# SPDX-License-Identifier: Apache-2.0
"""Reviews and several at once, on connections of their own: one has it, one decision, one award, and no comment is lost."""
import collections
import threading
import time

import pytest
from kit.house import ACCOUNTS, wait_for
from kit.judging import HOLDER, JUDGES, PROMPT, Court, at_once, court_house


@pytest.fixture(scope="module")
def court(postgres):
    with court_house(postgres) as house:
        house.expects_errors = True  # it is killed
        yield Court(house)


def handed(court, **assessment):
    made = court.hand_in(court.asked(**assessment))
    return made, court.places(made)


def claimed(court, comment, **assessment):
    """With all scores and a comment saved, ready to be decided."""
    made, places = handed(court, **assessment)
    for place in places:
        place["who"] = court.turn(place)
        court.claim(place, place["who"])
        court.score(place, place["who"], comment=comment)
    return made, places


def asks(client, method, path, body=None):
    twin = client.twin()
    return lambda: twin.ask(method, path, body, headers={"If-Match": "*"}).status_code


def awarded(court, made):
    return court.house.sql("SELECT count(*) FROM credential c JOIN submission s ON s.achievement_id = c.achievement_id WHERE s.id = %s", made["id"])[0][0]


def kept(court, review):
    """Wherever it is now."""
    return [comment for comment, in court.house.sql("SELECT comment FROM review WHERE id = %s UNION SELECT comment FROM review_past WHERE review_id = %s",
                                                    review["id"], review["id"])]


def test_of_those_who_claim_one_has_it(court):
    for _ in range(5):
        made, (place,) = handed(court)
        court.house.sql("UPDATE review SET offered_to = NULL, lease_until = NULL WHERE id = %s", place["id"])
        answers = at_once(*(asks(court.client(judge), "POST", f"/reviews/{place['id']}/claim") for judge in JUDGES))
        assert sorted(answers) == [200, 409, 409, 409]
        assert court.places(made)[0]["assessor"]["id"] == court.id(JUDGES[answers.index(200)])


def test_what_is_handed_in_at_once_is_shared(court):
    holders = HOLDER, *(ACCOUNTS[name] for name in ("EMPLOYEE", "MANAGER", "ISSUER"))
    for _ in range(3):
        court.house.sql("UPDATE review SET state = 'closed', offered_to = NULL, assessor_id = NULL WHERE state IN ('open', 'claimed')")
        many = [court.client(holder).post("/submissions", {"achievement": court.asked(prompts=[{**PROMPT, "required": False}])["id"]}) for holder in holders]
        answers = at_once(*(asks(court.client(holder), "POST", f"/submissions/{made['id']}/submit") for holder, made in zip(holders, many)))
        assert answers == [200] * 4
        assert {court.turn(court.places(made)[0]) for made in many} == {*JUDGES}


def test_of_two_tabs_one_decides(court):
    for _ in range(5):
        made, (place,) = claimed(court, "Saved")
        path, judge = f"/reviews/{place['id']}/decide", court.client(place["who"])
        answers = at_once(asks(judge, "POST", path, {"verdict": "approve"}), asks(judge, "POST", path, {"verdict": "decline", "comment": "No"}),
                          asks(judge, "POST", path, {"verdict": "approve"}))
        assert answers.count(200) == 1 and set(answers) <= {200, 409, 412}
        state = court.submission(made)["state"]
        assert state == ("declined" if answers[1] == 200 else "approved") and awarded(court, made) == (state == "approved")


def test_two_assessors_decide_at_once_and_one_award_comes_of_it(court):
    for verdict, state in [("approve", "approved"), ("return", "returned")] * 3:
        made, places = claimed(court, "Said", assessors=2)
        answers = at_once(*(asks(court.client(place["who"]), "POST", f"/reviews/{place['id']}/decide", {"verdict": verdict}) for place in places))
        assert answers == [200, 200]
        after = court.submission(made)
        assert after["state"] == state and after["feedback"] == "Said\n\nSaid" and awarded(court, made) == (state == "approved")


def test_two_who_disagree_at_once_call_one_third(court):
    for _ in range(3):
        made, places = claimed(court, "Said", assessors=2)
        answers = at_once(*(asks(court.client(place["who"]), "POST", f"/reviews/{place['id']}/decide", {"verdict": verdict})
                            for place, verdict in zip(places, ("approve", "return"))))
        assert answers == [200, 200] and court.submission(made)["state"] == "in_review"
        assert [place["state"] for place in court.places(made)] == ["done", "done", "open"] and awarded(court, made) == 0


def test_decided_or_withdrawn_but_not_both(court):
    seen = set()
    for _ in range(10):
        made, (place,) = claimed(court, "Not lost")
        decided, withdrawn = at_once(asks(court.client(place["who"]), "POST", f"/reviews/{place['id']}/decide", {"verdict": "approve"}),
                                     asks(court.client(HOLDER), "POST", f"/submissions/{made['id']}/withdraw"))
        seen.add((decided, withdrawn))
        assert sorted((decided == 200, withdrawn == 200)) == [False, True] and {decided, withdrawn} <= {200, 409, 412}
        assert court.submission(made)["state"] == ("approved" if decided == 200 else "withdrawn")
        assert awarded(court, made) == (decided == 200) and "Not lost" in kept(court, place)
    assert seen


def test_decided_or_given_back_but_not_both(court):
    for _ in range(10):
        made, (place,) = claimed(court, "Not lost")
        judge = court.client(place["who"])
        decided, released, saved = at_once(asks(judge, "POST", f"/reviews/{place['id']}/decide", {"verdict": "approve"}),
                                           asks(judge, "POST", f"/reviews/{place['id']}/release"),
                                           asks(judge, "PATCH", f"/reviews/{place['id']}", {"comment": "Changed"}))
        assert {decided, saved} <= {200, 409, 412} and released in (204, 409, 412) and not (decided == 200 and released == 204)
        assert ("Changed" if saved == 200 else "Not lost") in kept(court, place)
        assert court.submission(made)["state"] == ("approved" if decided == 200 else "in_review") and awarded(court, made) == (decided == 200)


def test_decided_or_handed_on_but_not_both(court):
    """The clock turns as soon as the daemon is there."""
    many = [claimed(court, "Not lost") for _ in range(10)]
    for _, (place,) in many:
        court.house.sql("UPDATE review SET lease_until = now() - interval '1 second' WHERE id = %s", place["id"])
    calls = [asks(court.client(place["who"]), "POST", f"/reviews/{place['id']}/decide", {"verdict": "approve"}) for _, (place,) in many]
    court.house.restart()
    answers = at_once(*calls)
    assert set(answers) <= {200, 409}

    def settled():
        return all(court.places(made)[0]["state"] == ("done" if answer == 200 else "open") for (made, _), answer in zip(many, answers))
    wait_for("the clock", settled)
    for (made, (place,)), answer in zip(many, answers):
        assert awarded(court, made) == (answer == 200) and "Not lost" in kept(court, place)


def test_killed_in_the_middle_it_is_done_or_not(court):
    many = [claimed(court, "Not lost", assessors=2) for _ in range(10)]
    told = collections.Counter()

    def decide(place):
        try:
            told[asks(court.client(place["who"]), "POST", f"/reviews/{place['id']}/decide", {"verdict": "approve"})()] += 1
        except OSError:
            told["cut off"] += 1
    threads = [threading.Thread(target=decide, args=(place,)) for _, places in many for place in places]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    court.house.kill()
    for thread in threads:
        thread.join()
    court.house.start()
    for made, places in many:
        after, found = court.submission(made), court.places(made)
        assert {place["state"] for place in found} <= {"claimed", "done"}
        done = all(place["state"] == "done" for place in found)
        assert after["state"] == ("approved" if done else "in_review") and awarded(court, made) == done
        for place in places:
            assert "Not lost" in kept(court, place)
            if next(one for one in found if one["id"] == place["id"])["state"] == "claimed":
                court.decide(place, place["who"])
        assert court.submission(made)["state"] == "approved" and awarded(court, made) == 1
    assert sum(told.values()) == 20
