# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: what others say of a badge, its achievement and its issuer is held to what the badge is held to; what
could not be found out is not taken for good; and of several status entries each one counts."""
import pytest
from kit.forge import LIST, MAIL, Forge, changed, time_at
from kit.verify import forge, verifier  # noqa: F401 fixtures

ACHIEVEMENT = ("credentialSubject", "achievement")


@pytest.fixture(scope="module")
def partner():
    return Forge("partner.example")


@pytest.fixture(scope="module")
def papers(forge, partner):
    return [forge.document(), forge.status(), partner.document()]


def carried(forge, at, *endorsements, member="endorsement"):
    """A badge that carries them there, signed."""
    badge = forge.badge()
    return forge.sign(changed(badge, (*at, member), list(endorsements)))


def ids(forge):
    badge = forge.badge()
    return {(): badge["id"], ACHIEVEMENT: badge["credentialSubject"]["achievement"]["id"], ("issuer",): badge["issuer"]["id"]}


def lines(answer, count=1):
    assert len(answer["endorsements"]) == count, answer
    return answer["endorsements"]


# ---- endorsements

def test_endorsements_of_badge_achievement_and_issuer_are_told_one_by_one(forge, partner, papers, verifier):
    for at, subject in ids(forge).items():
        made = partner.endorsement(subject)
        for member, one in (("endorsement", partner.sign(made)), ("endorsementJwt", partner.jws(partner.claims(made)))):
            answer = verifier.one(carried(forge, at, one, member=member), papers)
            (outcome, detail), = lines(answer)
            assert answer["verified"] and outcome == "passed", answer
            place = "/".join(["", *at, member, "0"])
            assert detail == f"that of {partner.did} at {place} holds: {partner.did} signed it, whose documents are trusted here"
    both = changed(forge.badge(), (*ACHIEVEMENT, "endorsement"), [partner.sign(partner.endorsement(ids(forge)[ACHIEVEMENT]))])
    both["issuer"]["endorsement"] = [partner.sign(partner.endorsement(forge.did)), forge.sign(forge.endorsement(forge.did))]
    answer = verifier.one(forge.sign(both), papers)
    assert answer["verified"] and [outcome for outcome, _ in lines(answer, 3)] == ["passed"] * 3


def test_an_endorsement_of_the_badge_may_be_of_what_is_in_it(forge, partner, papers, verifier):
    for subject in ids(forge).values():
        assert verifier.one(carried(forge, (), partner.sign(partner.endorsement(subject))), papers)["verified"]


def test_a_badge_with_a_bad_endorsement_is_not_verified_and_it_is_said_which(forge, partner, papers, verifier):
    subject = ids(forge)[ACHIEVEMENT]
    good = partner.endorsement(subject)
    signed = partner.sign(good)
    status = {"id": LIST + "#7", "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7",
              "statusListCredential": LIST}
    revoked = changed(forge.badge(credentialStatus=None), (*ACHIEVEMENT, "endorsement"),
                      [forge.sign(forge.endorsement(subject, credentialStatus=status))])
    cases = [
        ("signature: ", {**signed, "name": "Better"}), ("signature: it is not signed", good),
        ("is issued by did:web:issuer.example, but did:web:partner.example signed it",
         partner.sign({**good, "issuer": {"id": forge.did, "type": ["Profile"]}})),
        ("dates: expired", partner.sign(partner.endorsement(subject, validUntil=time_at(-1)))),
        ("dates: not yet valid", partner.sign(partner.endorsement(subject, validFrom=time_at(2)))),
        ("is of something else: https://issuer.example/achievements/2",
         partner.sign(partner.endorsement("https://issuer.example/achievements/2"))),
        ("schema: ", partner.sign(partner.endorsement(subject, name=None)))]
    badges = [carried(forge, ACHIEVEMENT, one) for _, one in cases]
    answers = verifier.all([*badges, forge.sign(revoked)], [*papers[:1], forge.status([7]), papers[2]])
    for (words, _), answer in zip([*cases, ("status: it is not in force any more", None)], answers):
        (outcome, detail), = lines(answer)
        assert answer["verdict"] == "not_verified" and outcome == "failed" and words in detail, answer
        assert "/credentialSubject/achievement/endorsement/0" in detail
    for wrong in "a.b.c", partner.jws(partner.claims(good), sign=forge.keys["p256"].sign), partner.jws(good), \
            partner.jws({**forge.claims(forge.badge())}):
        (outcome, detail), = lines(verifier.one(carried(forge, ACHIEVEMENT, wrong, member="endorsementJwt"), papers))
        assert outcome == "failed" and "does not hold: " in detail


def test_an_endorsement_that_its_issuer_takes_back_later_is_told(forge, partner, papers, verifier):
    """By the partner's own list, which is at hand or not; that of the badge's issuer says nothing of it."""
    place = "https://partner.example/status/1"
    listed = {"id": place + "#7", "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7",
              "statusListCredential": place}
    word = partner.sign(partner.endorsement(ids(forge)[ACHIEVEMENT], credentialStatus=listed))
    badge = carried(forge, ACHIEVEMENT, word)
    good, bad = (partner.status(bits, id=place) for bits in ((), [7]))
    gone = "it is not in force any more: its issuer has revoked, suspended or replaced it"
    for documents, result, words in (([good], "passed", "holds: "), ([bad], "failed", f"does not hold: status: {gone}"),
                                     ([], "unknown", f"could not be found out to hold: status: the document of {place} was not given"),
                                     ([forge.status([], id=place)], "failed", "issued by did:web:issuer.example, not by")):
        answer = verifier.one(badge, [*papers, *documents])
        (outcome, detail), = lines(answer)
        assert outcome == result and words in detail, answer
        assert answer["verdict"] == ("not_verified" if result == "failed" else "verified")
        assert answer["checks"]["status"][0] == "passed"
        alone = verifier.one(word, [*papers, *documents])["checks"]["status"]
        assert alone[0] == result and (result != "failed" or gone in alone[1] or words in alone[1])
    service = {"id": "#r", "type": "1EdTechRevocationList", "serviceEndpoint": "https://partner.example/revoked"}
    document = partner.document(service=[service])
    why = {"id": service["serviceEndpoint"], "revokedCredential": [{"id": word["id"], "revoked": True, "status": "suspended"}]}
    answer = verifier.one(badge, [*papers[:2], document, bad, why])
    assert lines(answer)[0][1].endswith("does not hold: status: its issuer has suspended it")
    assert verifier.one(badge, [*papers[:2], document, good, why])["verified"], "the list that is signed counts"


# ---- by itself

def test_an_endorsement_by_itself_is_verified_as_what_it_is(partner, papers, verifier):
    made = partner.endorsement("https://other.example/achievements/1")
    for form, one in ("JSON", partner.sign(made)), ("a JWT", partner.jws(partner.claims(made))):
        answer = verifier.one(one, papers)
        assert answer["verified"] and {check for check, _ in answer["checks"].values()} == {"passed"}, answer
        assert answer["checks"]["format"][1] == f"an Open Badges 3.0 endorsement of https://other.example/achievements/1, as {form}"
        assert (answer["subject"], answer["comment"], answer["issuer"]) == (
            "https://other.example/achievements/1", made["credentialSubject"]["endorsementComment"], partner.did)
        asked = verifier.one(one, papers, "--recipient", MAIL)
        assert asked["verdict"] == "unknown" and asked["checks"]["recipient"][0] == "unknown"
    stranger = Forge("mallory.example")
    for check, words, one in (
            ("signature", "changed", {**partner.sign(made), "name": "Better"}), ("signature", "not signed", made),
            ("schema", "/name: is absent", partner.sign(partner.endorsement("x:y", name=None))),
            ("dates", "expired", partner.sign(partner.endorsement("x:y", validUntil=time_at(-1)))),
            ("issuer", "but did:web:partner.example signed it", partner.sign({**made, "issuer": {"id": "x:y", "type": ["Profile"]}}))):
        detail = verifier.one(one, papers)["checks"][check]
        assert detail[0] == "failed" and words in detail[1]
    assert verifier.one(stranger.sign(stranger.endorsement("x:y")), papers)["verdict"] == "unknown"


def test_one_bad_endorsement_among_good_ones_is_enough(forge, partner, papers, verifier):
    good = partner.sign(partner.endorsement(forge.did))
    answer = verifier.one(carried(forge, ("issuer",), good, {**good, "name": "x"}, good), papers)
    assert answer["verdict"] == "not_verified"
    assert [outcome for outcome, _ in lines(answer, 3)] == ["passed", "failed", "passed"]
    many = verifier.one(carried(forge, ("issuer",), *[good] * 25), papers)
    assert many["verdict"] == "not_verified" and lines(many, 21)[-1] == ("failed", "there are more than 20 endorsements")
    assert verifier.one(carried(forge, ("issuer",), *[good] * 20), papers)["verified"]
    for wrong in "x", 7, [good]:
        assert lines(verifier.one(carried(forge, ("issuer",), wrong), papers))[0] == \
            ("failed", "what stands at /issuer/endorsement/0 is no endorsement")


def test_who_endorses_and_is_not_known_here_is_said_to_be_unknown(forge, partner, papers, verifier):
    badge = carried(forge, ("issuer",), partner.sign(partner.endorsement(forge.did)))
    answer = verifier.one(badge, papers[:2])
    (outcome, detail), = lines(answer)
    assert answer["verdict"] == "verified" and outcome == "unknown"
    assert detail.endswith("could not be found out to hold: signature: the document of did:web:partner.example was not given")


def test_what_an_endorsement_says_does_no_harm_to_a_terminal(forge, papers, verifier):
    bad = Forge("partner.example").endorsement("\x1b[31m", issuer={"id": "\x1b[2J", "type": ["Profile"]})
    done = verifier.run(verifier.file(carried(forge, ("issuer",), bad)), "--did", verifier.file(papers[0]))
    assert done.returncode == 1 and "endorsement" in done.stdout and "\x1b" not in done.stdout


# ---- what could not be found out

def test_a_status_that_could_not_be_found_out_is_not_taken_for_good(forge, papers, verifier):
    signed = forge.sign(forge.badge())
    answer = verifier.one(signed, papers[:1])
    assert (answer["verdict"], answer["verified"], answer["checks"]["status"][0]) == ("unknown", False, "unknown")
    path, did, status = (verifier.file(one) for one in (signed, *papers[:2]))
    done = verifier.run(path, "--did", did)
    assert done.returncode == 3 and done.stdout.startswith(f"{path}: COULD NOT BE FOUND OUT\n")
    bad = verifier.file({**signed, "name": "x"})
    for words, status_wanted in (([path, "--did", did, "--status", status], 0), ([path, bad, "--did", did], 1), ([bad, path, "--did", did], 1),
                                 ([path], 3), ([path, verifier.folder / "absent"], 2)):
        assert verifier.run(*words).returncode == status_wanted, words


def test_a_recipient_that_was_asked_for_has_to_be_told(forge, papers, verifier):
    nameless = forge.badge()
    del nameless["credentialSubject"]["identifier"]
    assert verifier.one(forge.sign(nameless), papers)["verdict"] == "verified"
    assert verifier.one(forge.sign(nameless), papers, "--recipient", MAIL)["verdict"] == "unknown"


def test_who_is_not_vouched_for_is_told_and_does_not_count(verifier):
    stranger = Forge()
    key = stranger.keys["ed"]
    stranger.did = f"did:key:{key.multibase}"
    badge = stranger.badge(credentialStatus=None)
    answer = verifier.one(stranger.sign(badge, verificationMethod=f"{stranger.did}#{key.multibase}"))
    assert (answer["verdict"], answer["checks"]["issuer"][0]) == ("verified", "unknown")


# ---- several lists

def entry(purpose="revocation", place=LIST, **changes):
    return {"id": place + "#7", "type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": "7",
            "statusListCredential": place, **changes}


def test_each_status_entry_counts(forge, papers, verifier):
    """That the schema of Open Badges has one entry alone is another check's word."""
    other = "https://issuer.example/status/2"

    def asked(bits, *entries, document=None):
        suspension = document or forge.status(bits, purpose="suspension", id=other)
        badge = forge.sign(forge.badge(credentialStatus=list(entries)))
        return verifier.one(badge, [papers[0], papers[1], suspension])["checks"]["status"]
    good, second, strange = entry(), entry("suspension", other), {"id": "x:y", "type": "Other"}
    assert asked([], good, second) == ("passed", "its issuer's list says it is neither revoked nor suspended")
    for entries in (good, second), (second, good), (second, strange, good):
        assert asked([7], *entries) == ("failed", "its issuer has suspended it")
    assert asked([], good, strange) == asked([], strange, good) == ("unknown", "a credentialStatus of its type is not known here")
    assert asked([], good, entry("message", "https://issuer.example/status/3"))[0] == "unknown"
    assert asked([], entry(statusListIndex="x"), entry("suspension", other, statusListIndex=3)) == (
        "failed", "the statusListIndex is not a decimal number in a string")
    assert asked([], *[good] * 11) == ("failed", "it names more than 10 lists by which it could be revoked")
