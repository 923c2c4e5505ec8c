# SPDX-License-Identifier: Apache-2.0
"""The preset ad against a domain controller that is as strict as Active Directory is in life: no password in clear,
TLS by a CA of one's own, Kerberos by the domain's own KDC and an ordinary account."""
import contextlib

import pytest
from directories.test_samba import ticks
from kit import kdc, samba
from kit.doctor import advice, look, of, troubles
from kit.house import House, wait_for
from kit.plugin import Plugin, secret_file
from kit.samba import BASE, REALM, Samba
from kit.slapd import make_certificates

if why := samba.missing() or kdc.missing():
    pytest.skip(f"a strict domain controller: not installed ({why})", allow_module_level=True)

thorough = pytest.mark.thorough
PASSWORD = "Correct-Horse-1"
READER = f"CN=reader,CN=Users,{BASE}"
STAFF = {"boss", *(f"p{i}" for i in range(9))}


class Domain:
    """Ten people and a group below OU=Staff, and accounts for services outside of it."""

    def __init__(self, server):
        self.server = server
        self.staff = server.add("OU=Staff", "organizationalUnit")
        self.oslo = server.add("OU=Oslo", "organizationalUnit", above=self.staff)
        self.where = {name: server.user(name, self.oslo, PASSWORD, title="Clerk") for name in sorted(STAFF)}
        self.hr = server.add("CN=hr", "group", above=self.staff, sAMAccountName="hr",
                             member=[self.where["boss"], self.where["p1"]])
        server.user("reader", password=PASSWORD)
        # The name that it goes by here: of its own, none is known to DNS.
        server.change(f"CN=DC1,OU=Domain Controllers,{BASE}", servicePrincipalName=["ldap/127.0.0.1", "HOST/dc1"])


@contextlib.contextmanager
def configured(server):
    """Its Kerberos is the whole process's, as /etc/krb5.conf is."""
    with server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(server.krb5_conf))
        yield Domain(server)


@pytest.fixture(scope="module")
def domain():
    with configured(Samba(strict="yes")) as domain:
        yield domain


@pytest.fixture(scope="module")
def server(domain):
    return domain.server


@pytest.fixture
def other_ca(tmp_path):
    make_certificates(tmp_path)
    return tmp_path / "ca.pem"


def common(domain):
    return {"preset": "ad", "base": BASE, "people_base": domain.staff, "groups_base": domain.staff}


def by_password(domain, folder, **options):
    return common(domain) | {"uri": domain.server.ldaps(), "tls_ca": domain.server.ca, "bind_dn": READER,
                             "bind_password": secret_file(folder, PASSWORD)} | options


def by_kerberos(domain, name="reader", password=PASSWORD, **options):
    return common(domain) | {"uri": domain.server.clear(), "bind": "gssapi", "principal": f"{name}@{REALM}",
                             "keytab": domain.server.keytab(name, password)} | options


def read(options):
    return Plugin("source_ldap", **options).read()


def door(options):
    return Plugin("auth_ldap", **{name: value for name, value in options.items() if name != "groups_base"})


def picture(run):
    assert (run.outcome, run.skips) == ("OK", []), run.sentence
    return [sorted(part, key=str) for part in (run.people, run.units, run.groups, run.members)]


def house_of(domain, postgres, **options):
    return House(config={"directory main": {"plugin": "source_ldap", "interval": "1h", **options},
                         "role hr": {"group": domain.hr},
                         "authenticator ldap": {"plugin": "auth_ldap", "directory": "main"}}, postgres=postgres)


def both(server, *host):
    """The two ways to TLS."""
    return {"uri": server.ldaps(*host)}, {"uri": server.clear(*host), "start_tls": "yes"}


def wrong_ways(server, other_ca):
    """By a CA that is not the server's, and by a name that its certificate does not hold."""
    return [way | {"tls_ca": other_ca} for way in both(server)] + list(both(server, "127.0.0.2"))


# ---- TLS

def test_by_tls_everything_is_read(domain, server, tmp_path):
    pictures = [picture(read(by_password(domain, tmp_path, **way))) for way in both(server)]
    people, units, groups, members = pictures[0]
    assert {one["username"] for one in people} == STAFF and pictures[1] == pictures[0]
    assert {one["name"] for one in units} >= {"Oslo"} and [one["name"] for one in groups] == ["hr"] and len(members) == 2


def test_another_ca_and_another_name_are_refused(domain, server, tmp_path, other_ca):
    for wrong in wrong_ways(server, other_ca):
        run = read(by_password(domain, tmp_path, **wrong))
        assert (run.outcome, run.people) == ("BUSY", []) and "its certificate must be valid" in run.sentence


def test_a_password_in_clear_is_refused_with_what_the_server_says(domain, server, tmp_path):
    run = read(by_password(domain, tmp_path, uri=server.clear()))
    assert (run.outcome, run.people) == ("FAULT", [])
    assert "cannot sign in: it wants an encrypted connection: set start_tls = yes, or use ldaps:// (BindSimple: Transport " \
        "encryption required.)" in run.sentence


def test_people_sign_in_by_tls_and_by_nothing_else(domain, server, tmp_path, other_ca):
    for way in both(server):
        begin = door(by_password(domain, tmp_path, **way)).begin
        assert [begin(*who).outcome for who in (("boss", PASSWORD), ("boss", "wrong"), ("boss", ""), ("nobody", "x"))] == \
            ["OK", "DENIED", "DENIED", "ABSENT"]
    for wrong in wrong_ways(server, other_ca):
        assert door(by_password(domain, tmp_path, **wrong)).begin("boss", PASSWORD).outcome == "BUSY"
    assert door(by_password(domain, tmp_path, uri=server.clear())).begin("boss", PASSWORD).outcome == "FAULT"


def test_a_house_that_loses_tls_changes_nothing(domain, server, postgres, tmp_path, other_ca):
    with house_of(domain, postgres, **by_password(domain, tmp_path, follow="no")) as house:
        house.sync()
        before = house.rescue.pages("/people", limit=500)
        assert {one["username"] for one in before} == STAFF
        assert "hr" in house.sign_in("boss", PASSWORD).opened["roles"]
        findings = look(house)
        assert troubles(findings) == [] and "TLS" not in advice(findings) and of(findings, "TLS")[0][1].startswith("TLS")
        for wrong, words in (({"tls_ca": other_ca}, "its certificate must be valid"),
                             ({"uri": server.ldaps("127.0.0.2")}, "its certificate must be valid"),
                             ({"uri": server.clear()}, "set start_tls = yes, or use ldaps:// (BindSimple: Transport encryption")):
            house.stop()
            house.configure({"directory main": {"uri": server.ldaps(), "tls_ca": server.ca} | wrong})
            (what, said), = troubles(look(house))
            assert what == "connection" and words in said
            house.start()
            house.expects_errors = True
            run = house.sync("failed")
            assert words in run["error"] and not run["complete"]
            assert house.rescue.pages("/people", limit=500) == before
            assert house.try_sign_in("boss", PASSWORD).status_code >= 500


# ---- Kerberos

def test_by_kerberos_everything_is_read(domain, server, tmp_path):
    assert picture(read(by_kerberos(domain))) == picture(read(by_password(domain, tmp_path)))


def test_by_kerberos_it_is_followed(domain, server, postgres):
    with house_of(domain, postgres, **by_kerberos(domain)) as house:
        wholes = "SELECT count(*) FROM directory_run WHERE NOT feed AND state = 'done' HAVING count(*) > 0"
        wait_for("it to be read and followed", lambda: house.sql(wholes) and house.sql("SELECT 1 FROM directory_feed"))
        before = house.sql(wholes)
        server.change(domain.where["p3"], title="Chief")
        wait_for("the new title", lambda: house.rescue.get("/people", username="p3")["items"][0]["title"] == "Chief")
        assert house.sql(wholes) == before
        findings = look(house)
        assert troubles(findings) == [] and of(findings, "TLS") == [("fact", "none; Kerberos encrypts")]
        server.change(domain.where["p3"], title="Clerk")


@pytest.mark.parametrize("change, words", [
    ({"unicodePwd": '"Other-Horse-2"'.encode("utf-16-le")}, "Preauthentication failed"),
    ({"userAccountControl": "514"}, "credentials have been revoked"),
    ({"accountExpires": ticks(-60)}, "credentials have been revoked"),
    ({"pwdLastSet": "0"}, "Password has expired"),
    ({"sAMAccountName": "renamed"}, "not found in Kerberos database"),
], ids=["password changed", "disabled", "account expired", "password expired", "renamed"])
def test_a_keytab_that_is_good_no_more_says_why(domain, change, words):
    name = f"svc-{next(iter(change))}"[:20]
    dn = domain.server.user(name, password=PASSWORD)
    options = by_kerberos(domain, name)
    assert read(options).outcome == "OK"
    domain.server.change(dn, **change)
    run = read(options)
    assert (run.outcome, run.people) == ("BUSY", [])
    assert "Kerberos gives no ticket" in run.sentence and words in run.sentence


def test_within_tls_this_server_takes_no_kerberos_and_says_so(domain, server):
    for way in both(server):
        run = read(by_kerberos(domain, tls_ca=server.ca, **way))
        assert (run.outcome, run.people) == ("FAULT", [])
        assert "use ldap:// without start_tls" in run.sentence and "Sign or Seal are required" in run.sentence


@thorough
def test_within_tls_it_reads_where_the_server_takes_it(tmp_path):
    """As Active Directory does, where it does not ask for channel bindings."""
    with configured(Samba(strict="allow_sasl_over_tls")) as domain:
        for way in both(domain.server):
            options = by_kerberos(domain, tls_ca=domain.server.ca, **way)
            assert picture(read(options)) == picture(read(by_kerberos(domain)))
            assert [door(options).begin("boss", word).outcome for word in (PASSWORD, "wrong")] == ["OK", "DENIED"]


def test_what_only_kerberos_encrypts_is_no_way_for_peoples_passwords(domain):
    """This server looks for TLS; whoever it is, the answer is the same."""
    begin = door(by_kerberos(domain)).begin
    answers = [begin(*who) for who in (("boss", PASSWORD), ("boss", "wrong"), ("nobody", "x"))]
    assert {(one.outcome, one.sentence) for one in answers} == {(answers[0].outcome, answers[0].sentence)}
    assert answers[0].outcome == "FAULT" and "set start_tls = yes, or use ldaps://" in answers[0].sentence
