# SPDX-License-Identifier: Apache-2.0
"""Pictures of achievements, drawn and rendered, and badges baked into them."""
import json
import xml.etree.ElementTree as xml

import psycopg2
import pytest
from kit.badges import house, programme, verify_proof  # noqa: F401 fixtures
from kit.house import PUBLIC_URL
from kit.pictures import SVG, baked, chunks, counted, drawn, pixels, plain

TYPES = """Achievement ApprenticeshipCertificate Assessment Assignment AssociateDegree Award Badge BachelorDegree Certificate
CertificateOfCompletion Certification CoCurricular CommunityService Competency Course Degree Diploma DoctoralDegree
Fieldwork GeneralEducationDevelopment JourneymanCertificate LearningProgram License MasterCertificate MasterDegree
Membership MicroCredential ProfessionalDoctorate QualityAssuranceCredential ResearchDoctorate
SecondarySchoolDiploma""".split()
CREDENTIAL = "{https://purl.imsglobal.org/ob/v3p0}credential"
NAMES = {  # and what they are shortened to
    "plain words here": "PH", "one": "O", "Ünïcode 😀": "Ü😀", "😀 emoji": "😀E", "שלום עולם": "שע", "مرحبا بالعالم": "مب",
    "e\u0301clair a\u0308pfel": "E\u0301A\u0308", "\"quoted\" 'words'": "QW", "O'Brien": "O", "<b> & ]]> </svg>": "BS",
    "tab\tand\u200f\u202eturned": "TT", "no character \ufffe": "NC", "--- !!!": "", "漢字 仮名": "漢仮", "👩‍💻 pair": "👩P"}


def picture(programme, achievement, gives=200, accept=None, **parameters):
    client = programme.stranger
    client.get(f"//achievements/{achievement['id']}/image", gives=gives, headers={"Accept": accept} if accept else {},
               **parameters)
    return client.last.content


def svg(programme, achievement):
    return drawn(picture(programme, achievement, format="svg"))


def shape(root):
    path, = root.findall(SVG + "path")
    return path.get("d")


# ---- drawn

def test_rest_says_where_the_picture_is(programme):
    made = programme.achievement()
    assert made["image_url"] == f"{PUBLIC_URL}/achievements/{made['id']}/image?version=1"
    own = programme.achievement(image_url="https://example.org/own.png")
    assert own["image_url"] == "https://example.org/own.png"
    told = programme.badge(programme.issue(achievement=made))["credentialSubject"]["achievement"]
    assert told["image"] == {"id": made["image_url"], "type": "Image"}


def test_the_picture_of_a_draft_is_nobodys_else(programme):
    draft = programme.achievement(state="draft")
    assert draft["image_url"] == f"{PUBLIC_URL}/achievements/{draft['id']}/image?version=1"
    for version in {}, {"version": 1}:
        picture(programme, draft, gives=404, **version)
    picture(programme, programme.achievement(), gives=404, version=2)


def test_each_type_has_the_shape_of_its_family(programme):
    shapes = {kind: shape(svg(programme, programme.achievement([], type=kind))) for kind in TYPES}
    assert len(shapes) == 31 and len(set(shapes.values())) == 9
    told_apart = "Badge", "Certification", "Course", "Degree", "Certificate", "Diploma", "Award", "Membership", "MicroCredential"
    assert len({shapes[kind] for kind in told_apart}) == 9
    assert shapes["MasterDegree"] == shapes["BachelorDegree"] and shapes["License"] == shapes["Certification"]
    assert shape(svg(programme, programme.achievement([], type="ext:Own"))) == shapes["Badge"]


def test_a_learning_badge_and_a_certification_differ_at_a_glance(programme):
    width, height, badge = pixels(picture(programme, programme.achievement(type="Badge"), format="png"))
    _, _, other = pixels(picture(programme, programme.achievement([], type="Certification"), format="png"))
    seen = [[row[x + 3] > 128 for row in rows for x in range(0, len(row), 4)] for rows in (badge, other)]
    assert (width, height) == (400, 400)
    assert sum(a != b for a, b in zip(*seen)) > len(seen[0]) // 50


def test_the_ring_has_a_bead_for_each_level(programme):
    scale = programme.hr.post("/scales", {"name": "Of pictures", "levels": ["a", "b", "c", "d"]})
    skills = [programme.skill(scale=scale["id"]) for _ in range(2)]
    rows = [{"skill": skill["id"], "level": level} for skill, level in zip(skills, (2, 4))]
    achievement = programme.hr.post("/achievements", {"name": "x", "state": "published", "skills": rows})
    assert counted(svg(programme, achievement))["circle"] == 1 + 4
    assert counted(svg(programme, programme.achievement()))["circle"] == 1 + 1
    assert counted(svg(programme, programme.achievement([])))["circle"] == 0


def test_colours_go_by_the_id(programme):
    fills = {svg(programme, programme.achievement([], name="x")).find(SVG + "path").get("fill") for _ in range(12)}
    assert len(fills) > 1


@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_kinds_are_drawn(programme, name):
    achievement = programme.achievement([], name=name)
    root = svg(programme, achievement)
    assert root.find(SVG + "title").text == name.replace("\ufffe", "\ufffd")
    assert (root.find(SVG + "text").text or "") == NAMES[name]
    chunks(picture(programme, achievement, format="png"))


def test_the_same_is_drawn_each_time(programme):
    achievement = programme.achievement()
    first = picture(programme, achievement, format="svg")
    assert len(first) < 2500
    assert first == picture(programme, achievement, format="svg", version=1)


def test_initials_are_seen(programme):
    """There is a font, and librsvg finds it."""
    _, _, rows = pixels(picture(programme, programme.achievement([], name="Wide Mind", type="Course"), format="png"))
    white = sum(row[x:x + 4] == b"\xff\xff\xff\xff" for row in rows for x in range(0, len(row), 4))
    assert white > 1000


# ---- served

@pytest.mark.parametrize("accept, media", [
    (None, "image/png"), ("image/png", "image/png"), ("image/svg+xml", "image/svg+xml"), ("image/*", "image/png"),
    ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/png"),
    ("image/svg+xml, image/png;q=0.9", "image/svg+xml")])
def test_accept_chooses_the_form(programme, accept, media):
    picture(programme, programme.achievement(), accept=accept)
    assert programme.stranger.last.headers["Content-Type"] == media


def test_what_is_no_picture_is_refused(programme):
    achievement = programme.achievement()
    picture(programme, achievement, gives=406, accept="text/html")
    for word in "gif", "pn", "pngx":
        picture(programme, achievement, gives=400, format=word)
    programme.stranger.get(f"//achievements/{'0' * 8}/image", gives=404)


def test_pictures_may_be_kept_and_run_nothing(programme):
    achievement, client = programme.achievement(), programme.stranger
    for form in "png", "svg":
        picture(programme, achievement, format=form, version=1)
        head = client.last.headers
        assert head["Cache-Control"] == "public, max-age=86400" and head["X-Content-Type-Options"] == "nosniff"
        assert head["Content-Security-Policy"].startswith("default-src 'none'")
        again = client.ask("GET", f"//achievements/{achievement['id']}/image", params={"format": form},
                           headers={"If-None-Match": head["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_png_is_rendered_once_and_anew_when_it_is_lost(house, programme):
    achievement = programme.achievement()
    first = picture(programme, achievement, format="png")
    kept = house.sql(f"SELECT png FROM achievement_image WHERE achievement_id = '{achievement['id']}'")
    assert [bytes(png) for png, in kept] == [first]
    house.sql("DELETE FROM achievement_image")
    assert picture(programme, achievement, format="png", again="1") == first  # another address, which no memory answers
    with pytest.raises(psycopg2.errors.CheckViolation):
        house.sql("UPDATE achievement_image SET png = decode(repeat('00', 262145), 'hex')")


# ---- baked

def test_a_png_has_the_badge_in_it_once(programme):
    did = programme.stranger.get("/.well-known/did.json")
    made = programme.issue()
    for _ in range(2):
        programme.badge(made, accept="image/png")
        png = programme.stranger.last.content
        badge = programme.badge(made)
        inside = baked(png, "openbadgecredential")
        assert inside == programme.stranger.last.content
        verify_proof(json.loads(inside), did)
        assert plain(png) == chunks(picture(programme, made["achievement"], format="png"))
    assert badge["id"] == made["badge_url"]


def test_an_svg_has_the_badge_right_behind_its_root(programme):
    did = programme.stranger.get("/.well-known/did.json")
    made = programme.issue()
    programme.badge(made, accept="image/svg+xml")
    content = programme.stranger.last.content
    root = drawn(content)
    assert root[0].tag == CREDENTIAL and len(root.findall(CREDENTIAL)) == 1 and not root[0].attrib
    assert content.count(b"<![CDATA[") == 1 and content.count(b"xmlns:openbadges=\"https://purl.imsglobal.org/ob/v3p0\"") == 1
    verify_proof(json.loads(root[0].text), did)
    assert json.loads(root[0].text) == programme.badge(made)
    root.remove(root[0])
    assert xml.tostring(root) == xml.tostring(svg(programme, made["achievement"]))


@pytest.mark.parametrize("name", [*NAMES, "]]>]]>", "]]", "\uffff"])
def test_names_survive_baking(programme, name):
    made = programme.issue(achievement=programme.achievement([], name=name))
    for form in "png", "svg":
        programme.badge(made, format=form)
        content = programme.stranger.last.content
        inside = baked(content, "openbadgecredential") if form == "png" else drawn(content)[0].text
        assert json.loads(inside)["name"] == name
    assert json.loads(inside) == programme.badge(made)


def test_what_has_a_picture_elsewhere_is_baked_into_the_one_drawn(programme):
    made = programme.issue(achievement=programme.achievement(image_url="https://example.org/own.png"))
    programme.badge(made, format="png")
    assert plain(programme.stranger.last.content) == chunks(picture(programme, made["achievement"], format="png"))


def test_a_baked_badge_is_no_more_public_than_any(house, programme):
    made = programme.issue()
    house.sql(f"UPDATE badge SET visibility = 'private' WHERE credential_id = '{made['id']}'")
    for form in "png", "svg":
        programme.badge(made, gives=404, format=form)
