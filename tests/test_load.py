# SPDX-License-Identifier: Apache-2.0
"""The load that everything is killed under would notice: what is lost, done twice, changed, or told wrongly."""
import contextlib

import pytest
from kit.house import wait_for
from kit.load import Broken, office_house, office_load

LOSSES = {
    "a credential": "evidence", "a framework": "FROM framework", "a skill": "FROM skill", "an achievement": "FROM achievement_version",
    "a claim": "FROM claim", "an event": "FROM credential_event", "an audit entry": "FROM audit_entry",
}


@pytest.fixture(scope="module")
def load(postgres):
    with office_house(postgres=postgres) as house:
        load = office_load(house)
        wait_for("deeds", lambda: all(len(clerk.deeds) > 30 for clerk in load.clerks))
        load.finish()
        yield load, house
        load.hold(house.sql)
        load.hold_rest()


@contextlib.contextmanager
def is_noticed():
    with pytest.raises(Broken):
        yield


@pytest.mark.parametrize("where", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("change", [lambda rows: rows[2:], lambda rows: rows + rows[:2]], ids=["lost", "twice"])
def test_rows_that_are_not_what_was_acknowledged(load, where, change):
    load, house = load

    def sql(text, *args):
        rows = house.sql(text, *args)
        return change(sorted(rows)) if where in text else rows
    with is_noticed():
        load.hold(sql)


def first(load, action):
    return next(n for n, deed in enumerate(load.clerks[0].deeds) if deed.action == action)


@pytest.mark.parametrize("action", ["framework.add", "skill.add", "achievement.add", "claim.add", "credential.issue"])
def test_what_rest_does_not_show(load, action):
    clerk = load[0].clerks[0]
    n = first(load[0], action)
    deed = clerk.deeds[n]
    other = "00000000-0000-7000-8000-000000000000"
    if action == "credential.issue":
        clerk.kinds[other] = ["issued"]
    else:
        clerk.deeds[n] = deed._replace(answer={**deed.answer, "id": other})
    with is_noticed():
        load[0].hold_rest()
    clerk.deeds[n] = deed
    clerk.kinds.pop(other, None)


def test_a_state_a_session_or_a_repeated_answer_that_is_another_one(load):
    clerk = load[0].clerks[0]
    one = next(one for one, kinds in clerk.kinds.items() if kinds[-1] == "revoked")
    clerk.kinds[one].append("reinstated")
    with is_noticed():
        load[0].hold_rest()
    clerk.kinds[one].pop()
    ended = clerk.sessions[list(clerk.sessions)[0]]
    ended[1] = not ended[1]
    with is_noticed():
        load[0].hold_rest()
    ended[1] = not ended[1]
    deeds, clerk.deeds = clerk.deeds, [deed._replace(answer={**deed.answer, "name": "x"}) for deed in clerk.deeds]
    with is_noticed():
        load[0].hold_rest()
    clerk.deeds = deeds
