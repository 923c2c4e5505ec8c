# SPDX-License-Identifier: Apache-2.0
"""Requests out of the document: values that it describes, values that it does not, and which is which. Draws everything from
one random.Random; knows no route by name."""
import datetime
import functools
import json
import uuid

import jsonschema
from kit.hostile import CONTROLS, HARMLESS, MISFITS
from kit.validate import contract, formats

# One that fits for each pattern of the document; a new pattern wants its own here.
PATTERNS = {"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$": lambda chance: str(uuid.UUID(int=chance.getrandbits(128))),
            "^https?://": lambda chance: f"https://example.org/{chance.randrange(99)}",
            "^ext:[A-Za-z0-9._-]+$": lambda chance: f"ext:Kind{chance.randrange(9)}",
            "^(application/(pdf|zip)|image/(png|jpeg)|text/plain)$": lambda chance: chance.choice(["application/pdf", "image/png", "text/plain"]),
            "^P(?=[0-9])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?$": lambda chance: f"P{chance.randrange(1, 9)}Y{chance.randrange(12)}M",
            "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$": lambda chance: chance.choice(["de", "EN-gb", "zh-Hant-TW"]),
            "^#[0-9a-fA-F]{6}$": lambda chance: f"#{chance.getrandbits(24):06x}",
            "^[\\x21-\\x7e]{1,255}$": lambda chance: f"key-{chance.getrandbits(64)}"}


def kinds(schema):
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def whole(schema):
    """The schema without references."""
    schema = contract().resolve(schema)
    if isinstance(schema, list):
        return [whole(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: {name: whole(one) for name, one in value.items()} if key in ("properties", "patternProperties")
            else whole(value) if key in ("items", "anyOf", "additionalProperties", "propertyNames") else value for key, value in schema.items()}


@functools.cache
def checker(text):
    return jsonschema.Draft202012Validator(whole(json.loads(text)), format_checker=formats)


def fits(schema, value):
    return checker(json.dumps(schema)).is_valid(value)


def is_text(schema):
    """Takes any text, so far as the document says."""
    schema = contract().resolve(schema)
    return "string" in kinds(schema) and not {"format", "enum", "pattern", "const", "anyOf"} & schema.keys()


def moment(chance, kind):
    at = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=chance.randrange(10 ** 9))
    return at.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%dT%H:%M:%SZ")


def text(schema, chance):
    if "pattern" in schema:
        words = schema["pattern"].strip("^$").split(":")
        if schema["pattern"] not in PATTERNS and all(word.startswith("(") for word in words):  # lists of words
            return ":".join(chance.choice(word.strip("()").split("|")) for word in words).replace("\\.", ".")
        return PATTERNS[schema["pattern"]](chance)
    if schema.get("format") in ("date", "date-time"):
        return moment(chance, schema["format"])
    word = chance.choice(HARMLESS) if chance.random() < 0.5 else f"word {chance.randrange(50)}"
    return word[:schema.get("maxLength", 500)]


def good(schema, chance, known=(), required_only=False):
    """A value that the schema describes; `known` are words that stand for something."""
    schema = contract().resolve(schema)
    if "enum" in schema or "const" in schema:
        return chance.choice(schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        beside = {key: value for key, value in schema.items() if key != "anyOf"}
        return good({**beside, **contract().resolve(chance.choice(schema["anyOf"]))}, chance, known, required_only)
    kind = chance.choice(kinds(schema))
    if kind == "object":
        required, properties = schema.get("required", []), schema.get("properties", {})
        chosen = [name for name in properties if name in required or not required_only and chance.random() < 0.5]
        if schema.get("minProperties") and not chosen:
            chosen = [next(iter(properties))]
        return {name: good(properties[name], chance, known, required_only) for name in chosen}
    if kind == "array":
        size = chance.randrange(schema.get("minItems", 0), min(schema.get("maxItems", 3), 3) + 1)
        items = [good(schema["items"], chance, known, required_only) for _ in range(max(size, schema.get("minItems", 0)))]
        return [item for at, item in enumerate(items) if item not in items[:at]]
    if kind == "integer":
        return chance.randint(schema["minimum"], min(schema["maximum"], schema["minimum"] + 9))
    if kind == "number":
        return chance.randint(schema["minimum"] * 100, schema["maximum"] * 100) / 100
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "null":
        return None
    fitting = [word for word in known if fits(schema, word)]
    return chance.choice(fitting) if fitting and chance.random() < 0.6 else text(schema, chance)


def bad(schema, chance):
    """A value that the schema does not describe."""
    while True:
        value = chance.choice(MISFITS + CONTROLS if chance.random() < 0.5 else MISFITS)
        if not fits(schema, value) or is_text(schema) and value in CONTROLS:
            return value


def spelled(value):
    """A parameter's value as it stands in an address."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def read(schema, word):
    """The value that a parameter's text stands for; the text itself where it stands for none."""
    kind = kinds(contract().resolve(schema))
    if "boolean" in kind:
        return {"true": True, "false": False}.get(word, word)
    if "integer" in kind:
        return int(word) if word.lstrip("-").isdecimal() and word.isascii() and word.count("-") <= 1 else word
    return [word] if "array" in kind else word
