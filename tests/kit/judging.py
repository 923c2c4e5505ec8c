# SPDX-License-Identifier: Apache-2.0
"""A house in which people hand in and others judge: achievements that ask for something, submissions, and whoever scores them.
Knows how that is asked for; refuses to know what comes of it."""
import itertools
import threading

import ldap
from kit.house import ACCOUNTS, BASE, demo_house

JUDGES = CHIEF, REPORT, SEK, VILLA = "sostergaard", "hmaresova", "esek", "mvillanueva"  # CHIEF is the manager of REPORT
HOLDER = "jmarsh"  # and of nobody here, neither above nor below
# Care gives 0, 1.5 or 3 and takes Fair; Speed gives 0 or 2 and takes nothing.
CARE = {"name": "Care", "result_type": "RubricCriterionLevel", "required_level": "Fair",
        "levels": [{"name": "Poor", "points": "0"}, {"name": "Fair", "points": "1.5"}, {"name": "Good", "points": "3"}]}
SPEED = {"name": "Speed", "result_type": "RubricCriterionLevel", "levels": [{"name": "Slow", "points": "0"}, {"name": "Fast", "points": "2"}]}
PROMPT = {"kind": "text", "name": "What did you do?"}


def at_once(*calls):
    """What each gave, all begun together."""
    given, gate = [None] * len(calls), threading.Barrier(len(calls))

    def run(i):
        gate.wait()
        given[i] = calls[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


class Court:
    def __init__(self, house):
        self.house, self.numbers, self.clients = house, itertools.count(1), {}
        self.hr = house.sign_in(ACCOUNTS["HR"])
        self.people = {person["username"]: person for person in self.hr.pages("/people", limit=500)}

    def client(self, username):
        if username not in self.clients:
            self.house.set_password(username)
            self.clients[username] = self.house.sign_in(username)
        return self.clients[username]

    def id(self, username):
        return self.people[username]["id"]

    def asked(self, rubric=(CARE, SPEED), **assessment):
        return self.hr.post("/achievements", {"name": f"Judged {next(self.numbers)}", "state": "published", "result_descriptions": list(rubric),
                                              "assessment": {"prompts": [PROMPT], **assessment}}, gives=201)

    def hand_in(self, achievement, username=HOLDER, text="I did it"):
        """The submission of a new one, or of the next round of the same."""
        client = self.client(username)
        made = client.post("/submissions", {"achievement": achievement["id"]})
        if made["state"] == "returned":
            self.step(client, made, "reopen")
        prompt = achievement["assessment"]["prompts"][0]["id"]
        client.patch(f"/submissions/{made['id']}", {"answers": {prompt: {"text": text}}}, "*")
        return self.step(client, made, "submit")

    @staticmethod
    def step(client, submission, verb, gives=200):
        return client.expect(gives, "POST", f"/submissions/{submission['id']}/{verb}", headers={"If-Match": "*"})

    def places(self, submission, **more):
        """As hr sees them."""
        those = [review for review in self.hr.pages("/reviews", limit=500, **more) if review.get("submission_id") == submission["id"]]
        return sorted(those, key=lambda review: (review["round"], review["place"]))

    def turn(self, review):
        """The username of whose turn it is."""
        name = review["offered_to"]["id"]
        return next(username for username in JUDGES if self.id(username) == name)

    def claim(self, review, username, gives=200):
        return self.client(username).expect(gives, "POST", f"/reviews/{review['id']}/claim")

    def score(self, review, username, care="Fair", speed="Fast", etag="*", gives=200, **more):
        """By the names of levels, in the rubric as it is shown."""
        client = self.client(username)
        wanted = {"Care": care, "Speed": speed}
        scores = {criterion["id"]: {"level": next(level["id"] for level in criterion["levels"] if level["name"] == wanted[criterion["name"]])}
                  for criterion in client.get(f"/reviews/{review['id']}")["rubric"] if wanted[criterion["name"]]}
        return client.patch(f"/reviews/{review['id']}", {"scores": scores, **more}, etag, gives=gives)

    def decide(self, review, username, verdict="approve", comment=None, etag="*", gives=200):
        body = {"verdict": verdict, **({"comment": comment} if comment else {})}
        return self.client(username).expect(gives, "POST", f"/reviews/{review['id']}/decide", body, headers={"If-Match": etag})

    def judge(self, review, username, verdict="approve", comment=None, **scores):
        self.claim(review, username)
        self.score(review, username, **scores)
        return self.decide(review, username, verdict, comment)

    def submission(self, submission, username=HOLDER):
        return self.client(username).get(f"/submissions/{submission['id']}")

    def give_to(self, review, *usernames):
        """Nobody's turn, as long as it takes: the first of these may claim it."""
        self.house.sql("UPDATE review SET offered_to = %s, lease_until = now() + interval '1 day' WHERE id = %s", self.id(usernames[0]), review["id"])

    def member(self, verb, group, username):
        """verb: of ldap."""
        link = self.house.slapd.admin()
        dn = link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])[0][0]
        link.modify_s(group, [(verb, "member", [dn.encode()])])
        self.house.sync()

    def notices(self, kind, **more):
        return self.house.rescue.pages("/outbox", kind=kind, **more)


def court_house(postgres, config=None):
    return demo_house({"assessment": {"lease": "1h"}, **(config or {})}, postgres=postgres)
