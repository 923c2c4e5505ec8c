# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: what is fetched, from where, and what never is."""
from kit.badges import house, programme  # noqa: F401 fixtures
from kit.house import PUBLIC_URL
from kit.verify import ALL, forge, origin, outcomes, page, papers, refused, signed, verifier  # noqa: F401 fixtures

# ---- fetching

def test_a_badge_is_verified_by_where_its_origin_is_served(house, programme, verifier):
    """What the demo shows: documents are fetched from the daemon itself."""
    badge = programme.badge(programme.issue())
    answer = verifier.one(badge, (), "--origin", f"{PUBLIC_URL}={house.url}")
    assert answer["verified"] and outcomes(answer) == ALL, answer


def test_documents_are_fetched_from_a_mapped_origin_and_no_further(forge, signed, papers, origin, verifier):
    mapped = ["--origin", f"https://issuer.example=http://{origin.address}"]
    origin.pages = {"/.well-known/did.json": page(papers[0]), "/status/1": page(papers[1])}
    assert outcomes(verifier.one(signed, (), *mapped)) == ALL
    assert set(origin.asked) == {("GET", "/.well-known/did.json"), ("GET", "/status/1")}
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


def test_a_key_that_is_given_may_be_revoked_where_its_issuers_document_cannot_be_had(forge, signed, origin, verifier):
    mapped = ["--origin", f"https://issuer.example=http://{origin.address}"]
    given = [forge.document()["verificationMethod"][0], forge.status()]
    origin.pages = {"/.well-known/did.json": page("", 404)}
    assert verifier.one(signed, given, *mapped)["verified"]
    for words, served in ("answers 503", page("", 503)), ("is gone", page("", 410)), ("sends elsewhere", page("", 302, Location="/x")):
        origin.pages["/.well-known/did.json"] = served
        answer = verifier.one(signed, given, *mapped)
        outcome, why = answer["checks"]["signature"]
        assert (answer["verdict"], outcome) == ("unknown", "unknown") and "is still good cannot be told: " in why and words in why


def test_nothing_is_fetched_from_addresses_that_are_not_public(forge, origin, verifier):
    for host in (origin.address, origin.address.replace("127.0.0.1", "localhost"), f"[::1]:{origin.server_port}",
                 "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "8.8.8.8:8443", "[2001:200::1]:80"):
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
