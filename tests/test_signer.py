# SPDX-License-Identifier: Apache-2.0
"""skillsd-sign: what it signs and what it refuses, its keys' files, peers that misbehave, and what cannot be got out of it."""
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
import uuid

import pytest

from kit.gate import build_folder, drop_to, make_folder, wait_until
from kit.preload import Preloaded
from kit.signer import (ALGORITHMS, CHECKPOINT, HASHES, HEAD, JWS, NO_KEY, OTHER_PURPOSE, PROOF, SIGNED, TELLS, WRONG_BYTES,
                        Signer, b64url, frame, jws, memory_of, request)

LINE = b"skillsd-checkpoint 1 7 2026-11-22T10:00:00Z " + b"A" * 43 + b" " + b"B" * 43
BULK = 4000  # in one frame
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")


@pytest.fixture(scope="module")
def signer():
    with Signer() as one:
        one.made = {name: one.new(name) for name in ALGORITHMS}
        one.checkpoint = one.new("ed25519", "checkpoint")
        yield one


def proof(key):
    return request(PROOF, key.id, HASHES)


# ---- what it signs

@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_jws_of_each_algorithm_verifies(signer, name, tmp_path):
    key, said = signer.made[name], jws(ALGORITHMS[name])
    [(reason, signature)] = signer.ask(request(JWS, key.id, said))
    assert reason == SIGNED and key.verifies(said, signature, tmp_path)
    assert not key.verifies(said + b"A", signature, tmp_path)


def test_a_proof_and_a_checkpoint_verify(signer, tmp_path):
    key = signer.made["ed25519"]
    answers = signer.ask(proof(key), request(CHECKPOINT, signer.checkpoint.id, LINE))
    assert [reason for reason, _ in answers] == [SIGNED, SIGNED]
    assert key.verifies(HASHES, answers[0][1], tmp_path)
    assert signer.checkpoint.verifies(LINE, answers[1][1], tmp_path)


def test_a_batch_is_answered_in_its_order_and_a_refusal_harms_only_itself(signer, tmp_path):
    key = signer.made["ed25519"]
    asked = [HASHES[:-1] + bytes([i]) for i in range(200)]
    answers = signer.ask(*(request(PROOF, key.id, data) for data in asked[:100]), request(PROOF, key.id, b"short"),
                         *(request(PROOF, key.id, data) for data in asked[100:]))
    assert answers.pop(100) == (WRONG_BYTES, b"")
    assert len({signature for _, signature in answers}) == 200
    for i in 0, 99, 100, 199:
        assert key.verifies(asked[i], answers[i][1], tmp_path)


def test_many_batches_go_over_one_connection(signer):
    with signer.connect() as peer:
        assert all(peer.ask(proof(signer.made["p256"]), proof(signer.made["ed25519"]))
                   == [(OTHER_PURPOSE, b""), peer.ask(proof(signer.made["ed25519"]))[0]] for _ in range(20))


def test_the_largest_request_is_signed(signer, tmp_path):
    said = jws("ES256", payload=b"x" * 190000)
    said += b"A" * (262144 - len(said))
    key = signer.made["p256"]
    [(reason, signature)] = signer.ask(request(JWS, key.id, said))
    assert reason == SIGNED and key.verifies(said, signature, tmp_path)


# ---- what it refuses to sign

def refused(signer, kind, key, data, reason):
    assert signer.ask(request(kind, key if isinstance(key, str) else key.id, data)) == [(reason, b"")]


def test_an_unknown_key_signs_nothing(signer):
    refused(signer, PROOF, str(uuid.uuid4()), HASHES, NO_KEY)


def test_a_key_signs_for_its_purpose_only(signer):
    refused(signer, PROOF, signer.checkpoint, HASHES, OTHER_PURPOSE)
    refused(signer, JWS, signer.checkpoint, jws("EdDSA"), OTHER_PURPOSE)
    for key in signer.made.values():
        refused(signer, CHECKPOINT, key, LINE, OTHER_PURPOSE)
    for name in "p256", "rsa2048":
        refused(signer, PROOF, signer.made[name], HASHES, OTHER_PURPOSE)


@pytest.mark.parametrize("data", [HASHES[:-1], HASHES + b"x", LINE[:64], jws("EdDSA", payload=b"x" * 14)[:64].ljust(64, b"A")], ids=range(4))
def test_a_proof_is_two_hashes(signer, data):
    refused(signer, PROOF, signer.made["ed25519"], data, WRONG_BYTES)


@pytest.mark.parametrize("data", [b"skillsd-checkpoint ", b"skillsd-checkpoint", b" " + LINE, LINE.upper(), LINE + b"\n", LINE + b"\0",
                                  LINE.ljust(513, b"A"), HASHES, jws("EdDSA")], ids=range(9))
def test_a_checkpoint_is_one_line_that_says_so(signer, data):
    refused(signer, CHECKPOINT, signer.checkpoint, data, WRONG_BYTES)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_header_with_another_algorithm_is_refused(signer, name):
    for alg in {*ALGORITHMS.values(), "none", "HS256", "Ed25519", ALGORITHMS[name] + "K", ALGORITHMS[name][:-1], ""} - {ALGORITHMS[name]}:
        refused(signer, JWS, signer.made[name], jws(alg), WRONG_BYTES)


HEADERS = [
    b'{"alg":"ES256","alg":"none"}', b'{"alg":"ES256","ALG":"none"}', b'{"alg":"ES256","\\u0061lg":"none"}',
    b'{"alg":"ES256","jwk":{"alg":"none"}}', b'{"alg":"none","kid":"ES256"}', b'{"kid":"1","alg":"ES256"}',
    b'{ "alg":"ES256"}', b'{"alg": "ES256"}', b'{"alg":"ES256"', b'{"alg":"ES256"x}', b'{"alg":["ES256"]}', b'["alg","ES256"]', b"{}", b"",
    b'{"alg":"ES256"}\n', b'{"alg":"ES256","kid":"\xc3\xa9"}', b'{"alg":"ES256\0","kid":"1"}', b'{"alg":"ES256","kid":"' + b"1" * 4000 + b'"}',
]


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_a_header_that_is_not_plain_is_refused(signer, header):
    refused(signer, JWS, signer.made["p256"], jws("ES256", header=header), WRONG_BYTES)


@pytest.mark.parametrize("data", [
    b64url(b'{"alg":"ES256"}'), b64url(b'{"alg":"ES256"}') + b".", b"." + b64url(b"{}"), jws("ES256") + b".AAAA", jws("ES256") + b"=",
    jws("ES256") + b"\n", jws("ES256").replace(b".", b".+"), jws("ES256") + b"\0AAA", b".", b"x", HASHES], ids=range(11))
def test_what_is_no_signing_input_is_refused(signer, data):
    refused(signer, JWS, signer.made["p256"], data, WRONG_BYTES)


# ---- keys and their files

def test_a_new_key_is_told_as_it_is_listed_and_its_file_is_ours_alone(signer):
    for key in (*signer.made.values(), signer.checkpoint):
        assert uuid.UUID(key.id).version == 7 and str(uuid.UUID(key.id)) == key.id
        assert stat.S_IMODE(key.path.stat().st_mode) == 0o400
        assert key.private()[:2] in (b"\x30\x2e", b"\x30\x81", b"\x30\x82")
        openssl = subprocess.run(["openssl", "pkey", "-in", key.path, "-pubout", "-outform", "DER"], capture_output=True, check=True)
        assert openssl.stdout == key.public
        again = signer.list()[key.id]
        assert (again.algorithm, again.purpose, again.public) == (key.algorithm, key.purpose, key.public)
    assert not [path for path in signer.keys.iterdir() if path.suffix != ".pem"]


def test_a_key_that_is_added_while_it_runs_signs():
    with Signer() as signer:
        assert signer.ask(proof(signer.new()))[0][0] == SIGNED


def test_a_key_that_is_taken_away_signs_no_more_once_it_is_told():
    with Signer() as signer:
        stays, goes = signer.new(), signer.new()
        assert [reason for reason, _ in signer.ask(proof(stays), proof(goes))] == [SIGNED, SIGNED]
        goes.path.unlink()
        signer.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the keys are read again: 1" in signer.log())
        assert [reason for reason, _ in signer.ask(proof(stays), proof(goes))] == [SIGNED, NO_KEY]


def test_a_key_whose_file_goes_signs_no_more_though_nobody_tells():
    with Signer() as signer, signer.connect() as peer:
        stays, goes, ends = signer.new(), signer.new(), signer.new()
        assert [reason for reason, _ in peer.ask(proof(stays), proof(goes), proof(ends))] == [SIGNED] * 3
        text = goes.path.read_bytes()
        goes.path.unlink()
        assert signer.run("end", signer.keys, ends.id).returncode == 0
        wait_until(lambda: [reason for reason, _ in peer.ask(proof(stays), proof(goes), proof(ends))] == [SIGNED, NO_KEY, NO_KEY], 10)
        assert not {goes.id, ends.id} & set(signer.list()) and ends.path.with_suffix(".ended").exists()
        goes.path.write_bytes(text)
        goes.path.chmod(0o400)
        if not os.geteuid():
            os.chown(goes.path, drop_to()["user"], -1)
        wait_until(lambda: peer.ask(proof(goes))[0][0] == SIGNED)
        goes.path.chmod(0o444)
        wait_until(lambda: [reason for reason, _ in peer.ask(proof(stays), proof(goes))] == [SIGNED, NO_KEY], 10)


def test_a_key_is_ended_once_and_again_is_no_fault(signer):
    key = signer.new()
    for status in 0, 0:
        assert signer.run("end", signer.keys, key.id).returncode == status
    done = signer.run("end", signer.keys, A)
    assert done.returncode == 1 and "cannot be put away" in done.stderr


def edit(change):
    def apply(path):
        text = change(path.read_text())
        path.unlink()
        path.write_text(text)
        path.chmod(0o400)
    return apply


def moved(path):
    path.rename(path.parent / "elsewhere")


def link(path):
    moved(path)
    path.symlink_to("elsewhere")


def fifo(path):
    path.unlink()
    os.mkfifo(path, 0o400)


def folder(path):
    path.unlink()
    path.mkdir(0o500)


def locked(path):
    subprocess.run(["openssl", "pkey", "-in", path, "-aes128", "-passout", "pass:x", "-out", f"{path}.1"], check=True)
    edit(lambda text: text.split("\n")[0] + "\n" + (path.parent / f"{path.name}.1").read_text())(path)


OURS = "a key's file must belong to who signs with it, and be readable by nobody else"
LINES, FOLLOWS, FITS = "its first line is not", "no key follows", "its key is none of the algorithm that its first line names"
BROKEN = [
    (lambda path: path.chmod(0o440), OURS), (lambda path: path.chmod(0o404), OURS), (lambda path: path.chmod(0o620), OURS),
    (link, "a symbolic link is no key"), (fifo, "it is no regular file"), (folder, "it is no regular file"),
    (edit(lambda text: ""), LINES), (edit(lambda text: text.split("\n", 1)[1]), LINES),
    (edit(lambda text: text.replace("key 1", "key 2")), LINES), (edit(lambda text: text.replace("p256", "p384")), LINES),
    (edit(lambda text: text.replace("assertion", "everything")), LINES), (edit(lambda text: text.replace("assertion", "checkpoint")), LINES),
    (edit(lambda text: "skillsd-key 1 p256 " + "a" * 10000 + text), LINES),
    (edit(lambda text: text.split("\n")[0] + "\n"), FOLLOWS), (edit(lambda text: text[:150]), FOLLOWS),
    (edit(lambda text: text.replace("PRIVATE KEY", "EC PRIVATE KEY")), FOLLOWS), (locked, FOLLOWS),
    (edit(lambda text: text.replace("p256", "rsa2048")), FITS), (edit(lambda text: text.replace("p256", "ed25519")), FITS),
]


def said_after(signer, key, sentence):
    """Whether it is refused with a sentence; the folder is not looked at each time."""
    refused(signer, JWS, key, jws("ES256"), NO_KEY)
    return sentence in signer.log()


@pytest.mark.parametrize("broken, why", BROKEN, ids=range(len(BROKEN)))
def test_a_file_that_is_not_as_it_must_be_is_refused_and_said(signer, broken, why):
    key = signer.new("p256")
    try:
        broken(key.path)
        if not os.geteuid():
            os.chown(key.path, drop_to()["user"], -1, follow_symlinks=False)
        wait_until(lambda: said_after(signer, key, f"{key.id}.pem is refused: {why}"))
        listed = signer.run("list", signer.keys)
        assert listed.returncode == 1 and f"{key.id}.pem is refused: {why}" in listed.stderr and key.id not in listed.stdout
        assert signer.made["p256"].id in listed.stdout
    finally:
        key.path.rmdir() if key.path.is_dir() else key.path.unlink()


@as_root
def test_somebody_elses_file_is_refused(signer):
    key = signer.new()
    os.chown(key.path, 0, -1)
    refused(signer, PROOF, key, HASHES, NO_KEY)
    key.path.unlink()


@as_root
def test_as_root_a_new_key_belongs_to_the_folders_owner(signer):
    done = signer.run("new", signer.keys, "ed25519", "assertion", user=0)
    path = signer.keys / f"{done.stdout.split()[0]}.pem"
    assert path.stat().st_uid == signer.keys.stat().st_uid != 0 and stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_thousand_unknown_keys_do_not_make_it_look_a_thousand_times():
    with Signer() as signer:
        keys = [str(uuid.uuid4()) for _ in range(500)]
        for key in keys:
            (signer.keys / f"{key}.pem").write_text("nothing")
        assert {reason for reason, _ in signer.ask(*(request(PROOF, key, HASHES) for key in keys))} == {NO_KEY}
        assert 16 <= signer.log().count("is refused") < 500
        known = signer.new()
        wait_until(lambda: signer.ask(proof(known))[0][0] == SIGNED)


def test_it_starts_beside_refused_files_and_from_credentials():
    signer = Signer()
    good, bad = signer.new(), signer.new()
    bad.path.chmod(0o444)
    signer.environment["CREDENTIALS_DIRECTORY"] = str(signer.keys)
    signer.arguments = ["--socket", signer.path]
    with signer:
        assert [reason for reason, _ in signer.ask(proof(good), proof(bad))] == [SIGNED, NO_KEY]
        assert "with 1 keys" in signer.log()


@pytest.mark.parametrize("words, status, sentence", [
    (["new", "KEYS", "p384", "assertion"], 2, "usage:"), (["new", "KEYS", "p256", "all"], 2, "usage:"), (["new", "KEYS"], 2, "usage:"),
    (["list"], 2, "usage:"), (["erase", "KEYS"], 2, "usage:"), (["end", "KEYS"], 2, "usage:"), (["end", "KEYS", "../x"], 2, "usage:"), ([], 2, "usage:"), (["--colour"], 2, "usage:"),
    (["new", "KEYS", "p256", "checkpoint"], 1, "checkpoints are signed with ed25519, not with p256"),
    (["new", "/nonexistent", "p256", "assertion"], 1, "folder of keys /nonexistent is refused: No such file"),
    (["list", "OPEN"], 1, "is refused: others may write there"), (["new", "/proc", "p256", "assertion"], 1, "cannot be written"),
    (["--keys", "KEYS"], 1, "systemd has handed over no socket"), (["--peer", "there-is-nobody-of-this-name"], 2, "there is no user"),
    (["--keys", "KEYS", "--socket", "/nonexistent/s"], 1, "cannot listen on /nonexistent/s"),
])
def test_it_refuses_and_says_why(signer, words, status, sentence):
    unsafe = signer.folder / "open"
    unsafe.mkdir(exist_ok=True)
    unsafe.chmod(0o777)
    done = signer.run(*({"KEYS": signer.keys, "OPEN": unsafe}.get(word, word) for word in words), stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (status, "") and sentence in done.stderr


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
    assert signature in memory and key.id.encode() in memory  # it is looked at where there is something to find
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
