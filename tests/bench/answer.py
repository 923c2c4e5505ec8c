# SPDX-License-Identifier: Apache-2.0
"""A constant answer and a person's holdings over HTTP: against nginx, and against pgbench with the same SQL.
Also what idle connections cost."""
import contextlib
import http.client
import re
import shutil
import socket
import subprocess
import time

from bench.measure import Load, alternate, backends, pgbench, wrk
from bench.people import FIRST, ID, get
from kit.badges import Programme, badge_house
from kit.gate import build_folder
from kit.slapd import free_port, short_folder, unprivileged

NGINX = """
daemon off; master_process on; worker_processes 2; pid {folder}/pid; error_log {folder}/log warn;
worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
  access_log off; server_tokens off; sendfile on; tcp_nopush on; open_file_cache max=10; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    {headers}
    add_header Last-Modified "";
    location = /page {{ root {folder}; default_type "text/html; charset=utf-8"; etag off; max_ranges 0; }}
    location / {{ return 200 '{body}'; }}
  }}
}}
"""
# What it sends by itself; its Server and Connection stand for two of ours.
NGINX_OWN = ("Date", "Content-Type", "Content-Length", "X-Content-Type-Options", "Referrer-Policy")


def wrk_people(request):
    """A script of wrk that asks for one person of many at random, with the same dice in each run; `request`: as Lua, of person n."""
    return """
local thread_count = 0
function setup(thread)
  thread_count = thread_count + 1
  thread:set("seed", thread_count)
end
function init(words)
  math.randomseed(seed)
  requests = {}
  for n = %d, %d + tonumber(words[2]) - 1 do
    requests[#requests + 1] = %s
  end
end
function request()
  return requests[math.random(#requests)]
end
""" % (FIRST, FIRST, request)


WRK_PEOPLE = wrk_people(f'wrk.format("GET", "/api/v1/people/{ID}" .. n .. words[1])')


def fetch(port, path="/healthz"):
    """(status, headers, body)"""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", path)
    answer = link.getresponse()
    return answer.status, answer.getheaders(), answer.read().decode()


def page(table, rounds, seconds):
    """A public badge page, which everybody asks for."""
    with badge_house(("ed25519",), config={"server": {"log_level": "info"}}) as house:
        path = f"/badges/{Programme(house).issue()['id']}?format=html"
        _, headers, body = fetch(house.port, path)
        with nginx(headers, page=body.encode()) as port:
            _, theirs, same = fetch(port, "/page")
            assert same == body and len(theirs) == len(headers), (headers, theirs)
            ours = Load(lambda: wrk(house.url + path, seconds), lambda: [house.pid, *backends(house)])
            limit, rate = alternate(rounds, lambda: wrk(f"http://127.0.0.1:{port}/page", seconds)[1], ours)
        table.ratio("public badge page, nginx with its bytes", limit, rate, "/s", least=0.5)
        table.bound("  CPU of daemon and PostgreSQL a request", ours.microseconds, "us")


@contextlib.contextmanager
def nginx(headers, body="", page=b""):
    """The port of an nginx that answers everything with `body`, and with as many headers; /page from a file of these bytes."""
    folder, port = short_folder("nginx-"), free_port()
    (folder / "page").write_bytes(page)
    (folder / "page").chmod(0o644)
    extra = [f"""add_header {name} "{value.replace('"', '')}";""" for name, value in headers if name not in NGINX_OWN]
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port, headers="\n    ".join(extra), body=body))
    process = subprocess.Popen(["/usr/sbin/nginx", "-e", folder / "log", "-c", folder / "conf"], cwd=folder, **unprivileged())
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                fetch(port)
                break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def constant(table, house, rounds, seconds):
    _, headers, body = fetch(house.port)
    with nginx(headers, body) as port:
        _, theirs, same = fetch(port)
        assert same == body and len(theirs) == len(headers), (headers, theirs)
        ours = Load(lambda: wrk(house.url + "/healthz", seconds), lambda: [house.pid])
        limit, rate = alternate(rounds, lambda: wrk(f"http://127.0.0.1:{port}/healthz", seconds)[1], ours)
    table.ratio("constant answer, nginx", limit, rate, "/s", least=0.9)
    table.bound("  CPU of the daemon a request", ours.microseconds, "us", most=9)


# What a program that holds no names asks for the same answer.
NAMED_SQL = """
SELECT p.id, p.name, f.skill_id, f.level, f.expires_at, f.credential_id, f.issuer_id, f.achievement_id, f.achievement_number,
  f.issued_at, s.label, s.code, v.name, i.name
FROM person p JOIN proof f ON f.person_id = p.id JOIN skill s ON s.id = f.skill_id
  JOIN achievement_version v ON v.achievement_id = f.achievement_id AND v.number = f.achievement_number
  JOIN issuer i ON i.id = f.issuer_id
WHERE p.id = {person} AND p.erased_at IS NULL AND f.known_to = 'infinity' AND f.valid_from <= now() AND f.valid_to > now()
ORDER BY s.label, f.skill_id, f.level DESC, f.expires_at DESC, f.credential_id"""


def holdings_sql(person):
    """The daemon's own SQL, out of its binary, for one who sees everybody; `person` is an expression."""
    binary = (build_folder() / "skillsd").read_bytes()
    text = re.search(rb"SELECT p\.name,[^\0]+ FROM person p JOIN proof f [^\0]+", binary)[0].decode()
    for parameter, value in ("$1::uuid", person), ("$2::bool", "true"), ("$3::uuid", "NULL::uuid"), ("$4::bool", "false"):
        text = text.replace(parameter, value)
    return text


def person(table, house, people, rounds, seconds):
    """One person of `people` at random, each request with its token looked up anew."""
    folder = short_folder("wrk-")
    try:
        (folder / "people.lua").write_text(WRK_PEOPLE)
        someone = f"('{ID}' || :n)::uuid"
        for name, sql in ("named", NAMED_SQL.format(person=someone)), ("own", holdings_sql(someone)):
            (folder / name).write_text(f"\\set n random({FIRST}, {FIRST + people - 1})\n{sql};\n")

        def peer(name):
            return lambda: pgbench(house.postgres, house.database, folder / name, seconds, 8)[1]

        def load(what):
            return Load(lambda: wrk(house.url, seconds, token=house.token, script=folder / "people.lua",
                                    arguments=[what, people]),
                        lambda: [house.pid, *backends(house)])
        found = get(house, f"/people/{ID}{FIRST}/holdings")
        assert len(found["items"]) == 20, found
        holdings, alone = load("/holdings"), load("")
        named, own, rate, bare = alternate(rounds, peer("named"), peer("own"), holdings, alone)
    finally:
        shutil.rmtree(folder)
    table.ratio("person's 20 holdings, pgbench with the names", named, rate, "/s", least=0.65)
    table.ratio("  pgbench, the daemon's query alone", own, rate, "/s", least=0.5)
    table.bound("  CPU of daemon and PostgreSQL a request", holdings.microseconds, "us", most=50)
    table.ratio("the person without holdings, the same pgbench", own, bare, "/s")
    table.bound("  CPU of daemon and PostgreSQL a request", alone.microseconds, "us")


def idle(table, house, counts):
    """Resident memory of a fresh daemon, and with idle connections that have each asked for something."""
    house.restart()
    time.sleep(1)
    table.bound("memory, idle daemon", house.memory() / 1e6, "MB", most=16)
    links = []
    with contextlib.ExitStack() as stack:
        for count in counts:
            while len(links) < count:
                link = stack.enter_context(socket.create_connection(("127.0.0.1", house.port), timeout=10))
                link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert b" 200 " in link.recv(1024), f"connection {len(links)} is not served"
                links.append(link)
            table.bound(f"memory, {count:,} idle connections", house.memory() / 1e6, "MB",
                        most=100 if count == 10000 else None)
