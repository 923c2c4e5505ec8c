# SPDX-License-Identifier: Apache-2.0
"""skillsd verify: badges in pictures, and pictures that are out for harm."""
import zlib

from kit.forge import chunk, itxt, png, svg, text_of
from kit.verify import forge, papers, refused, signed, verifier  # noqa: F401 fixtures

# ---- pictures

def test_a_picture_has_one_badge_that_is_not_compressed(signed, papers, verifier):
    bomb = zlib.compress(bytes(200 << 20))
    cases = {
        "two badges": png(itxt(signed), itxt(signed)), "two badges, in": png(itxt(signed), itxt(signed, b"openbadges")),
        "is compressed": png(itxt("", compressed=1, raw=bomb)), "zTXt": png(chunk(b"zTXt", b"openbadgecredential\0\0" + bomb)),
        "not followed: https://old.example/1": png(chunk(b"tEXt", b"openbadges\0https://old.example/1")),
        "there is no badge in the PNG": png(), "its CRC does not fit": png(itxt(signed)).replace(b"Teamwork", b"Treework", 1),
        "stand behind the end": png(itxt(signed)) + b"x", "not formed as one": png(chunk(b"iTXt", b"openbadges\0\0")),
        "does not begin with an IHDR": b"\x89PNG\r\n\x1a\n" + itxt(signed) + chunk(b"IEND", b""),
        "a chunk says it has 4294967295": b"\x89PNG\r\n\x1a\n" + b"\xff" * 4 + b"IHDR" + bytes(30),
        "of Open Badges 2.0, but has one of 3.0": png(itxt(signed, b"openbadges")),
        "not JSON": png(itxt("{nonsense")), "is empty": png(itxt("")), "more than 1048576": png(itxt('{"a":"' + "x" * (1 << 20) + '"}')),
        "more than 65536 members": png(itxt('{"a":[' + "{}," * 70000 + "{}]}"))}
    for words, answer in zip(cases, verifier.all(cases.values(), papers)):
        refused(answer, "format", words)


def test_a_picture_that_is_cut_off_anywhere_is_refused(signed, papers, verifier):
    whole = png(itxt(signed))
    cuts = [whole[:size] for size in (*range(8, 60), *range(60, len(whole), 40), len(whole) - 1)]
    for answer in verifier.all(cuts, papers):
        refused(answer, "format", "cut off")
    drawn = svg(signed)
    for answer in verifier.all([drawn[:size] for size in range(60, len(drawn) - 1, 40)], papers):
        refused(answer, "format")
    text = text_of(signed)
    for answer in verifier.all([text[:size] for size in range(1, len(text), 40)], papers):
        refused(answer, "format", "not JSON")


LAUGHS = "<!DOCTYPE svg [" + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol" * 100}">' for i in range(10)) + "]>"


def test_an_svg_has_one_badge_and_no_entities(signed, papers, verifier):
    text = text_of(signed).decode()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    good = [svg(inner=escaped), svg(signed, head='<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'),
            svg(inner=f"\n <![CDATA[{text[:50]}]]><![CDATA[{text[50:]}]]> \n"), b"\xef\xbb\xbf \n" + svg(signed)[38:]]
    assert all(answer["verified"] for answer in verifier.all(good, papers))
    twice = svg(signed).replace(b"<g>", svg(signed).partition(b'v3p0">')[2].partition(b"<!--")[0] + b"<g>")
    cases = {
        "declares a document type of its own": svg(inner="&l9;", head=LAUGHS),
        "declares a document type": svg(signed, head='<!DOCTYPE svg SYSTEM "x" [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "refers to an entity": svg(inner="&x;"), "refers to an entity, which is never expanded here: &#x": svg(inner="&#x41;"),
        "two badges": twice, "no badge in the SVG": svg(signed, space="https://example.org/x"),
        "does not stand straight in the svg element": svg(signed).replace(b"<openbadges:credential>", b"<g><openbadges:credential>")
        .replace(b"</openbadges:credential>", b"</openbadges:credential></g>"),
        "not an SVG picture": svg(signed).replace(b"http://www.w3.org/2000/svg", b"http://www.w3.org/1999/xhtml"),
        "more than 100 elements credential": svg(signed).replace(b"<g>", b"<credential/>" * 101 + b"<g>"),
        "an element within the badge": svg(inner="<b>x</b>"), "nested deeper than": svg(signed).replace(b"<g>", b"<g>" * 300),
        "an element ends that did not begin": svg(signed).replace(b"</g>", b"</h>"), "is not UTF-8": svg(signed) + b"\xff",
        "an attribute is not": svg(signed).replace(b'r="1"', b"r=1"), "more than one root": svg(signed) + b"<svg/>",
        "of Open Badges 2.0, but": svg(signed, space="http://openbadges.org", name="assertion")}
    for words, answer in zip(cases, verifier.all(cases.values(), papers)):
        refused(answer, "format", words)


def test_memory_stays_flat_whatever_the_file_is(forge, papers, verifier):
    """Within 400 MB of addresses: a sanitized program has no such limit."""
    huge = verifier.folder / "huge.png"
    with open(huge, "wb") as file:
        file.write(png(itxt(forge.badge()))[:-12])
        file.truncate(100 << 20)
    for path in (huge, verifier.file(png(itxt("", compressed=1, raw=zlib.compress(bytes(100 << 20))))),
                 verifier.file(svg(inner="&l9;", head=LAUGHS)), verifier.file("[" * 1000000),
                 verifier.file('{"a":' + "[" * 60000 + "]" * 60000 + "}")):
        done = verifier.run("--json", path, within=["/usr/bin/python3", "-c", LIMITED])
        assert done.returncode == 1 and '"format","outcome":"failed"' in done.stdout.replace(" ", ""), done
        kilobytes = int(done.stderr.split()[-1])
        assert kilobytes < 150_000
    huge.unlink()


LIMITED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""
