# SPDX-License-Identifier: Apache-2.0
"""Two daemons on one database and one directory, in which things happen at random, under a mixed load; something of it is
killed in the middle of a run of some kind, and then everything has to be right again. Knows what right means; kills by
process id."""
import contextlib
import os
import random
import signal
import threading
import time

import psycopg2
import requests
from kit.gate import make_userdb
from kit.history import CROWD, GROUPS, History, crowd, entry
from kit.house import Client, is_sanitized, wait_for
from kit.load import Broken, Load, hold_chain
from kit.postgres import Postgres
from kit.second import Second
from test_directory_random import CONFIG, Twins, differences, lost_roles_kept, told
from test_follow import SYNCPROV

SOON = 60  # seconds, on a busy machine
CROWDED = 1500
VICTIMS = ("slapd", "PostgreSQL", "the gate", "the leader", "the other daemon")
CLERKS = {f"c{n}": f"password of c{n}" for n in range(2)}
OFFICE = f"cn=clerks,{GROUPS}"
HOLDERS = [f"c{n}" for n in range(10, 50)]


class World(Twins):
    slapd = SYNCPROV
    more_ldif = "\n".join(["", crowd(CROWDED), entry(OFFICE, "objectClass: groupOfNames", "objectClass: extensibleObject",
                           "employeeType: crowd", *(f"member: cn={name},{CROWD}" for name in CLERKS))])
    more_config = {"audit": {"checkpoint_interval": "1s"}, "retention all": {"keep": "1y", "erase": "automatic"},
                   "authenticator pam": {"roles": "admin hr issuer"},
                   **{f"role {role}": {"group": [*CONFIG[f"role {role}"].values(), OFFICE]} for role in ("hr", "issuer")}}

    def __init__(self, seed):
        self.chance, self.postgres = random.Random(seed), Postgres().start()
        super().__init__(self.postgres, {"interval": "2s", "timeout": "5s", "network_timeout": "5s"})
        self.house.passwords.update(CLERKS)
        make_userdb(self.house.folder / "users", self.house.passwords)
        self.directory = self.house.slapd
        self.house.start(migrate=False)
        self.other = Second(self.house)
        self.other.start(migrate=False)
        self.daemons, self.logs_begin = (self.house, self.other), (0, 0)  # what they log of this database
        self.approved, self.failed, self.threads, self.trouble = set(), set(), [], []
        self.history, self.load_now, self.loads = History(self.directory, self.chance), None, []
        self.steps = self.history.steps
        self.enter()
        self.settle()

    def renew(self):
        """With no daemon there: the database is as it was before the first load."""
        self.logs_begin = [len(daemon.log()) for daemon in self.daemons]
        self.postgres.drop(self.long)
        link = self.postgres.connect("postgres")
        link.cursor().execute(f'CREATE DATABASE "{self.long}" TEMPLATE "{self.empty}"')
        link.close()

    def enter(self):
        """Into a database that is new to the daemons."""
        self.approved.clear()
        self.admin = wait_for("a session", self._sign_in)
        self.begin_load()

    def begin_load(self):
        self.load_now = Load(self.daemons, CLERKS, HOLDERS, 0.05 if is_sanitized() else 0.02).start()
        self.loads.append(self.load_now)

    def hold_all(self):
        """What any load of this database was told is still so."""
        for load in self.loads:
            load.finish()
            load.hold(self.house.sql)
        self.loads.clear()

    def _sign_in(self):
        """The roles may not be written yet."""
        answer = self.house.try_sign_in("rescue", self.house.passwords["rescue"])
        return answer.status_code == 201 and Client(self.house, answer.json()["token"])

    def remove(self):
        if self.load_now:
            self.load_now.over.set()
        self.other.remove()
        super().remove()
        self.postgres.remove()

    def keep(self, trouble):
        """Ends all, and leaves what they wrote; where."""
        self.load_now.over.set()
        for daemon in self.daemons:
            daemon.kill()
        self.house.gate.stop()
        self.directory.stop()
        self.postgres.stop(signal.SIGINT)
        (self.house.folder / "trouble").write_text(f"{trouble}\n")
        return self.house.folder, self.directory.folder, self.postgres.folder

    # ---- killing

    def leader(self):
        """Who has the lease, or would have it."""
        try:
            pids = [int(holder.split("/")[-2]) for holder, in self.house.sql("SELECT holder FROM lease WHERE name NOT IN ('seal', 'links')")]
        except psycopg2.Error:
            pids = []
        return next((one for one in self.daemons if one.process and one.pid in pids), self.house)

    def kill(self, victim, leader):
        self.steps.append(f"{victim} is killed")
        if victim == "slapd":
            self.directory.kill()
        elif victim == "PostgreSQL":
            self.kill_postgres()
        elif victim == "the gate":
            self.house.gate.kill()
        else:
            next(one for one in self.daemons if (one is leader) == (victim == "the leader")).kill()

    def kill_postgres(self):
        """All of it, or one process that a job uses: then it ends the others itself, and recovers. Soon, unless that
        one was about to end anyway."""
        pids = self.chance.random() < 0.5 and self._pids("SELECT pid FROM pg_stat_activity WHERE application_name = 'skillsd job'")
        if not pids:
            self.postgres.kill()
            return
        with contextlib.suppress(ProcessLookupError, psycopg2.Error), contextlib.closing(self.postgres.connect("postgres")) as link:
            os.kill(self.chance.choice(pids), signal.SIGKILL)
            for _ in range(300):
                link.cursor().execute("SELECT 1")
                time.sleep(0.01)
        self.house._link.close()  # its end may come a little later

    def _pids(self, query):
        try:
            return [pid for pid, in self.house.sql(query)]
        except psycopg2.Error:
            return []

    def restore(self):
        """Whatever was killed runs again."""
        if not self.directory.process:
            self.directory.start()
        if not self.postgres.process:
            self.postgres.start()
        wait_for("PostgreSQL", lambda: self._pids("SELECT 1"))
        if not self.house.gate.process:
            self.house.gate.start()
        for daemon in self.daemons:
            if not daemon.process:
                daemon.start(migrate=False)
        self.history.link = self.directory.admin()

    # ---- what has to be so

    def meanwhile(self, deed, *args):
        """In a thread; settle() waits for it."""
        def do():
            try:
                deed(*args)
            except BaseException as trouble:
                self.trouble.append(trouble)
        self.threads.append(threading.Thread(target=do, daemon=True))
        self.threads[-1].start()

    def join(self):
        while self.threads:
            self.threads.pop().join()
        if self.trouble:
            raise self.trouble[0]

    def alive(self):
        found = [one for one in self.daemons if one.process]
        for one in found:
            if one.process.poll() is not None:
                raise Broken(f"a daemon ended by itself with {one.process.returncode}: {one.log()[-3000:]}")
        return found

    def ask(self, method, path, body=None, **how):
        """An answer of some daemon that lives, with a status below 500; asked until there is one."""
        def answer():
            try:
                daemon = self.chance.choice(self.alive())
                got = Client(daemon, self.admin.token).ask(method, path, body, **how)
            except requests.RequestException:
                return None
            if got.status_code == 503:
                return None
            if got.status_code >= 500:
                raise Broken(f"{method} {path}: {got.status_code} {got.text}")
            return [got]  # by itself a 4xx is false
        return wait_for(f"an answer to {method} {path}", answer, SOON)[0]

    def parked(self):
        return [run["id"] for run in self.ask("GET", "/directory/runs", params={"state": "needs_approval"}).json()["items"]]

    def approve(self, run):
        if self.ask("POST", f"/directory/runs/{run}/approve").status_code == 200:
            self.approved.add(run)

    def settle(self):
        """Until the mirror is what a first load gives; what stops is approved, once lost rights have gone."""
        self.join()
        first, end = self.load(), time.monotonic() + SOON
        first.pop("skipped")
        while what := differences(self.picture(self.long), first):
            if time.monotonic() > end:
                raise Broken(told(self.history, what))
            for run in self.parked():
                wait_for("lost rights to go", lambda: not lost_roles_kept(self.picture(self.long), first), SOON)
                self.approve(run)
            self.alive()
            time.sleep(0.05)

    def erase(self):
        """Whose time is over is gone; only a whole reading says again what groups say of them."""
        due = "SELECT id FROM person WHERE absent_since < now() - interval '1 year' AND erased_at IS NULL"
        for daemon in self.daemons:
            if self.house.sql(due):
                daemon.restart(migrate=False)
                with contextlib.suppress(AssertionError):
                    wait_for("the erasures", lambda: not self.house.sql(due), 3)
        if left := self.house.sql(due):
            raise Broken(f"not erased: {left}")
        self.ask("POST", "/directory/runs")

    def survive(self):
        """Without the daemon that is away, more happens and is seen."""
        self.history.happen()
        self.settle()

    def check(self):
        """What nobody may have lost, in the end; how many deeds were acknowledged since the last time."""
        gone = self.house.sql("SELECT p.username, r.id, r.state FROM directory_run_line l JOIN person p ON p.id = l.person_id"
                              " JOIN directory_run r ON r.id = l.run_id WHERE l.kind = 'absent' AND p.username ~ '^c[0-9]+$'")
        if gone:
            raise Broken(f"these never left: {gone}")
        self.load_now.finish()
        self.load_now.hold(self.house.sql)
        self.load_now.hold_rest()
        hold_chain(self.house, "".join(daemon.log()[begun:] for daemon, begun in zip(self.daemons, self.logs_begin, strict=True)))
        deeds = self.load_now.done()
        self.begin_load()
        states = dict(self.house.sql("SELECT id::text, state FROM directory_run"))
        if changed := {run: states.get(run) for run in self.approved if states.get(run) != "approved"}:
            raise Broken(f"approved, and not so any more: {changed}")
        halves = self.house.sql("SELECT p.id FROM person p FULL JOIN erasure e ON e.person_id = p.id"
                                " WHERE (p.erased_at IS NULL) <> (e.id IS NULL)")
        if halves:
            raise Broken(f"erased by half: {halves}")
        left = self.house.sql("SELECT id, epoch FROM directory_run WHERE state = 'running' AND started_at < now() - interval '1 min'")
        if left:
            raise Broken(f"runs that never ended: {left}")
        for daemon in self.daemons:
            if "Sanitizer" in daemon.log() or "runtime error" in daemon.log():
                raise Broken(daemon.log()[-5000:])
        return deeds

    def cut(self):
        """How many more runs have ended in the middle."""
        found = self.house.sql("SELECT id FROM directory_run WHERE state = 'failed'")
        count = len(set(found) - self.failed)
        self.failed.update(found)
        return count
