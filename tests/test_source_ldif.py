# SPDX-License-Identifier: Apache-2.0
"""plugins/source_ldif: a file gives the same people as the server it was exported from, and a file that is
not whole and sound gives nobody: the run fails, and says where."""
import base64
import gzip
import os
import shutil

import pytest
from kit.plugin import SANITIZED, Plugin, secret_file
from kit.slapd import Slapd
from test_source_ldap import DS389, SHARED, canonical

BASE = "dc=example,dc=org"


def b64(value):
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


def entries(*blocks):
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def person(uid, *lines, above="ou=People", cn="Somebody"):
    return [f"dn: uid={uid},{above},{BASE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {cn}", "sn: x",
            f"entryUUID: id-{uid}", *lines]


def unit(dn, name):
    return [f"dn: {dn},{BASE}", "objectClass: organizationalUnit", f"ou: {name}", f"entryUUID: id-{dn}"]


def group(kind, name, *members):
    return [f"dn: cn={name},ou=groups,{BASE}", f"objectClass: {kind}", f"cn: {name}", f"entryUUID: id-{name}", *members]


ORGANISATION = entries(
    ["version: 1"],
    [f"dn: {BASE}", "objectClass: organization", "o: x"],
    unit("ou=People", "People"), unit("ou=Oslo,ou=People", "Oslo"), unit("ou=R\\2C D,ou=Oslo,ou=People", "R, D"),
    person("boss", "displayName: Aase Arlig", "mail: boss@example.org", "title: Head", "telephoneNumber: +47 1",
           "employeeNumber: 7", "preferredLanguage: nb-NO"),
    person("jd", f"manager: UID=Boss, OU=people,{BASE}", above="ou=R\\, D,ou=Oslo,ou=People"),
    person("locked", "pwdAccountLockedTime: 000001010000Z"),
    group("groupOfNames", "inner", f"member: uid=JD,ou=R\\2C D,ou=oslo,ou=people,{BASE}",
          f"member: cn=outer,ou=groups,{BASE}"),
    group("groupOfUniqueNames", "unique", f"uniqueMember: uid=boss,ou=People,{BASE}#'0101'B"),
    group("posixGroup", "unix", "gidNumber: 1", "memberUid: boss", "memberUid: ghost"),
)


@pytest.fixture
def source(tmp_path):
    """source(text or bytes, ...): the plugin, for a file of that."""
    def make(content, **options):
        path = tmp_path / "people.ldif"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return Plugin("source_ldif", **{"file": path} | options)
    return make


def only(run):
    assert run.outcome == "OK", run.sentence
    someone, = run.people
    return someone


# ---- what is handed over

def test_a_person_has_what_the_entry_holds(source):
    boss = source(ORGANISATION).read().by_username()["boss"]
    assert boss == {"id": "id-boss", "key": "uid=boss,ou=people,dc=example,dc=org", "username": "boss",
                    "name": "Aase Arlig", "mail": "boss@example.org", "title": "Head", "phone": "+47 1",
                    "employee_number": "7", "locale": "nb-NO", "disabled": False}


def test_units_managers_and_locks_are_found(source):
    run = source(ORGANISATION).read()
    people, units = run.by_username(), {one["key"]: one for one in run.units}
    assert run.outcome == "OK" and {one["name"] for one in run.units} == {"Oslo", "R, D"}
    assert units[people["jd"]["unit_key"]]["name"] == "R, D"
    assert units[units[people["jd"]["unit_key"]]["parent_key"]]["name"] == "Oslo"
    assert people["jd"]["manager_key"] == people["boss"]["key"] and "unit_key" not in people["boss"]
    assert [one["username"] for one in run.people if one["disabled"]] == ["locked"]


def test_units_may_follow_the_people_who_are_in_them(source):
    blocks = ORGANISATION.split("\n\n")
    run = source("\n\n".join([blocks[0], *reversed(blocks[1:])]).rstrip("\n") + "\n").read()
    whole = source(ORGANISATION).read()
    for kind in "people", "units", "groups", "members":
        assert sorted(getattr(run, kind), key=str) == sorted(getattr(whole, kind), key=str)


def test_members_come_right_after_their_group(source):
    run = source(ORGANISATION).read()
    people = {one["key"]: one["username"] for one in run.people}
    assert [(one["group_key"].split(",")[0], people.get(one.get("key"), one.get("key")), one.get("username"))
            for one in run.members] == [
        ("cn=inner", "jd", None), ("cn=inner", "cn=outer,ou=groups,dc=example,dc=org", None),
        ("cn=unique", "boss", None), ("cn=unix", None, "boss"), ("cn=unix", None, "ghost")]
    lines = [line for line in run.output.splitlines() if line.startswith(('{"group"', '{"member"'))]
    assert [line.split('"')[1] for line in lines] == ["group", "member", "member", "group", "member", "group", "member",
                                                      "member"]


def test_unit_from_an_attribute_or_none(source):
    plugin = source(entries(person("a", "ou: Sales"), unit("ou=x", "x")))
    assert only(plugin.read(unit_from="attribute"))["unit_name"] == "Sales"
    run = plugin.read(unit_from="none")
    assert "unit_name" not in only(run) and run.units == []


def test_classes_say_what_an_entry_is_whatever_their_case(source):
    text = entries([f"dn: cn=a,{BASE}", "objectclass: Staff", "uid: a", "entryUUID: 1"],
                   [f"dn: cn=b,{BASE}", "OBJECTCLASS: robot", "uid: b", "entryUUID: 2", "member: cn=a"], person("c"))
    run = source(text, person_class="guest, STAFF", group_class="robot", unit_class="").read()
    assert only(run)["username"] == "a" and [one["id"] for one in run.groups] == ["2"] and len(run.members) == 1
    assert source(text, person_class="").open().outcome == "FAULT"


def test_the_preset_of_389_directory_server_and_its_tombstones(source):
    text = entries(
        ["dn: uid=a,dc=x", "objectClass: person", "uid: a", "nsUniqueId: 1", "nsAccountLock: TRUE"],
        ["dn: nsuniqueid=2,uid=b,dc=x", "objectClass: person", "objectClass: nsTombstone", "uid: b", "nsUniqueId: 2"],
        ["dn: cn=c,dc=x", "objectClass: person", "uid: c", "nsUniqueId: 3", "isDeleted: TRUE"])
    someone = only(source(text, preset="389ds").read())
    assert (someone["id"], someone["disabled"]) == ("1", True)


def test_the_preset_of_active_directory(source):
    def user(name, *lines):
        return [f"dn: CN={name},DC=x", "objectClass: top", "objectClass: user", f"sAMAccountName: {name}",
                "objectGUID:: " + base64.b64encode(bytes(range(16))).decode(), *lines]
    text = entries(user("a", "userAccountControl: 514", "accountExpires: 0"), user("PC1$", "objectClass: computer"),
                   user("gone", "isDeleted: TRUE"),
                   ["dn: CN=g,DC=x", "objectClass: group", "objectGUID:: AAAAAAAAAAAAAAAAAAAAAA==", "cn: g", "member: CN=a,DC=x"])
    run = source(text, preset="ad").read()
    someone = only(run)
    assert (someone["id"], someone["username"], someone["disabled"]) == \
        ("03020100-0504-0706-0809-0a0b0c0d0e0f", "a", True)
    assert run.groups[0]["id"] == "00000000-0000-0000-0000-000000000000" and len(run.members) == 1


def test_an_entry_without_an_id_or_a_username_is_skipped_with_the_reason(source):
    run = source(entries(["dn: cn=a", "objectClass: inetOrgPerson", "uid: a"],
                         ["dn: cn=b", "objectClass: inetOrgPerson", "entryUUID: b"], person("c"))).read()
    assert only(run)["username"] == "c"
    assert run.skips == [{"what": "cn=a", "why": "it shows no entryUUID, which would be its id"},
                         {"what": "cn=b", "why": "it shows no uid, which would be its username"}]


def test_ids_of_people_units_and_groups_may_be_attributes_of_their_own(source):
    run = source(ORGANISATION, id="employeeNumber", unit_id="ou", group_id="cn").read()
    assert only(run)["id"] == "7" and {one["id"] for one in run.units} == {"Oslo", "R, D"}
    assert {one["id"] for one in run.groups} == {"inner", "unique", "unix"}


@pytest.mark.parametrize("option", ["id", "unit_id", "group_id"])
def test_a_dn_is_no_identity(source, option):
    for name in "dn", "entryDN", "uid, distinguishedName":
        run = source("").open(**{option: name})
        assert run.outcome == "FAULT" and run.sentence.startswith(f"{option}: a DN changes")


# ---- how it may be written

WRITTEN = {
    "plain": "dn: cn=a\nobjectClass: inetOrgPerson\nuid: a\nentryUUID: 1\ntitle: Head of it\n",
    "version": "version: 1\ndn: cn=a\nobjectClass: inetOrgPerson\nuid: a\nentryUUID: 1\ntitle: Head of it\n",
    "CRLF": "version: 1\r\n\r\ndn: cn=a\r\nobjectClass: inetOrg\r\n Person\r\nuid: a\r\nentryUUID: 1\r\n"
            "title: Head of it\r\n\r\n",
    "mark": "\ufeffversion: 1\ndn: cn=a\nobjectClass: inetOrgPerson\nuid: a\nentryUUID: 1\ntitle: Head of it\n",
    "comments": "# one\n#two\n folded\n\n# three\n\n\ndn: cn=a\n#within\nobjectClass: inetOrgPerson\nuid: a\n# x\n y\n"
                "entryUUID: 1\ntitle: Head of it\n\n\n# end\n",
    "folded": "dn: c\n n=a\nobjectC\n lass: inetOrgPerson\nuid:\n  a\nentryUUID:1\ntitle: He\n ad o\n \n f it\n",
    "base64": f"DN:: {b64('cn=a')}\nobjectClass:: {b64('inetOrgPerson')}\nuid::{b64('a')}\nentryUUID::   {b64('1')}\n"
              f"title:: {b64('Head of it')[:5]}\n {b64('Head of it')[5:]}\nmail:\ncarLicense::\n",
    "options": "dn: cn=a\nobjectClass: inetOrgPerson\nuid: a\nentryUUID: 1\ntitle;lang-de: Leiter\nTITLE: Head of it\n",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_the_same_in_other_writing_is_the_same(source, text):
    assert only(source(text).read()) == {"id": "1", "key": "cn=a", "username": "a", "title": "Head of it",
                                         "disabled": False}


def test_values_pass_through_as_they_are(source):
    head = "dn: cn=a\nobjectClass: inetOrgPerson\nuid: a\nentryUUID: 1\n"
    nul = b"a\0b\xff\n\r"
    someone = only(source(head.encode() + b"title:   \xc3\x85se <x>:: # \nmail: \xff\nphoto:: "
                          + b64(nul).encode() + b"\n").read(phone="photo"))
    assert (someone["title"], someone["mail"], someone["phone"]) == ("Åse <x>:: # ", {"hex": "ff"}, {"hex": nul.hex()})


@pytest.mark.parametrize("text", ["", "version: 1\n", "# nothing\n\n\n", "\r\n"])
def test_a_file_without_entries_holds_nobody(source, text):
    run = source(text).read()
    assert (run.outcome, run.people, run.units, run.groups, run.skips) == ("OK", [], [], [], [])


# ---- what is broken fails, with its line

GOOD = "dn: cn=a\nuid: a\n\n"
BROKEN = {
    "no colon": ("dn: cn=b\nuid\n", 5, 'no "attribute: value"'),
    "no attribute": ("dn: cn=b\n: x\n", 5, 'no "attribute: value"'),
    "space in the attribute": ("dn: cn=b\nu id: x\n", 5, 'no "attribute: value"'),
    "starts with an option": ("dn: cn=b\n;x: x\n", 5, 'no "attribute: value"'),
    "folded from nothing": (" dn: cn=b\nuid: b\n", 4, 'no "attribute: value"'),
    "dash": ("dn: cn=b\nuid: b\n-\n", 6, 'no "attribute: value"'),
    "no dn": ("uid: b\n", 4, 'begins with "dn:"'),
    "what ldapsearch says without -LLL": ("search: 2\nresult: 0 Success\n", 4, 'begins with "dn:"'),
    "second version": ("version: 1\n", 4, 'begins with "dn:"'),
    "two entries in one": ("dn: cn=b\nuid: b\n \ndn: cn=c\n", 7, "an empty line goes before it"),
    "dn alone": ("dn: cn=b\n\ndn: cn=c\nuid: c\n", 4, "nothing but its"),
    "dn alone at the end": ("dn: cn=b\n", 4, "nothing but its"),
    "base64 letters": ("dn: cn=b\nuid:: a*==\n", 5, "no base64"),
    "base64 cut": ("dn: cn=b\nuid:: YWJ\n", 5, "no base64"),
    "base64 padding within": ("dn: cn=b\nuid:: YQ==YQ==\n", 5, "no base64"),
    "base64 too much padding": ("dn: cn=b\nuid:: Y===\n", 5, "no base64"),
    "base64 then space": ("dn: cn=b\nuid:: YWI= \n", 5, "no base64"),
    "base64 in a folded line": ("dn: cn=b\nuid:: YW\n J*\n b\ncn: b\n", 5, "no base64"),
    "URL": ("dn: cn=b\njpegPhoto:< file:///etc/passwd\n", 5, "jpegPhoto is to be read from a URL"),
    "URL of an entry": ("dn:< file:///etc/passwd\nuid: b\n", 4, "dn is to be read from a URL"),
    "change": ("dn: cn=b\nchangetype: add\nuid: b\n", 5, "record of a change"),
    "change in other letters": ("dn: cn=b\nChangeType:: ZGVsZXRl\n", 5, "record of a change"),
    "control": ("dn: cn=b\ncontrol: 1.2.840.113556.1.4.805 true\nchangetype: delete\n", 5, "record of a change"),
    "NUL": ("dn: cn=b\nuid: b\0c\n", 5, "NUL"),
    "NUL in a comment": ("# \0\n", 4, "NUL"),
    "lines of old Macs": ("dn: cn=b\ruid: b\r\n", 4, "carriage return"),
    "UTF-16": (("dn: cn=b\n".encode("utf-16-le")), 4, "NUL"),
}


@pytest.mark.parametrize("text, line, why", BROKEN.values(), ids=BROKEN)
def test_a_broken_line_fails_and_is_named(source, text, line, why):
    content = GOOD.encode() + (text if isinstance(text, bytes) else text.encode())
    for unit_from in "none", "ou":
        plugin = source(content, person_class="none", unit_from=unit_from)
        run = plugin.read()
        assert run.outcome == "FAULT" and run.sentence.startswith(f"{plugin.options['file']}:{line}: ")
        assert why in run.sentence and "passwd" not in run.sentence


@pytest.mark.parametrize("version", ["0", "2", "1.0", "", "1 "])
def test_another_version_is_refused(source, version):
    run = source(f"# x\nversion: {version}\n\n{GOOD}").read()
    assert run.outcome == "FAULT" and ":2: only version 1 of LDIF is known" in run.sentence


def test_a_file_cut_within_a_line_is_not_whole(source):
    text = f"version: 1\n\n# two\n\ndn: cn=a\nuid: a\n\ndn:: {b64('cn=b')}\r\nuid: b\r\n c\r\n"
    for size in range(1, len(text)):
        run = source(text[:size]).read()
        if text[size - 1] != "\n":
            assert run.outcome == "FAULT" and "so it is not whole" in run.sentence, text[:size]
            assert f":{text[:size].count(chr(10)) + 1}: " in run.sentence
        elif text[:size].endswith(("\ndn: cn=a\n", "==\r\n")):
            assert run.outcome == "FAULT" and "nothing but" in run.sentence
        else:
            assert run.outcome == "OK"


def test_a_range_of_members_is_not_all_of_them(source):
    plugin = source(GOOD + entries(group("groupOfNames", "g", "member: cn=a", "member;range=0-1: cn=b")))
    run = plugin.read()
    assert run.outcome == "FAULT" and "comes in parts (member;range=0-1)" in run.sentence
    assert run.sentence.startswith(f"{plugin.options['file']}:4: ")


@pytest.mark.parametrize("text, why", [(b"dn: cn=a\nuid: " + b"a" * (65 << 20) + b"\n", "larger than 64 MiB"),
                                       (b"dn: cn=a\n#" + b"a" * (65 << 20) + b"\n", "larger than 64 MiB"),
                                       (b"dn: cn=a\n" + b"a:\n" * (2 << 20), "more than 2097152 values")],
                         ids=["value", "comment", "values"])
def test_an_entry_too_large_to_be_one_is_refused(source, text, why):
    run = source(text).read()
    assert run.outcome == "FAULT" and why in run.sentence
    assert SANITIZED or run.peak < 300 << 10


# ---- the file itself

def failed(run, outcome, *words):
    assert run.outcome == outcome and all(word in run.sentence for word in words), (run.outcome, run.sentence)
    assert not run.people
    return True


def test_what_is_no_readable_file_fails(source, tmp_path):
    plugin = source(GOOD)
    path = plugin.options["file"]
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "dangling").symlink_to("nowhere")
    for name, outcome, why in [("missing", "BUSY", "No such file"), ("gone/missing", "BUSY", "No such file"),
                               ("dangling", "BUSY", "No such file"), ("people.ldif/x", "BUSY", "Not a directory"),
                               ("folder", "FAULT", "no regular file"), ("fifo", "FAULT", "no regular file")]:
        assert failed(plugin.read(file=tmp_path / name), outcome, str(tmp_path / name), why)
    assert failed(plugin.read(file="/dev/null"), "FAULT", "no regular file")
    assert plugin.open(file=tmp_path / "missing").outcome == "OK", "a daemon starts without it"
    if os.geteuid() != 0:
        path.chmod(0)
        assert failed(plugin.read(), "BUSY", str(path), "Permission denied")


def test_what_everybody_may_write_is_refused(source, tmp_path):
    plugin = source(GOOD)
    path, other = plugin.options["file"], tmp_path / "other"
    path.chmod(0o602)
    assert failed(plugin.read(), "FAULT", str(path), "everybody may write it (mode 0602)")
    path.chmod(0o660)
    assert plugin.read().outcome == "OK"
    other.mkdir()
    shutil.copy(path, other / "real.ldif")
    (tmp_path / "link.ldif").symlink_to(other / "real.ldif")
    (other / "back.ldif").symlink_to(path)
    for mode in 0o777, 0o1777:
        other.chmod(mode)
        for name in "other/real.ldif", "link.ldif", "other/back.ldif":
            assert failed(plugin.read(file=tmp_path / name), "FAULT", "everybody may write its folder", f"(mode {mode:04o})")
    other.chmod(0o700)
    assert plugin.read(file=tmp_path / "link.ldif").outcome == "OK"


def crowd(count):
    return entries(*[person(f"u{number:05}") for number in range(count)])


def append(path):
    with path.open("a") as file:
        file.write("\n" + entries(person("late")))


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def replace(path):
    shutil.copy(path, path.with_name("new"))
    path.with_name("new").rename(path)


def rewrite(path):
    with path.open("r+b") as file:
        file.write(b"DN")


def touch_back(path):
    """Even with the time set back."""
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("unit_from", ["ou", "none"])
@pytest.mark.parametrize("change", [append, truncate, empty, replace, rewrite, touch_back, os.unlink])
def test_a_file_that_changes_while_it_is_read_fails(source, change, unit_from):
    plugin = source(crowd(20000), unit_from=unit_from)
    process = plugin.start("read")
    assert process.stdout.read(1)  # and nobody reads on: the plugin waits for us, far from the end of the file
    change(plugin.options["file"])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and not err
    last = out.decode().splitlines()[-1]
    assert '"outcome":"BUSY"' in last, last
    assert "while it was read" in last or "No such file" in last


def test_a_time_limit_ends_the_reading(source):
    plugin = source(crowd(10))
    run = plugin.finish(plugin.start("read", milliseconds=0))
    assert run.outcome == "BUSY" and "too long" in run.sentence


# ---- as much as the server that it was exported from

def shared(name):
    path = SHARED / "data/directory" / name
    if not path.exists():
        pytest.skip(f"SKILLSD_SHARED has no data/directory/{name}")
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def in_order(items):
    return sorted(items, key=lambda item: sorted(item.items()))


def plain(one):
    """slapd writes a DN anew, after the names of the entries above it."""
    return {**one, **{name: canonical(one[name]) for name in ("dn", "what") if name in one}}


@pytest.mark.parametrize("name, slapd, load, counts, options", [
    ("389ds-example.ldif", {"settings": DS389}, ["-s"], (150, 0, 5, 11), {"preset": "389ds", "unit_from": "attribute"}),
    ("389ds-example.ldif", {"settings": DS389}, ["-s"], (150, 3, 5, 11), {"preset": "389ds"}),
    ("openldap-michigan.ldif", {"schemas": ["openldap"]}, [], (10, 3, 3, 22), {}),
    ("apacheds-30k.ldif.gz", {}, [], (30000, 0, 0, 0), {"id": "employeeNumber", "title": "description"}),
])
def test_a_file_gives_what_its_server_gives(source, tmp_path, name, slapd, load, counts, options):
    content = shared(name)
    options = {"id": "uid", "unit_id": "ou", "group_id": "cn", **options}
    classes = {"person_class": "inetOrgPerson,OpenLDAPperson"} if "michigan" in name else {}
    file = source(content, **options, **classes).read()
    with Slapd("dc=example,dc=com", **slapd).load(SHARED / "data/directory" / name, *load) as server:
        asked = Plugin("source_ldap", uri=server.uri, base=server.suffix, bind_dn=server.admin_dn,
                       bind_password=secret_file(tmp_path, server.admin_password), **options).read()
    assert file.outcome == asked.outcome == "OK"
    assert (len(file.people), len(file.units), len(file.groups), len(file.members)) == counts
    for kind in "people", "units", "members":
        assert in_order(getattr(file, kind)) == in_order(getattr(asked, kind)), kind
    for kind in "groups", "skips":
        assert in_order(map(plain, getattr(file, kind))) == in_order(map(plain, getattr(asked, kind))), kind


def test_memory_is_flat_and_a_photo_costs_nothing_for_long(source):
    few = source(crowd(10)).read()
    photo = f"jpegPhoto:: {b64(bytes(30000))}"
    many = source(entries(*[person(f"u{number}", photo) for number in range(2000)])).read()
    assert many.outcome == "OK" and len(many.people) == 2000
    thousands = source(shared("apacheds-30k.ldif.gz"), id="uid").read()
    assert len(thousands.people) == 30000
    print(f"30000 people in {thousands.ms} ms, {thousands.peak} KiB; {few.peak} KiB for ten")
    assert SANITIZED or max(many.peak, thousands.peak) - few.peak < 1500
