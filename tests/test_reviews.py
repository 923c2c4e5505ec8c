# SPDX-License-Identifier: Apache-2.0
"""Reviews: whose turn they are, who sees what of them, how they are scored and decided, and what comes of several."""
import ldap
import pytest
from kit.house import ACCOUNTS, BASE
from kit.judging import CHIEF, HOLDER, JUDGES, REPORT, SEK, VILLA, Court, court_house

ODD = "Ünïcode 😀 \"quoted\" \\ back"


@pytest.fixture(scope="module")
def court(postgres):
    with court_house(postgres) as house:
        yield Court(house)


def handed(court, username=HOLDER, **assessment):
    made = court.hand_in(court.asked(**assessment), username)
    return made, court.places(made)


# ---- one assessor

def test_what_is_handed_in_is_offered_claimed_scored_and_approved(court):
    achievement = court.asked(minimum=3)
    made = court.hand_in(achievement, text=ODD)
    assert made["state"] == "submitted"
    (place,) = court.places(made)
    who = court.turn(place)
    judge = court.client(who)
    assert (place["state"], place["place"], place["round"], place["mine"], place["overdue"]) == ("open", 1, 1, False, False)
    assert place["due_at"] == made["due_at"] and place["submitted_at"] == made["submitted_at"]
    (mine,) = [one for one in judge.get("/reviews", mine=True)["items"] if one["id"] == place["id"]]
    assert mine["mine"] and mine["person"] == {"id": court.id(HOLDER), "name": court.people[HOLDER]["name"]}
    claimed = court.claim(place, who)
    assert (claimed["state"], claimed["scores"], claimed["minimum"]) == ("claimed", {}, 3)
    assert claimed["assessor"]["id"] == court.id(who) and "offered_to" not in claimed
    assert [prompt["name"] for prompt in claimed["prompts"]] == ["What did you do?"]
    assert list(claimed["answers"].values()) == [{"text": ODD}]
    assert [criterion["name"] for criterion in claimed["rubric"]] == ["Care", "Speed"]
    assert court.submission(made)["state"] == "in_review"
    etag = judge.last.headers["ETag"]
    scored = court.score(place, who, "Good", "Slow", etag, comment=ODD)
    care, speed = (criterion["id"] for criterion in claimed["rubric"])
    good, slow = claimed["rubric"][0]["levels"][2]["id"], claimed["rubric"][1]["levels"][0]["id"]
    assert scored["scores"] == {care: {"level": good}, speed: {"level": slow}} and scored["comment"] == ODD
    judge.patch(f"/reviews/{place['id']}", {"comment": "x"}, etag, gives=412)
    judge.patch(f"/reviews/{place['id']}", {"scores": {speed: {"comment": "In a hurry"}}}, "*")
    done = court.decide(place, who)
    assert (done["state"], done["verdict"], done["points"], done["comment"]) == ("done", "approve", 3, ODD)
    assert done["scores"] == {care: {"level": good}, speed: {"level": slow, "comment": "In a hurry"}}
    after = court.submission(made)
    assert after["state"] == "approved" and after["feedback"] == f"{ODD}\n\nSpeed: In a hurry"
    credential = court.client(HOLDER).get(f"/credentials/{after['credential_id']}")
    assert [(result["result_description"], result["achieved_level"]) for result in credential["results"]] == [(care, good), (speed, slow)]
    assert [event["kind"] for event in court.client(HOLDER).get(f"/submissions/{made['id']}/events")["items"]] == [
        "begun", "submitted", "in_review", "approved"]
    court.decide(place, who, gives=409)
    court.claim(place, who, gives=409)


def test_return_and_decline_say_why(court):
    achievement = court.asked()
    made = court.hand_in(achievement)
    (place,) = court.places(made)
    who = court.turn(place)
    court.claim(place, who)
    problem = court.decide(place, who, "return", "x", gives=400)
    assert sorted(error["field"] for error in problem["errors"]) == sorted(f"/scores/{one['id']}" for one in achievement["result_descriptions"])
    court.score(place, who, "Poor", "Slow")
    assert court.decide(place, who, "approve", gives=400)["errors"][0]["field"] == "/verdict"
    assert court.decide(place, who, "return", gives=400)["errors"][0]["field"] == "/comment"
    assert court.decide(place, who, "maybe", gives=400)["errors"][0]["field"] == "/verdict"
    court.decide(place, who, "return", "Say more")
    after = court.submission(made)
    assert (after["state"], after["feedback"]) == ("returned", "Say more")
    again = court.hand_in(achievement, text="More")
    (second,) = [one for one in court.places(again) if one["round"] == 2]
    assert second["place"] == 1
    court.judge(second, court.turn(second), "decline", "Not this way", care="Poor")
    assert court.submission(made)["state"] == "declined"


def test_the_total_has_a_minimum_too(court):
    made, (place,) = handed(court, minimum=3.5)
    who = court.turn(place)
    court.claim(place, who)
    court.score(place, who, "Good", "Slow")  # 3
    assert court.decide(place, who, gives=400)["errors"][0]["field"] == "/verdict"
    court.score(place, who, "Fair", "Fast")  # 3.5
    assert court.decide(place, who)["points"] == 3.5


def test_without_a_rubric_a_verdict_is_all(court):
    made, (place,) = handed(court, rubric=[])
    who = court.turn(place)
    assert court.claim(place, who)["rubric"] == []
    done = court.decide(place, who)
    assert (done["points"], done["scores"]) == (0, {}) and court.submission(made)["state"] == "approved"


@pytest.mark.parametrize("scores, field", [
    ({"x": {"level": None}}, "/scores/x"), ({"CARE": {"level": "0190a000-0000-7000-8000-000000000000"}}, "/scores/CARE/level"),
    ({"CARE": {"level": 3}}, "/scores/CARE/level"), ({"CARE": "Good"}, "/scores/CARE"), ({"CARE": {"mood": 1}}, "/scores/CARE/mood"), ([], "/scores"),
    ({"CARE": {"comment": ""}}, "/scores/CARE/comment")])
def test_rubbish_in_scores_is_named(court, scores, field):
    made, (place,) = handed(court)
    who = court.turn(place)
    care = court.claim(place, who)["rubric"][0]["id"]
    scores = {care if name == "CARE" else name: value for name, value in scores.items()} if scores else scores
    problem = court.client(who).patch(f"/reviews/{place['id']}", {"scores": scores}, "*", gives=400)
    assert [error["field"] for error in problem["errors"]] == [field.replace("CARE", care)]
    court.client(who).patch(f"/reviews/{place['id']}", {"verdict": "approve"}, "*", gives=400)
    court.client(who).patch(f"/reviews/{place['id']}", {"comment": "x"}, gives=428)


def test_what_is_null_is_taken_out(court):
    made, (place,) = handed(court)
    who = court.turn(place)
    care, speed = (one["id"] for one in court.claim(place, who)["rubric"])
    court.score(place, who, comment="x")
    change = court.client(who).patch
    level = change(f"/reviews/{place['id']}", {"scores": {care: {"comment": ODD}}}, "*")["scores"][care]["level"]
    kept = change(f"/reviews/{place['id']}", {"scores": {speed: None, care: {"level": None}}, "comment": None}, "*")
    assert kept["scores"] == {care: {"comment": ODD}} and "comment" not in kept
    assert change(f"/reviews/{place['id']}", {"scores": {care: {"level": level, "comment": None}}}, "*")["scores"] == {care: {"level": level}}


# ---- who

def test_turns_go_to_who_has_the_least_to_do(court):
    court.house.sql("UPDATE review SET state = 'closed', offered_to = NULL, assessor_id = NULL WHERE state IN ('open', 'claimed')")
    turns = [court.turn(handed(court)[1][0]) for _ in range(8)]
    assert sorted(turns[:4]) == sorted(turns[4:]) == sorted(JUDGES)
    places = court.hr.pages("/reviews", state="open", limit=500)
    first = next(place for place in places if court.turn(place) == turns[2])
    court.judge(first, turns[2])  # one less than the others
    assert court.turn(handed(court)[1][0]) == turns[2]
    told = {notice["object"]: notice["person_id"] for notice in court.notices("review.offered", limit=500)}
    for place in places:
        assert told[place["id"]] == place["offered_to"]["id"]


def test_nobody_else_sees_or_takes_it(court):
    made, (place,) = handed(court)
    who = court.turn(place)
    for other in {*JUDGES} - {who}:
        court.client(other).get(f"/reviews/{place['id']}", gives=404)
        court.claim(place, other, gives=409)  # they may know that there is one, and that it is another's turn
        assert place["id"] not in [one["id"] for one in court.client(other).pages("/reviews", limit=500)]
    court.client(HOLDER).get(f"/reviews/{place['id']}", gives=403)
    court.client(HOLDER).get("/reviews", gives=403)
    seen = court.hr.get(f"/reviews/{place['id']}")
    assert "answers" not in seen and "person" not in seen and seen["submission_id"] == made["id"]
    court.hr.expect(403, "POST", f"/reviews/{place['id']}/claim")
    court.claim(place, who)
    for other in {*JUDGES} - {who}:
        court.claim(place, other, gives=409)
        court.client(other).patch(f"/reviews/{place['id']}", {"comment": "x"}, "*", gives=404)
        court.decide(place, other, gives=404)


def test_nobody_judges_their_own_nor_alone_their_manager_or_report(court):
    for holder, near in (CHIEF, REPORT), (REPORT, CHIEF):
        for _ in range(4):
            made, (place,) = handed(court, holder)
            assert court.turn(place) in {SEK, VILLA}
            court.house.sql("UPDATE review SET offered_to = NULL, lease_until = NULL WHERE id = %s", place["id"])
            for not_them in holder, near:
                assert place["id"] not in [one["id"] for one in court.client(not_them).pages("/reviews", limit=500)]
                court.client(not_them).get(f"/reviews/{place['id']}", gives=404)
                court.claim(place, not_them, gives=404)
            court.claim(place, SEK)
            court.hr.get(f"/reviews/{place['id']}")


def test_of_two_one_may_be_near(court):
    made, places = handed(court, REPORT, assessors=2)
    assert len({court.turn(place) for place in places} - {CHIEF}) >= 1 and REPORT not in {court.turn(place) for place in places}
    court.give_to(places[0], CHIEF)
    court.give_to(places[1], SEK)
    court.judge(places[0], CHIEF)
    assert court.submission(made, REPORT)["state"] == "in_review"
    court.judge(places[1], SEK)
    assert court.submission(made, REPORT)["state"] == "approved"


def test_only_those_in_the_groups(court):
    group = "cn=auditors,ou=groups,dc=example,dc=org"  # nobody there has the role
    made, (place,) = handed(court, groups=[group])
    assert "offered_to" not in place
    (told,) = court.notices("submission.unassignable", object=made["id"])
    assert told["key"] == f"submission.unassignable {made['id']} 1"
    for judge in JUDGES:
        court.claim(place, judge, gives=404)
    made, (place,) = handed(court, groups=[group, "CN=Assessors, OU=groups,dc=example,dc=org"])
    assert court.turn(place) in JUDGES
    made, (place,) = handed(court, groups=["cn=nobody made this,dc=example,dc=org"])
    assert "offered_to" not in place


# ---- blind, and what others said

def test_blind_is_blind(court):
    made, (place,) = handed(court, blind=True)
    who = court.turn(place)
    shown = [court.client(who).get(f"/reviews/{place['id']}"), court.claim(place, who),
             next(one for one in court.client(who).pages("/reviews", limit=500) if one["id"] == place["id"])]
    for one in shown:
        assert "person" not in one
        assert court.id(HOLDER) not in str(one) and court.people[HOLDER]["name"] not in str(one)
    court.client(who).get(f"/submissions/{made['id']}", gives=404)


def test_others_are_heard_once_one_has_spoken(court):
    made, places = handed(court, assessors=2, disagreement=10)
    first, second = (court.turn(place) for place in places)
    court.judge(places[0], first, comment="First")
    for path in "/reviews/" + places[0]["id"], "/reviews/" + places[1]["id"]:
        shown = court.client(second).ask("GET", path)
        assert "First" not in shown.text
    assert court.client(first).get(f"/reviews/{places[0]['id']}").get("others", []) == []
    court.claim(places[1], second)
    court.score(places[1], second, "Good", "Slow")
    assert "others" not in court.client(second).get(f"/reviews/{places[1]['id']}")
    done = court.decide(places[1], second, comment="Second")
    (other,) = done["others"]
    assert (other["place"], other["verdict"], other["points"], other["comment"]) == (1, "approve", 3.5, "First")
    after = court.submission(made)
    assert after["state"] == "approved" and after["feedback"] == "First\n\nSecond"
    credential = court.client(HOLDER).get(f"/credentials/{after['credential_id']}")
    names = {level["id"]: level["name"] for one in done["rubric"] for level in one["levels"]}
    assert [names[result["achieved_level"]] for result in credential["results"]] == ["Fair", "Slow"]  # of two the lower


def test_who_sees_everyone_is_told_no_more_while_they_judge(court):
    group = f"cn=assessors,ou=groups,{BASE}"
    court.member(ldap.MOD_ADD, group, ACCOUNTS["HR"])
    try:
        made, places = handed(court, assessors=2)
        court.give_to(places[0], SEK)
        court.give_to(places[1], ACCOUNTS["HR"])
        hr = court.hr
        court.claim(places[0], SEK)
        court.score(places[0], SEK, "Good", comment="Not for you")
        court.decide(places[0], SEK)
        other = f"/reviews/{places[0]['id']}"
        for claimed in False, True:
            shown = hr.get(other)
            assert shown["state"] == "done" and not {"verdict", "points", "comment", "scores", "others", "past"} & set(shown)
            assert not any("verdict" in one for one in court.places(made))
            hr.post(f"/reviews/{places[1]['id']}/claim")
        court.clients[ACCOUNTS["HR"]] = hr
        court.score(places[1], ACCOUNTS["HR"], "Good")
        court.decide(places[1], ACCOUNTS["HR"])
        assert hr.get(other)["comment"] == "Not for you"
    finally:
        court.member(ldap.MOD_DELETE, group, ACCOUNTS["HR"])


# ---- a third

@pytest.mark.parametrize("third, outcome", [("approve", "approved"), ("return", "returned")])
def test_a_third_settles_what_two_disagree_on(court, third, outcome):
    made, places = handed(court, assessors=2)
    turns = [court.turn(place) for place in places]
    court.judge(places[0], turns[0], "approve", care="Good", speed="Fast")
    court.judge(places[1], turns[1], "return", "No", care="Poor", speed="Fast")
    assert court.submission(made)["state"] == "in_review"
    (more,) = [place for place in court.places(made) if place["place"] == 3]
    assert court.turn(more) not in turns
    court.judge(more, court.turn(more), third, "Third", care="Fair", speed="Slow")
    after = court.submission(made)
    assert after["state"] == outcome and after["feedback"] == "No\n\nThird"
    assert ("credential_id" in after) == (outcome == "approved")
    assert len(court.places(made)) == 3


def test_points_alone_call_a_third(court):
    made, places = handed(court, assessors=2, disagreement=1)
    for place, care in zip(places, ("Good", "Fair")):  # 5 and 3.5
        court.judge(place, court.turn(place), care=care)
    assert [place["place"] for place in court.places(made)] == [1, 2, 3]
    made, places = handed(court, assessors=2, disagreement=1.5)
    for place, care in zip(places, ("Good", "Fair")):
        court.judge(place, court.turn(place), care=care)
    assert court.submission(made)["state"] == "approved"


# ---- giving back, and withdrawing

def test_what_is_given_back_is_offered_to_somebody_else(court):
    made, (place,) = handed(court)
    seen = []
    for _ in JUDGES:
        (now,) = court.places(made)
        who = court.turn(now)
        assert who not in seen
        court.claim(place, who)
        court.score(place, who, comment=f"Seen by {who}")
        court.client(who).expect(204, "POST", f"/reviews/{place['id']}/release", headers={"If-Match": "*"})
        seen.append(who)
    (now,) = court.places(made)
    now = court.hr.get(f"/reviews/{now['id']}")
    assert now["state"] == "open" and "offered_to" not in now and now["scores"] == {} and "comment" not in now
    assert [one["why"] for one in court.hr.get(f"/reviews/{place['id']}")["past"]] == ["released"] * 4
    assert place["id"] in [one["id"] for one in court.client(SEK).pages("/reviews", mine=False, limit=500)]
    assert "answers" not in court.client(SEK).get(f"/reviews/{place['id']}")
    assert court.claim(place, SEK)["comment"] == f"Seen by {SEK}"  # their own is there again
    court.decide(place, SEK)
    assert court.submission(made)["state"] == "approved"


def test_what_is_withdrawn_is_nobodys_turn(court):
    achievement = court.asked(assessors=2)
    made = court.hand_in(achievement)
    places = court.places(made)
    who, other = (court.turn(place) for place in places)
    court.claim(places[0], who)
    court.score(places[0], who, comment="Half of it")
    court.step(court.client(HOLDER), made, "withdraw")
    assert [place["state"] for place in court.places(made)] == ["closed", "closed"]
    court.decide(places[0], who, gives=409)
    court.client(who).patch(f"/reviews/{places[0]['id']}", {"comment": "x"}, "*", gives=409)
    court.claim(places[1], other, gives=409)
    assert court.house.sql("SELECT comment, why FROM review_past WHERE review_id = %s", places[0]["id"]) == [("Half of it", "withdrawn")]
    court.step(court.client(HOLDER), made, "reopen")
    assert court.hand_in(achievement)["id"] == made["id"]
    assert [(place["round"], place["state"]) for place in court.places(made)] == [(1, "closed")] * 2 + [(2, "open")] * 2
