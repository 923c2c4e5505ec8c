# SPDX-License-Identifier: Apache-2.0
"""A credential is corrected by another one that takes its place: what the new one is, what becomes of the old one, what the
registry answers of the days before, and who wins when two want to at once."""
import datetime
import itertools
import threading
import time

import ldap
import pytest
from kit.badges import HOLDER, Programme, badge_house, bits_of, verify_proof
from kit.house import BASE, PUBLIC_URL, parsed


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        house.set_password(HOLDER)
        yield house


@pytest.fixture(scope="module")
def programme(house):
    programme = Programme(house)
    programme.holder = house.sign_in(HOLDER)
    return programme


def replace(programme, credential, *, gives=201, **fields):
    return programme.issuer.post(f"/credentials/{credential['id']}/replace", {"reason": "Corrected", **fields}, gives=gives)


def look(programme, credential):
    return programme.hr.get(f"/credentials/{credential['id']}")


def events(programme, credential):
    return programme.hr.get(f"/credentials/{credential['id']}/events")["items"]


def moment(**later):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**later)).isoformat().replace("+00:00", "Z")


def revoked(programme, credential):
    """Whether the list of what is revoked says so of its badge."""
    entry = programme.badge(credential)["credentialStatus"]
    found = programme.stranger.get(entry["statusListCredential"].removeprefix(PUBLIC_URL))
    return bits_of(found)(int(entry["statusListIndex"])) == 1


# ---- what becomes of both

def test_what_is_not_said_stays_as_it_was(programme):
    old = programme.issue(issued_at="2024-01-01", expires_at="2099-01-01", evidence=[{"name": "Test"}])
    new = replace(programme, old)
    same = {name: value for name, value in old.items() if name not in ("id", "badge_url", "valid_from")}
    assert {name: new.get(name) for name in same} == same
    assert new["replaces"] == old["id"] and "superseded_by" not in new
    assert programme.issuer.last.headers["Location"] == f"/api/v1/credentials/{new['id']}"
    assert look(programme, old) == {**old, "state": "superseded", "reason": "Corrected", "superseded_by": new["id"]}


def test_dates_evidence_and_the_achievements_version_can_be_corrected(programme):
    achievement = programme.achievement()
    programme.hr.patch(f"/achievements/{achievement['id']}", {"criteria": "More", "state": "published"}, "*")
    old = programme.issue(achievement=achievement)
    new = replace(programme, old, achievement_version=1, valid_from="2024-02-01", expires_at="2098-01-01T00:00:00Z",
                  evidence=[{"narrative": "Passed"}])
    assert (old["achievement"]["version"], new["achievement"]["version"]) == (2, 1)
    assert (new["valid_from"], new["expires_at"], new["evidence"]) == \
        ("2024-02-01T00:00:00Z", "2098-01-01T00:00:00Z", [{"narrative": "Passed"}])
    assert "expires_at" not in replace(programme, new, expires_at=None)


def test_the_first_second_of_1970_is_a_time_as_others_are(programme):
    old, start = programme.issue(issued_at="1960-01-01"), "1970-01-01T00:00:00Z"
    assert replace(programme, old, gives=400, valid_from="2024-01-01", expires_at=start)["errors"][0]["field"] == "/expires_at"
    over = replace(programme, old, valid_from="1960-01-01", expires_at=start)
    assert (over["expires_at"], over["state"]) == (start, "expired")
    assert replace(programme, over, valid_from=start, expires_at=None)["valid_from"] == start


def test_what_is_over_or_has_not_begun_is_corrected_where_it_lies(programme):
    over = replace(programme, programme.issue(issued_at="2020-01-01", expires_at="2021-01-01"), expires_at="2022-01-01")
    assert (over["state"], over["valid_from"], over["expires_at"]) == ("expired", "2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z")
    old = programme.issue(valid_from="2090-01-01")
    later = replace(programme, old)
    assert (later["state"], later["valid_from"]) == ("scheduled", old["valid_from"])


def test_the_story_of_both_has_both_times_and_the_reason(programme, house):
    old = programme.issue(issued_at="2024-01-01", expires_at="2099-01-01")
    new = replace(programme, old, reason="The date was wrong")
    first, last = events(programme, old)
    begun, = events(programme, new)
    assert (first["kind"], last["kind"], begun["kind"]) == ("issued", "superseded", "issued")
    assert last["reason"] == begun["reason"] == "The date was wrong" and "reason" not in first
    assert len({last["valid_from"], last["recorded_at"], begun["valid_from"], begun["recorded_at"]}) == 1
    assert first["valid_from"] == "2024-01-01T00:00:00Z" and begun["valid_to"] == "2099-01-01T00:00:00Z"
    assert begun["account"] == last["account"] == first["account"]
    changed = {str(key) for key, in house.sql("SELECT key FROM change WHERE noun = 'credential' ORDER BY id DESC LIMIT 2")}
    assert changed == {old["id"], new["id"]}


def test_the_new_badge_keeps_the_day_of_the_award_and_the_old_one_is_revoked(programme):
    old = programme.issue(issued_at="2024-01-01")
    before = programme.badge(old)
    assert not revoked(programme, old)
    new = replace(programme, old)
    badge, did = programme.badge(new), programme.stranger.get("/.well-known/did.json")
    verify_proof(badge, did)
    assert badge["id"] == new["badge_url"] != before["id"]
    assert parsed(badge["awardedDate"]) == parsed(before["awardedDate"]) == parsed("2024-01-01T00:00:00Z")
    assert parsed(badge["validFrom"]) > parsed(before["validFrom"]), "readers take the newer one"
    assert badge["credentialSubject"]["id"] == before["credentialSubject"]["id"]
    assert (revoked(programme, old), revoked(programme, new)) == (True, False)


def test_what_the_holder_said_of_the_old_one_holds_for_the_new(programme):
    for words in {"visibility": "private", "response": "accepted"}, {"visibility": "public", "response": "declined"}:
        old = programme.issue()
        programme.holder.patch(f"/credentials/{old['id']}", words, "*")
        new = replace(programme, old)
        assert {name: new[name] for name in words} == words
        programme.badge(new, gives=404)


def test_the_new_badge_has_the_name_and_the_address_of_today(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        old = programme.issue()
        house.write_entry(HOLDER, "cn", "Patrick Quinn-Ross")
        house.write_entry(HOLDER, "mail", "pqr@example.org")
        house.sync()
        new = replace(programme, old)
        subjects = [programme.badge(one)["credentialSubject"] for one in (old, new)]
        assert new["person"]["name"] == "Patrick Quinn-Ross" and subjects[0]["id"] == subjects[1]["id"]
        assert subjects[0]["identifier"][0]["identityHash"] != subjects[1]["identifier"][0]["identityHash"]


# ---- what is proved, and was

def test_a_day_in_the_past_is_answered_as_of_that_day(programme):
    skill = programme.skill()
    first = programme.achievement([skill])
    programme.hr.patch(f"/achievements/{first['id']}", {"skills": [{"skill": skill["id"], "level": 4}], "state": "published"}, "*")
    old = programme.issue(achievement=first, issued_at="2024-01-01", expires_at="2099-01-01")

    def held(**when):
        rows = programme.hr.get("/reports/skills", skill=skill["id"], **when)["items"]
        return [(row["level"], [one["credential_id"] for one in row["because"]]) for row in rows]
    before = moment()
    time.sleep(0.05)
    new = replace(programme, old, achievement_version=1, expires_at="2098-01-01")
    was, now = [(4, [old["id"]])], [(1, [new["id"]])]
    assert held() == now
    assert held(as_of="2024-06-01") == held(as_of=before) == held(known_at=before) == was
    assert held(as_of="2090-01-01") == now and held(as_of="2090-01-01", known_at=before) == was
    assert held(as_of="2098-06-01") == [] and held(as_of="2098-06-01", known_at=before) == was
    assert held(as_of="2023-06-01") == held(known_at="2023-06-01") == []
    switched = events(programme, new)[0]["valid_from"]
    assert held(as_of=switched, known_at=switched) == now


def test_what_begins_later_proves_nothing_until_then(programme):
    skill = programme.skill()
    old = programme.issue(achievement=programme.achievement([skill]))
    new = replace(programme, old, valid_from="2090-01-01", expires_at="2091-01-01")
    assert new["state"] == "scheduled"
    counts = [len(programme.hr.get("/reports/skills", skill=skill["id"], as_of=day)["items"])
              for day in (moment(), "2090-06-01", "2091-06-01")]
    assert counts == [0, 1, 0]


def test_a_chain_of_corrections_is_one_credential_at_a_time(programme):
    skill = programme.skill()
    chain = [programme.issue(achievement=programme.achievement([skill]))]
    for _ in range(3):
        chain.append(replace(programme, chain[-1]))
    assert [look(programme, one).get("superseded_by") for one in chain] == [*(one["id"] for one in chain[1:]), None]
    assert [look(programme, one).get("replaces") for one in chain] == [None, *(one["id"] for one in chain[:-1])]
    row, = programme.hr.get("/reports/skills", skill=skill["id"])["items"]
    assert [one["credential_id"] for one in row["because"]] == [chain[-1]["id"]]
    assert len({one["issued_at"] for one in chain}) == 1


# ---- what is refused

def test_what_cannot_be_right_is_named_and_nothing_is_done(programme):
    old = programme.issue(valid_from="2024-01-01", issued_at="2024-01-01")
    path = f"/credentials/{old['id']}/replace"
    for field, body in (("/reason", {}), ("/reason", {"reason": None}), ("/achievement_version", {"reason": "x", "achievement_version": 2}),
                        ("/achievement_version", {"reason": "x", "achievement_version": None}),
                        ("/expires_at", {"reason": "x", "expires_at": "2020-01-01"}), ("/valid_from", {"reason": "x", "valid_from": None}),
                        ("/issued_at", {"reason": "x", "issued_at": "2020-01-01"}), ("/person", {"reason": "x", "person": HOLDER}),
                        ("/evidence/0", {"reason": "x", "evidence": [{}]}), ("/evidence", {"reason": "x", "evidence": None})):
        assert [error["field"] for error in programme.issuer.post(path, body, gives=400)["errors"]] == [field]
    draft = programme.achievement(state="draft")
    programme.hr.patch(f"/achievements/{draft['id']}", {"state": "published"}, "*")
    made = programme.issue(achievement=draft)
    programme.hr.patch(f"/achievements/{draft['id']}", {"criteria": "A draft"}, "*")
    replace(programme, made, achievement_version=2, gives=400)
    assert look(programme, old) == old and len(events(programme, old)) == 1


def test_only_what_stands_is_replaced(programme):
    made = programme.issue()
    path = f"/credentials/{made['id']}"
    programme.issuer.post(f"{path}/suspend", {"reason": "x"})
    replace(programme, made, gives=409)
    programme.issuer.post(f"{path}/reinstate")
    new = replace(programme, made)
    replace(programme, made, gives=409)
    for verb in "revoke", "suspend", "reinstate":
        programme.issuer.post(f"{path}/{verb}", {"reason": "x"}, gives=409)
    programme.issuer.post(f"/credentials/{new['id']}/revoke", {"reason": "x"})
    replace(programme, new, gives=409)


def test_nothing_is_replaced_while_nobody_signs(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        programme = Programme(house)
        made = programme.issue()
        house.signer.stop()
        house.expects_errors = True
        replace(programme, made, gives=503)
        assert look(programme, made) == made and len(events(programme, made)) == 1
        assert house.sql("SELECT count(*) FROM credential") == [(1,)]


def test_who_left_can_be_corrected_and_who_was_erased_cannot(postgres):
    with badge_house(("ed25519",), config={"retention all": {"keep": "P3Y"}}, postgres=postgres) as house:
        programme = Programme(house)
        made = programme.issue()
        link = house.slapd.admin()
        link.delete_s(link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={HOLDER})", ["1.1"])[0][0])
        house.sync()
        made = replace(programme, made, evidence=[{"name": "Test"}])
        programme.hr.expect(201, "POST", f"/people/{made['person']['id']}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
        replace(programme, made, gives=409)
        assert look(programme, made)["visibility"] == "private" and look(programme, made)["evidence"] == []


# ---- races

@pytest.mark.parametrize("verbs", [("replace", "replace"), ("replace", "revoke"), ("replace", "suspend")], ids=" ".join)
def test_of_two_at_once_one_wins(programme, verbs):
    for _ in range(4):
        skill = programme.skill()
        made, start, statuses = programme.issue(achievement=programme.achievement([skill])), threading.Barrier(4), []

        def race(verb, made=made, start=start, statuses=statuses):
            client = programme.issuer.twin()
            start.wait()
            statuses.append(client.ask("POST", f"/credentials/{made['id']}/{verb}", {"reason": "x"}).status_code)
        threads = [threading.Thread(target=race, args=(verb,)) for verb in itertools.islice(itertools.cycle(verbs), 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) in ([200, 409, 409, 409], [201, 409, 409, 409])
        state = look(programme, made)["state"]
        assert len(events(programme, made)) == 2 and (state == "superseded") == (201 in statuses)
        assert len(programme.hr.get("/reports/skills", skill=skill["id"])["items"]) == (201 in statuses)


def test_what_the_holder_says_meanwhile_is_not_lost(programme):
    for _ in range(8):
        made, start, said = programme.issue(), threading.Barrier(2), []

        def hide(made=made, start=start, said=said):
            start.wait()
            said.append(programme.holder.ask("PATCH", f"/credentials/{made['id']}", {"response": "hidden"}, headers={"If-Match": "*"}))
        thread = threading.Thread(target=hide)
        thread.start()
        start.wait()
        new = replace(programme, made)
        thread.join()
        in_time = said[0].status_code == 200 and said[0].json()["state"] == "active"
        assert said[0].status_code in (200, 412) and (new["response"] == "hidden") == in_time


def test_a_retry_replaces_once(programme):
    made = programme.issue()
    first, again = (programme.issuer.post(f"/credentials/{made['id']}/replace", {"reason": "x"}, key=f"again-{made['id']}") for _ in range(2))
    assert first == again
