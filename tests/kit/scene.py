# SPDX-License-Identifier: Apache-2.0
"""Someone of each kind who asks every route, and what they ask for. Knows how each thing is made, not who may have it."""
import itertools
import re

from kit.batches import ask
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_ISSUER

EMPLOYEE, MANAGER, ASSESSOR, ISSUER, HR, ADMIN = (ACCOUNTS[name] for name in
                                                  ("EMPLOYEE", "MANAGER", "ASSESSOR", "ISSUER", "HR", "ADMIN"))
BELOW, AWARDED_BELOW = "jmarsh", "hshaw"  # the manager's people
AWARDED, STRANGER = "pquinn", "nbrooks"   # nobody's here
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0L1 1"/></svg>'
LEAVERS = [f"leaver{number}" for number in range(3)]
NAMES = {"nameless": "machine", "employee": EMPLOYEE, "manager": MANAGER, "assessor": ASSESSOR, "issuer": ISSUER, "hr": HR,
         "auditor": AUDITOR, "admin": ADMIN}


class Scene:
    """Someone of each kind with a session, and things of theirs and of others."""

    def __init__(self, house, rows):
        """`rows`: {"GET /path": {actor: status}}."""
        self.prompts, self.files = {}, {}
        self.house, self.rows, self.numbers, self.kept, self.frozen, self.other_issuer = house, rows, itertools.count(1), {}, False, None
        self.clients = {actor: house.sign_in(name) for actor, name in NAMES.items()}
        self.hr, self.issuer, self.admin = (self.clients[actor] for actor in ("hr", "issuer", "admin"))
        self.clients["nobody"] = house.client()
        self.clients["token"] = house.client(self.hr.post("/tokens", {"name": "x", "scopes": ["people:read"]})["token"])
        self.others = {name: house.sign_in(name) for name in (STRANGER, AWARDED_BELOW)}
        self.people = {person["username"]: person["id"] for person in self.hr.pages("/people", limit=500)}
        self.framework = self.hr.post("/frameworks", {"code": "IN", "name": "Breaking in"})["id"]
        self.achievement = self.hr.post("/achievements", {"name": "Burglar", "state": "published"})["id"]
        for person in AWARDED, AWARDED_BELOW:
            self.issuer.issue(person, self.achievement)
        self.partner = self.admin.post("/issuers", {"name": "Partner"})["id"]
        self.admin.expect(200, "PUT", f"/api/v1/issuers/{self.partner}/image", data=SVG, headers={"If-Match": "*", "Content-Type": "image/svg+xml"})
        self.partners = self.hr.post("/achievements", {"name": "Locksmith", "state": "published", "issuer": self.partner})["id"]
        sandbox = self.admin.post("/issuers", {"name": "Sandbox", "sandbox": True})["id"]
        self.test = self.hr.post("/achievements", {"name": "Test", "state": "published", "issuer": sandbox})["id"]
        self.asked = self.hr.post("/achievements", {"name": "Asked", "state": "published",
                                                    "assessment": {"prompts": [{"kind": "text", "name": "x"}]}})["id"]
        self.lapsing = self.hr.post("/achievements", {"name": "Lapsing", "state": "published", "lapse": "P1Y"})["id"]
        self.leavers = [self.people[name] for name in LEAVERS]
        for name in LEAVERS:
            house.slapd.admin().delete_s(f"uid={name},ou=people,{BASE}")
        house.sync()
        self.erasure = self.hr.expect(201, "POST", f"/people/{self.leavers.pop()}/erase", {"reason": "x", "early": True},
                                      headers={"If-Match": "*"})["id"]

    def person_of(self, actor):
        """Who has no person asks for a stranger's."""
        return NAMES.get(actor, HR if actor == "token" else STRANGER).replace("machine", STRANGER)

    def partners_credential(self):
        """Of an issuer for whom nobody here issues."""
        made = self.issuer.issue(AWARDED, self.achievement)["id"]
        self.house.sql("UPDATE credential SET issuer_id = %s WHERE id = %s", self.partner, made)
        return made

    def of_partner(self):
        return self.hr.post("/achievements", {"name": "Locksmith", "state": "published", "issuer": self.partner})["id"]

    def endorsement(self):
        """The company's, of a partner's achievement."""
        return self.issuer.post("/endorsements", {"subject": self.of_partner()}, gives=201)

    def partners_endorsement(self):
        """As if it had been signed elsewhere."""
        made = self.endorsement()["id"]
        self.house.sql("UPDATE endorsement SET issuer_id = NULL WHERE id = %s", made)
        return made

    def job(self):
        """Another issuer's, which waits."""
        self.other_issuer = self.other_issuer or self.house.sign_in(OTHER_ISSUER)
        return ask(self.other_issuer, "issue", [{"person": AWARDED}], achievement=self.achievement, at="2099-01-01")

    def skill(self):
        code = f"IN-{next(self.numbers)}"
        return self.hr.post("/skills", {"framework": "IN", "code": code, "label": code})["id"]

    def proved_claim(self, client):
        skill = self.skill()
        self.hr.post("/achievements", {"name": "x", "state": "published", "skills": [{"skill": skill, "level": 1}],
                                       "assessment": {"prompts": [{"kind": "text", "name": "x"}]}})
        return client.post("/claims", {"skill": skill, "level": 1})["id"]

    def renewable(self, person):
        """A credential of an achievement of its own, which is renewed by what is handed in."""
        asked = self.hr.post("/achievements", {"name": f"Renewed {next(self.numbers)}", "state": "published", "validity": "P1Y", "assessment": {
            "prompts": [{"kind": "text", "name": "x"}]}, "renewal": {"by": "evidence", "from": "P60Y"}})["id"]
        return self.issuer.issue(person, asked)["id"]

    def claim(self, client, shared):
        return client.post("/claims", {"skill": self.skill(), "level": 1, "shared": shared})["id"]

    def handed_in(self, client, state, shared=False):
        """An achievement of its own each time, so that there is an open one of it only."""
        asked = self.hr.post("/achievements", {"name": f"Asked {next(self.numbers)}", "state": "published",
                                               "assessment": {"prompts": [{"kind": "file", "name": "x", "required": False}]}})
        made = client.post("/submissions", {"achievement": asked["id"]}, gives=201)["id"]
        self.prompts[made] = asked["assessment"]["prompts"][0]["id"]
        self.files[made] = self.upload(client, f"/submissions/{made}/files", made).json()["files"][0]["id"]
        if shared:
            client.patch(f"/submissions/{made}", {"shared": True}, "*")
        for step in {"draft": (), "withdrawn": ("withdraw",), "submitted": ("submit",)}[state]:
            client.expect(200, "POST", f"/submissions/{made}/{step}", headers={"If-Match": "*"})
        return made

    def upload(self, client, path, submission):
        return client.ask("POST", path, data=b"%PDF-1", params={"prompt": self.prompts.get(submission, MISSING), "name": "x.pdf"})

    def submission(self, client, line, shared=False):
        return self.handed_in(client, "withdrawn" if line.endswith("/reopen") else "draft", shared)

    def goal(self, client, shared):
        return client.post("/goals", {"skill": self.skill(), "level": 1, "shared": shared})["id"]

    def correction(self, client):
        return client.post("/corrections", {"about": "person", "text": "x"})["id"]

    def open_claim(self, client):
        """That everybody sees."""
        return client.post("/claims", {"skill": self.skill(), "level": 3, "shared": True, "colleagues": True})["id"]

    def vouch(self, client, claimant, colleagues=True):
        """An endorsement of a claim that everybody sees, or did when it was made."""
        claim = self.open_claim(claimant)
        made = client.post(f"/claims/{claim}/endorsements", {})["id"]
        claimant.patch(f"/claims/{claim}", {"colleagues": colleagues}, "*")
        return made

    def review(self, line):
        """The assessor's, which they have claimed unless that is asked for; without a line another's turn."""
        made = self.handed_in(self.others[AWARDED_BELOW], "submitted")
        found = self.house.sql("SELECT id FROM review WHERE submission_id = %s", made)[0][0]
        turn = self.people[ASSESSOR if line else "esek"]
        self.house.sql("UPDATE review SET offered_to = %s WHERE id = %s", turn, found)
        if line and not line.endswith("/claim"):
            self.clients["assessor"].post(f"/reviews/{found}/claim")
        return str(found)

    def person(self, username, line):
        """A hold on their data stands where the line needs one, and only there."""
        person, client = self.people[username], self.house.rescue
        if line.endswith("/hold"):
            client.ask("DELETE", f"/people/{person}/hold", headers={"If-Match": "*"})
            if not line.startswith("POST"):
                client.post(f"/people/{person}/hold", {"reason": "x"})
        return person

    def owner(self, actor):
        client = self.clients[actor]
        return client if NAMES.get(actor, "machine") != "machine" else self.others[STRANGER]

    def make(self, word, actor, line):
        """The id of what a word of the table stands for; new where asking may change it."""
        stranger = self.others[STRANGER]
        makers = {
            "talk": lambda: MISSING, "erasure": lambda: self.erasure, "framework": lambda: self.framework,
            "self": lambda: self.person(self.person_of(actor), line), "below": lambda: self.person(BELOW, line),
            "awarded": lambda: self.person(AWARDED, line), "stranger": lambda: self.person(STRANGER, line),
            "leaver": lambda: self.leavers.pop() if self.rows[line][actor] == 201 else self.leavers[0] if self.leavers else MISSING,
            "session": lambda: self.house.sign_in(STRANGER).get("/sessions/current")["id"],
            "own_session": lambda: self.house.sign_in(NAMES.get(actor, STRANGER)).get("/sessions/current")["id"],
            "token": lambda: stranger.post("/tokens", {"name": "x", "scopes": ["people:read"]})["id"],
            "own_token": lambda: self.owner(actor).post("/tokens", {"name": "x", "scopes": ["people:read"]})["id"],
            "unit": lambda: self.hr.get("/units")["items"][0]["id"],
            "run": lambda: self.admin.get("/directory/runs")["items"][0]["id"],
            "scale": lambda: self.hr.post("/scales", {"name": f"scale {next(self.numbers)}", "levels": ["a"]})["id"],
            "skill": self.skill, "achievement": lambda: self.achievement,
            "draft": lambda: self.hr.post("/achievements", {"name": "x"})["id"],
            "in_review": self.in_review,
            "own_claim": lambda: self.claim(self.owner(actor), False),
            "shared_claim": lambda: self.claim(self.others[AWARDED_BELOW], True),
            "claim": lambda: self.claim(self.others[AWARDED_BELOW], False),
            "own_submission": lambda: self.submission(self.owner(actor), line),
            "submission": lambda: self.submission(self.others[AWARDED_BELOW], line),
            "shared_submission": lambda: self.submission(self.others[AWARDED_BELOW], line, True),
            "own_review": lambda: self.review(line), "review": lambda: self.review(None),
            "own_proved_claim": lambda: self.proved_claim(self.owner(actor)),
            "open_claim": lambda: self.open_claim(self.others[AWARDED_BELOW]),
            "own_correction": lambda: self.correction(self.owner(actor)),
            "correction": lambda: self.correction(self.others[AWARDED_BELOW]),
            "own_vouch": lambda: self.vouch(self.owner(actor), self.others[AWARDED_BELOW]),
            "own_vouched": lambda: self.vouch(self.others[AWARDED_BELOW], self.owner(actor)),
            "vouch": lambda: self.vouch(self.others[STRANGER], self.others[AWARDED_BELOW], colleagues=False),
            "own_credential": lambda: self.issuer.issue(self.person_of(actor) if actor in NAMES else AWARDED, self.achievement)["id"],
            "lapsing_below": lambda: self.issuer.issue(AWARDED_BELOW, self.lapsing)["id"],
            "own_renewable": lambda: self.renewable(self.person_of(actor) if actor in NAMES else AWARDED),
            "credential_below": lambda: self.issuer.issue(AWARDED_BELOW, self.achievement)["id"],
            "credential": lambda: self.issuer.issue(AWARDED, self.achievement)["id"],
            "badge": lambda: self.issuer.issue(AWARDED, self.achievement)["id"],
            "issuer": lambda: self.hr.get(f"/achievements/{self.achievement}")["issuer"]["id"],
            "endorsement": lambda: self.endorsement()["id"], "own_endorsement": lambda: self.endorsement()["id"], "partners_endorsement": self.partners_endorsement,
            "collection": lambda: self.hr.post("/collections", {"name": "x"})["id"],
            "partners_collection": lambda: self.hr.post("/collections", {"name": "x", "issuer": self.partner})["id"],
            "pathway": lambda: self.pathway(state="published"), "pathway_draft": self.pathway,
            "partners_pathway": lambda: self.pathway(state="published", issuer=self.partner),
            "partner": lambda: self.partner, "partners_achievement": lambda: self.partners,
            "partners_credential": lambda: self.partners_credential(), "key": lambda: self.hr.get("/keys")["items"][0]["id"],
            "job": lambda: self.job()["id"], "batch": lambda: self.job()["batch_id"],
            "own_goal": lambda: self.goal(self.owner(actor), False), "shared_goal": lambda: self.goal(self.others[AWARDED_BELOW], True),
            "goal": lambda: self.goal(self.others[AWARDED_BELOW], False),
            "own_enrolment": lambda: self.enrolment(self.owner(actor), line), "enrolment": lambda: self.enrolment(self.others[AWARDED_BELOW], line),
            "invitation": lambda: self.enrolment(self.others[AWARDED_BELOW], "/accept"),
            "own_proof": lambda: self.proof(self.owner(actor), line), "proof": lambda: self.proof(self.others[AWARDED_BELOW], line),
            "rule": lambda: self.rule(position=self.position()), "group_rule": lambda: self.rule(group=f"cn=issuers,ou=groups,{BASE}"),
            "strangers_unit": lambda: next(one["id"] for one in self.hr.pages("/units") if one["name"] == "Production"),
            "position": self.position, "assignment": lambda: self.attached(AWARDED_BELOW),
            "list": lambda: str(self.house.sql("SELECT id FROM status_list LIMIT 1")[0][0])}
        if not self.frozen:
            self.kept[word, actor] = makers[word]()
        return self.kept[word, actor]

    def position(self):
        number = next(self.numbers)
        return self.hr.post("/positions", {"code": f"IN-{number}", "name": "Burglar", "openings": 1, "skills": [{"skill": self.skill(), "level": 1}]})["id"]

    def attached(self, person):
        """The assignment of the position that stands before it in a path."""
        return self.hr.post(f"/positions/{self.kept['position', 'admin']}/assignments", {"person": person})["id"]

    def in_review(self):
        made = self.hr.post("/achievements", {"name": "x"})["id"]
        self.hr.expect(200, "POST", f"/achievements/{made}/submit", headers={"If-Match": "*"})
        return made

    def pathway(self, **fields):
        return self.hr.post("/pathways", {"name": "x", "nodes": [{"id": "a", "kind": "proof", "name": "x"}], **fields}, gives=201)["id"]

    def enrolment(self, client, line):
        """On a pathway of its own, as what is asked takes it."""
        made = client.post(f"/pathways/{self.pathway(state='published')}/enrolments", gives=201)["id"]
        state = {"accept": "invited", "resume": "paused"}.get(line.rpartition("/")[2])
        if state:
            self.house.sql("UPDATE enrolment SET state = %s WHERE id = %s", state, made)
        return made

    def proof(self, client, line):
        made = client.post(f"/enrolments/{self.enrolment(client, '')}/proofs", {"node": "a", "text": "x"}, gives=201)["id"]
        if line.endswith("/revoke"):
            self.house.sql("UPDATE outside_proof SET state = 'accepted', decided_at = now() WHERE id = %s", made)
        return made

    def rule(self, **whom):
        """Of the pathway that stands before it in a path."""
        return self.hr.post(f"/pathways/{self.kept['pathway', 'admin']}/rules", whom, gives=201)["id"]

    def body(self, line):
        number = next(self.numbers)
        bodies = {
            "POST /api/v1/sessions": {"username": STRANGER, "password": "wrong"},
            "POST /api/v1/sessions/{talk}": {"answers": ["x"]},
            "POST /api/v1/tokens": {"name": "x", "scopes": ["people:read"]},
            "POST /api/v1/frameworks": {"code": f"code {number}", "name": "x"},
            "POST /api/v1/scales": {"name": f"scale {number}", "levels": ["a"]},
            "POST /api/v1/skills": {"framework": "IN", "code": f"code {number}", "label": "x"},
            "POST /api/v1/achievements": {"name": "x"},
            "POST /api/v1/endorsements": {"subject": self.partners if self.frozen else self.of_partner()},
            "POST /api/v1/endorsements/received": {"document": "{}"},
            "POST /api/v1/collections": {"name": "x"},
            "POST /api/v1/positions": {"code": f"code {number}", "name": "x"},
            "POST /api/v1/positions/{position}/assignments": {"title": f"title {number}"},
            "POST /api/v1/pathways/{pathway}/rules": {"position": self.kept["position", "admin"] if self.frozen else self.position()},
            "POST /api/v1/pathways": {"name": "x"},
            "POST /api/v1/pathways/import": {"document": {"format": "skillsd_pathway", "format_version": 1, "name": "x"}},
            **{f"POST /api/v1/pathways/{{{which}}}/simulations": {"name": "x"} for which in ("pathway", "pathway_draft", "partners_pathway")},
            "POST /api/v1/issuers": {"name": f"Issuer {number}"},
            "POST /api/v1/verifications": {"badge": "{}"},
            "POST /api/v1/claims": {"skill": self.kept["skill", "admin"] if self.frozen else self.skill(), "level": 1},
            "POST /api/v1/submissions": {"achievement": self.asked},
            "POST /api/v1/goals": {"skill": self.kept["skill", "admin"] if self.frozen else self.skill(), "level": 1},
            "PUT /api/v1/me/talent": {"listed": True}, "POST /api/v1/corrections": {"about": "person", "text": "x"},
            "POST /api/v1/me/credentials": {"achievement": self.test},
            "POST /api/v1/batches": {"action": "issue", "achievement": self.achievement, "rows": [{"person": AWARDED}], "at": "2099-01-01"},
            "POST /api/v1/credentials": {"person": AWARDED, "achievement": self.achievement}}
        changes = {"frameworks": {"name": f"name {number}"}, "scales": {"levels": ["a", "b"]}, "skills": {"label": f"label {number}"},
                   "achievements": {"criteria": f"criterion {number}"}, "claims": {"level": 2}, "claim-endorsements": {"hidden": True},
                   "credentials": {"response": "accepted"}, "issuers": {"description": f"{number}"}, "collections": {"description": f"{number}"},
                   "submissions": {"shared": True}, "reviews": {"comment": f"{number}"}, "positions": {"openings": number},
                   "pathways": {"description": f"{number}"}, "goals": {"level": 2}}
        if line.startswith("PATCH"):
            return changes[line.split("/")[3]]
        if line.startswith("POST") and line.endswith("/proofs"):
            return {"node": "a", "text": "x"}
        if "/proofs/" in line:
            return None
        if line.endswith("/decide"):
            return {"verdict": "approve"}
        if line.endswith("/return"):
            return {"comment": "x"}
        if line.startswith("POST") and line.endswith("/uses"):
            return {"what": "x"}
        if line.startswith("POST") and line.endswith("}/endorsements"):
            return {"level": 1}
        if "/corrections/" in line and line.startswith("POST"):
            return {"state": "done", "answer": "x"} if line.endswith("/answer") else None
        if line.endswith("/erase"):
            return {"reason": "x", "early": True}
        return bodies.get(line, {"reason": "x"} if line.startswith("POST") and "submissions/" not in line and line.endswith(("/hold", "/replace", "/revoke", "/suspend", "/withdraw")) else None)

    def ask(self, line, actor, key=None):
        """The answer to a line of the table; `key`: for this id instead of what it names."""
        method, path = line.split()
        found = re.search(r"\{(\w+)\}", path)
        if found and path.count("{") == 2 and "{file}" not in path:  # what is within something comes second, and may not be known
            self.make(found[1], "admin", line)
            path = path.replace(found[0], self.kept[found[1], "admin"])
            found = re.search(r"\{(\w+)\}", path)
        if found:
            made = key or self.make(found[1], actor, line)
            path = path.replace(found[0], made).replace("{file}", self.files.get(made, MISSING))
        path = path if path.startswith("/api/") else "/" + path
        matches = method in ("PATCH", "PUT", "DELETE") or re.search("/(erase|submit|approve|return|withdraw|reopen|release|decide|answer)$", path)
        if line.endswith("/files"):
            return self.upload(self.clients[actor], path, made)
        headers = {"If-Match": "*"} if matches else {}
        is_picture = method == "PUT" and path.endswith("/image")
        if is_picture:
            headers["Content-Type"] = "image/svg+xml"
        return self.clients[actor].ask(method, path, self.body(line), headers=headers, data=SVG if is_picture else None)
