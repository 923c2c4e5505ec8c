# SPDX-License-Identifier: Apache-2.0
"""Two of everything, under load: HAProxy, two daemons, PostgreSQL and its standby. What is killed, how long it took until
there was an answer again, and whether all that was acknowledged is there."""
import contextlib
import time

from kit.haproxy import Haproxy
from kit.house import wait_for
from kit.load import hold_chain, office_house, office_load
from kit.postgres import Pair
from kit.second import Second

BROKEN_OFF = (502,)  # for what has no Idempotency-Key
CONFIG = {"server": {"trusted_proxy": "127.0.0.1"}, "audit": {"checkpoint_interval": "1s"}}


class Two:
    """One PostgreSQL is left after a failover, so that there is one in a life."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.postgres = stack.enter_context(Pair())
            self.house = stack.enter_context(office_house(CONFIG, postgres=self.postgres))
            self.other = Second(self.house)
            stack.callback(self.other.remove)
            self.other.start(migrate=False)
            self.haproxy = stack.enter_context(Haproxy((self.house, self.other)))
            wait_for("both to be sent something", lambda: all(self.haproxy.states().values()))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *trouble):
        return self.stack.__exit__(*trouble)

    @contextlib.contextmanager
    def under_load(self):
        """Some before, some after, and all of it is held to."""
        load = office_load(self.house, [self.haproxy], also=BROKEN_OFF)
        self.goes_on(load)
        yield load
        self.goes_on(load)
        load.finish()
        assert set(load.statuses()) <= {200, 201, 204, 401, 503, None, *BROKEN_OFF}, load.statuses()
        load.hold(self.house.sql)
        load.hold_rest()
        hold_chain(self.house, self.house.log() + self.other.log())

    @staticmethod
    def goes_on(load, deeds=20):
        done = load.done()
        wait_for("deeds", lambda: load.done() > done + deeds)

    def kill_daemon(self, load):
        """Seconds until every clerk was answered again."""
        killed = time.monotonic()
        self.house.kill()
        return self.back(load, killed)

    def fail_over(self, load):
        """Seconds until every clerk's deeds were acknowledged again."""
        killed = time.monotonic()
        self.postgres.kill()
        self.postgres.standby.promote()
        return self.back(load, killed)

    @staticmethod
    def back(load, since):
        wait_for("the service to be back", lambda: load.done() and all(clerk.last > since for clerk in load.clerks))
        return max(clerk.last for clerk in load.clerks) - since
