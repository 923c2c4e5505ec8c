# SPDX-License-Identifier: Apache-2.0
"""The preset 389ds against 389 Directory Server itself: what its people, groups, locks and limits are to us."""
import ldap
import pytest
from kit import ds389
from kit.doctor import advice, look, of, troubles
from kit.ds389 import Ds389
from kit.house import House, wait_for
from kit.plugin import Plugin, secret_file
from kit.slapd import Slapd, give_away, make_certificates
from ldap.syncrepl import SyncDoneControl, SyncRequestControl

if ds389.missing():
    pytest.skip(f"389 Directory Server: not installed ({ds389.missing()})", allow_module_level=True)

thorough = pytest.mark.thorough
BASE = "dc=example,dc=org"
PEOPLE = f"ou=People,{BASE}"
SYNC, PASSWORD = f"uid=sync,ou=services,{BASE}", "sync-password"


def entries(*blocks):
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def rule(who, attributes='!="userPassword || aci"'):
    return f'(targetattr{attributes})(version 3.0; acl "x"; allow(read,search,compare) userdn="ldap:///{who}";)'


def top(*rules):
    return [[f"dn: {BASE}", "objectClass: domain", "dc: example", *[f"aci: {one}" for one in rules]],
            [f"dn: ou=services,{BASE}", "objectClass: organizationalUnit", "ou: services"],
            [f"dn: {SYNC}", "objectClass: account", "objectClass: simpleSecurityObject", "uid: sync",
             f"userPassword: {PASSWORD}"],
            [f"dn: {PEOPLE}", "objectClass: organizationalUnit", "ou: People"],
            [f"dn: ou=groups,{BASE}", "objectClass: organizationalUnit", "ou: groups"]]


def person(uid, *lines, above="ou=People"):
    return [f"dn: uid={uid},{above},{BASE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {uid.title()}",
            "sn: x", f"userPassword: {uid}-password", *lines]


ORGANISATION = entries(
    *top(rule(SYNC)),
    [f"dn: ou=Sales,{PEOPLE}", "objectClass: organizationalUnit", "ou: Sales"],
    person("boss", "mail: boss@example.org", "title: Head", "telephoneNumber: +47 1", "employeeNumber: 7"),
    person("ann", f"manager: UID=Boss, OU=people,{BASE}", "displayName: Åse", above="ou=Sales,ou=People"),
    person("locked", "nsAccountLock: TRUE"), person("unlocked", "nsAccountLock: false"), person("leaver"),
    [f"dn: cn=plain,ou=groups,{BASE}", "objectClass: groupOfNames", "cn: plain", f"member: uid=boss,{PEOPLE}"],
    [f"dn: cn=unique,ou=groups,{BASE}", "objectClass: groupOfUniqueNames", "cn: unique",
     f"uniqueMember: uid=ann,ou=Sales,{PEOPLE}#'0101'B", f"uniqueMember: cn=plain,ou=groups,{BASE}"],
)


def source(server, folder, **options):
    return Plugin("source_ldap", **{"uri": server.uri, "base": BASE, "preset": "389ds", "bind_dn": SYNC,
                                    "bind_password": secret_file(folder, PASSWORD), **options})


def door(server, folder, **options):
    return Plugin("auth_ldap", **(source(server, folder).options | options))


@pytest.fixture(scope="module")
def server():
    with Ds389().load(ORGANISATION) as server:
        yield server


@pytest.fixture
def read(server, tmp_path):
    return lambda **options: source(server, tmp_path, **options).read()


def unique_id(server, dn):
    (_, values), = server.admin().search_s(dn, ldap.SCOPE_BASE, attrlist=["nsUniqueId"])
    return values["nsUniqueId"][0].decode()


# ---- people and groups

def test_people_units_and_groups(server, read):
    run = read()
    assert (run.outcome, run.skips) == ("OK", [])
    people, keys = run.by_username(), {one["key"]: one["username"] for one in run.people}
    assert set(people) == {"boss", "ann", "locked", "unlocked", "leaver"}
    assert {name: one["id"] for name, one in people.items()} == {
        name: unique_id(server, f"uid={name},{'ou=Sales,' if name == 'ann' else ''}{PEOPLE}") for name in people}
    assert [name for name, one in people.items() if one["disabled"]] == ["locked"]
    assert (people["ann"]["name"], keys[people["ann"]["manager_key"]]) == ("Åse", "boss")
    assert [people["boss"][field] for field in ("name", "mail", "title", "phone", "employee_number")] == \
        ["Boss", "boss@example.org", "Head", "+47 1", "7"]
    units = {one["key"]: (one["name"], one["id"]) for one in run.units}
    assert units[people["ann"]["unit_key"]] == ("Sales", unique_id(server, f"ou=Sales,{PEOPLE}"))
    groups = {one["key"]: one["name"] for one in run.groups}
    assert sorted((groups[one["group_key"]], keys.get(one["key"]) or groups[one["key"]]) for one in run.members) == \
        [("plain", "boss"), ("unique", "ann"), ("unique", "plain")]


def test_the_id_stays_when_an_entry_moves_and_is_another_when_it_is_made_again(server, read):
    before = read().by_username()
    admin, moved = server.admin(), f"uid=moved,ou=Sales,{PEOPLE}"
    admin.rename_s(f"uid=leaver,{PEOPLE}", "uid=moved", newsuperior=f"ou=Sales,{PEOPLE}")
    assert read().by_username()["moved"]["id"] == before["leaver"]["id"]
    values = dict(admin.search_s(moved, ldap.SCOPE_BASE)[0][1])
    admin.delete_s(moved)
    assert "moved" not in read().by_username()
    admin.add_s(f"uid=leaver,{PEOPLE}", list({**values, "uid": [b"leaver"]}.items()))
    assert read().by_username()["leaver"]["id"] != before["leaver"]["id"]


def test_an_account_that_may_not_see_ids_sees_nobody(server, read):
    admin, whole = server.admin(), read()
    admin.modify_s(BASE, [(ldap.MOD_REPLACE, "aci", [rule(SYNC, '!="userPassword || aci || nsUniqueId"').encode()])])
    try:
        run = read()
    finally:
        admin.modify_s(BASE, [(ldap.MOD_REPLACE, "aci", [rule(SYNC).encode()])])
    assert (run.outcome, run.people, run.groups) == ("OK", [], [])
    assert len(run.skips) == len(whole.people) + len(whole.units) + len(whole.groups)
    assert all("it shows no nsUniqueId" in skip["why"] for skip in run.skips)


def test_a_hidden_base_is_no_empty_directory(server, read):
    assert read(base=f"ou=nowhere,{BASE}").outcome == "FAULT"


# ---- passwords

def test_passwords(server, tmp_path):
    begin = door(server, tmp_path).begin
    right = begin("boss", "boss-password")
    assert (right.outcome, right.step["person_id"]) == ("OK", unique_id(server, f"uid=boss,{PEOPLE}"))
    assert begin("boss", "wrong").outcome == "DENIED"
    assert begin("boss", "").outcome == "DENIED"
    assert begin("nobody-here", "x").outcome == "ABSENT"
    assert begin("unlocked", "unlocked-password").outcome == "OK"
    # The server says 53, "Account inactivated".
    assert begin("locked", "locked-password").outcome == "DENIED"


@thorough
def test_the_server_refuses_an_empty_password_for_a_name(server):
    with pytest.raises(ldap.UNWILLING_TO_PERFORM):
        server.connect().simple_bind_s(f"uid=boss,{PEOPLE}", "")


@thorough
def test_a_lock_for_wrong_passwords_denies(server, tmp_path):
    begin = door(server, tmp_path).begin
    server.configure(passwordLockout="on", passwordMaxFailure=2)
    try:
        for _ in range(3):
            assert begin("unlocked", "wrong").outcome == "DENIED"
        assert begin("unlocked", "unlocked-password").outcome == "DENIED"  # result 19
        assert begin("boss", "boss-password").outcome == "OK"
    finally:
        server.configure(passwordLockout="off")


# ---- limits

@pytest.fixture(scope="module")
def crowd():
    people = [person(f"u{i}") for i in range(2500)]
    with Ds389().load(entries(*top(rule(SYNC), rule("anyone")), *people)) as server:
        yield server


def allow(server, **limits):
    server.admin().modify_s(SYNC, [(ldap.MOD_REPLACE, name, [str(value).encode()] if value is not None else None)
                                   for name, value in limits.items()])


@thorough
def test_a_size_limit_is_incomplete_and_counts_for_each_page(crowd, tmp_path):
    """2,000 entries is what an account gets by default. Without pages as with them: people came, and more are there."""
    def read(page_size):
        run = source(crowd, tmp_path, page_size=page_size).read()
        assert run.outcome == "OK" or ("size limit" in run.sentence and f"{len(run.people)} entries came" in run.sentence)
        return run.outcome, len(run.people)
    try:
        assert [read(size) for size in (0, 5000, 300)] == [("FAULT", 2000), ("FAULT", 2000), ("OK", 2500)]
        allow(crowd, nsSizeLimit=-1)
        assert [read(size) for size in (0, 5000)] == [("OK", 2500), ("OK", 2500)]
        crowd.configure(nsslapd_pagedsizelimit=700)  # goes before the account's own, where there are pages
        assert [read(size) for size in (0, 5000, 300)] == [("OK", 2500), ("FAULT", 700), ("OK", 2500)]
        allow(crowd, nsPagedSizeLimit=-1)
        assert read(5000) == ("OK", 2500)
    finally:
        crowd.configure(nsslapd_pagedsizelimit=0)
        allow(crowd, nsSizeLimit=None, nsPagedSizeLimit=None)


@thorough
def test_a_limit_of_what_the_server_looks_through_is_incomplete(crowd, tmp_path):
    allow(crowd, nsSizeLimit=-1, nsLookThroughLimit=100)
    try:
        run = source(crowd, tmp_path).read()
        assert run.outcome == "FAULT" and "limit of the server's administrator" in run.sentence
        allow(crowd, nsLookThroughLimit=-1)
        assert len(source(crowd, tmp_path).read().people) == 2500
    finally:
        allow(crowd, nsSizeLimit=None, nsLookThroughLimit=None)


@thorough
def test_limits_of_the_anonymous_are_incomplete(crowd, tmp_path):
    read = source(crowd, tmp_path, bind="anonymous", bind_dn=None, bind_password=None).read
    crowd.admin().add_s(f"cn=limits,{BASE}", [("objectClass", [b"nsContainer", b"extensibleObject"]),
                                              ("nsSizeLimit", [b"30"]), ("nsLookThroughLimit", [b"-1"])])
    crowd.configure(nsslapd_anonlimitsdn=f"cn=limits,{BASE}")
    run = read()
    assert run.outcome == "FAULT" and "size limit" in run.sentence
    crowd.configure(nsslapd_allow_anonymous_access="off")
    run = read()
    assert (run.outcome, run.people) == ("FAULT", [])
    crowd.configure(nsslapd_allow_anonymous_access="on")


# ---- other servers' data

@thorough
def test_data_moved_from_openldap_keeps_its_ids_only_by_entryuuid(tmp_path):
    people = [person(f"u{i}") for i in range(3)]
    old = [[f"dn: {BASE}", "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"],
           [f"dn: {PEOPLE}", "objectClass: organizationalUnit", "ou: People"], *people]
    with Slapd().load(entries(*old)) as slapd:
        before = {values["uid"][0]: values["entryUUID"][0] for _, values in
                  slapd.admin().search_s(BASE, ldap.SCOPE_SUBTREE, "(uid=*)", ["uid", "entryUUID"])}
    moved = [person(uid.decode(), f"entryUUID: {uuid.decode()}") for uid, uuid in before.items()]
    with Ds389().load(entries(*top(rule(SYNC)), *moved)) as server:
        wanted = {uid.decode(): uuid.decode() for uid, uuid in before.items()}
        kept = source(server, tmp_path, id="entryUUID").read()
        assert {one["username"]: one["id"] for one in kept.people} == wanted
        fresh = source(server, tmp_path).read()
        assert {one["username"] for one in fresh.people} == set(wanted)
        assert not {one["id"] for one in fresh.people} & set(wanted.values())


# ---- changes

FEEDS = {"Retro Changelog Plugin": {"nsslapd-attribute": "nsuniqueid:targetUniqueId"}, "Content Synchronization": {}}


WHY = ("Content Synchronization of 389 Directory Server is not used, since it tells of people who are there that they are "
       "gone (refreshDeletes is always 0)")


@pytest.fixture(scope="module")
def telling():
    """A server that tells what changes, in its way."""
    with Ds389(plugins=FEEDS).load(ORGANISATION) as server:
        yield server


@pytest.fixture(scope="module")
def house(telling, postgres):
    directory = {"plugin": "source_ldap", "uri": telling.uri, "base": BASE, "preset": "389ds", "bind_dn": SYNC,
                 "bind_password": "ds.secret", "interval": "1s", "absent_percent": 50}
    house = House(postgres=postgres, config={"directory main": directory,
                                             "authenticator ldap": {"plugin": "auth_ldap", "directory": "main"}})
    secret_file(house.folder, PASSWORD).rename(house.folder / "ds.secret")
    give_away(house.folder / "ds.secret")
    with house:
        yield house


def test_without_content_synchronization_there_is_no_feed(server, tmp_path):
    assert source(server, tmp_path).follow().outcome == "ABSENT"


def test_its_content_synchronization_is_no_feed(telling, tmp_path):
    offered = telling.admin().search_s("", ldap.SCOPE_BASE, attrlist=["supportedControl"])[0][1]["supportedControl"]
    assert b"1.3.6.1.4.1.4203.1.9.1.1" in offered
    run = source(telling, tmp_path).follow()
    assert (run.outcome, run.sentence) == ("ABSENT", f"{telling.uri}: {WHY}")


@thorough
def test_it_would_be_told_that_who_is_there_is_gone(telling):
    """Why: what RFC 4533 3.3.1 has a client delete is everybody whom nothing was said about."""
    link = telling.admin()
    def refresh(cookie):
        control = SyncRequestControl(mode="refreshOnly", cookie=cookie)
        number = link.search_ext(PEOPLE, ldap.SCOPE_SUBTREE, "(uid=*)", serverctrls=[control])
        _, found, _, controls = link.result3(number)
        said, = [one for one in controls if isinstance(one, SyncDoneControl)]
        return len(found), said
    count, first = refresh(None)
    assert count == 5
    count, second = refresh(first.cookie)
    assert count == 0 and not second.refreshDeletes


@thorough
@pytest.mark.parametrize("rules", ["", 'access to dn.base="" by * none'])
def test_slapds_is_one_whether_or_not_it_says_who_made_it(tmp_path, rules):
    with Slapd(modules=["syncprov"], database="overlay syncprov", settings=rules).load(entries(
            [f"dn: {BASE}", "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"])) as slapd:
        options = {"bind_dn": slapd.admin_dn, "bind_password": secret_file(tmp_path, slapd.admin_password)}
        run = source(slapd, tmp_path, preset="openldap", **options).follow(milliseconds=1200)
        assert run.outcome == "OK", run.sentence


def test_a_registry_of_it_polls(house, telling):
    """People come, are locked and leave by readings; who is locked has no session."""
    def is_here(uid):
        return any(one["status"] == "active" for one in house.rescue.get("/people", username=uid)["items"])

    admin = telling.admin()
    wait_for("the first reading", lambda: is_here("boss"))
    assert house.try_sign_in("boss", "boss-password").status_code == 201
    assert house.try_sign_in("locked", "locked-password").status_code == 401
    admin.modify_s(f"uid=boss,{PEOPLE}", [(ldap.MOD_REPLACE, "nsAccountLock", [b"true"])])
    wait_for("the lock", lambda: house.try_sign_in("boss", "boss-password").status_code == 401)
    admin.add_s(f"uid=new,{PEOPLE}", [("objectClass", [b"inetOrgPerson"]), ("uid", [b"new"]), ("cn", [b"x"]), ("sn", [b"x"])])
    wait_for("somebody new", lambda: is_here("new"))
    admin.delete_s(f"uid=new,{PEOPLE}")
    wait_for("who was new has left", lambda: not is_here("new"))


def test_the_log_says_once_why_there_is_no_feed_and_the_doctor_too(house):
    house.sync()
    told = [line for line in house.log().splitlines() if WHY in line]
    assert len([line for line in told if "debug" not in line.lower()]) == 1 < len(told)
    findings = look(house)
    (kind, server), = of(findings, "server")
    assert kind == "fact" and server.startswith("389 Directory Server, 389 Project, 389-Directory/")
    assert of(findings, "follow") == [("fact", f"each interval reads all of it: {WHY}")]
    assert troubles(findings) == [] and not {"preset", "follow", "limits", "uri"} & set(advice(findings))


@thorough
def test_the_doctor_knows_its_preset_and_its_limits(house, telling):
    house.configure({"directory main": {"preset": "openldap"}})
    allow(telling, nsSizeLimit=2)
    try:
        assert advice(look(house))["preset"] == "set preset = 389ds: openldap is for another kind of server"
        house.configure({"directory main": {"preset": "389ds"}})
        findings = look(house)
    finally:
        allow(telling, nsSizeLimit=None)
        house.configure({"directory main": {"preset": "389ds"}})
    assert "limits" in dict(troubles(findings)) and "counts its limit of size for each page" in advice(findings)["limits"]


# ---- TLS

@pytest.fixture(scope="module")
def strict():
    """It takes no password in clear."""
    with Ds389(tls=True, settings={"nsslapd-require-secure-binds": "on"}).load(ORGANISATION) as server:
        yield server


@pytest.fixture
def other_ca(tmp_path):
    make_certificates(tmp_path)
    return tmp_path / "ca.pem"


def both(server):
    """The two ways to TLS."""
    return {"uri": server.ldaps}, {"uri": server.uri, "start_tls": "yes"}


def test_by_tls_everything_is_read_and_people_sign_in(strict, tmp_path):
    for way in both(strict):
        run = source(strict, tmp_path, tls_ca=strict.ca, **way).read()
        assert (run.outcome, run.skips) == ("OK", []), run.sentence
        assert {one["username"] for one in run.people} == {"boss", "ann", "locked", "unlocked", "leaver"}
        assert (len(run.units), len(run.groups), len(run.members)) == (3, 2, 3)
        begin = door(strict, tmp_path, tls_ca=strict.ca, **way).begin
        assert [begin(*who).outcome for who in (("boss", "boss-password"), ("boss", "wrong"), ("nobody-here", "x"))] == \
            ["OK", "DENIED", "ABSENT"]


def test_a_password_in_clear_is_refused_with_what_the_server_says(strict, tmp_path):
    run = source(strict, tmp_path).read()
    assert (run.outcome, run.people) == ("FAULT", [])
    assert "cannot sign in: it wants an encrypted connection: set start_tls = yes, or use ldaps:// (Operation requires a " \
        "secure connection" in run.sentence


def test_another_ca_is_refused(strict, tmp_path, other_ca):
    for way in both(strict):
        run = source(strict, tmp_path, tls_ca=other_ca, **way).read()
        assert (run.outcome, run.people) == ("BUSY", []) and "its certificate must be valid" in run.sentence
        assert door(strict, tmp_path, tls_ca=other_ca, **way).begin("boss", "boss-password").outcome == "BUSY"


@thorough
def test_another_name_is_refused(tmp_path):
    with Ds389(tls=True, host="127.0.0.2").load(ORGANISATION) as server:
        for way in both(server):
            run = source(server, tmp_path, tls_ca=server.ca, **way).read()
            assert (run.outcome, run.people) == ("BUSY", []) and "its certificate must be valid" in run.sentence


def test_a_house_that_loses_tls_changes_nothing(strict, postgres, tmp_path, other_ca):
    options = source(strict, tmp_path, uri=strict.ldaps, tls_ca=strict.ca, plugin="source_ldap", interval="1h").options
    with House(config={"directory main": options}, postgres=postgres) as house:
        house.sync()
        before = house.rescue.pages("/people", limit=500)
        findings = look(house)
        assert len(before) == 5 and troubles(findings) == [] and of(findings, "TLS")[0][1].startswith("TLS")
        house.stop()
        house.configure({"directory main": {"tls_ca": other_ca}})
        (what, said), = troubles(look(house))
        assert what == "connection" and "its certificate must be valid" in said
        house.start()
        assert "its certificate must be valid" in house.sync("failed")["error"]
        assert house.rescue.pages("/people", limit=500) == before
