# SPDX-License-Identifier: Apache-2.0
"""`skillsd doctor` of a house, and what it found."""
import json


def look(house, *words, within=()):
    """Findings as [(section, kind, name, text, more)], without "directory main: "."""
    done = house.command("doctor", "--json", *words, within=within)
    said = json.loads(done.stdout)
    assert done.stderr == "" and done.returncode == (0 if said["good"] else 1)
    assert said["good"] == all(one["kind"] != "wrong" for one in said["findings"])
    return [(one.pop("section").removeprefix("directory main: "), one.pop("kind"), one.pop("name"), one.pop("text", ""), one)
            for one in said["findings"]]


def of(findings, name, section=None):
    """(kind, text) of what has this name."""
    return [(kind, text) for where, kind, what, text, _ in findings if what == name and section in (None, where)]


def troubles(findings):
    return [(what, text) for _, kind, what, text, _ in findings if kind == "wrong"]


def advice(findings):
    return {what: text for _, kind, what, text, _ in findings if kind == "advice"}
