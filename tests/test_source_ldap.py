# SPDX-License-Identifier: Apache-2.0
"""plugins/source_ldap against a real slapd: what it hands over is what the directory holds, and it says
"complete" only then. What a real server cannot be brought to do is in test_source_ldap_faults.py."""
import base64
import os
import pathlib
import shutil

import ldap
import ldap.dn
import pytest
from kit.plugin import SANITIZED, Plugin, secret_file
from kit.slapd import Slapd, make_certificates

SHARED = pathlib.Path(os.environ.get("SKILLSD_SHARED", pathlib.Path(__file__).parents[2] / "shared"))
BASE = "dc=example,dc=org"
# What Debian's schemas lack of 389 Directory Server; slapd lets nobody define operational attributes.
DS389 = "".join(f"attributetype ( 1.3.6.1.4.1.4203.666.99.{n} NAME '{name}' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n"
                for n, name in enumerate(("aci", "nsIdleTimeout", "nsLookThroughLimit", "nsSizeLimit", "nsTimeLimit",
                                          "nsUniqueId", "nsAccountLock")))
POLICY = {"modules": ["ppolicy"], "database": "overlay ppolicy"}
PHOTO = bytes(range(256))
LONG = ("long " * 5735).strip()


def entries(*blocks):
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def unit(dn, *names):
    return [f"dn: {dn},{BASE}", "objectClass: organizationalUnit", *[f"ou: {name}" for name in names]]


def person(rdn, *lines, uid, cn="Somebody", above="ou=People"):
    return [f"dn: {rdn},{above},{BASE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {cn}", "sn: x", *lines]


ORGANISATION = entries(
    [f"dn: {BASE}", "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"],
    [f"dn: cn=sync,{BASE}", "objectClass: simpleSecurityObject", "objectClass: organizationalRole", "cn: sync",
     "userPassword: sync-password"],
    unit("ou=People", "People"), unit("ou=groups", "groups"), unit("ou=Oslo,ou=People", "Oslo"),
    unit("ou=R\\2C D,ou=Oslo,ou=People", "R, D"), unit("ou=PEOPLE,ou=Oslo,ou=People", "PEOPLE"),
    person("uid=boss", "displayName: Åse Ærlig", "mail: boss@example.org", "title: Head", "telephoneNumber: +47 1",
           "employeeNumber: 7", "preferredLanguage: nb-NO", uid="boss", cn="Aase"),
    person("cn=Doe\\, John+uid=JD", f"manager: UID=Boss, OU=people,{BASE}", "cn: Doe, John", uid="JD", cn="Johnny",
           above="ou=R\\, D,ou=Oslo,ou=People"),
    person("uid=in-inner-container", f"manager: cn=nobody,{BASE}", uid="in-inner-container",
           above="ou=PEOPLE,ou=Oslo,ou=People"),
    person("cn=No Name", "givenName: No", uid="noname")[:2] + ["cn: No Name", "sn: x"],
    person("uid=photo", "jpegPhoto:: " + base64.b64encode(PHOTO).decode(), f"description: {LONG}", uid="photo"),
    person("uid=tongues", "title;lang-de: Leiter", "title;lang-fr: Chef", "description;lang-de: nur so",
           "displayName;lang-ja: 山田", "displayName: Yamada", uid="tongues"),
    person("uid=locked", "pwdAccountLockedTime: 000001010000Z", uid="locked"),
    person("uid=resting", "pwdAccountLockedTime: 20200101000000Z", uid="resting"),
    [f"dn: cn=inner,ou=groups,{BASE}", "objectClass: groupOfNames", "cn: inner",
     f"member: cn=doe\\2c john + uid=jd,ou=R\\, D,ou=oslo,ou=people,{BASE}", f"member: cn=outer,ou=groups,{BASE}"],
    [f"dn: cn=outer,ou=groups,{BASE}", "objectClass: groupOfNames", "cn: outer", f"member: cn=inner,ou=Groups,{BASE}"],
    [f"dn: cn=unique,ou=groups,{BASE}", "objectClass: groupOfUniqueNames", "cn: unique",
     f"uniqueMember: uid=boss,ou=People,{BASE}#'0101'B", f"uniqueMember: uid=photo,ou=People,{BASE}"],
    [f"dn: cn=unix,ou=groups,{BASE}", "objectClass: posixGroup", "cn: unix", "gidNumber: 1", "memberUid: boss",
     "memberUid: ghost"],
)


def crowd(count):
    return entries(*[person(f"uid=u{i}", uid=f"u{i}") for i in range(count)])


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    return lambda text: secret_file(folder, text)


@pytest.fixture(scope="module")
def server():
    slapd = Slapd(**POLICY, tls=True,
                  settings='authz-regexp "cn=sync" "cn=admin,dc=example,dc=org"')
    with slapd.load(ORGANISATION):
        yield slapd


@pytest.fixture
def source(server, secrets):
    return Plugin("source_ldap", uri=server.uri, base=BASE, bind_dn=server.admin_dn,
                  bind_password=secrets(server.admin_password), network_timeout="5s")


def first(attributes, *names):
    for name in names:
        for value in attributes.get(name, []):
            return value.decode()
    return None


def directory_people(slapd, where):
    """The same by python-ldap, and with the usernames of managers."""
    found = slapd.admin().search_s(slapd.suffix, ldap.SCOPE_SUBTREE, where, ["*", "+"])
    plain = [(dn, {name.lower(): values for name, values in attributes.items()}) for dn, attributes in found]
    usernames = {canonical(dn): first(attributes, "uid") for dn, attributes in plain}
    return {first(attributes, "uid"): {
        "id": first(attributes, "entryuuid"), "name": first(attributes, "displayname", "cn"),
        "mail": first(attributes, "mail"), "title": first(attributes, "title"),
        "phone": first(attributes, "telephonenumber"), "employee_number": first(attributes, "employeenumber"),
        "manager": usernames.get(canonical(first(attributes, "manager") or "")),
    } for dn, attributes in plain if "uid" in attributes}


def canonical(dn):
    return str([sorted((kind.lower(), value.lower()) for kind, value, _ in rdn) for rdn in ldap.dn.str2dn(dn)])


def handed_people(run):
    usernames = {person["key"]: person["username"] for person in run.people}
    return {person["username"]: {
        **{field: person.get(field) for field in ("id", "name", "mail", "title", "phone", "employee_number")},
        "manager": usernames.get(person.get("manager_key")),
    } for person in run.people}


# ---- what is handed over

def test_a_person_has_what_the_directory_holds(server, source):
    boss = source.read().by_username()["boss"]
    del boss["id"]
    assert boss == {"key": "uid=boss,ou=people,dc=example,dc=org", "username": "boss", "name": "Åse Ærlig",
                    "mail": "boss@example.org", "title": "Head", "phone": "+47 1", "employee_number": "7",
                    "locale": "nb-NO", "disabled": False}


def test_people_are_those_python_ldap_sees(server, source):
    where = "(&(objectClass=inetOrgPerson)(!(uid=tongues)))"
    run = source.read(filter=where)
    assert run.outcome == "OK" and len(run.people) == 6
    assert handed_people(run) == directory_people(server, where)


def test_an_entry_without_a_username_is_skipped_with_the_reason(source):
    skip, = source.read().skips
    assert skip == {"what": f"cn=No Name,ou=People,{BASE}", "why": "it shows no uid, which would be its username"}


def test_an_entry_without_an_id_is_skipped(source):
    run = source.read(id="employeeNumber", unit_from="none")
    assert list(run.by_username()) == ["boss"] and run.outcome == "OK"
    assert {skip["why"] for skip in run.skips} == {"it shows no employeeNumber, which would be its id"}


def test_a_manager_is_found_however_the_dn_is_written(source):
    people = source.read().by_username()
    assert people["JD"]["manager_key"] == people["boss"]["key"]
    assert people["in-inner-container"]["manager_key"] == "cn=nobody,dc=example,dc=org"


def test_the_unit_is_the_nearest_entry_above_that_is_no_container(source):
    run = source.read()
    units = {unit["key"]: unit for unit in run.units}
    people = run.by_username()
    assert {unit["name"] for unit in run.units} == {"groups", "Oslo", "R, D"}
    assert units[people["JD"]["unit_key"]]["name"] == "R, D"
    assert units[units[people["JD"]["unit_key"]]["parent_key"]]["name"] == "Oslo"
    assert units[people["in-inner-container"]["unit_key"]]["name"] == "Oslo"
    assert "unit_key" not in people["boss"] and "parent_key" not in units[people["in-inner-container"]["unit_key"]]


def test_units_only_where_people_are_searched(source):
    run = source.read(people_base=f"ou=Oslo,ou=People,{BASE}")
    assert {unit["name"] for unit in run.units} == {"Oslo", "R, D"}
    assert set(run.by_username()) == {"JD", "in-inner-container"}


def test_scope_one_takes_what_is_directly_below(source):
    run = source.read(people_base=f"ou=People,{BASE}", groups_base=f"ou=groups,{BASE}", scope="one")
    assert set(run.by_username()) == {"boss", "photo", "tongues", "locked", "resting"} and len(run.groups) == 4


def test_bytes_that_are_no_utf8_and_long_values_pass_through(source):
    photo = source.read(locale="jpegPhoto", title="description").by_username()["photo"]
    assert photo["locale"] == {"hex": PHOTO.hex()} and photo["title"] == LONG


def test_a_value_without_language_wins_and_otherwise_the_first_one(source):
    tongues = source.read(phone="description").by_username()["tongues"]
    assert tongues["name"] == "Yamada" and tongues["title"] in ("Leiter", "Chef") and tongues["phone"] == "nur so"


def test_attributes_are_tried_in_their_order(source):
    people = source.read(name="title, displayName ,cn").by_username()
    assert [people[who]["name"] for who in ("boss", "JD", "tongues")] == ["Head", "Johnny", "Leiter"]


def test_only_the_lock_for_good_disables(source):
    assert {person["username"] for person in source.read().people if person["disabled"]} == {"locked"}


def test_any_value_disables_where_no_value_is_named(source):
    run = source.read(disabled="pwdAccountLockedTime")
    assert {person["username"] for person in run.people if person["disabled"]} == {"locked", "resting"}
    assert not any(person["disabled"] for person in source.read(disabled="").people)


def test_groups_and_members_of_every_kind(source):
    run = source.read()
    people = {person["key"]: person["username"] for person in run.people}
    groups = {group["key"]: group for group in run.groups}
    assert {group["name"] for group in run.groups} == {"inner", "outer", "unique", "unix"}
    assert {group["dn"] for group in run.groups} >= {f"cn=inner,ou=groups,{BASE}"}
    members = [(groups[member["group_key"]]["name"], people.get(member.get("key")),
                groups.get(member.get("key"), {}).get("name"), member.get("username")) for member in run.members]
    assert sorted(members, key=str) == sorted([
        ("inner", "JD", None, None), ("inner", None, "outer", None), ("outer", None, "inner", None),
        ("unique", "boss", None, None), ("unique", "photo", None, None),
        ("unix", None, None, "boss"), ("unix", None, None, "ghost")], key=str)


# ---- real directories

def loaded(name, **how):
    path = SHARED / "data/directory" / name
    if not path.exists():
        pytest.skip(f"SKILLSD_SHARED has no data/directory/{name}")
    options = how.pop("options", ())
    return Slapd("dc=example,dc=com", **how).load(path, *options)


def read_whole(slapd, secrets, **options):
    return Plugin("source_ldap", uri=slapd.uri, base=slapd.suffix, bind_dn=slapd.admin_dn,
                  bind_password=secrets(slapd.admin_password), **options).read()


def test_the_example_of_389_directory_server(secrets):
    with loaded("389ds-example.ldif", settings=DS389, options=["-s"]) as slapd:
        run = read_whole(slapd, secrets, preset="389ds", id="entryUUID", unit_from="attribute")
        expected = directory_people(slapd, "(objectClass=person)")
        assert (run.outcome, len(run.people), len(run.groups), run.units, run.skips) == ("OK", 150, 5, [], [])
        assert handed_people(run) == expected
        assert sum(person["manager"] is not None for person in expected.values()) == 149
        units = {name: values["ou"] for _, values in slapd.admin().search_s(slapd.suffix, 2, "(uid=*)", ["ou", "uid"])
                 for name in [values["uid"][0].decode()]}
        for person in run.people:
            assert person["unit_name"].encode() == [ou for ou in units[person["username"]] if ou != b"People"][0]
        keys = {person["key"] for person in run.people}
        assert len(run.members) == 11 and all(member["key"] in keys for member in run.members)


def test_the_preset_of_389_directory_server(secrets):
    people = [person(f"uid=u{i}", f"nsUniqueId: id-{i}", *lock, uid=f"u{i}", above="ou=People")
              for i, lock in enumerate(([], ["nsAccountLock: TRUE"], ["nsAccountLock: false"]))]
    top = [f"dn: {BASE}", "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"]
    units = [unit("ou=People", "People") + ["nsUniqueId: p"], unit("ou=Sales", "Sales") + ["nsUniqueId: s"]]
    with Slapd(settings=DS389).load(entries(top, *units, *people), "-s") as slapd:
        run = read_whole(slapd, secrets, preset="389ds")
        disabled = {one["id"]: one["disabled"] for one in run.people}
        assert disabled == {"id-0": False, "id-1": True, "id-2": False}
        assert [(one["id"], one["name"]) for one in run.units] == [("s", "Sales")]


def test_the_organisation_of_openldaps_tests(secrets):
    with loaded("openldap-michigan.ldif", schemas=["openldap"]) as slapd:
        run = read_whole(slapd, secrets)
        assert (run.outcome, len(run.people), len(run.groups), len(run.members)) == ("OK", 10, 3, 22)
        assert handed_people(run) == directory_people(slapd, "(objectClass=inetOrgPerson)")
        names = {unit["key"]: unit["name"] for unit in run.units}
        assert set(names.values()) == {"Groups", "Alumni Association", "Information Technology Division"}
        assert names[run.by_username()["bjensen"]["unit_key"]] == "Information Technology Division"
        assert not any("parent_key" in unit for unit in run.units)


def test_thirty_thousand_people_in_flat_memory(secrets):
    with loaded("apacheds-30k.ldif.gz") as slapd:
        run = read_whole(slapd, secrets, title="description")
        few = read_whole(slapd, secrets, title="description", filter="(uid=user.1)")
        found = slapd.admin().search_s(slapd.suffix, ldap.SCOPE_SUBTREE, "(objectClass=inetOrgPerson)",
                                       ["uid", "description", "entryUUID"])
        assert run.outcome == "OK" and len(run.people) == len(found) == 30000 and not run.skips
        assert {(person["id"], person["username"], person["title"]) for person in run.people} == \
            {tuple(values[name][0].decode() for name in ("entryUUID", "uid", "description")) for _, values in found}
        print(f"{len(run.people)} people in {run.ms} ms, {run.peak} KiB at most, {few.peak} KiB for one person")
        assert SANITIZED or run.peak - few.peak < 3000


def test_language_tags_of_openldaps_tests(secrets):
    with loaded("openldap-lang.ldif") as slapd:
        run = read_whole(slapd, secrets, filter="(objectClass=organization)", username="dc", name="cn", mail="name",
                         title="o", phone="sn", unit_from="none")
        someone, = run.people
        assert (someone["name"], someone["mail"], someone["title"], someone["phone"]) == \
            ("Billy Ray", "Billy Ray", "Example, Inc.", "Ray")


def test_a_group_of_fifty_thousand(secrets):
    group = [f"dn: cn=all,ou=groups,{BASE}", "objectClass: groupOfNames", "cn: all",
             *[f"member: uid=u{i},ou=People,{BASE}" for i in range(50000)]]
    with Slapd(**POLICY).load(ORGANISATION + "\n" + entries(group)) as slapd:
        run = read_whole(slapd, secrets, group_filter="(cn=all)")
        assert run.outcome == "OK"
        assert {member["key"] for member in run.members} == {f"uid=u{i},ou=people,{BASE}" for i in range(50000)}


# ---- limits

def test_page_size_does_not_change_what_is_seen(server, source):
    whole = source.read(page_size=0)
    assert whole.outcome == "OK" and len(whole.people) == 7
    for size in 1, 2, 7, 8, 1000:
        run = source.read(page_size=size)
        assert (run.outcome, run.people, run.members) == ("OK", whole.people, whole.members)


@pytest.fixture(scope="module")
def crowded(secrets):
    with Slapd(**POLICY).load(ORGANISATION + "\n" + crowd(700)) as slapd:
        yield slapd, Plugin("source_ldap", uri=slapd.uri, base=BASE, bind_dn=f"cn=sync,{BASE}",
                            bind_password=secrets("sync-password"))


def limits(slapd, words):
    slapd.database = f'overlay ppolicy\nlimits dn.exact="cn=sync,{BASE}" {words}'
    slapd.restart()


def test_a_size_limit_hit_midway_is_incomplete(crowded):
    slapd, plugin = crowded
    limits(slapd, "size=500")
    for size in 100, 0:
        run = plugin.read(page_size=size, unit_from="none")
        assert run.outcome == "FAULT" and len(run.people) + len(run.skips) == 500 and not run.groups
        assert "size limit" in run.sentence and "500 entries came" in run.sentence and slapd.uri in run.sentence


def test_a_page_too_large_for_the_server_is_tried_smaller(crowded):
    slapd, plugin = crowded
    limits(slapd, "size.soft=unlimited size.hard=unlimited size.prtotal=unlimited size.pr=100")
    run = plugin.read(page_size=1000)
    assert run.outcome == "OK" and len(run.people) == 707
    assert any("trying pages of 100" in line["text"] for line in run.logs)


def test_a_page_still_too_large_is_incomplete(crowded):
    slapd, plugin = crowded
    limits(slapd, "size.soft=unlimited size.hard=unlimited size.prtotal=unlimited size.pr=50")
    run = plugin.read(page_size=1000)
    assert run.outcome == "FAULT" and not run.people and "administrator" in run.sentence


def test_a_limit_of_time_is_asked_for_once_and_then_left_out(crowded):
    slapd, plugin = crowded
    limits(slapd, "size=unlimited size.prtotal=unlimited time.hard=1")
    run = plugin.read(timeout="20s")
    assert run.outcome == "OK" and len(run.people) == 707


# ---- signing in

def test_external_over_ldapi(server, source):
    run = source.read(uri=server.ldapi, bind="external", bind_dn=None, bind_password=None)
    assert run.outcome == "OK" and len(run.people) == 7


def test_external_by_a_client_certificate(server, source):
    tls = server.folder / "tls"
    run = source.read(uri=server.ldaps, bind="external", tls_ca=server.ca, tls_cert=tls / "client.pem",
                      tls_key=tls / "client.key")
    assert run.outcome == "OK" and len(run.people) == 7


def test_anonymous_only_when_it_is_said(source):
    assert source.read(bind="anonymous", bind_dn=None, bind_password=None).outcome == "OK"
    run = source.open(bind_dn=None, bind_password=None)
    assert run.outcome == "FAULT" and "anonymous" in run.sentence


def test_a_wrong_password_of_the_service_account_says_nothing_about_people(source, secrets):
    run = source.read(bind_password=secrets("wrong"))
    assert run.outcome == "BUSY" and not run.people
    assert "refuses the credentials of the service account" in run.sentence and "wrong" not in run.output


def test_a_wrong_base_is_no_empty_directory(source):
    for option in "base", "people_base", "groups_base":
        run = source.read(**{option: f"ou=gone,{BASE}"})
        assert run.outcome == "FAULT" and f"ou=gone,{BASE}" in run.sentence and "no such entry" in run.sentence


# ---- TLS

def test_tls_by_start_tls_and_ldaps(server, source):
    for uri in server.uri, server.ldaps, server.ldaps.replace("ldaps", "LDAPS"):
        for ca in {"tls_ca": server.ca}, {"tls_ca_dir": server.folder / "authorities"}:
            (server.folder / "authorities").mkdir(exist_ok=True)
            shutil.copy(server.ca, server.folder / "authorities")
            run = source.read(uri=uri, start_tls="yes", **ca)
            assert (run.outcome, len(run.people)) == ("OK", 7), run.sentence


@pytest.fixture
def other_ca(tmp_path):
    make_certificates(tmp_path)
    return tmp_path / "ca.pem"


def hostile(server, folder):
    """Everything around a process that could make libldap trust anybody."""
    folder.mkdir()
    lines = f"TLS_REQCERT never\nTLS_CACERT {server.ca}\nURI {server.uri}\n"
    for name in "ldaprc", ".ldaprc", "ldap.conf":
        (folder / name).write_text(lines)
    return {"cwd": folder, "env": {"HOME": str(folder), "LDAPCONF": str(folder / "ldap.conf"), "LDAPRC": "ldaprc",
                                   "LDAPTLS_REQCERT": "never", "LDAPTLS_CACERT": str(server.ca)}}


def test_a_certificate_of_an_unknown_ca_is_refused_whatever_lies_around(server, source, other_ca, tmp_path):
    around = hostile(server, tmp_path / "around")
    for uri in server.uri, server.ldaps:
        for options in {"tls_ca": other_ca}, {}:
            run = source.read(uri=uri, start_tls="yes", **options, **around)
            assert run.outcome == "BUSY" and not run.people and "its certificate" in run.sentence
            assert run.ms < 15000
    assert source.read(uri=server.ldaps, tls_ca=server.ca, **around).outcome == "OK"


def test_a_certificate_for_another_name_is_refused(server, source):
    run = source.read(uri=server.ldaps_misnamed, tls_ca=server.ca)
    assert run.outcome == "BUSY" and not run.people


def test_start_tls_refused_is_the_end(crowded, source):
    slapd, _ = crowded
    run = source.read(uri=slapd.uri, start_tls="yes")
    assert run.outcome == "FAULT" and not run.people and "cannot start TLS" in run.sentence


def test_a_missing_ca_file_is_said_before_any_connection(source, tmp_path):
    run = source.open(uri="ldaps://127.0.0.1", tls_ca=tmp_path / "none.pem")
    assert run.outcome == "FAULT" and "none.pem" in run.sentence
    (tmp_path / "empty.pem").write_text("")
    run = source.read(uri="ldaps://127.0.0.1:1", tls_ca=tmp_path / "empty.pem")
    assert run.outcome in ("FAULT", "BUSY") and not run.people


def test_a_changed_ca_file_counts_from_the_next_run(server, source, other_ca, tmp_path):
    """In both directions, within one instance: its connections share what TLS needs."""
    ca = tmp_path / "current.pem"

    def install(path):
        shutil.copy(path, tmp_path / "new.pem")
        (tmp_path / "new.pem").rename(ca)

    install(server.ca)
    process = source.start("read", flags=["-n", "5"], uri=server.ldaps, tls_ca=ca)
    outcomes = []
    for path in server.ca, server.ca, other_ca, server.ca, server.ca:
        install(path)
        if outcomes:
            process.stdin.write(b"\n")
        while b'"end"' not in (line := process.stdout.readline()):
            assert line
        outcomes.append(b'"OK"' in line)
    process.communicate()
    assert outcomes == [True, True, False, True, True]


# ---- options

@pytest.mark.parametrize("options, words", [
    ({"uri": "http://127.0.0.1"}, "LDAP URI"), ({"uri": "127.0.0.1:389"}, "LDAP URI"),
    ({"uri": "ldap://127.0.0.1/dc=x"}, "name a server only"), ({"bind": "magic"}, "bind knows no"),
    ({"preset": "edirectory"}, "preset knows no"), ({"scope": "base"}, "scope knows no"), ({"unit_from": "dn"}, "unit_from"),
    ({"timeout": "0"}, "more than 0"), ({"bind_dn": ""}, "bind_dn"), ({"username": "uid)(x"}, "username"),
    ({"id": ""}, "id: an attribute"), ({"filter": "uid=*"}, "parentheses"), ({"name": "cn,,sn"}, "name"),
    ({"name": "cn," * 70 + "cn"}, "too many"),
    ({"start_tls": "yes", "tls_cert": "/etc/hostname"}, "need each other"),
    ({"start_tls": "yes", "tls_ca": "/etc/hostname", "tls_ca_dir": "/etc"}, "give one"),
])
def test_a_bad_option_is_said_when_it_opens(source, options, words):
    run = source.open(**options)
    assert run.outcome == "FAULT" and words in run.sentence


def test_an_empty_password_of_the_service_account_is_refused(source, secrets):
    run = source.open(bind_password=secrets(""))
    assert run.outcome == "FAULT" and "not empty" in run.sentence


def test_passwords_in_clear_are_warned_of(source):
    assert any("in clear" in line["text"] for line in source.open(uri="ldap://192.0.2.1").logs)
    assert not source.open(uri=["ldap://localhost", "ldapi://%2Fx"]).logs
