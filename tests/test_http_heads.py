# SPDX-License-Identifier: Apache-2.0
"""The http room over raw sockets: what a proxy and we could read differently is refused."""
import pytest
from kit.echo import SANITIZED, Echo, Reader, ask, echo, request  # noqa: F401 fixture

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
    "NULs like a line's end and a colon": b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: a\0\0Content-Length\0 5\r\n\r\n",
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


def test_every_head_up_to_the_limit_is_answered():
    pool, room, cost, fields = 7680, 1536, 64, 2
    with Echo(pool=pool) as echo:
        for path in "/dressed", "/constant", "/echo", "/stream?bytes=100000":
            for size in [*range(3000, 6000, 250), *range(5900, 6200, 7), *range(6200, 7400, 100)]:
                head = f"GET {path} HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n"
                head = head.replace("A: ", "A: " + "x" * (size - len(head))).encode()
                with echo.connect() as client:
                    client.sendall(head)
                    expected = 200 if size + fields * cost + room <= pool else 431
                    assert len(head) == size and Reader(client).answer().status == expected, (path, size)


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
