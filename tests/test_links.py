# SPDX-License-Identifier: Apache-2.0
"""Links of published achievements: what is looked at and what not, when one is dead, and who is told."""
import collections
import itertools
import threading

import pytest
from kit.house import ACCOUNTS, demo_house, wait_for
from kit.origin import serve
from kit.second import Second

HERE = "https://links.example"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def origin():
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def house(postgres, origin):
    config = {"verify": {"origin": f"{HERE}=http://{origin.address}"},
              "links": {"every": "200ms", "retry": "200ms", "pace": "10ms", "failures": "2"}}
    with demo_house(config=config, postgres=postgres) as house:
        house.hr, house.admin = house.sign_in(ACCOUNTS["HR"]), house.sign_in(ACCOUNTS["ADMIN"])
        yield house


def page(origin, status=200, body=b"x"):
    """The address of a new one."""
    path = f"/page/{next(NUMBERS)}"
    origin.pages[path] = (status, {}, body)
    return HERE + path


def achievement(house, **fields):
    return house.hr.post("/achievements", {"name": f"Links {next(NUMBERS)}", "state": "published", **fields})


def links_of(house, made):
    return {one["url"]: one for one in house.hr.pages(f"/achievements/{made['id']}/links")}


def waited(house, made, url, state):
    return wait_for(f"{url} to be {state}", lambda: (one := links_of(house, made)[url])["state"] == state and one)


def asked(origin, url):
    return [method for method, path in list(origin.asked) if HERE + path == url]


def told(house, made):
    return house.admin.pages("/outbox", kind="achievement.link_dead", object=made["id"])


# ---- what is a link

def test_links_are_those_of_criteria_picture_skills_and_frameworks_and_not_of_evidence(house, origin):
    framework = house.hr.post("/frameworks", {"code": f"L{next(NUMBERS)}", "name": "x", "uri": page(origin)})
    skill = house.hr.post("/skills", {"framework": framework["code"], "code": f"L{next(NUMBERS)}", "label": "x", "uri": page(origin)})
    image = page(origin)
    a, b, c, d, e, f = (page(origin) for _ in range(6))
    odd = f"{HERE}/wiki/Skill_(work)"
    origin.pages["/wiki/Skill_(work)"] = (200, {}, b"")
    criteria = f"See [the course]({a}), <{b}>, or \"{c}\"; **{d}#part**. And [this]({odd}). Not ftp://x.example/, nor links.example."
    made = achievement(house, criteria=criteria, image_url=image, description=f"at {HERE}/description",
                       language="en", translations={"de": {"name": "x", "criteria": f"siehe {e}"}}, alignments=[{"name": "x", "url": f}],
                       skills=[{"skill": skill["id"], "level": 1}])
    wanted = {a: "criteria", b: "criteria", c: "criteria", d: "criteria", odd: "criteria", e: "criteria", f: "alignment", image: "image", skill["uri"]: "skill",
              framework["uri"]: "framework"}
    assert {url: one["place"] for url, one in links_of(house, made).items()} == wanted
    for url in wanted:
        assert waited(house, made, url, "alive")["detail"] == "it answers 200"
    assert asked(origin, odd)[0] == "HEAD" and asked(origin, f"{HERE}/description") == []


def test_results_and_their_levels_are_aligned_to_links_too(house, origin):
    of_result, of_level = page(origin), page(origin)
    levels = [{"name": "Low"}, {"name": "High", "alignments": [{"name": "x", "url": of_level}]}]
    made = achievement(house, result_descriptions=[
        {"name": "Plain", "result_type": "Result"},
        {"name": "Aligned", "result_type": "Result", "alignments": [{"name": "x", "url": of_result}]},
        {"name": "Graded", "result_type": "RubricCriterionLevel", "levels": levels}])
    assert {url: one["place"] for url, one in links_of(house, made).items()} == {of_result: "alignment", of_level: "alignment"}
    for url in of_result, of_level:
        waited(house, made, url, "alive")


def test_one_address_in_two_achievements_is_one_link(house, origin):
    url = page(origin)
    made = [achievement(house, criteria=f"{url} and again {url}.", **more) for more in ({}, {"image_url": url})]
    waited(house, made[1], url, "alive")
    assert [links_of(house, one)[url]["place"] for one in made] == ["criteria", "criteria, image"]
    link, = [one for one in house.hr.pages("/links", limit=3) if one["url"] == url]
    assert link["achievements"] == [{"id": one["id"], "name": one["name"]} for one in made]
    assert len({one["url"] for one in house.hr.pages("/links")}) == len(house.hr.pages("/links", sort="-url"))


def test_drafts_and_what_is_archived_are_not_looked_at(house, origin):
    url, next_url = page(origin), page(origin)
    draft = achievement(house, criteria=url, state="draft")
    other = achievement(house, criteria=next_url)
    waited(house, other, next_url, "alive")
    assert links_of(house, draft) == {} and asked(origin, url) == []
    house.hr.patch(f"/achievements/{other['id']}", {"state": "archived"}, "*")
    assert links_of(house, other) == {}
    wait_for("it to be forgotten", lambda: next_url not in {one["url"] for one in house.hr.pages("/links")})


# ---- how it went

def test_what_answers_is_there_whatever_it_answers(house, origin):
    codes = 200, 301, 400, 401, 403, 405, 429
    urls = {code: page(origin, code) for code in codes}
    picky = page(origin, lambda method: 200 if method == "GET" else 501)
    silent = page(origin, lambda method: 200 if method == "GET" else None)
    large = page(origin, 403, b"x" * (1 << 20))
    made = achievement(house, criteria="\n".join([*urls.values(), picky, silent, large]))
    for code, url in urls.items():
        assert waited(house, made, url, "alive")["detail"] == f"it answers {code}"
    for url, code in ((picky, 200), (silent, 200), (large, 403)):
        assert waited(house, made, url, "alive")["detail"] == f"it answers {code}"
        assert asked(origin, url)[:2] == ["HEAD", "GET"]
    assert set(asked(origin, urls[200])) == set(asked(origin, urls[301])) == {"HEAD"}


def test_a_link_is_dead_after_several_tries_and_who_looks_after_it_is_told_once(house, origin):
    urls = {404: page(origin, 404), 410: page(origin, 410), 500: page(origin, 500), 503: page(origin, 503), None: page(origin, None)}
    first = achievement(house, criteria=" ".join(urls.values()))
    second = achievement(house, criteria=urls[404])
    for code, url in urls.items():
        link = waited(house, first, url, "dead")
        assert link["failures"] >= 2 and link["dead_since"] and link["checked_at"]
        assert link["detail"] == f"it answers {code}" if code else "cannot be had" in link["detail"]
    dead = {one["url"]: one for one in house.hr.pages("/links", state="dead")}
    assert set(urls.values()) <= set(dead)
    assert [one["id"] for one in dead[urls[404]]["achievements"]] == [first["id"], second["id"]]
    again = wait_for("another try", lambda: (one := links_of(house, first)[urls[404]])["failures"] >= 4 and one)
    assert again["state"] == "dead" and again["dead_since"] == dead[urls[404]]["dead_since"]
    assert len(told(house, second)) == 1 and len(told(house, first)) == len(urls)
    notice, = told(house, second)
    assert notice["detail"] == {"link": again["id"]} and notice["noun"] == "achievement"


def test_one_failure_is_not_the_end_and_what_comes_back_is_alive(house, origin):
    url = page(origin, 500)
    made = achievement(house, criteria=url)
    wait_for("a failure", lambda: links_of(house, made)[url]["failures"])
    assert told(house, made) == [] or links_of(house, made)[url]["state"] == "dead"
    waited(house, made, url, "dead")
    origin.pages[url.removeprefix(HERE)] = (200, {}, b"")
    link = waited(house, made, url, "alive")
    assert link["failures"] == 0 and "dead_since" not in link
    origin.pages[url.removeprefix(HERE)] = (404, {}, b"")
    waited(house, made, url, "dead")
    assert len(told(house, made)) == 2


def test_what_may_not_be_fetched_is_unchecked_and_never_dead(house):
    urls = "https://elsewhere.example/a", "http://links.example/a", "https://127.0.0.1/a"
    made = achievement(house, criteria=" ".join(urls))
    for url in urls:
        wait_for("a word on it", lambda u=url: "detail" in links_of(house, made)[u])
        link = links_of(house, made)[url]
        assert (link["state"], link["failures"]) == ("unchecked", 0) and "nothing is fetched" in link["detail"]
        assert "checked_at" not in link


def test_a_link_that_leads_to_what_is_not_public_is_not_opened(postgres):
    config = {"verify": {"fetch": "yes"}, "links": {"every": "200ms", "pace": "10ms", "retry": "1s", "failures": "1"}}
    with serve() as origin, demo_house(config=config, postgres=postgres) as house:
        house.hr = house.sign_in(ACCOUNTS["HR"])
        urls = f"https://{origin.address}/x", f"https://localhost:{origin.server_port}/x", "http://example.org/"
        made = achievement(house, criteria=" ".join(urls))
        for url in urls:
            wait_for("a word on it", lambda u=url: "detail" in links_of(house, made)[u])
        found = links_of(house, made)
        assert {one["state"] for one in found.values()} == {"unchecked"}
        assert "not public" in found[urls[0]]["detail"] and "no address of the kind" in found[urls[2]]["detail"]
        assert origin.asked == []


def test_where_nothing_is_fetched_nothing_is_looked_at_and_that_is_said(postgres):
    url = f"{HERE}/x"
    with demo_house(config={"links": {"every": "200ms"}}, postgres=postgres) as house:
        house.hr = house.sign_in(ACCOUNTS["HR"])
        made = achievement(house, criteria=url)
        link = wait_for("the link", lambda: house.hr.pages("/links"))[0]
        assert (link["state"], link["detail"]) == ("unchecked", "links are not looked at: nothing is fetched here")
        assert links_of(house, made)[url]["detail"] == link["detail"]
        assert "info links: links are not looked at: nothing is fetched here" in house.log()


# ---- when, and by whom

def test_each_link_is_asked_for_once_in_the_configured_time_and_at_a_pace(postgres):
    with serve() as origin:
        config = {"verify": {"origin": f"{HERE}=http://{origin.address}"}, "links": {"every": "1h", "pace": "200ms"}}
        with demo_house(config=config, postgres=postgres) as house:
            house.hr = house.sign_in(ACCOUNTS["HR"])
            urls = [page(origin) for _ in range(4)]
            made = achievement(house, criteria=" ".join(urls))
            house.restart()  # what leads where is taken over at the start, and then once an hour
            house.hr = house.sign_in(ACCOUNTS["HR"])
            for url in urls:
                waited(house, made, url, "alive")
            assert origin.at[3] - origin.at[0] > 0.3
            house.restart()
            house.hr = house.sign_in(ACCOUNTS["HR"])
            last = achievement(house, criteria=page(origin))
            house.restart()
            house.hr = house.sign_in(ACCOUNTS["HR"])
            waited(house, last, *links_of(house, last), "alive")
            assert collections.Counter(path for _, path in origin.asked) == dict.fromkeys(origin.pages, 1)


def test_of_two_daemons_one_looks_and_after_its_end_the_other_one_does(postgres):
    with serve() as origin:
        config = {"verify": {"origin": f"{HERE}=http://{origin.address}"}, "links": {"every": "1h", "pace": "10ms"}}
        with demo_house(config=config, postgres=postgres) as house, Second(house) as second:
            house.hr = house.sign_in(ACCOUNTS["HR"])
            made = achievement(house, criteria=" ".join(page(origin) for _ in range(10)))
            for one in house, second:  # each takes over what leads where when it gets to look
                one.restart()
            house.hr = house.sign_in(ACCOUNTS["HR"])
            for url in links_of(house, made):
                waited(house, made, url, "alive")
            assert collections.Counter(path for _, path in origin.asked) == dict.fromkeys(origin.pages, 1)
            assert house.sql("SELECT count(*) FROM lease WHERE name = 'links'") == [(1,)]
            holder, = house.sql("SELECT holder FROM lease WHERE name = 'links'")[0]
            first, other = (house, second) if f"/{house.pid}/" in holder else (second, house)
            first.kill()
            house.sql("UPDATE web_link SET due_at = now()")
            wait_for("another look", lambda: len(origin.asked) >= 20)
            first.start()


def test_a_daemon_ends_while_it_looks_at_a_link_that_does_not_answer(postgres):
    with serve() as origin:
        config = {"verify": {"origin": f"{HERE}=http://{origin.address}"}, "links": {"every": "200ms", "pace": "10ms", "failures": "1"}}
        held = threading.Event()
        url = page(origin, lambda method: held.wait(60) and None)
        with demo_house(config=config, postgres=postgres) as house:
            house.hr = house.sign_in(ACCOUNTS["HR"])
            made = achievement(house, criteria=url)
            wait_for("the question", lambda: origin.asked)
            assert house.stop() == 0
            held.set()
            assert house.sql("SELECT state, failures FROM web_link") == [("unchecked", 0)]
            assert house.sql("SELECT * FROM outbox WHERE kind = 'achievement.link_dead' AND object = %s", made["id"]) == []
