# SPDX-License-Identifier: Apache-2.0
"""Somebody who leaves, and the house with policies for the data of who left."""
import os
import subprocess

import ldap
from kit.house import ACCOUNTS, BASE, demo_house

HR, ISSUER, ADMIN = (ACCOUNTS[name] for name in ("HR", "ISSUER", "ADMIN"))
CONTRACTORS, INNER = (f"cn={name},ou=groups,{BASE}" for name in ("contractors", "inner"))


class Leaver:
    """Somebody made for one test, with a name that nobody else has."""

    def __init__(self, house, number, *, country="NO", groups=()):
        self.house, self.username = house, f"zzleaver{number}"
        self.name, self.mail, self.phone = f"Zøe Qvist{number}", f"zoe.qvist{number}@leaver.example", f"+47 5550{number:04}"
        self.employee_number, self.title = f"EMPNO{number}QQ", f"Keeper of zebras {number}"
        self.dn, self.groups = f"uid={self.username},ou=people,{BASE}", list(groups)
        self.country = country
        self.come()

    words = property(lambda self: [self.username, self.name, f"Qvist{self.username[8:]}", self.mail, self.phone,
                                   self.employee_number, self.title])

    def come(self, uuid=None):
        entry = {"objectClass": ["inetOrgPerson", "extensibleObject"], "uid": self.username, "cn": self.name, "sn": "Qvist",
                 "displayName": self.name, "mail": self.mail, "telephoneNumber": self.phone, "title": self.title,
                 "employeeNumber": self.employee_number, "userPassword": "pw-" + self.username, "c": self.country}
        link = self.house.slapd.admin()
        values = [(key, [one.encode() for one in (value if isinstance(value, list) else [value])])
                  for key, value in entry.items()]
        if uuid:  # as when an entry is restored
            link.add_ext_s(self.dn, values + [("entryUUID", [uuid.encode()])],
                           serverctrls=[ldap.controls.simple.RelaxRulesControl()])
        else:
            link.add_s(self.dn, values)
        for group in self.groups:
            link.modify_s(group, [(ldap.MOD_ADD, "member", [self.dn.encode()])])
        self.house.sync()
        self.id = self.person()["id"]
        self.uuid = self.person()["external_id"]

    def person(self):
        found = [one for one in self.house.hr.get("/people", username=self.username)["items"] if one["status"] != "absent"]
        return found[0]

    def work(self):
        """Everything a person can leave behind."""
        house = self.house
        house.passwords[self.username] = "pw-" + self.username
        house.try_sign_in(self.username, "not the password")
        me = house.sign_in(self.username)
        claim = me.post("/claims", {"skill": house.skill, "level": 1, "note": f"{self.name} says so", "shared": True}, gives=201,
                        key="claim-" + self.username)
        asked = house.asked["assessment"]["prompts"][0]["id"]
        handed = me.post("/submissions", {"achievement": house.asked["id"]}, gives=201)["id"]
        me.patch(f"/submissions/{handed}", {"answers": {asked: {"text": f"I am {self.name}"}}}, "*")
        for step in "submit", "withdraw", "reopen":
            me.expect(200, "POST", f"/submissions/{handed}/{step}", headers={"If-Match": "*"})
        me.post("/goals", {"skill": house.skill, "level": 5, "note": f"{self.name} wants it", "shared": True}, gives=201)
        begun = me.post(f"/pathways/{house.pathway}/enrolments", gives=201)["id"]
        offered = me.post(f"/enrolments/{begun}/proofs", {"node": "elsewhere", "text": f"{self.name} did it elsewhere"}, gives=201)["id"]
        house.hr.post(f"/proofs/{offered}/accept", {"note": f"{self.name} did"}, gives=200)
        me.post(f"/enrolments/{begun}/proofs", {"node": "more", "url": f"https://example.org/{self.username}"}, gives=201)
        house.hr.post(f"/positions/{house.position}/assignments", {"person": self.username}, gives=201)
        house.hr.post(f"/claims/{claim['id']}/endorsements", {"note": f"{self.name} can do it"}, gives=201)
        me.post(f"/claims/{house.claim}/endorsements", {"note": f"{self.name} says so"}, gives=201)
        me.expect(200, "PUT", "/me/talent", {"listed": True, "note": f"{self.name} is here", "interests": [self.title]}, headers={"If-Match": "*"})
        asked = me.post("/corrections", {"about": "claim", "object": claim["id"], "text": f"It is of {self.name}"}, gives=201)
        house.hr.expect(200, "POST", f"/corrections/{asked['id']}/answer", {"state": "done", "answer": f"Yes, {self.name}"}, headers={"If-Match": "*"})
        me.get(f"/claims/{house.claim}")
        me.post("/tokens", {"name": f"of {self.name}", "scopes": ["people:read"]}, gives=201)
        me.get("/audit", gives=403)
        self.credential = house.issuer.issue(self.username, house.achievement,
                                             evidence=[{"name": "Test", "narrative": f"{self.name} passed"}])["id"]
        lapsing = house.issuer.issue(self.username, house.lapsing)["id"]
        house.hr.post(f"/credentials/{lapsing}/uses", {"what": f"{self.name} kept some"}, gives=200)
        house.issuer.post(f"/credentials/{self.credential}/suspend", {"reason": f"{self.name} was away"}, gives=200)
        house.issuer.post(f"/credentials/{self.credential}/reinstate", gives=200)
        link = house.slapd.admin()
        link.modify_s(self.dn, [(ldap.MOD_REPLACE, "title", [(self.title + " and more").encode()]),
                                (ldap.MOD_REPLACE, "manager", [f"uid={self.username}-nobody,ou=people,{BASE}".encode()])])
        house.sync()
        return me

    def leave(self):
        link = self.house.slapd.admin()
        for group in self.groups:
            link.modify_s(group, [(ldap.MOD_DELETE, "member", [self.dn.encode()])])
        link.delete_s(self.dn)
        self.house.sync()
        return self

    def etag(self):
        self.house.hr.get(f"/people/{self.id}")
        return self.house.hr.last.headers["ETag"]

    def erase(self, gives=201, by=None, etag=None, key=None, **fields):
        headers = {"If-Match": etag or self.etag(), **({"Idempotency-Key": key} if key else {})}
        return (by or self.house.hr).expect(gives, "POST", f"/people/{self.id}/erase", {"reason": "x", **fields}, headers=headers)

    def clock(self):
        return next((one for one in self.house.hr.pages("/retention") if one["person"]["id"] == self.id), None)

    def age(self, text):
        """As if they had left that long ago."""
        self.house.sql("UPDATE person SET absent_since = absent_since - %s::interval WHERE id = %s", text, self.id)
        self.house.sql("UPDATE group_left SET at = at - %s::interval WHERE person_id = %s", text, self.id)


def group_ldif(dn, member):
    return f"dn: {dn}\nobjectClass: groupOfNames\ncn: {dn[3:].split(',')[0]}\nmember: {member}\n"


POLICIES = {
    "retention contractors": {"keep": "90d", "group": CONTRACTORS},
    "retention norway": {"keep": "3y", "country": "NO"},
    "retention east": {"keep": "P18M", "country": ["SE", "FI"], "erase": "automatic"},
    "retention rest": {"keep": "P10Y"},
}


def retention_house(postgres, policies=None):
    more = group_ldif(CONTRACTORS, INNER) + "\n" + group_ldif(INNER, f"uid=nobody-at-all,{BASE}")
    return demo_house({**(POLICIES if policies is None else policies), "directory main": {"absent_window": "0s"}}, more, postgres=postgres)


def furnish(house):
    house.sql("UPDATE retention_clock SET steady_since = now() - interval '2 days'")
    house.hr, house.issuer, house.admin = house.sign_in(HR), house.sign_in(ISSUER), house.sign_in(ADMIN)
    house.hr.post("/frameworks", {"code": "RET", "name": "Retention"})
    house.skill = house.hr.post("/skills", {"framework": "RET", "code": "RET-1", "label": "Keeping"})["id"]
    house.position = house.hr.post("/positions", {"code": "RET", "name": "Keeper"})["id"]
    house.achievement = house.hr.post("/achievements", {"name": "Keeper", "state": "published",
                                                        "skills": [{"skill": house.skill, "level": 2}]})["id"]
    house.lapsing = house.hr.post("/achievements", {"name": "Keeping on", "state": "published", "lapse": "P1Y"})["id"]
    house.asked = house.hr.post("/achievements", {"name": "Asked", "state": "published", "assessment": {"prompts": [
        {"kind": "text", "name": "Who are you?"}]}})
    house.pathway = house.hr.post("/pathways", {"name": "To keep", "state": "published", "nodes": [
        {"id": "elsewhere", "kind": "proof", "name": "Kept elsewhere"}, {"id": "more", "kind": "proof", "name": "Kept more"}]}, gives=201)["id"]
    house.claim = house.hr.post("/claims", {"skill": house.skill, "level": 3, "shared": True, "colleagues": True}, gives=201)["id"]
    return house


def dump(house):
    """The whole database as text."""
    tools = house.postgres
    link = dict(part.split("=", 1) for part in tools.dsn(house.database).split())
    done = subprocess.run(["pg_dump", "-h", link["host"], *(["-p", link["port"]] if "port" in link else []), "-U", link["user"],
                           "--inserts", link["dbname"]], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PATH": "/usr/lib/postgresql/15/bin:" + os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return done.stdout


def found_in(text, words):
    return [line[:300] for line in text.splitlines() if any(word.lower() in line.lower() for word in words)]
