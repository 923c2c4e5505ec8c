# SPDX-License-Identifier: Apache-2.0
"""What may be sent, to the letter: every parameter and field of the document is taken by its route and by no other,
within the bounds that the document names, and nothing else is taken. Names are those of the document and the daemon's sources."""
import re

import pytest
from kit.contract import BODIES, OPERATIONS, good_body, seen, those, world  # noqa: F401 fixtures
from kit.gate import ROOT
from kit.validate import contract

OURS = {name for path in (ROOT / "daemon/api").glob("*.c") for name in re.findall(r'\{"(\w+)",\s*FIELD_', path.read_text())}
API = those(lambda operation: operation.is_of_api())


def body_schema(name):
    return contract().resolve(next(iter(OPERATIONS[name].body.values()))["schema"])


def complaints(answer):
    """{what: message} of a 400; nothing of anything else."""
    if answer.status_code != 400:
        return {}
    return {error["field"]: error["message"] for error in answer.json().get("errors", [])}


def chunks(names, size=12):
    names = sorted(names)
    return [names[at:at + size] for at in range(0, len(names), size)]


@pytest.mark.parametrize("name", API)
def test_a_route_takes_the_parameters_of_the_document_and_no_others(world, name):
    written = {parameter for place, parameter in OPERATIONS[name].parameters if place == "query"}
    refused = set()
    for names in chunks(OURS | {"shoe_size"} | written):
        found = complaints(world.ask(name, params={**dict.fromkeys(names, "x"), "shoe_size": "x"}, headers={"If-Match": "*"}))
        refused |= {field for field, message in found.items() if message == "is not a parameter here"}
    assert (OURS | {"shoe_size"} | written) - refused == written


@pytest.mark.parametrize("name", BODIES)
def test_a_body_takes_the_fields_of_the_document_and_no_others(world, name):
    written = set(body_schema(name).get("properties", {}))
    refused = set()
    for fields in chunks(OURS | {"shoe_size"} | written):
        body = {**dict.fromkeys(fields, 7), "shoe_size": 7}
        found = complaints(world.ask(name, body=body, headers={"If-Match": "*"}))
        refused |= {field[1:] for field, message in found.items() if message == "is not a field here"}
    assert (OURS | {"shoe_size"} | written) - refused == written


@pytest.mark.parametrize("name", BODIES)
def test_what_a_body_must_have_is_named(world, name):
    required = set(body_schema(name).get("required", []))
    found = complaints(world.ask(name, body={}, found=bool(required) or "PATCH" in name, headers={"If-Match": "*"}))
    assert {field[1:] for field, message in found.items() if message == "is required"} == required


def example_of(schema):
    return "https://example.org/" if schema.get("pattern") == "^https?://" else ""


def bounds_of(schemas):
    """(what, the longest that is taken, one too long) and the same with numbers, as the document has it."""
    for what, schema in schemas:
        schema = contract().resolve(schema)
        schema = contract().resolve(schema["anyOf"][0]) if "anyOf" in schema and "maxLength" not in schema else schema
        kind = schema.get("type")
        if kind in ("string", ["string", "null"]) and "maxLength" in schema and (not schema.get("pattern") or example_of(schema)):
            longest = (example_of(schema) + "é").ljust(schema["maxLength"], "x")  # characters count, not bytes
            yield what, longest, longest + "x"
        elif kind == "integer":
            yield what, schema["minimum"], schema["minimum"] - 1
            yield what, schema["maximum"], schema["maximum"] + 1


@pytest.mark.parametrize("name", API)
def test_parameters_have_the_bounds_of_the_document(world, name):
    parameters = [(parameter, found["schema"]) for (place, parameter), found in OPERATIONS[name].parameters.items() if place == "query"]
    for what, good, bad in bounds_of(parameters):
        found = complaints(world.ask(name, params={what: good}))
        assert "at most" not in found.get(what, "") and "must be from" not in found.get(what, ""), f"{what}: {found}"
        found = complaints(world.ask(name, params={what: bad}))
        assert "at most" in found.get(what, "") or "must be from" in found.get(what, ""), f"{what}: {found}"


@pytest.mark.parametrize("name", BODIES)
def test_fields_have_the_bounds_of_the_document(world, name):
    schema = body_schema(name)
    for what, good, bad in bounds_of(schema.get("properties", {}).items()):
        # Beside a field that is none, so that nothing is done.
        found = complaints(world.ask(name, body={**(good_body(name) or {}), what: good, "shoe_size": 43}, headers={"If-Match": "*"}))
        assert set(found) & {f"/{what}", "/shoe_size"} == {"/shoe_size"}, f"{what}: {found}"
        found = complaints(world.ask(name, body={**(good_body(name) or {}), what: bad, "shoe_size": 43}, headers={"If-Match": "*"}))
        assert "at most" in found.get(f"/{what}", "") or "must be from" in found.get(f"/{what}", ""), f"{what}: {found}"


@pytest.mark.parametrize("name", those(lambda operation: operation.method == "PATCH"))
def test_null_removes_what_the_document_lets_be_removed(world, name):
    def takes_null(schema):
        schema = contract().resolve(schema)
        kinds = [contract().resolve(one).get("type") for one in schema.get("anyOf", [])] + [schema.get("type")]
        return "null" in kinds or any(isinstance(kind, list) and "null" in kind for kind in kinds)
    for what, schema in body_schema(name)["properties"].items():
        beside = {"shoe_size": 43} if takes_null(schema) else {}  # a field that is none, so that nothing is done
        found = complaints(world.ask(name, body={what: None, **beside}, headers={"If-Match": "*"}))
        assert (f"/{what}" in found) != takes_null(schema), f"{what}: {found}"


LISTS = {"synonyms": ("POST /api/v1/skills", "x"), "levels": ("POST /api/v1/scales", "x"), "scopes": ("POST /api/v1/tokens", "x"),
         "skills": ("POST /api/v1/achievements", {"skill": "x", "level": 1}), "evidence": ("POST /api/v1/credentials", {"name": "x"}),
         "answers": ("POST /api/v1/sessions/{id}", "x")}


@pytest.mark.parametrize("field", LISTS)
def test_arrays_have_the_size_of_the_document(world, field):
    name, item = LISTS[field]
    schema = contract().resolve(body_schema(name)["properties"][field])
    right = {"framework": "CON-0", "code": "x", "label": "x", "name": "x", "person": world.ids["people"],
             "achievement": world.ids["achievements"]}
    body = {key: value for key, value in right.items() if key in body_schema(name)["properties"]}
    items = [item if isinstance(item, dict) else f"{item}{number}" for number in range(schema["maxItems"] + 1)]
    found = complaints(world.ask(name, body={**body, field: items}))
    assert f"/{field}" in found and ("at most" in found[f"/{field}"] or " to " in found[f"/{field}"]), found
    found = complaints(world.ask(name, body={**body, field: items[:-1], "shoe_size": 43}))
    assert f"/{field}" not in found, found
    if schema.get("minItems"):
        assert f"/{field}" in complaints(world.ask(name, body={**body, field: []}))
