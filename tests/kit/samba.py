# SPDX-License-Identifier: Apache-2.0
"""A private domain controller for tests: Samba's LDAP service over its unix socket, in its own folder, gone afterwards.

The domain is provisioned once into a cache and copied from there. All of it runs as an ordinary user (as nobody when root
starts it): socket_wrapper turns the ports below 1024, which Samba insists on, into files. A strict one is as Active
Directory is in life: TLS, no password in clear, and its own KDC. Knows no skillsd.
"""
import contextlib
import fcntl
import functools
import hashlib
import itertools
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import socketserver
import stat
import subprocess
import threading
import time
import urllib.parse
import uuid

import ldap
from kit.kdc import client_settings
from kit.slapd import give_away, make_certificates, short_folder, unprivileged

REALM, DOMAIN = "AD.EXAMPLE.ORG", "AD"
BASE = "DC=ad,DC=example,DC=org"
ADMIN, ADMIN_PASSWORD = f"CN=Administrator,CN=Users,{BASE}", "Provisioned-1"
QUICK = {"TDB_NO_FSYNC": "1"}  # what a power cut would do to it matters to nobody
SAMBA = pathlib.Path("/usr/sbin/samba")
SETTINGS = """[global]
realm = {realm}
workgroup = {domain}
netbios name = DC1
server role = active directory domain controller
server services = ldap
private dir = {folder}/private
lock dir = {folder}/lock
state directory = {folder}/state
cache directory = {folder}/cache
binddns dir = {folder}/bind
pid directory = {folder}/run
ncalrpc dir = {folder}/ncalrpc
ntp signd socket directory = {folder}/ntp
usershare path =
ldap server require strong auth = no
interfaces = 127.0.0.1
tls enabled = no
bind interfaces only = yes
[sysvol]
path = {folder}/state/sysvol
[netlogon]
path = {folder}/state/sysvol/scripts
"""
# Over those above; the domain is the same.
STRICT = """[global]
server services = ldap kdc
ldap server require strong auth = {strict}
tls enabled = yes
tls keyfile = {folder}/tls/server.key
tls certfile = {folder}/tls/server.pem
tls cafile = {folder}/tls/ca.pem
"""
PROVISION = """
import json, logging, sys
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision
how = json.loads(sys.argv[1])
settings = LoadParm()
settings.load(how["smbconf"])
provision(logging.getLogger(), system_session(), lp=settings, hostname="dc1", hostip="127.0.0.1", dns_backend="NONE",
          serverrole="active directory domain controller", dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
          skip_sysvolacl=True, **how)
"""


LOAD = """
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(lp=settings, session_info=system_session())
database.transaction_start()
database.add_ldif(sys.stdin.read())
database.transaction_commit()
"""


def missing():
    """What is not there, as a sentence; None when nothing is missing."""
    python = subprocess.run(["/usr/bin/python3", "-c", "import samba.provision"], capture_output=True)
    there = {"samba": SAMBA.exists(), "python3-samba": python.returncode == 0, "libsocket-wrapper": wrapper() is not None,
             "samba-ad-provision": pathlib.Path("/usr/share/samba/setup/provision.ldif").exists(),
             "samba-dsdb-modules": any(pathlib.Path("/usr/lib").glob("*/samba/ldb/samba_dsdb.so"))}
    absent = [name for name, installed in there.items() if not installed]
    return f"no Samba domain controller without the packages {', '.join(absent)}" if absent else None


def wrapper():
    return next(pathlib.Path("/usr/lib").glob("*/libsocket_wrapper.so"), None)


def run(*words, **how):
    env = {**os.environ, **QUICK, **how.pop("env", {})}
    done = subprocess.run(words, capture_output=True, text=True, env=env, **unprivileged(), **how)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def cache_folder():
    """SKILLSD_CACHE, or one in /var/tmp that is this user's alone."""
    uid = unprivileged().get("user", os.geteuid())
    folder = pathlib.Path(os.environ.get("SKILLSD_CACHE") or f"/var/tmp/skillsd-cache-{uid}")
    run("mkdir", "-p", "-m", "755", str(folder))
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o022:
        raise RuntimeError(f"{folder} is no folder that is this user's alone")
    return folder


@contextlib.contextmanager
def locked(folder):
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def domain():
    """The folder of the domain that was provisioned once, by this version of Samba and in this way."""
    kind = hashlib.sha256((run(SAMBA, "-V") + SETTINGS + PROVISION).encode()).hexdigest()[:12]
    cache = cache_folder()
    folder = cache / f"samba-{kind}"
    with locked(cache):
        if not folder.exists():
            making = cache / f"samba-{kind}.new"
            run("rm", "-rf", str(making))
            run("mkdir", "-p", str(making / "etc"))
            write_settings(making)
            how = {"smbconf": str(making / "etc/smb.conf"), "realm": REALM, "domain": DOMAIN, "adminpass": ADMIN_PASSWORD}
            run("/usr/bin/python3", "-c", PROVISION, json.dumps(how), cwd=making, env={"HOME": str(making)})
            run("mv", str(making), str(folder))
    return folder


def write_settings(folder, strict=None):
    path = folder / "etc/smb.conf"
    path.unlink(missing_ok=True)
    settings = SETTINGS + STRICT if strict else SETTINGS
    path.write_text(settings.format(folder=folder, realm=REALM, domain=DOMAIN, strict=strict))
    give_away(path)


class Passage(socketserver.ThreadingTCPServer):
    """A free port of the loopback in front of one that socket_wrapper turned into a file."""
    daemon_threads, block_on_close, numbers = True, False, itertools.count(20000)

    def __init__(self, sockets, host, port):
        super().__init__((host, 0), None)
        self.sockets, self.inner, self.port = sockets, sockets / f"T01{port:04X}", self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def finish_request(self, outside, _):
        # The other side takes none whose name is not that of such a file.
        name = self.sockets / f"T01{next(self.numbers):04X}"
        with socket.socket(socket.AF_UNIX) as inside, contextlib.suppress(OSError):
            inside.bind(str(name))
            inside.connect(str(self.inner))
            to = {outside: inside, inside: outside}
            while True:
                for end in select.select(list(to), [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    to[end].sendall(data)

    def close(self):
        self.shutdown()
        self.server_close()


class Samba:
    """strict: what it says of "ldap server require strong auth"."""

    def __init__(self, strict=None):
        self.folder, self.process, self.strict, self.ways = short_folder("samba-"), None, strict, {}
        run("cp", "-r", *map(str, domain().iterdir()), str(self.folder))
        write_settings(self.folder, strict)
        sockets = self.folder / "sockets"
        run("mkdir", str(sockets), str(self.folder / "tls"))
        if strict:
            make_certificates(self.folder / "tls")
            self.ways = {(host, port): Passage(sockets, host, port)
                         for host in ("127.0.0.1", "127.0.0.2") for port in (88, 389, 636)}
            self.krb5_conf = client_settings(self.folder, REALM, self.ways["127.0.0.1", 88].port)
        self.secret = self.folder / "secret"
        self.secret.write_text(ADMIN_PASSWORD + "\n")
        self.secret.chmod(0o600)
        give_away(self.secret)

    uri = property(lambda self: "ldapi://" + urllib.parse.quote(str(self.folder / "private/ldapi"), safe=""))
    ca = property(lambda self: self.folder / "tls/ca.pem")
    log = property(lambda self: (self.folder / "log").read_text(errors="replace"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def load(self, ldif):
        """Many entries at once, before the start."""
        run("/usr/bin/python3", "-c", LOAD, str(self.folder / "etc/smb.conf"), input=ldif)
        return self

    def start(self):
        env = {**os.environ, **QUICK, "HOME": str(self.folder), "LD_PRELOAD": str(wrapper()),
               "SOCKET_WRAPPER_DIR": str(self.folder / "sockets"), "SOCKET_WRAPPER_DEFAULT_IFACE": "1"}
        words = [SAMBA, "-i", "-M", "single", "-s", self.folder / "etc/smb.conf", "--debug-stdout"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(words, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, **unprivileged())
        for _ in range(1500):
            if self.process.poll() is not None:
                break
            try:
                ldap.initialize(self.uri).search_s("", ldap.SCOPE_BASE, attrlist=["1.1"])
                return self
            except ldap.SERVER_DOWN:
                time.sleep(0.02)
        raise RuntimeError(f"Samba does not answer: {self.log[-3000:]}")

    def stop(self, number=signal.SIGTERM):
        if self.process:
            self.process.send_signal(number)
            self.process.wait(30)
        self.process = None

    def remove(self):
        self.stop(signal.SIGKILL)
        for way in self.ways.values():
            way.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self, host="127.0.0.1"):
        return f"ldap://{host}:{self.ways[host, 389].port}"

    def ldaps(self, host="127.0.0.1"):
        """127.0.0.2 is a name that its certificate does not hold."""
        return f"ldaps://{host}:{self.ways[host, 636].port}"

    # ---- what is in it

    def connect(self, dn=ADMIN, password=ADMIN_PASSWORD):
        link = ldap.initialize(self.ldaps() if self.strict else self.uri)
        link.set_option(ldap.OPT_REFERRALS, 0)
        if self.strict:
            link.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self.ca))
            link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        link.simple_bind_s(dn, password)
        return link

    def guid(self, dn):
        (_, found), = self.admin.search_s(dn, ldap.SCOPE_BASE, attrlist=["objectGUID"])
        return str(uuid.UUID(bytes_le=found["objectGUID"][0]))

    @functools.cached_property
    def admin(self):
        return self.connect()

    def add(self, rdn, *classes, above=BASE, **attributes):
        """An entry; its DN. A value is text, bytes or a list of them."""
        dn = f"{rdn},{above}"
        self.admin.add_s(dn, [("objectClass", [kind.encode() for kind in classes])] + [
            (name, [one if isinstance(one, bytes) else one.encode() for one in (value if isinstance(value, list) else [value])])
            for name, value in attributes.items()])
        return dn

    def user(self, name, above=f"CN=Users,{BASE}", password=None, control=512, **attributes):
        if password:
            attributes["unicodePwd"] = f'"{password}"'.encode("utf-16-le")
        return self.add(f"CN={name}", "user", above=above, sAMAccountName=name, userAccountControl=str(control), **attributes)

    def change(self, dn, **values):
        """None takes an attribute away."""
        self.admin.modify_s(dn, [(ldap.MOD_REPLACE, name, None if value is None else [
            one if isinstance(one, bytes) else one.encode() for one in (value if isinstance(value, list) else [value])])
            for name, value in values.items()])

    def keytab(self, name, password):
        """As an administrator makes it, who knows the account's password; its path."""
        path = self.folder / f"{name}.keytab"
        path.unlink(missing_ok=True)
        words = f"addent -password -p {name}@{REALM} -k 1 -e aes256-cts-hmac-sha1-96\n{password}\nwkt {path}\n"
        run("/usr/bin/ktutil", input=words, env={"KRB5_CONFIG": str(self.krb5_conf)})
        path.chmod(0o400)
        return path
