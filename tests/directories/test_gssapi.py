# SPDX-License-Identifier: Apache-2.0
"""bind = gssapi: the service account signs in by Kerberos, with tickets that are its instance's alone."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from kit import kdc
from kit.doctor import advice, look, of, troubles
from kit.fake_ldap import Peer
from kit.house import House, wait_for
from kit.kdc import REALM, Kdc
from kit.plugin import Plugin
from kit.slapd import Slapd

if kdc.missing():
    pytest.skip(f"Kerberos: not installed ({kdc.missing()})", allow_module_level=True)

thorough = pytest.mark.thorough
BASE = "dc=example,dc=org"
LIFETIME = 9  # seconds that a ticket of the short-lived account is good for
DIRECTORY = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
o: x
dc: example

dn: ou=People,{BASE}
objectClass: organizationalUnit
ou: People

dn: uid=ann,ou=People,{BASE}
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: x
userPassword: ann-password
"""
# Only an account that came by Kerberos sees anything, and only on a connection that nobody reads.
RULES = f"""
sasl-host 127.0.0.1
security ssf=56
localSSF 256
authz-regexp "uid=(skillsd|other|brief),cn=gssapi,cn=auth" "cn=$1,ou=services,{BASE}"
"""
ACCESS = f"""access to attrs=userPassword by anonymous auth
access to * by dn.exact="cn=skillsd,ou=services,{BASE}" read by dn.exact="cn=brief,ou=services,{BASE}" read"""


@pytest.fixture(scope="module")
def realm():
    """Its configuration is the whole process's, as /etc/krb5.conf is."""
    with Kdc() as realm, pytest.MonkeyPatch.context() as patch:
        for name in "KRB5_CONFIG", "KRB5RCACHEDIR":
            patch.setenv(name, realm.env[name])
        for name in "skillsd", "other", "brief":
            realm.keytab(name)
        realm.keytab("ldap/127.0.0.1", name="krb5.keytab")
        realm.ask(f"modify_principal -maxlife {LIFETIME}seconds brief")
        yield realm


@pytest.fixture(scope="module")
def server(realm):
    with Slapd(settings=RULES, database=ACCESS).load(DIRECTORY) as slapd:
        yield slapd


@pytest.fixture
def source(server, realm):
    return Plugin("source_ldap", uri=server.uri, base=BASE, bind="gssapi",
                  keytab=realm.folder / "skillsd", principal=f"skillsd@{REALM}")


def usernames(run):
    assert run.outcome == "OK", run.sentence
    return [one["username"] for one in run.people]


def end_of_run(process):
    """Of the one under way, in a process that has more of them to do."""
    while line := process.stdout.readline():
        if "end" in (found := json.loads(line)):
            return found["end"]
    raise AssertionError(process.stderr.read())


def requests(realm, kind, client="skillsd"):
    return [line for line in realm.log.splitlines() if f" {kind} " in line and f" {client}@{REALM} for " in line]


@contextlib.contextmanager
def away(realm):
    realm.stop()
    try:
        yield
    finally:
        realm.start()


@contextlib.contextmanager
def silent(realm):
    realm.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        realm.process.send_signal(signal.SIGCONT)


# ---- signing in

def test_the_service_account_reads_and_nobody_reads_along(source):
    """slapd lets none do anything but on an encrypted connection; this one is no TLS."""
    run = source.read()
    assert usernames(run) == ["ann"] and run.logs == []


def test_the_keytab_says_who_where_no_principal_is_given(source):
    assert usernames(source.read(principal=None)) == ["ann"]


def test_who_it_is_decides_what_it_sees(source, realm):
    run = source.read(keytab=realm.folder / "other", principal=f"other@{REALM}")
    assert (run.outcome, run.people) == ("FAULT", []) and "hidden from this account" in run.sentence


@thorough
def test_within_tls_no_layer_is_laid_over_it(server, source):
    """Active Directory refuses one there. This slapd shows nothing through one, so without TLS nothing."""
    access = ACCESS.replace("access to * by", f'access to * by dn.exact="cn=skillsd,ou=services,{BASE}" sasl_ssf=1 none by')
    with Slapd(settings=RULES, database=access, tls=True).load(DIRECTORY) as slapd:
        for uri, start_tls in (slapd.ldaps, "no"), (slapd.uri, "yes"):
            assert usernames(source.read(uri=uri, start_tls=start_tls, tls_ca=slapd.ca)) == ["ann"]
        assert source.read(uri=slapd.uri).outcome == "FAULT"


@thorough
def test_names_of_servers_are_taken_as_they_are_written(source, realm):
    """Whatever DNS, or who answers for it, says of an address."""
    assert usernames(source.read()) == ["ann"]
    asked = "".join(requests(realm, "TGS_REQ"))
    assert f"for ldap/127.0.0.1@{REALM}" in asked and "localhost" not in asked


@thorough
def test_accounts_sign_in_through_it(server, source):
    door = Plugin("auth_ldap", **source.options)
    assert door.begin("ann", "ann-password").outcome == "OK"
    assert door.begin("ann", "wrong").outcome == "DENIED"
    assert door.begin("nobody", "wrong").outcome == "ABSENT"
    assert door.begin("ann", "").outcome == "DENIED"


# ---- tickets

def test_neither_foreign_tickets_nor_foreign_keytabs_are_used(source, realm, tmp_path):
    """Another account's tickets lie where the process would look; ours are not written there."""
    tmp_path.chmod(0o755)
    cache, env = tmp_path / "cache", {"KRB5CCNAME": f"FILE:{tmp_path}/cache"}
    subprocess.run(["/usr/bin/kinit", "-k", "-t", realm.folder / "other", "other"], check=True,
                   env={**realm.env, **env})
    before = cache.read_bytes()
    env["KRB5_KTNAME"] = env["KRB5_CLIENT_KTNAME"] = f"FILE:{realm.folder}/other"
    run = source.finish(source.start("read", env=env))
    assert usernames(run) == ["ann"] and cache.read_bytes() == before


def test_the_runs_of_an_instance_share_a_ticket(source, realm):
    before = len(requests(realm, "AS_REQ"))
    process = source.start("read", flags=["-n", "6"])
    assert usernames(source.finish(process, "\n" * 6)) == ["ann"] * 6
    assert len(requests(realm, "AS_REQ")) == before + 1


@thorough
def test_a_ticket_is_renewed_before_it_ends(source, realm):
    process = source.start("read", flags=["-n", "10"], keytab=realm.folder / "brief", principal=f"brief@{REALM}")
    for _ in range(9):
        time.sleep(LIFETIME / 8)
        process.stdin.write(b"\n")
    assert usernames(source.finish(process)) == ["ann"] * 10
    assert len(requests(realm, "AS_REQ", "brief")) > 2, realm.log  # two lives would do where none is renewed early


@thorough
def test_many_at_once_share_one_instance(source, realm):
    process = source.start("read", flags=["-j", "8", "-n", "5"], keytab=realm.folder / "brief",
                           principal=f"brief@{REALM}")
    assert usernames(source.finish(process, "\n" * 40)) == ["ann"] * 40


def test_the_doctor_says_as_whom_and_who_encrypts(server, realm, postgres):
    directory = {"plugin": "source_ldap", "uri": server.uri, "base": BASE, "bind": "gssapi",
                 "keytab": realm.folder / "skillsd", "principal": f"skillsd@{REALM}"}
    with House(postgres=postgres, config={"directory main": directory}) as house:
        findings = look(house)
        assert of(findings, "signed in as") == [("fact", f"dn:cn=skillsd,ou=services,{BASE}")]
        assert of(findings, "TLS") == [("fact", "none; Kerberos encrypts")] and "TLS" not in advice(findings)
        assert troubles(findings) == []
        house.configure({"directory main": {"principal": f"other@{REALM}"}})
        (what, said), = troubles(look(house))
        assert what == "connection" and "Kerberos gives no ticket" in said


@thorough
def test_directories_of_one_daemon_have_tickets_of_their_own(realm, postgres):
    """Each account sees only its own branch, and both are read at once and again and again."""
    branches = {"skillsd": "ou=People", "other": "ou=Others"}
    more = DIRECTORY.split("\n\n", 1)[1].replace("ou=People", "ou=Others").replace("ou: People", "ou: Others")
    access = "\n".join(f'access to dn.subtree="{branch},{BASE}" by dn.exact="cn={name},ou=services,{BASE}" read'
                       for name, branch in branches.items())
    with Slapd(settings=RULES, database=access).load(DIRECTORY + "\n" + more.replace("ann", "ben")) as slapd:
        house = House(postgres=postgres, config={f"directory {name}": {
            "plugin": "source_ldap", "uri": slapd.uri, "base": f"{branch},{BASE}", "bind": "gssapi", "interval": "1s",
            "keytab": realm.folder / name, "principal": f"{name}@{REALM}"} for name, branch in branches.items()})
        with house:
            done = "SELECT 1 FROM directory_run WHERE state = 'done' GROUP BY source HAVING count(*) > 2"
            wait_for("three readings of each", lambda: len(house.sql(done)) == 2)
            assert {(one["source"], one["username"]) for one in house.rescue.pages("/people", limit=500)} == \
                {("skillsd", "ann"), ("other", "ben")}
            assert house.sql("SELECT count(*) FROM directory_run WHERE state = 'failed'") == [(0,)]


@thorough
def test_a_server_with_new_keys_is_reached_by_the_next_run(server, source, realm):
    process = source.start("read", flags=["-n", "3"])
    assert end_of_run(process)["outcome"] == "OK"
    realm.keytab("ldap/127.0.0.1", name="krb5.keytab")
    server.restart()
    process.stdin.write(b"\n")
    assert end_of_run(process)["outcome"] == "BUSY"
    process.stdin.write(b"\n")
    assert usernames(source.finish(process)) == ["ann"]


# ---- what goes wrong

def test_no_kdc_says_so_and_nothing_about_people(source, realm):
    with away(realm):
        run = source.read()
    assert (run.outcome, run.people) == ("BUSY", [])
    assert "Kerberos gives no ticket" in run.sentence and "KDC" in run.sentence


def test_a_silent_kdc_is_left_in_time(source, realm):
    with silent(realm):
        run = source.read(network_timeout="1s")
    assert (run.outcome, run.people) == ("BUSY", []) and run.ms < 5000
    assert "Kerberos gives no ticket (no KDC answers in time)" in run.sentence


@thorough
@pytest.mark.parametrize("state", [away, silent])
def test_an_old_ticket_serves_while_the_kdc_is_not_there(source, realm, state):
    process = source.start("read", flags=["-n", "2"], keytab=realm.folder / "brief", principal=f"brief@{REALM}")
    assert end_of_run(process)["outcome"] == "OK"
    with state(realm):
        time.sleep(LIFETIME / 3 + 0.2)
        assert usernames(source.finish(process)) == ["ann"]


def test_a_key_that_was_changed_says_so(source, realm):
    old = realm.folder / "old-key"
    old.write_bytes((realm.folder / "skillsd").read_bytes())
    old.chmod(0o400)
    realm.keytab("skillsd")
    run = source.read(keytab=old)
    assert run.outcome == "BUSY" and "Kerberos gives no ticket" in run.sentence
    assert usernames(source.read()) == ["ann"]


def test_a_server_that_is_silent_within_the_bind_ends_in_time(source):
    with Peer() as peer:
        run = source.read(uri=peer.uri, network_timeout="1s")
    assert run.outcome == "BUSY" and run.ms < 5000


def test_without_the_module_of_sasl_it_says_what_to_install(source, tmp_path):
    run = source.finish(source.start("read", env={"SASL_PATH": str(tmp_path)}))
    assert run.outcome == "FAULT" and "libsasl2-modules-gssapi-mit" in run.sentence


def test_a_server_that_the_kdc_does_not_know_is_named(source, server):
    run = source.read(uri=server.uri.replace("127.0.0.1", "localhost"))
    assert run.outcome == "BUSY" and "Kerberos gives no ticket" in run.sentence
    assert f"ldap/localhost@{REALM} not found" in run.sentence


@pytest.mark.parametrize("options, words", [
    ({"keytab": None}, "keytab is missing"), ({"keytab": "/nowhere"}, "keytab: /nowhere: No such file"),
    ({"keytab": "/etc/passwd"}, "readable by nobody else")])
def test_a_bad_keytab_is_said_when_it_opens(source, options, words):
    run = source.open(**options)
    assert run.outcome == "FAULT" and words in run.sentence


@pytest.mark.parametrize("mode, good", [(0o440, True), (0o640, True), (0o460, False), (0o444, False), (0o404, False), (0o402, False)])
def test_a_keytab_may_be_read_by_the_group_of_the_daemon_and_changed_by_nobody_else(source, realm, tmp_path, mode, good):
    keytab = tmp_path / "keytab"
    shutil.copy(realm.folder / "skillsd", keytab)
    os.chown(keytab, -1, os.getegid())
    keytab.chmod(mode)
    run = source.open(keytab=keytab)
    assert run.outcome == ("OK" if good else "FAULT"), run.sentence
    assert good or "by nobody else" in run.sentence


def test_a_principal_that_the_keytab_lacks_says_so(source):
    run = source.read(principal=f"other@{REALM}")
    assert run.outcome == "BUSY" and "Kerberos gives no ticket" in run.sentence
