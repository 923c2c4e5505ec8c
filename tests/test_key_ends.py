# SPDX-License-Identifier: Apache-2.0
"""Keys that end: what a stranger is told of it, what goes on being good, and what an issuer without one can no longer say."""
import json
import threading

import pytest
from kit.badges import HOLDER, Programme, b64url, badge_house, new_key, place_of, verify_jws, verify_proof
from kit.doctor import look, of
from kit.house import ACCOUNTS, BASE, parsed, wait_for
from kit.verify import refused, verifier  # noqa: F401 fixture

JWKS, LONG_AGO = "/.well-known/jwks.json", "2020-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        house.set_password(HOLDER)
        yield house


class School:
    """An issuer with keys of its own, so that none of them is another test's."""

    def __init__(self, programme, *algorithms):
        self.programme, self.house = programme, programme.house
        self.id = programme.admin.post("/issuers", {
            "name": "School", "mail": "s@example.org", "groups": [f"cn=issuers,ou=groups,{BASE}"]}, gives=201)["id"]
        self.keys = {algorithm: self.new_key(algorithm) for algorithm in algorithms}
        self.achievement = programme.achievement(issuer=self.id)

    def new_key(self, algorithm):
        return new_key(self.house, algorithm, self.id)

    def issue(self, **fields):
        return self.programme.issue(achievement=self.achievement, **fields)

    def end(self, how, key, *words, gives=0):
        done = self.house.command("key", how, key, *words)
        assert done.returncode == gives, done.stdout + done.stderr
        return done.stderr

    def did(self):
        return self.read(f"/issuers/{self.id}/did.json")

    def read(self, path, gives=200):
        """With a token, since answers to anyone are kept for a moment."""
        return self.programme.hr.get(path, gives=gives, headers={"Accept": "application/json"})

    def form(self, credential, form, gives=200):
        answer = self.programme.hr.ask("GET", f"/badges/{credential['id']}?format={form}")
        assert answer.status_code == gives, answer.text
        return answer.content


@pytest.fixture(scope="module")
def programme(house):
    programme = Programme(house)
    programme.admin, programme.holder = house.sign_in(ACCOUNTS["ADMIN"]), house.sign_in(HOLDER)
    return programme


def status_of(school, credential):
    return place_of(school.programme.badge(credential)["credentialStatus"]["statusListCredential"])


# ---- what a stranger is told

def test_keys_are_published_with_their_dates(programme):
    school = School(programme, "ed25519", "p256", "rsa2048")
    school.end("retire", school.keys["p256"])
    school.end("revoke", school.keys["rsa2048"], LONG_AGO)
    published = {one["kid"]: one for one in school.read(JWKS)["keys"]}
    for key in school.keys.values():
        told = programme.hr.get(f"/keys/{key}")
        jwk = published[told["verification_method"]]
        assert jwk["use"] == "sig" and jwk["created_at"] == told["created_at"]
        assert (jwk.get("retired_at"), jwk.get("revoked_at")) == (told.get("retired_at"), told.get("revoked_at"))


def test_a_revoked_key_verifies_by_no_document_of_ours(programme, verifier):
    school = School(programme, "ed25519", "p256")
    made = school.issue()
    badge, jwt, before = school.form(made, "ob3"), school.form(made, "jwt"), school.read(JWKS)
    status = school.read(status_of(school, made))
    for one in badge, jwt:
        assert verifier.one(one, [before, status])["verified"]
    for key in school.keys.values():
        school.end("revoke", key, LONG_AGO)
    after, did = school.read(JWKS), school.did()
    for documents in [after], [after, did], [did, after], [before, did], [did, before], [did]:
        for one in badge, jwt:
            refused(verifier.one(one, [*documents, status]), "signature", f"revoked since {LONG_AGO}", "signed this at")


def test_a_jwt_says_when_it_was_signed(programme):
    school = School(programme, "ed25519", "p256")
    made = school.issue(valid_from="2099-01-01")
    _, payload = verify_jws(school.form(made, "jwt").decode(), school.read(JWKS))
    assert abs(payload["iat"] - parsed(made["issued_at"]).timestamp()) < 300 < payload["nbf"] - payload["iat"]


# ---- what is asked for that cannot be

def files_of(house):
    return {path.name for path in house.signer.keys.iterdir()}


def test_no_key_is_made_for_nobody_and_of_no_algorithm(house):
    before = files_of(house)
    for words, said in ((("ed25519", "frob"), "there is no issuer frob"),
                        (("ed25519", "0190a000-0000-7000-8000-000000000000"), "there is no such issuer"),
                        (("rsa",), "rsa is no algorithm: ed25519, p256 or rsa2048")):
        done = house.command("key", "new", *words)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"skillsd key: {said}\n")
    assert files_of(house) == before


def test_how_to_ask_is_told_to_who_asks(house):
    done = house.command("key", "--help")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("usage: skillsd key new")


def test_a_key_is_revoked_from_no_day_to_come_and_later_from_an_earlier_one(programme, house):
    school = School(programme, "ed25519", "p256")
    key = school.keys["p256"]

    def revoked():
        return programme.hr.get(f"/keys/{key}").get("revoked_at")
    assert "is to come" in school.end("revoke", key, "2099-01-01", gives=1) and revoked() is None
    school.end("revoke", key, "2026-01-02")
    for later in ["2026-01-03"], [], ["2026-01-02"]:
        assert "has ended before, or was revoked from" in school.end("revoke", key, *later, gives=1)
    assert revoked() == "2026-01-02T00:00:00Z"
    school.end("revoke", key, LONG_AGO)
    assert revoked() == LONG_AGO
    details = [detail for detail, in house.sql(
        "SELECT detail FROM audit_entry WHERE noun = 'key' AND object = %s AND action = 'key.revoke' ORDER BY seq", key)]
    assert [detail["since"] for detail in details] == ["2026-01-02T00:00:00Z", LONG_AGO]


# ---- the last one

def test_the_last_key_that_signs_proofs_is_not_retired(programme):
    school = School(programme, "ed25519", "p256")
    first = school.keys["ed25519"]
    assert "make another first" in school.end("retire", first, gives=1)
    assert programme.hr.get(f"/keys/{first}")["state"] == "active"
    school.end("retire", school.keys["p256"])
    second = school.new_key("ed25519")
    school.end("retire", first)
    assert "ended" in school.end("retire", first, gives=1)
    assert "make another first" in school.end("retire", second, gives=1)


def test_of_two_that_are_retired_at_once_one_stays(programme):
    school = School(programme, "ed25519")
    keys, said = [school.keys["ed25519"], school.new_key("ed25519")], []
    threads = [threading.Thread(target=lambda key=key: said.append(school.house.command("key", "retire", key))) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done.returncode for done in said) == [0, 1]
    assert sorted(programme.hr.get(f"/keys/{key}")["state"] for key in keys) == ["active", "retired"]


def test_whoever_signs_at_the_same_moment_is_not_waited_for(programme, house):
    school = School(programme, "ed25519")
    first, second = school.keys["ed25519"], school.new_key("ed25519")
    signs = house.postgres.connect(house.database)
    with signs.cursor() as cursor:  # as what is kept refers to its key
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM signing_key WHERE id IN (%s, %s) FOR KEY SHARE", [first, second])
        school.end("retire", first)
        school.end("revoke", second)
        cursor.execute("ROLLBACK")
    signs.close()


def test_who_revokes_the_last_one_is_warned_and_everyone_learns_that_nothing_is_known(programme, house, verifier):
    school = School(programme, "ed25519")
    first, made = school.keys["ed25519"], school.issue()
    place, badge = status_of(school, made), school.form(made, "ob3")
    school.read(place)

    def said():
        return [one for one in of(look(house), "issuer", "keys") if school.id in one[1]]
    assert said() == []
    assert "no Ed25519 key" in school.end("revoke", first)
    assert school.form(made, "ob3") == badge
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "r"})
    assert school.form(made, "ob3") == badge
    with house.postgres.connect(house.database) as changes, changes.cursor() as cursor:  # somebody revokes one of the list
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM status_list WHERE id = %s FOR UPDATE", [place.rpartition("/")[2]])
        assert "no key" in school.read(place, gives=503)["detail"] and programme.hr.last.headers["Retry-After"] == "60"
        cursor.execute("ROLLBACK")
    line, = (line for line in house.log().splitlines() if "no key now" in line)
    assert " debug " in line, "anyone may ask for it, and fills no log"
    answer = programme.hr.post("/verifications", {"badge": badge.decode()}, gives=200)
    assert (answer["verified"], answer["verdict"]) == (False, "unknown")
    (kind, text), = said()
    assert kind == "wrong" and "key new ed25519" in text
    school.new_key("ed25519")
    assert school.end("revoke", school.new_key("ed25519")) == ""
    assert said() == [] and verify_proof(school.read(place), school.did())
    refused(verifier.one(badge, [school.did(), school.read(place)]), "status", "revoked")


# ---- what was signed

FORMS = "ob3", "png", "svg"


def test_what_was_signed_at_issue_stays_as_it_is_until_it_says_something_else(programme, house):
    school = School(programme, "ed25519")
    made = school.issue(evidence=[{"name": "a"}, {"name": "b"}])
    signed = [school.form(made, form) for form in FORMS]
    for action in "suspend", "reinstate", "suspend", "revoke":
        programme.issuer.post(f"/credentials/{made['id']}/{action}", {"reason": "r"})
        assert [school.form(made, form) for form in FORMS] == signed, action
    school.end("revoke", school.keys["ed25519"])
    unasked = school.programme.issuer.post(f"/credentials/{school.issue()['id']}/revoke", {"reason": "r"})
    house.signer.stop()
    assert [school.form(made, form) for form in FORMS] == signed
    house.signer.start()
    school.new_key("ed25519")
    assert [school.form(made, form) for form in FORMS] == signed
    verify_proof(programme.badge(unasked, programme.hr), school.did())


def test_it_is_signed_anew_when_other_evidence_is_shown(programme):
    school = School(programme, "ed25519")
    made = school.issue(evidence=[{"name": "a"}, {"name": "b"}])
    signed = [school.form(made, form) for form in FORMS]
    programme.holder.patch(f"/credentials/{made['id']}", {"visibility": "colleagues"}, "*")
    assert [school.form(made, form) for form in FORMS] == signed
    programme.holder.patch(f"/credentials/{made['id']}", {"shown_evidence": [1]}, "*")
    chosen = [school.form(made, form) for form in FORMS]
    assert not set(chosen) & set(signed)
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "r"})
    assert [school.form(made, form) for form in FORMS] == chosen


def kid_of(jws):
    return json.loads(b64url(jws.decode().split(".")[0])).get("kid", "")


def test_a_jwt_whose_key_was_revoked_from_before_it_was_signed_is_sealed_anew(programme, verifier):
    school = School(programme, "ed25519", "p256")
    made = school.issue()
    first, second = school.form(made, "jwt"), school.new_key("p256")
    school.end("revoke", school.keys["p256"])
    assert school.form(made, "jwt") == first, "it was good when it signed this"
    school.end("revoke", second, LONG_AGO)
    other = school.issue()
    assert b"no p256 key" in school.form(other, "jwt", gives=404)
    third = school.new_key("p256")
    school.end("revoke", school.keys["p256"], LONG_AGO)
    anew = school.form(made, "jwt")
    assert anew == school.form(made, "jwt") != first
    assert kid_of(anew) == programme.hr.get(f"/keys/{third}")["verification_method"]
    assert verifier.one(anew, [school.did(), school.read(status_of(school, made))])["verified"]


def test_a_jwt_that_is_sealed_while_its_key_is_revoked_is_sealed_anew(programme, house, verifier):
    school = School(programme, "ed25519", "p256")
    made, said = school.issue(), []
    last, client = school.new_key("p256"), programme.hr.twin()
    reader = threading.Thread(target=lambda: said.append(client.ask("GET", f"/badges/{made['id']}?format=jwt").content))
    badge, key = house.postgres.connect(house.database), house.postgres.connect(house.database)
    with badge.cursor() as held, key.cursor() as revokes:
        held.execute("BEGIN")
        held.execute("SELECT FROM badge WHERE credential_id = %s FOR UPDATE", [made["id"]])
        reader.start()
        wait_for("it to wait", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                                                 house.database))
        revokes.execute("BEGIN")
        revokes.execute("UPDATE signing_key SET retired_at = now(), revoked_at = now() WHERE id = %s", [last])
        revokes.execute("SELECT pg_sleep(1.1)")
        held.execute("COMMIT")
        reader.join()
        revokes.execute("COMMIT")
    badge.close()
    key.close()
    assert kid_of(said[0]) == programme.hr.get(f"/keys/{last}")["verification_method"]
    anew = school.form(made, "jwt")
    documents = [school.did(), school.read(status_of(school, made))]
    refused(verifier.one(said[0], documents), "signature", "revoked since", "signed this at")
    assert anew != said[0] and verifier.one(anew, documents)["verified"]


def ob2_documents(school, jws):
    """By which an Open Badges 2.0 assertion is verified."""
    assertion = json.loads(b64url(jws.decode().split(".")[1]))

    def follow(address):
        return school.read("/" + place_of(address))
    badge_class = follow(assertion["badge"])
    issuer = follow(badge_class["issuer"])
    revoked = [follow(issuer["revocationList"])] if "revocationList" in issuer else []
    return assertion["verification"]["creator"], [badge_class, issuer, *revoked]


@pytest.mark.parametrize("since", [[], [LONG_AGO]])
def test_a_signed_assertion_whose_key_was_revoked_is_sealed_anew(programme, verifier, since):
    """Whenever it was signed: readers of Open Badges 2.0 do not ask."""
    school = School(programme, "ed25519", "rsa2048")
    made = school.issue()
    jws = school.form(made, "ob2-jws")
    school.end("revoke", school.keys["rsa2048"], *since)
    creator, documents = ob2_documents(school, jws)
    assert "revoked" in school.read("/" + place_of(creator), gives=410)["detail"]
    assert "publicKey" not in documents[1]
    assert b"no rsa2048 key" in school.form(made, "ob2-jws", gives=404)
    school.new_key("rsa2048")
    anew = school.form(made, "ob2-jws")
    other, documents = ob2_documents(school, anew)
    answer = verifier.one(anew, [*documents, key := school.read("/" + place_of(other))])
    assert anew != jws and answer["verified"], answer
    assert documents[1]["publicKey"] == [other]
    assert not verifier.one(jws, [*documents, key])["verified"]
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "r"})
    for one in anew, jws:
        assert f"urn:uuid:{made['id']}" in ob2_documents(school, one)[1][2]["revokedAssertions"]
