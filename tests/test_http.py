# SPDX-License-Identifier: Apache-2.0
"""The http room over raw sockets: what is asked in order is answered in order, bodies, streams."""
import os
import socket
import time

import pytest
from kit.echo import SANITIZED, Echo, Reader, ask, echo, request  # noqa: F401 fixture

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
