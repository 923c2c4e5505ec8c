# SPDX-License-Identifier: Apache-2.0
"""Two daemons, of which the one that syncs is killed in the middle, or stands still for so long that the other takes
over: the registry is right, and what the first one still wants to write is refused by the epoch of the lease."""
import contextlib
import random
import signal
import time

import ldap
import pytest
from kit.history import GROUPS, History, person
from kit.house import wait_for
from kit.second import Second
from test_directory_random import differences, told
from test_follow_faults import FollowingTwins

SOON = 30
HR = f"cn=names0,{GROUPS}"


class Pair(FollowingTwins):
    def __init__(self, postgres, follow):
        super().__init__(postgres, {"absent_count": 1000, "timeout": "20s", "network_timeout": "20s", "follow": follow})
        self.history = History(self.house.slapd, random.Random(1))
        self.house.start(migrate=False)
        self.other = Second(self.house)
        self.other.start(migrate=False)
        self.link = self.house.slapd.admin()

    def remove(self):
        self.other.remove()
        super().remove()

    # ---- who syncs

    def lease(self):
        """The daemon that has it, and its epoch; None: nobody yet."""
        for holder, epoch in self.house.sql("SELECT holder, epoch FROM lease WHERE name NOT IN ('seal', 'links') AND expires_at > now()"):
            for one in self.house, self.other:
                if one.process and f"/{one.pid}/" in holder:
                    return one, epoch
        return None

    def waits(self):
        return self.house.sql("SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
                              " AND relation = 'directory_feed'::regclass AND application_name = 'skillsd job'")

    def is_reading(self):
        return self.house.sql("SELECT 1 FROM directory_run WHERE state = 'running' AND epoch IS NOT NULL")

    @contextlib.contextmanager
    def held(self, moment):
        """A run comes just so far: to the directory, or well into its transaction."""
        if moment == "reading":
            self.house.slapd.kill(signal.SIGSTOP)
            yield self.is_reading
            self.house.slapd.kill(signal.SIGCONT)
            return
        link = self.postgres.connect(self.long)
        with link.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE directory_feed IN EXCLUSIVE MODE")
            yield self.waits
        link.close()

    postgres = property(lambda self: self.house.postgres)

    # ---- what happens

    def first_load(self):
        for one in self.house, self.other:
            one.stop()
            one._rescue = None
        self.postgres.drop(self.long)
        link = self.postgres.connect("postgres")
        link.cursor().execute(f'CREATE DATABASE "{self.long}" TEMPLATE "{self.empty}"')
        link.close()

    def begin(self, run):
        if run == "first load":
            for one in self.house, self.other:
                one.start(migrate=False)
        elif run == "whole run":
            self.lease()[0].rescue.post("/directory/runs", gives=201)
        else:
            self.title(self.history.fresh("told"))

    def title(self, title):
        self.link.modify_s(person(3)[0], [(ldap.MOD_REPLACE, "title", [title.encode()])])

    def end(self, leader, how):
        leader.kill() if how == "killed" else leader.process.send_signal(signal.SIGSTOP)

    def left_alone(self):
        """Sessions in a transaction of which nothing is heard: the server ends them, though after a minute."""
        return self.house.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND state ="
                              " 'idle in transaction' AND state_change < now() - interval '300 ms'", self.long)

    def time_passes(self, epoch):
        """For one that stands still: its lease is over after half a minute, and its transactions after a whole one."""
        for _ in range(30):  # the first one, and whatever waited for it
            time.sleep(0.05)
            self.left_alone()
        self.house.sql("UPDATE lease SET expires_at = now() WHERE epoch = %s", epoch)

    def taken_over(self, leader, epoch):
        heir = self.other if leader is self.house else self.house
        return wait_for("the other one", lambda: self.lease() == (heir, epoch + 1) and heir, SOON)

    def happens(self):
        """What the first one cannot know: somebody comes, is called otherwise, leaves a group."""
        self.history.do_add()
        title = self.history.fresh("meanwhile")
        (_, values), = self.link.search_s(HR, ldap.SCOPE_BASE, attrlist=["member"])
        self.link.modify_s(HR, [(ldap.MOD_DELETE, "member", [one for one in values["member"] if b"cn=p" in one][:1])])
        self.title(title)  # and what comes last has been seen
        return title

    def asked(self, daemon):
        run = daemon.rescue.post("/directory/runs", gives=201)["id"]
        wait_for("a run", lambda: daemon.rescue.get(f"/directory/runs/{run}")["state"] == "done", SOON)

    def is_seen(self, title, heir, asks):
        if asks:
            self.asked(heir)
        wait_for(title, lambda: self.house.sql("SELECT 1 FROM person WHERE title = %s", title), SOON)

    def stays_right(self, heir, leader, epoch):
        """Whatever the first one had in hand when it goes on: it does not get far."""
        def refusals():
            return leader.log().count("another daemon has taken over") + leader.log().count("the database is not available now")
        before, said = self.picture(self.long), refusals()
        leader.process.send_signal(signal.SIGCONT)
        wait_for("its refusal", lambda: refusals() > said, SOON)
        what = differences(self.picture(self.long), before)
        assert not what and self.lease() == (heir, epoch + 1), told(self.history, what)

    def calm(self):
        """Both run, and what came with the start is over."""
        for one in self.house, self.other:
            if one.process:
                one.process.send_signal(signal.SIGCONT)
            else:
                one.start(migrate=False)
        wait_for("one that syncs", self.lease, SOON)
        self.asked(self.lease()[0])  # whose other one would only look now and then


@pytest.fixture(scope="module")
def pairs(postgres, request):
    pair = Pair(postgres, request.param)
    yield pair
    pair.remove()


@pytest.fixture
def pair(pairs):
    pairs.calm()
    return pairs


RUNS = [("yes", run, "settling", how) for run in ("first load", "whole run", "change of a feed") for how in ("killed", "stopped")]
RUNS += [("no", run, "reading", "stopped") for run in ("first load", "whole run")]


@pytest.mark.parametrize("pairs, run, moment, how", RUNS, indirect=["pairs"])
def test_another_daemon_goes_on_where_one_stopped_in_the_middle(pair, run, moment, how):
    if run == "first load":
        pair.first_load()
    elif run == "change of a feed":
        wait_for("a feed", lambda: pair.house.sql("SELECT 1 FROM directory_feed"), SOON)
    with pair.held(moment) as is_there:
        pair.begin(run)
        wait_for("the middle of it", is_there, SOON)
        leader, epoch = pair.lease()
        pair.end(leader, how)
    if how == "stopped":
        pair.time_passes(epoch)
    heir = pair.taken_over(leader, epoch)
    pair.is_seen(pair.happens(), heir, run != "change of a feed")
    if how == "stopped":
        pair.stays_right(heir, leader, epoch)
    pair.in_the_end(pair.history)


@pytest.mark.parametrize("pairs", ["yes"], indirect=True)
def test_a_daemon_that_stood_still_while_it_followed_writes_nothing_old(pair):
    pair.title("before")
    pair.in_the_end(pair.history)
    leader, epoch = pair.lease()
    leader.process.send_signal(signal.SIGSTOP)
    pair.title("told to the one that stands still")
    pair.time_passes(epoch)
    heir = pair.taken_over(leader, epoch)
    pair.is_seen(pair.happens(), heir, False)
    pair.stays_right(heir, leader, epoch)
    pair.in_the_end(pair.history)
