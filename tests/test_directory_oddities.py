# SPDX-License-Identifier: Apache-2.0
"""What directories really hold: loops, values nobody can use, groups within each other; and answers that are
not the whole truth."""
import base64
import datetime
import signal

import ldap
import pytest
from kit.house import BASE, House, wait_for

LONG = "x" * 1001


def entry(dn, *lines):
    return "\n".join([f"dn: {dn},{BASE}" if dn else f"dn: {BASE}", *lines]) + "\n"


def person(uid, *lines, above="ou=people", cn=None):
    return entry(f"uid={uid},{above}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {cn or uid}", "sn: x", *lines)


def below(manager):
    return f"manager: uid={manager},ou=people,{BASE}"


def group(kind, name, *members):
    return entry(f"cn={name},ou=groups", f"objectClass: {kind}", f"cn: {name}", *members)


def member(uid, attribute="member"):
    return f"{attribute}: uid={uid},ou=people,{BASE}"


HEAD = "\n".join([
    entry("", "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"),
    entry("cn=sync", "objectClass: simpleSecurityObject", "objectClass: organizationalRole", "cn: sync",
          "userPassword: admin"),
    entry("cn=old", "objectClass: organizationalRole", "objectClass: pwdPolicy", "cn: old", "pwdAttribute: userPassword",
          "pwdMaxAge: 1", "pwdMustChange: TRUE"),
    *(entry(f"cn={name}", "objectClass: simpleSecurityObject", "objectClass: organizationalRole", f"cn: {name}",
            "userPassword: admin", f"pwdPolicySubentry: cn=old,{BASE}", state)
      for name, state in (("expired", "pwdChangedTime: 20200101000000Z"), ("reset", "pwdReset: TRUE"))),
    entry("ou=people", "objectClass: organizationalUnit", "ou: people"),
    entry("ou=groups", "objectClass: organizationalUnit", "ou: groups"),
])
LDIF = "\n".join([
    HEAD,
    person("boss"), person("worker", below("boss")),
    person("loop-a", below("loop-b")), person("loop-b", below("loop-c")), person("loop-c", below("loop-a")),
    person("under-loop", below("loop-a")), person("own-boss", below("own-boss")), person("lost", below("nobody")),
    person("locked", "pwdAccountLockedTime: 000001010000Z"),
    person("no-utf8", "jpegPhoto:: " + base64.b64encode(b"\xff\xfe").decode(), "title: kept"),
    person("nul", "jpegPhoto:: " + base64.b64encode(b"a\0b").decode(), "title: kept"),
    person("long", f"title: {LONG}", "mail: kept@example.org"),
    entry("cn=nameless,ou=people", "objectClass: inetOrgPerson", "cn: nameless", "sn: x"),
    entry("cn=long-name,ou=people", "objectClass: inetOrgPerson", "cn: long-name", "sn: x", "uid: " + "u" * 257),
    person("first", "employeeNumber: 7"), person("second", "employeeNumber: 7"),
    group("groupOfUniqueNames", "Unique Ones", member("boss", "uniqueMember"), member("worker", "uniqueMember")),
    group("posixGroup", "readers", "gidNumber: 5", "memberUid: worker", "memberUid: ghost"),
    group("groupOfNames", "outer", f"member: cn=inner,ou=groups,{BASE}"),
    group("groupOfNames", "inner", f"member: cn=innermost,ou=groups,{BASE}", member("loop-a")),
    group("groupOfNames", "innermost", f"member: cn=outer,ou=groups,{BASE}", member("lost"), member("nobody-at-all")),
])
GOOD = {"boss", "worker", "loop-a", "loop-b", "loop-c", "under-loop", "own-boss", "lost", "locked", "no-utf8", "nul",
        "long", "first"}
CONFIG = {
    "directory main": {"locale": "jpegPhoto", "id": "employeeNumber,entryUUID", "timeout": "1s",
                       "network_timeout": "1s"},
    "role hr": {"group": f"CN=unique ones , OU=Groups,{BASE.upper()}"},
    "role auditor": {"group": "readers"},
    "role issuer": {"group": f"cn=outer,ou=groups,{BASE}"},
}


@pytest.fixture(scope="module")
def odd(postgres):
    few = f'overlay ppolicy\nlimits dn.exact="cn=sync,{BASE}" size.soft=5 size.hard=5 size.prtotal=5 size.pr=5'
    slapd = {"database": few.replace("overlay ppolicy\n", "") + "\noverlay ppolicy"}
    with House(LDIF, config=CONFIG, slapd=slapd, postgres=postgres) as house:
        yield house


@pytest.fixture
def statuses(odd):
    """{username: status} as the daemon has them."""
    return lambda: {one["username"]: one["status"] for one in odd.rescue.pages("/people", limit=500)}


@pytest.fixture(scope="module")
def first_run(odd):
    run, = odd.rescue.get("/directory/runs", sort="started_at", limit=1)["items"]
    return odd.rescue.get(f"/directory/runs/{run['id']}")


def skipped(run):
    """{first word of the DN: [reasons]}"""
    found = {}
    for line in run["lines"]:
        if line["kind"] == "skipped":
            name = line["what"].split(",")[0].split("=")[1]
            found.setdefault(name, []).append(line["detail"]["why"])
    return found


def test_bad_values_and_entries_are_skipped_with_a_line_and_the_rest_comes(odd, first_run):
    people = {one["username"]: one for one in odd.rescue.pages("/people", limit=500)}
    assert set(people) == GOOD
    assert first_run["state"] == "done" and first_run["added"] == len(GOOD)
    lines = skipped(first_run)
    assert first_run["skipped"] == sum(len(reasons) for reasons in lines.values())
    assert lines.pop("nameless") == ["it shows no uid, which would be its username"]
    assert [lines.pop(name) for name in ("no-utf8", "nul", "long", "long-name")] == \
        [["locale is not UTF-8"], ["locale holds a NUL byte"], ["title is too long"], ["the username is too long"]]
    assert lines.pop("second") == ["another entry has the same id 7"]
    assert people["no-utf8"]["title"] == people["nul"]["title"] == "kept" and people["long"]["mail"] == "kept@example.org"
    assert "title" not in people["long"] and people["first"]["external_id"] == "7"
    assert set(lines) == {"loop-a", "loop-b", "loop-c", "own-boss", "lost"}


def test_a_loop_of_managers_is_cut_and_whoever_is_below_it_stays_there(odd, first_run):
    people = {one["username"]: one for one in odd.rescue.pages("/people", limit=500)}
    managers = {name: one["manager"]["name"] for name, one in people.items() if "manager" in one}
    assert managers == {"worker": "boss", "under-loop": "loop-a"}
    lines = skipped(first_run)
    assert {tuple(lines[name]) for name in ("loop-a", "loop-b",
                                            "loop-c")} == {("is their own manager, by a loop in the chart",)}
    assert "own manager" in lines["own-boss"][0] and "uid=nobody" in lines["lost"][0]


def test_a_locked_account_is_disabled(statuses):
    assert {name for name, status in statuses().items() if status != "active"} == {"locked"}
    assert statuses()["locked"] == "disabled"


def test_groups_of_every_kind_and_within_each_other_give_roles(odd):
    holders = {item["role"]: {one["username"] for one in item["holders"]}
               for item in odd.rescue.get("/access")["items"]}
    assert (holders["hr"], holders["auditor"], holders["issuer"]) == ({"boss", "worker"}, {"worker"}, {"loop-a",
            "lost"})
    item, = (item for item in odd.rescue.get("/access")["items"] if item["role"] == "issuer")
    assert {one["through"]["name"] for one in item["holders"]} == {"outer"}
    odd.set_password("worker")
    assert odd.sign_in("worker").opened["roles"] == ["hr", "auditor"]


def test_the_same_skips_again_are_no_news(odd, first_run):
    again = odd.sync()
    assert again["skipped"] == first_run["skipped"] and skipped(again) == skipped(first_run)
    assert [again[count] for count in ("added", "changed", "moved", "absent", "returned")] == [0] * 5


def with_directory(odd, **options):
    """Another way to ask the same server, from now on."""
    odd.restart_with = {"filter": None, "base": BASE, "bind_dn": odd.slapd.admin_dn, "people_base": None, "interval": "1h",
                        **options}
    odd.configure({"directory main": odd.restart_with})
    odd.restart()
    odd._rescue = None


@pytest.mark.parametrize("options", [{"filter": "(uid=nobody-at-all)"}, {"people_base": f"ou=groups,{BASE}"}])
def test_an_empty_answer_stops_and_asks_however_few_there_are(odd, statuses, options):
    before = statuses()
    assert len(before) < 25
    with_directory(odd, interval="200ms", **options)
    try:
        parked, = wait_for("the run that asks", lambda: odd.rescue.get("/directory/runs", state="needs_approval")["items"])
        assert parked["people"] == 0 and parked["absent"] == len(before)
        known, seen = set(odd.sql("SELECT id FROM directory_run")), set()
        wait_for("three more runs", lambda: seen.update(odd.sql("SELECT id FROM directory_run")) or len(seen - known) >= 3)
        still, = odd.rescue.get("/directory/runs", state="needs_approval")["items"]
        assert still["id"] == parked["id"], "who decides is asked once"
        assert statuses() == before
    finally:
        with_directory(odd)
    odd.sync()
    assert odd.rescue.get("/directory/runs", state="needs_approval")["items"] == [] and statuses() == before


@pytest.mark.parametrize("options, why", [
    ({"base": f"ou=nowhere,{BASE}"}, "there is no such entry"), ({"bind_dn": f"cn=sync,{BASE}"}, "limit"),
    ({"bind_dn": f"cn=nobody,{BASE}"}, "refuses the credentials"),
    ({"bind_dn": f"cn=expired,{BASE}"}, "refuses the credentials"),
    ({"bind_dn": f"cn=reset,{BASE}"}, "access")])
def test_an_answer_that_is_not_whole_changes_nothing(odd, statuses, options, why):
    before = statuses()
    link = odd.slapd.admin()
    with_directory(odd, **options)
    try:
        link.add_s(f"uid=new,ou=people,{BASE}", [("objectClass", b"inetOrgPerson"), ("cn", b"new"), ("sn", b"x"),
                                                 ("uid", b"new")])
        run = odd.sync("failed")
        assert run["complete"] is False and why.lower() in run["error"].lower(), run
        assert [run[count] for count in ("added", "changed", "moved", "absent", "returned")] == [0] * 5
        assert statuses() == before
    finally:
        link.delete_s(f"uid=new,ou=people,{BASE}")
        with_directory(odd)
    assert odd.sync()["complete"] is True and statuses() == before


def test_a_directory_that_hangs_fails_the_run_in_time_and_nobody_leaves(odd, statuses):
    before = statuses()
    odd.slapd.kill(signal.SIGSTOP)
    try:
        run = odd.sync("failed")
        assert run["error"] and statuses() == before
    finally:
        odd.slapd.kill(signal.SIGCONT)
    odd.sync()


def test_runs_that_find_nothing_can_be_read_for_a_while_and_do_not_pile_up(odd):
    begun = odd.sql("SELECT now()")[0][0]

    def runs(before="now()"):
        return odd.sql(f"SELECT count(*) FROM directory_run WHERE started_at > %s AND started_at < {before}"
                       " AND state <> 'running'", begun)[0][0]
    odd.configure({"directory main": {"interval": "200ms"}})
    odd.restart()
    try:
        wait_for("six runs", lambda: runs() > 5)
        odd.sql("UPDATE directory_run SET started_at = started_at - interval '3 min' WHERE started_at > %s", begun)
        begun -= datetime.timedelta(minutes=3)
        wait_for("the old ones to be forgotten", lambda: runs("now() - interval '2 min'") <= 2)
    finally:
        odd.configure({"directory main": {"interval": "1h"}})
        odd.restart()
        odd._rescue = None


@pytest.mark.parametrize("follows", [False, True], ids=["read whole", "followed"])
def test_somebody_with_the_id_of_another_does_not_become_them(postgres, follows):
    """Also when theirs is the entry that the server shows first, and both are news."""
    def change(name, attribute, value):
        link.modify_s(f"uid={name},ou=people,{BASE}", [(ldap.MOD_REPLACE, attribute, [value.encode()])])

    def people():
        return {one["external_id"]: (one["id"], one["username"]) for one in house.rescue.pages("/people", limit=500)
                if one["status"] == "active"}

    def synced():
        """The last run that skipped somebody; a feed brings it by itself."""
        if not follows:
            return house.sync()
        return wait_for("a run", lambda: [house.rescue.get(f"/directory/runs/{run['id']}") for run in
                                          house.rescue.get("/directory/runs")["items"] if run["skipped"]])[0]

    slapd = {"modules": ["ppolicy", "syncprov"], "database": "overlay ppolicy\noverlay syncprov"} if follows else {}
    ldif = "\n".join([HEAD, person("ahead", "employeeNumber: 9"), person("later", "employeeNumber: 8")])
    config = {"directory main": {"id": "employeeNumber", "unit_from": "none"}}
    with House(ldif, config=config, slapd=slapd, postgres=postgres) as house:
        link, before = house.slapd.admin(), people()
        change("ahead", "employeeNumber", "8")
        assert len(skipped(synced())["ahead"]) == 1 and people() == {"8": before["8"]}
        change("later", "title", "Still who they are")
        change("ahead", "title", "Somebody else")
        house.sync()
        assert people() == {"8": before["8"]} and before["8"][1] == "later"
