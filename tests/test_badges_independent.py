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
HOLDS = {"terms": None, "proof": None, "status": None, "jwt": None}


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


def node_says(tmp_path, *all_documents):
    """{check: None or why it does not hold} for each set of documents."""
    shared_file("data/openbadges/contexts")
    folders = []
    for number, documents in enumerate(all_documents):
        folders.append(tmp_path / str(number))
        folders[-1].mkdir()
        for name, one in documents.items():
            (folders[-1] / name).write_text(one if isinstance(one, str) else json.dumps(one))
    done = subprocess.run(["node", ROOT / "tests/verify_badges.mjs", *folders], capture_output=True, text=True, timeout=120,
                          env={"SKILLSD_SHARED": str(ROOT / "../shared"), **os.environ})
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


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
