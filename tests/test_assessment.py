# SPDX-License-Identifier: Apache-2.0
"""What an achievement asks of those who want it: which prompts, rubrics and assessors there may be, who sees the answers of a
quiz, and that what was published stays as it was."""
import itertools
import uuid

import pytest
from kit.house import ACCOUNTS, OTHER_ISSUER

numbers = itertools.count(1)
ODD = "Ünïcode 😀 \"quoted\" \\ back"
QUIZ = {"kind": "quiz", "name": "Rules", "pass": 3, "questions": [
    {"text": "Which are colours?", "choices": ["red", "seven", "blue"], "correct": [2, 0], "points": 2},
    {"text": ODD, "choices": ["yes", "no"], "correct": [1]}]}
TEXT = {"kind": "text", "name": "What did you do?", "description": ODD, "max_length": 200}
LINK = {"kind": "link", "name": "Where is it?", "required": False}
FILE = {"kind": "file", "name": "Certificate", "types": ["application/pdf", "image/png"], "max_files": 2, "max_size": 5000}
RUBRIC = [{"name": name, "result_type": "RubricCriterionLevel", "required_level": "Fair",
           "levels": [{"name": "Poor", "points": "0"}, {"name": "Fair", "points": "1.5"}, {"name": "Good", "points": "3"}]}
          for name in ("Care", "Speed")]


@pytest.fixture(scope="module")
def hr(house):
    return house.sign_in(ACCOUNTS["HR"])


@pytest.fixture(scope="module")
def employee(house):
    return house.sign_in(ACCOUNTS["EMPLOYEE"])


def make(hr, gives=201, rubric=RUBRIC, **assessment):
    body = {"name": f"Assessed {next(numbers)}", "state": "published", "result_descriptions": rubric,
            "assessment": {"prompts": [TEXT], **assessment}}
    return hr.post("/achievements", body, gives=gives)


def without_answers(assessment):
    shown = {**assessment, "prompts": [dict(prompt) for prompt in assessment["prompts"]]}
    for prompt in shown["prompts"]:
        if "questions" in prompt:
            prompt["questions"] = [{key: value for key, value in one.items() if key != "correct"} for one in prompt["questions"]]
    return shown


def test_what_is_asked_is_shown_as_it_was_said_and_with_what_was_meant(hr):
    made = make(hr, prompts=[TEXT, LINK, FILE, QUIZ], minimum=4.5, assessors=2, blind=True, days=5, disagreement=0.25,
                groups=["cn=judges,ou=groups,dc=example,dc=org"])
    asked = made["assessment"]
    ids = [prompt.pop("id") for prompt in asked["prompts"]]
    assert len({uuid.UUID(one) for one in ids}) == 4
    assert asked == {
        "prompts": [{**TEXT, "required": True}, LINK, {**FILE, "required": True},
                    {"kind": "quiz", "name": "Rules", "required": True, "pass": 3, "questions": [
                        {"text": "Which are colours?", "choices": ["red", "seven", "blue"], "correct": [0, 2], "points": 2},
                        {"text": ODD, "choices": ["yes", "no"], "correct": [1], "points": 1}]}],
        "minimum": 4.5, "assessors": 2, "blind": True, "days": 5, "disagreement": 0.25, "groups": ["cn=judges,ou=groups,dc=example,dc=org"]}
    plain = make(hr)["assessment"]
    assert {key: value for key, value in plain.items() if key != "prompts"} == {"assessors": 1, "blind": False, "days": 14, "groups": []}
    assert "assessment" not in hr.post("/achievements", {"name": "Asks for nothing"}, gives=201)


def test_answers_of_a_quiz_are_for_those_who_may_write_it(house, hr, employee):
    made = make(hr, prompts=[QUIZ])
    path = f"/achievements/{made['id']}"
    assert hr.get(path) == made and made["assessment"]["prompts"][0]["questions"][1]["correct"] == [1]
    for client in employee, house.sign_in(ACCOUNTS["ASSESSOR"]), house.sign_in(ACCOUNTS["MANAGER"]):
        assert client.get(path)["assessment"] == without_answers(made["assessment"])
        assert '"correct"' not in client.last.text
    for client in hr, employee:
        page = next(one for one in client.pages("/achievements", q=made["name"]) if one["id"] == made["id"])
        assert page["assessment"] == without_answers(made["assessment"])
    for kind in "application/json", "text/html", "application/ld+json":
        public = house.client().ask("GET", "/" + path, headers={"Accept": kind})
        assert public.status_code == 200 and "correct" not in public.text and "seven" not in public.text
    partner = house.rescue.post("/issuers", {"name": f"Quiz masters {next(numbers)}", "groups": ["cn=nobody,dc=example,dc=org"]}, gives=201)["id"]
    theirs = hr.post("/achievements", {"name": "Theirs", "state": "published", "issuer": partner, "assessment": {"prompts": [QUIZ]}})
    assert "correct" in hr.last.text
    house.sign_in(OTHER_ISSUER).get(f"/achievements/{theirs['id']}")
    assert "correct" not in house.sign_in(OTHER_ISSUER).get(f"/achievements/{theirs['id']}")["assessment"]["prompts"][0]["questions"][0]


def test_who_answers_a_quiz_does_not_see_what_is_correct(hr):
    made = make(hr, prompts=[QUIZ])
    path = f"/achievements/{made['id']}"
    submission = hr.post("/submissions", {"achievement": made["id"]}, gives=201)["id"]
    assert hr.get(path)["assessment"] == without_answers(made["assessment"])
    assert hr.patch(path, {"assessment": {"days": 3}}, "*")["assessment"]["prompts"] == without_answers(made["assessment"])["prompts"]
    hr.delete(f"/submissions/{submission}", "*")
    assert hr.get(path, version=1)["assessment"] == made["assessment"]


@pytest.mark.parametrize("field, assessment", [
    ("/assessment/prompts", {"prompts": []}), ("/assessment/prompts", {"prompts": [TEXT] * 51}), ("/assessment/prompts", {"prompts": {}}),
    ("/assessment/prompts/0", {"prompts": ["text"]}), ("/assessment/prompts/0/kind", {"prompts": [{"kind": "song", "name": "x"}]}),
    ("/assessment/prompts/0/name", {"prompts": [{"kind": "text"}]}), ("/assessment/prompts/0/id", {"prompts": [{**TEXT, "id": "1"}]}),
    ("/assessment/prompts/0/colour", {"prompts": [{**TEXT, "colour": "red"}]}),
    ("/assessment/prompts/1/id", {"prompts": [{**TEXT, "id": "0d1f6a0e-0000-4000-8000-000000000001"}] * 2}),
    ("/assessment/prompts/0/max_length", {"prompts": [{**LINK, "max_length": 5}]}),
    ("/assessment/prompts/0/max_length", {"prompts": [{**TEXT, "max_length": 10001}]}),
    ("/assessment/prompts/0/max_files", {"prompts": [{**TEXT, "max_files": 1}]}),
    ("/assessment/prompts/0/max_size", {"prompts": [{**TEXT, "max_size": 1}]}),
    ("/assessment/prompts/0/types", {"prompts": [{**TEXT, "types": ["image/png"]}]}),
    ("/assessment/prompts/0/types/0", {"prompts": [{**FILE, "types": ["text/html"]}]}),
    ("/assessment/prompts/0/types", {"prompts": [{**FILE, "types": ["image/png", "image/png"]}]}),
    ("/assessment/prompts/0/questions", {"prompts": [{"kind": "quiz", "name": "x"}]}),
    ("/assessment/prompts/0/questions", {"prompts": [{**TEXT, "questions": QUIZ["questions"]}]}),
    ("/assessment/prompts/0/pass", {"prompts": [{**TEXT, "pass": 1}]}), ("/assessment/prompts/0/pass", {"prompts": [{**QUIZ, "pass": 4}]}),
    *[("/assessment/prompts/0/questions/0/" + field, {"prompts": [{"kind": "quiz", "name": "x", "questions": [
        {"text": "x", "choices": ["a", "b"], "correct": [0], **wrong}]}]}) for field, wrong in [
            ("choices", {"choices": ["a"]}), ("choices", {"choices": [str(i) for i in range(21)]}), ("choices/1", {"choices": ["a", "a"]}),
            ("correct", {"correct": []}), ("correct", {"correct": [2]}), ("correct", {"correct": 0}), ("correct/0", {"correct": [-1]}),
            ("correct/0", {"correct": ["0"]}), ("correct/1", {"correct": [0, 0]}), ("points", {"points": 0}), ("text", {"text": ""})]],
    ("/assessment/assessors", {"assessors": 0}), ("/assessment/assessors", {"assessors": 6}), ("/assessment/days", {"days": 0}),
    ("/assessment/minimum", {"minimum": 6.5}), ("/assessment/minimum", {"minimum": -1}), ("/assessment/minimum", {"minimum": "3"}),
    ("/assessment/minimum", {"minimum": 0.001}), ("/assessment/disagreement", {"disagreement": 1}),
    ("/assessment/groups/0", {"groups": ["judges"]}), ("/assessment/blind", {"blind": "no"}), ("/assessment/song", {"song": 1})])
def test_what_cannot_be_asked_is_named(hr, field, assessment):
    problem = make(hr, gives=400, **assessment)
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("points", [None, "many", "-1", "1.234", "1e2", "10000000", ".5", "1."])
def test_levels_that_judge_have_points_that_are_numbers(hr, points):
    level = {"name": "Only", **({"points": points} if points else {})}
    rubric = [{"name": "Attendance", "result_type": "Status"}, {"name": "Care", "result_type": "RubricCriterionLevel", "levels": [level]}]
    problem = make(hr, gives=400, rubric=rubric)
    assert [error["field"] for error in problem["errors"]] == ["/result_descriptions/1/levels/0/points"]
    hr.post("/achievements", {"name": "Judged by nobody", "result_descriptions": rubric}, gives=201)


def test_a_rubric_and_its_assessment_go_together(hr):
    falls = [{**RUBRIC[0], "levels": [{"name": "Poor", "points": "2"}, {"name": "Fair", "points": "1"}]}]
    assert make(hr, gives=400, rubric=falls)["errors"][0]["field"] == "/result_descriptions/0/levels/1/points"
    bare = [{"name": "Care", "result_type": "RubricCriterionLevel"}]
    assert make(hr, gives=400, rubric=bare)["errors"][0]["field"] == "/result_descriptions/0/levels"
    assert make(hr, gives=400, rubric=[], minimum=1)["errors"][0]["field"] == "/assessment/minimum"
    assert make(hr, gives=400, rubric=[], assessors=2, disagreement=1)["errors"][0]["field"] == "/assessment/disagreement"
    made = make(hr, minimum=6)
    problem = hr.patch(f"/achievements/{made['id']}", {"result_descriptions": RUBRIC[:1]}, "*", gives=400)
    assert problem["errors"][0]["field"] == "/assessment/minimum"


def test_a_change_of_what_is_asked_is_the_next_version(hr, employee):
    made = make(hr, prompts=[TEXT, QUIZ], minimum=3)
    path = f"/achievements/{made['id']}"
    assert hr.patch(path, {"assessment": {"minimum": 3, "days": 14, "blind": None}}, "*")["version"] == 1
    changed = hr.patch(path, {"assessment": {"minimum": None, "days": 3}, "state": "published"}, "*")
    assert changed["version"] == 2 and changed["assessment"]["days"] == 3 and "minimum" not in changed["assessment"]
    assert changed["assessment"]["prompts"] == made["assessment"]["prompts"]
    assert hr.get(path, version=1)["assessment"] == made["assessment"]
    assert employee.get(path, version=1)["assessment"] == without_answers(made["assessment"])
    again = hr.patch(path, {"assessment": {"prompts": made["assessment"]["prompts"]}}, "*")
    assert again["version"] == 2
    gone = hr.patch(path, {"assessment": None, "state": "published"}, "*")
    assert gone["version"] == 3 and "assessment" not in gone
    assert hr.patch(path, {"assessment": {"days": 3}}, "*", gives=400)["errors"][0]["field"] == "/assessment/prompts"
