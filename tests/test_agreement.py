# SPDX-License-Identifier: Apache-2.0
"""How far assessors agree: kappa of verdicts and of criteria, of all and of each, worked out by hand; and who may know."""
import pytest
from kit.house import ACCOUNTS, BASE
from kit.judging import CHIEF, SEK, VILLA, Court, court_house

OWNER = ACCOUNTS["MANAGER"]


@pytest.fixture(scope="module")
def court(postgres):
    with court_house(postgres) as house:
        yield Court(house)


def judged(court, achievement, **said):
    """A submission of which each says (verdict, level of care), in the order of places."""
    made = court.hand_in(achievement)
    for username, (verdict, care) in said.items():
        place = next(one for one in court.places(made) if one["state"] == "open" and one["round"] == made["round"])
        court.house.sql("UPDATE review SET offered_to = NULL WHERE submission_id = %s AND state = 'open'", made["id"])
        court.judge(place, username, verdict, "x", care=care)
    return made


def figures(one):
    return [(one["pairs"], one.get("kappa"))] + [(each["name"], each["pairs"], each.get("kappa")) for each in one["criteria"]]


def test_kappa_of_verdicts_criteria_and_assessors(court):
    achievement = court.asked(assessors=2)
    path = f"/achievements/{achievement['id']}/agreement"
    court.hr.patch(f"/achievements/{achievement['id']}", {"owner": OWNER}, "*")
    assert court.hr.get(path) == {"pairs": 0, "criteria": [{"id": one["id"], "name": one["name"], "pairs": 0}
                                                          for one in achievement["result_descriptions"]], "assessors": []}
    judged(court, achievement, **{CHIEF: ("approve", "Good"), SEK: ("approve", "Good")})
    assert figures(court.hr.get(path)) == [(1, None), ("Care", 1, None), ("Speed", 1, None)]
    judged(court, achievement, **{CHIEF: ("approve", "Fair"), SEK: ("approve", "Good")})
    assert figures(court.hr.get(path)) == [(2, None), ("Care", 2, 0), ("Speed", 2, None)]
    judged(court, achievement, **{CHIEF: ("return", "Poor"), SEK: ("return", "Poor")})
    judged(court, achievement, **{CHIEF: ("approve", "Good"), SEK: ("return", "Fair")})
    # Verdicts: 1 of 4 apart by 1; by chance (3*2 + 1*2)/16. Care: 2 of 4 apart by 1; by chance (2*3 + 3 + 5)/16.
    assert figures(court.hr.get(path)) == [(4, 0.5), ("Care", 4, 0.4286), ("Speed", 4, None)]
    (waiting,) = [one for one in court.hr.pages("/reviews", achievement=achievement["id"], state="open")]
    court.house.sql("UPDATE review SET offered_to = NULL WHERE id = %s", waiting["id"])
    court.judge(waiting, VILLA, "return", "x", care="Fair")
    # Two pairs more, of which one is apart by 1: 2 of 6, and by chance (4*4 + 2*2)/36.
    shown = court.hr.get(path)
    assert figures(shown)[0] == (6, 0.4)
    names = {court.id(username): username for username in (CHIEF, SEK, VILLA)}
    each = {names[one["assessor"]["id"]]: figures(one) for one in shown["assessors"]}
    # 2 of 5 and (4*3 + 1*2)/25; 1 of 5 and (2*2 + 3*3)/25; 1 of 2 and 2/4.
    assert {name: one[0] for name, one in each.items()} == {CHIEF: (5, 0.2857), SEK: (5, 0.6154), VILLA: (2, 0)}
    assert each[VILLA][1:] == [("Care", 2, 0), ("Speed", 2, None)]
    assert court.client(OWNER).get(path) == shown == court.house.sign_in(ACCOUNTS["ADMIN"]).get(path)
    mine = court.client(SEK).get(path)
    assert [one["assessor"]["id"] for one in mine["assessors"]] == [court.id(SEK)] and figures(mine) == figures(shown)
    assert court.client(ACCOUNTS["ISSUER"]).get(path) == shown
    court.client(ACCOUNTS["EMPLOYEE"]).get(path, gives=403)


def test_who_issues_for_others_alone_does_not_know_it(court):
    admin, issuer = court.house.sign_in(ACCOUNTS["ADMIN"]), court.client(ACCOUNTS["ISSUER"])
    school = admin.post("/issuers", {"name": "School 🎓", "groups": [f"cn=strangers,ou=groups,{BASE}"]}, gives=201)["id"]
    achievement = court.asked(assessors=2)
    court.house.sql("UPDATE achievement SET issuer_id = %s WHERE id = %s", school, achievement["id"])
    judged(court, achievement, **{CHIEF: ("approve", "Good"), SEK: ("approve", "Good")})
    path = f"/achievements/{achievement['id']}/agreement"
    issuer.get(path, gives=403)
    assert len(court.hr.get(path)["assessors"]) == 2
    assert [one["assessor"]["id"] for one in court.client(SEK).get(path)["assessors"]] == [court.id(SEK)]
    court.hr.patch(f"/achievements/{achievement['id']}", {"owner": ACCOUNTS["ISSUER"]}, "*")
    assert issuer.get(path) == court.hr.get(path)
    court.hr.patch(f"/achievements/{achievement['id']}", {"owner": None}, "*")
    issuer.get(path, gives=403)
    admin.patch(f"/api/v1/issuers/{school}", {"groups": [f"cn=issuers,ou=groups,{BASE}"]}, "*")
    assert issuer.get(path) == court.hr.get(path)
