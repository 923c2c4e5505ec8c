# SPDX-License-Identifier: Apache-2.0
"""A private slapd for tests and benches: loopback and a unix socket, its own folder, gone afterwards.

Knows OpenLDAP 2.5 as Debian packs it. Started as root, slapd runs as nobody. Knows no skillsd.
"""
import gzip
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import ldap

SCHEMAS = ("core", "cosine", "inetorgperson", "nis")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def unprivileged():
    """Arguments for subprocess that turn root into nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(path):
    """To nobody, when root made it."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def short_folder(prefix):
    """A new folder that nobody can reach, with a path short enough for a socket in it."""
    base = tempfile.gettempdir()
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=base if len(base) < 60 else "/tmp"))
    give_away(folder)
    return folder


def make_certificates(folder):
    """ca.pem, and signed by it server.pem (localhost, 127.0.0.1) and client.pem (CN=sync), with *.key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=throwaway CA", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name, subject in ("server", "/CN=localhost"), ("client", "/CN=sync"):
        openssl("req", *key, "-subj", subject, "-keyout", name + ".key", "-out", name + ".csr")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", name + ".pem")
    for path in folder.iterdir():
        give_away(path)


class Slapd:
    """modules: overlays to load ("memberof"); settings, database: more lines of slapd.conf, before and
    inside the database section (limits work only in the latter); debug: what it logs, 256 being each operation.
    Changes count from the next start."""

    def __init__(self, suffix="dc=example,dc=org", folder=None, *, port=None, tls=False, schemas=(), modules=(),
                 settings="", database="", admin_password="admin", debug=0):
        self.suffix, self.schemas, self.modules = suffix, schemas, modules
        self.settings, self.database, self.debug = settings, database, debug
        self.own_folder = folder is None
        self.folder = pathlib.Path(folder) if folder else short_folder("slapd-")
        self.port, self.tls_port = port or free_port(), free_port() if tls else None
        self.tries = 0 if port else 3  # of other ports, when somebody took the one found free
        self.admin_dn, self.admin_password = "cn=admin," + suffix, admin_password
        self.process = None
        for name in "db", "tls":
            (self.folder / name).mkdir(exist_ok=True)
            give_away(self.folder / name)
        if tls:
            make_certificates(self.folder / "tls")

    uri = property(lambda self: f"ldap://127.0.0.1:{self.port}")
    ldaps = property(lambda self: f"ldaps://127.0.0.1:{self.tls_port}")
    ldaps_misnamed = property(lambda self: f"ldaps://127.0.0.2:{self.tls_port}")  # the certificate is not for it
    ldapi = property(lambda self: "ldapi://" + urllib.parse.quote(str(self.folder / "ldapi"), safe=""))
    ca = property(lambda self: self.folder / "tls" / "ca.pem")
    log = property(lambda self: (self.folder / "log").read_text(errors="replace"))
    pid = property(lambda self: self.process.pid)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def _config(self):
        lines = ["modulepath /usr/lib/ldap"]
        lines += [f"moduleload {module}.so" for module in ("back_mdb", *self.modules)]
        lines += [f"include {name if '/' in str(name) else f'/etc/ldap/schema/{name}.schema'}"
                  for name in (*SCHEMAS, *self.schemas)]
        if self.tls_port:
            tls = self.folder / "tls"
            lines += [f"TLSCACertificateFile {tls}/ca.pem", f"TLSCertificateFile {tls}/server.pem",
                      f"TLSCertificateKeyFile {tls}/server.key", "TLSVerifyClient try"]
        uid = unprivileged().get("user", os.geteuid())
        lines += [f'authz-regexp "gidNumber=[0-9]+[+]uidNumber=({os.geteuid()}|{uid}),cn=peercred,cn=external,cn=auth"'
                  f' "{self.admin_dn}"', self.settings,
                  "database mdb", f'suffix "{self.suffix}"', f'rootdn "{self.admin_dn}"',
                  f"rootpw {self.admin_password}", f"directory {self.folder}/db", "maxsize 1073741824", "dbnosync",
                  "index objectClass,entryUUID,entryCSN,uid,memberUid eq", self.database]
        path = self.folder / "slapd.conf"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)
        give_away(path)
        return path

    def load(self, ldif, *options):
        """Adds an LDIF text or file (.gz too) with slapadd, in which overlays do not run; `-s` checks no schema."""
        if isinstance(ldif, pathlib.Path):
            ldif = gzip.decompress(ldif.read_bytes()) if ldif.suffix == ".gz" else ldif.read_bytes()
        else:
            ldif = ldif.encode()
        done = subprocess.run(["/usr/sbin/slapadd", "-q", *options, "-f", self._config(), "-b", self.suffix],
                              input=ldif, cwd=self.folder, capture_output=True, **unprivileged())
        if done.returncode:
            self.remove()
            raise RuntimeError("slapadd: " + done.stderr.decode(errors="replace")[-2000:])
        return self

    def start(self):
        """On a port found free, which stays the same from the first start on."""
        while not self._starts():
            if not self.tries:
                raise RuntimeError(f"slapd ended: {self.log[-2000:]}")
            self.tries -= 1
            self.port, self.tls_port = free_port(), self.tls_port and free_port()
        self.tries = 0
        return self

    def _starts(self):
        """Asked by its own socket, since on the port somebody else may answer; False when slapd ended."""
        urls = [self.uri, self.ldapi] + ([self.ldaps, self.ldaps_misnamed] if self.tls_port else [])
        (self.folder / "ldapi").unlink(missing_ok=True)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/slapd", "-f", self._config(), "-h", " ".join(urls), "-d", str(self.debug)],
                                            cwd=self.folder, stdout=log, stderr=log, **unprivileged())
        for _ in range(500):
            if self.process.poll() is not None:
                return False
            try:
                ldap.initialize(self.ldapi).search_s("", ldap.SCOPE_BASE, attrlist=["1.1"])
                return True
            except ldap.SERVER_DOWN:
                time.sleep(0.02)
        raise RuntimeError(f"slapd does not answer: {self.log[-2000:]}")

    def kill(self, number=signal.SIGKILL):
        """Ends this slapd and no other; SIGSTOP and SIGCONT leave it there."""
        if self.process is None:
            return
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            self._wait_until_stopped()
        if number in (signal.SIGSTOP, signal.SIGCONT):
            return
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _wait_until_stopped(self):
        """Every thread of it: on a busy machine the signal takes its time."""
        def states():
            for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
                yield (task / "stat").read_text().rpartition(")")[2].split()[0]
        for _ in range(1000):
            if set(states()) == {"T"}:
                return
            time.sleep(0.005)
        raise RuntimeError("slapd does not stop")

    def stop(self):
        self.kill(signal.SIGTERM)

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        self.stop()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, dn=None, password=""):
        """A python-ldap connection, signed in where a DN is given."""
        link = ldap.initialize(self.uri)
        link.set_option(ldap.OPT_REFERRALS, 0)
        link.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
        link.timeout = 30
        if dn:
            link.simple_bind_s(dn, password)
        return link

    def admin(self):
        return self.connect(self.admin_dn, self.admin_password)
