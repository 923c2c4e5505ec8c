# SPDX-License-Identifier: Apache-2.0
"""A mixed load: clerks who sign in through PAM and write through REST, asking for each deed again with the same
Idempotency-Key until it is acknowledged, and who read what they wrote. Keeps what was acknowledged and holds tables and
REST against it. Knows no way to kill anything."""
import collections
import itertools
import json
import random
import threading
import time
from typing import NamedTuple

import requests
from kit.gate import make_userdb
from kit.house import ACCOUNTS, BASE, OTHER_HR, demo_house, wait_for
from kit.slapd import give_away

COME_BACK = (503, None)  # None: the connection ended, or was refused
DONE = (200, 201, 204)
TURNS = {"revoke": ("revoked", "revoked"), "suspend": ("suspended", "suspended"), "reinstate": ("reinstated", "active")}
MARKED = {
    "framework.add": "SELECT id::text, code FROM framework WHERE code LIKE %s",
    "skill.add": "SELECT id::text, code FROM skill WHERE code LIKE %s",
    "achievement.add": "SELECT achievement_id::text, name FROM achievement_version WHERE name LIKE %s",
    "credential.issue": "SELECT id::text, evidence->0->>'name' FROM credential WHERE evidence->0->>'name' LIKE %s",
    "claim.add": "SELECT id::text, note FROM claim WHERE note LIKE %s",
}
words = itertools.count(1)


class Over(Exception):
    """The load has been told to end."""


class Broken(Exception):
    """Lost, done twice, or answered as it must not be."""


class Deed(NamedTuple):
    action: str
    path: str
    body: dict
    key: str
    answer: dict  # the first one that said it is done


class Clerk(threading.Thread):
    """Of a person who may issue, and has a password that PAM knows."""

    def __init__(self, load, username, password):
        super().__init__(daemon=True)
        self.load, self.username, self.password, self.word = load, username, password, f"l{next(words)}"
        self.chance = random.Random(self.word)
        self.http, self.url = requests.Session(), load.places[0].url
        self.http.trust_env = False
        self.token, self.trouble, self.pending, self.last = None, None, None, 0  # last: when a deed was acknowledged
        self.deeds, self.statuses, self.refused, self.kinds = [], collections.Counter(), set(), {}
        self.sessions = {}  # {token: [its id, whether it is to be good]}

    # ---- asking

    def once(self, method, path, body=None, key=None):
        """(status or None, the parsed body or None)"""
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **({"Idempotency-Key": key} if key else {})}
        try:
            answer = self.http.request(method, self.url + "/api/v1" + path, json=body, headers=headers, timeout=60)
        except requests.RequestException:
            return None, None
        if answer.status_code == 503 and int(answer.headers["Retry-After"]) < 1:
            raise Broken(f"{method} {path}: 503 without a time to come back")
        return answer.status_code, answer.json() if answer.content else None

    def once_back(self, *what):
        """The first answer of a daemon that has found its database again."""
        return wait_for(f"an answer to {what[:2]}", lambda: (got := self.once(*what))[0] not in COME_BACK and got)

    def ask(self, method, path, body=None, key=None, done=DONE, also=()):
        """Until it is done, at whichever daemon answers. also: what may be said besides 503 meanwhile."""
        for place in itertools.cycle(self.load.places):
            if self.load.over.wait(self.load.pause):
                raise Over
            status, answer = self.once(method, path, body, key)
            self.statuses[status] += 1
            if status in done:
                return answer
            if status not in (*COME_BACK, *also):
                raise Broken(f"{method} {path} {key or ''}: {status} {answer}")
            self.refused.add((method, bool(key), status))
            self.url = place.url

    def do(self, action, path, body, key):
        self.pending = action, key
        answer = self.ask("POST", path, body, f"key-{key}")
        self.deeds.append(Deed(action, path, body, key, answer))
        self.pending, self.last = None, time.monotonic()
        return answer

    # ---- deeds

    def sign_in(self):
        """For a stranger nobody is let in before the directory has been read."""
        body = {"username": self.username, "password": self.password}
        while True:
            self.token = None
            answer = self.ask("POST", "/sessions", body, also=self.load.also if self.sessions else (401, 403, *self.load.also))
            self.token = answer["token"]
            if "issuer" in answer["roles"]:
                self.sessions[self.token] = [answer["id"], True]
                return
            if self.sessions:
                raise Broken(f"{self.username} has lost a role: {answer}")

    def change_session(self):
        """Out and in again; what is not a password lets nobody in."""
        if self.chance.random() < 0.5:
            self.sessions[self.token][1] = None  # until it is known
            self.ask("DELETE", "/sessions/current", done=(204, 401), also=self.load.also)
            self.sessions[self.token][1] = False
        self.token = None
        self.ask("POST", "/sessions", {"username": self.username, "password": "no " + self.password}, done=(401,), also=self.load.also)
        self.sign_in()

    def turn(self, credential, how):
        kind, state = TURNS[how]
        answer = self.do(f"credential.{how}", f"/credentials/{credential}/{how}", {"reason": "so it goes"},
                         f"{credential}/{len(self.kinds[credential])}")
        self.kinds[credential].append(kind)
        if answer["state"] != state:
            raise Broken(f"{how}: {answer}")

    def issue(self, achievement, word):
        holder = self.chance.choice(self.load.holders)
        made = self.do("credential.issue", "/credentials", {"person": holder, "achievement": achievement,
                       "evidence": [{"name": word}]}, word)["id"]
        self.kinds[made] = ["issued"]
        for how in self.chance.choice([(), ("revoke",), ("suspend",), ("suspend", "reinstate"), ("suspend", "revoke")]):
            self.turn(made, how)
        return made

    def state(self, credential):
        return {"issued": "active", "reinstated": "active"}.get(self.kinds[credential][-1], self.kinds[credential][-1])

    def read(self, skill, credentials):
        """What was acknowledged is seen at once, by every road."""
        for credential in credentials:
            if (found := self.ask("GET", f"/credentials/{credential}")["state"]) != self.state(credential):
                raise Broken(f"credential {credential} is {found}: {self.kinds[credential]}")
        rows = self.ask("GET", f"/reports/skills?skill={skill}&limit=500")["items"]
        shown = {because["credential_id"] for row in rows for because in row["because"]}
        if shown != {one for one in credentials if self.state(one) == "active"}:
            raise Broken(f"the report shows {rows} of {[(one, self.kinds[one]) for one in credentials]}")
        for path in ("/reports/skills?group_by=unit", "/me", f"/skills/{skill}"):
            self.ask("GET", path)

    def round(self, word):
        framework = self.do("framework.add", "/frameworks", {"code": word, "name": word}, word + "-f")
        skill = self.do("skill.add", "/skills", {"framework": framework["code"], "code": word, "label": word}, word + "-s")["id"]
        achievement = self.do("achievement.add", "/achievements", {"name": word, "state": "published", "skills":
                              [{"skill": skill, "level": 3}]}, word + "-a")["id"]
        credentials = [self.issue(achievement, f"{word}-c{n}") for n in range(3)]
        self.do("claim.add", "/claims", {"skill": skill, "level": 2, "note": word, "shared": True}, word + "-m")
        self.read(skill, credentials)
        self.change_session()

    def run(self):
        try:
            self.sign_in()
            for number in itertools.count():
                self.round(f"{self.word}-{number}")
        except Over:
            pass
        except BaseException as trouble:
            self.trouble = trouble


class Load:
    """places: whatever has a url, asked in turn. clerks: {username: password} of issuers who are hr, too. holders: usernames.
    pause: seconds between two requests of a clerk. also: what something between may say where there is no key."""

    def __init__(self, places, clerks, holders, pause=0.01, also=()):
        self.places, self.holders, self.pause, self.also = places, holders, pause, also
        self.over = threading.Event()
        self.clerks = [Clerk(self, username, password) for username, password in clerks.items()]

    def start(self):
        for clerk in self.clerks:
            clerk.start()
        return self

    def finish(self):
        self.over.set()
        for clerk in self.clerks:
            clerk.join(120)
        self.calm()

    def calm(self):
        for clerk in self.clerks:
            if clerk.trouble:
                raise clerk.trouble

    def done(self):
        """How many deeds were acknowledged by now."""
        self.calm()
        return sum(len(clerk.deeds) for clerk in self.clerks)

    def statuses(self):
        return sum((clerk.statuses for clerk in self.clerks), collections.Counter())

    def refused(self):
        """{(method, whether with a key, status)} that had to be asked again."""
        return set().union(*(clerk.refused for clerk in self.clerks))

    # ---- after its end

    def hold(self, sql):
        """sql(text, *args) gives rows: everything acknowledged is in the tables, once, with its story and its audit entry."""
        for clerk in self.clerks:
            hold_rows(clerk, sql)
            hold_events(clerk, sql)
            hold_audit(clerk, sql)

    def hold_rest(self):
        """What REST says of it; and asked once more with its key, nothing is done, and the first answer given."""
        for clerk in self.clerks:
            hold_sessions(clerk)
            hold_lists(clerk)
            for deed in random.Random(1).sample(clerk.deeds, min(50, len(clerk.deeds))):
                status, answer = clerk.once_back("POST", deed.path, deed.body, f"key-{deed.key}")
                if status not in DONE or answer != deed.answer:
                    raise Broken(f"asked again: {deed} gives {status} {answer}")


def same(what, found, wanted, pending=()):
    """Beyond what is wanted only what was never answered may be there."""
    lost, more = wanted - found, found - wanted
    if lost or (more and set(more) - set(pending)) or more.total() > 1:
        raise Broken(f"{what}: lost {lost}, there {more} more; not answered: {pending}")


def hold_rows(clerk, sql):
    for action, query in MARKED.items():
        found = sql(query, clerk.word + "-%")
        acknowledged = collections.Counter((deed.answer["id"], mark_of(deed)) for deed in clerk.deeds if deed.action == action)
        pending = [row for row in found if clerk.pending and clerk.pending[0] == action and clerk.pending[1].startswith(row[1])]
        same(action, collections.Counter(found), acknowledged, pending)


def mark_of(deed):
    body = deed.body
    return body["evidence"][0]["name"] if "evidence" in body else body.get("note") or body.get("code") or body["name"]


def hold_events(clerk, sql):
    rows = sql("SELECT e.credential_id::text, e.kind FROM credential_event e JOIN credential c ON c.id = e.credential_id"
               " WHERE c.evidence->0->>'name' LIKE %s", clerk.word + "-%")
    wanted = collections.Counter((one, kind) for one, kinds in clerk.kinds.items() for kind in kinds)
    same("events", collections.Counter(rows), wanted, rows if clerk.pending else ())


def hold_audit(clerk, sql):
    wanted = collections.Counter((deed.action, deed.answer["id"]) for deed in clerk.deeds)
    wanted.update(("session.open", session) for session, _ in clerk.sessions.values())
    wanted.update(("session.end", session) for session, good in clerk.sessions.values() if good is False)
    objects = list({one for _, one in wanted})
    found = collections.Counter(sql("SELECT action, object FROM audit_entry WHERE outcome = 'ok' AND object = ANY(%s)", objects))
    same("audit", found, wanted, found if clerk.pending or None in [good for _, good in clerk.sessions.values()] else ())


def hold_sessions(clerk):
    """Leaves the clerk signed in."""
    for clerk.token, (_, good) in list(clerk.sessions.items())[-20:]:
        status, _ = clerk.once_back("GET", "/me")
        if good is not None and status != (200 if good else 401):
            raise Broken(f"a session that is {'open' if good else 'ended'}: {status}")
    clerk.token = None
    status, answer = clerk.once_back("POST", "/sessions", {"username": clerk.username, "password": clerk.password})
    if status != 201:
        raise Broken(f"{clerk.username} signs in: {status} {answer}")
    clerk.token = answer["token"]


def listed(clerk, path):
    answer = clerk.http.get(clerk.url + "/api/v1" + path, headers={"Authorization": f"Bearer {clerk.token}"},
                            params={"format": "ndjson"}, timeout=600)
    if answer.status_code != 200:
        raise Broken(f"{path}: {answer.status_code} {answer.text}")
    return [json.loads(line) for line in answer.content.splitlines()]


def hold_lists(clerk):
    lists = {"framework.add": "/frameworks", "skill.add": "/skills", "achievement.add": "/achievements", "claim.add": "/claims"}
    for action, path in lists.items():
        lost = {deed.answer["id"] for deed in clerk.deeds if deed.action == action} - {row["id"] for row in listed(clerk, path)}
        if lost:
            raise Broken(f"{path} lacks {lost}")
    unknown = clerk.pending[1].split("/")[:1] if clerk.pending else []
    wanted = {one: clerk.state(one) for one in clerk.kinds if one not in unknown}
    found = {row["id"]: row["state"] for row in listed(clerk, "/credentials") if row["id"] in wanted}
    shown = {because["credential_id"] for row in listed(clerk, "/reports/skills") for because in row["because"]} & set(wanted)
    active = {one for one, state in wanted.items() if state == "active"}
    if found != wanted or shown != active:
        raise Broken(f"credentials: {set(found.items()) ^ set(wanted.items())}; in the report: {shown ^ active}")


def hold_chain(house, said=""):
    """Each entry of the audit is linked, and the chain is whole, and that of all checkpoints that were told to the outside."""
    wait_for("the sealer", lambda: not house.sql("SELECT 1 FROM audit_unsealed"))
    path = house.folder / "said"
    path.write_text(said)
    give_away(path)
    words = [path] if "skillsd-checkpoint 1 " in said else []
    if (done := house.command("check", "--audit", *words)).returncode:
        raise Broken(f"skillsd check --audit: {done.stdout}{done.stderr}")


# ---- in the demo's organisation

CLERKS = (ACCOUNTS["HR"], OTHER_HR)
HOLDERS = ("pquinn", "rdeshpande", "wclarke")


def office_house(config=None, **how):
    """Not started yet: the demo's, in which hr may issue, and signs in through PAM."""
    issuers = [f"cn={name},ou=groups,{BASE}" for name in ("issuers", "hr")]
    house = demo_house({"role issuer": {"group": issuers}, "authenticator pam": {"roles": "admin hr issuer"}, **(config or {})}, **how)
    make_userdb(house.folder / "users", house.passwords)
    return house


def office_load(house, places=None, **how):
    return Load(places or [house], {name: house.passwords[name] for name in CLERKS}, HOLDERS, **how).start()
