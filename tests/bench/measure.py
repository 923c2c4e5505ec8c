# SPDX-License-Identifier: Apache-2.0
"""How things are measured: tools that load a server, CPU of processes, rounds in turn, and the table.
Knows no row of it."""
import os
import pathlib
import re
import statistics
import subprocess
import time

PG_SETTINGS = "-c jit=off -c random_page_cost=1.1 -c timezone=UTC"  # what the daemon asks of its own sessions


def run(*words, **how):
    """The output of a program that must succeed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, **how)
    if done.returncode:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def pg_environment(server, database):
    return {**os.environ, "PGHOST": str(server.folder), "PGPORT": "5432", "PGUSER": "skills", "PGDATABASE": database,
            "PGOPTIONS": PG_SETTINGS}


# ---- CPU and memory

def cpu_seconds(pids):
    """User and system time that these processes have used."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def backends(house):
    """The processes of PostgreSQL that work for the daemon."""
    return [pid for pid, in house.sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'skillsd %'")]


class Load:
    """What a load generator found, summed over its rounds: requests a second, CPU a request of `pids()`."""

    def __init__(self, once, pids=tuple):
        self.once, self.pids = once, pids
        self.requests, self.cpu = 0, 0

    def __call__(self):
        before = cpu_seconds(self.pids())
        count, rate = self.once()
        self.cpu += cpu_seconds(self.pids()) - before
        self.requests += count
        return rate

    microseconds = property(lambda self: self.cpu / self.requests * 1e6)


def wrk(url, seconds, connections=64, token=None, script=None, arguments=()):
    words = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    words += ["-H", f"Authorization: Bearer {token}"] if token else []
    words += ["-s", script] if script else []
    text = run(*words, url, *(["--", *arguments] if arguments else []))
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"wrk of {url}: {text}")
    return int(re.search(r"(\d+) requests in", text)[1]), float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def pgbench(server, database, script, seconds, clients):
    text = run("pgbench", "-n", "-M", "prepared", "-c", clients, "-j", 2, "-T", seconds, "-f", script,
               env=pg_environment(server, database))
    return (int(re.search(r"transactions actually processed: (\d+)", text)[1]),
            float(re.search(r"tps = ([\d.]+)", text)[1]))


def seconds_of(action):
    """A run() for alternate(): how long `action` takes."""
    def timed():
        begun = time.monotonic()
        action()
        return time.monotonic() - begun
    return timed


def alternate(rounds, *runs):
    """Runs each in turn, `rounds` times over; the median of what each gives."""
    taken = [[one() for one in runs] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken)]


# ---- the table

UNITS = {"/s": "{:,.0f}/s", "s": "{:.2f} s", "ms": "{:.1f} ms", "us": "{:.1f} us", "MB": "{:.1f} MB"}


class Table:
    """Prints each line as soon as it is known; counts the aims that are missed."""

    def __init__(self):
        self.missed = 0
        self.note(f"{'':46} {'limit':>12} {'ours':>12} {'ratio':>7}  aim")

    @staticmethod
    def note(text):
        print(text, flush=True)

    def _line(self, what, limit, ours, ratio, aim, good):
        verdict = "" if good is None else "met" if good else "missed"
        self.missed += verdict == "missed"
        self.note(f"{what:46} {limit:>12} {ours:>12} {ratio:>7}  {aim}"
                  f"{', ' if verdict else ''}{verdict}")

    def ratio(self, what, limit, ours, unit, *, least=None, most=None):
        ratio = ours / limit
        aim = f"at least {least}" if least else f"at most {most}" if most else ""
        good = ratio >= least if least else ratio <= most if most else None
        self._line(what, UNITS[unit].format(limit), UNITS[unit].format(ours), f"{ratio:.2f}", aim, good)

    def bound(self, what, ours, unit, most=None):
        aim = f"at most {most} {unit}" if most else ""
        self._line(what, "", UNITS[unit].format(ours), "", aim, ours <= most if most else None)
