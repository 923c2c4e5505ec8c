# SPDX-License-Identifier: Apache-2.0
"""schemas/openapi.yaml: lints clean, keeps the rules of the contract, and names the daemon's routes."""
import copy
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from kit.validate import BELOW_ROUTES, PROBLEM, Contract, Mismatch, check, contract

TESTS = pathlib.Path(__file__).resolve().parent
ROOT = TESTS.parent
BUILD = ROOT / os.environ.get("SKILLSD_BUILD", "build/plain")
VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
ID = "019aa6e1-7708-7b41-9c02-44d1e8a0b3c5"
TIME = "2026-03-03T09:00:00Z"
PERSON = {"id": ID, "external_id": "6a2c5d0e", "source": "main", "username": "lwojcik", "name": "Łukasz Wójcik",
          "status": "active", "updated_at": TIME}
MISSING = {"type": "urn:skillsd:problem:not-found", "title": "Not there", "status": 404,
           "detail": "There is no such person.", "request_id": ID}
PEOPLE_CSV = ("id,external_id,source,username,name,mail,title,unit_id,unit,manager_id,manager,status,"
              "absent_since,updated_at,phone,employee_number,locale,country\r\n")


def document():
    return contract().document


def walk(node, at=""):
    """Every dict of the document with its pointer. What stands in examples is data, not document."""
    if isinstance(node, dict):
        yield at, node
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from walk(value, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from walk(value, f"{at}/{number}")


def operations():
    for path, item in document()["paths"].items():
        for verb, operation in item.items():
            if verb in VERBS:
                yield f"{verb.upper()} {path}", item, operation


def answers():
    for name, _, operation in operations():
        for status, answer in operation["responses"].items():
            yield f"{name} {status}", status, contract().resolve(answer)


def parameters(item, operation):
    return [contract().resolve(parameter) for parameter in item.get("parameters", []) + operation.get("parameters", [])]


def schemas_of(node):
    """Every schema that can be reached from a media type, references followed."""
    waiting, seen = [node], set()
    while waiting:
        for at, found in walk(waiting.pop()):
            if "$ref" in found and found["$ref"] not in seen:
                seen.add(found["$ref"])
                waiting.append(contract().resolve({"$ref": found["$ref"]}))
            yield at, found


def admits_null(schema):
    kind = schema.get("type")
    return (kind == "null" or isinstance(kind, list) and "null" in kind or "nullable" in schema
            or None in schema.get("enum", []) or "const" in schema and schema["const"] is None)


# ---- the linter


def test_document_lints_clean():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    run = subprocess.run([node, "lint_openapi.mjs"], cwd=TESTS, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, f"run `npm ci` in tests/ if a package is missing\n{run.stdout}{run.stderr}"
    assert "0 problems" in run.stdout


# ---- the rules of the contract


def test_every_reference_resolves():
    for at, node in walk(document()):
        if "$ref" in node:
            assert node["$ref"].startswith("#/"), at
            try:
                contract().resolve({"$ref": node["$ref"]})
            except (KeyError, TypeError):
                pytest.fail(f"{at} points to {node['$ref']}, which is not there")


def test_every_path_parameter_is_declared_once_and_required():
    for name, item, operation in operations():
        declared = [parameter for parameter in parameters(item, operation) if parameter["in"] == "path"]
        assert sorted(parameter["name"] for parameter in declared) == sorted(re.findall(r"\{(\w+)\}", name)), name
        assert all(parameter["required"] for parameter in declared), name


def test_every_refusal_is_a_problem_and_a_page_only_beside_the_api():
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for name, status, answer in answers():
        if name == "GET /badges/{id} 410":  # what Open Badges 2.0 has there
            assert list(answer["content"]) == ["application/ld+json"]
        elif status == "default" or int(status) >= 400:
            for_people = ["text/html"] if " /api/" not in name and status in ("404", "410", "429", "503") else []
            assert list(answer["content"]) == [PROBLEM, *for_people], name
            assert answer["content"][PROBLEM]["schema"] == problem["schema"], name
        else:
            assert PROBLEM not in answer.get("content", {}), name


def test_refusals_carry_the_headers_that_clients_need():
    for name, status, answer in answers():
        wanted = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After", "201": "Location"}.get(status)
        if wanted:
            assert contract().resolve(answer["headers"][wanted])["required"], name


def test_no_answer_admits_null():
    for name, _, answer in answers():
        for at, schema in schemas_of(answer.get("content", {})):
            assert not admits_null(schema), f"{name}{at}"


def test_null_stands_in_merge_patches_only():
    for at, node in walk(document()):
        if admits_null(node):
            assert re.match(r"/components/schemas/\w+Patch/", at), at


def test_names_are_in_snake_case():
    """But for those that other standards give."""
    for at, node in walk(document()):
        if "properties" in node and not at.endswith("/properties") and not re.match("/components/responses/(DidDocument|Revocations)", at):
            for name in node["properties"]:
                assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name), f"{at}: {name}"


def test_enum_values_are_in_lower_snake_case():
    """But for types of achievements, alignments and results, which are Open Badges' words, and forms of badges, which are words with a form behind."""
    forms = [node["schema"]["enum"] for _, node in walk(document())
             if node.get("name") == "format" and "enum" in node.get("schema", ())]
    for at, node in walk(document()):
        if isinstance(node.get("enum"), list) and not re.match("/components/schemas/(AchievementType|AlignmentType|ResultType|ResultStatus)/", at + "/"):
            dash = "-" if node["enum"] in forms else "_"
            for value in node["enum"]:
                assert re.fullmatch(rf"-?[a-z][a-z0-9]*({dash}[a-z0-9]+)*", value), f"{at}: {value}"


def test_bodies_of_requests_are_closed_objects():
    for name, _, operation in operations():
        body = contract().resolve(operation.get("requestBody", {"content": {}}))
        for media, content in body["content"].items():
            wanted = "string" if media in ("text/csv", "application/octet-stream") or media.startswith("image/") else "object"
            assert contract().resolve(content["schema"])["type"] == wanted, f"{name} {media}"
            for at, schema in schemas_of(content):
                foreign = (name, at) == ("POST /api/v1/pathways/import", "/properties/document")  # is as its own format has it
                if schema.get("type") == "object" and not foreign:
                    assert schema.get("additionalProperties") is False, f"{name} {media}{at}"


def test_everything_but_the_public_routes_needs_a_token():
    public = {"GET /healthz", "GET /readyz", "GET /api/v1/openapi.json", "POST /api/v1/sessions",
              "POST /api/v1/sessions/{id}", "GET /achievements/{id}", "GET /endorsements/{id}", "GET /issuers/{id}", "GET /issuers/{id}/image", "GET /oembed", "GET /issuers/{id}/did.json",
              "GET /issuers/{id}/revocations",
              "GET /.well-known/did.json", "GET /.well-known/jwks.json", "GET /status/{id}"}
    assert document()["security"] == [{"bearer": []}]
    for name, _, operation in operations():
        if name in ("GET /metrics", "GET /badges/{id}", "GET /achievements/{id}/image"):
            assert operation["security"] == [{}, {"bearer": []}]
        else:
            assert operation.get("security") == ([] if name in public else None), name


def test_every_operation_lists_the_refusals_of_its_kind():
    for name, item, operation in operations():
        listed = set(operation["responses"])
        wanted = {"400", "default"}
        if name.split()[1].startswith("/api/") and "openapi.json" not in name:
            wanted |= {"503"}
        if operation.get("security") != [] and "metrics" not in name:
            wanted |= {"401"} if name.endswith("/me") or not name.split()[1].startswith("/api/") else {"401", "403"}
        if "{id}" in name:
            wanted |= {"404"}
        if name.startswith("POST") and operation.get("security") != []:
            wanted |= {"409"}
        if operation.get("requestBody"):
            wanted |= {"413", "415"}
        if any(parameter["name"] == "If-Match" for parameter in parameters(item, operation)):
            wanted |= {"412", "428"}
        if "/api/" in name and "DELETE" not in name:
            wanted |= {"406"}
        assert wanted <= listed, f"{name} lacks {wanted - listed}"


def test_changes_need_if_match_and_posts_take_an_idempotency_key():
    free = {"DELETE /api/v1/sessions/{id}", "DELETE /api/v1/tokens/{id}", "DELETE /api/v1/jobs/{id}"}
    for name, item, operation in operations():
        headers = {parameter["name"]: parameter for parameter in parameters(item, operation) if parameter["in"] == "header"}
        changes = name.split()[0] in ("PATCH", "PUT", "DELETE") and name not in free or name.endswith(("/erase", "/submit", "/return", "/corrections/{id}/answer")) \
            or name == "POST /api/v1/achievements/{id}/approve" or re.search("submissions/{id}/(withdraw|reopen)$", name) is not None or re.search("reviews/{id}/(release|decide)$", name) is not None
        assert ("If-Match" in headers) == changes, name
        assert ("Idempotency-Key" in headers) == name.startswith("POST"), name


def test_every_single_resource_has_an_etag():
    for name, status, answer in answers():
        if not name.split()[1].startswith("/api/") or status not in ("200", "201"):
            continue
        if "application/octet-stream" in answer["content"]:
            assert contract().resolve(answer["headers"]["ETag"])["required"], name
            continue
        schema = contract().resolve(answer["content"]["application/json"]["schema"])
        lists = [contract().resolve(form) for form in schema.get("anyOf", [schema])]
        if all("items" in form["properties"] for form in lists):
            assert all({"items", "next", "total"} <= set(form["properties"]) for form in lists), name
        else:
            assert contract().resolve(answer["headers"]["ETag"])["required"], name


def test_every_list_takes_the_same_parameters_and_streams():
    for name, item, operation in operations():
        answer = contract().resolve(operation["responses"].get("200", {}))
        if "text/csv" in answer.get("content", {}):
            found = {parameter["name"] for parameter in parameters(item, operation)}
            assert {"limit", "cursor", "count", "format", "sort"} <= found, name
            assert "application/x-ndjson" in answer["content"], name
            assert "application/json" in answer["content"], name


def test_the_reports_columns_are_those_of_the_contract():
    forms = contract().resolve(document()["paths"]["/api/v1/reports/skills"]["get"]["responses"]["200"])["content"]
    assert forms["text/csv"]["examples"]["holdings"]["value"].splitlines()[0] == (
        "person_id,username,name,unit,title,manager,skill_id,skill_code,skill,level,verified,issuer,issued_at,"
        "expires_at,credential_id")


def test_csv_examples_have_as_many_cells_as_columns():
    for name, _, answer in answers():
        content = answer.get("content", {}).get("text/csv")
        if content:
            examples = [example["value"] for example in content.get("examples", {}).values()] or [content["example"]]
            for example in examples:
                Contract._check_csv(contract(), content, "text/csv; charset=utf-8",
                                    example.replace("\n", "\r\n"), name)


# ---- the daemon's route table, both ways


def test_the_daemon_and_the_document_have_the_same_routes():
    binary = BUILD / "skillsd"
    if not binary.exists():
        pytest.fail(f"{binary} is not built")
    listed = subprocess.run([binary, "routes"], capture_output=True, text=True, timeout=30, check=True).stdout
    served = [line for line in listed.splitlines() if line]
    assert all(re.fullmatch(r"[A-Z]+ /\S*", line) for line in served), listed
    assert len(served) == len(set(served)), "a route is in the table twice"
    written = contract().routes()
    assert sorted(set(served) - written) == [], "served and not written"
    assert sorted(written - set(served)) == [], "written and not served"


# ---- the kit's own checker


def test_answers_that_conform_pass():
    check("GET", "/api/v1/people/{id}", 200, "application/json", PERSON, {"etag": '"1"'})
    check("GET", f"/api/v1/people/{ID}?x=y", 404, PROBLEM, MISSING, {})
    check("HEAD", f"/api/v1/people/{ID}", 200, "application/json", "", {"ETag": '"1"'})
    check("GET", "/api/v1/people", 200, "application/json; charset=utf-8", {"items": [PERSON], "total": 1})
    check("GET", "/api/v1/people?format=ndjson", 200, "application/x-ndjson", [PERSON, PERSON])
    check("GET", "/api/v1/people?format=csv", 200, "text/csv; charset=utf-8", PEOPLE_CSV)
    check("DELETE", "/api/v1/sessions/current", 204)
    check("OPTIONS", "/api/v1/people", 204, headers={"Allow": "GET, HEAD, OPTIONS"})
    check("PUT", "/api/v1/people", 405, PROBLEM, {**MISSING, "status": 405})
    check("GET", "/api/v1/nothing", 404, PROBLEM, MISSING)


def test_every_form_of_the_report_passes():
    named, labelled = {"id": ID, "name": "Platform"}, {"id": ID, "label": "First aid"}
    because = [{"credential_id": ID, "achievement": {**named, "version": 1}, "issuer": named, "issued_at": TIME}]
    rows = [
        {"person": named, "username": "a", "unit": named, "skill": labelled, "level": 3, "verified": True, "because": because},
        {"person": named, "skills": [{**labelled, "level": 3}]},
        {"skill": labelled, "people": 3, "levels": {"1": 2, "5": 1}, "expiring_90d": 0},
        {"unit": named, "people": 9, "holders": 3, "skills": 2},
    ]
    for row in rows:
        check("GET", "/api/v1/reports/skills", 200, "application/json", {"items": [row], "note": "So it is."})
        check("GET", "/api/v1/reports/skills", 200, "application/x-ndjson", [row])


@pytest.mark.parametrize("change", [
    {"id": ID.upper()}, {"id": 7}, {"mail": None}, {"mail": ""}, {"status": "gone"}, {"updated_at": "2026-03-03T09:00:00+01:00"},
    {"updated_at": "2026-02-30T09:00:00Z"}, {"unit": "Platform"}, {"unit": {"id": ID}}, {"shoe_size": 43},
])
def test_bodies_outside_the_document_are_found(change):
    with pytest.raises(Mismatch):
        check("GET", "/api/v1/people/{id}", 200, "application/json", {**PERSON, **change})


@pytest.mark.parametrize("answer", [
    ("GET", f"/api/v1/people/{ID}", 418, PROBLEM, {**MISSING, "status": 418}),
    ("GET", f"/api/v1/people/{ID}", 404, "application/json", MISSING),
    ("GET", f"/api/v1/people/{ID}", 404, PROBLEM, {**MISSING, "status": 403}),
    ("GET", f"/api/v1/people/{ID}", 404, PROBLEM, {**MISSING, "type": "about:blank"}),
    ("GET", f"/api/v1/people/{ID}", 200, "application/json", PERSON, {}),
    ("GET", f"/api/v1/people/{ID}", 200, "application/json", PERSON, {"ETag": 'W/"1"'}),
    ("GET", "/api/v1/people", 200, "application/json", [PERSON]),
    ("GET", "/api/v1/people", 200, "application/x-ndjson", [PERSON, {"id": ID}]),
    ("GET", "/api/v1/people", 200, "text/csv; charset=utf-8", "id,name\r\n"),
    ("GET", "/api/v1/people", 200, "text/csv", PEOPLE_CSV),
    ("GET", "/api/v1/people", 200, "text/csv; charset=utf-8", PEOPLE_CSV + "1,2\r\n"),
    ("GET", "/api/v1/people", 503, PROBLEM, {**MISSING, "status": 503}, {}),
    ("GET", "/api/v1/me", 401, PROBLEM, {**MISSING, "status": 401}, {}),
    ("DELETE", f"/api/v1/claims/{ID}", 204, "application/json", {}),
    ("PUT", "/api/v1/people", 200, "application/json", {}),
    ("GET", "/api/v1/nothing", 200, "application/json", {}),
])
def test_answers_outside_the_document_are_found(answer):
    with pytest.raises(Mismatch):
        check(*answer)


def test_only_what_may_happen_below_the_routes_is_covered_by_default():
    for status in range(400, 600):
        body = {**copy.deepcopy(MISSING), "status": status}
        if status in BELOW_ROUTES | {400}:
            check("GET", "/healthz", status, PROBLEM, body)
        else:
            with pytest.raises(Mismatch):
                check("GET", "/healthz", status, PROBLEM, body)
