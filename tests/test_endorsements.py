# SPDX-License-Identifier: Apache-2.0
"""Endorsements of achievements and issuers: made and signed here, or taken in as a partner signed them; who may, what is
published of them, and how they are withdrawn."""
import json
import os
import pathlib
import shutil
import threading

import jsonschema
import ldap
import pytest
from kit.badges import Programme, badge_house, bits_of, new_key, place_of, verify_proof
from kit.forge import LIST, Forge, Verifier, text_of, time_at
from kit.gate import make_folder
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_ISSUER, PUBLIC_URL

HERE = PUBLIC_URL.removeprefix("https://")
SCHOOL = f"cn=school,ou=groups,{BASE}"
MISSING = "0190a000-0000-7000-8000-000000000000"
ODD = "We ask for it in **all** our workshops 😀 \"א\" \\ </script>\ne\u0301"


@pytest.fixture(scope="module")
def partner():
    return Forge("partner.example")


@pytest.fixture(scope="module")
def stranger():
    """Whose documents nobody here has."""
    return Forge("stranger.example")


@pytest.fixture(scope="module")
def house(postgres, partner):
    folder = make_folder()
    for number, document in enumerate((partner.document(), partner.status([7]))):
        (folder / f"{number}.json").write_bytes(text_of(document))
    with badge_house(("ed25519",), postgres=postgres, config={"verify": {"pinned": folder}}) as house:
        link = house.slapd.admin()
        member = link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={OTHER_ISSUER})", ["1.1"])[0][0]
        link.add_s(SCHOOL, [("objectClass", [b"groupOfNames"]), ("cn", [b"school"]), ("member", [member.encode()])])
        house.sync()
        yield house
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def programme(house):
    programme = Programme(house)
    programme.admin, programme.member = house.sign_in(ACCOUNTS["ADMIN"]), house.sign_in(OTHER_ISSUER)
    programme.employee, programme.auditor = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(AUDITOR)
    programme.school = programme.admin.post("/issuers", {"name": "School", "url": "https://school.example", "groups": [SCHOOL]}, gives=201)
    programme.key = new_key(house, "ed25519", programme.school["id"])
    return programme


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    return Verifier(tmp_path_factory.mktemp("verify"))


def endorse(client, gives=201, key=None, **fields):
    return client.post("/endorsements", fields, gives=gives, key=key)


def receive(client, document, gives=201):
    return client.post("/endorsements/received", {"document": document}, gives=gives)


def document_of(programme, endorsement, gives=200):
    return programme.stranger.expect(gives, "GET", "/" + place_of(endorsement["url"]))


def public(programme, achievement=None, issuer=None):
    noun, one = ("achievements", achievement) if achievement else ("issuers", issuer)
    return programme.stranger.get(f"//{noun}/{one['id']}", format="ob3")


def id_of(achievement):
    return f"{PUBLIC_URL}/achievements/{achievement['id']}?version={achievement['version']}"


def field_of(problem):
    (error,) = problem["errors"]
    return error["field"], error["message"]


def audited(house, thing):
    return [action for action, in house.sql("SELECT action FROM audit_entry WHERE object = %s ORDER BY seq", thing["id"])]


# ---- ours

def test_an_issuer_endorses_an_achievement_and_anyone_can_check_it(house, programme, verifier):
    achievement = programme.achievement(issuer=programme.school["id"], name="Teamwork 😀")
    made = endorse(programme.issuer, subject=achievement["id"], comment=ODD)
    assert made["achievement"] == {"id": achievement["id"], "version": 1, "name": "Teamwork 😀"}
    assert made["issuer"]["name"] == "Example Ltd" and made["signer"] == f"did:web:{HERE}"
    assert (made["state"], made["comment"], made["form"], made["trusted"]) == ("active", ODD, "json", True)
    document = document_of(programme, made)
    did = programme.stranger.get("/.well-known/did.json")
    verify_proof(document, did)
    folder = pathlib.Path(os.environ["SKILLSD_SHARED"]) / "data/openbadges/ob3-schema"
    jsonschema.Draft201909Validator(json.loads((folder / "endorsementcredential.json").read_text())).validate(document)
    assert document["id"] == made["url"] == f"{PUBLIC_URL}/endorsements/{made['id']}"
    assert document["type"] == ["VerifiableCredential", "EndorsementCredential"]
    assert document["credentialSubject"] == {"id": id_of(achievement), "type": ["EndorsementSubject"], "endorsementComment": ODD}
    assert (document["issuer"]["id"], document["name"]) == (did["id"], "Endorsement of Teamwork 😀")
    answer = programme.employee.post("/verifications", {"badge": json.dumps(document)}, gives=200)
    assert answer["verified"] and (answer["subject"], answer["comment"]) == (id_of(achievement), ODD)
    page = public(programme, achievement)
    assert page["endorsement"] == [document] and "endorsementJwt" not in page
    assert audited(house, made) == ["endorsement.add"]
    assert house.sql("SELECT count(*) FROM change WHERE noun = 'endorsement' AND key = %s", made["id"]) == [(1,)]


def test_its_public_page_is_of_its_own_type_and_known_by_its_bytes(programme):
    made = endorse(programme.issuer, subject={"id": programme.school["id"]})
    answer = programme.stranger.ask("GET", "/" + place_of(made["url"]))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/vc")
    again = programme.stranger.ask("GET", "/" + place_of(made["url"]), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    page = public(programme, issuer=programme.school)
    assert [one["credentialSubject"] for one in page["endorsement"]] == [{"id": programme.school["did"], "type": ["EndorsementSubject"]}]
    assert programme.stranger.ask("GET", f"//endorsements/{MISSING}").status_code == 404
    programme.issuer.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"})


def test_what_is_endorsed_is_a_version(programme):
    achievement = programme.achievement(issuer=programme.school["id"])
    endorse(programme.issuer, subject=achievement["id"])
    programme.hr.patch(f"/achievements/{achievement['id']}", {"criteria": "harder", "state": "published"}, "*")
    assert "endorsement" not in public(programme, achievement)
    old = programme.stranger.get(f"//achievements/{achievement['id']}", format="ob3", version=1)
    assert old["endorsement"][0]["credentialSubject"]["id"] == id_of(achievement)
    assert endorse(programme.issuer, subject=achievement["id"])["achievement"]["version"] == 2
    assert len(programme.hr.pages("/endorsements", achievement=achievement["id"])) == 2


def test_nobody_endorses_what_is_their_own(programme):
    own = programme.achievement()
    theirs = programme.achievement(issuer=programme.school["id"])
    company = own["issuer"]["id"]
    for client, body in ((programme.issuer, {"subject": own["id"]}), (programme.issuer, {"subject": company}),
                         (programme.member, {"subject": theirs["id"], "issuer": programme.school["id"]}),
                         (programme.member, {"subject": programme.school["id"], "issuer": programme.school["id"]})):
        assert field_of(endorse(client, gives=400, **body)) == ("/issuer", "does not endorse itself, or what is its own")
    made = endorse(programme.member, subject=own["id"], issuer=programme.school["id"])
    assert made["signer"] == programme.school["did"]
    did = programme.stranger.get(f"/issuers/{programme.school['id']}/did.json")
    verify_proof(document_of(programme, made), did)


def test_an_issuer_for_tests_endorses_nothing(house, programme):
    sandbox = programme.admin.post("/issuers", {"name": "Playground", "sandbox": True, "groups": [SCHOOL]}, gives=201)
    new_key(house, "ed25519", sandbox["id"])
    achievement = programme.achievement()
    error = field_of(endorse(programme.member, gives=400, subject=achievement["id"], issuer=sandbox["id"]))
    assert error == ("/issuer", "is for tests, and endorses nothing")
    assert "endorsement" not in public(programme, achievement)


def test_who_issues_for_the_issuer_endorses_for_it_and_nobody_else(programme):
    achievement = programme.achievement()
    body = {"subject": achievement["id"], "issuer": programme.school["id"]}
    for client in programme.issuer, programme.hr, programme.admin, programme.employee, programme.auditor:
        endorse(client, gives=403, **body)
    for client in programme.hr, programme.admin, programme.employee, programme.auditor:
        endorse(client, gives=403, subject=programme.school["id"])
    made = endorse(programme.member, **body)
    for client in programme.issuer, programme.hr, programme.admin, programme.employee:
        client.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"}, gives=403)
    for client in programme.employee, programme.auditor:
        assert client.get(f"/api/v1/endorsements/{made['id']}") == made
    programme.stranger.get(f"/api/v1/endorsements/{made['id']}", gives=401)
    assert programme.member.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"})["state"] == "withdrawn"


def test_what_cannot_be_endorsed_is_named(programme):
    draft = programme.achievement(state="draft", issuer=programme.school["id"])
    achievement = programme.achievement(issuer=programme.school["id"])
    for field, body in (("/subject", {}), ("/subject", {"subject": MISSING}), ("/subject", {"subject": "x"}), ("/subject", {"subject": draft["id"]}),
                        ("/issuer", {"subject": achievement["id"], "issuer": MISSING}), ("/issuer", {"subject": achievement["id"], "issuer": "x"}),
                        ("/comment", {"subject": achievement["id"], "comment": "x" * 10001}),
                        ("/other", {"subject": achievement["id"], "other": 1})):
        assert field_of(endorse(programme.issuer, gives=400, **body))[0] == field, body
    programme.hr.patch(f"/achievements/{achievement['id']}", {"state": "archived"}, "*")
    endorse(programme.issuer, gives=409, subject=achievement["id"])
    mute = programme.admin.post("/issuers", {"name": "Mute", "groups": [SCHOOL]})
    assert "has no Ed25519 key" in endorse(programme.member, gives=409, subject=programme.achievement()["id"], issuer=mute["id"])["detail"]
    programme.admin.patch(f"/api/v1/issuers/{mute['id']}", {"state": "archived"}, "*")
    endorse(programme.member, gives=409, subject=programme.achievement()["id"], issuer=mute["id"])


def test_an_issuer_endorses_a_thing_once_also_when_two_do_it_at_once(programme):
    achievement = programme.achievement(issuer=programme.school["id"])
    clients, answers = [programme.issuer.twin() for _ in range(4)], []
    threads = [threading.Thread(target=lambda c=client: answers.append(c.ask("POST", "/endorsements", {"subject": achievement["id"]})))
               for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    made, = programme.hr.pages("/endorsements", achievement=achievement["id"])
    assert len(public(programme, achievement)["endorsement"]) == 1
    programme.issuer.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"})
    endorse(programme.issuer, subject=achievement["id"])


def test_what_is_asked_twice_with_a_key_is_done_once(programme):
    achievement = programme.achievement(issuer=programme.school["id"])
    first = endorse(programme.issuer, key="one", subject=achievement["id"])
    assert endorse(programme.issuer, key="one", subject=achievement["id"]) == first
    endorse(programme.issuer, gives=409, key="one", subject=achievement["id"], comment="other")


def test_without_its_signer_nothing_is_endorsed(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        admin = house.sign_in(ACCOUNTS["ADMIN"])
        school = admin.post("/issuers", {"name": "School"})
        house.signer.stop()
        house.expects_errors = True
        endorse(programme.issuer, gives=503, subject=school["id"])
        assert programme.hr.pages("/endorsements") == [] and house.sql("SELECT * FROM audit_entry WHERE noun = 'endorsement' AND outcome = 'ok'") == []
        house.signer.start()
        endorse(programme.issuer, subject=school["id"])


# ---- withdrawing

def test_one_that_is_withdrawn_is_published_no_longer_and_its_list_says_so(house, programme, verifier):
    achievement = programme.achievement(issuer=programme.school["id"])
    made = endorse(programme.issuer, subject=achievement["id"])
    document = document_of(programme, made)
    status = place_of(document["credentialStatus"]["statusListCredential"])
    place = int(document["credentialStatus"]["statusListIndex"])
    assert bits_of(programme.stranger.get(status))(place) == 0
    programme.issuer.post(f"/endorsements/{made['id']}/withdraw", {}, gives=400)
    gone = programme.issuer.post(f"/endorsements/{made['id']}/withdraw", {"reason": "Ünfit 😀"})
    assert (gone["state"], gone["reason"]) == ("withdrawn", "Ünfit 😀") and gone["withdrawn_at"]
    assert programme.employee.get(f"/api/v1/endorsements/{made['id']}") == gone
    assert document_of(programme, made, gives=410)["type"] == "urn:skillsd:problem:gone"
    assert "endorsement" not in public(programme, achievement)
    programme.issuer.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"}, gives=409)
    assert bits_of(programme.stranger.get(status))(place) == 1
    forge = Forge()
    badge = forge.sign(forge.badge(credentialStatus=None, endorsement=[{**document}]))
    answer = verifier.one(badge, [forge.document(), programme.stranger.get("/.well-known/did.json"), programme.stranger.get(status)])
    assert "status: it is not in force any more" in answer["endorsements"][0][1]
    notices = programme.admin.pages("/outbox", object=made["id"])[::-1]
    assert [one["kind"] for one in notices] == ["endorsement.made", "endorsement.withdrawn"]
    assert notices[1]["detail"] == {"achievement": achievement["id"], "issuer": made["issuer"]["id"]}
    assert audited(house, made) == ["endorsement.add", "endorsement.withdraw"]
    again = receive(programme.hr, json.dumps(document), gives=400)
    assert "status: it is not in force any more" in field_of(again)[1]


# ---- partners'

def test_a_partners_word_is_kept_byte_for_byte_and_published(house, programme, partner):
    achievement = programme.achievement()
    signed = partner.sign(partner.endorsement(id_of(achievement), id="https://partner.example/e/1"))
    text = "\n" + json.dumps(signed, indent=2, ensure_ascii=False) + "\n"
    made = receive(programme.hr, text)
    assert (made["signer"], made["signer_name"], made["trusted"], made["form"]) == (partner.did, "Partner", True, "json")
    assert "issuer" not in made and made["achievement"]["id"] == achievement["id"] and made["document"] == "https://partner.example/e/1"
    assert made["comment"] == "**Good** 😀"
    answer = programme.stranger.ask("GET", "/" + place_of(made["url"]))
    assert answer.content == text.strip().encode() and answer.headers["Content-Type"] == "application/vc"
    assert public(programme, achievement)["endorsement"] == [signed]
    page = programme.stranger.ask("GET", f"//achievements/{achievement['id']}", params={"format": "ob3"})
    assert text.strip().encode() in page.content
    jwt = partner.jws(partner.claims(partner.endorsement(programme.school["did"], id="https://partner.example/e/2")))
    other = receive(programme.member, jwt + "\n")
    assert (other["form"], other["endorsed_issuer"]["id"]) == ("jwt", programme.school["id"])
    answer = programme.stranger.ask("GET", "/" + place_of(other["url"]))
    assert (answer.text, answer.headers["Content-Type"]) == (jwt, "application/vc+jwt")
    assert public(programme, issuer=programme.school)["endorsementJwt"] == [jwt]
    assert audited(house, other) == ["endorsement.receive"]
    receive(programme.hr, jwt, gives=409)


def test_a_partners_word_that_does_not_hold_is_refused_and_it_is_said_why(programme, partner, stranger):
    achievement = programme.achievement()
    subject = id_of(achievement)
    good = partner.endorsement(subject, id="https://partner.example/e/3")
    status = {"id": LIST + "#7", "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7",
              "statusListCredential": LIST}
    cases = [
        ("format: ", "x"), ("format: ", "{}"), ("format: it is no EndorsementCredential", json.dumps(partner.sign(partner.badge()))),
        ("signature: it is not signed", good), ("signature: the proof does not fit", {**partner.sign(good), "name": "x"}),
        ("signature: the document of did:web:stranger.example is not known here", stranger.sign(stranger.endorsement(subject))),
        ("issuer: it says it is issued by", partner.sign({**good, "issuer": {"id": stranger.did, "type": ["Profile"]}})),
        ("schema: ", partner.sign({**good, "name": 1})), ("dates: expired", partner.sign({**good, "validUntil": time_at(-1)})),
        ("dates: not yet valid", partner.sign({**good, "validFrom": time_at(1)})),
        ("status: it is not in force any more", partner.sign({**good, "credentialStatus": status})),
        ("status: the document of", partner.sign({**good, "credentialStatus": {**status, "statusListCredential": "https://partner.example/s"}})),
        ("has an id of more than 2000 bytes", partner.sign({**good, "id": "https://partner.example/" + "x" * 2000})),
        ("must have at most 65536 bytes", " {" + " " * 65536 + "}"), ("schema: ", partner.jws(good))]
    for about in (subject.split("?")[0], subject + "0", subject + "x", id_of({**achievement, "version": 2}), f"{PUBLIC_URL}/achievements/x?version=1",
                  f"did:web:{HERE}:issuers:{MISSING}", f"did:web:{HERE}x", "https://elsewhere.example/1", "x",
                  id_of(programme.achievement(state="draft")), f"{PUBLIC_URL}/achievements/{achievement['id']}?version=01"):
        cases.append(("", partner.sign(partner.endorsement(about))))
    for words, document in cases:
        problem = receive(programme.hr, document if isinstance(document, str) else json.dumps(document), gives=400)
        field, message = field_of(problem)
        assert field == "/document" and words in message, (words, message)
    assert programme.hr.pages("/endorsements", achievement=achievement["id"]) == []


def test_nobody_is_let_in_through_a_partners_document(house, programme, partner):
    """A document of ours, on what is our own: as if it came from elsewhere."""
    achievement = programme.achievement()
    document = json.dumps(partner.sign(partner.endorsement(id_of(achievement), id="https://partner.example/e/4")))
    for client, gives in ((programme.employee, 403), (programme.auditor, 403), (programme.stranger, 401), (programme.issuer, 201)):
        receive(client, document, gives=gives)
    theirs = programme.achievement(issuer=programme.school["id"])
    document = json.dumps(partner.sign(partner.endorsement(id_of(theirs), id="https://partner.example/e/5")))
    receive(programme.issuer, document, gives=403)
    made = receive(programme.member, document)
    programme.issuer.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"}, gives=403)
    assert programme.hr.post(f"/endorsements/{made['id']}/withdraw", {"reason": "x"})["state"] == "withdrawn"
    document_of(programme, made, gives=410)
    receive(programme.hr, document)  # it is as good as it was
    own = document_of(programme, endorse(programme.issuer, subject=theirs["id"]))
    receive(programme.hr, json.dumps(own), gives=409)


def test_one_that_runs_out_is_published_no_longer(house, programme, partner):
    achievement = programme.achievement()
    made = receive(programme.hr, json.dumps(partner.sign(partner.endorsement(
        id_of(achievement), id="https://partner.example/e/6", validUntil=time_at(1)))))
    assert made["state"] == "active" and made["valid_until"]
    house.sql("UPDATE endorsement SET valid_until = now() WHERE id = %s", made["id"])
    assert "endorsement" not in public(programme, achievement)
    assert programme.hr.get(f"/api/v1/endorsements/{made['id']}")["state"] == "expired"
    assert made["id"] in [one["id"] for one in programme.hr.pages("/endorsements", state="expired")]


# ---- lists

def test_lists_are_filtered_and_come_in_pages(programme):
    things = [programme.achievement(issuer=programme.school["id"]) for _ in range(3)]
    made = [endorse(programme.issuer, subject=one["id"]) for one in things]
    company = made[0]["issuer"]["id"]
    assert programme.hr.pages("/endorsements", achievement=things[1]["id"]) == [made[1]]
    assert made == [one for one in programme.hr.pages("/endorsements", issuer=company, limit=2) if one in made]
    newest = programme.employee.get("/endorsements", sort="-created_at", limit=1, count=True)
    assert newest["items"] == [made[2]] and newest["total"] == len(programme.hr.pages("/endorsements", limit=2))
    assert all(one["endorsed_issuer"]["id"] == programme.school["id"]
               for one in programme.hr.pages("/endorsements", endorsed_issuer=programme.school["id"]))
    for name in "achievement", "endorsed_issuer", "issuer":
        assert field_of(programme.hr.get("/endorsements", gives=400, **{name: MISSING}))[0] == name
