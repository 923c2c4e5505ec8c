# SPDX-License-Identifier: Apache-2.0
"""What holders of credentials say of them: who sees which, and that they accept, decline or hide one. It binds colleagues
and the public, and nobody else."""
import concurrent.futures

import ldap
import pytest
from kit.badges import COLLEAGUE, HOLDER, Programme, badge_house
from kit.house import ACCOUNTS, AUDITOR, BASE, wait_for


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), postgres=postgres, config={"issuer": {"visibility": "colleagues"}}) as house:
        house.set_password(HOLDER)
        house.set_password(COLLEAGUE)
        yield house


@pytest.fixture(scope="module")
def programme(house):
    programme = Programme(house)
    programme.holder, programme.colleague = house.sign_in(HOLDER), house.sign_in(COLLEAGUE)
    programme.person = {one["username"]: one for one in programme.hr.pages("/people", limit=500)}
    above = programme.person[HOLDER]["manager"]["id"]
    name, = (name for name, one in programme.person.items() if one["id"] == above)
    house.set_password(name)
    programme.manager, programme.auditor = house.sign_in(name), house.sign_in(AUDITOR)
    return programme


def say(programme, credential, **words):
    return programme.holder.patch(f"/credentials/{credential['id']}", words, "*")


def opened(client, person):
    return {one["id"] for one in client.pages(f"/people/{person['id']}/badges", limit=500)}


def test_a_new_credential_is_as_the_configuration_says_and_unanswered(programme):
    made = programme.issue()
    assert (made["visibility"], made["response"]) == ("colleagues", "pending")


# Who sees the badge of one that is so: the public, colleagues.
SEEN = [({"visibility": "private"}, False, False), ({"visibility": "colleagues"}, False, True), ({"visibility": "public"}, True, True),
        ({"visibility": "public", "response": "accepted"}, True, True), ({"visibility": "public", "response": "declined"}, False, False),
        ({"visibility": "public", "response": "hidden"}, False, False),
        ({"visibility": "colleagues", "response": "hidden"}, False, False)]


@pytest.mark.parametrize("words, public, colleagues", SEEN, ids=[" ".join(words.values()) for words, *_ in SEEN])
def test_the_holder_says_who_sees_it(programme, words, public, colleagues):
    made = programme.issue()
    said = say(programme, made, **words)
    assert {**made, **words} == said == programme.holder.get(f"/credentials/{made['id']}")
    programme.badge(made, gives=200 if public else 404)
    programme.badge(made, programme.colleague, gives=200 if colleagues else 404)
    person = programme.person[HOLDER]
    for client in programme.colleague, programme.hr, programme.holder:
        assert (made["id"] in opened(client, person)) is colleagues
    programme.stranger.get(f"/people/{person['id']}/badges", gives=401)
    programme.colleague.get(f"/credentials/{made['id']}", gives=404)
    for client in programme.holder, programme.manager, programme.hr, programme.issuer, programme.auditor:
        programme.badge(made, client)
        assert client.get(f"/credentials/{made['id']}") == said


def test_one_may_change_ones_mind(programme):
    made = programme.issue()
    for words, status in (({"visibility": "public"}, 200), ({"response": "declined"}, 404), ({"response": "accepted"}, 200),
                          ({"response": "hidden"}, 404), ({"response": "accepted", "visibility": "private"}, 404)):
        say(programme, made, **words)
        programme.badge(made, gives=status)


def test_what_was_declined_proves_what_it_proved(programme):
    skill = programme.skill()
    made = programme.issue(achievement=programme.achievement([skill]))
    before = programme.hr.get("/reports/skills", skill=skill["id"])["items"], programme.holder.pages(f"/people/{made['person']['id']}/holdings")
    assert before[0] and before[1]
    for response in "declined", "hidden":
        say(programme, made, response=response, visibility="private")
        assert before == (programme.hr.get("/reports/skills", skill=skill["id"])["items"],
                          programme.holder.pages(f"/people/{made['person']['id']}/holdings"))
    assert programme.holder.get(f"/credentials/{made['id']}")["state"] == "active"


def test_its_badge_stays_byte_for_byte_what_it_was(programme):
    made = programme.issue()
    programme.badge(made, programme.holder)
    before = programme.holder.last.content
    say(programme, made, visibility="public", response="accepted")
    programme.badge(made)
    assert programme.stranger.last.content == before


def test_each_word_is_an_event_and_changes_nothing_of_the_story(programme):
    skill = programme.skill()
    made = programme.issue(achievement=programme.achievement([skill]), evidence=[{"name": "Test"}])
    proved = programme.holder.pages(f"/people/{made['person']['id']}/holdings")
    words = [{"visibility": "private"}, {"response": "accepted"}, {"shown_evidence": []}]
    for word in words:
        say(programme, made, **word)
    story = programme.holder.get(f"/credentials/{made['id']}/events")["items"]
    assert [event["kind"] for event in story] == ["issued", "shown", "shown", "shown"]
    so_far = {"visibility": "colleagues", "response": "pending"}
    for event, word in zip(story[1:], words):
        so_far = {**so_far, **word}
        assert (event["said"], event["account"]) == (so_far, f"ldap:{HOLDER}") and event["valid_from"] == event["recorded_at"]
    assert programme.holder.pages(f"/people/{made['person']['id']}/holdings") == proved
    for verb, state in ("suspend", "suspended"), ("reinstate", "active"), ("revoke", "revoked"):
        assert programme.issuer.post(f"/credentials/{made['id']}/{verb}", {"reason": "x"})["state"] == state
    kinds = [event["kind"] for event in programme.holder.get(f"/credentials/{made['id']}/events")["items"]]
    assert kinds == ["issued", "shown", "shown", "shown", "suspended", "reinstated", "revoked"]


def test_only_the_holder_says_it(programme):
    made = programme.issue()
    for client, status in ((programme.manager, 403), (programme.hr, 403), (programme.issuer, 403), (programme.auditor, 403),
                           (programme.colleague, 404), (programme.stranger, 401)):
        client.patch(f"/credentials/{made['id']}", {"visibility": "public"}, "*", gives=status)
    assert programme.holder.get(f"/credentials/{made['id']}") == made


def test_what_cannot_be_said_is_named(programme):
    path = f"/credentials/{programme.issue()['id']}"
    for field, body in (("/visibility", {"visibility": "world"}), ("/visibility", {"visibility": None}), ("/response", {"response": None}),
                        ("/response", {"response": "pending"}), ("/state", {"state": "revoked"}), ("/reason", {"reason": "x"})):
        assert [error["field"] for error in programme.holder.patch(path, body, "*", gives=400)["errors"]] == [field]


def test_it_needs_the_etag_of_what_was_read(programme):
    made = programme.issue()
    path = f"/credentials/{made['id']}"
    programme.holder.patch(path, {"visibility": "public"}, gives=428)
    programme.holder.get(path)
    first = programme.holder.last.headers["ETag"]
    programme.holder.patch(path, {"visibility": "public"}, first)
    second = programme.holder.last.headers["ETag"]
    programme.holder.patch(path, {"visibility": "private"}, first, gives=412)
    programme.issuer.post(f"{path}/suspend", {"reason": "x"})
    third = programme.issuer.last.headers["ETag"]
    assert len({first, second, third}) == 3
    programme.holder.patch(path, {"visibility": "private"}, second, gives=412)
    assert programme.holder.patch(path, {"visibility": "private"}, third)["state"] == "suspended"


def colleague(person):
    return {name: person[name] for name in ("id", "name", "title", "unit") if name in person}


def test_of_a_colleague_who_has_opened_nothing_one_sees_who_they_are(programme):
    for person in programme.person.values():
        said = programme.colleague.get(f"/people/{person['id']}/badges", limit=1)
        assert said["person"] == colleague(person), person["username"]
    held = {one["person"]["id"] for one in programme.hr.pages("/credentials", limit=500)}
    assert any(one["id"] not in held and "unit" in one for one in programme.person.values())
    assert programme.colleague.get(f"/people/{programme.person[COLLEAGUE]['id']}/badges")["items"] == []


def test_one_finds_a_colleague_by_name_and_no_more_of_them(programme):
    client, whom, others = programme.colleague, programme.person[HOLDER], programme.person
    assert HOLDER not in {one["username"] for one in client.pages("/people")}
    found, = client.get("/colleagues", q=whom["name"].upper())["items"]
    assert found == colleague(whom)
    assert {one["id"]: one for one in client.pages("/colleagues", limit=50)} == {
        one["id"]: colleague(one) for one in others.values() if one["status"] == "active"}
    for told in whom["username"], whom["mail"], whom["external_id"], "%", "_":
        assert whom["id"] not in {one["id"] for one in client.pages("/colleagues", q=told)}, "what is not seen is not searched either"
    unit = {one["id"] for one in client.pages("/colleagues", unit=whom["unit"]["id"])}
    assert unit == {one["id"] for one in programme.hr.pages("/people", unit=whom["unit"]["id"], status="active")}
    client.get("/colleagues", unit=whom["id"], gives=400)
    client.get("/colleagues", manager=whom["id"], gives=400)
    rows = client.ask("GET", "/colleagues", params={"format": "csv", "q": whom["name"]}).text.splitlines()
    assert rows[0] == "id,name,title,unit_id,unit" and rows[1].startswith(f"{whom['id']},{whom['name']},") and len(rows) == 2


def test_of_a_colleague_one_sees_name_unit_title_and_what_they_opened(programme):
    person, made = programme.person[HOLDER], say(programme, programme.issue(evidence=[{"name": "A secret"}]), visibility="colleagues")
    shown, = (one for one in programme.colleague.pages(f"/people/{person['id']}/badges", limit=500) if one["id"] == made["id"])
    same = {name: made[name] for name in ("id", "person", "achievement", "issuer", "issued_at", "state", "badge_url")}
    assert shown == {**same, "title": person["title"], "unit": person["unit"]}
    programme.colleague.get(f"/people/{person['id']}", gives=404)
    assert programme.colleague.get(f"/people/{person['id']}/badges")["person"] == colleague(person)
    nobody = "0190a000-0000-7000-8000-000000000000"
    programme.colleague.get(f"/people/{nobody}/badges", gives=404)
    assert programme.colleague.get(f"/people/{person['id']}/badges", state="revoked")["items"] == []


def test_it_is_told_to_followers_and_stands_in_the_audit_and_the_export(programme, house):
    made = programme.issue()
    changes = "SELECT count(*) FROM change WHERE noun = 'credential' AND key = %s"
    before, = house.sql(changes, made["id"])[0]
    say(programme, made, visibility="public", response="accepted")
    assert house.sql(changes, made["id"]) == [(before + 1,)]
    entry = programme.auditor.get("/audit", action="credential.show")["items"][0]
    assert (entry["object"], entry["detail"]) == (made["id"], {"visibility": "public", "response": "accepted"})
    held, = (one for one in programme.holder.get(f"/people/{made['person']['id']}/export")["credentials"] if one["id"] == made["id"])
    assert (held["visibility"], held["response"]) == ("public", "accepted")


def test_who_has_left_is_no_colleague(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        made = programme.issue(COLLEAGUE)
        path = f"/people/{made['person']['id']}/badges"
        employee = house.sign_in(ACCOUNTS["EMPLOYEE"])
        assert [one["id"] for one in employee.get(path)["items"]] == [made["id"]]
        found, = employee.get("/colleagues", q=made["person"]["name"])["items"]
        assert found["id"] == made["person"]["id"]
        link = house.slapd.admin()
        link.delete_s(link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={COLLEAGUE})", ["1.1"])[0][0])
        house.sync()
        employee.get(path, gives=404)
        assert employee.get("/colleagues", q=made["person"]["name"])["items"] == []
        programme.badge(made)


def test_a_holder_and_who_makes_a_form_do_not_wait_for_each_other(house, programme):
    """A form is put beside its credential by whoever holds the badge; the holder's word has the credential and wants the badge."""
    made, link = programme.issue(), house.postgres.connect(house.database)
    link.autocommit = False
    with link.cursor() as maker, concurrent.futures.ThreadPoolExecutor(1) as pool:
        maker.execute("SELECT FROM badge WHERE credential_id = %s FOR UPDATE", (made["id"],))
        word = pool.submit(say, programme, made, visibility="public")
        wait_for("the holder to wait", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
        maker.execute("INSERT INTO badge_form (credential_id, format, version, bytes) VALUES (%s, 'x', 1, '')", (made["id"],))
        link.commit()
        assert word.result(30)["visibility"] == "public"
    link.close()
