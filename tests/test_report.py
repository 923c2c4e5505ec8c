# SPDX-License-Identifier: Apache-2.0
"""The skills database report equals what plain Python computes from the LDIF and the list of credentials,
on three organisations, for every filter, order, grouping and form."""
import csv
import datetime
import io
import json
import random

import pytest
from kit.chart import Chart
from kit.gate import ROOT
from kit.house import ACCOUNTS, House, demo_house, parsed, shared_file
from kit.model import Achievement, Claim, Credential, Model, Skill
from test_source_ldap import DS389

NOW = datetime.datetime.now(datetime.timezone.utc)
EXAMPLE = "dc=example,dc=com"


LABELS = [("ONE", "S1", "Åsa's craft"), ("ONE", "S2", "Twin"), ("TWO", "S3", "Twin"), ("ONE", "DUP", "Fourth"),
          ("TWO", "DUP", "Fifth, with a comma"), ("ONE", "=1+1", "@SUM(A1:A9)"), ("TWO", "S7", '-2"quoted"')]


def day(ahead):
    return (NOW + datetime.timedelta(days=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def demo(postgres):
    return demo_house(postgres=postgres), Chart(ROOT / "etc/demo/organisation.ldif"), ACCOUNTS["ISSUER"], 120


def example_389(postgres):
    path = shared_file("data/directory/389ds-example.ldif")
    config = {"directory main": {"preset": "389ds", "id": "entryUUID", "unit_from": "attribute"},
              "role issuer": {"group": f"cn=PD Managers,ou=groups,{EXAMPLE}"}}
    house = House(path, config=config, slapd={"suffix": EXAMPLE, "settings": DS389}, slapadd=["-s"], postgres=postgres)
    return house, Chart(path, object_class="person", units_from="attribute"), "kwinters", 160


def michigan(postgres):
    path = shared_file("data/directory/openldap-michigan.ldif")
    config = {"role issuer": {"group": "Alumni Assoc Staff"}}
    house = House(path, config=config, slapd={"suffix": EXAMPLE, "schemas": ["openldap"]}, postgres=postgres)
    return house, Chart(path, object_class="openldapperson"), "dots", 60


class Example:
    """An organisation with a catalogue, and credentials and claims of a fixed random choice."""

    def __init__(self, house, chart, issuer, count):
        self.house, self.chart, self.dice = house, chart, random.Random(5)
        password = dict(chart.entries)[chart.people[issuer].dn].get("userpassword")
        if password is None:
            house.set_password(issuer)
        else:
            house.passwords[issuer] = password[0].decode()
        self.admin, self.issuer = house.rescue, house.sign_in(issuer)
        ids = {one["username"]: one["id"] for one in self.admin.pages("/people", limit=500)}
        named = {}
        for unit in self.admin.pages("/units", limit=500):
            named.setdefault(unit["name"], unit["id"])
        self.model = Model(chart, ids, {one.unit_key: named[one.unit] for one in chart.people.values() if one.unit})
        self.model.units.update({key: named[name] for key, name in chart.unit_names.items() if name in named})
        self.skills = self._make_skills()
        self.achievements = self._make_achievements()
        people = sorted(chart.people)
        holders = self.dice.sample(people, max(8, len(people) // 3)) if len(people) > 8 else people
        for _ in range(count):
            self._award(self.dice.choice(holders))
        for skill, shared in (self.skills[0], True), (self.skills[1], False), (self.skills[3], True):
            self.issuer.post("/claims", {"skill": skill.id, "level": 2, "shared": shared})
            self.model.claims.append(Claim(issuer, skill, 2, shared))

    def _make_skills(self):
        for code in "ONE", "TWO":
            self.admin.post("/frameworks", {"code": code, "name": code})
        self.admin.post("/scales", {"name": "Trade", "levels": ["a", "b", "c", "d", "e", "f", "g"]})
        made = []
        for framework, code, label in LABELS:
            scale = {"scale": "Trade"} if code == "S7" else {}
            answer = self.admin.post("/skills", {"framework": framework, "code": code, "label": label, **scale})
            made.append(Skill(answer["id"], framework, code, label))
        self.model.skills = {skill.id: skill for skill in made}
        return made

    def _make_achievements(self):
        made, s = [], self.skills
        for name, levels, validity in [("Basics", {s[0]: 1, s[1]: 2}, None), ("Master", {s[0]: 4}, "P1Y"),
                                       ("Both twins", {s[1]: 5, s[2]: 1}, "P2Y"), ("Fourth", {s[3]: 2}, None),
                                       ("Short", {s[4]: 3, s[0]: 2}, "P60D"), ("Formulas", {s[5]: 1, s[6]: 7}, "P3Y")]:
            answer = self.admin.post("/achievements", {
                "name": name, "state": "published", **({"validity": validity} if validity else {}),
                "skills": [{"skill": skill.id, "level": level} for skill, level in levels.items()]})
            made.append(Achievement(answer["id"], name, {skill.id: level for skill, level in levels.items()}))
        return made

    def _award(self, username):
        achievement, chance = self.dice.choice(self.achievements), self.dice.random()
        times = {"issued_at": day(-self.dice.randrange(1, 1500))}
        if chance < 0.1:
            times["valid_from"] = day(self.dice.randrange(5, 200))
        elif chance < 0.3:
            times["expires_at"] = day(self.dice.randrange(2, 400))
        made = self.issuer.issue(username, achievement.id, **times)
        credential = Credential(made, username, achievement, [(made["valid_from"], made.get("expires_at"))])
        self.model.credentials.append(credential)
        if made["state"] == "active" and chance > 0.8:
            self._turn(credential, ["revoke"] if chance > 0.9 else ["suspend"] if chance > 0.85 else ["suspend",
                    "reinstate"])

    def _turn(self, credential, verbs):
        for verb in verbs:
            self.issuer.post(f"/credentials/{credential.answer['id']}/{verb}", {"reason": "x"})
            when = self.issuer.get(f"/credentials/{credential.answer['id']}/events")["items"][-1]["valid_from"]
            begin, end = credential.stretches[-1]
            if verb == "reinstate":
                credential.stretches.append((when, credential.answer.get("expires_at")))
            else:
                credential.stretches[-1] = (begin, when)

    # ---- what is asked

    def filters(self, word):
        """A word of FILTERS as parameters."""
        some = sorted({credential.username for credential in self.model.credentials})
        managers = sorted(self.chart.people, key=lambda who: -len(self.chart.below(who)))
        units = sorted(self.model.units.values(), key=lambda unit: -len(self.model.people(unit=unit)))
        return {
            "nothing": {}, "a skill by id": {"skill": self.skills[0].id}, "a skill by code": {"skill": "S1"},
            "a code of two": {"skill": "DUP"}, "a label of two": {"skill": "Twin"}, "several skills": {"skill": ["S1",
                    "@SUM(A1:A9)"]},
            "a level": {"min_level": 4}, "a unit": {"unit": units[0]}, "another unit": {"unit": units[-1]},
            "a manager": {"manager": self.model.ids[managers[0]]},
            "a lower manager": {"manager": self.model.ids[managers[3]]},
            "a person by id": {"person": self.model.ids[some[0]]}, "a person by username": {"person": some[1]},
            "what lapses": {"expires_before": day(100)}, "a day that was": {"as_of": day(-300)},
            "a day to come": {"as_of": day(50)},
            "claims": {"verified": False}, "claims of a skill": {"verified": False, "skill": "S1"},
            "claims of a level": {"verified": False, "min_level": 3},
            "all at once": {"skill": ["Twin", "S1"], "min_level": 2, "unit": units[0], "expires_before": day(700),
                            "as_of": day(-5)},
        }[word]


FILTERS = ["nothing", "a skill by id", "a skill by code", "a code of two", "a label of two", "several skills",
           "a level", "a unit",
           "another unit", "a manager", "a lower manager", "a person by id", "a person by username", "what lapses",
           "a day that was",
           "a day to come", "claims", "claims of a skill", "claims of a level", "all at once"]


@pytest.fixture(scope="module", params=[demo, example_389, michigan], ids=lambda make: make.__name__)
def example(request, postgres):
    house, chart, issuer, count = request.param(postgres)
    with house:
        yield Example(house, chart, issuer, count)


def keyed(rows):
    """Rows by person and skill; the same twice is a fault."""
    found = {(row["person"]["id"], row["skill"]["id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def in_order(rows):
    return sorted(({**row, **({"skills": sorted(row["skills"], key=lambda one: one["id"])}
                              if isinstance(row.get("skills"), list) else {})}
                   for row in rows), key=lambda row: json.dumps(row, sort_keys=True))


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("word", FILTERS)
def test_the_report_is_what_follows_from_directory_and_credentials(example, word):
    filters = example.filters(word)
    expected = keyed(list(example.model.rows(**filters)))
    assert keyed(example.admin.pages("/reports/skills", limit=17, **filters)) == expected
    assert example.admin.get("/reports/skills", count=True, limit=1, **filters)["total"] == len(expected)
    if word in ("nothing", "a skill by code", "a day that was"):
        assert expected, "a filter that lets nothing through shows nothing"


@pytest.mark.parametrize("word", FILTERS)
@pytest.mark.parametrize("group", ["person", "skill", "unit"])
def test_the_report_is_grouped_right(example, group, word):
    filters = example.filters(word)
    expected = in_order(getattr(example.model, f"by_{group}")(**filters))
    assert in_order(example.admin.pages("/reports/skills", group_by=group, limit=3, **filters)) == expected
    assert in_order(lines(example.admin.get("/reports/skills", group_by=group, format="ndjson", **filters))) == expected


@pytest.mark.parametrize("word", ["nothing", "several skills", "what lapses", "claims", "all at once"])
def test_every_form_says_the_same(example, word):
    filters = example.filters(word)
    pages = example.admin.pages("/reports/skills", **filters)
    assert lines(example.admin.get("/reports/skills", format="ndjson", **filters)) == pages
    assert lines(example.admin.get("/reports/skills", headers={"Accept": "application/x-ndjson"}, **filters)) == pages
    table = list(csv.reader(io.StringIO(example.admin.get("/reports/skills", format="csv", **filters), newline="")))
    assert table[0] == ("person_id,username,name,unit,title,manager,skill_id,skill_code,skill,level,verified,issuer,issued_at,"
                        "expires_at,credential_id").split(",")
    assert table[1:] == [example.model.csv_row(row) for row in pages]
    for form in {"format": "ndjson", "limit": 1, "count": True}, {"format": "csv", "limit": 1}:
        assert len(example.admin.get("/reports/skills", **form,
                                     **filters).splitlines()) == len(pages) + (form["format"] == "csv")


def test_a_spreadsheet_takes_no_cell_for_a_formula(example):
    text = example.admin.get("/reports/skills", format="csv", skill=["@SUM(A1:A9)", "S7"])
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["skill"] for row in table} == {"'@SUM(A1:A9)", "'-2\"quoted\""} and {row["skill_code"]
            for row in table} == {"'=1+1", "S7"}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in table for cell in row.values())
    for group in "person", "skill":
        text = example.admin.get("/reports/skills", format="csv", group_by=group)
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(text, newline=""))
                       for cell in row)


SORTS = {"person": lambda row: row["person"]["id"], "name": lambda row: row["person"]["name"],
         "username": lambda row: row["username"],
         "unit": lambda row: row.get("unit", {}).get("name", ""), "skill": lambda row: row["skill"]["label"],
         "level": lambda row: row["level"],
         "expires_at": lambda row: ("expires_at" not in row, parsed(row["expires_at"]) if "expires_at" in row else 0)}
GROUP_SORTS = {
    "person": {"person": SORTS["person"], "name": SORTS["name"], "unit": SORTS["unit"]},
    "skill": {"skill": SORTS["skill"], "people": lambda row: row["people"],
              "expiring_90d": lambda row: row["expiring_90d"]},
    "unit": {"unit": SORTS["unit"], "people": lambda row: row["people"], "holders": lambda row: row["holders"],
             "skills": lambda row: row["skills"]}}


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("group, sort", [(None, sort) for sort in SORTS] +
                         [(group, sort) for group, sorts in GROUP_SORTS.items() for sort in sorts])
def test_rows_come_in_the_order_asked_for_across_pages(example, group, sort, way):
    key = GROUP_SORTS[group][sort] if group else SORTS[sort]
    grouped = {"group_by": group} if group else {}
    whole = lines(example.admin.get("/reports/skills", format="ndjson", sort=way + sort, **grouped))
    keys = [key(row) for row in whole]
    assert keys == sorted(keys, reverse=way == "-")
    assert example.admin.pages("/reports/skills", sort=way + sort, limit=5, **grouped) == whole
    default = {None: "person", "person": "person", "skill": "skill", "unit": "unit"}[group]
    if way + sort == default:
        assert lines(example.admin.get("/reports/skills", format="ndjson", **grouped)) == whole


@pytest.mark.parametrize("field, parameters", [
    ("skill", {"skill": "Nobody can this"}), ("skill", {"skill": ["S1", "0190a000-0000-7000-8000-000000000000"]}),
    ("unit", {"unit": "0190a000-0000-7000-8000-000000000000"}), ("unit", {"unit": "Engineering"}),
    ("person", {"person": "nobody-here"}), ("person", {"person": "0190a000-0000-7000-8000-000000000000"}),
    ("manager", {"manager": "0190a000-0000-7000-8000-000000000000"}), ("min_level", {"min_level": 0}), ("min_level",
            {"min_level": 21}),
    ("group_by", {"group_by": "manager"}), ("as_of", {"as_of": "yesterday"}), ("sort", {"sort": "title"}),
    ("sort", {"sort": "people"}), ("sort", {"group_by": "skill", "sort": "level"}), ("sort", {"group_by": "unit",
            "sort": "name"}),
    ("limit", {"limit": 501}), ("limit", {"limit": 0}), ("cursor", {"cursor": "bm9uc2Vuc2U"}), ("verified",
            {"verified": "maybe"}),
    ("format", {"format": "xml"}), ("skills", {"skills": "S1"})], ids=str)
def test_what_is_not_there_is_named_and_never_answered_with_nothing(example, field, parameters):
    for form in {}, {"format": "csv"}:
        problem = example.admin.get("/reports/skills", gives=400, **{**form, **parameters})
        assert [error["field"] for error in problem["errors"]] == [field]


def test_a_cursor_of_another_question_is_refused(example):
    cursor = example.admin.get("/reports/skills", limit=2, sort="level")["next"]
    example.admin.get("/reports/skills", limit=2, sort="name", cursor=cursor, gives=400)
    example.admin.get("/reports/skills", limit=2, sort="-level", cursor=cursor, gives=400)
    example.admin.get("/reports/skills", limit=2, sort="level", skill="S1", cursor=cursor, gives=400)
    example.admin.get("/reports/skills", limit=2, sort="level", cursor=cursor)


def test_thirty_thousand_people_come_whole(postgres):
    path = shared_file("data/directory/apacheds-30k.ldif.gz")
    chart = Chart(path)
    assert len(chart.people) == 30000
    with House(path, slapd={"suffix": EXAMPLE}, slapadd=["-s"], postgres=postgres) as house:
        run, = house.rescue.get("/directory/runs")["items"]
        assert (run["state"], run["people"], run["added"], run["skipped"]) == ("done", 30000, 30000, 0)
        assert house.rescue.get("/people", count=True, limit=1)["total"] == 30000
        seen = {one["username"]: (one["name"], one["mail"]) for one in lines(house.rescue.get("/people",
                format="ndjson"))}
        assert seen == {username: (one.name, one.mail) for username, one in chart.people.items()}
        again = house.sync()
        assert [again[count] for count in ("people", "added", "changed", "moved", "absent")] == [30000, 0, 0, 0, 0]
