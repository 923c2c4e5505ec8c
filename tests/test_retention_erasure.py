# SPDX-License-Identifier: Apache-2.0
"""Erasure and its proof. After one the whole database is dumped and searched for what the person was called."""
import re
import threading
import time

import ldap
import psycopg2
import pytest
from kit.batches import ask, ended
from kit.chain import check
from kit.gate import ROOT
from kit.house import ACCOUNTS, wait_for
from kit.leaver import ADMIN, CONTRACTORS, HR, INNER, Leaver, dump, found_in, furnish, retention_house

EMPLOYEE = ACCOUNTS["EMPLOYEE"]
WRITTEN_ONCE = "audit_entry", "credential_event", "achievement_event", "submission_event", "pathway_event", "enrolment_event", "audit_link", "audit_checkpoint"
# Tables of which an erasure has nothing to take, since they say nothing of anybody but by ids.
WITH_SUBMISSIONS = "submission_round", "submission_file", "review", "assessor_group"  # go with theirs
WITH_ENROLMENTS = "outside_proof",
NAMELESS = {*WRITTEN_ONCE, *WITH_SUBMISSIONS, *WITH_ENROLMENTS, "file_loose", "audit_unsealed", "unit", "directory_group", "group_group", "directory_run", "directory_feed", "lease", "role_group",
            "same_rule", "throttle", "framework", "scale", "skill", "issuer", "issuer_group", "achievement_version", "achievement_skill",
            "achievement_image", "picture", "endorsement", "collection", "collection_item", "position", "position_skill", "web_link", "web_link_use", "job",
            "pathway", "pathway_version", "pathway_node", "proof", "signing_key", "status_list", "status_entry", "change", "catalogue_version", "erasure", "retention_clock", "schema_migration",
            "person_parted", "pathway_rule", "rule_news", "credential_left", "expiry_notice", "award_news"}


@pytest.fixture(scope="module")
def house(postgres):
    with retention_house(postgres) as house:
        yield furnish(house)


# ---- erasure

def test_nothing_is_left_of_who_was_erased(house):
    who = Leaver(house, 20, groups=[CONTRACTORS])
    who.work()
    assert len(house.hr.pages("/reports/skills", person=who.id)) == 1
    wait_for("the look at them", lambda: house.sql("SELECT 1 FROM look WHERE subject_id = %s", who.id))
    before = house.hr.get("/reports/skills", group_by="skill", skill=house.skill)["items"][0]["people"]
    who.leave()
    there = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    who.age("91 days")
    assert who.clock()["due"]
    assert len(found_in(dump(house), who.words)) > 10
    who.erase(gives=400, reason=f"Because {who.name.upper()} asked")
    written = {table: house.sql(f"SELECT * FROM {table} ORDER BY 1") for table in WRITTEN_ONCE}
    proof = who.erase(reason="The time is over", key="erase-20")
    assert proof["policy"] == "contractors" and proof["early"] is False and proof["account"] == f"ldap:{HR}"
    assert {"person", "claim", "submission", "claim_endorsement", "talent", "correction", "look", "credential", "credential_note", "outbox", "account", "session", "token", "who", "run_line",
            "goal", "position_assignment", "enrolment"} <= set(proof["removed"])
    assert len(proof["digest"]) == 64
    for table, rows in written.items():  # what is chained is as it was
        assert house.sql(f"SELECT * FROM {table} ORDER BY 1")[:len(rows)] == rows
    assert found_in(dump(house), [*who.words, who.uuid]) == []
    house.sync()
    assert found_in(dump(house), [*who.words, who.uuid]) == []

    for path in "", "/holdings", "/credentials", "/export", "/hold":
        house.hr.get(f"/people/{who.id}{path}", gives=404)
    for form in "json", "csv", "ndjson":
        text = "".join(house.hr.ask("GET", path, params={"format": form}).text for path in
                       ("/people", "/reports/skills", "/credentials", "/retention", "/erasures"))
        text += "".join(house.admin.ask("GET", path, params={"format": form, **({"limit": 500} if form == "json" else {})}).text
                        for path in ("/audit", "/directory/runs", "/access"))
        assert found_in(text, who.words) == []
    assert not found_in(house.hr.ask("GET", "/reports/skills", params={"as_of": there, "format": "csv"}).text, [who.id])
    rows = house.hr.get("/reports/skills", group_by="skill", skill=house.skill)["items"]
    assert (rows[0]["people"] if rows else 0) == before - 1
    fact = house.hr.get(f"/credentials/{who.credential}")
    assert fact["person"] == {"id": who.id, "name": "erased"} and fact["evidence"] == [] and "reason" not in fact
    events = house.hr.get(f"/credentials/{who.credential}/events")["items"]
    assert [event["kind"] for event in events] == ["issued", "suspended", "reinstated"] and all("reason" not in one for one in events)
    entries = house.admin.pages("/audit", object=who.id)
    assert {entry["action"] for entry in entries} == {"person.erase", "talent.set"} and entries[0]["detail"]["removed"] == proof["removed"]
    assert "erased" in {entry["account"] for entry in house.admin.pages("/audit", action="claim.add")}
    assert [one["viewer"] for one in house.hr.pages("/me/looks") if one.get("viewer", {}).get("id") == who.id] == [{"id": who.id, "name": "erased"}]
    assert house.sql("SELECT 1 FROM outside_proof o JOIN enrolment e ON e.id = o.enrolment_id WHERE e.person_id = %s", who.id) == []
    assert house.sql("SELECT 1 FROM enrolment_event n WHERE NOT EXISTS (SELECT FROM enrolment e WHERE e.id = n.enrolment_id)")
    assert house.hr.get(f"/erasures/{proof['id']}") == proof and proof in house.hr.pages("/erasures")


def test_what_who_was_erased_decided_stands_by_nobody(house):
    who, other = Leaver(house, 61), Leaver(house, 62)
    house.slapd.admin().modify_s(other.dn, [(ldap.MOD_REPLACE, "manager", [who.dn.encode()])])
    house.sync()
    for one in who, other:
        house.passwords[one.username] = "pw-" + one.username
    boss, me = house.sign_in(who.username), house.sign_in(other.username)
    begun = me.post(f"/pathways/{house.pathway}/enrolments", gives=201)["id"]
    offered = me.post(f"/enrolments/{begun}/proofs", {"node": "more", "text": "x"}, gives=201)["id"]
    assert boss.post(f"/proofs/{offered}/refuse", {"note": "not seen"}, gives=200)["account"] == f"ldap:{who.username}"
    boss.post(f"/pathways/{house.pathway}/enrolments", gives=201)
    decided, = boss.get(f"/people/{who.id}/export")["outside_proofs_decided"]
    assert (decided["id"], decided["step"], decided["state"], decided["note"]) == (offered, "more", "refused", "not seen")
    house.slapd.admin().modify_s(other.dn, [(ldap.MOD_DELETE, "manager", None)])
    who.leave().erase(early=True)
    assert found_in(dump(house), who.words) == []
    assert me.get(f"/proofs/{offered}")["account"] == "erased"
    assert me.get(f"/people/{other.id}/export")["outside_proofs"][0]["account"] == "erased"
    assert [event["account"] for event in me.get(f"/enrolments/{begun}/events")["items"]] == [f"ldap:{other.username}"]


def test_who_left_and_was_erased_is_off_all_pathways_while_things_go_on(house):
    """What they were on is computed and awarded at the same time."""
    done = house.hr.post("/achievements", {"name": "Done", "state": "published"}, gives=201)["id"]
    way = house.issuer.post("/pathways", {"name": "Way", "state": "published", "achievement": done, "nodes": [
        {"id": "a", "kind": "achievement", "achievement": house.achievement}]}, gives=201)["id"]
    for number in range(63, 67):
        who = Leaver(house, number)
        house.passwords[who.username] = "pw-" + who.username
        begun = house.sign_in(who.username).post(f"/pathways/{way}/enrolments", gives=201)["id"]
        had = house.issuer.issue(who.username, house.achievement)["id"]
        if number % 2:
            wait_for("the award", lambda n=begun: house.hr.get(f"/enrolments/{n}").get("credential_id"))
        who.leave()
        etag, client, gate = who.etag(), house.issuer.twin(), threading.Barrier(2)
        lose = threading.Thread(target=lambda: (gate.wait(), client.ask("POST", f"/credentials/{had}/revoke", {"reason": "x"})))
        lose.start()
        gate.wait()
        assert "enrolment" in who.erase(early=True, etag=etag)["removed"]
        lose.join()
        house.hr.get(f"/enrolments/{begun}", gives=404)
        assert not house.sql("SELECT 1 FROM enrolment WHERE person_id = %s", who.id)
        assert found_in(dump(house), who.words) == []
    wait_for("nothing to be left to do", lambda: not house.sql("SELECT 1 FROM enrolment_news"))


def test_a_batch_that_still_waits_for_who_was_erased_says_so_of_that_row(house):
    who = Leaver(house, 60)
    made = house.issuer.issue(who.username, house.achievement)
    rows = [{"person": who.username}, {"person": who.mail, "evidence": [{"name": "x"}], "results": [{"result_description": "x", "value": f"Of {who.name}"}]},
            {"person": EMPLOYEE}, {"person": who.mail.upper(), "issued_at": "soon"}]
    jobs = [ask(house.issuer, "issue", rows, achievement=house.achievement, at="2099-01-01"),
            ask(house.issuer, "revoke", [{"credential": made["id"], "reason": f"Of {who.name}"}], at="2099-01-01")]
    who.leave().erase(early=True)
    assert found_in(dump(house), who.words) == []
    house.sql("UPDATE job SET due_at = now() WHERE id = ANY (%s::uuid[])", [job["id"] for job in jobs])
    issued, revoked = (ended(house.issuer, job, "done") for job in jobs)
    assert [error["field"] for error in issued["errors"]] == ["/rows/0/person", "/rows/1/person", "/rows/3/issued_at"]
    assert [error["message"] for error in issued["errors"][:2]] == ["was erased"] * 2
    assert issued["result"]["succeeded"] == revoked["result"]["succeeded"] == 1


def test_the_audit_stays_whole_and_only_an_erasure_takes_out_who_did_something(house):
    who = Leaver(house, 38)
    who.work()
    rows = house.sql("SELECT id, digest, salt FROM who WHERE account = %s", f"ldap:{who.username}")
    assert len(rows) > 1 and all(digest and salt for _, digest, salt in rows)
    wait_for("the sealer", lambda: not house.sql("SELECT 1 FROM audit_unsealed"))
    who.leave().erase(early=True)
    ids = [one for one, _, _ in rows]
    assert {row for row in house.sql("SELECT account, address, salt FROM who WHERE id = ANY (%s::uuid[])", ids)} == {(None,) * 3}
    assert {id: bytes(digest) for id, digest in house.sql("SELECT id, digest FROM who WHERE id = ANY (%s::uuid[])", ids)} \
        == {id: bytes(digest) for id, digest, _ in rows}
    assert house.sql("SELECT 1 FROM audit_link JOIN audit_entry ON seq = entry WHERE who = %s", ids[0])
    assert check(house) == []
    other, *words = house.sql("SELECT id, account, address, salt FROM who WHERE account = %s"
                              " AND id IN (SELECT e.who FROM audit_link JOIN audit_entry e ON seq = entry) LIMIT 1", f"ldap:{HR}")[0]
    house.sql("UPDATE who SET account = NULL, address = NULL, salt = NULL WHERE id = %s", other)
    findings = check(house)
    assert findings and all("who did it was taken out, and by no erasure" in line for line in findings)
    house.sql("UPDATE who SET account = %s, address = %s, salt = %s WHERE id = %s", *words, other)
    assert check(house) == []


def test_the_same_request_again_has_the_same_answer(house):
    who = Leaver(house, 21).leave()
    etag = who.etag()
    first = who.erase(early=True, etag=etag, key="again")
    assert who.erase(early=True, etag=etag, key="again") == first
    who.erase(early=True, etag="*", gives=404)


def test_before_the_time_it_needs_to_be_said(house):
    who = Leaver(house, 22)
    who.erase(gives=409, early=True)
    stale = who.etag()
    who.leave()
    who.erase(gives=412, etag=stale, early=True)
    assert "norway" in who.erase(gives=409)["detail"]
    house.hr.expect(428, "POST", f"/people/{who.id}/erase", {"reason": "x", "early": True})
    who.erase(gives=404, by=house.sign_in(EMPLOYEE), early=True)
    proof = who.erase(by=house.admin, early=True, reason="Ticket 4711")
    assert proof["early"] and proof["reason"] == "Ticket 4711" and proof["account"] == f"pam:{ADMIN}"
    assert [entry["detail"]["early"] for entry in house.admin.pages("/audit", object=who.id, action="person.erase")] == [True]


def test_who_returns_after_it_is_a_new_person(house):
    who = Leaver(house, 23)
    who.work()
    who.leave()
    old = who.id
    who.erase(early=True)
    for _ in range(2):  # and again
        who.come(who.uuid)
        assert who.id != old and who.person()["external_id"] == who.uuid
        assert house.hr.get(f"/people/{who.id}/credentials")["items"] == []
        me = house.sign_in(who.username)
        assert me.get("/me")["person"]["id"] == who.id and me.get("/claims", person=who.id)["items"] == []
        who.leave()
        old = who.id
        who.erase(early=True)
    assert found_in(dump(house), who.words) == []


def test_a_namesake_keeps_their_name(house):
    """Somebody new got the username and the DN of who left."""
    who = Leaver(house, 24)
    who.work()
    who.leave()
    old, words = who.id, [who.mail, who.phone, who.employee_number]
    who.mail, who.phone, who.employee_number = "new@leaver.example", "+1", "NEW-1"
    who.come()
    new = who.id
    assert new != old
    me = who.work()
    who.id = old
    who.erase(early=True)
    assert found_in(dump(house), words) == []
    assert me.get("/me")["person"]["id"] == new and me.get("/claims", person=new)["items"] != []
    assert house.hr.get(f"/people/{new}")["name"] == who.name
    assert f"ldap:{who.username}" in {entry["account"] for entry in house.admin.pages("/audit", action="claim.add")}


def test_proofs_are_written_once(house):
    for statement in "UPDATE erasure SET reason = 'x'", "DELETE FROM erasure":
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            house.sql(statement)


def test_others_keep_their_managers_but_not_the_erased_one(house):
    boss, who = Leaver(house, 25), Leaver(house, 26)
    house.slapd.admin().modify_s(who.dn, [(ldap.MOD_REPLACE, "manager", [boss.dn.encode()])])
    house.sync()
    assert who.person()["manager"]["id"] == boss.id
    boss.leave()
    house.slapd.admin().modify_s(who.dn, [(ldap.MOD_DELETE, "manager", None)])
    assert "managed" in boss.erase(early=True)["removed"]
    assert found_in(dump(house), boss.words) == []
    house.sync()
    assert found_in(dump(house), boss.words) == [] and "manager" not in who.person()


def test_groups_that_still_name_them_are_emptied_of_it(house):
    who, link = Leaver(house, 27, groups=[CONTRACTORS]), house.slapd.admin()
    groups, who.groups = who.groups, []
    who.leave()
    assert link.search_s(groups[0], ldap.SCOPE_BASE, f"(member={who.dn})")
    assert "group_member" in who.erase(early=True)["removed"]
    assert found_in(dump(house), who.words) == []
    house.sync()  # it is the directory's word
    assert found_in(dump(house), [who.username]) != []
    link.modify_s(groups[0], [(ldap.MOD_DELETE, "member", [who.dn.encode()])])
    house.sync()
    assert found_in(dump(house), who.words) == []


def test_every_table_is_thought_of(house):
    """A new one is either emptied by an erasure, or says nothing of anybody."""
    tables = {name for name, in house.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    source = (ROOT / "daemon/store/erase.c").read_text()
    emptied = set(re.findall(r"(?:DELETE FROM|UPDATE) (\w+)", source))
    assert tables - NAMELESS == emptied - {"directory_group"}


def test_two_erase_at_once_and_one_proof_is_there(house):
    who = Leaver(house, 28)
    who.work()
    who.leave()
    etag, answers = who.etag(), []
    clients = [client.twin() for client in (house.hr, house.admin) * 3]
    threads = [threading.Thread(target=lambda c=client: answers.append(c.ask(
        "POST", f"/people/{who.id}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag}).status_code))
        for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(201) == 1 and set(answers) <= {201, 404, 412, 503}
    assert [proof["person_id"] for proof in house.hr.pages("/erasures")].count(who.id) == 1
    assert found_in(dump(house), who.words) == []


# ---- by itself

def test_automatic_ones_are_erased_and_others_not(postgres):
    with retention_house(postgres) as house:
        furnish(house)
        people = {"due": Leaver(house, 1, country="SE"), "held": Leaver(house, 2, country="SE"), "early": Leaver(house, 3, country="SE"),
                  "asked": Leaver(house, 4), "second": Leaver(house, 5, country="FI")}
        for who in people.values():
            who.leave()
        for name in "due", "held", "asked", "second":
            people[name].age("5 years")
        house.hr.post(f"/people/{people['held'].id}/hold", {"reason": "Case 1"}, gives=201)
        house.restart()
        wait_for("the erasures", lambda: len(house.hr.pages("/erasures")) == 2)
        proofs = {proof["person_id"]: proof for proof in house.hr.pages("/erasures")}
        assert set(proofs) == {people["due"].id, people["second"].id}
        assert {(proof["account"], proof["policy"], proof["early"]) for proof in proofs.values()} == {("tidy", "east", False)}
        text = dump(house)
        assert found_in(text, people["due"].words) == [] and found_in(text, people["second"].words) == []
        assert {one["person"]["id"] for one in house.hr.pages("/retention")} == {people[name].id for name in ("held", "early", "asked")}


def test_nobody_is_erased_while_a_policy_names_a_group_that_is_not_there(postgres):
    policies = {"retention some": {"keep": "P50Y", "group": CONTRACTORS}, "retention all": {"keep": "1s", "erase": "automatic"}}
    with retention_house(postgres, policies) as house:
        furnish(house)
        one, other = Leaver(house, 1, groups=[CONTRACTORS]), Leaver(house, 2)
        link = house.slapd.admin()
        link.delete_s(CONTRACTORS)
        one.groups = []
        house.sync()
        for who in one, other:
            who.leave().age("1 day")
        before = house.log().count("a policy names the group")
        house.restart()
        wait_for("the warning", lambda: house.log().count("a policy names the group") > before)
        assert house.hr.get("/erasures")["items"] == [] and other.clock()["due"]
        assert one.clock()["policy"] == "some"
        link.add_s(CONTRACTORS, [("objectClass", [b"groupOfNames"]), ("cn", [b"contractors"]), ("member", [INNER.encode()])])
        house.sync()
        house.restart()
        wait_for("the erasure", lambda: house.sql("SELECT person_id::text FROM erasure") == [(other.id,)])


def test_without_a_policy_nobody_is_due(postgres):
    with retention_house(postgres, {}) as house:
        furnish(house)
        who = Leaver(house, 1).leave()
        who.age("90 years")
        clock = who.clock()
        assert "policy" not in clock and "due_at" not in clock and clock["due"] is False
        assert "no policy" in who.erase(gives=409)["detail"]
        house.restart()
        time.sleep(1)
        assert house.hr.get("/erasures")["items"] == []
        assert "policy" not in who.erase(early=True)


# ---- at the same time

def test_returning_and_being_erased_at_once_is_one_or_the_other(house):
    for number in range(30, 38):
        who = Leaver(house, number)
        who.work()
        who.leave()
        etag, answers, old = who.etag(), [], who.id
        client = house.hr.twin()
        eraser = threading.Thread(target=lambda: answers.append(client.ask(
            "POST", f"/people/{old}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})))
        eraser.start()
        if number % 2:
            time.sleep(0.01)
        who.come(who.uuid)
        eraser.join()
        status = answers[0].status_code
        assert status in (201, 409, 412, 503), answers[0].text
        if status == 201:
            assert who.id != old
            house.hr.get(f"/people/{old}", gives=404)
            tomb = house.sql("SELECT name, username, mail, key FROM person WHERE id = %s", old)
            assert tomb == [("erased", "", None, None)]
        else:
            assert who.id == old and house.hr.get(f"/people/{old}/credentials")["items"] != []


@pytest.mark.parametrize("first, table", [("sync", "group_member IN ACCESS"), ("erasure", "legal_hold IN")])
def test_whoever_was_first_is_waited_for(house, first, table):
    """One of the two stops half-way, and the other comes meanwhile."""
    who = Leaver(house, 40 if first == "sync" else 41)
    who.work()
    who.leave()
    etag, old, answers, client = who.etag(), who.id, [], house.hr.twin()
    runs = [threading.Thread(target=lambda: who.come(who.uuid)), threading.Thread(target=lambda: answers.append(client.ask(
        "POST", f"/people/{old}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})))]
    lock = house.postgres.connect(house.database)
    with lock.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {table} EXCLUSIVE MODE")
        for thread in runs if first == "sync" else runs[::-1]:
            before = len(waits(house))
            thread.start()
            wait_for("it to wait", lambda n=before: len(waits(house)) > n)
        cursor.execute("ROLLBACK")
    for thread in runs:
        thread.join()
    lock.close()
    assert answers[0].status_code == (412 if first == "sync" else 201), answers[0].text
    assert (who.id == old) == (first == "sync")
    assert bool(house.hr.get(f"/people/{who.id}/credentials")["items"]) == (first == "sync")


def test_a_form_that_is_being_made_meanwhile_does_not_stay(house):
    who = Leaver(house, 42)
    who.work()
    who.leave()
    etag, answers, client = who.etag(), [], house.hr.twin()
    eraser = threading.Thread(target=lambda: answers.append(client.ask(
        "POST", f"/people/{who.id}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})))
    maker = house.postgres.connect(house.database)
    with maker.cursor() as cursor:  # as who makes one: the badge is held
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM badge WHERE credential_id = %s FOR UPDATE", [who.credential])
        cursor.execute("INSERT INTO badge_form (credential_id, format, version, bytes) VALUES (%s, 'svg', 1, %s)",
                       [who.credential, who.name.encode()])
        eraser.start()
        wait_for("it to wait", lambda: waits(house))
        cursor.execute("COMMIT")
    eraser.join()
    maker.close()
    assert answers[0].status_code == 201, answers[0].text
    assert house.sql("SELECT format FROM badge_form WHERE credential_id = %s", who.credential) == []


def test_killed_in_the_middle_it_is_whole_or_not_at_all(postgres):
    with retention_house(postgres) as house:
        furnish(house)
        people = [Leaver(house, number, country="SE") for number in range(1, 7)]
        for who in people:
            who.work()
        for who in people:
            who.leave()
        before = {who.id: house.hr.get(f"/people/{who.id}/export")["credentials"] for who in people}
        lock = house.postgres.connect(house.database)
        for round_, who in enumerate(people[:3]):
            etag = who.etag()
            with lock.cursor() as cursor:  # so that it stops half-way
                cursor.execute("BEGIN")
                cursor.execute(f"LOCK TABLE {('claim', 'legal_hold', 'erasure')[round_]} IN EXCLUSIVE MODE")  # may be read
            client = house.hr.twin()
            asked = threading.Thread(target=lambda c=client, w=who, e=etag: suppress(lambda: c.ask(
                "POST", f"/people/{w.id}/erase", {"reason": "x", "early": True}, headers={"If-Match": e})))
            asked.start()
            wait_for("the erasure to wait", lambda: waits(house))
            house.kill()
            with lock.cursor() as cursor:
                cursor.execute("ROLLBACK")
            asked.join()
            house.start()
            house.hr = house.sign_in(HR)
            assert house.hr.get(f"/people/{who.id}")["name"] == who.name
            assert house.hr.get(f"/people/{who.id}/export")["credentials"] == before[who.id]
            assert house.sql("SELECT count(*) FROM erasure") == [(0,)]
        for who in people:
            who.age("5 years")
        house.kill()
        for _ in range(3):
            house.start()
            time.sleep(0.02)
            house.kill()
        house.start()
        wait_for("all to be erased", lambda: house.sql("SELECT count(*) FROM erasure") == [(6,)], 130)
        assert found_in(dump(house), [word for who in people for word in who.words]) == []
        lock.close()


def suppress(deed):
    try:
        deed()
    except Exception:  # the daemon was killed under it
        pass


def waits(house):
    return house.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", house.database)
