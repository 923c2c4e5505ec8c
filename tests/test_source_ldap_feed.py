# SPDX-License-Identifier: Apache-2.0
"""plugins/source_ldap's feed against a server that says what no server should: what is not clearly new or
changed ends the feed, in time, with nothing half taken."""
import time

import pytest
from kit.fake_ldap import (BIND_DONE, DONE, SYNC_STATE, FakeLdap, control, controlled, done, entry, farewell,
                           live, message, result, sync_done, sync_info, synced, text, tlv)
from kit.plugin import Plugin

NEW_COOKIE, REFRESH_DELETE, REFRESH_PRESENT, ID_SET = 0x80, 0xa1, 0xa2, 0xa3


def source(uri):
    return Plugin("source_ldap", uri=uri, base="dc=x", bind="anonymous", unit_from="none", timeout="1s",
                  network_timeout="1s")


def follow(*parts, milliseconds=1200):
    """All searches are live, then this comes for the one for people, whose number each part is given."""
    def search(number, n):
        if n == 0:
            yield sync_done(number, b"begun")
        else:
            yield live(number)
        if n == 3:
            said = [part(number - 2) if callable(part) else part for part in parts]
            yield b"".join(part for part in said if part)  # as one: what comes alone is settled alone
            if None in said:
                yield None

    with FakeLdap(search) as fake:
        return source(fake.uri).follow(milliseconds=milliseconds)


def test_new_and_changed_people_come_and_are_settled_together_with_the_cookie():
    run = follow(lambda n: synced(n, "a", 1, cookie=b"first"), lambda n: synced(n, "b", 2, cookie=b"second"))
    assert (run.outcome, run.settled, set(run.by_username())) == ("OK", 1, {"a", "b"})
    begun, second = b"begun".hex(), b"second".hex()
    assert run.cookie.split()[1:] == [second, begun, begun]


def test_a_cookie_alone_is_kept_with_the_next_change():
    run = follow(lambda n: sync_info(n, tlv(NEW_COOKIE, b"alone")), lambda n: synced(n, "a", 1))
    assert (run.outcome, run.settled) == ("OK", 1) and run.cookie.split()[1] == b"alone".hex()


@pytest.mark.parametrize("part", [
    lambda n: sync_info(n, b"anything", oid=b"1.2.3"), lambda n: sync_info(n, oid=b"1.2.3"),
    lambda n: synced(99, "a", 1), lambda n: result(98, DONE), lambda n: message(n, 0x73, text("ldap://elsewhere/"))],
    ids=["another's information", "none at all", "an entry nobody asked for", "an end nobody asked for", "a reference"])
def test_what_does_not_concern_it_is_passed_over(part):
    run = follow(part, lambda n: synced(n, "b", 1))
    assert (run.outcome, set(run.by_username()), run.settled) == ("OK", {"b"}, 1), run.sentence


@pytest.mark.parametrize("part", [
    lambda n: synced(n, "a", 0), lambda n: synced(n, "a", 3), lambda n: synced(n, "a", 99),
    lambda n: controlled(n, "a", b""), lambda n: controlled(n, "a", control(SYNC_STATE, b"")),
    lambda n: controlled(n, "a", control(SYNC_STATE, b"\x30\x7f\x0a")),
    lambda n: controlled(n, "a", control(SYNC_STATE, b"\x30\x84\xff\xff\xff\xff\x0a\x01\x01")),
    lambda n: controlled(n, "a", control(SYNC_STATE, tlv(0x30, tlv(10, b"\1")))),
    lambda n: controlled(n, "a", tlv(0x30, text(SYNC_STATE))),
    lambda n: synced(n, "a", 1, cookie=b"x" * 20000), lambda n: synced(n, "a", 1, cookie=b"x" * (5 << 20)),
    lambda n: sync_info(n, tlv(NEW_COOKIE, b"x" * 20000)),
    lambda n: sync_info(n, tlv(REFRESH_PRESENT)), lambda n: sync_info(n, tlv(ID_SET, tlv(0x31, text(b"u" * 16)))),
    lambda n: sync_info(n, b""), lambda n: sync_info(n), lambda n: sync_info(n, b"\xff\xff\xff"),
    lambda n: sync_info(n, b"\x80\x7fx"), lambda n: sync_info(n, b"\xa1\x7f"),
    lambda n: result(n, DONE, 4096), lambda n: result(n, DONE, 0), lambda n: result(n, DONE, 53),
    lambda n: result(n, DONE, 32)],
    ids=["present", "gone", "no known state", "no control", "an empty control", "a torn control", "a boastful control",
         "no uuid", "a control without value", "a long cookie", "a huge cookie", "a long cookie alone",
         "who is present", "a set of ids", "empty information", "information without value", "no BER",
         "a torn cookie", "a torn refresh", "refresh required", "success", "unwilling", "no such base"])
def test_what_leaves_a_doubt_ends_the_feed_and_settles_nothing(part):
    run = follow(lambda n: synced(n, "before", 1), part, lambda n: synced(n, "after", 1), milliseconds=20000)
    assert run.outcome == "STALE" and run.sentence
    assert "after" not in run.by_username() and run.settled <= 1


STATE = control(SYNC_STATE, tlv(0x30, tlv(10, b"\1"), text(b"u" * 16)))


@pytest.mark.parametrize("part, outcome", [
    (lambda n: result(n, DONE, 51), "BUSY"), (lambda n: result(n, DONE, 52), "BUSY"), (lambda n: farewell(), "BUSY"),
    (lambda n: None, "BUSY"), (lambda n: b"\x04\x02hi", "BUSY"), (lambda n: b"\x30\x85\1\1\1\1\1", "BUSY"),
    (lambda n: b"\x30\x7f\x02\x01", "OK"),  # the rest may come
    (lambda n: message(n, 0x64, text("uid=a,dc=x"), b"\x30\x7f\x00", controls=STATE), "STALE"),
    (lambda n: message(n, 0x64, text("uid=a,dc=x"), tlv(0x30, tlv(0x30, text("uid"), b"\x31\x7f")), controls=STATE),
     "BUSY")],
    ids=["busy", "unavailable", "a farewell", "the end of the connection", "no LDAP", "a boastful message",
         "half a message", "a torn entry", "a torn attribute"])
def test_a_server_that_goes_or_talks_nonsense_gets_nothing_settled(part, outcome):
    run = follow(part)
    assert (run.settled, run.outcome) == (0, outcome), run.sentence


@pytest.mark.parametrize("code", [12, 50])
def test_who_may_not_follow_is_told_so(code):
    run = follow(lambda n: result(n, DONE, code))
    assert run.outcome == "ABSENT" and "does not tell what changes" in run.sentence


# ---- what the server says of itself

def test_a_server_that_names_its_controls_without_it_is_not_asked_for_it():
    known = lambda number: entry(number, "", supportedControl=["1.2.840.113556.1.4.319"]) + done(number, cookie=None)
    with FakeLdap(lambda number, n: [], root=known) as fake:
        run = source(fake.uri).follow()
        assert run.outcome == "ABSENT" and "does not tell what changes" in run.sentence
        assert fake.searches == [] and run.ms < 15000


@pytest.mark.parametrize("root", [
    lambda number: done(number, cookie=None), lambda number: done(number, 32, cookie=None),
    lambda number: done(number, 50, cookie=None),
    lambda number: entry(number, "", supportedControl=["1.3.6.1.4.1.4203.1.9.1.1"]) + done(number, cookie=None)],
    ids=["hidden", "not there", "refused", "named"])
def test_a_server_that_names_it_or_says_nothing_is_asked(root):
    with FakeLdap(lambda number, n: [live(number) if n else sync_done(number, b"c")], root=root) as fake:
        run = source(fake.uri).follow(milliseconds=1500)
        assert run.outcome == "OK" and not run.opened["partial"], run.sentence


def test_a_server_that_does_not_say_what_it_is_is_left_in_time():
    with FakeLdap(lambda number, n: [], root=lambda number: b"") as fake:
        run = source(fake.uri).follow(milliseconds=20000)
        assert run.outcome == "BUSY" and run.ms < 15000


# ---- while it is opened

def opened(search, bind=lambda number: result(number, BIND_DONE)):
    with FakeLdap(search, bind) as fake:
        run = source(fake.uri).follow(milliseconds=20000)
        return run, len(fake.binds)


@pytest.mark.parametrize("answer", [lambda n: result(n, DONE, 12), lambda n: result(n, DONE, 50),
                                    lambda n: result(n, DONE), lambda n: sync_done(n, b"")])
def test_a_server_without_the_control_has_no_feed(answer):
    run, binds = opened(lambda number, n: [answer(number)])
    assert (run.outcome, binds) == ("ABSENT", 1)


def test_a_server_on_which_something_always_happens_is_tried_a_few_times():
    run, binds = opened(lambda number, n: [synced(number, "a", 1) if n else sync_done(number, b"c")])
    assert (run.outcome, binds, run.people) == ("STALE", 5, [])


def test_a_server_that_does_not_answer_is_left_in_time():
    for answers in 0, 1:
        run, binds = opened(lambda number, n, answers=answers: [sync_done(number, b"c")] if n < answers else [])
        assert (run.outcome, binds) == ("BUSY", 1) and run.ms < 15000


def test_a_server_that_talks_without_coming_to_the_point_is_left_in_time():
    def search(number, n):
        if n == 0:
            yield sync_done(number, b"c")
        for turn in range(200 if n == 3 else 0):
            yield sync_info(number, tlv(NEW_COOKIE, b"%d" % turn))
            time.sleep(0.05)

    run, _ = opened(search)
    assert run.outcome == "BUSY" and run.ms < 15000
