# SPDX-License-Identifier: Apache-2.0
"""skillsd-gate as a process: peers that misbehave, what it logs, how it starts and stops, whom it answers."""
import contextlib
import fcntl
import os
import pwd
import random
import re
import socket
import stat
import subprocess
import tempfile
import time

import pytest

from kit.accounts import are_possible
from kit.gate import (ANSWER, IN, PROMPT, RESULT, START, UNAVAILABLE, Gate, GatePeer, drop_to, is_gone, otp_service,
                      pack, trouble, wait_until)

PASSWORD = "S3cret-of-Alice"
PERMIT = ["auth required pam_permit.so", "account required pam_permit.so"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")


@pytest.fixture(scope="module")
def permissive():
    """A gate that lets everybody in."""
    with Gate(PERMIT) as gate:
        yield gate


# ---- peers that misbehave

RUBBISH = [
    b"", b"\0", b"\xff" * 12, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 5000,
    random.Random(1).randbytes(4096),
    pack(START, [b"alice", b"x"]), pack(START, [b"alice", b"x", b"", b""]), pack(START, []),
    pack(START, [b"alice", b"x", b""], version=2), pack(START, [b"alice", b"x", b""], verdict=IN),
    pack(START, [b"alice", b"x", b""], delay=1), pack(START, [b"alice", b"x", b""], count=2),
    pack(START, [b"alice", b"x", b""], count=255), pack(START, [b"x" * 513, b"x", b""]),
    pack(START, [b"alice", b"x", b"192.0.2.1\n"]), pack(START, [b"alice", b"x", b"\0"]),
    pack(ANSWER, [b"x"]), pack(PROMPT, [b"+x"]), pack(RESULT, [b"root"], verdict=IN), pack(9, [b"x"]),
]


@pytest.mark.parametrize("data", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_cut_off_without_a_word(permissive, data):
    with permissive.connect() as peer:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.send(data)
            peer.socket.shutdown(socket.SHUT_WR)
        assert peer.hung_up()


def test_a_frame_cut_anywhere_harms_nobody(permissive):
    frame = pack(START, [b"alice", PASSWORD.encode(), b"192.0.2.1"])
    for cut in range(len(frame)):
        with permissive.connect() as peer:
            peer.send(frame[:cut])
    assert permissive.sign_in("alice", PASSWORD).verdict == IN
    wait_until(lambda: not permissive.children())


def test_leaving_at_each_step_harms_nobody():
    with Gate(otp_service(PASSWORD, "otp=123456")) as gate:
        for step in range(5):
            with gate.connect() as peer:
                if step > 0:
                    peer.start("alice", PASSWORD)
                if step > 1:
                    peer.receive()
                if step == 3:
                    peer.send(pack(ANSWER, [b"123456"])[:7])
                if step == 4:
                    peer.send(pack(ANSWER, [b"123456"]))
        wait_until(lambda: not gate.children())
        with gate.connect() as peer:
            peer.start("alice", PASSWORD)
            assert peer.receive().kind == PROMPT
            assert peer.answer("123456").verdict == IN


def test_a_silent_peer_keeps_its_place_for_the_deadline_only():
    with Gate(PERMIT, deadline=1, most=1) as gate, gate.connect() as silent:
        began = time.monotonic()
        assert gate.sign_in("alice", PASSWORD).verdict == IN
        assert 0.5 < time.monotonic() - began < 3
        assert silent.socket.recv(100) in (b"", pack(RESULT, [b""], UNAVAILABLE))


def test_a_slow_sender_is_cut_at_the_deadline():
    with Gate(PERMIT, deadline=1) as gate, gate.connect() as peer:
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            for byte in pack(START, [b"a" * 500, b"b" * 500, b""]):
                peer.send(bytes([byte]))
                time.sleep(0.05)
        assert 0.8 < time.monotonic() - began < 3


# ---- starting, stopping, and what is left behind

def test_secrets_are_not_in_the_log():
    with Gate(otp_service(PASSWORD, "otp=123456")) as gate:
        with gate.connect() as peer:
            peer.start("alice", PASSWORD)
            peer.receive()
            peer.answer("123456")
        gate.sign_in(PASSWORD + "\n", "other-secret")
        gate.wait_for_log("cannot be one")
        gate.wait_for_log('"alice" from "192.0.2.1": let in as "alice"')
        log = gate.log()
    assert PASSWORD not in log and "123456" not in log and "other-secret" not in log


def test_nobody_looks_into_a_conversation_and_it_leaves_no_core():
    with trouble("swallow") as gate, gate.connect() as peer:
        peer.start("alice", PASSWORD)
        peer.receive()
        pid = gate.children()[0]
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0  # not dumpable
        if os.geteuid() == 0:
            assert "Max core file size        0" in open(f"/proc/{pid}/limits").read()


def test_control_characters_reach_no_terminal(permissive):
    assert permissive.sign_in('zo\u009b31m"', "x").name == 'zo\u009b31m"'
    permissive.wait_for_log(re.escape('"zo\\xc2\\x9b31m\\x22"'))
    assert "\u009b" not in permissive.log()


@pytest.mark.parametrize("arguments, status, sentence", [
    (["--service", "missing"], 1, "there is no service file"),
    (["--service", "other"], 2, "--service takes a name"),
    (["--service", "../skillsd"], 2, "--service takes a name"),
    (["--service", "Skillsd"], 2, "--service takes a name"),
    (["--confdir", "/nonexistent"], 1, "there is no service file /nonexistent/skillsd"),
    (["--deadline", "0"], 2, "--deadline takes a whole number from 1 to 600"),
    (["--deadline", "1s"], 2, "--deadline takes a whole number from 1 to 600"),
    (["--max", "257"], 2, "--max takes a whole number from 1 to 256"),
    (["--peer", "there-is-nobody-of-this-name"], 2, "there is no user there-is-nobody-of-this-name"),
    (["--listen", "/tmp/" + "x" * 103], 1, "has 108 bytes, and at most 107 are possible"),
    (["--listen", "/nonexistent/gate.sock"], 1, "cannot listen on /nonexistent/gate.sock: No such file"),
    (["--colour"], 2, "usage:"),
    (["extra"], 2, "usage:"),
])
def test_it_refuses_to_start_and_says_why(arguments, status, sentence):
    gate = Gate(PERMIT, arguments=arguments)
    with pytest.raises(RuntimeError) as refusal:
        gate.start()
    assert sentence in str(refusal.value)
    assert gate.process.wait(5) == status
    gate.remove()


def test_a_service_file_that_vanishes_is_not_replaced_by_other():
    with Gate(PERMIT) as gate:
        gate.write_service("other", PERMIT)
        (gate.confdir / "skillsd").unlink()
        assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE


def test_the_socket_is_its_owners_only_and_gone_afterwards():
    gate = Gate(PERMIT).start()
    assert stat.S_IMODE(gate.path.stat().st_mode) == 0o600
    assert gate.stop() == 0
    assert not gate.path.exists()
    gate.remove()


def test_a_socket_in_use_is_left_alone_and_a_dead_one_replaced():
    with Gate(PERMIT) as gate:
        second = Gate(PERMIT, arguments=["--listen", str(gate.path)])
        with pytest.raises(RuntimeError, match="Address already in use"):
            second.start()
        gate.process.kill()
        gate.process.wait()
        assert gate.path.exists()
        gate.start()
        assert gate.sign_in("alice", PASSWORD).verdict == IN
        second.remove()


def test_a_file_in_the_sockets_place_is_left_alone():
    gate = Gate(PERMIT)
    gate.path.write_text("precious")
    with pytest.raises(RuntimeError, match="File exists"):
        gate.start()
    assert gate.path.read_text() == "precious"
    gate.remove()


def test_sigterm_ends_conversations_and_tells_their_peers():
    with trouble("hang", deadline=60) as gate:
        with gate.connect() as peer:
            peer.start("alice", PASSWORD)
            pid = wait_until(gate.children)[0]
            assert gate.stop() == 0
            assert peer.receive().verdict == UNAVAILABLE
            wait_until(lambda: is_gone(pid))


def test_killed_itself_it_leaves_no_conversation_behind():
    with trouble("swallow", deadline=60) as gate:
        with gate.connect() as peer:
            peer.start("alice", PASSWORD)
            peer.receive()
            pid = gate.children()[0]
            gate.process.kill()
            gate.process.wait()
            wait_until(lambda: is_gone(pid))
        gate.start()


def test_nothing_is_left_open_after_many_conversations(permissive):
    descriptors = f"/proc/{permissive.process.pid}/fd"
    if not os.access(descriptors, os.R_OK):
        pytest.skip("cannot look at the gate's descriptors")
    permissive.sign_in("alice", PASSWORD)
    wait_until(lambda: not permissive.children())
    before = len(os.listdir(descriptors))
    for _ in range(50):
        permissive.sign_in("alice", PASSWORD)
    wait_until(lambda: not permissive.children())
    wait_until(lambda: len(os.listdir(descriptors)) == before)


# ---- what it gives up

KEPT = {"chown": 0, "dac_override": 1, "dac_read_search": 2, "fowner": 3, "kill": 5, "setgid": 6, "setuid": 7, "audit_write": 29}


@pytest.mark.skipif(not are_possible(), reason="this system allows no user namespaces: nobody is root in a test")
def test_as_root_it_keeps_the_capabilities_that_pam_needs_and_its_conversations_have_no_more():
    mask = sum(1 << bit for bit in KEPT.values())
    with trouble("swallow", within=["unshare", "--user", "--map-root-user"]) as gate, gate.connect() as peer:
        peer.start("alice", PASSWORD)
        assert peer.receive().kind == PROMPT
        for pid in gate.process.pid, gate.children()[0]:
            sets = dict(re.findall(r"^Cap(\w+):\s+(\w+)$", open(f"/proc/{pid}/status").read(), re.M))
            assert {name: int(value, 16) for name, value in sets.items()} == {
                "Inh": 0, "Prm": mask, "Eff": mask, "Bnd": mask, "Amb": 0}


def test_files_that_its_starter_left_open_are_closed():
    with tempfile.TemporaryFile() as file:
        far = fcntl.fcntl(file, fcntl.F_DUPFD, 500)
        try:
            with Gate(PERMIT, popen={"pass_fds": [file.fileno(), far]}) as gate:
                descriptors = f"/proc/{gate.process.pid}/fd"
                if not os.access(descriptors, os.R_OK):
                    pytest.skip("cannot look at the gate's descriptors")
                open_files = [os.readlink(f"{descriptors}/{one}") for one in os.listdir(descriptors)]
                assert len(open_files) >= 4 and not [one for one in open_files if "(deleted)" in one]
        finally:
            os.close(far)


def test_conversations_share_one_processor_and_let_others_go_first_there():
    """So that one is at work at a time, whoever waits for what, and nobody else waits for it."""
    with trouble("swallow") as gate, gate.connect() as one, gate.connect() as other:
        for peer in one, other:
            peer.start("alice", PASSWORD)
            assert peer.receive().kind == PROMPT
        conversations = gate.children()
        places = {re.search(r"^Cpus_allowed_list:\s+(\S+)$", open(f"/proc/{pid}/status").read(), re.M)[1]
                  for pid in conversations}
        assert len(conversations) == 2 and places == {str(max(os.sched_getaffinity(gate.process.pid)))}
        assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in conversations} == {10}
        if os.path.exists("/proc/self/autogroup"):
            weights = {open(f"/proc/{pid}/autogroup").read().strip() for pid in (gate.process.pid, *conversations)}
            assert len(weights) == 1 and re.fullmatch(r"(/autogroup-\d+ nice 10)?", *weights)


# ---- what modules leave behind

@pytest.mark.parametrize("how", ["listening", "as systemd starts it", "stopped"])
def test_what_a_module_starts_and_leaves_ends_with_its_conversation(how):
    gate = trouble("linger")
    if how == "as systemd starts it":
        gate.process, peer = run_for_systemd(gate, "listen_fds")
        peer.start("alice", PASSWORD)
        assert peer.receive().verdict == IN and peer.hung_up()
        gate.process.communicate(timeout=20)
    else:
        with gate:
            assert gate.sign_in("alice", PASSWORD).verdict == IN
            if how == "listening":
                wait_until(lambda: not gate.leftovers())
                wait_until(lambda: not gate.children())
    wait_until(lambda: not gate.leftovers())
    gate.remove()


# ---- whose connections are answered

def connect_as_nobody(path):
    """Exit status 0: answered; 1: hung up on."""
    script = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(10); "
              "s.connect(sys.argv[1]); s.sendall(bytes.fromhex(sys.argv[2])); sys.exit(not s.recv(100))")
    frame = pack(START, [b"alice", PASSWORD.encode(), b""])
    return subprocess.run(["/usr/bin/python3", "-c", script, path, frame.hex()], **drop_to()).returncode


@as_root
def test_strangers_are_hung_up_on():
    with Gate(PERMIT, as_root=True) as gate:
        gate.path.chmod(0o666)
        assert connect_as_nobody(gate.path) == 1
        assert "is refused" in gate.log()
        assert gate.sign_in("alice", PASSWORD).verdict == IN


@as_root
@pytest.mark.parametrize("peer", ["nobody", str(pwd.getpwnam("nobody").pw_uid)])
def test_the_peer_it_was_told_of_is_answered(peer):
    with Gate(PERMIT, as_root=True, arguments=["--peer", peer]) as gate:
        assert gate.path.stat().st_uid == pwd.getpwnam("nobody").pw_uid
        assert connect_as_nobody(gate.path) == 0


# ---- as systemd starts it

def run_for_systemd(gate, how):
    """Starts the gate with a connected socket as systemd would; returns the process and our end."""
    ours, theirs = socket.socketpair()
    command = [gate.binary, "--confdir", gate.confdir, "--deadline", "1"]
    if how == "stdin":
        given = {"stdin": theirs, "stdout": theirs}
    else:
        command = ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", *command]
        given = {"pass_fds": [3], "preexec_fn": lambda: os.dup2(theirs.fileno(), 3),
                 "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **given, **drop_to())
    theirs.close()
    return process, GatePeer(ours)


@pytest.mark.parametrize("how", ["stdin", "listen_fds"])
def test_one_connection_one_answer_and_exit(how):
    gate = Gate(PERMIT)
    process, peer = run_for_systemd(gate, how)
    peer.start("alice", PASSWORD)
    assert peer.receive().verdict == IN
    log = process.communicate(timeout=10)[1]
    assert process.returncode == 0 and "let in as" in log
    assert peer.hung_up()
    peer.close()
    gate.remove()


@pytest.mark.parametrize("word, low", [("hang", 0.8), ("crash", 0)])
def test_a_single_connection_is_watched_too(word, low):
    gate = trouble(word)
    process, peer = run_for_systemd(gate, "listen_fds")
    began = time.monotonic()
    peer.start("alice", PASSWORD)
    assert peer.receive().verdict == UNAVAILABLE
    assert low <= time.monotonic() - began < 4
    process.communicate(timeout=10)
    assert process.returncode == 0
    peer.close()
    gate.remove()


def test_without_a_connection_it_says_so():
    gate = Gate(PERMIT)
    run = subprocess.run([gate.binary, "--confdir", gate.confdir], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=10, **drop_to())
    assert run.returncode == 2
    assert "systemd has handed over no connection" in run.stderr
    gate.remove()
