# SPDX-License-Identifier: Apache-2.0
"""What Open Badges 3.0 has of an achievement besides its texts: types, alignments, rubrics, what leads where; and the results
that a credential says. Badges that carry all of it are held against the official schema, and those that carry none are as before."""
import json
import os
import pathlib

import jsonschema
import pytest
from kit.badges import HOLDER, Programme, badge_house, canonical, verify_proof
from kit.batches import ask_table, credentials_of, done
from kit.house import PUBLIC_URL

ODD = "Ünïcode 😀 \"quoted\" \\ back\tא </script>"
LEVEL, RESULT = "0d1f6a0e-0000-4000-8000-000000000001", "0d1f6a0e-0000-4000-8000-000000000002"
ESCO = {"name": "Rope access", "url": "http://data.europa.eu/esco/skill/1", "framework": "ESCO", "code": "S1.2", "target_type": "CFItem"}
CASE = {"name": ODD, "url": "https://case.example.org/uri/1"}
DESCRIPTIONS = [
    {"id": RESULT, "name": "Practical test", "result_type": "RubricCriterionLevel", "required_level": "Mastered",
     "levels": [{"name": "Tried", "level": "1", "points": "0"},
                {"id": LEVEL, "name": "Mastered", "level": "2", "points": "1.5", "description": ODD, "alignments": [CASE]}]},
    {"name": "Written test", "result_type": "LetterGrade", "allowed_values": ["C", "B", "A"], "required_value": "B", "alignments": [ESCO]},
    {"name": "Attendance", "result_type": "Status"},
    {"name": "Own kind", "result_type": "ext:Jumps"},
    {"name": "Points", "result_type": "RawScore", "value_min": "-0.5", "value_max": "20", "required_value": "9"}]


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519", "p256"), postgres=postgres) as house:
        yield house


@pytest.fixture(scope="module")
def programme(house):
    return Programme(house)


@pytest.fixture(scope="module")
def schema():
    folder = pathlib.Path(os.environ["SKILLSD_SHARED"]) / "data/openbadges/ob3-schema"
    return jsonschema.Draft201909Validator(json.loads((folder / "achievementcredential.json").read_text()))


@pytest.fixture(scope="module")
def whole(programme):
    """One that says everything there is to say."""
    other, following = programme.achievement(name="Other"), programme.achievement(name="Next one")
    return programme.achievement(
        name="Whole", description="d", criteria="c", type="ext:Rope.work-2_b", tags=["rope", ODD], language="en", validity="P2Y",
        alignments=[ESCO, CASE], result_descriptions=DESCRIPTIONS, related=[other["id"]], recommended=[{"id": following["id"]}],
        credits=2.5, field_of_study="Safety", specialization="Heights", human_code="RA-2")


def refused(programme, field, **fields):
    bad = programme.hr.post("/achievements", {"name": "x", **fields}, gives=400)
    assert bad["errors"][0]["field"] == field, bad


# ---- types

def test_all_types_of_open_badges_are_taken(programme, schema):
    words, own = schema.schema["$defs"]["Achievement"]["properties"]["achievementType"]["oneOf"]
    assert len(words["enum"]) == 31 and own["pattern"].startswith("(ext:)")
    for word in [*words["enum"], "ext:Habit", "ext:a.b-c_1"]:
        assert programme.hr.post("/achievements", {"name": "x", "type": word}, gives=201)["type"] == word
        assert programme.hr.get("/achievements", type=word)["items"]
    for word in "badge", "ext:", "ext:a b", "EXT:a", "Badge ", "Course Degree", "", "ext:é":
        refused(programme, "/type", type=word)
    made = programme.issue(achievement=programme.achievement(type="ext:Habit"))
    assert programme.badge(made)["credentialSubject"]["achievement"]["achievementType"] == "ext:Habit"


# ---- what is said comes back

def test_what_is_said_comes_back_and_ids_are_made(programme, whole):
    shown = programme.hr.get(f"/achievements/{whole['id']}")
    assert shown == whole and shown["alignments"] == [ESCO, CASE] and shown["credits"] == 2.5
    assert [one["name"] for one in shown["related"] + shown["recommended"]] == ["Other", "Next one"]
    practical, written, attendance, own, points = shown["result_descriptions"]
    assert practical["id"] == RESULT and practical["required_level"] == LEVEL == practical["levels"][1]["id"]
    assert practical["levels"][1] == {**DESCRIPTIONS[0]["levels"][1]}
    for told, said in (written, DESCRIPTIONS[1]), (points, DESCRIPTIONS[4]):
        assert {**told, "id": None} == {**said, "id": None}
    assert len({one["id"] for one in (practical, written, attendance, own, points, *practical["levels"])}) == 7
    assert (shown["field_of_study"], shown["specialization"], shown["human_code"], shown["language"]) == ("Safety", "Heights", "RA-2", "en")


def test_sent_back_as_it_was_read_nothing_changes(programme, whole):
    kept = {name: whole[name] for name in ("alignments", "result_descriptions", "related", "recommended", "credits", "tags", "language")}
    assert programme.hr.patch(f"/achievements/{whole['id']}", kept, "*") == whole
    changed = programme.hr.patch(f"/achievements/{whole['id']}", {"alignments": [ESCO], "credits": 3}, "*")
    assert (changed["version"], changed["state"], changed["credits"]) == (2, "draft", 3)
    assert changed["result_descriptions"] == whole["result_descriptions"]  # ids stay
    emptied = programme.hr.patch(f"/achievements/{whole['id']}", {**dict.fromkeys(kept), "human_code": None}, "*")
    for name in kept:
        assert not emptied.get(name)
    assert programme.hr.get(f"/achievements/{whole['id']}", version=1)["alignments"] == [ESCO, CASE]


@pytest.mark.parametrize("field, value, at", [
    ("alignments", [{"name": "x"}], "/alignments/0/url"), ("alignments", [{**ESCO, "target_type": "cfitem"}], "/alignments/0/target_type"),
    ("alignments", [{**ESCO, "url": "javascript:alert(1)"}], "/alignments/0/url"), ("alignments", [{**ESCO, "shoe": 1}], "/alignments/0/shoe"),
    ("alignments", [ESCO] * 51, "/alignments"), ("alignments", {}, "/alignments"), ("alignments", ["x"], "/alignments/0"),
    ("credits", "3", "/credits"), ("credits", -1, "/credits"), ("credits", 1.234, "/credits"), ("credits", 100001, "/credits"),
    ("result_descriptions", [{"name": "x"}], "/result_descriptions/0/result_type"),
    ("result_descriptions", [{"name": "x", "result_type": "Grade"}], "/result_descriptions/0/result_type"),
    ("result_descriptions", [{"name": "x", "result_type": "Result"}] * 2, "/result_descriptions/1"),
    ("result_descriptions", [{"id": RESULT, "name": n, "result_type": "Result"} for n in "ab"], "/result_descriptions/1"),
    ("result_descriptions", [{"id": "x", "name": "x", "result_type": "Result"}], "/result_descriptions/0/id"),
    ("result_descriptions", [{"name": "x", "result_type": "Result", "allowed_values": ["a"], "required_value": "b"}],
     "/result_descriptions/0/required_value"),
    ("result_descriptions", [{"name": "x", "result_type": "Result", "required_level": "b"}], "/result_descriptions/0/required_level"),
    *(("result_descriptions", [{"name": "x", "result_type": "RawScore", **fields}], f"/result_descriptions/0/{at}") for at, fields in (
        ("value_min", {"value_min": "F"}), ("value_max", {"value_max": "😀"}), ("value_max", {"value_max": "0x10"}), ("value_max", {"value_min": "0", "value_max": "nan"}),
        ("value_max", {"value_min": "9", "value_max": "10e-1"}), ("value_min", {"value_min": 1}), ("value_max", {"value_max": "9" * 101}),
        ("required_value", {"value_min": "0", "value_max": "10", "required_value": "10.01"}),
        ("required_value", {"value_max": "10", "required_value": "ten"}), ("required_value", {"value_min": "0", "required_value": "-1"}),
        ("allowed_values", {"value_min": "0", "value_max": "10", "allowed_values": ["1", "11"]}))),
    ("result_descriptions", [{"name": "x", "result_type": "Result", "levels": [{"name": "a"}, {"name": "a"}]}], "/result_descriptions/0/levels/1"),
    ("result_descriptions", [{"name": "x", "result_type": "Result", "levels": [{"name": str(n)} for n in range(21)]}],
     "/result_descriptions/0/levels"),
    ("result_descriptions", [{"name": "x", "result_type": "Result", "levels": [{"name": "a", "alignments": [{"name": "x"}]}]}],
     "/result_descriptions/0/levels/0/alignments/0/url"),
    ("result_descriptions", [{"name": str(n), "result_type": "Result"} for n in range(51)], "/result_descriptions"),
    ("related", ["x"], "/related/0"), ("related", [RESULT], "/related/0"), ("recommended", [{"name": "x"}], "/recommended/0"), ("related", "x", "/related")])
def test_what_cannot_be_is_named(programme, field, value, at):
    refused(programme, at, **{field: value})


def test_nothing_is_related_to_itself_or_twice_and_drafts_are_nobodys_business(programme):
    made, hidden = programme.achievement(), programme.achievement(state="draft", name="Hidden")
    path = f"/achievements/{made['id']}"
    assert programme.hr.patch(path, {"related": [made["id"]]}, "*", gives=400)["errors"][0]["field"] == "/related/0"
    assert programme.hr.patch(path, {"related": [hidden["id"]] * 2}, "*", gives=400)["errors"][0]["field"] == "/related/1"
    programme.hr.patch(path, {"related": [hidden["id"]], "state": "published"}, "*")
    assert programme.hr.get(path)["related"] == [{"id": hidden["id"], "name": "Hidden"}]
    programme.house.set_password(HOLDER)
    assert programme.house.sign_in(HOLDER).get(path)["related"] == []


# ---- the badge

def test_the_badge_says_it_all_as_the_official_schema_has_it(programme, whole, schema):
    results = [{"result_description": RESULT, "achieved_level": "Mastered"}, {"result_description": "Written test", "value": "A"},
               {"result_description": "Attendance", "status": "Completed"}, {"result_description": "Points", "value": "20"}]
    made = programme.issue(achievement=whole, results=results)
    badge = programme.badge(made)
    schema.validate(badge)
    verify_proof(badge, programme.stranger.get("/.well-known/did.json"))
    written = whole["result_descriptions"][1]["id"]
    assert badge["credentialSubject"]["result"] == [
        {"type": ["Result"], "resultDescription": f"urn:uuid:{RESULT}", "achievedLevel": f"urn:uuid:{LEVEL}"},
        {"type": ["Result"], "resultDescription": f"urn:uuid:{written}", "value": "A"},
        {"type": ["Result"], "resultDescription": f"urn:uuid:{whole['result_descriptions'][2]['id']}", "status": "Completed"},
        {"type": ["Result"], "resultDescription": f"urn:uuid:{whole['result_descriptions'][4]['id']}", "value": "20"}]
    told = badge["credentialSubject"]["achievement"]
    assert {one["resultDescription"] for one in badge["credentialSubject"]["result"]} <= {one["id"] for one in told["resultDescription"]}
    practical = told["resultDescription"][0]
    assert practical["requiredLevel"] == practical["rubricCriterionLevel"][1]["id"] == f"urn:uuid:{LEVEL}"
    assert practical["rubricCriterionLevel"][1] == {
        "type": ["RubricCriterionLevel"], "id": f"urn:uuid:{LEVEL}", "name": "Mastered", "level": "2", "points": "1.5", "description": ODD,
        "alignment": [{"type": ["Alignment"], "targetName": ODD, "targetUrl": CASE["url"]}]}
    assert (told["resultDescription"][1]["allowedValue"], told["resultDescription"][1]["requiredValue"]) == (["C", "B", "A"], "B")
    points = told["resultDescription"][4]
    assert (points["valueMin"], points["valueMax"], points["requiredValue"]) == ("-0.5", "20", "9")
    assert [one["targetUrl"] for one in told["alignment"]][1:] == [ESCO["url"], CASE["url"]]
    assert told["alignment"][1] == {"type": ["Alignment"], "targetName": "Rope access", "targetUrl": ESCO["url"], "targetFramework": "ESCO",
                                    "targetCode": "S1.2", "targetType": "CFItem"}
    assert told["related"] == [{"type": ["Related"], "id": f"{PUBLIC_URL}/achievements/{whole['related'][0]['id']}"}]
    assert (told["tag"], told["creditsAvailable"], told["fieldOfStudy"], told["specialization"], told["humanCode"], told["inLanguage"]) == \
        (["rope", ODD], 2.5, "Safety", "Heights", "RA-2", "en")
    place = f"{programme.house.url}/achievements/{whole['id']}?version=1"
    shown = programme.stranger.session.get(place, timeout=30).json()
    assert {name: shown[name] for name in told if name != "@context"} == told
    assert programme.badge(made, format="ob2")["type"] == "Assertion"
    assert programme.stranger.session.get(place + "&format=ob2", timeout=30).json()["tags"] == ["rope", ODD]
    text = programme.stranger.ask("GET", f"/badges/{made['id']}").content.decode()
    assert programme.hr.post("/verifications", {"badge": text}, gives=200)["verified"]
    shown = programme.badge(made, accept="text/html")
    assert "<h2>Results</h2>" in shown and "Practical test: Mastered" in shown and "Written test: A" in shown


def test_its_draft_is_canonical_and_the_jwt_the_same(programme, whole):
    made = programme.issue(achievement=whole, results=[{"result_description": RESULT, "achieved_level": LEVEL, "status": "Completed"}])
    text = programme.stranger.ask("GET", f"/badges/{made['id']}").content
    head, mark, _ = text.partition(b',"proof":[')
    assert mark and head + b"}" == canonical(json.loads(head + b"}"))
    assert programme.badge(made, format="jwt").count(".") == 2


@pytest.mark.parametrize("credits, text", [(0, b"0"), (3, b"3"), (3.5, b"3.5"), (0.07, b"0.07"), (99999.99, b"99999.99"), (10.10, b"10.1")])
def test_credits_are_written_as_rfc_8785_has_numbers(programme, credits, text):
    made = programme.issue(achievement=programme.achievement(credits=credits))
    assert b'"creditsAvailable":' + text + b"," in programme.stranger.ask("GET", f"/badges/{made['id']}").content


def test_a_badge_that_has_none_of_it_says_none_of_it(programme):
    subject = programme.badge(programme.issue(achievement=programme.achievement([])))["credentialSubject"]
    assert set(subject) == {"type", "id", "identifier", "achievement"}
    assert set(subject["achievement"]) == {"type", "id", "name", "description", "criteria", "achievementType", "image", "version"}


# ---- results

def issue(programme, achievement, results, gives=201):
    return programme.issuer.post("/credentials", {"person": HOLDER, "achievement": achievement["id"], "results": results}, gives=gives)


@pytest.mark.parametrize("result, at", [
    ({"result_description": "Nothing", "value": "A"}, "/result_description"), ({"result_description": "Written test"}, ""),
    ({"result_description": "Written test", "value": "D"}, "/value"), ({"result_description": RESULT, "achieved_level": "Flown"}, "/achieved_level"),
    ({"result_description": "Attendance", "value": "here"}, "/status"), ({"result_description": "Attendance", "status": "completed"}, "/status"),
    ({"value": "A"}, "/result_description"), ({"result_description": "Written test", "value": "A", "shoe": 1}, "/shoe"), ("A", "")])
def test_results_are_those_that_the_achievement_describes(programme, whole, result, at):
    assert issue(programme, whole, [result], 400)["errors"][0]["field"] == f"/results/0{at}"


SCORES = [{"name": "Score", "result_type": "Percent", "required_value": "80"},
          {"name": "Letter", "result_type": "LetterGrade", "required_value": "B"}]
BELOW = [({"result_description": "Practical test", "achieved_level": "Tried"}, "achieved_level", "Mastered"),
         ({"result_description": "Practical test", "achieved_level": "Tried", "status": "Completed"}, "achieved_level", "Mastered"),
         ({"result_description": "Written test", "value": "C"}, "value", "B"), ({"result_description": "Score", "value": "79.99"}, "value", "80"),
         ({"result_description": "Score", "value": "-100"}, "value", "80"), ({"result_description": "Score", "value": "9"}, "value", "80")]
ENOUGH = [{"result_description": "Practical test", "achieved_level": "Mastered"}, {"result_description": "Practical test", "status": "Completed"},
          {"result_description": "Written test", "value": "B"}, {"result_description": "Score", "value": "80.0"},
          {"result_description": "Score", "value": "100"}, {"result_description": "Score", "value": "8.5e1"},
          {"result_description": "Letter", "value": "C"}]


OUTSIDE = [("-0.51", {"value_min": "-0.5", "value_max": "20"}, "from -0.5 to 20"), ("20.1", {"value_max": "20"}, "of at most 20"),
           ("many", {"value_min": "0"}, "of at least 0"), ("nan", {"value_min": "0", "value_max": "1"}, "from 0 to 1")]


@pytest.mark.parametrize("value, bounds, words", OUTSIDE)
def test_a_value_lies_within_its_bounds(programme, value, bounds, words):
    made = programme.achievement(result_descriptions=[{"name": "Points", "result_type": "RawScore", **bounds}])
    error, = issue(programme, made, [{"result_description": "Points", "value": value}], 400)["errors"]
    assert error == {"field": "/results/0/value", "message": f"must be a number {words}"}
    for bound in bounds.values():
        issue(programme, made, [{"result_description": "Points", "value": bound}])


@pytest.fixture(scope="module")
def measured(programme):
    return programme.achievement(result_descriptions=[*DESCRIPTIONS, *SCORES])


def test_what_is_below_the_required_is_not_issued(programme, measured):
    for result, member, least in BELOW:
        error, = issue(programme, measured, [ENOUGH[1], result] if result["result_description"] == "Score" else [result], 400)["errors"]
        assert error["field"].split("/")[-1] == member and error["message"].startswith(f"must be at least {least}, which ")
    for result in ENOUGH:
        issue(programme, measured, [result])
    rows = [{"person": HOLDER, "results": [result]} for result in [*(result for result, _, _ in BELOW), *ENOUGH]]
    job = done(programme.issuer, "issue", rows, achievement=measured["id"])
    assert [error["field"] for error in job["errors"]] == [f"/rows/{row}/results/0/{member}" for row, (_, member, _) in enumerate(BELOW)]
    assert job["result"]["succeeded"] == len(ENOUGH)


@pytest.mark.parametrize("value", ["nearly all", "nan", "inf", "90%", "90,5", "0x60", " 90", "9e999"])
def test_where_a_number_is_required_nothing_else_is_a_value(programme, measured, value):
    error, = issue(programme, measured, [{"result_description": "Score", "value": value, "status": "Completed"}], 400)["errors"]
    assert error == {"field": "/results/0/value", "message": "must be a number: Score requires 80"}


def test_a_value_does_not_stand_for_a_level_that_is_required(programme, measured):
    result = {"result_description": "Practical test", "value": "all of it"}
    error, = issue(programme, measured, [result], 400)["errors"]
    assert error == {"field": "/results/0/status", "message": "must be Completed where nothing else says that Practical test was passed"}
    issue(programme, measured, [{**result, "status": "Completed"}])


@pytest.mark.parametrize("status", ["Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"])
def test_a_status_alone_that_is_not_completed_does_not_stand_for_what_is_required(programme, measured, status):
    for name in "Practical test", "Written test":
        error, = issue(programme, measured, [{"result_description": name, "status": status}], 400)["errors"]
        assert error == {"field": "/results/0/status", "message": f"must be Completed where nothing else says that {name} was passed"}
    issue(programme, measured, [{"result_description": "Written test", "value": "A", "status": status}])
    issue(programme, measured, [{"result_description": "Attendance", "status": status}])


def test_no_correction_brings_a_result_below_the_required(programme):
    made = programme.achievement(result_descriptions=DESCRIPTIONS)
    old = issue(programme, made, [{"result_description": "Written test", "value": "B"}])
    path = f"/credentials/{old['id']}/replace"
    worse = {"reason": "x", "results": [{"result_description": "Written test", "value": "C"}]}
    assert programme.issuer.post(path, worse, gives=400)["errors"][0]["field"] == "/results/0/value"
    harder = [{**made["result_descriptions"][1], "required_value": "A"}]
    programme.hr.patch(f"/achievements/{made['id']}", {"result_descriptions": harder, "state": "published"}, "*")
    bad = programme.issuer.post(path, {"reason": "x", "achievement_version": 2}, gives=400)
    assert bad["errors"] == [{"field": "/results/0/value", "message": "must be at least A, which Written test requires"}]
    assert programme.issuer.post(path, {"reason": "x"})["results"] == old["results"]


def test_each_result_is_said_once(programme, whole):
    both = [{"result_description": "Written test", "value": "A"}, {"result_description": whole["result_descriptions"][1]["id"], "value": "B"}]
    assert issue(programme, whole, both, 400)["errors"][0]["field"] == "/results/1"
    assert issue(programme, whole, "A", 400)["errors"][0]["field"] == "/results"


def test_results_of_a_batch_are_as_those_of_one(programme, whole, schema):
    results = [{"result_description": RESULT, "achieved_level": "Mastered"}, {"result_description": "Written test", "value": "A"}]
    single = issue(programme, whole, results)
    job = done(programme.issuer, "issue", [
        {"person": HOLDER, "results": results}, {"person": HOLDER}, {"person": HOLDER, "results": [{"result_description": "Smell"}]},
        {"person": HOLDER, "results": "A"}, {"person": HOLDER, "results": [*results, results[0]]}], achievement=whole["id"])
    made, bare = credentials_of(programme.issuer, job)
    assert made["results"] == single["results"] != [] == bare["results"]
    badge, like = programme.badge(made), programme.badge(single)
    schema.validate(badge)
    verify_proof(badge, programme.stranger.get("/.well-known/did.json"))
    assert badge["credentialSubject"]["result"] == like["credentialSubject"]["result"]
    assert "result" not in programme.badge(bare)["credentialSubject"]
    assert [error["field"] for error in job["errors"]] == ["/rows/2/results/0/result_description", "/rows/3/results", "/rows/4/results/2"]
    ask_table(programme.issuer, "issue", "person,results\r\nx,y\r\n", gives=400, achievement=whole["id"])


def test_results_go_with_a_correction_and_fit_its_version(programme):
    made = programme.achievement(result_descriptions=DESCRIPTIONS)
    old = issue(programme, made, [{"result_description": "Written test", "value": "B"}])
    new = programme.issuer.post(f"/credentials/{old['id']}/replace", {"reason": "x"})
    assert new["results"] == old["results"] != []
    programme.hr.patch(f"/achievements/{made['id']}", {"result_descriptions": DESCRIPTIONS[:1], "state": "published"}, "*")
    bad = programme.issuer.post(f"/credentials/{new['id']}/replace", {"reason": "x", "achievement_version": 2}, gives=400)
    assert bad["errors"][0]["field"] == "/results/0/result_description"
    right = programme.issuer.post(f"/credentials/{new['id']}/replace", {
        "reason": "x", "achievement_version": 2, "results": [{"result_description": RESULT, "achieved_level": "Mastered"}]})
    assert right["results"][0]["achieved_level"] == LEVEL and right["achievement"]["version"] == 2
    assert programme.issuer.post(f"/credentials/{right['id']}/replace", {"reason": "x", "results": []})["results"] == []
