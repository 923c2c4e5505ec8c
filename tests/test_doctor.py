# SPDX-License-Identifier: Apache-2.0
"""`skillsd doctor` against real servers: what it says of each, what it counts, what it would change, and that it is
content only where nothing is wrong."""
import contextlib
import datetime
import os
import re
import subprocess

import ldap
import pytest
from kit.chart import Chart
from kit.doctor import advice, look, of, troubles
from kit.gate import ROOT
from kit.house import BASE, SYNC_LIMITS, demo_house, installed
from kit.preload import Preloaded
from kit.slapd import free_port, give_away, unprivileged

CHART = Chart(ROOT / "etc/demo/organisation.ldif")
FIELDS = ["id", "username", "name", "mail", "title", "phone", "employee_number", "locale", "country", "manager", "unit",
          "disabled"]
ODD = f"""
dn: cn=leads,ou=groups,{BASE}
objectClass: groupOfNames
cn: leads
member: cn=hr,ou=groups,{BASE}
member: cn=leads,ou=groups,{BASE}
member: {CHART.people["tdube"].dn}
member: {CHART.people["gmbeki"].dn}
member: uid=nobody at all,{BASE}

dn: ou=elsewhere,{BASE}
objectClass: organizationalUnit
ou: elsewhere

dn: cn=leads,ou=elsewhere,{BASE}
objectClass: groupOfNames
cn: leads
member: {CHART.people["tdube"].dn}
"""


class Doctor:
    def __init__(self, house):
        self.house = house

    def configure(self, directory=None, **sections):
        self.house.configure({"directory main": directory or {}, **sections})

    def look(self, *words, within=()):
        return look(self.house, *words, within=within)

    @contextlib.contextmanager
    def with_options(self, **directory):
        before = dict(self.house.config.get("directory main", {}))
        self.configure(directory)
        try:
            yield
        finally:
            self.house.config["directory main"] = before
            self.house.configure()


@pytest.fixture(scope="module")
def doctor(postgres):
    """No daemon runs: the doctor needs none."""
    house = demo_house(more_ldif=ODD, postgres=postgres,
                       slapd={"tls": True, "modules": ["ppolicy", "syncprov"],
                              "database": f"{SYNC_LIMITS}\noverlay ppolicy\noverlay syncprov"})
    try:
        house.port = free_port()
        house.configure()
        house.migrate()
        yield Doctor(house)
    finally:
        house.remove()


# ---- what it says of a good house

def test_it_says_what_the_server_is_and_offers(doctor):
    findings = doctor.look()
    uri = doctor.house.slapd.uri
    assert troubles(findings) == []
    assert of(findings, "server", uri) == [("fact", "OpenLDAP")]
    assert of(findings, "naming contexts", uri) == [("fact", BASE)]
    assert of(findings, "signed in as", uri) == [("fact", f"dn:{doctor.house.slapd.admin_dn}")]
    assert of(findings, "offers", uri) == \
        [("fact", "paged results: yes, persistent refresh (RFC 4533): yes, StartTLS: yes")]
    assert of(findings, "follow", uri) == [("fact", "it tells what changes (RFC 4533)")]
    assert of(findings, "TLS", uri)[0] == ("fact", "none")
    assert advice(findings)["TLS"] == "the password travels in clear: set start_tls = yes, which the server offers"
    (kind, text), = of(findings, "limits")
    assert kind == "fact" and text.startswith(f"{len(CHART.people)} people came to their end, in pages of 50000, in ")
    assert of(findings, "connection", "database") == [("fact", "it answers")]
    assert of(findings, "schema") == [("fact", "it is this program's")]
    assert of(findings, "gate") == [("fact", f"{doctor.house.gate.path} answers")]


def test_it_counts_the_fields_of_people_and_shows_three_samples(doctor):
    found = {name: (text, more) for section, _, name, text, more in doctor.look() if section == "people" and "of" in more}
    people = CHART.people.values()
    assert list(found) == FIELDS
    assert {more["of"] for _, more in found.values()} == {len(people)}
    count = {name: more["count"] for name, (_, more) in found.items()}
    assert count["id"] == count["username"] == count["name"] == len(people) and count["disabled"] == 0
    assert count["mail"] == sum(bool(p.mail) for p in people) and count["title"] == sum(bool(p.title) for p in people)
    assert count["manager"] == sum(bool(p.manager) for p in people) and count["unit"] == sum(bool(p.unit) for p in people)
    samples = {name: more["samples"] for name, (_, more) in found.items()}
    assert len(set(samples["mail"])) == 3 and set(samples["mail"]) <= {p.mail for p in people}
    assert set(samples["username"]) <= set(CHART.people) and samples["disabled"] == []
    displayed = doctor.house.slapd.admin().search_s(BASE, ldap.SCOPE_SUBTREE, "(&(objectClass=inetOrgPerson)(displayName=*))")
    assert found["name"][0] == f"from displayName ({len(displayed)}), cn ({len(people)})"
    assert found["mail"][0] == "from mail" and found["id"][0] == "from entryUUID"
    assert all(text.startswith("from ") for text, _ in found.values())


def test_it_counts_who_has_which_role_through_groups_and_groups_within(doctor):
    leads = f"cn=leads,ou=groups,{BASE}"
    doctor.configure(**{"role auditor": {"group": leads}, "role assessor": {"group": "leads"},
                        "role issuer": {"group": "cn=nowhere"}})
    findings = doctor.look()
    assert of(findings, "hr", "roles") == \
        [("fact", f"the group cn=hr,ou=groups,{BASE} is found: 5 people, 4 of them directly")]
    assert of(findings, "auditor", "roles") == [
        ("fact", f"the group {leads} is found: 6 people, 2 of them directly"),
        ("advice", f"{leads} has 1 members who are neither people nor groups that are read")]
    assert sorted(troubles(findings)) == [
        ("assessor", "the group leads is ambiguous, name it by its DN: nobody has the role through it"),
        ("issuer", "the group cn=nowhere is missing: nobody has the role through it")]
    for role, group in ("auditor", "auditors"), ("assessor", "assessors"), ("issuer", "issuers"):
        doctor.configure(**{f"role {role}": {"group": f"cn={group},ou=groups,{BASE}"}})


def test_people_read_it_section_by_section(doctor):
    done = doctor.house.command("doctor", "main")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[-1] == "nothing is wrong"
    assert [line for line in lines if line and line[0] != " "][:-1] == [
        "configuration", "database", "authenticator pam", f"directory main: {doctor.house.slapd.uri}",
        "directory main: entries", "directory main: people", "directory main: roles"]
    usernames, = [line for line in lines if line.split()[:1] == ["username"]]
    assert f"from uid; {len(CHART.people)} of {len(CHART.people)}: " in usernames


# ---- TLS, and several servers

def test_with_tls_it_shows_the_version_and_the_certificate(doctor):
    slapd = doctor.house.slapd
    with doctor.with_options(uri=slapd.ldaps, tls_ca=slapd.ca):
        findings = doctor.look()
    (_, tls), = of(findings, "TLS")
    assert tls.startswith("TLSv1.3, ") or tls.startswith("TLS1.3, "), tls
    said = subprocess.run(["openssl", "x509", "-in", slapd.folder / "tls/server.pem", "-noout", "-enddate"],
                          capture_output=True, text=True, check=True).stdout.strip().removeprefix("notAfter=")
    day = datetime.datetime.strptime(said, "%b %d %H:%M:%S %Y %Z").date().isoformat()
    assert of(findings, "certificate") == [
        ("fact", f"of cn=localhost, by cn=throwaway CA, until {day}"),
        ("advice", f"it runs out on {day}: nobody can be read after that day")]
    assert "TLS" not in advice(findings)


def test_each_server_is_looked_at_in_order_and_one_that_fails_is_wrong(doctor):
    slapd, down = doctor.house.slapd, f"ldap://127.0.0.1:{free_port()}"
    with doctor.with_options(uri=[slapd.ldaps_misnamed, down, slapd.uri, slapd.ldapi], tls_ca=slapd.ca):
        findings = doctor.look()
    sections = list(dict.fromkeys(section for section, *_ in findings if "://" in section))
    assert sections == [slapd.ldaps_misnamed, down, slapd.uri, slapd.ldapi]
    kinds = [of(findings, "connection", section)[0][0] for section in sections]
    assert kinds == ["wrong", "wrong", "fact", "fact"]
    assert "its certificate must be valid" in of(findings, "connection", slapd.ldaps_misnamed)[0][1]
    assert "Connection refused" in of(findings, "connection", down)[0][1]
    assert of(findings, "read")[0][1].startswith(f"{len(CHART.people)} people, ")


def test_a_server_of_this_machine_is_better_reached_by_its_socket(doctor):
    """Where slapd's socket is at its usual place, which here is so for a command in a namespace of its own."""
    slapd, alone = doctor.house.slapd, ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], **unprivileged()).returncode:
        pytest.skip("no namespaces for ordinary users")
    bare = [*alone, "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh"]
    beside = [*alone, "sh", "-c", """mount -t tmpfs none /run && mkdir /run/slapd && touch /run/slapd/ldapi &&
        mount --bind "$0" /run/slapd/ldapi && exec "$@" """, slapd.folder / "ldapi"]
    assert "uri" not in advice(doctor.look(within=bare))
    assert advice(doctor.look(within=beside))["uri"] == (
        "the server is on this machine, where slapd listens at /run/slapd/ldapi: uri = ldapi:/// needs no TCP, and with "
        "bind = external no password")
    with doctor.with_options(uri="ldapi:///", bind="external", bind_dn=None, bind_password=None):
        findings = doctor.look(within=beside)
    assert of(findings, "signed in as", "ldapi:///") == [("fact", f"dn:{slapd.admin_dn}")]
    assert troubles(findings) == [] and not {"uri", "TLS"} & set(advice(findings))


# ---- what is wrong, and what it would change

def test_no_server_no_right_password_no_such_base(doctor):
    slapd = doctor.house.slapd
    with doctor.with_options(uri=f"ldap://127.0.0.1:{free_port()}"):
        findings = doctor.look()
        assert [what for what, _ in troubles(findings)] == ["connection"] and not of(findings, "read")
    with doctor.with_options(bind_dn=f"cn=nobody,{BASE}"):
        (what, text), = troubles(doctor.look())
        assert what == "connection" and "refuses the credentials of the service account cn=nobody" in text
    with doctor.with_options(people_base=f"ou=nowhere,{BASE}"):
        findings = doctor.look()
        (what, text), = troubles(findings)
        assert what == "people_base" and "there is no such entry" in text
        assert of(findings, "groups_base") == [("fact", BASE)]
    with doctor.with_options(filter="(uid=nobody)"):
        (what, text), = troubles([one for one in doctor.look() if one[0] == "people"])
        assert what == "read" and text.startswith("0 people, ") and "look at base and filter" in text
    assert slapd.process.poll() is None


def test_limits_are_met_and_named(doctor):
    slapd = doctor.house.slapd
    account = {"bind_dn": f"cn=sync,{BASE}", "bind_password": doctor.house._write("sync.secret", "sync-password")}
    rest = "\noverlay ppolicy\noverlay syncprov"
    before = slapd.database
    try:
        with doctor.with_options(**account):
            assert troubles(doctor.look()) == []
            slapd.database = f'limits dn.exact="cn=sync,{BASE}" size=unlimited size.prtotal=unlimited size.pr=500' + rest
            slapd.restart()
            findings = doctor.look()
            assert troubles(findings) == [] and advice(findings)["page_size"] == "50000 is refused: set page_size = 500"
            slapd.database = f'limits dn.exact="cn=sync,{BASE}" size=100' + rest
            slapd.restart()
            wrong = troubles(doctor.look())
            assert [what for what, _ in wrong] == ["limits", "read"]
            assert all("gives this account no more entries (size limit)" in text for _, text in wrong)
    finally:
        slapd.database = before
        slapd.restart()


def test_a_preset_for_another_server_and_units_that_are_not_there(doctor):
    with doctor.with_options(preset="389ds"):
        findings = doctor.look()
    assert advice(findings)["preset"] == "set preset = openldap: 389ds is for another kind of server"
    assert "unit_from" not in advice(findings), "there are units"
    assert ("left out", "it shows no nsUniqueId, which would be its id") in troubles(findings)
    more, = [more for _, _, what, _, more in findings if what == "left out"]
    assert more["count"] == more["of"] > len(CHART.people), "people, units and groups"
    assert len(more["samples"]) == 3 and all(sample.endswith(BASE) for sample in more["samples"])
    with doctor.with_options(unit_filter="(objectClass=nothing)"):
        findings = doctor.look()
    assert advice(findings)["unit_from"].startswith("there is no unit with the attribute ou: set unit_from = ")


def test_a_server_that_does_not_tell_what_changes_is_polled(doctor):
    slapd = doctor.house.slapd
    before = slapd.modules, slapd.database
    try:
        slapd.modules, slapd.database = ["ppolicy"], f"{SYNC_LIMITS}\noverlay ppolicy"
        slapd.restart()
        assert advice(doctor.look())["follow"].endswith(": add the overlay syncprov to its database")
        with doctor.with_options(follow="no"):
            assert "follow" not in advice(doctor.look())
    finally:
        slapd.modules, slapd.database = before
        slapd.restart()
    assert "follow" not in advice(doctor.look())


def test_a_few_without_a_username_are_told_and_samples_are_safe_to_look_at(doctor):
    link, dn = doctor.house.slapd.admin(), f"cn=no username,ou=people,{BASE}"
    link.add_s(dn, [("objectClass", [b"inetOrgPerson"]), ("sn", [b"x"]), ("manager", [b"cn=gone," + BASE.encode()])])
    first = CHART.people["hlindqvist"]
    link.modify_s(first.dn, [(ldap.MOD_REPLACE, "title", ["Chief\x1b[2J\u202eExecutive".encode()])])
    try:
        findings = doctor.look()
        assert advice(findings)["left out"] == "it shows no uid, which would be its username"
        assert troubles(findings) == []
        title, = [more for _, _, what, _, more in findings if what == "title"]
        assert "Chief\\x1b[2J\\xe2\\x80\\xaeExecutive" in title["samples"]
        assert "\x1b" not in doctor.house.command("doctor").stdout
        with doctor.with_options(title="userPassword"):
            title, = [more for _, _, what, _, more in doctor.look() if what == "title"]
            assert title["count"] > 0 and title["samples"] == []
    finally:
        link.delete_s(dn)
        link.modify_s(first.dn, [(ldap.MOD_REPLACE, "title", [first.title.encode()])])


# ---- the rest of the house

def test_a_key_that_others_can_read_is_wrong_and_the_end(doctor):
    key = doctor.house.folder / "token.key"
    key.chmod(0o644)
    try:
        findings = doctor.look()
    finally:
        key.chmod(0o600)
    (what, text), = troubles(findings)
    assert what == "file" and "readable by nobody else" in text and "token.key" in text
    assert [section for section, *_ in findings] == ["configuration"]


def test_no_gate_no_database_no_schema(doctor, postgres):
    house = doctor.house
    dsn = postgres.dsn(house.database)
    doctor.configure(**{"authenticator pam": {"socket": "/nonexistent/gate.sock"},
                        "database": {"dsn": "host=/nonexistent dbname=x"}})
    findings = doctor.look()
    assert [what for what, _ in troubles(findings)] == ["connection", "gate"]
    assert of(findings, "gate")[0][1] == "/nonexistent/gate.sock: No such file or directory; admins cannot sign in"
    assert of(findings, "read")[0][0] == "fact"
    postgres.create("bare")
    try:
        doctor.configure(**{"authenticator pam": {"socket": house.gate.path}, "database": {"dsn": postgres.dsn("bare")}})
        assert troubles(doctor.look()) == [("schema", "the database has no schema yet: run skillsd migrate")]
    finally:
        postgres.drop("bare")
        doctor.configure(**{"database": {"dsn": dsn}})


def test_words_that_are_not_understood(doctor):
    for words in ["--quick"], ["main", "main"]:
        done = doctor.house.command("doctor", *words)
        assert done.returncode == 2 and "[--json] [NAME]" in done.stderr
    assert troubles(doctor.look("other")) == [("directory", "there is no [directory other]")]


# ---- other sources

PLAIN = """
#include <skillsd/plugin.h>
#include <string.h>
#define TEXT(s) {s, sizeof s - 1}
static const struct skd_option options[] = {{0}};
static enum skd_outcome open(const struct skd_host *host, struct skd_call *call, void **self)
{
	(void)call;
	*self = (void *)host;
	return SKD_OK;
}
static void close(void *self) { (void)self; }
static enum skd_outcome read(void *self, struct skd_call *call, const struct skd_sink *sink)
{
	struct skd_person person = {.id = TEXT("1"), .key = TEXT("k"), .username = TEXT("ada"), .name = TEXT("Ada")};
	(void)self, (void)call;
	return sink->person(sink, &person);
}
static const char *key(void *self, struct skd_call *call, const char *name)
{
	(void)self, (void)call, (void)name;
	return 0;
}
const struct skd_plugin skillsd_plugin = {.abi = SKD_ABI, .kind = SKD_SOURCE, .name = "source_plain", .options = options,
	.open = open, .close = close, .is.source = {.read = read, .key = key}};
"""


def test_a_plugin_that_examines_nothing_is_described_from_what_it_reads(doctor):
    folder = installed() / "plugins"
    (folder / "plain.c").write_text(PLAIN)
    subprocess.run(["cc", "-shared", "-fPIC", "-I", ROOT / "include", "-o", folder / "source_plain.so", folder / "plain.c"],
                   check=True)
    doctor.configure(**{"directory plain": {"plugin": "source_plain"}})
    try:
        findings = doctor.look("plain")
    finally:
        (folder / "source_plain.so").unlink()
        del doctor.house.config["directory plain"]
        doctor.configure()
    here = [(kind, what, text, more) for section, kind, what, text, more in findings if section == "directory plain: people"]
    assert here[0][:2] == ("fact", "read") and here[0][2].startswith("1 people, 0 units, 0 groups with 0 members, in ")
    assert here[2] == ("fact", "username", "", {"count": 1, "of": 1, "samples": ["ada"]})
    assert [what for _, what, *_ in here[1:]] == FIELDS and troubles(findings) == []


def test_an_ldif_file_is_described_too(doctor):
    path = doctor.house.folder / "branch.ldif"
    path.write_text((ROOT / "etc/demo/organisation.ldif").read_text())
    path.chmod(0o644)
    give_away(path)
    doctor.configure(**{"directory branch": {"plugin": "source_ldif", "file": path, "id": "employeeNumber",
                                             "unit_id": "ou", "group_id": "cn"}})
    try:
        findings = doctor.look("branch")
    finally:
        del doctor.house.config["directory branch"]
        doctor.configure()
    fields = {what: (text, more) for section, _, what, text, more in findings
              if section == "directory branch: people" and "of" in more}
    assert fields["id"][0] == "from employeeNumber" and fields["name"][0] == "from displayName,cn"
    assert fields["username"][1]["count"] == len(CHART.people) and troubles(findings) == []


# ---- the folder of what people hand in

WHAT_IS_SHORT = ", which is less than max_size_all: the files of one submission"


@pytest.fixture
def folder(doctor):
    """Where the configuration says that it is; nothing is there yet."""
    path = doctor.house.folder / "handed 📁 in"
    doctor.configure(submissions={"folder": path})
    yield path
    doctor.house.config.pop("submissions", None)
    doctor.configure()
    if path.is_dir():
        path.chmod(0o700)
        path.rmdir()


def row(doctor, within=()):
    """{name: (kind, text)} of what it says of the folder."""
    return {what: (kind, text) for section, kind, what, text, _ in doctor.look("main", within=within) if section == "submissions"}


def made(path, mode):
    path.mkdir(exist_ok=True)
    give_away(path)
    path.chmod(mode)


def test_the_folder_of_files_is_written_closed_and_roomy(doctor, folder):
    assert row(doctor) == {"folder": ("fact", f"{folder}: is made when the first file comes")} and not folder.exists()
    made(folder, 0o700)
    found = row(doctor)
    assert found["folder"] == ("fact", f"{folder} can be written") and found["mode"] == ("fact", "it is closed to others")
    kind, text = found.pop("free space")
    assert kind in ("fact", "advice") and re.fullmatch(r"\d+ MiB", text) and len(found) == 2
    assert list(folder.iterdir()) == [], "nothing is left behind"
    del doctor.house.config["submissions"]
    doctor.configure()
    assert row(doctor) == {}


@pytest.mark.parametrize("mode, kind, text", [
    (0o755, "wrong", "0755 lets everybody in: it is for the daemon alone, 0700"), (0o701, "wrong", "0701 lets everybody in: it is for the daemon alone, 0700"),
    (0o750, "advice", "0750 lets its group in: it is for the daemon alone, 0700")])
def test_a_folder_that_others_enter_is_named(doctor, folder, mode, kind, text):
    made(folder, mode)
    assert row(doctor)["mode"] == (kind, text)


def test_a_folder_without_room_is_wrong(doctor, folder):
    """Of blocks that are left: a file system's word for it, which the kit says otherwise."""
    made(folder, 0o700)
    blocks = (1 << 20) // os.statvfs(folder).f_frsize  # in a MiB
    doctor.configure(submissions={"folder": folder, "max_size_all": str(2 << 20)})
    with Preloaded("disk_full") as disk:
        within = ["env", *(f"{name}={value}" for name, value in disk.environment.items())]
        for mib, kind, more in (0, "wrong", WHAT_IS_SHORT), (1, "wrong", WHAT_IS_SHORT), (2, "advice", ""), (1023, "advice", ""), (1024, "fact", ""):
            disk.set(mib * blocks + 1)
            assert row(doctor, within)["free space"] == (kind, f"{mib} MiB{more}")


def test_a_folder_that_cannot_be_written_is_wrong(doctor, folder):
    made(folder, 0o500)
    (what, text), = troubles(doctor.look("main"))
    assert what == "file" and text.endswith(f"folder: {folder}: Permission denied")
    folder.rmdir()
    folder.write_text("x")
    (_, text), = troubles(doctor.look("main"))
    folder.unlink()
    assert text.endswith(f"folder: {folder}: Not a directory")
    doctor.configure(submissions={"folder": "/proc"})  # where nothing can be, whoever asks
    assert [what for what, _ in troubles(doctor.look("main"))] in (["file"], ["folder", "mode", "free space"])
