# SPDX-License-Identifier: Apache-2.0
"""A private Kerberos KDC for tests: loopback, an unprivileged port, its own folder, gone afterwards.

Knows MIT Kerberos as Debian packs it. Started as root, krb5kdc runs as nobody. Knows no LDAP and no skillsd.
"""
import glob
import os
import shutil
import socket
import subprocess
import time

from kit.slapd import free_port, give_away, short_folder, unprivileged

REALM = "TEST.EXAMPLE"


def missing():
    """What is to be installed for it and for SASL with it, or None."""
    needs = {"krb5-kdc": "/usr/sbin/krb5kdc", "krb5-admin-server": "/usr/sbin/kadmin.local",
             "krb5-user": "/usr/bin/kinit",
             "libsasl2-modules-gssapi-mit": "/usr/lib/*/sasl2/libgssapiv2.so"}
    return " ".join(package for package, path in needs.items() if not glob.glob(path)) or None


def write(path, text):
    path.write_text("\n".join(line.strip() for line in text.splitlines()) + "\n")
    give_away(path)
    return path


def client_settings(folder, realm, port):
    """krb5.conf of those who ask this realm's KDC at a port of the loopback; its path."""
    return write(folder / "krb5.conf", f"""
        [libdefaults]
        default_realm = {realm}
        default_keytab_name = FILE:{folder}/krb5.keytab
        dns_lookup_kdc = false
        dns_canonicalize_hostname = false
        rdns = false
        udp_preference_limit = 1
        [realms]
        {realm} = {{
            kdc = 127.0.0.1:{port}
        }}
        [domain_realm]
        localhost = {realm}
        127.0.0.1 = {realm}
        """)


class Kdc:
    """lifetime: seconds a ticket lives at most. Names are taken as they are written: no DNS is asked."""

    def __init__(self, lifetime=36000):
        self.folder, self.port, self.process, self.lifetime = short_folder("kdc-"), free_port(), None, lifetime
        self.folder.chmod(0o755)
        self.env = {**os.environ, "KRB5_CONFIG": str(self.folder / "krb5.conf"),
                    "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"), "KRB5RCACHEDIR": str(self.folder)}
        client_settings(self.folder, REALM, self.port)
        write(self.folder / "kdc.conf", f"""
            [kdcdefaults]
            kdc_listen = 127.0.0.1:{self.port}
            kdc_tcp_listen = 127.0.0.1:{self.port}
            [realms]
            {REALM} = {{
                database_name = {self.folder}/principal
                key_stash_file = {self.folder}/stash
                max_life = {lifetime}s
            }}
            [logging]
            kdc = FILE:{self.folder}/kdc.log
            """)
        self._run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)

    log = property(lambda self: (self.folder / "kdc.log").read_text(errors="replace"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def _run(self, program, *words):
        done = subprocess.run([f"/usr/sbin/{program}", *words], cwd=self.folder, env=self.env, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, **unprivileged())
        assert done.returncode == 0 and "while" not in done.stderr, f"{program} {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def ask(self, words):
        return self._run("kadmin.local", "-r", REALM, "-q", words)

    def keytab(self, *principals, name=None):
        """Makes principals with random keys, or gives old ones other keys; the path of their keytab. Servers
        look into "krb5.keytab"."""
        path = self.folder / (name or principals[0])
        path.unlink(missing_ok=True)
        for principal in principals:
            if f"\n{principal}@" not in "\n" + self.ask("list_principals"):
                self.ask(f"add_principal -randkey {principal}")
            self.ask(f"ktadd -k {path} {principal}")
        path.chmod(0o400)
        return path

    def start(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(["/usr/sbin/krb5kdc", "-n", "-r", REALM], cwd=self.folder, env=self.env,
                                            stdout=output, stderr=output, **unprivileged())
        for _ in range(500):
            assert self.process.poll() is None, (self.folder / "output").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("krb5kdc does not answer")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
