# SPDX-License-Identifier: Apache-2.0
"""The preset freeipa against FreeIPA's layout in the server that FreeIPA uses, 389 Directory Server."""
import ldap
import pytest
from kit import ds389
from kit.doctor import advice, look, of, troubles
from kit.ds389 import Ds389
from kit.house import House
from kit.plugin import Plugin, secret_file
from kit.slapd import give_away

if ds389.missing():
    pytest.skip(f"FreeIPA's layout in 389 Directory Server: not installed ({ds389.missing()})", allow_module_level=True)

BASE = "dc=ipa,dc=test"
USERS, GROUPS = f"cn=users,cn=accounts,{BASE}", f"cn=groups,cn=accounts,{BASE}"
DELETED, STAGED = (f"cn={kind} users,cn=accounts,cn=provisioning,{BASE}" for kind in ("deleted", "staged"))
SYNC, PASSWORD = f"uid=sync,cn=sysaccounts,cn=etc,{BASE}", "sync-password"
# What the layout needs of FreeIPA's schema, with numbers of our own.
SCHEMA = "".join(f"{kind}: ( 1.3.6.1.4.1.4203.666.98.{n} NAME '{name}' {words} )\n" for n, (kind, name, words) in enumerate((
    ("attributeTypes", "ipaUniqueID", "EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE"),
    ("attributeTypes", "krbPrincipalName", "EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26"),
    ("attributeTypes", "ipaDomainLevel", "EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE"),
    ("objectClasses", "krbPrincipalAux", "SUP top AUXILIARY MAY krbPrincipalName"),
    ("objectClasses", "ipaObject", "SUP top AUXILIARY MUST ipaUniqueID"),
    ("objectClasses", "nestedGroup", "SUP groupOfNames STRUCTURAL MAY memberOf"),
    ("objectClasses", "ipaUserGroup", "SUP nestedGroup STRUCTURAL"),
    ("objectClasses", "ipaHostGroup", "SUP nestedGroup STRUCTURAL"))))
ALL = f'aci: (targetattr!="userPassword || aci")(version 3.0; acl "all"; allow(read,search,compare) userdn="ldap:///{SYNC}";)'
HIDE = (f'(targetfilter="(nsAccountLock=TRUE)")(targetattr="*")(version 3.0; acl "hide"; '
        f'deny(read,search,compare) userdn="ldap:///{SYNC}";)')


def entry(dn, *lines):
    return "\n".join([f"dn: {dn}", *lines]) + "\n"


def container(dn):
    return entry(dn, "objectClass: nsContainer", "cn: " + dn.split(",")[0][3:])


def user(uid, *lines, above=USERS, classes=("inetOrgPerson", "mepOriginEntry")):
    return entry(f"uid={uid},{above}", *[f"objectClass: {name}" for name in (
                     "person", "posixAccount", "inetUser", "ipaObject", "krbPrincipalAux", *classes)],
                 f"uid: {uid}", f"krbPrincipalName: {uid}@IPA.TEST",
                 f"cn: {uid.title()}", "sn: x", "uidNumber: 1", "gidNumber: 1", f"homeDirectory: /home/{uid}",
                 f"ipaUniqueID: id-of-{uid}", f"userPassword: {uid}-password", *lines)


def group(name, *members, kind="ipaUserGroup", above=GROUPS):
    return entry(f"cn={name},{above}", "objectClass: ipaObject", f"objectClass: {kind}", f"cn: {name}",
                 f"ipaUniqueID: id-of-group-{name}", *[f"member: {one}" for one in members])


DOMAIN = "\n".join((
    entry(BASE, "objectClass: domain", "dc: ipa", ALL),
    *[container(f"{dn},{BASE}") for dn in (
        "cn=accounts", "cn=users,cn=accounts", "cn=groups,cn=accounts", "cn=hostgroups,cn=accounts", "cn=etc",
        "cn=roles,cn=accounts", "cn=sysaccounts,cn=etc", "cn=provisioning", "cn=accounts,cn=provisioning",
        "cn=deleted users,cn=accounts,cn=provisioning", "cn=staged users,cn=accounts,cn=provisioning", "cn=compat",
        "cn=users,cn=compat")],
    entry(SYNC, "objectClass: account", "objectClass: simpleSecurityObject", "uid: sync", f"userPassword: {PASSWORD}"),
    user("admin", classes=()),
    user("alice", "displayName: Alice A.", "mail: alice@ipa.test", "title: Chemist", "telephoneNumber: 1",
         "employeeNumber: 17", f"manager: uid=bob,{USERS}", "ou: Research", f"memberOf: cn=editors,{GROUPS}"),
    user("bob", "ou: Board"), user("cem", "nsAccountLock: TRUE"), user("dora", "nsAccountLock: FALSE"),
    user("eve", "nsAccountLock: TRUE", above=DELETED), user("fay", "nsAccountLock: TRUE", above=STAGED),
    entry(f"uid=alice,cn=users,cn=compat,{BASE}", "objectClass: account", "objectClass: posixAccount", "uid: alice",
          "cn: Alice", "uidNumber: 1", "gidNumber: 1", "homeDirectory: /home/alice"),
    group("staff", f"uid=alice,{USERS}", f"uid=bob,{USERS}", f"cn=editors,{GROUPS}"), group("editors", f"uid=dora,{USERS}"),
    entry(f"cn=alice,{GROUPS}", "objectClass: posixGroup", "objectClass: ipaObject", "objectClass: mepManagedEntry",
          "cn: alice", "gidNumber: 1", "ipaUniqueID: id-of-private-group", f"mepManagedBy: uid=alice,{USERS}"),
    group("machines", kind="ipaHostGroup", above=f"cn=hostgroups,cn=accounts,{BASE}"),
    group("helpdesk", f"uid=alice,{USERS}", kind="nestedGroup", above=f"cn=roles,cn=accounts,{BASE}"),
))


@pytest.fixture(scope="module")
def server():
    with Ds389(BASE, schema=SCHEMA).load(DOMAIN) as server:
        server.admin().modify_s("", [(ldap.MOD_ADD, "objectClass", [b"extensibleObject"]),
                                     (ldap.MOD_ADD, "ipaDomainLevel", [b"1"])])
        yield server


@pytest.fixture(scope="module")
def house(server, postgres):
    house = House(postgres=postgres, config={"directory main": {
        "plugin": "source_ldap", "uri": server.uri, "base": BASE, "preset": "freeipa", "bind_dn": SYNC, "interval": "1h",
        "bind_password": "ds.secret", "absent_count": "3", "absent_percent": "10"}})
    secret_file(house.folder, PASSWORD).rename(house.folder / "ds.secret")
    give_away(house.folder / "ds.secret")
    with house:
        yield house


@pytest.fixture
def options(server, tmp_path):
    return {"uri": server.uri, "base": BASE, "preset": "freeipa", "bind_dn": SYNC,
            "bind_password": secret_file(tmp_path, PASSWORD)}


@pytest.fixture
def source(options):
    return Plugin("source_ldap", **options)


def test_people_are_the_users(source):
    """Not who is deleted but preserved, staged, an administrator of the domain, or a copy for old clients."""
    run = source.read()
    assert (run.outcome, run.skips, run.units) == ("OK", [], [])
    people = run.by_username()
    assert {one["id"]: (one["username"], one["disabled"]) for one in run.people} == {
        "id-of-alice": ("alice", False), "id-of-bob": ("bob", False), "id-of-cem": ("cem", True),
        "id-of-dora": ("dora", False)}
    assert [people["alice"][field] for field in ("name", "mail", "title", "phone", "employee_number", "unit_name")] == \
        ["Alice A.", "alice@ipa.test", "Chemist", "1", "17", "Research"]
    assert people["alice"]["manager_key"] == people["bob"]["key"]


def test_groups_are_those_of_users_and_memberof_is_not_looked_at(source):
    run = source.read()
    names = {one["key"]: one["name"] for one in run.groups} | {one["key"]: one["username"] for one in run.people}
    assert {one["id"]: one["name"] for one in run.groups} == {
        "id-of-group-staff": "staff", "id-of-group-editors": "editors"}
    assert sorted((names[one["group_key"]], names[one["key"]]) for one in run.members) == \
        [("editors", "dora"), ("staff", "alice"), ("staff", "bob"), ("staff", "editors")]


def test_who_is_deleted_and_restored_is_the_same(server, source):
    admin = server.admin()
    admin.rename_s(f"uid=dora,{USERS}", "uid=dora", newsuperior=DELETED)
    assert "dora" not in source.read().by_username()
    admin.rename_s(f"uid=dora,{DELETED}", "uid=dora", newsuperior=USERS)
    assert source.read().by_username()["dora"]["id"] == "id-of-dora"


def test_who_signs_in(options):
    begin = Plugin("auth_ldap", **options).begin
    right = begin("alice", "alice-password")
    assert (right.outcome, right.step["person_id"]) == ("OK", "id-of-alice")
    assert begin("alice", "").outcome == "DENIED"
    assert begin("cem", "cem-password").outcome == "DENIED"
    for nobody in "eve", "fay", "admin":
        assert begin(nobody, f"{nobody}-password").outcome == "ABSENT"


def test_the_principal_name_signs_in_where_it_is_said_to(options):
    begin = Plugin("auth_ldap", **options, username="uid,krbPrincipalName").begin
    for name in "alice", "alice@IPA.TEST":
        run = begin(name, "alice-password")
        assert (run.outcome, run.step["person_id"], run.step["account"]) == ("OK", "id-of-alice", "alice")


def test_people_may_be_those_of_a_group(source):
    run = source.read(filter=f"(&(objectClass=inetOrgPerson)(memberOf=cn=editors,{GROUPS}))")
    assert {one["username"] for one in run.people} == {"alice"}


def test_other_bases_may_be_said(source):
    assert {one["username"] for one in source.read(people_base=DELETED).people} == {"eve"}
    assert [one["name"] for one in source.read(groups_base=BASE, group_filter="(cn=helpdesk)").groups] == ["helpdesk"]


def test_a_file_of_what_is_below_accounts_says_the_same(source, tmp_path):
    path = tmp_path / "accounts.ldif"
    path.write_text("\n\n".join(block for block in DOMAIN.split("\n\n") if "cn=provisioning" not in block))
    file, served = Plugin("source_ldif", file=path, preset="freeipa").read(), source.read()
    assert (file.outcome, file.skips, file.units) == ("OK", [], [])
    for kind in "people", "groups", "members":
        told = [sorted(str(sorted(one.items())) for one in getattr(run, kind)) for run in (file, served)]
        assert told[0] == told[1]


def test_the_doctor_knows_it_and_looks_below_accounts(house):
    findings = look(house)
    (kind, said), = of(findings, "server")
    assert kind == "fact" and said.startswith("FreeIPA, 389 Project, ")
    assert of(findings, "people_base") == [("fact", USERS)] and of(findings, "groups_base") == [("fact", GROUPS)]
    assert troubles(findings) == [] and not {"preset", "follow", "unit_from"} & set(advice(findings))
    (kind, said), = of(findings, "follow")
    assert kind == "fact" and "Content Synchronization of 389 Directory Server is not used" in said
    try:
        house.configure({"directory main": {"preset": "389ds"}})
        assert advice(look(house))["preset"] == "set preset = freeipa: 389ds is for another kind of server"
    finally:
        house.configure({"directory main": {"preset": "freeipa"}})


@pytest.mark.thorough
def test_people_whom_a_rule_hides_all_at_once_are_no_leavers(server, house):
    """FreeIPA hides disabled users from some accounts: a rule more, and many look gone. The run waits."""
    admin = server.admin()
    crowd = [f"uid=crowd{i},{USERS}" for i in range(6)]
    for i, dn in enumerate(crowd):
        admin.add_s(dn, [("objectClass", [b"inetOrgPerson", b"ipaObject"]), ("uid", [b"crowd%d" % i]), ("cn", [b"x"]),
                         ("sn", [b"x"]), ("ipaUniqueID", [b"crowd-%d" % i]), ("nsAccountLock", [b"TRUE"])])
    house.sync()
    before = {one["username"]: one for one in house.rescue.pages("/people", limit=500)}
    assert len([name for name in before if name.startswith("crowd")]) == len(crowd)
    admin.modify_s(BASE, [(ldap.MOD_ADD, "aci", [HIDE.encode()])])
    try:
        run = house.sync(state=None)
        assert run["state"] == "needs_approval", run
        assert {one["username"]: one for one in house.rescue.pages("/people", limit=500)} == before
    finally:
        admin.modify_s(BASE, [(ldap.MOD_DELETE, "aci", [HIDE.encode()])])
    assert house.sync()["state"] == "done"
