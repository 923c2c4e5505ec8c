# SPDX-License-Identifier: Apache-2.0
"""Badges as a stranger meets them: their forms, who may see which, the documents that they are checked by, and what
becomes of them when the credential changes."""
import hashlib
import json
import os
import pathlib
import threading

import jsonschema
import pytest
from cryptography.exceptions import InvalidSignature
from kit.badges import (HOLDER, Programme, badge_house, bits_of, canonical, house,
                        method_of, new_key, place_of, programme, verify_jws, verify_proof)  # noqa: F401 fixtures
from kit.house import ACCOUNTS, AUDITOR, PUBLIC_URL, parsed

HERE = PUBLIC_URL.removeprefix("https://")
ODD = "Ünïcode 😀 \"quoted\" \\ back\tא ב e\u0301 </script>"


@pytest.fixture(scope="module")
def did(programme):
    return programme.stranger.get("/.well-known/did.json")


# ---- the forms

def test_a_badge_says_what_was_awarded_to_whom_and_by_whom(programme, did):
    skill = programme.skill(label=ODD, uri="https://example.org/skills/1")
    achievement = programme.achievement([skill], name=ODD, type="Certification", description="What it is", criteria="Do *it*",
                                        validity="P2Y")
    made = programme.issue(achievement=achievement, evidence=[{"name": "Test", "url": "https://example.org/t",
                                                               "narrative": ODD}])
    badge = programme.badge(made)
    verify_proof(badge, did)
    assert badge["id"] == made["badge_url"] and badge["issuer"]["id"] == did["id"] == f"did:web:{HERE}"
    assert badge["issuer"] == {"id": did["id"], "type": ["Profile"], "name": "Example Ltd", "url": "https://example.org",
                               "email": "badges@example.org"}
    assert {name: parsed(badge[name]) for name in ("awardedDate", "validFrom", "validUntil")} == {
        "awardedDate": parsed(made["issued_at"]), "validFrom": parsed(made["valid_from"]),
        "validUntil": parsed(made["expires_at"])}
    told = badge["credentialSubject"]["achievement"]
    assert told["id"] == f"{PUBLIC_URL}/achievements/{achievement['id']}?version=1"
    assert (told["name"], told["description"], told["achievementType"]) == (ODD, "What it is", "Certification")
    assert told["criteria"] == {"narrative": "Do *it*"}
    assert told["alignment"] == [{"type": ["Alignment"], "targetName": ODD, "targetUrl": "https://example.org/skills/1",
                                  "targetCode": skill["code"], "targetFramework": "Skills of badges", "targetType": "CFItem"}]
    assert badge["evidence"] == [{"type": ["Evidence"], "id": "https://example.org/t", "name": "Test", "narrative": ODD}]


def test_a_badge_is_what_the_official_schema_asks_for(programme):
    folder = pathlib.Path(os.environ["SKILLSD_SHARED"]) / "data/openbadges/ob3-schema"
    schema = json.loads((folder / "achievementcredential.json").read_text())
    for fields in ({}, {"criteria": "x", "description": "y", "validity": "P1Y"}):
        badge = programme.badge(programme.issue(achievement=programme.achievement(**fields)))
        jsonschema.Draft201909Validator(schema).validate(badge)
    jsonschema.Draft201909Validator(schema).validate(programme.badge(programme.issue(achievement=programme.achievement([]))))


def test_the_recipient_is_known_by_a_hash_and_an_id_that_stay(programme, people_of):
    made, other = programme.issue(), programme.issue()
    subjects = [programme.badge(one)["credentialSubject"] for one in (made, other)]
    assert subjects[0]["id"] == subjects[1]["id"] == f"urn:uuid:{made['person']['id']}"
    salts = set()
    for subject in subjects:
        identity, = subject["identifier"]
        assert (identity["type"], identity["identityType"], identity["hashed"]) == ("IdentityObject", "emailAddress", True)
        mail = people_of[HOLDER]["mail"].lower()
        assert identity["identityHash"] == "sha256$" + hashlib.sha256((mail + identity["salt"]).encode()).hexdigest()
        salts.add(identity["salt"])
    assert len(salts) == 2
    assert people_of[HOLDER]["mail"] not in json.dumps(subjects)


@pytest.fixture(scope="module")
def people_of(programme):
    return {person["username"]: person for person in programme.hr.pages("/people", limit=500)}


def test_the_jwt_is_the_same_badge_with_claims(programme, did):
    made = programme.issue(achievement=programme.achievement(validity="P1Y"))
    jwks = programme.stranger.get("/.well-known/jwks.json")
    text = programme.badge(made, format="jwt")
    header, payload = verify_jws(text, jwks)
    assert header["alg"] == "ES256" and header["typ"] == "JWT" and set(header) <= {"alg", "kid", "jwk", "typ"}
    assert header["kid"] in did["assertionMethod"]
    claims = {name: payload.pop(name) for name in ("iss", "jti", "sub", "nbf", "exp", "iat")}
    badge = programme.badge(made)
    del badge["proof"]
    assert payload == badge
    assert (claims["iss"], claims["jti"], claims["sub"]) == (did["id"], badge["id"], badge["credentialSubject"]["id"])
    assert claims["nbf"] == int(parsed(badge["validFrom"]).timestamp())
    assert claims["exp"] == int(parsed(badge["validUntil"]).timestamp())
    assert 0 <= claims["iat"] - int(parsed(made["issued_at"]).timestamp()) < 300, "when it was signed"


@pytest.mark.parametrize("accept, media", [
    ("*/*", "application/vc"), ("application/json", "application/vc"), ("application/ld+json", "application/vc"),
    ("application/vc+ld+json", "application/vc"), ("application/vc+jwt", "application/vc+jwt"),
    ("application/vc+jwt;q=0.1, application/vc;q=0.2", "application/vc")])
def test_accept_chooses_the_form(programme, accept, media):
    made = programme.issue()
    programme.badge(made, accept=accept)
    assert programme.stranger.last.headers["Content-Type"] == media


def test_format_beats_accept_and_an_unknown_one_is_named(programme):
    made = programme.issue()
    programme.badge(made, accept="application/vc+jwt", format="ob3")
    assert programme.stranger.last.headers["Content-Type"] == "application/vc"
    assert programme.badge(made, gives=400, format="gif")["errors"][0]["field"] == "format"
    programme.badge(made, gives=406, accept="image/gif")


def test_a_form_is_made_once(programme):
    made = programme.issue()
    for form in "ob3", "jwt":
        forms = [None] * 6

        def take(i, form=form, forms=forms):
            client = programme.house.client()
            programme.badge(made, client, format=form)
            forms[i] = client.last.content
        threads = [threading.Thread(target=take, args=(i,)) for i in range(len(forms))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(forms)) == 1 and forms[0]
    etag = programme.stranger.last.headers.get("ETag")
    programme.badge(made)
    etag = programme.stranger.last.headers["ETag"]
    programme.stranger.get(f"/badges/{made['id']}", gives=304, headers={"If-None-Match": etag})
    assert programme.stranger.last.headers["Cache-Control"] == "no-cache"


def test_drafts_are_canonical(programme, house):
    """What is signed is the draft as it is, so it must be what RFC 8785 would make of it."""
    made = programme.issue(achievement=programme.achievement(name=ODD, description="\u2028 \ue000", criteria="é"),
                           evidence=[{"narrative": ODD}])
    text = programme.stranger.ask("GET", f"/badges/{made['id']}").content
    head, mark, _ = text.partition(b',"proof":[')
    assert mark and head + b"}" == canonical(json.loads(head + b"}"))


# ---- who may see it

def test_what_is_not_public_is_absent_but_for_those_who_may_see_it(postgres):
    with badge_house(postgres=postgres, config={"issuer": {"visibility": "private"}}) as house:
        programme = Programme(house)
        made = programme.issue()
        house.set_password(HOLDER)
        for client, status in ((programme.stranger, 404), (programme.hr, 200), (programme.issuer, 200),
                               (house.sign_in(HOLDER), 200), (house.sign_in(AUDITOR), 200),
                               (house.sign_in(ACCOUNTS["EMPLOYEE"]), 404), (house.client("nonsense"), 401)):
            programme.badge(made, client, gives=status)
        house.sql("UPDATE badge SET visibility = 'colleagues'")
        programme.badge(made, house.sign_in(ACCOUNTS["EMPLOYEE"]))
        programme.badge(made, gives=404)
        assert programme.stranger.last.json()["detail"] == "there is no such badge"


def test_a_badge_of_nothing_is_absent(programme):
    for word in "0" * 8, "01a202dc-0000-7000-8000-000000000000":
        programme.stranger.get(f"/badges/{word}", gives=404)
        programme.stranger.get(f"/status/{word}", gives=404)
        programme.stranger.get(f"/issuers/{word}", gives=404)


# ---- what it is checked by

def test_the_documents_of_the_issuer_agree(programme):
    made = programme.issue()
    issuer, did = made["issuer"]["id"], programme.stranger.get("/.well-known/did.json")
    assert programme.stranger.get(f"/issuers/{issuer}/did.json") == did
    assert programme.stranger.get(f"/issuers/{issuer}")["id"] == did["id"]
    jwks = programme.stranger.get("/.well-known/jwks.json")
    assert {key["kid"] for key in jwks["keys"]} == set(did["assertionMethod"])
    assert all("d" not in key for key in jwks["keys"])


def test_a_published_achievement_has_a_public_document_and_a_draft_has_none(programme):
    achievement = programme.achievement(description="d")
    shown = programme.stranger.session.get(f"{programme.house.url}/achievements/{achievement['id']}", timeout=30)
    assert shown.status_code == 200 and shown.json()["id"] == f"{PUBLIC_URL}/achievements/{achievement['id']}?version=1"
    draft = programme.achievement(state="draft")
    for path in f"/achievements/{draft['id']}", f"/achievements/{achievement['id']}?version=2", \
            f"/achievements/{achievement['id']}?version=x":
        assert programme.stranger.session.get(programme.house.url + path, timeout=30).status_code == 404, path


def test_from_revoke_to_revoked_in_the_list(programme, did):
    made = programme.issue()
    entry = programme.badge(made)["credentialStatus"]
    assert entry["type"] == "BitstringStatusListEntry" and entry["statusPurpose"] == "revocation"
    place, path = int(entry["statusListIndex"]), place_of(entry["statusListCredential"])
    before = programme.stranger.get(path)
    assert programme.stranger.last.content == programme.house.client().ask("GET", path).content
    verify_proof(before, did)
    assert before["issuer"] == did["id"] and bits_of(before)(place) == 0
    steps = (("suspend", {"reason": "looked at"}, 1), ("reinstate", None, 0), ("revoke", {"reason": "wrong person"}, 1))
    for action, body, bit in steps:
        programme.issuer.post(f"/credentials/{made['id']}/{action}", body)
        shown = programme.stranger.get(path)
        verify_proof(shown, did)
        assert bits_of(shown)(place) == bit, action
        assert parsed(shown["validFrom"]) > parsed(before["validFrom"])
    verify_proof(programme.badge(made), did)


def test_what_was_taken_back_is_listed_beside_the_lists(programme, did):
    places = {one["type"]: one["serviceEndpoint"] for one in did["service"]}
    made, other = programme.issue(), programme.issue()
    path = place_of(places["1EdTechRevocationList"])
    assert path == f"/issuers/{made['issuer']['id']}/revocations"
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": ODD})
    programme.issuer.post(f"/credentials/{other['id']}/revoke", {"reason": "of a private one"})
    programme.house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{other['id']}'")
    listed = revocations(programme, path)
    assert listed[made["badge_url"]] == {"id": made["badge_url"], "revoked": True, "revocationReason": ODD, "status": "revoked"}
    assert listed[other["badge_url"]] == {"id": other["badge_url"], "revoked": True}


def revocations(programme, path):
    return {one["id"]: one for one in programme.stranger.get(path)["revokedCredential"]}


@pytest.mark.parametrize("words", ["response = 'hidden'", "response = 'declined'", "visibility = 'private'", "visibility = 'colleagues'"])
def test_why_it_was_taken_back_is_told_of_what_is_public_alone(programme, words):
    made = programme.issue()
    programme.house.sql(f"UPDATE badge SET {words} WHERE credential_id = '{made['id']}'")
    programme.badge(made, gives=404)
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "Found cheating"})
    path = f"/issuers/{made['issuer']['id']}/revocations"
    assert revocations(programme, path)[made["badge_url"]] == {"id": made["badge_url"], "revoked": True}


def test_what_was_suspended_or_superseded_is_listed_beside_the_lists(programme):
    made, old = programme.issue(), programme.issue()
    path = f"/issuers/{made['issuer']['id']}/revocations"
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "Looked at"})
    new = programme.issuer.post(f"/credentials/{old['id']}/replace", {"reason": "Misspelt"}, gives=201)
    third = programme.issue()
    unseen = programme.issuer.post(f"/credentials/{third['id']}/replace", {"reason": "Misspelt"}, gives=201)
    programme.house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{unseen['id']}'")
    listed = revocations(programme, path)
    assert listed[third["badge_url"]]["status"] == "superseded" and "supersededBy" not in listed[third["badge_url"]]
    assert listed[made["badge_url"]] == {"id": made["badge_url"], "revoked": True, "revocationReason": "Looked at",
                                         "status": "suspended"}
    assert listed[old["badge_url"]] == {"id": old["badge_url"], "revoked": True, "revocationReason": "Misspelt",
                                        "status": "superseded", "supersededBy": new["badge_url"]}
    assert new["badge_url"] not in listed
    programme.issuer.post(f"/credentials/{made['id']}/reinstate")
    assert made["badge_url"] not in revocations(programme, path)


def test_the_list_of_suspensions_is_found_by_the_issuer(programme):
    made = programme.issue()
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "x"})
    document = programme.stranger.get("/.well-known/did.json")
    lists = [programme.stranger.get(place_of(one["serviceEndpoint"])) for one in document["service"]
             if one["type"] == "BitstringStatusListCredential"]
    place, = programme.house.sql("SELECT e.place FROM status_entry e JOIN status_list l ON l.id = e.list_id"
                                 f" WHERE l.purpose = 'suspension' AND e.credential_id = '{made['id']}'")[0]
    suspended, = [one for one in lists if one["credentialSubject"]["statusPurpose"] == "suspension"]
    verify_proof(suspended, document)
    assert bits_of(suspended)(place) == 1


def test_neighbours_in_a_list_tell_nothing(programme):
    achievement = programme.achievement()
    places = [int(programme.badge(programme.issue(achievement=achievement))["credentialStatus"]["statusListIndex"])
              for _ in range(8)]
    assert len(set(places)) == 8 and sorted(places) != places


def test_a_badge_that_was_changed_does_not_hold(programme, did):
    badge = programme.badge(programme.issue())
    badge["name"] += "!"
    with pytest.raises(InvalidSignature):
        verify_proof(badge, did)


# ---- keys

def test_old_badges_hold_when_keys_change(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        old = programme.issue()
        first = programme.badge(old)["proof"][0]["verificationMethod"]
        new_key(house, "ed25519")
        assert house.command("key", "retire", house.keys["ed25519"]).returncode == 0
        assert house.command("key", "retire", house.keys["ed25519"]).returncode == 1
        did = programme.stranger.get("/.well-known/did.json")
        badge = programme.badge(programme.issue())
        assert verify_proof(badge, did)["verificationMethod"] != first
        assert verify_proof(programme.badge(old), did)["verificationMethod"] == first
        assert house.command("key", "revoke", house.keys["ed25519"], "2026-01-01").returncode == 0
        did = programme.stranger.get("/.well-known/did.json")
        assert method_of(did, first)["revoked"] == "2026-01-01T00:00:00Z"
        assert "revoked 2026-01-01T00:00:00Z" in house.command("key", "list").stdout
        assert house.sql("SELECT action FROM audit_entry WHERE noun = 'key' ORDER BY seq") == \
            [("key.add",), ("key.add",), ("key.retire",), ("key.revoke",)]


def test_the_lists_are_signed_anew_when_their_key_ends(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        path = place_of(programme.badge(programme.issue())["credentialStatus"]["statusListCredential"])

        def signer_of():
            """Of the list as it is; with a token, since answers to anyone are kept for a moment."""
            did, shown = (json.loads(programme.hr.ask("GET", one).content) for one in ("/.well-known/did.json", path))
            return verify_proof(shown, did)["verificationMethod"]

        def method(key):
            return programme.hr.get(f"/keys/{key}")["verification_method"]
        first = house.keys["ed25519"]
        assert signer_of() == method(first)
        second = new_key(house, "ed25519")
        assert house.command("key", "revoke", first, "2020-01-01").returncode == 0
        assert signer_of() == method(second)
        third = new_key(house, "ed25519")
        assert house.command("key", "retire", second).returncode == 0
        assert signer_of() == method(third)
        badge = programme.badge(programme.issue(), programme.hr)
        assert programme.hr.post("/verifications", {"badge": json.dumps(badge)}, gives=200)["verified"]


def test_without_a_key_credentials_are_issued_and_have_badges_once_there_is_one(postgres):
    with badge_house((), postgres=postgres) as house:
        programme = Programme(house)
        made = programme.issue()
        programme.badge(made, gives=404)
        new_key(house, "ed25519")
        verify_proof(programme.badge(made), programme.stranger.get("/.well-known/did.json"))
        programme.badge(made, gives=404, format="jwt")


def test_nothing_is_issued_while_nobody_signs(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        achievement = programme.achievement()
        house.signer.stop()
        house.expects_errors = True
        programme.issuer.expect(503, "POST", "/credentials", {"person": HOLDER, "achievement": achievement["id"]})
        assert programme.issuer.get("/credentials", achievement=achievement["id"])["items"] == []
        house.signer.start()
        verify_proof(programme.badge(programme.issue(achievement=achievement)), programme.stranger.get("/.well-known/did.json"))
