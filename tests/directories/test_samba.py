# SPDX-License-Identifier: Apache-2.0
"""The preset ad against Samba as a domain controller, through the whole house. The limits of Active Directory that
Samba lacks are in tests/test_active_directory.py, its feed is in test_samba_feed.py."""
import time

import ldap
import pytest
from kit import samba
from kit.house import House
from kit.samba import BASE, Samba

if why := samba.missing():
    pytest.skip(why, allow_module_level=True)

PASSWORD = "Correct-Horse-1"
STAFF = [f"person{i}" for i in range(40)]
CROWD = [f"CN=contact{i},CN=Users,{BASE}" for i in range(1999)]


def ticks(seconds):
    return str((int(time.time()) + seconds + 11644473600) * 10 ** 7)


class Domain:
    """About sixty people below OU=Staff, two units deep, and one in CN=Users, which is no unit."""

    def __init__(self, server):
        self.server = server
        self.staff = server.add("OU=Staff", "organizationalUnit")
        self.oslo = server.add("OU=Oslo", "organizationalUnit", above=self.staff)
        self.lab = server.add("OU=R\\, D", "organizationalUnit", above=self.oslo)
        self.groups = server.add("OU=Groups", "organizationalUnit")
        boss = server.user("boss", self.staff, PASSWORD, displayName="Åse Ærlig", mail="boss@example.org", title="Head",
                           telephoneNumber="+47 1", employeeID="7", employeeNumber="8", preferredLanguage="nb-NO",
                           userPrincipalName="aase.aerlig@ad.example.org")
        self.where = {"boss": boss}
        for i, name in enumerate(STAFF):
            self.where[name] = server.user(name, self.oslo if i % 2 else self.lab, manager=boss, department="Research")
        for name in "mia", "leaver", "mover", "expired", "locked", "must-change", "direct", "nested", "primary", "expires":
            self.where[name] = server.user(name, self.oslo, PASSWORD, manager=boss)
        self.where["in-users"] = server.user("in-users", password=PASSWORD)
        self.where["disabled"] = server.user("disabled", self.oslo, PASSWORD, 514)
        server.change(self.where["expired"], accountExpires=ticks(-60))
        server.change(self.where["must-change"], pwdLastSet="0")
        server.add("CN=PC1", "computer", above=self.oslo, sAMAccountName="PC1$")
        self.big = self.group("big", *CROWD, self.where["mia"])
        self.inner = self.group("inner", self.where["nested"])
        self.hr = self.group("hr", self.inner, self.where["direct"], self.where["primary"], self.where["leaver"])
        self.server.add("CN=loop", "group", above=self.groups, sAMAccountName="loop", member=self.hr)
        self.server.change(self.inner, member=[self.where["nested"], f"CN=loop,{self.groups}"])

    def group(self, name, *members):
        return self.server.add(f"CN={name}", "group", above=self.groups, sAMAccountName=name, member=list(members))

    def change(self, name, **values):
        self.server.change(self.where[name], **values)

    def members(self, group, change, *names):
        self.server.admin.modify_s(group, [(change, "member", [self.where[name].encode() for name in names])])


@pytest.fixture(scope="module")
def server():
    with Samba().load("".join(f"dn: {dn}\nobjectClass: contact\n\n" for dn in CROWD)) as server:
        yield server


@pytest.fixture(scope="module")
def domain(server):
    return Domain(server)


@pytest.fixture(scope="module")
def house(postgres, server, domain):
    config = {
        "directory main": {"plugin": "source_ldap", "preset": "ad", "uri": server.uri, "base": BASE, "interval": "1h",
                           "bind_dn": samba.ADMIN, "bind_password": server.secret, "absent_count": 2, "absent_percent": 1,
                           "follow": "no"},
        "authenticator ldap": {"plugin": "auth_ldap", "directory": "main"},
        "role hr": {"group": domain.hr}, "role assessor": {"group": domain.big},
    }
    with House(config=config, postgres=postgres) as house:
        house.sync()
        yield house


def person(house, username):
    found, = house.rescue.get("/people", username=username)["items"]
    return found


def roles(house, username):
    return set(house.sign_in(username, PASSWORD).opened["roles"])


# ---- the domain as it is

def test_people_are_the_users_of_the_domain_and_nobody_else(house, server, domain):
    people = {one["username"]: one for one in house.rescue.pages("/people", limit=500)}
    built_in = {"Administrator", "Guest", "krbtgt", "dns-dc1"}
    assert set(people) - built_in == set(domain.where)
    assert {name: people[name]["external_id"] for name in domain.where} == \
        {name: server.guid(dn) for name, dn in domain.where.items()}


def test_people_have_their_attributes_units_and_managers(house):
    boss, deep, other = person(house, "boss"), person(house, STAFF[0]), person(house, "in-users")
    assert (boss["name"], boss["mail"], boss["title"], boss["unit"]["name"]) == \
        ("Åse Ærlig", "boss@example.org", "Head", "Staff")
    assert (deep["unit"]["name"], deep["manager"]["id"]) == ("R, D", boss["id"]) and "unit" not in other
    units = {unit["name"]: unit for unit in house.rescue.pages("/units")}
    assert units["R, D"]["parent_id"] == units["Oslo"]["id"] and units["Oslo"]["parent_id"] == units["Staff"]["id"]


def test_references_and_groups_are_read_whole(house, domain):
    assert "were not followed" in house.log()
    assert house.sql("SELECT count(*) FROM directory_run WHERE complete")[0][0] >= 1
    assert "assessor" in roles(house, "mia")


# ---- signing in

def test_the_account_name_and_the_principal_name_sign_in(house):
    for name in "boss", "BOSS", "aase.aerlig@ad.example.org":
        client = house.sign_in(name, PASSWORD)
        assert client.opened["person"]["id"] == person(house, "boss")["id"]


@pytest.mark.parametrize("name", ["disabled", "expired", "must-change"])
def test_who_is_disabled_expired_or_must_change_the_password_does_not(house, name):
    right, wrong = house.try_sign_in(name, PASSWORD), house.try_sign_in("mia", "wrong")
    assert right.status_code == wrong.status_code == 401 and right.json()["title"] == wrong.json()["title"]
    assert "AcceptSecurityContext" not in right.text and "data 5" not in right.text


def test_an_empty_password_does_not(house):
    assert house.try_sign_in("mia", "").status_code in (400, 401)


# ---- what changes

def test_groups_within_groups_and_the_primary_group_give_the_role(house, server, domain):
    assert all("hr" in roles(house, name) for name in ("direct", "nested", "primary"))
    assert "hr" not in roles(house, "mia")
    (_, found), = server.admin.search_s(domain.hr, ldap.SCOPE_BASE, attrlist=["objectSid"])
    domain.change("primary", primaryGroupID=str(int.from_bytes(found["objectSid"][0][-4:], "little")))
    (_, found), = server.admin.search_s(domain.hr, ldap.SCOPE_BASE, attrlist=["member"])
    assert domain.where["primary"].encode() not in found["member"]
    house.sync()
    assert "hr" in roles(house, "primary")


def test_who_leaves_a_group_loses_the_role(house, domain):
    domain.members(domain.hr, ldap.MOD_DELETE, "direct")
    domain.members(domain.inner, ldap.MOD_DELETE, "nested")
    house.sync()
    assert "hr" not in roles(house, "direct") | roles(house, "nested")
    domain.members(domain.hr, ldap.MOD_ADD, "direct")
    house.sync()
    assert "hr" in roles(house, "direct")


def test_who_moves_and_is_renamed_stays_the_same_person(house, server, domain):
    before = person(house, "mover")
    server.admin.rename_s(domain.where["mover"], "CN=Moved\\, Away", domain.staff)
    domain.where["mover"] = f"CN=Moved\\, Away,{domain.staff}"
    domain.change("mover", sAMAccountName="moved")
    run = house.sync()
    after = person(house, "moved")
    assert (run["absent"], run["added"], run["moved"], run["changed"]) == (0, 0, 1, 1)
    assert (after["id"], after["unit"]["name"], after["external_id"]) == (before["id"], "Staff", before["external_id"])


def test_who_is_disabled_or_expires_may_not_go_on(house, domain):
    disabled, expires = house.sign_in("locked", PASSWORD), house.sign_in("expires", PASSWORD)
    domain.change("locked", userAccountControl="514")
    domain.change("expires", accountExpires=ticks(-1))
    house.sync()
    for client, name in (disabled, "locked"), (expires, "expires"):
        assert client.get("/me")["roles"] == []
        assert person(house, name)["status"] == "disabled"
        assert house.try_sign_in(name, PASSWORD).status_code == 401
    domain.change("locked", userAccountControl="512")
    domain.change("expires", accountExpires="0")
    house.sync()
    assert person(house, "locked")["status"] == person(house, "expires")["status"] == "active"
    house.sign_in("locked", PASSWORD)


def test_who_is_deleted_leaves_and_their_tombstone_is_nobody(house, server, domain):
    before, count = person(house, "leaver"), len(house.rescue.pages("/people", limit=500))
    server.admin.delete_s(domain.where.pop("leaver"))
    run = house.sync()
    assert (run["absent"], run["added"]) == (1, 0)
    assert person(house, "leaver")["id"] == before["id"] and person(house, "leaver")["status"] == "absent"
    assert len(house.rescue.pages("/people", limit=500)) <= count


def test_a_mass_deletion_waits(house, server, domain):
    for name in STAFF[:5]:
        server.admin.delete_s(domain.where.pop(name))
    house.sync("needs_approval")
    assert person(house, STAFF[0])["status"] == "active"


def test_a_server_that_is_down_takes_nobody_away(house, server):
    server.stop()
    try:
        assert house.sync("failed")["complete"] is False
        assert person(house, "mia")["status"] == "active"
    finally:
        server.start()
    house.sync(None)
