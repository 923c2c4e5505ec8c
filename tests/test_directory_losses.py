# SPDX-License-Identifier: Apache-2.0
"""Runs that stop because too many would lose a value or come back as others, and what an admin may allow."""
import contextlib

import ldap
import pytest
from kit.chart import Chart
from kit.gate import ROOT
from kit.house import ACCOUNTS, BASE, demo_house, wait_for

CHART = Chart(ROOT / "etc/demo/organisation.ldif")
MANY = sorted(name for name, person in CHART.people.items() if person.mail)[:40]
PEOPLE = f"ou=people,{BASE}"


class Directory:
    def __init__(self, house):
        self.house, self.link, self.rescue = house, house.slapd.admin(), house.rescue
        self.hr = house.sign_in(ACCOUNTS["HR"])

    def mails(self):
        return {person["username"]: person.get("mail") for person in self.hr.pages("/people", limit=500)}

    def write(self, usernames, mail):
        for name in usernames:
            value = mail and [CHART.people[name].mail.encode()]
            self.link.modify_s(CHART.people[name].dn, [(ldap.MOD_REPLACE, "mail", value)])

    @contextlib.contextmanager
    def without_mail(self, usernames):
        self.write(usernames, False)
        try:
            yield
        finally:
            self.write(usernames, True)
            self.house.sync(None)

    def losers(self, run):
        return {line["person"]["name"] for line in run["lines"] if line["kind"] == "changed" and "mail" in line["detail"]}

    def last_run(self):
        return self.rescue.get("/directory/runs", sort="-started_at", limit=1)["items"][0]


@pytest.fixture(scope="module")
def directory(postgres):
    with demo_house({"directory main": {"people_base": PEOPLE}}, postgres=postgres) as house:
        yield Directory(house)


def names(usernames):
    return {CHART.people[username].name for username in usernames}


def without(mails, usernames):
    return {**mails, **{name: None for name in usernames}}


def test_a_value_that_few_lose_is_lost_and_one_that_many_lose_waits(directory):
    whole = directory.mails()
    with directory.without_mail(MANY[:25]):
        assert directory.house.sync()["changed"] == 25
        assert directory.mails() == without(whole, MANY[:25])
    assert directory.mails() == whole
    with directory.without_mail(MANY[:26]):
        run = directory.house.sync("needs_approval")
        assert run["error"] == f"26 of {len(CHART.people)} people would lose their mail"
        assert directory.losers(run) == names(MANY[:26]) and run["changed"] == 0
        lost, = [line for line in run["lines"] if line["person"]["name"] == CHART.people[MANY[0]].name]
        assert lost["detail"] == {"mail": {"from": CHART.people[MANY[0]].mail}}
        assert directory.mails() == whole
    assert directory.mails() == whole
    assert directory.rescue.get(f"/directory/runs/{run['id']}")["state"] == "dropped"


def test_an_approval_lets_those_of_the_list_lose_it(directory):
    whole = directory.mails()
    with directory.without_mail(MANY[:30]):
        run = directory.house.sync("needs_approval")
        assert directory.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)["state"] == "approved"
        wait_for("the values to go", lambda: directory.mails() == without(whole, MANY[:30]))
        assert directory.rescue.get("/directory/runs", state="needs_approval")["items"] == []
    assert directory.mails() == whole


def test_an_approval_covers_its_list_and_nobody_else(directory):
    whole = directory.mails()
    with directory.without_mail(MANY[:30]):
        run = directory.house.sync("needs_approval")
        with directory.without_mail(MANY[30:31]):
            directory.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
            parked = wait_for("the next to stop", lambda: directory.rescue.get("/directory/runs", state="needs_approval")["items"])
            assert directory.mails() == whole
            assert directory.losers(directory.rescue.get(f"/directory/runs/{parked[0]['id']}")) == names(MANY[:31])


def test_an_approval_waits_for_a_run_that_does_not_fail_and_is_for_that_one(directory):
    whole, house = directory.mails(), directory.house
    with directory.without_mail(MANY[:30]):
        run = house.sync("needs_approval")
        house.slapd.stop()
        try:
            directory.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
            wait_for("the run of the approval to fail", lambda: directory.last_run()["state"] == "failed")
            house.sync("failed")
        finally:
            house.slapd.start()
        directory.link = house.slapd.admin()
        house.sync()
        assert directory.mails() == without(whole, MANY[:30])
        directory.write(MANY[:30], True)
        assert house.sync()["changed"] == 30
        directory.write(MANY[:30], False)
        house.sync("needs_approval")
    assert directory.mails() == whole


def test_an_admin_may_allow_more_for_one_run(directory):
    whole = directory.mails()
    for wrong in 0, -1, "many", 1.5:
        directory.rescue.post("/directory/runs", {"allow": wrong}, gives=400)
    directory.hr.post("/directory/runs", {"allow": 40}, gives=403)
    with directory.without_mail(MANY):
        asked = directory.rescue.post("/directory/runs", {"allow": 40})
        done = wait_for("the run", lambda: [run for run in [directory.rescue.get(f"/directory/runs/{asked['id']}")]
                                            if run["state"] != "running"])[0]
        assert (done["state"], done["changed"]) == ("done", 40) and directory.mails() == without(whole, MANY)
        entry, = [one for one in directory.rescue.get("/audit", object=asked["id"])["items"]
                  if one["action"] == "directory.run.ask"]
        assert entry["detail"] == {"allow": 40} and entry["account"] == "pam:rescue"
    assert directory.mails() == whole
    with directory.without_mail(MANY[:26]):
        directory.house.sync("needs_approval")  # it was for one run


def test_the_country_is_watched_too(directory):
    """By it the policies for leavers' data decide."""
    def write(countries):
        for name in MANY[:26]:
            directory.link.modify_s(CHART.people[name].dn, [(ldap.MOD_REPLACE, "c", countries)])
    for name in MANY[:26]:
        directory.link.modify_s(CHART.people[name].dn, [(ldap.MOD_ADD, "objectClass", [b"extensibleObject"])])
    write([b"NO"])
    assert directory.house.sync()["changed"] == 26
    write(None)
    assert directory.house.sync("needs_approval")["error"] == f"26 of {len(CHART.people)} people would lose their country"
    write([b"NO"])
    assert directory.house.sync()["changed"] == 0


def test_people_who_come_back_as_others_are_told_apart(directory):
    """A server that was loaded anew gives new stable ids to everybody."""
    quiet = [name for name in sorted(CHART.people)
             if name not in {person.manager for person in CHART.people.values()}][:30]
    kept = {}
    for name in quiet:
        dn = CHART.people[name].dn
        kept[dn] = directory.link.search_s(dn, ldap.SCOPE_BASE)[0][1]
        directory.link.delete_s(dn)
        directory.link.add_s(dn, list(kept[dn].items()))
    run = directory.house.sync("needs_approval")
    assert f"30 of {len(CHART.people)} people would leave; 30 of their usernames come back with other stable ids" in run["error"]
    why = {line["detail"]["why"] for line in run["lines"] if line["kind"] == "absent"}
    assert why == {"an entry with another stable id has the username"}
    directory.link.delete_s(CHART.people[quiet[0]].dn)
    run = directory.house.sync("needs_approval")
    gone, = [line for line in run["lines"] if line["kind"] == "absent" and line["person"]["name"] == CHART.people[quiet[0]].name]
    assert gone["detail"]["why"].startswith("the directory shows no entry with the stable id ")
