# SPDX-License-Identifier: Apache-2.0
"""plugins/source_ldap against servers in trouble: whatever they do, the run ends in time, says that it is
incomplete, and the process lives."""
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from kit.fake_ldap import BIND_DONE, PAGED, REFUSING, FakeLdap, Peer, done, entry, person, reference, result, tlv
from kit.plugin import SANITIZED, Plugin, Run
from kit.slapd import Slapd

BASE = "dc=example,dc=org"
BUSY, UNAVAILABLE = 51, 52


def crowd(count, size=0):
    head = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: example\n\n"
    return head + "".join(f"dn: uid=u{i},{BASE}\nobjectClass: inetOrgPerson\nuid: u{i}\ncn: {'x' * size}{i}\nsn: x\n\n"
                          for i in range(count))


def source(*uris, **options):
    return Plugin("source_ldap", **{"uri": list(uris), "base": BASE, "bind": "anonymous", "unit_from": "none",
                                    "timeout": "1s", "network_timeout": "1s"} | options)


def read_fake(search, milliseconds=30000, **options):
    with FakeLdap(search) as fake:
        return source(fake.uri, base="dc=x", **options).read(milliseconds=milliseconds)


def alone(people_answer):
    """The search for people gets this, the one for groups an empty page."""
    return lambda number, n: people_answer(number) if n == 0 else [done(number)]


# ---- what complete means

def test_an_empty_cookie_on_every_search_is_complete():
    run = read_fake(alone(lambda number: [person(number, "a"), person(number, "b"), done(number)]))
    assert run.outcome == "OK" and set(run.by_username()) == {"a", "b"}


def test_pages_follow_the_cookie_to_its_end():
    def search(number, n):
        yield person(number, f"p{n}")
        yield done(number, cookie=b"\0more" if n < 5 else b"")

    run = read_fake(search, group_filter="(none=x)")
    assert run.outcome == "OK" and set(run.by_username()) == {f"p{n}" for n in range(6)}


def test_a_page_without_its_control_is_incomplete():
    run = read_fake(lambda number, n: [person(number, "a"), done(number, cookie=None)])
    assert run.outcome == "FAULT" and "without its control" in run.sentence and len(run.people) == 1


@pytest.mark.parametrize("value", [tlv(4, b""), b"", tlv(4, b"\x30"), tlv(4, b"\x30\x7f\x02")])
def test_a_page_with_an_empty_or_torn_control_is_incomplete(value):
    control = tlv(0x30, tlv(4, PAGED), value)
    run = read_fake(lambda number, n: [person(number, "a"), result(number, 0x65, controls=control)])
    assert run.outcome in ("BUSY", "FAULT") and len(run.people) == 1


def test_unpaged_no_control_is_needed():
    run = read_fake(lambda number, n: [person(number, "a"), done(number, cookie=None)], page_size=0)
    assert run.outcome == "OK"


@pytest.mark.parametrize("code, outcome", [
    (1, "BUSY"), (3, "BUSY"), (4, "FAULT"), (8, "FAULT"), (10, "FAULT"), (11, "FAULT"), (12, "FAULT"), (32, "FAULT"),
    (50, "FAULT"), (BUSY, "BUSY"), (UNAVAILABLE, "BUSY"), (53, "BUSY"), (80, "BUSY"), (101, "FAULT")])
@pytest.mark.parametrize("cookie", [b"", b"more", None])
def test_a_result_that_is_not_success_is_incomplete_though_people_came(code, outcome, cookie):
    run = read_fake(lambda number, n: [person(number, "a"), done(number, code, "because\n\x1b of \xe9", cookie=cookie)])
    assert (run.outcome, len(run.people)) == (outcome, 1)
    assert "1 entries came" in run.sentence and "(because\\0a\\1b of \\c3\\a9)" in run.sentence


def test_a_referral_instead_of_an_answer_is_incomplete():
    run = read_fake(lambda number, n: [done(number, 10, referral="ldap://evil.example/dc=x")])
    assert run.outcome == "FAULT" and "referrals are not followed" in run.sentence


def test_references_in_an_answer_are_counted_and_not_followed():
    with Peer() as elsewhere:
        run = read_fake(alone(lambda number: [reference(number, elsewhere.uri + "/dc=y"), person(number, "a"),
                                              reference(number, elsewhere.uri), done(number)]))
        assert run.outcome == "OK" and len(run.people) == 1 and not elsewhere.connections
        assert ["2 references" in line["text"] for line in run.logs] == [True]


def test_members_in_parts_are_incomplete():
    group = {"entryUUID": ["g"], "cn": ["g"], "member": [], "member__range=0_1": ["cn=a", "cn=b"]}
    run = read_fake(lambda number, n: [done(number)] if n == 0 else [entry(number, "cn=g,dc=x", **group), done(number)])
    assert run.outcome == "FAULT" and "come in parts that do not fit" in run.sentence


def test_only_mapped_attributes_are_asked_for():
    with FakeLdap(lambda number, n: [done(number)]) as fake:
        assert source(fake.uri, title="", locale="").read().outcome == "OK"
        people, groups = fake.searches
        for wanted in b"entryUUID", b"uid", b"displayName", b"cn", b"manager", b"pwdAccountLockedTime":
            assert people.count(b"\x04" + bytes([len(wanted)]) + wanted) == 1
        assert b"title" not in people and b"preferredLanguage" not in people and b"userPassword" not in people
        assert b"uniqueMember" in groups and b"mail" not in groups


def test_the_environment_changes_no_search(tmp_path):
    (tmp_path / "ldaprc").write_text("DEREF always\nSIZELIMIT 1\n")
    with FakeLdap(lambda number, n: [done(number)]) as fake:
        source(fake.uri).read(cwd=tmp_path, env={"LDAPDEREF": "always", "HOME": str(tmp_path)})
        subtree, never, no_limit = b"\x0a\x01\x02", b"\x0a\x01\x00", b"\x02\x01\x00"
        assert all(subtree + never + no_limit in search for search in fake.searches) and len(fake.searches) == 2


# ---- servers that stop

@pytest.mark.parametrize("scheme, options", [("ldap", {}), ("ldap", {"start_tls": "yes"}), ("ldaps", {})])
def test_a_silent_server_ends_in_time_without_burning_cpu(scheme, options):
    with Peer() as silent:
        run = source(f"{scheme}://{silent.address}", **options).read()
    assert run.outcome == "BUSY" and "in time" in run.sentence
    assert 900 < run.ms < 15000 and run.cpu < (800 if SANITIZED else 300)


def test_a_server_silent_after_agreeing_to_tls_ends_in_time():
    with FakeLdap(None) as fake:
        fake.serve = lambda connection: (connection.recv(100), connection.sendall(result(1, 0x78)), time.sleep(30))
        run = source(fake.uri, start_tls="yes").read()
    assert run.outcome == "BUSY" and "start TLS" in run.sentence
    assert run.ms < 15000 and run.cpu < (800 if SANITIZED else 300)


def test_garbage_instead_of_tls_or_ldap_ends_at_once():
    for scheme, options in ("ldaps", {}), ("ldap", {}):
        with Peer() as peer:
            peer.serve = lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)
            run = source(f"{scheme}://{peer.address}", **options).read()
        assert run.outcome == "BUSY" and run.ms < 15000


def test_a_full_backlog_ends_in_time():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        run = source("ldap://127.0.0.1:%d" % listener.getsockname()[1]).read()
        assert run.outcome == "BUSY" and run.ms < 15000


def test_nobody_listens():
    run = source(REFUSING).read()
    assert run.outcome == "BUSY" and "cannot connect: Connection refused" in run.sentence
    run = source("ldapi://%2Fnowhere%2Fldapi").read()
    assert run.outcome == "BUSY" and "No such file" in run.sentence
    run = source("ldapi://" + "%2Flong" * 40).read()
    assert run.outcome == "BUSY" and "too long" in run.sentence
    run = source("ldap://no-such-name.invalid").read()
    assert run.outcome == "BUSY" and "no-such-name.invalid" in run.sentence


def test_a_server_cut_inside_an_entry_is_incomplete():
    whole = person(0, "a") * 3
    for size in range(len(person(0, "a")), len(whole), 7):
        run = read_fake(lambda number, n: [(person(number, "a") * 3)[:size], None])
        assert run.outcome == "BUSY" and len(run.people) == size // len(person(0, "a"))


def test_a_server_stuck_inside_an_entry_ends_in_time():
    run = read_fake(lambda number, n: [person(number, "a"), person(number, "b")[:-10]])
    assert run.outcome == "BUSY" and len(run.people) == 1 and run.ms < 15000


def test_a_trickle_that_never_ends_stops_with_the_calls_time():
    def search(number, n):
        for i in itertools.count():
            time.sleep(0.1)
            yield person(number, f"p{i}")

    run = read_fake(search, milliseconds=1500)
    assert run.outcome == "BUSY" and run.ms < 15000 and len(run.people) > 5


def test_a_cookie_that_never_ends_stops_with_the_calls_time():
    run = read_fake(lambda number, n: [done(number, cookie=b"again")], milliseconds=1000)
    assert run.outcome == "BUSY" and run.ms < 15000


def test_a_message_announced_too_large_is_refused_without_memory():
    for announced in b"\x0c\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff":
        run = read_fake(lambda number, n: [b"\x30\x84" + announced + b"\x02\x01\x02\x64", *[bytes(1 << 20)] * 100])
        assert run.outcome == "BUSY" and run.ms < 15000 and (SANITIZED or run.peak < 20000)


def test_an_entry_that_is_no_ber_is_incomplete():
    for body in (b"\x04\x05ab", b"\x30\x03\x04\x7fa", b"\x04\x01a\x30\x04\x30\x02\x04\x7f", b"",
                 b"\x04\x84\xff\xff\xff\xff"):
        run = read_fake(alone(lambda number: [tlv(0x30, b"\x02\x04" + number.to_bytes(4, "big"), tlv(0x64, body)),
                                              done(number)]))
        assert run.outcome in ("BUSY", "FAULT") and not run.people


def test_a_server_killed_while_it_answers_is_incomplete():
    for page_size in 0, 1000:
        with Slapd(database="limits * size=unlimited").load(crowd(20000, 1000)) as slapd:
            plugin = source(slapd.uri, page_size=page_size)
            process = plugin.start("read")
            assert b"person" in process.stdout.readline()
            slapd.kill()
            run = plugin.finish(process)
            assert run.outcome == "BUSY" and len(run.people) < 19999


def test_a_server_that_stands_still_ends_in_time_and_recovers():
    with Slapd(database="limits * size=unlimited").load(crowd(10)) as slapd:
        slapd.kill(signal.SIGSTOP)
        run = source(slapd.uri).read()
        assert run.outcome == "BUSY" and run.ms < 15000
        run = source(slapd.uri, timeout="20s", network_timeout="20s").read(milliseconds=700)
        assert run.outcome == "BUSY" and run.ms < 15000
        slapd.kill(signal.SIGCONT)
        assert source(slapd.uri).read().outcome == "OK"


def test_each_address_of_a_server_is_tried():
    """IPv6 in brackets, and a name; where `localhost` has two addresses, only one of them answers."""
    with Slapd().load(crowd(3)) as slapd:
        assert source(slapd.uri.replace("127.0.0.1", "localhost")).read().outcome == "OK"
        run = source(f"ldap://[::1]:{slapd.port}", slapd.uri).read()
        assert run.outcome == "OK" and "cannot connect" in run.logs[0]["text"]


def test_a_resolver_that_hangs_ends_in_time_and_may_answer_later(tmp_path):
    """/etc/hosts is a pipe: whoever looks up a name waits until somebody writes into it."""
    hosts, alone = tmp_path / "hosts", ["unshare", "--user", "--map-root-user", "--mount"]
    os.mkfifo(hosts)
    piped = [*alone, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]
    if subprocess.run([*piped, "true"], check=False).returncode:
        pytest.skip("no namespaces for ordinary users")
    plugin = source("ldap://slow.example")
    process = plugin.start("read", flags=["-n", "2"], within=piped)
    end = threading.Timer(20, process.kill)
    end.start()
    while not (line := process.stdout.readline()).startswith(b'{"end"'):
        assert line, "it hangs"
    run = Run(line.decode())
    assert run.outcome == "BUSY" and "its name is not found in time" in run.sentence
    with contextlib.suppress(BrokenPipeError):
        hosts.write_text("127.0.0.1 slow.example\n")
    assert plugin.finish(process).outcome == "BUSY"
    end.cancel()


def test_down_and_up_again_on_the_same_port():
    with Slapd().load(crowd(3)) as slapd:
        slapd.stop()
        assert source(slapd.uri).read().outcome == "BUSY"
        slapd.start()
        assert len(source(slapd.uri).read().people) == 3


def test_an_empty_directory_is_complete():
    with Slapd().load(crowd(0)) as slapd:
        run = source(slapd.uri).read()
        assert (run.outcome, run.people) == ("OK", [])


# ---- several servers

def test_the_next_server_is_asked_where_one_cannot_be_reached():
    with Slapd().load(crowd(3)) as slapd, Peer() as silent:
        for troubled in REFUSING, silent.uri, "ldapi://%2Fnowhere":
            run = source(troubled, slapd.uri).read()
            assert (run.outcome, len(run.people)) == ("OK", 3)
            assert troubled in run.logs[0]["text"] and "trying the next server" in run.logs[0]["text"]


def test_the_next_server_is_asked_where_one_is_busy_but_not_where_one_refuses():
    with Slapd().load(crowd(3)) as slapd:
        for code, outcome in (BUSY, "OK"), (UNAVAILABLE, "OK"), (49, "BUSY"), (8, "FAULT"):
            with FakeLdap(None, lambda number, code=code: result(number, BIND_DONE, code)) as fake:
                assert source(fake.uri, slapd.uri).read().outcome == outcome


def test_a_server_that_cannot_be_reached_is_asked_last_for_a_while():
    with Slapd().load(crowd(3)) as slapd, Peer() as silent:
        run = source(silent.uri, slapd.uri).read(flags=["-n", "4"])
        assert run.outcome == "OK" and run.people
        assert [silent.uri in line["text"] for line in run.logs] == [True], "only the first of four readings asked it"


def test_the_last_servers_trouble_is_told():
    with Peer() as silent:
        run = source(REFUSING, silent.uri).read()
        assert run.outcome == "BUSY" and silent.uri in run.sentence


@pytest.mark.parametrize("name, code, outcome", [
    ("busy", "0x33", "BUSY"), ("unavailable", "0x34", "BUSY"), ("sizelimit", "0x04", "FAULT"),
    ("gone", "0x20", "FAULT"), ("drop", "0x34 unsolicited=1.3.6.1.4.1.1466.20036 flags=pre-disconnect", "BUSY"),
    ("slow", "0x00 sleeptime=3", "BUSY")])
def test_slapds_own_faults(name, code, outcome):
    database = f'overlay retcode\nretcode-parent "ou=faults,{BASE}"\nretcode-item "cn={name}" {code}'
    with Slapd(modules=["retcode"], database=database).load(crowd(3)) as slapd:
        run = source(slapd.uri, people_base=f"cn={name},ou=faults,{BASE}").read()
        assert run.outcome == outcome and not run.people and run.ms < 15000
