# SPDX-License-Identifier: Apache-2.0
"""The skills database report computed a second time: from a Chart and the list of credentials and claims that
a test made, in plain Python. Knows the contract's words; asks the daemon nothing."""
import datetime
from dataclasses import dataclass, field

from kit.house import parsed

FEW = 5
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Skill:
    id: str
    framework: str
    code: str
    label: str


@dataclass
class Achievement:
    id: str
    name: str
    levels: dict  # {skill id: level}


@dataclass
class Credential:
    answer: dict  # what the daemon said when it was issued
    username: str
    achievement: Achievement
    stretches: list = field(default_factory=list)  # [(from, to or None)] in which it was good, as known now

    def is_good(self, moment):
        return any(parsed(begin) <= moment and (end is None or moment < parsed(end)) for begin, end in self.stretches)


@dataclass
class Claim:
    username: str
    skill: Skill
    level: int
    shared: bool


class Model:
    """ids: {username: person id}; units: {unit key: unit id}"""

    def __init__(self, chart, ids, units):
        self.chart, self.ids, self.units = chart, ids, units
        self.skills, self.credentials, self.claims = {}, [], []

    def _because(self, credential, end):
        answer = credential.answer
        return {"credential_id": answer["id"], "achievement": answer["achievement"], "issuer": answer["issuer"],
                "issued_at": answer["issued_at"], **({"expires_at": end} if end else {})}

    def _unit(self, person):
        return {"unit": {"id": self.units[person.unit_key], "name": person.unit}} if person.unit else {}

    def _row(self, username, skill, level, verified):
        person = self.chart.people[username]
        return {"person": {"id": self.ids[username], "name": person.name}, "username": username,
                **({"title": person.title} if person.title else {}), **self._unit(person),
                "skill": {"id": skill.id, "label": skill.label}, "level": level, "verified": verified}

    def _verified(self, moment):
        found = {}
        for credential in self.credentials:
            for skill_id, level in credential.achievement.levels.items() if credential.is_good(moment) else ():
                lapses = credential.answer.get("expires_at")
                found.setdefault((credential.username, skill_id), []).append((level, lapses, credential))
        for (username, skill_id), carried in found.items():
            # The best level first, of one level the one that lapses last.
            carried.sort(key=lambda one: one[2].answer["id"])
            carried.sort(key=lambda one: (one[0], one[1] is None, one[1] and parsed(one[1])), reverse=True)
            level, end, _ = carried[0]
            yield {**self._row(username, self.skills[skill_id], level, True), **({"expires_at": end} if end else {}),
                   "because": [self._because(credential, end) for _, end, credential in carried]}

    def _claimed(self, totals, people):
        """What was not shared is in totals only, and not where so few people are counted that it would tell who."""
        for claim in self.claims:
            if claim.shared or (totals and len(people) >= FEW):
                yield self._row(claim.username, claim.skill, claim.level, False)

    def _skills_meant(self, reference):
        return {skill.id for skill in self.skills.values() if reference in (skill.id, skill.code, skill.label)}

    def people(self, unit=None, manager=None, person=None, **_):
        """Usernames that the filters on people let through."""
        by_id = {value: key for key, value in self.ids.items()}
        keys = unit and self.chart.within(next(key for key, value in self.units.items() if value == unit))
        below = manager and self.chart.below(by_id[manager])
        return {username for username, one in self.chart.people.items()
                if (not unit or one.unit_key in keys) and (not manager or username in below)
                and (not person or person in (username, self.ids[username]))}

    def rows(self, *, totals=False, **filters):
        """Rows of the ungrouped report, in no order."""
        moment = parsed(filters["as_of"]) if "as_of" in filters else datetime.datetime.now(datetime.timezone.utc)
        people = self.people(**filters)
        wanted = filters.get("skill")
        wanted = set().union(*(self._skills_meant(one) for one in ([wanted] if isinstance(wanted, str) else wanted))) \
            if wanted else None
        before = filters.get("expires_before")
        for row in self._claimed(totals, people) if filters.get("verified") is False else self._verified(moment):
            if row["username"] in people and (wanted is None or row["skill"]["id"] in wanted) \
                    and row["level"] >= filters.get("min_level", 1) \
                    and (not before or ("expires_at" in row and parsed(row["expires_at"]) < parsed(before))):
                yield row

    def by_person(self, **filters):
        found = {}
        for row in self.rows(**filters):
            one = found.setdefault(row["person"]["id"], {key: row[key] for key in ("person", "unit") if key in row})
            one.setdefault("skills", []).append({"id": row["skill"]["id"], "label": row["skill"]["label"],
                                                 "level": row["level"],
                                                 **({"expires_at": row["expires_at"]} if "expires_at" in row else {})})
        return list(found.values())

    def by_skill(self, **filters):
        moment = parsed(filters["as_of"]) if "as_of" in filters else datetime.datetime.now(datetime.timezone.utc)
        soon, found = moment + datetime.timedelta(days=90), {}
        for row in self.rows(totals=True, **filters):
            one = found.setdefault(row["skill"]["id"], {"skill": row["skill"], "people": 0, "levels": {},
                                                        "expiring_90d": 0})
            one["people"] += 1
            one["levels"][str(row["level"])] = one["levels"].get(str(row["level"]), 0) + 1
            one["expiring_90d"] += "expires_at" in row and parsed(row["expires_at"]) < soon
        return list(found.values())

    def by_unit(self, **filters):
        found, held = {}, {}
        for username in self.people(**filters):
            person = self.chart.people[username]
            one = found.setdefault(person.unit_key, {**self._unit(person), "people": 0, "holders": 0, "skills": 0})
            one["people"] += 1
        for row in self.rows(totals=True, **filters):
            held.setdefault(self.chart.people[row["username"]].unit_key, []).append(row)
        for key, rows in held.items():
            found[key]["holders"] = len({row["username"] for row in rows})
            found[key]["skills"] = len({row["skill"]["id"] for row in rows})
        return list(found.values())

    def csv_row(self, row):
        """What CSV says of a row, the cells as a spreadsheet may open them."""
        person, best = self.chart.people[row["username"]], row.get("because", [{}])[0]
        manager = self.chart.people[person.manager].name if person.manager else ""
        cells = [row["person"]["id"], row["username"], person.name, person.unit, person.title, manager,
                 row["skill"]["id"],
                 self.skills[row["skill"]["id"]].code, row["skill"]["label"], str(row["level"]),
                 "true" if row["verified"] else "false", best.get("issuer", {}).get("name"), best.get("issued_at"),
                 best.get("expires_at"), best.get("credential_id")]
        return ["'" + cell if cell and cell.startswith(FORMULA) else cell or "" for cell in cells]
