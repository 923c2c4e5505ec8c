# SPDX-License-Identifier: Apache-2.0
"""The outward contract of lists, walked: each list of the document in every form, as pages, in every order, and by
every filter. A list added there is asked for here."""
import csv
import datetime
import io
import json

import pytest
from kit.contract import FORMATS, LISTS, MISSING, OPERATIONS, PAGED, raw, refused, seen, those, world  # noqa: F401 fixtures
from kit.validate import contract


def items_of(world, name, **params):
    return world.ask(name, params=params).json()["items"]


# ---- forms

REPORT, HOLDINGS, ACCESS = "GET /api/v1/reports/skills", "GET /api/v1/people/{id}/holdings", "GET /api/v1/access"


def rows_of(name, items):
    """What a table has of these items: a row each, with the credential that carries a holding, and for access a row
    for each who has a role and each way they have it."""
    for item in items:
        if name == ACCESS:
            yield from ({"role": item["role"], "account": account} for account in item["accounts"])
            yield from ({"role": item["role"], **holder} for holder in item["holders"])
        elif name in (REPORT, HOLDINGS):
            yield {**item["because"][0], "name": item["person"]["name"], **item}
        else:
            yield item


def text_of(value):
    if isinstance(value, list):
        return "; ".join(f"{text_of(one['skill'])}={one['level']}" if "skill" in one else text_of(one) for one in value)
    if isinstance(value, dict):
        return value.get("name", value.get("label"))
    return str(value).lower() if isinstance(value, bool) else str(value)


def cell_of(item, column):
    """A member, or one of the object that the column's name begins with; None where there is none."""
    outer, _, inner = column.rpartition("_")
    value = item.get(column, item[outer].get(inner) if isinstance(item.get(outer), dict) else None)
    text = None if value is None else text_of(value)
    return "'" + text if text and text[0] in "=+-@\t\r\n" else text


@pytest.mark.parametrize("name", LISTS)
def test_every_list_comes_in_every_form_of_lists(world, name):
    operation = OPERATIONS[name]
    assert operation.forms == list(FORMATS) and name in PAGED
    for form, word in FORMATS.items():
        asked = [world.ask(name, params={"format": word}), world.ask(name, headers={"Accept": form}),
                 world.ask(name, headers={"Accept": f"image/png, {form};q=0.3, */*;q=0.2"})]
        assert [answer.headers["Content-Type"].split(";")[0] for answer in asked] == [form] * 3
        assert len({answer.text for answer in asked}) == 1


@pytest.mark.parametrize("name", LISTS)
def test_streams_have_what_pages_have(world, name):
    items = items_of(world, name, limit=500)
    lines = world.ask(name, params={"format": "ndjson", "limit": 1}).text.splitlines()
    assert [json.loads(line) for line in lines] == items
    table = list(csv.DictReader(io.StringIO(world.ask(name, params={"format": "csv", "limit": 1}).text, newline="")))
    rows = list(rows_of(name, items))
    assert len(table) == len(rows) > 1
    for found, item in zip(table, rows):
        for column in found:
            wanted = cell_of(item, column)
            if wanted is not None or name not in (REPORT, HOLDINGS):  # whose tables say more of the person
                assert found[column] == (wanted or ""), column


@pytest.mark.parametrize("name", [name for name in LISTS if name != REPORT])
def test_what_an_item_has_has_a_column(name):
    """But for what has no place in a cell, and what only a single one has."""
    without = {"GET /api/v1/achievements": {"image", "review", "translations", "alignments", "result_descriptions", "assessment", "renewal"}, "GET /api/v1/submissions": {"answers", "files", "quizzes"}, "GET /api/v1/submissions/{id}/rounds": {"answers", "files", "quizzes"}, "GET /api/v1/submissions/{id}/reviews": {"scores"}, "GET /api/v1/people": {"also", "same_as"}, "GET /api/v1/sessions": {"token"}, "GET /api/v1/tokens": {"token"},
               "GET /api/v1/audit": {"detail"}, "GET /api/v1/outbox": {"detail"}, "GET /api/v1/people/{id}/history": {"detail"}, "GET /api/v1/credentials/{id}/events": {"said"},
               "GET /api/v1/directory/runs": {"lines"}, "GET /api/v1/erasures": {"removed"}, "GET /api/v1/keys": {"public_key"}, "GET /api/v1/collections": {"goals"}, "GET /api/v1/pathways": {"nodes"}, "GET /api/v1/pathways/{id}/versions": {"nodes"}, "GET /api/v1/jobs": {"result", "errors"}, ACCESS: {"groups", "accounts", "holders"}, HOLDINGS: {"because"},
               **dict.fromkeys(("GET /api/v1/people/{id}/pathways", "GET /api/v1/me/pathways"), {"next", "blocked", "graph"})}
    content = OPERATIONS[name].answers["200"]["content"]
    members = set(contract().resolve(content["application/x-ndjson"]["schema"])["properties"])
    columns = set(content["text/csv"]["example"].splitlines()[0].split(","))
    assert members - columns - {column.removesuffix("_id") for column in columns} == without.get(name, (members - columns) & {
        "evidence", "results", "shown_evidence", "renewal", "note"})


def test_accept_is_weighed(world):
    def form(name, *accepts):
        answer = raw(world, world.path(OPERATIONS[name]), [("Authorization", f"Bearer {world.hr.token}"),
                                                           *(("Accept", accept) for accept in accepts)])
        return answer.headers["Content-Type"].split(";")[0] if answer.status == 200 else answer.status
    json_, lines, table = FORMATS
    for name in "GET /api/v1/people", HOLDINGS, REPORT:
        assert form(name) == form(name, "") == form(name, "nonsense;;,=") == form(name, "text/csv, application/json") == json_
        assert form(name, "text/csv, application/json;q=0.9") == form(name, "text/*") == form(name, "TEXT/CSV;charset=UTF-8") == table
        assert form(name, "application/json;q=0.2", "application/x-ndjson;q=0.3") == lines
        assert form(name, "application/json;q=0, */*;q=0.1") == lines
        assert form(name, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8") == json_
        assert form(name, "text/html") == form(name, "*/*;q=0") == form(name, "text/csv;q=0, text/*") == 406
    assert form("GET /api/v1/me", "text/csv, application/*;q=0.1") == json_
    assert form("GET /api/v1/me", "text/csv") == form("GET /api/v1/me", "*/*, application/json;q=0") == 406


def test_a_form_asked_for_in_disguise_is_not_streamed(world):
    """What has to wait for the client runs in a lane of its own, chosen by the address as it is written."""
    token = [("Authorization", f"Bearer {world.hr.token}")]
    for name, status in ("GET /api/v1/people", 400), ("GET /api/v1/people/{id}/holdings", 400), ("GET /api/v1/reports/skills", 200):
        for query in "f%6frmat=csv", "format=%63sv":
            answer = raw(world, f"{world.path(OPERATIONS[name])}?{query}", token)
            assert answer.status == (200 if query.startswith("format") else status), answer.text


# ---- pages, orders, filters

@pytest.mark.parametrize("name", PAGED)
def test_pages_are_the_whole_in_order_and_once(world, name):
    whole = world.ask(name, params={"limit": 500, "count": True}).json()
    pages, cursor = [], {}
    assert len(whole["items"]) > 1 and "next" not in whole and whole["total"] == len(whole["items"])
    step = max(1, len(whole["items"]) // 7)
    while True:
        page = world.ask(name, params={"limit": step, **cursor}).json()
        assert len(page["items"]) <= step and "total" not in page
        pages += page["items"]
        if "next" not in page:
            break
        cursor = {"cursor": page["next"]}
    assert pages == whole["items"]


@pytest.mark.parametrize("name", PAGED)
def test_limits_have_bounds(world, name):
    for limit in 0, 501, -1, "x", "1.5", "":
        refused(world.ask(name, params={"limit": limit}), 400, "limit")
    assert len(items_of(world, name, limit=1)) == 1
    for cursor in "nonsense", "", "bmFtZQ":
        refused(world.ask(name, params={"cursor": cursor}), 400, "cursor")
    refused(world.ask(name, params={"count": "yes"}), 400, "count")


SORTS = [(name, word) for name in LISTS if OPERATIONS[name].takes("sort")
         for word in OPERATIONS[name].takes("sort")["enum"] if not word.startswith("-")]


def key_of(item, word):
    """What an item is sorted by."""
    value = item.get(word, item.get("person", {}).get(word))
    if isinstance(value, dict):
        value = value["id"] if word == "person" else value.get("name", value.get("label"))
    if word == "at" or word.endswith("_at"):
        return datetime.datetime.fromisoformat(value or "9999-12-31T00:00:00Z")
    if word == "due":  # what has no date comes last
        return value or "9999-12-31"
    return "" if value is None else value


def check_order(world, name, word, **params):
    up, down = (items_of(world, name, sort=sign + word, limit=500, **params) for sign in ("", "-"))
    keys = [key_of(item, word) for item in up]
    assert len(keys) > 1 and keys == sorted(keys)
    assert [key_of(item, word) for item in down] == keys[::-1]
    assert all(item in down for item in up)
    pages, cursor = [], {}
    while len(pages) < 5 and cursor is not None:
        page = world.ask(name, params={"sort": "-" + word, "limit": 1, **cursor, **params}).json()
        pages += page["items"]
        cursor = {"cursor": page["next"]} if "next" in page else None
    assert pages == down[:5]


@pytest.mark.parametrize("name, word", [sort for sort in SORTS if sort[0] != REPORT])
def test_every_order_goes_both_ways_and_on_over_pages(world, name, word):
    check_order(world, name, word)


@pytest.mark.parametrize("group, words", [
    (None, "person name username unit skill level expires_at"), ("person", "person name unit"),
    ("skill", "skill people expiring_90d"), ("unit", "unit people holders skills")])
def test_every_order_of_the_report_goes_both_ways(world, group, words):
    params = {"group_by": group} if group else {}
    for word in {word for name, word in SORTS if name == REPORT}:
        if word in words.split():
            check_order(world, REPORT, word, **params)
        else:
            refused(world.ask(REPORT, params={"sort": word, **params}), 400, "sort")
    whole = world.ask(REPORT, params={"limit": 500, "count": True, **params}).json()
    assert whole["total"] == len(whole["items"]) and "next" not in whole
    assert whole["items"] == items_of(world, REPORT, sort=words.split()[0], limit=500, **params)
    lines = world.ask(REPORT, params={"format": "ndjson", "limit": 1, **params}).text.splitlines()
    assert [json.loads(line) for line in lines] == whole["items"]


@pytest.mark.parametrize("name", [name for name in LISTS if OPERATIONS[name].takes("sort")])
def test_the_order_without_sort_is_the_documents(world, name):
    schema = OPERATIONS[name].takes("sort")
    refused(world.ask(name, params={"sort": "shoe_size"}), 400, "sort")
    refused(world.ask(name, params={"sort": "|".join(schema["enum"][:1] * 2)}), 400, "sort")
    if "default" in schema:
        assert items_of(world, name, limit=500) == items_of(world, name, sort=schema["default"], limit=500)


def parameters_of(kind):
    return [(name, parameter) for name, operation in OPERATIONS.items() for (place, parameter), found in operation.parameters.items()
            if place == "query" and kind(contract().resolve(found["schema"]))]


@pytest.mark.parametrize("name, parameter", parameters_of(lambda schema: schema.get("format") == "uuid"))
def test_a_filter_by_what_does_not_exist_is_named(world, name, parameter):
    told_of = name == "GET /api/v1/outbox" and parameter == "object"  # what is gone, too
    for value in ("not-an-id", "") if told_of or name.endswith("/files") else (MISSING, "not-an-id", ""):
        refused(world.ask(name, params={parameter: value}), 400, parameter)


@pytest.mark.parametrize("name, parameter", parameters_of(lambda schema: "enum" in schema or schema.get("type") == "boolean"))
def test_a_word_that_is_none_of_the_documents_is_named(world, name, parameter):
    for value in "nonsense", "":
        refused(world.ask(name, params={parameter: value}), 400, parameter)
    schema = contract().resolve(OPERATIONS[name].takes(parameter))
    for value in schema.get("enum", ["true", "false"]):
        if parameter not in ("sort", "format") and name.startswith("GET"):
            assert world.ask(name, params={parameter: value}).status_code == 200, value
