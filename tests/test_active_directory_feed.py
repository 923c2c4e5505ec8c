# SPDX-License-Identifier: Apache-2.0
"""The feed of the preset ad (uSNChanged) against a fake domain controller, which changes at the moment a test wants
and has large groups, refusals and numbers that begin anew. Samba itself is in tests/directories/test_samba_feed.py."""
import time
import uuid

import pytest
from kit.fake_ad import BASE, Entry, FakeAd, group, user
from kit.fake_ldap import Peer
from kit.house import House, wait_for
from test_active_directory import OUS, crowd, keys, members_of, source, ticks

STAFF = f"OU=Staff,{BASE}"


def follow(*entries, during=None, milliseconds=1500, cookie=None, base=BASE, fake=None, **options):
    """What is told from now on; `during`(fake) happens once it is open."""
    how = {name: options.pop(name) for name in ("page", "values", "refuse", "at_part") if name in options}
    with fake or FakeAd(*entries, **how) as fake:
        fake.at_round = lambda n: n == 0 and during and during(fake)
        plugin = source(fake, base=base, **options)
        run = plugin.finish(plugin.start("follow", milliseconds=milliseconds, flags=("-c", cookie) if cookie else ()))
        run.fake = fake
        return run


# ---- what is told

def test_nothing_is_told_of_what_was_there_before():
    run = follow(user("a"), group("g"))
    assert (run.outcome, run.people, run.groups, run.settled) == ("OK", [], [], 0)
    assert run.opened["partial"] and run.cookie == run.fake.cookie()


def test_who_changed_is_told_whole_with_the_cookie_behind():
    ann, bob = user("ann", title="Head", mail="a@example.org"), user("bob")
    run = follow(ann, bob, during=lambda fake: fake.change(ann, title="Chief"))
    told, = run.people
    assert (told["id"], told["title"], told["mail"]) == (str(ann.guid), "Chief", "a@example.org")
    assert (run.outcome, run.settled, run.gone) == ("OK", 1, []) and run.cookie == run.fake.cookie(2001)


def test_who_was_disabled_is_told_so():
    ann = user("ann")
    run = follow(ann, during=lambda fake: fake.change(ann, userAccountControl="514"))
    assert [(told["username"], told["disabled"]) for told in run.people] == [("ann", True)]


def test_a_changed_group_is_told_with_all_its_members():
    g = group("g", crowd(3))
    run = follow(group("other", crowd(2)), g, during=lambda fake: fake.change(g, member=crowd(5)))
    assert [told["name"] for told in run.groups] == ["g"] and members_of(run, "g") == [dn.lower() for dn in crowd(5)]


def test_a_large_group_is_asked_for_in_parts():
    g = group("g", crowd(10))
    run = follow(g, during=lambda fake: fake.change(g, member=crowd(4501)), milliseconds=3000)
    assert run.outcome == "OK" and members_of(run, "g") == [dn.lower() for dn in crowd(4501)]


def test_a_changed_group_is_told_with_those_whose_primary_group_it_is():
    people = [user(f"u{i}") for i in range(3)]
    g = group("Domain Users", [f"CN=x,{BASE}"], number=513)
    run = follow(*people, g, during=lambda fake: fake.change(g, member=[f"CN=y,{BASE}"]))
    assert members_of(run, "Domain Users") == keys(["y", "u0", "u1", "u2"])


def test_whoever_is_new_is_told_and_then_all_is_read_since_a_primary_group_does_not_say_so():
    run = follow(user("a"), during=lambda fake: fake.add(user("b")))
    assert (set(run.by_username()), run.settled, run.outcome) == ({"b"}, 1, "STALE")
    assert "somebody new" in run.sentence


@pytest.mark.parametrize("count, outcome", [(2000, "OK"), (2001, "STALE")])
def test_more_than_can_be_told_one_by_one_is_read_whole(count, outcome):
    people = [user(f"u{i}") for i in range(count)]
    run = follow(*people, during=lambda fake: [fake.change(one) for one in people], milliseconds=3000)
    assert run.outcome == outcome and len(run.people) == (count if outcome == "OK" else 0)


# ---- what the host is asked about

@pytest.mark.parametrize("act", [
    lambda fake, ann: fake.delete(ann),
    lambda fake, ann: [fake.change(ann), setattr(ann, "dn", f"CN=ann,{BASE}")],
    lambda fake, ann: fake.change(ann, objectCategory="gone")], ids=["deleted", "moved away", "out of the filter"])
def test_who_is_not_there_any_more_is_named_before_it_is_settled(act):
    ann = user("ann", above=STAFF)
    run = follow(ann, user("bob", above=STAFF), base=STAFF, during=lambda fake: act(fake, ann))
    assert (run.outcome, run.people, run.gone, run.settled) == ("OK", [], [str(ann.guid)], 1)
    assert run.output.index('"gone"') < run.output.index('"settle"')


def test_who_never_was_one_of_them_is_named_too_since_only_the_host_knows():
    computer = Entry("CN=PC1", ["user", "computer"], objectCategory="computer", sAMAccountName="PC1$")
    run = follow(computer, during=lambda fake: fake.change(computer))
    assert (run.outcome, run.people, run.gone) == ("OK", [], [str(computer.guid)])


@pytest.mark.parametrize("unit", [Entry("OU=Oslo", OUS, above=STAFF), Entry("OU=Elsewhere", OUS),
                                  Entry("CN=Users", ["top", "container"])], ids=["unit", "unit outside", "container"])
def test_a_unit_that_changes_is_read_whole_with_all_below(unit):
    run = follow(unit, user("a", above=STAFF), base=STAFF, during=lambda fake: fake.change(unit))
    assert (run.outcome, run.settled, run.people) == ("STALE", 0, []) and "a unit has changed" in run.sentence


# ---- cookies

def test_from_a_cookie_on_what_was_missed_is_told():
    ann, fake = user("ann"), None
    fake = FakeAd(ann, user("bob"))
    cookie = fake.cookie()
    fake.change(ann, title="meanwhile")
    run = follow(fake=fake, cookie=cookie)
    assert (run.outcome, set(run.by_username()), run.cookie) == ("OK", {"ann"}, fake.cookie())


@pytest.mark.parametrize("cookie", [
    lambda fake: fake.cookie(invocation=uuid.uuid4()), lambda fake: fake.cookie(usn=3000), lambda fake: "garbage",
    lambda fake: str(fake.invocation), lambda fake: fake.cookie() + " more", lambda fake: fake.cookie(usn=-1),
    lambda fake: fake.cookie(usn="9" * 30), lambda fake: f"{'x' * 300} 1"],
    ids=["another server", "restored", "a word", "no number", "more", "negative", "too large", "too long"])
def test_a_cookie_that_is_of_no_use_is_stale(cookie):
    fake = FakeAd(user("a"))
    run = follow(fake=fake, cookie=cookie(fake), milliseconds=20000)
    assert run.outcome == "STALE" and run.opened is None


def test_numbers_that_begin_anew_while_it_is_followed_leave_a_doubt():
    run = follow(user("a"), during=lambda fake: setattr(fake, "usn", 500), milliseconds=20000)
    assert run.outcome == "STALE" and "begin anew" in run.sentence


# ---- who has none

def without(usn=1000, **values):
    fake = FakeAd(user("a"))
    fake.entries[0].usn = usn
    for name, value in values.items():
        setattr(fake, name, value)
    return fake


@pytest.mark.parametrize("fake, options, word", [
    (without(shows=False), {}, "highestCommittedUSN"), (without(invocation=None), {}, "invocationId"),
    (without(usn=None), {}, "hides uSNChanged"),
    (without(), {"base": "DC=other,DC=org"}, "its own domain"),
    (without(), {"people_base": f"OU=x,DC=x{BASE}"}, "its own domain"),
    (without(), {"follow": "no"}, "configured not to follow"),
    (without(), {"filter": f"(memberOf=CN=g,{BASE})"}, "memberOf"),
    *[(without(refuse=code), {}, "cannot search") for code in (12, 50, 53)]])
def test_where_it_cannot_be_followed_a_sentence_says_why(fake, options, word):
    run = follow(fake=fake, milliseconds=20000, **{"base": BASE, **options})
    assert run.outcome == "ABSENT" and word in run.sentence, run.sentence


def test_a_server_that_is_silent_is_busy():
    with Peer() as silent, FakeAd() as fake:
        fake.uri = silent.uri
        run = source(fake, timeout="500ms", network_timeout="500ms").follow()
        assert run.outcome == "BUSY" and run.ms < 15000


def test_a_filter_without_parentheses_is_as_good():
    g = group("g", crowd(3))
    run = follow(g, during=lambda fake: fake.change(g), group_filter="objectClass=group", unit_filter="objectClass=x")
    assert [told["name"] for told in run.groups] == ["g"]


# ---- through the whole house

SOON = 20  # seconds, on a busy machine


class Staff:
    """A domain controller with a few people, and the house that follows it."""

    def __init__(self, postgres, fake=None, **options):
        self.people = [user(f"p{i}", above=STAFF) for i in range(10)]
        self.fake = fake or FakeAd(user("sync"), Entry("OU=Staff", OUS, ou="Staff"), *self.people)
        config = {"plugin": "source_ldap", "preset": "ad", "uri": self.fake.uri, "base": BASE, "people_base": STAFF,
                  "bind": "anonymous", "interval": "1h", **options}
        self.house = House(config={"directory main": config}, postgres=postgres)

    def __enter__(self):
        self.house.__enter__()
        wait_for("it to be followed", lambda: self.house.sql("SELECT 1 FROM directory_feed"), SOON)
        return self

    def __exit__(self, *how):
        self.house.__exit__(*how)
        self.fake.__exit__()

    def shows(self, username, **values):
        names = ", ".join(values) or "username"
        wait_for(f"{username} with {values}", lambda: self.house.sql(
            f"SELECT {names} FROM person WHERE username = %s", username) == [tuple(values.values()) or (username,)], SOON)

    def is_absent(self, username):
        wait_for(f"{username} to be absent", lambda: self.house.sql(
            "SELECT 1 FROM person WHERE username = %s AND absent_since IS NOT NULL", username), SOON)

    def wholes(self):
        return self.house.sql("SELECT count(*) FROM directory_run WHERE NOT feed")[0][0]


@pytest.fixture(scope="module")
def staff(postgres):
    with Staff(postgres) as staff:
        yield staff


def test_a_change_is_taken_over_and_what_nobody_knows_is_not_looked_at(staff):
    computer = Entry("CN=PC1", ["user", "computer"], objectCategory="computer", sAMAccountName="PC1$")
    before, runs = staff.wholes(), staff.house.sql("SELECT count(*) FROM directory_run")[0][0]
    staff.fake.add(computer)
    staff.fake.delete(computer)
    time.sleep(1.5)
    staff.fake.change(staff.people[0], title="told")
    staff.shows("p0", title="told")
    assert (staff.wholes(), staff.house.sql("SELECT count(*) FROM directory_run")) == (before, [(runs + 1,)])


def test_who_is_gone_is_absent_by_a_whole_reading_and_the_rest_is_told(staff):
    before = staff.wholes()
    staff.fake.change(staff.people[1], title="in the same round")
    staff.fake.delete(staff.people[2])
    staff.is_absent("p2")
    staff.shows("p1", title="in the same round")
    assert staff.wholes() == before + 1
    staff.fake.change(staff.people[3])
    staff.people[3].dn = f"CN=p3,{BASE}"
    staff.is_absent("p3")


def test_a_new_person_is_here_before_all_is_read(staff):
    staff.fake.add(user("new", above=STAFF))
    staff.shows("new", absent_since=None)


def test_another_domain_controller_is_read_whole_and_then_followed(postgres):
    two = FakeAd(user("p0", above=STAFF, title="of the second"), Entry("OU=Staff", OUS, ou="Staff"))
    one = FakeAd(user("p0", above=STAFF), Entry("OU=Staff", OUS, ou="Staff"))
    with two, Staff(postgres, one, uri=[one.uri, two.uri], network_timeout="1s") as staff:
        before = staff.wholes()
        one.__exit__()
        staff.shows("p0", title="of the second")
        assert staff.wholes() > before
        wait_for("the other's numbers", lambda: staff.house.sql(
            "SELECT 1 FROM directory_feed WHERE cookie = %s", two.cookie()), SOON)
        two.change(two.entries[0], title="followed")
        staff.shows("p0", title="followed")


def test_an_account_that_expires_without_a_number_is_seen_within_the_interval(postgres):
    with Staff(postgres, interval="1s", full_interval="1h") as staff:
        staff.people[0].attributes["accountExpires"] = ticks(-1)
        staff.shows("p0", disabled=True)
