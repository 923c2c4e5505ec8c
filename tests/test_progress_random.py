# SPDX-License-Identifier: Apache-2.0
"""Progress is right after any order of events: people on pathways to whom anything may happen, and where they stand held against
what a model computes from nothing. SKILLSD_RANDOM_SEEDS says which orders, SKILLSD_STEPS how
many steps they are together."""
import os

import pytest
from kit.house import demo_house, wait_for
from kit.progress import ALWAYS, NEVER, Fact, Standing, Version, stands
from kit.wandering import Wandering, moment
from kit.ways import Way

SEEDS = os.environ.get("SKILLSD_RANDOM_SEEDS", "1 3").split()
STEPS = int(os.environ.get("SKILLSD_STEPS", "2000"))


# ---- the model itself, by hand

def step(name, **more):
    return {"id": name, "kind": "proof", **more}


def group(name, **more):
    return {"id": name, "kind": "group", **more}


def stood(nodes, enforced=True, **since):
    """A whole number is since when, a string how far."""
    facts = {name: Fact(percent=int(value)) if isinstance(value, str) else Fact(value) for name, value in since.items()}
    return Standing(nodes, enforced, facts)


def test_the_model_says_what_is_worked_out_by_hand():
    found = stood([step("a", weight=3), step("b"), step("c", optional=True)], a=5)
    assert (found.percent, found.done, found.needed, found.since) == (75, 1, 2, NEVER)
    found = stood([group("G", need=2), step("a", within="G"), step("b", within="G", weight=3), step("c", within="G", weight=2)], b=7)
    assert (found.percent, found.done, found.needed) == (60, 1, 2)  # 3 of 3 + 2
    found = stood([group("G", need=2), *(step(name, within="G") for name in "abc")], a=7, b=2, c=5)
    assert (found.percent, found.since) == (100, 5)
    found = stood([step("a"), group("G", need=1, after=["a"]), step("b", within="G"), step("c", within="G"), step("d", after=["G"])])
    assert found.next() == ["a"] and found.blocked() == {"b": "a", "c": "a", "d": "G"}
    found = stood([step("b", after=["a"]), step("a"), step("c", optional=True)], enforced=False)
    assert found.next() == ["a", "b", "c"] and not found.blocked() and found.states == {"a": "open", "b": "open", "c": "spare"}
    assert stood([{"id": "p", "kind": "pathway"}, step("a")], p="100").percent == 49
    gone = Standing([step("a"), step("b", after=["a"]), step("c"), step("d", optional=True)], True, {name: Fact(is_gone=True) for name in "ad"})
    assert (gone.next(), gone.blocked(), gone.percent) == (["c"], {"a": None, "b": "a"}, 0) and gone.states["d"] == "spare"
    assert stood([group("G"), step("x", within="G", optional=True), step("a")]).percent == 0


def test_the_model_says_on_which_version_one_belongs():
    made = lambda until=ALWAYS: Version([], True, "keep", None, until)
    assert stands({1: made(), 2: made(), 3: made()}, 1, 5) == 3
    assert stands({1: made(), 2: made(9), 3: made()}, 1, 5) == 1  # not past one that lets them stay
    assert stands({1: made(), 2: made(), 3: made(9)}, 1, 5) == 2
    assert stands({1: made(), 2: made(4), 3: made(9)}, 1, 5) == 2
    assert stands({1: made(), 2: made(9)}, 2, 5) == 2  # who began on it is on it


def test_what_time_alone_completed_one_after_the_other_is_followed(postgres):
    """What is within first, and then, by something of which they have more by the time one looks, what it is within."""
    wandering = Wandering("time", postgres)
    with demo_house(postgres=postgres) as wandering.house:
        wandering.furnish()
        someone, (first, second) = wandering.people[0], wandering.earned[:2]

        def way(rank, *nodes):
            made = Way(rank, [wandering.achievement()], {})
            body = {"name": "Time ⏳", "state": "published", "enforced": False, "lost": "keep", "achievement": made.wholes[0],
                    "nodes": [{"id": name, **node} for name, node in zip("ab", nodes)]}
            made.published(wandering.issuer.post("/pathways", body), body, ALWAYS)
            wandering.ways.append(made)
            someone.on[made] = [someone.client.post(f"/pathways/{made.id}/enrolments")["id"], "active", 1]
            return made

        def issue(achievement, since):
            wandering.issuer.post("/credentials", {"person": someone.id, "achievement": achievement, "valid_from": since})
        inner = way(0, {"kind": "achievement", "achievement": first})
        outer = way(1, {"kind": "pathway", "pathway": inner.id}, {"kind": "achievement", "achievement": second})
        issue(first, moment(4))
        issue(second, moment(5))
        wandering.steps.append("time passes")
        wandering.look(someone)
        assert not someone.completed
        wait_for("it is completed", lambda: wandering.house.sql("SELECT 1 FROM enrolment WHERE pathway_id = %s AND state = 'completed'", outer.id))
        issue(second, "2020-01-01")
        wandering.look(someone)
        assert len(someone.completed) == 2


# ---- any order of events

@pytest.mark.parametrize("seed", SEEDS)
def test_progress_is_right_after_any_order_of_events(postgres, seed):
    happened = Wandering(seed, postgres).run(STEPS // len(SEEDS))
    print(f"seed {seed}: {dict(happened)}")
