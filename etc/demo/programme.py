#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""programme.py URL FOLDER STATE: records FOLDER/programme.json through the REST API.

Everyone does their own part in a session of their own: HR keeps the catalogue, the issuer awards,
people claim and say who sees what. Each request has an idempotency key, so a programme that was cut off can be recorded
again and goes on where it was. Knows the API; refuses to know the database."""
import concurrent.futures
import http.client
import json
import os
import sys
import time
import urllib.parse


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


def keep_catalogue(hr, programme):
    """The achievements' ids by key."""
    skills, achievements = {}, {}
    for framework in programme["frameworks"]:
        hr.ask("POST", "/frameworks", framework, "framework-" + framework["code"])
    for scale in programme["scales"]:
        hr.ask("POST", "/scales", scale, "scale-" + scale["name"].replace(" ", "-"))
    for skill in programme["skills"]:
        body = {name: value for name, value in skill.items() if name != "parent"}
        if "parent" in skill:
            body["parent_id"] = skills[skill["parent"]]
        skills[skill["code"]] = hr.ask("POST", "/skills", body, "skill-" + skill["code"])["id"]
    for achievement in programme["achievements"]:
        body = {name: value for name, value in achievement.items() if name != "key"}
        key = achievement["key"]
        achievements[key] = hr.ask("POST", "/achievements", body, "achievement-" + key)["id"]
    return achievements


def award(issuer, achievements, number, one):
    body = {name: value for name, value in one.items() if name not in ("revoke", "visibility", "example")}
    body["achievement"] = achievements[one["achievement"]]
    credential = issuer.ask("POST", "/credentials", body, f"award-{number}")
    if "revoke" in one:
        issuer.ask("POST", f"/credentials/{credential['id']}/revoke", {"reason": one["revoke"]}, f"revoke-{number}")
    return credential["id"]


def award_all(url, username, passwords, achievements, awards, hands=4):
    """The credentials' ids, in the order of the awards."""
    ids = [None] * len(awards)

    def some(first):
        issuer = sign_in_as(url, username, passwords, "issuer")
        for number in range(first, len(awards), hands):
            ids[number] = award(issuer, achievements, number, awards[number])
        issuer.sign_out()

    with concurrent.futures.ThreadPoolExecutor(hands) as pool:
        list(pool.map(some, range(hands)))
    return ids


def show_all(url, passwords, awards, ids):
    """What their holders show to others than the configuration says."""
    for one, credential in zip(awards, ids):
        if "visibility" in one:
            holder = Client(url)
            holder.sign_in(one["person"], passwords[one["person"]])
            holder.ask("PATCH", f"/credentials/{credential}", {"visibility": one["visibility"]}, headers={"If-Match": "*"})
            holder.sign_out()


def claim_all(url, passwords, claims):
    for person in sorted({claim["person"] for claim in claims}):
        client = Client(url)
        client.sign_in(person, passwords[person])
        for number, claim in enumerate(claims):
            if claim["person"] == person:
                body = {name: value for name, value in claim.items() if name != "person"}
                client.ask("POST", "/claims", body, f"claim-{number}")
        client.sign_out()


def main(url, folder, state):
    with open(os.path.join(folder, "programme.json"), encoding="utf-8") as file:
        programme = json.load(file)
    who = pairs(os.path.join(folder, "accounts"), "=")
    passwords = pairs(os.path.join(state, "accounts"), ":")
    hr = sign_in_as(url, who["HR"], passwords, "hr")
    achievements = keep_catalogue(hr, programme)
    ids = award_all(url, who["ISSUER"], passwords, achievements, programme["awards"])
    show_all(url, passwords, programme["awards"], ids)
    with open(os.path.join(state, "badge"), "w", encoding="ascii") as file:
        file.writelines(f"{credential}\n" for one, credential in zip(programme["awards"], ids) if one.get("example"))
    claim_all(url, passwords, programme["claims"])
    holdings = hr.ask("GET", "/reports/skills?limit=1&count=true")["total"]
    hr.sign_out()
    print(f"{len(programme['skills'])} skills, {len(programme['achievements'])} achievements, "
          f"{len(programme['awards'])} credentials, {len(programme['claims'])} claims: {holdings} verified holdings")


try:
    main(*sys.argv[1:])
except (Refused, OSError, http.client.HTTPException) as error:
    sys.exit(str(error) or type(error).__name__)
