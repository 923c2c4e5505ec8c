#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make soak: people wander on pathways for so many random steps, in one house after the other, and where they stand and what they
are awarded is what a model says of it. What goes wrong is told with its seed and the steps before. progress.py STEPS [SEED]"""
import collections
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from kit.postgres import Postgres  # noqa: E402
from kit.wandering import Wandering  # noqa: E402

IN_A_HOUSE, SETTLE_EVERY = 1000, 125


def soak(steps, seed):
    done, begun, happened = 0, time.monotonic(), collections.Counter()
    with Postgres() as postgres:
        while done < steps:
            count = min(IN_A_HOUSE, steps - done)
            happened += Wandering(f"{seed}-{done}", postgres, SETTLE_EVERY).run(count)
            done += count
            print(f"soak: progress: {(time.monotonic() - begun) / 60:5.1f} min: {done} steps", flush=True)
    print("soak: progress is right: " + ", ".join(f"{count} {what}" for what, count in sorted(happened.items())))


if __name__ == "__main__":
    soak(int(sys.argv[1]) if len(sys.argv) > 1 else 100000, sys.argv[2] if len(sys.argv) > 2 else time.time_ns())
