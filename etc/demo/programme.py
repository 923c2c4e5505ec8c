#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""programme.py URL FOLDER STATE KEY...: records FOLDER/programme.json through the REST API, with dates as if its today were
the day of the first recording. KEY... and the id of an issuer is the command that makes a key of it.

Everyone does their own part in a session of their own: the admin adds issuers, HR keeps the catalogue and puts units on pathways, the issuer awards and
lays out pathways, people claim, enrol, hand in and say who sees what, assessors judge. Each request has an idempotency key, so a programme that was cut off can be recorded
again and goes on where it was. Knows the API; refuses to know the database."""
import concurrent.futures
import datetime
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse

NOT_AWARDED = ("revoke", "suspend", "replace", "visibility", "response", "example")


class Refused(Exception):
    """An answer that is not a success."""


class Client:
    """One connection, and the session of one account on it."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
        self.token = None

    def ask(self, method, path, body=None, key=None, headers=()):
        kind = "octet-stream" if isinstance(body, bytes) else "json"
        headers = {"Content-Type": "application/" + kind, **dict(headers)}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if key:
            headers["Idempotency-Key"] = "demo-" + key
        self.connection.request(method, "/api/v1" + path, body if body is None or kind != "json" else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 300:
            raise Refused(f"{method} {path} for {body} gives {answer.status}: {text}")
        return json.loads(text) if text else None

    def change(self, path, body):
        return self.ask("PATCH", path, body, headers={"If-Match": "*"})

    def step(self, path, key, body=None):
        return self.ask("POST", path, body, key, {"If-Match": "*"})

    def sign_in(self, username, password):
        self.token = None
        opened = self.ask("POST", "/sessions", {"username": username, "password": password})
        self.token = opened["token"]
        return opened["roles"]

    def sign_out(self):
        self.ask("DELETE", "/sessions/current")
        self.connection.close()


def pairs(path, separator):
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return dict(line.split(separator, 1) for line in lines if separator in line and line[0] != "#")


def sign_in_as(url, username, passwords, role, seconds=60):
    """A client with the role; waits for it, since the first sync gives it."""
    client, end = Client(url), time.monotonic() + seconds
    while True:
        roles = client.sign_in(username, passwords[username])
        if role in roles:
            return client
        if time.monotonic() > end:
            raise Refused(f"{username} has {roles}, and not {role}, {seconds} seconds after the start")
        client.ask("DELETE", "/sessions/current")
        time.sleep(0.2)


def move(value, days):
    """The same with each date so many days later."""
    if isinstance(value, dict):
        return {name: move(one, days) for name, one in value.items()}
    if isinstance(value, list):
        return [move(one, days) for one in value]
    found = isinstance(value, str) and re.fullmatch(r"(\d{4}-\d\d-\d\d)(T.*)?", value)
    if not found:
        return value
    return f"{datetime.date.fromisoformat(found[1]) + datetime.timedelta(days)}{found[2] or ''}"


def read_programme(folder, state):
    with open(os.path.join(folder, "programme.json"), encoding="utf-8") as file:
        programme = json.load(file)
    first = os.path.join(state, "today")
    if not os.path.exists(first):
        with open(first, "w", encoding="ascii") as file:
            file.write(f"{datetime.datetime.now(datetime.timezone.utc).date()}\n")
    with open(first, encoding="ascii") as file:
        today = datetime.date.fromisoformat(file.read().strip())
    return move(programme, (today - datetime.date.fromisoformat(programme["today"])).days)


def keep(state, name, ids):
    with open(os.path.join(state, name), "w", encoding="ascii") as file:
        file.writelines(f"{one}\n" for one in ids)


def without(one, *names):
    return {name: value for name, value in one.items() if name not in names}


def add_issuers(admin, programme, state, new_key):
    """The issuers' ids by key; each has one to sign with."""
    issuers = {}
    for issuer in programme["issuers"]:
        made = admin.ask("POST", "/issuers", without(issuer, "key"), "issuer-" + issuer["key"])["id"]
        done = os.path.join(state, "key." + made)
        if not os.path.exists(done):
            subprocess.run([*new_key, made], check=True, stdout=subprocess.DEVNULL)
            open(done, "w", encoding="ascii").close()
        issuers[issuer["key"]] = made
    return issuers


def keep_catalogue(hr, programme, issuers):
    """The achievements' ids by key."""
    skills, achievements = {}, {}
    for framework in programme["frameworks"]:
        hr.ask("POST", "/frameworks", framework, "framework-" + framework["code"])
    for scale in programme["scales"]:
        hr.ask("POST", "/scales", scale, "scale-" + scale["name"].replace(" ", "-"))
    for skill in programme["skills"]:
        body = without(skill, "parent")
        if "parent" in skill:
            body["parent_id"] = skills[skill["parent"]]
        skills[skill["code"]] = hr.ask("POST", "/skills", body, "skill-" + skill["code"])["id"]
    for achievement in programme["achievements"]:
        body, key = without(achievement, "key", "submit"), achievement["key"]
        if "issuer" in achievement:
            body["issuer"] = issuers[achievement["issuer"]]
        made = achievements[key] = hr.ask("POST", "/achievements", body, "achievement-" + key)["id"]
        if "submit" in achievement:
            hr.step(f"/achievements/{made}/submit", "submit-" + key, {"comment": achievement["submit"]})
    for collection in programme["collections"]:
        body = {**collection, "achievements": [achievements[key] for key in collection["achievements"]]}
        hr.ask("POST", "/collections", body, "collection-" + collection["name"].replace(" ", "-"))
    return achievements


def units_of(hr):
    return {unit["name"]: unit["id"] for unit in hr.ask("GET", "/units?limit=500")["items"]}


def attach_positions(hr, programme):
    units = units_of(hr)
    for position in programme["positions"]:
        made = hr.ask("POST", "/positions", without(position, "attached"), "position-" + position["code"])["id"]
        for number, to in enumerate(position["attached"]):
            body = {"unit": units[to["unit"]]} if "unit" in to else to
            hr.ask("POST", f"/positions/{made}/assignments", body, f"assignment-{position['code']}-{number}")


def award(issuer, achievements, number, one, today):
    body = {**without(one, *NOT_AWARDED), "achievement": achievements[one["achievement"]]}
    if body.get("valid_from", today) < today:
        body["issued_at"] = body["valid_from"]
    made = issuer.ask("POST", "/credentials", body, f"award-{number}")["id"]
    for verb in "revoke", "suspend":
        if verb in one:
            issuer.ask("POST", f"/credentials/{made}/{verb}", {"reason": one[verb]}, f"{verb}-{number}")
    if "replace" in one:
        issuer.ask("POST", f"/credentials/{made}/replace", one["replace"], f"replace-{number}")
    return made


def award_all(url, username, passwords, achievements, programme, hands=4):
    """The credentials' ids, in the order of the awards."""
    awards = programme["awards"]
    ids = [None] * len(awards)

    def some(first):
        issuer = sign_in_as(url, username, passwords, "issuer")
        for number in range(first, len(awards), hands):
            ids[number] = award(issuer, achievements, number, awards[number], programme["today"])
        issuer.sign_out()

    with concurrent.futures.ThreadPoolExecutor(hands) as pool:
        list(pool.map(some, range(hands)))
    return ids


def endorse_all(issuer, programme, issuers, achievements):
    for number, one in enumerate(programme["endorsements"]):
        body = {**one, "issuer": issuers[one["issuer"]], "subject": achievements[one["subject"]]}
        issuer.ask("POST", "/endorsements", body, f"endorsement-{number}")


def answer_all(url, passwords, awards, ids):
    """What their holders say to them, and show to others than the configuration says."""
    for one, credential in zip(awards, ids):
        body = {name: one[name] for name in ("visibility", "response") if name in one}
        if body:
            holder = Client(url)
            holder.sign_in(one["person"], passwords[one["person"]])
            holder.change(f"/credentials/{credential}", body)
            holder.sign_out()


def try_all(url, passwords, achievements, tries):
    for number, one in enumerate(tries):
        person = Client(url)
        person.sign_in(one["person"], passwords[one["person"]])
        person.ask("POST", "/me/credentials", {"achievement": achievements[one["achievement"]]}, f"try-{number}")
        person.sign_out()


def lay_pathways(issuer, programme, achievements):
    """The pathways' ids by key: who is to be enrolled in one is so by them. One that is stacked stands behind what is in it."""
    ids = {"achievement": achievements, "milestone": achievements, "pathway": {}}

    def with_ids(one):
        return {name: ids[name][value] if name in ids else value for name, value in one.items()}

    for pathway in programme["pathways"]:
        body = {**with_ids(without(pathway, "key", "nodes", "rules")), "nodes": [with_ids(node) for node in pathway["nodes"]]}
        ids["pathway"][pathway["key"]] = issuer.ask("POST", "/pathways", body, "pathway-" + pathway["key"])["id"]
    return ids["pathway"]


def rule_all(hr, programme, pathways):
    """Puts whole units on pathways: once those who begin one themselves, or are invited, have."""
    units = units_of(hr)
    for pathway in programme["pathways"]:
        for number, rule in enumerate(pathway.get("rules", ())):
            body = {**rule, "unit": units[rule["unit"]]}
            hr.ask("POST", f"/pathways/{pathways[pathway['key']]}/rules", body, f"rule-{pathway['key']}-{number}")


def offer_proof(url, person, passwords, path, proof, key):
    """What was done elsewhere; decided on by whoever is named."""
    offered = person.ask("POST", path + "/proofs", without(proof, "verdict", "by", "note"), "offer-" + key)["id"]
    if "verdict" in proof:
        other = Client(url)
        other.sign_in(proof["by"], passwords[proof["by"]])
        other.ask("POST", f"/proofs/{offered}/{proof['verdict']}", {"note": proof["note"]}, "decide-" + key)
        other.sign_out()


def lose(issuer, person, path, achievement, reason, key, seconds=60):
    """A part of what is complete, once the award for it is there."""
    end = time.monotonic() + seconds
    while "credential_id" not in person.ask("GET", path):
        if time.monotonic() > end:
            raise Refused(f"{path} has no award after {seconds} seconds")
        time.sleep(0.2)
    for held in person.ask("GET", f"/credentials?state=active&achievement={achievement}")["items"]:
        issuer.ask("POST", f"/credentials/{held['id']}/suspend", {"reason": reason}, key)


def enrol_all(url, issuer, passwords, achievements, pathways, said):
    """Who is on which pathway: by themselves or invited, and what they do there."""
    for number, one in enumerate(said):
        person, first = Client(url), Client(url)
        person.sign_in(one["person"], passwords[one["person"]])
        first.sign_in(by := one.get("invited_by", one["person"]), passwords[by])
        body = {"until": one["until"]} if "until" in one else {}
        if "invited_by" in one:
            body["person"] = one["person"]
        made = first.ask("POST", f"/pathways/{pathways[one['pathway']]}/enrolments", body, f"enrolment-{number}")["id"]
        path = "/enrolments/" + made
        if "turn" in one:
            person.ask("POST", f"{path}/{one['turn']}", None, f"turn-{number}")
        if "proof" in one:
            offer_proof(url, person, passwords, path, one["proof"], str(number))
        if "lose" in one:
            lose(issuer, person, path, achievements[one["lose"]["achievement"]], one["lose"]["reason"], f"lose-{number}")
        first.sign_out()
        person.sign_out()


def answer(person, path, prompts, answers, key):
    """Of each prompt what its kind wants, for as many as there are answers."""
    said = {}
    for prompt, one in zip(prompts, answers):
        if prompt["kind"] == "file":
            where = f"{path}/files?prompt={prompt['id']}&name=report.txt"
            person.ask("POST", where, one.encode(), f"{key}-{prompt['id']}")
        else:
            said[prompt["id"]] = {{"text": "text", "link": "url", "quiz": "choices"}[prompt["kind"]]: one}
    person.change(path, {"answers": said})


def hand_in(person, achievement, path, number, one, key):
    """That round of a submission, unless it is handed in already."""
    now = person.ask("GET", path)
    if now["round"] < number:
        now = person.step(path + "/reopen", "reopen-" + key)
    if now["round"] == number and now["state"] == "draft":
        answer(person, path, achievement["assessment"]["prompts"], one["answers"], key)
        if not one.get("kept"):
            person.step(path + "/submit", "submit-" + key)
    if one.get("withdraw"):
        person.step(path + "/withdraw", "withdraw-" + key)


def judge(url, hr, passwords, submission, number, opinions):
    """What the assessors say whose turn it is, one after the other."""
    for place, opinion in enumerate(opinions, 1):
        reviews = hr.ask("GET", "/reviews?limit=500&achievement=" + submission["achievement"]["id"])["items"]
        review, = [one for one in reviews if (one["submission_id"], one["round"], one["place"]) == (submission["id"], number, place)]
        if review["state"] == "done":
            continue
        whose = hr.ask("GET", "/people/" + (review.get("assessor") or review["offered_to"])["id"])["username"]
        assessor, path = sign_in_as(url, whose, passwords, "assessor"), "/reviews/" + review["id"]
        rubric = assessor.ask("POST", path + "/claim")["rubric"]
        levels = {criterion["id"]: {"level": level["id"]} for criterion, name in zip(rubric, opinion["levels"])
                  for level in criterion["levels"] if level["name"] == name}
        assessor.change(path, {"scores": levels})
        assessor.step(path + "/decide", f"decide-{review['id']}", without(opinion, "levels"))
        assessor.sign_out()


def begin(person, claims, achievement, one, key):
    """A submission: to renew what they hold, to prove what they claim, or for itself."""
    if one.get("renews"):
        held = person.ask("GET", f"/credentials?state=active&person={one['person']}&achievement={achievement}")["items"][0]["id"]
        return person.ask("POST", f"/credentials/{held}/renewal", None, key)
    if "claim" in one:
        return person.ask("POST", f"/claims/{claims[one['person'], one['claim']]}/submission", {"achievement": achievement}, key)
    return person.ask("POST", "/submissions", {"achievement": achievement}, key)


def submit_all(url, hr, passwords, achievements, claims, programme):
    """The ids of those that were handed in so long ago that they are late."""
    late = []
    for number, one in enumerate(programme["submissions"]):
        person = Client(url)
        person.sign_in(one["person"], passwords[one["person"]])
        achievement = person.ask("GET", "/achievements/" + achievements[one["achievement"]])
        submission = begin(person, claims, achievement["id"], one, f"submission-{number}")
        path = "/submissions/" + submission["id"]
        for count, part in enumerate(one["rounds"], 1):
            hand_in(person, achievement, path, count, part, f"{number}-{count}")
            judge(url, hr, passwords, submission, count, part.get("opinions", ()))
        if "shared" in one:
            person.change(path, {"shared": one["shared"]})
        person.sign_out()
        if one.get("late"):
            late.append(submission["id"])
    return late


def say_all(url, passwords, noun, said):
    """What people say of themselves: claims and goals. Their ids, by the person and the skill."""
    ids = {}
    for person in sorted({one["person"] for one in said}):
        client = Client(url)
        client.sign_in(person, passwords[person])
        for number, one in enumerate(said):
            if one["person"] == person:
                body = without(one, "person")
                ids[person, one.get("skill")] = client.ask("POST", f"/{noun}s", body, f"{noun}-{number}")["id"]
        client.sign_out()
    return ids


def endorse_claims(url, passwords, claims, said):
    for number, one in enumerate(said):
        person = Client(url)
        person.sign_in(one["person"], passwords[one["person"]])
        claim = claims[one["of"], one["skill"]]
        person.ask("POST", f"/claims/{claim}/endorsements", without(one, "person", "of", "skill"), f"claim-endorsement-{number}")
        person.sign_out()


def main(url, folder, state, *new_key):
    programme = read_programme(folder, state)
    who = pairs(os.path.join(folder, "accounts"), "=")
    passwords = pairs(os.path.join(state, "accounts"), ":")
    with open(os.path.join(state, "pam.secret"), encoding="ascii") as file:
        admin = sign_in_as(url, who["ADMIN"], {who["ADMIN"]: file.read().strip()}, "admin")
    issuers = add_issuers(admin, programme, state, new_key)
    admin.sign_out()
    hr = sign_in_as(url, who["HR"], passwords, "hr")
    achievements = keep_catalogue(hr, programme, issuers)
    ids = award_all(url, who["ISSUER"], passwords, achievements, programme)
    issuer = sign_in_as(url, who["ISSUER"], passwords, "issuer")
    endorse_all(issuer, programme, issuers, achievements)
    pathways = lay_pathways(issuer, programme, achievements)
    enrol_all(url, issuer, passwords, achievements, pathways, programme["enrolments"])
    rule_all(hr, programme, pathways)
    issuer.sign_out()
    answer_all(url, passwords, programme["awards"], ids)
    try_all(url, passwords, achievements, programme["tries"])
    keep(state, "badge", (credential for one, credential in zip(programme["awards"], ids) if one.get("example")))
    attach_positions(hr, programme)
    claims = say_all(url, passwords, "claim", programme["claims"])
    endorse_claims(url, passwords, claims, programme["claim_endorsements"])
    goals = [{**goal, "pathway": pathways[goal["pathway"]]} if "pathway" in goal else goal for goal in programme["goals"]]
    say_all(url, passwords, "goal", goals)
    keep(state, "late", submit_all(url, hr, passwords, achievements, claims, programme))
    holdings = hr.ask("GET", "/reports/skills?limit=1&count=true")["total"]
    hr.sign_out()
    print(f"{len(programme['skills'])} skills, {len(programme['achievements'])} achievements, "
          f"{len(programme['awards'])} credentials, {len(programme['claims'])} claims, {len(pathways)} pathways, "
          f"{len(programme['enrolments'])} enrolments, {len(programme['submissions'])} submissions: {holdings} verified holdings")


try:
    main(*sys.argv[1:])
except (Refused, OSError, http.client.HTTPException, subprocess.CalledProcessError) as error:
    sys.exit(str(error) or type(error).__name__)
