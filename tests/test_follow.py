# SPDX-License-Identifier: Apache-2.0
"""Following what an OpenLDAP says of itself (RFC 4533): what changes there is here at once, what is gone soon
and by a whole reading, and nothing comes by the clock: a whole reading is due in an hour."""
import contextlib
import time

import ldap
import pytest
from kit.fake_ldap import FakeLdap
from kit.history import ldif as small_ldif, person
from kit.house import ACCOUNTS, BASE, House, demo_house, is_sanitized, wait_for
from test_directory import CHART, GONE, PEOPLE, QUIET, Directory, names

SYNCPROV = {"modules": ["ppolicy", "syncprov"], "database": "overlay ppolicy\noverlay syncprov"}
LOCKED = "000001010000Z"
ISSUERS = f"cn=issuers,ou=groups,{BASE}"


@contextlib.contextmanager
def followed(postgres, **options):
    more = f"dn: {GONE}\nobjectClass: organizationalUnit\nou: gone\n"
    with demo_house({"directory main": {"people_base": PEOPLE, **options}}, more_ldif=more, postgres=postgres,
                    slapd=SYNCPROV) as house:
        yield Directory(house)


@pytest.fixture(scope="module")
def directory(postgres):
    with followed(postgres) as directory:
        yield directory


@pytest.fixture
def fresh(postgres):
    with followed(postgres) as directory:
        yield directory


def wholes(house):
    return house.sql("SELECT count(*) FROM directory_run WHERE NOT feed")[0][0]


@pytest.fixture
def unread(directory):
    """The directory is not read whole meanwhile."""
    before = wholes(directory.house)
    yield directory
    assert wholes(directory.house) == before


def shows(directory, username, **expected):
    """As hr sees the person; None: not there."""
    def is_so():
        found = directory.hr.get("/people", username=username)["items"]
        return found and {name: found[0].get(name) for name in expected} == expected and found[0]
    return wait_for(f"{username} with {expected}", is_so)


def has_role(client, role):
    return role in client.get("/me")["roles"]


# ---- what the feed tells

def test_a_changed_attribute_is_here_at_once(unread):
    before = CHART.people[QUIET[0]].title
    unread.change(QUIET[0], title="Told at once")
    shows(unread, QUIET[0], title="Told at once")
    unread.change(QUIET[0], title=None)
    shows(unread, QUIET[0], title=None)
    unread.change(QUIET[0], title=before)
    shows(unread, QUIET[0], title=before)


def test_a_change_told_is_a_run_with_its_line(unread):
    unread.change(QUIET[1], title="In the books")
    person = shows(unread, QUIET[1], title="In the books")
    run, = [run for run in unread.house.rescue.get("/directory/runs", limit=1)["items"]]
    run = unread.house.rescue.get(f"/directory/runs/{run['id']}")
    assert (run["state"], run["complete"], run["changed"], run["absent"]) == ("done", False, 1, 0)
    line, = run["lines"]
    assert line["person"]["id"] == person["id"] and line["detail"]["title"]["to"] == "In the books"


def test_what_nobody_sees_makes_no_run(unread):
    runs = unread.house.sql("SELECT count(*) FROM directory_run")
    unread.link.modify_s(unread.where[QUIET[0]], [(ldap.MOD_REPLACE, "description", [b"unseen"])])
    unread.change(QUIET[0], title="Unseen went before")
    shows(unread, QUIET[0], title="Unseen went before")
    assert unread.house.sql("SELECT count(*) FROM directory_run")[0][0] == runs[0][0] + 1


def test_a_new_person_is_here_at_once(directory):
    before = wholes(directory.house)
    unit = directory.where[QUIET[0]].split(",", 1)[1]
    directory.link.add_s(f"uid=newcomer,{unit}", [
        ("objectClass", [b"inetOrgPerson"]), ("uid", [b"newcomer"]), ("cn", [b"New Comer"]), ("sn", [b"Comer"]),
        ("manager", [directory.where["lwojcik"].encode()])])
    person = shows(directory, "newcomer", name="New Comer", status="active")
    assert person["manager"]["id"] == directory.person("lwojcik")["id"]
    assert person["unit"]["id"] == directory.person(QUIET[0])["unit"]["id"]
    assert wholes(directory.house) == before
    directory.link.delete_s(f"uid=newcomer,{unit}")
    shows(directory, "newcomer", status="absent")
    assert wholes(directory.house) == before + 1


def test_a_renamed_person_is_the_same_one_soon(directory):
    before = directory.person(QUIET[2])
    home, rdn = directory.where[QUIET[2]].split(",", 1)[1], f"uid={QUIET[2]}"
    directory.move(QUIET[2], home, "uid=renamed")
    assert shows(directory, "renamed")["id"] == before["id"]
    directory.move(QUIET[2], home, rdn)
    assert shows(directory, QUIET[2])["id"] == before["id"]


def test_a_person_who_moves_has_another_unit_soon(directory):
    home = directory.where[QUIET[3]].split(",", 1)[1]
    before = directory.person(QUIET[3])["unit"]
    target = next(name for name in QUIET if directory.person(name)["unit"]["id"] != before["id"])
    directory.move(QUIET[3], directory.where[target].split(",", 1)[1])
    shows(directory, QUIET[3], unit=directory.person(target)["unit"])
    directory.move(QUIET[3], home)
    shows(directory, QUIET[3], unit=before)


def test_another_manager_is_known_at_once(unread):
    before = CHART.people[QUIET[4]].manager
    unread.change(QUIET[4], manager=unread.where["lwojcik"])
    other = unread.person("lwojcik")["id"]
    wait_for("the manager", lambda: unread.person(QUIET[4])["manager"]["id"] == other)
    unread.change(QUIET[4], manager=unread.where[before])
    wait_for("the manager of before", lambda: unread.person(QUIET[4])["manager"]["id"] != other)


def test_a_role_is_lost_and_back_at_once_with_the_group(unread):
    issuer = unread.house.sign_in(ACCOUNTS["ISSUER"])
    member = unread.where[ACCOUNTS["ISSUER"]].encode()
    for act, has in (ldap.MOD_DELETE, False), (ldap.MOD_ADD, True):
        unread.link.modify_s(ISSUERS, [(act, "member", [member])])
        wait_for(f"the role: {has}", lambda has=has: has_role(issuer, "issuer") == has)


@pytest.mark.parametrize("strangers", [10, 200, 2000])
def test_a_group_of_any_size_is_taken_over_whole(unread, strangers):
    """What does not fit into one statement goes another way: nobody of it is lost, whoever comes first or last."""
    issuer = unread.house.sign_in(ACCOUNTS["ISSUER"])
    (_, before), = unread.link.search_s(ISSUERS, ldap.SCOPE_BASE, attrlist=["member"])
    more = [f"cn=stranger \\\\ {number} é,ou=nowhere,{BASE}".encode() for number in range(strangers)]
    count = "SELECT count(*) FROM group_member m JOIN directory_group g ON g.id = m.group_id WHERE g.dn = %s"
    others = [one for one in before["member"] if not one.lower().startswith(f"uid={ACCOUNTS['ISSUER']},".encode())]
    for members in more + others, more + before["member"], before["member"]:
        unread.link.modify_s(ISSUERS, [(ldap.MOD_REPLACE, "member", members)])
        wait_for("all members", lambda members=members: unread.house.sql(count, ISSUERS) == [(len(members),)])
        wait_for("the role", lambda members=members: has_role(issuer, "issuer") == (len(members) != len(more + others)))


def test_a_role_by_a_group_in_a_group_comes_and_goes_at_once(directory):
    before, username = wholes(directory.house), QUIET[5]
    directory.house.set_password(username)
    client, nested = directory.house.sign_in(username), f"cn=nested,ou=groups,{BASE}"
    directory.link.add_s(nested, [("objectClass", [b"groupOfNames"]), ("cn", [b"nested"]),
                                  ("member", [directory.where[username].encode()])])
    for act, has in (ldap.MOD_ADD, True), (ldap.MOD_DELETE, False), (ldap.MOD_ADD, True):
        directory.link.modify_s(ISSUERS, [(act, "member", [nested.encode()])])
        wait_for(f"the role: {has}", lambda has=has: has_role(client, "issuer") == has)
    assert wholes(directory.house) == before
    directory.link.delete_s(nested)
    wait_for("the role to go with its group", lambda: not has_role(client, "issuer"))
    directory.link.modify_s(ISSUERS, [(ldap.MOD_DELETE, "member", [nested.encode()])])


def test_a_disabled_account_has_no_right_at_once(unread):
    username = QUIET[6]
    unread.house.set_password(username)
    client = unread.house.sign_in(username)
    unread.change(username, pwdAccountLockedTime=LOCKED)
    wait_for("no right to be left", lambda: client.get("/me")["roles"] == [])
    assert unread.house.try_sign_in(username, f"pw-{username}").status_code == 401
    unread.change(username, pwdAccountLockedTime=None)
    wait_for("its rights", lambda: client.get("/me")["roles"] == ["employee"])


def test_a_bad_value_is_left_out_with_a_line_and_the_rest_taken(unread):
    before = CHART.people[QUIET[7]]
    unread.change(QUIET[7], title="x" * 1001, employeeNumber="told")
    person = shows(unread, QUIET[7], title=None, employee_number="told")
    assert person["status"] == "active"
    run = unread.house.rescue.get("/directory/runs", limit=1)["items"][0]
    run = unread.house.rescue.get(f"/directory/runs/{run['id']}")
    assert run["skipped"] == 1 and "title is too long" in unread.lines(run, "skipped")[0]["detail"]["why"]
    unread.change(QUIET[7], title=before.title, employeeNumber=None)
    shows(unread, QUIET[7], title=before.title, employee_number=None)


def burst(directory, usernames, word):
    """Modifications that do not wait for each other; what they leave there is soon here."""
    waiting = []
    for n, username in enumerate(usernames):
        change = [(ldap.MOD_REPLACE, "title", [f"{word} {n}".encode()])]
        waiting.append(directory.link.modify(directory.where[username], change))
        if len(waiting) > 100:
            directory.link.result(waiting.pop(0))
    for number in waiting:
        directory.link.result(number)
    found = directory.link.search_s(PEOPLE, ldap.SCOPE_SUBTREE, "(title=*)", ["uid", "title"])
    there = {values["uid"][0].decode(): values["title"][0].decode() for _, values in found}
    wait_for("what is there", lambda: there.items() <= dict(directory.house.sql(
        "SELECT username, title FROM person WHERE absent_since IS NULL")).items(), 60)


def test_a_burst_of_changes_is_here_soon_each_entry_as_it_was_last(unread):
    burst(unread, QUIET * 12, "burst")
    burst(unread, QUIET[:1] * 50, "one entry many times in a batch")


# ---- what only a whole reading tells

def test_a_person_out_of_sight_is_absent_soon_by_a_whole_reading_and_back_at_once(directory):
    before = wholes(directory.house)
    with directory.without([QUIET[8]]):
        shows(directory, QUIET[8], status="absent")
        assert wholes(directory.house) == before + 1
        directory.change(QUIET[9], title="followed again")
        shows(directory, QUIET[9], title="followed again")
    assert directory.person(QUIET[8])["status"] == "active"


def keys_below(house, name):
    return house.sql("SELECT count(*) FROM person WHERE key LIKE %s AND absent_since IS NULL", f"%,ou={name},%")[0][0]


def test_a_renamed_unit_is_right_soon_with_all_below(directory):
    house, (dn, _) = directory.house, directory.link.search_s(
        PEOPLE, ldap.SCOPE_ONELEVEL, "(objectClass=organizationalUnit)", ["1.1"])[0]
    (_, old), = ldap.dn.str2dn(dn)[0][0][:2],
    below = keys_below(house, old.lower())
    assert below > 1
    directory.link.rename_s(dn, "ou=renamed unit")
    wait_for("the new DNs", lambda: keys_below(house, "renamed unit") == below)
    assert "renamed unit" in {unit["name"] for unit in directory.hr.pages("/units")}
    directory.link.rename_s(f"ou=renamed unit,{PEOPLE}", f"ou={old}")
    wait_for("the old DNs", lambda: keys_below(house, old.lower()) == below)


def test_a_renamed_unit_is_right_soon_where_units_come_from_an_attribute(postgres):
    """Nobody below is told of, and a group already names them anew."""
    options = {"people_base": f"ou=people,{BASE}", "groups_base": f"ou=groups,{BASE}", "unit_from": "attribute",
               "unit_attribute": "departmentNumber"}
    with House(small_ldif(), config={"directory main": options}, slapd=SYNCPROV, postgres=postgres) as house:
        link, group = house.slapd.admin(), f"cn=names0,ou=groups,{BASE}"
        members = "SELECT count(*) FROM group_person m JOIN directory_group g ON g.id = m.group_id WHERE g.dn = %s"
        count = house.sql(members, group)
        link.rename_s(f"ou=craft,ou=people,{BASE}", "ou=handicraft")
        (_, values), = link.search_s(group, ldap.SCOPE_BASE, attrlist=["member"])
        link.modify_s(group, [(ldap.MOD_REPLACE, "member", [
            value.replace(b"ou=craft", b"ou=handicraft") for value in values["member"]])])
        wait_for("the members by their new names", lambda: house.sql(
            "SELECT 1 FROM person WHERE key LIKE '%%,ou=handicraft,%%'") and house.sql(members, group) == count)
        link.modify_s(f"ou=groups,{BASE}", [(ldap.MOD_REPLACE, "description", [b"x"])])
        before = wholes(house)
        wait_for("a reading after a change above groups", lambda: wholes(house) > before)


def test_whose_entry_cannot_be_taken_any_more_has_no_right_soon(postgres):
    """Nor would they be here, had it been so before the first load."""
    config = {"directory main": {"groups_base": f"ou=groups,{BASE}"}, "role hr": {"group": f"cn=names0,ou=groups,{BASE}"}}
    with House(small_ldif(), config=config, slapd=SYNCPROV, postgres=postgres) as house:
        right = "SELECT 1 FROM role_grant g JOIN person p ON p.id = g.person_id WHERE p.username = 'u9' AND until = 'infinity'"
        assert house.sql(right)
        house.slapd.admin().modify_s(person(9)[0], [(ldap.MOD_REPLACE, "uid", [b"u" * 257])])
        wait_for("it to be gone", lambda: not house.sql(right))
        assert house.sql("SELECT 1 FROM person WHERE username = 'u9' AND absent_since IS NOT NULL")


def test_many_deletions_are_parked_with_all_of_them_and_followed_no_further_until_approved(fresh):
    gone, house = QUIET[:30], fresh.house
    before = fresh.statuses()
    for username in gone:
        fresh.link.delete_s(fresh.where[username])
    parked, = wait_for("a parked run", lambda: house.rescue.get("/directory/runs", state="needs_approval")["items"])
    run = house.rescue.get(f"/directory/runs/{parked['id']}")
    assert fresh.leavers(run) == names(gone) and run["absent"] == 30
    assert fresh.statuses() == before
    fresh.change(QUIET[30], title="after the deletions")
    time.sleep(2)
    assert fresh.statuses() == before and fresh.person(QUIET[30])["title"] != "after the deletions"
    house.rescue.post(f"/directory/runs/{run['id']}/approve")
    shows(fresh, QUIET[30], title="after the deletions")
    assert fresh.statuses() == {"active": before["active"] - 30, "absent": 30}
    fresh.change(QUIET[31], title="followed again")
    shows(fresh, QUIET[31], title="followed again")


@pytest.mark.parametrize("decision", ["approve", "drop"])
def test_the_cookie_stays_behind_a_parked_run_and_nothing_told_meanwhile_is_lost(postgres, decision):
    """It belongs to what is here, and what is parked is not."""
    with followed(postgres, absent_count=0, absent_percent=0) as directory:
        house, home = directory.house, directory.where[QUIET[1]].split(",", 1)[1]

        def cookie():
            return house.sql("SELECT cookie FROM directory_feed")

        directory.change(QUIET[0], title="before")
        shows(directory, QUIET[0], title="before")
        before = cookie()
        directory.move(QUIET[1], GONE)
        parked, = wait_for("a parked run", lambda: house.rescue.get("/directory/runs", state="needs_approval")["items"])
        assert cookie() == before
        directory.change(QUIET[0], title="meanwhile")
        house.restart()
        wait_for("another run, which finds it parked", lambda: house.sql(
            "SELECT 1 FROM directory_run WHERE NOT feed AND state = 'done' AND error LIKE '%still waits%'"))
        assert cookie() == before and directory.person(QUIET[0])["title"] == "before"
        if decision == "drop":
            directory.move(QUIET[1], home)
        house.rescue.post(f"/directory/runs/{parked['id']}/{decision}")
        if decision == "drop":
            house.sync()
        shows(directory, QUIET[0], title="meanwhile")
        shows(directory, QUIET[1], status="absent" if decision == "approve" else "active")
        directory.change(QUIET[2], title="followed again")
        shows(directory, QUIET[2], title="followed again")
        assert cookie() != before


# ---- who follows

def test_everybody_may_leave_and_return_while_it_is_followed(postgres):
    """With nobody here the feed is still the news of somebody who was."""
    one = (f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: example\n\n"
           f"dn: cn=away,{BASE}\nobjectClass: applicationProcess\ncn: away\n\n"
           f"dn: cn=here,{BASE}\nobjectClass: applicationProcess\ncn: here\n\n"
           f"dn: uid=one,cn=here,{BASE}\nobjectClass: inetOrgPerson\nuid: one\ncn: One\nsn: x\n")
    with House(one, config={"directory main": {"people_base": f"cn=here,{BASE}"}}, slapd=SYNCPROV,
               postgres=postgres) as house:
        link = house.slapd.admin()
        link.rename_s(f"uid=one,cn=here,{BASE}", "uid=one", f"cn=away,{BASE}")
        parked, = wait_for("a parked run", lambda: house.rescue.get(
            "/directory/runs", state="needs_approval")["items"])
        house.rescue.post(f"/directory/runs/{parked['id']}/approve")
        before = wholes(house)
        wait_for("the run after it", lambda: wholes(house) > before or house.sql(
            "SELECT 1 FROM directory_run WHERE NOT feed AND state = 'done' AND started_at > (SELECT decided_at"
            " FROM directory_run WHERE id = %s)", parked["id"]))
        time.sleep(0.5)
        link.rename_s(f"uid=one,cn=away,{BASE}", "uid=one", f"cn=here,{BASE}")
        wait_for("the one who is back", lambda: house.sql("SELECT 1 FROM person WHERE absent_since IS NULL"))


def test_a_run_that_is_asked_for_while_following_starts_at_once(directory):
    for _ in range(3):
        run = directory.house.sync()
        assert run["complete"]
        directory.change(QUIET[10], title=run["id"])
        shows(directory, QUIET[10], title=run["id"])


def test_a_daemon_that_follows_ends_quickly(directory):
    for _ in range(3):
        begun = time.monotonic()
        assert directory.house.stop() == 0 and time.monotonic() - begun < 2
        directory.house.start()
    directory.hr = directory.house.sign_in(ACCOUNTS["HR"])
    directory.change(QUIET[11], title="a daemon later")
    shows(directory, QUIET[11], title="a daemon later")


def test_a_daemon_ends_quickly_while_a_server_lets_it_wait_for_a_feed(postgres):
    with FakeLdap(lambda number, n: []) as silent, House(small_ldif(), postgres=postgres) as house:
        assert house.stop() == 0
        house.configure({"directory main": {"uri": silent.uri, "timeout": "30s"}})
        house.start(synced=False)
        wait_for("its question", lambda: silent.searches)
        begun = time.monotonic()
        assert house.stop() == 0 and time.monotonic() - begun < 2


def test_a_server_without_feeds_is_read_as_often_as_it_says(postgres):
    with House(small_ldif(), interval="1s", postgres=postgres) as house:
        house.slapd.admin().modify_s(person(38)[0],
                                     [(ldap.MOD_REPLACE, "title", [b"polled"])])
        wait_for("the title", lambda: house.sql("SELECT 1 FROM person WHERE title = 'polled'"))
        assert house.sql("SELECT count(*) FROM directory_feed") == [(0,)]


@pytest.mark.parametrize("option", [{"follow": "no"},
                                    {"filter": f"(&(objectClass=inetOrgPerson)(!(memberof=cn=x,{BASE})))"}])
def test_it_is_not_followed_where_that_is_not_wanted_or_would_not_tell(postgres, option):
    slapd = {"modules": ["ppolicy", "memberof", "syncprov"], "database": "overlay memberof\noverlay ppolicy\noverlay syncprov"}
    with House(small_ldif(), config={"directory main": option}, slapd=slapd, postgres=postgres) as house:
        assert house.sql("SELECT count(*) FROM directory_feed") == [(0,)]


def test_memory_is_flat_over_many_changes(directory):
    burst(directory, (QUIET * 50)[:2000], "warm")
    before = directory.house.memory()
    for turn in range(18):
        burst(directory, (QUIET * 50)[:1000], f"turn {turn}")
    assert directory.house.memory() - before < 2 << 20 or is_sanitized(), "a sanitizer keeps what is freed"
