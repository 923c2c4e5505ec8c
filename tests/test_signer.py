# SPDX-License-Identifier: Apache-2.0
"""skillsd-sign: what it signs and what it refuses, and its keys' files."""
import os
import signal
import stat
import subprocess
import uuid

import pytest

from kit.gate import drop_to, wait_until
from kit.signer import (ALGORITHMS, CHECKPOINT, HASHES, JWS, NO_KEY, OTHER_PURPOSE, PROOF, SIGNED, WRONG_BYTES, Signer, as_root,
                        b64url, jws, proof, request, signer)  # noqa: F401 a fixture

A = "00000000-0000-4000-8000-000000000000"
LINE = b"skillsd-checkpoint 1 7 2026-11-22T10:00:00Z " + b"A" * 43 + b" " + b"B" * 43


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
        wait_until(lambda: [reason for reason, _ in peer.ask(proof(stays), proof(goes), proof(ends))] == [SIGNED, NO_KEY, NO_KEY])
        assert not {goes.id, ends.id} & set(signer.list()) and ends.path.with_suffix(".ended").exists()
        goes.path.write_bytes(text)
        goes.path.chmod(0o400)
        if not os.geteuid():
            os.chown(goes.path, drop_to()["user"], -1)
        wait_until(lambda: peer.ask(proof(goes))[0][0] == SIGNED)
        goes.path.chmod(0o444)
        wait_until(lambda: [reason for reason, _ in peer.ask(proof(stays), proof(goes))] == [SIGNED, NO_KEY])


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
