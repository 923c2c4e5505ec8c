# SPDX-License-Identifier: Apache-2.0
"""What strangers send to the daemon: bodies that are no JSON, values that are not what they should be, metacharacters in every
parameter, field and header. It is refused by name or comes back as it was, costs no memory and forges no line of the log."""
import csv
import io
import itertools
import random
import threading
import uuid
from urllib.parse import quote

import pytest
import requests
from kit.batches import ended
from kit.contract import BODIES, LISTS, OPERATIONS, raw, refused, seen, those, world  # noqa: F401 fixtures
from kit.generate import fits, good, is_text, read
from kit.hostile import CONTROLS, HARMLESS, MISFITS, NO_OBJECT, NOT_JSON, unclean
from kit.house import ACCOUNTS, is_sanitized
from kit.validate import contract

NUMBERS = itertools.count(1)
API = those(lambda operation: operation.is_of_api())
MIB = 1 << 20


def body_schema(name):
    return contract().resolve(next(iter(OPERATIONS[name].body.values()))["schema"])


def valid_body(world, name):
    """With what it must have and no more, made so that it is taken."""
    body = good(body_schema(name), random.Random(name), required_only=True)
    known = {"framework": "CON-0", "person": world.ids["people"], "achievement": world.ids["achievements"],
             "skill": world.ids["skills"], "level": 1, "code": f"code {next(NUMBERS)}", "name": f"name {next(NUMBERS)}"}
    if name.endswith("/corrections"):  # what it is of is needed of some
        known["about"] = "person"
    if "subject" in body:  # nothing is endorsed twice
        known["subject"] = world.clients["admin"].post("/issuers", {"name": "x"}, gives=201)["id"]
    if name.endswith("/goals"):  # of three things one
        return {"skill": world.ids["skills"], "level": 1}
    if name.endswith("/batches"):  # what is issued has no reason
        known["action"] = "suspend"
    return {field: known.get(field, value) for field, value in body.items()}


def fresh_path(world, name):
    """Of something that can be turned once more."""
    verb = name.rpartition("/")[2]
    if verb in ("submit", "approve", "return"):
        path = f"/achievements/{world.issuer.post('/achievements', {'name': 'x'}, gives=201)['id']}"
        if verb != "submit":
            world.issuer.expect(200, "POST", f"{path}/submit", headers={"If-Match": "*"})
        return f"/api/v1{path}/{verb}"
    if name.endswith("/corrections/{id}/answer"):
        made = world.employee.post("/corrections", {"about": "other", "text": "x"}, gives=201)
        return OPERATIONS[name].path.replace("{id}", made["id"])
    if name.endswith("/claims/{id}/endorsements"):
        skill = world.hr.post("/skills", {"framework": "CON-0", "code": f"endorsed {next(NUMBERS)}", "label": "x"}, gives=201)["id"]
        claim = world.employee.post("/claims", {"skill": skill, "level": 2, "shared": True, "colleagues": True}, gives=201)
        return OPERATIONS[name].path.replace("{id}", claim["id"])
    if "/proofs/{id}/" in name:
        world.enrolment()
        if verb == "revoke":
            world.hr.post(f"/proofs/{world.ids['proofs']}/accept", gives=200)
        return OPERATIONS[name].path.replace("{id}", world.ids["proofs"])
    if not name.endswith(("/revoke", "/suspend")):
        return None
    made = world.issuer.issue(ACCOUNTS["MANAGER"], world.ids["achievements"])
    return OPERATIONS[name].path.replace("{id}", made["id"])


def named(answer):
    return [error["field"] for error in answer.json().get("errors", [])]


# ---- bodies

@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_json_is_refused_and_says_where(world, name):
    kind = {"Content-Type": "application/json", "If-Match": "*"}
    start = BODIES.index(name) % 4
    for data in NOT_JSON[start::4]:
        answer = world.ask(name, data=data, headers=kind)
        assert answer.status_code == (413 if len(data) > 65536 and answer.status_code != 400 else 400), data[:60]
        deep = data.count(b"[") + data.count(b"{") > 17  # which is said before it is parsed
        words = ["nested deeper than 16"] if deep else ["not JSON", "column"]
        assert answer.status_code == 413 or all(word in answer.text for word in words), answer.text
    for data in NO_OBJECT:
        assert "must be a JSON object" in refused(world.ask(name, data=data, headers=kind), 400).text


@pytest.mark.parametrize("name", BODIES)
def test_a_value_that_does_not_fit_is_named(world, name):
    for number, (field, schema) in enumerate(body_schema(name).get("properties", {}).items()):
        for value in MISFITS[number % 2::2]:
            if fits(schema, value):
                continue
            answer = world.ask(name, body={**valid_body(world, name), field: value}, headers={"If-Match": "*"})
            if answer.status_code == 413:
                continue
            if answer.status_code == 202:  # what is wrong with a row is said of the row
                errors = ended(world.issuer, answer.json()["job"])["errors"]
                assert field == "rows" and all(error["field"].startswith("/rows/") for error in errors)
                continue
            refused(answer, 400)
            assert any(where == f"/{field}" or where.startswith(f"/{field}/") for where in named(answer)), (field, str(value)[:60], answer.text)


def texts_of(name):
    return [field for field, schema in body_schema(name).get("properties", {}).items() if is_text(schema)]


REFERENCES = {"group", "framework", "scale", "source", "username", "parent_id", "skill"}


KEPT = [name for name in BODIES if set(texts_of(name)) - REFERENCES and not name.endswith(("verifications", "received", "import", "simulations"))]


@pytest.mark.parametrize("name", KEPT)
def test_text_comes_back_as_it_was_sent(world, name):
    fields = [field for field in texts_of(name) if field not in REFERENCES]
    for at in range(0, len(HARMLESS), 1 if name.startswith(("POST /api/v1/sk", "POST /api/v1/fr")) else 5):
        unique = f"{next(NUMBERS)}"
        sent = {field: HARMLESS[(at + number) % len(HARMLESS)] + (unique if field in ("code", "name") else "")
                for number, field in enumerate(fields)}
        answer = world.ask(name, path=fresh_path(world, name), body={**valid_body(world, name), **sent}, headers={"If-Match": "*"})
        assert answer.status_code in (200, 201, 202, 401, 409, 429), answer.text
        if answer.status_code < 300:
            back = answer.json()
            back = world.issuer.get(f"/batches/{back['job']['batch_id']}") if "job" in back else back
            if name.endswith("/replace"):  # why it was, is said of the one that was
                back = world.issuer.get(f"/credentials/{back['replaces']}")
            if name.endswith("/uses"):
                back = world.hr.get(f"/credentials/{back['id']}/uses", sort="-recorded_at")["items"][0]
            if "comment" in sent and "comment" not in back:  # what is said with a step stands in the story
                back = next(one for one in world.hr.get(f"/achievements/{back['id']}/events", sort="-at")["items"] if "comment" in one)
            assert {field: back[field] for field in sent if field in back} == {field: sent[field] for field in sent if field in back}
            assert sent.keys() & back.keys()


@pytest.mark.parametrize("name", [name for name in BODIES if texts_of(name)])
def test_control_characters_are_refused_by_name(world, name):
    fields = texts_of(name)
    for value in CONTROLS:
        data = {**valid_body(world, name), **dict.fromkeys(fields, value)}
        answer = refused(world.ask(name, body=data, headers={"If-Match": "*"}), 400)
        wrong = {f"/{field}" for field in fields}
        assert set(named(answer)) == wrong or "\x00" in value and set(named(answer)) < wrong and named(answer), (value, answer.text)


# ---- parameters

def parameters_of(name, wanted):
    return {parameter: found["schema"] for (place, parameter), found in OPERATIONS[name].parameters.items()
            if place == "query" and wanted(parameter, found["schema"])}


def is_free(parameter, schema):
    items = contract().resolve(schema).get("items", schema)
    return is_text(items) and parameter != "cursor"


@pytest.mark.parametrize("name", [name for name in API if parameters_of(name, is_free) and not name.endswith("/files")])  # a file is missing then
def test_text_in_a_parameter_is_text(world, name):
    free = parameters_of(name, is_free)
    for at in range(len(HARMLESS)):
        answer = world.ask(name, params={parameter: HARMLESS[(at + 7 * number) % len(HARMLESS)] for number, parameter in enumerate(free)})
        assert answer.status_code in (200, 400), answer.text
        assert answer.status_code == 200 or named(answer) and set(named(answer)) <= set(free), answer.text
    for value in CONTROLS:
        answer = refused(world.ask(name, params=dict.fromkeys(free, value)), 400)
        assert set(named(answer)) == set(free), (value, answer.text)


NO_VALUES = [*HARMLESS, *CONTROLS, *(value for value in MISFITS if isinstance(value, str) and len(value) < 5000), "1.5", "+1", "1e1", "\uff19", "TRUE",
             "18446744073709551617"]
LOOKED_UP = {"cursor", "sort", "type", "achievement"}  # once all others are in order


@pytest.mark.parametrize("name", API)
def test_text_in_a_parameter_that_takes_none_is_refused_by_name(world, name):
    typed = parameters_of(name, lambda parameter, schema: not is_free(parameter, schema))
    for number, value in enumerate(NO_VALUES[API.index(name) % 3::3]):
        wrong = {parameter for parameter, schema in typed.items() if parameter == "cursor" or not fits(schema, read(schema, value))}
        late = sorted(wrong & LOOKED_UP)
        for asked in wrong - LOOKED_UP, {late[number % len(late)]} if late else set():
            if asked:
                answer = refused(world.ask(name, params=dict.fromkeys(asked, value), headers={"If-Match": "*"}), 400)
                assert set(named(answer)) == asked, (value, answer.text)


@pytest.mark.parametrize("name", those(lambda operation: operation.method == "GET" and operation.is_of_api()))
def test_what_is_no_utf8_is_refused_by_name(world, name):
    token = ("Authorization", f"Bearer {world.clients[OPERATIONS[name].actor()].token}")
    for parameter in ["unknown", *(found for place, found in OPERATIONS[name].parameters if place == "query")]:
        for value in ("%ff", "%c0%af", "%ed%a0%80", "a%00b", "%", "%4", "%zz", "%f4%90%80%80"):
            answer = raw(world, f"{world.path(OPERATIONS[name])}?{parameter}={value}", [token])
            assert answer.status == 400 and f'"field":"{parameter}"' in answer.text, answer.text


@pytest.mark.parametrize("name", those(lambda operation: operation.takes("q")))
def test_what_is_looked_for_is_no_pattern(world, name):
    for q in "%", "_", "\\", "%%", "K_", "*", ".*":
        for item in world.ask(name, params={"q": q, "limit": 500}).json()["items"]:
            assert q.lower() in str([*item.values()]).replace("\\\\", "\\").lower(), item


# ---- ids and addresses

@pytest.mark.parametrize("name", those(lambda operation: operation.method == "GET" and "{id}" in operation.path))
def test_what_is_no_id_is_nowhere(world, name):
    token = ("Authorization", f"Bearer {world.clients[OPERATIONS[name].actor()].token}")
    for value in [*HARMLESS, *CONTROLS, "current ", "0", "-1", "00000000-0000-0000-0000-00000000000", "0" * 36, "x" * 5000, "null"]:
        answer = raw(world, OPERATIONS[name].path.replace("{id}", quote(value, safe="")), [token])
        assert answer.status == (400 if any(c in value for c in "/\\.\0") and answer.status == 400 else 404), value


# ---- headers

def test_headers_say_what_they_say_and_nothing_is_thrown_back(world):
    token = ("Authorization", f"Bearer {world.hr.token}")
    for value in [text for text in HARMLESS if text.isascii() and "\n" not in text and "\t" not in text]:
        others = [(header, value) for header in ("Accept-Language", "User-Agent", "X-Request-Id", "If-None-Match", "Range", "Origin",
                                                 "Cookie", "X-Forwarded-For", "Referer")]
        answer = raw(world, "/api/v1/units?limit=1", [token, *others])
        assert answer.status == 200 and not any(value in line for line in answer.headers.values() if len(value) > 3), value
        assert raw(world, "/api/v1/units?limit=1", [token, ("Accept", value)]).status in (200, 406)
        assert raw(world, "/api/v1/units", [("Authorization", f"Bearer {value}")]).status == 401
    for key in "", "\u00e9", "a b", "x" * 256, "a\x1b[2J", "a\x7f", "\x9b":
        answer = world.ask("POST /api/v1/tokens", body={"name": "x", "scopes": ["people:read"]}, headers={"Idempotency-Key": key.encode()})
        assert answer.status_code == 400, key


# ---- what is left behind

def growth(world, send):
    """Bytes by which a second storm of requests takes more than the first took at its worst."""
    most = []
    for _ in range(2):
        threads = [threading.Thread(target=send, args=(world.hr.twin(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        most.append(world.house.memory("VmHWM"))
    return most[1] - most[0]


def test_bodies_that_blow_up_leave_no_memory_behind(world):
    kind = {"Content-Type": "application/json"}
    bombs = [b'{"a":[' + b"[]," * 80000 + b"[]]}", b'{"a":' * 40000, b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", b"[" * 262000,
             b'{"label":"' + b"\\u00e9" * 40000 + b'"}', b"{" + b",".join(b'"%d":0' % n for n in range(25000)) + b"}", b'{"a":"' + b"x" * 10 * MIB + b'"}']

    def send(client):
        for _ in range(4):
            for bomb in bombs:
                try:
                    assert client.ask("POST", "/skills", data=bomb, headers=kind).status_code in (400, 413)
                except requests.ConnectionError:
                    assert len(bomb) > 10 * MIB, "only who sends on after the refusal may miss it"
    assert growth(world, send) < (192 if is_sanitized() else 16) * MIB


def test_a_nul_among_thousands_behind_a_long_name_costs_no_memory(world):
    """Its place is named; a path for each of the others would be gigabytes, and nobody need be signed in."""
    body = b'{"' + b"k" * 16000 + b'":[' + b"1," * 8200 + b'"\\u0000"]}'
    before = world.house.memory("VmHWM")
    for _ in range(4):
        answer = world.hr.ask("POST", f"/sessions/{uuid.uuid4()}", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400 and named(answer) == [f"/{'k' * 16000}/8200"]
    assert world.house.memory("VmHWM") - before < (64 if is_sanitized() else 8) * MIB


def test_no_cell_of_any_list_is_a_formula(world):
    formulas = 0
    for name in LISTS:
        answer = world.ask(name, params={"format": "csv"})
        for row in csv.reader(io.StringIO(answer.text, newline="")):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row), row
            formulas += sum(cell.startswith("'=") for cell in row)
    assert formulas, "some were there to be made harmless"


def test_no_answer_was_a_fault_and_no_line_of_the_log_is_forged(world):
    """Holds once all the tests above have run."""
    log = world.house.log_path.read_bytes().decode("utf-8")
    assert unclean(log) == [] and unclean("forged: line") and unclean(log.splitlines()[0] + "\x9b31m")
    assert [line for line in log.splitlines() if line.split(" ", 2)[1] == "error"] == []
    assert unclean("\n".join("2026-01-01T00:00:00Z info gate: " + line for line in world.house.gate.log().splitlines())) == []
    assert not [answer for answer in world.seen if answer[1][0] == "5"]
