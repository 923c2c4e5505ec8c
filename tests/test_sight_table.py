# SPDX-License-Identifier: Apache-2.0
"""The table of who sees what of a person, which everybody can read, held against what is answered: each kind of thing asked for
by each kind of reader, one by one and in lists, of somebody who has some of it private, some shared, and some open."""
import ldap
import pytest
from kit.badges import new_key, signs
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_HR, demo_house
from kit.signer import Signer

# None of them but MANAGER is above jmarsh in etc/demo/organisation.ldif.
READERS = {"self": "jmarsh", "manager": ACCOUNTS["MANAGER"], "issuer": ACCOUNTS["ISSUER"], "hr": ACCOUNTS["HR"], "admin": ACCOUNTS["ADMIN"],
           "auditor": AUDITOR, "assessor": ACCOUNTS["ASSESSOR"], "colleague": ACCOUNTS["EMPLOYEE"]}
CREDENTIALS = {"ours": ("company", "private"), "theirs": ("partner", "private"), "open": ("partner", "colleagues")}
CLAIMS = {"private": (False, False), "shared": (True, False), "open": (True, True)}
SUBMISSIONS = {"approved": ("approved", False), "private": ("draft", False), "declined": ("declined", False), "shared": ("returned", True)}
UNFINISHED = {"private", "declined", "shared"}
ONE = {"yes": {"it"}, "no": set()}
SAID = {"yes": {"private", "shared", "open"}, "shared": {"shared", "open"}, "colleagues": {"open"}, "no": set()}
# What each word of the table means for what jmarsh has.
MEANS = {
    "badges": {"yes": {"ours", "theirs", "open"}, "own": {"ours", "open"}, "colleagues": {"open"}, "no": set()},
    "claim_endorsements": SAID, "claims": SAID, "colleague": ONE, "corrections": ONE,
    "credentials": {"yes": {"ours", "theirs", "open"}, "own": {"ours"}, "no": set()},
    "export": ONE, "history": ONE, "hold": ONE, "holdings": ONE, "looks": ONE, "pathways": ONE, "person": ONE,
    "gaps": ONE, "goals": {"yes": {"private", "shared"}, "shared": {"shared"}, "no": set()}, "portfolio": ONE, "positions": ONE, "recommendations": ONE,
    "record": ONE, "submission_rounds": {"yes": {*SUBMISSIONS}, "shared": {"shared"}, "no": set()}, "submissions": {"yes": {"approved"}, "no": set()},
    "reviews": {"yes": {"ours", "theirs"}, "own": {"ours"}, "no": set()},
    "submissions_unfinished": {"yes": UNFINISHED, "shared": {"shared"}, "no": set()},
    "talent": {"yes": {"it"}, "colleagues": {"it"}, "no": set()}}


class Subject:
    """jmarsh, with a thing of each kind."""

    def __init__(self, house):
        self.house = house
        self.clients = {reader: house.sign_in(name) for reader, name in READERS.items()}
        hr, me, other = self.clients["hr"], self.clients["self"], house.sign_in(OTHER_HR)
        self.id, self.name = me.get("/me")["person"]["id"], me.get("/me")["person"]["name"]
        hr.post("/frameworks", {"code": "SEE", "name": "See"})
        self.skills = [hr.post("/skills", {"framework": "SEE", "code": f"SEE-{n}", "label": f"Seeing {n}"})["id"] for n in range(3)]
        self.credentials = {kind: self.award(*how) for kind, how in CREDENTIALS.items()}
        self.claims, self.endorsements = {}, {}
        for (kind, (shared, colleagues)), skill in zip(CLAIMS.items(), self.skills):
            made = me.post("/claims", {"skill": skill, "level": 1, "shared": True})["id"]
            self.endorsements[kind] = other.post(f"/claims/{made}/endorsements", {})["id"]
            me.patch(f"/claims/{made}", {"shared": shared, "colleagues": colleagues}, "*")
            self.claims[kind] = made
        self.correction = me.post("/corrections", {"about": "person", "text": "x"})["id"]
        pathway = hr.post("/pathways", {"name": "x", "state": "published", "nodes": [{"id": "a", "kind": "proof", "name": "x"}]})["id"]
        self.enrolment = me.post(f"/pathways/{pathway}/enrolments", gives=201)["id"]
        self.proof = me.post(f"/enrolments/{self.enrolment}/proofs", {"node": "a", "text": "x"}, gives=201)["id"]
        self.goals = {kind: me.post("/goals", {"skill": skill, "level": 1, "shared": kind == "shared"})["id"]
                      for kind, skill in zip(("private", "shared"), self.skills)}
        self.submissions = {kind: self.handed_in(*how) for kind, how in SUBMISSIONS.items()}
        self.reviews = {kind: self.said(self.handed_in("approved", False), kind) for kind in ("ours", "theirs")}
        self.position = hr.post("/positions", {"code": "SEE", "name": "Who sees"})["id"]
        hr.post(f"/positions/{self.position}/assignments", {"person": self.id})
        hr.post(f"/people/{self.id}/hold", {"reason": "x"}, gives=201)
        me.expect(200, "PUT", "/me/talent", {"listed": True, "note": "x"}, headers={"If-Match": "*"})

    def award(self, issuer, visibility):
        """By the company; or as if a partner had, for whom nobody here issues."""
        earned = self.clients["hr"].post("/achievements", {"name": "x", "state": "published", "skills": [{"skill": self.skills[0], "level": 1}]})
        made = self.clients["issuer"].issue(READERS["self"], earned["id"])["id"]
        self.clients["self"].patch(f"/credentials/{made}", {"visibility": visibility}, "*")
        if issuer == "partner":
            partner = self.clients["admin"].post("/issuers", {"name": "Partner"})["id"]
            self.house.sql("UPDATE credential SET issuer_id = %s WHERE id = %s", partner, made)
        return made

    def said(self, submission, issuer):
        """One review of it, behind the daemon's back."""
        if issuer == "theirs":
            self.house.sql("UPDATE achievement SET issuer_id = (SELECT id FROM issuer WHERE key <> 'company' LIMIT 1)"
                           " WHERE id = (SELECT achievement_id FROM submission WHERE id = %s)", submission)
        self.house.sql("INSERT INTO submission_round (submission_id, round, answers, submitted_at, outcome) VALUES (%s, 1, '{}', now(), 'approved')", submission)
        judge = self.clients["admin"].get("/me")["person"]["id"]
        (made,), = self.house.sql("INSERT INTO review (submission_id, round, place, state, assessor_id, entry_id, points, verdict, done_at) VALUES"
                                  " (%s, 1, 1, 'done', %s, %s, 0, 'approve', now()) RETURNING id::text", submission, judge, judge)
        return made, submission

    def handed_in(self, state, shared):
        """Behind the daemon's back: how it came to that does not matter here."""
        asked = self.clients["hr"].post("/achievements", {"name": "x", "state": "published", "assessment": {"prompts": [{"kind": "text", "name": "x"}]}})["id"]
        made = self.clients["self"].post("/submissions", {"achievement": asked}, gives=201)["id"]
        self.house.sql("UPDATE submission SET state = %s, shared = %s WHERE id = %s", state, shared, made)
        return made


def found(client, kinds, path):
    """Those that are answered, alone."""
    return {kind for kind, one in kinds.items() if client.ask("GET", path.format(one)).status_code == 200}


def listed(client, kinds, path, **filters):
    """Those that are in a list, which may be refused."""
    answer = client.ask("GET", path, params={**filters, "limit": 500})
    ids = {one["id"] for one in answer.json()["items"]} if answer.status_code == 200 else set()
    return {kind for kind, one in kinds.items() if one in ids}


def alone(client, path):
    """One answer, which is there or is not for this reader: 403 and 404 alike."""
    answer = client.ask("GET", path)
    assert answer.status_code in (200, 403, 404)
    return {"it"} if answer.status_code == 200 else set()


def named(client, path, subject, **filters):
    return {"it"} if subject in str(client.pages(path, limit=500, **filters)) else set()


def filtered(client, path, subject):
    """By the person, who is nobody to whom they are not shown."""
    answer = client.ask("GET", path, params={"person": subject})
    assert answer.status_code in (200, 400)
    return {"it"} if answer.status_code == 200 else set()


def part(client, subject, section, kinds):
    """Of what the portfolio shows."""
    answer = client.ask("GET", f"/people/{subject}/portfolio")
    ids = {one["id"] for one in answer.json()[section]} if answer.status_code == 200 else set()
    return {kind for kind, one in kinds.items() if one in ids}


def handed_in(client, s, wanted):
    ways = [found(client, s.submissions, "/submissions/{}"), listed(client, s.submissions, "/submissions")]
    return [way & wanted for way in ways]


def asked(s, client):
    """{noun: [what each way to ask for it gives]}"""
    me = f"/people/{s.id}"
    return {
        "badges": [found(client, s.credentials, "//badges/{}")],
        "claim_endorsements": [found(client, s.endorsements, "/claim-endorsements/{}"),
                               {kind for kind, one in s.claims.items() if client.ask("GET", f"/claims/{one}/endorsements").status_code == 200}],
        "claims": [found(client, s.claims, "/claims/{}"), listed(client, s.claims, "/claims"),
                   listed(client, s.claims, "/claims", person=s.id)],
        "colleague": [named(client, "/colleagues", s.id)],
        "corrections": [alone(client, f"/corrections/{s.correction}"), named(client, "/corrections", s.correction)],
        "credentials": [found(client, s.credentials, "/credentials/{}"), found(client, s.credentials, "/credentials/{}/events"),
                        listed(client, s.credentials, "/credentials")],
        "gaps": [alone(client, f"{me}/gap"), alone(client, f"{me}/openings")],
        "goals": [found(client, s.goals, "/goals/{}"), listed(client, s.goals, "/goals")],
        "portfolio": [alone(client, f"{me}/portfolio")],
        "positions": [filtered(client, "/positions", s.id), named(client, f"/positions/{s.position}/assignments", s.id)],
        "recommendations": [alone(client, f"{me}/recommendations")],
        "reviews": [{kind for kind, (one, of) in s.reviews.items()
                     if one in [told["id"] for told in client.ask("GET", f"/submissions/{of}/reviews").json().get("items", ())]}],
        "record": [alone(client, f"{me}/record")],
        "submission_rounds": [found(client, s.submissions, f"/submissions/{{}}/{word}") for word in ("rounds", "events")],
        "submissions": handed_in(client, s, {"approved"}),
        "submissions_unfinished": handed_in(client, s, UNFINISHED),
        "export": [alone(client, f"{me}/export")],
        "history": [alone(client, f"{me}/history")],
        "hold": [alone(client, f"{me}/hold")],
        "holdings": [alone(client, f"{me}/holdings"), named(client, "/reports/skills", s.id)],
        "looks": [alone(client, f"{me}/looks")],
        "pathways": [alone(client, f"/enrolments/{s.enrolment}"), alone(client, f"/enrolments/{s.enrolment}/events"), alone(client, f"/proofs/{s.proof}"),
                     named(client, "/enrolments", s.enrolment), named(client, "/proofs", s.proof), alone(client, f"{me}/pathways")],
        "person": [alone(client, me), named(client, "/people", s.id)],
        "talent": [named(client, "/talent", s.id)]}


@pytest.fixture(scope="module")
def subject(postgres):
    signer = Signer()
    house = demo_house({"retention all": {"keep": "P3Y"}, **signs(signer)}, postgres=postgres)
    house.set_password(READERS["self"])
    with signer, house:
        new_key(house, "ed25519")
        yield Subject(house)


@pytest.fixture(scope="module")
def table(subject):
    return {one.pop("noun"): one for one in subject.clients["hr"].pages("/access/sight")}


def test_everybody_reads_the_same_table(subject, table):
    assert table.keys() == MEANS.keys() == asked(subject, subject.clients["hr"]).keys()
    for client in *subject.clients.values(), subject.house.rescue:
        assert {one.pop("noun"): one for one in client.pages("/access/sight", limit=2)} == table
    assert list(table) == sorted(table)


@pytest.mark.parametrize("reader", READERS)
def test_what_is_seen_is_what_the_table_says(subject, table, reader):
    for noun, ways in asked(subject, subject.clients[reader]).items():
        wanted = MEANS[noun][table[noun][reader]]
        assert ways == [wanted] * len(ways), f"{noun}: the table says {table[noun][reader]}"


@pytest.mark.parametrize("reader", READERS)
def test_a_portfolio_shows_of_each_part_what_its_row_says(subject, table, reader):
    client, s = subject.clients[reader], subject
    if table["portfolio"][reader] == "yes":
        rows = {"claims": ("claims", s.claims), "goals": ("goals", s.goals), "endorsements": ("claim_endorsements", s.endorsements),
                "credentials": ("credentials", s.credentials)}
        for section, (noun, kinds) in rows.items():
            assert part(client, s.id, section, kinds) == MEANS[noun][table[noun][reader]], section
        assert part(client, s.id, "submissions", s.submissions) == set().union(
            *(MEANS[noun][table[noun][reader]] for noun in ("submissions", "submissions_unfinished")))


def test_an_issuer_who_issued_nothing_to_them_and_who_is_above_others_are_colleagues(subject, table):
    house = subject.house
    house.set_password("nbrooks")  # who is above pquinn, and beside jmarsh
    house.sql("UPDATE credential SET issuer_id = (SELECT max(id::text)::uuid FROM issuer WHERE key <> 'company') WHERE id = %s", subject.credentials["ours"])
    try:
        for reader in subject.clients["issuer"], house.sign_in("nbrooks"):
            for noun, ways in asked(subject, reader).items():
                handed_in_to = noun == "reviews" and reader is subject.clients["issuer"]  # of it they are told before anything is issued
                assert ways == [MEANS[noun][table[noun]["issuer" if handed_in_to else "colleague"]]] * len(ways), noun
    finally:
        house.sql("UPDATE credential SET issuer_id = (SELECT id FROM issuer WHERE key = 'company') WHERE id = %s", subject.credentials["ours"])


def test_who_loses_the_role_loses_what_the_table_gives_it(subject, table):
    """With the next reading of the directory, in the session that was open before."""
    link, dn = subject.house.slapd.admin(), f"cn=hr,ou=groups,{BASE}"
    members = link.search_s(dn, ldap.SCOPE_BASE, attrlist=["member"])[0][1]["member"]
    link.modify_s(dn, [(ldap.MOD_REPLACE, "member", [one for one in members if f"uid={READERS['hr']},".encode() not in one])])
    subject.house.sync()
    for noun, ways in asked(subject, subject.clients["hr"]).items():
        assert ways == [MEANS[noun][table[noun]["colleague"]]] * len(ways), noun
