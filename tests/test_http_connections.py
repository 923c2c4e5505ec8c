# SPDX-License-Identifier: Apache-2.0
"""The http room over raw sockets: those who are late or gone, and those who are many."""
import resource
import signal
import socket
import time
from pathlib import Path

import pytest
from kit.echo import SANITIZED, Echo, Reader, ask, echo, request  # noqa: F401 fixture

# ---- those who are late or gone ----

def trickle(client, data, pause, most):
    """Sends a byte at a time until the other side has had enough; seconds it took."""
    began = time.monotonic()
    client.settimeout(pause)
    for byte in data:
        if time.monotonic() - began > most:
            break
        try:
            client.sendall(bytes([byte]))
            if client.recv(1, socket.MSG_PEEK) is not None:
                break
        except socket.timeout:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
    client.settimeout(5)
    return time.monotonic() - began


def test_slow_body_gets_408_at_its_deadline():
    with Echo(milliseconds=1500, idle=30) as echo:
        with echo.connect() as client:
            client.sendall(request("/echo", "POST", "Content-Length: 100\r\n"))
            took = trickle(client, b"x" * 100, 0.2, 6)
            reader = Reader(client)
            answer = reader.answer()
            assert answer.status == 408 and answer.headers["connection"] == "close" and reader.ended()
            assert 1.4 < took < 2.6
        assert echo.stop()["4xx"] == 1


def test_half_a_body_and_then_nothing_gets_408():
    with Echo(milliseconds=1000, idle=30) as echo, echo.connect() as client:
        client.sendall(request("/echo", "POST", "Content-Length: 100\r\n") + b"x" * 50)
        assert Reader(client).answer().status == 408


def test_slow_head_gets_408_and_a_slow_first_line_is_cut():
    with Echo(idle=2) as echo:
        with echo.connect() as client:
            took = trickle(client, request("/echo", headers="A: " + "b" * 1000 + "\r\n"), 0.1, 60)
            assert Reader(client).answer().status == 408 and took > 2.8
        with echo.connect() as client:
            took = trickle(client, b"GET /" + b"x" * 1000, 0.1, 60)
            assert Reader(client).ended() and took > 1.8


def test_half_a_request_is_closed_after_the_idle_time():
    with Echo(idle=1) as echo:
        for half in (b"", b"GE", b"GET /echo HTTP/1.1\r\nHos"):
            with echo.connect() as client:
                began = time.monotonic()
                client.sendall(half)
                assert Reader(client).ended() or half
                assert 0.9 < time.monotonic() - began < 4
        assert ask(echo, "/constant").status == 200


def test_client_gone_while_its_request_waits(echo):
    clients = [echo.connect() for _ in range(10)]
    for client in clients:
        client.sendall(request("/sleep?ms=1000"))
    time.sleep(0.3)  # a reset that overtakes the request is another matter
    for i, client in enumerate(clients):
        if i % 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    time.sleep(0.1)
    assert ask(echo, "/constant").status == 200
    time.sleep(2)
    assert ask(echo, "/echo").status == 200
    counts = echo.stop()
    assert counts["served"] == counts["done"] == 12


def test_full_lane_answers_503_at_once():
    with Echo(threads=1, queue=2) as echo:
        clients = [echo.connect() for _ in range(6)]
        for client in clients:
            client.sendall(request("/sleep?ms=700"))
            time.sleep(0.02)
        began = time.monotonic()
        refused = [Reader(client).answer() for client in clients[3:]]
        assert time.monotonic() - began < 0.5
        assert [(one.status, one.headers["retry-after"]) for one in refused] == [(503, "1")] * 3
        assert all("connection" not in one.headers for one in refused)
        assert [Reader(client).answer().status for client in clients[:3]] == [200] * 3


def test_other_requests_do_not_wait_for_a_full_lane():
    with Echo(threads=2, queue=50) as echo:
        clients = [echo.connect() for _ in range(10)]
        for client in clients:
            client.sendall(request("/sleep?ms=300"))
        began = time.monotonic()
        assert ask(echo, "/constant").status == 200
        assert time.monotonic() - began < 0.25
        assert all(Reader(client).answer().status == 200 for client in clients)


def test_request_that_nobody_answers_in_time_gets_503():
    with Echo(milliseconds=300, threads=2) as echo:
        with echo.connect() as client:
            began = time.monotonic()
            client.sendall(request("/sleep?ms=3000"))
            reader = Reader(client)
            answer = reader.answer()
            assert answer.status == 503 and answer.headers["retry-after"] == "1"
            assert 1.2 < time.monotonic() - began < 2.2
            client.sendall(request("/constant"))
            assert reader.answer().status == 200
        time.sleep(2)
        counts = echo.stop()
        assert counts["done"] == 2 and counts["5xx"] == 1


# ---- connections ----

@pytest.fixture
def many_files():
    """As many files at once as ten thousand clients and what serves them need, each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def leave_at_once(clients):
    """No address of a client is kept waiting."""
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()


@pytest.mark.parametrize("count, most", [(1000, 10), (10000, 84)])
def test_idle_connections_are_cheap(many_files, count, most):
    with Echo(pool=7680, connections=count + 100, idle=120) as echo:
        before = echo.resident()
        clients = []
        for _ in range(count):
            clients.append(echo.connect(timeout=60))
            clients[-1].sendall(request("/constant"))
        assert all(Reader(client).answer().status == 200 for client in clients)
        used, busy = echo.resident() - before, echo.processor_seconds()
        time.sleep(1)
        assert used < (most * 8 if SANITIZED else most) << 20
        assert echo.processor_seconds() - busy < 0.3
        assert ask(echo, "/echo").status == 200
        clients[0].sendall(request("/constant"))
        assert Reader(clients[0]).answer().status == 200
        leave_at_once(clients)


def ending(client):
    """The first line of what comes until the connection ends."""
    reader = Reader(client)
    try:
        return reader.rest().split(b"\r\n")[0]
    except ConnectionResetError:
        return reader.buffer.split(b"\r\n")[0]


def test_hundreds_who_send_a_byte_a_second_keep_nobody_else_waiting():
    """Of a line, of a header, of a body; each is answered or cut when its time is over."""
    line, body = b"GET /", request("/echo", "POST", "Content-Length: 1000\r\n")
    with Echo(idle=3, milliseconds=4000, threads=1, queue=4) as echo:
        slow = [(echo.connect(timeout=30), data) for data in (line, request("/echo")[:-2] + b"A: ", body) for _ in range(100)]
        for client, data in slow:
            client.sendall(data)
        for _ in range(3):
            assert all(ask(echo, target).status == 200 for target in ("/constant", "/echo") * 10)
            time.sleep(1)
            for client, _ in slow:
                try:
                    client.sendall(b"x")
                except (BrokenPipeError, ConnectionResetError):
                    pass
        endings = [ending(client) for client, _ in slow]
        assert set(endings) <= {b"", b"HTTP/1.1 408 Request Timeout"} and b"" not in endings[200:] and len(set(endings)) == 2
        assert echo.stop()["done"] == 260


def test_ten_megabytes_of_body_leave_no_mark(echo):
    def push(headers, piece):
        with echo.connect() as client:
            try:
                client.sendall(request("/echo", "POST", headers))
                for _ in range(160):
                    client.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass
    echo.expects_none = True  # some of who sends on may not read why it should not
    kinds = [("Content-Length: 10485760\r\n", b"x" * 65536), ("Transfer-Encoding: chunked\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
             ("Expect: 100-continue\r\nContent-Length: 10485760\r\n", b"x" * 65536), ("", b"x" * 65536)]
    for kind in kinds:
        push(*kind)
    before = echo.resident()
    for kind in kinds * 5:
        push(*kind)
    assert echo.resident() - before < (64 if SANITIZED else 4) << 20
    assert ask(echo, "/constant").status == 200


def test_as_many_clients_at_once_as_the_library_takes_events_do_not_stand_still():
    with Echo() as echo:
        clients = [echo.connect(timeout=3) for _ in range(256)]
        for _ in range(3):
            echo.process.send_signal(signal.SIGSTOP)
            for client in clients:
                client.sendall(request("/constant"))
            echo.process.send_signal(signal.SIGCONT)
            assert all(Reader(client).answer().status == 200 for client in clients)


def test_connections_over_the_limit_wait():
    with Echo(connections=10) as echo:
        clients = [echo.connect() for _ in range(14)]
        for client in clients:
            client.sendall(request("/constant"))
        for client in clients[:10]:
            assert Reader(client).answer().status == 200
        clients[12].settimeout(0.3)
        with pytest.raises(socket.timeout):
            clients[12].recv(1)
        for client in clients[:10]:
            client.close()
        for client in clients[10:]:
            client.settimeout(5)
            assert Reader(client).answer().status == 200


def test_connections_of_one_address_are_limited():
    with Echo(address=3) as echo:
        clients = [echo.connect() for _ in range(5)]
        time.sleep(0.1)
        answered = 0
        for client in clients:
            try:
                client.sendall(request("/constant"))
                answered += Reader(client).answer().status == 200
            except (EOFError, OSError):
                pass
        assert answered == 3


def test_unix_socket_is_made_replaced_when_stale_and_respected_when_live(tmp_path):
    path = tmp_path / "s"
    with Echo(f"unix:{path}") as echo:
        assert b"peer \n" in ask(echo, "/echo").body
        assert path.stat().st_mode & 0o777 == 0o660
        second = Echo(f"unix:{path}")
        assert second.process.wait(10) == 1 and "another process listens" in second.process.stderr.read()
        echo.process.kill()
        echo.process.wait()
    assert path.exists()
    with Echo(f"unix:{path}") as echo:
        assert ask(echo, "/echo").status == 200
    assert not path.exists()
    path.write_text("mine")
    assert Echo(f"unix:{path}").process.wait(10) == 1 and path.read_text() == "mine"


def test_ipv6_and_addresses_that_cannot_be():
    if Path("/proc/net/if_inet6").exists():
        with Echo("[::1]:0") as echo:
            assert b"peer ::1\n" in ask(echo, "/echo").body
    with Echo() as echo:
        for wrong in (f"127.0.0.1:{echo.port}", "8080", "::1:80", "[::1:80", ":80", "127.0.0.1:x",
                      "unix:", "unix:/" + "x" * 108, "unix:/nowhere/at/all"):
            other = Echo(wrong)
            assert other.process.wait(10) == 1
            assert other.process.stderr.read().startswith("cannot listen on ")
