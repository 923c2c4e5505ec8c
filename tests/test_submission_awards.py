# SPDX-License-Identifier: Apache-2.0
"""What comes of a submission that was judged: the credential, issued with the decision or not at all, and the badge with what was
handed in as its evidence and the levels that were reached as its results."""
import json
import os
import pathlib

import jsonschema
import pytest
from kit.badges import new_key, signs
from kit.judging import CARE, HOLDER, SPEED, Court, at_once, court_house
from kit.signer import Signer

TEXT, LINK = {"kind": "text", "name": "What did you do?"}, {"kind": "link", "name": "Where is it?"}
FILE = {"kind": "file", "name": "Certificate"}
QUIZ = {"kind": "quiz", "name": "Rules", "pass": 1, "questions": [{"text": "Is it so?", "choices": ["yes", "no"], "correct": [1], "points": 2},
                                                                  {"text": "And that?", "choices": ["yes", "no"], "correct": [0]}]}
ODD = "Ünïcode 😀 \"quoted\" \\ back"


@pytest.fixture(scope="module")
def court(postgres):
    signer = Signer()
    with signer, court_house(postgres, {"submissions": {"folder": "files"}, **signs(signer)}) as house:
        new_key(house, "ed25519")
        new_key(house, "p256")
        yield Court(house)


def handed_in(court, achievement):
    """All that it asks for."""
    me = court.client(HOLDER)
    made = me.post("/submissions", {"achievement": achievement["id"]}, gives=201)["id"]
    prompts = {prompt["kind"]: prompt["id"] for prompt in achievement["assessment"]["prompts"]}
    answers = {"text": {"text": ODD}, "link": {"url": "https://example.org/x"}, "quiz": {"choices": [[1], [1]]}}
    me.patch(f"/submissions/{made}", {"answers": {prompts[kind]: answer for kind, answer in answers.items() if kind in prompts}}, "*")
    if "file" in prompts:
        me.expect(201, "POST", f"/submissions/{made}/files", data=b"%PDF-1.7", params={"prompt": prompts["file"], "name": "proof.pdf"})
    return court.step(me, {"id": made}, "submit")


def approve(court, submission, **scores):
    """By whose turn it is."""
    review, = court.places(submission)
    judge = court.turn(review)
    court.judge(review, judge, **{"care": "Good", "speed": "Fast", **scores})
    return judge


def test_an_approval_is_a_credential_with_all_that_was_handed_in(court):
    skill = court.hr.post("/frameworks", {"code": "AWARD", "name": "Awards"}) and court.hr.post(
        "/skills", {"framework": "AWARD", "code": "A1", "label": "Awarded"})["id"]
    achievement = court.hr.post("/achievements", {
        "name": "Judged", "state": "published", "validity": "P1Y", "skills": [{"skill": skill, "level": 3}], "result_descriptions": [CARE, SPEED],
        "assessment": {"prompts": [TEXT, LINK, FILE, QUIZ], "minimum": 4}}, gives=201)
    submission = handed_in(court, achievement)
    judge = approve(court, submission)
    done, me = court.submission(submission), court.client(HOLDER)
    assert done["state"] == "approved" and "due_at" not in done
    made = me.get(f"/credentials/{done['credential_id']}")
    assert made["person"]["id"] == court.id(HOLDER) and made["state"] == "active" and "expires_at" in made
    assert made["evidence"] == [{"name": "What did you do?", "narrative": ODD}, {"name": "Where is it?", "url": "https://example.org/x"},
                                {"name": "proof.pdf", "narrative": "Certificate"}, {"name": "Rules", "narrative": "2 / 3"}]
    levels = {one["name"]: (one["id"], {level["name"]: level["id"] for level in one["levels"]}) for one in achievement["result_descriptions"]}
    assert made["results"] == [{"result_description": levels["Care"][0], "achieved_level": levels["Care"][1]["Good"]},
                               {"result_description": levels["Speed"][0], "achieved_level": levels["Speed"][1]["Fast"]}]
    assert [(row["skill"]["id"], row["level"]) for row in me.get(f"/people/{court.id(HOLDER)}/holdings")["items"]] == [(skill, 3)]

    badge = me.get(f"/badges/{made['id']}", format="ob3")
    folder = pathlib.Path(os.environ["SKILLSD_SHARED"]) / "data/openbadges/ob3-schema"
    jsonschema.Draft201909Validator(json.loads((folder / "achievementcredential.json").read_text())).validate(badge)
    assert [(one.get("name"), one.get("narrative"), one.get("id")) for one in badge["evidence"]] == [
        ("What did you do?", ODD, None), ("Where is it?", None, "https://example.org/x"), ("proof.pdf", "Certificate", None), ("Rules", "2 / 3", None)]
    assert [(one["resultDescription"], one["achievedLevel"]) for one in badge["credentialSubject"]["result"]] == [
        (f"urn:uuid:{levels[name][0]}", f"urn:uuid:{levels[name][1][level]}") for name, level in (("Care", "Good"), ("Speed", "Fast"))]
    assert "proof" in badge

    event, = me.get(f"/credentials/{made['id']}/events")["items"]
    assert (event["kind"], event["account"]) == ("issued", f"ldap:{judge}")
    assert [event["kind"] for event in me.get(f"/submissions/{submission['id']}/events")["items"]][-1] == "approved"
    assert [one["kind"] for one in court.house.rescue.pages("/outbox", person=HOLDER, sort="made_at") if one["object"] == made["id"]] == ["credential.issued"]
    noted = court.house.rescue.pages("/audit", object=made["id"], action="credential.issue")
    assert noted[0]["detail"] == {"submission": submission["id"]}


def test_it_is_of_the_version_that_was_judged(court):
    achievement = court.asked()
    submission = handed_in(court, achievement)
    court.hr.patch(f"/achievements/{achievement['id']}", {"name": "Newer", "result_descriptions": None, "assessment": None, "state": "published"}, "*")
    approve(court, submission)
    made = court.client(HOLDER).get(f"/credentials/{court.submission(submission)['credential_id']}")
    assert made["achievement"]["version"] == 1 and made["achievement"]["name"] == achievement["name"] and len(made["results"]) == 2


def test_without_a_credential_there_is_no_approval(court):
    """What cannot be issued is not approved either, and all is as it was."""
    achievement = court.asked()
    submission = handed_in(court, achievement)
    review, = court.places(submission)
    judge = court.turn(review)
    court.claim(review, judge)
    court.score(review, judge)
    court.hr.patch(f"/achievements/{achievement['id']}", {"state": "archived"}, "*")
    court.decide(review, judge, gives=409)
    left = court.submission(submission)
    assert left["state"] == "in_review" and "credential_id" not in left
    assert court.places(submission)[0]["state"] == "claimed"
    assert not court.house.sql("SELECT 1 FROM credential WHERE achievement_id = %s", achievement["id"])
    assert "outcome" not in court.client(HOLDER).get(f"/submissions/{submission['id']}/rounds")["items"][0]
    court.decide(review, judge, "decline", "It is no longer wanted")
    done = court.submission(submission)
    assert done["state"] == "declined" and done["feedback"] and "credential_id" not in done


def test_what_is_returned_comes_again_and_keeps_what_was_said(court):
    achievement = court.asked()
    submission = handed_in(court, achievement)
    review, = court.places(submission)
    court.judge(review, court.turn(review), "return", "Say more " + ODD)
    back, me = court.submission(submission), court.client(HOLDER)
    assert back["state"] == "returned" and ODD in back["feedback"] and "due_at" not in back
    court.step(me, submission, "reopen")
    court.step(me, submission, "submit")
    second = court.places(submission)[-1]
    assert second["round"] == 2
    court.judge(second, court.turn(second))
    rounds = me.get(f"/submissions/{submission['id']}/rounds")["items"]
    assert [one["outcome"] for one in rounds] == ["returned", "approved"] and ODD in rounds[0]["feedback"]


@pytest.mark.parametrize("turn", range(5))
def test_withdrawn_or_approved_but_never_both(court, turn):
    achievement = court.asked()
    submission = handed_in(court, achievement)
    review, = court.places(submission)
    judge = court.turn(review)
    court.claim(review, judge)
    court.score(review, judge)
    me, them = court.client(HOLDER), court.client(judge)
    decided, withdrawn = at_once(
        lambda: them.twin().ask("POST", f"/reviews/{review['id']}/decide", {"verdict": "approve"}, headers={"If-Match": "*"}).status_code,
        lambda: me.twin().ask("POST", f"/submissions/{submission['id']}/withdraw", headers={"If-Match": "*"}).status_code)
    done = court.submission(submission)
    credentials = court.house.sql("SELECT id::text FROM credential WHERE achievement_id = %s", achievement["id"])
    if decided == 200:
        assert withdrawn in (409, 412) and done["state"] == "approved" and [done["credential_id"]] == [one for one, in credentials]
    else:
        assert (decided, withdrawn, done["state"], credentials) in ((409, 200, "withdrawn", []), (412, 200, "withdrawn", [])), (decided, withdrawn)
