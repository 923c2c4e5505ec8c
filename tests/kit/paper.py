# SPDX-License-Identifier: Apache-2.0
"""PDF as readers take it: poppler's tools, and a camera for its codes. Knows no badge."""
import subprocess

from pyzbar import pyzbar


def run(*words, data):
    return subprocess.run(words, input=data, capture_output=True, check=True, timeout=60).stdout


def facts(pdf):
    """{"Title": ...}, as pdfinfo has them."""
    lines = run("pdfinfo", "-isodates", "-", data=pdf).decode().splitlines()
    return dict((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))


def words(pdf):
    """All text of it, each run of white space as one."""
    return " ".join(run("pdftotext", "-", "-", data=pdf).decode().split())


def pixels(pdf, dots=110):
    """(width, height, bytes) of the first page in grey."""
    head, size, most, grey = run("pdftoppm", "-gray", "-r", str(dots), "-singlefile", "-", data=pdf).split(b"\n", 3)
    width, height = map(int, size.split())
    assert (head, most, len(grey)) == (b"P5", b"255", width * height)
    return width, height, grey


def codes(pdf):
    """What a camera reads on the first page."""
    width, height, grey = pixels(pdf)
    return [found.data.decode() for found in pyzbar.decode((grey, width, height), symbols=[pyzbar.ZBarSymbol.QRCODE])]
