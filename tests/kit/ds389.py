# SPDX-License-Identifier: Apache-2.0
"""A private 389 Directory Server for tests: loopback, its own folder, gone afterwards.

Knows 389-ds-base as Debian packs it, set up from its own templates and without its installer, which needs
root and systemd. Started as root, ns-slapd runs as nobody. Knows no skillsd.
"""
import base64
import hashlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import time

import ldap
from kit.slapd import free_port, give_away, make_certificates, short_folder, unprivileged

PROGRAM = "/usr/sbin/ns-slapd"
TEMPLATES = pathlib.Path("/usr/share/dirsrv/data")
FOLDERS = ("config", "config/schema", "db", "ldif", "bak", "log", "run", "lock", "tmp")
BACKEND = "userRoot"
# What is otherwise than in the templates.
QUIET = {"nsslapd-accesslog-logging-enabled": "off", "nsslapd-securitylog-logging-enabled": "off"}
# The cache sizes itself by the machine's memory, and several run at once.
CACHE = {"nsslapd-cache-autosize": "0", "nsslapd-dbcachesize": "10000000", "nsslapd-import-cache-autosize": "0",
         "nsslapd-db-durable-transaction": "off"}


def missing():
    """What is to be installed for it, or None."""
    return None if os.access(PROGRAM, os.X_OK) else "389-ds-base"


def with_settings(ldif, dn, settings):
    """The text of an LDIF file with values set in one entry; None takes an attribute away."""
    blocks = re.split(r"\n\n+", ldif)
    for i, block in enumerate(blocks):
        if re.match(rf"dn: {re.escape(dn)}(\n|$)", block, re.I):
            names = "|".join(map(re.escape, settings))
            kept = [line for line in block.splitlines() if not re.match(rf"({names}):", line, re.I)]
            blocks[i] = "\n".join(kept + [f"{name}: {value}" for name, value in settings.items() if value is not None])
    return "\n\n".join(blocks) + "\n"


def hashed(password):
    """The server takes none in clear from its configuration."""
    salt = os.urandom(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


class Ds389:
    """settings: {attribute: value} of cn=config; plugins: {name of a plugin: {attribute: value}}, enabled by
    naming it; schema: lines of LDIF with definitions of one's own; tls: StartTLS and ldaps too, with a
    certificate for 127.0.0.1 whatever the host is."""

    def __init__(self, suffix="dc=example,dc=org", *, settings=(), plugins=(), schema="", admin_password="admin", tls=False,
                 host="127.0.0.1"):
        self.suffix, self.settings, self.plugins = suffix, dict(settings), dict(plugins)
        self.folder, self.host = short_folder("ds389-"), host
        self.port, self.tls_port, self.process = free_port(), free_port() if tls else None, None
        self.admin_dn, self.admin_password = "cn=Directory Manager", admin_password
        for name in FOLDERS:
            (self.folder / name).mkdir()
            give_away(self.folder / name)
        # It must be there: the server takes the last file of all as the one it may write.
        (self.folder / "config/schema/99user.ldif").write_text("dn: cn=schema\n" + schema)
        give_away(self.folder / "config/schema/99user.ldif")
        if tls:
            self._make_keys()
        self._write_config()

    uri = property(lambda self: f"ldap://{self.host}:{self.port}")
    ldaps = property(lambda self: f"ldaps://{self.host}:{self.tls_port}")
    ca = property(lambda self: self.folder / "tls" / "ca.pem")
    log = property(lambda self: "".join(path.read_text(errors="replace")
                                        for path in (self.folder / "output", self.folder / "log" / "errors")
                                        if path.exists()))
    pid = property(lambda self: self.process.pid)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def _words(self):
        at = self.folder
        user = pwd.getpwuid(unprivileged().get("user", os.geteuid())).pw_name
        return {"schema_dir": f"{at}/config/schema", "lock_dir": f"{at}/lock", "tmp_dir": f"{at}/tmp",
                "cert_dir": f"{at}/config", "config_dir": f"{at}/config", "ldif_dir": f"{at}/ldif",
                "bak_dir": f"{at}/bak", "run_dir": f"{at}/run", "inst_dir": at, "log_dir": f"{at}/log",
                "fqdn": "localhost", "ds_port": self.port, "ds_user": user, "rootdn": self.admin_dn,
                "ds_passwd": hashed(self.admin_password), "ldapi_enabled": "off", "ldapi": f"{at}/ldapi",
                "ldapi_autobind": "off", "ds_suffix": self.suffix, "db_dir": f"{at}/db", "db_home_dir": f"{at}/db",
                "db_lib": "bdb", "ds_bename": BACKEND}

    def _make_keys(self):
        """Where NSS looks for them, without a password."""
        tls, keys = self.folder / "tls", f"sql:{self.folder}/config"
        tls.mkdir()
        make_certificates(tls)
        for words in (["certutil", "-N", "-d", keys, "--empty-password"],
                      ["certutil", "-A", "-d", keys, "-n", "CA", "-t", "CT,,", "-i", "ca.pem"],
                      ["openssl", "pkcs12", "-export", "-in", "server.pem", "-inkey", "server.key", "-name", "Server-Cert",
                       "-out", "server.p12", "-passout", "pass:"],
                      ["pk12util", "-i", "server.p12", "-d", keys, "-W", ""]):
            subprocess.run(words, cwd=tls, check=True, capture_output=True)

    def _write_config(self):
        ldif = (TEMPLATES / "template-dse.ldif").read_text() + "\n" + \
            (TEMPLATES / "template-suffix-db.ldif").read_text()
        ldif = re.sub(r"^#.*\n", "", ldif, flags=re.M)
        for word, value in self._words().items():
            ldif = ldif.replace(f"%{word}%", str(value))
        tls = {"nsslapd-security": "on", "nsslapd-securelistenhost": self.host, "nsslapd-securePort": self.tls_port}
        ldif = with_settings(ldif, "cn=config", QUIET | {"nsslapd-listenhost": self.host} | (tls if self.tls_port else {}) |
                             self.settings)
        ldif = with_settings(ldif, "cn=config,cn=ldbm database,cn=plugins,cn=config", CACHE)
        for name, settings in self.plugins.items():
            ldif = with_settings(ldif, f"cn={name},cn=plugins,cn=config", {"nsslapd-pluginEnabled": "on"} | settings)
        path = self.folder / "config" / "dse.ldif"
        path.write_text(ldif)
        # The packaged one lies in a folder that few may read.
        (path.parent / "slapd-collations.conf").touch()
        for file in path.parent.iterdir():
            give_away(file)

    def load(self, ldif):
        """Adds an LDIF text while the server is down, in place of all there was."""
        path = self.folder / "ldif" / "load.ldif"
        path.write_text(ldif)
        give_away(path)
        done = subprocess.run([PROGRAM, "ldif2db", "-D", self.folder / "config", "-n", BACKEND, "-i", path],
                              cwd=self.folder, capture_output=True, **unprivileged())
        if done.returncode:
            self.remove()
            raise RuntimeError("ldif2db: " + done.stderr.decode(errors="replace")[-2000:])
        return self

    def start(self):
        """On other ports where somebody else has one of them by now."""
        for _ in range(3):
            if self._starts():
                return self
            self.port, self.tls_port = free_port(), self.tls_port and free_port()
            path = self.folder / "config" / "dse.ldif"
            ldif = re.sub(r"^(nsslapd-port): .*", rf"\1: {self.port}", path.read_text(), flags=re.M)
            path.write_text(re.sub(r"^(nsslapd-securePort): .*", rf"\1: {self.tls_port}", ldif, flags=re.M))
        raise RuntimeError(f"ns-slapd ended: {self.log[-2000:]}")

    def _starts(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([PROGRAM, "-D", self.folder / "config", "-i", self.folder / "run" / "pid",
                                             "-d", "0"], cwd=self.folder, stdout=output, stderr=output,
                                            **unprivileged())
        for _ in range(1500):
            if self.process.poll() is not None:
                return False
            try:
                ldap.initialize(self.uri).search_s("", ldap.SCOPE_BASE, attrlist=["1.1"])
                return True
            except ldap.SERVER_DOWN:
                time.sleep(0.02)
        raise RuntimeError(f"ns-slapd does not answer: {self.log[-2000:]}")

    def kill(self, number=signal.SIGKILL):
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def stop(self):
        self.kill(signal.SIGTERM)

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        self.kill()
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

    def configure(self, **values):
        """Sets values of cn=config in the running server; _ stands for -."""
        self.admin().modify_s("cn=config", [(ldap.MOD_REPLACE, name.replace("_", "-"), [str(value).encode()])
                                            for name, value in values.items()])
