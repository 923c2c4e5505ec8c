# SPDX-License-Identifier: Apache-2.0
"""An organisation read from its LDIF by other means than the daemon's: python-ldap parses it, Python walks
the chart. Knows who is there, in which unit, below whom. Knows no skillsd and asks no server."""
import gzip
import io
from dataclasses import dataclass

import ldap.dn
import ldif


@dataclass
class Person:
    dn: str
    username: str
    name: str
    title: str
    mail: str
    unit: str  # name of the unit, or None
    unit_key: str  # tells units of one name apart
    manager: str = None  # username


def canonical(dn):
    """The same for every way to write a DN."""
    return str([sorted((kind.lower(), " ".join(value.lower().split())) for kind, value, _ in rdn)
                for rdn in ldap.dn.str2dn(dn)])


def read_entries(source):
    """[(dn, {attribute in lower case: [values]})] of LDIF text or a file (.gz too)."""
    if isinstance(source, str):
        data = source.encode()
    else:
        data = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    records = ldif.LDIFRecordList(io.BytesIO(data))
    records.parse()
    return [(dn, {name.lower(): values for name, values in attributes.items()})
            for dn, attributes in records.all_records]


class Chart:
    """units_from: "ou", the entries above a person, or "attribute", the person's own ou; `container` is no unit."""

    def __init__(self, source, *, object_class="inetorgperson", units_from="ou", container="people"):
        self.entries = read_entries(source)
        self.container, self.units_from = container, units_from
        self.unit_parents = {}  # key: key of the unit above, or None
        self.unit_names = {}
        self._read_units()
        managers, by_dn = {}, {}
        self.people = {}
        for dn, attributes in self.entries:
            classes = {value.decode().lower() for value in attributes.get("objectclass", [])}
            if object_class not in classes or "uid" not in attributes:
                continue
            person = self._person(dn, attributes)
            self.people[person.username] = by_dn[canonical(dn)] = person
            if "manager" in attributes:
                managers[person.username] = canonical(attributes["manager"][0].decode())
        for username, manager in managers.items():
            if manager in by_dn and by_dn[manager].username != username:
                self.people[username].manager = by_dn[manager].username

    def _read_units(self):
        found = {}
        for dn, attributes in self.entries:
            classes = {value.decode().lower() for value in attributes.get("objectclass", [])}
            names = [value.decode() for value in attributes.get("ou", []) if value.decode().lower() != self.container]
            if self.units_from == "ou" and "organizationalunit" in classes and names:
                found[canonical(dn)] = (dn, names[0])
        for key, (dn, name) in found.items():
            self.unit_names[key] = name
            self.unit_parents[key] = self._above(dn, found)

    @staticmethod
    def _above(dn, known):
        parts = ldap.dn.str2dn(dn)[1:]
        while parts:
            key = canonical(ldap.dn.dn2str(parts))
            if key in known:
                return key
            parts = parts[1:]
        return None

    def _person(self, dn, attributes):
        def first(*names):
            return next((attributes[name][0].decode().strip() for name in names if name in attributes), None)

        key, unit = None, None
        if self.units_from == "ou":
            key = self._above(dn, self.unit_names)
            unit = self.unit_names.get(key)
        else:
            names = [value.decode() for value in attributes.get("ou", []) if value.decode().lower() != self.container]
            unit = names[0] if names else None
            key = unit and unit.lower()
        return Person(dn, first("uid"), first("displayname", "cn"), first("title"), first("mail"), unit, key)

    def below(self, username):
        """Usernames of everyone below, however deep."""
        found, edge = set(), {username}
        while edge:
            edge = {person.username for person in self.people.values() if person.manager in edge} - found
            found |= edge
        return found - {username}

    def within(self, unit_key):
        """Keys of a unit and of those below it."""
        found, edge = {unit_key}, {unit_key}
        while edge:
            edge = {key for key, parent in self.unit_parents.items() if parent in edge} - found
            found |= edge
        return found
