# SPDX-License-Identifier: Apache-2.0
"""A fake domain controller: what Active Directory does and neither Samba nor any other free server: MaxPageSize,
MaxValRange (`member` in ranges), an empty password that is let in, and why a password is not; and, so that they can go
wrong, the numbers of its changes (uSNChanged). Knows entries as a test gives them, equality filters and no schema."""
import re
import struct
import uuid

from kit.fake_ldap import BIND_DONE, PAGED, FakeLdap, done, entry as plain_entry, message, reference, result, text, tlv

BASE = "DC=ad,DC=example,DC=org"
SID = bytes.fromhex("010500000000000515000000") + b"0^\xb1\xae\xbf\x9d\xab\xc6\xb99\x02\x86"
AND, OR, NOT, EQUAL, AT_LEAST, PRESENT = 0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0x87
SERVICE, SHOW_DELETED, DOMAIN_SCOPE = f"CN=NTDS Settings,{BASE}", b"1.2.840.113556.1.4.417", b"1.2.840.113556.1.4.1339"
NEVER = 0x7fffffffffffffff


def parse(body):
    """[(tag, content), ...] of what stands one after another."""
    found, at = [], 0
    while at < len(body):
        tag, size = body[at], body[at + 1]
        at += 2
        if size & 0x80:
            size, at = int.from_bytes(body[at:at + (size & 0x7f)], "big"), at + (size & 0x7f)
        found.append((tag, body[at:at + size]))
        at += size
    return found


class Entry:
    """Values are text or bytes; a name says its kind, so that an objectGUID and a SID come of themselves."""

    def __init__(self, rdn, kind, above=BASE, number=None, **attributes):
        self.dn, self.usn, self.created, self.hidden, self.deleted = f"{rdn},{above}", 1000, 1000, False, False
        self.guid = uuid.uuid5(uuid.NAMESPACE_DNS, self.dn)
        self.attributes = {"objectClass": kind, "objectGUID": [self.guid.bytes_le], **attributes}
        if number:
            self.attributes["objectSid"] = [SID + struct.pack("<I", number)]

    def values(self, name):
        if name.lower() == "usnchanged":
            return [str(self.usn)] if self.usn else []
        if name.lower() == "usncreated":
            return [str(self.created)]
        for known, values in self.attributes.items():
            if known.lower() == name.lower():
                return values if isinstance(values, list) else [values]
        return []

    def matches(self, tag, content):
        if tag in (AND, OR):
            return (all if tag == AND else any)(self.matches(*part) for part in parse(content))
        if tag == NOT:
            return not self.matches(*parse(content)[0])
        if tag == PRESENT:
            return bool(self.values(content.decode()))
        assert tag in (EQUAL, AT_LEAST), hex(tag)
        (_, name), (_, value) = parse(content)
        if tag == AT_LEAST:
            return any(int(one) >= int(value) for one in self.values(name.decode()))
        return any(str(one).lower().encode() == value.lower() for one in self.values(name.decode()))


def user(name, above=BASE, control=512, **more):
    return Entry(f"CN={name}", ["top", "person", "organizationalPerson", "user"], above, **{
        "objectCategory": "person", "cn": name, "sAMAccountName": name, "userAccountControl": str(control),
        "primaryGroupID": "513", "accountExpires": str(NEVER), **more})


def group(name, members=(), number=None, **more):
    return Entry(f"CN={name}", ["top", "group"], number=number, cn=name, member=list(members), **more)


class FakeAd(FakeLdap):
    """refusals: {dn: what the server says instead of letting in}; at_part(n): called before the n-th question for a
    single entry is answered, so that a test can change something meanwhile. refuse: the code with which it answers who asks for newer numbers. at_round(n): called before the n-th search for
    whatever has a newer number, of which the one at the beginning is number 0."""

    def __init__(self, *entries, page=1000, values=1500, refusals=None, at_part=None, answer_part=None, refuse=None,
                 at_round=None):
        self.entries, self.page, self.range, self.refusals = list(entries), page, values, refusals or {}
        self.at_part, self.answer_part, self.parts, self.asked, self.sizes = at_part, answer_part, 0, [], []
        self.refuse, self.at_round, self.rounds, self.usn = refuse, at_round, 0, 2000
        self.invocation, self.shows = uuid.uuid4(), True
        super().__init__(self._search, self._bind, self._root)

    def change(self, entry, **values):
        self.usn += 1
        entry.usn = self.usn
        entry.attributes |= values

    def add(self, entry):
        self.change(entry)
        entry.created = entry.usn
        self.entries.append(entry)

    def delete(self, entry):
        """A tombstone stays; groups that it was in say nothing."""
        self.change(entry)
        entry.dn, entry.deleted = f"CN={entry.guid}\\0ADEL:{entry.guid},CN=Deleted Objects,{BASE}", True
        entry.attributes.pop("objectCategory", None)

    def cookie(self, usn=None, invocation=None):
        return f"{invocation or self.invocation} {self.usn if usn is None else usn}"

    def _root(self, number):
        shown = plain_entry(number, "", defaultNamingContext=[BASE], dsServiceName=[SERVICE],
                            highestCommittedUSN=[str(self.usn)]) if self.shows else b""
        return shown + done(number, cookie=None)

    def _bind(self, number):
        (_, _), (_, dn), (_, password) = parse(parse(self.binds[-1])[1][1])
        known = {entry.dn.lower() for entry in self.entries}
        said = self.refusals.get(dn.decode())
        if not password:  # RFC 4513 5.1.2: a success that means nothing
            return result(number, BIND_DONE)
        if said or (dn and dn.decode().lower() not in known):
            return result(number, BIND_DONE, 49, f"80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, "
                                                 f"data {said or '52e'}, v4563\0")
        return result(number, BIND_DONE)

    def _search(self, number, _):
        parsed = parse(self.searches[-1])
        (_, base), (_, scope), _, _, _, _, where, (_, names) = parse(parsed[1][1])
        names = [name.decode() for _, name in parse(names)]
        self.asked.append((base.decode(), scope[0], names))
        if base.decode() == SERVICE:
            yield plain_entry(number, SERVICE, invocationId=[self.invocation.bytes_le] if self.invocation else [])
            yield done(number, cookie=None)
            return
        if scope[0] == 0:
            yield from self._one(number, base.decode(), names)
            return
        if self.refuse and b"uSNChanged" in self.searches[-1]:
            yield done(number, self.refuse, cookie=None)
            return
        if names[-1] == "uSNCreated" and self.at_round:
            self.at_round(self.rounds)
        self.rounds += names[-1] == "uSNCreated"
        found = [entry for entry in self.entries if not entry.hidden and entry.dn.lower().endswith(base.decode().lower())
                 and (not entry.deleted or SHOW_DELETED in self.searches[-1]) and entry.matches(*where)]
        size, start = self._control(parsed)
        self.sizes.append(size)
        most = min(size or self.page, self.page)
        for entry in found[start:start + most]:
            yield self._entry(number, entry, names)
        if DOMAIN_SCOPE not in self.searches[-1]:
            yield reference(number, f"ldap://ForestDnsZones.example.org/DC=ForestDnsZones,{BASE}")
        rest = start + most < len(found)
        if size:
            yield done(number, cookie=str(start + most).encode() if rest else b"")
        else:
            yield done(number, 4 if rest else 0, cookie=None)

    @staticmethod
    def _control(parsed):
        for tag, content in parsed[2:]:
            for _, control in parse(content):
                kind, *rest = parse(control)
                if tag == 0xa0 and kind[1] == PAGED:
                    (_, size), (_, cookie) = parse(parse(rest[-1][1])[0][1])
                    return int.from_bytes(size, "big"), int(cookie or 0)
        return 0, 0

    def _one(self, number, dn, names):
        if self.at_part:
            self.at_part(self.parts)
        self.parts += 1
        found = [entry for entry in self.entries if entry.dn.lower() == dn.lower()]
        if not found:
            yield done(number, 32, cookie=None)
            return
        yield self._entry(number, found[0], names)
        yield done(number, cookie=None)

    def _entry(self, number, entry, names):
        parts = []
        for name in names:
            asked = re.fullmatch(r"(\w+);range=(\d+)-\*", name)
            values = entry.values(asked[1] if asked else name)
            if self.answer_part and asked:
                parts += self.answer_part(int(asked[2]), values)
            elif asked or len(values) > self.range:
                low = int(asked[2]) if asked else 0
                high = "*" if low + self.range >= len(values) else low + self.range - 1
                some = values[low:low + self.range]
                parts += [] if asked else [(name, [])]
                parts += [(f"{asked[1] if asked else name};range={low}-{high}", some)] if some else []
            elif values:
                parts.append((name, values))
        return message(number, 0x64, text(entry.dn), tlv(0x30, *[
            tlv(0x30, text(name), tlv(0x31, *map(text, values))) for name, values in parts]))
