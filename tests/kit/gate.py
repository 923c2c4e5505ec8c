# SPDX-License-Identifier: Apache-2.0
"""skillsd-gate for tests: starts it with PAM services of its own, speaks its wire protocol (written here
a second time, so that the C codec is checked against something), makes password files for pam_userdb."""
import atexit
import contextlib
import ctypes
import functools
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
START, PROMPT, ANSWER, RESULT = 1, 2, 3, 4
IN, WRONG, UNKNOWN, UNAVAILABLE = 1, 2, 3, 4
VERSION, HEAD = 1, struct.Struct(">HBBBBHI")


def build_folder():
    return ROOT / os.environ.get("SKILLSD_BUILD", "build/plain")


def drop_to():
    """Arguments for subprocess that make a process of root's an ordinary one."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def make_folder():
    """A new folder that whoever drop_to() names owns, with a path short enough for sockets."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gate.", dir="/tmp"))
    folder.chmod(0o755)
    if not os.geteuid():
        os.chown(folder, drop_to()["user"], drop_to()["group"])
    return folder


def crypt_hash(password, prefix=b"$6$"):
    """crypt(3) with a fresh salt."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
    salt = library.crypt_gensalt(prefix, 0, None, 0)
    return library.crypt(password.encode(), salt).decode()


def make_userdb(path, users):
    """The file for `pam_userdb.so crypt=crypt db=PATH` (it adds the .db itself). users: {name: password}."""
    pairs = [(name.replace("\\", "\\\\"), crypt_hash(password)) for name, password in users.items()]
    text = "".join(f"{name}\n{hashed}\n" for name, hashed in pairs)
    pathlib.Path(f"{path}.db").unlink(missing_ok=True)
    subprocess.run(["db5.3_load", "-T", "-t", "hash", f"{path}.db"], input=text, text=True, check=True)
    os.chmod(f"{path}.db", 0o600)
    if not os.geteuid():
        os.chown(f"{path}.db", drop_to()["user"], drop_to()["group"])


def wait_until(condition, seconds=60):
    """The first value of condition() that is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return value


def children_of(pid):
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    return []


def is_gone(pid):
    """No such process any more, or dead and only waiting to be noticed."""
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def sanitizer_of(binary):
    """The library that a binary built with SANITIZE is linked with, or None."""
    text = pathlib.Path(binary).read_bytes()
    return next((library for library in ("libasan.so", "libtsan.so") if library.encode() in text), None)


def sanitizer_environment(binary):
    """What such a binary needs to load PAM modules: its crypt() stands in for one of a library that must therefore be
    there from the start."""
    library = sanitizer_of(binary)
    if not library:
        return {}
    found = subprocess.run(["gcc", f"-print-file-name={library}"], capture_output=True, text=True, check=True)
    return {"LD_PRELOAD": f"{found.stdout.strip()} libcrypt.so.1"}


def build_module(source, folder):
    """Compiles a PAM module and returns its path."""
    module = folder / f"{source.stem}.so"
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", module, source, "-lpam"], check=True)
    return module


@functools.cache
def modules_folder():
    """Where PAM modules built for tests lie, until this process ends."""
    folder = make_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _module(source):
    return build_module(source, modules_folder())


def trouble_line(word, *arguments):
    """The service line of a module that misbehaves as pam_trouble.c's table says."""
    return f"auth required {_module(ROOT / 'tests/kit/pam_trouble.c')} do={word} " + " ".join(arguments)


def trouble(word, **how):
    """A gate with such a module."""
    return Gate([trouble_line(word), "account required pam_permit.so"], **how)


def unruly_service(*arguments):
    """Service lines with a module that misbehaves as the user's name says, and lets everybody else in."""
    line = f"required {_module(ROOT / 'tests/kit/pam_trouble.c')} do=user " + " ".join(arguments)
    return [f"auth {line}", f"account {line}"]


def otp_service(password, *arguments):
    """Service lines with a module that takes `password`; what else it does, pam_asks.c says."""
    return [f"auth required {_module(ROOT / 'tests/kit/pam_asks.c')} pw={password} " + " ".join(arguments),
            "account required pam_permit.so"]


def pack(kind, strings, verdict=0, delay=0, version=VERSION, count=None):
    body = b"".join(struct.pack(">H", len(text)) + text for text in strings)
    count = len(strings) if count is None else count
    return HEAD.pack(len(body), version, kind, verdict, count, 0, delay) + body


@dataclass
class Frame:
    kind: int
    verdict: int
    delay: int
    strings: list

    @property
    def name(self):
        return self.strings[0].decode()


class Peer:
    """One connection to a helper of the daemon's."""

    def __init__(self, connection, seconds=20):
        connection.settimeout(seconds)
        self.socket = connection

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError(f"hung up after {len(data)} of {size} bytes")
            data += more
        return data

    def hung_up(self):
        """Whether it ends the connection without another word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


class GatePeer(Peer):
    def receive(self):
        size, version, kind, verdict, count, unused, delay = HEAD.unpack(self._exactly(HEAD.size))
        body, strings = self._exactly(size), []
        assert version == VERSION and unused == 0
        while body:
            length = struct.unpack(">H", body[:2])[0]
            strings.append(body[2:2 + length])
            assert len(strings[-1]) == length
            body = body[2 + length:]
        assert len(strings) == count
        return Frame(kind, verdict, delay, strings)

    def start(self, username, password, address="192.0.2.1"):
        strings = [text if isinstance(text, bytes) else text.encode() for text in (username, password, address)]
        try:
            self.send(pack(START, strings))
        except BrokenPipeError:
            pass  # where it cannot serve it answers before it is asked

    def answer(self, *answers):
        self.send(pack(ANSWER, [text.encode() for text in answers]))
        return self.receive()


class Gate:
    """A running skillsd-gate --listen with one PAM service, an ordinary process even for root.

    with Gate(["auth required pam_permit.so", "account required pam_permit.so"]) as gate:
        assert gate.sign_in("alice", "secret").verdict == IN
    """

    def __init__(self, service_lines, *, deadline=10, most=16, arguments=(), as_root=False, popen=None,
                 environment=None, within=()):
        self.folder = make_folder()
        self.path = self.folder / "gate.sock"
        self.log_path = self.folder / "gate.log"
        self.confdir = self.folder / "pam.d"
        self.confdir.mkdir()
        self.write_service("skillsd", service_lines)
        self.write_service("other", ["auth required pam_deny.so", "account required pam_deny.so"])
        # The checkout may lie where an ordinary process cannot look.
        self.binary = self.folder / "skillsd-gate"
        shutil.copy(build_folder() / "skillsd-gate", self.binary)
        self.arguments = ["--listen", str(self.path), "--confdir", str(self.confdir), "--service", "skillsd",
                          "--deadline", str(deadline), "--max", str(most), *arguments]
        self.within = within  # the words before the command
        self.popen = {**({} if as_root else drop_to()), **(popen or {})}
        self.environment = {**os.environ, **sanitizer_environment(self.binary), **(environment or {})}
        self.process = None

    def write_service(self, name, lines):
        (self.confdir / name).write_text("".join(line + "\n" for line in lines))

    def start(self):
        before = len(self.log())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.within, self.binary, *self.arguments], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log, env=self.environment,
                                            start_new_session=True, **self.popen)
        end = time.monotonic() + 60
        while "listening on" not in self.log()[before:]:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the gate did not start: {self.log()[before:]}")
            time.sleep(0.005)
        return self

    def stop(self):
        """Ends it and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self):
        """It, and every conversation with it, with SIGKILL."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGSTOP)
        for pid in (*children_of(self.process.pid), self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        wait_until(lambda: not self.is_listened_to())  # a conversation that is just beginning dies a moment later

    def is_listened_to(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            return connection.connect_ex(str(self.path)) == 0

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        status = self.stop()
        log = self.log()
        self.remove()
        if exception[0] is None:
            assert status == 0, f"the gate ended with {status}: {log}"
            assert "Sanitizer" not in log and "runtime error" not in log, log

    def log(self):
        return self.log_path.read_text(errors="surrogateescape") if self.log_path.exists() else ""

    def wait_for_log(self, pattern, seconds=60):
        try:
            wait_until(lambda: re.search(pattern, self.log()), seconds)
        except AssertionError:
            raise AssertionError(f"no {pattern!r} in the log:\n{self.log()}") from None

    def children(self):
        """Process ids of the conversations under way."""
        return [int(pid) for pid in
                pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def leftovers(self):
        """Process ids of all that came of this gate, whoever their parent is now, but its own."""
        found = []
        for cmdline in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if str(self.binary).encode() in cmdline.read_bytes().split(b"\0"):
                    found.append(int(cmdline.parent.name))
        return [pid for pid in found if pid != self.process.pid]

    @contextlib.contextmanager
    def connect(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self.path))
            yield GatePeer(connection)

    def sign_in(self, username, password, address="192.0.2.1"):
        """What comes back for a START: a RESULT, or a PROMPT when more is asked."""
        with self.connect() as peer:
            peer.start(username, password, address)
            return peer.receive()
