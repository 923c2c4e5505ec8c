# SPDX-License-Identifier: Apache-2.0
"""Public pages that are answered from memory: the same to the byte, never past a change of this daemon's, and of another one's
for less than a second; how often they are looked at; and who asks too often for what is not there."""
import contextlib
import itertools
import threading
import time
import uuid

import pytest
from kit.badges import Programme, badge_house, bits_of, house, place_of, programme  # noqa: F401 fixtures
from kit.house import wait_for
from kit.second import Second

HTML, JSON = "text/html", "application/json"


def page(client, made, accept=HTML, **headers):
    return client.ask("GET", f"/badges/{made['id']}", headers={"Accept": accept, **headers})


def say(programme, made, **words):
    programme.holder.patch(f"/credentials/{made['id']}", words, "*")


# ---- the same pages

def test_what_is_kept_is_what_was_made(house, programme):
    made = programme.issue()
    paths = (f"/badges/{made['id']}", f"/achievements/{made['achievement']['id']}", f"/issuers/{made['issuer']['id']}",
             f"/issuers/{made['issuer']['id']}/did.json", "/.well-known/jwks.json")
    for path, accept in itertools.product(paths, (HTML, JSON, "image/png")):
        answers = [house.client().ask("GET", path if path[1] != "i" else "/" + path, headers={"Accept": accept}) for _ in range(3)]
        heads = [{name: value for name, value in one.headers.items() if name != "Date"} for one in answers]
        assert heads[0] == heads[1] == heads[2] or answers[0].status_code >= 400, (path, accept)
        assert answers[0].status_code == answers[2].status_code and (answers[0].content == answers[2].content or
                                                                     answers[0].status_code >= 400)
    html, data = page(programme.stranger, made), page(programme.stranger, made, JSON)
    assert html.headers["Content-Type"].startswith(HTML) and data.json()["type"]
    for answer in html, data:
        etag = answer.headers["ETag"]
        for _ in range(2):
            known = page(programme.stranger, made, answer.headers["Content-Type"].split(";")[0], **{"If-None-Match": etag})
            assert known.status_code == 304 and not known.content and known.headers["ETag"] == etag
            head = programme.stranger.ask("HEAD", f"/badges/{made['id']}", headers={"Accept": HTML})
            assert head.status_code == 200 and not head.content and head.headers["Content-Length"] == str(len(html.content))


def test_it_comes_without_the_database(house, programme):
    """The badge's tables are locked against reading as soon as it has been made; a slow machine tries again."""
    made, link = programme.issue(), house.postgres.connect(house.database)
    link.autocommit = False
    answered = False
    for _ in range(30):
        page(programme.stranger, made)
        with link.cursor() as cursor:
            cursor.execute("LOCK TABLE badge")
            with contextlib.suppress(OSError):
                answered = house.client().ask("GET", f"/badges/{made['id']}", headers={"Accept": HTML}, timeout=0.3).status_code == 200
        link.rollback()
        if answered:
            break
    link.close()
    assert answered


def test_what_one_may_see_with_a_token_is_not_kept_for_others(programme):
    made = programme.issue()
    say(programme, made, visibility="private")
    for _ in range(3):
        assert page(programme.holder, made).status_code == 200
        assert page(programme.stranger, made).status_code == page(programme.colleague, made).status_code == 404
    say(programme, made, visibility="public")
    assert page(programme.stranger, made).headers["Cache-Control"] == "no-cache"
    assert page(programme.holder, made).headers["Cache-Control"] == "private, no-cache"


# ---- changes

def test_who_changes_it_sees_the_change_at_once(programme):
    """While others look at it all the time."""
    made, over = programme.issue(), threading.Event()

    def look(client):
        while not over.is_set():
            page(client, made)
    threads = [threading.Thread(target=look, args=(programme.stranger.twin(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            say(programme, made, visibility="private")
            assert page(programme.stranger, made).status_code == 404
            say(programme, made, visibility="public")
            assert page(programme.stranger, made).status_code == 200
        for turn, shown in ("suspend", True), ("reinstate", False), ("revoke", True):
            programme.issuer.post(f"/credentials/{made['id']}/{turn}", {"reason": "Look here"} if shown else None, gives=200)
            assert ("Look here" in page(programme.stranger, made).text) == shown
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_achievements_and_issuers_are_new_at_once(programme, house):
    achievement = programme.achievement()
    path = f"/achievements/{achievement['id']}"
    for name in "First", "Second":
        programme.hr.patch(f"/api/v1{path}", {"name": name, "state": "published"}, "*")
        for _ in range(2):
            assert programme.stranger.ask("GET", "/" + path, headers={"Accept": JSON}).json()["name"] == name
    partner = house.rescue.post("/issuers", {"name": "Before"})
    path = f"//issuers/{partner['id']}"
    assert programme.stranger.ask("GET", path, headers={"Accept": JSON}).json()["name"] == "Before"
    house.rescue.patch(f"/api/v1/issuers/{partner['id']}", {"name": "After"}, "*")
    assert programme.stranger.ask("GET", path, headers={"Accept": JSON}).json()["name"] == "After"


def stale_looks(look, changed_at, is_new):
    """Looks until the change shows; when those looks began that did not show it, counted from the change."""
    late = []
    while True:
        begun = time.monotonic()
        if is_new(look()):
            return late
        late.append(begun - changed_at)


def test_another_daemon_shows_a_change_within_a_second(house, programme):
    made = programme.issue()
    with Second(house) as other:
        elsewhere = other.client()
        for change, is_new in ((lambda: say(programme, made, visibility="private"), lambda answer: answer.status_code == 404),
                               (lambda: say(programme, made, visibility="public"), lambda answer: answer.status_code == 200),
                               (lambda: programme.issuer.post(f"/credentials/{made['id']}/revoke", {"reason": "Now"}, gives=200),
                                lambda answer: "Now" in answer.text)):
            page(elsewhere, made), page(elsewhere, made)
            change()
            assert all(moment < 1 for moment in stale_looks(lambda: page(elsewhere, made), time.monotonic(), is_new))


def test_another_daemons_list_says_revoked_within_a_second(house, programme):
    made = programme.issue()
    entry = programme.badge(made)["credentialStatus"]
    place, path = int(entry["statusListIndex"]), place_of(entry["statusListCredential"])
    with Second(house) as other:
        elsewhere = other.client()

        def bit():
            return bits_of(elsewhere.get(path))(place)
        for action, body, wanted in ("suspend", {"reason": "x"}, 1), ("reinstate", {}, 0), ("revoke", {"reason": "x"}, 1):
            assert bit() == bit() == 1 - wanted
            programme.issuer.post(f"/credentials/{made['id']}/{action}", body, gives=200)
            late = stale_looks(bit, time.monotonic(), lambda seen: seen == wanted)
            assert all(moment < 1 for moment in late), action
            print(f"{action}: in the other daemon's list after {max(late, default=0):.2f} s")


# ---- counts

def counted(client, made):
    days = client.get(f"/credentials/{made['id']}/counts")["items"]
    return tuple(sum(day[name] for day in days) for name in ("views", "downloads", "verifications"))


def counts_become(client, made, wanted):
    wait_for(f"{wanted} looks", lambda: counted(client, made) == wanted, 20)


def test_looks_are_counted_by_day_and_nothing_else(house, programme):
    made = programme.issue()
    assert counted(programme.issuer, made) == (0, 0, 0)
    for _ in range(7):
        etag = page(programme.stranger, made).headers["ETag"]
    for form in JSON, "image/png", "image/svg+xml":
        page(programme.stranger, made, form)
    page(programme.colleague, made)
    for _ in range(2):  # none of these is one
        page(programme.holder, made)
        page(programme.holder, made, JSON)
        programme.stranger.ask("HEAD", f"/badges/{made['id']}", headers={"Accept": HTML})
        assert page(programme.stranger, made, **{"If-None-Match": etag}).status_code == 304
        page(programme.stranger, made, **{"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"})
        page(programme.stranger, made, **{"Sec-Purpose": "prefetch;prerender"})
        page(programme.stranger, made, "application/x-nothing")
        programme.stranger.get(f"/badges/{made['id']}", gives=400, format="none")
    badge = page(programme.holder, made, JSON).text
    for text, good in (badge, True), (badge.replace('"validFrom":"2', '"validFrom":"1'), False):
        assert programme.issuer.post("/verifications", {"badge": text}, gives=200)["verified"] == good
    counts_become(programme.holder, made, (8, 3, 1))
    day, = programme.issuer.get(f"/credentials/{made['id']}/counts", count="true")["items"]
    assert day["day"] == house.sql("SELECT (now() AT TIME ZONE 'UTC')::date::text")[0][0]
    columns = house.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'credential_count'")
    assert {name for name, in columns} == {"credential_id", "day", "kind", "number"}


def test_days_are_listed_the_newest_first(house, programme):
    made = programme.issue()
    house.sql("INSERT INTO credential_count SELECT %s, d::date, 'view', 1 FROM generate_series('2026-01-01', '2026-01-05', interval '1 day') d",
              made["id"])
    path = f"/credentials/{made['id']}/counts"
    days = [f"2026-01-0{number}" for number in (5, 4, 3, 2, 1)]
    assert [one["day"] for one in programme.holder.pages(path, limit=2)] == days
    assert [one["day"] for one in programme.holder.pages(path, limit=2, sort="day")] == days[::-1]
    programme.colleague.get(path, gives=404)


def test_daemons_add_up_and_what_is_counted_outlives_a_stop(house, programme):
    made = programme.issue()
    with Second(house) as other:
        for _ in range(5):
            page(programme.stranger, made)
            page(other.client(), made)
    counts_become(programme.issuer, made, (10, 0, 0))
    page(programme.stranger, made)
    house.restart()
    counts_become(programme.issuer, made, (11, 0, 0))


def test_what_cannot_be_written_is_written_later(house, programme):
    made, link = programme.issue(), house.postgres.connect(house.database)
    link.autocommit = False
    with link.cursor() as cursor:
        cursor.execute("LOCK TABLE credential_count")
        page(programme.stranger, made)
        tries = house.log().count("warning tidy")
        wait_for("a try that fails", lambda: house.log().count("warning tidy") > tries)
        page(programme.stranger, made)
    link.rollback()
    link.close()
    counts_become(programme.issuer, made, (2, 0, 0))


# ---- limits

@pytest.fixture(scope="module")
def strict(postgres):
    config = {"limits": {"misses": 20, "verifications": 5}, "server": {"trusted_proxy": "127.0.0.1"}}
    with badge_house(("ed25519",), config, postgres=postgres) as house:
        house.programme = Programme(house)
        yield house


def missing(house, address, path="/badges", **headers):
    return house.client().ask("GET", f"{path}/{uuid.uuid4()}", headers={"X-Forwarded-For": address, **headers})


def spend(house, address, **headers):
    """Statuses until one is 429, and that answer."""
    statuses = []
    for path in itertools.cycle(("/badges", "//achievements", "//issuers", "/status")):
        answer = missing(house, address, path, **headers)
        if answer.status_code == 429:
            return statuses, answer
        statuses.append(answer.status_code)
        assert len(statuses) < 200


def test_who_asks_too_often_for_what_is_not_there_waits(strict):
    made = strict.programme.issue()
    statuses, refused = spend(strict, "192.0.2.1")
    assert set(statuses) == {404} and len(statuses) >= 20
    assert 1 <= int(refused.headers["Retry-After"]) <= 3 and refused.json()["type"] == "urn:skillsd:problem:too-many-attempts"
    assert missing(strict, "192.0.2.2").status_code == 404
    _, in_words = spend(strict, "192.0.2.4", Accept=HTML)
    assert in_words.headers["Content-Type"] == "text/html;charset=utf-8" and refused.json()["detail"] in in_words.text
    assert in_words.headers["Retry-After"]
    assert page(strict.programme.issuer, made, **{"X-Forwarded-For": "192.0.2.1"}).status_code in (200, 429)

    def kept_page():
        page(strict.client(), made, **{"X-Forwarded-For": "192.0.2.3"})
        spend(strict, "192.0.2.1")
        return page(strict.client(), made, **{"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    wait_for("a page that is kept", kept_page)
    wait_for("another miss", lambda: missing(strict, "192.0.2.1").status_code == 404)


def test_pages_that_are_there_are_not_limited(strict):
    made = strict.programme.issue()
    for number in range(60):
        assert strict.client().ask("GET", f"/badges/{made['id']}", params={"n": number},
                                   headers={"X-Forwarded-For": "192.0.2.9", "Accept": HTML}).status_code == 200


def test_a_network_is_one_client(strict):
    spend(strict, "2001:db8:1:2::1")
    assert missing(strict, "2001:db8:1:2:ffff::9").status_code == 429
    assert missing(strict, "2001:db8:1:3::1").status_code == 404
    spend(strict, "::ffff:192.0.2.20")
    assert missing(strict, "192.0.2.20").status_code == 429, "as a proxy writes it that listens for both"
    assert missing(strict, "::ffff:192.0.2.21").status_code == 404


def test_an_account_verifies_so_many_badges(strict):
    issuer, hr = strict.programme.issuer, strict.programme.hr
    answers = [issuer.ask("POST", "/verifications", {"badge": "{}"}) for _ in range(7)]
    assert [one.status_code for one in answers] == [200] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 12
    hr.post("/verifications", {"badge": "{}"}, gives=200)
