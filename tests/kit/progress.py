# SPDX-License-Identifier: Apache-2.0
"""How far somebody is on a pathway, computed a second time: from the nodes as they were posted and what is so of each step.
Times are seconds; exact fractions instead of floating point. Knows the contract's words; asks the daemon nothing."""
from fractions import Fraction
from math import floor, inf
from typing import NamedTuple

NEVER, ALWAYS = inf, -inf


class Fact(NamedTuple):
    """What is so of a step: since when it is met; and of one that is not how far a pathway within is, and whether it can be met no more."""
    since: float = NEVER
    percent: int = 0
    is_gone: bool = False


class Part(NamedTuple):
    """What a node comes to."""
    since: float  # done since then
    share: Fraction
    weight: int
    steps: int  # that are needed
    gone: int   # of these


class Standing:
    def __init__(self, nodes, enforced, facts):
        self.nodes, self.enforced, self.facts = {node["id"]: node for node in nodes}, enforced, facts
        self.place = {name: place for place, name in enumerate(self.nodes)}
        self.parts = {name: self.part(name) for name in self.nodes}
        self.whole = self.gather(None)
        self.states = {name: self.state(name) for name in self.nodes}

    percent = property(lambda self: floor(self.whole.share))
    done = property(lambda self: self.whole.gone)
    needed = property(lambda self: self.whole.steps)
    since = property(lambda self: self.whole.since)
    is_complete = property(lambda self: self.whole.since < NEVER)

    # ---- how far

    def is_group(self, name):
        return self.nodes[name]["kind"] == "group"

    def inside(self, group):
        return [name for name, node in self.nodes.items() if node.get("within") == group]

    def part(self, name):
        if self.is_group(name):
            return self.gather(name)
        fact = self.facts.get(name, Fact())
        met = fact.since < NEVER
        return Part(fact.since, Fraction(100 if met else min(fact.percent, 99)), self.nodes[name].get("weight", 1), 1, int(met))

    def gather(self, group):
        """Of a group, or with None of everything."""
        node = self.nodes.get(group, {})
        need, inside = node.get("need"), [(self.part(name), name) for name in self.inside(group)]
        if need is None:
            inside = [one for one in inside if not self.nodes[one[1]].get("optional")]
            since = max((part.since for part, _ in inside), default=ALWAYS)
        else:
            since = sorted(part.since for part, _ in inside)[need - 1]
            inside = sorted(inside, key=lambda one: (-one[0].share, -one[0].weight, self.place[one[1]]))[:need]
        parts = [part for part, _ in inside]
        steps = sum(part.steps for part in parts)
        share = Fraction(100) if since < NEVER else min(Fraction(99), self.mean([part for part in parts if part.steps]))
        return Part(since, share, node.get("weight", 1) if steps else 0, steps, sum(part.gone for part in parts))

    @staticmethod
    def mean(parts):
        """Where none weighs anything each weighs the same."""
        weight = sum(part.weight for part in parts)
        if not weight:
            return sum(part.share for part in parts) / len(parts)
        return sum(part.weight * part.share for part in parts) / weight

    # ---- what can be done

    def is_done(self, name):
        return self.parts[name].since < NEVER

    def waits_for(self, name):
        """The first that comes before it, or before its group, and is not done; None."""
        while name is not None:
            left = [one for one in self.nodes[name].get("after", []) if not self.is_done(one)]
            if left:
                return min(left, key=self.place.get)
            name = self.nodes[name].get("within")
        return None

    def is_spare(self, name):
        """Not needed as things are."""
        group = self.nodes[name].get("within")
        counted = group is not None and "need" in self.nodes[group]
        return (self.nodes[name].get("optional", False) and not counted) or (
            group is not None and (self.is_done(group) or self.is_spare(group)))

    def state(self, name):
        if self.is_done(name):
            return "done"
        if self.is_spare(name):
            return "spare"
        return "blocked" if self.is_gone(name) or (self.enforced and self.waits_for(name) is not None) else "open"

    def is_gone(self, name):
        return name in self.facts and self.facts[name].is_gone

    def steps(self):
        return [name for name in self.nodes if not self.is_group(name)]

    def next(self):
        """Needed ones first, and of these, where the order is advised, those whose turn it is."""
        can = [name for name in self.steps() if not self.is_done(name) and not self.is_gone(name)
               and not (self.enforced and self.waits_for(name) is not None)]
        return sorted(can, key=lambda name: (self.states[name] == "spare", self.waits_for(name) is not None, self.place[name]))

    def blocked(self):
        """By what; None is gone."""
        return {name: None if self.is_gone(name) else self.waits_for(name) for name in self.steps() if self.states[name] == "blocked"}


class Version(NamedTuple):
    """One that was published."""
    nodes: list
    enforced: bool
    lost: str
    achievement: str | None
    keep_until: float = ALWAYS


def stands(versions, begun, moment):
    """Of published versions {number: Version} the one on which somebody belongs who began on `begun`: the newest, but not past
    one that lets them stay."""
    number = begun
    for later in sorted(one for one in versions if one > begun):
        if versions[later].keep_until > moment:
            break
        number = later
    return number
