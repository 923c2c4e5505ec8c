# SPDX-License-Identifier: Apache-2.0
"""The page of a badge: what a person reads there, and that nothing of what others wrote is more than text."""
import pytest
from kit import paper
from kit.badges import Programme, badge_house, new_key, programme  # noqa: F401 a fixture
from kit.house import ACCOUNTS, BASE, PUBLIC_URL
from kit.page import BROWSER, ODD, Page

UNRELIABLE = "NOT TO BE RELIED ON: its issuer has revoked the key that it was signed with"


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        yield house


def page(programme, made, **how):
    return Page(programme.badge(made, accept=BROWSER, **how))


def forms_of(programme, made, gone=()):
    """Those that the page leads to, each of which can be had. With a token, since answers to anyone are kept for a moment."""
    shown = page(programme, made, client=programme.hr)
    names = [one["href"].partition("=")[2] for one in shown.all("a") if one["href"].startswith("?format=")]
    for name in names:
        answer = programme.hr.ask("GET", f"/badges/{made['id']}?format={name}")
        assert answer.status_code == (410 if name in gone else 200), name
    told = [one["href"] for one in shown.all("link") if "oembed" not in one["type"]]
    assert told == [f"{made['badge_url']}?format={name}" for name in names if name in ("ob3", "jwt", "ob2")]
    return names


def test_a_browser_gets_a_page_that_says_it_all(programme):
    skill = programme.skill(label="Rope work", uri="https://example.org/skills/rope")
    achievement = programme.achievement([skill], name="Rigger", description="Works at height", criteria="Two\nlines", validity="P2Y")
    made = programme.issue(achievement=achievement, issued_at="2026-01-15T12:00:00Z",
                           evidence=[{"name": "Test", "url": "https://example.org/t", "narrative": "Passed"}])
    shown = page(programme, made)
    for words in ("Rigger", "Works at height", "Two\nlines", "Rope work", made["person"]["name"], "Example Ltd", "2026-01-15",
                  "2028-01-15", "Test", "Passed", "Valid", "Rope work (Novice)"):
        assert words in shown.words, words
    links = {one["href"] for one in shown.all("a")}
    assert {"https://example.org", "https://example.org/t", "https://example.org/skills/rope", "?format=ob3"} <= links
    assert shown.meta() == {
        "og:type": "website", "og:title": "Rigger", "og:site_name": "Example Ltd", "og:description": "Works at height",
        "og:url": made["badge_url"], "og:image": f"{PUBLIC_URL}/achievements/{achievement['id']}/image?version=1&format=png"}
    image, = shown.all("img")
    assert image["src"] == f"/achievements/{achievement['id']}/image?version=1"


def test_a_page_leads_to_what_may_come_next(programme):
    following, draft, over = (programme.achievement(name=name, state=state) for name, state in (
        (ODD, "published"), ("Hidden", "draft"), ("Over", "published")))
    programme.hr.patch(f"/achievements/{over['id']}", {"state": "archived"}, "*")
    achieved = programme.achievement(recommended=[draft["id"], following["id"], over["id"]])
    shown = page(programme, programme.issue(achievement=achieved))
    assert [one["href"] for one in shown.all("a") if "/achievements/" in one["href"]] == [
        f"/achievements/{achieved['id']}?version=1", f"/achievements/{following['id']}"]
    assert f"/achievements/{following['id']}" in {one["href"] for one in Page(programme.stranger.ask(
        "GET", f"//achievements/{achieved['id']}", headers={"Accept": BROWSER}).text).all("a")}
    assert ODD in shown.words and not any(name in shown.words for name in ("Hidden", "Over"))
    assert "What may come next" not in page(programme, programme.issue()).words


def test_a_page_leads_to_the_other_forms(programme):
    made = programme.issue()
    assert forms_of(programme, made) == ["ob3", "png", "svg", "ob2", "pdf"]
    for document in f"/achievements/{made['achievement']['id']}", f"/issuers/{made['issuer']['id']}":
        shown = Page(programme.stranger.ask("GET", f"/{document}", headers={"Accept": BROWSER}).text)
        assert {one["href"].rpartition("=")[2] for one in shown.all("a") if "format=" in one["href"]} == {"ob3", "ob2"}


def test_a_page_leads_to_no_form_that_cannot_be_had(programme, house):
    school = programme.house.sign_in(ACCOUNTS["ADMIN"]).post("/issuers", {
        "name": "School", "mail": "s@example.org", "groups": [f"cn=issuers,ou=groups,{BASE}"]}, gives=201)
    achievement = programme.achievement([], issuer=school["id"])
    made = programme.issue(achievement=achievement)
    assert forms_of(programme, made) == ["ob2", "pdf"]
    key = new_key(house, "ed25519", school["id"])
    signs = new_key(house, "p256", school["id"])
    assert forms_of(programme, made) == ["ob3", "jwt", "png", "svg", "ob2", "pdf"]
    assert house.command("key", "revoke", key).returncode == house.command("key", "retire", signs).returncode == 0
    assert forms_of(programme, made) == ["ob3", "jwt", "png", "svg", "ob2", "pdf"], "they are kept"
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": "r"})
    assert forms_of(programme, made, gone=["ob2"]) == ["ob3", "png", "svg", "ob2", "pdf"], "a JWT is made anew"
    assert forms_of(programme, programme.issue(achievement=achievement)) == ["ob2", "pdf"]


def test_what_others_wrote_is_text(programme):
    skill = programme.skill(label=ODD)
    achievement = programme.achievement([skill], name=ODD, description=ODD, criteria=ODD)
    made = programme.issue(achievement=achievement, evidence=[{"name": ODD, "narrative": ODD}])
    programme.issuer.post(f"/credentials/{made['id']}/suspend", {"reason": ODD})
    shown = page(programme, made)
    assert shown.words.count(ODD) >= 8 and shown.meta()["og:title"] == ODD
    tags = {tag for tag, _ in shown.elements}
    assert not tags & {"script", "b", "iframe", "form", "svg", "object"}
    assert not [name for _, attributes in shown.elements for name in attributes if name.startswith("on") or name == "style"]
    policy = programme.stranger.last.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';") and "script" not in policy and "frame-ancestors 'none'" in policy
    assert programme.stranger.last.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_says_how_things_stand_now(house, programme):
    made = programme.issue(achievement=programme.achievement(validity="P1Y"))
    assert page(programme, made).state() == "state active"
    first = programme.stranger.last.headers["ETag"]
    for action, body, state, words in (("suspend", {"reason": "looked at"}, "suspended", "Suspended, because: looked at"),
                                       ("reinstate", {"reason": "all is well"}, "active", "Valid"),
                                       ("revoke", {"reason": "wrong person"}, "revoked", "Revoked, because: wrong person")):
        programme.issuer.post(f"/credentials/{made['id']}/{action}", body)
        shown = page(programme, made)
        assert shown.state() == f"state {state}" and words in shown.words and "all is well" not in shown.words
    assert programme.stranger.last.headers["ETag"] != first
    old = programme.issue(issued_at="2020-01-01T00:00:00Z", expires_at="2021-02-03T00:00:00Z")
    assert "Expired on 2021-02-03" in page(programme, old).words
    to_come = programme.issue(valid_from="2090-01-02T00:00:00Z")
    assert "Not valid before 2090-01-02" in page(programme, to_come).words
    assert house.sql("SELECT count(*) FROM badge_form WHERE format = 'html'") == [(0,)]


def test_a_page_leads_to_what_superseded_it_if_anyone_may_see_that(house, programme):
    old = programme.issue()
    new = programme.issuer.post(f"/credentials/{old['id']}/replace", {"reason": "Misspelt"}, gives=201)
    link = {"href": f"/badges/{new['id']}"}
    shown = page(programme, old, client=programme.hr)
    assert shown.state() == "state superseded" and "Superseded, because: Misspelt" in shown.words and link in shown.all("a")
    for words in "response = 'hidden'", "response = 'pending', visibility = 'colleagues'":
        house.sql(f"UPDATE badge SET {words} WHERE credential_id = '{new['id']}'")
        shown = page(programme, old, client=programme.hr)
        assert shown.state() == "state superseded" and new["id"] not in str(shown.elements) + shown.words


def test_a_page_says_that_its_key_was_revoked_before_it_signed(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        made, over = programme.issue(), programme.issue()
        programme.issuer.post(f"/credentials/{over['id']}/revoke", {"reason": "wrong person"})
        for one in made, over:
            programme.badge(one)
            programme.badge(one, format="pdf")
        assert house.command("key", "revoke", house.keys["ed25519"]).returncode == 0
        assert page(programme, made, client=programme.hr).state() == "state active"
        assert house.command("key", "revoke", house.keys["ed25519"], "2020-01-01").returncode == 0
        new_key(house, "ed25519")
        fine = programme.issue()
        badge = programme.stranger.ask("GET", f"/badges/{made['id']}").text
        assert not programme.hr.post("/verifications", {"badge": badge}, gives=200)["verified"]
        shown = page(programme, made, client=programme.hr)
        assert shown.state() == "state unreliable" and "Not to be relied on" in shown.words and "Valid\n" not in shown.words
        shown = page(programme, over, client=programme.hr)
        assert shown.state() == "state unreliable" and "Revoked, because: wrong person" in shown.words
        assert page(programme, fine, client=programme.hr).state() == "state active"
        for one, words in (made, {UNRELIABLE}), (over, {UNRELIABLE, "REVOKED: "}), (fine, set()):
            programme.badge(one, programme.hr, format="pdf")
            shown = paper.words(programme.hr.last.content)
            assert {said for said in (UNRELIABLE, "REVOKED: ") if said in shown} == words


def test_a_page_of_what_is_private_is_absent(house, programme):
    made = programme.issue()
    house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{made['id']}'")
    programme.badge(made, gives=404, accept=BROWSER)
    assert "<html" in programme.badge(made, programme.hr, accept=BROWSER)


def test_only_a_browser_gets_it(programme):
    made = programme.issue()
    for accept in "*/*", "application/json", "application/json, text/html;q=0.5":
        assert "proof" in programme.badge(made, accept=accept)


# ---- criteria in Markdown

TAGS_OF_MARKDOWN = {"p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "em", "strong", "code", "a"}


def criteria_of(programme, text):
    """What stands below the heading, as it is written."""
    made = programme.issue(achievement=programme.achievement([], criteria=text))
    whole = programme.badge(made, accept=BROWSER)
    Page(whole)
    return whole.partition("<h2>Criteria</h2>\n<div dir=\"auto\">")[2].partition("</div>\n<h2>")[0]


def test_criteria_are_markdown(programme):
    shown = criteria_of(programme, "# First\nTwo *parts*, each\n**passed** with `C & C`.\n\n- one\n  and more\n- [two](https://example.org/a?b=c&d)\n"
                                   "1. a_b_c and _d_\n\\*not\\* [x](javascript:alert(1)) 2 * 3 * 4")
    assert shown == (
        '<h3>First</h3>\n<p class="text">Two <em>parts</em>, each\n<strong>passed</strong> with <code>C &amp; C</code>.</p>\n'
        '<ul>\n<li class="text">one\nand more</li>\n<li class="text"><a rel="nofollow noopener noreferrer" '
        'href="https://example.org/a?b=c&amp;d">two</a></li>\n</ul>\n'
        '<ol>\n<li class="text">a_b_c and <em>d</em>\n*not* [x](javascript:alert(1)) 2 * 3 * 4</li>\n</ol>\n')


def test_what_is_closed_far_away_is_text(programme):
    far = "x" * 1000
    assert criteria_of(programme, f"*{far}* *y*") == f'<p class="text">*{far}* <em>y</em></p>\n'


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "[a](https://x\" onmouseover=\"alert(1))",
    "[<b>](https://example.org/<b>)", "[a](data:text/html,x)", "`<b>`", "**<i>**", "# <h1>", "- <li>", "[[a](https://a.b)](https://c.d)",
    "*" * 3000, "[" * 3000, "`" * 2999 + "a", "**a" * 1000, "_a*b**c" * 1000, "[a](" * 2000, "\\", "a\\", "> <b>", "&lt;b&gt; &#60;",
    "![x](https://evil.example.org/t.png)", "[x]: javascript:alert(1)\n[x]", "<https://example.org>", "1. \n- \n# \n#", ODD, "é" * 5000 + "*a*",
    "*a\n\nb*", "\n\n\n", " ", "***a***", "*a **b* c**"], ids=lambda text: repr(text[:12]))
def test_no_markdown_lets_anything_else_through(programme, text):
    made = programme.issue(achievement=programme.achievement([], criteria=text))
    shown = page(programme, made)
    own = {f"/issuers/{made['issuer']['id']}", f"/achievements/{made['achievement']['id']}?version=1"}
    before = {"html", "head", "meta", "title", "link", "style", "body", "main", "img", "br", "h1", "h2", "dl", "dt", "dd", "div", "span"}
    drawn = {tag for tag, _ in page(programme, programme.issue(achievement=programme.achievement([]))).elements}
    assert {tag for tag, _ in shown.elements} <= before | drawn | TAGS_OF_MARKDOWN
    for tag, attributes in shown.elements:
        assert not [name for name in attributes if name.startswith("on")], attributes
        if tag == "a":
            assert attributes["href"].startswith(("https://", "http://", "?format=")) or attributes["href"] in own
    assert "evil.example.org/t.png" not in {attributes.get("src") for _, attributes in shown.elements}


# ---- oEmbed

def embed(programme, url, gives=200, **parameters):
    return programme.stranger.get("//oembed", gives=gives, url=url, **parameters)


def test_a_page_says_how_it_is_embedded(programme):
    made = programme.issue(achievement=programme.achievement([], name=ODD))
    link, = [one for one in page(programme, made).all("link") if "oembed" in one["type"]]
    assert link["title"] == ODD and link["href"].startswith(PUBLIC_URL + "/oembed?")
    told = programme.stranger.get("/" + link["href"].removeprefix(PUBLIC_URL))
    assert told == embed(programme, made["badge_url"]) == embed(programme, made["badge_url"] + "?format=html#x", format="json")
    assert (told["version"], told["type"], told["title"], told["author_name"]) == ("1.0", "rich", ODD, "Example Ltd")
    assert (told["author_url"], told["provider_url"]) == ("https://example.org", PUBLIC_URL)
    image = f"{PUBLIC_URL}/achievements/{made['achievement']['id']}/image?version=1&format=png"
    assert told["thumbnail_url"] == image and told["width"] == told["height"] == told["thumbnail_width"] == 400
    shown = Page(told["html"])
    assert shown.elements == [("a", {"href": made["badge_url"]}),
                              ("img", {"src": image, "width": "400", "height": "400", "alt": ODD.replace("\t", " ")})]


def test_what_is_embedded_has_the_size_there_is_room_for(programme):
    made = programme.issue()
    for asked, side in (({"maxwidth": 200}, 200), ({"maxwidth": 300, "maxheight": 90}, 90), ({"maxheight": 5000}, 400)):
        told = embed(programme, made["badge_url"], **asked)
        assert told["width"] == told["height"] == side and ("thumbnail_url" in told) == (side == 400)
        assert f'width="{side}" height="{side}"' in told["html"]
    for wrong in "0", "x", "", "-1", "9" * 30:
        embed(programme, made["badge_url"], gives=400, maxwidth=wrong)


def test_what_cannot_be_embedded_is_refused(house, programme):
    made = programme.issue()
    for url in ("https://example.org/badges/" + made["id"], PUBLIC_URL + "/badges/" + "0" * 36, made["badge_url"] + "0", made["badge_url"][:-1],
                PUBLIC_URL + ".example.org/badges/" + made["id"], PUBLIC_URL + "/achievements/" + made["achievement"]["id"], "", "%zz"):
        embed(programme, url, gives=404)
    embed(programme, made["badge_url"], gives=501, format="xml")
    programme.stranger.get("//oembed", gives=400)
    house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{made['id']}'")
    embed(programme, made["badge_url"], gives=404)


def test_who_has_what_is_embedded_is_told_so(programme):
    made = programme.issue()
    embed(programme, made["badge_url"])
    etag = programme.stranger.last.headers["ETag"]
    again = programme.stranger.ask("GET", "//oembed", params={"url": made["badge_url"]}, headers={"If-None-Match": etag})
    assert again.status_code == 304
