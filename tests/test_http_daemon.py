# SPDX-License-Identifier: Apache-2.0
"""The daemon over raw sockets: what its HTTP room refuses is a problem of the document, addresses that could be read in two ways
are none, methods are those of the route, and nobody is thrown back what they sent."""
import json
import socket

import pytest
from kit.echo import Reader, request
from kit.house import House
from kit.validate import PROBLEM, check
from test_http_heads import SMUGGLED, STUTTERED

# These the library refuses itself, in words of its own.
BY_LIBRARY = {"NUL in name", "folded first line", "lower-case version", "no colon", "no version", "tab for space"}


@pytest.fixture(scope="module")
def house(postgres):
    with House(None, postgres=postgres) as house:
        yield house


def asked(house, data):
    """The first answer to these bytes, and whether the connection ends behind it."""
    with socket.create_connection(("127.0.0.1", house.port), 10) as client:
        client.sendall(data)
        reader = Reader(client)
        answer = reader.answer(head=data.startswith(b"HEAD"))
        return answer, answer.headers.get("connection") == "close" and reader.ended()


def is_problem(answer, method, target, status):
    assert answer.status == status and answer.headers["content-type"] == PROBLEM, (target, answer.status)
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    check(method, target, status, PROBLEM, json.loads(answer.body), answer.headers)


@pytest.mark.parametrize("name", sorted(SMUGGLED.keys() - STUTTERED))
def test_what_could_be_read_in_two_ways_is_a_problem(house, name):
    answer, ended = asked(house, SMUGGLED[name].replace(b"/echo", b"/healthz"))
    if name in BY_LIBRARY:
        assert answer.status == 400 and b"HTTP request was syntactically incorrect" in answer.body
    else:
        is_problem(answer, "GET", "/healthz", 400)
    assert ended and b"smuggled" not in answer.body


HIDDEN = ["/healthz%00", "/%00/healthz", "/api%2fv1/me", "/api/v1%2Fme", "/api/v1/%2e%2e/v1/me", "/api/v1/%2E/me", "/api/v1/../v1/me",
          "/api/v1/./me", "/api/v1/me/.", "/api/v1/me/..", "/api/v1/..", "/./healthz", "/../healthz", "/api/v1/people/a%2fb", "/api\\v1\\me",
          "/api%5cv1/me", "/%2e", "/.", "/api/v1/%", "/api/v1/%4", "/api/v1/%zz", "/api/v1/%ff", "/api/v1/%c0%ae%c0%ae/me", "/api/v1/%e0%80%af",
          "http://127.0.0.1/healthz", "https://evil.example/api/v1/me", "healthz", "*", "?", "127.0.0.1:80"]
NOWHERE = ["/", "//", "//healthz", "/healthz/", "/healthz//", "/HEALTHZ", "/api/v1//me", "/api//v1/me", "/api/v1/me/", "/api/v1/Me", "/api/v1",
           "/api/v1/", "/api/v2/me", "/%", "/%20healthz", "/healthz%20", "/healthz;x=1", "/healthz%3f", "/healthz&x", "/api/v1/me%3fx", "/%68ealthz",
           "/api/v1/people//hold", "/api/v1/people/a/b", "/api/v1/people/x/nothing", "/console", "/.git/config", "/etc/passwd"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "TRACE"])
def test_an_address_in_disguise_is_none(house, method):
    for target in HIDDEN:
        answer, _ = asked(house, request(target, method))
        is_problem(answer, method, "/nowhere", 400)
    for target in NOWHERE:
        answer, _ = asked(house, request(target, method))
        is_problem(answer, method, "/nowhere", 400 if target == "/%" else 404)


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PUT", "PROPFIND", "FOO", "get", "Get", "GETT", "PRI", "M-SEARCH", "X" * 300, "!#$%&'*+-.^_`|~"])
def test_a_method_that_is_not_the_routes_is_405_and_nothing_is_thrown_back(house, method):
    for target in "/healthz", "/api/v1/me", "/api/v1/sessions", "/metrics":
        answer, _ = asked(house, request(target, method, "X-Secret: thrown-back\r\nCookie: thrown-back\r\n"))
        is_problem(answer, method, target, 405)
        assert "GET" in answer.headers["allow"] or target.endswith("sessions") and "POST" in answer.headers["allow"]
        assert b"thrown-back" not in answer.body + str(answer.headers).encode()


def test_requests_in_a_row_are_answered_in_a_row(house):
    targets = ["/healthz", "/api/v1/me", "/nowhere", "/api/v1/openapi.json", "/api/v1/people/%2e", "/readyz"] * 10
    with socket.create_connection(("127.0.0.1", house.port), 10) as client:
        client.sendall(b"".join(request(target) for target in targets))
        reader = Reader(client)
        assert [reader.answer().status for _ in targets] == [200, 401, 404, 200, 400, 200] * 10
