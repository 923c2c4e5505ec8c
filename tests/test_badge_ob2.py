# SPDX-License-Identifier: Apache-2.0
"""Open Badges 2.0 as its validators meet it: hosted and signed assertions, badge classes, issuers, keys, what was revoked,
and all of it baked into pictures."""
import hashlib
import json
import os
import pathlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from kit.badges import HOLDER, Programme, b64url, badge_house, house, new_key, programme  # noqa: F401 fixtures
from kit.forge import Verifier
from kit.house import ACCOUNTS, PUBLIC_URL, parsed
from kit.pictures import baked, chunks, drawn, plain

OB2 = "https://w3id.org/openbadges/v2"
ASSERTION = "{http://openbadges.org}assertion"
ODD = "Ünïcode 😀 \"quoted\" \\ back\tא ב e\u0301 ]]> </script>"
FORMS = "ob2", "ob2-jws", "ob2-png", "ob2-svg"


def follow(programme, address, gives=200):
    """What stands at a public address, which is what it says of itself."""
    assert address.startswith(PUBLIC_URL + "/")
    found = programme.stranger.session.get(programme.house.url + address.removeprefix(PUBLIC_URL), timeout=60,
                                           headers={"Accept": "application/ld+json"})
    assert found.status_code == gives, (address, found.text)
    assert found.headers["Content-Type"].startswith("application/ld+json" if gives == 200 else "application/")
    assert gives != 200 or found.json()["id"] == address
    return found.json()


def shared(name):
    return json.loads((pathlib.Path(os.environ["SKILLSD_SHARED"]) / "data/openbadges/ob2" / name).read_text())


def terms(value):
    """All names of members, at any depth."""
    if isinstance(value, list):
        return {name for one in value for name in terms(one)}
    return set(value) | terms(list(value.values())) if isinstance(value, dict) else set()


def documents(programme, made):
    """(assertion, badge class, issuer) by the addresses that they name."""
    assertion = programme.badge(made, format="ob2")
    assert assertion == follow(programme, assertion["id"])
    badge_class = follow(programme, assertion["badge"])
    return assertion, badge_class, follow(programme, badge_class["issuer"])


def opened(programme, text):
    """The payload of a signed assertion, by the key that it names."""
    head, payload, signature = text.split(".")
    assertion = json.loads(b64url(payload))
    assert json.loads(b64url(head))["alg"] == "RS256" and assertion["verification"]["type"] == "signed"
    key = follow(programme, assertion["verification"]["creator"])
    load_pem_public_key(key["publicKeyPem"].encode()).verify(b64url(signature), f"{head}.{payload}".encode(),
                                                             padding.PKCS1v15(), hashes.SHA256())
    issuer = follow(programme, key["owner"])
    assert key["type"] == "CryptographicKey" and key["id"] in issuer["publicKey"]
    assert follow(programme, assertion["badge"])["issuer"] == issuer["id"]
    return assertion


# ---- hosted

def test_an_assertion_leads_to_its_class_and_its_issuer(programme):
    skill = programme.skill(label=ODD, uri="https://example.org/skills/1")
    achievement = programme.achievement([skill], name=ODD, description="What it is", criteria="Do *it*", validity="P2Y")
    made = programme.issue(achievement=achievement, evidence=[{"name": "Test", "url": "https://example.org/t", "narrative": ODD},
                                                              {"narrative": "n"}])
    assertion, badge_class, issuer = documents(programme, made)
    assert assertion["id"] == f"{made['badge_url']}?format=ob2" and assertion["verification"] == {"type": "hosted"}
    assert [parsed(assertion[name]) for name in ("issuedOn", "expires")] == [parsed(made["issued_at"]), parsed(made["expires_at"])]
    assert assertion["evidence"] == [{"type": "Evidence", "id": "https://example.org/t", "name": "Test", "narrative": ODD},
                                     {"type": "Evidence", "narrative": "n"}]
    assert (badge_class["name"], badge_class["description"], badge_class["criteria"]) == (ODD, "What it is", {"narrative": "Do *it*"})
    assert badge_class["alignment"] == [{"type": "AlignmentObject", "targetName": ODD, "targetCode": skill["code"],
                                         "targetUrl": "https://example.org/skills/1", "targetFramework": "Skills of badges"}]
    assert badge_class["image"] == achievement["image_url"]
    assert (issuer["name"], issuer["url"], issuer["email"]) == ("Example Ltd", "https://example.org", "badges@example.org")
    assert assertion["id"].startswith(issuer["verification"]["startsWith"])


def test_all_is_said_in_the_terms_of_the_official_context(programme):
    known = set(shared("context.json")["@context"]) | {"@context"}
    made = programme.issue(achievement=programme.achievement(criteria="c", validity="P1Y"), evidence=[{"name": "n"}])
    whole = documents(programme, made)
    revoked = follow(programme, whole[2]["revocationList"])
    for document in *whole, revoked, follow(programme, whole[2]["publicKey"][0]), opened(programme, programme.badge(made, format="ob2-jws")):
        assert document["@context"] == OB2 and terms(document) <= known
        assert document["type"] in known
    assert [document["type"] for document in whole] == ["Assertion", "BadgeClass", "Issuer"]


@pytest.mark.parametrize("example, at", [("00", 0), ("03", 0), ("01", 2)])
def test_what_official_examples_say_is_said(programme, example, at):
    wanted = shared(f"ob2-examples-{example}.json")
    made = programme.issue(achievement=programme.achievement(validity="P1Y"), evidence=[{"url": "https://example.org/w"}])
    whole = list(documents(programme, made))
    if example == "03":
        whole[0] = opened(programme, programme.badge(made, format="ob2-jws"))
    lacks = {"image"} if example == "01" else set()  # an issuer has none here
    assert set(wanted) - lacks <= set(whole[at])
    for name in "recipient", "verification":
        if name in wanted:
            assert set(wanted[name]) == set(whole[at][name])


def test_an_achievement_that_says_little_is_a_whole_class(programme):
    achievement = programme.achievement([], name="Little")
    _, badge_class, _ = documents(programme, programme.issue(achievement=achievement))
    assert {"id", "type", "name", "description", "image", "criteria", "issuer"} <= set(badge_class)
    assert badge_class["description"] == "Little" and "alignment" not in badge_class
    follow_id = badge_class["criteria"]["id"].removeprefix(PUBLIC_URL)
    assert programme.stranger.session.get(programme.house.url + follow_id, timeout=60).status_code == 200


def test_a_class_is_the_version_that_was_awarded(programme):
    achievement = programme.achievement(description="first")
    made = programme.issue(achievement=achievement)
    programme.hr.get(f"/achievements/{achievement['id']}")
    programme.hr.patch(f"/achievements/{achievement['id']}", {"description": "second", "state": "published"},
                       programme.hr.last.headers["ETag"])
    assert documents(programme, made)[1]["description"] == "first"
    assert follow(programme, f"{PUBLIC_URL}/achievements/{achievement['id']}?version=2&format=ob2")["description"] == "second"


def test_the_recipient_is_a_hash_or_else_an_id(house, programme):
    mail = next(one["mail"] for one in programme.hr.pages("/people", limit=500) if one["username"] == HOLDER)
    recipient = programme.badge(programme.issue(), format="ob2")["recipient"]
    assert recipient["type"] == "email" and recipient["hashed"] is True
    assert recipient["identity"] == "sha256$" + hashlib.sha256((mail.lower() + recipient["salt"]).encode()).hexdigest()
    made = programme.issue()
    house.sql(f"UPDATE badge SET salt = NULL, identity = NULL WHERE credential_id = '{made['id']}'")
    assert programme.badge(made, format="ob2")["recipient"] == {
        "type": "url", "hashed": False, "identity": f"urn:uuid:{made['person']['id']}"}


def test_accept_never_chooses_it_before_open_badges_3(programme):
    made = programme.issue()
    for accept in "*/*", "application/json", "application/ld+json", "application/ld+json, application/json;q=0.9":
        assert "proof" in programme.badge(made, accept=accept)
    programme.badge(made, accept="image/png")
    baked(programme.stranger.last.content, "openbadgecredential")


def test_it_is_made_when_it_is_asked_for_and_kept(house, programme):
    made = programme.issue()
    forms = f"SELECT format FROM badge_form WHERE credential_id = '{made['id']}' ORDER BY format"
    assert house.sql(forms) == [("ob3",)]
    for form in FORMS:
        programme.badge(made, format=form)
        first = programme.stranger.last.content
        programme.badge(made, format=form)
        assert programme.stranger.last.content == first
    assert house.sql(forms) == [(form,) for form in (*FORMS, "ob3")]


# ---- gone

def gone(programme, made, form="ob2"):
    programme.badge(made, gives=410, format=form)
    assert programme.stranger.last.headers["Content-Type"] == "application/ld+json"
    assert programme.stranger.last.headers.get("Cache-Control") != "public"
    return programme.stranger.last.json()


def test_what_is_good_no_longer_is_gone_and_says_why(programme):
    made = programme.issue()
    for form in FORMS:
        programme.badge(made, format=form)
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "looked at"})
    assert gone(programme, made)["revocationReason"] == "looked at"
    programme.issuer.post(f"/credentials/{made['id']}/reinstate")
    assert programme.badge(made, format="ob2")["type"] == "Assertion"
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": ODD})
    for form in FORMS:
        assert gone(programme, made, form) == {"@context": OB2, "id": f"{made['badge_url']}?format=ob2", "revoked": True,
                                               "revocationReason": ODD}
    assert set(shared("ob2-examples-06.json")) == set(gone(programme, made))
    assert "proof" in programme.badge(made)


def test_of_what_was_replaced_the_new_one_is_there(programme):
    made = programme.issue()
    programme.badge(made, format="ob2")
    new = programme.issuer.post(f"/credentials/{made['id']}/replace", {"reason": "Corrected"}, gives=201)
    assert gone(programme, made)["revocationReason"] == "Corrected"
    assert programme.badge(new, format="ob2")["type"] == "Assertion"


def test_who_may_not_see_it_does_not_learn_that_it_is_gone(house, programme):
    made = programme.issue()
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "x"})
    house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{made['id']}'")
    for form in FORMS:
        programme.badge(made, gives=404, format=form)
    programme.badge(made, programme.hr, gives=410, format="ob2")
    programme.badge(made, house.sign_in(ACCOUNTS["EMPLOYEE"]), gives=404, format="ob2")


# ---- signed

def test_a_signed_assertion_holds_by_the_key_that_it_names(programme):
    made = programme.issue()
    assertion = opened(programme, programme.badge(made, format="ob2-jws"))
    hosted = programme.badge(made, format="ob2")
    assert assertion["id"] == f"urn:uuid:{made['id']}"
    assert programme.stranger.last.headers["Content-Type"] == "application/ld+json"
    for document in assertion, hosted:
        del document["id"], document["verification"]
    assert assertion == hosted


def test_the_list_of_the_revoked_has_the_signed_ones(programme):
    signed, hosted = programme.issue(), programme.issue()
    issuer = documents(programme, signed)[2]
    programme.badge(signed, format="ob2-jws")
    before = follow(programme, issuer["revocationList"])
    assert f"urn:uuid:{signed['id']}" not in before["revokedAssertions"]
    for made in signed, hosted:
        programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "secret"})
    after = follow(programme, issuer["revocationList"])
    assert after["issuer"] == issuer["id"] and after["type"] == "RevocationList" and "secret" not in json.dumps(after)
    assert set(after["revokedAssertions"]) - set(before["revokedAssertions"]) == {f"urn:uuid:{signed['id']}"}


def test_old_assertions_hold_when_keys_change(postgres):
    with badge_house(("ed25519", "rsa2048"), postgres=postgres) as house:
        programme = Programme(house)
        text = programme.badge(programme.issue(), format="ob2-jws")
        old = opened(programme, text)["verification"]["creator"]
        new_key(house, "rsa2048")
        assert house.command("key", "retire", house.keys["rsa2048"]).returncode == 0
        assert opened(programme, text)["verification"]["creator"] == old
        assert opened(programme, programme.badge(programme.issue(), format="ob2-jws"))["verification"]["creator"] != old
        assert house.command("key", "revoke", house.keys["rsa2048"]).returncode == 0
        programme.hr.get("/" + old.removeprefix(PUBLIC_URL), gives=410)  # with a token: what anyone is told is kept for a moment
        follow(programme, old.partition("&key=")[0] + "&key=nonsense", gives=404)


def test_without_a_key_of_rsa_there_are_hosted_ones(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        made = programme.issue()
        programme.badge(made, gives=404, format="ob2-jws")
        issuer = documents(programme, made)[2]
        assert "publicKey" not in issuer and "revocationList" not in issuer
        follow(programme, issuer["id"] + "-key", gives=404)


# ---- baked

@pytest.mark.parametrize("name", [ODD, "plain", "א ב", "\uffff"])
def test_the_hosted_assertion_is_baked(programme, name):
    made = programme.issue(achievement=programme.achievement([], name=name), evidence=[{"narrative": name}])
    hosted = programme.badge(made, format="ob2")
    content = programme.stranger.last.content
    programme.badge(made, format="ob2-png")
    png = programme.stranger.last.content
    assert baked(png, "openbadges") == content
    programme.badge(made, format="png")
    assert plain(png) == plain(programme.stranger.last.content) and len(chunks(png)) == len(plain(png)) + 1
    programme.badge(made, format="ob2-svg")
    root = drawn(programme.stranger.last.content)
    assert root[0].tag == ASSERTION and len(root.findall(ASSERTION)) == 1
    assert root[0].attrib == {"verify": hosted["id"]} and json.loads(root[0].text) == hosted
    assert hosted["evidence"][0]["narrative"] == name


# ---- by our own reader

def test_each_form_is_verified_with_no_network(programme, tmp_path):
    made = programme.issue(achievement=programme.achievement(name=ODD, validity="P1Y"))
    mail = programme.hr.get(f"/people/{made['person']['id']}")["mail"]
    signed = opened(programme, programme.badge(made, format="ob2-jws"))
    hosted, badge_class, issuer = documents(programme, made)
    papers = [hosted, badge_class, issuer, follow(programme, signed["verification"]["creator"]),
              follow(programme, issuer["revocationList"])]
    forms = [programme.stranger.ask("GET", f"/badges/{made['id']}", params={"format": form}).content for form in FORMS]
    for answer in Verifier(tmp_path).all(forms, papers, "--recipient", mail):
        assert answer["verified"], answer
        assert answer["achievement"] == ODD


def test_pictures_of_open_badges_3_are_verified_too(programme, tmp_path):
    made = programme.issue(achievement=programme.achievement(name=ODD))
    place = programme.badge(made)["credentialStatus"]["statusListCredential"].removeprefix(PUBLIC_URL)
    papers = [programme.stranger.ask("GET", path).content for path in ("/.well-known/did.json", place)]
    forms = [programme.stranger.ask("GET", f"/badges/{made['id']}", params={"format": form}).content for form in ("png", "svg")]
    for answer in Verifier(tmp_path).all(forms, papers):
        assert answer["verified"], answer
