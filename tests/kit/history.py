# SPDX-License-Identifier: Apache-2.0
"""An organisation of 40, and random things that happen to it in its directory: people, units and groups that
change, move, leave, come back, or make way for others of the same name. Knows LDAP and no skillsd."""
import ldap
import ldap.dn
from kit.house import BASE

PEOPLE, GROUPS, AWAY = f"ou=people,{BASE}", f"ou=groups,{BASE}", f"ou=away,{BASE}"
UNITS = ["ou=craft", "ou=tools,ou=craft", "ou=fine,ou=tools,ou=craft", "ou=trade", "ou=north,ou=trade",
         "ou=void,ou=trade"]
COUNT = 40
LOCKED = b"000001010000Z"
BY_DN = {"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember"}
CROWD = f"cn=crowd,{PEOPLE}"  # many to whom nothing ever happens


def entry(dn, *lines):
    return "\n".join([f"dn: {dn}", *lines]) + "\n"


def person(n):
    """Their managers make a tree; the username is not in the DN."""
    above = [f"{UNITS[n % 5]},{PEOPLE}", PEOPLE][n % 11 == 10]
    manager = [f"manager: {person(n // 4)[0]}"] if n else []
    return f"cn=p{n},{above}", ["objectClass: inetOrgPerson", f"cn: p{n}", "sn: x", f"uid: u{n}", f"title: t{n}",
                                f"departmentNumber: d{n % 4}", *manager]


def groups():
    for n in range(3):
        yield f"cn=names{n},{GROUPS}", ["objectClass: groupOfNames", f"member: cn=names{(n + 1) % 3},{GROUPS}",
                                        *(f"member: {person(k)[0]}" for k in range(n, 12, 3))]
    for n in range(2):
        yield f"cn=unique{n},{GROUPS}", ["objectClass: groupOfUniqueNames", f"uniqueMember: cn=names2,{GROUPS}",
                                         f"uniqueMember: {person(20 + n)[0]}#'0101'B"]
        yield f"cn=posix{n},{GROUPS}", ["objectClass: posixGroup", "gidNumber: 5",
                                        *(f"memberUid: u{k}" for k in range(n, 30, 5)), "memberUid: ghost"]


def ldif():
    folders = [entry(dn, "objectClass: organizationalUnit") for dn in (PEOPLE, GROUPS, AWAY)]
    top = entry(BASE, "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example")
    return "\n".join([top, *folders,
                      *(entry(f"{unit},{PEOPLE}", "objectClass: organizationalUnit") for unit in UNITS),
                      *(entry(dn, *lines) for dn, lines in map(person, range(COUNT))),
                      *(entry(dn, *lines) for dn, lines in groups())])


def crowd(count):
    """More LDIF. Everybody in it has a manager, but the first."""
    people = (entry(f"cn=c{n},{CROWD}", "objectClass: inetOrgPerson", f"cn: c{n}", "sn: x", f"uid: c{n}", f"title: of {n}",
                    "employeeType: crowd", *([f"manager: cn=c{n // 8},{CROWD}"] if n else [])) for n in range(count))
    return "\n".join([entry(CROWD, "objectClass: applicationProcess"), *people])


def shown(value):
    return repr(value) if len(value) < 200 else f"{value[0]!r} * {len(value)}"


def split(dn):
    parts = ldap.dn.str2dn(dn)
    return ldap.dn.dn2str(parts[:1]), ldap.dn.dn2str(parts[1:])


# ---- what can happen

class History:
    """Random changes of the directory, each drawn from what is there now. `steps` says what was done."""

    def __init__(self, slapd, chance):
        self.link, self.chance, self.steps, self.bin, self.new = slapd.admin(), chance, [], {}, 0
        self.kinds = sorted(name for name in dir(self) if name.startswith("do_"))

    # what is there

    def found(self, base, kind):
        where = f"(&(objectClass={kind})(!(employeeType=crowd)))"
        return sorted(dn for dn, _ in self.link.search_s(base, ldap.SCOPE_SUBTREE, where, ["1.1"])
                      if dn not in (PEOPLE, GROUPS))

    def someone(self):
        return self.chance.choice(self.found(PEOPLE, "inetOrgPerson"))

    def unit(self):
        return self.chance.choice(self.found(PEOPLE, "organizationalUnit"))

    def place(self):
        return self.chance.choice([PEOPLE, *self.found(PEOPLE, "organizationalUnit")])

    def group(self, *kinds):
        return self.chance.choice([dn for kind in kinds or (*BY_DN, "posixGroup") for dn in self.found(GROUPS, kind)]
                                  or [f"cn=names0,{GROUPS}"])

    def usernames(self):
        return sorted(values["uid"][0].decode() for _, values in self.link.search_s(
            BASE, ldap.SCOPE_SUBTREE, "(&(uid=*)(!(employeeType=crowd)))", ["uid"]))

    def fresh(self, word):
        self.new += 1
        return f"{word}-{self.new}"

    def somewhere(self):
        """A DN that is, or was, or may come to be a person's or a group's."""
        gone = [dn for dn in sorted(self.bin)] or [f"cn=nobody,{PEOPLE}"]
        return self.chance.choice([self.someone(), self.someone(), self.group(), self.chance.choice(gone),
                                   f"cn=new-{self.new + self.chance.randrange(1, 4)},{PEOPLE}"])

    # doing

    def step(self, words, act, *args):
        """The directory may refuse: then nothing happened."""
        try:
            act(*args)
            self.steps.append(words)
        except ldap.LDAPError as refusal:
            self.steps.append(f"{words}: refused, {type(refusal).__name__}")

    def put(self, dn, name, *values):
        self.step(f"{dn}: {name} = {', '.join(map(shown, values))}", self.link.modify_s, dn, [
            (ldap.MOD_REPLACE, name, [v if isinstance(v, bytes) else v.encode() for v in values] or None)])

    def rename(self, dn, rdn=None, above=None):
        self.step(f"{dn} becomes {rdn or 'the same'} under {above or 'the same'}", self.link.rename_s, dn,
                  rdn or split(dn)[0], above)
        return f"{rdn or split(dn)[0]},{above or split(dn)[1]}"

    def take(self, dn):
        (_, values), = self.link.search_s(dn, ldap.SCOPE_BASE, attrlist=["*", "pwdAccountLockedTime"])
        self.step(f"{dn} is deleted", self.link.delete_s, dn)
        return values

    def give(self, dn, values):
        self.step(f"{dn} is added", self.link.add_s, dn, sorted(values.items()))

    def happen(self):
        self.steps.append("batch")
        for _ in range(self.chance.randint(1, 6)):
            try:
                getattr(self, self.chance.choice(self.kinds))()
            except ldap.NO_SUCH_OBJECT:
                self.steps.append("and that was not there")

    # people

    def do_value(self):
        name = self.chance.choice(["title", "mail", "displayName", "telephoneNumber", "employeeNumber"])
        self.put(self.someone(), name, *self.chance.choice([[], ["one"], [self.fresh("value")], ["x" * 1001]]))

    def do_department(self):
        self.put(self.someone(), "departmentNumber", *self.chance.choice([[], ["d1"], ["d2", "d3"], ["x" * 501],
                                                                          [self.fresh("d")]]))

    def do_bad_value(self):
        self.put(self.someone(), "jpegPhoto", *self.chance.choice([[], [b"\xff\xfe"], [b"a\0b"], ["de"], ["x" * 65]]))

    def do_manager(self):
        who = self.someone()
        managers = [[], [who], [self.someone()], [self.someone()], [self.somewhere()]]
        self.put(who, "manager", *self.chance.choice(managers))

    def do_loop(self):
        ring = [self.someone() for _ in range(self.chance.randint(2, 4))]
        for who, manager in zip(ring, ring[1:] + ring[:1]):
            self.put(who, "manager", manager)

    def do_manager_of_many(self):
        manager = self.somewhere()
        for _ in range(3):
            self.put(self.someone(), "manager", manager)

    def do_rename(self):
        self.rename(self.someone(), f"cn={self.fresh('new')}")

    def do_rename_to_a_known_dn(self):
        dn = self.somewhere()
        if dn.endswith(PEOPLE):
            self.rename(self.someone(), *split(dn))

    def do_swap(self):
        one, two = self.someone(), self.someone()
        between = self.rename(one, "cn=between", AWAY)
        self.rename(two, *split(one))
        self.rename(between, *split(two))

    def do_username(self):
        self.put(self.someone(), "uid", self.chance.choice([self.chance.choice(self.usernames()), "ghost",
                                                            self.fresh("u"), "U1", "u" * 257]))

    def do_move(self):
        self.rename(self.someone(), None, self.place())

    def do_delete(self):
        dn = self.someone()
        self.bin[dn] = self.take(dn)

    def do_restore(self):
        if self.bin:
            dn = self.chance.choice(sorted(self.bin))
            self.give(dn, self.bin.pop(dn))

    def do_replace(self):
        dn = self.someone()
        self.give(dn, self.take(dn))

    def do_leave(self):
        self.rename(self.someone(), None, AWAY)

    def do_return(self):
        away = self.found(AWAY, "inetOrgPerson")
        if away:
            self.rename(self.chance.choice(away), None, self.place())

    def do_add(self):
        name = self.fresh("new")
        self.give(f"cn={name},{self.place()}", {"objectClass": [b"inetOrgPerson"], "cn": [name.encode()], "sn": [b"x"],
                                                "uid": [self.chance.choice([name, "ghost", "u3"]).encode()]})

    def do_lock(self):
        self.put(self.someone(), "pwdAccountLockedTime", *self.chance.choice([[], [LOCKED]]))

    # units

    def do_unit_rename(self):
        self.rename(self.unit(), f"ou={self.fresh('unit')}")

    def do_unit_move(self):
        self.rename(self.unit(), None, self.place())

    def do_unit_add(self):
        self.give(f"ou={self.fresh('unit')},{self.place()}", {"objectClass": [b"organizationalUnit"]})

    def do_unit_delete(self):
        """Only an empty one can be."""
        empty = [dn for dn in self.found(PEOPLE, "organizationalUnit")
                 if not self.link.search_s(dn, ldap.SCOPE_ONELEVEL, attrlist=["1.1"])]
        if empty:
            self.take(self.chance.choice(empty))

    def do_unit_replace(self):
        """Those in it do not notice, and neither do their entries."""
        unit = self.unit()
        away = self.rename(unit, f"ou={self.fresh('unit')}")
        self.give(unit, {"objectClass": [b"organizationalUnit"]})
        for dn, _ in sorted(self.link.search_s(away, ldap.SCOPE_ONELEVEL, attrlist=["1.1"])):
            self.rename(dn, None, unit)
        if self.chance.random() < 0.5:
            self.step(f"{away} is deleted", self.link.delete_s, away)

    def do_unit_bad_name(self):
        self.put(self.unit(), "description", *self.chance.choice([[], ["x" * 501], ["Works"]]))

    def do_unit_hide(self):
        self.put(self.unit(), "st", *self.chance.choice([[], ["hidden"]]))

    # groups

    def do_member(self):
        group = self.group(*BY_DN)
        name = "member" if group in self.found(GROUPS, "groupOfNames") else "uniqueMember"
        (_, values), = self.link.search_s(group, ldap.SCOPE_BASE, attrlist=[name])
        members = {value.decode() for value in values[name]}
        if len(members) > 1 and self.chance.random() < 0.5:
            members.remove(self.chance.choice(sorted(members)))
        else:
            members.add(self.somewhere())
        self.put(group, name, *sorted(members))

    def do_member_uid(self):
        group = self.group("posixGroup")
        (_, values), = self.link.search_s(group, ldap.SCOPE_BASE, attrlist=["memberUid"])
        members = {value.decode() for value in values.get("memberUid", [])}
        if members and self.chance.random() < 0.4:
            members.remove(self.chance.choice(sorted(members)))
        else:
            members.add(self.chance.choice([*self.usernames(), "ghost", "m" * 257]))
        self.put(group, "memberUid", *sorted(members))

    def do_group_rename(self):
        self.rename(self.group(), f"cn={self.chance.choice(['posix1', 'names1', 'unique0', self.fresh('group')])}")

    def do_group_replace(self):
        dn = self.group()
        self.give(dn, self.take(dn))

    def do_group_delete(self):
        dn = self.group()
        self.bin[dn] = self.take(dn)

    # many

    def do_many_leave(self):
        if self.chance.random() < 0.4 and len(self.found(PEOPLE, "inetOrgPerson")) > 25:
            for _ in range(self.chance.randint(4, 7)):
                self.do_leave()

    def do_many_return(self):
        for _ in range(4):
            self.do_return()
