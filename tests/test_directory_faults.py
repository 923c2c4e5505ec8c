# SPDX-License-Identifier: Apache-2.0
"""Whatever a server does instead of answering well, the registry is unharmed: nobody leaves, nobody is another one,
credentials and rights stand, the run says what was wrong; and with the next good answer all is as before. What the
plugin makes of such servers alone is in test_source_ldap_faults.py."""
import itertools
import time

import pytest
from kit.fake_ldap import (BIND_DONE, PAGED, REFUSING, FakeLdap, Peer, done, entry, farewell, person, reference, result,
                           text, tlv)
from kit.house import ACCOUNTS, demo_house, wait_for

NAMES = [f"a{n}" for n in range(8)]
PEOPLE, GROUP = "ou=p,dc=x", "cn=g,ou=g,dc=x"
MANY = 50000


def someone(number, name, **changes):
    values = {"uid": [name], "entryUUID": ["id-" + name], "cn": [name.upper()], "title": ["t-" + name],
              "mail": [name + "@x"], **({"manager": [f"uid=a0,{PEOPLE}"]} if name != "a0" else {}), **changes}
    return entry(number, f"uid={name},{PEOPLE}", **{key: value for key, value in values.items() if value is not None})


def everybody(number, **changes):
    return [someone(number, name, **changes) for name in NAMES]


def group(number, members=("a1", "a2")):
    names = [f"uid={name},{PEOPLE}" for name in members]
    return entry(number, GROUP, entryUUID=["id-g"], cn=["g"], **({"member": names} if names else {}))


class Faulty:
    """A second directory of the demo's house, on a fake server; people() and groups() answer its two searches."""

    def __init__(self, postgres):
        self.fake = FakeLdap(self._search)
        self.heal()
        options = {"plugin": "source_ldap", "uri": self.fake.uri, "preset": "openldap", "base": "dc=x", "bind": "anonymous",
                   "people_base": PEOPLE, "groups_base": "ou=g,dc=x", "unit_from": "none", "follow": "no", "interval": "1h",
                   "timeout": "1s", "network_timeout": "1s", "time_limit": "3s", "absent_count": 3, "absent_percent": 0}
        self.house = demo_house({"directory faulty": options,
                                 "role assessor": {"directory": "faulty", "group": GROUP}}, postgres=postgres)

    def heal(self):
        self.people = lambda number, n: [*everybody(number), done(number)]
        self.groups = lambda number, n: [group(number), done(number)]
        self.fake.bind = lambda number: result(number, BIND_DONE)

    def _search(self, number, n):
        return (self.people if PEOPLE.encode() in self.fake.searches[-1] else self.groups)(number, n)

    def begin(self):
        self.house.sync("done", source="main")
        self.issuer = self.house.sign_in(ACCOUNTS["ISSUER"])
        self.hr = self.house.sign_in(ACCOUNTS["HR"])
        self.hr.post("/frameworks", {"code": "F", "name": "F"})
        self.skill = self.hr.post("/skills", {"framework": "F", "code": "F-1", "label": "Standing"})["id"]
        earned = self.hr.post("/achievements", {"name": "Stands", "state": "published",
                                                "skills": [{"skill": self.skill, "level": 1}]})["id"]
        self.sync()
        for name in NAMES:
            self.issuer.issue(name, earned)
        self.before = self.picture()
        assert len(self.before["faulty"]) == len(self.before["report"]) == len(NAMES)
        assert self.before["assessors"] == {"a1", "a2"}

    def sync(self, state="done"):
        return self.house.sync(state, source="faulty")

    def use(self, **options):
        """Another way to ask it, from now on."""
        self.house.configure({"directory faulty": options})
        self.house.restart()

    def picture(self):
        sql, role = self.house.sql, "SELECT p.username FROM role_grant g JOIN person p ON p.id = g.person_id" \
            " WHERE g.role = 'assessor' AND g.until = 'infinity'"
        people = sql("SELECT p.username, jsonb_strip_nulls(jsonb_build_object('id', p.id, 'external_id', p.external_id,"
                     " 'name', p.name, 'title', p.title, 'mail', p.mail, 'manager', m.username, 'disabled', p.disabled,"
                     " 'absent', p.absent_since)) FROM person p LEFT JOIN person m ON m.id = p.manager_id WHERE p.source = 'faulty'")
        return {"faulty": dict(people), "assessors": {name for name, in sql(role)},
                "others": sql("SELECT username, version FROM person WHERE source = 'main' ORDER BY 1"),
                "report": {row["username"] for row in self.hr.pages("/reports/skills", skill=self.skill)}}

    def is_well_again(self):
        self.heal()
        run = self.sync()
        added, _, _, absent, returned = counts(run)
        assert added == absent == returned == 0 and self.picture() == self.before

    def failed(self, words):
        """A run that fails, says why, and changes nothing."""
        run = self.sync("failed")
        assert run["complete"] is False and counts(run) == [0] * 5 and words.lower() in run["error"].lower(), run
        assert self.picture() == self.before


def counts(run):
    return [run[count] for count in ("added", "changed", "moved", "absent", "returned")]


@pytest.fixture(scope="module")
def world(postgres):
    faulty = Faulty(postgres)
    with faulty.fake, faulty.house:
        faulty.begin()
        yield faulty


@pytest.fixture
def faulty(world):
    yield world
    world.is_well_again()


# ---- no whole answer

RESULTS = {1: "operations", 2: "protocol", 3: "time", 4: "size", 8: "encrypted", 10: "referral", 11: "administrator",
           12: "", 21: "syntax", 32: "no such entry", 50: "access", 51: "busy", 52: "unavailable", 53: "unwilling",
           80: "other", 118: ""}


@pytest.mark.parametrize("search", ["people", "groups"])
@pytest.mark.parametrize("code", RESULTS)
def test_a_result_that_is_no_success_changes_nothing_whatever_came_before(faulty, search, code):
    """As in GitLab: an error of the search for groups took everybody out of them."""
    some = everybody if search == "people" else lambda number: [group(number, [])]
    setattr(faulty, search, lambda number, n: [some(number)[0], done(number, code, "so", cookie=b"more" if code % 2 else b"")])
    faulty.failed(RESULTS[code])


def half(number):
    whole = someone(number, "a1")
    return [someone(number, "a0"), whole[:len(whole) // 2]]


def pages(then):
    """One page is good, and then that."""
    return lambda number, n: [*everybody(number)[:3], done(number, cookie=b"more")] if n == 0 else then(number)


def trickle(number, n):
    for i in itertools.count():
        time.sleep(0.2)
        yield person(number, f"t{i}")


TORN = {
    "silence": (lambda number, n: [], "in time"),
    "silence after some": (lambda number, n: everybody(number)[:4], "in time"),
    "silence after a page": (pages(lambda number: []), "in time"),
    "stuck inside an entry": (lambda number, n: half(number), "in time"),
    "a trickle without end": (trickle, "time"),
    "pages without end": (lambda number, n: [done(number, cookie=b"again")], "time"),
    "cut before anything": (lambda number, n: [None], "connect"),
    "cut in the middle of an entry": (lambda number, n: [*half(number), None], "connect"),
    "cut in the middle of a page": (lambda number, n: [*everybody(number)[:4], None], "connect"),
    "cut after a page": (pages(lambda number: [None]), "connect"),
    "a farewell": (lambda number, n: [*everybody(number)[:4], farewell(), None], ""),
    "no control of pages": (lambda number, n: [*everybody(number)[:4], done(number, cookie=None)], "without its control"),
    "a torn control of pages": (lambda number, n: [*everybody(number)[:4], result(number, 0x65, controls=tlv(
        0x30, text(PAGED), text(b"\x30\x7f\x02")))], ""),
    "a busy second page": (pages(lambda number: [done(number, 51)]), "busy"),
    "no LDAP": (lambda number, n: [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9], ""),
    "an entry that is none": (lambda number, n: [tlv(0x30, b"\x02\x04" + number.to_bytes(4, "big"), tlv(
        0x64, b"\x30\x03\x04\x7fa")), done(number)], ""),
}


@pytest.mark.parametrize("answer, words", TORN.values(), ids=TORN)
def test_an_answer_that_is_cut_stuck_or_torn_changes_nothing(faulty, answer, words):
    faulty.people = answer
    faulty.failed(words)


def test_members_that_come_in_parts_and_are_not_all_there_change_nothing(faulty):
    faulty.groups = lambda number, n: [
        entry(number, GROUP, **{"entryUUID": ["id-g"], "cn": ["g"], "member__range=0_0": [f"uid=a1,{PEOPLE}"]}),
        done(number)] if n < 2 else [done(number, 32)]
    faulty.failed("no such entry")


@pytest.mark.parametrize("code, diagnostic", [(49, ""), (49, "80090308: LdapErr: DSID-0C0903A9, data 532, v1db1"),
                                              (49, "Password expired"), (50, ""), (51, ""), (52, ""), (53, ""), (8, ""),
                                              (13, ""), (10, "")])
def test_a_service_account_that_is_not_let_in_changes_nothing(faulty, code, diagnostic):
    """Keycloak: the password was changed, and with the right one again everybody had another id."""
    faulty.fake.bind = lambda number: result(number, BIND_DONE, code, diagnostic)
    faulty.failed("")


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_server_that_refuses_or_is_stuck_in_tls_changes_nothing(world, scheme):
    with Peer() as silent:
        for uri in REFUSING, silent.uri:
            world.use(uri=uri.replace("ldap", scheme))
            world.failed("connect" if uri == REFUSING else "in time")
    world.use(uri=world.fake.uri)
    world.is_well_again()


def test_a_server_that_agrees_to_start_tls_and_is_stuck_in_it_changes_nothing(world):
    def agree(connection):
        connection.recv(100)
        connection.sendall(result(1, 0x78))
        while connection.recv(4096):
            pass

    with FakeLdap(None) as stuck:
        stuck.serve = agree
        world.use(uri=stuck.uri, start_tls="yes")
        world.failed("start TLS")
    world.use(uri=world.fake.uri, start_tls=None)
    world.is_well_again()


def test_of_several_servers_one_that_is_stuck_is_left_alone_for_a_while(world):
    with Peer() as silent:
        world.use(uri=[silent.uri, world.fake.uri])

        def is_left_alone():
            before = len(silent.connections)
            return counts(world.sync()) == [0] * 5 and before and len(silent.connections) == before
        wait_for("a run that asks the other at once", is_left_alone)
        assert world.picture() == world.before
    world.use(uri=world.fake.uri)
    world.is_well_again()


def test_references_in_an_answer_are_not_followed_and_change_nothing(faulty):
    with Peer() as elsewhere:
        faulty.people = lambda number, n: [reference(number, elsewhere.uri + "/dc=y"), *everybody(number), done(number)]
        assert counts(faulty.sync()) == [0] * 5 and not elsewhere.connections


# ---- a whole answer that is not the truth

HIDDEN = {
    "everything": lambda number: [],
    "most": lambda number: everybody(number)[:4],
    "the ids": lambda number: everybody(number, entryUUID=None),
    "the usernames": lambda number: everybody(number, uid=None),
    "mail": lambda number: everybody(number, mail=None),
    "titles": lambda number: everybody(number, title=None),
    "the chart": lambda number: everybody(number, manager=None),
}


@pytest.mark.parametrize("answer", HIDDEN.values(), ids=HIDDEN)
def test_what_a_lost_right_to_read_hides_waits_for_approval(faulty, answer):
    """It looks like an empty directory, or like people without values."""
    faulty.people = lambda number, n: [*answer(number), done(number)]
    run = faulty.sync("needs_approval")
    assert run["complete"] and run["error"]
    now = faulty.picture()
    assert {**now, "assessors": None} == {**faulty.before, "assessors": None}
    assert now["assessors"] <= faulty.before["assessors"], "rights do not wait"


@pytest.mark.parametrize("answer", [lambda number: [], lambda number: [group(number, [])],
                                    lambda number: [entry(number, GROUP, cn=["g"], member=[f"uid=a1,{PEOPLE}"])]],
                         ids=["the group", "its members", "its id"])
def test_a_right_whose_group_cannot_be_read_is_lost_and_comes_back(faulty, answer):
    faulty.groups = lambda number, n: [*answer(number), done(number)]
    faulty.sync()
    assert faulty.picture() == {**faulty.before, "assessors": set()}


@pytest.mark.parametrize("ids, words", [(lambda name: "new-" + name, "come back with other stable ids"),
                                        (lambda name: "id-a0", "would leave")], ids=["all new", "all the same"])
def test_ids_that_are_not_what_they_were_wait_for_approval(faulty, ids, words):
    """A server that was loaded anew; a mapping that gives everybody one id."""
    faulty.people = lambda number, n: [*(someone(number, name, entryUUID=[ids(name)]) for name in NAMES), done(number)]
    assert words in faulty.sync("needs_approval")["error"]
    assert faulty.picture()["faulty"] == faulty.before["faulty"]


def test_a_second_entry_with_an_id_is_nobody(faulty):
    faulty.people = lambda number, n: [someone(number, "new", entryUUID=["id-a3"]), *everybody(number), done(number)]
    run = faulty.sync()
    assert counts(run) == [0] * 5 and run["skipped"] == 1 and faulty.picture() == faulty.before


# ---- large and strange values

def test_a_group_of_fifty_thousand_gives_its_right_to_those_who_are_here(faulty):
    crowd = [f"nobody{n}" for n in range(MANY)]
    faulty.groups = lambda number, n: [group(number, [*crowd[:MANY // 2], "a5", *crowd[MANY // 2:]]), done(number)]
    faulty.sync()
    assert faulty.picture() == {**faulty.before, "assessors": {"a5"}}
    faulty.groups = lambda number, n: [group(number, crowd), done(number)]
    faulty.sync()
    assert faulty.picture()["assessors"] == set()


@pytest.mark.parametrize("title, kept, why", [
    (["x" * 28672], None, "title is too long"), ([b"\xff\xfe"] * 2000, None, "title is not UTF-8"),
    (["Å" * 400] + [b"\x00\x01" * 500] * 2000, "Å" * 400, None), ([b"a\0b"], None, "title holds a NUL byte")],
    ids=["28 KB", "2,000 that are no text", "2,000 after a good one", "NUL"])
def test_a_value_nobody_can_use_is_left_out_and_the_rest_is_as_it_was(faulty, title, kept, why):
    faulty.people = lambda number, n: [*everybody(number)[:7], someone(number, "a7", title=title), done(number)]
    run = faulty.sync()
    assert [line["detail"]["why"] for line in run["lines"] if line["kind"] == "skipped"] == ([why] if why else [])
    now = faulty.picture()
    assert now["faulty"].pop("a7").get("title") == kept
    assert now["faulty"] == {name: one for name, one in faulty.before["faulty"].items() if name != "a7"}


def test_values_with_language_tags_stand_behind_the_one_without(faulty):
    tagged = {"title__lang_de": ["Leiter"], "title": ["t-a7"], "cn__lang_ja": ["山田"], "member__binary": [b"\1"]}
    faulty.people = lambda number, n: [*everybody(number)[:7], someone(number, "a7", **tagged), done(number)]
    assert counts(faulty.sync()) == [0] * 5


ESCAPED = {
    "comma": (r"R\, D", r"R\2C D"), "plus": (r"a\+b", r"a\2bb"), "quote": (r"\"q\"", r"\22q\22"),
    "backslash": (r"a\\b", r"a\5Cb"), "less": (r"\<a\>", r"\3Ca\3e"), "semicolon": (r"a\;b", r"a\3bb"),
    "hash": (r"\#a", r"\23a"), "equals": ("a=b", r"a\3db"), "spaces": (r"\ a\ ", r"\20a\20"), "NUL": (r"a\00b", r"a\00b"),
    "newline": (r"a\0Ab", r"a\0ab"), "accents": ("Åse Ærlig", r"\C3\85se \c3\86rlig"), "two": ("a+sn=b", "a + sn=b"),
}


@pytest.mark.parametrize("written, otherwise", ESCAPED.values(), ids=ESCAPED)
def test_however_a_dn_is_escaped_it_names_the_same_person(faulty, written, otherwise):
    """As the manager of somebody, and in a group."""
    def people(number, n):
        first = everybody(number)[:6]
        boss = entry(number, f"cn={written},{PEOPLE}", uid=["a6"], entryUUID=["id-a6"], cn=["A6"], title=["t-a6"], mail=["a6@x"],
                     manager=[f"uid=a0,{PEOPLE}"])
        return [*first, boss, someone(number, "a7", manager=[f"CN={otherwise} , {PEOPLE.upper()}"]), done(number)]
    faulty.people = people
    faulty.groups = lambda number, n: [entry(number, GROUP, entryUUID=["id-g"], cn=["g"], member=[f"cn={otherwise},{PEOPLE}"]),
                                       done(number)]
    run = faulty.sync()
    now = faulty.picture()
    assert run["skipped"] == 0 and now["faulty"]["a7"]["manager"] == "a6", run
    assert now["assessors"] == {"a6"} and now["faulty"]["a6"] == faulty.before["faulty"]["a6"]


# ---- the database refuses

@pytest.mark.parametrize("table", ["person", "group_member", "group_person", "directory_run_line", "role_grant", "change"])
def test_a_statement_that_fails_anywhere_in_a_run_undoes_all_of_it(faulty, table):
    sql = faulty.house.sql
    faulty.people = lambda number, n: [*everybody(number)[:7], someone(number, "a7", title=["other"]), done(number)]
    faulty.groups = lambda number, n: [group(number, ("a1", "a3")), done(number)]
    sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no such luck''; END'")
    sql(f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON {table} EXECUTE FUNCTION refuse()")
    try:
        faulty.failed("no such luck")
    finally:
        sql("DROP FUNCTION refuse CASCADE")
