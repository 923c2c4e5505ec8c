#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""programme.py URL FOLDER STATE KEY...: records FOLDER/programme.json through the REST API, with dates as if its today were
the day of the first recording. KEY... and the id of an issuer is the command that makes a key of it.

Everyone does their own part in a session of their own: the admin adds issuers, HR keeps the catalogue, the issuer awards,
people claim and say who sees what. Each request has an idempotency key, so a programme that was cut off can be recorded
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
        headers = {"Content-Type": "application/json", **dict(headers)}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if key:
            headers["Idempotency-Key"] = "demo-" + key
        self.connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 300:
            raise Refused(f"{method} {path} for {json.dumps(body)} gives {answer.status}: {text}")
        return json.loads(text) if text else None

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
            hr.ask("POST", f"/achievements/{made}/submit", {"comment": achievement["submit"]}, "submit-" + key, {"If-Match": "*"})
    for collection in programme["collections"]:
        body = {**collection, "achievements": [achievements[key] for key in collection["achievements"]]}
        hr.ask("POST", "/collections", body, "collection-" + collection["name"].replace(" ", "-"))
    return achievements


def attach_positions(hr, programme):
    units = {unit["name"]: unit["id"] for unit in hr.ask("GET", "/units?limit=500")["items"]}
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
            holder.ask("PATCH", f"/credentials/{credential}", body, headers={"If-Match": "*"})
            holder.sign_out()


def try_all(url, passwords, achievements, tries):
    for number, one in enumerate(tries):
        person = Client(url)
        person.sign_in(one["person"], passwords[one["person"]])
        person.ask("POST", "/me/credentials", {"achievement": achievements[one["achievement"]]}, f"try-{number}")
        person.sign_out()


def say_all(url, passwords, noun, said):
    """What people say of themselves: claims and goals."""
    for person in sorted({one["person"] for one in said}):
        client = Client(url)
        client.sign_in(person, passwords[person])
        for number, one in enumerate(said):
            if one["person"] == person:
                client.ask("POST", f"/{noun}s", without(one, "person"), f"{noun}-{number}")
        client.sign_out()


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
    issuer.sign_out()
    answer_all(url, passwords, programme["awards"], ids)
    try_all(url, passwords, achievements, programme["tries"])
    with open(os.path.join(state, "badge"), "w", encoding="ascii") as file:
        file.writelines(f"{credential}\n" for one, credential in zip(programme["awards"], ids) if one.get("example"))
    attach_positions(hr, programme)
    say_all(url, passwords, "claim", programme["claims"])
    say_all(url, passwords, "goal", programme["goals"])
    holdings = hr.ask("GET", "/reports/skills?limit=1&count=true")["total"]
    hr.sign_out()
    print(f"{len(programme['skills'])} skills, {len(programme['achievements'])} achievements, "
          f"{len(programme['awards'])} credentials, {len(programme['claims'])} claims: {holdings} verified holdings")


try:
    main(*sys.argv[1:])
except (Refused, OSError, http.client.HTTPException, subprocess.CalledProcessError) as error:
    sys.exit(str(error) or type(error).__name__)
