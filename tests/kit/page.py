# SPDX-License-Identifier: Apache-2.0
"""A page as a browser takes it apart. Knows no words of ours."""
import html.parser

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
ODD = "Ünïcode 😀 \"quoted\" 'so' \\ back\tא ב e\u0301 & <b>bold</b> </script> <!-- %s -->"
VOID = {"meta", "link", "img", "br"}


class Page(html.parser.HTMLParser):
    """words: all text; elements: [(name, attributes)]. Raises where tags do not nest."""

    def __init__(self, text):
        super().__init__()
        self.words, self.elements, self.open = "", [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words += data

    def all(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]

    def meta(self):
        return {one["property"]: one["content"] for one in self.all("meta") if "property" in one}

    def state(self):
        return next(one["class"] for one in self.all("p") if one.get("class", "").startswith("state"))
