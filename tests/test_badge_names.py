# SPDX-License-Identifier: Apache-2.0
"""Names with emoji, from the right, with marks, quotes and control characters, in every form of a badge at once: what was said
is what is signed, baked, shown and printed."""
import html
import json

import pytest
from kit import paper
from kit.badges import COLLEAGUE, b64url, house, programme, verify_jws, verify_proof  # noqa: F401 fixtures
from kit.pictures import baked, drawn

NAMES = ["😀 emoji 👩‍👩‍👧‍👦", "שלום עולם", "مرحبا بالعالم", "e\u0301clair Z\u0335\u0321a\u0334", "\"quoted\" 'words' \\ back\\slash", "<b> & ]]> </svg> --> &amp;",
         "tab\tand\nline", "\u202eturned\u2066 \u200b\ufeff", "\ufffe\uffff \U0001fffe", "漢字 ｶﾅ", "\u2028\u2029", "a" * 500]
CONTROLS = "control \x01\x1b[2J\x7f\x85 characters"  # which may be in a directory


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_same_in_all_forms(house, programme, name):
    skill = programme.skill(label=name)
    achievement = programme.achievement([skill], name=name, description=name, criteria=name)
    made = programme.issue(COLLEAGUE, achievement, evidence=[{"name": name, "narrative": name}])
    house.sql("UPDATE person SET name = %s WHERE id = %s", name, made["person"]["id"])
    assert made["achievement"]["name"] == name
    stranger, jwks = programme.stranger, programme.stranger.get("/.well-known/jwks.json")
    badge = programme.badge(made)
    verify_proof(badge, stranger.get("/.well-known/did.json"))
    assert badge["name"] == badge["credentialSubject"]["achievement"]["name"] == name
    assert badge["credentialSubject"]["achievement"]["alignment"][0]["targetName"] == name
    assert badge["evidence"][0]["narrative"] == name
    _, payload = verify_jws(programme.badge(made, format="jwt"), jwks)
    assert payload["name"] == name
    for form, keyword in ("png", "openbadgecredential"), ("ob2-png", "openbadges"):
        programme.badge(made, format=form)
        inside = json.loads(baked(stranger.last.content, keyword))
        assert (inside == badge) if form == "png" else inside["evidence"][0]["name"] == name
    programme.badge(made, format="svg")
    assert json.loads(drawn(stranger.last.content)[0].text) == badge
    assert programme.badge(made, format="ob2")["evidence"][0]["narrative"] == name
    signed = programme.badge(made, format="ob2-jws")
    assert json.loads(b64url(signed.split(".")[1]))["evidence"][0]["name"] == name
    document = stranger.get(f"//achievements/{achievement['id']}", format="ob2")
    assert document["name"] == name
    shown = html.unescape(programme.badge(made, accept="text/html"))
    assert shown.count(name) >= 3
    assert stranger.get("//oembed", url=made["badge_url"])["title"] == name
    programme.badge(made, format="pdf")
    assert paper.codes(stranger.last.content) == [made["badge_url"]]
    printed = name.replace("\t", " ").replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd").replace("\U0001fffe", "\ufffd")
    title = paper.facts(stranger.last.content)["Title"]
    assert title == printed.strip() or "\n" in name or "\u2028" in name


def test_what_a_directory_lets_through_harms_no_form(house, programme):
    made = programme.issue(COLLEAGUE)
    house.sql("UPDATE person SET name = %s WHERE id = %s", CONTROLS, made["person"]["id"])
    for form in "ob3", "jwt", "png", "svg", "ob2", "ob2-jws", "html", "pdf":
        programme.badge(made, format=form)
    assert "control \ufffd\ufffd[2J\ufffd" in paper.words(programme.stranger.last.content)
    page = programme.badge(made, accept="text/html")
    assert "\x1b" not in page and "control \ufffd\ufffd[2J" in page
