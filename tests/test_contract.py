# SPDX-License-Identifier: Apache-2.0
"""The outward contract, walked: every route with real data, in every form and with every status that the document
has of it. The document leads: a route, a form or a status added there is asked for here, and missed when it never comes.
Tests run in the order they stand in: the last one looks back."""
import itertools
import json
import subprocess

import ldap
import pytest
from kit.badges import new_key
from kit.contract import (BODIES, BY_FORMAT, FORMATS, FORMS, MISSING, OPERATIONS, VERBS, at, good_body, raw, refused,
                          seen, those, world)  # noqa: F401 fixtures
from kit.forge import Forge
from kit.gate import otp_service
from kit.house import ACCOUNTS, BASE, House, installed, wait_for
from kit.pictures import vector
from kit.validate import contract

# ---- what comes

@pytest.mark.parametrize("name", those(lambda operation: operation.method == "GET"))
def test_every_form_comes_by_accept_and_by_format(world, name):
    operation = OPERATIONS[name]
    for form in operation.forms:
        if (name, form) not in BY_FORMAT:
            assert world.ask(name, headers={"Accept": form}).headers["Content-Type"].startswith(form)
        if operation.takes("format"):
            word = BY_FORMAT.get((name, form), FORMS[form])
            answer = world.ask(name, params={"format": word}, headers={"Accept": "image/gif"})
            assert answer.status_code == 200 and answer.headers["Content-Type"].startswith(form)


@pytest.mark.parametrize("name", those(lambda operation: operation.method == "GET"))
def test_head_is_get_without_the_body(world, name):
    operation = OPERATIONS[name]
    got = world.ask(name)
    head = world.clients[operation.actor()].ask("HEAD", world.path(operation))
    assert (head.status_code, head.content) == (got.status_code, b"")
    volatile = name in ("GET /metrics", "GET /api/v1/audit", "GET /api/v1/people/{id}/export", "GET /api/v1/people/{id}/record",  # which is noted, or made anew
                        "GET /api/v1/credentials/{id}/counts")  # whose counts are written a moment later
    for header in "Content-Type", "ETag", "Content-Length":
        assert volatile or head.headers.get(header) == got.headers.get(header), header


@pytest.mark.parametrize("name", those(lambda operation: operation.takes("as_of") or operation.path == "/endorsements/{id}"))
def test_a_note_in_a_header_is_documented_where_it_is_sent(world, name):
    operation = OPERATIONS[name]
    noted = world.ask(name, params={"as_of": "2099-01-01T00:00:00Z"} if operation.takes("as_of") else {})
    assert noted.status_code == 200, noted.text
    assert ("Skillsd-Note" in noted.headers) == ("Skillsd-Note" in operation.answers["200"].get("headers", {}))


def test_what_is_made_is_found_where_it_says_and_changes_its_etag_when_it_changes(world):
    hr, employee = world.hr, world.employee
    made = [
        (hr, "/frameworks", {"code": "MADE", "name": "Made"}, {"name": "Made anew"}),
        (hr, "/scales", {"name": "made", "levels": ["a", "b"]}, {"levels": ["a", "b", "c"]}),
        (hr, "/skills", {"framework": "MADE", "code": "MADE-1", "label": "Making"}, {"synonyms": ["doing"]}),
        (hr, "/achievements", {"name": "Maker"}, {"state": "published", "skills": [{"skill": "MADE-1", "level": 1}]}),
        (hr, "/collections", {"name": "Made", "achievements": [world.ids["achievements"]]}, {"name": "Made anew"}),
        (hr, "/positions", {"code": "MADE", "name": "Maker", "skills": [{"skill": "MADE-1", "level": 1}]}, {"name": "Made anew"}),
        (hr, f"/positions/{world.ids['positions']}/assignments", {"title": "Maker"}, None),
        (hr, "/pathways", {"name": "Made", "nodes": [{"id": "a", "kind": "proof", "name": "x"}]}, {"name": "Made anew"}),
        (hr, f"/pathways/{world.ids['pathways']}/rules", {"position": "MADE"}, None),
        (employee, "/goals", {"skill": "MADE-1", "level": 1}, {"shared": True}),
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
    hr.patch(f"/positions/{world.ids['positions']}", {"code": "POS-0"}, "*", gives=409)
    assignment = hr.pages(f"/positions/{world.ids['positions']}/assignments")[-1]["id"]
    hr.delete(f"/positions/{world.ids['positions']}/assignments/{assignment}", "*")
    ruled = hr.pages(f"/pathways/{world.ids['pathways']}/rules")[-1]["id"]
    hr.delete(f"/pathways/{world.ids['pathways']}/rules/{ruled}", "*")
    employee.post("/goals", {"skill": "MADE-1", "level": 1}, gives=409)
    employee.delete("/goals/" + employee.get("/goals")["items"][0]["id"], "*")
    employee.delete("/claims/" + employee.get("/claims", skill="MADE-1")["items"][0]["id"], "*")


def test_corrections_are_answered_and_withdrawn(world):
    for state in "done", "declined":
        made = world.employee.post("/corrections", {"about": "other", "text": "x"}, gives=201)["id"]
        answered = world.hr.expect(200, "POST", f"/corrections/{made}/answer", {"state": state, "answer": "y"}, headers={"If-Match": "*"})
        assert world.employee.get(f"/corrections/{made}") == answered
    made = world.employee.post("/corrections", {"about": "other", "text": "x"}, gives=201)["id"]
    assert world.employee.post(f"/corrections/{made}/withdraw", gives=200)["state"] == "withdrawn"
    for who in world.employee, world.hr:
        who.get("/me/talent")
        assert who.expect(200, "PUT", "/me/talent", {"listed": True}, headers={"If-Match": who.last.headers["ETag"]})["listed"]


def test_enrolments_turn_and_proofs_are_decided(world):
    for verb, state in ("accept", "accepted"), ("refuse", "refused"), ("withdraw", "withdrawn"):
        made = world.enrolment()
        assert (world.employee if verb == "withdraw" else world.hr).post(f"/proofs/{world.ids['proofs']}/{verb}", gives=200)["state"] == state
        if verb == "accept":
            assert world.hr.post(f"/proofs/{world.ids['proofs']}/revoke", gives=200)["state"] == "revoked"
        for turn, wanted in ("pause", "paused"), ("resume", "active"), ("leave", "left"):
            assert world.employee.post(f"/enrolments/{made}/{turn}", gives=200)["state"] == wanted
    world.house.sql("UPDATE enrolment SET state = 'invited' WHERE id = %s", world.ids["enrolments"])
    assert world.employee.post(f"/enrolments/{world.ids['enrolments']}/accept", gives=200)["state"] == "active"


def test_claims_are_endorsed(world):
    skill = world.hr.post("/skills", {"framework": "CON-0", "code": "ENDORSED", "label": "Endorsed"}, gives=201)["id"]
    claim = world.employee.post("/claims", {"skill": skill, "level": 2, "shared": True}, gives=201)["id"]
    made = world.hr.post(f"/claims/{claim}/endorsements", {"note": "x", "level": 1}, gives=201)
    where, etag = world.hr.last.headers["Location"], world.hr.last.headers["ETag"]
    assert world.hr.get(where) == made and world.hr.last.headers["ETag"] == etag
    world.hr.delete(where, etag)


def test_credentials_turn_and_tokens_and_sessions_end(world):
    issuer = world.issuer
    made = issuer.issue(ACCOUNTS["MANAGER"], world.ids["achievements"])
    made = issuer.post(f"/credentials/{made['id']}/replace", {"reason": "x"}, gives=201)
    for verb, body in ("suspend", {"reason": "x"}), ("reinstate", None), ("revoke", {"reason": "x"}):
        assert issuer.post(f"/credentials/{made['id']}/{verb}", body, gives=200)["id"] == made["id"]
    assert issuer.get(f"/badges/{made['id']}", gives=410, format="ob2")["revoked"] is True
    token = world.hr.post("/tokens", {"name": "x", "scopes": ["people:read"]}, gives=201)
    world.hr.delete(f"/tokens/{token['id']}")
    world.house.sign_in(ACCOUNTS["HR"]).delete("/sessions/current")


def test_submissions_go_their_way(world):
    hr, employee = world.hr, world.employee
    skill = hr.post("/skills", {"framework": "CON-0", "code": "SUB", "label": "Submitting"}, gives=201)["id"]
    asked = hr.post("/achievements", {"name": "Submitter", "state": "published", "skills": [{"skill": skill, "level": 1}],
                                      "assessment": {"prompts": [{"kind": "text", "name": "x", "required": False}]}}, gives=201)["id"]
    claim = employee.post("/claims", {"skill": skill, "level": 1}, gives=201)["id"]
    for gives in 201, 200:
        made = employee.post(f"/claims/{claim}/submission", gives=gives)["id"]
    employee.delete(f"/submissions/{made}", "*")
    for gives in 201, 200:
        made = employee.post("/submissions", {"achievement": asked}, gives=gives)["id"]
    for verb in "submit", "withdraw", "reopen":
        for gives in (200, 409) if verb != "reopen" else (200,):
            employee.expect(gives, "POST", f"/submissions/{made}/{verb}", headers={"If-Match": "*"})
        prompt = hr.get(f"/achievements/{asked}")["assessment"]["prompts"][0]["id"]
        employee.patch(f"/submissions/{made}", {"answers": {prompt: {"text": "x"}}}, "*", gives=200 if verb == "reopen" else 409)
    for path, problem in ("/submissions", {"achievement": world.ids["achievements"]}), (f"/claims/{world.ids['claims']}/submission", None):
        employee.post(path, problem, gives=409)
    hr.post(f"/claims/{world.ids['claims']}/submission", gives=403)
    employee.delete(f"/submissions/{made}", "*", gives=409)
    employee.patch(f"/submissions/{made}", {"shared": True}, "*")
    employee.expect(409, "POST", f"/submissions/{made}/reopen", headers={"If-Match": "*"})
    for method, path in ("PATCH", ""), ("DELETE", ""), ("POST", "/submit"), ("POST", "/withdraw"), ("POST", "/reopen"):
        hr.expect((403,), method, f"/submissions/{made}{path}", {"shared": True} if method == "PATCH" else None, headers={"If-Match": "*"})
    for verb in "submit", "withdraw", "reopen":
        for data, status in (b"x", 415), (b"x" * 70000, 413):
            employee.expect(status, "POST", f"/submissions/{made}/{verb}", data=data, headers={"If-Match": "*"})
    filed = f"/submissions/{world.ids['submissions']}/files"
    for data, headers, status in (b"%PDF-2", {}, 201), (b"\0", {}, 400), (b"%PDF-2", {"Content-Encoding": "gzip"}, 415), (b"x" * (17 << 20), {}, 413):
        employee.expect(status, "POST", filed, data=data, params=world.file, headers=headers)
    hr.expect(403, "POST", filed, data=b"%PDF-2", params=world.file)
    file = employee.get(f"/submissions/{world.ids['submissions']}")["files"][-1]["id"]
    hr.delete(f"{filed}/{file}", "*", gives=403)
    employee.delete(f"{filed}/{file}", "*")
    world.house.sql("UPDATE submission SET state = 'approved', shared = false WHERE id = %s", made)
    for method, path in ("POST", f"/submissions/{made}/files"), ("DELETE", f"/submissions/{made}/files/{file}"):
        employee.expect(409, method, path, data=b"%PDF-2" if method == "POST" else None, params=world.file if method == "POST" else (),
                        headers={"If-Match": "*"} if method == "DELETE" else {})
    for path in "rounds", "events":
        hr.get(f"/submissions/{made}/{path}", gives=403)


def test_achievements_are_reviewed(world):
    made = world.hr.post("/achievements", {"name": "Reviewed"}, gives=201)["id"]
    for client, verb, body in ((world.hr, "submit", {"comment": "x"}), (world.issuer, "return", {"comment": "x"}),
                               (world.hr, "submit", None), (world.issuer, "approve", None)):
        client.expect(200, "POST", f"/achievements/{made}/{verb}", body, headers={"If-Match": "*"})
    world.hr.expect(409, "POST", f"/achievements/{made}/submit", headers={"If-Match": "*"})


def test_pathways_are_exported_and_imported(world):
    document = world.hr.get(f"/pathways/{world.ids['pathways']}/export")
    made = world.hr.post("/pathways/import", {"document": document}, gives=201)["pathway"]
    assert world.hr.last.headers["Location"] == f"/api/v1/pathways/{made['id']}" and world.hr.get(world.hr.last.headers["Location"]) == made
    assert world.hr.get(f"/pathways/{made['id']}/export") == document
    found = world.hr.post(f"/pathways/{made['id']}/simulations", {"version": 1}, gives=200)
    assert (found["version"], found["people"], found["keep"]["items"]) == (made["version"], 0, [])
    world.hr.patch(f"/pathways/{made['id']}", {"state": "archived"}, "*")
    world.hr.patch(f"/pathways/{made['id']}", {"name": "x"}, "*", gives=409)


def test_reviews_go_their_way(world):
    assessor, reviews = world.clients["assessor"], [f"/reviews/{world.review()}" for _ in range(2)]
    for review in reviews:
        for verb in "claim", "release":
            for data, status in (b"x", 415), (b"x" * 70000, 413):
                assessor.expect(status, "POST", f"{review}/{verb}", data=data, headers={"If-Match": "*"})
        assessor.expect(409, "POST", f"{review}/release", headers={"If-Match": "*"})
        assessor.post(f"{review}/claim", gives=200)
    assessor.expect(204, "POST", f"{reviews[0]}/release", headers={"If-Match": "*"})
    assessor.expect(200, "POST", f"{reviews[1]}/decide", {"verdict": "approve"}, headers={"If-Match": "*"})
    for review in reviews:
        assessor.post(f"{review}/claim", gives=409)
        assessor.patch(review, {"comment": "x"}, "*", gives=409)
        assessor.expect(409, "POST", f"{review}/decide", {"verdict": "approve"}, headers={"If-Match": "*"})


def test_badges_are_verified(world):
    world.hr.ask("GET", f"/badges/{world.ids['badges']}")
    text = world.hr.last.text
    assert world.hr.post("/verifications", {"badge": text, "recipient": "x@example.org"}, gives=200)["achievement"]
    assert world.hr.post("/verifications", {"badge": text}, gives=200)["verified"]


def test_endorsements_are_taken_in_published_and_withdrawn(world):
    partner = Forge()
    key = partner.keys["ed"].multibase
    partner.did = f"did:key:{key}"
    issuer = world.clients["admin"].post("/issuers", {"name": "Endorsed"}, gives=201)
    made = partner.endorsement(issuer["did"], id="urn:uuid:1")
    forms = [json.dumps(partner.sign(made, verificationMethod=f"{partner.did}#{key}")),
             partner.jws(partner.claims({**made, "id": "urn:uuid:2"}), "ed", header={"alg": "EdDSA", "kid": f"{partner.did}#{key}"})]
    for form in forms:
        taken = world.hr.post("/endorsements/received", {"document": form}, gives=201)
        assert world.hr.last.headers["Location"] == f"/api/v1/endorsements/{taken['id']}"
        page = f"//endorsements/{taken['id']}"
        assert world.hr.ask("GET", page).text == form and not taken["trusted"]
        world.hr.post("/endorsements/received", {"document": form}, gives=409)
        world.hr.post(f"/endorsements/{taken['id']}/withdraw", {"reason": "x"}, gives=200)
        world.hr.get(page, gives=410)
        world.hr.get(page, gives=410, headers={"Accept": "text/html"})
    world.hr.post(f"/endorsements/{taken['id']}/withdraw", {"reason": "x"}, gives=409)
    key = new_key(world.house, "rsa2048", issuer["id"])
    assert world.house.command("key", "revoke", key).returncode == 0
    for accept in "application/json", "text/html":
        world.hr.get(f"//issuers/{issuer['id']}?format=ob2-key&key={key}", gives=410, headers={"Accept": accept})
    own = world.issuer.post("/endorsements", {"subject": issuer["id"]}, gives=201)
    page = f"//endorsements/{own['id']}"
    etag = world.hr.ask("GET", page).headers["ETag"]
    world.hr.get(page, gives=304, headers={"If-None-Match": etag})
    world.issuer.post("/endorsements", {"subject": issuer["id"]}, gives=409)


def test_everyone_issues_a_test_to_themselves(world):
    sandbox = world.clients["admin"].post("/issuers", {"name": "Sandbox", "sandbox": True}, gives=201)
    achievement = world.hr.post("/achievements", {"name": "Test", "issuer": sandbox["id"]}, gives=201)
    world.employee.post("/me/credentials", {"achievement": achievement["id"]}, gives=409)
    world.hr.patch(f"/achievements/{achievement['id']}", {"state": "published"}, "*")
    made = world.employee.post("/me/credentials", {"achievement": achievement["id"]}, gives=201)
    assert world.employee.get(world.employee.last.headers["Location"]) == made


def test_long_work_is_asked_for_and_cancelled(world):
    issuer, draft = world.issuer, world.hr.post("/achievements", {"name": "Draft"}, gives=201)
    rows = {"action": "issue", "rows": [{"person": ACCOUNTS["MANAGER"]}]}
    issuer.post("/batches", {**rows, "achievement": draft["id"]}, gives=409)
    job = issuer.post("/batches", {**rows, "achievement": world.ids["achievements"], "at": "2099-01-01"}, gives=202)["job"]
    where = issuer.last.headers["Location"]
    assert where == f"/api/v1/jobs/{job['id']}" and issuer.get(where) == job
    issuer.delete(where)
    assert issuer.get(where)["state"] == "cancelled"
    issuer.delete(where, gives=409)


def test_holds_stand_and_are_lifted(world):
    hr, path = world.hr, f"/people/{world.hr.get('/people', username=ACCOUNTS['MANAGER'])['items'][0]['id']}/hold"
    made = hr.post(path, {"reason": "Case 3"}, gives=201)
    assert hr.last.headers["Location"] == f"/api/v1{path}" and hr.get(path) == made
    hr.post(path, {"reason": "Case 4"}, gives=409)
    hr.delete(path, hr.last.headers.get("ETag") or "*")
    hr.get(path, gives=404)


def test_who_left_is_erased_and_the_proof_is_where_it_says(world):
    hr = world.hr
    person = [one["person"]["id"] for one in hr.get("/retention", held=False)["items"]][-1]
    hr.get(f"/people/{person}")
    hr.expect(409, "POST", f"/people/{person}/erase", {"reason": "x"}, headers={"If-Match": hr.last.headers["ETag"]})
    made = world.erase(person)
    where, etag = hr.last.headers["Location"], hr.last.headers["ETag"]
    assert where == f"/api/v1/erasures/{made['id']}" and hr.get(where) == made and hr.last.headers["ETag"] == etag
    hr.get(f"/people/{person}", gives=404)


def test_parked_runs_are_dropped_and_approved(world):
    absent = world.hr.get("/people", status="absent", count=True)["total"]
    people = [person for person in world.hr.get("/people", limit=500)["items"] if person["status"] == "active"]
    managers = {person["manager"]["id"] for person in people if "manager" in person}
    leavers = [person["username"] for person in people if person["id"] not in managers
               and person["username"] not in ACCOUNTS.values()][:30]
    link, admin = world.house.slapd.admin(), world.clients["admin"]
    for username in leavers:
        link.delete_s(link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])[0][0])
    for verb, state in ("drop", "dropped"), ("approve", "approved"):
        run = world.house.sync("needs_approval")
        assert len([line for line in run["lines"] if line["kind"] == "absent"]) == 30
        decided = admin.post(f"/directory/runs/{run['id']}/{verb}", gives=200)
        assert decided["state"] == state and decided["decided_by"] == f"pam:{ACCOUNTS['ADMIN']}"
    assert world.hr.get("/people", status="absent", count=True)["total"] == absent + 30


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
        house.sql("UPDATE throttle SET blocked_until = now() + interval '1 minute'")
        client.post(talk, {"answers": ["4711"]}, gives=429)
        house.sql("DELETE FROM throttle")
        talk = begun()
        for answer in "4711", "second":
            client.post(talk, {"answers": [answer]}, gives=202)
            talk = client.last.headers["Location"]
        house.postgres.stop()
        client.post(talk, {"answers": ["4712"]}, gives=503)


# ---- what is refused

ACTED = those(lambda operation: operation.is_of_api() and "security" not in operation.raw)
MATCHED = those(lambda operation: ("header", "If-Match") in operation.parameters)


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


@pytest.mark.parametrize("name", those(lambda operation: operation.has(304)))
def test_what_is_known_does_not_come_again(world, name):
    got = world.ask(name)
    again = world.ask(name, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", got.headers["ETag"])
    assert world.ask(name, headers={"If-None-Match": '"0"'}).content == got.content


@pytest.mark.parametrize("name", ["GET /badges/{id}", "GET /achievements/{id}/image"])
def test_a_token_that_is_none_opens_no_badge(world, name):
    refused(world.ask(name, headers={"Authorization": "Bearer nonsense"}), 401)


def test_public_pages_take_any_parameter(world):
    for name in "GET /healthz", "GET /readyz", "GET /metrics":
        assert world.ask(name, params={"shoe_size": 43, "format": "csv"}).status_code == 200
    refused(world.ask("GET /oembed", found=False, params={"shoe_size": 43}), 404)


@pytest.mark.parametrize("name", BODIES)
def test_a_field_that_is_none_is_named(world, name):
    for field, pointer in ("shoe_size", "/shoe_size"), ("a/b~c", "/a~1b~0c"):
        refused(world.ask(name, body={**good_body(name), field: 43}, headers={"If-Match": "*"}), 400, pointer)


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_json_of_some_size(world, name):
    kind = {"Content-Type": "application/json", "If-Match": "*"}
    much = {"verifications": 5 << 20, "batches": 9 << 20, "submissions": 3 << 20}.get(name.removesuffix("/{id}").rpartition("/")[2], 2 << 20 if "/pathways" in name else 270000)
    refused(world.ask(name, data=b'{"x": "' + b"x" * much + b'"}', headers=kind), 413)
    for wrong in {"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, \
            {"Content-Type": "application/merge-patch+json"} if not name.startswith("PATCH") else {"Content-Type": "x/json"}:
        refused(world.ask(name, data=b"{}", headers={**kind, **wrong}), 415)
    for data in b"{", b"[]", b"7", b'{"x": 1, "x": 2}', b'{"x": "\xff"}':
        refused(world.ask(name, data=data, headers=kind), 400)


@pytest.mark.parametrize("name", those(lambda operation: operation.method == "DELETE"))
def test_a_body_that_means_nothing_is_not_read(world, name):
    for body in b"{", b'{"shoe_size": 43}', b"x" * 1000:
        refused(world.ask(name, found=False, data=body, headers={"Content-Type": "text/plain", "If-Match": "*"}), 404)


@pytest.mark.parametrize("name", those(lambda operation: operation.has(406)))
def test_a_form_that_is_not_offered_is_406(world, name):
    operation = OPERATIONS[name]
    how = {"body": good_body(name), "found": operation.method == "GET"}
    refused(world.ask(name, headers={"Accept": "image/gif", "If-Match": "*"}, **how), 406)
    for word in ("html", "xlsx", "csv", "ndjson") if operation.takes("format") and operation.is_of_api() else ():
        if word not in [FORMATS[form] for form in operation.forms]:
            refused(world.ask(name, params={"format": word}), 406)


@pytest.mark.parametrize("name", MATCHED)
def test_changes_need_a_present_etag(world, name):
    refused(world.ask(name), 428)
    looked_at = world.path(OPERATIONS[name])
    for verb in "/erase", "/submit", "/approve", "/return", "/withdraw", "/reopen", "/image", "/release", "/decide", "/answer":
        looked_at = looked_at.removesuffix(verb)
    etag = world.clients[OPERATIONS[name].actor()].ask("GET", looked_at).headers["ETag"]
    for stale in '"0"', "nonsense", etag.strip('"'), "W/" + etag, '""', '"x", "y"':
        refused(world.ask(name, body=good_body(name), headers={"If-Match": stale}), 412)
    if name.startswith("PATCH"):
        for good in etag, "*":
            assert world.ask(name, headers={"If-Match": good}).status_code == 200
        fresh = world.clients[OPERATIONS[name].actor()].ask("GET", world.path(OPERATIONS[name])).headers["ETag"]
        assert world.ask(name, headers={"If-Match": f'"x", {fresh}'}).status_code == 200


@pytest.mark.parametrize("name", those(lambda operation: operation.path.endswith("/image") and operation.method == "PUT"))
def test_pictures_are_of_some_kind_and_size(world, name):
    kind = {"Content-Type": "image/svg+xml", "If-Match": "*"}
    changed = world.ask(name, data=vector(), headers=kind)
    assert changed.status_code == 200
    if changed.json()["state"] == "draft":
        world.hr.patch(world.path(OPERATIONS[name]).removesuffix("/image"), {"state": "published"}, "*")
    refused(world.ask(name, data=vector("<script/>"), headers=kind), 400)
    refused(world.ask(name, data=b"x" * ((1 << 20) + 1), headers=kind), 413)
    for other in {"Content-Type": "image/gif"}, {"Content-Type": "application/json"}, {"Content-Encoding": "gzip"}:
        refused(world.ask(name, data=vector(), headers={**kind, **other}), 415)


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
    hr, company = world.hr, world.hr.get(f"/achievements/{world.ids['achievements']}")["issuer"]
    world.clients["admin"].patch(f"/api/v1/issuers/{company['id']}", {"name": "x"}, "*", gives=409)
    for path, change in (("/scales", {"levels": ["a"]}), ("/skills", {"parent_id": world.ids["skills"]}),
                         ("/achievements", {"state": "draft"})):
        hr.patch(f"{path}/{world.ids[path[1:]]}", change, "*", gives=409)
    over = hr.post("/achievements", {"name": "x"})["id"]
    hr.patch(f"/achievements/{over}", {"state": "archived"}, "*")
    refused(hr.ask("PUT", f"/achievements/{over}/image", data=vector(), headers={"If-Match": "*", "Content-Type": "image/svg+xml"}), 409)
    for path, body in ("/frameworks", {"code": "CON-0", "name": "x"}), ("/scales", {"name": "steps 0", "levels": ["a"]}):
        hr.post(path, body, gives=409)


@pytest.mark.parametrize("path", contract().paths)
def test_methods_are_those_of_the_document(world, path):
    here = path.replace("{id}", MISSING)
    allowed = {verb.upper() for verb in contract().paths[path] if verb in VERBS}
    allowed |= {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    here = at(here)
    options = world.clients["nobody"].ask("OPTIONS", here)
    assert options.status_code == 204 and set(options.headers["Allow"].split(", ")) == allowed
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        assert set(refused(world.clients["nobody"].ask(method, here), 405).headers["Allow"].split(", ")) == allowed


def test_what_is_renewed_already_is_given_back(world):
    path = f"/api/v1/credentials/{world.ids['renewable']}/renewal"
    begun, again = (world.ask("POST /api/v1/credentials/{id}/renewal", path=path) for _ in range(2))
    assert (begun.status_code, again.status_code) == (201, 200) and begun.json()["id"] == again.json()["id"]


def test_who_has_no_badge_has_no_record(world):
    person, = world.hr.get("/people", username="nbrooks")["items"]
    refused(world.ask("GET /api/v1/people/{id}/record", path=f"/api/v1/people/{person['id']}/record"), 409)


def test_failures_are_counted(world):
    statuses = [world.house.try_sign_in("nobody-of-that-name", "x").status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_asking_too_often_is_429(world):
    from_afar = {"X-Forwarded-For": "192.0.2.200"}

    def ask_on(name, number, accept):
        """Past what is allowed, though a few more are each second; as nobody has asked before."""
        while world.ask("GET /status/{id}", found=False, headers=from_afar).status_code == 404:
            pass
        return world.ask(name, params={"shoe_size": number}, headers={**from_afar, "Accept": accept})
    for name, accept in itertools.product(those(lambda operation: operation.has(429) and operation.method == "GET"), ("*/*", "text/html, */*;q=0.1")):
        refusal = next(answer for answer in (ask_on(name, number, accept) for number in range(100)) if answer.status_code != 200)
        assert int(refused(refusal, 429).headers["Retry-After"]) >= 1
    verify, badge = "POST /api/v1/verifications", {"badge": "{}"}
    while world.ask(verify, by="admin", body=badge).status_code == 200:
        pass
    assert int(refused(world.ask(verify, by="admin", body=badge), 429).headers["Retry-After"]) >= 1


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
