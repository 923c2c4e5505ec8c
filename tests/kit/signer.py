# SPDX-License-Identifier: Apache-2.0
"""skillsd-sign for tests: makes keys, runs it, speaks its wire protocol (written here a second time, so that the C codec
is checked against something), and has openssl(1) verify what it signs."""
import base64
import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import uuid

import pytest
from kit.gate import Peer, build_folder, drop_to, make_folder, wait_until

PROOF, JWS, CHECKPOINT = 1, 2, 3
SIGNED, NO_KEY, OTHER_PURPOSE, WRONG_BYTES, FAILED = range(5)
ASKS, TELLS = 1, 2
VERSION, HEAD, REQUEST, ANSWER = 1, struct.Struct(">IBBH"), struct.Struct(">B16sI"), struct.Struct(">BH")
ALGORITHMS = {"ed25519": "EdDSA", "p256": "ES256", "rsa2048": "RS256"}
HASHES = bytes(range(1, 65))
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")


def request(kind, key, data, size=None):
    return REQUEST.pack(kind, uuid.UUID(key).bytes, len(data) if size is None else size) + data


def frame(*requests, kind=ASKS, version=VERSION, count=None, size=None):
    body = b"".join(requests)
    return HEAD.pack(len(body) if size is None else size, version, kind, len(requests) if count is None else count) + body


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jws(alg, header=None, payload=b'{"a":1}'):
    header = b'{"alg":"%s","kid":"did:web:example.org#1"}' % alg.encode() if header is None else header
    return b64url(header) + b"." + b64url(payload)


def memory_of(pid):
    """All that a process of ours has in its memory, but a sanitizer's shadow."""
    whole = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in open(f"/proc/{pid}/maps"):
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r[w-]", line)
            if not found or int(found[2], 16) - int(found[1], 16) > 1 << 30 or "[v" in line:
                continue
            with contextlib.suppress(OSError):
                memory.seek(int(found[1], 16))
                whole.append(memory.read(int(found[2], 16) - int(found[1], 16)))
    return b"".join(whole)


class Key:
    def __init__(self, folder, line):
        self.line = line.rstrip("\n")
        self.id, self.algorithm, self.purpose, public = line.split()
        self.path, self.public = folder / f"{self.id}.pem", base64.b64decode(public, validate=True)

    def private(self):
        """PKCS#8, DER."""
        lines = self.path.read_text().split("\n")
        assert lines[0] == f"skillsd-key 1 {self.algorithm} {self.purpose}"
        return base64.b64decode("".join(lines[2:-2]))

    def verifies(self, data, signature, room):
        """As openssl(1) says."""
        if self.algorithm == "p256":
            assert len(signature) == 64
            numbers = [one.lstrip(b"\0") for one in (signature[:32], signature[32:])]
            numbers = [b"\0" + one if one[0] & 0x80 else one for one in numbers]
            signature = b"".join(bytes([2, len(one)]) + one for one in numbers)
            signature = bytes([0x30, len(signature)]) + signature
        for name, content in ("public", self.public), ("data", data), ("signature", signature):
            (room / name).write_bytes(content)
        digest = [] if self.algorithm == "ed25519" else ["-digest", "sha256"]
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", room / "public",
                               "-rawin", *digest, "-in", room / "data", "-sigfile", room / "signature"],
                              capture_output=True).returncode == 0


class SignerPeer(Peer):
    def receive(self):
        """[(reason, signature)]"""
        size, version, kind, count = HEAD.unpack(self._exactly(HEAD.size))
        assert (version, kind) == (VERSION, TELLS)
        body, answers = self._exactly(size), []
        while body:
            reason, length = ANSWER.unpack(body[:ANSWER.size])
            answers.append((reason, body[ANSWER.size:ANSWER.size + length]))
            assert len(answers[-1][1]) == length and (length > 0) == (reason == SIGNED)
            body = body[ANSWER.size + length:]
        assert len(answers) == count
        return answers

    def ask(self, *requests):
        self.send(frame(*requests))
        return self.receive()


class Signer:
    """A running skillsd-sign with a folder of keys, an ordinary process even for root.

    with Signer() as signer:
        key = signer.new("ed25519", "assertion")
        [(reason, signature)] = signer.ask(request(PROOF, key.id, HASHES))
    """

    def __init__(self, arguments=(), environment=None):
        self.folder = make_folder()
        self.keys = self.folder / "keys"
        self.keys.mkdir(0o700)
        if not os.geteuid():
            os.chown(self.keys, drop_to()["user"], drop_to()["group"])
        self.path, self.log_path = self.folder / "sign.sock", self.folder / "log"
        # The checkout may lie where an ordinary process cannot look.
        self.binary = self.folder / "skillsd-sign"
        shutil.copy(build_folder() / "skillsd-sign", self.binary)
        self.arguments = ["--keys", self.keys, "--socket", self.path, *arguments]
        self.environment = os.environ | (environment or {})
        self.process = None

    def run(self, *words, **how):
        return subprocess.run([self.binary, *words], capture_output=True, text=True, timeout=60, **(drop_to() | how))

    def new(self, algorithm="ed25519", purpose="assertion"):
        done = self.run("new", self.keys, algorithm, purpose)
        assert done.returncode == 0, done.stderr
        return Key(self.keys, done.stdout)

    def list(self):
        return {line.split()[0]: Key(self.keys, line) for line in self.run("list", self.keys).stdout.splitlines()}

    def start(self):
        before = len(self.log())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, *self.arguments], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment, **drop_to())
        wait_until(lambda: "listening on" in self.log()[before:] or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError(f"the signer did not start: {self.log()[before:]}")
        return self

    def stop(self, number=signal.SIGTERM):
        """Ends it and returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        status = self.stop() if self.process.poll() is None else self.process.returncode
        log = self.log()
        self.remove()
        if exception[0] is None:
            assert status in (0, -signal.SIGKILL, -signal.SIGSEGV), f"the signer ended with {status}: {log}"
            assert "Sanitizer" not in log and "runtime error" not in log, log

    def log(self):
        return self.log_path.read_text(errors="surrogateescape") if self.log_path.exists() else ""

    @contextlib.contextmanager
    def connect(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self.path))
            yield SignerPeer(connection, 60)

    def ask(self, *requests):
        with self.connect() as peer:
            return peer.ask(*requests)


# ---- one for a whole file

@pytest.fixture(scope="module")
def signer():
    with Signer() as one:
        one.made = {name: one.new(name) for name in ALGORITHMS}
        one.checkpoint = one.new("ed25519", "checkpoint")
        yield one


def proof(key):
    return request(PROOF, key.id, HASHES)
