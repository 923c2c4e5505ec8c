#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make soak: kills slapd, PostgreSQL, the gate, the daemon that syncs or the other one at random moments of each kind of
run, under a load of writers and readers, for so many seconds, and sees that the registry is right each time and has all
that was acknowledged. A world that is not is left where it is, and told. Between two worlds one of two daemons behind
HAProxy is killed, and PostgreSQL fails over; how long that took is told. run.py SECONDS [SEED]"""
import collections
import itertools
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from soak.kinds import KINDS, SLOW  # noqa: E402
from soak.two import Two  # noqa: E402
from soak.world import VICTIMS, World  # noqa: E402

ROUNDS = 40  # that a world lives
BACK_WITHIN = 10  # seconds


class Tally:
    def __init__(self):
        self.kills, self.cut, self.deeds = collections.Counter(), 0, 0
        self.begun = self.told = time.monotonic()
        self.back = {"a daemon killed": [], "PostgreSQL failed over": []}  # seconds until everybody was answered again

    def line(self):
        minutes = (time.monotonic() - self.begun) / 60
        return f"{minutes:5.1f} min: {sum(self.kills.values())} kills, {self.cut} runs cut in the middle, {self.deeds} deeds acknowledged"

    def now_and_then(self):
        if time.monotonic() - self.told > 60:
            self.told = time.monotonic()
            print("soak:", self.line(), flush=True)

    def back_line(self):
        return "; ".join(f"{what} {len(took)} times: service back after at most {max(took, default=0):.2f} s of {BACK_WITHIN}"
                         for what, took in self.back.items())

    def table(self):
        kinds = list(dict.fromkeys(kind for kind, _ in self.kills))
        rows = [[kind, *(self.kills[kind, victim] for victim in VICTIMS)] for kind in kinds]
        return "\n".join(f"{row[0]:20}" + "".join(f"{cell:>18}" for cell in row[1:]) for row in [["killed in", *VICTIMS], *rows])


def kill_once(world, tally, kind, victim, again):
    """One run of a kind, cut at a random moment; then what is killed is back, or is missed for a while."""
    chance = world.chance
    world.steps.append(f"{kind}:")
    begin, end, seconds = KINDS[kind](world)
    leader = world.leader()
    begin()
    time.sleep(chance.random() * seconds * SLOW)
    world.kill(victim, leader)
    tally.kills[kind, victim] += 1
    end()
    if victim not in VICTIMS[:2] and kind != "erasure by clock" and chance.random() < 0.5:
        world.survive()
    world.restore()
    if again:
        other = chance.choice(VICTIMS)
        time.sleep(chance.random() * SLOW)
        world.kill(other, world.leader())
        tally.kills["recovery", other] += 1
        world.restore()
    if kind == "erasure by clock":
        world.erase()
    world.settle()
    tally.deeds += world.check()
    tally.cut += world.cut()


def kill_of_two(tally):
    """Of two of everything one."""
    with Two() as two, two.under_load() as load:
        tally.back["a daemon killed"].append(two.kill_daemon(load))
        two.house.start(migrate=False)
        two.goes_on(load)
        tally.back["PostgreSQL failed over"].append(two.fail_over(load))


def pairs(chance):
    """Each victim in each kind before one comes again."""
    while True:
        deck = [(kind, victim) for kind in KINDS for victim in VICTIMS]
        chance.shuffle(deck)
        yield from ((kind, victim, chance.random() < 0.2) for kind, victim in deck)


def enough(*_):
    raise KeyboardInterrupt


def soak(seconds, seed):
    """Whether all was right, until the time is over or somebody has seen enough."""
    tally, deck, end = Tally(), pairs(random.Random(seed)), time.monotonic() + seconds
    while time.monotonic() < end:
        world = World(f"{seed} {sum(tally.kills.values())}")
        try:
            for kind, victim, again in itertools.islice(deck, ROUNDS):
                kill_once(world, tally, kind, victim, again)
                tally.now_and_then()
                if time.monotonic() > end:
                    break
            world.hold_all()
            kill_of_two(tally)
        except KeyboardInterrupt:
            end = 0
        except BaseException as trouble:
            print(f"soak: {tally.line()}; then, with the seed {seed}, {type(trouble).__name__}: {trouble}\n{tally.table()}")
            print("soak: left as it was: " + " ".join(map(str, world.keep(trouble))))
            return False
        world.remove()
    print(f"soak: {tally.line()}, all right\nsoak: {tally.back_line()}\n{tally.table()}")
    return True


if __name__ == "__main__":
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, enough)
    sys.exit(not soak(int(sys.argv[1]) if len(sys.argv) > 1 else 3600, sys.argv[2] if len(sys.argv) > 2 else time.time_ns()))
