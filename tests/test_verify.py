# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: badges of a house hold in every form with no network, also over REST; and the command."""
import base64
import hashlib
import json
import shutil

import pytest
from kit.badges import COLLEAGUE, HOLDER, Programme, badge_house, house, programme  # noqa: F401 fixtures
from kit.batches import credentials_of, done
from kit.forge import Forge, changed, itxt, png, svg, text_of
from kit.gate import make_folder
from kit.house import PUBLIC_URL
from kit.verify import ALL, forge, origin, outcomes, papers, published, refused, signed, verifier  # noqa: F401 fixtures

@pytest.fixture(scope="module")
def colleague(house):
    house.set_password(COLLEAGUE)
    house.set_password(HOLDER)
    return house.sign_in(COLLEAGUE)


# ---- badges of a house

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


def test_an_address_is_folded_where_it_is_ascii(house, programme, verifier):
    person = programme.issuer.get("/me")["person"]["id"]
    before, = house.sql("SELECT mail FROM person WHERE id = %s", person)
    house.sql("UPDATE person SET mail = 'Ünal@Example.ORG' WHERE id = %s", person)
    achievement = programme.achievement()
    one, job = programme.issue(person, achievement), done(programme.issuer, "issue", [{"person": person}], achievement=achievement["id"])
    for made in one, *credentials_of(programme.issuer, job):
        badge = programme.badge(made)
        identity, = badge["credentialSubject"]["identifier"]
        assert identity["identityHash"] == "sha256$" + hashlib.sha256(f"Ünal@example.org{identity['salt']}".encode()).hexdigest()
        for mail, outcome in (("Ünal@Example.ORG", "passed"), ("ÜNAL@example.org", "passed"), ("ünal@example.org", "failed")):
            assert verifier.one(badge, published(programme, badge), "--recipient", mail)["checks"]["recipient"][0] == outcome, mail
    house.sql("UPDATE person SET mail = %s WHERE id = %s", *before, person)


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


OB2 = ("ob2", "ob2-jws", "ob2-png", "ob2-svg")


def form(programme, made, name, client=None):
    """A form as it is posted: text, or a picture in base64."""
    answer = (client or programme.stranger).ask("GET", f"/badges/{made['id']}?format={name}")
    assert answer.status_code == 200, answer.text
    return base64.b64encode(answer.content).decode() if name.endswith("png") else answer.text


def test_the_daemon_verifies_its_own_badges_of_version_2_with_no_door_open(programme):
    made = programme.issue()
    mail = programme.hr.get(f"/people/{made['person']['id']}")["mail"]
    forms = {name: form(programme, made, name) for name in OB2}
    for name, badge in forms.items():
        answer = asked(programme.issuer, badge, recipient=mail)
        assert answer["verified"] and outcomes(answer) == {**ALL, "recipient": "passed"}, (name, answer)
        assert (answer["issuer_name"], answer["achievement"]) == ("Example Ltd", made["achievement"]["name"])
        other = forms[name].replace("expires", "Expires").replace(made["id"], programme.issue()["id"]) if name == "ob2" else badge
        assert asked(programme.issuer, other)["verified"] == (name != "ob2")
    refused(asked(programme.hr, forms["ob2"].replace("sha256$", "sha256$0")), "signature", "not what its own address gives")
    for old, new in (made["id"], "0190a000-0000-7000-8000-000000000000"), ("format=ob2", "format=pdf"), ("format=ob2", "format=ob2-png"):
        answer = asked(programme.hr, forms["ob2"].replace(f"badges/{made['id']}?format=ob2", f"badges/{made['id']}?format=ob2".replace(old, new), 1))
        assert answer["verdict"] == "unknown" and answer["checks"]["signature"][0] == "unknown", answer
    forged = forms["ob2"].replace(f"achievements/{made['achievement']['id']}?version=1", "achievements/x?version=99999999999999", 1)
    refused(asked(programme.hr, forged), "signature", "not what its own address gives")
    programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "Wrong person"})
    for name in OB2:
        refused(asked(programme.hr, forms[name]), "status", "its issuer has revoked it: Wrong person")


COPIES = """WITH copy AS (SELECT gen_random_uuid() AS id FROM generate_series(1, 22000)),
    one AS (INSERT INTO credential SELECT (jsonb_populate_record(c, jsonb_build_object('id', copy.id))).* FROM credential c, copy
            WHERE c.id = %s RETURNING id)
    INSERT INTO badge_form SELECT (jsonb_populate_record(f, jsonb_build_object('credential_id', one.id, 'bytes', ''))).* FROM one, badge_form f
    WHERE f.credential_id = %s AND f.format = 'ob2-jws' RETURNING 1"""


def test_a_long_list_of_what_is_revoked_keeps_no_good_badge_from_being_verified(postgres):
    with badge_house(("ed25519", "rsa2048"), postgres=postgres) as house:
        programme = Programme(house)
        made, gone = programme.issue(), programme.issue()
        good, bad = (form(programme, one, "ob2-jws") for one in (made, gone))
        programme.issuer.post(f"/credentials/{gone['id']}/revoke", {"reason": "Wrong person"})
        assert len(house.sql(COPIES, gone["id"], gone["id"])) == 22000
        answer = asked(programme.hr, good)
        assert answer["verified"] and outcomes(answer) == ALL, answer
        refused(asked(programme.hr, bad), "status", "its issuer has revoked it: Wrong person")


def test_a_hosted_badge_is_confirmed_to_whom_its_address_shows_it(house, programme, colleague):
    made = programme.issue()
    badge = form(programme, made, "ob2")
    house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{made['id']}'")
    assert asked(programme.issuer, badge)["verified"] and asked(house.sign_in(HOLDER), badge)["verified"]
    answer, absent = (asked(colleague, one) for one in (badge, badge.replace(made["id"], made["person"]["id"])))
    assert answer["verdict"] == "unknown" and answer["checks"]["signature"] == absent["checks"]["signature"]


def test_of_one_of_ours_that_is_good_no_longer_it_is_said_what_became_of_it(house, programme, colleague):
    for action, words in (("suspend", "its issuer has suspended it: Looked at"), ("revoke", "its issuer has revoked it: Looked at"),
                          ("replace", "its issuer has replaced it by {}: Looked at")):
        made = programme.issue()
        badges = [form(programme, made, name) for name in ("ob3", "jwt", "ob2", "ob2-jws")]
        new = programme.issuer.ask("POST", f"/credentials/{made['id']}/{action}", {"reason": "Looked at"}).json()
        for badge in badges:
            assert refused(asked(colleague, badge), "status") == words.format(new["badge_url"])
        house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id IN ('{made['id']}', '{new['id']}')")
        for badge in badges[:2]:
            assert refused(asked(colleague, badge), "status") == words.partition(" by {}")[0].partition(": ")[0]
            assert refused(asked(programme.issuer, badge), "status") == words.format(new["badge_url"])
        forged = badges[0].replace('"Achievement ', '"Bchievement ')
        assert "is not in force any more" in refused(asked(colleague, forged), "status"), "that it is known here is not told for the asking"


def test_the_list_of_what_is_revoked_says_offline_what_became_of_a_badge(programme, verifier):
    for action, words in (("suspend", "its issuer has suspended it: r"), ("revoke", "its issuer has revoked it: r"),
                          ("replace", "its issuer has replaced it by {}: r")):
        made = programme.issue()
        badge = programme.badge(made)
        new = programme.issuer.ask("POST", f"/credentials/{made['id']}/{action}", {"reason": "r"}).json()
        papers = published(programme, badge)
        detail = refused(verifier.one(badge, papers), "status")
        assert detail == "it is not in force any more: its issuer has revoked, suspended or replaced it"
        listed = programme.stranger.ask("GET", f"/issuers/{made['issuer']['id']}/revocations").content
        assert refused(verifier.one(badge, [*papers, listed]), "status") == words.format(new["badge_url"])


def test_the_daemon_says_what_is_no_badge(programme):
    for badge in "", " ", "!", "a", "YQ==YQ", "=":
        assert asked(programme.hr, badge, 400)["errors"][0]["field"] == "/badge"
    for badge in "{}", "YWJj", "<svg/>", "a.b.c":
        refused(asked(programme.hr, badge), "format")
    for text in "Just a text.", "two\nlines.":
        refused(asked(programme.hr, text), "format", "it is no badge: a badge is a JSON object, a JWT, or a PNG or SVG")
    programme.hr.post("/verifications", {"badge": "x" * (5 << 20)}, gives=413)


def test_badges_of_others_are_verified_by_what_is_pinned(postgres, forge, signed, papers):
    folder = make_folder()
    partner = Forge("partner.example")
    own = partner.document()
    keys = {"keys": [{**partner.keys[name].jwk, "kid": partner.method(name)} for name in ("ed", "p256")]}
    ended = {**own, "verificationMethod": [{**one, "revoked": "2020-01-01T00:00:00Z"} for one in own["verificationMethod"]]}
    listed = {"id": f"{PUBLIC_URL}/issuers/0190a000-0000-7000-8000-000000000000/revocations", "revokedCredential": []}
    for number, document in enumerate([*papers, keys, ended, listed]):
        (folder / f"{number}.json").write_bytes(text_of(document))
    (folder / ".other").write_text("no document")
    with badge_house(("ed25519",), postgres=postgres, config={"verify": {"pinned": folder}}) as house:
        client = Programme(house).hr
        assert outcomes(asked(client, json.dumps(signed))) == ALL
        word = asked(client, json.dumps(forge.sign(forge.endorsement("https://other.example/1"))))
        assert word["verified"] and outcomes(word) == ALL and word["subject"] == "https://other.example/1"
        for signs in partner.sign(partner.badge()), partner.jws(partner.claims(partner.badge())):
            refused(asked(client, signs if isinstance(signs, str) else json.dumps(signs)), "signature", "revoked since 2020-01-01")
        at_ours = {name: {"id": f"{listed['id']}{name}", "type": "1EdTechRevocationList"} for name in ("", "?")}
        answers = [asked(client, json.dumps(forge.sign(forge.badge(credentialStatus=status)))) for status in at_ours.values()]
        assert [answer["checks"]["status"][0] for answer in answers] == ["passed", "unknown"]
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
        client = Programme(house).hr
        refused(asked(client, json.dumps(badge)), "signature", "at an address that is not public")
        ours = forge.sign(forge.badge(), verificationMethod=f"did:web:{PUBLIC_URL.removeprefix('https://')}:people#ed")
        assert "is not known here" in asked(client, json.dumps(ours))["checks"]["signature"][1]
    assert origin.asked == []


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


def test_how_to_ask_is_told_to_who_asks(verifier):
    for words in ["--help"], ["x", "--json", "--help"]:
        done = verifier.run(*words)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("usage: skillsd verify")


def test_of_an_address_it_is_said_how_a_file_is_made_of_it(signed, verifier):
    for address in "http://127.0.0.1:8080/badges/x", "https://skills.example.org/badges/x":
        for words in [address], [verifier.file(signed), "--did", address]:
            done = verifier.run(*words)
            assert done.returncode == 2
            assert f"skillsd verify: {address}: it is an address, not a file; curl -o badge.json ADDRESS makes one of it\n" in done.stderr


def test_what_is_no_badge_or_cannot_be_read_is_told_in_words(signed, verifier):
    folder = verifier.folder / "folder"
    folder.mkdir()
    shut = verifier.file(signed)
    shut.chmod(0)
    cases = {b"": "it is empty", b"A letter to you.": "it is no badge: a badge is a JSON object, a JWT, or a PNG or SVG with one baked in",
             b"%PDF-1.7\n%": "it is a PDF, to print and to read: a badge is", b" \n": "it is no badge",
             b"<!DOCTYPE html><html><body>": "it is XML or HTML, but not an SVG picture", b"\xff\xd8\xff\xe0\0\x10JFIF": "it is no badge",
             b"[1]": "it is no badge", b"a.b": "it is no badge", b"\0": "it is no badge", b"{": "the badge is not JSON"}
    for words, answer in zip(cases.values(), verifier.all(cases)):
        refused(answer, "format", words)
    did = verifier.file("A letter to you.")
    done = verifier.run(folder, shut, verifier.folder / "absent", verifier.file("x"))
    assert done.returncode == 2 and "it is no badge" in done.stdout, "those that can be read are looked at"
    for path, words in (folder, "it is a directory, not a file"), (shut, "Permission denied"), (verifier.folder / "absent", "No such file"):
        assert f"skillsd verify: {path}: {words}" in done.stderr
    done = verifier.run(verifier.file(signed), "--did", did)
    assert done.returncode == 2 and f"{did}: it is neither JSON, which begins with {{, nor a JWT" in done.stderr


def test_addresses_are_told_whole_and_do_no_harm(forge, papers, verifier):
    path = "/".join(["a-very-long-address"] * 30)
    place, far = f"https://issuer.example/{path}", f"https://issuer.example/{'x' * 5000}"
    for address, shown in (place, place), (far, far[:2000] + "..."), (place + "\x1b[2J\u202e", place + "\\x1b[2J\\xe2\\x80\\xae"):
        badge = forge.sign(forge.badge(credentialStatus={"id": address, "type": "1EdTechRevocationList"}))
        assert verifier.one(badge, papers[:1])["checks"]["status"] == ("unknown", f"the document of {shown} was not given")
        badge = forge.sign(forge.badge(), verificationMethod=f"{address}#key")
        assert shown in verifier.one(badge, papers)["checks"]["signature"][1]


def test_what_a_badge_says_does_no_harm_to_a_terminal(forge, papers, verifier):
    badge = forge.sign(forge.badge(issuer={"id": "did:web:\x1b[31mred", "type": ["Profile"]}), verificationMethod="x\x1b[2Jy#z")
    done = verifier.run(verifier.file(badge), "--did", verifier.file(papers[0]))
    assert done.returncode == 3 and "\x1b" not in done.stdout and "\\x1b" in done.stdout


# ---- what the daemon makes

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
