# SPDX-License-Identifier: Apache-2.0
"""The document's operations, a house with something of everything to ask them of, and what came back.
Knows who may ask what; refuses to know what the answers should be."""
import http.client
import json
import re

import pytest
from kit import validate
from kit.badges import new_key, signs
from kit.batches import ask, ended
from kit.gate import make_userdb
from kit.house import ACCOUNTS, AUDITOR, BASE, PUBLIC_URL, demo_house, wait_for
from kit.pictures import vector
from kit.signer import Signer
from kit.validate import contract

MISSING = "0190a000-0000-7000-8000-000000000000"
VERBS = {"get", "post", "put", "patch", "delete"}
TYPES = {400: {"bad-field", "bad-request"}, 401: {"unauthorized"}, 403: {"forbidden"}, 404: {"not-found"},
         405: {"method-not-allowed"}, 406: {"not-acceptable"}, 409: {"conflict", "key-reused"}, 412: {"stale"},
         413: {"too-large"}, 415: {"unsupported-media-type"}, 428: {"precondition-required"},
         429: {"too-many-attempts"}, 501: {"not-implemented"}, 503: {"unavailable"}}
FORMATS = {"application/json": "json", "application/x-ndjson": "ndjson", "text/csv": "csv"}
FORMS = {**FORMATS, "application/vc": "ob3",
         "application/ld+json": "ob3", "application/vc+jwt": "jwt", "application/jose": "ob2-jws", "text/html": "html", "image/png": "png",
         "image/svg+xml": "svg", "application/pdf": "pdf"}
# Forms that Accept never means, since others have the same type.
BY_FORMAT = {("GET /badges/{id}", "application/ld+json"): "ob2", ("GET /endorsements/{id}", "application/vc+jwt"): None}
# Who asks; hr where nothing is said.
BY = {"POST /api/v1/credentials": "issuer", "POST /api/v1/batches": "issuer", "GET /api/v1/batches": "issuer",
      "GET /api/v1/jobs": "issuer", "DELETE /api/v1/jobs": "issuer", "POST /api/v1/directory/runs": "admin", "POST /api/v1/claims": "employee",
      "PATCH /api/v1/claims": "employee", "PATCH /api/v1/credentials": "employee",
      "POST /api/v1/endorsements": "issuer", "POST /api/v1/issuers": "admin", "PATCH /api/v1/issuers": "admin", "PUT /api/v1/issuers": "admin", "DELETE /api/v1/claims": "employee", "GET /api/v1/directory/runs": "admin",
      "GET /api/v1/erasures": "auditor", "GET /api/v1/audit": "auditor", "GET /api/v1/outbox": "auditor", "GET /api/v1/access": "auditor", "GET /api/v1/claims": "employee",
      **{f"{method} /api/v1/submissions": "employee" for method in ("GET", "POST", "PATCH", "DELETE")},
      "GET /api/v1/credentials/{id}/counts": "issuer", "POST /api/v1/claims/{id}/submission": "employee", "POST /api/v1/credentials/{id}/renewal": "employee", "POST /api/v1/credentials/{id}/uses": "hr",
      **dict.fromkeys([f"{method} /api/v1/goals" for method in ("GET", "POST", "PATCH", "DELETE")], "employee"),
      "POST /api/v1/claims/{id}/endorsements": "auditor", "PATCH /api/v1/claim-endorsements/{id}": "employee",
      "DELETE /api/v1/claim-endorsements/{id}": "admin",
      **{f"{method} /api/v1/reviews": "assessor" for method in ("POST", "PATCH")}, "GET /api/v1/people/{id}/looks": "issuer", "GET /api/v1/me/looks": "issuer",
      "GET /api/v1/me/pathways": "employee", "POST /api/v1/pathways/{id}/enrolments": "employee", "POST /api/v1/enrolments": "employee", "GET /api/v1/enrolments": "employee",
      "POST /api/v1/corrections": "employee", "POST /api/v1/corrections/{id}/answer": "hr"}
WITHIN = {"{assignment}": "assignments", "{rule}": "rules", "{file}": "file"}  # ids behind the first one of a path


class Operation:
    """One of the document, resolved."""

    def __init__(self, path, verb, item, operation):
        self.path, self.method, self.raw = path, verb.upper(), operation
        self.parameters = {(found["in"], found["name"]): found for found in
                           map(contract().resolve, item.get("parameters", []) + operation.get("parameters", []))}
        self.answers = {status: contract().resolve(answer) for status, answer in operation["responses"].items()}
        body = contract().resolve(operation.get("requestBody", {})).get("content", {})
        self.body = {kind: value for kind, value in body.items() if validate.is_json_type(kind)}
        self.takes_table = "text/csv" in body
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
        return BY.get(f"{self.method} {self.path}") or BY.get(f"{self.method} {noun}", "hr")


OPERATIONS = {f"{verb.upper()} {path}": Operation(path, verb, item, item[verb])
              for path, item in contract().paths.items() for verb in item if verb in VERBS}
LISTS = [name for name, operation in OPERATIONS.items() if operation.is_list]
PAGED = [name for name in LISTS if OPERATIONS[name].takes("cursor")]


def those(condition):
    return [name for name, operation in OPERATIONS.items() if condition(operation)]


BODIES = those(lambda operation: operation.body)
GOOD = {"replace": {"reason": "x"}, "revoke": {"reason": "x"}, "suspend": {"reason": "x"}, "hold": {"reason": "x"}, "erase": {"reason": "x"},
        "return": {"comment": "x"}, "withdraw": {"reason": "x"}, "decide": {"verdict": "approve"}, "talent": {"listed": True},
        "answer": {"state": "done", "answer": "x"}, "uses": {"what": "x"}, "proofs": {"node": "c", "text": "x"}}
LEAVERS = [f"leaver{number}" for number in range(4)]


def at(path):
    """As a client takes it for what it is, and not for one below the API."""
    return path if path.startswith(("/api/", "//")) else "/" + path


class World:
    """A house with something of everything, a client for each role, and what was seen of the contract."""

    def __init__(self, house, seen):
        self.house, self.seen = house, seen
        sign_in = house.sign_in
        self.clients = {"hr": sign_in(ACCOUNTS["HR"]), "issuer": sign_in(ACCOUNTS["ISSUER"]),
                        "admin": sign_in(ACCOUNTS["ADMIN"]), "employee": sign_in(ACCOUNTS["EMPLOYEE"]),
                        "auditor": sign_in(AUDITOR), "machine": sign_in("machine"), "assessor": sign_in(ACCOUNTS["ASSESSOR"]), "nobody": house.client()}
        self.hr, self.issuer, self.employee = (self.clients[who] for who in ("hr", "issuer", "employee"))
        self.ids = {}
        for algorithm in "ed25519", "p256", "rsa2048":
            new_key(house, algorithm)
        self.fill_catalogue()
        self.fill_awards()
        self.fill_positions()
        self.fill_submissions()
        self.fill_reviews()
        self.fill_enrolments()
        self.fill_privacy()
        self.fill_batches()
        self.fill_access()
        self.fill_retention()
        wait_for("links", lambda: self.hr.get("/links")["items"])

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
                "tags": ["one", "two"], "language": "en", "translations": {"de": {"name": "Errungenschaft"}}, "credits": 1.5,
                "alignments": [{"name": "x", "url": "https://example.org/a", "code": "A1"}], "field_of_study": "x", "specialization": "y",
                "human_code": "z", "owner": ACCOUNTS["HR"], "next_review": "2099-01-31",
                "related": [self.ids["achievements"]] if number else [], "recommended": [self.ids["achievements"]] if number else [],
                "result_descriptions": [{"name": "Test", "result_type": "Result", "levels": [{"name": "Passed", "points": "1"}]}],
                "skills": [{"skill": skill["id"], "level": 2}, {"skill": {"id": child["id"]}, "level": 4}]}, gives=201)
            issuer = self.clients["admin"].post("/issuers", {"name": f"Issuer {number}", "url": "https://example.org", "mail": "i@example.org",
                                                             "description": "x", "groups": [f"cn=issuers,ou=groups,{BASE}"]}, gives=201)
            self.clients["admin"].expect(200, "PUT", f"/api/v1/issuers/{issuer['id']}/image", data=vector(),
                                         headers={"If-Match": "*", "Content-Type": "image/svg+xml"})
            endorsed = self.issuer.post("/endorsements", {"subject": issuer["id"], "comment": "x"}, gives=201)
            collected = hr.post("/collections", {"name": f"Collection {number}", "description": "x", "achievements": [earned["id"]],
                                                 "goals": [{"metric": "people", "target": 4, "by": "2030-01-01"}]}, gives=201)
            self.ids["pathways"] = self.pathway(number, earned, skill)
            self.ids.update(collections=collected["id"], skills=skill["id"], achievements=earned["id"], issuers=issuer["id"], endorsements=endorsed["id"])

    def fill_positions(self):
        for number in range(4):
            self.ids["positions"] = self.hr.post("/positions", {"code": f"POS-{number}", "name": f"Position {number}", "description": "x", "openings": number,
                                                                "skills": [{"skill": self.ids["skills"], "level": 2, "need": "nice"}]}, gives=201)["id"]
        for attached in ({"unit": self.hr.get("/units")["items"][0]["id"]}, {"group": f"cn=issuers,ou=groups,{BASE}"}, {"title": "Clerk 2"},
                         {"person": ACCOUNTS["EMPLOYEE"]}):
            self.ids["assignments"] = self.hr.post(f"/positions/{self.ids['positions']}/assignments", attached, gives=201)["id"]
        for goal in {"position": "POS-0"}, {"skill": self.ids["skills"], "level": 1, "due": "2099-01-31"}, {"position": "POS-1", "note": "x", "shared": True}:
            self.ids["goals"] = self.employee.post("/goals", goal, gives=201)["id"]

    def pathway(self, number, earned, skill):
        """In two versions, of which the first was published."""
        nodes = [{"id": "a", "kind": "achievement", "achievement": earned["id"]}, {"id": "g", "kind": "group", "need": 1, "after": ["a"]},
                 {"id": "b", "kind": "skill", "skill": skill["id"], "level": 1, "within": "g", "milestone": earned["id"]},
                 {"id": "c", "kind": "proof", "name": "x", "description": "y", "within": "g", "optional": True}]
        whole = self.hr.post("/achievements", {"name": f"Whole {number}", "state": "published"}, gives=201)
        made = self.issuer.post("/pathways", {"name": f"Pathway {number}", "description": "x", "achievement": whole["id"], "nodes": nodes,
                                              "state": "published"}, gives=201)
        self.issuer.patch(f"/pathways/{made['id']}", {"lost": "revoke", "state": "published", "keep_until": "2099-01-01"}, "*")
        return made["id"]

    def fill_awards(self):
        evidence = [{"name": "Test", "url": "https://example.org/t", "narrative": "=1+1 passed"}]
        for username in ACCOUNTS["EMPLOYEE"], ACCOUNTS["MANAGER"], ACCOUNTS["HR"], ACCOUNTS["EMPLOYEE"]:
            made = self.issuer.issue(username, self.ids["achievements"], evidence=evidence)
        for verb in "suspend", "reinstate":
            self.issuer.post(f"/credentials/{made['id']}/{verb}", {"reason": "x"}, gives=200)
        other = self.hr.pages("/achievements", limit=500)[0]["id"]
        self.issuer.issue(ACCOUNTS["EMPLOYEE"], other, valid_from="2020-01-01T00:00:00+02:00", expires_at="2099-01-01")
        self.ids.update(credentials=made["id"], people=made["person"]["id"], badges=made["id"], keys=self.hr.get("/keys")["items"][0]["id"],
                        status=str(self.house.sql("SELECT id FROM status_list LIMIT 1")[0][0]))
        for day in range(4): # as if it had been looked at for days
            self.house.sql("INSERT INTO credential_count VALUES (%s, current_date - %s, 'view', 2)", made["id"], day)
        self.house.sql("UPDATE badge SET visibility = 'public' WHERE credential_id = %s", made["id"])
        for skill in self.hr.pages("/skills", limit=500)[:5]:
            claim = self.employee.post("/claims", {"skill": skill["id"], "level": 1, "note": "x", "shared": True, "colleagues": True}, gives=201)
        self.ids["claims"] = claim["id"]
        self.fill_renewals()
        for one in claim, self.employee.pages("/claims")[-1]:  # of another than that which may be dropped
            for who in "hr", "issuer", "admin":
                made = self.clients[who].post(f"/claims/{one['id']}/endorsements", {"note": "x"}, gives=201)
        self.ids["claim-endorsements"] = made["id"]

    def fill_renewals(self):
        again = self.hr.post("/achievements", {"name": "Renewed", "state": "published", "validity": "P1Y", "assessment": {
            "prompts": [{"kind": "text", "name": "What?"}]}, "renewal": {"by": "evidence", "from": "P60Y"}}, gives=201)["id"]
        lapsing = self.hr.post("/achievements", {"name": "Lapsing", "state": "published", "validity": "P9Y", "lapse": "P1Y"}, gives=201)["id"]
        self.ids["lapsing"] = self.issuer.issue(ACCOUNTS["EMPLOYEE"], lapsing)["id"]
        for number in range(4):
            self.hr.post(f"/credentials/{self.ids['lapsing']}/uses", {"what": f"x {number}"}, gives=200)
        self.ids["renewable"] = self.issuer.issue(ACCOUNTS["EMPLOYEE"], again)["id"]

    def fill_submissions(self):
        """Of an employee, who was asked for everything, and whose last one is a draft; of the first of their claims one too."""
        prompts = [{"kind": "text", "name": "What?"}, {"kind": "link", "name": "Where?"},
                   {"kind": "quiz", "name": "Which?", "questions": [{"text": "x", "choices": ["a", "b"], "correct": [1]}]},
                   {"kind": "file", "name": "What else?", "required": False}]
        for number in range(4):
            asked = self.hr.post("/achievements", {"name": f"Asked {number}", "state": "published", "assessment": {
                "prompts": prompts, "minimum": 0, "groups": [f"cn=assessors,ou=groups,{BASE}"]}}, gives=201)
            made = self.employee.post("/submissions", {"achievement": asked["id"]}, gives=201)["id"]
            answers = dict(zip((one["id"] for one in asked["assessment"]["prompts"]),
                               ({"text": "x"}, {"url": "https://example.org/"}, {"choices": [[1]]})))
            self.employee.patch(f"/submissions/{made}", {"answers": answers, "shared": True}, "*")
            for step in ("submit", "withdraw", "reopen") * 4:
                self.employee.expect(200, "POST", f"/submissions/{made}/{step}", headers={"If-Match": "*"})
        self.ids["submissions"] = made
        self.file = {"prompt": asked["assessment"]["prompts"][-1]["id"], "name": "x.pdf"}
        self.ids["file"] = self.employee.expect(201, "POST", f"/submissions/{made}/files", data=b"%PDF-1", params=self.file)["files"][0]["id"]

    def review(self):
        """Of hr, offered to the assessor."""
        asked = self.hr.post("/achievements", {"name": "Reviewed", "state": "published", "assessment": {
            "prompts": [{"kind": "text", "name": "What?", "required": False}]}}, gives=201)
        made = self.hr.post("/submissions", {"achievement": asked["id"]}, gives=201)["id"]
        self.hr.expect(200, "POST", f"/submissions/{made}/submit", headers={"If-Match": "*"})
        (review,) = self.hr.get("/reviews", achievement=asked["id"])["items"]
        self.house.sql("UPDATE review SET offered_to = %s WHERE id = %s", self.clients["assessor"].get("/me")["person"]["id"], review["id"])
        return review["id"]

    def fill_reviews(self):
        for _ in range(4):
            self.ids["reviews"] = self.review()
        self.clients["assessor"].post(f"/reviews/{self.ids['reviews']}/claim", gives=200)
        judge, handed = self.clients["assessor"].get("/me")["person"]["id"], self.ids["submissions"]
        self.house.sql("UPDATE submission_round SET outcome = 'returned', feedback = 'x' WHERE submission_id = %s", handed)
        self.house.sql("UPDATE review SET state = 'done', assessor_id = %s, entry_id = %s, verdict = 'return', points = 0, comment = 'x', done_at = now()"
                       " WHERE submission_id = %s", judge, judge, handed)

    def enrolment(self, who="employee"):
        """On a pathway of its own, with a proof that waits."""
        nodes = [{"id": "c", "kind": "proof", "name": "x"}, {"id": "d", "kind": "proof", "name": "y"}]
        made = self.issuer.post("/pathways", {"name": "Enrolled", "nodes": nodes, "state": "published"}, gives=201)["id"]
        enrolled = self.clients[who].post(f"/pathways/{made}/enrolments", {"until": "2099-01-31"}, gives=201)["id"]
        self.ids["proofs"] = self.clients[who].post(f"/enrolments/{enrolled}/proofs", {"node": "c", "text": "x", "url": "https://example.org/c"}, gives=201)["id"]
        return enrolled

    def fill_enrolments(self):
        for _ in range(4):
            self.ids["enrolments"] = self.enrolment()
        self.fill_rules()
        self.hr.post(f"/proofs/{self.ids['proofs']}/accept", {"note": "x"}, gives=200)
        self.employee.post(f"/enrolments/{self.ids['enrolments']}/pause", gives=200)

    def fill_rules(self):
        """Of the pathway that stands for all, the last one of a position that nobody has."""
        units = [one["id"] for one in self.hr.get("/units")["items"]]
        for whom in {"unit": units[1]}, {"unit": units[2]}, {"group": f"cn=issuers,ou=groups,{BASE}"}, {"position": "POS-0", "days": 30}:
            self.ids["rules"] = self.hr.post(f"/pathways/{self.ids['pathways']}/rules", whom, gives=201)["id"]

    def fill_privacy(self):
        """Nobody asks for what is told of the issuer by name, so that who looked at them stays as it is."""
        self.ids["looked_at"] = self.issuer.get("/me")["person"]["id"]
        for day in range(4):
            self.house.sql("INSERT INTO look (subject_id, day, viewer_id, relation, what, number)"
                           " VALUES (%s, current_date - %s, %s, 'manager', 'person', 2)", self.ids["looked_at"], day, self.ids["people"])
        for number in range(4):
            self.ids["corrections"] = self.employee.post("/corrections", {"about": "person", "text": f"x {number}"}, gives=201)["id"]
        self.hr.expect(200, "POST", f"/corrections/{self.employee.get('/corrections')['items'][0]['id']}/answer",
                       {"state": "done", "answer": "x"}, headers={"If-Match": "*"})
        for who in "employee", "hr", "issuer", "admin":
            self.clients[who].expect(200, "PUT", "/me/talent", {"listed": True, "note": "x", "interests": ["one", "two"]}, headers={"If-Match": "*"})

    def fill_batches(self):
        """The first ones are done, the last one waits."""
        row = {"person": ACCOUNTS["EMPLOYEE"], "narrative": "x"}
        for _ in range(3):
            job = ask(self.issuer, "issue", [row, {"person": "nobody"}, row, row], achievement=self.ids["achievements"])
            self.ids["batches"] = ended(self.issuer, job)["batch_id"]
        self.ids["jobs"] = ask(self.issuer, "revoke", [{"credential": self.ids["credentials"]}], on_fault="wait", at="2099-01-01",
                               reason="x")["id"]

    def fill_access(self):
        for number in range(3):
            for who in "hr", "admin":
                made = self.clients[who].post("/tokens", {"name": f"token {number}", "scopes": ["people:read", "credentials:write"]}, gives=201)
                self.clients[f"{who}'s token"] = self.house.client(made["token"])
                self.ids["tokens"] = made["id"] if who == "hr" else self.ids["tokens"]
            self.house.sign_in(ACCOUNTS["HR"])
            self.house.write_entry(ACCOUNTS["EMPLOYEE"], "title", f"Clerk {number}")
            self.ids["directory"] = self.house.sync()["id"]
        self.ids["units"] = self.hr.get("/units")["items"][0]["id"]

    def fill_retention(self):
        link = self.house.slapd.admin()
        people = {one["username"]: one["id"] for one in self.hr.pages("/people", limit=500)}
        for username in LEAVERS:
            link.delete_s(f"uid={username},ou=people,{BASE}")
        self.house.sync()
        for username in LEAVERS[:2]:
            self.ids["erasures"] = self.erase(people[username])["id"]
        self.hr.post(f"/people/{self.ids['people']}/hold", {"reason": "Case 1", "until": "2099-01-01"}, gives=201)
        self.hr.post(f"/people/{people[LEAVERS[2]]}/hold", {"reason": "Case 2"}, gives=201)

    def erase(self, person, **how):
        self.hr.get(f"/people/{person}")
        headers = {"If-Match": self.hr.last.headers["ETag"], **how}
        return self.hr.expect(201, "POST", f"/people/{person}/erase", {"reason": "Asked for", "early": True}, headers=headers)

    def path(self, operation, found=True):
        noun = operation.path.split("/")[3 if operation.is_of_api() else 1]
        if operation.path == "/oembed":
            return at(f"/oembed?url={PUBLIC_URL}/badges/{self.ids['badges'] if found else MISSING}")
        here = "current" if noun == "sessions" and operation.method == "GET" else self.ids.get(noun, MISSING)
        here = self.ids["looked_at"] if operation.path.endswith("/looks") else here
        here = self.ids["lapsing"] if operation.path.endswith("/uses") else here
        here = self.ids["renewable"] if operation.path.endswith("/renewal") else here
        path = operation.path.replace("{id}", here if found or re.search("{(?!id)", operation.path) else MISSING)
        for word, noun in WITHIN.items():
            path = path.replace(word, self.ids[noun] if found else MISSING)
        return at(path)

    def ask(self, name, *, by=None, found=True, path=None, body=None, **how):
        """The answer to an operation of the document, by one who may."""
        operation = OPERATIONS[name]
        if body is None and operation.body and "data" not in how:
            body = {}
        path = at(path) if path else self.path(operation, found)
        client = self.clients[by or operation.actor()]
        answer = client.ask(operation.method, path, body, **how)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            return answer
        if answer.status_code in (404, 503) and not operation.is_of_api():
            client.ask(operation.method, path, body, **{**how, "headers": {**how.get("headers", {}), "Accept": "text/html, */*;q=0.1"}})
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
    leavers = "\n\n".join(f"dn: uid={name},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: x"
                          for name in LEAVERS)
    signer = Signer()
    house = demo_house({"throttle": {"user_failures": 3}, "server": {"trusted_proxy": "127.0.0.1"}, "retention all": {"keep": "P3Y"}, "limits": {"verifications": 100},
                        "links": {"every": "200ms"}, "submissions": {"folder": "files"}, "role assessor": {"group": [f"cn=assessors,ou=groups,{BASE}", "nobody made this"]}, **signs(signer)}, leavers)
    house.passwords["machine"] = "machine-password"
    make_userdb(house.folder / "users", {name: house.passwords[name] for name in ("rescue", "machine", ACCOUNTS["ADMIN"])})
    house.expects_errors = True  # the database is taken away in the end
    with signer, house:
        yield World(house, seen)


def refused(answer, status, field=None):
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    if field:
        assert field in [error["field"] for error in answer.json()["errors"]], answer.text
    return answer


def good_body(name):
    """One that says no more than what must be said; None where nothing is."""
    if name.startswith("POST /api/v1/sessions"):
        return {"answers": ["x"]} if name.endswith("{id}") else {"username": "x", "password": "x"}
    if name.endswith(("/corrections/{id}/withdraw", "/proofs/{id}/withdraw", "/proofs/{id}/revoke")):
        return {}
    return GOOD.get(name.rpartition("/")[2], {}) if OPERATIONS[name].body else None


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
    validate.check("GET", path, answer.status, kind, json.loads(answer.text) if validate.is_json_type(kind) else answer.text, answer.headers)
    world.seen.add((f"GET {contract().template(path)}", str(answer.status), kind.split(";")[0]))
    link.close()
    return answer
