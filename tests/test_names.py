# SPDX-License-Identifier: Apache-2.0
"""The catalogue's names are held in memory, and are never old: whoever has been told that a name was changed reads the
new one, from whichever daemon."""
import threading

import pytest
from kit.house import ACCOUNTS, demo_house
from kit.second import Second

LABELS = ["Ärger", "arbeiten", "Zoo", "apple", "Zoo", "éclair", "10", "9"]


class Pair:
    """Two daemons, and somebody who holds a skill of each of LABELS."""

    def __init__(self, house, other):
        self.house, self.other = house, other
        self.hr = [one.sign_in(ACCOUNTS["HR"]) for one in (house, other)]  # each thread has twins of them
        hr, issuer, who = self.hr[0], house.sign_in(ACCOUNTS["ISSUER"]), ACCOUNTS["EMPLOYEE"]
        hr.post("/frameworks", {"code": "N", "name": "N"})
        self.skills = [hr.post("/skills", {"framework": "N", "code": f"N-{n}", "label": label})["id"]
                       for n, label in enumerate(LABELS)]
        for n, skill in enumerate(self.skills):
            earned = hr.post("/achievements", {"name": f"Knows {n}", "state": "published",
                                               "skills": [{"skill": skill, "level": 1 + n % 3}]})["id"]
            issuer.issue(who, earned, **({"expires_at": f"2031-0{n + 1}-01T00:00:00Z"} if n % 2 else {}))
        person, = hr.get("/people", username=who)["items"]
        self.path = f"/people/{person['id']}/holdings"

    def holdings(self, client, **how):
        mine = set(self.skills)
        return [one for one in client.get(self.path, limit=500, **how)["items"] if one["skill"]["id"] in mine]

    def labels(self, skill, clients=None):
        return [one["skill"]["label"] for client in clients or self.hr for one in self.holdings(client)
                if one["skill"]["id"] == skill]

    def rename(self, skill, label, client=None):
        client = client or self.hr[0]
        client.get(f"/skills/{skill}")
        client.patch(f"/skills/{skill}", {"label": label}, client.last.headers["ETag"])


@pytest.fixture(scope="module")
def pair(postgres):
    with demo_house(postgres=postgres) as house, Second(house) as other:
        yield Pair(house, other)


def test_a_new_label_is_seen_at_once_from_both_daemons(pair):
    for n in range(20):
        pair.rename(pair.skills[0], f"Label {n}", pair.hr[n % 2])
        assert pair.labels(pair.skills[0]) == [f"Label {n}"] * 2


def test_whoever_renames_while_others_rename_and_read_sees_no_older_name(pair):
    wrong = []

    def renames(skill, daemon):
        clients = [client.twin() for client in pair.hr]
        for n in range(15):
            pair.rename(skill, f"{skill[-4:]} {n}", clients[daemon])
            if pair.labels(skill, clients) != [f"{skill[-4:]} {n}"] * 2:
                wrong.append((skill, n))
    threads = [threading.Thread(target=renames, args=(skill, n % 2)) for n, skill in enumerate(pair.skills[1:5])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong


def test_a_writer_that_has_not_ended_keeps_no_other_waiting(pair):
    first, second = pair.skills[:2]
    links = [pair.house.postgres.connect(pair.house.database) for _ in range(7)]  # one counter is left
    try:
        for link in links:
            link.autocommit = False
            link.cursor().execute("UPDATE skill SET label = 'Held back' WHERE id = %s",
                                  (pair.skills[7] if link is links[0] else "00000000-0000-7000-8000-000000000000",))
        pair.rename(first, "Not held back")
        assert pair.labels(first) == ["Not held back"] * 2
        links[0].commit()
        assert pair.labels(pair.skills[7]) == ["Held back"] * 2
        pair.rename(second, "Last", pair.hr[1])
        assert pair.labels(second) == ["Last"] * 2
    finally:
        for link in links:
            link.close()


def test_a_database_that_was_restored_has_the_names_of_then(pair):
    """As after a failover that lost what was committed last."""
    skill, sql = pair.skills[6], pair.house.sql
    pair.rename(skill, "Then")
    assert pair.labels(skill) == ["Then"] * 2
    then = sql("SELECT shard, version FROM catalogue_version")
    pair.rename(skill, "Lost")
    assert pair.labels(skill) == ["Lost"] * 2
    sql("SET session_replication_role = replica")
    sql("UPDATE skill SET label = 'Then' WHERE id = %s", skill)
    for shard, version in then:
        sql("UPDATE catalogue_version SET version = %s WHERE shard = %s", version, shard)
    sql("SET session_replication_role = DEFAULT")
    assert pair.labels(skill) == ["Then"] * 2
    pair.rename(skill, "Now")
    assert pair.labels(skill) == ["Now"] * 2


def test_who_holds_nothing_needs_no_names(pair):
    """Neither a table of them is asked, though somebody has it shut."""
    person = next(one for one in pair.hr[0].get("/people", limit=500)["items"] if f"/people/{one['id']}/holdings" != pair.path)
    link = pair.house.postgres.connect(pair.house.database)
    try:
        link.autocommit = False
        link.cursor().execute("LOCK TABLE issuer IN ACCESS EXCLUSIVE MODE")
        for _ in range(3):
            assert pair.hr[0].get(f"/people/{person['id']}/holdings")["items"] == []
    finally:
        link.close()


def test_a_statement_that_could_not_be_prepared_is_prepared_again(pair):
    """A new session first asks for names while somebody has a table of them shut."""
    pair.other.restart(migrate=False)
    client = pair.hr[1].twin()
    link = pair.house.postgres.connect(pair.house.database)
    try:
        link.autocommit = False
        link.cursor().execute("LOCK TABLE issuer IN ACCESS EXCLUSIVE MODE")
        assert client.ask("GET", pair.path).status_code == 503
    finally:
        link.close()
    assert len(pair.holdings(client)) == len(LABELS)


@pytest.mark.parametrize("way", ["", "-"])
def test_holdings_are_in_the_database_s_order_of_labels(pair, way):
    for skill, label in zip(pair.skills, LABELS):
        pair.rename(skill, label)
    right = [one for one, in pair.house.sql(
        "SELECT id::text FROM skill WHERE id = ANY (%s::uuid[]) ORDER BY label " + ("DESC" if way else "ASC") + ", id", pair.skills)]
    assert [one["skill"]["id"] for one in pair.holdings(pair.hr[0], sort=way + "skill")] == right
    for key in "level", "expires_at":
        found = [(one.get(key, "9"), one["skill"]["id"]) for one in pair.holdings(pair.hr[0], sort=way + key)]
        values = [value for value, _ in found]
        assert values == sorted(values, reverse=bool(way))
        assert all(a[1] < b[1] for a, b in zip(found, found[1:]) if a[0] == b[0])
