# SPDX-License-Identifier: Apache-2.0
"""Achievements in several languages: which tags are tags, what a merge patch makes of translations, and in which language the
public side answers whom."""
import pytest
from kit.badges import Programme, badge_house

GERMAN = {"name": "Ersthelfer", "description": "Hilft", "criteria": "Zwei *Tage*"}
HEBREW = {"name": "מגיש עזרה ראשונה 😀"}


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), postgres=postgres, config={"catalogue": {"language": "EN"}}) as house:
        yield house


@pytest.fixture(scope="module")
def programme(house):
    return Programme(house)


@pytest.fixture(scope="module")
def aider(programme):
    return programme.achievement([], name="First Aider", description="Helps", criteria="Two *days*",
                                 translations={"de": GERMAN, "HE": HEBREW, "zh-hant-tw": {"name": "急救員"}})


def page(programme, made, accept_language=None, **parameters):
    headers = {"Accept": "text/html", **({"Accept-Language": accept_language} if accept_language else {})}
    return programme.stranger.get(f"/badges/{made['id']}", headers=headers, **parameters)


def patch(programme, made, gives=200, **fields):
    return programme.hr.patch(f"/achievements/{made['id']}", fields, "*", gives=gives)


def test_the_configured_language_is_that_of_who_says_none(programme, aider):
    assert aider["language"] == "en" and programme.achievement(language="de-ch")["language"] == "de-CH"
    assert aider["translations"] == {"de": GERMAN, "he": HEBREW, "zh-Hant-TW": {"name": "急救員"}}


@pytest.mark.parametrize("tag, is_tag", [
    ("de", True), ("DE-at", True), ("zh-Hant", True), ("es-419", True), ("gsw", True), ("sr-latn-rs", True), ("d", False), ("deutsch", False),
    ("de-", False), ("de_AT", False), ("de-ATT", False), ("de-1", False), ("x-own", False), ("de-CH-1996", False), ("dé", False), ("", False),
    ("de AT", False), ("d1", False)])
def test_tags_are_languages_scripts_and_regions(programme, tag, is_tag):
    for fields in {"language": tag}, {"translations": {tag: {"name": "x"}}}:
        answer = programme.hr.ask("POST", "/achievements", {"name": "x", **fields})
        assert answer.status_code == (201 if is_tag else 400), answer.text
        assert is_tag or answer.json()["errors"][0]["field"].startswith(("/language", "/translations"))


def test_translations_are_merged_one_by_one(programme):
    made = programme.achievement(translations={"de": GERMAN, "he": HEBREW})
    merged = patch(programme, made, translations={"de": {"name": "Helfer", "criteria": None}, "he": None, "fr": {"name": "Secouriste"}})
    assert merged["translations"] == {"de": {"name": "Helfer", "description": "Hilft"}, "fr": {"name": "Secouriste"}}
    assert (merged["version"], merged["state"]) == (2, "draft")
    assert patch(programme, made, name="Other")["translations"] == merged["translations"]
    assert "translations" not in patch(programme, made, translations=None)
    first = programme.hr.get(f"/achievements/{made['id']}", version=1)
    assert first["translations"] == made["translations"] == {"de": GERMAN, "he": HEBREW}


@pytest.mark.parametrize("translations, at", [
    ({"en": {"name": "x"}}, "/translations"), ({"de": {}}, "/translations/de"), ({"de": "x"}, "/translations/de"), ("de", "/translations"),
    ({"de": {"name": ""}}, "/translations/de/name"), ({"de": {"title": "x"}}, "/translations/de/title"),
    ({"de": {"criteria": "x" * 10001}}, "/translations/de/criteria"), ({"de": {"name": "a\u0007"}}, "/translations/de/name"),
    ({f"{a}{b}": {"name": "x"} for a in "abcdefgh" for b in "abcdefg"}, "/translations")])
def test_what_is_no_translation_is_named(programme, translations, at):
    bad = programme.hr.post("/achievements", {"name": "x", "translations": translations}, gives=400)
    assert bad["errors"][0]["field"] == at, bad


def test_a_language_does_not_go_from_under_its_translations(programme, aider):
    assert patch(programme, aider, 400, language=None)["errors"][0]["field"] == "/language"
    assert patch(programme, aider, 400, language="de")["errors"][0]["field"] == "/translations"


@pytest.mark.parametrize("accept, language, name", [
    ("de", "de", "Ersthelfer"), ("de-CH,de;q=0.9,en;q=0.8", "de", "Ersthelfer"), ("fr, de;q=0.5, en;q=0.4", "de", "Ersthelfer"),
    ("fr, en;q=0.5, de;q=0.4", "en", "First Aider"), ("en-GB,de", "en", "First Aider"), ("fr", "en", "First Aider"), ("*", "en", "First Aider"),
    ("he", "he", HEBREW["name"]), ("ZH-hant-tw", "zh-Hant-TW", "急救員"), ("de;q=0", "en", "First Aider"), ("de;q=nan,he;q=1e300", "en", "First Aider"), (";;,,q=;=", "en", "First Aider"),
    (",".join(f"x{n}" for n in range(500)), "en", "First Aider"), (None, "en", "First Aider")])
def test_a_page_is_in_the_language_that_the_browser_wants(programme, aider, accept, language, name):
    made = programme.issue(achievement=aider)
    for _ in range(2):  # made, and kept
        shown = page(programme, made, accept)
        assert f'<h1 dir="auto" lang="{language}">{name}</h1>' in shown
        assert ("Zwei <em>Tage</em>" in shown) == (language == "de") and "Accept-Language" in programme.stranger.last.headers["Vary"]


def test_the_address_says_it_too_and_beats_the_browser(programme, aider):
    made = programme.issue(achievement=aider)
    assert "Ersthelfer" in page(programme, made, "en", lang="de-AT") and "First Aider" in page(programme, made, "de", lang="en")
    assert "First Aider" in page(programme, made, "de", lang="nonsense") and "First Aider" in page(programme, made, lang="<script>")
    half = page(programme, made, "he")  # what a language lacks is in the achievement's own
    assert HEBREW["name"] in half and "Helps" in half


def test_what_programs_read_is_in_its_own_language(programme, aider):
    made = programme.issue(achievement=aider)
    for headers, parameters in ({"Accept-Language": "de"}, {}), ({}, {"lang": "de"}):
        badge = programme.stranger.get(f"/badges/{made['id']}", headers=headers, **parameters)
        told = badge["credentialSubject"]["achievement"]
        assert (told["name"], told["inLanguage"], told["criteria"]["narrative"]) == ("First Aider", "en", "Two *days*")
    document = programme.house.url + f"/achievements/{aider['id']}"
    session = programme.stranger.session
    own = session.get(document, headers={"Accept-Language": "de"}, timeout=30).json()
    other = session.get(document + "?lang=de-AT", timeout=30).json()
    assert (own["name"], own["inLanguage"]) == ("First Aider", "en")
    assert (other["name"], other["inLanguage"], other["description"], other["criteria"]["narrative"]) == \
        ("Ersthelfer", "de", GERMAN["description"], GERMAN["criteria"])
    assert other["id"] == own["id"]


def test_a_configured_language_is_a_tag(house):
    house.configure({"catalogue": {"language": "english"}})
    done = house.command("check")
    house.configure({"catalogue": {"language": "EN"}})
    assert done.returncode != 0 and "language is a language tag such as en or de-CH, not english" in done.stdout + done.stderr
