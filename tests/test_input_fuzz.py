# SPDX-License-Identifier: Apache-2.0
"""A walk through the document at random: each operation is asked what it describes and what it does not, sound or spoilt in
one place or in several. No answer is a fault, none lies outside the document, what is spoilt is refused, and in one place by
name. SKILLSD_FUZZ_REQUESTS (an operation; 40) makes it longer, SKILLSD_FUZZ_SEED another walk."""
import json
import os
import random

import pytest
from kit.contract import MISSING, OPERATIONS, seen, world  # noqa: F401 fixtures
from kit.generate import bad, fits, good, read, spelled
from kit.hostile import CONTROLS, HARMLESS, NOT_JSON, unclean
from kit.house import is_sanitized
from kit.validate import contract

REQUESTS = int(os.environ.get("SKILLSD_FUZZ_REQUESTS", "40"))
SEED = os.environ.get("SKILLSD_FUZZ_SEED", "1")
KINDS = ["application/json", "application/merge-patch+json", "text/plain", "application/json; charset=utf-8", "", "x/y", "application/jsonx"]
ACCEPTS = ["*/*", "application/json", "text/csv", "application/x-ndjson", "image/png", "text/*;q=0.1, */*;q=0", "", ";", "a/b/c", ",,,", "*/*;q=x"]
# Of what the document does not say, and is looked at before: who is there, what goes together, addresses, numbers in text.
BEYOND = "is for what is turned", "say one of", "must be a mail address", "must be a number"
LATER = {"cursor"}  # opaque: only its length is in the document


class Walk:
    """Requests of one operation, drawn from a seed of its own."""

    def __init__(self, world, name):
        self.world, self.name, self.operation = world, name, OPERATIONS[name]
        self.chance = random.Random(f"{SEED} {name}")
        self.known = [*world.ids.values(), "CON-0", "K0", "steps 0", "main"]
        tabular = self.operation.takes_table  # what is not of a row is then in the query, and otherwise nothing
        self.queries = {} if tabular else {parameter: found for (place, parameter), found in self.operation.parameters.items()
                                           if place == "query"}

    def schema(self):
        return contract().resolve(next(iter(self.operation.body.values()))["schema"]) if self.operation.body else None

    def query(self):
        chosen = [parameter for parameter in self.queries if parameter not in LATER and self.chance.random() < 0.3]
        return {parameter: spelled(self.one(good(self.queries[parameter]["schema"], self.chance, self.known))) for parameter in chosen}

    @staticmethod
    def one(value):
        return (value or ["x"])[0] if isinstance(value, list) else value

    def spoil_query(self, params):
        parameter = self.chance.choice([*self.queries, "shoe_size"])
        schema = self.queries.get(parameter, {}).get("schema", {"type": "null"})
        words = [word for word in (*HARMLESS, *CONTROLS, "1.5", "-1", "x" * 501) if not fits(schema, read(schema, word)) or word in CONTROLS]
        if words and parameter not in LATER:
            params[parameter] = self.chance.choice(words)
            return parameter
        return None

    def spoil_body(self, body):
        properties = self.schema().get("properties", {})
        field = self.chance.choice([*properties, "shoe_size"])
        if field == "shoe_size":
            body[field] = 43
        else:
            body[field] = bad(properties[field], self.chance)
        return f"/{field}"

    def headers(self):
        headers = {"If-Match": self.chance.choice(["*", "*", "*", '"0"', "x", ""]), "Accept": self.chance.choice(ACCEPTS)}
        if self.operation.method == "POST" and self.chance.random() < 0.3:
            headers["Idempotency-Key"] = self.chance.choice([f"walk-{self.chance.getrandbits(64)}", "walk", "a b", ""])
        return headers

    def path(self):
        if self.chance.random() < 0.7:
            return self.world.path(self.operation)
        own = "x" if self.operation.method == "DELETE" else "current"  # the sessions of this walk are to last
        key = self.chance.choice([MISSING, own, "x", *self.world.ids.values()])
        return self.operation.path.replace("{id}", key)

    def ask_spoilt_once(self):
        """Sound, by one who may, but in one place: that is named, or before it what stands for nothing, or does not go together."""
        params, body = self.query(), good(self.schema(), self.chance, self.known) if self.schema() else None
        if body and body.get("action") == "issue":
            body.pop("notice", None)  # it is of what is turned
        params.pop("format", None)  # of the document's words no list offers all
        place = self.spoil_body(body) if body is not None and self.chance.random() < 0.7 else self.spoil_query(params)
        answer = self.world.ask(self.name, params=params, body=body, headers={"If-Match": "*"})
        judged_by_a_job = answer.status_code == 202 and (place or "").startswith("/rows")  # each row by itself
        if place and self.operation.is_of_api() and answer.status_code not in (413, 429) and not judged_by_a_job:
            told = answer.json().get("errors", [{"field": "", "message": answer.json()["detail"]}]) if answer.status_code == 400 else []
            assert any(error["field"] == place or error["field"].startswith(place + "/") or "there is no" in error["message"]
                       or any(word in error["message"] for word in BEYOND) for error in told), f"{place} is not named: {params} {body}: {answer.text[:500]}"

    def ask_anything(self):
        """Whatever, by whomever."""
        params, body, how = self.query(), None, {"headers": self.headers()}
        for _ in range(self.chance.randrange(3)):
            self.spoil_query(params)
        if self.schema() and self.chance.random() < 0.8:
            body = good(self.schema(), self.chance, self.known)
            for _ in range(self.chance.randrange(3)):
                self.spoil_body(body)
            if self.chance.random() < 0.3:
                how["data"] = self.chance.choice([json.dumps(body).encode()[:self.chance.randrange(400)], self.chance.choice(NOT_JSON)])
                how["headers"]["Content-Type"] = self.chance.choice(KINDS)
        elif self.chance.random() < 0.1:
            how["data"] = b"x" * self.chance.choice([1, 100, 70000])
        if "data" not in how:
            how["body"] = body
        by = self.chance.choice([None, None, *self.world.clients])
        answer = self.world.ask(self.name, by=by, path=self.path(), params=params, **how)
        if answer.status_code < 300 and self.operation.is_of_api():
            assert all(parameter in self.queries for parameter in params)
            assert body is None or "data" in how or fits(self.schema(), body), body
        return answer


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_lies_outside_the_document(world, name):
    walk, before = Walk(world, name), world.house.memory()
    for turn in range(REQUESTS):
        answer = walk.ask_spoilt_once() if turn % 2 else walk.ask_anything()
        assert answer is None or answer.status_code < 500 or (name, answer.status_code) == ("GET /oembed", 501)  # as oEmbed has it
    assert world.house.memory() - before < (256 if is_sanitized() else 16) << 20


def test_the_walk_met_what_there_is_to_meet(world):
    """Holds once all the tests above have run."""
    statuses = {status for _, status, _ in world.seen}
    assert {"200", "201", "204", "400", "401", "403", "404", "406", "409", "412", "413", "415"} <= statuses
    assert {status for status in statuses if status[0] == "5"} <= {"501"}  # of oEmbed alone
    log = world.house.log_path.read_bytes().decode("utf-8")
    assert unclean(log) == [] and [line for line in log.splitlines() if line.split(" ", 2)[1] == "error"] == []
