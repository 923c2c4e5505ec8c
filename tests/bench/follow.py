# SPDX-License-Identifier: Apache-2.0
"""From ldapmodify's answer to the change seen through REST, while skillsd follows the directory, beside a bare
client that follows it too."""
import http.client
import json
import time

import ldap
from bench.sync import PEOPLE, ldif, person_dn
from kit.house import BASE, House
from kit.postgres import Postgres
from ldap.syncrepl import SyncRequestControl

SIZE, CHANGES, WARM = 10000, 4000, 100
GROUP = f"cn=issuers,{BASE}"
GROUPS = f"\ndn: {GROUP}\nobjectClass: groupOfNames\ncn: issuers\nmember: {person_dn(0)}\nmember: {person_dn(1)}\n"
SYNCPROV = {"modules": ["ppolicy", "syncprov"], "database": "overlay ppolicy\noverlay syncprov"}


def until(is_so):
    """Milliseconds, from now on."""
    begun = time.perf_counter()
    while not is_so():
        if time.perf_counter() - begun > 30:
            raise RuntimeError("a change did not come within 30 seconds")
    return (time.perf_counter() - begun) * 1000


class Change:
    """Acts of the directory that take turns, and how each is seen by skillsd and by the bare client."""

    def __init__(self, house, client):
        self.house, self.client, self.link = house, client, house.slapd.admin()
        self.session = http.client.HTTPConnection(house.url.removeprefix("http://"), timeout=30)
        self.bare, self.ours = [], []

    def get(self, path):
        self.session.request("GET", "/api/v1" + path, headers={"Authorization": f"Bearer {self.client.token}"})
        return json.load(self.session.getresponse())

    def follow(self, dn):
        self.bare_link = self.house.slapd.admin()
        control = SyncRequestControl(True, None, "refreshAndPersist")
        self.number = self.bare_link.search_ext(dn, ldap.SCOPE_BASE, attrlist=["title", "member"], serverctrls=[control])
        self.comes()  # as it is now

    def comes(self):
        while self.bare_link.result4(self.number, all=0, timeout=30)[0] != ldap.RES_SEARCH_ENTRY:
            continue
        return True

    def measure(self, dn, change, is_so):
        """In turn who is asked first, so that neither has the other's lead."""
        for n in range(WARM + CHANGES):
            self.link.modify_s(dn, change(n))
            if n // 2 % 2:
                ours = until(lambda n=n: is_so(n))
                self.comes()
                self.ours += [ours] if n >= WARM else []
            else:
                bare = until(self.comes)
                until(lambda n=n: is_so(n))
                self.bare += [bare] if n >= WARM else []
        self.bare_link.unbind_s()

    def tell(self, table, what):
        for values in self.bare, self.ours:
            values.sort()
        middle, last = len(self.ours) // 2, len(self.ours) * 99 // 100
        table.ratio(f"follow, {SIZE:,} people, {what}, median", self.bare[middle], self.ours[middle], "ms")
        table.bound("  99th percentile of a bare client", self.bare[last], "ms")
        table.bound("  99th percentile", self.ours[last], "ms", most=5)


def attribute(table, house):
    change, dn = Change(house, house.rescue), person_dn(7)
    person, = house.rescue.get("/people", username="user7")["items"]
    change.follow(dn)
    change.measure(dn, lambda n: [(ldap.MOD_REPLACE, "title", [f"Title {n}".encode()])],
                   lambda n: change.get(f"/people/{person['id']}")["title"] == f"Title {n}")
    change.tell(table, "attribute")


def role(table, house):
    house.set_password("user1")
    change, member = Change(house, house.sign_in("user1")), person_dn(1).encode()
    change.follow(GROUP)
    change.measure(GROUP, lambda n: [((ldap.MOD_DELETE, ldap.MOD_ADD)[n % 2], "member", [member])],
                   lambda n: ("issuer" in change.get("/me")["roles"]) == bool(n % 2))
    change.tell(table, "role")


def follow(table):
    config = {"directory main": {"people_base": PEOPLE, "full_interval": "1d"}, "role issuer": {"group": GROUP},
              "role admin": {"account": "pam:rescue"}, "server": {"log_level": "info"}}
    with Postgres("shared_buffers = 256MB\nfsync = on\n") as postgres, \
            House(ldif(SIZE) + GROUPS, config=config, slapd=SYNCPROV, postgres=postgres) as house:
        attribute(table, house)
        role(table, house)
