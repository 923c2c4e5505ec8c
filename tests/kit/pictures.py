# SPDX-License-Identifier: Apache-2.0
"""PNG and SVG as strict readers take them, and what is baked into them. Knows no badge."""
import collections
import random
import struct
import xml.etree.ElementTree as xml
import zlib

SVG = "{http://www.w3.org/2000/svg}"


def chunks(data):
    """[(type, bytes)] of a PNG (ISO/IEC 15948); raises for whatever is not as it should be."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, []
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body, crc = data[at + 8:at + 8 + size], data[at + 8 + size:at + 12 + size]
        assert len(body) == size and struct.unpack(">I", crc)[0] == zlib.crc32(kind + body), kind
        found.append((kind, body))
        at += 12 + size
    kinds = [kind for kind, _ in found]
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and kinds.count(b"IHDR") == kinds.count(b"IEND") == 1
    image = [i for i, kind in enumerate(kinds) if kind == b"IDAT"]
    assert image == list(range(image[0], image[0] + len(image)))
    return found


def baked(data, keyword):
    """The text of the one iTXt chunk that any badge is in, as bytes."""
    texts = [body for kind, body in chunks(data) if kind in (b"iTXt", b"tEXt", b"zTXt") and body.startswith(b"openbadge")]
    text, = texts
    name, rest = text.split(b"\0", 1)
    compressed, method = rest[:2]
    language, translated, inside = rest[2:].split(b"\0", 2)
    assert (name.decode(), compressed, method, language, translated) == (keyword, 0, 0, b"", b"")
    return inside


def plain(data):
    """A PNG without what is baked into it: its other chunks."""
    return [(kind, body) for kind, body in chunks(data) if kind != b"iTXt"]


def pixels(data):
    """(width, height, rows of RGBA bytes) of a PNG with eight bits for each of the four."""
    found = chunks(data)
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", found[0][1])
    assert (depth, colour, interlace) == (8, 6, 0)
    raw = zlib.decompress(b"".join(body for kind, body in found if kind == b"IDAT"))
    line, rows, above = width * 4, [], bytearray(width * 4)
    assert len(raw) == (line + 1) * height
    for y in range(height):
        how, row = raw[y * (line + 1)], bytearray(raw[y * (line + 1) + 1:(y + 1) * (line + 1)])
        for x in range(line):
            left, corner = (row[x - 4], above[x - 4]) if x >= 4 else (0, 0)
            row[x] = row[x] + (0, left, above[x], (left + above[x]) // 2, paeth(left, above[x], corner))[how] & 255
        rows.append(bytes(row))
        above = row
    return width, height, rows


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def drawn(data):
    """The parsed root of an SVG, which may do nothing and refer to nothing."""
    assert b"<!" not in data.replace(b"<![CDATA[", b"") and b"<?" not in data
    root = xml.fromstring(data)
    assert root.tag == SVG + "svg"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) not in ("script", "style", "image", "use", "foreignObject", "a")
        if element.tag.startswith(SVG):
            assert not [name for name in element.attrib if name.startswith("on") or "href" in name or name == "style"]
            assert "url(" not in "".join(element.attrib.values())
    return root


def counted(root):
    """How many elements of each name."""
    return collections.Counter(element.tag.removeprefix(SVG) for element in root.iter())


# ---- made, well and badly

def chunk(kind, body):
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def made(width=32, height=32, *, more=b"", lines=None, end=chunk(b"IEND", b"")):
    """A PNG of RGBA pixels at random; `more` chunks stand before them, `lines` in their place."""
    if lines is None:
        lines = [b"\0" + random.Random(y).randbytes(width * 3 // 4 * 4) + b"\xff" * (width * 4 - width * 3 // 4 * 4) for y in range(height)]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", zlib.compress(b"".join(lines))) + end


def vector(inner="<path d='M1 1H9V9z' fill='#123456'/>", before="", attributes="viewBox='0 0 10 10'"):
    return f"{before}<svg xmlns='http://www.w3.org/2000/svg' {attributes}>{inner}</svg>".encode()
