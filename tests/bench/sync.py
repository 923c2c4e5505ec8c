# SPDX-License-Identifier: Apache-2.0
"""A run of the directory against `ldapsearch` that reads the same attributes of the same entries."""
import subprocess

import ldap
from bench.measure import alternate, seconds_of
from kit.house import BASE, House
from kit.postgres import Postgres

ATTRIBUTES = """entryUUID objectClass uid cn displayName mail title telephoneNumber employeeNumber manager
preferredLanguage c co ou member uniqueMember memberUid pwdAccountLockedTime""".split()
PEOPLE = f"ou=people,{BASE}"
HEAD = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people
"""
UNIT = """
dn: ou=section {n},{people}
objectClass: organizationalUnit
ou: section {n}
"""
PERSON = """
dn: uid=user{n},ou=section {unit},{people}
objectClass: inetOrgPerson
uid: user{n}
cn: Person Number {n}
sn: Number {n}
displayName: Person Number {n}
mail: user{n}@example.org
title: Specialist, grade {grade}
telephoneNumber: +49 30 {phone}
employeeNumber: {n}
preferredLanguage: en
"""
UNITS = 200


def person_dn(n):
    return f"uid=user{n},ou=section {n % UNITS},{PEOPLE}"


def ldif(people):
    parts = [HEAD, *(UNIT.format(n=n, people=PEOPLE) for n in range(UNITS))]
    for n in range(people):
        parts.append(PERSON.format(n=n, unit=n % UNITS, people=PEOPLE, grade=n % 9, phone=1000000 + n))
        parts[-1] += f"manager: {person_dn(n // 15)}\n" if n else ""
    return "\n".join(part.strip("\n") + "\n" for part in parts)


class Directory:
    """A slapd with `people`, a database, and skillsd as a command; no daemon runs."""

    def __init__(self, postgres, people):
        self.people, self.tour = people, 0
        self.house = House(ldif(people), postgres=postgres)
        self.house.port = 1  # nothing listens
        self.house.configure()

    def empty(self):
        self.house.postgres.drop(self.house.database)
        self.house.postgres.create(self.house.database)
        self.house.migrate()

    def sync(self, expected):
        done = self.house.command("sync")
        if done.returncode or expected not in done.stdout:
            raise RuntimeError(f"skillsd sync: not {expected!r} but {done.stdout}{done.stderr}")

    def search(self):
        slapd = self.house.slapd
        with open("/dev/null", "wb") as nothing:
            subprocess.run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", slapd.uri, "-D", slapd.admin_dn, "-w",
                            slapd.admin_password, "-E", "pr=1000/noprompt", "-b", BASE, "(objectClass=*)", *ATTRIBUTES],
                           check=True, stdout=nothing, timeout=300)

    def change(self, share):
        """Gives every so many-th person another title."""
        self.tour += 1
        link = self.house.slapd.admin()
        for n in range(0, self.people, round(1 / share)):
            link.modify_s(person_dn(n), [(ldap.MOD_REPLACE, "title", [f"Expert of tour {self.tour}".encode()])])
        link.unbind_s()


def measure(table, directory, rounds):
    people = directory.people

    def first():
        directory.empty()
        return seconds_of(lambda: directory.sync(f"{people} people, {people} added"))()

    def changed():
        directory.change(0.01)
        return seconds_of(lambda: directory.sync(f"{people // 100} changed"))()
    directory.search()
    limit, load = alternate(rounds, seconds_of(directory.search), first)
    table.ratio(f"sync, {people:,} people, first load, ldapsearch", limit, load, "s", most=2.5)
    limit, still, some = alternate(rounds, seconds_of(directory.search),
                                   seconds_of(lambda: directory.sync(f"{people} people, 0 added, 0 changed")), changed)
    table.ratio("  no change", limit, still, "s", most=1.15)
    table.ratio("  1 % changed", limit, some, "s", most=1.3)


def sync(table, sizes, rounds):
    with Postgres("shared_buffers = 256MB\nmax_wal_size = 8GB\n") as postgres:
        for people in sizes:
            directory = Directory(postgres, people)
            try:
                measure(table, directory, rounds)
            finally:
                directory.house.remove()
