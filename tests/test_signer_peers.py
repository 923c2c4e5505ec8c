# SPDX-License-Identifier: Apache-2.0
"""skillsd-sign and who connects to it: peers that misbehave, its end, what cannot be got out of it, and the daemon's client."""
import base64
import contextlib
import os
import pwd
import random
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import threading

import pytest

from kit.gate import build_folder, drop_to, make_folder, wait_until
from kit.preload import Preloaded
from kit.signer import (ALGORITHMS, HASHES, HEAD, JWS, PROOF, SIGNED, TELLS, Signer, as_root, frame, jws, memory_of, proof,
                        request, signer)  # noqa: F401 a fixture

BULK = 4000  # in one frame


# ---- peers that misbehave

A = "00000000-0000-4000-8000-000000000000"
RUBBISH = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 12, b"\0" * 5000, random.Random(1).randbytes(4096),
    frame(), frame(request(PROOF, A, b"")), frame(request(0, A, HASHES)), frame(request(4, A, HASHES)),
    frame(request(PROOF, A, HASHES), version=2), frame(request(PROOF, A, HASHES), kind=TELLS), frame(request(PROOF, A, HASHES), count=2),
    frame(request(PROOF, A, HASHES), request(PROOF, A, HASHES), count=1), frame(request(PROOF, A, HASHES), count=4001),
    frame(request(PROOF, A, HASHES, size=65)), frame(request(PROOF, A, HASHES, size=63)), frame(request(PROOF, A, HASHES, size=2**32 - 1)),
    frame(request(JWS, A, b"x" * 262145)), frame(request(PROOF, A, HASHES), size=2**32 - 1), frame(request(PROOF, A, HASHES), size=1024 * 1024 + 1),
]


@pytest.mark.parametrize("data", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_cut_off_without_a_word(signer, data):
    with signer.connect() as peer:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.send(data)
            peer.socket.shutdown(socket.SHUT_WR)
        assert peer.hung_up()
    assert signer.ask(proof(signer.made["ed25519"]))[0][0] == SIGNED


def test_a_frame_cut_anywhere_or_sent_in_pieces_harms_nobody(signer):
    whole = frame(proof(signer.made["ed25519"]))
    for cut in range(len(whole)):
        with signer.connect() as peer:
            peer.send(whole[:cut])
    with signer.connect() as peer:
        for byte in whole:
            peer.send(bytes([byte]))
        assert peer.receive()[0][0] == SIGNED


def test_who_does_not_read_its_answer_stalls_nobody(signer):
    batch = frame(*[request(JWS, signer.made["p256"].id, b"x")] * 1000 + [proof(signer.made["ed25519"])] * 3000)
    with signer.connect() as deaf, signer.connect() as other:
        deaf.send(batch)
        assert other.ask(proof(signer.made["ed25519"]))[0][0] == SIGNED
        assert len(deaf.receive()) == BULK


def test_a_single_request_does_not_wait_for_a_batch(signer):
    bulk = frame(*[request(JWS, signer.made["rsa2048"].id, jws("RS256"))] * 1000)
    with signer.connect() as many, signer.connect() as one:
        many.send(bulk)
        assert one.ask(proof(signer.made["ed25519"]))[0][0] == SIGNED
        assert not select.select([many.socket], [], [], 0)[0]
        assert [reason for reason, _ in many.receive()] == [SIGNED] * 1000


def test_a_hundred_clients_are_answered_at_once(signer):
    key, answers = signer.made["ed25519"], {}

    def client(number):
        with signer.connect() as peer:
            ready.wait()
            data = [HASHES[:-2] + bytes([number, i]) for i in range(50)]
            answers[number] = peer.ask(*(request(PROOF, key.id, one) for one in data))
    ready = threading.Barrier(100)
    threads = [threading.Thread(target=client, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    signatures = [signature for batch in answers.values() for reason, signature in batch if reason == SIGNED]
    assert len(signatures) == len(set(signatures)) == 5000


@as_root
def test_strangers_are_hung_up_on():
    script = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.exit(s.recv(1) == b'')"
    with Signer(arguments=["--peer", "daemon"]) as signer:
        assert stat.S_IMODE(signer.path.stat().st_mode) == 0o666
        assert subprocess.run(["/usr/bin/python3", "-c", script, signer.path], user="sys").returncode == 1
        assert f"a connection from user id {pwd.getpwnam('sys').pw_uid}" in signer.log()


def test_the_socket_is_its_owners_only_and_gone_afterwards():
    signer = Signer().start()
    assert stat.S_IMODE(signer.path.stat().st_mode) == 0o600
    assert signer.stop() == 0 and not signer.path.exists()
    signer.remove()


def test_it_takes_the_socket_that_systemd_hands_over():
    signer = Signer()
    key = signer.new()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(signer.path))
    signer.path.chmod(0o666)
    listener.listen()
    process = subprocess.Popen(["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", signer.binary, "--keys", signer.keys],
                               pass_fds=[3], preexec_fn=lambda: os.dup2(listener.fileno(), 3), stderr=subprocess.PIPE, text=True, **drop_to())
    assert signer.ask(proof(key))[0][0] == SIGNED
    process.send_signal(signal.SIGTERM)
    log = process.communicate(timeout=30)[1]
    assert process.returncode == 0 and "listening on systemd's socket with 1 keys" in log
    assert signer.path.exists()
    signer.remove()


# ---- its end

def test_what_was_asked_before_the_end_is_answered_whole(tmp_path):
    with Signer() as signer:
        key = signer.new("rsa2048")
        with signer.connect() as peer, signer.connect() as idle:
            peer.send(frame(*[request(JWS, key.id, jws("RS256"))] * 1000))
            signer.ask(proof(key))  # so that the batch has been read
            signer.process.send_signal(signal.SIGTERM)
            answers = peer.receive()
            assert {reason for reason, _ in answers} == {SIGNED} and key.verifies(jws("RS256"), answers[-1][1], tmp_path)
            assert idle.hung_up()
        assert signer.process.wait(30) == 0


def test_killed_in_the_middle_it_has_answered_nothing():
    with Signer() as signer:
        key = signer.new("rsa2048")
        with signer.connect() as peer:
            peer.send(frame(*[request(JWS, key.id, jws("RS256"))] * BULK))
            signer.ask(proof(key))
            signer.stop(signal.SIGKILL)
            with pytest.raises((EOFError, ConnectionResetError)):
                peer.receive()
        signer.start()
        assert signer.ask(request(JWS, key.id, jws("RS256")))[0][0] == SIGNED


# ---- what cannot be got out of it

def test_nobody_looks_into_it_and_it_leaves_no_core():
    with Signer(environment={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:disable_coredump=0"}) as signer:
        signer.ask(proof(signer.new()))
        assert os.stat(f"/proc/{signer.process.pid}/mem").st_uid == 0  # not dumpable
        status = open(f"/proc/{signer.process.pid}/status").read()
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Threads:\s+1$", status, re.M)
        os.kill(signer.process.pid, signal.SIGSEGV)
        status = os.waitpid(signer.process.pid, 0)[1]
        assert os.WTERMSIG(status) == signal.SIGSEGV and not os.WCOREDUMP(status)
        signer.process.returncode = -signal.SIGSEGV


def secret_of(key):
    """32 bytes that nobody can do without."""
    return key.private()[36:68] if key.algorithm == "p256" else key.private()[-32:]


def test_it_has_each_key_once_and_nothing_where_memory_was_given_back():
    with Preloaded("dumpable") as preloaded:
        signer = Signer(environment=preloaded.environment | {"ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"})
        keys = [signer.new(name) for name in (*ALGORITHMS, "p256", "p256")]
        with signer:
            before = memory_of(signer.process.pid)
            assert {signer.ask(request(JWS, key.id, jws(ALGORITHMS[key.algorithm])))[0][0] for key in keys} == {SIGNED}
            after = memory_of(signer.process.pid)
            for key in keys:
                secret, number = secret_of(key), key.algorithm != "ed25519"  # whose halves OpenSSL turns round
                for memory in before, after:
                    assert (memory.count(secret), memory.count(secret[::-1])) == ((0, 1) if number else (1, 0)), key.algorithm
                    assert base64.b64encode(key.private())[-40:] not in memory


def ask(signer, key, kind, data, *more, path=None):
    """The daemon's client as a process."""
    words = [build_folder() / "kit/signer_ask", path or signer.path, key if isinstance(key, str) else key.id, kind]
    return subprocess.run([*words, *map(str, more)], input=data, capture_output=True, timeout=120)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_byte_of_a_key_is_in_the_memory_of_its_clients(signer, name):
    key = signer.made[name]
    command = [build_folder() / "kit/signer_ask", signer.path, key.id, "jws", "100", "2", "60", "hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **drop_to()) as process:
        process.stdin.write(jws(ALGORITHMS[name]))
        process.stdin.close()
        signature = bytes.fromhex(process.stdout.readline().decode())
        process.stdout.readline()
        assert b"seconds" in process.stdout.readline()
        memory = memory_of(process.pid)
        process.kill()
    secret = secret_of(key)
    # It is looked at where there is something to find: what was asked for, of which an answer may have taken the place.
    assert key.id.encode() in memory and (signature in memory or jws(ALGORITHMS[name]) in memory)
    assert secret not in memory and secret[::-1] not in memory and base64.b64encode(key.private())[-40:] not in memory


# ---- the daemon's client

@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_client_gets_ten_thousand_signatures(signer, name, tmp_path):
    count = 10000 if name != "rsa2048" else 1000
    key, said = signer.made[name], jws(ALGORITHMS[name])
    done = ask(signer, key, "jws", said, count, 1)
    signature, took = done.stdout.decode().splitlines()
    assert key.verifies(said, bytes.fromhex(signature), tmp_path)
    print(f"{count} signatures with {name}: {took}")


def test_the_client_splits_what_is_too_much_for_a_frame_and_serves_many_threads(signer):
    done = ask(signer, signer.made["p256"], "jws", jws("ES256", payload=b"x" * 100000), 30, 8)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 9 and all(re.fullmatch("[0-9a-f]{128}", line) for line in lines[:-1])


@pytest.mark.parametrize("kind, key, data, sentence", [
    ("proof", "p256", HASHES, "9 skillsd-sign does not sign with the key {}: that key is for something else"),
    ("jws", "p256", jws("RS256"), "9 skillsd-sign does not sign with the key {}: these bytes are not what such a key signs"),
    ("proof", A, HASHES, "9 skillsd-sign does not sign with the key {}: it has no such key"),
    ("proof", A, b"", "9 0 bytes cannot be signed with the key {}"), ("proof", "x", HASHES, "9 64 bytes cannot be signed with the key {}"),
    ("jws", A, b"x" * 262145, "9 262145 bytes cannot be signed with the key {}"),
], ids=range(6))
def test_the_client_says_why_there_is_no_signature(signer, kind, key, data, sentence):
    key = signer.made[key].id if key in signer.made else key
    assert ask(signer, key, kind, data, 1, 1).stdout.decode().startswith(sentence.format(key) + "\n")


def test_without_a_signer_the_client_is_told_to_come_again(request):
    tmp_path = make_folder()
    request.addfinalizer(lambda: shutil.rmtree(tmp_path, ignore_errors=True))
    assert ask(None, A, "proof", HASHES, 1, 1, path=tmp_path / "none").stdout.startswith(b"8 skillsd-sign is not there: ")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen(0)
        said = ask(None, A, "proof", HASHES, 1, 4, 1, path=tmp_path / "silent").stdout
        assert said.count(b"8 skillsd-sign does not answer: it takes too long\n") == 4


def test_a_signer_that_is_killed_leaves_its_client_without_signatures():
    with Signer() as signer:
        key = signer.new("rsa2048")
        command = [build_folder() / "kit/signer_ask", signer.path, key.id, "jws", "20000", "1"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **drop_to()) as process:
            process.stdin.write(jws("RS256"))
            process.stdin.close()
            wait_until(lambda: signer.process.poll() or cpu_of(signer.process.pid) > 10)
            signer.stop(signal.SIGKILL)
            assert process.stdout.readline().startswith(b"8 skillsd-sign does not answer: ")


def cpu_of(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[11])


@pytest.mark.parametrize("tells", [
    b"\0" * 8, b"HTTP/1.1 200 OK\r\n", HEAD.pack(3, 1, 2, 2) + b"\1\0\0", HEAD.pack(6, 1, 2, 1) + b"\1\0\0\1\0\0",
    HEAD.pack(4, 1, 2, 1) + b"\0\0\2x", HEAD.pack(3, 1, 2, 1) + b"\0\0\0", HEAD.pack(3, 1, 2, 1) + b"\5\0\0", HEAD.pack(3, 1, 1, 1) + b"\1\0\0"],
                         ids=range(8))
def test_the_client_believes_no_rubbish(tells, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def serve():
            peer = listener.accept()[0]
            peer.recv(1000)
            peer.sendall(tells)
            peer.close()
        thread = threading.Thread(target=serve)
        thread.start()
        said = ask(None, A, "proof", HASHES, 1, 1, path=tmp_path / "s").stdout
        thread.join()
    assert said.startswith(b"8 skillsd-sign does not answer: ")
