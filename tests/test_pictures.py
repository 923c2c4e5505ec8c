# SPDX-License-Identifier: Apache-2.0
"""Pictures that people upload: what becomes of them, what is baked into them, and what is refused. No picture runs anything."""
import base64
import http.client
import json
import pathlib
import random
import subprocess
import threading
import xml.etree.ElementTree as xml
import zlib

import pytest
from kit.badges import house, programme  # noqa: F401 fixtures
from kit.house import PUBLIC_URL, installed
from kit.pictures import SVG, baked, chunk, chunks, counted, drawn, made, pixels, plain, vector

PNG, VECTOR = "image/png", "image/svg+xml"
BOMB = zlib.compress(bytes(50_000_000), 9)
LAUGHS = "<!DOCTYPE svg [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi")) + "]>"


def put(programme, achievement, data, kind=PNG, *, gives=200, client=None, etag=None):
    client = client or programme.hr
    if etag is None:
        client.get(f"/achievements/{achievement['id']}")
        etag = client.last.headers["ETag"]
    return client.expect(gives, "PUT", f"/achievements/{achievement['id']}/image", data=data,
                         headers={"If-Match": etag, "Content-Type": kind})


def picture(programme, achievement, client=None, gives=200, **parameters):
    client = client or programme.stranger
    client.get(f"//achievements/{achievement['id']}/image", gives=gives, **parameters)
    return client.last.content


def draft(programme, **fields):
    return programme.achievement([], state="draft", **fields)


def publish(programme, achievement):
    return programme.hr.patch(f"/achievements/{achievement['id']}", {"state": "published"}, programme.hr.last.headers["ETag"])


# ---- taken

def test_pixels_are_kept_in_the_middle_of_a_square(programme):
    one = draft(programme)
    upload = made(40, 24)
    told = put(programme, one, upload)
    assert told["image"] == {"uploaded": "png"} and told["version"] == 1
    publish(programme, one)
    width, height, rows = pixels(picture(programme, one, format="png"))
    _, _, wanted = pixels(upload)
    assert (width, height) == (40, 40)
    assert rows[8:32] == wanted and not any(map(any, rows[:8] + rows[32:]))


def test_words_profiles_and_what_is_behind_the_end_are_dropped(programme):
    more = chunk(b"tEXt", b"Author\0somebody") + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"x" * 100)) + chunk(b"eXIf", b"MM")
    one = draft(programme)
    put(programme, one, made(more=more) + b"<script>alert(1)</script>")
    publish(programme, one)
    assert {kind for kind, _ in chunks(picture(programme, one, format="png"))} <= {b"IHDR", b"sRGB", b"gAMA", b"IDAT", b"IEND"}


def test_a_vector_picture_is_written_anew_and_rendered(programme):
    one = draft(programme)
    told = put(programme, one, vector("<rect width='9' height='10' style='fill: #ff0000; -inkscape-x: y'/>"), VECTOR)
    assert told["image"] == {"uploaded": "svg"}
    publish(programme, one)
    root = drawn(picture(programme, one, format="svg"))
    assert root.find(SVG + "rect").attrib == {"width": "9", "height": "10", "fill": "#ff0000"}
    assert root.get("viewBox") == "0 0 10 10"
    _, _, rows = pixels(picture(programme, one, format="png"))
    assert rows[200][:4] == b"\xff\0\0\xff"


EDITED = b"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with an editor -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:svg="http://www.w3.org/2000/svg" xmlns:e="http://editor.example/"
 xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:html="http://www.w3.org/1999/xhtml" width="20" height="10" e:v="1" class="x" id="root">
<e:view e:zoom="2"><svg:script>alert(1)</svg:script></e:view><metadata><anything href="http://example.org"/></metadata>
<defs><linearGradient id="a"><stop offset="0" style="stop-color:#f00;stop-opacity:1"/></linearGradient>
<linearGradient id="b" xlink:href="#a" x1="0" x2="20" gradientUnits="userSpaceOnUse"/></defs>
<g e:label="Layer" style="display:inline;fill:url(#b)"><svg:path d="M0 0H20V10z" data-x="1" fill="blue" font-family="a:b"/>
<text x="1" y="9">A &amp; <tspan font-weight="bold">&lt;b&gt; \xf0\x9f\x98\x80</tspan></text></g>
<html:script>alert(1)</html:script><title>T<html:b>x</html:b></title><desc><![CDATA[<script>]]></desc>here is nothing</svg>"""


def test_of_what_an_editor_wrote_what_draws_is_kept(programme):
    one = draft(programme)
    put(programme, one, EDITED, VECTOR)
    publish(programme, one)
    served = picture(programme, one, format="svg")
    root = xml.fromstring(served)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == \
        {"svg", "defs", "linearGradient", "stop", "g", "path", "text", "tspan", "title", "desc"}
    assert root.get("viewBox") == "0 0 20 10" and root.get("id") == "root"
    assert root.find(f"{SVG}g").attrib == {"display": "inline", "fill": "url(#b)"}
    assert root.find(f"{SVG}g/{SVG}path").attrib == {"d": "M0 0H20V10z", "fill": "blue"}
    assert "".join(root.find(f"{SVG}g/{SVG}text").itertext()) == "A & <b> 😀"
    assert root.find(SVG + "title").text == "T" and root.find(SVG + "desc").text == "<script>"
    assert root.find(f"{SVG}defs/{SVG}linearGradient[2]").attrib["{http://www.w3.org/1999/xlink}href"] == "#a"
    assert b"<script" not in served and b"nothing" not in served and b"<!" not in served


def test_what_was_published_gets_the_picture_in_its_next_version(house, programme):
    one = programme.achievement([])
    issued = programme.issue(achievement=one)
    before = picture(programme, one, format="png", version=1)
    told = put(programme, one, made())
    assert (told["version"], told["state"]) == (2, "draft")
    assert told["image_url"] == f"{PUBLIC_URL}/achievements/{one['id']}/image?version=2"
    picture(programme, one, gives=404, version=2)
    assert picture(programme, one, format="png") == before
    told = publish(programme, one)
    assert told["image_url"] == f"{PUBLIC_URL}/achievements/{one['id']}/image?version=2"
    after = picture(programme, one, format="png")
    assert after == picture(programme, one, format="png", version=2) != before == picture(programme, one, format="png", version=1)
    for credential, image in (issued, before), (programme.issue(achievement=one), after):
        programme.badge(credential, format="png")
        assert plain(programme.stranger.last.content) == chunks(image)
        assert json.loads(baked(programme.stranger.last.content, "openbadgecredential")) == programme.badge(credential)
    told = programme.hr.patch(f"/achievements/{one['id']}", {"name": "Another", "state": "published"}, '"3"')
    assert told["image"] == {"uploaded": "png"} and picture(programme, one, format="png") == after


def test_badges_are_baked_into_what_was_uploaded(programme):
    for data, kind in (made(), PNG), (vector(), VECTOR):
        one = draft(programme)
        put(programme, one, data, kind)
        publish(programme, one)
        credential = programme.issue(achievement=one)
        png, svg = (picture(programme, one, format=form) for form in ("png", "svg"))
        for form, keyword in ("png", "openbadgecredential"), ("ob2-png", "openbadges"):
            programme.badge(credential, format=form)
            assert plain(programme.stranger.last.content) == chunks(png) and baked(programme.stranger.last.content, keyword)
        for form in "svg", "ob2-svg":
            programme.badge(credential, format=form)
            root = xml.fromstring(programme.stranger.last.content)
            root.remove(root[0])
            assert xml.tostring(root) == xml.tostring(xml.fromstring(svg))
        if kind == PNG:
            address, = [value for element in root.iter() for name, value in element.attrib.items() if name == "href"]
            assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == png


def test_a_draft_is_shown_to_those_who_may_change_it(house, programme):
    one = draft(programme)
    for data in vector(), made(), made(64, 64):
        told = put(programme, one, data, VECTOR if data.startswith(b"<") else PNG)
        shown = picture(programme, one, programme.hr, format="png")
        assert programme.hr.last.headers["Cache-Control"] == "private, no-cache"
        programme.hr.get("/" + told["image_url"].removeprefix(PUBLIC_URL), headers={"Accept": PNG})
        assert programme.hr.last.content == shown and programme.hr.last.headers["Cache-Control"] == "private, no-cache"
    assert shown == picture(programme, one, programme.issuer, format="png", version=1)
    for client in programme.stranger, house.sign_in("pquinn", house.set_password("pquinn")):
        picture(programme, one, client, gives=404)
        picture(programme, one, client, gives=404, version=1)
    assert house.sql("SELECT count(*) FROM picture p WHERE NOT EXISTS (SELECT FROM achievement_version WHERE picture_id = p.id)") == [(0,)]


def test_a_drawn_draft_follows_each_change(programme):
    one = draft(programme, name="Alpha")
    first = picture(programme, one, programme.hr, format="png")
    programme.hr.patch(f"/achievements/{one['id']}", {"name": "Beta"}, "*")
    assert picture(programme, one, programme.hr, format="png") != first


def test_every_upload_is_in_the_story(house, programme):
    one = draft(programme)
    put(programme, one, vector(), VECTOR)
    kinds = house.sql(f"SELECT kind FROM achievement_event WHERE achievement_id = '{one['id']}' ORDER BY id")
    assert kinds == [("created",), ("edited",)]
    assert house.sql(f"SELECT action, outcome FROM audit_entry WHERE object = '{one['id']}' ORDER BY seq") == \
        [("achievement.add", "ok"), ("achievement.set", "ok")]
    put(programme, one, b"GIF89a", gives=400)
    assert house.sql(f"SELECT count(*) FROM audit_entry WHERE object = '{one['id']}'") == [(2,)]


def test_of_two_at_once_one_wins(programme):
    one = draft(programme)
    etag = programme.hr.last.headers["ETag"]
    statuses = []

    def upload(client, data):
        statuses.append(client.ask("PUT", f"/achievements/{one['id']}/image", data=data,
                                   headers={"If-Match": etag, "Content-Type": VECTOR}).status_code)
    threads = [threading.Thread(target=upload, args=(programme.hr.twin(), vector(f"<circle r='{number}'/>"))) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412, 412]


def test_the_wrong_kind_stale_or_missing_tags_and_archived_ones(programme):
    one = draft(programme)
    put(programme, one, made(), "image/gif", gives=415)
    put(programme, one, made(), "application/json", gives=415)
    put(programme, one, b"", gives=400)
    put(programme, one, made(), etag='"99"', gives=412)
    programme.hr.expect(428, "PUT", f"/achievements/{one['id']}/image", data=made(), headers={"Content-Type": PNG})
    programme.hr.patch(f"/achievements/{one['id']}", {"state": "archived"}, "*")
    put(programme, one, made(), gives=409)


# ---- refused

REFUSED = {  # what, as which kind, and words of the reason
    "entity bomb": (vector("<text>&i;</text>", LAUGHS), VECTOR, "entities"),
    "entity of a file": (vector("<text>&x;</text>", "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"), VECTOR, "entities"),
    "unknown entity": (vector("<text>&x;</text>"), VECTOR, "well-formed"),
    "entities in UTF-16": (vector("<text>&i;</text>", LAUGHS).decode().encode("utf-16"), VECTOR, "UTF-8"),
    "script": (vector("<script>alert(1)</script>"), VECTOR, "<script>"),
    "handler": (vector("<path d='M0 0' onclick='alert(1)'/>"), VECTOR, "onclick"),
    "handler of the root": (vector(attributes="viewBox='0 0 1 1' onload='alert(1)'"), VECTOR, "onload"),
    "foreign": (vector("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>"), VECTOR, "<foreignObject>"),
    "link": (vector("<a href='javascript:alert(1)'><path d='M0 0'/></a>"), VECTOR, "<a>"),
    "image elsewhere": (vector("<image href='http://example.org/x.png'/>"), VECTOR, "<image>"),
    "repeated": (vector("<g id='a'/><use href='#a'/>"), VECTOR, "<use>"),
    "animated": (vector("<path d='M0 0'><animate attributeName='d'/></path>"), VECTOR, "<animate>"),
    "sheet": (vector("<style>@import url(http://example.org/x.css)</style>"), VECTOR, "<style>"),
    "paint elsewhere": (vector("<path d='M0 0' fill='url(http://example.org/#a)'/>"), VECTOR, "fill of <path>"),
    "style elsewhere": (vector("<path d='M0 0' style='stroke: URL(\"//example.org/#a\")'/>"), VECTOR, "stroke of <path>"),
    "gradient elsewhere": (vector("<linearGradient href='http://example.org/#a'/>"), VECTOR, "href of <linearGradient>"),
    "deep": (vector("<g>" * 200 + "</g>" * 200), VECTOR, "deep"),
    "many": (vector("<g/>" * 9000), VECTOR, "5000"),
    "cut": (vector()[:-9], VECTOR, "cut off"),
    "no size": (vector(attributes=""), VECTOR, "how large"),
    "no size at all": (vector(attributes="viewBox='0 0 nan 5'"), VECTOR, "how large"),
    "not SVG": (b"<html><body/></html>", VECTOR, "<html>"),
    "PNG as SVG": (made(), VECTOR, "UTF-8"),
    "SVG as PNG": (vector(), PNG, "no PNG"),
    "GIF": (b"GIF89a" + bytes(100), PNG, "no PNG"),
    "cut PNG": (made()[:-30], PNG, "cut off"),
    "no end": (made(end=b""), PNG, "cut off"),
    "no head": (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), PNG, "head"),
    "bit turned": (made()[:60] + b"\x55\xaa" + made()[62:], PNG, "damaged"),
    "too few lines": (made(lines=[b"\0" * 100]), PNG, "damaged"),
    "huge": (made(60000, 60000, lines=[b""]), PNG, "60000 by 60000"),
    "long": (made(2049, 16, lines=[b""]), PNG, "2049 by 16"),
    "tiny": (made(1, 1), PNG, "1 by 1"),
    "moving": (made(more=chunk(b"acTL", bytes(8))), PNG, "animated"),
    "zTXt bomb": (made(more=chunk(b"zTXt", b"x\0\0" + BOMB)), PNG, "zTXt"),
    "iTXt bomb": (made(more=chunk(b"iTXt", b"x\0\1\0\0\0" + BOMB)), PNG, "iTXt"),
    "iCCP bomb": (made(more=chunk(b"iCCP", b"x\0\0" + BOMB)), PNG, "iCCP"),
}


@pytest.fixture(scope="module")
def target(programme):
    return draft(programme)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_still_picture_is_refused_with_its_reason(house, programme, target, name):
    data, kind, word = REFUSED[name]
    assert len(data) <= 1 << 20
    before = house.memory("VmHWM")
    told = put(programme, target, data, kind, gives=400)
    assert word in told["detail"], told["detail"]
    assert house.memory("VmHWM") - before < 8 << 20
    assert "image" not in programme.hr.get(f"/achievements/{target['id']}")


def test_a_hundred_megabytes_are_refused_unread(house, programme, target):
    programme.hr.get(f"/achievements/{target['id']}")
    link = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
    link.putrequest("PUT", f"/api/v1/achievements/{target['id']}/image")
    for name, value in {"Authorization": f"Bearer {programme.hr.token}", "If-Match": "*", "Content-Type": PNG,
                        "Content-Length": str(100_000_000)}.items():
        link.putheader(name, value)
    link.endheaders()
    assert link.getresponse().status == 413
    link.close()
    put(programme, target, made(more=chunk(b"tEXt", bytes(1 << 20))), gives=413)


def test_what_would_be_larger_than_may_be_is_refused(programme, target):
    """A byte a pixel becomes four."""
    head = chunk(b"IHDR", (1010).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0]))
    noise = b"".join(b"\0" + random.Random(y).randbytes(1010) for y in range(1010))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(noise)) + chunk(b"IEND", b"")
    assert len(data) < 1 << 20 and "1048576" in put(programme, target, data, gives=400)["detail"]


def test_what_takes_for_ever_to_draw_is_refused(house, programme, target):
    dashes = "".join(f"<path d='M0 {y}H1000000' stroke='red' stroke-dasharray='0.0001'/>" for y in range(9))
    told = put(programme, target, vector(dashes, attributes="viewBox='0 0 900000 900000'"), VECTOR, gives=(200, 400))
    assert "detail" not in told or "drawn" in told["detail"]


def test_who_reads_it_can_do_nothing_else():
    """No file, no network, no other program: the kernel refuses what skillsd-draw does not need for reading pictures."""
    process = subprocess.Popen([installed() / "skillsd-draw", "clean", "svg"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    status = pathlib.Path(f"/proc/{process.pid}/status")
    while "Seccomp:\t2" not in status.read_text():
        assert process.poll() is None
    assert "NoNewPrivs:\t1" in status.read_text()
    out, _ = process.communicate(vector(), timeout=60)
    assert out.startswith(b"+<svg")


# ---- shown

def test_nothing_that_is_served_could_run(programme):
    for data, kind in (made(), PNG), (vector(), VECTOR):
        one = draft(programme)
        put(programme, one, data, kind)
        publish(programme, one)
        credential = programme.issue(achievement=one)
        for form, media in ("png", PNG), ("svg", VECTOR):
            picture(programme, one, format=form)
            heads = [programme.stranger.last.headers]
            programme.badge(credential, format=form)
            for head in [*heads, programme.stranger.last.headers]:
                assert head["Content-Type"] == media and head["X-Content-Type-Options"] == "nosniff"
                policy = head["Content-Security-Policy"].split("; ")
                assert "default-src 'none'" in policy and "sandbox" in policy and not any("script" in word for word in policy)


# ---- drawn as it was asked for

def test_shape_colours_and_initials_may_be_asked_for(programme):
    usual = drawn(picture(programme, programme.achievement([], type="Badge"), format="svg"))
    one = programme.achievement([], name="Some Name", image={"shape": "shield", "colours": ["#ffee00", "#123456"], "initials": "XYZ"})
    assert one["image"] == {"shape": "shield", "colours": ["#ffee00", "#123456"], "initials": "XYZ"}
    root = drawn(picture(programme, one, format="svg"))
    shape = root.find(SVG + "path")
    assert (shape.get("fill"), shape.get("stroke")) == ("#ffee00", "#123456") and shape.get("d") != usual.find(SVG + "path").get("d")
    assert root.find(SVG + "text").text == "XYZ" and root.find(SVG + "text").get("fill") == "#1a1a1a"
    dark = drawn(picture(programme, programme.achievement([], image={"colours": ["#000080"]}), format="svg"))
    assert dark.find(SVG + "text").get("fill") == "#ffffff" and dark.find(SVG + "path").get("stroke") not in ("#000080", "#ffffff")


ICONS = "book bulb chart check code flask gear heart leaf lock people speech star trophy".split()


def test_there_are_icons(programme):
    seen = set()
    for icon in ICONS:
        root = drawn(picture(programme, programme.achievement([], image={"icon": icon}), format="svg"))
        assert counted(root)["text"] == 0
        seen.add(root.findall(SVG + "path")[1].get("d"))
    assert len(seen) == len(ICONS)
    one = programme.achievement([], image={"icon": "gear", "colours": ["#000000"]})
    _, _, rows = pixels(picture(programme, one, format="png"))
    white = sum(row[x:x + 4] == b"\xff\xff\xff\xff" for row in rows for x in range(0, len(row), 4))
    assert 5000 < white < 60000


def test_what_is_asked_for_is_changed_in_parts(programme):
    one = programme.achievement([], image={"shape": "star", "colours": ["#101010"], "initials": "AB"}, state="draft")
    steps = (({"icon": "leaf"}, {"shape": "star", "colours": ["#101010"], "icon": "leaf"}),
             ({"shape": None, "colours": ["#202020", "#303030"]}, {"colours": ["#202020", "#303030"], "icon": "leaf"}),
             ({"initials": "<&>\u0301"}, {"colours": ["#202020", "#303030"], "initials": "<&>\u0301"}),
             (None, None))
    for change, left in steps:
        assert programme.hr.patch(f"/achievements/{one['id']}", {"image": change}, "*").get("image") == left
    put(programme, one, vector(), VECTOR)
    assert programme.hr.patch(f"/achievements/{one['id']}", {"image": {"icon": "star"}}, "*")["image"] == {"icon": "star"}
    published = programme.hr.patch(f"/achievements/{one['id']}", {"state": "published"}, "*")
    assert programme.hr.patch(f"/achievements/{one['id']}", {"image": {"icon": "star"}}, "*")["version"] == published["version"]
    assert programme.hr.patch(f"/achievements/{one['id']}", {"image": {"icon": "lock"}}, "*")["version"] == 2


@pytest.mark.parametrize("image, field", [
    ({"shape": "blob"}, "/image/shape"), ({"colours": ["red"]}, "/image/colours/0"), ({"colours": ["#123456", "#12345g"]}, "/image/colours/1"),
    ({"colours": ["#123456"] * 3}, "/image/colours"), ({"icon": "skull"}, "/image/icon"), ({"initials": "123456789"}, "/image/initials"),
    ({"initials": "A", "icon": "star"}, "/image"), ({"ring": 1}, "/image/ring"), ("x", "/image"), ({"shape": 1}, "/image/shape")])
def test_what_cannot_be_drawn_is_refused(programme, image, field):
    told = programme.hr.post("/achievements", {"name": "x", "image": image}, gives=400)
    assert field in [error["field"] for error in told["errors"]]


# ---- of issuers

def test_an_issuer_has_an_image_and_says_what_it_is(house, programme):
    admin = house.rescue
    issuer = admin.post("/issuers", {"name": "Logo Makers", "description": "Make \"logos\" & <more>", "image_url": "https://example.org/l.png"})
    place = f"{PUBLIC_URL}/issuers/{issuer['id']}/image"
    profile = programme.stranger.get(f"/issuers/{issuer['id']}")
    assert profile["image"] == {"id": "https://example.org/l.png", "type": "Image"} and profile["description"] == issuer["description"]
    programme.stranger.get(f"/issuers/{issuer['id']}/image", gives=404)
    for data, kind in (made(48, 24), PNG), (vector(), VECTOR):
        told = admin.expect(200, "PUT", f"/api/v1/issuers/{issuer['id']}/image", data=data, headers={"If-Match": "*", "Content-Type": kind})
        assert told["image_url"] == place
        programme.stranger.get(f"/issuers/{issuer['id']}/image", format="png")
        assert pixels(programme.stranger.last.content)[0] == (48 if kind == PNG else 400)
        assert "sandbox" in programme.stranger.last.headers["Content-Security-Policy"]
    assert programme.stranger.get(f"/issuers/{issuer['id']}")["image"]["id"] == place
    assert programme.stranger.get(f"/issuers/{issuer['id']}", format="ob2")["image"] == place
    assert programme.stranger.get(f"/issuers/{issuer['id']}", format="ob2")["description"] == issuer["description"]
    assert house.sql("SELECT count(*) FROM picture p WHERE NOT EXISTS (SELECT FROM achievement_version WHERE picture_id = p.id)") == [(1,)]
    told = admin.patch(f"/api/v1/issuers/{issuer['id']}", {"image_url": None}, "*")
    assert "image_url" not in told and "image" not in programme.stranger.get(f"/issuers/{issuer['id']}")
    assert house.sql("SELECT count(*) FROM picture p WHERE NOT EXISTS (SELECT FROM achievement_version WHERE picture_id = p.id)") == [(0,)]
    assert house.sql(f"SELECT count(*) FROM audit_entry WHERE object = '{issuer['id']}' AND action = 'issuer.set'") == [(3,)]


def test_the_companys_image_is_in_its_badges_and_on_its_pages(house, programme):
    company = programme.issue()["issuer"]
    house.configure({"issuer": {"description": "Makes examples", "image": "https://example.org/company.png"}})
    house.restart()
    programme.stranger = house.client()
    issued = programme.badge(programme.issue())["issuer"]
    assert issued["description"] == "Makes examples" and issued["image"]["id"] == "https://example.org/company.png"
    page = programme.badge(programme.issue(), accept="text/html")
    assert "Makes examples" in page and "company.png" not in page
    upload = {"data": vector(), "headers": {"If-Match": "*", "Content-Type": VECTOR}}
    house.rescue.expect(200, "PUT", f"/api/v1/issuers/{company['id']}/image", **upload)
    programme.hr.expect(403, "PUT", f"/api/v1/issuers/{company['id']}/image", **upload)
    house.restart()
    credential = programme.issue()
    assert programme.badge(credential)["issuer"]["image"]["id"] == f"{PUBLIC_URL}/issuers/{company['id']}/image"
    assert f"src=\"/issuers/{company['id']}/image\"" in programme.badge(credential, accept="text/html")
    house.configure({"issuer": {"description": None, "image": None}})
    house.restart()
    assert "description" not in programme.badge(programme.issue())["issuer"]
