# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: badges of a house hold in every form with no network; what was tampered with does not, and it is said
why."""
import base64
import hmac
import http.server
import json
import shutil
import threading
import zlib

import pytest
from kit.badges import Programme, badge_house, house, programme  # noqa: F401 fixtures
from kit.forge import (LIST, MAIL, OB3, SALT, VC, Ed25519, Forge, Verifier, b64, changed, chunk, itxt, leaves,
                       png, svg, text_of, time_at)
from kit.gate import make_folder
from kit.house import PUBLIC_URL


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    return Verifier(tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="module")
def forge():
    return Forge()


@pytest.fixture(scope="module")
def papers(forge):
    """What the forge publishes."""
    return [forge.document(), forge.status()]


@pytest.fixture(scope="module")
def signed(forge):
    return forge.sign(forge.badge())


def refused(answer, check, *words):
    """That it is not verified because of this check, which says so in these words."""
    assert not answer["verified"], answer
    outcome, detail = answer["checks"][check]
    assert outcome == "failed", answer
    for word in words:
        assert word in detail, detail
    return detail


def outcomes(answer):
    return {name: outcome for name, (outcome, _) in answer["checks"].items()}


ALL = {name: "passed" for name in ("format", "schema", "signature", "issuer", "dates", "status")}

# ---- badges of a house


def published(programme, badge):
    """The documents by which it is checked, as they are."""
    place = badge["credentialStatus"]["statusListCredential"].removeprefix(PUBLIC_URL)
    return [programme.stranger.ask("GET", path).content for path in ("/.well-known/did.json", place)]


def test_each_form_of_a_badge_is_verified_with_no_network(programme, verifier):
    made = programme.issue(achievement=programme.achievement(name="Ünïcode 😀 \"quoted\" א", validity="P1Y"))
    badge, jwt = programme.badge(made), programme.badge(made, format="jwt")
    raw = programme.stranger.ask("GET", f"/badges/{made['id']}").content
    mail = programme.hr.get(f"/people/{made['person']['id']}")["mail"]
    forms = {"JSON": raw, "a JWT": jwt, "a PNG": png(itxt(badge)), "an SVG": svg(badge), "JWT, baked into a PNG": png(itxt(jwt)),
             "JWT, baked into an SVG": svg(inner="", attributes=f' verify="{jwt}"')}
    answers = verifier.all(forms.values(), published(programme, badge), "--recipient", mail.upper())
    for form, answer in zip(forms, answers):
        assert answer["verified"] and outcomes(answer) == {**ALL, "recipient": "passed"}, answer
        assert form in answer["checks"]["format"][1]
        assert (answer["id"], answer["issuer"], answer["issuer_name"], answer["achievement"]) == (
            badge["id"], badge["issuer"]["id"], "Example Ltd", badge["credentialSubject"]["achievement"]["name"])
    other = verifier.one(raw, published(programme, badge), "--recipient", "somebody@else.example")
    refused(other, "recipient", "another mail address")


def test_a_revoked_or_suspended_badge_of_a_house_is_refused(programme, verifier):
    for action in "revoke", "suspend":
        made = programme.issue()
        badge = programme.badge(made)
        programme.issuer.post(f"/credentials/{made['id']}/{action}", {"reason": "r"})
        refused(verifier.one(badge, published(programme, badge)), "status", "revoked")


def test_proofs_do_not_change_places(programme, verifier):
    one, other = programme.badge(programme.issue()), programme.badge(programme.issue())
    swapped = {**one, "proof": other["proof"]}
    refused(verifier.one(swapped, published(programme, one)), "signature", "changed, or another key")


def test_a_key_that_was_revoked_made_no_good_badge_since(postgres, verifier):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        badge = programme.badge(programme.issue())
        papers = published(programme, badge)
        assert verifier.one(badge, papers)["verified"]
        assert house.command("key", "revoke", house.keys["ed25519"], "2020-01-01").returncode == 0
        did = programme.stranger.ask("GET", "/.well-known/did.json").content
        refused(verifier.one(badge, [did, papers[1]]), "signature", "revoked since 2020-01-01T00:00:00Z", "signed this at")


# ---- over REST

def asked(client, badge, gives=200, **fields):
    answer = client.post("/verifications", {"badge": badge, **fields}, gives=gives)
    if gives == 200:
        answer["checks"] = {check["check"]: (check["outcome"], check["detail"]) for check in answer["checks"]}
    return answer


def test_the_daemon_verifies_its_own_badges_in_any_form(programme):
    made = programme.issue()
    raw, jwt = programme.stranger.ask("GET", f"/badges/{made['id']}").text, programme.badge(made, format="jwt")
    mail = programme.hr.get(f"/people/{made['person']['id']}")["mail"]
    pictures = [base64.b64encode(one).decode() for one in (png(itxt(raw)), svg(raw))]
    for badge in raw, jwt, *pictures, svg(raw).decode(), base64.urlsafe_b64encode(png(itxt(jwt))).decode().rstrip("="):
        answer = asked(programme.issuer, badge, recipient=mail)
        assert answer["verified"] and outcomes(answer) == {**ALL, "recipient": "passed"}, answer
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "r"})
    refused(asked(programme.hr, raw), "status", "revoked")
    refused(asked(programme.hr, raw.replace('"Achievement ', '"Bchievement ')), "signature", "changed")


def test_the_daemon_says_what_is_no_badge(programme):
    for badge in "", " ", "!", "a", "YQ==YQ", "=":
        assert asked(programme.hr, badge, 400)["errors"][0]["field"] == "/badge"
    for badge in "{}", "YWJj", "<svg/>", "a.b.c":
        refused(asked(programme.hr, badge), "format")
    programme.hr.post("/verifications", {"badge": "x" * (5 << 20)}, gives=413)


def test_badges_of_others_are_verified_by_what_is_pinned(postgres, forge, signed, papers):
    folder = make_folder()
    for number, document in enumerate(papers):
        (folder / f"{number}.json").write_bytes(text_of(document))
    (folder / ".other").write_text("no document")
    with badge_house(("ed25519",), postgres=postgres, config={"verify": {"pinned": folder}}) as house:
        client = Programme(house).hr
        assert outcomes(asked(client, json.dumps(signed))) == ALL
        foreign = Forge("mallory.example")
        answer = asked(client, json.dumps(foreign.sign(foreign.badge())))
        assert not answer["verified"]
        assert answer["checks"]["signature"] == ("unknown", "the document of did:web:mallory.example is not known here")
        (folder / "bad.json").write_text("no document")
        done = house.command("check")
        assert done.returncode == 1 and "pinned: " in done.stderr + done.stdout and "bad.json" in done.stderr + done.stdout
    shutil.rmtree(folder)


def test_the_daemons_door_opens_to_public_addresses_only(postgres, forge, origin):
    with badge_house((), postgres=postgres, config={"verify": {"fetch": "yes"}}) as house:
        badge = forge.sign(forge.badge(issuer={"id": f"did:web:127.0.0.1%3A{origin.server_port}", "type": ["Profile"]}),
                           verificationMethod=f"did:web:127.0.0.1%3A{origin.server_port}#ed")
        refused(asked(Programme(house).hr, json.dumps(badge)), "signature", "at an address that is not public")
    assert origin.asked == []


# ---- each field changed in turn

OTHER = {str: lambda value: value + "x", bool: lambda value: not value, int: lambda value: value + 1}


def test_each_field_that_is_changed_breaks_the_signature(forge, signed, papers, verifier):
    assert outcomes(verifier.one(signed, papers)) == ALL
    fields = [(path, value) for path, value in leaves(signed) if path[0] != "proof"]
    assert len(fields) > 30
    changes = [changed(signed, path, OTHER[type(value)](value)) for path, value in fields]
    changes += [changed(signed, path, ...) for path, _ in fields]
    changes += [{**signed, "added": "x"}, changed(signed, ("credentialSubject", "achievement", "tag"), ["b", "a"])]
    for answer, change in zip(verifier.all(changes, papers), changes):
        if change["type"] == signed["type"] or "VerifiableCredential" in change["type"]:
            refused(answer, "signature")
        else:
            refused(answer, "format", "neither VerifiableCredential nor Assertion")


def test_each_field_of_the_proof_that_is_changed_breaks_it(signed, papers, verifier):
    proof, changes = signed["proof"][0], []
    for name in proof:
        if name not in ("@context", "cryptosuite"):
            changes += [changed(signed, ("proof", 0, name), proof[name] + "x"), changed(signed, ("proof", 0, name), ...)]
    changes += [changed(signed, ("proof", 0, "@context"), [VC]), changed(signed, ("proof", 0, "@context"), ...),
                changed(signed, ("proof", 0, "created"), time_at(-1)), changed(signed, ("proof", 0, "added"), "x")]
    for answer in verifier.all(changes, papers):
        assert not answer["verified"] and answer["checks"]["signature"][0] != "passed", answer
    refused(verifier.one(changed(signed, ("proof",), ...), papers), "signature", "it has no proof")
    for suite, known in ("eddsa-rdfc-2022", "unknown"), ("x", "unknown"):
        answer = verifier.one(changed(signed, ("proof", 0, "cryptosuite"), suite), papers)
        assert not answer["verified"] and answer["checks"]["signature"] == (
            known, f"it has no proof of eddsa-jcs-2022, but of {suite}")


def test_each_claim_of_a_jwt_that_is_changed_breaks_it(forge, papers, verifier):
    payload = forge.claims(forge.badge())
    head, _, signature = (good := forge.jws(payload)).split(".")
    assert outcomes(verifier.one(good, papers)) == ALL
    assert outcomes(verifier.one(forge.jws(payload, "rsa"), papers)) == ALL
    changes = [changed(payload, path, OTHER[type(value)](value)) for path, value in leaves(payload) if path[0] != "type"]
    for answer in verifier.all([f"{head}.{b64(json.dumps(one).encode())}.{signature}" for one in changes], papers):
        refused(answer, "signature", "changed, or another key")


def test_claims_say_what_the_credential_says(forge, papers, verifier):
    payload = forge.claims(forge.badge())
    for name, value in ("iss", "did:web:other.example"), ("jti", "x"), ("sub", ...), ("nbf", payload["nbf"] + 1), ("exp", ...):
        answer = verifier.one(forge.jws(changed(payload, (name,), value)), papers)
        refused(answer, "schema", f"/{name}: is not ")
        assert answer["checks"]["signature"][0] == "passed"


def test_contexts_are_those_of_the_standard(forge, papers, verifier):
    for context, place in (([OB3, VC], "/@context/0"), ([VC], "/@context/1"), (VC, "/@context"),
                           (["https://www.w3.org/2018/credentials/v1", OB3], "/@context/0"),
                           ([VC, OB3.replace("purl", "evil")], "/@context/1")):
        answer = verifier.one(forge.sign(forge.badge(**{"@context": context})), papers)
        refused(answer, "schema", f"{place}: is not ")
        assert answer["checks"]["signature"][0] == "passed"


# ---- dates, keys, issuers

@pytest.mark.parametrize("changes, words", [
    ({"validUntil": time_at(-1)}, "expired: it was valid until"),
    ({"validFrom": time_at(1)}, "not yet valid: valid from"),
    ({"validFrom": time_at(5), "validUntil": time_at(4)}, "it ends before it begins")])
def test_a_badge_counts_in_its_time(forge, papers, verifier, changes, words):
    badge = forge.badge(**changes)
    for one in forge.sign(badge), forge.jws(forge.claims(badge)):
        answer = verifier.one(one, papers)
        refused(answer, "dates", words)
        assert answer["checks"]["signature"][0] == "passed"


def keys_changed(forge, **changes):
    return changed(forge.document(), ("verificationMethod", 0), {**forge.document()["verificationMethod"][0], **changes})


@pytest.mark.parametrize("what, words", [
    ("revoked", "the key is revoked since"), ("expires", "the key is over since"),
    ("assertionMethod", "not one for assertions"), ("controller", "in whose document it is not"), ("absent", "has no key"),
    ("twice", "has two keys called"), ("other", "changed, or another key"), ("private", ""), ("none", "has not one publicKey")])
def test_the_key_must_be_the_issuers_and_good(forge, signed, verifier, what, words):
    own = forge.document()
    documents = {
        "revoked": keys_changed(forge, revoked=time_at(-1)), "expires": keys_changed(forge, expires=time_at(-1)),
        "assertionMethod": changed(own, ("assertionMethod", 0), ...), "controller": keys_changed(forge, controller="did:web:x"),
        "absent": changed(own, ("verificationMethod", 0), ...),
        "twice": {**own, "verificationMethod": own["verificationMethod"][:1] * 2},
        "other": keys_changed(forge, publicKeyMultibase=Ed25519().multibase),
        "private": keys_changed(forge, type="JsonWebKey", publicKeyMultibase=None,
                                publicKeyJwk={**forge.keys["ed"].jwk, "d": "AA"}),
        "none": changed(own, ("verificationMethod", 0, "publicKeyMultibase"), ...)}
    answer = verifier.one(signed, [documents[what], forge.status()])
    refused(answer, "signature", words)


def test_a_key_that_is_revoked_later_signed_well_before(forge, signed, verifier):
    assert verifier.one(signed, [keys_changed(forge, revoked=time_at(1)), forge.status()])["verified"]


def test_a_proof_is_of_its_time_and_purpose(forge, papers, verifier):
    for words, proof in (("yet to come", {"created": time_at(2)}), ("not as an assertion", {"proofPurpose": "authentication"}),
                         ("has expired", {"expires": time_at(-1)})):
        refused(verifier.one(forge.sign(forge.badge(), **proof), papers), "signature", words)


def test_who_signed_is_who_is_said_to_have_issued_it(forge, papers, verifier):
    mallory = Forge("mallory.example")
    forged = mallory.sign(forge.badge())
    answer = verifier.one(forged, [*papers, mallory.document()])
    refused(answer, "issuer", "issued by did:web:issuer.example, but did:web:mallory.example signed it")
    for key in ({**mallory.document()["verificationMethod"][0], "controller": forge.did},
                changed(mallory.document(), ("verificationMethod", 0, "controller"), forge.did)):
        refused(verifier.one(forged, [*papers, key]), "signature", "says it is of did:web:issuer.example, in whose document it is not")
    key = {"id": "https://mallory.example/key", "type": "Multikey", "controller": forge.did,
           "publicKeyMultibase": mallory.keys["ed"].multibase}
    refused(verifier.one(mallory.sign(forge.badge(), verificationMethod=key["id"]), [*papers, key]), "signature",
            "its name has no fragment")
    stolen = mallory.sign(forge.badge(), verificationMethod=forge.method())
    refused(verifier.one(stolen, papers), "signature", "changed, or another key")
    jwt = mallory.jws(mallory.claims(forge.badge()))
    refused(verifier.one(jwt, [*papers, mallory.document()]), "issuer", "but did:web:mallory.example signed it")


def test_without_its_documents_nothing_is_verified(forge, signed, verifier):
    answer = verifier.one(signed, [forge.status()])
    assert not answer["verified"]
    assert answer["checks"]["signature"] == ("unknown", "the document of did:web:issuer.example was not given")
    answer = verifier.one(signed, [forge.document()])
    assert answer["verdict"] == "unknown" and answer["checks"]["status"] == ("unknown", f"the document of {LIST} was not given")


def test_a_key_may_be_given_by_itself(forge, signed, verifier):
    method = forge.document()["verificationMethod"][0]
    assert outcomes(verifier.one(signed, [method, forge.status()])) == ALL
    jwks = {"keys": [{**forge.keys[name].jwk, "kid": forge.method(name)} for name in ("ed", "p256")]}
    for badge in signed, forge.jws(forge.claims(forge.badge())):
        assert outcomes(verifier.one(badge, [jwks, forge.status()]))["issuer"] == "passed"


def test_a_did_key_signs_for_itself_and_nobody_vouches(verifier):
    forge = Forge()
    multibase = forge.keys["ed"].multibase
    forge.did = f"did:key:{multibase}"
    badge = forge.sign(forge.badge(credentialStatus=None), verificationMethod=f"{forge.did}#{multibase}")
    answer = verifier.one(badge)
    assert answer["verified"] and outcomes(answer) == {**ALL, "issuer": "unknown"}
    other = forge.sign(forge.badge(credentialStatus=None, issuer="did:web:issuer.example"),
                       verificationMethod=f"{forge.did}#{multibase}")
    refused(verifier.one(other), "issuer", "issued by did:web:issuer.example")


# ---- JWTs

def test_a_jwt_names_a_key_that_is_found_and_fits(forge, papers, verifier):
    payload, p256, rsa = forge.claims(forge.badge()), forge.keys["p256"], forge.keys["rsa"]
    foreign = Forge().keys["p256"]
    secret = rsa.pem.encode()
    cases = {
        ("format", "alg is none"): forge.jws(payload, header={"alg": "none", "kid": forge.method("p256")}, sign=lambda _: b"x"),
        ("format", "alg is nOnE"): forge.jws(payload, header={"alg": "nOnE"}, sign=lambda _: b"x"),
        ("format", "alg is HS256: whoever can check it can forge it"): forge.jws(
            payload, header={"alg": "HS256", "kid": forge.method("rsa")}, sign=lambda data: hmac.new(secret, data, "sha256").digest()),
        ("signature", "alg is RS256, but the key is for ES256"): forge.jws(
            payload, header={"alg": "RS256", "kid": forge.method("p256")}),
        ("signature", "alg is ES256, but the key is for RS256"): forge.jws(
            payload, header={"alg": "ES256", "kid": forge.method("rsa")}),
        ("signature", "the jwk in the header is not the key"): forge.jws(
            payload, header={"alg": "ES256", "kid": forge.method("p256"), "jwk": foreign.jwk}),
        ("signature", "changed, or another key"): forge.jws(
            payload, header={"alg": "ES256", "kid": forge.method("p256"), "jwk": foreign.jwk}, sign=foreign.sign),
        ("signature", "a jwk and no kid"): forge.jws(payload, header={"alg": "ES256", "jwk": foreign.jwk}, sign=foreign.sign),
        ("signature", "no kid"): forge.jws(payload, header={"alg": "ES256"}),
        ("format", "crit"): forge.jws(payload, header={"alg": "ES256", "kid": forge.method("p256"), "crit": ["b64"]}),
        ("schema", "typ of the header"): forge.jws(
            payload, header={"alg": "ES256", "kid": forge.method("p256"), "typ": "vc+jwt"}),
        ("schema", "/vc"): forge.jws({**payload, "vc": {"a": 1}}),
        ("format", "more than three parts"): forge.jws(payload) + ".x",
        ("format", "signature is absent"): forge.jws(payload).rpartition(".")[0]}
    for (check, words), answer in zip(cases, verifier.all(cases.values(), papers)):
        refused(answer, check, words)
    own = forge.jws(payload, header={"alg": "ES256", "kid": forge.method("p256"), "jwk": p256.jwk})
    assert outcomes(verifier.one(own, papers)) == ALL


# ---- status lists

@pytest.mark.parametrize("words, badge, listed", [
    ("revoked", {}, {"bits": [7]}), ("suspended", {"statusPurpose": "suspension"}, {"bits": [7], "purpose": "suspension"}),
    ("beyond the status list's 131072 entries", {"statusListIndex": "131072"}, {}),
    ("not a decimal number", {"statusListIndex": "-1"}, {}), ("not a decimal number", {"statusListIndex": "0x7"}, {}),
    ("not a decimal number", {"statusListIndex": 7}, {}), ("fewer than 131072", {}, {"size": 16383}),
    ("one of suspension, not of revocation", {}, {"purpose": "suspension"}),
    ("not valid now", {}, {"validUntil": time_at(-1)}), ("not valid now", {}, {"validFrom": time_at(1)}),
    ("no BitstringStatusListCredential", {}, {"type": ["VerifiableCredential"]}),
    ("not GZIP", {}, {"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": "uAAAA"}}),
    ("not multibase base64url", {}, {"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": "revocation",
                                                          "encodedList": "AAAA"}}),
    ("larger than 1048576 bytes", {}, {"size": 200 << 20})])
def test_a_status_list_that_says_so_or_is_no_good_refuses_the_badge(forge, verifier, words, badge, listed):
    made = forge.badge()
    made["credentialStatus"].update(badge)
    answer = verifier.one(forge.sign(made), [forge.document(), forge.status(**listed)])
    refused(answer, "status", words)
    assert answer["checks"]["signature"][0] == "passed"


def test_a_status_list_is_signed_by_the_badges_issuer(forge, signed, verifier):
    mallory = Forge("mallory.example")
    lists = {"issued by did:web:mallory.example": mallory.status(),
             "signed by did:web:mallory.example": mallory.status(issuer=forge.did),
             "it has no proof": changed(forge.status(), ("proof",), ...),
             "changed, or another key": {**forge.status(bits=[7]), "proof": forge.status()["proof"]}}
    for words, one in lists.items():
        refused(verifier.one(signed, [forge.document(), mallory.document(), one]), "status", words)


def test_a_list_of_revoked_credentials_counts_too(forge, verifier):
    address = "https://issuer.example/revocations"
    badge = forge.sign(forge.badge(credentialStatus={"id": address, "type": "1EdTechRevocationList"}))
    entry = {"id": badge["id"], "revoked": True, "revocationReason": "wrong person"}
    for entries, good in ([entry], False), ([{**entry, "id": "x"}], True), ([], True):
        answer = verifier.one(badge, [forge.document(), {"id": address, "revokedCredential": entries}])
        assert answer["verified"] == good
    refused(verifier.one(badge, [forge.document(), {"id": address, "revokedCredential": [entry]}]), "status", "wrong person")
    refused(verifier.one(badge, [forge.document(), {"id": address}]), "status", "has no revokedCredential")


# ---- the schema

@pytest.mark.parametrize("pointer, path, value", [
    ("/id: is absent", ("id",), ...), ("/validFrom: is not a date", ("validFrom",), "2026-01-01"),
    ("/awardedDate: is not a date", ("awardedDate",), "2026-01-01T00:00:00"), ("/issuer/type: is absent", ("issuer", "type"), ...),
    ("/type: does not hold AchievementCredential|OpenBadgeCredential", ("type",), ["VerifiableCredential"]),
    ("/credentialSubject/type: is not an array", ("credentialSubject", "type"), "AchievementSubject"),
    ("/credentialSubject/achievement/criteria: is absent", ("credentialSubject", "achievement", "criteria"), ...),
    ("/credentialSubject/achievement/name: is not a string", ("credentialSubject", "achievement", "name"), 1),
    ("/credentialSubject/achievement/achievementType: is none", ("credentialSubject", "achievement", "achievementType"), "Medal"),
    ("/credentialSubject/achievement/tag/1: is not a string", ("credentialSubject", "achievement", "tag", 1), {}),
    ("/credentialSubject/identifier/0/identityType: is none", ("credentialSubject", "identifier", 0, "identityType"), "email"),
    ("/credentialSubject/identifier/0/a~1b: does not belong", ("credentialSubject", "identifier", 0, "a/b"), "x"),
    ("/evidence: is an empty array", ("evidence",), []), ("/name: is null", ("name",), None),
    ("/evidence: is not an array", ("evidence",), {"type": ["Evidence"]}),
    ("/credentialSchema/0/type: is absent", ("credentialSchema",), [{"id": "x"}]),
    ("/image/width: does not belong", ("image",), {"id": "https://x", "type": "Image", "width": 1})])
def test_each_fault_of_the_schema_is_named_by_pointer(forge, papers, verifier, pointer, path, value):
    answer = verifier.one(forge.sign(changed(forge.badge(), path, value)), papers)
    refused(answer, "schema", pointer)
    assert answer["checks"]["signature"][0] == "passed"


# ---- pictures

def test_a_picture_has_one_badge_that_is_not_compressed(signed, papers, verifier):
    bomb = zlib.compress(bytes(200 << 20))
    cases = {
        "two badges": png(itxt(signed), itxt(signed)), "two badges, in": png(itxt(signed), itxt(signed, b"openbadges")),
        "is compressed": png(itxt("", compressed=1, raw=bomb)), "zTXt": png(chunk(b"zTXt", b"openbadgecredential\0\0" + bomb)),
        "not followed: https://old.example/1": png(chunk(b"tEXt", b"openbadges\0https://old.example/1")),
        "there is no badge in the PNG": png(), "its CRC does not fit": png(itxt(signed)).replace(b"Teamwork", b"Treework", 1),
        "stand behind the end": png(itxt(signed)) + b"x", "not formed as one": png(chunk(b"iTXt", b"openbadges\0\0")),
        "does not begin with an IHDR": b"\x89PNG\r\n\x1a\n" + itxt(signed) + chunk(b"IEND", b""),
        "a chunk says it has 4294967295": b"\x89PNG\r\n\x1a\n" + b"\xff" * 4 + b"IHDR" + bytes(30),
        "of Open Badges 2.0, but has one of 3.0": png(itxt(signed, b"openbadges")),
        "not JSON": png(itxt("{nonsense")), "is empty": png(itxt("")), "more than 1048576": png(itxt('{"a":"' + "x" * (1 << 20) + '"}')),
        "more than 65536 members": png(itxt('{"a":[' + "{}," * 70000 + "{}]}"))}
    for words, answer in zip(cases, verifier.all(cases.values(), papers)):
        refused(answer, "format", words)


def test_a_picture_that_is_cut_off_anywhere_is_refused(signed, papers, verifier):
    whole = png(itxt(signed))
    cuts = [whole[:size] for size in (*range(8, 60), *range(60, len(whole), 40), len(whole) - 1)]
    for answer in verifier.all(cuts, papers):
        refused(answer, "format", "cut off")
    drawn = svg(signed)
    for answer in verifier.all([drawn[:size] for size in range(60, len(drawn) - 1, 40)], papers):
        refused(answer, "format")
    text = text_of(signed)
    for answer in verifier.all([text[:size] for size in range(1, len(text), 40)], papers):
        refused(answer, "format", "not JSON")


LAUGHS = "<!DOCTYPE svg [" + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol" * 100}">' for i in range(10)) + "]>"


def test_an_svg_has_one_badge_and_no_entities(signed, papers, verifier):
    text = text_of(signed).decode()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    good = [svg(inner=escaped), svg(signed, head='<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'),
            svg(inner=f"\n <![CDATA[{text[:50]}]]><![CDATA[{text[50:]}]]> \n"), b"\xef\xbb\xbf \n" + svg(signed)[38:]]
    assert all(answer["verified"] for answer in verifier.all(good, papers))
    twice = svg(signed).replace(b"<g>", svg(signed).partition(b'v3p0">')[2].partition(b"<!--")[0] + b"<g>")
    cases = {
        "declares a document type of its own": svg(inner="&l9;", head=LAUGHS),
        "declares a document type": svg(signed, head='<!DOCTYPE svg SYSTEM "x" [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "refers to an entity": svg(inner="&x;"), "refers to an entity, which is never expanded here: &#x": svg(inner="&#x41;"),
        "two badges": twice, "no badge in the SVG": svg(signed, space="https://example.org/x"),
        "does not stand straight in the svg element": svg(signed).replace(b"<openbadges:credential>", b"<g><openbadges:credential>")
        .replace(b"</openbadges:credential>", b"</openbadges:credential></g>"),
        "not an SVG picture": svg(signed).replace(b"http://www.w3.org/2000/svg", b"http://www.w3.org/1999/xhtml"),
        "more than 100 elements credential": svg(signed).replace(b"<g>", b"<credential/>" * 101 + b"<g>"),
        "an element within the badge": svg(inner="<b>x</b>"), "nested deeper than": svg(signed).replace(b"<g>", b"<g>" * 300),
        "an element ends that did not begin": svg(signed).replace(b"</g>", b"</h>"), "is not UTF-8": svg(signed) + b"\xff",
        "an attribute is not": svg(signed).replace(b'r="1"', b"r=1"), "more than one root": svg(signed) + b"<svg/>",
        "of Open Badges 2.0, but": svg(signed, space="http://openbadges.org", name="assertion")}
    for words, answer in zip(cases, verifier.all(cases.values(), papers)):
        refused(answer, "format", words)


def test_memory_stays_flat_whatever_the_file_is(forge, papers, verifier):
    """Within 400 MB of addresses: a sanitized program has no such limit."""
    huge = verifier.folder / "huge.png"
    with open(huge, "wb") as file:
        file.write(png(itxt(forge.badge()))[:-12])
        file.truncate(100 << 20)
    for path in (huge, verifier.file(png(itxt("", compressed=1, raw=zlib.compress(bytes(100 << 20))))),
                 verifier.file(svg(inner="&l9;", head=LAUGHS)), verifier.file("[" * 1000000),
                 verifier.file('{"a":' + "[" * 60000 + "]" * 60000 + "}")):
        done = verifier.run("--json", path, within=["/usr/bin/python3", "-c", LIMITED])
        assert done.returncode == 1 and '"format","outcome":"failed"' in done.stdout.replace(" ", ""), done
        kilobytes = int(done.stderr.split()[-1])
        assert kilobytes < 150_000
    huge.unlink()


LIMITED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


# ---- Open Badges 2.0

HERE = "https://issuer.example/ob2"
V2 = "https://w3id.org/openbadges/v2"


def ob2_papers(forge, **issuer):
    issuer = {"@context": V2, "type": "Issuer", "id": f"{HERE}/issuer", "name": "Issuer", "url": HERE, "email": "a@b.example",
              "publicKey": f"{HERE}/key", "revocationList": f"{HERE}/revoked", **issuer}
    return [
        {"@context": V2, "type": "BadgeClass", "id": f"{HERE}/badge/7", "name": "Teamwork", "description": "d",
         "image": f"{HERE}/7.png", "criteria": {"narrative": "c"}, "issuer": f"{HERE}/issuer"}, issuer,
        {"@context": V2, "type": "CryptographicKey", "id": f"{HERE}/key", "owner": f"{HERE}/issuer",
         "publicKeyPem": forge.keys["rsa"].pem},
        {"@context": V2, "type": "RevocationList", "id": f"{HERE}/revoked", "issuer": f"{HERE}/issuer",
         "revokedAssertions": [{"id": "urn:uuid:gone", "revocationReason": "lost"}]}]


def ob2(forge, kind="hosted", **changes):
    identity = forge.badge()["credentialSubject"]["identifier"][0]["identityHash"]
    made = {"@context": V2, "type": "Assertion", "id": f"{HERE}/assertion/1" if kind == "hosted" else "urn:uuid:one",
            "recipient": {"type": "email", "hashed": True, "salt": SALT, "identity": identity}, "badge": f"{HERE}/badge/7",
            "issuedOn": time_at(-3), "expires": time_at(3),
            "verification": {"type": "hosted"} if kind == "hosted" else {"type": "signed", "creator": f"{HERE}/key"}}
    return {**made, **changes}


def ob2_jws(forge, **changes):
    return forge.jws(ob2(forge, "signed", **changes), "rsa", header={"alg": "RS256"})


def test_badges_of_version_2_are_verified(forge, verifier):
    papers, hosted, jws = ob2_papers(forge), ob2(forge), ob2_jws(forge)
    forms = [hosted, jws, png(itxt(hosted, b"openbadges")), png(itxt(jws, b"openbadges")),
             svg(hosted, space="http://openbadges.org", name="assertion"),
             svg(inner="", attributes=f' verify="{jws}"', space="http://openbadges.org", name="assertion")]
    for answer in verifier.all(forms, [*papers, hosted], "--recipient", MAIL):
        assert answer["verified"] and outcomes(answer) == {**ALL, "recipient": "passed"}, answer
        assert (answer["issuer"], answer["achievement"]) == (f"{HERE}/issuer", "Teamwork")
    answer = verifier.one(hosted, papers)
    assert not answer["verified"] and answer["checks"]["signature"][0] == "unknown"


def test_badges_of_version_2_that_are_not_so_are_refused(forge, verifier):
    papers, hosted = ob2_papers(forge), ob2(forge)
    elsewhere = ob2(forge, id="https://evil.example/1")
    cases = [
        ("signature", "not what its own address gives", {**hosted, "expires": time_at(9)}, [*papers, hosted]),
        ("status", "revoked it: cheated", hosted,
         [*papers, {"id": hosted["id"], "revoked": True, "revocationReason": "cheated"}]),
        ("issuer", "does not keep badges where this one is", elsewhere, [*papers, elsewhere]),
        ("dates", "expired", (late := ob2(forge, expires=time_at(-1))), [*papers, late]),
        ("schema", "/recipient/hashed: is absent", (odd := ob2(forge, recipient={"type": "email", "identity": "x"})),
         [*papers, odd]),
        ("signature", "changed, or another key",
         forge.jws(ob2(forge, "signed"), "rsa", header={"alg": "RS256"}, sign=Forge().keys["rsa"].sign), papers),
        ("signature", "alg is ES256, but the key is for RS256",
         forge.jws(ob2(forge, "signed"), "p256", header={"alg": "ES256"}), papers),
        ("issuer", "does not name the key", ob2_jws(forge), ob2_papers(forge, publicKey=f"{HERE}/other")),
        ("status", "revoked it: lost", ob2_jws(forge, id="urn:uuid:gone"), papers),
        ("schema", "/verification/type: is not signed", ob2_jws(forge, verification={"type": "hosted", "creator": f"{HERE}/key"}),
         papers)]
    mallory, claimed = Forge("mallory.example"), "https://mallory.example/key"
    key = {**papers[2], "id": claimed, "publicKeyPem": mallory.keys["rsa"].pem}
    forged = mallory.jws(ob2(forge, "signed", verification={"type": "signed", "creator": claimed}), "rsa", header={"alg": "RS256"})
    class_of = {**papers[0], "issuer": {**papers[1], "publicKey": claimed,
                                        "verification": {"startsWith": "https://evil.example/"}}}
    lured = {**elsewhere, "badge": class_of}
    cases += [("issuer", "does not name the key", forged, [*papers, key]),
              ("issuer", "cannot be had", forged, [class_of, key]),
              ("issuer", "does not keep badges where this one is", lured, [lured])]
    for check, words, badge, documents in cases:
        refused(verifier.one(badge, documents), check, words)


# ---- the command

def test_the_command_says_what_it_is_asked_and_how_it_went(forge, signed, papers, verifier):
    did, status = (verifier.file(one) for one in papers)
    good, bad = verifier.file(signed), verifier.file({**signed, "name": "x"})
    done = verifier.run("--did", did, "--status", status, good, bad)
    assert done.returncode == 1 and f"{good}: verified\n" in done.stdout and f"{bad}: NOT VERIFIED\n" in done.stdout
    assert verifier.run(good, "--did", did, "--status", status).returncode == 0
    for words in [], ["--nonsense", "x", good], ["--did"], [good, "--did", verifier.folder / "absent"], \
            [verifier.folder / "absent"], [good, "--key", verifier.file({"kty": "OKP"})]:
        done = verifier.run(*words)
        assert done.returncode == 2 and done.stderr and not done.stdout, words


def test_what_a_badge_says_does_no_harm_to_a_terminal(forge, papers, verifier):
    badge = forge.sign(forge.badge(issuer={"id": "did:web:\x1b[31mred", "type": ["Profile"]}), verificationMethod="x\x1b[2Jy#z")
    done = verifier.run(verifier.file(badge), "--did", verifier.file(papers[0]))
    assert done.returncode == 3 and "\x1b" not in done.stdout and "\\x1b" in done.stdout


# ---- fetching

class Origin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status, headers, body = self.server.pages.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def origin():
    """A server of this machine: origin.pages by path, origin.asked."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin) as server:
        server.pages, server.asked = {}, []
        server.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def page(document, status=200, **headers):
    return status, headers, text_of(document)


def test_a_badge_is_verified_by_where_its_origin_is_served(house, programme, verifier):
    """What the demo shows: documents are fetched from the daemon itself."""
    badge = programme.badge(programme.issue())
    answer = verifier.one(badge, (), "--origin", f"{PUBLIC_URL}={house.url}")
    assert answer["verified"] and outcomes(answer) == ALL, answer


def test_documents_are_fetched_from_a_mapped_origin_and_no_further(forge, signed, papers, origin, verifier):
    mapped = ["--origin", f"https://issuer.example=http://{origin.address}"]
    origin.pages = {"/.well-known/did.json": page(papers[0]), "/status/1": page(papers[1])}
    assert outcomes(verifier.one(signed, (), *mapped)) == ALL
    assert set(origin.asked) == {"/.well-known/did.json", "/status/1"}
    origin.asked.clear()
    assert verifier.one(signed, papers, *mapped)["verified"] and origin.asked == []
    other = verifier.one(signed, (), "--origin", f"https://issuer.example.org=http://{origin.address}")
    assert other["checks"]["signature"] == (
        "unknown", "https://issuer.example/.well-known/did.json is not at hand, and nothing is fetched")
    for outcome, words, served in (
            ("failed", "sends elsewhere, which is not followed", page("", 302, Location="http://127.0.0.1:1/")),
            ("unknown", "answers 404", page("", 404)), ("unknown", "answers 503", page("", 503)),
            ("unknown", "is gone", page("", 410)), ("failed", "has more than 1048576 bytes", page("x" * (1 << 21))),
            ("failed", "is not JSON", page("<html>")), ("failed", "says it is of did:web:other", page({**papers[0], "id": "did:web:other"}))):
        origin.pages["/.well-known/did.json"] = served
        answer = verifier.one(signed, (), *mapped)
        assert not answer["verified"] and answer["checks"]["signature"][0] == outcome, answer
        assert words in answer["checks"]["signature"][1]


def test_a_hosted_badge_that_is_gone_was_revoked(forge, origin, verifier):
    hosted, mapped = ob2(forge), ["--origin", f"https://issuer.example=http://{origin.address}"]
    origin.pages = {one["id"].removeprefix("https://issuer.example"): page(one) for one in [*ob2_papers(forge), hosted]}
    assert verifier.one(hosted, (), *mapped)["verified"]
    origin.pages["/ob2/assertion/1"] = page({"id": hosted["id"], "revoked": True}, 410)
    refused(verifier.one(hosted, (), *mapped), "status", "revoked it")


def test_nothing_is_fetched_from_addresses_that_are_not_public(forge, origin, verifier):
    for host in (origin.address, origin.address.replace("127.0.0.1", "localhost"), f"[::1]:{origin.server_port}",
                 "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433"):
        made = forge.badge(credentialStatus={"id": f"https://{host}/r", "type": "1EdTechRevocationList"})
        answer = verifier.one(forge.sign(made), [forge.document()], "--fetch")
        refused(answer, "status", "at an address that is not public")
    for address in f"http://{origin.address}/r", "file:///etc/passwd", "https://a:b@127.0.0.1/", "gopher://127.0.0.1/", "x":
        made = forge.badge(credentialStatus={"id": address, "type": "1EdTechRevocationList"})
        refused(verifier.one(forge.sign(made), [forge.document()], "--fetch"), "status", "no address of the kind")
    assert origin.asked == []


def test_only_this_machine_stands_for_an_origin(signed, verifier):
    path = verifier.file(signed)
    for words in ("https://a.example=http://10.0.0.1", "https://a.example=https://127.0.0.1", "https://a.example",
                  "https://a.example=http://127.0.0.1.evil.example", "https://a.example=http://127.0.0.1:1@evil.example",
                  "https://a.example/x=http://127.0.0.1", "a.example=http://127.0.0.1"):
        done = verifier.run("--origin", words, path)
        assert done.returncode == 2 and "does not" in done.stderr, words


def test_pictures_that_the_daemon_bakes_are_verified(programme, verifier):
    made = programme.issue()
    badge = programme.badge(made)
    baked = [programme.stranger.ask("GET", f"/badges/{made['id']}?format={form}") for form in ("png", "svg")]
    assert [one.status_code for one in baked] == [200, 200]
    for answer in verifier.all([one.content for one in baked], published(programme, badge)):
        assert answer["verified"] and outcomes(answer) == ALL, answer


def test_forms_of_version_2_of_a_house_are_verified(house, programme, verifier):
    made = programme.issue()
    forms = [programme.stranger.ask("GET", f"/badges/{made['id']}?format={form}").content
             for form in ("ob2", "ob2-jws", "ob2-png", "ob2-svg")]
    for answer in verifier.all(forms, (), "--origin", f"{PUBLIC_URL}={house.url}"):
        assert answer["verified"] and outcomes(answer) == ALL, answer
