# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL 15 for tests and benches: a unix socket in its own folder, gone afterwards.

Knows Debian's paths. Started as root, the server runs as nobody. Knows no skillsd.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import psycopg2
from kit.slapd import short_folder, unprivileged

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 150
shared_buffers = 64MB
fsync = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Postgres:
    """with Postgres() as server: psycopg2.connect(server.dsn("postgres"))"""

    def __init__(self, settings="", environment=None):
        self.environment = {**os.environ, **(environment or {})}
        self.folder = short_folder("pg-")
        self.process = None
        self.template = None  # a database that others may be copies of
        self._fill()
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(SETTINGS.format(folder=self.folder) + settings)

    def _fill(self):
        self._run("initdb", "-U", "skills", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")

    def _run(self, program, *words):
        subprocess.run([BIN / program, "-D", self.data, *words], cwd=self.folder, check=True, capture_output=True,
                       env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **unprivileged())

    data = property(lambda self: self.folder / "data")
    log = property(lambda self: (self.folder / "log").read_text(errors="replace"))

    def dsn(self, database):
        return f"host={self.folder} port=5432 user=skills dbname={database}"

    def connect(self, database):
        """A connection that commits each statement."""
        link = psycopg2.connect(self.dsn(database))
        link.autocommit = True
        return link

    def create(self, database, template=None):
        link = self.connect("postgres")
        link.cursor().execute(f'CREATE DATABASE "{database}" TEMPLATE "{template or "template1"}"')
        link.close()

    def drop(self, database):
        link = self.connect("postgres")
        link.cursor().execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        link.close()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([BIN / "postgres", "-D", self.data], cwd=self.folder, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=self.environment, **unprivileged())
        end = time.monotonic() + 60
        while True:
            try:
                self.connect("postgres").close()
                return self
            except psycopg2.OperationalError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"PostgreSQL does not serve: {self.log[-2000:]}") from None
                time.sleep(0.02)

    def stop(self, number=signal.SIGQUIT):
        """At once, as in a crash (SIGQUIT), or after ending sessions in good order (SIGINT). The data stays."""
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self):
        """Every process of it with SIGKILL; the first stands still meanwhile, and starts no more of them."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGSTOP)
        children = self._children()
        for one in (self.process.pid, *children):
            os.kill(one, signal.SIGKILL)
        self.process.wait()
        self.process = None
        while any(is_running(one) for one in children):
            time.sleep(0.005)

    @contextlib.contextmanager
    def frozen(self):
        """Stands still, as on a disk that does not answer: whoever asks it anything hears nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            for one in self._children():
                os.kill(one, signal.SIGSTOP)
            yield
        finally:
            for one in *self._children(), self.process.pid:
                os.kill(one, signal.SIGCONT)

    def _children(self):
        pid = self.process.pid
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()


class Standby(Postgres):
    """Follows a server that runs, until it is promoted."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def _fill(self):
        self._run("pg_basebackup", "-d", self.primary.dsn("postgres"), "-R", "--checkpoint=fast", "--no-sync")

    def promote(self):
        link = self.connect("postgres")
        link.cursor().execute("SELECT pg_promote()")
        link.close()


class Pair(Postgres):
    """A primary whose commits are on its standby, too, before anybody hears of them, as Patroni's synchronous_mode makes them.
    Clients know both, and go to the one that takes writes."""
    standby = None

    def dsn(self, database):
        hosts = f"{self.folder},{self.standby.folder}" if self.standby else self.folder
        return f"host={hosts} port=5432 user=skills dbname={database} target_session_attrs=read-write"

    def start(self):
        super().start()
        self.standby = Standby(self).start()
        self.keep_in_step("*")
        return self

    def keep_in_step(self, names):
        """With any standby; "": with none, as Patroni has it when it is gone."""
        link = self.connect("postgres")
        with link.cursor() as cursor:
            cursor.execute("ALTER SYSTEM SET synchronous_standby_names = %s", [names])
            cursor.execute("SELECT pg_reload_conf()")
            while names and not self._is_in_step(cursor):
                time.sleep(0.02)
        link.close()

    @staticmethod
    def _is_in_step(cursor):
        cursor.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
        return cursor.fetchone()

    def remove(self):
        self.standby.remove()
        super().remove()
