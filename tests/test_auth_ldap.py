# SPDX-License-Identifier: Apache-2.0
"""plugins/auth_ldap: who is let in, who is not, when it cannot say, and that no password shows anywhere."""
import time

import ldap
import pytest
from kit.fake_ldap import BIND_DONE, REFUSING, FakeLdap, Peer, done, person, result
from kit.plugin import Plugin, secret_file
from kit.slapd import Slapd

BASE = "dc=example,dc=org"
PASSWORD = "Correct-Horse-é"
ODD = "we*ird(x)\\y"
LDIF = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
o: x
dc: example

dn: cn=sync,{BASE}
objectClass: simpleSecurityObject
objectClass: organizationalRole
cn: sync
userPassword: sync-password

dn: cn=policy,{BASE}
objectClass: pwdPolicy
objectClass: device
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 3

dn: ou=a,{BASE}
objectClass: organizationalUnit
ou: a

dn: ou=b,{BASE}
objectClass: organizationalUnit
ou: b
"""


def account(rdn, *lines, uid):
    return "\n".join(["", f"dn: {rdn},{BASE}", "objectClass: inetOrgPerson", f"uid: {uid}", "cn: Doe, John", "sn: x",
                      f"userPassword: {PASSWORD}", *lines, ""])


LDIF += account("cn=Doe\\, John+uid=JDoe,ou=a", "mail: john@example.org", uid="JDoe")
LDIF += account("employeeNumber=1,ou=a", "employeeNumber: 1", uid=ODD)
LDIF += account("employeeNumber=2,ou=a", "employeeNumber: 2", uid="twin") + account("uid=twin,ou=b", uid="twin")
LDIF += account("uid=lockme,ou=b", uid="lockme")
LDIF += account("uid=locked,ou=b", "pwdAccountLockedTime: 000001010000Z", uid="locked")
LDIF += account("uid=left,ou=b", "employeeType: gone", uid="left")
LDIF += account("uid=nopassword,ou=b", uid="nopassword").replace(f"userPassword: {PASSWORD}\n", "")
LDIF += account("uid=decoy,ou=b", uid="decoy").replace("inetOrgPerson", "account\nobjectClass: simpleSecurityObject") \
    .replace("cn: Doe, John\nsn: x\n", "")


@pytest.fixture(scope="module")
def server():
    slapd = Slapd(modules=["ppolicy"], tls=True, settings="allow bind_anon_cred",
                  database="access to attrs=userPassword by anonymous auth by * none\n"
                           f'access to * by dn="cn=sync,{BASE}" read\n'
                           f'overlay ppolicy\nppolicy_default "cn=policy,{BASE}"')
    with slapd.load(LDIF):
        yield slapd


@pytest.fixture
def door(server, tmp_path):
    return Plugin("auth_ldap", uri=server.uri, base=BASE, bind_dn=f"cn=sync,{BASE}",
                  bind_password=secret_file(tmp_path, "sync-password"), timeout="2s", network_timeout="2s")


def fake_door(uri, **options):
    return Plugin("auth_ldap", uri=uri, base="dc=x", bind="anonymous", timeout="1s", network_timeout="1s", **options)


def entry_uuid(server, where):
    (_, found), = server.admin().search_s(BASE, ldap.SCOPE_SUBTREE, where, ["entryUUID"])
    return found["entryUUID"][0].decode()


# ---- let in

def test_the_right_password_lets_in_under_the_directorys_name(server, door):
    run = door.begin("jdoe", PASSWORD)
    assert run.outcome == "OK"
    assert run.step == {"account": "JDoe", "source": None, "person_id": entry_uuid(server, "(uid=jdoe)")}


def test_the_step_names_the_directory(door):
    assert door.begin("JDoe", PASSWORD, directory="main").step["source"] == "main"


def test_over_tls_and_ldapi(server, door):
    for options in {"uri": server.ldaps, "tls_ca": server.ca}, {"start_tls": "yes", "tls_ca": server.ca}, \
            {"uri": server.ldapi, "bind": "external"}:
        assert door.begin("jdoe", PASSWORD, **options).outcome == "OK"
        assert door.begin("jdoe", "wrong", **options).outcome == "DENIED"
        door.begin("jdoe", PASSWORD, **options)


def test_many_at_once_share_one_instance(server, door):
    process = door.start("begin", "jdoe", uri=server.ldaps, tls_ca=server.ca, flags=["-j", "8", "-n", "10"])
    out, err = process.communicate(PASSWORD.encode() + b"\n")
    assert not err and process.returncode == 0 and out.count(b'"outcome":"OK"') == out.count(b'"account":"JDoe"') == 80


def test_a_username_with_the_signs_of_a_filter(door):
    assert door.begin(ODD, PASSWORD).step["account"] == ODD


def test_several_attributes_may_hold_the_username(door):
    assert door.begin("john@example.org", PASSWORD, username="uid,mail").step["account"] == "JDoe"
    assert door.begin("john@example.org", PASSWORD).outcome == "ABSENT"


def test_scope_and_base_and_filter_count(door):
    assert door.begin("jdoe", PASSWORD, scope="one").outcome == "ABSENT"
    assert door.begin("jdoe", PASSWORD, scope="one", people_base=f"ou=a,{BASE}").outcome == "OK"
    assert door.begin("jdoe", PASSWORD, people_base=f"ou=b,{BASE}").outcome == "ABSENT"
    assert door.begin("jdoe", PASSWORD, filter="(employeeNumber=*)").outcome == "ABSENT"


# ---- not let in

def test_a_wrong_password_is_denied(door):
    run = door.begin("jdoe", PASSWORD + "x")
    assert run.outcome == "DENIED" and run.step is None
    assert door.begin("jdoe", PASSWORD).outcome == "OK"


def test_an_unknown_username_is_absent(door):
    assert door.begin("nobody", PASSWORD).outcome == "ABSENT"


def test_an_empty_password_is_denied_without_asking_anybody(door):
    assert door.begin("jdoe", "").outcome == "DENIED"
    assert door.begin("jdoe", "", uri=REFUSING).outcome == "DENIED"
    with FakeLdap(lambda number, n: [person(number, "a"), done(number)]) as fake:
        assert fake_door(fake.uri).begin("a", "").outcome == "DENIED" and not fake.binds and not fake.connections


def test_an_entry_without_a_password_is_denied(door):
    assert door.begin("nopassword", PASSWORD).outcome == "DENIED"


@pytest.mark.parametrize("username", [
    "*", "j*", "jdo?", "jdoe)(uid=*", "*)(objectClass=*", "x)(|(uid=jdoe", "jdoe\\", "\\6adoe", "\\2a", "(", ")", "()",
    "jdoe\x01", "\udcff\udcfe", "é" * 100, "a" * 400, "&",
    f"cn=Doe\\, John+uid=JDoe,ou=a,{BASE}", "|", "!", "=", "-jdoe"])
def test_no_sign_in_a_username_finds_somebody_else(door, username):
    assert door.begin(username, PASSWORD).outcome == "ABSENT"


def test_no_username_is_nobody(door):
    assert door.begin("", PASSWORD).outcome == "ABSENT"


def test_two_entries_of_one_name_are_denied_with_a_line_in_the_log(door):
    run = door.begin("twin", PASSWORD)
    assert run.outcome == "DENIED"
    assert any("several entries have the username twin" in line["text"] for line in run.logs)


def test_a_locked_account_is_denied_though_the_password_is_right(server, door):
    for _ in range(3):
        assert door.begin("lockme", "wrong").outcome == "DENIED"
    (_, found), = server.admin().search_s(BASE, ldap.SCOPE_SUBTREE, "(uid=lockme)", ["pwdAccountLockedTime"])
    assert found["pwdAccountLockedTime"]
    assert door.begin("lockme", PASSWORD).outcome == "DENIED"
    assert door.begin("locked", PASSWORD).outcome == "DENIED"


def test_a_disabled_account_is_denied_though_the_server_lets_it_in(door):
    assert door.begin("left", PASSWORD).outcome == "OK"
    assert door.begin("left", PASSWORD, disabled="employeeType", disabled_value="GONE").outcome == "DENIED"
    assert door.begin("left", PASSWORD, disabled="employeeType", disabled_value="ill").outcome == "OK"


@pytest.mark.parametrize("code, outcome", [
    (49, "DENIED"), (48, "DENIED"), (50, "DENIED"), (53, "DENIED"), (19, "DENIED"), (32, "DENIED"), (8, "FAULT"),
    (13, "FAULT"), (10, "FAULT"), (51, "BUSY"), (52, "BUSY"), (1, "BUSY"), (80, "BUSY"), (0, "OK")])
def test_what_a_server_says_to_the_password(code, outcome):
    with FakeLdap(lambda number, n: [person(number, "a"), done(number)]) as fake:
        fake.bind = lambda number: result(number, BIND_DONE, code if len(fake.binds) > 1 else 0, "said\n")
        run = fake_door(fake.uri).begin("a", PASSWORD)
        assert run.outcome == outcome and (run.step is not None) == (outcome == "OK")
        assert "said" not in run.sentence
        assert not any(line["level"] != "debug" and "said" in line["text"] for line in run.logs)


# ---- cannot say

def test_a_server_that_is_down_or_silent_cannot_say(door):
    with Peer() as silent:
        for uri in REFUSING, silent.uri:
            run = door.begin("jdoe", PASSWORD, uri=uri, network_timeout="1s")
            assert run.outcome == "BUSY" and run.ms < 15000


def test_a_wrong_service_account_cannot_say(door, tmp_path):
    run = door.begin("jdoe", PASSWORD, bind_password=secret_file(tmp_path, "wrong"))
    assert run.outcome == "BUSY" and "service account" in run.sentence


def test_a_server_that_dies_before_the_password_is_asked_cannot_say():
    for found in True, False:
        with FakeLdap(lambda number, n: [person(number, "a") if found else b"", done(number), None]) as fake:
            run = fake_door(fake.uri).begin("a", PASSWORD)
            assert run.outcome == "BUSY"


def test_a_search_that_fails_cannot_say():
    for code, outcome in (51, "BUSY"), (3, "BUSY"), (32, "FAULT"), (50, "FAULT"), (10, "FAULT"):
        with FakeLdap(lambda number, n: [done(number, code)]) as fake:
            assert fake_door(fake.uri).begin("a", PASSWORD).outcome == outcome and len(fake.binds) == 1


def test_an_entry_without_its_id_is_a_fault_of_the_set_up(door):
    run = door.begin("jdoe", PASSWORD, id="carLicense")
    assert run.outcome == "FAULT" and "carLicense" in run.sentence


def test_the_calls_time_is_kept():
    with FakeLdap(lambda number, n: [person(number, "a")]) as fake:
        started = time.monotonic()
        run = Plugin("auth_ldap", uri=fake.uri, base="dc=x", bind="anonymous").begin("a", PASSWORD, milliseconds=700)
        assert run.outcome == "BUSY" and time.monotonic() - started < 3


# ---- what shows

def test_an_unknown_username_costs_the_server_the_same():
    sizes = {}
    for name, answer in ("known", [b"a"]), ("unknown", []), ("twins", [b"a", b"b"]):
        with FakeLdap(lambda number, n: [*[person(number, who.decode()) for who in answer], done(number)]) as fake:
            fake.bind = lambda number: result(number, BIND_DONE, 49 if len(fake.binds) > 1 else 0)
            fake_door(fake.uri, decoy_dn="uid=a,dc=x").begin("a", PASSWORD)
            sizes[name] = [len(fake.connections), len(fake.searches), fake.binds]
    assert sizes["known"] == sizes["unknown"] == sizes["twins"] and len(sizes["known"][2]) == 2


def test_a_decoy_entry_never_lets_in(door):
    run = door.begin("nobody", PASSWORD, decoy_dn=f"uid=decoy,ou=b,{BASE}")
    assert run.outcome == "ABSENT" and run.step is None


def test_no_password_shows_in_any_output(server, door, tmp_path):
    for username in "jdoe", "nobody", "twin", "locked", "lockme", ODD:
        for password in PASSWORD, "Tr0ub4dor":
            run = door.begin(username, password)
            assert not any(secret in run.output for secret in ("Tr0ub4dor", "Correct-Horse", "sync-password"))
    with FakeLdap(lambda number, n: [done(number, 80, "Tr0ub4dor" if n else "")]) as fake:
        assert "Tr0ub4dor" not in fake_door(fake.uri).begin("a", "Tr0ub4dor").output
