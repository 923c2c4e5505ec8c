# SPDX-License-Identifier: Apache-2.0
"""Badges as implementations that are not ours see them: those of verify_badges.mjs, from npm, and that of kit/badges.py
with Python's cryptography. What was tampered with, neither takes."""
import copy
import json
import os
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from kit.badges import Programme, badge_house, bits_of, new_key, place_of, verify_jws, verify_proof
from kit.gate import ROOT
from kit.house import shared_file

ODD = "Ünïcode 😀 \"quoted\" \\ back\tא ב e\u0301 \u2028 \ue000 </script>"
HOLDS = {"schema": None, "terms": None, "proof": None, "status": None, "jwt": None}
HOLDS_OB2 = {"signature": None, "terms": None, "issuer": None, "recipient": None}
BAKED = {"png": "openbadgecredential", "svg": "https://purl.imsglobal.org/ob/v3p0", "ob2-png": "openbadges", "ob2-svg": "http://openbadges.org"}


@pytest.fixture(scope="module")
def programme(postgres):
    with badge_house(postgres=postgres) as house:
        yield Programme(house)


def documents_of(programme, made):
    """What a stranger can fetch for a badge."""
    stranger, badge = programme.stranger, programme.badge(made)
    list_url = badge["credentialStatus"]["statusListCredential"]
    return {"badge.json": badge, "badge.jwt": programme.badge(made, format="jwt"),
            "did.json": stranger.get("/.well-known/did.json"), "jwks.json": stranger.get("/.well-known/jwks.json"),
            "status.json": stranger.get(place_of(list_url))}


@pytest.fixture(scope="module")
def documents(programme):
    """Of one badge that has all that a badge can have; neither read nor written by the checks."""
    achievement = programme.achievement([programme.skill(label=ODD, uri="https://example.org/skills/1"), programme.skill()],
                                        name=ODD, type="Certification", description=ODD, criteria=ODD, validity="P2Y")
    return documents_of(programme, programme.issue(achievement=achievement, evidence=[
        {"name": ODD, "url": "https://example.org/t", "narrative": ODD}, {"narrative": "only words"}]))


def node_runs(script, *words):
    """What it prints, a line of JSON each."""
    shared_file("data/openbadges/contexts")
    done = subprocess.run(["node", ROOT / "tests" / script, *words], capture_output=True, text=True, timeout=120,
                          env={"SKILLSD_SHARED": str(ROOT / "../shared"), **os.environ})
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def node_says(tmp_path, *all_documents, script="verify_badges.mjs"):
    """{check: None or why it does not hold} for each set of documents."""
    folders = []
    for documents in all_documents:
        folders.append(tmp_path / str(len(list(tmp_path.iterdir()))))
        folders[-1].mkdir()
        for name, one in documents.items():
            (folders[-1] / name).write_text(one if isinstance(one, str) else json.dumps(one))
    return node_runs(script, *folders)


def baked(programme, made, tmp_path):
    """{form: what a reader that is not ours finds in the picture}"""
    files = {form: tmp_path / f"{form}.{form[-3:]}" for form in BAKED}
    for form, file in files.items():
        file.write_bytes(programme.stranger.ask("GET", f"/badges/{made['id']}?format={form}").content)
    found = dict(zip(files, node_runs("extract_badges.mjs", *files.values())))
    assert {form: one.get("keyword", one) for form, one in found.items()} == BAKED
    return {form: one["text"] for form, one in found.items()}


def python_takes(documents):
    badge, did, status = documents["badge.json"], documents["did.json"], documents["status.json"]
    for document in badge, status:
        verify_proof(document, did)
    if "badge.jwt" in documents:
        verify_jws(documents["badge.jwt"], documents["jwks.json"])
    assert bits_of(status)(int(badge["credentialStatus"]["statusListIndex"])) == 0


def test_every_form_holds_for_all(programme, documents, tmp_path):
    plain = documents_of(programme, programme.issue(achievement=programme.achievement([])))
    for one in documents, plain:
        python_takes(one)
    assert node_says(tmp_path, documents, plain) == [HOLDS, HOLDS]


def test_a_jwt_of_rsa_holds_too(postgres, tmp_path):
    with badge_house(("ed25519", "rsa2048"), postgres=postgres) as house:
        programme = Programme(house)
        documents = documents_of(programme, programme.issue())
        python_takes(documents)
        assert verify_jws(documents["badge.jwt"], documents["jwks.json"])[0]["alg"] == "RS256"
        assert node_says(tmp_path, documents) == [HOLDS]


def test_what_is_baked_into_pictures_holds_for_all(programme, documents, tmp_path):
    made = {"id": documents["badge.json"]["id"].rpartition("/")[2]}
    found = baked(programme, made, tmp_path)
    for form in "png", "svg":
        inside = {**documents, "badge.json": json.loads(found[form])}
        python_takes(inside)
        assert node_says(tmp_path, inside) == [HOLDS], form
    assert json.loads(found["png"]) == json.loads(found["svg"]) == documents["badge.json"]


def ob2_documents(programme, made, text):
    """What a stranger can fetch for an assertion, signed or not."""
    def get(address):
        return programme.stranger.session.get(programme.house.url + place_of(address), timeout=60).json()
    badge_class = get(programme.badge(made, format="ob2")["badge"])
    issuer = get(badge_class["issuer"])
    mail = programme.hr.get(f"/api/v1/people/{made['person']['id']}")["mail"].lower()
    return {"badge.txt": text, "class.json": badge_class, "issuer.json": issuer, "mail.txt": mail,
            "key.json": get(issuer["publicKey"][0])}


def test_forms_of_open_badges_2_hold_for_others_too(programme, tmp_path):
    achievement = programme.achievement([programme.skill(label=ODD)], name=ODD, description=ODD, criteria=ODD, validity="P2Y")
    made = programme.issue(achievement=achievement, evidence=[{"name": ODD, "url": "https://example.org/t", "narrative": ODD}])
    pictures, hosted = baked(programme, made, tmp_path), json.dumps(programme.badge(made, format="ob2"))
    texts = [hosted, programme.badge(made, format="ob2-jws"), pictures["ob2-png"], pictures["ob2-svg"]]
    whole = [ob2_documents(programme, made, text) for text in texts]
    assert node_says(tmp_path, *whole, script="verify_ob2.mjs") == [HOLDS_OB2] * 4
    head, payload, signature = texts[1].split(".")
    other = whole[1]["key.json"] | {"owner": "https://else.example/issuer"}
    tampered = [{**whole[1], "badge.txt": f"{head}.{payload}.{signature[:-4]}AAAA"}, {**whole[1], "key.json": other},
                {**whole[0], "mail.txt": "somebody@else.example"}, {**whole[0], "badge.txt": hosted.replace("//skills.example.org/badges", "//else.example/badges")}]
    said = node_says(tmp_path, *tampered, script="verify_ob2.mjs")
    assert all(told[check] for told, check in zip(said, ("signature", "issuer", "recipient", "issuer"))), said


def test_a_picture_that_holds_two_badges_or_is_broken_is_none(programme, documents, tmp_path):
    file = tmp_path / "one.png"
    raw = programme.stranger.ask("GET", f"/badges/{documents['badge.json']['id'].rpartition('/')[2]}?format=png").content
    at = raw.index(b"iTXt") - 4
    end = at + int.from_bytes(raw[at:at + 4], "big") + 12
    for content, why in ((raw[:end] + raw[at:end] + raw[end:], "there are 2 badges in it"), (raw[:at] + raw[end:], "there are 0 badges in it"),
                         (raw[:at + 60] + b"x" + raw[at + 61:], "CRC")):
        file.write_bytes(content)
        assert why in node_runs("extract_badges.mjs", file)[0]["error"]


def test_what_is_suspended_and_revoked_is_seen_by_all(programme, tmp_path):
    suspended, revoked, back = (programme.issue() for _ in range(3))
    for made in suspended, back:
        programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "looked at"})
    programme.issuer.post(f"/credentials/{back['id']}/reinstate")
    programme.issuer.post(f"/credentials/{revoked['id']}/revoke", {"reason": "wrong person"})
    all_documents = [documents_of(programme, made) for made in (suspended, revoked, back)]
    python_takes(all_documents[2])
    for documents in all_documents[:2]:
        with pytest.raises(AssertionError):
            python_takes(documents)
    set_bit = {**HOLDS, "status": "its bit of revocation is set"}
    assert node_says(tmp_path, *all_documents) == [set_bit, set_bit, HOLDS]


def test_old_badges_hold_after_a_key_is_retired(postgres, tmp_path):
    with badge_house(("ed25519", "p256"), postgres=postgres) as house:
        programme = Programme(house)
        before = programme.issue()
        documents_of(programme, before)
        for algorithm, key in list(house.keys.items()):
            new_key(house, algorithm)
            assert house.command("key", "retire", key).returncode == 0
        all_documents = [documents_of(programme, made) for made in (before, programme.issue())]
        assert len({documents["badge.json"]["proof"][0]["verificationMethod"] for documents in all_documents}) == 2
        for documents in all_documents:
            python_takes(documents)
        assert node_says(tmp_path, *all_documents) == [HOLDS, HOLDS]


# ---- what was tampered with

def places_in(value, path=()):
    """The path to each text, number and flag."""
    if isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places_in(inner, (*path, name))
    else:
        yield path


def changed(documents, name, path, value=None):
    """Documents of which one value is another."""
    documents = copy.deepcopy(documents)
    at = documents[name]
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    at[path[-1]] = value if value is not None else old + "x" if isinstance(old, str) else not old
    return documents


def test_each_field_of_a_badge_is_covered_by_its_proof(documents, tmp_path):
    tampered = [changed(documents, "badge.json", path) for path in places_in(documents["badge.json"])]
    assert len(tampered) > 50
    said = node_says(tmp_path, *tampered)
    assert len(said) == len(tampered)
    for one, told in zip(tampered, said):
        with pytest.raises((InvalidSignature, AssertionError, ValueError)):
            python_takes(one)
        assert told["proof"]


def test_a_changed_status_list_or_jwt_and_other_keys_do_not_hold(programme, documents, tmp_path):
    head, payload, signature = documents["badge.jwt"].split(".")
    other = documents_of(programme, programme.issue())
    methods = [i for i, one in enumerate(documents["did.json"]["verificationMethod"]) if "publicKeyMultibase" in one]
    unauthorised = copy.deepcopy(documents)
    unauthorised["did.json"]["assertionMethod"] = []
    tampered = {
        "status": [changed(documents, "status.json", path) for path in places_in(documents["status.json"])],
        "jwt": [{**documents, "badge.jwt": text} for text in (
            f"{head}.{payload}.{signature[:-2]}AA", f"{head}.{other['badge.jwt'].split('.')[1]}.{signature}",
            f"{head}.{payload}.", other["badge.jwt"])],
        "proof": [unauthorised, *(changed(documents, "did.json", ("verificationMethod", i, "publicKeyMultibase"),
                                          "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQXJPt4swbTQ2") for i in methods)],
    }
    said = node_says(tmp_path, *(one for some in tampered.values() for one in some))
    assert len(said) == sum(map(len, tampered.values())) > 15
    for check in [check for check, some in tampered.items() for _ in some]:
        assert said.pop(0)[check], check
