# SPDX-License-Identifier: Apache-2.0
"""tests/kit/http_echo.c as a process, and raw connections to it. Knows HTTP/1.1 just as far as reading answers needs."""
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SKILLSD_BUILD", "build/plain"))
BINARY = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "kit" / "http_echo"
SANITIZED = b"__asan_init" in BINARY.read_bytes() or b"__tsan_init" in BINARY.read_bytes() if BINARY.exists() else False
STOPS = int(os.environ.get("SKILLSD_STOPS", "100"))
LATE = {"LD_PRELOAD": str(BINARY.parent / "jitter.so"), "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"}
HOST = "Host: test\r\n"


class Echo:
    """jitter: on a machine that is often late (tests/kit/jitter.c)."""

    def __init__(self, listen="127.0.0.1:0", *, jitter=False, **settings):
        arguments = [str(BINARY), listen] + [f"{name}={value}" for name, value in settings.items()]
        self.listen = listen
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **LATE} if jitter else None)
        first = self.process.stdout.readline()
        self.port = int(first.split()[1]) if first else None
        self.counts = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def connect(self, timeout=10):
        if self.listen.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(timeout)
            client.connect(self.listen[5:])
            return client
        host = "::1" if self.listen.startswith("[") else "127.0.0.1"
        return socket.create_connection((host, self.port), timeout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, self.errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, self.errors
        self.counts = json.loads(out)
        return self.counts

    def resident(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Reader:
    """Reads answers one after the other from a connection."""

    def __init__(self, client):
        self.client, self.buffer = client, b""

    def more(self):
        data = self.client.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    def take(self, size):
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode()

    def chunks(self):
        body = b""
        while size := int(self.line(), 16):
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        assert self.line() == ""
        return body

    def rest(self):
        try:
            while True:
                self.more()
        except EOFError:
            rest, self.buffer = self.buffer, b""
            return rest

    def answer(self, head=False):
        status = int(self.line().split()[1])
        headers = {}
        while line := self.line():
            name, value = line.split(": ", 1)
            headers[name.lower()] = value
        if status == 100:
            return Answer(status, headers, b"")
        if head:
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = self.chunks()
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            body = self.rest()
        return Answer(status, headers, body)

    def ended(self):
        """The connection is closed and nothing more came."""
        try:
            return self.buffer == b"" and self.client.recv(1) == b""
        except ConnectionResetError:
            return True


def request(target, method="GET", headers="", body=b"", version="1.1"):
    if body:
        headers += f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/{version}\r\n{HOST}{headers}\r\n".encode() + body


def ask(echo, *arguments, **named):
    with echo.connect() as client:
        client.sendall(request(*arguments, **named))
        return Reader(client).answer(head=named.get("method") == "HEAD")


@pytest.fixture
def echo():
    with Echo() as one:
        yield one
        assert one.counts or one.process.poll() is None
        counts = one.counts or one.stop()
        assert "Sanitizer" not in one.errors, one.errors
        assert counts["none"] == 0 or getattr(one, "expects_none", False)
