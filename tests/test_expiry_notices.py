# SPDX-License-Identifier: Apache-2.0
"""Before a credential expires its holder is told: 90, 30 and 7 days before, once each time, and only of what matters."""
import contextlib
import datetime

import psycopg2
import pytest
from kit.house import wait_for
from kit.leaver import Leaver, furnish, retention_house
from kit.second import Second


@pytest.fixture(scope="module")
def house(postgres):
    with retention_house(postgres) as house:
        yield furnish(house)


def ahead(days):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days)).isoformat().replace("+00:00", "Z")


def issue(house, person, days, *, achievement=None, ago=400, **fields):
    """One that expires in so many days, and was issued so many days ago, of an achievement of its own."""
    made = achievement or house.hr.post("/achievements", {"name": f"Rope {days} 🧗", "state": "published"}, gives=201)["id"]
    return house.issuer.issue(person, made, issued_at=ahead(-ago), expires_at=ahead(days), **fields)["id"]


def looked(house, *, down=0, wanted=(90, 30, 7)):
    """The daemon is away for so many days, and has looked since."""
    house.stop()
    house.sql("UPDATE expiry_notice SET upto = upto - %s * interval '1 day', upto_id = '00000000-0000-0000-0000-000000000000' RETURNING 1", down)
    began, = house.sql("SELECT clock_timestamp()")[0]
    house.start()
    wait_for("a look", lambda: house.sql("SELECT count(*) FROM expiry_notice WHERE upto - days * interval '1 day' >= %s AND days = ANY (%s)",
                                         began, list(wanted))[0][0] == len(wanted))


def told(house, *made):
    return [[(one["detail"]["days"]) for one in reversed(house.admin.pages("/outbox", kind="credential.expires_soon", object=each))]
            for each in made]


def test_what_is_near_at_the_first_look_and_what_comes_near_later_is_said_once(house):
    one = Leaver(house, 301)
    looked(house)
    days = 3, 7.5, 20, 30.5, 60, 90.5, 200
    made = [issue(house, one.username, each) for each in days]
    looked(house)
    assert told(house, *made) == [[]] * 7  # what is issued with less time left is told of the next one
    looked(house, down=0.4)
    assert told(house, *made) == [[]] * 7
    house.sql("UPDATE credential SET expires_at = expires_at - interval '1 day' WHERE id = ANY (%s::uuid[]) RETURNING 1", made)
    looked(house, down=1)
    assert told(house, *made) == [[], [7], [], [30], [], [90], []]
    looked(house, down=7)
    assert told(house, *made) == [[7], [7], [], [30], [], [90], []]
    notice, = house.admin.pages("/outbox", kind="credential.expires_soon", object=made[3])
    assert (notice["noun"], notice["person_id"], notice["detail"]) == ("credential", one.id, {"days": 30})
    looked(house, down=400)
    assert told(house, *made) == [[7], [7], [30], [30], [90], [90], []]
    house.sql("DELETE FROM outbox WHERE kind = 'credential.expires_soon' RETURNING 1")  # as time does
    looked(house)
    assert told(house, *made) == [[]] * 7


def test_who_was_away_says_the_last_of_them_only(house):
    one = Leaver(house, 302)
    made = [issue(house, one.username, each) for each in (6, 25, 85)]
    looked(house, down=100)
    assert told(house, *made) == [[7], [30], [90]]
    looked(house, down=100)
    assert told(house, *made) == [[7], [30], [90]]


def test_what_does_not_stand_or_has_another_in_its_place_is_not_said(house):
    one, gone = Leaver(house, 303), Leaver(house, 304)
    same = house.hr.post("/achievements", {"name": "Rope twice", "state": "published"}, gives=201)["id"]
    revoked, suspended, replaced, left = (issue(house, who.username, 20) for who in (one, one, one, gone))
    short = issue(house, one.username, 20, ago=9)
    again, later = (issue(house, one.username, each, achievement=same) for each in (20, 500))
    scheduled = issue(house, one.username, 20, valid_from=ahead(10))
    house.issuer.post(f"/credentials/{revoked}/revoke", {"reason": "wrong"}, gives=200)
    house.issuer.post(f"/credentials/{suspended}/suspend", {"reason": "doubt"}, gives=200)
    new = house.issuer.post(f"/credentials/{replaced}/replace", {"reason": "longer", "expires_at": ahead(700)}, gives=201)["id"]
    gone.leave()
    looked(house, down=100)
    assert told(house, revoked, suspended, replaced, new, left, short, again, later, scheduled) == [[]] * 9
    house.issuer.post(f"/credentials/{suspended}/reinstate", gives=200)
    assert told(house, suspended) == [[30]]
    house.issuer.post(f"/credentials/{suspended}/suspend", {"reason": "doubt"}, gives=200)
    house.issuer.post(f"/credentials/{suspended}/reinstate", gives=200)
    assert told(house, suspended) == [[30]]


def test_a_kill_in_the_middle_and_two_daemons_say_it_once(house):
    one = Leaver(house, 305)
    made = [issue(house, one.username, 20) for _ in range(3)]
    house.stop()
    house.sql("UPDATE expiry_notice SET upto = upto - interval '100 days' RETURNING 1")
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute(
            "INSERT INTO outbox (kind, noun, object, key) SELECT 'credential.expires_soon', 'credential', id,"
            " format('credential.expires_soon %%s %%s 30', id, rfc3339(expires_at)) FROM credential WHERE id = %s", [made[1]])
        house.start()
        wait_for("the look to wait", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'expires_soon' AND datname = current_database()"))
        house.kill()
    house.start()
    with Second(house):
        wait_for("all of them", lambda: told(house, *made) == [[30]] * 3)
        looked(house, down=100)
    assert told(house, *made) == [[30]] * 3


def test_the_days_are_an_option_and_more_than_one_batch_is_looked_at(house):
    one = Leaver(house, 306)
    made = issue(house, one.username, 20)
    copies = house.sql(
        "INSERT INTO credential (person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from, expires_at)"
        " SELECT person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from, expires_at"
        " FROM credential, generate_series(1, 5003) WHERE id = %s RETURNING id", made)
    house.configure({"credentials": {"expiry_notice": "21d, 60d 21d"}})
    looked(house, wanted=(21, 60))
    said = house.sql("SELECT count(*), count(DISTINCT object) FROM outbox WHERE kind = 'credential.expires_soon' AND detail->>'days' = '21'"
                     " AND object = ANY (%s::uuid[])", [str(id) for id, in copies])
    assert said == [(5003, 5003)] and told(house, made) == [[21]]
    house.configure({"credentials": {"expiry_notice": "21d 12h"}})
    checked = house.command("check")
    assert checked.returncode and "expiry_notice wants whole days such as 90d 30d 7d, not 12h" in checked.stdout + checked.stderr
    house.configure({"credentials": {"expiry_notice": None}})
