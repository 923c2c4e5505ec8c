# SPDX-License-Identifier: Apache-2.0
"""`skillsd sync --dry-run` tells what the next run will do, to the letter; changes nothing, and keeps nobody
waiting."""
import collections
import json
import signal
from concurrent.futures import ThreadPoolExecutor

import ldap
import pytest
from kit.house import BASE, House, demo_house, wait_for
from kit.slapd import free_port, give_away
from test_directory import CHART, GONE, PEOPLE, QUIET, Directory
from test_source_ldif import b64, entries

COUNTS = ("people", "added", "changed", "moved", "absent", "returned", "skipped")
HR = f"cn=hr,ou=groups,{BASE}"
NEW = f"uid=newcomer,{PEOPLE}"


@pytest.fixture(scope="module")
def directory(postgres):
    gone = f"dn: {GONE}\nobjectClass: organizationalUnit\nou: gone\n"
    with demo_house({"directory main": {"people_base": PEOPLE}}, more_ldif=gone, postgres=postgres) as house:
        yield Directory(house)


def dry(house, *words):
    done = house.command("sync", "--dry-run", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def foretold(house):
    line, = dry(house, "--json").splitlines()
    return json.loads(line)


def sortable(lines):
    """Without the ids of people who were not there before; sorted."""
    return sorted(json.dumps([line["kind"], line.get("person", {}).get("name"), line.get("what"), line.get("detail")],
                             sort_keys=True) for line in lines)


def everything(house):
    """Every row of every table, where and by which transaction it was written; where each sequence stands."""
    tables = [name for name, in house.sql("SELECT relname FROM pg_class WHERE relkind = 'r'"
                                          " AND relnamespace = 'public'::regnamespace ORDER BY 1")]
    rows = {name: house.sql(f"SELECT ctid, xmin, xmax, t::text FROM {name} AS t ORDER BY ctid") for name in tables}
    assert {"person", "lease", "directory_run", "role_grant", "audit_entry", "change"} < set(tables)
    return rows, house.sql("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")


def person_of(run, kind):
    return [line["person"]["name"] for line in run["lines"] if line["kind"] == kind]


@pytest.fixture
def changed(directory):
    """A directory in which something of each kind waits for the next run, and the way back."""
    house, link, where = directory.house, directory.link, directory.where
    renamed, comes, leaves = QUIET[:3]
    home = {who: ldap.dn.dn2str(ldap.dn.str2dn(where[who])[1:]) for who in (renamed, comes, leaves)}
    other = next(p for p in CHART.people.values() if p.unit and p.unit_key != CHART.people[renamed].unit_key)
    directory.move(comes, GONE)
    house.sync()
    directory.move(comes, home[comes])
    directory.move(leaves, GONE)
    directory.move(renamed, ldap.dn.dn2str(ldap.dn.str2dn(other.dn)[1:]), "uid=renamed")
    directory.change(renamed, mail="new\x1b[31m@example.org", manager=None)
    link.add_s(NEW, [("objectClass", [b"inetOrgPerson"]), ("uid", [b"newcomer"]), ("cn", [b"New Comer"]),
                     ("sn", [b"Comer"])])
    link.add_s(f"cn=no username,{PEOPLE}", [("objectClass", [b"inetOrgPerson"]), ("sn", [b"x"])])
    link.modify_s(HR, [(ldap.MOD_DELETE, "member", [where["tdube"].encode()]), (ldap.MOD_ADD, "member", [NEW.encode()])])
    yield collections.namedtuple("Changed", "renamed comes leaves unit")(renamed, comes, leaves, other.unit)
    link.modify_s(HR, [(ldap.MOD_ADD, "member", [where["tdube"].encode()]), (ldap.MOD_DELETE, "member", [NEW.encode()])])
    for dn in NEW, f"cn=no username,{PEOPLE}":
        link.delete_s(dn)
    directory.change(renamed, mail="back@example.org", manager=CHART.people[CHART.people[renamed].manager].dn)
    directory.move(renamed, home[renamed], f"uid={renamed}")
    directory.move(leaves, home[leaves])
    house.sync()


# ---- the same as the run

def test_a_dry_run_tells_what_the_next_run_does_and_changes_nothing(directory, changed):
    house = directory.house
    assert house.stop() == 0
    before = everything(house)
    told = foretold(house)
    readable = dry(house, "main")
    assert everything(house) == before
    house.command("sync")
    (run,), = house.sql("SELECT id::text FROM directory_run ORDER BY id DESC LIMIT 1")
    house.start()
    run = house.rescue.get(f"/directory/runs/{run}")
    assert {name: told[name] for name in (*COUNTS, "state", "source", "complete")} \
        == {name: run[name] for name in (*COUNTS, "state", "source", "complete")}
    assert sortable(told["lines"]) == sortable(run["lines"])
    assert [told[name] for name in COUNTS[1:]] == [1, 1, 1, 1, 1, 1]
    assert {line["kind"] for line in told["lines"]} == \
        {"added", "changed", "moved", "absent", "returned", "skipped", "group_joined", "group_left", "role_lost", "role_gained"}
    for line in [line for line in told["lines"] if line["kind"] in ("changed", "absent", "returned", "role_lost")]:
        assert house.sql("SELECT name FROM person WHERE id = %s", line["person"]["id"])
    whom = {who: f"{CHART.people[who].name} ({who})" for who in changed[:3]}
    renamed = f"{CHART.people[changed.renamed].name} (renamed)"
    manager = CHART.people[CHART.people[changed.renamed].manager].name
    assert readable.splitlines()[:-1] == [
        "main: what a run would do now; nothing was changed",
        "  added     New Comer (newcomer)",
        f"  returned  {whom[changed.comes]}",
        f"  absent    {whom[changed.leaves]}",
        f"  moved     {renamed}",
        f"              unit: {CHART.people[changed.renamed].unit} -> {changed.unit}",
        f"  changed   {renamed}",
        f"              mail: {CHART.people[changed.renamed].mail} -> new\\x1b[31m@example.org",
        f"              manager: {manager} -> nothing",
        f"              username: {changed.renamed} -> renamed",
        f"  joined    New Comer (newcomer): the group {HR}",
        f"  left      {CHART.people['tdube'].name} (tdube): the group {HR}",
        f"  lost      {CHART.people['tdube'].name} (tdube): the role hr, through {HR}",
        f"  gained    New Comer (newcomer): the role hr, through {HR}",
        f"  skipped   cn=no username,{PEOPLE}: it shows no uid, which would be its username"]
    assert readable.splitlines()[-1] == f"main: it would be done: {run['people']} people, 1 added, 1 changed, 1 moved," \
        " 1 absent, 1 returned, 1 skipped"


def test_a_run_that_would_wait_says_why_and_who_would_leave(directory):
    house = directory.house
    assert house.stop() == 0  # it may run by itself just when some have left already
    with directory.without(QUIET[:26]):
        told, readable = foretold(house), dry(house)
        house.start()
        run = house.sync("needs_approval")
        assert {name: told[name] for name in (*COUNTS, "state", "error")} \
            == {name: run[name] for name in (*COUNTS, "state", "error")}
        assert sortable(told["lines"]) == sortable(run["lines"])
        assert sorted(person_of(told, "absent")) == sorted(CHART.people[who].name for who in QUIET[:26])
        assert "it would wait for approval" in readable and f"main: {run['error']}" in readable
        again = foretold(house)
        assert (again["state"], sortable(again["lines"])) == ("needs_approval", sortable(run["lines"]))
        assert house.rescue.get(f"/directory/runs/{run['id']}")["state"] == "needs_approval"


def test_a_run_that_would_wait_since_many_lose_a_value_is_told_alike(directory):
    house = directory.house
    mails = {who: CHART.people[who].mail for who in QUIET[:30]}
    for who in mails:
        directory.change(who, mail=None)
    told = foretold(house)
    run = house.sync("needs_approval")
    assert {name: told[name] for name in (*COUNTS, "state", "error")} \
        == {name: run[name] for name in (*COUNTS, "state", "error")}
    assert sortable(told["lines"]) == sortable(run["lines"]) and len(told["lines"]) == len(mails)
    assert sortable(foretold(house)["lines"]) == sortable(run["lines"])
    for who, mail in mails.items():
        directory.change(who, mail=mail)
    house.sync()


def test_a_run_that_would_wait_since_many_lose_their_manager_is_told_alike(directory):
    """By the managers' ids, as in any other run; of one who was never known there is none."""
    house, many, stray = directory.house, QUIET[:30], QUIET[30]
    directory.change(stray, manager=f"uid=nobody,{PEOPLE}")
    house.sync()
    for who in (*many, stray):
        directory.change(who, manager=None)
    told, readable = foretold(house), dry(house)
    run = house.sync("needs_approval")
    assert {name: told[name] for name in (*COUNTS, "state", "error")} \
        == {name: run[name] for name in (*COUNTS, "state", "error")}
    assert sortable(told["lines"]) == sortable(run["lines"])
    lost = {line["person"]["name"]: line["detail"] for line in run["lines"] if line["kind"] == "changed"}
    assert lost == {CHART.people[stray].name: {"manager": {}},
                    **{CHART.people[who].name: {"manager": {"from": directory.person(CHART.people[who].manager)["id"]}}
                       for who in many}}
    manager = CHART.people[CHART.people[many[0]].manager].name
    assert f"  changed   {CHART.people[many[0]].name} ({many[0]})\n              manager: {manager} -> nothing\n" in readable
    for who in (*many, stray):
        directory.change(who, manager=CHART.people[CHART.people[who].manager].dn)
    house.sync()


def test_without_news_it_says_so(directory):
    directory.house.sync()
    told = foretold(directory.house)
    assert told["lines"] == [] and told["groups"] == [] and told["people"] == len(CHART.people)


# ---- in nobody's way

def test_it_takes_no_lock_that_a_daemon_could_wait_for_and_waits_for_none_of_a_daemons(directory, changed):
    """With EXCLUSIVE held on every table, whatever is more than plain reading would wait for ever; and since it takes
    nothing that conflicts with it, nothing a daemon does can wait for it."""
    house = directory.house
    tables = [name for name, in house.sql("SELECT relname FROM pg_class WHERE relkind = 'r'"
                                          " AND relnamespace = 'public'::regnamespace")]
    link = house.postgres.connect(house.database)
    house.sql("UPDATE who SET account = 'once ' || account")  # nobody has done anything yet
    try:
        link.autocommit = False
        with link.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
            told = foretold(house)
            cursor.execute("ROLLBACK")
    finally:
        link.close()
        house.sql("UPDATE who SET account = substr(account, 6)")
    assert told["added"] == 1


def test_runs_of_a_daemon_go_on_meanwhile(directory):
    house = directory.house
    epoch = house.sql("SELECT holder, epoch FROM lease WHERE name NOT IN ('seal', 'links')")
    for title in "One", "Two":
        directory.change(QUIET[5], title=title)
        assert foretold(house)["changed"] == 1
        assert house.sync()["changed"] == 1
    assert house.sql("SELECT holder, epoch FROM lease WHERE name NOT IN ('seal', 'links')") == epoch
    directory.change(QUIET[5], title=CHART.people[QUIET[5]].title)
    house.sync()


def test_a_run_that_ends_while_it_reads_is_not_half_in_what_it_tells(directory):
    house, who = directory.house, QUIET[0]
    assert house.stop() == 0
    with ThreadPoolExecutor(1) as pool:
        house.slapd.kill(signal.SIGSTOP)
        try:
            told = pool.submit(foretold, house)
            wait_for("its reading", lambda: house.sql(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%%COPY stage%%' AND pid <> pg_backend_pid()"))
            house.sql("UPDATE person SET absent_since = now(), digest = NULL WHERE username = %s", who)  # as a run would
        finally:
            house.slapd.kill(signal.SIGCONT)
        told = told.result()
    house.start()
    assert (person_of(told, "returned"), told["returned"]) == ([CHART.people[who].name], 1)
    assert told["people"] == house.sync()["people"] == len(CHART.people)


# ---- before anything is there, and when it fails

@pytest.fixture(scope="module")
def empty(postgres):
    """Migrated, and never synced."""
    house = demo_house({"role auditor": {"group": ["cn=nowhere,ou=groups," + BASE]}}, postgres=postgres)
    try:
        house.port = free_port()
        house.configure()
        house.migrate()
        yield house
    finally:
        house.remove()


def test_before_the_first_run_everybody_is_new_and_roles_are_as_configured(empty):
    told = foretold(empty)
    assert told["added"] == told["people"] == len(CHART.people)
    assert {line["kind"] for line in told["lines"]} == {"added", "role_gained"}
    assert all("id" not in line["person"] for line in told["lines"])
    hr = sorted(line["person"]["name"] for line in told["lines"] if line.get("what") == "hr")
    assert len(hr) == 5 and CHART.people["tdube"].name in hr
    assert told["groups"] == [{"role": "auditor", "group": f"cn=nowhere,ou=groups,{BASE}", "trouble": "missing"}]
    assert f"missing   the group cn=nowhere,ou=groups,{BASE}: nobody has the role auditor" in dry(empty)
    assert empty.sql("SELECT count(*) FROM person") == empty.sql("SELECT count(*) FROM directory_run") == [(0,)]


def test_a_directory_that_cannot_be_read_whole_is_a_failure(empty):
    empty.configure({"directory main": {"base": "dc=example,dc=net"}})
    done = empty.command("sync", "--dry-run", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("skillsd sync: main: ") and "no such entry" in done.stderr
    empty.configure({"directory main": {"base": BASE}})


def test_words_that_are_not_understood(empty):
    for words in ["--dry"], ["--json"], ["main", "main"], ["--dry-run", "main", "two"]:
        done = empty.command("sync", *words)
        assert done.returncode == 2 and "[--dry-run [--json]] [NAME]" in done.stderr
    done = empty.command("sync", "--dry-run", "other")
    assert (done.returncode, done.stderr) == (1, "skillsd sync: there is no directory other\n")


# ---- on a terminal

def test_what_a_directory_holds_reaches_no_terminal_as_it_is(postgres):
    """Neither from a run nor from a dry one: names and DNs could steer it, by ESC or by CSI in one character."""
    evil = "evil\x1b[31m\u009b2J"

    def group(*members):
        return [f"dn:: {b64(f'cn={evil},dc=x')}", "objectClass: groupOfNames", "cn: g", *members]
    people = [[f"dn: uid=p{n},dc=x", "objectClass: inetOrgPerson", f"uid: p{n}", f"cn:: {b64(evil)}", "sn: x",
               f"entryUUID: id-{n}"] for n in range(3)]
    nobody = [f"dn:: {b64(f'cn={evil} nobody,dc=x')}", "objectClass: inetOrgPerson", "sn: x", "entryUUID: id-x"]
    house = House(config={"directory main": {"plugin": "source_ldif", "file": "people.ldif", "group_id": "cn",
                                             "absent_count": 1, "absent_percent": 0}}, postgres=postgres)
    path = house.folder / "people.ldif"
    try:
        house.port = free_port()
        house.configure()
        house.migrate()
        for members, words in [[f"member: uid=p{n},dc=x" for n in range(3)], "main: done"], [[], "would leave the group"]:
            path.write_text(entries(*people, nobody, group(*members)))
            give_away(path)
            for how in ["--dry-run"], []:
                done = house.command("sync", *how)
                assert words in done.stdout or how
                assert "evil\\x" in done.stdout
                assert all(one.isprintable() for one in (done.stdout + done.stderr).replace("\n", ""))
    finally:
        house.remove()
