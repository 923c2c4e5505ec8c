# SPDX-License-Identifier: Apache-2.0
"""Holds answers against schemas/openapi.yaml. Knows the document and nothing of the daemon.

Objects in answers are taken as closed, though the document leaves them open for later releases: a
member that the document does not name is a fault here. So are null and "" anywhere.
"""
import csv
import datetime
import functools
import io
import json
import pathlib
import re

import jsonschema
import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "openapi.yaml"
PROBLEM = "application/problem+json"
# What any request may meet before its route is asked; the document has them under `default`.
BELOW_ROUTES = {405, 408, 413, 414, 431, 500, 501, 503, 505}

formats = jsonschema.FormatChecker(formats=[])


@formats.checks("date-time", raises=ValueError)
def _is_time(value):
    if not isinstance(value, str):
        return True
    datetime.datetime.fromisoformat(value)
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value, re.ASCII) is not None


@formats.checks("date", raises=ValueError)
def _is_date(value):
    if not isinstance(value, str):
        return True
    return bool(datetime.date.fromisoformat(value)) and len(value) == 10


@formats.checks("uri")
def _is_uri(value):
    return not isinstance(value, str) or re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+", value) is not None


@formats.checks("uri-reference")
def _is_uri_reference(value):
    return not isinstance(value, str) or re.fullmatch(r"[\x21-\x7e]+", value) is not None


class Mismatch(AssertionError):
    """An answer that the document does not describe."""


class Contract:
    def __init__(self, path=DOCUMENT):
        self.document = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.paths = self.document["paths"]
        self._whole = {}
        self._checkers = {}
        # Literal segments win over parameters: /sessions/current is asked before /sessions/{id}.
        self._patterns = [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path)
                          for path in sorted(self.paths, key=lambda path: path.count("{"))]

    def routes(self):
        """Every "METHOD /path" of the document."""
        return {f"{verb.upper()} {path}" for path, item in self.paths.items()
                for verb in item if verb != "parameters"}

    def template(self, target):
        """The path of the document that a request's target falls under, or None."""
        path = target.split("?")[0]
        if path in self.paths:
            return path
        return next((template for pattern, template in self._patterns if pattern.fullmatch(path)), None)

    def resolve(self, node):
        """What a $ref stands for, with what is written beside it; anything else as it is."""
        while isinstance(node, dict) and "$ref" in node:
            found = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def check(self, method, path, status, content_type=None, body=None, headers=None):
        """Raises Mismatch unless the document describes this answer.

        `path` is a template or the target that was asked for. `body` is parsed JSON, for NDJSON an
        iterable of parsed lines or the text, for CSV and other text the text; None or "" for none.
        With `headers` (any mapping) the answer's headers are held against the document too.
        """
        where = f"{method} {path}: {status}"
        answer = self._answer(method, path, status, where)
        if headers is not None:
            self._check_headers(answer, headers, where)
        if method == "HEAD":
            return
        content = answer.get("content", {})
        if not content:
            if body not in (None, "", b""):
                raise Mismatch(f"{where} has a body, and should have none: {body!r:.200}")
            return
        media = (content_type or "").split(";")[0].strip().lower()
        if media not in content:
            raise Mismatch(f"{where} is {content_type!r}; the document has {', '.join(content)}")
        self._check_body(content[media], media, content_type, body, where)
        if media == PROBLEM and body["status"] != status:
            raise Mismatch(f"{where}: the problem says {body['status']}")

    def _answer(self, method, path, status, where):
        template = self.template(path)
        verb = "get" if method == "HEAD" else method.lower()
        operation = self.paths[template].get(verb) if template else None
        if operation is None:
            if method == "OPTIONS" and template and status == 204:
                return {"headers": {"Allow": {"required": True, "schema": {"type": "string"}}}}
            if status < 400 or (template and status in (404, 406)):
                raise Mismatch(f"{where} for a route that is not in the document")
            if not path.startswith("/api/"):
                return self.resolve({"$ref": "#/components/responses/PublicAbsent"})
            return {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        answers = operation["responses"]
        if str(status) in answers:
            return self.resolve(answers[str(status)])
        if status in BELOW_ROUTES and "default" in answers:
            return self.resolve(answers["default"])
        raise Mismatch(f"{where} is not among the answers of the document: {', '.join(answers)}")

    def _check_headers(self, answer, headers, where):
        sent = {name.lower(): value for name, value in headers.items()}
        for name, header in answer.get("headers", {}).items():
            header = self.resolve(header)
            value = sent.get(name.lower())
            if value is None:
                if header.get("required"):
                    raise Mismatch(f"{where} lacks the header {name}")
                continue
            schema = self._closed(header["schema"])
            if schema.get("type") == "integer":
                value = int(value) if re.fullmatch(r"\d{1,18}", value, re.ASCII) else value
            self._hold(schema, value, f"{where}, header {name}")

    def _check_body(self, content, media, content_type, body, where):
        if media == "text/csv":
            self._check_csv(content, content_type, body, where)
        elif media == "application/x-ndjson":
            lines = body.splitlines() if isinstance(body, str) else body
            for number, line in enumerate(lines, 1):
                item = json.loads(line) if isinstance(line, (str, bytes)) else line
                self._hold(self._closed(content["schema"]), item, f"{where}, line {number}")
        else:
            self._hold(self._closed(content["schema"]), body, where)

    def _check_csv(self, content, content_type, body, where):
        if content_type.replace(" ", "").lower() != "text/csv;charset=utf-8":
            raise Mismatch(f"{where} is {content_type!r} instead of text/csv; charset=utf-8")
        if body and not body.endswith("\r\n"):
            raise Mismatch(f"{where} does not end its lines as RFC 4180 says")
        rows = list(csv.reader(io.StringIO(body, newline=""), strict=True))
        examples = [example["value"] for example in content.get("examples", {}).values()] or [content["example"]]
        columns = [next(csv.reader([example.splitlines()[0]])) for example in examples]
        if not rows or rows[0] not in columns:
            raise Mismatch(f"{where} has the columns {rows[:1]}, the document {columns}")
        for number, row in enumerate(rows, 1):
            if len(row) != len(rows[0]):
                raise Mismatch(f"{where}, row {number} has {len(row)} cells instead of {len(rows[0])}")

    def _hold(self, schema, value, where):
        checker = self._checkers.get(id(schema))
        if checker is None:
            checker = jsonschema.Draft202012Validator(schema, format_checker=formats)
            self._checkers[id(schema)] = checker
        error = jsonschema.exceptions.best_match(checker.iter_errors(value))
        if error is not None:
            at = "/".join(str(step) for step in error.absolute_path)
            raise Mismatch(f"{where}, at /{at}: {error.message:.600}")
        empty = find_empty(value)
        if empty is not None and schema.get("additionalProperties") is not True:
            raise Mismatch(f"{where}, at {empty}: what is absent must be left out")

    def _closed(self, node):
        """The schema without references, every object of named members closed. The same node gives
        the same schema, so that its checker is made once."""
        if id(node) not in self._whole:
            self._whole[id(node)] = (node, self._close(node))
        return self._whole[id(node)][1]

    def _close(self, node):
        if isinstance(node, list):
            return [self._close(item) for item in node]
        if not isinstance(node, dict):
            return node
        whole = {}
        for key, value in self.resolve(node).items():
            if key in ("properties", "patternProperties"):
                whole[key] = {name: self._close(schema) for name, schema in value.items()}
            elif key in ("items", "anyOf", "additionalProperties", "propertyNames"):
                whole[key] = self._close(value)
            elif key not in ("default", "example", "examples", "description"):
                whole[key] = value
        if "properties" in whole:
            whole.setdefault("additionalProperties", False)
        return whole


def find_empty(value, at=""):
    """Where null or "" stands in parsed JSON, as a pointer; None when nowhere."""
    if value is None or value == "":
        return at or "/"
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in inside if (found := find_empty(item, f"{at}/{key}")) is not None), None)


@functools.cache
def contract():
    return Contract()


def check(method, path, status, content_type=None, body=None, headers=None):
    """Contract.check() with the project's document."""
    contract().check(method, path, status, content_type, body, headers)


def is_json_type(kind):
    media = (kind or "").split(";")[0].strip()
    return media.endswith("json") and "ndjson" not in media or media == "application/vc"


def check_response(response):
    """The same for an answer of the `requests` library."""
    kind = response.headers.get("Content-Type")
    is_json = is_json_type(kind)
    if kind is not None and not is_json:
        response.encoding = "utf-8"
    body = response.json() if is_json and response.content else response.text
    check(response.request.method, response.request.path_url, response.status_code, kind, body, response.headers)
