# SPDX-License-Identifier: Apache-2.0
"""A house with two directories, in which some people are the same: main is the demo's organisation, branch stands
beside it on the same server."""
import ldap
from kit.house import ACCOUNTS, BASE, demo_house

PEOPLE, GROUPS, GONE = (f"ou={name},{BASE}" for name in ("people", "groups", "gone"))
BRANCH = f"ou=branch,{BASE}"
STAFF = f"ou=staff,{BRANCH}"
ASSESSORS = f"cn=assessors,{BRANCH}"
LOCKED = "000001010000Z"
PLACES = {"main": PEOPLE, "branch": STAFF}


def units(*dns):
    return "\n".join(f"dn: {dn}\nobjectClass: organizationalUnit\n" for dn in dns)


def two_house(postgres, config=None, **how):
    more = units(GONE, BRANCH, STAFF) + f"\ndn: {ASSESSORS}\nobjectClass: groupOfNames\nmember: cn=nobody\n"
    house = demo_house({"role assessor": {"directory": "branch", "group": ASSESSORS}}, more, postgres=postgres, **how)
    main = {"people_base": PEOPLE, "groups_base": GROUPS, "absent_window": "0s"}
    branch = {"plugin": "source_ldap", "interval": "1h", "uri": house.slapd.uri, "base": BRANCH, "people_base": STAFF,
              "unit_container": "nothing", "bind_dn": house.slapd.admin_dn, "bind_password": "ldap.secret",
              "absent_window": "0s", "same_as": "main", "same_by": "employee_number"}
    sections = {"directory main": main, "directory branch": branch,
                "authenticator branch": {"plugin": "auth_ldap", "directory": "branch"}}
    for name, options in [*sections.items(), *(config or {}).items()]:
        house.config[name] = {**house.config.get(name, {}), **options}
    return house


class Two:
    """The house at work: clients, and a catalogue of one skill."""

    def __init__(self, house):
        self.house, self.link = house, house.slapd.admin()
        self.sync()
        self.hr, self.issuer = house.sign_in(ACCOUNTS["HR"]), house.sign_in(ACCOUNTS["ISSUER"])
        self.hr.post("/frameworks", {"code": "TWO", "name": "Two"})
        self.skill = self.hr.post("/skills", {"framework": "TWO", "code": "TWO-1", "label": "Being one"})["id"]
        self.achievement = self.award(self.skill)

    def award(self, skill):
        return self.hr.post("/achievements", {"name": "One", "state": "published", "skills": [{"skill": skill, "level": 2}]})["id"]

    def sync(self):
        """Both have been read after what was done before."""
        for source in PLACES:
            self.house.sync(source=source)

    def restart(self, **options):
        self.house.configure({"directory branch": options})
        self.house.restart()

    def listed(self, *usernames):
        """Of these, the ones that lists show."""
        return {one["username"] for one in self.hr.pages("/people", limit=500)} & set(usernames)

    def links(self):
        return self.house.sql("SELECT b.username, m.username FROM person b JOIN person m ON m.id = b.same_as ORDER BY 1")


class Both:
    """Somebody with an entry in each directory, m and b with a number behind, until told otherwise."""

    def __init__(self, two, number, **values):
        self.two, self.number = two, number
        self.values = {"employeeNumber": f"N{number}", **values}
        self.names = {"main": f"m{number}", "branch": f"b{number}"}
        self.where = {}
        for place in PLACES:
            self.come(place)
        two.sync()
        self.main, self.branch = self.id("main"), self.id("branch")

    def come(self, place, **values):
        """An entry that is new, or comes back."""
        name = self.names[place]
        if place in self.where:
            return self.move(place, PLACES[place])
        entry = {"objectClass": ["inetOrgPerson"], "uid": name, "cn": f"Name of {name}", "sn": "x",
                 "userPassword": f"pw-{name}", **self.values, **values}
        self.two.house.passwords[name] = f"pw-{name}"
        self.where[place] = f"uid={name},{PLACES[place]}"
        self.two.link.add_s(self.where[place], [(key, [one.encode() for one in (value if isinstance(value, list) else [value])])
                                                for key, value in entry.items() if value])
        return self

    def move(self, place, above):
        self.two.link.rename_s(self.where[place], f"uid={self.names[place]}", above)
        self.where[place] = f"uid={self.names[place]},{above}"
        return self

    def leave(self, place):
        return self.move(place, GONE)

    def put(self, place, **values):
        self.two.link.modify_s(self.where[place], [(ldap.MOD_REPLACE, name, None if value is None else [value.encode()])
                                                   for name, value in values.items()])
        return self

    def id(self, place):
        (found,), = self.two.house.sql("SELECT id::text FROM person WHERE username = %s AND source = %s AND erased_at IS NULL"
                                       " ORDER BY absent_since IS NOT NULL LIMIT 1", self.names[place], place)
        return found

    def shown(self):
        """Which of the two lists show."""
        listed = self.two.listed(*self.names.values())
        return {place for place, name in self.names.items() if name in listed}

    def issue(self, place, achievement=None):
        return self.two.issuer.issue(self.main if place == "main" else self.branch, achievement or self.two.achievement)["id"]

    def held(self, place):
        """Credentials of an entry as the table has them, by the entry they were issued to."""
        rows = self.two.house.sql("SELECT id::text FROM credential WHERE person_id = %s ORDER BY id", self.id(place))
        return [one for one, in rows]

    def said(self, place, client=None):
        """What the history says of links, oldest first."""
        lines = (client or self.two.hr).pages(f"/people/{self.id(place)}/history")
        return [(line["kind"], line["what"], line["detail"]) for line in lines if line["kind"] in ("linked", "unlinked")]
