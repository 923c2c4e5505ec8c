# SPDX-License-Identifier: Apache-2.0
"""Awards that prove a skill of a credential that lapses unless it is used: which of them are a use, from when, whose, and that
each is one however often the daemon is killed."""
import contextlib

import ldap
import psycopg2
import pytest
from kit.badges import badge_house
from kit.batches import done
from kit.house import ACCOUNTS, BASE, OTHER_ISSUER, wait_for
from kit.judging import at_once
from kit.leaver import Leaver, furnish, retention_house
from kit.second import Second
from kit.two import Both, Two, two_house
from test_lapse import HOLDER, Shop, moment, numbers

SCHOOL = f"cn=school,ou=groups,{BASE}"


def member(house, group, username):
    link = house.slapd.admin()
    dn = link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["1.1"])[0][0]
    link.add_s(group, [("objectClass", [b"groupOfNames"]), ("cn", [b"school"]), ("member", [dn.encode()])])
    house.sync()


def waiting(house):
    return [one for one, in house.sql("SELECT credential_id::text FROM award_news ORDER BY 1")]


def settled(house):
    wait_for("what follows", lambda: not house.sql("SELECT 1 FROM award_news WHERE at <= now() + interval '1 day'"))


class Field(Shop):
    """Awards of somebody who has lapsing credentials."""

    def skill(self):
        return self.hr.post("/skills", {"framework": "LAPSE", "code": f"L-{next(numbers)}", "label": "Flying"}, gives=201)["id"]

    def proving(self, skill, level=3, **fields):
        return self.achievement(skills=[{"skill": skill, "level": level}], **fields)

    def lapsing(self, issued_at="2024-02-29", level=3, **fields):
        """A skill of its own, and the credential."""
        skill = self.skill()
        return skill, self.issue(self.proving(skill, level, lapse="P50Y", **fields), issued_at=issued_at)

    def award(self, skill, issued_at="2025-03-31T08:00:00Z", level=3, **fields):
        return self.issue(self.proving(skill, level), issued_at, **fields)

    def begins(self, skill, at):
        return self.issuer.issue(HOLDER, self.proving(skill)["id"], valid_from=at)

    def used(self, credential):
        """When, once all awards were followed."""
        settled(self.house)
        return [one["at"] for one in self.uses(credential)]

    def until(self, credential):
        return self.look(credential)["expires_at"]


@pytest.fixture(scope="module")
def field(postgres):
    with badge_house(("ed25519",), postgres=postgres) as house:
        member(house, SCHOOL, OTHER_ISSUER)
        yield Field(house)


# ---- what is a use

def test_a_later_award_that_proves_its_skill_is_a_use(field):
    skill, old = field.lapsing()
    assert old["expires_at"] == "2074-02-28T00:00:00Z"
    award = field.award(skill)
    assert field.used(old) == ["2025-03-31T08:00:00Z"]
    use, = field.uses(old)
    assert (use["what"], use["account"], use["expires_at"]) == (
        f"was awarded {award['achievement']['name']}", "house:rule", "2075-03-31T08:00:00Z")
    assert "🪂" in use["what"]
    now = field.look(old)
    assert (now["state"], now["expires_at"]) == ("active", "2075-03-31T08:00:00Z")
    story = field.hr.get(f"/credentials/{old['id']}/events")["items"]
    assert [(one["kind"], one["valid_from"], one["valid_to"]) for one in story][1:] == [
        ("used", "2025-03-31T08:00:00Z", "2075-03-31T08:00:00Z")]
    assert [one["detail"] for one in field.admin.pages("/outbox", kind="credential.used", object=old["id"])] == [
        {"expires_at": "2075-03-31T08:00:00Z"}]
    audit, = field.admin.pages("/audit", object=old["id"], action="credential.use")
    assert audit["account"] == "house:rule"
    proofs = field.house.sql("SELECT rfc3339(valid_to) FROM proof WHERE credential_id = %s AND known_to = 'infinity'", old["id"])
    assert proofs == [("2075-03-31T08:00:00Z",)] and field.look(old, as_of="2075-03-01")["state"] == "active"
    assert field.uses(award) == []  # which does not lapse


def test_it_counts_from_when_it_was_both_issued_and_valid(field):
    skill, old = field.lapsing()
    field.award(skill, "2025-01-01", valid_from="2025-06-30")
    assert (field.used(old), field.until(old)) == (["2025-06-30T00:00:00Z"], "2075-06-30T00:00:00Z")
    field.award(skill, "2025-08-31", valid_from="2025-07-01")
    assert (field.used(old)[1:], field.until(old)) == (["2025-08-31T00:00:00Z"], "2075-08-31T00:00:00Z")
    field.award(skill, "2024-12-24")  # an earlier one takes nothing back
    assert (field.used(old)[2:], field.until(old)) == (["2024-12-24T00:00:00Z"], "2075-08-31T00:00:00Z")


def test_its_level_or_above_of_one_of_its_skills(field):
    skill, other = field.skill(), field.skill()
    made = field.achievement(lapse="P50Y", skills=[{"skill": skill, "level": 3}, {"skill": other, "level": 2}])
    old = field.issue(made)
    field.award(skill, "2025-01-31", level=2)
    field.award(other, "2025-01-31", level=1)
    field.award(field.skill(), "2025-01-31", level=5)
    field.issue(field.achievement(), issued_at="2025-01-31")
    assert (field.used(old), field.until(old)) == ([], "2074-02-28T00:00:00Z")
    field.award(other, "2025-02-28", level=2)
    assert field.used(old) == ["2025-02-28T00:00:00Z"]
    field.award(skill, "2025-03-31", level=5)
    assert (field.used(old)[1:], field.until(old)) == (["2025-03-31T00:00:00Z"], "2075-03-31T00:00:00Z")
    field.issue(made, issued_at="2025-04-30")  # the same once more
    assert field.used(old)[2:] == ["2025-04-30T00:00:00Z"]


def test_all_that_it_proves_are_used_but_only_their_own(field):
    skill, first = field.lapsing(validity="P51Y")
    second = field.issue(field.proving(skill, 1, lapse="P49Y"))
    above = field.issue(field.proving(skill, 4, lapse="P50Y"))
    theirs = field.issuer.issue(ACCOUNTS["EMPLOYEE"], first["achievement"]["id"], issued_at="2024-02-29")
    field.award(skill, "2025-05-31")
    assert field.used(first) == field.used(second) == ["2025-05-31T00:00:00Z"]
    assert (field.until(first), field.until(second), field.until(above), field.until(theirs)) == (
        "2075-02-28T00:00:00Z", "2074-05-31T00:00:00Z", "2074-02-28T00:00:00Z", "2074-02-28T00:00:00Z")
    assert field.used(above) == field.used(theirs) == []


# ---- what is none

def test_tests_and_corrections_are_none(field):
    skill, old = field.lapsing()
    sandbox = field.admin.post("/issuers", {"name": "Sandbox 🏖", "sandbox": True}, gives=201)["id"]
    field.holder.post("/me/credentials", {"achievement": field.proving(skill, 5, issuer=sandbox)["id"]}, gives=201)
    assert field.used(old) == []
    award = field.award(skill)
    assert field.used(old) == ["2025-03-31T08:00:00Z"]
    field.issuer.post(f"/credentials/{award['id']}/replace", {"reason": "a misspelt name"}, gives=201)
    new = field.issuer.post(f"/credentials/{old['id']}/replace", {"reason": "a misspelt name"}, gives=201)
    assert len(field.used(old)) == 1 and field.used(new) == []
    assert field.until(new) == "2075-03-31T08:00:00Z"


def test_what_was_awarded_before_or_together_with_it_is_none(field):
    skill, old = field.lapsing()
    for day in "2024-02-28", "2024-02-29":
        field.award(skill, day)
    assert field.used(old) == []
    field.award(skill, "2024-02-29T00:00:01Z")
    assert (field.used(old), field.until(old)) == (["2024-02-29T00:00:01Z"], "2074-02-28T00:00:01Z")


def test_one_that_had_lapsed_by_then_stays_so_and_one_that_was_proven_in_time_wakes(field):
    skill, old = field.lapsing("1960-06-30")
    assert (old["state"], old["expires_at"]) == ("expired", "2010-06-30T00:00:00Z")
    field.award(skill, "2010-06-30")
    field.award(skill)
    assert field.used(old) == [] and field.look(old)["state"] == "expired"
    field.award(skill, "2010-06-29T23:59:59Z")
    assert field.used(old) == ["2010-06-29T23:59:59Z"]
    now = field.look(old)
    assert (now["state"], now["expires_at"]) == ("active", "2060-06-29T23:59:59Z")


def test_what_does_not_stand_is_not_used(field):
    skill, old = field.lapsing()
    field.issuer.post(f"/credentials/{old['id']}/suspend", {"reason": "x"}, gives=200)
    field.award(skill)
    assert field.used(old) == []
    field.issuer.post(f"/credentials/{old['id']}/reinstate", gives=200)
    field.award(skill, "2025-04-30")
    assert field.used(old) == ["2025-04-30T00:00:00Z"]
    field.issuer.post(f"/credentials/{old['id']}/revoke", {"reason": "x"}, gives=200)
    field.award(skill, "2025-05-31")
    assert field.used(old) == ["2025-04-30T00:00:00Z"]


def test_a_course_renews_the_one_and_is_a_use_of_the_other(field):
    skill = field.skill()
    course = field.proving(skill)
    made = field.proving(skill, validity="P51Y", lapse="P50Y", renewal={"by": "course", "course": course["id"], "from": "P60Y"})
    old, other = field.issue(made), field.issue(field.proving(skill, lapse="P50Y"))
    field.issue(course, issued_at="2025-03-31")
    assert field.used(other) == ["2025-03-31T00:00:00Z"]
    new = field.look({"id": field.look(old)["superseded_by"]})
    assert field.used(old) == field.used(new) == []


# ---- when it begins

def test_what_begins_later_is_a_use_then_also_of_what_is_awarded_until_then(field):
    skill, old = field.lapsing()
    award = field.begins(skill, moment(seconds=4))
    between = field.issue(field.proving(skill, lapse="P50Y"), issued_at="2024-02-29")
    wait_for("it to begin", lambda: field.uses(old) and field.uses(between))
    for one in old, between:
        assert field.used(one) == [award["valid_from"]]
        assert field.until(one)[4:] == award["valid_from"][4:]  # fifty years on


def test_what_was_revoked_before_it_began_is_none_and_a_correction_takes_its_place(field):
    skill, old = field.lapsing()
    revoked, corrected = (field.begins(skill, moment(days=2)) for _ in range(2))
    field.issuer.post(f"/credentials/{revoked['id']}/revoke", {"reason": "x"}, gives=200)
    right = field.issuer.post(f"/credentials/{corrected['id']}/replace", {"reason": "x"}, gives=201)
    those = [one["id"] for one in (revoked, corrected, right)]
    assert set(those) <= set(waiting(field.house)) and field.used(old) == []
    field.house.sql("UPDATE credential SET valid_from = '2025-03-31' WHERE id = ANY (%s::uuid[]) RETURNING 1", those)
    field.house.sql("UPDATE award_news SET at = now() WHERE credential_id = ANY (%s::uuid[]) RETURNING 1", those)
    assert field.used(old) == [right["issued_at"]]
    assert not set(those) & set(waiting(field.house))


# ---- from wherever it comes

def test_a_table_of_people_and_of_whom_nothing_lapses_nothing_waits(field):
    skill, old = field.lapsing()
    together = field.proving(skill, lapse="P50Y")
    with contextlib.closing(psycopg2.connect(field.house.postgres.dsn(field.house.database))) as other:
        other.cursor().execute("SELECT 1 FROM credential WHERE id = %s FOR UPDATE", [old["id"]])
        people = [HOLDER, ACCOUNTS["EMPLOYEE"], "nbrooks", "esek"]
        done(field.issuer, "issue", [{"person": one, "issued_at": "2025-03-31"} for one in people], achievement=together["id"])
        (mine,) = [one["id"] for one in field.hr.get("/credentials", achievement=together["id"])["items"] if one["person"]["id"] == old["person"]["id"]]
        assert waiting(field.house) == [mine]
    assert (field.used(old), field.until(old)) == (["2025-03-31T00:00:00Z"], "2075-03-31T00:00:00Z")
    for one in field.hr.get("/credentials", achievement=together["id"])["items"]:
        assert field.used(one) == []  # none of itself


def test_what_a_pathway_awards(field):
    skill, old = field.lapsing()
    whole, part = field.proving(skill), field.achievement()
    path = field.issuer.post("/pathways", {"name": f"Wings {next(numbers)}", "achievement": whole["id"], "state": "published",
                                           "nodes": [{"id": "a", "kind": "achievement", "achievement": part["id"]}]}, gives=201)["id"]
    field.holder.post(f"/pathways/{path}/enrolments", gives=201)
    field.issue(part)
    wait_for("the pathway's award", lambda: field.uses(old))
    use, = field.uses(old)
    given, = field.hr.get("/credentials", achievement=whole["id"])["items"]
    assert (use["what"], use["at"]) == (f"was awarded {whole['name']}", given["valid_from"])


def test_by_another_entry_of_the_same_human_and_not_once_they_are_parted(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        both = Both(two, 1)
        made = two.hr.post("/achievements", {"name": "Ropes", "state": "published", "lapse": "P50Y", "skills": [{"skill": two.skill, "level": 2}]}, gives=201)["id"]
        old = two.issuer.issue(both.main, made, issued_at="2024-02-29")["id"]
        two.issuer.issue(both.branch, two.achievement, issued_at="2025-03-31")

        def uses():
            settled(house)
            return [one["at"] for one in two.hr.get(f"/credentials/{old}/uses")["items"]]
        assert uses() == ["2025-03-31T00:00:00Z"]
        later = two.issuer.issue(both.branch, two.achievement, valid_from=moment(days=2))["id"]
        assert waiting(house) == [later]
        both.put("branch", employeeNumber="another")
        two.sync()
        two.issuer.issue(both.branch, two.achievement, issued_at="2025-04-30")
        house.sql("UPDATE credential SET valid_from = '2025-05-31' WHERE id = %s RETURNING 1", later)
        house.sql("UPDATE award_news SET at = now() RETURNING 1")
        assert uses() == ["2025-03-31T00:00:00Z"]
        two.issuer.issue(both.main, two.achievement, issued_at="2025-06-30")
        assert uses() == ["2025-03-31T00:00:00Z", "2025-06-30T00:00:00Z"]


def test_of_who_was_erased_before_it_began_nothing_follows(postgres):
    with retention_house(postgres) as house:
        furnish(house)
        who = Leaver(house, 401)
        made = house.hr.post("/achievements", {"name": "Ropes", "state": "published", "lapse": "P50Y", "skills": [{"skill": house.skill, "level": 1}]}, gives=201)["id"]
        old = house.issuer.issue(who.username, made, issued_at="2024-02-29")["id"]
        house.issuer.issue(who.username, made, valid_from=moment(days=2))
        who.leave().erase(early=True)
        house.sql("UPDATE award_news SET at = now() RETURNING 1")
        settled(house)
        assert house.sql("SELECT count(*) FROM credential_use WHERE credential_id = %s", old) == [(0,)]


# ---- who reads of it, and what may go wrong

def test_what_was_awarded_is_named_to_those_who_see_it(field):
    skill, old = field.lapsing()
    school = field.admin.post("/issuers", {"name": "School", "groups": [SCHOOL]}, gives=201)["id"]
    made = field.proving(skill, issuer=school)
    award = field.house.sign_in(OTHER_ISSUER).issue(HOLDER, made["id"], issued_at="2025-03-31")
    assert field.used(old) == ["2025-03-31T00:00:00Z"]
    field.issuer.get(f"/credentials/{award['id']}", gives=404)
    for client, what in (field.hr, made["name"]), (field.holder, made["name"]), (field.manager, made["name"]), (field.issuer, "another credential"):
        use, = client.get(f"/credentials/{old['id']}/uses")["items"]
        assert use["what"] == f"was awarded {what}"


def test_a_kill_while_it_is_followed_and_two_daemons_say_it_once(field):
    house = field.house
    skill, first = field.lapsing()
    second = field.issue(field.proving(skill, lapse="P50Y"))
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("SELECT 1 FROM credential WHERE id = %s FOR UPDATE", [max(first["id"], second["id"])])
        award = field.award(skill)
        wait_for("the last of them to be waited for", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
        house.kill()
    assert house.sql("SELECT count(*) FROM credential_use WHERE award_id = %s", award["id"]) == [(0,)]
    house.start()
    with Second(house):
        days = [f"2025-0{number}-01" for number in range(4, 10)]
        twins = [field.issuer.twin() for _ in days]
        made = field.proving(skill)
        at_once(*[lambda c=client, d=day: c.issue(HOLDER, made["id"], issued_at=d) for client, day in zip(twins, days)])
        settled(house)
    for one in first, second:
        assert sorted(field.used(one)) == ["2025-03-31T08:00:00Z", *[f"{day}T00:00:00Z" for day in days]]
        assert field.until(one) == "2075-09-01T00:00:00Z"
