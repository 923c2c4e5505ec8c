# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: Open Badges 2.0, hosted and signed."""
from kit.forge import MAIL, SALT, Forge, changed, itxt, png, svg, time_at
from kit.verify import ALL, forge, origin, outcomes, page, papers, refused, signed, verifier  # noqa: F401 fixtures

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
        ("status", "revoked, suspended or replaced it: cheated", hosted,
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
        ("status", "revoked, suspended or replaced it: lost", ob2_jws(forge, id="urn:uuid:gone"), papers),
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


def test_a_hosted_badge_that_is_gone_was_revoked(forge, origin, verifier):
    hosted, mapped = ob2(forge), ["--origin", f"https://issuer.example=http://{origin.address}"]
    origin.pages = {one["id"].removeprefix("https://issuer.example"): page(one) for one in [*ob2_papers(forge), hosted]}
    assert verifier.one(hosted, (), *mapped)["verified"]
    origin.pages["/ob2/assertion/1"] = page({"id": hosted["id"], "revoked": True}, 410)
    refused(verifier.one(hosted, (), *mapped), "status", "replaced it: it is gone from its address")
