# SPDX-License-Identifier: Apache-2.0
"""A short pass of `make soak`: one kill in each of six kinds of run, under a mixed load."""
from soak.run import Tally, kill_once
from soak.world import World

ROUNDS = [("first load", "the leader"), ("whole run", "slapd"), ("feed", "PostgreSQL"), ("parked run", "the gate"),
          ("approval", "the leader"), ("erasure by clock", "PostgreSQL")]


def test_whatever_is_killed_in_the_middle_of_a_run_the_registry_is_right():
    world, tally = World("short"), Tally()
    try:
        for kind, victim in ROUNDS:
            kill_once(world, tally, kind, victim, False)
        assert sum(tally.kills.values()) == len(ROUNDS)
    finally:
        world.remove()
