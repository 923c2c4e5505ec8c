# SPDX-License-Identifier: Apache-2.0
"""Certificates: what stands on them, for whom, on which paper, and that they say what is good no longer."""
import unicodedata

import pytest
from kit import paper
from kit.badges import COLLEAGUE, HOLDER, house, programme  # noqa: F401 fixtures
from kit.house import PUBLIC_URL
from kit.pictures import made, vector

# What pages of other scripts hold; a reader may have the parts of one that is written from the right in another order.
NAMES = ["Łukasz Wójcik", "Σωκράτης Ἀθηναῖος", "Анна Каренина", "e\u0301clair a\u0308pfel", "\"quoted\" 'words' \\ back", "<b> & ]]> </svg>",
         "漢字 仮名", "emoji 😀 inside", "O'Brien (née (Smith)", "%PDF-1.7 endobj"]
FROM_THE_RIGHT = ["שלום עולם", "مرحبا بالعالم"]


def pdf(programme, credential, **parameters):
    client = parameters.pop("client", programme.stranger)
    programme.badge(credential, client, format="pdf", **parameters)
    assert client.last.headers["Content-Type"] == "application/pdf"
    assert client.last.content.startswith(b"%PDF-")
    return client.last.content


def named(house, programme, name, achievement="x"):
    """A credential of somebody of that name."""
    credential = programme.issue(COLLEAGUE, programme.achievement([], name=achievement))
    house.sql("UPDATE person SET name = %s WHERE id = %s", name, credential["person"]["id"])
    return credential


def squeezed(text):
    return "".join(unicodedata.normalize("NFC", text).split())


def test_it_says_all_that_is_to_be_printed(programme):
    skill = programme.skill(label="Rope work")
    achievement = programme.achievement([skill], name="Rigger of masts", description="Works at height.", type="Certification", validity="P2Y")
    credential = programme.issue(achievement=achievement, issued_at="2026-01-15T12:00:00Z")
    page = pdf(programme, credential)
    shown = paper.words(page)
    for words in ("Rigger of masts", "Works at height.", "Rope work (Novice)", credential["person"]["name"], "Example Ltd", "2026-01-15", "2028-01-15",
                  credential["badge_url"]):
        assert words in shown, words
    assert "REVOKED" not in shown
    told = paper.facts(page)
    assert told["Title"] == "Rigger of masts" and told["Author"] == "Example Ltd" and told["Pages"] == "1"
    assert told["Subject"] == f"Awarded to {credential['person']['name']} by Example Ltd"
    assert told["Keywords"] == "Open Badges, Certification, Rope work"
    assert told["CreationDate"].startswith("2026-01-15T12:00:00")


def test_a_camera_finds_the_public_page(programme):
    credential = programme.issue()
    assert paper.codes(pdf(programme, credential)) == [credential["badge_url"]]
    assert paper.codes(pdf(programme, credential, paper="letter")) == [credential["badge_url"]]
    assert b"/URI (" + credential["badge_url"].encode() in pdf(programme, credential)


def test_it_comes_by_accept_and_on_the_paper_that_was_asked_for(house, programme):
    credential = programme.issue()
    programme.badge(credential, accept="application/pdf")
    usual = programme.stranger.last.content
    a4, letter = (pdf(programme, credential, paper=size) for size in ("a4", "letter"))
    assert usual == a4 == pdf(programme, credential)
    assert "A4" in paper.facts(a4)["Page size"] and "letter" in paper.facts(letter)["Page size"]
    for wrong in "a5", "", "letters":
        programme.badge(credential, gives=400, format="pdf", paper=wrong)
    programme.badge(credential, gives=400, format="pdf-letter")
    house.configure({"issuer": {"paper": "letter"}})
    house.restart()
    assert pdf(programme, credential) == letter == pdf(programme, credential, paper="letter")
    assert pdf(programme, credential, paper="a4") == a4
    house.configure({"issuer": {"paper": None}})
    house.restart()


def test_it_is_the_same_until_something_happens_and_made_alike_again(house, programme):
    credential = programme.issue()
    first = pdf(programme, credential)
    head = programme.stranger.last.headers
    assert head["ETag"] and head["Cache-Control"] == "no-cache" and head["X-Content-Type-Options"] == "nosniff"
    assert pdf(programme, credential) == first
    house.sql("DELETE FROM badge_form WHERE format = 'pdf'")
    assert pdf(programme, credential) == first


def test_what_is_good_no_longer_says_so(programme):
    credential = programme.issue()
    first = pdf(programme, credential)
    for action, body, words in (("suspend", {"reason": "looked into"}, "SUSPENDED: this is no valid certificate, because: looked into"),
                                ("reinstate", None, None),
                                ("revoke", {"reason": "wrong person"}, "REVOKED: this is no valid certificate, because: wrong person")):
        programme.issuer.post(f"/credentials/{credential['id']}/{action}", body)
        page = pdf(programme, credential)
        assert (words in paper.words(page)) if words else (page == first), action
        assert paper.codes(page) == [credential["badge_url"]]


def test_dates_stand_on_it_whenever_it_is_printed(programme):
    old = programme.issue(issued_at="2020-01-01T00:00:00Z", expires_at="2021-02-03T00:00:00Z")
    assert "Valid from 2020-01-01 until 2021-02-03" in paper.words(pdf(programme, old))
    later = programme.issue(valid_from="2090-01-02T00:00:00Z")
    assert "Valid from 2090-01-02, without an end" in paper.words(pdf(programme, later))


def test_what_time_has_changed_is_said_on_it_too(house, programme):
    """By the holder, who is told what is so now, and not what is kept for strangers for a moment."""
    credential = programme.issue(valid_from="2090-01-02T00:00:00Z", expires_at="2091-01-02T00:00:00Z")
    house.set_password(HOLDER)
    holder = house.sign_in(HOLDER)
    to_come, over = "NOT YET VALID: this is no valid certificate before 2090-01-02", "EXPIRED: this is no valid certificate since 2021-02-03"
    assert to_come in paper.words(pdf(programme, credential, client=holder))
    house.sql("UPDATE credential SET valid_from = '2020-01-01' WHERE id = %s", credential["id"])
    good = pdf(programme, credential, client=holder)
    assert "no valid certificate" not in paper.words(good) and pdf(programme, credential, client=holder) == good
    house.sql("UPDATE credential SET expires_at = '2021-02-03' WHERE id = %s", credential["id"])
    for size in "a4", "letter":
        assert over in paper.words(pdf(programme, credential, client=holder, paper=size))
    programme.issuer.post(f"/credentials/{credential['id']}/revoke", {"reason": "wrong person"})
    shown = paper.words(pdf(programme, credential, client=holder))
    assert "REVOKED" in shown and "EXPIRED" not in shown


def test_it_is_made_out_to_the_name_of_today(house, programme):
    credential = programme.issue()
    before, name = pdf(programme, credential, client=programme.hr), credential["person"]["name"]
    try:
        house.write_entry(HOLDER, "cn", "Patrick Quinn-Ross 😀")
        house.sync()
        for size in "a4", "letter":
            page = pdf(programme, credential, client=programme.hr, paper=size)
            assert paper.facts(page)["Subject"] == "Awarded to Patrick Quinn-Ross 😀 by Example Ltd"
            assert pdf(programme, credential, client=programme.hr, paper=size) == page
    finally:
        house.write_entry(HOLDER, "cn", name)
        house.sync()
    assert pdf(programme, credential, client=programme.hr) == before


def test_the_level_of_each_skill_stands_on_it(house, programme):
    scale = house.rescue.post("/scales", {"name": "Belts", "levels": ["White <b>", "Bläck 😀"]})
    skills = [programme.skill(label="Judo", scale=scale["id"]), programme.skill(label="Tea")]
    achievement = programme.hr.post("/achievements", {"name": "Both", "state": "published", "alignments": [{"name": "No skill", "url": "https://example.org/a"}], "skills": [
        {"skill": one["id"], "level": level} for one, level in zip(skills, (2, 4))]})
    shown = paper.words(pdf(programme, programme.issue(achievement=achievement)))
    assert "Skills: Judo (Bläck 😀) · Tea (Proficient)" in shown and "No skill" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_are_printed(house, programme, name):
    credential = named(house, programme, name, name)
    page = pdf(programme, credential)
    assert squeezed(paper.words(page)).count(squeezed(name)) >= 2
    told = paper.facts(page)
    assert told["Title"] == name and told["Subject"] == f"Awarded to {name} by Example Ltd"
    assert paper.codes(page) == [credential["badge_url"]]


@pytest.mark.parametrize("name", FROM_THE_RIGHT)
def test_names_from_the_right_are_printed(house, programme, name):
    page = pdf(programme, named(house, programme, name))
    assert name in paper.facts(page)["Subject"]
    shown = unicodedata.normalize("NFKC", paper.words(page))
    for word in name.split():
        assert word in shown or word[::-1] in shown, shown


@pytest.mark.parametrize("name", ["a\tb\x01c\x1b[2J\x7f", "\u202eturned\u2066", "\ufffe\uffff", "👩‍👩‍👧‍👦", "Z\u0335\u0321\u0322a\u0334l\u0337go", "x" * 500,
                                  "漢" * 300])
def test_nothing_in_a_name_harms_the_page(house, programme, name):
    credential = named(house, programme, name)
    page = pdf(programme, credential)
    assert paper.facts(page)["Pages"] == "1" and paper.codes(page) == [credential["badge_url"]]
    if name.startswith("a\t"):
        assert "a b\ufffdc\ufffd[2J\ufffd" in paper.words(page)
    if set(name) in ({"x"}, {"漢"}):
        assert squeezed(paper.words(page)).count(name[0] * len(name)) == 1


def test_much_that_is_said_leaves_room_for_the_rest(programme):
    achievement = programme.achievement([programme.skill(label=f"Skill of number {number} " * 5) for number in range(40)], name="n " * 250,
                                        description="word " * 2000)
    credential = programme.issue(achievement=achievement)
    page = pdf(programme, credential)
    shown = paper.words(page)
    assert "Valid from" in shown and credential["badge_url"] in shown
    assert paper.codes(page) == [credential["badge_url"]] and paper.facts(page)["Pages"] == "1"
    width, height, grey = paper.pixels(page)
    blank = [all(one > 250 for one in grey[y * width:(y + 1) * width]) for y in range(height * 3 // 4, height * 9 // 10)]
    assert any(all(blank[i:i + 4]) for i in range(len(blank))), "what is said runs into the foot"


def test_what_was_uploaded_is_on_it(programme):
    darkness = []
    for data, kind in (vector("<rect width='10' height='10' fill='#000'/>"), "image/svg+xml"), (made(64, 64), "image/png"), (None, None):
        one = programme.achievement([], state="draft")
        if data:
            programme.hr.expect(200, "PUT", f"/achievements/{one['id']}/image", data=data, headers={"If-Match": "*", "Content-Type": kind})
        programme.hr.patch(f"/achievements/{one['id']}", {"state": "published"}, "*")
        width, height, grey = paper.pixels(pdf(programme, programme.issue(achievement=one)), 50)
        middle = [grey[y * width + x] for y in range(height // 12, height // 5) for x in range(width * 4 // 10, width * 6 // 10)]
        darkness.append(sum(middle) / len(middle))
    assert darkness[0] < 20 and len({round(one) for one in darkness}) == 3


def test_it_is_no_more_public_than_any_form(house, programme):
    credential = programme.issue()
    pdf(programme, credential)
    house.set_password(HOLDER)
    holder = house.sign_in(HOLDER)
    holder.patch(f"/credentials/{credential['id']}", {"visibility": "private"}, "*")
    programme.badge(credential, gives=404, format="pdf")
    assert credential["person"]["name"] in paper.words(pdf(programme, credential, client=holder))


def test_the_daemon_stays_small(house, programme):
    before = house.memory("VmHWM")
    for _ in range(3):
        pdf(programme, programme.issue())
    assert house.memory("VmHWM") - before < 4 << 20
    assert PUBLIC_URL in paper.words(pdf(programme, programme.issue()))
