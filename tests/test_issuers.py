# SPDX-License-Identifier: Apache-2.0
"""Departments and partners that issue on the company's behalf: who makes them, who issues for them, what their badges say,
and the public halves of everybody's keys."""
import json

import ldap
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kit.badges import COLLEAGUE, HOLDER, Programme, badge_house, method_of, new_key, public_key, verify_proof
from kit.batches import ask, credentials_of, done, ended, rows_of
from kit.forge import Verifier
from kit.house import ACCOUNTS, BASE, OTHER_ISSUER, PUBLIC_URL
from kit.verify import refused

HERE = PUBLIC_URL.removeprefix("https://")
SAFETY, WITHIN = (f"cn={name},ou=groups,{BASE}" for name in ("safety", "within"))


def add_group(house, dn, members):
    house.slapd.admin().add_s(dn, [("objectClass", [b"groupOfNames"]), ("cn", [dn[3:].split(",")[0].encode()]),
                                   ("member", [one.encode() for one in members])])


def dn_of(house, username):
    return house.slapd.admin().search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])[0][0]


@pytest.fixture(scope="module")
def house(postgres):
    """OTHER_ISSUER is in a group inside a group that issues for the school; so is an employee without the role."""
    with badge_house(("ed25519",), postgres=postgres) as house:
        add_group(house, WITHIN, [dn_of(house, OTHER_ISSUER), dn_of(house, ACCOUNTS["EMPLOYEE"])])
        add_group(house, SAFETY, [WITHIN])
        house.sync()
        yield house


@pytest.fixture(scope="module")
def programme(house):
    programme = Programme(house)
    programme.admin, programme.member = house.sign_in(ACCOUNTS["ADMIN"]), house.sign_in(OTHER_ISSUER)
    programme.employee = house.sign_in(ACCOUNTS["EMPLOYEE"])
    programme.school = school(programme)
    return programme


def school(programme, **fields):
    return programme.admin.post("/issuers", {"name": "Safety School", "url": "https://safety.example.org", "mail": "s@example.org",
                                             "groups": [SAFETY], **fields}, gives=201)


def change(programme, issuer, gives=200, **fields):
    return programme.admin.patch(f"/api/v1/issuers/{issuer['id']}", fields, "*", gives=gives)


def issue(client, achievement, gives=201):
    return client.post("/credentials", {"person": HOLDER, "achievement": achievement["id"]}, gives=gives)


# ---- profiles

def test_an_issuer_is_what_was_said_and_everyone_reads_it(programme):
    made = school(programme, description="Teaches it")
    assert made == {"id": made["id"], "did": f"did:web:{HERE}:issuers:{made['id']}", "name": "Safety School", "state": "active",
                    "url": "https://safety.example.org", "mail": "s@example.org", "description": "Teaches it", "groups": [SAFETY]}
    assert programme.employee.get(f"/api/v1/issuers/{made['id']}") == made
    assert made in programme.employee.pages("/issuers")
    company, = (one for one in programme.employee.pages("/issuers") if one["did"] == f"did:web:{HERE}")
    assert (company["name"], company["groups"]) == ("Example Ltd", [])


def test_admins_write_issuers_and_nobody_else(programme):
    made = school(programme)
    for client in programme.hr, programme.issuer, programme.employee:
        client.post("/issuers", {"name": "x"}, gives=403)
        client.patch(f"/api/v1/issuers/{made['id']}", {"name": "x"}, "*", gives=403)
    assert change(programme, made, name="New name", groups=None, mail=None) == \
        {**{name: value for name, value in made.items() if name != "mail"}, "name": "New name", "groups": []}
    programme.admin.patch(f"/api/v1/issuers/{made['id']}", {"name": "x"}, '"1"', gives=412)
    company, = (one for one in programme.admin.pages("/issuers") if one["name"] == "Example Ltd")
    change(programme, company, gives=409, name="Mine")


def test_what_cannot_be_right_is_named(programme):
    for field, body in (("/name", {}), ("/mail", {"name": "x", "mail": "nobody"}), ("/groups/0", {"name": "x", "groups": ["issuers"]}),
                        ("/url", {"name": "x", "url": "javascript:1"}), ("/state", {"name": "x", "state": "archived"})):
        assert [error["field"] for error in programme.admin.post("/issuers", body, gives=400)["errors"]] == [field]
    for wrong in "x", "0190a000-0000-7000-8000-000000000000":
        problem = programme.hr.post("/achievements", {"name": "x", "issuer": wrong}, gives=400)
        assert [error["field"] for error in problem["errors"]] == ["/issuer"]


def test_the_audit_says_who_could_issue_for_it_before_and_after(programme):
    made = school(programme)
    change(programme, made, groups=[WITHIN])
    change(programme, made, name="New name")
    change(programme, made, groups=[])
    groups = [entry["detail"].get("groups") for entry in programme.admin.pages("/audit", object=made["id"], sort="at")]
    assert groups == [{"from": [], "to": [SAFETY]}, {"from": [SAFETY], "to": [WITHIN]}, None, {"from": [WITHIN], "to": []}]


# ---- who issues, and who writes what is issued

def test_members_with_the_role_issue_for_it_and_nobody_else(programme):
    achievement = programme.achievement(issuer=programme.school["id"])
    assert achievement["issuer"] == {"id": programme.school["id"], "name": "Safety School"}
    made = issue(programme.member, achievement)
    assert made["issuer"] == achievement["issuer"]
    for client in programme.issuer, programme.employee, programme.hr, programme.admin:
        issue(client, achievement, gives=403)
    for verb in "suspend", "revoke", "replace":
        programme.hr.post(f"/credentials/{made['id']}/{verb}", {"reason": "x"}, gives=403)
        programme.issuer.post(f"/credentials/{made['id']}/{verb}", {"reason": "x"}, gives=404)
    new = programme.member.post(f"/credentials/{made['id']}/replace", {"reason": "x"}, gives=201)
    assert new["issuer"] == achievement["issuer"]
    programme.member.post(f"/credentials/{new['id']}/revoke", {"reason": "x"})
    issue(programme.issuer, programme.achievement())
    issue(programme.member, programme.achievement())


def test_its_achievements_are_written_by_hr_admin_and_its_members(programme):
    body = {"name": "x", "issuer": {"id": programme.school["id"]}}
    for client, status in ((programme.hr, 201), (programme.admin, 201), (programme.member, 201), (programme.issuer, 403),
                           (programme.employee, 403)):
        client.post("/achievements", body, gives=status)
    made = programme.hr.post("/achievements", body)
    for client, status in ((programme.issuer, 403), (programme.member, 200), (programme.hr, 200)):
        client.patch(f"/achievements/{made['id']}", {"criteria": f"{client.token}"}, "*", gives=status)
    problem = programme.hr.patch(f"/achievements/{made['id']}", {"issuer": programme.school["id"]}, "*", gives=400)
    assert [error["field"] for error in problem["errors"]] == ["/issuer"]


def test_groups_count_as_they_are_now(programme):
    made = school(programme, groups=[])
    achievement = programme.achievement(issuer=made["id"])
    issue(programme.member, achievement, gives=403)
    for groups, status in ([SAFETY.replace("cn=safety,ou", "CN=Safety, OU")], 201), ([f"cn=hr,ou=groups,{BASE}"], 403), \
            (["cn=nowhere"], 403), (["cn=nowhere", WITHIN], 201):
        change(programme, made, groups=groups)
        issue(programme.member, achievement, gives=status)


def test_who_leaves_the_group_issues_for_it_no_more(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        add_group(house, SAFETY, [dn_of(house, OTHER_ISSUER), dn_of(house, HOLDER)])
        house.sync()
        programme = Programme(house)
        programme.admin, member = house.sign_in(ACCOUNTS["ADMIN"]), house.sign_in(OTHER_ISSUER)
        achievement = programme.achievement(issuer=school(programme)["id"])
        issue(member, achievement)
        house.slapd.admin().modify_s(SAFETY, [(ldap.MOD_DELETE, "member", [dn_of(house, OTHER_ISSUER).encode()])])
        house.sync()
        issue(member, achievement, gives=403)
        issue(member, programme.achievement())


def test_what_is_archived_issues_nothing_new(programme):
    made = school(programme)
    achievement = programme.achievement(issuer=made["id"])
    old = issue(programme.member, achievement)
    assert change(programme, made, state="archived")["state"] == "archived"
    issue(programme.member, achievement, gives=409)
    programme.hr.post("/achievements", {"name": "x", "issuer": made["id"]}, gives=409)
    assert [one["state"] for one in programme.hr.get("/issuers", state="archived")["items"]] == ["archived"]
    programme.member.post(f"/credentials/{old['id']}/revoke", {"reason": "x"})
    change(programme, made, state="active")
    issue(programme.member, achievement)


# ---- for tests

@pytest.fixture(scope="module")
def sandbox(programme, house):
    made = programme.admin.post("/issuers", {"name": "Playground", "sandbox": True}, gives=201)
    new_key(house, "ed25519", made["id"])
    return made


def test_everyone_issues_to_themselves_in_a_sandbox_and_nobody_to_others(programme, sandbox):
    assert sandbox["sandbox"] is True and programme.employee.get(f"/api/v1/issuers/{sandbox['id']}") == sandbox
    achievement = programme.achievement(issuer=sandbox["id"])
    for client in programme.employee, programme.issuer, programme.hr:
        me = client.get("/me")["person"]["id"]
        made = client.post("/me/credentials", {"achievement": achievement["id"], "evidence": [{"name": "x"}]}, gives=201)
        assert made["person"]["id"] == me and client.last.headers["Location"] == f"/api/v1/credentials/{made['id']}"
        assert client.get(f"/credentials/{made['id']}") == made
        issue(client, achievement, gives=403)
        client.post("/me/credentials", {"achievement": achievement["id"], "person": HOLDER}, gives=400)
    me = programme.issuer.get("/me")["person"]["id"]
    assert programme.issuer.issue(me, achievement["id"])["person"]["id"] == me
    for other in programme.achievement(), programme.achievement(issuer=programme.school["id"]):
        assert "an issuer that is a sandbox" in programme.employee.post("/me/credentials", {"achievement": other["id"]}, gives=403)["detail"]
    programme.house.rescue.post("/me/credentials", {"achievement": achievement["id"]}, gives=403)
    job = done(programme.issuer, "issue", [{"person": HOLDER}, {"person": me}], achievement=achievement["id"])
    assert job["errors"] == [{"row": 1, "field": "/rows/0", "message": "for a test people issue to themselves, and to nobody else"}]
    assert job["result"]["succeeded"] == 1
    change(programme, sandbox, state="archived")
    programme.employee.post("/me/credentials", {"achievement": achievement["id"]}, gives=409)
    change(programme, sandbox, state="active")
    programme.admin.patch(f"/api/v1/issuers/{sandbox['id']}", {"sandbox": False}, "*", gives=400)


def test_what_a_sandbox_issues_proves_nothing(programme, sandbox, house):
    skill = programme.skill()
    achievement = programme.achievement([skill], issuer=sandbox["id"])
    me = programme.issuer.get("/me")["person"]["id"]
    made = programme.issuer.issue(me, achievement["id"])
    done(programme.issuer, "issue", [{"person": me}], achievement=achievement["id"])
    assert made["state"] == "active"
    assert skill["id"] not in [one["skill"]["id"] for one in programme.hr.pages(f"/people/{me}/holdings")]
    assert programme.hr.pages("/reports/skills", skill=skill["id"]) == []
    assert house.sql("SELECT 1 FROM proof WHERE skill_id = %s", skill["id"]) == []
    change(programme, sandbox, groups=[f"cn=issuers,ou=groups,{BASE}"])
    for verb in "suspend", "reinstate", "replace":
        made = programme.issuer.post(f"/credentials/{made['id']}/{verb}", {"reason": "x"})
    assert house.sql("SELECT 1 FROM proof WHERE skill_id = %s", skill["id"]) == []
    mine = programme.employee.post("/me/credentials", {"achievement": achievement["id"]}, gives=201)
    programme.issuer.post(f"/credentials/{mine['id']}/replace", {"reason": "x"}, gives=403)


def test_its_badges_say_that_they_are_tests(programme, sandbox):
    achievement = programme.achievement(issuer=sandbox["id"], name="Welder")
    me = programme.issuer.get("/me")["person"]["id"]
    single = programme.issuer.issue(me, achievement["id"])
    batch = done(programme.issuer, "issue", [{"person": me}], achievement=achievement["id"])
    for made in single, *credentials_of(programme.issuer, batch):
        badge = programme.badge(made)
        verify_proof(badge, programme.stranger.get(f"/issuers/{sandbox['id']}/did.json"))
        assert badge["credentialSubject"]["achievement"]["name"] == "TEST: Welder"
        assert badge["issuer"]["name"] == "Playground (for tests only)"
        page = programme.stranger.ask("GET", f"/badges/{made['id']}", headers={"Accept": "text/html"}).text
        assert "TEST: Welder" in page and "Playground (for tests only)" in page
        assertion = programme.badge(made, format="ob2")
        assert programme.stranger.get("/" + assertion["badge"].removeprefix(PUBLIC_URL))["name"] == "TEST: Welder"


def test_its_badges_are_what_they_are_and_verified_by_nobody(programme, sandbox, tmp_path):
    me, verifier = programme.issuer.get("/me")["person"]["id"], Verifier(tmp_path)
    test = programme.issuer.issue(me, programme.achievement(issuer=sandbox["id"])["id"])
    real = programme.issue()
    for form in "ob3", "ob2":
        for made, verdict, outcome, words in [
                (test, "not_verified", "failed", "is for tests only: what it issues proves nothing"),
                (real, "verified", "passed", "whose documents are trusted here")]:
            badge = programme.badge(made, format=form)
            answer = programme.hr.post("/verifications", {"badge": json.dumps(badge)})
            checks = {one["check"]: one for one in answer["checks"]}
            assert (answer["verdict"], checks["issuer"]["outcome"], checks["signature"]["outcome"]) == (verdict, outcome, "passed")
            assert checks["issuer"]["detail"].endswith(words)
    place = programme.badge(test)["credentialStatus"]["statusListCredential"].removeprefix(PUBLIC_URL)
    documents = [programme.stranger.ask("GET", path).content for path in (f"/issuers/{sandbox['id']}/did.json", place)]
    refused(verifier.one(programme.badge(test), documents), "issuer", "proves nothing")


# ---- what its issuers see

def seen(client, credential, skill):
    """What of a credential a client sees: the person, itself, its badge, and what it proves."""
    person = credential["person"]["id"]
    listed = client.get("/credentials", person=person, gives=(200, 400))
    held = client.get(f"/people/{person}/holdings", gives=(200, 404))
    return {
        "person": client.ask("GET", f"/people/{person}").status_code == 200,
        "people": person in {one["id"] for one in client.pages("/people", limit=500)},
        "itself": client.ask("GET", f"/credentials/{credential['id']}").status_code == 200,
        "events": client.ask("GET", f"/credentials/{credential['id']}/events").status_code == 200,
        "listed": credential["id"] in {one["id"] for one in client.pages("/credentials", limit=500)},
        "of them": credential["id"] in {one["id"] for one in listed.get("items", ())},
        "badge": client.ask("GET", f"/badges/{credential['id']}").status_code == 200,
        "holding": skill["id"] in {one["skill"]["id"] for one in held.get("items", ())},
        "report": person in {row["person"]["id"] for row in client.get("/reports/skills", skill=skill["id"])["items"]},
        "known then": person in {row["person"]["id"] for row in client.get(
            "/reports/skills", skill=skill["id"], known_at="2100-01-01T00:00:00Z")["items"]}}


def award(programme, client, person, **issuer):
    """A credential that proves a skill of its own, and that only who sees it sees."""
    skill = programme.skill()
    made = client.issue(person, programme.achievement([skill], **issuer)["id"])
    programme.holders[person].patch(f"/credentials/{made['id']}", {"visibility": "private"}, "*")
    return made, skill


def test_who_issues_for_one_sees_what_that_one_issued_and_to_whom(programme, house):
    programme.holders = {}
    new_key(house, "ed25519", programme.school["id"])
    for person in HOLDER, COLLEAGUE:
        house.set_password(person)
        programme.holders[person] = house.sign_in(person)
    theirs = award(programme, programme.member, COLLEAGUE, issuer=programme.school["id"])
    everything, nothing = (dict.fromkeys(seen(programme.hr, *theirs), flag) for flag in (True, False))
    assert seen(programme.hr, *theirs) == seen(programme.member, *theirs) == seen(programme.holders[COLLEAGUE], *theirs) == everything
    assert seen(programme.issuer, *theirs) == nothing, "the company's issuers see what the company issues"
    for how, state in ({}, "done"), ({"at": "2099-01-01"}, "queued"):
        job = ask(programme.issuer, "revoke", [{"credential": theirs[0]["id"]}], reason="x", **how)
        row, = rows_of(programme.issuer, ended(programme.issuer, job, state) if state == "done" else job)
        assert not {"person", "credential_id"} & set(row), "a batch that asks for it tells no more"
    both = award(programme, programme.member, HOLDER, issuer=programme.school["id"])
    companys = award(programme, programme.issuer, HOLDER)
    for client in programme.hr, programme.member:
        assert seen(client, *both) == seen(client, *companys) == everything
    assert seen(programme.issuer, *companys) == everything
    assert seen(programme.issuer, *both) == {**nothing, "person": True, "people": True}


def test_they_see_it_as_long_as_they_are_in_its_groups(programme, house):
    made = school(programme, groups=[])
    programme.holders = {COLLEAGUE: house.sign_in(COLLEAGUE)}
    change(programme, made, groups=[WITHIN])
    new_key(house, "ed25519", made["id"])
    theirs = award(programme, programme.member, COLLEAGUE, issuer=made["id"])
    for groups, sees in ([], False), ([SAFETY], True), ([f"cn=hr,ou=groups,{BASE}"], False), ([WITHIN], True):
        change(programme, made, groups=groups)
        told = seen(programme.member, *theirs)
        assert {what for what, flag in told.items() if flag} - {"person", "people"} == \
            (set(told) - {"person", "people"} if sees else set()), groups
    house.restart()
    assert all(seen(house.sign_in(OTHER_ISSUER), *theirs).values()), "and after the next start"


# ---- its badges

def test_its_badges_are_signed_by_its_own_key_under_its_own_did(programme, house):
    made = school(programme)
    achievement = programme.achievement(issuer=made["id"])
    early = issue(programme.member, achievement)
    programme.badge(early, gives=404)
    key = new_key(house, "ed25519", made["id"])
    badge = programme.badge(issue(programme.member, achievement))
    did = programme.stranger.get(f"/issuers/{made['id']}/did.json")
    assert did["id"] == made["did"] == badge["issuer"]["id"]
    proof = verify_proof(badge, did)
    verify_proof(programme.badge(early), did)
    assert (badge["issuer"]["name"], badge["issuer"]["url"], badge["issuer"]["email"]) == ("Safety School", made["url"], made["mail"])
    assert programme.hr.get(f"/keys/{key}")["verification_method"] == proof["verificationMethod"]
    with pytest.raises(AssertionError):
        verify_proof(badge, programme.stranger.get("/.well-known/did.json"))
    listed = programme.stranger.get(badge["credentialStatus"]["statusListCredential"].removeprefix(PUBLIC_URL))
    assert listed["issuer"] == made["did"], "a list of its own"
    verify_proof(listed, did)


# ---- keys

def der(key):
    return public_key(key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_keys_have_public_halves_and_dates_and_nothing_else(programme, house):
    for algorithm in "ed25519", "p256", "rsa2048":
        key = new_key(house, algorithm)
        told = programme.employee.get(f"/keys/{key}")
        assert told in programme.employee.pages("/keys")
        assert (told["id"], told["algorithm"], told["state"], told["issuer"]["name"]) == (key, algorithm, "active", "Example Ltd")
        assert told["purpose"] == "assertion" and f"{key} {algorithm:7} assertion " in house.command("key", "list").stdout
        assert set(told) == {"id", "algorithm", "purpose", "state", "issuer", "created_at", "verification_method", "public_key"}
        assert set(told["public_key"]) <= {"kty", "crv", "x", "y", "n", "e"}
        method = method_of(programme.stranger.get("/.well-known/did.json"), told["verification_method"])
        jwk, = (one for one in programme.stranger.get("/.well-known/jwks.json")["keys"] if one["kid"] == told["verification_method"])
        assert der(method) == der(jwk)
        assert told["public_key"].items() <= jwk.items()
    assert house.command("key", "retire", key).returncode == 0
    retired = programme.employee.get(f"/keys/{key}")
    assert retired["state"] == "retired" and "revoked_at" not in retired and retired["retired_at"] >= retired["created_at"]
    assert house.command("key", "revoke", key, "2026-01-01").returncode == 0
    revoked = programme.employee.get(f"/keys/{key}")
    assert (revoked["state"], revoked["revoked_at"]) == ("revoked", "2026-01-01T00:00:00Z")
    programme.employee.get("/keys/0190a000-0000-7000-8000-000000000000", gives=404)
    ends = [one["created_at"] for one in programme.employee.pages("/keys")], [one["created_at"] for one in programme.employee.pages("/keys", sort="-created_at")]
    assert sorted(ends[0]) == ends[0] == ends[1][::-1]


def test_keys_are_found_by_issuer_and_state(programme, house):
    made = school(programme)
    old, new = (new_key(house, "ed25519", made["id"]) for _ in range(2))
    assert house.command("key", "retire", old).returncode == 0

    def found(**filters):
        return [one["id"] for one in programme.employee.pages("/keys", limit=1, **filters)]
    assert found(issuer=made["id"]) == [old, new]
    assert (found(issuer=made["id"], state="retired"), found(issuer=made["id"], state="active")) == ([old], [new])
    assert found(issuer=made["id"], state="revoked") == []
    whole = programme.employee.pages("/keys")
    for state in "active", "retired", "revoked":
        assert found(state=state) == [one["id"] for one in whole if one["state"] == state]


def test_credentials_are_found_by_issuer(programme, house):
    made = school(programme)
    theirs = issue(programme.member, programme.achievement(issuer=made["id"]))
    ours = issue(programme.member, programme.achievement())

    def found(client, **filters):
        return [one["id"] for one in client.pages("/credentials", **filters)]
    assert found(programme.hr, issuer=made["id"]) == [theirs["id"]]
    of_company = found(programme.hr, issuer=ours["issuer"]["id"], limit=500)
    assert ours["id"] in of_company and theirs["id"] not in of_company
    assert found(programme.hr, issuer=made["id"], state="revoked") == found(programme.employee, issuer=made["id"]) == []
