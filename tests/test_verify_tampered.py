# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: what was tampered with does not hold, and it is said why: fields, proofs, keys, JWTs, lists, schema."""
import datetime
import hmac
import json

import pytest
from kit.forge import LIST, OB3, VC, Ed25519, Forge, b64, changed, leaves, time_at
from kit.verify import ALL, forge, outcomes, papers, refused, signed, verifier  # noqa: F401 fixtures

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


def test_a_jwt_was_signed_when_it_says_so_and_not_when_it_begins(forge, verifier):
    late, own = forge.claims(forge.badge(validFrom=time_at(-1))), forge.document()
    ended = changed(own, ("verificationMethod", 1, "revoked"), time_at(-2))

    def answer(document, **days):
        iat = {name: int(datetime.datetime.fromisoformat(time_at(day)).timestamp()) for name, day in days.items()}
        return verifier.one(forge.jws({**late, **iat}), [document, forge.status()])
    assert answer(ended, iat=-3)["verified"] and answer(own)["verified"]
    refused(answer(ended, iat=-1), "signature", "the key is revoked since")
    refused(answer(ended), "signature", "the key is revoked since")
    refused(answer(own, iat=3), "signature", "yet to come")


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


def test_of_a_set_of_proofs_the_first_that_is_known_counts_and_the_others_are_told(forge, signed, papers, verifier):
    own, other = signed["proof"][0], Forge("mallory.example").sign(forge.badge())["proof"][0]
    rdfc = {**own, "cryptosuite": "eddsa-rdfc-2022", "proofValue": "zUnknown"}
    old = {"type": "Ed25519Signature2020", "proofValue": "z1", "verificationMethod": forge.method()}
    signs = f"it is as it was signed with the key {forge.method()}"
    for proofs, told in (([own], ""), ([rdfc, old, own], "; not checked: a proof of eddsa-rdfc-2022, Ed25519Signature2020"),
                         ([own, other], "; not checked: a proof of eddsa-jcs-2022"), ([own, {"type": "Other"}], "; not checked: a proof of Other"),
                         ([own] + [rdfc] * 30, "; not checked: a proof of " + ", ".join(["eddsa-rdfc-2022"] * 10) + " and more")):
        answer = verifier.one({**signed, "proof": proofs}, papers)
        assert outcomes(answer) == ALL and answer["checks"]["signature"][1] == signs + told, answer
    jwt = verifier.one(forge.jws({**forge.claims(forge.badge()), "proof": [rdfc]}), papers)
    assert outcomes(jwt) == ALL and jwt["checks"]["signature"][1].endswith("; not checked: a proof of eddsa-rdfc-2022")
    for proofs in [other, own], [rdfc, other, own]:
        refused(verifier.one({**signed, "proof": proofs}, [*papers, Forge("mallory.example").document()]), "signature")
    for proofs in [rdfc], [rdfc, old]:
        answer = verifier.one({**signed, "proof": proofs}, papers)
        assert answer["verdict"] == "unknown" and "no proof of eddsa-jcs-2022, but of eddsa-rdfc-2022" in answer["checks"]["signature"][1]
    refused(verifier.one({**signed, "proof": [rdfc, "x"]}, papers), "signature", "a proof is not an object")
    assert verifier.one({**signed, "proof": []}, papers)["checks"]["signature"] == ("unknown", "it has no proof")


def test_each_piece_of_evidence_is_looked_at(forge, papers, verifier):
    pieces = [{"type": ["Evidence"], "id": f"https://issuer.example/{number}", "narrative": "*n*"} for number in range(5)]
    assert outcomes(verifier.one(forge.sign(forge.badge(evidence=pieces)), papers)) == ALL
    for number, (at, value) in enumerate((("type", ...), ("name", 1), ("type", "Evidence"))):
        answer = verifier.one(forge.sign(forge.badge(evidence=changed(pieces, (number + 2, at), value))), papers)
        refused(answer, "schema", f"/evidence/{number + 2}/{at}: is ")


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
