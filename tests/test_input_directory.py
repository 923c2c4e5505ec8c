# SPDX-License-Identifier: Apache-2.0
"""People, units and groups called what means something to SQL, LDAP, CSV, HTML, logs and terminals. They come as they are, are
found, seen and let in under their names and under no other's, and forge no line of a log or of a command."""
import base64
import csv
import io

import ldap.dn
import pytest
from kit.hostile import CONTROLS, HARMLESS, SHOWN, unclean
from kit.house import BASE, House
from kit.slapd import free_port

# No directory keeps a NUL in such an attribute, nor an empty or a mere space; and what a number ends is unlike any other.
NAMES = [f"{text}{number}" for number, text in enumerate(HARMLESS + [text for text in CONTROLS if "\x00" not in text])]
FORGED = ("b: forged", "2026-01-01T00:00:00Z error forged", "\u202e")


def b64(attribute, value):
    return f"{attribute}:: {base64.b64encode(value.encode()).decode()}"


def entry(dn, *lines):
    return "\n".join([b64("dn", dn), *lines]) + "\n"


def rdn(kind, value, above):
    return f"{kind}={ldap.dn.escape_dn_chars(value)},{above}"


def person(number, name):
    unit = rdn("ou", name, f"ou=people,{BASE}")
    nobody = rdn("uid", f"nobody {name}", unit)
    values = [b64(attribute, name) for attribute in ("uid", "cn", "title", "employeeNumber", "preferredLanguage", "description", "st", "l")]
    return entry(unit, "objectClass: organizationalUnit", b64("ou", name)) + "\n" + entry(
        rdn("uid", name, unit), "objectClass: inetOrgPerson", "sn: x", *values, b64("manager", nobody), f"userPassword: pw-{number}")


LDIF = "\n".join([
    entry(BASE, "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"),
    entry(f"cn=sync,{BASE}", "objectClass: simpleSecurityObject", "objectClass: organizationalRole", "cn: sync", "userPassword: admin"),
    *(entry(f"ou={name},{BASE}", "objectClass: organizationalUnit", f"ou: {name}") for name in ("people", "groups")),
    *(person(number, name) for number, name in enumerate(NAMES)),
    *(entry(rdn("cn", name, f"ou=groups,{BASE}"), "objectClass: groupOfNames", b64("cn", name),
            b64("member", rdn("uid", name, rdn("ou", name, f"ou=people,{BASE}")))) for name in NAMES),
])
ISSUERS = NAMES[HARMLESS.index("cn=\"a, b\"+x=#04")]
CONFIG = {"role issuer": {"group": rdn("cn", ISSUERS, f"ou=groups,{BASE}")}, "role auditor": {"group": NAMES[HARMLESS.index("*")]},
          "directory main": {"employee_number": "employeeNumber", "locale": "preferredLanguage"}}


@pytest.fixture(scope="module")
def house(postgres):
    """Looked at before the daemon runs, as an admin does."""
    house = House(LDIF, config=CONFIG, postgres=postgres)
    house.port = free_port()
    house.configure()
    house.migrate()
    house.shown = [house.command("sync", "--dry-run"), house.command("doctor"), house.command("doctor", "--json"),
                   house.command("sync", "--dry-run", "--json")]
    with house:
        yield house


@pytest.fixture(scope="module")
def people(house):
    return {one["username"]: one for one in house.rescue.pages("/people", limit=500)}


def test_everybody_comes_as_they_are(house, people):
    assert set(people) == {one["name"] for one in people.values()} == set(NAMES)
    for one in people.values():
        assert one["title"] == one["employee_number"] == one["locale"] == one["unit"]["name"] == one["username"]
    assert {unit["name"] for unit in house.rescue.pages("/units", limit=500)} >= set(NAMES)


def test_everybody_is_found_by_their_name_and_nobody_by_anothers(house, people):
    for name in NAMES[:len(HARMLESS)]:
        found = house.rescue.get("/people", username=name)["items"]
        assert [one["username"] for one in found] == [name]
        assert name in {one["username"] for one in house.rescue.get("/people", q=name)["items"]}
        assert house.rescue.get("/reports/skills", person=name)["items"] == []
    for pattern in "*", "%", "_", "*)(uid=*":
        assert house.rescue.get("/people", username=pattern)["items"] == []


def test_everybody_signs_in_under_their_name_and_no_other(house, people):
    roles = {ISSUERS: ["issuer"], CONFIG["role auditor"]["group"]: ["auditor"]}
    for number, name in enumerate(NAMES[:len(HARMLESS)]):
        if "\n" in name or "\t" in name:  # is nobody's name
            assert house.try_sign_in(name, f"pw-{number}").status_code == 401
            continue
        opened = house.sign_in(name, f"pw-{number}").opened
        assert (opened["person"]["id"], opened["roles"]) == (people[name]["id"], roles.get(name, ["employee"])), name
    for number, name in enumerate(NAMES[len(HARMLESS):], len(HARMLESS)):
        assert house.try_sign_in(name, f"pw-{number}").status_code == 400
    for name in "*", "*)(uid=*", f"{NAMES[0]})(uid=*", "\\2a", f"uid={NAMES[0]}":
        assert house.try_sign_in(name, "pw-0").status_code == 401


def test_no_cell_is_a_formula(house, people):
    for path in "/people", "/units", "/access":
        text = house.rescue.get(path, format="csv")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) > 3 and not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in rows for cell in row)


def test_no_log_and_no_command_is_forged(house, people):
    house.sync()
    assert unclean(house.log_path.read_bytes().decode()) == []
    assert not SHOWN.search(house.gate.log())
    for done in house.shown:
        assert done.returncode in (0, 1) and done.stderr == "", done.stderr
        assert len(done.stdout) > 1000 and not any(line.strip().startswith(FORGED) for line in done.stdout.splitlines())
    for done in house.shown[:2]:
        assert not SHOWN.search(done.stdout), SHOWN.search(done.stdout)
