# SPDX-License-Identifier: Apache-2.0
"""The preset ad against a fake domain controller, which has the limits that Samba does not: pages, members in
ranges, empty passwords, and why somebody is not let in. Samba itself is in tests/directories/test_samba.py."""
import time
import uuid

import pytest
from kit.fake_ad import BASE, Entry, FakeAd, group, user
from kit.fake_ldap import Peer
from kit.plugin import Plugin, secret_file

OUS = ["top", "organizationalUnit"]
SYNC, PASSWORD = f"CN=sync,{BASE}", "Correct-Horse-é"


def source(fake, **options):
    return Plugin("source_ldap", **{"preset": "ad", "uri": fake.uri, "base": BASE, "bind": "anonymous",
                                    "timeout": "3s", "network_timeout": "3s"} | options)


def read(*entries, page=1000, values=1500, at_part=None, answer_part=None, **options):
    with FakeAd(*entries, page=page, values=values, at_part=at_part, answer_part=answer_part) as fake:
        run = source(fake, **options).read()
        run.fake = fake
        return run


def ticks(seconds):
    return str((int(time.time()) + seconds + 11644473600) * 10 ** 7)


def members_of(run, name):
    key, = [found["key"] for found in run.groups if found["name"] == name]
    return [member["key"] for member in run.members if member["group_key"] == key]


def keys(names):
    return [f"cn={name},{BASE.lower()}" for name in names]


def crowd(count):
    return [f"CN=m{i},{BASE}" for i in range(count)]


# ---- what entries mean

def test_an_object_guid_is_written_as_windows_writes_it():
    someone = user("a")
    someone.attributes["objectGUID"] = [bytes.fromhex("6d345119 c800 4602 ff 00 0a 5c 2a 28 29 00".replace(" ", ""))]
    run = read(someone)
    assert [found["id"] for found in run.people] == ["1951346d-00c8-0246-ff00-0a5c2a282900"]


def test_people_groups_and_units_have_their_guid_as_id():
    unit, a, g = Entry("OU=Oslo", OUS, ou="Oslo"), user("a", f"OU=Oslo,{BASE}"), group("g")
    run = read(unit, a, user("b", f"CN=Users,{BASE}"), g)
    assert run.outcome == "OK"
    assert [(found["id"], found["name"]) for found in run.units] == [(str(unit.guid), "Oslo")]
    people = run.by_username()
    assert people["a"]["id"] == str(a.guid) == str(uuid.UUID(people["a"]["id"])) and run.groups[0]["id"] == str(g.guid)
    assert people["a"]["unit_key"] == f"ou=oslo,{BASE.lower()}" and "unit_key" not in people["b"]


def test_attributes_have_the_names_of_active_directory():
    full = {"displayName": "Åse Ærlig", "mail": "a@example.org", "title": "Head", "telephoneNumber": "+47 1",
            "employeeID": "7", "employeeNumber": "8", "preferredLanguage": "nb-NO", "manager": f"CN=b,{BASE}",
            "department": "Research"}
    people = read(user("a", **full), user("b", employeeNumber="9"), unit_from="attribute").by_username()
    a = people["a"]
    assert (a["name"], a["mail"], a["title"], a["phone"], a["employee_number"], a["locale"], a["unit_name"]) == \
        ("Åse Ærlig", "a@example.org", "Head", "+47 1", "7", "nb-NO", "Research")
    assert a["manager_key"] == people["b"]["key"] and people["b"]["employee_number"] == "9"


def test_computers_are_no_people():
    computer = user("PC1$", control=4096)
    computer.attributes |= {"objectClass": ["user", "computer"], "objectCategory": "computer"}
    assert set(read(computer, user("a")).by_username()) == {"a"}


@pytest.mark.parametrize("control, expires, disabled", [
    (512, "0", False), (512, str(2 ** 63 - 1), False), (512, None, False), (66048, None, False),
    (514, None, True), (66050, "0", True), (-2147483646, None, True),
    (512, -2, True), (512, "1", True), (512, 3600, False), (514, 3600, True),
    ("nonsense", None, True), (512, "nonsense", True), (512, "9" * 30, True)])
def test_who_is_disabled_or_has_expired(control, expires, disabled):
    """A number stands for so many seconds from now."""
    expires = ticks(expires) if isinstance(expires, int) else expires
    run = read(user("a", control=control, accountExpires=expires if expires is not None else []))
    assert [found["disabled"] for found in run.people] == [disabled]


def test_who_is_disabled_may_be_said_otherwise():
    run = read(user("a", control=514, employeeType="gone"), user("b", control=514), user("c", control=512),
               disabled="employeeType,userAccountControl", disabled_value="")
    assert {name: found["disabled"] for name, found in run.by_username().items()} == {"a": True, "b": True, "c": False}
    run = read(user("a", control=514), disabled="")
    assert not run.people[0]["disabled"]


# ---- pages

def test_smaller_pages_than_asked_for_are_fine():
    run = read(*[user(f"u{i}") for i in range(2500)], unit_from="none", page=1000)
    assert run.outcome == "OK" and len(run.people) == 2500 and 50000 in run.fake.sizes


def test_unpaged_the_first_thousand_are_incomplete():
    run = read(*[user(f"u{i}") for i in range(1001)], unit_from="none", page_size=0)
    assert run.outcome == "FAULT" and "1000 entries came" in run.sentence


def test_references_in_answers_are_not_followed():
    run = read(user("a"))
    assert run.outcome == "OK" and any("references" in line["text"] for line in run.logs)


# ---- members in parts

@pytest.mark.parametrize("count", [1, 1500, 1501, 2999, 3000, 3001, 4501, 50000])
def test_the_members_of_a_group_are_all_there(count):
    run = read(user("a"), group("big", crowd(count)), group("small", [f"CN=a,{BASE}"]))
    assert run.outcome == "OK"
    assert members_of(run, "big") == [dn.lower() for dn in crowd(count)] and members_of(run, "small") == keys("a")


def test_the_parts_are_asked_for_one_after_another():
    """Each from the last member on that is known: so it shows when others have moved up meanwhile."""
    run = read(group("big", crowd(3200)), unit_from="none")
    wanted = [names[0] for _, scope, names in run.fake.asked if scope == 0][1:]
    assert wanted == ["member;range=1499-*", "member;range=2998-*"]


def test_a_server_that_gives_all_the_rest_at_once():
    def rest(low, values):
        return [(f"member;range={low}-*", values[low:])]
    run = read(group("big", crowd(5000)), answer_part=rest)
    assert run.outcome == "OK" and members_of(run, "big") == [dn.lower() for dn in crowd(5000)]


@pytest.mark.parametrize("star_first", [True, False])
def test_of_two_parts_in_one_answer_the_numbered_one_counts(star_first):
    def twice(low, values):
        some = values[low:low + 1000]
        if low + 1000 >= len(values):
            return [(f"member;range={low}-*", some)]
        both = [(f"member;range={low}-*", []), (f"member;range={low}-{low + 999}", some)]
        return both if star_first else both[::-1]
    run = read(group("big", crowd(5200)), answer_part=twice)
    assert run.outcome == "OK" and members_of(run, "big") == [dn.lower() for dn in crowd(5200)]


@pytest.mark.parametrize("answer", [
    lambda low, values: [],
    lambda low, values: [("member", values[low:])],
    lambda low, values: [(f"member;range={low + 1}-*", values[low + 1:])],
    lambda low, values: [(f"member;range={low}-{low + 1499}", values[low:low + 1400])],
    lambda low, values: [(f"member;range={low}-{low - 1}", [])],
    lambda low, values: [("member;range=0-1499", values[:1500])],
    lambda low, values: [(f"member;range={low}-x", values[low:])],
    lambda low, values: [("member;range=99999999999999999999999999-*", values[low:])],
    lambda low, values: [(f"member;range={low}-*", [])],
    lambda low, values: [(f"member;range={low}-*", values[low + 1:])],
])
def test_parts_that_do_not_fit_are_incomplete(answer):
    run = read(group("big", crowd(2000)), answer_part=answer)
    assert run.outcome in ("FAULT", "BUSY") and f"the group CN=big,{BASE}" in run.sentence
    assert not run.groups and not run.members


def test_a_group_that_changes_while_it_is_read_is_read_again():
    def change(n):
        if n == 1:
            big.attributes["member"].insert(0, f"CN=new,{BASE}")
            big.usn += 1
    big = group("big", crowd(4000))
    run = read(big, at_part=change)
    assert run.outcome == "OK" and members_of(run, "big") == keys(["new"]) + [dn.lower() for dn in crowd(4000)]


def test_who_is_deleted_while_a_group_is_read_takes_nobody_along():
    """A deletion leaves the group's uSNChanged as it is, and those behind move up by one."""
    for moment, gone in (1, 7), (2, 7), (2, 2000), (1, 1499), (2, 2998), (2, 2997), (2, 3999):
        def delete(n, moment=moment, gone=gone):
            if n == moment:
                del big.attributes["member"][gone]
        big = group("big", crowd(4000))
        run = read(big, at_part=delete)
        left = [dn.lower() for dn in crowd(4000) if f"CN=m{gone}," not in dn]
        assert run.outcome == "OK" and members_of(run, "big") == left


def test_a_group_that_shrinks_while_it_is_read_is_read_whole():
    def shrink(n):
        if n == 1:
            big.attributes["member"] = crowd(10)
            big.usn += 1
    big = group("big", crowd(4000))
    run = read(big, at_part=shrink)
    assert run.outcome == "OK" and members_of(run, "big") == [dn.lower() for dn in crowd(10)]


def test_a_group_that_never_stands_still_is_incomplete():
    def change(_):
        big.usn += 1
    big = group("big", crowd(4000))
    run = read(big, at_part=change)
    assert run.outcome == "BUSY" and "changes while it is read" in run.sentence and not run.members


def test_a_group_that_is_gone_before_it_is_read_whole_is_incomplete():
    big = group("big", crowd(4000))
    for moment in 0, 1, 2:
        def vanish(n, moment=moment):
            if n == moment:
                big.dn = f"CN=big,CN=elsewhere,{BASE}"
        big.dn = f"CN=big,{BASE}"
        run = read(big, at_part=vanish)
        assert run.outcome == "FAULT" and not run.groups


# ---- primary groups

def test_the_primary_group_has_those_whose_it_is_and_its_members():
    staff, users = group("staff", [f"CN=b,{BASE}"], number=1105), group("Domain Users", number=513)
    run = read(user("a", primaryGroupID="1105"), user("b"), user("c"), staff, users, group("other", number=1106))
    assert members_of(run, "staff") == keys("ba") and members_of(run, "Domain Users") == keys("bc")
    assert members_of(run, "other") == [] and run.outcome == "OK"


def test_a_large_primary_group_is_read_in_parts_and_pages():
    people = [user(f"u{i}", primaryGroupID="1105") for i in range(1200)]
    run = read(*people, group("staff", crowd(1600), number=1105))
    assert members_of(run, "staff") == [dn.lower() for dn in crowd(1600)] + keys(f"u{i}" for i in range(1200))


# ---- signing in

@pytest.fixture
def domain(tmp_path):
    secret = secret_file(tmp_path, "sync-password")

    def make(*entries, refusals=None):
        fake = FakeAd(user("sync"), *entries, refusals=refusals)
        return fake, Plugin("auth_ldap", preset="ad", uri=fake.uri, base=BASE, bind_dn=SYNC, bind_password=secret,
                            timeout="2s", network_timeout="2s")
    return make


@pytest.mark.parametrize("name", ["ann", "ANN", "ann.lee@ad.example.org", "Ann.Lee@AD.example.org"])
def test_the_account_name_and_the_principal_name_let_in(domain, name):
    ann = user("ann", userPrincipalName="ann.lee@ad.example.org")
    fake, door = domain(ann, user("bob", userPrincipalName="bob@ad.example.org"))
    with fake:
        run = door.begin(name, PASSWORD)
        assert run.outcome == "OK" and run.step == {"account": "ann", "source": None, "person_id": str(ann.guid)}


def test_somebodys_account_name_that_is_anothers_principal_name_lets_nobody_in(domain):
    fake, door = domain(user("x@y"), user("other", userPrincipalName="x@y"))
    with fake:
        assert door.begin("x@y", PASSWORD).outcome == "DENIED"


def test_an_empty_password_is_refused_before_the_server_is_asked(domain):
    fake, door = domain(user("ann"))
    with fake:
        assert door.begin("ann", "").outcome == "DENIED" and not fake.connections


@pytest.mark.parametrize("data", ["525", "52e", "530", "531", "532", "533", "568", "701", "773", "775"])
def test_why_somebody_is_not_let_in_stays_inside(domain, data):
    ann = user("ann")
    fake, door = domain(ann, refusals={ann.dn: data})
    with fake:
        run = door.begin("ann", PASSWORD)
        assert run.outcome == "DENIED" and run.sentence == "the directory does not let this account in with this password"
        assert not any(PASSWORD in line["text"] for line in run.logs) and len(fake.binds) == 2


@pytest.mark.parametrize("options", [{"control": 514}, {"accountExpires": ticks(-60)}])
def test_the_right_password_of_somebody_disabled_or_expired_lets_nobody_in(domain, options):
    fake, door = domain(user("ann", **options))
    with fake:
        run = door.begin("ann", PASSWORD)
        assert run.outcome == "DENIED"
        assert run.sentence == "the directory does not let this account in with this password"


def test_an_unknown_name_costs_a_bind_too(domain):
    fake, door = domain(user("ann"))
    with fake:
        assert door.begin("nobody", PASSWORD).outcome == "ABSENT" and len(fake.binds) == 2


@pytest.mark.parametrize("data", ["532", "533", "775"])
def test_a_service_account_that_is_refused_says_nothing_about_people(domain, data):
    fake, door = domain(user("ann"), refusals={SYNC: data})
    with fake:
        run = door.begin("ann", PASSWORD)
        assert run.outcome == "BUSY" and f"data {data}" in run.sentence


def test_a_server_that_is_silent_cannot_say(domain):
    fake, door = domain(user("ann"))
    with fake, Peer() as silent:
        assert door.begin("ann", PASSWORD, uri=silent.uri, timeout="500ms", network_timeout="500ms").outcome == "BUSY"
