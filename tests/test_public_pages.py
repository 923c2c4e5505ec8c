# SPDX-License-Identifier: Apache-2.0
"""The pages of achievements and issuers, and what a browser is told of what is not there: as little as a program, in words."""
import uuid

import pytest
from kit.badges import HOLDER, house, programme  # noqa: F401 fixtures
from kit.house import PUBLIC_URL
from kit.page import BROWSER, ODD, Page
from kit.pictures import made as png

PNG = "image/png"
MARKED = "# First\n*Two* days & [more](https://example.org/m)\n<script>alert(1)</script>"
GERMAN = {"name": "Ersthelfer", "description": "Hilft", "criteria": "Zwei *Tage*"}
POLICY = ("default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'")


def look(programme, path, accept=BROWSER, client=None, **headers):
    return (client or programme.stranger).ask("GET", "/" + path, headers={"Accept": accept, **headers})


def page(programme, path, **headers):
    answer = look(programme, path, **headers)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html;charset=utf-8", answer.text
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    shown = Page(answer.text)
    tags = {tag for tag, _ in shown.elements}
    assert not tags & {"script", "iframe", "form", "svg", "object", "b"}
    assert not [name for _, attributes in shown.elements for name in attributes if name.startswith("on") or name == "style"]
    return shown


def links(shown):
    return {one["href"] for one in shown.all("a")}


# ---- achievements

def test_a_browser_reads_what_an_achievement_is(programme):
    skill = programme.skill(label="Rope work", uri="https://example.org/skills/rope")
    one = programme.achievement([skill], name="Rigger", description="Works at height", criteria=MARKED, validity="P1Y6M", type="Certification",
                                alignments=[{"name": "Working at height", "url": "https://other.example/1", "framework": "National list"}])
    shown = page(programme, f"/achievements/{one['id']}")
    for words in ("Rigger", "Works at height", "First", "Two days & more", "<script>alert(1)</script>", "1 year, 6 months", "Rope work (Novice)",
                  "Working at height (National list)", "Example Ltd", "Certification"):
        assert words in shown.words, words
    assert "Awarded to" not in shown.words
    place, query = f"/achievements/{one['id']}", "?version=1&format="
    assert {f"/issuers/{one['issuer']['id']}", "https://example.org", "https://example.org/m", "https://example.org/skills/rope",
            "https://other.example/1", query + "ob3", query + "ob2"} == links(shown)
    assert [one["src"] for one in shown.all("img")] == [f"{place}/image?version=1"]
    assert shown.meta() == {"og:type": "website", "og:title": "Rigger", "og:site_name": "Example Ltd", "og:description": "Works at height",
                            "og:url": f"{PUBLIC_URL}{place}?version=1", "og:image": f"{PUBLIC_URL}{place}/image?version=1&format=png"}
    alternate, = shown.all("link")
    assert alternate["href"] == f"{PUBLIC_URL}{place}{query}ob3"
    for link in query + "ob3", query + "ob2":
        assert look(programme, place + link, "*/*").json()["name"] == "Rigger"


def test_programs_get_what_they_always_got(programme):
    one = programme.achievement()
    for path, kind in (f"/achievements/{one['id']}", ["Achievement"]), (f"/issuers/{one['issuer']['id']}", ["Profile"]):
        for accept in "*/*", "application/json", "application/ld+json, text/html;q=0.5", "text/html;q=0.9, application/vc+ld+json, */*":
            answer = look(programme, path, accept)
            assert answer.headers["Content-Type"] == "application/ld+json" and answer.json()["type"] == kind
        html = look(programme, path + "?format=html", "*/*")
        assert html.text == look(programme, path).text
        assert html.headers["Cache-Control"] == "no-cache" and html.headers["Vary"] == "Accept, Accept-Language, Authorization"
        assert look(programme, path, **{"If-None-Match": html.headers["ETag"]}).status_code == 304
        assert programme.stranger.ask("HEAD", "/" + path, headers={"Accept": BROWSER}).headers["Content-Length"] == str(len(html.content))


def test_each_version_is_as_it_was_and_drafts_are_absent(programme):
    one = programme.achievement(name="Before", validity="P30D")
    path = f"/achievements/{one['id']}"
    programme.hr.patch(f"/achievements/{one['id']}", {"name": "After", "validity": None, "state": "published"}, "*")
    assert "Before" in page(programme, path + "?version=1").words and "30 days" in page(programme, path + "?version=1").words
    after = page(programme, path)
    assert "After" in after.words and "Valid for" not in after.words and "?version=2&format=ob3" in links(after)
    programme.hr.patch(f"/achievements/{one['id']}", {"name": "Secret"}, "*")
    assert "After" in page(programme, path).words
    for absent in path + "?version=3", path + "?version=x", f"/achievements/{programme.achievement(state='draft')['id']}":
        assert look(programme, absent).status_code == 404


def test_an_achievement_is_read_in_the_language_that_is_asked_for(programme):
    one = programme.achievement(name="First Aider", description="Helps", language="en", translations={"de": GERMAN})
    path = f"/achievements/{one['id']}"
    for wanted, name, tag in (("fr, de-CH;q=0.8", "Ersthelfer", "de"), ("en", "First Aider", "en"), ("", "First Aider", "en")):
        shown = page(programme, path, **{"Accept-Language": wanted})
        assert shown.meta()["og:title"] == name and shown.all("h1")[0]["lang"] == tag
    assert "Zwei Tage" in page(programme, path + "?lang=de", **{"Accept-Language": "en"}).words
    assert look(programme, path, "*/*", **{"Accept-Language": "de"}).json()["name"] == "First Aider"


def test_what_others_wrote_of_an_achievement_is_text(programme):
    one = programme.achievement([programme.skill(label=ODD)], name=ODD, description=ODD, criteria=ODD)
    shown = page(programme, f"/achievements/{one['id']}")
    assert shown.words.count(ODD) >= 5 and shown.meta()["og:title"] == ODD


# ---- issuers

def test_a_browser_reads_who_an_issuer_is(house, programme):
    admin = house.rescue
    fields = {"name": ODD, "url": "https://partner.example/?a=b&c", "mail": "badges@partner.example", "description": "Two\nlines <b>"}
    issuer = admin.post("/issuers", {**fields, "groups": ["cn=Issuers,ou=Groups,dc=example,dc=org"]})
    path = f"/issuers/{issuer['id']}"
    shown = page(programme, path)
    for words in ODD, "Two\nlines <b>", fields["url"], fields["mail"], issuer["did"]:
        assert words in shown.words, words
    assert "Groups" not in shown.words and not shown.all("img")
    assert links(shown) == {fields["url"], "mailto:" + fields["mail"], "?format=ob3", "?format=ob2"}
    admin.expect(200, "PUT", f"/api/v1/issuers/{issuer['id']}/image", data=png(), headers={"If-Match": "*", "Content-Type": PNG})
    shown = page(programme, path)
    image, = shown.all("img")
    assert image["src"].startswith(path + "/image") and look(programme, image["src"], PNG).headers["Content-Type"] == PNG
    assert shown.meta() == {"og:type": "website", "og:title": ODD, "og:site_name": ODD, "og:description": fields["description"],
                            "og:url": PUBLIC_URL + path, "og:image": PUBLIC_URL + image["src"]}


@pytest.mark.parametrize("fields", [{"url": "https://example.org/\"><script>"}, {"mail": "a@b?cc=c@d&body=<b>"}, {"image_url": "https://evil.example/t.png"}],
                         ids=lambda fields: next(iter(fields)))
def test_an_issuer_leads_nobody_astray(house, programme, fields):
    answer = house.rescue.ask("POST", "/issuers", {"name": "Odd one", **fields})
    if answer.status_code == 400:
        return
    shown = page(programme, f"/issuers/{answer.json()['id']}")
    assert not shown.all("img") and not [link for link in links(shown) if link.startswith("mailto:")]


def test_an_issuer_for_tests_says_so(house, programme):
    issuer = house.rescue.post("/issuers", {"name": "Try out", "sandbox": True})
    assert "Try out (for tests only)" in page(programme, f"/issuers/{issuer['id']}").words


# ---- what is not there

def told(programme, path, status, **how):
    """What a browser reads there, once a program was told the same: (words, problem)."""
    answer, problem = look(programme, path, **how), look(programme, path, "*/*", **how)
    assert answer.status_code == problem.status_code == status, answer.text
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Type"] == "text/html;charset=utf-8" and answer.headers["Content-Security-Policy"] == POLICY
    for name in "Cache-Control", "X-Content-Type-Options", "Referrer-Policy":
        assert answer.headers[name] == problem.headers[name]
    assert set(answer.headers) == set(problem.headers)
    shown = Page(answer.text)
    assert {tag for tag, _ in shown.elements} == {"html", "head", "meta", "title", "style", "body", "main", "h1", "p", "small"}
    problem = problem.json()
    words = shown.words.split("Request ")[0].split()
    assert words == (problem["title"] + " " + problem["title"] + " " + problem["detail"]).split()
    uuid.UUID(shown.words.split("Request ")[1].strip())
    return problem


def test_a_browser_is_told_in_words_what_is_not_there(house, programme):
    for path in "badges", "achievements", "issuers", "status", "endorsements", "nowhere":
        told(programme, f"/{path}/{uuid.uuid4()}", 404)
    told(programme, "/badges/x", 404)
    told(programme, "/", 404)
    made = programme.issue()
    assert look(programme, f"/badges/{made['id']}?format=nothing").headers["Content-Type"] == "application/problem+json"
    house.set_password(HOLDER)
    house.sign_in(HOLDER).patch(f"/credentials/{made['id']}", {"visibility": "private"}, "*")
    hidden, absent = (told(programme, f"/badges/{one}", 404) for one in (made["id"], uuid.uuid4()))
    for one in hidden, absent:
        del one["request_id"]
    assert hidden == absent


def test_only_who_reads_elsewhere_than_at_the_api_gets_pages(programme):
    place = f"/badges/{uuid.uuid4()}"
    for accept in "application/json", "text/html, application/json", "text/html, application/problem+json", "image/*, */*;q=0.8", "*/*":
        assert look(programme, place, accept).json()["status"] == 404
    for answer in (look(programme, f"/api/v1/achievements/{uuid.uuid4()}", client=programme.hr),
                   programme.stranger.ask("POST", "/" + place, {}, headers={"Accept": BROWSER})):
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_is_out_of_order_is_said_in_words(house, programme):
    """A table is gone, for all who ask."""
    house.sql("ALTER TABLE status_list RENAME TO elsewhere")
    try:
        told(programme, f"/status/{uuid.uuid4()}", 503)
        assert programme.stranger.last.headers["Retry-After"]
    finally:
        house.sql("ALTER TABLE elsewhere RENAME TO status_list")
