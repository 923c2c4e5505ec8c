# SPDX-License-Identifier: Apache-2.0
"""The http room over raw sockets, driven through tests/kit/http_echo.c."""
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("SKILLSD_BUILD", "build/plain"))
BINARY = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "kit" / "http_echo"
SANITIZED = b"__asan_init" in BINARY.read_bytes() or b"__tsan_init" in BINARY.read_bytes() if BINARY.exists() else False
STOPS = int(os.environ.get("SKILLSD_STOPS", "30"))
HOST = "Host: test\r\n"


class Echo:
    def __init__(self, listen="127.0.0.1:0", **settings):
        arguments = [str(BINARY), listen] + [f"{name}={value}" for name, value in settings.items()]
        self.listen = listen
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        self.port = int(first.split()[1]) if first else None
        self.counts = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def connect(self, timeout=10):
        if self.listen.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(timeout)
            client.connect(self.listen[5:])
            return client
        host = "::1" if self.listen.startswith("[") else "127.0.0.1"
        return socket.create_connection((host, self.port), timeout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, self.errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, self.errors
        self.counts = json.loads(out)
        return self.counts

    def resident(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Reader:
    """Reads answers one after the other from a connection."""

    def __init__(self, client):
        self.client, self.buffer = client, b""

    def more(self):
        data = self.client.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    def take(self, size):
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode()

    def chunks(self):
        body = b""
        while size := int(self.line(), 16):
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        assert self.line() == ""
        return body

    def rest(self):
        try:
            while True:
                self.more()
        except EOFError:
            rest, self.buffer = self.buffer, b""
            return rest

    def answer(self, head=False):
        status = int(self.line().split()[1])
        headers = {}
        while line := self.line():
            name, value = line.split(": ", 1)
            headers[name.lower()] = value
        if status == 100:
            return Answer(status, headers, b"")
        if head:
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = self.chunks()
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            body = self.rest()
        return Answer(status, headers, body)

    def ended(self):
        """The connection is closed and nothing more came."""
        try:
            return self.buffer == b"" and self.client.recv(1) == b""
        except ConnectionResetError:
            return True


def request(target, method="GET", headers="", body=b"", version="1.1"):
    if body:
        headers += f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/{version}\r\n{HOST}{headers}\r\n".encode() + body


def ask(echo, *arguments, **named):
    with echo.connect() as client:
        client.sendall(request(*arguments, **named))
        return Reader(client).answer(head=named.get("method") == "HEAD")


@pytest.fixture
def echo():
    with Echo() as one:
        yield one
        assert one.counts or one.process.poll() is None
        counts = one.counts or one.stop()
        assert "Sanitizer" not in one.errors, one.errors
        assert counts["none"] == 0 or getattr(one, "expects_none", False)


# ---- the ordinary ----

@pytest.mark.parametrize("target", ["/constant", "/inline", "/echo", "/thread"])
def test_connection_is_kept_alive(echo, target):
    with echo.connect() as client:
        reader = Reader(client)
        for _ in range(5):
            client.sendall(request(target))
            answer = reader.answer()
            assert answer.status == 200 and "connection" not in answer.headers and "date" in answer.headers


def test_pipelined_requests_are_answered_in_order(echo):
    with echo.connect() as client:
        client.sendall(b"".join(request(f"/{'inline' if i % 3 else 'echo'}?n={i}") for i in range(60)))
        reader = Reader(client)
        for i in range(60):
            assert f"?n={i}\n".encode() in reader.answer().body


def test_pipelined_bodies_stay_with_their_requests(echo):
    with echo.connect() as client:
        client.sendall(b"".join(request("/echo", "POST", body=b"%d" % i * 300) for i in range(40)))
        reader = Reader(client)
        for i in range(40):
            assert reader.answer().body.endswith(b"\n" + b"%d" % i * 300)


def test_target_and_headers_arrive_undecoded(echo):
    answer = ask(echo, "/a%2fb/..%00?x=%41+b&y", headers="X-Mark:  a b\t \r\nX-MARK: second\r\n")
    assert answer.body.startswith(b"GET /a%2fb/..%00?x=%41+b&y\nmark a b\npeer 127.0.0.1\nbody 0\n")


def test_query_of_thousands_of_parameters_is_passed_on(echo):
    assert len(ask(echo, "/echo?" + "a&" * 3500).body) > 7000


def test_head_has_the_headers_and_no_body(echo):
    with echo.connect() as client:
        reader = Reader(client)
        for target in ("/constant", "/echo"):
            client.sendall(request(target, "HEAD"))
            answer = reader.answer(head=True)
            assert answer.status == 200 and int(answer.headers["content-length"]) > 0
        client.sendall(request("/constant"))
        assert reader.answer().body == b"c" * 200


def test_http_1_0_is_closed_unless_it_asks(echo):
    with echo.connect() as client:
        client.sendall(b"GET /constant HTTP/1.0\r\n\r\n")
        reader = Reader(client)
        assert reader.answer().headers["connection"] == "close" and reader.ended()
    with echo.connect() as client:
        reader = Reader(client)
        for _ in range(2):
            client.sendall(b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert reader.answer().status == 200


# ---- bodies ----

def chunked(body, size):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 1000, 1048576])
def test_body_by_length(echo, size):
    body = os.urandom(size)
    assert ask(echo, "/echo", "POST", body=body).body.endswith(b"body %d\n" % size + body)


@pytest.mark.parametrize("size,piece", [(1, 1), (1000, 7), (1048576, 65536), (300000, 1000)])
def test_body_in_chunks(echo, size, piece):
    body = os.urandom(size)
    with echo.connect() as client:
        client.sendall(request("/echo", "POST", "Transfer-Encoding: chunked\r\n") + chunked(body, piece))
        client.sendall(request("/constant"))
        reader = Reader(client)
        assert reader.answer().body.endswith(b"body %d\n" % size + body)
        assert reader.answer().status == 200


def test_body_is_asked_for_with_100_continue(echo):
    with echo.connect() as client:
        reader = Reader(client)
        client.sendall(request("/echo", "POST", "Expect: 100-continue\r\nContent-Length: 5\r\n"))
        assert reader.answer().status == 100
        client.sendall(b"hello")
        assert reader.answer().body.endswith(b"hello")


def test_too_long_a_body_is_refused_on_its_length_alone(echo):
    for target, length in (("/echo", 1048577), ("/bodiless", 1), ("/echo", 10 ** 17)):
        with echo.connect() as client:
            client.sendall(request(target, "POST", f"Content-Length: {length}\r\n"))
            reader = Reader(client)
            answer = reader.answer()
            assert (answer.status, answer.headers["connection"]) == (413, "close") and reader.ended()


def test_too_long_a_body_is_refused_without_100_continue(echo):
    with echo.connect() as client:
        client.sendall(request("/echo", "POST", "Expect: 100-continue\r\nContent-Length: 1048577\r\n"))
        assert Reader(client).answer().status == 413


def test_too_long_a_body_in_chunks_is_refused_where_it_passes_the_limit(echo):
    with echo.connect() as client:
        client.sendall(request("/echo", "POST", "Transfer-Encoding: chunked\r\n"))
        try:
            for _ in range(160):
                client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = Reader(client).answer()
        assert answer.status == 413 and answer.headers["connection"] == "close"
        assert answer.body == b"The request's body is too large."
    assert ask(echo, "/bodiless", "POST", headers="Transfer-Encoding: chunked\r\n").status == 413


def test_early_refusal_keeps_the_connection_when_the_body_is_small(echo):
    with echo.connect() as client:
        reader = Reader(client)
        for body in (b"", b"x" * 10, b"x" * 60000):
            client.sendall(request("/early", "POST", body=body))
            answer = reader.answer()
            assert answer.status == 401 and "connection" not in answer.headers
        client.sendall(request("/early", "POST", "Content-Length: 70000\r\n"))
        assert reader.answer().headers["connection"] == "close" and reader.ended()


# ---- what proxies and we could read differently ----

def head(*lines, end="\r\n"):
    return end.join(lines).encode("latin-1") + (end * 2).encode()


LINE = "POST /echo HTTP/1.1"
SMUGGLED = {
    "two lengths": head(LINE, "Host: x", "Content-Length: 5", "Content-Length: 6") + b"helloG",
    "two equal lengths": head(LINE, "Host: x", "Content-Length: 5", "Content-Length: 5") + b"hello",
    "length list": head(LINE, "Host: x", "Content-Length: 5, 5") + b"hello",
    "signed length": head(LINE, "Host: x", "Content-Length: +5") + b"hello",
    "hexadecimal length": head(LINE, "Host: x", "Content-Length: 0x5") + b"hello",
    "empty length": head(LINE, "Host: x", "Content-Length: ") + b"hello",
    "length and coding": head(LINE, "Host: x", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "coding and length": head(LINE, "Host: x", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
    "two codings": head(LINE, "Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "coding list": head(LINE, "Host: x", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "coding unknown": head(LINE, "Host: x", "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "coding identity": head(LINE, "Host: x", "Transfer-Encoding: identity") + b"hello",
    "coding empty": head(LINE, "Host: x", "Transfer-Encoding:") + b"0\r\n\r\n",
    "coding with trailing space": head(LINE, "Host: x", "Transfer-Encoding: chunked ") + b"0\r\n\r\n",
    "coding with tab": head(LINE, "Host: x", "Transfer-Encoding: chunked\t") + b"0\r\n\r\n",
    "coding with vertical tab": head(LINE, "Host: x", "Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n",
    "coding in HTTP/1.0": head("POST /echo HTTP/1.0", "Host: x", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "space before colon": head(LINE, "Host: x", "Content-Length : 5") + b"hello",
    "tab before colon": head(LINE, "Host: x", "Transfer-Encoding\t: chunked") + b"0\r\n\r\n",
    "space in name": head(LINE, "Host: x", "Content Length: 5"),
    "space before name": head(LINE, " Host: x"),
    "folded line": head(LINE, "Host: x", "X-A: 1", "  Content-Length: 5") + b"hello",
    "folded by tab": head(LINE, "Host: x", "X-A: 1", "\tb"),
    "folded first line": head(LINE, " folded", "Host: x"),
    "no name": head(LINE, "Host: x", ": value"),
    "no colon": head(LINE, "Host: x", "Content-Length"),
    "bare LF everywhere": head(LINE, "Host: x", "X-A: b", end="\n"),
    "bare LF after line": b"POST /echo HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF after header": b"POST /echo HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n",
    "bare LF at the end": b"POST /echo HTTP/1.1\r\nHost: x\r\n\n",
    "bare LF before the end": b"POST /echo HTTP/1.1\r\nHost: x\n\r\n",
    "bare CR in value": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: b\rContent-Length: 5\r\n\r\nhello",
    "bare CR in name": b"POST /echo HTTP/1.1\r\nHost: x\r\nX\r-A: b\r\n\r\n",
    "NUL in value": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
    "NUL at value's end": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: a\0\r\n\r\n",
    "NULs like a line's end": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: a\0\0X-B: c\r\n\r\n",
    "NULs like the end": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: a\0\0\0\0\r\n\r\n",
    "NUL in name": b"POST /echo HTTP/1.1\r\nHost: x\r\nX\0A: a\r\n\r\n",
    "NUL in target": b"POST /ec\0ho HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL before the query": b"POST /ec\0?a=b&c HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in method": b"PO\0ST /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "control in value": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: \x1b[0m\r\n\r\n",
    "DEL in value": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: \x7f\r\n\r\n",
    "eight bits in name": b"POST /echo HTTP/1.1\r\nHost: x\r\nX\xc3\xa4: a\r\n\r\n",
    "eight bits in target": "POST /\u00e4 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "space in target": b"POST /echo /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab in target": b"POST /echo\t HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"POST  /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces before version": b"POST /echo  HTTP/1.1\r\nHost: x\r\n\r\n",
    "method no token": b"PO(ST /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab for space": b"POST\t/echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /echo\r\n\r\n",
    "lower-case version": b"GET /echo http/1.1\r\nHost: x\r\n\r\n",
    "no host": head(LINE, "X-A: b"),
    "no headers": b"GET /echo HTTP/1.1\r\n\r\n",
    "two hosts": head(LINE, "Host: x", "Host: y"),
    "host list": head(LINE, "Host: x, y"),
    "host with path": head(LINE, "Host: x/y"),
    "host with user": head(LINE, "Host: a@x"),
    "two authorizations": head(LINE, "Host: x", "Authorization: Bearer a", "Authorization: Bearer b"),
}


# These the library refuses itself, and writes the head of its answer twice.
STUTTERED = {"length list", "signed length", "hexadecimal length", "empty length"}


@pytest.mark.parametrize("name", SMUGGLED)
def test_ambiguous_request_is_refused_and_the_connection_closed(echo, name):
    echo.expects_none = True
    with echo.connect(timeout=3) as client:
        client.sendall(SMUGGLED[name] + request("/echo?smuggled"))
        reader = Reader(client)
        answer = reader.answer()
        assert answer.status == 400 and answer.headers["connection"] == "close"
        if name in STUTTERED:
            assert b"smuggled" not in answer.body + reader.rest()
        else:
            assert reader.ended()


@pytest.mark.parametrize("data,status", [
    (b"GET /echo HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (b"GET /echo HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 15500 + b"\r\n\r\n", 431),
    (b"GET /echo HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 2000 + b"\r\n", 431),
    (b"GET /echo HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 64 + b"\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
    (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 413),
])
def test_other_malformed_requests_get_their_status(echo, data, status):
    echo.expects_none = True
    with echo.connect(timeout=3) as client:
        client.sendall(data)
        assert Reader(client).answer().status == status


def test_sound_but_unusual_requests_are_served(echo):
    for data in (b"\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /echo HTTP/1.1\r\nhOsT:x\r\nX-Empty:\r\nX-Mark:\t v \t\r\n\r\n",
                 b"FOO /echo HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
                 b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
                 b"GET http://x/echo?a HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"POST /echo HTTP/1.1\r\nHost: x\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n",
                 "GET /echo HTTP/1.1\r\nHost: x\r\nX-Mark: \u00e4\r\n\r\n".encode()):
        with echo.connect() as client:
            client.sendall(data)
            assert Reader(client).answer().status == 200, data


def test_ten_megabytes_of_header_leave_no_mark(echo):
    before = echo.resident()
    for _ in range(5):
        with echo.connect() as client:
            try:
                client.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 10_000_000)
            except (BrokenPipeError, ConnectionResetError):
                pass
    echo.expects_none = True
    assert echo.resident() - before < (64 if SANITIZED else 2) << 20
    assert ask(echo, "/constant").status == 200


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
    with Echo(idle=1) as echo:
        with echo.connect() as client:
            took = trickle(client, request("/echo", headers="A: " + "b" * 100 + "\r\n"), 0.1, 10)
            assert Reader(client).answer().status == 408 and 2 < took < 6
        with echo.connect() as client:
            took = trickle(client, b"GET /" + b"x" * 1000, 0.1, 10)
            assert Reader(client).ended() and 1.8 < took < 4


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
    for i in range(10):
        with echo.connect() as client:
            client.sendall(request("/sleep?ms=1000"))
            time.sleep(0.3)  # a reset that overtakes the request is another matter
            if i % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
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


# ---- streams ----

def test_stream_arrives_whole(echo):
    for size in (0, 1, 8192, 131072, 131073, 5_000_000):
        with echo.connect() as client:
            client.sendall(request(f"/stream?bytes={size}"))
            reader = Reader(client)
            answer = reader.answer()
            assert answer.headers["transfer-encoding"] == "chunked" and answer.body == b"x" * size
            client.sendall(request("/constant"))
            assert reader.answer().status == 200


def test_pieces_of_a_stream_are_not_held_back(echo):
    with echo.connect() as client:
        began = time.monotonic()
        client.sendall(request("/stream?bytes=40960&pause=300"))
        reader = Reader(client)
        reader.take(8192)
        assert time.monotonic() - began < 0.25


def test_stream_to_http_1_0_ends_with_the_connection(echo):
    with echo.connect() as client:
        client.sendall(b"GET /stream?bytes=300000 HTTP/1.0\r\n\r\n")
        answer = Reader(client).answer()
        assert answer.headers["connection"] == "close" and "transfer-encoding" not in answer.headers
        assert answer.body == b"x" * 300000


def test_stream_that_fails_is_cut_visibly(echo):
    with echo.connect() as client:
        client.sendall(request("/stream?bytes=300000&fail=3"))
        with pytest.raises(EOFError):
            Reader(client).answer()
    with echo.connect() as client:
        client.sendall(b"GET /stream?bytes=300000&fail=3 HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            Reader(client).answer()


def test_head_of_a_stream_has_no_body_and_no_end_of_chunks(echo):
    with echo.connect() as client:
        client.sendall(request("/stream?bytes=100000000", "HEAD") + request("/constant"))
        reader = Reader(client)
        answer = reader.answer(head=True)
        assert answer.status == 200 and answer.headers["connection"] == "close" and reader.ended()


def test_client_gone_while_a_stream_runs(echo):
    for i in range(6):
        with echo.connect() as client:
            client.sendall(request("/stream?bytes=100000000"))
            client.recv(1000)
            if i % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with echo.connect() as client:
        client.sendall(request("/stream?bytes=40960&pause=200"))
        client.recv(1000)
    time.sleep(1.5)
    assert ask(echo, "/echo").status == 200
    assert echo.stop()["gone"] == 7


def test_producer_of_a_stream_gives_up_at_its_deadline(echo):
    with echo.connect() as client:
        client.sendall(request("/stream?bytes=100000000&patience=500"))
        time.sleep(1.2)
        with pytest.raises(EOFError):
            Reader(client).answer()
    assert echo.stop()["gone"] == 1


def test_slow_readers_of_streams_cost_no_memory():
    with Echo(idle=60, milliseconds=60000) as echo:
        assert len(ask(echo, "/stream?bytes=1000000").body) == 1000000
        before, most = echo.resident(), 0
        clients = [echo.connect() for _ in range(4)]
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.sendall(request("/stream?bytes=400000000&patience=60000"))
        for _ in range(100):
            for client in clients:
                client.recv(65536)
            most = max(most, echo.resident())
            time.sleep(0.005)
        for client in clients:
            client.close()
        assert most - before < (64 if SANITIZED else 4) << 20
        time.sleep(0.5)
        assert echo.stop()["gone"] == 4


# ---- connections ----

def test_a_thousand_idle_connections_are_cheap():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with Echo(pool=8192) as echo:
        before = echo.resident()
        clients = []
        for _ in range(1000):
            clients.append(echo.connect())
            clients[-1].sendall(request("/constant"))
        for client in clients:
            assert Reader(client).answer().status == 200
        used, busy = echo.resident() - before, echo.processor_seconds()
        time.sleep(1)
        assert used < (100 if SANITIZED else 12) << 20
        assert echo.processor_seconds() - busy < 0.3
        for client in clients:
            client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


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


# ---- the end ----

class Load:
    """Clients that ask until the server goes; counts what they got."""

    def __init__(self, echo, targets, keep):
        self.echo, self.targets, self.keep = echo, targets, keep
        self.answered, self.broken, self.statuses = 0, [], set()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(8)]
        for thread in self.threads:
            thread.start()

    def run(self, i):
        client, reader = None, None
        while True:
            try:
                if not client:
                    client = self.echo.connect(timeout=20)
                    reader = Reader(client)
                client.sendall(request(self.targets[i % len(self.targets)]))
                answer = reader.answer()
            except EOFError as end:
                if end.args[0]:
                    self.broken.append(end.args[0])
                client = None
                continue
            except ConnectionRefusedError:
                return
            except OSError as wrong:
                if isinstance(wrong, socket.timeout) or (reader and reader.buffer):
                    self.broken.append(wrong)
                client = None
                continue
            with self.lock:
                self.answered += 1
                self.statuses.add(answer.status)
            if not self.keep or answer.headers.get("connection") == "close":
                client.close()
                client = None

    def join(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def stop_under_load(targets, keep):
    with Echo(threads=4, queue=64) as echo:
        load = Load(echo, targets, keep)
        time.sleep(0.15)
        counts = echo.stop()
        load.join()
        assert not load.broken
        assert load.statuses <= {200, 503}
        assert counts["none"] == 0 and counts["done"] == load.answered
        assert "Sanitizer" not in echo.errors, echo.errors


@pytest.mark.parametrize("keep", [True, False], ids=["kept alive", "one by one"])
@pytest.mark.parametrize("targets", [["/constant"], ["/echo", "/sleep?ms=5", "/thread"],
                                     ["/stream?bytes=500000", "/echo", "/constant"]],
                         ids=["inline", "lanes", "streams"])
def test_stop_under_load_answers_all_that_was_accepted(targets, keep):
    for _ in range(max(1, STOPS // 6)):
        stop_under_load(targets, keep)


def be_rude(echo, chance):
    """Asks for everything, waits for nothing, leaves in all the wrong moments."""
    targets = ["/constant", "/echo", "/sleep?ms=3", "/thread", "/stream?bytes=3000000", "/early", "/stream?fail=1"]
    with echo.connect(timeout=5) as client:
        for _ in range(chance.randrange(1, 4)):
            body = b"x" * chance.choice([0, 0, 10, 100000])
            data = request(chance.choice(targets), chance.choice(["GET", "POST", "HEAD"]), body=body)
            client.sendall(data[:chance.choice([len(data), len(data), len(data) // 2])])
            client.settimeout(0.01)
            try:
                client.recv(chance.choice([1, 1000, 1000000]))
            except socket.timeout:
                pass
        if chance.random() < 0.5:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def rude_client(echo, seed):
    chance = random.Random(seed)
    while True:
        try:
            be_rude(echo, chance)
        except ConnectionRefusedError:
            return
        except OSError:
            continue


def test_stop_amid_rude_clients():
    for i in range(max(2, STOPS // 10)):
        with Echo(threads=4, queue=16, close=500, milliseconds=1000) as echo:
            threads = [threading.Thread(target=rude_client, args=(echo, i * 1000 + n)) for n in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(0.7)
            before = time.monotonic()
            echo.stop()
            assert time.monotonic() - before < (8 if SANITIZED else 3)
            for thread in threads:
                thread.join(20)
            assert not any(thread.is_alive() for thread in threads)


def test_stop_waits_for_what_runs_and_refuses_what_comes():
    with Echo() as echo:
        running, idle = echo.connect(), echo.connect()
        idle.sendall(request("/constant"))
        assert Reader(idle).answer().status == 200
        running.sendall(request("/sleep?ms=800"))
        time.sleep(0.1)
        echo.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            echo.connect()
        idle.sendall(request("/constant"))
        refused = Reader(idle).answer()
        assert (refused.status, refused.headers["connection"], refused.headers["retry-after"]) == (503, "close", "1")
        answer = Reader(running).answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert echo.process.wait(5) == 0


def test_stop_answers_for_those_who_take_too_long():
    with Echo(close=300, threads=2, queue=20) as echo:
        waiting, streaming = [echo.connect() for _ in range(6)], echo.connect()
        streaming.sendall(request("/stream?bytes=100000000"))
        time.sleep(0.1)
        for client in waiting:
            client.sendall(request("/sleep?ms=1500"))
        time.sleep(0.1)
        began = time.monotonic()
        echo.process.send_signal(signal.SIGTERM)
        assert [Reader(client).answer().status for client in waiting] == [503] * 6
        assert time.monotonic() - began < 1.5
        with pytest.raises(EOFError):
            Reader(streaming).answer()
        assert echo.process.wait(10) == 0
        assert json.loads(echo.process.stdout.read())["5xx"] == 6


def test_stop_with_idle_connections_is_quick():
    with Echo() as echo:
        clients = [echo.connect() for _ in range(50)]
        began = time.monotonic()
        echo.stop()
        assert time.monotonic() - began < 1.5
        assert all(Reader(client).ended() for client in clients)
