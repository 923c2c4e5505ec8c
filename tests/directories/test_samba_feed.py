# SPDX-License-Identifier: Apache-2.0
"""Following what Samba as a domain controller says by its numbers (uSNChanged): what changes there is here within a
second or two, what is gone soon and by a whole reading; nothing comes by the clock, where a test does not say so."""
import os
import random
import shutil
import subprocess
import time

import ldap
import pytest
from directories.test_samba import ticks
from kit import samba
from kit.house import House, wait_for
from kit.plugin import Plugin
from kit.samba import BASE, Samba
from test_directory_random import PICTURES, differences, told

if why := samba.missing():
    pytest.skip(why, allow_module_level=True)

SEEDS = [int(word) for word in os.environ.get("SKILLSD_RANDOM_SEEDS", "1").split()]
BATCHES = int(os.environ.get("SKILLSD_RANDOM_BATCHES", "2"))
PASSWORD, QUICK, SOON = "Correct-Horse-1", 10, 30  # seconds, on a busy machine
READER = f"CN=reader,CN=Users,{BASE}"


class Domain:
    """Fifteen people below OU=Staff, groups below OU=Groups, both read; and OU=Elsewhere, which is not."""

    def __init__(self, server):
        self.server = server
        self.staff, self.groups, self.elsewhere = (server.add(f"OU={name}", "organizationalUnit")
                                                   for name in ("Staff", "Groups", "Elsewhere"))
        self.oslo = server.add("OU=Oslo", "organizationalUnit", above=self.staff)
        self.where = {f"p{i}": server.user(f"p{i}", self.oslo, PASSWORD) for i in range(15)}
        self.inner = self.group("inner", "p1")
        self.hr = self.group("hr", "p0")
        self.more = []
        server.admin.modify_s(self.hr, [(ldap.MOD_ADD, "member", [self.inner.encode()])])
        server.user("reader", password=PASSWORD)
        self.computer = server.add("CN=PC1", "computer", above=self.staff, sAMAccountName="PC1$")
        self.secret = server.folder / "reader"
        self.secret.write_text(PASSWORD + "\n")
        self.secret.chmod(0o600)
        samba.give_away(self.secret)

    def group(self, name, *members):
        return self.server.add(f"CN={name}", "group", above=self.groups, sAMAccountName=name,
                               member=[self.where[member] for member in members])

    def change(self, name, **values):
        self.server.change(self.where[name], **values)

    def members(self, group, change, *names):
        self.server.admin.modify_s(group, [(change, "member", [self.where[name].encode() for name in names])])

    def move(self, name, above, rdn=None):
        rdn = rdn or f"CN={name}"
        self.server.admin.rename_s(self.where[name], rdn, above)
        self.where[name] = f"{rdn},{above}"

    def options(self, reader=False, **more):
        who = {"bind_dn": READER, "bind_password": self.secret} if reader else \
            {"bind_dn": samba.ADMIN, "bind_password": self.server.secret}
        return {"plugin": "source_ldap", "preset": "ad", "uri": self.server.uri, "base": BASE, "people_base": self.staff,
                "groups_base": self.groups, "absent_count": 5, "interval": "1h", **who, **more}


@pytest.fixture(scope="module")
def server():
    with Samba() as server:
        yield server


@pytest.fixture(scope="module")
def domain(server):
    return Domain(server)


def house_of(domain, postgres, **options):
    return House(config={"directory main": domain.options(**options), "role hr": {"group": domain.hr},
                         "authenticator ldap": {"plugin": "auth_ldap", "directory": "main"}}, postgres=postgres)


@pytest.fixture(scope="module")
def house(postgres, domain):
    with house_of(domain, postgres) as house:
        wait_for("the first reading", lambda: wholes(house))
        wait_for("it to be followed", lambda: house.sql("SELECT 1 FROM directory_feed"))
        yield house


def wholes(house):
    return house.sql("SELECT count(*) FROM directory_run WHERE NOT feed AND state = 'done'")[0][0]


@pytest.fixture
def unread(house):
    """The directory is not read whole meanwhile."""
    before = wholes(house)
    yield house
    assert wholes(house) == before


def shows(house, username, seconds=QUICK, **expected):
    def is_so():
        found = house.rescue.get("/people", username=username)["items"]
        return found and {name: found[0].get(name) for name in expected} == expected and found[0]
    return wait_for(f"{username} with {expected}", is_so, seconds)


def has_role(client, role="hr"):
    return role in client.get("/me")["roles"]


def is_followed(house, domain, word):
    domain.change("p14", title=word)
    shows(house, "p14", SOON, title=word)


# ---- what it tells

def test_a_changed_attribute_is_here_and_one_that_is_taken_away_too(unread, domain):
    domain.change("p2", title="Told", mail="p2@example.org")
    assert shows(unread, "p2", title="Told", mail="p2@example.org")["unit"]["name"] == "Oslo"
    domain.change("p2", title=None)
    shows(unread, "p2", title=None, mail="p2@example.org")


def test_what_nobody_sees_makes_no_run(unread, domain):
    runs = unread.sql("SELECT count(*) FROM directory_run")[0][0]
    domain.server.change(domain.computer, description="nobody reads computers")
    domain.change("p2", description="unseen")
    is_followed(unread, domain, "unseen went before")
    assert unread.sql("SELECT count(*) FROM directory_run")[0][0] == runs + 1


def test_a_role_goes_and_comes_with_the_group_and_with_the_group_in_it(unread, domain):
    direct, nested = unread.sign_in("p0", PASSWORD), unread.sign_in("p1", PASSWORD)
    assert has_role(direct) and has_role(nested)
    for change, has in (ldap.MOD_DELETE, False), (ldap.MOD_ADD, True):
        domain.members(domain.hr, change, "p0")
        domain.members(domain.inner, change, "p1")
        wait_for(f"the roles: {has}", lambda has=has: has_role(direct) == has_role(nested) == has, QUICK)


def test_a_primary_group_counts_when_its_group_changes(unread, domain):
    (_, found), = domain.server.admin.search_s(domain.hr, ldap.SCOPE_BASE, attrlist=["objectSid"])
    client = unread.sign_in("p3", PASSWORD)
    domain.members(domain.hr, ldap.MOD_ADD, "p3")
    wait_for("the role", lambda: has_role(client), QUICK)
    domain.change("p3", primaryGroupID=str(int.from_bytes(found["objectSid"][0][-4:], "little")), title="primary")
    shows(unread, "p3", title="primary")
    domain.members(domain.hr, ldap.MOD_ADD, "p4")
    other = unread.sign_in("p4", PASSWORD)
    wait_for("the other's role", lambda: has_role(other), QUICK)
    assert has_role(client)


def test_who_is_disabled_has_no_right_left(unread, domain):
    client = unread.sign_in("p5", PASSWORD)
    domain.change("p5", userAccountControl="514")
    wait_for("no right", lambda: client.get("/me")["roles"] == [], QUICK)
    shows(unread, "p5", status="disabled")
    domain.change("p5", userAccountControl="512")
    shows(unread, "p5", status="active")


def test_a_burst_is_here_each_entry_as_it_was_last(unread, domain):
    for turn in range(100):
        domain.change(f"p{turn % 10}", title=f"turn {turn}")
    for turn in range(90, 100):
        shows(unread, f"p{turn % 10}", title=f"turn {turn}")


# ---- what only a whole reading tells

def test_whoever_is_new_is_here_and_soon_in_the_primary_group(house, domain):
    before = wholes(house)
    domain.where["new"] = domain.server.user("new", domain.oslo, PASSWORD)
    shows(house, "new", status="active", name="new")
    wait_for("a whole reading", lambda: wholes(house) > before, SOON)
    is_followed(house, domain, "after somebody new")


def test_who_is_deleted_is_absent_soon(house, domain):
    domain.server.admin.delete_s(domain.where.pop("p6"))
    shows(house, "p6", SOON, status="absent")
    is_followed(house, domain, "after a deletion")


def test_who_moves_within_is_the_same_person_soon_and_who_moves_away_is_absent(house, domain):
    before = shows(house, "p7")
    domain.move("p7", domain.staff, "CN=Moved\\, p7")
    assert wait_for("the other unit", lambda: shows(house, "p7")["unit"]["name"] == "Staff", SOON)
    assert shows(house, "p7")["id"] == before["id"]
    domain.move("p8", domain.elsewhere)
    shows(house, "p8", SOON, status="absent")
    is_followed(house, domain, "after moves")
    domain.move("p8", domain.oslo)
    shows(house, "p8", SOON, status="active")


def test_a_deleted_group_gives_no_role_soon(house, domain):
    client = house.sign_in("p1", PASSWORD)
    assert has_role(client)
    domain.server.admin.delete_s(domain.inner)
    wait_for("no role", lambda: not has_role(client), SOON)


def test_a_renamed_unit_is_right_soon_with_all_below(house, domain):
    domain.server.admin.rename_s(domain.oslo, "OU=Bergen")
    for name, dn in domain.where.items():
        domain.where[name] = dn.replace("OU=Oslo", "OU=Bergen")
    domain.oslo = domain.oslo.replace("OU=Oslo", "OU=Bergen")
    wait_for("the other name", lambda: shows(house, "p9")["unit"]["name"] == "Bergen", SOON)
    is_followed(house, domain, "below a renamed unit")


# ---- servers and cookies

def restart(server, act=lambda: None):
    server.stop()
    server.__dict__.pop("admin", None)
    act()
    server.start()


def test_what_happened_while_the_server_was_away_is_here_when_it_is_back(house, domain):
    is_followed(house, domain, "before")
    restart(domain.server)
    domain.change("p10", title="back")
    shows(house, "p10", SOON, title="back")


@pytest.mark.parametrize("cookie", ["garbage", None])
def test_a_cookie_that_is_of_no_use_loses_nothing(house, domain, cookie):
    is_followed(house, domain, f"before {cookie}")
    if cookie:
        house.sql("UPDATE directory_feed SET cookie = %s", cookie)
    else:
        house.sql("DELETE FROM directory_feed")
    restart(domain.server)
    domain.change("p11", title=f"all the same, {cookie}")
    shows(house, "p11", SOON, title=f"all the same, {cookie}")
    is_followed(house, domain, f"after {cookie}")


def test_a_server_that_was_restored_is_as_it_was_then(house, domain):
    now, saved = domain.server.folder / "private", domain.server.folder / "saved"
    restart(domain.server, lambda: subprocess.run(["cp", "-a", now, saved], check=True))
    is_followed(house, domain, "lost")
    restart(domain.server, lambda: (shutil.rmtree(now), saved.rename(now)))
    wait_for("what was saved", lambda: shows(house, "p14")["title"] != "lost", SOON)
    is_followed(house, domain, "after the restoration")


def test_a_daemon_that_follows_ends_quickly_and_goes_on(house, domain):
    begun = time.monotonic()
    assert house.stop() == 0 and time.monotonic() - begun < 5
    house.start()
    house._rescue = None
    is_followed(house, domain, "a daemon later")


# ---- what no number tells

def test_what_an_ordinary_account_is_not_told_comes_with_the_next_interval(postgres, domain):
    with house_of(domain, postgres, reader=True, interval="3s", full_interval="1h") as house:
        wait_for("the first reading", lambda: wholes(house))
        expires, client = wholes(house), house.sign_in("p12", PASSWORD)
        domain.change("p12", accountExpires=ticks(3))
        domain.server.admin.delete_s(domain.where.pop("p13"))
        shows(house, "p13", SOON, status="absent")
        shows(house, "p12", SOON, status="disabled")
        assert client.get("/me")["roles"] == [] and wholes(house) > expires
        before = house.sql("SELECT count(*) FROM directory_run WHERE feed")[0][0]
        is_followed(house, domain, "an ordinary account follows, too")
        assert house.sql("SELECT count(*) FROM directory_run")[0][0] > before


def test_another_preset_is_told_at_once_that_there_is_no_persistent_refresh(domain):
    options = domain.options(preset="openldap")
    for name in "plugin", "absent_count", "interval":
        options.pop(name)
    run = Plugin("source_ldap", **options).follow(milliseconds=20000)
    assert run.outcome == "ABSENT" and run.ms < 5000 and "does not tell what changes" in run.sentence


def findings(house, domain, **options):
    before = house.config["directory main"]
    house.config["directory main"] = domain.options(**options)
    try:
        house.configure()
        done = house.command("doctor")
    finally:
        house.config["directory main"] = before
        house.configure()
    return done.stdout


def test_the_doctor_says_how_it_is_followed_and_what_the_account_does_not_see(house, domain):
    asked, hidden = "asked once a second what has a newer uSNChanged", "list and read CN=Deleted Objects"
    seen = findings(house, domain)
    assert asked in seen and hidden not in seen
    seen = findings(house, domain, reader=True)
    assert asked in seen and hidden in seen
    assert asked not in findings(house, domain, follow="no")


# ---- histories

class History:
    """Steps that happen by chance to a domain; what happened is in `steps`."""

    def __init__(self, domain, chance):
        self.domain, self.chance, self.steps, self.count = domain, chance, [], 0

    def happen(self):
        kinds = [self.title, self.title, self.disable, self.enrol, self.enrol, self.expel, self.manager, self.nest, self.new,
                 self.delete, self.move, self.rename, self.group]
        kind, name = self.chance.choice(kinds), self.chance.choice(list(self.domain.where))
        self.count += 1
        self.steps.append(f"{kind.__name__} {name}")
        try:
            kind(name)
        except (ldap.ALREADY_EXISTS, ldap.NO_SUCH_ATTRIBUTE, ldap.TYPE_OR_VALUE_EXISTS, ldap.UNWILLING_TO_PERFORM):
            self.steps.append("  in vain")

    def title(self, name):
        self.domain.change(name, title=self.chance.choice([None, f"title {self.count}"]))

    def disable(self, name):
        self.domain.change(name, userAccountControl=self.chance.choice(["512", "514"]))

    def manager(self, name):
        self.domain.change(name, manager=self.domain.where[self.chance.choice(list(self.domain.where))])

    def some_group(self):
        return self.chance.choice([self.domain.hr, self.domain.inner, *self.domain.more])

    def enrol(self, name):
        self.domain.members(self.some_group(), ldap.MOD_ADD, name)

    def expel(self, name):
        self.domain.members(self.some_group(), ldap.MOD_DELETE, name)

    def nest(self, _):
        self.domain.server.admin.modify_s(self.domain.hr, [
            (self.chance.choice([ldap.MOD_ADD, ldap.MOD_DELETE]), "member", [self.some_group().encode()])])

    def new(self, _):
        name = f"n{self.count}"
        self.domain.where[name] = self.domain.server.user(name, self.chance.choice([self.domain.oslo, self.domain.staff]))

    def delete(self, name):
        if len(self.domain.where) > 8:
            self.domain.server.admin.delete_s(self.domain.where.pop(name))

    def move(self, name):
        self.domain.move(name, self.chance.choice([self.domain.oslo, self.domain.staff, self.domain.elsewhere]))

    def rename(self, name):
        above = self.domain.where[name].split(",", 1)[1]
        self.domain.move(name, above, f"CN={name} {self.count}")

    def group(self, name):
        self.domain.more.append(self.domain.group(f"g{self.count}", name))


def first_load(domain, postgres):
    with house_of(domain, postgres, follow="no") as house:
        wait_for("the first reading", lambda: wholes(house))
        return picture(house)


def picture(house):
    return {name: sorted(house.sql(query), key=repr) for name, query in PICTURES.items() if name != "skipped"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mirror_of_a_daemon_that_follows_is_what_a_first_load_gives(postgres, seed):
    chance = random.Random(seed)
    with Samba() as server:
        domain = Domain(server)
        history = History(domain, chance)
        with house_of(domain, postgres, absent_count=1000) as house:
            wait_for("the first reading", lambda: wholes(house))
            for _ in range(BATCHES):
                for _ in range(chance.randint(5, 15)):
                    history.happen()
                    time.sleep(chance.random() * 0.3)
                first, end = first_load(domain, postgres), time.monotonic() + SOON
                while what := differences(picture(house), first):
                    assert time.monotonic() < end, told(history, what)
                    time.sleep(0.1)
