# SPDX-License-Identifier: Apache-2.0
"""A whole house for tests: slapd, PostgreSQL, the gate and the daemon, on free ports, gone afterwards.

Every answer under /api/v1 is held against schemas/openapi.yaml. Knows how the daemon is configured and
started; refuses to know what its answers mean.
"""
import atexit
import collections
import datetime
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import time
import uuid
import weakref

import ldap
import psycopg2
import pytest
import requests
from kit import validate
from kit.gate import ROOT, Gate, build_folder, make_userdb, sanitizer_of
from kit.postgres import Postgres
from kit.slapd import Slapd, free_port, give_away, short_folder, unprivileged

BASE = "dc=example,dc=org"
PUBLIC_URL = "https://skills.example.org"
BELOW_API = ("/healthz", "/readyz", "/metrics", "/api/", "/nowhere", "/badges/", "/status/", "/issuers/", "/.well-known/")
houses = weakref.WeakSet()


def shared_file(name):
    """A file of SKILLSD_SHARED; where it is absent, the test is skipped by this name."""
    path = pathlib.Path(os.environ.get("SKILLSD_SHARED", ROOT / "../shared")) / name
    if not path.exists():
        pytest.skip(f"SKILLSD_SHARED has no {name}")
    return path


def is_sanitized():
    return sanitizer_of(build_folder() / "skillsd") is not None


@functools.cache
def installed():
    """A copy of the daemon and its plugins where an ordinary process can read them."""
    folder = short_folder("bin-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    for program in "skillsd", "skillsd-draw":
        shutil.copy(build_folder() / program, folder)
    shutil.copytree(build_folder() / "plugins", folder / "plugins", ignore=shutil.ignore_patterns("*.o", "*.d"))
    return folder


IDLE = 10  # seconds; the daemon closes connections that are idle for longer, maybe just when something is asked


def parsed(text):
    """A time in an answer; as text times do not sort, since their zeros at the end are left out."""
    return datetime.datetime.fromisoformat(text)


def wait_for(what, condition, seconds=60):
    """The first value of condition() that is true; what was waited for is in the failure."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} seconds in vain for {what}"
        time.sleep(0.02)
    return value


class Client:
    """One connection and one token. get, post, patch and delete give the parsed body and hold the status
    against what is expected; ask gives the whole answer. `last` is the last answer."""

    def __init__(self, house, token=None):
        self.house, self.token, self.last, self.opened = house, token, None, None
        self.session, self.asked = requests.Session(), time.monotonic()
        self.session.trust_env = False

    def twin(self):
        """Another connection with the same token, for another thread."""
        return Client(self.house, self.token)

    def ask(self, method, path, body=None, *, headers=(), params=(), timeout=60, data=None):
        if path.startswith("//"):  # a public page whose name is also one of the API
            path = path[1:]
        elif not path.startswith(BELOW_API):
            path = "/api/v1" + path
        params = [(name, {True: "true", False: "false"}.get(one, one) if isinstance(one, bool) else one)
                  for name, value in dict(params).items() for one in (value if isinstance(value, list) else [value])]
        headers = {"Accept": "*/*", **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
                   **dict(headers)}
        if time.monotonic() - self.asked > IDLE:
            self.session.close()
        self.asked = time.monotonic()
        answer = self.session.request(method, self.house.url + path, json=body, data=data, params=params,
                                      headers=headers, timeout=timeout)
        self.house.traffic.append(f"{method} {answer.request.path_url} {body if 'password' not in str(body) else ''}"
                                  f" -> {answer.status_code} {answer.content[:300].decode(errors='replace')}")
        validate.check_response(answer)
        self.last = answer
        return answer

    def expect(self, status, method, path, body=None, **how):
        answer = self.ask(method, path, body, **how)
        wanted = status if isinstance(status, tuple) else (status,)
        assert answer.status_code in wanted, \
            f"{method} {path} gives {answer.status_code} instead of {status}: {answer.text[:2000]}"
        kind = answer.headers.get("Content-Type", "")
        return answer.json() if validate.is_json_type(kind) else answer.text

    def get(self, path, *, gives=200, headers=(), **params):
        return self.expect(gives, "GET", path, params=params, headers=headers)

    def post(self, path, body=None, *, gives=(200, 201), key=None):
        return self.expect(gives, "POST", path, body, headers={"Idempotency-Key": key} if key else ())

    def patch(self, path, body, etag=None, *, gives=200):
        return self.expect(gives, "PATCH", path, body, headers={"If-Match": etag} if etag else ())

    def delete(self, path, etag=None, *, gives=204):
        return self.expect(gives, "DELETE", path, headers={"If-Match": etag} if etag else ())

    def pages(self, path, **params):
        """The items of all pages."""
        items = []
        while True:
            page = self.get(path, **params)
            items += page["items"]
            if "next" not in page:
                return items
            params["cursor"] = page["next"]

    def issue(self, person, achievement, **fields):
        return self.post("/credentials", {"person": person, "achievement": achievement, **fields}, gives=201)


class House:
    """ldif: path or text that slapd is loaded with; None for no directory at all.
    config: {"section name": {"option": value, a list of values, or None to leave it out}} over the defaults.
    slapd, gate: arguments of Slapd and Gate. pam: {name: password}; service: lines of the PAM service instead.
    postgres: a running server, in which the house has a database of its own; without it one is started."""

    def __init__(self, ldif=None, *, config=None, slapd=None, slapadd=(), pam=None, service=None, gate=None,
                 postgres=None, interval="1h"):
        houses.add(self)
        self.folder = short_folder("house-")
        self.folder.chmod(0o755)
        self.traffic = collections.deque(maxlen=30)
        self.passwords = {"rescue": "rescue-password", **(pam or {})}
        self.process, self.port, self.url, self._rescue, self._link = None, None, None, None, None
        self.expects_errors = False
        self.own_postgres = postgres is None
        self.postgres, self.database = postgres or Postgres().start(), f"house-{uuid.uuid4().hex[:12]}"
        self.postgres.create(self.database, self.postgres.template)
        self.slapd = None
        if ldif is not None:
            self.slapd = Slapd(**{"modules": ["ppolicy"], "database": "overlay ppolicy", **(slapd or {})})
            self.slapd.load(ldif, *slapadd).start()
        make_userdb(self.folder / "users", self.passwords)
        line = f"required pam_userdb.so crypt=crypt db={self.folder}/users"
        self.gate = Gate(service or [f"auth {line}", f"account {line}"], **(gate or {}))
        self.gate.start()
        self.interval, self.config = interval, config or {}

    # ---- configuration

    def _sections(self):
        sections = {
            "server": {"listen": f"127.0.0.1:{self.port}", "public_url": PUBLIC_URL, "token_key": "token.key",
                       "plugin_path": installed() / "plugins", "log_level": "debug"},
            "database": {"dsn": self.postgres.dsn(self.database)},
            "issuer": {"name": "Example Ltd", "url": "https://example.org"},
            "throttle": {"user_failures": 10000, "address_failures": 100000, "failure_delay": "20ms"},
        }
        if self.slapd:
            sections["directory main"] = {
                "plugin": "source_ldap", "interval": self.interval, "uri": self.slapd.uri, "base": self.slapd.suffix,
                "preset": "openldap", "bind_dn": self.slapd.admin_dn, "bind_password": "ldap.secret"}
        sections["authenticator pam"] = {"plugin": "auth_pam", "socket": self.gate.path, "person": "username"}
        if self.slapd:
            sections["authenticator ldap"] = {"plugin": "auth_ldap", "directory": "main"}
        sections["role admin"] = {"account": "pam:rescue"}
        for name, options in self.config.items():
            sections[name] = {**sections.get(name, {}), **options}
        return sections

    def _write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        give_away(path)
        return path

    def configure(self, changes=None):
        """Writes the files; `changes` go over the configuration from now on, and count from the next start."""
        for name, options in (changes or {}).items():
            self.config[name] = {**self.config.get(name, {}), **options}
        lines = []
        for name, options in self._sections().items():
            lines.append(f"[{name}]")
            for option, value in options.items():
                lines += [f"{option} = {one}" for one in (value if isinstance(value, list) else [value])
                          if one is not None]
        if not (self.folder / "token.key").exists():
            self._write("token.key", uuid.uuid4().hex + uuid.uuid4().hex)
        if self.slapd:
            self._write("ldap.secret", self.slapd.admin_password)
        return self._write("skillsd.conf", "\n".join(lines) + "\n")

    # ---- the daemon

    log_path = property(lambda self: self.folder / "skillsd.log")
    pid = property(lambda self: self.process.pid)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def command(self, *words, within=()):
        """Runs `skillsd WORDS` to its end, by the command `within` where there is one; the completed process."""
        return subprocess.run([*within, installed() / "skillsd", "-c", self.folder / "skillsd.conf", *words], cwd=self.folder,
                              capture_output=True, text=True, timeout=120, env=self._environment(), **unprivileged())

    @staticmethod
    def _environment():
        # The daemon cannot be traced, and the leak checker would have to.
        return {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0", "UBSAN_OPTIONS": "print_stacktrace=1"}

    def migrate(self):
        """The first one of a server is kept: other houses begin with a copy of it, which is sooner there."""
        done = self.command("migrate")
        assert done.returncode == 0, f"skillsd migrate: {done.stdout}{done.stderr}"
        if not self.own_postgres and not self.postgres.template and self._link is None:
            self.postgres.create("migrated", self.database)
            self.postgres.template = "migrated"

    def start(self, *, migrate=True, synced=True):
        """Until it serves, and its first run has ended; with migrate=False only until it answers at all."""
        self.port = self.port or free_port()
        for _ in range(3):
            self.url = f"http://127.0.0.1:{self.port}"
            self.configure()
            if migrate:
                self.migrate()
            if self._serve():
                break
            self.port = free_port()
        else:
            raise RuntimeError(f"skillsd does not serve: {self.log()[-3000:]}")
        if migrate:
            wait_for("/readyz", lambda: self._answers("/readyz"))
        if migrate and synced and self.slapd:
            wait_for("the first run of the directory",
                     lambda: self.sql("SELECT 1 FROM directory_run WHERE state NOT IN ('running', 'failed')"))
        return self

    def _answers(self, path):
        try:
            return requests.get(self.url + path, timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def _serve(self):
        before = len(self.log())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([installed() / "skillsd", "-c", self.folder / "skillsd.conf", "serve"],
                                            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self._environment(), **unprivileged())
        end = time.monotonic() + 60
        while not self._answers("/healthz"):
            if self.process.poll() is not None:
                if "cannot listen" in self.log()[before:]:
                    return False
                raise RuntimeError(f"skillsd ended with {self.process.returncode}: {self.log()[before:][-3000:]}")
            if time.monotonic() > end:
                raise RuntimeError(f"skillsd does not answer: {self.log()[before:][-3000:]}")
            time.sleep(0.01)
        return True

    def stop(self, number=signal.SIGTERM, seconds=60):
        """Ends the daemon and gives its exit status."""
        process, self.process = self.process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def kill(self):
        self.stop(signal.SIGKILL)

    def restart(self, **how):
        assert self.stop() == 0, self.log()[-3000:]
        return self.start(**how)

    def memory(self, field="VmRSS"):
        """Bytes; VmHWM is the most it ever was."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(field)

    # ---- the way in

    def client(self, token=None):
        return Client(self, token)

    def try_sign_in(self, username, password, address=None):
        """The answer, whatever it is."""
        headers = {"X-Forwarded-For": address} if address else {}
        return Client(self).ask("POST", "/sessions", {"username": username, "password": password}, headers=headers)

    def sign_in(self, username, password=None):
        """A client with a session; `opened` is what the daemon said of it."""
        client = Client(self)
        client.opened = client.expect(201, "POST", "/sessions",
                                      {"username": username, "password": password or self.passwords[username]})
        client.token = client.opened["token"]
        return client

    @property
    def rescue(self):
        """A session of the break-glass admin, kept."""
        if self._rescue is None:
            self._rescue = self.sign_in("rescue")
        return self._rescue

    # ---- the directory

    def write_entry(self, username, attribute, value):
        link = self.slapd.admin()
        found = link.search_s(self.slapd.suffix, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])
        link.modify_s(found[0][0], [(ldap.MOD_REPLACE, attribute, [value.encode()])])

    def set_password(self, username, password=None):
        password = password or f"pw-{username}"
        self.write_entry(username, "userPassword", password)
        self.passwords[username] = password

    def sync(self, state="done", source=None):
        """Starts a run now, waits for its end and gives it with its lines."""
        run = self.rescue.post("/directory/runs", {"source": source} if source else None, gives=201)

        def ended():
            found = self.rescue.get(f"/directory/runs/{run['id']}")
            return found["state"] != "running" and found
        run = wait_for("the end of a run", ended)
        assert state is None or run["state"] == state, run
        return run

    # ---- the database

    def sql(self, text, *args):
        """Rows of a statement that a test looks or meddles with behind the daemon's back. On a connection of
        before PostgreSQL was restarted it is said again on a new one."""
        fresh = False
        while True:
            if self._link is None or self._link.closed:
                self._link, fresh = self.postgres.connect(self.database), True
            try:
                with self._link.cursor() as cursor:
                    cursor.execute(text, args or None)
                    return cursor.fetchall() if cursor.description else []
            except psycopg2.Error as trouble:
                if fresh or trouble.pgcode:
                    raise
                self._link.close()

    # ---- the end

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, kind, *_):
        status = self.stop() if self.process else 0
        log = self.log()
        self.remove()
        if kind is None:
            assert status == 0, f"skillsd ended with {status}: {log[-3000:]}"
            assert "Sanitizer" not in log and "runtime error" not in log, log[-6000:]
            errors = [line for line in log.splitlines() if line.split(" ", 2)[1:2] == ["error"]]
            assert self.expects_errors or not errors, "\n".join(errors[:20])

    def remove(self):
        if self.process:
            self.stop(signal.SIGKILL)
        if self.gate.process:
            self.gate.stop()
        self.gate.remove()
        if self.slapd:
            self.slapd.remove()
        if self._link:
            self._link.close()
        if self.own_postgres:
            self.postgres.remove()
        elif self.postgres.process:
            self.postgres.drop(self.database)
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- the demo's organisation

def demo_accounts():
    """{"HR": "cbianchi", ...}"""
    lines = (ROOT / "etc/demo/accounts").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


ACCOUNTS = demo_accounts()
AUDITOR, OTHER_HR, OTHER_ISSUER = ACCOUNTS["AUDITOR"], "tdube", "rdeshpande"
SYNC_LIMITS = f'limits dn.exact="cn=sync,{BASE}" size=unlimited time=unlimited'


def demo_roles():
    groups = {"hr": "hr", "issuer": "issuers", "assessor": "assessors", "auditor": "auditors"}
    roles = {f"role {role}": {"group": f"cn={group},ou=groups,{BASE}"} for role, group in groups.items()}
    return {**roles, "role admin": {"group": f"cn=admins,ou=groups,{BASE}", "account": "pam:rescue"}}


def demo_house(config=None, more_ldif="", **how):
    """Not started yet: the organisation of etc/demo, its roles, and passwords for its accounts. ADMIN signs
    in through PAM."""
    text = (ROOT / "etc/demo/organisation.ldif").read_text().replace("@SYNC_PASSWORD@", "sync-password")
    text += "\n" + more_ldif
    merged = demo_roles()
    for name, options in (config or {}).items():
        merged[name] = {**merged.get(name, {}), **options}
    house = House(text, config=merged, pam={ACCOUNTS["ADMIN"]: "admin-password"}, **how)
    for username in {*ACCOUNTS.values(), OTHER_HR, OTHER_ISSUER} - {ACCOUNTS["ADMIN"]}:
        house.set_password(username)
    return house
