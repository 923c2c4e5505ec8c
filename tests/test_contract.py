# SPDX-License-Identifier: Apache-2.0
"""The outward contract, walked: every route with real data, in every form and with every status that the document
has of it. The document leads: a route, a form or a status added there is asked for here, and missed when it never comes.
Tests run in the order they stand in: the last one looks back."""
import csv
import datetime
import http.client
import io
import json
import re
import subprocess

import ldap
import pytest
from kit import validate
from kit.gate import make_userdb, otp_service
from kit.house import ACCOUNTS, AUDITOR, BASE, House, demo_house, installed, wait_for
from kit.validate import PROBLEM, contract

MISSING = "0190a000-0000-7000-8000-000000000000"
VERBS = {"get", "post", "patch", "delete"}
TYPES = {400: {"bad-field", "bad-request"}, 401: {"unauthorized"}, 403: {"forbidden"}, 404: {"not-found"},
         405: {"method-not-allowed"}, 406: {"not-acceptable"}, 409: {"conflict", "key-reused"}, 412: {"stale"},
         413: {"too-large"}, 415: {"unsupported-media-type"}, 428: {"precondition-required"},
         429: {"too-many-attempts"}, 503: {"unavailable"}}
FORMATS = {"application/json": "json", "application/x-ndjson": "ndjson", "text/csv": "csv"}
# Who asks; hr where nothing is said.
BY = {"POST /api/v1/credentials": "issuer", "POST /api/v1/directory/runs": "admin", "POST /api/v1/claims": "employee",
      "PATCH /api/v1/claims": "employee", "DELETE /api/v1/claims": "employee", "GET /api/v1/directory/runs": "admin",
      "GET /api/v1/audit": "auditor", "GET /api/v1/access": "auditor", "GET /api/v1/claims": "employee"}


class Operation:
    """One of the document, resolved."""

    def __init__(self, path, verb, item, operation):
        self.path, self.method, self.raw = path, verb.upper(), operation
        self.parameters = {(found["in"], found["name"]): found for found in
                           map(contract().resolve, item.get("parameters", []) + operation.get("parameters", []))}
        self.answers = {status: contract().resolve(answer) for status, answer in operation["responses"].items()}
        self.body = contract().resolve(operation.get("requestBody", {})).get("content", {})
        self.forms = list(self.answers.get("200", {}).get("content", {}))
        schema = contract().resolve(self.answers.get("200", {}).get("content", {}).get("application/json", {}).get("schema", {}))
        shapes = [contract().resolve(form) for form in schema.get("anyOf", [schema])]
        self.is_list = self.method == "GET" and all("items" in shape.get("properties", {}) for shape in shapes)

    def takes(self, name):
        return self.parameters.get(("query", name), {}).get("schema")

    def has(self, status):
        return str(status) in self.answers

    def is_of_api(self):
        return self.path.startswith("/api/")

    def actor(self):
        noun = re.match(r"/api/v1/(directory/runs|\w+)|.*", self.path)[0]
        return BY.get(f"{self.method} {noun}", "hr")


OPERATIONS = {f"{verb.upper()} {path}": Operation(path, verb, item, item[verb])
              for path, item in contract().paths.items() for verb in item if verb in VERBS}
LISTS = [name for name, operation in OPERATIONS.items() if operation.is_list]
PAGED = [name for name in LISTS if OPERATIONS[name].takes("cursor")]


def those(condition):
    return [name for name, operation in OPERATIONS.items() if condition(operation)]


class World:
    """A house with something of everything, a client for each role, and what was seen of the contract."""

    def __init__(self, house, seen):
        self.house, self.seen = house, seen
        sign_in = house.sign_in
        self.clients = {"hr": sign_in(ACCOUNTS["HR"]), "issuer": sign_in(ACCOUNTS["ISSUER"]),
                        "admin": sign_in(ACCOUNTS["ADMIN"]), "employee": sign_in(ACCOUNTS["EMPLOYEE"]),
                        "auditor": sign_in(AUDITOR), "machine": sign_in("machine"), "nobody": house.client()}
        self.hr, self.issuer, self.employee = (self.clients[who] for who in ("hr", "issuer", "employee"))
        self.ids = {}
        self.fill_catalogue()
        self.fill_awards()
        self.fill_access()

    def fill_catalogue(self):
        hr = self.hr
        for number in range(4):
            code = f"CON-{number}"
            self.ids["frameworks"] = hr.post("/frameworks", {"code": code, "name": f"Contract {number}", "uri": "https://example.org/c",
                                                             "description": "What was agreed"}, gives=201)["id"]
            self.ids["scales"] = hr.post("/scales", {"name": f"steps {number}", "levels": ["a", "b", "c"]}, gives=201)["id"]
            skill = hr.post("/skills", {"framework": code, "code": f"K{number}", "label": f"Skill {number}", "scale": f"steps {number}",
                                        "uri": "https://example.org/k", "description": "x", "synonyms": ["one", "two"]}, gives=201)
            child = hr.post("/skills", {"framework": code, "code": f"L{number}", "label": "Below it", "parent_id": skill["id"]}, gives=201)
            earned = hr.post("/achievements", {
                "name": f"Achievement {number}", "type": "ext:Habit" if number else "Certification", "state": "published",
                "description": "x", "criteria": "y", "validity": "P2Y", "image_url": "https://example.org/i.png",
                "skills": [{"skill": skill["id"], "level": 2}, {"skill": {"id": child["id"]}, "level": 4}]}, gives=201)
            self.ids.update(skills=skill["id"], achievements=earned["id"])

    def fill_awards(self):
        evidence = [{"name": "Test", "url": "https://example.org/t", "narrative": "=1+1 passed"}]
        for username in ACCOUNTS["EMPLOYEE"], ACCOUNTS["MANAGER"], ACCOUNTS["HR"], ACCOUNTS["EMPLOYEE"]:
            made = self.issuer.issue(username, self.ids["achievements"], evidence=evidence)
        for verb in "suspend", "reinstate":
            self.issuer.post(f"/credentials/{made['id']}/{verb}", {"reason": "x"}, gives=200)
        other = self.hr.pages("/achievements", limit=500)[0]["id"]
        self.issuer.issue(ACCOUNTS["EMPLOYEE"], other, valid_from="2020-01-01T00:00:00+02:00", expires_at="2099-01-01")
        self.ids.update(credentials=made["id"], people=made["person"]["id"])
        for skill in self.hr.pages("/skills", limit=500)[:5]:
            claim = self.employee.post("/claims", {"skill": skill["id"], "level": 1, "note": "x", "shared": True}, gives=201)
        self.ids["claims"] = claim["id"]

    def fill_access(self):
        for number in range(3):
            for who in "hr", "admin":
                made = self.clients[who].post("/tokens", {"name": f"token {number}", "scopes": ["people:read", "credentials:write"]}, gives=201)
                self.clients[f"{who}'s token"] = self.house.client(made["token"])
                self.ids["tokens"] = made["id"] if who == "hr" else self.ids["tokens"]
            self.house.sign_in(ACCOUNTS["HR"])
            self.ids["directory"] = self.house.sync()["id"]
        self.ids["units"] = self.hr.get("/units")["items"][0]["id"]

    def path(self, operation, found=True):
        noun = operation.path.split("/")[3] if operation.is_of_api() else ""
        here = "current" if noun == "sessions" and operation.method == "GET" else self.ids.get(noun, MISSING)
        return operation.path.replace("{id}", here if found else MISSING)

    def ask(self, name, *, by=None, found=True, path=None, body=None, **how):
        """The answer to an operation of the document, by one who may."""
        operation = OPERATIONS[name]
        if body is None and operation.body and "data" not in how:
            body = {}
        answer = self.clients[by or operation.actor()].ask(operation.method, path or self.path(operation, found), body, **how)
        if answer.status_code >= 400:
            kind = answer.json()["type"].removeprefix("urn:skillsd:problem:")
            assert kind in TYPES[answer.status_code], f"{name}: {answer.text}"
        return answer


@pytest.fixture(scope="module")
def seen():
    """(operation, status, media type) of every answer that the kit has held against the document."""
    visits, check = set(), validate.check_response

    def check_and_note(answer):
        check(answer)
        name = f"{answer.request.method} {contract().template(answer.request.path_url)}"
        visits.add((name, str(answer.status_code), answer.headers.get("Content-Type", "").split(";")[0]))
    validate.check_response = check_and_note
    yield visits
    validate.check_response = check


@pytest.fixture(scope="module")
def world(seen):
    house = demo_house({"throttle": {"user_failures": 3}, "server": {"trusted_proxy": "127.0.0.1"},
                        "role assessor": {"group": [f"cn=assessors,ou=groups,{BASE}", "nobody made this"]}})
    house.passwords["machine"] = "machine-password"
    make_userdb(house.folder / "users", {name: house.passwords[name] for name in ("rescue", "machine", ACCOUNTS["ADMIN"])})
    house.expects_errors = True  # the database is taken away in the end
    with house:
        yield World(house, seen)


def refused(answer, status, field=None):
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    if field:
        assert field in [error["field"] for error in answer.json()["errors"]], answer.text
    return answer


# ---- what comes

@pytest.mark.parametrize("name", those(lambda operation: operation.method == "GET"))
def test_every_form_comes_by_accept_and_by_format(world, name):
    operation = OPERATIONS[name]
    for form in operation.forms:
        assert world.ask(name, headers={"Accept": form}).headers["Content-Type"].startswith(form)
        if operation.takes("format"):
            answer = world.ask(name, params={"format": FORMATS[form]}, headers={"Accept": "image/png"})
            assert answer.status_code == 200 and answer.headers["Content-Type"].startswith(form)


@pytest.mark.parametrize("name", those(lambda operation: operation.method == "GET"))
def test_head_is_get_without_the_body(world, name):
    operation = OPERATIONS[name]
    got = world.ask(name)
    head = world.clients[operation.actor()].ask("HEAD", world.path(operation))
    assert (head.status_code, head.content) == (got.status_code, b"")
    volatile = name in ("GET /metrics", "GET /api/v1/audit")
    for header in "Content-Type", "ETag", "Content-Length":
        assert volatile or head.headers.get(header) == got.headers.get(header), header


def test_what_is_made_is_found_where_it_says_and_changes_its_etag_when_it_changes(world):
    hr, employee = world.hr, world.employee
    made = [
        (hr, "/frameworks", {"code": "MADE", "name": "Made"}, {"name": "Made anew"}),
        (hr, "/scales", {"name": "made", "levels": ["a", "b"]}, {"levels": ["a", "b", "c"]}),
        (hr, "/skills", {"framework": "MADE", "code": "MADE-1", "label": "Making"}, {"synonyms": ["doing"]}),
        (hr, "/achievements", {"name": "Maker"}, {"state": "published", "skills": [{"skill": "MADE-1", "level": 1}]}),
        (employee, "/claims", {"skill": "MADE-1", "level": 1}, {"shared": True}),
        (world.issuer, "/credentials", {"person": ACCOUNTS["MANAGER"], "achievement": world.ids["achievements"]}, None),
        (hr, "/tokens", {"name": "Made", "scopes": ["reports:read"]}, None),
        (world.clients["admin"], "/directory/runs", {"source": "main"}, None)]
    for client, path, body, change in made:
        first = client.post(path, body, gives=201)
        where, etag = client.last.headers["Location"], client.last.headers["ETag"]
        assert where == f"/api/v1{path}/{first['id']}"
        if path == "/directory/runs":
            wait_for("the run", lambda at=where: client.get(at)["state"] != "running")
            continue
        again = client.get(where)
        assert again == {key: value for key, value in first.items() if key != "token"}
        assert path == "/tokens" or client.last.headers["ETag"] == etag
        if change:
            for kind in "application/json", "application/merge-patch+json":
                answer = client.ask("PATCH", where, data=json.dumps(change), headers={"If-Match": etag, "Content-Type": kind})
                assert answer.status_code == 200 and answer.headers["ETag"] != etag, answer.text
                etag = answer.headers["ETag"]
                change = {**change, "name": "Again"} if "name" in change or path == "/achievements" else change
            assert client.get(where) == answer.json() and client.last.headers["ETag"] == etag
    employee.delete("/claims/" + employee.get("/claims", skill="MADE-1")["items"][0]["id"], "*")


def test_credentials_turn_and_tokens_and_sessions_end(world):
    issuer = world.issuer
    made = issuer.issue(ACCOUNTS["MANAGER"], world.ids["achievements"])
    for verb, body in ("suspend", {"reason": "x"}), ("reinstate", None), ("revoke", {"reason": "x"}):
        assert issuer.post(f"/credentials/{made['id']}/{verb}", body, gives=200)["id"] == made["id"]
    token = world.hr.post("/tokens", {"name": "x", "scopes": ["people:read"]}, gives=201)
    world.hr.delete(f"/tokens/{token['id']}")
    world.house.sign_in(ACCOUNTS["HR"]).delete("/sessions/current")


def test_parked_runs_are_dropped_and_approved(world):
    people = world.hr.get("/people", limit=500)["items"]
    managers = {person["manager"]["id"] for person in people if "manager" in person}
    leavers = [person["username"] for person in people if person["id"] not in managers
               and person["username"] not in (*ACCOUNTS.values(), AUDITOR)][:30]
    link, admin = world.house.slapd.admin(), world.clients["admin"]
    for username in leavers:
        link.delete_s(link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])[0][0])
    for verb, state in ("drop", "dropped"), ("approve", "approved"):
        run = world.house.sync("needs_approval")
        assert len([line for line in run["lines"] if line["kind"] == "absent"]) == 30
        decided = admin.post(f"/directory/runs/{run['id']}/{verb}", gives=200)
        assert decided["state"] == state and decided["decided_by"] == f"pam:{ACCOUNTS['ADMIN']}"
    assert world.hr.get("/people", status="absent", count=True)["total"] == 30


def test_signing_in_may_ask_twice(seen):
    """PAM asks for a code, then for another password and another code."""
    service = otp_service("first", "otp=4711")
    with House(None, service=[service[0], *otp_service("second", "otp=4712")]) as house:
        house.expects_errors = True
        client = house.client()

        def begun():
            client.expect(202, "POST", "/sessions", {"username": "rescue", "password": "first"})
            return client.last.headers["Location"]
        talk = begun()
        for answer in "4711", "second":
            asked = client.post(talk, {"answers": [answer]}, gives=202)
            assert client.last.headers["Location"] == f"/api/v1/sessions/{asked['id']}"
            talk = client.last.headers["Location"]
        opened = client.post(talk, {"answers": ["4712"]}, gives=201)
        assert house.client(opened["token"]).get(client.last.headers["Location"])["id"] == opened["id"]
        client.post(begun(), {"answers": ["4711"]}, gives=202)
        talk = client.last.headers["Location"]
        client.post(talk, {"answers": ["second"]}, gives=202)
        client.post(client.last.headers["Location"], {"answers": ["wrong"]}, gives=401)
        client.post(talk, {"answers": ["wrong"]}, gives=404)
        talk = begun()
        for answer in "4711", "second":
            client.post(talk, {"answers": [answer]}, gives=202)
            talk = client.last.headers["Location"]
        house.postgres.stop()
        client.post(talk, {"answers": ["4712"]}, gives=503)


def raw(world, path, headers):
    """An answer to a GET just as it is written here, held against the document."""
    link = http.client.HTTPConnection("127.0.0.1", world.house.port, timeout=20)
    link.putrequest("GET", path)
    for name, value in headers:
        link.putheader(name, value)
    link.endheaders()
    answer = link.getresponse()
    answer.text = answer.read().decode()
    kind = answer.headers["Content-Type"]
    validate.check("GET", path, answer.status, kind, json.loads(answer.text) if kind.endswith("json") else answer.text, answer.headers)
    world.seen.add((f"GET {contract().template(path)}", str(answer.status), kind.split(";")[0]))
    link.close()
    return answer


def test_a_form_asked_for_in_disguise_is_not_streamed(world):
    """What has to wait for the client runs in a lane of its own, chosen by the address as it is written."""
    token = [("Authorization", f"Bearer {world.hr.token}")]
    for name, status in ("GET /api/v1/people", 400), ("GET /api/v1/people/{id}/holdings", 400), ("GET /api/v1/reports/skills", 200):
        for query in "f%6frmat=csv", "format=%63sv":
            answer = raw(world, f"{world.path(OPERATIONS[name])}?{query}", token)
            assert answer.status == (200 if query.startswith("format") else status), answer.text


# ---- lists

def items_of(world, name, **params):
    return world.ask(name, params=params).json()["items"]


@pytest.mark.parametrize("name", PAGED)
def test_pages_are_the_whole_in_order_and_once(world, name):
    whole = world.ask(name, params={"limit": 500, "count": True}).json()
    pages, cursor = [], {}
    assert len(whole["items"]) > 1 and "next" not in whole and whole["total"] == len(whole["items"])
    step = max(1, len(whole["items"]) // 7)
    while True:
        page = world.ask(name, params={"limit": step, **cursor}).json()
        assert len(page["items"]) <= step and "total" not in page
        pages += page["items"]
        if "next" not in page:
            break
        cursor = {"cursor": page["next"]}
    assert pages == whole["items"]


@pytest.mark.parametrize("name", those(lambda operation: "application/x-ndjson" in operation.forms))
def test_streams_have_what_pages_have(world, name):
    operation = OPERATIONS[name]
    items = items_of(world, name, limit=500)
    lines = world.ask(name, params={"format": "ndjson", "limit": 1}).text.splitlines()
    assert [json.loads(line) for line in lines] == items
    if "text/csv" in operation.forms:
        rows = list(csv.DictReader(io.StringIO(world.ask(name, params={"format": "csv", "limit": 1}).text, newline="")))
        assert len(rows) == len(items)
        for row, item in zip(rows, items):
            for column in row.keys() & item.keys():
                if isinstance(item[column], (str, int)) and not isinstance(item[column], bool):
                    assert row[column] == str(item[column])


@pytest.mark.parametrize("name", PAGED)
def test_limits_have_bounds(world, name):
    for limit in 0, 501, -1, "x", "1.5", "":
        refused(world.ask(name, params={"limit": limit}), 400, "limit")
    assert len(items_of(world, name, limit=1)) == 1
    for cursor in "nonsense", "", "bmFtZQ":
        refused(world.ask(name, params={"cursor": cursor}), 400, "cursor")
    refused(world.ask(name, params={"count": "yes"}), 400, "count")


SORTS = [(name, word) for name in LISTS if OPERATIONS[name].takes("sort")
         for word in OPERATIONS[name].takes("sort")["enum"] if not word.startswith("-")]
REPORT = "GET /api/v1/reports/skills"


def key_of(item, word):
    """What an item is sorted by."""
    value = item.get(word, item.get("person", {}).get(word))
    if isinstance(value, dict):
        value = value["id"] if word == "person" else value.get("name", value.get("label"))
    if word == "at" or word.endswith("_at"):
        return datetime.datetime.fromisoformat(value or "9999-12-31T00:00:00Z")
    return "" if value is None else value


def check_order(world, name, word, **params):
    up, down = (items_of(world, name, sort=sign + word, limit=500, **params) for sign in ("", "-"))
    keys = [key_of(item, word) for item in up]
    assert len(keys) > 1 and keys == sorted(keys)
    assert [key_of(item, word) for item in down] == keys[::-1]
    assert all(item in down for item in up)
    pages, cursor = [], {}
    while len(pages) < 5 and cursor is not None:
        page = world.ask(name, params={"sort": "-" + word, "limit": 1, **cursor, **params}).json()
        pages += page["items"]
        cursor = {"cursor": page["next"]} if "next" in page else None
    assert pages == down[:5]


@pytest.mark.parametrize("name, word", [sort for sort in SORTS if sort[0] != REPORT])
def test_every_order_goes_both_ways_and_on_over_pages(world, name, word):
    check_order(world, name, word)


@pytest.mark.parametrize("group, words", [
    (None, "person name username unit skill level expires_at"), ("person", "person name unit"),
    ("skill", "skill people expiring_90d"), ("unit", "unit people holders skills")])
def test_every_order_of_the_report_goes_both_ways(world, group, words):
    params = {"group_by": group} if group else {}
    for word in {word for name, word in SORTS if name == REPORT}:
        if word in words.split():
            check_order(world, REPORT, word, **params)
        else:
            refused(world.ask(REPORT, params={"sort": word, **params}), 400, "sort")
    whole = world.ask(REPORT, params={"limit": 500, "count": True, **params}).json()
    assert whole["total"] == len(whole["items"]) and "next" not in whole
    assert whole["items"] == items_of(world, REPORT, sort=words.split()[0], limit=500, **params)
    lines = world.ask(REPORT, params={"format": "ndjson", "limit": 1, **params}).text.splitlines()
    assert [json.loads(line) for line in lines] == whole["items"]


@pytest.mark.parametrize("name", [name for name in LISTS if OPERATIONS[name].takes("sort")])
def test_the_order_without_sort_is_the_documents(world, name):
    schema = OPERATIONS[name].takes("sort")
    refused(world.ask(name, params={"sort": "shoe_size"}), 400, "sort")
    refused(world.ask(name, params={"sort": "|".join(schema["enum"][:1] * 2)}), 400, "sort")
    if "default" in schema:
        assert items_of(world, name, limit=500) == items_of(world, name, sort=schema["default"], limit=500)


def parameters_of(kind):
    return [(name, parameter) for name, operation in OPERATIONS.items() for (place, parameter), found in operation.parameters.items()
            if place == "query" and kind(contract().resolve(found["schema"]))]


@pytest.mark.parametrize("name, parameter", parameters_of(lambda schema: schema.get("format") == "uuid"))
def test_a_filter_by_what_does_not_exist_is_named(world, name, parameter):
    for value in MISSING, "not-an-id", "":
        refused(world.ask(name, params={parameter: value}), 400, parameter)


@pytest.mark.parametrize("name, parameter", parameters_of(lambda schema: "enum" in schema or schema.get("type") == "boolean"))
def test_a_word_that_is_none_of_the_documents_is_named(world, name, parameter):
    for value in "nonsense", "":
        refused(world.ask(name, params={parameter: value}), 400, parameter)
    schema = contract().resolve(OPERATIONS[name].takes(parameter))
    for value in schema.get("enum", ["true", "false"]):
        if parameter not in ("sort", "format"):
            assert world.ask(name, params={parameter: value}).status_code == 200, value


# ---- what is refused

ACTED = those(lambda operation: operation.is_of_api() and "security" not in operation.raw)
BODIES = those(lambda operation: operation.body)
MATCHED = those(lambda operation: ("header", "If-Match") in operation.parameters)
GOOD = {"revoke": {"reason": "x"}, "suspend": {"reason": "x"}}


def good_body(name):
    """One that says no more than what must be said; None where nothing is."""
    if name.startswith("POST /api/v1/sessions"):
        return {"answers": ["x"]} if name.endswith("{id}") else {"username": "x", "password": "x"}
    return GOOD.get(name.rpartition("/")[2], {}) if OPERATIONS[name].body else None


@pytest.mark.parametrize("name", ACTED)
def test_without_a_token_it_is_401(world, name):
    assert refused(world.ask(name, by="nobody"), 401).headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", those(lambda operation: operation.has(403) and operation.is_of_api()))
def test_who_has_no_right_is_told(world, name):
    if "/sessions" in name or "/tokens" in name:
        refused(world.ask(name, by="hr's token"), 403)
    else:
        refused(world.ask(name, by="machine", headers={"If-Match": "*"}), 403)


def test_every_token_may_ask_who_it_is(world):
    assert world.clients["hr's token"].get("/me")["scopes"] == ["people:read", "credentials:write"]
    assert world.clients["machine"].get("/me")["roles"] == []
    world.clients["hr's token"].get("/credentials")
    world.clients["hr's token"].get("/units", gives=403)


@pytest.mark.parametrize("name", those(lambda operation: "{id}" in operation.path))
def test_what_is_not_there_is_404(world, name):
    for key in MISSING, "not-an-id", "current":
        if key == "current" and "/sessions/" in name and not name.startswith("POST"):
            continue
        path = OPERATIONS[name].path.replace("{id}", key)
        refused(world.ask(name, path=path, body=good_body(name), headers={"If-Match": "*"}), 404)


@pytest.mark.parametrize("name", those(lambda operation: operation.is_of_api()))
def test_a_parameter_that_is_none_is_named(world, name):
    refused(world.ask(name, params={"shoe_size": 43}, headers={"If-Match": "*"}), 400, "shoe_size")


def test_public_pages_take_any_parameter(world):
    for name in "GET /healthz", "GET /readyz", "GET /metrics":
        assert world.ask(name, params={"shoe_size": 43, "format": "csv"}).status_code == 200


@pytest.mark.parametrize("name", BODIES)
def test_a_field_that_is_none_is_named(world, name):
    for field, pointer in ("shoe_size", "/shoe_size"), ("a/b~c", "/a~1b~0c"):
        refused(world.ask(name, body={**good_body(name), field: 43}, headers={"If-Match": "*"}), 400, pointer)


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_json_of_some_size(world, name):
    kind = {"Content-Type": "application/json", "If-Match": "*"}
    refused(world.ask(name, data=b'{"x": "' + b"x" * 270000 + b'"}', headers=kind), 413)
    for wrong in {"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, \
            {"Content-Type": "application/merge-patch+json"} if not name.startswith("PATCH") else {"Content-Type": "x/json"}:
        refused(world.ask(name, data=b"{}", headers={**kind, **wrong}), 415)
    for data in b"{", b"[]", b"7", b'{"x": 1, "x": 2}', b'{"x": "\xff"}':
        refused(world.ask(name, data=data, headers=kind), 400)


@pytest.mark.parametrize("name", those(lambda operation: operation.has(406)))
def test_a_form_that_is_not_offered_is_406(world, name):
    operation = OPERATIONS[name]
    how = {"body": good_body(name), "found": operation.method == "GET"}
    refused(world.ask(name, headers={"Accept": "image/png", "If-Match": "*"}, **how), 406)
    for word in ("html", "xlsx", "csv", "ndjson") if operation.takes("format") else ():
        if word not in [FORMATS[form] for form in operation.forms]:
            refused(world.ask(name, params={"format": word}), 406)


@pytest.mark.parametrize("name", MATCHED)
def test_changes_need_a_present_etag(world, name):
    refused(world.ask(name), 428)
    etag = world.clients[OPERATIONS[name].actor()].ask("GET", world.path(OPERATIONS[name])).headers["ETag"]
    for stale in '"0"', "nonsense", etag.strip('"'), "W/" + etag, '""', '"x", "y"':
        refused(world.ask(name, headers={"If-Match": stale}), 412)
    if name.startswith("PATCH"):
        for good in etag, "*":
            assert world.ask(name, headers={"If-Match": good}).status_code == 200
        fresh = world.clients[OPERATIONS[name].actor()].ask("GET", world.path(OPERATIONS[name])).headers["ETag"]
        assert world.ask(name, headers={"If-Match": f'"x", {fresh}'}).status_code == 200


@pytest.mark.parametrize("name", those(lambda operation: operation.method == "POST"))
def test_a_key_is_for_one_request(world, name):
    operation = OPERATIONS[name]
    if not operation.has(409):
        assert "/sessions" in name
        return
    who = world.clients[operation.actor()]
    if not hasattr(who, "key"):
        who.key = f"taken-by-{operation.actor()}"
        who.post("/tokens", {"name": "x", "scopes": ["people:read"]}, key=who.key, gives=201)
    answer = world.ask(name, headers={"Idempotency-Key": who.key})
    assert refused(answer, 409).json()["type"] == "urn:skillsd:problem:key-reused"
    refused(world.ask(name, headers={"Idempotency-Key": "x" * 300}), 400, "Idempotency-Key")


def test_what_stands_against_it_is_409(world):
    hr = world.hr
    for path, change in (("/scales", {"levels": ["a"]}), ("/skills", {"parent_id": world.ids["skills"]}),
                         ("/achievements", {"state": "draft"})):
        hr.patch(f"{path}/{world.ids[path[1:]]}", change, "*", gives=409)
    for path, body in ("/frameworks", {"code": "CON-0", "name": "x"}), ("/scales", {"name": "steps 0", "levels": ["a"]}):
        hr.post(path, body, gives=409)


@pytest.mark.parametrize("path", contract().paths)
def test_methods_are_those_of_the_document(world, path):
    here = path.replace("{id}", MISSING)
    allowed = {verb.upper() for verb in contract().paths[path] if verb in VERBS}
    allowed |= {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    options = world.clients["nobody"].ask("OPTIONS", here)
    assert options.status_code == 204 and set(options.headers["Allow"].split(", ")) == allowed
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        assert set(refused(world.clients["nobody"].ask(method, here), 405).headers["Allow"].split(", ")) == allowed


def test_failures_are_counted(world):
    statuses = [world.house.try_sign_in("nobody-of-that-name", "x").status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_figures_are_for_those_nearby_and_those_with_a_token(world):
    from_afar = {"X-Forwarded-For": "192.0.2.1"}
    refused(world.ask("GET /metrics", by="nobody", headers=from_afar), 401)
    assert world.ask("GET /metrics", by="hr's token", headers=from_afar).status_code == 200


@pytest.mark.parametrize("name", those(lambda operation: not operation.is_of_api()))
def test_an_unsound_head_is_400(world, name):
    twice = [("Idempotency-Key", "1"), ("Idempotency-Key", "2")]
    assert raw(world, OPERATIONS[name].path, twice).status == 400


# ---- the end

def test_without_the_database_it_is_503_and_nothing_else(world):
    world.house.postgres.stop()
    try:
        for name in those(lambda operation: operation.has(503)):
            if name == "POST /api/v1/sessions/{id}":
                continue  # needs a conversation: see above
            remote = {"X-Forwarded-For": "192.0.2.1"} if name == "GET /metrics" else {}
            answer = world.ask(name, body=good_body(name), headers={"If-Match": "*", **remote})
            assert int(refused(answer, 503).headers["Retry-After"]) >= 1
        assert world.ask("GET /healthz").status_code == 200
    finally:
        world.house.postgres.start()
    wait_for("the database to be back", lambda: world.ask("GET /api/v1/me").status_code == 200)


def test_nothing_in_the_document_was_left_unvisited(world):
    """Holds once all the tests above have run."""
    wanted = set()
    for name, operation in OPERATIONS.items():
        for status, answer in operation.answers.items():
            if status != "default":
                wanted |= {(name, status, form) for form in answer.get("content", {"": None})}
    assert sorted(wanted - world.seen) == []
    served = subprocess.run([installed() / "skillsd", "routes"], capture_output=True, text=True, timeout=30, check=True)
    assert set(served.stdout.splitlines()) == {name for name, status, _ in world.seen if status[0] == "2"} & OPERATIONS.keys()
