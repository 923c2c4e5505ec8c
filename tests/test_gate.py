# SPDX-License-Identifier: Apache-2.0
"""skillsd-gate against real PAM: what it says of a sign-in, what it asks, and modules that misbehave."""
import concurrent.futures
import os
import resource
import time

import pytest

from kit.gate import (ANSWER, IN, PROMPT, RESULT, ROOT, START, UNAVAILABLE, UNKNOWN, WRONG, Gate,
                      children_of, is_gone, make_folder, make_userdb, otp_service, pack, trouble, wait_until)

PASSWORD = "S3cret-of-Alice"
PERMIT = ["auth required pam_permit.so", "account required pam_permit.so"]


@pytest.fixture(scope="module")
def userdb():
    """A gate as the demo runs it: pam_userdb on a private file."""
    folder = make_folder()
    make_userdb(folder / "users", {"alice": PASSWORD, "zoë": "pässword", "longer": "x" * 500})
    line = f"required pam_userdb.so crypt=crypt db={folder}/users"
    with Gate([f"auth {line}", f"account {line}"]) as gate:
        yield gate
    (folder / "users.db").unlink()
    folder.rmdir()


# ---- what it says

@pytest.mark.parametrize("username, password, verdict", [
    ("alice", PASSWORD, IN),
    ("zoë", "pässword", IN),
    ("longer", "x" * 500, IN),
    ("longer", "x" * 499, WRONG),
    ("alice", "not it", WRONG),
    ("alice", PASSWORD.lower(), WRONG),
    ("mallory", PASSWORD, UNKNOWN),
    ("../alice", PASSWORD, UNKNOWN),
    ("x" * 512, PASSWORD, UNKNOWN),
], ids=range(9))
def test_pam_userdb_decides(userdb, username, password, verdict):
    result = userdb.sign_in(username, password)
    assert (result.kind, result.verdict) == (RESULT, verdict)
    assert result.name == (username if verdict == IN else "")


@pytest.mark.parametrize("username, password", [
    ("", PASSWORD), ("alice", ""), ("alice\n", PASSWORD), ("al\x1b[2Jice", PASSWORD), ("alice\x7f", PASSWORD),
    ("alice\0x", PASSWORD), ("alice", f"{PASSWORD}\0x"), ("alice", "\0"),
])
def test_what_cannot_be_a_name_or_password_is_wrong_without_asking_pam(username, password):
    with Gate(PERMIT) as gate:
        assert gate.sign_in(username, password).verdict == WRONG
        gate.wait_for_log("PAM was not asked")
        assert gate.sign_in("alice", "anything").verdict == IN


@pytest.fixture(scope="module")
def codes_gate():
    with Gate(PERMIT) as gate:
        yield gate


CODES = {
    WRONG: ["auth_err", "perm_denied", "maxtries", "acct_expired", "new_authtok_reqd", "cred_expired",
            "authtok_expired"],
    UNKNOWN: ["user_unknown"],
    UNAVAILABLE: ["authinfo_unavail", "conv_err", "system_err", "abort", "service_err", "open_err",
                  "symbol_err", "buf_err", "cred_insufficient", "cred_unavail", "cred_err", "session_err",
                  "authtok_err", "authtok_lock_busy", "try_again", "module_unknown", "bad_item",
                  "no_module_data"],
}


@pytest.mark.parametrize("phase", ["auth", "acct"])
@pytest.mark.parametrize("verdict, code", [(verdict, code) for verdict in CODES for code in CODES[verdict]])
def test_every_code_of_pam_has_its_verdict(codes_gate, phase, verdict, code):
    codes_gate.write_service("skillsd", [f"auth required pam_debug.so {phase}={code}",
                                         f"account required pam_debug.so {phase}={code}"])
    result = codes_gate.sign_in("alice", PASSWORD)
    assert (result.kind, result.verdict, result.name) == (RESULT, verdict, "")


@pytest.mark.parametrize("module", ["pam_there_is_none.so", "/dev/null"])
def test_a_module_that_cannot_be_loaded_is_unavailable(module):
    with Gate([f"auth required {module}", "account required pam_permit.so"]) as gate:
        assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE


def test_the_canonical_name_is_sent():
    with Gate(otp_service(PASSWORD, "user=alice@corp")) as gate:
        result = gate.sign_in("alice", PASSWORD)
        assert (result.verdict, result.name) == (IN, "alice@corp")
        gate.wait_for_log('let in as "alice@corp"')


def test_a_canonical_name_with_control_characters_is_nobodys():
    with trouble("rename") as gate:
        assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE
        gate.wait_for_log("an account name that cannot be one")
        assert "root\n" not in gate.log()


def test_pam_knows_where_the_client_is():
    with trouble("items") as gate:
        assert gate.sign_in("alice", PASSWORD, "2001:db8::7").strings == [b"+2001:db8::7 skillsd alice"]
        assert gate.sign_in("alice", PASSWORD, "").strings == [b"+none skillsd alice"]


def test_the_failure_delay_is_handed_back_and_not_slept():
    with Gate(otp_service(PASSWORD, "delay_us=3000000")) as gate:
        began = time.monotonic()
        result = gate.sign_in("alice", "wrong")
        assert time.monotonic() - began < 1.4
        assert result.verdict == WRONG
        assert 1_400_000 <= result.delay <= 4_600_000  # PAM varies it by half
        assert gate.sign_in("alice", PASSWORD).delay == 0


def test_many_at_once_all_get_their_own_answer(userdb):
    people = [("alice", PASSWORD, IN), ("alice", "no", WRONG), ("mallory", "no", UNKNOWN),
              ("zoë", "pässword", IN)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda who: (userdb.sign_in(who[0], who[1]), who), people * 10))
    assert all(result.verdict == who[2] for result, who in results)
    assert all(result.name == who[0] for result, who in results if who[2] == IN)


def test_a_name_that_nobody_knows_is_not_in_the_log(userdb):
    userdb.sign_in("my-password-in-the-wrong-field", "x")
    userdb.wait_for_log("a name nobody knows, from .*: unknown")
    assert "wrong-field" not in userdb.log()


def test_the_service_file_we_ship_tells_unknown_from_wrong():
    """pam_unix for real: an ordinary process cannot read other people's hashes, which is not their fault."""
    gate = Gate(PERMIT, as_root=True)
    gate.write_service("skillsd", [(ROOT / "etc/pam.d/skillsd").read_text()])
    with gate:
        assert gate.sign_in("there-is-nobody-of-this-name", PASSWORD).verdict == UNKNOWN
        began = time.monotonic()
        assert gate.sign_in("daemon", PASSWORD).verdict == (UNAVAILABLE if os.geteuid() else WRONG)
        assert time.monotonic() - began < 1.5


# ---- prompts

def test_a_one_time_code_is_asked_for_and_taken():
    with Gate(otp_service(PASSWORD, "otp=123456")) as gate, gate.connect() as peer:
        peer.start("alice", PASSWORD)
        prompt = peer.receive()
        assert (prompt.kind, prompt.strings) == (PROMPT, [b"+Use your token\nOTP: "])
        result = peer.answer("123456")
        assert (result.verdict, result.name) == (IN, "alice")
        assert peer.hung_up()


@pytest.mark.parametrize("password, code", [(PASSWORD, "654321"), ("wrong", "123456"), (PASSWORD, "")])
def test_a_wrong_code_or_password_is_wrong(password, code):
    with Gate(otp_service(PASSWORD, "otp=123456")) as gate, gate.connect() as peer:
        peer.start("alice", password)
        assert peer.receive().kind == PROMPT
        assert peer.answer(code).verdict == WRONG


def test_prompts_asked_together_are_answered_together():
    with trouble("all") as gate, gate.connect() as peer:
        peer.start("alice", "pw")
        assert peer.receive().strings == ["+Welcome\nToken is épuisé\nColour: ".encode(), b"-Code: "]
        assert peer.answer("blue", "42").verdict == IN


def test_a_long_notice_gives_way_to_the_prompt_and_no_character_is_cut():
    with trouble("length") as gate:
        text = gate.sign_in("alice", PASSWORD).strings[0].decode()
    assert 510 <= len(text.encode()) <= 512
    assert text.endswith("é\n" + "p" * 300)


@pytest.mark.parametrize("word", ["binary", "much"])
def test_a_conversation_we_cannot_hold_is_unavailable(word):
    with trouble(word) as gate:
        assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE


@pytest.mark.parametrize("reply", [
    pack(ANSWER, [b"1", b"2"]), pack(START, [b"a", b"b", b""]), pack(ANSWER, [b"1\x002"]),
    pack(RESULT, [b"root"], IN), pack(ANSWER, [b"x" * 513]), b"rubbish and more of it",
], ids=range(6))
def test_who_breaks_the_order_is_cut_off_and_never_let_in(reply):
    with trouble("swallow") as gate:
        with gate.connect() as peer:
            peer.start("alice", PASSWORD)
            assert peer.receive().kind == PROMPT
            peer.send(reply)
            assert peer.hung_up()
        assert gate.sign_in("alice", PASSWORD).kind == PROMPT


def test_an_answer_before_the_question_is_cut_off():
    with trouble("swallow") as gate, gate.connect() as peer:
        peer.send(pack(START, [b"alice", PASSWORD.encode(), b""]) + pack(ANSWER, [b"42"]))
        assert peer.hung_up()


def test_no_answer_within_the_deadline_is_unavailable_whatever_the_module_makes_of_it():
    with trouble("swallow", deadline=1) as gate, gate.connect() as peer:
        peer.start("alice", PASSWORD)
        assert peer.receive().kind == PROMPT
        began = time.monotonic()
        assert peer.receive().verdict == UNAVAILABLE
        assert 0.5 < time.monotonic() - began < 3


# ---- modules that misbehave

def test_a_hanging_module_stalls_only_its_own_caller():
    with Gate(otp_service(PASSWORD, "block_s=2")) as gate:
        with gate.connect() as slow:
            slow.start("alice", PASSWORD)
            wait_until(gate.children)
            time.sleep(0.1)  # until it has read its service file
            gate.write_service("skillsd", otp_service(PASSWORD))
            began = time.monotonic()
            assert gate.sign_in("alice", PASSWORD).verdict == IN
            assert time.monotonic() - began < 1
            assert slow.receive().verdict == IN


def test_a_module_that_blocks_signals_is_killed_at_the_deadline_with_its_helpers():
    with trouble("hang", deadline=1) as gate:
        with gate.connect() as peer:
            began = time.monotonic()
            peer.start("alice", PASSWORD)
            gate_children = wait_until(gate.children)
            helpers = wait_until(lambda: children_of(gate_children[0]))
            assert peer.receive().verdict == UNAVAILABLE
            assert 0.8 < time.monotonic() - began < 3
            assert peer.hung_up()
        wait_until(lambda: not gate.children())
        wait_until(lambda: all(is_gone(pid) for pid in helpers))
        assert "past its deadline" in gate.log()


@pytest.mark.parametrize("word", ["crash", "leave"])
def test_a_module_that_ends_the_process_makes_it_unavailable(word):
    with trouble(word) as gate:
        for _ in range(3):
            assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE
        wait_until(lambda: not gate.children())


def test_a_wrong_password_for_want_of_processes_is_unavailable():
    with trouble("lack") as gate:
        assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE


def test_no_process_left_for_a_conversation_is_unavailable():
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))}
    with Gate(PERMIT, popen=limit, environment={"ASAN_OPTIONS": "detect_leaks=0"}) as gate:
        assert gate.sign_in("alice", PASSWORD).verdict == UNAVAILABLE
        assert "cannot start a process" in gate.log()


def test_beyond_the_most_at_once_connections_wait_their_turn():
    with Gate(otp_service(PASSWORD, "block_s=1"), most=2) as gate:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            began = time.monotonic()
            jobs = [pool.submit(gate.sign_in, "alice", PASSWORD) for _ in range(4)]
            time.sleep(0.5)
            assert len(gate.children()) == 2
            assert [job.result().verdict for job in jobs] == [IN] * 4
            assert 1.9 < time.monotonic() - began < 6


def test_who_gave_up_in_the_queue_is_not_asked_about():
    with trouble("hang", most=1, deadline=1) as gate:
        with gate.connect() as first:
            first.start("alice", PASSWORD)
            with gate.connect() as second:
                second.start("bob", PASSWORD)
            assert first.receive().verdict == UNAVAILABLE
        gate.wait_for_log("no question: the other side has left")
        wait_until(lambda: not gate.children())
