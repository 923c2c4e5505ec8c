# SPDX-License-Identifier: Apache-2.0
"""A short pass of `make soak`: one kill in each of five kinds of run."""
from soak.run import Tally, kill_once
from soak.world import World

ROUNDS = [("first load", "the leader"), ("whole run", "slapd"), ("feed", "PostgreSQL"), ("approval", "the leader"),
          ("erasure by clock", "PostgreSQL")]


def test_whatever_is_killed_in_the_middle_of_a_run_the_registry_is_right():
    world, tally = World("short"), Tally()
    try:
        for kind, victim in ROUNDS:
            kill_once(world, tally, kind, victim, False)
        assert sum(tally.kills.values()) == len(ROUNDS)
    finally:
        world.remove()
