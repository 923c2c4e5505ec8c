# SPDX-License-Identifier: Apache-2.0
"""Reviews of people who turn out to be one, and of people who turn out to be two."""
import ldap
import pytest
from kit.house import ACCOUNTS, wait_for
from kit.two import ASSESSORS, Both, Two, two_house


@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        yield Two(house)


def judges(two, *people):
    """Of the branch, whose members have the role."""
    two.link.modify_s(ASSESSORS, [(ldap.MOD_REPLACE, "member", [dn.encode() for dn in ("cn=nobody", *(who.where["branch"] for who in people))])])
    two.sync()


def handed_in(two, client):
    asked = two.hr.post("/achievements", {"name": "Asked", "state": "published", "assessment": {
        "prompts": [{"kind": "text", "name": "x", "required": False}]}}, gives=201)
    made = client.post("/submissions", {"achievement": asked["id"]}, gives=201)
    client.expect(200, "POST", f"/submissions/{made['id']}/submit", headers={"If-Match": "*"})
    return made["id"], two.hr.get("/reviews", achievement=asked["id"])["items"][0]


def test_who_has_a_review_has_it_also_as_one_with_another_entry_and_without(two):
    who = Both(two, 501)
    who.put("branch", employeeNumber="M501")
    judges(two, who)
    branch = two.house.sign_in("b501")
    made, review = handed_in(two, two.house.sign_in(ACCOUNTS["EMPLOYEE"]))
    assert review["offered_to"]["id"] == who.branch
    branch.post(f"/reviews/{review['id']}/claim")
    _, offered = handed_in(two, two.house.sign_in(ACCOUNTS["MANAGER"]))

    def whose():
        return two.hr.get(f"/reviews/{review['id']}")["assessor"]["id"], two.hr.get(f"/reviews/{offered['id']}")["offered_to"]["id"]
    assert whose() == (who.branch, who.branch)
    for number, human in ("N501", who.main), ("M501", who.branch), ("N501", who.main):
        who.put("branch", employeeNumber=number)
        two.sync()
        assert whose()[0] == human
        assert branch.patch(f"/reviews/{review['id']}", {"comment": number}, "*")["comment"] == number
    main = two.house.sign_in("m501")
    assert main.get(f"/reviews/{review['id']}")["comment"] == "N501"
    branch.expect(200, "POST", f"/reviews/{review['id']}/decide", {"verdict": "approve"}, headers={"If-Match": "*"})
    assert two.house.sql("SELECT state FROM submission WHERE id = %s", made) == [("approved",)]
    assert main.get(f"/reviews/{offered['id']}")["mine"]


def test_nobody_judges_what_turns_out_to_be_their_own(two):
    who, other = Both(two, 502), Both(two, 503)
    who.put("branch", employeeNumber="M502")
    judges(two, who)
    made, review = handed_in(two, two.house.sign_in("m502"))
    branch = two.house.sign_in("b502")
    branch.post(f"/reviews/{review['id']}/claim")
    who.put("branch", employeeNumber="N502")
    two.sync()
    branch.expect(409, "POST", f"/reviews/{review['id']}/decide", {"verdict": "approve"}, headers={"If-Match": "*"})
    judges(two, who, other)
    two.house.restart()
    wait_for("the other one's turn", lambda: two.hr.get(f"/reviews/{review['id']}").get("offered_to", {}).get("id") == other.main)
    two.house.sign_in("b503").post(f"/reviews/{review['id']}/claim")
