# SPDX-License-Identifier: Apache-2.0
"""What runs out under load: room on PostgreSQL's disk, its sessions, its room for sorting, the daemon's files. What needs
it is answered 503, everything else goes on, nothing acknowledged is lost, and it comes back by itself."""
import contextlib
import resource
import socket
import urllib.parse

import psycopg2
import pytest
import requests
from kit.house import wait_for
from kit.load import office_house, office_load
from kit.postgres import Postgres
from kit.preload import Preloaded

MOST = 40
SETTINGS = f"max_connections = {MOST}\nsuperuser_reserved_connections = 0\nmax_wal_size = 64MB\nmin_wal_size = 32MB\n"


@pytest.fixture(scope="module")
def disk():
    with Preloaded("disk_full") as disk:
        yield disk


@pytest.fixture(scope="module")
def office(disk):
    """With its log on the disk that PostgreSQL uses, too."""
    with Postgres(SETTINGS, disk.environment) as postgres, office_house(postgres=postgres, interval="1s") as house:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in disk.environment.items():
                patch.setenv(name, value)
            house.restart()
        yield house


@contextlib.contextmanager
def under_load(office):
    """Some before, some after, and all of it is held to."""
    load = office_load(office)
    goes_on(load)
    yield load
    goes_on(load)
    load.finish()
    assert set(load.statuses()) <= {200, 201, 204, 401, 503}, load.statuses()
    load.hold(office.sql)
    load.hold_rest()


def goes_on(load):
    done = load.done()
    wait_for("deeds", lambda: load.done() > done + 20)


def is_refused(load, times=20):
    refused = load.statuses()[503]
    wait_for("refusals", lambda: load.done() >= 0 and load.statuses()[503] > refused + times)


def test_on_a_full_disk_what_is_there_is_read(office, disk):
    client, pid = office.sign_in("cbianchi"), office.pid
    with under_load(office) as load:
        disk.set(1)
        is_refused(load)
        for path in "/me", "/people", "/reports/skills", "/readyz", "/healthz":
            client.get(path)
        disk.set(0)
    assert office.pid == pid and office.sync()["state"] == "done"
    assert "SQLSTATE 53100" not in office.log(), "there was no room for that either"


def test_a_disk_so_full_that_postgresql_ends(office, disk):
    """It cannot write what it has to write ahead, ends, and is started again once there is room."""
    with under_load(office) as load:
        disk.set(1)
        link = office.postgres.connect(office.database)
        with pytest.raises(psycopg2.OperationalError), link.cursor() as cursor:
            for _ in range(100):
                cursor.execute("SELECT pg_logical_emit_message(false, 'much', repeat('x', 1000000))")
        is_refused(load)
        assert requests.get(office.url + "/healthz", timeout=10).status_code == 200
        disk.set(0)
        if office.postgres.process.poll() is not None:
            office.postgres.stop()
            office.postgres.start()
    assert "database system was interrupted" in office.postgres.log


# ---- PostgreSQL's sessions

@contextlib.contextmanager
def all_taken(office):
    """Every session that PostgreSQL has; those of the daemon are ended for it."""
    links, taken = [], 0
    while taken < MOST:
        with contextlib.suppress(psycopg2.OperationalError):
            while True:
                links.append(office.postgres.connect("postgres"))
        office.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'skillsd %%'")
        (taken,), = office.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                               " AND application_name NOT LIKE 'skillsd %%'")
    try:
        yield
    finally:
        for link in links:
            link.close()


def test_out_of_sessions(office):
    client = office.sign_in("cbianchi")
    with under_load(office) as load, all_taken(office):
        is_refused(load)
        for path, status in ("/me", 503), ("/reports/skills", 503), ("/readyz", 503), ("/healthz", 200), ("/metrics", 200):
            assert client.ask("GET", path).status_code == status
        assert office.try_sign_in("cbianchi", office.passwords["cbianchi"]).status_code == 503
    assert "too many clients already" in office.log()


# ---- room for sorting

def many_holdings(office):
    """So many that no sort of them fits."""
    office.sql("INSERT INTO skill (framework_id, code, label, scale_id) SELECT f.id, 'many' || n, 'many ' || n, s.id"
               " FROM generate_series(1, 100) n, (SELECT id FROM framework LIMIT 1) f, (SELECT id FROM scale LIMIT 1) s")
    office.sql("INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id,"
               " achievement_number, valid_from, valid_to) SELECT c.id, p.id, s.id, 1, c.issued_at, c.issuer_id, c.achievement_id,"
               " 1, c.valid_from, 'infinity' FROM (SELECT * FROM credential LIMIT 1) c, (SELECT id FROM person LIMIT 100) p,"
               " (SELECT id FROM skill WHERE code LIKE 'many%') s")
    office.sql("ANALYZE")


REPORTS = ["group_by=person&limit=500", "group_by=skill&limit=500", "group_by=unit&limit=500", "limit=500&sort=-name", "count=true",
           "format=csv", "format=ndjson&sort=-level"]


def report(client, query):
    """None: refused, or cut off in the middle."""
    try:
        answer = client.session.get(f"{client.house.url}/api/v1/reports/skills?{query}", timeout=60,
                                    headers={"Authorization": f"Bearer {client.token}"})
    except requests.RequestException:
        return None
    assert answer.status_code in (200, 503), answer.text
    return answer.content if answer.status_code == 200 else None


def let_sort(office, work_mem, temp_file_limit):
    """For sessions that begin from now on; those of the daemon are new, too."""
    for setting in f"work_mem = '{work_mem}'", f"temp_file_limit = '{temp_file_limit}'":
        office.sql(f"ALTER SYSTEM SET {setting}")
    office.sql("SELECT pg_reload_conf()")

    def is_so():
        with contextlib.closing(office.postgres.connect("postgres")) as link, link.cursor() as cursor:
            cursor.execute("SELECT current_setting('work_mem'), current_setting('temp_file_limit')")
            return cursor.fetchone() == (work_mem, temp_file_limit)
    wait_for("the settings", is_so)
    office.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'skillsd %%'")
    wait_for("/readyz", lambda: office._answers("/readyz"))


def test_a_report_that_needs_more_room_than_there_is(office):
    """With little work_mem it is the same; with no room beside that it is refused, or cut off, and never wrong."""
    client, pid = office.sign_in("cbianchi"), office.pid
    load = office_load(office)
    goes_on(load)
    load.finish()
    many_holdings(office)
    whole = {query: report(client, query) for query in REPORTS}
    assert all(whole.values())
    let_sort(office, "64kB", "-1")
    assert {query: report(client, query) for query in REPORTS} == whole
    let_sort(office, "64kB", "0")
    small = {query: report(client, query) for query in REPORTS}
    assert None in small.values() and all(small[query] in (whole[query], None) for query in REPORTS)
    assert "SQLSTATE 53400" in office.log()
    client.get("/me")
    let_sort(office, "4MB", "-1")
    assert {query: report(client, query) for query in REPORTS} == whole and office.pid == pid


# ---- the daemon's files

def crowd_of(house, count):
    """Connections that say nothing; the system takes them for the daemon, which may have no room for them."""
    where = urllib.parse.urlsplit(house.url)
    return [socket.create_connection((where.hostname, where.port), timeout=10) for _ in range(count)]


def test_out_of_files(office):
    """Who is connected goes on as far as nothing new is needed; whoever waits outside is let in when there is room."""
    client, limits = office.sign_in("cbianchi"), resource.prlimit(office.pid, resource.RLIMIT_NOFILE)
    with under_load(office) as load:
        resource.prlimit(office.pid, resource.RLIMIT_NOFILE, (64, limits[1]))
        idle = crowd_of(office, 100)
        wait_for("no more files", lambda: "cannot accept connections: Too many open files" in office.log())
        client.get("/me")
        office.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'skillsd %%'")
        is_refused(load, 5)
        assert client.ask("GET", "/healthz").status_code == 200
        outside = crowd_of(office, 1)[0]
        outside.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        for one in idle:
            one.close()
        assert outside.recv(100).startswith(b"HTTP/1.1 200 ")
        outside.close()
    resource.prlimit(office.pid, resource.RLIMIT_NOFILE, limits)
    assert office.sync()["state"] == "done"
