# SPDX-License-Identifier: Apache-2.0
"""HAProxy in front of daemons, with the configuration that etc/haproxy shows: its addresses are put in, and no TLS."""
import shutil
import socket
import subprocess
import time

import pytest
from kit.gate import ROOT
from kit.slapd import free_port, short_folder, unprivileged

BIND = "bind :443 ssl crt /etc/haproxy/skills.example.org.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2"
ADDRESSES = ("192.0.2.21:8080", "192.0.2.22:8080")
BEFORE = "global\n\tmaxconn 1000\n\tstats socket {folder}/admin\ndefaults\n\tlog stdout format raw local0\n\toption httplog\n"


def haproxy():
    """The program; where it is absent, the test is skipped by this name."""
    path = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    if not path:
        pytest.skip("the Debian package haproxy is not installed")
    return path


class Haproxy:
    def __init__(self, daemons):
        self.program, self.daemons, self.port = haproxy(), daemons, free_port()
        self.folder, self.process = short_folder("haproxy-"), None
        self.folder.chmod(0o755)

    url = property(lambda self: f"http://127.0.0.1:{self.port}")
    log = property(lambda self: (self.folder / "log").read_text(errors="replace"))

    def _configure(self):
        text = (ROOT / "etc/haproxy/skillsd.cfg").read_text()
        changes = {BIND: f"bind 127.0.0.1:{self.port}",
                   **{address: f"127.0.0.1:{daemon.port}" for address, daemon in zip(ADDRESSES, self.daemons, strict=True)}}
        for old, new in changes.items():
            assert text.count(old) == 1, f"etc/haproxy/skillsd.cfg has no {old}"
            text = text.replace(old, new)
        (self.folder / "cfg").write_text(BEFORE.format(folder=self.folder) + text)

    def __enter__(self):
        """Asked by its own socket, since on the port somebody else may answer."""
        self._configure()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.program, "-db", "-f", self.folder / "cfg"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, **unprivileged())
        end = time.monotonic() + 30
        while True:
            try:
                self.states()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"HAProxy does not serve: {self.log[-2000:]}") from None
                time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder)

    def states(self):
        """{name of a daemon: whether it is sent anything}"""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.folder / "admin"))
            admin.sendall(b"show stat\n")
            text = b"".join(iter(lambda: admin.recv(65536), b"")).decode()
        rows = [line.split(",") for line in text.splitlines() if line.startswith("skillsd,") and ",END," not in line]
        return {row[1]: row[17].startswith("UP") for row in rows if row[1] not in ("FRONTEND", "BACKEND")}
