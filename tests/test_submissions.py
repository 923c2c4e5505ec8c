# SPDX-License-Identifier: Apache-2.0
"""Submissions: from a draft to what came of it, whose they are and who else sees them, and two at once."""
import itertools
import threading

import pytest
from kit.house import ACCOUNTS, parsed

numbers = itertools.count(1)
ODD = "Ünïcode 😀 \"quoted\" \\ back"
BELOW = "kmensah"  # below the manager; no other test of the same house issues to them, so that the issuer sees nothing of theirs
TEXT = {"kind": "text", "name": "What did you do?", "max_length": 100}
LINK = {"kind": "link", "name": "Where is it?", "required": False}
QUIZ = {"kind": "quiz", "name": "Rules", "pass": 3, "questions": [
    {"text": "Which are colours?", "choices": ["red", "seven", "blue"], "correct": [0, 2], "points": 2},
    {"text": "Is it so?", "choices": ["yes", "no"], "correct": [1]}, {"text": "And that?", "choices": ["yes", "no"], "correct": [0]}]}


@pytest.fixture(scope="module")
def hr(house):
    return house.sign_in(ACCOUNTS["HR"])


@pytest.fixture(scope="module")
def me(house):
    house.set_password(BELOW)
    return house.sign_in(BELOW)


@pytest.fixture(scope="module")
def manager(house):
    return house.sign_in(ACCOUNTS["MANAGER"])


@pytest.fixture(scope="module", autouse=True)
def framework(hr):
    hr.post("/frameworks", {"code": "SUB", "name": "Submissions"})


def asked(hr, prompts=(TEXT,), **more):
    """A new one, with the ids of its prompts."""
    made = hr.post("/achievements", {"name": f"Asked {next(numbers)}", "state": "published", "assessment": {"prompts": list(prompts)}, **more},
                   gives=201)
    return made["id"], [prompt["id"] for prompt in made["assessment"]["prompts"]]


def begin(client, achievement, **more):
    return client.post("/submissions", {"achievement": achievement, **more}, gives=201)


def save(client, submission, answers, etag="*", gives=200, **more):
    return client.patch(f"/submissions/{submission['id']}", {"answers": answers, **more}, etag, gives=gives)


def step(client, submission, verb, etag="*", gives=200):
    return client.expect(gives, "POST", f"/submissions/{submission['id']}/{verb}", headers={"If-Match": etag})


def handed_in(client, hr, prompts=(TEXT,), answers=({"text": "I did it"},)):
    achievement, ids = asked(hr, prompts)
    made = begin(client, achievement)
    save(client, made, dict(zip(ids, answers)))
    return step(client, made, "submit"), ids


# ---- from the beginning to the end

def test_a_draft_is_begun_answered_and_handed_in(me, hr, people):
    achievement, (text, link) = asked(hr, (TEXT, LINK))
    made = begin(me, achievement)
    assert me.last.headers["Location"] == f"/api/v1/submissions/{made['id']}"
    assert made["person"] == {"id": people[BELOW]["id"], "name": people[BELOW]["name"]}
    assert made["achievement"]["id"] == achievement and made["achievement"]["version"] == 1
    assert (made["state"], made["round"], made["answers"], made["files"], made["shared"]) == ("draft", 1, {}, [], False)
    assert not {"submitted_at", "due_at", "decided_at", "feedback", "quizzes", "credential_id", "claim_id"} & set(made)
    etag = me.last.headers["ETag"]
    saved = save(me, made, {text: {"text": ODD}}, etag)
    assert saved["answers"] == {text: {"text": ODD}} and me.last.headers["ETag"] != etag
    saved = save(me, made, {link: {"url": "https://example.org/x"}})
    assert saved["answers"] == {text: {"text": ODD}, link: {"url": "https://example.org/x"}}
    saved = save(me, made, {link: None})
    assert saved["answers"] == {text: {"text": ODD}} == me.get(f"/submissions/{made['id']}")["answers"]
    done = step(me, made, "submit")
    assert done["state"] == "submitted" and me.get(f"/submissions/{made['id']}") == done
    days = parsed(done["due_at"]) - parsed(done["submitted_at"])
    assert days.total_seconds() == 14 * 86400
    rounds = me.get(f"/submissions/{made['id']}/rounds")["items"]
    assert rounds == [{"round": 1, "answers": {text: {"text": ODD}}, "files": [], "quizzes": [], "submitted_at": done["submitted_at"]}]
    events = me.get(f"/submissions/{made['id']}/events")["items"]
    assert [(event["kind"], event["round"], event["account"]) for event in events] == [
        ("begun", 1, f"ldap:{BELOW}"), ("submitted", 1, f"ldap:{BELOW}")]


def test_who_has_one_open_gets_that(me, hr):
    achievement, _ = asked(hr)
    made = begin(me, achievement)
    assert me.post("/submissions", {"achievement": {"id": achievement}}, gives=200) == made
    save(me, made, {}, shared=True)
    assert me.post("/submissions", {"achievement": achievement}, gives=200)["shared"] is True
    step(me, made, "withdraw")
    again = begin(me, achievement)
    assert again["id"] != made["id"]
    step(me, made, "reopen", gives=409)
    me.delete(f"/submissions/{again['id']}", "*")
    assert step(me, made, "reopen")["round"] == 1


def test_what_cannot_be_begun_is_not(me, hr, house):
    bare = hr.post("/achievements", {"name": "Asks nothing", "state": "published"})["id"]
    draft = hr.post("/achievements", {"name": "Draft", "assessment": {"prompts": [TEXT]}})["id"]
    old, _ = asked(hr)
    hr.patch(f"/achievements/{old}", {"state": "archived"}, "*")
    me.post("/submissions", {"achievement": bare}, gives=409)
    me.post("/submissions", {"achievement": old}, gives=409)
    for wrong in draft, "0190a000-0000-7000-8000-000000000000", "rope":
        assert me.post("/submissions", {"achievement": wrong}, gives=400)["errors"][0]["field"] == "/achievement"
    assert me.post("/submissions", {}, gives=400)["errors"][0]["field"] == "/achievement"
    achievement, _ = asked(hr)
    house.rescue.post("/submissions", {"achievement": achievement}, gives=403)
    mine, theirs = (client.post("/claims", {"skill": new_skill(hr), "level": 1, "shared": True})["id"] for client in (me, hr))
    assert me.post("/submissions", {"achievement": achievement, "claim": theirs}, gives=400)["errors"][0]["field"] == "/claim"
    assert begin(me, achievement, claim=mine)["claim_id"] == mine


@pytest.mark.parametrize("wrong, field", [
    ({"text": "x" * 101}, "/text"), ({"text": ""}, "/text"), ({"text": 7}, "/text"), ({"url": "https://example.org"}, "/url"), ({}, ""),
    ({"text": "x", "url": "https://example.org"}, ""), ("x", ""), ({"text": "x", "mood": "good"}, "/mood"), ({"choices": [[0]]}, "/choices"),
    ({"files": []}, "/files")])
def test_answers_are_of_the_kind_that_is_asked(me, hr, wrong, field):
    achievement, (text,) = asked(hr)
    made = begin(me, achievement)
    problem = save(me, made, {text: wrong}, gives=400)
    assert [error["field"] for error in problem["errors"]] == [f"/answers/{text}{field}"]
    assert me.get(f"/submissions/{made['id']}")["answers"] == {}


def test_rubbish_in_answers_is_named(me, hr):
    achievement, (quiz, link) = asked(hr, (QUIZ, LINK))
    made = begin(me, achievement)
    for answers, field in (({"x": {"text": "x"}}, "/x"), ({made["id"]: {"text": "x"}}, "/" + made["id"]), ({link: {"url": "javascript:x"}}, f"/{link}/url"),
                           ({quiz: {"choices": [[0], [2]]}}, f"/{quiz}/choices/1"), ({quiz: {"choices": [[0]] * 4}}, f"/{quiz}/choices"),
                           ({quiz: {"choices": [0]}}, f"/{quiz}/choices/0"), ({quiz: {"choices": [[0, 0]]}}, f"/{quiz}/choices/0/1"),
                           ({quiz: {"choices": {}}}, f"/{quiz}/choices"), ({quiz: {"text": "x"}}, f"/{quiz}/text"), ([], "")):
        problem = save(me, made, answers, gives=400)
        assert [error["field"] for error in problem["errors"]] == ["/answers" + field], answers
    me.patch(f"/submissions/{made['id']}", {"answers": None}, "*", gives=400)
    me.patch(f"/submissions/{made['id']}", {"state": "approved"}, "*", gives=400)


def test_all_that_is_required_is_answered(me, hr):
    achievement, (text, link, quiz) = asked(hr, (TEXT, LINK, QUIZ))
    made = begin(me, achievement)
    problem = step(me, made, "submit", gives=400)
    assert [error["field"] for error in problem["errors"]] == [f"/answers/{text}", f"/answers/{quiz}"]
    save(me, made, {text: {"text": "x"}, quiz: {"choices": [[0], [], [0]]}})
    assert [error["field"] for error in step(me, made, "submit", gives=400)["errors"]] == [f"/answers/{quiz}"]
    assert me.get(f"/submissions/{made['id']}/rounds")["items"] == []
    save(me, made, {quiz: {"choices": [[0, 2], [1], [1]]}})
    assert step(me, made, "submit")["state"] == "submitted"


@pytest.mark.parametrize("choices, points, passed", [
    ([[2, 0], [1], [0]], 4, True), ([[0, 2], [1], [1]], 3, True), ([[0], [1], [0]], 2, False), ([[0, 1, 2], [0], [1]], 0, False)])
def test_a_quiz_is_scored_at_once(me, hr, choices, points, passed):
    done, (quiz,) = handed_in(me, hr, (QUIZ,), ({"choices": choices},))
    assert done["quizzes"] == [{"prompt": quiz, "points": points, "of": 4, "passed": passed}]
    assert '"correct"' not in me.last.text
    if passed:
        assert done["state"] == "submitted" and "feedback" not in done
        return
    assert done["state"] == "returned" and done["feedback"] == f"Rules: {points} of 4 points, and it takes 3." and "due_at" not in done
    assert step(me, done, "reopen")["state"] == "draft"
    save(me, done, {quiz: {"choices": [[0, 2], [1], [0]]}})
    assert step(me, done, "submit")["state"] == "submitted"
    rounds = me.get(f"/submissions/{done['id']}/rounds")["items"]
    assert [(one["round"], one.get("outcome"), one["quizzes"][0]["points"]) for one in rounds] == [(1, "returned", points), (2, None, 4)]


def test_what_is_withdrawn_goes_on_in_the_next_round(me, hr):
    done, (text,) = handed_in(me, hr)
    gone = step(me, done, "withdraw")
    assert gone["state"] == "withdrawn" and "due_at" not in gone
    again = step(me, done, "reopen")
    assert (again["state"], again["round"], again["answers"]) == ("draft", 2, {text: {"text": "I did it"}})
    save(me, done, {text: {"text": "Better"}})
    step(me, done, "submit")
    rounds = me.get(f"/submissions/{done['id']}/rounds")["items"]
    assert [(one["round"], one["answers"][text]["text"], one.get("outcome")) for one in rounds] == [(1, "I did it", "withdrawn"), (2, "Better", None)]
    assert [one["round"] for one in me.get(f"/submissions/{done['id']}/rounds", sort="-round")["items"]] == [2, 1]
    assert [event["kind"] for event in me.get(f"/submissions/{done['id']}/events")["items"]] == [
        "begun", "submitted", "withdrawn", "reopened", "submitted"]


def test_states_lead_where_they_lead(me, hr):
    achievement, (text,) = asked(hr)
    made = begin(me, achievement)
    path = f"/submissions/{made['id']}"
    step(me, made, "reopen", gives=409)
    save(me, made, {text: {"text": "x"}})
    step(me, made, "submit")
    for verb in "submit", "reopen":
        step(me, made, verb, gives=409)
    me.delete(path, "*", gives=409)
    save(me, made, {text: {"text": "y"}}, gives=409)
    assert save(me, made, {}, shared=True)["shared"] is True
    step(me, made, "withdraw")
    step(me, made, "withdraw", gives=409)
    step(me, made, "reopen")
    me.delete(path, "*", gives=409)  # it was handed in once
    assert step(me, made, "withdraw")["round"] == 2
    other = begin(me, achievement)
    me.delete(f"/submissions/{other['id']}", "*")
    me.get(f"/submissions/{other['id']}", gives=404)
    hr.patch(f"/achievements/{achievement}", {"state": "archived"}, "*")
    step(me, made, "reopen")
    step(me, made, "submit", gives=409)


def test_it_is_judged_by_the_version_that_it_began_with(me, hr):
    achievement, (text,) = asked(hr)
    made = begin(me, achievement)
    hr.patch(f"/achievements/{achievement}", {"assessment": {"prompts": [QUIZ]}, "state": "published"}, "*")
    save(me, made, {text: {"text": "x"}})
    assert step(me, made, "submit")["achievement"]["version"] == 1


# ---- claims

def new_skill(hr):
    return hr.post("/skills", {"framework": "SUB", "code": f"S{next(numbers)}", "label": f"Skill {next(numbers)}"})["id"]


def test_a_claim_starts_a_submission(me, hr):
    skill, other = new_skill(hr), new_skill(hr)
    claim = me.post("/claims", {"skill": skill, "level": 2, "shared": True})["id"]
    path = f"/claims/{claim}/submission"
    asked(hr, skills=[{"skill": skill, "level": 1}])
    hr.post("/achievements", {"name": "Asks nothing", "state": "published", "skills": [{"skill": skill, "level": 5}]})
    me.post(path, gives=409)
    right, _ = asked(hr, skills=[{"skill": skill, "level": 2}])
    wrong, _ = asked(hr, skills=[{"skill": other, "level": 5}])
    assert me.post(path, {"achievement": wrong}, gives=400)["errors"][0]["field"] == "/achievement"
    made = me.post(path, gives=201)
    assert made["achievement"]["id"] == right and made["claim_id"] == claim and made["state"] == "draft"
    assert me.last.headers["Location"] == f"/api/v1/submissions/{made['id']}"
    assert me.post(path, gives=200) == made
    second, _ = asked(hr, skills=[{"skill": skill, "level": 4}])
    assert me.post(path, gives=400)["errors"][0]["field"] == "/achievement"
    assert me.post(path, {"achievement": second}, gives=201)["achievement"]["id"] == second
    hr.post(path, gives=403)
    me.delete(f"/claims/{claim}", "*")
    assert "claim_id" not in me.get(f"/submissions/{made['id']}")


# ---- who sees them

def test_unfinished_ones_are_their_owners_alone(me, hr, manager, house):
    done, _ = handed_in(me, hr)
    path = f"/submissions/{done['id']}"
    others = [hr, manager, *(house.sign_in(ACCOUNTS[who]) for who in ("ADMIN", "ISSUER", "ASSESSOR", "EMPLOYEE"))]
    for state in "draft", "submitted", "in_review", "returned", "declined", "withdrawn":
        house.sql("UPDATE submission SET state = %s WHERE id = %s", state, done["id"])
        for client in others:
            client.get(path, gives=404)
            assert done["id"] not in {one["id"] for one in client.pages("/submissions", limit=500)}
            for verb in "submit", "withdraw", "reopen":
                step(client, done, verb, gives=404)
    house.sql("UPDATE submission SET state = 'approved' WHERE id = %s", done["id"])
    for client, sees in zip(others, (True, True, True, False, False, False)):
        client.get(path, gives=200 if sees else 404)
        assert sees == (done["id"] in {one["id"] for one in client.pages("/submissions", limit=500)})
        client.get(path + "/rounds", gives=403 if sees else 404)
        client.get(path + "/events", gives=403 if sees else 404)
        client.patch(path, {"shared": True}, "*", gives=403 if sees else 404)


def test_what_is_shared_is_seen_by_those_who_see_the_person(me, hr, manager, house):
    done, _ = handed_in(me, hr)
    path = f"/submissions/{done['id']}"
    save(me, done, {}, shared=True)
    for client in hr, manager:
        assert client.get(path)["state"] == "submitted"
        assert len(client.get(path + "/rounds")["items"]) == 1
        step(client, done, "withdraw", gives=403)
    house.sign_in(ACCOUNTS["EMPLOYEE"]).get(path, gives=404)
    save(me, done, {}, shared=False)
    hr.get(path, gives=404)
    assert [event["kind"] for event in me.get(path + "/events")["items"]][-2:] == ["shared", "unshared"]


def test_lists_are_filtered(me, hr, people):
    done, _ = handed_in(me, hr)
    draft = begin(me, asked(hr)[0])
    assert [one["id"] for one in me.get("/submissions", achievement=draft["achievement"]["id"])["items"]] == [draft["id"]]
    assert done["id"] in {one["id"] for one in me.pages("/submissions", state="submitted", person=BELOW)}
    assert draft["id"] not in {one["id"] for one in me.pages("/submissions", state="submitted")}
    assert me.get("/submissions")["items"][0]["id"] == draft["id"]
    assert me.get("/submissions", sort="due_at", state="submitted", limit=1, count=True)["total"] >= 1
    me.get("/submissions", person="nobody", gives=400)
    me.get("/submissions", person=ACCOUNTS["HR"], gives=400)
    me.get("/submissions", achievement="0190a000-0000-7000-8000-000000000000", gives=400)
    me.get("/submissions", state="lost", gives=400)


# ---- two at once

def at_once(*asks):
    """Their statuses."""
    gate, answers = threading.Barrier(len(asks)), [None] * len(asks)

    def run(place):
        gate.wait()
        answers[place] = asks[place]().status_code
    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_tabs_lose_nothing(me, hr):
    achievement, (first, second) = asked(hr, (TEXT, {**TEXT, "name": "And then?"}))
    made = begin(me, achievement)
    path, etag = f"/submissions/{made['id']}", me.last.headers["ETag"]
    tabs = me.twin(), me.twin()
    for round_ in range(10):
        me.get(path)
        etag = me.last.headers["ETag"]
        answers = at_once(*(lambda tab=tab, prompt=prompt: tab.ask("PATCH", path, {"answers": {prompt: {"text": f"{round_}"}}}, headers={"If-Match": etag})
                            for tab, prompt in zip(tabs, (first, second))))
        assert sorted(answers) == [200, 412]
        stale = answers.index(412)
        assert "read it again" in tabs[stale].last.json()["detail"]
        tabs[stale].get(path)
        save(tabs[stale], made, {(first, second)[stale]: {"text": f"{round_}"}}, tabs[stale].last.headers["ETag"])
        assert me.get(path)["answers"] == {first: {"text": f"{round_}"}, second: {"text": f"{round_}"}}
    me.patch(path, {"answers": {}}, gives=428)


def test_two_begin_the_same(me, hr):
    for _ in range(5):
        achievement, _ = asked(hr)
        tabs = [me.twin() for _ in range(4)]
        answers = at_once(*(lambda tab=tab: tab.ask("POST", "/submissions", {"achievement": achievement}) for tab in tabs))
        assert sorted(answers) == [200, 200, 200, 201]
        assert len({tab.last.json()["id"] for tab in tabs}) == 1


@pytest.mark.parametrize("verbs", [("submit", "submit"), ("submit", "withdraw"), ("withdraw", "withdraw")])
def test_two_steps_at_once_are_one_after_the_other(me, hr, verbs):
    for _ in range(8):
        achievement, (text,) = asked(hr)
        made = begin(me, achievement)
        save(me, made, {text: {"text": "x"}})
        path, etag = f"/submissions/{made['id']}", me.last.headers["ETag"]
        tabs = me.twin(), me.twin()
        answers = at_once(*(lambda tab=tab, verb=verb: tab.ask("POST", f"{path}/{verb}", headers={"If-Match": etag}) for tab, verb in zip(tabs, verbs)))
        assert sorted(answers) in ([200, 409], [200, 412]), answers
        won = verbs[answers.index(200)]
        assert me.get(path)["state"] == {"submit": "submitted", "withdraw": "withdrawn"}[won]
        assert len(me.get(path + "/rounds")["items"]) == (won == "submit")
        assert [event["kind"] for event in me.get(path + "/events")["items"]][1:] == [me.get(path)["state"]]


def test_a_retry_with_its_key_is_one(me, hr):
    achievement, (text,) = asked(hr)
    made = me.post("/submissions", {"achievement": achievement}, key=f"begin-{achievement}", gives=201)
    assert me.post("/submissions", {"achievement": achievement}, key=f"begin-{achievement}", gives=201) == made
    save(me, made, {text: {"text": "x"}})
    headers = {"If-Match": me.last.headers["ETag"], "Idempotency-Key": f"submit-{achievement}"}
    first = me.expect(200, "POST", f"/submissions/{made['id']}/submit", headers=headers)
    assert me.expect(200, "POST", f"/submissions/{made['id']}/submit", headers=headers) == first


def test_what_happens_is_told_and_noted(me, hr, house):
    done, _ = handed_in(me, hr)
    step(me, done, "withdraw")
    admin = house.sign_in(ACCOUNTS["ADMIN"])
    told = admin.pages("/outbox", object=done["id"], noun="submission", sort="made_at")
    assert [one["kind"] for one in told] == ["submission.submitted", "submission.withdrawn"]
    noted = [one["action"] for one in admin.pages("/audit", object=done["id"], sort="at")]
    assert noted == ["submission.begin", "submission.set", "submission.submit", "submission.withdraw"]
    mine, = (one for one in me.get(f"/people/{done['person']['id']}/export")["submissions"] if one["id"] == done["id"])
    assert mine["rounds"][0]["outcome"] == "withdrawn" and [one["kind"] for one in mine["events"]] == ["begun", "submitted", "withdrawn"]
