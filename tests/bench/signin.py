# SPDX-License-Identifier: Apache-2.0
"""Signing in through pam_unix with yescrypt over REST, beside a bare loop of pam_authenticate; and how long others wait
for GET /me while 200 sign in at once."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection

from bench.measure import run
from kit.accounts import are_possible, within_accounts
from kit.gate import drop_to, make_folder
from kit.house import House
from kit.postgres import Postgres

STORM, PASSWORD = 200, "a-password-of-all"
PEOPLE = {name: (PASSWORD, None) for name in ("rescue", *(f"user{n}" for n in range(STORM)))}
SERVICE = ["auth required pam_unix.so", "account required pam_unix.so"]
PACED = "function delay() return 5 end\n"  # milliseconds between two requests of a connection
WATCH = 5  # seconds


def sign_in(port, name):
    link = HTTPConnection("127.0.0.1", port, timeout=120)
    link.request("POST", "/api/v1/sessions", json.dumps({"username": name, "password": PASSWORD}),
                 {"Content-Type": "application/json"})
    status = link.getresponse().status
    link.close()
    return status


def sign_in_all(port, names, at_once):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        statuses = set(pool.map(lambda name: sign_in(port, name), names))
    if statuses != {201}:
        raise RuntimeError(f"sign-ins gave {statuses}")


def bare(words):
    """Sign-ins a second, and seconds of processor for one."""
    wall, cpu = map(float, run(*words, **drop_to()).split())
    return 1 / wall, cpu


def gate_cpu(house):
    """Of the gate and of all conversations that have ended."""
    fields = pathlib.Path(f"/proc/{house.gate.process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def ours(house, count):
    used, begun = gate_cpu(house), time.monotonic()
    sign_in_all(house.port, [f"user{n}" for n in range(count)], 4)
    return count / (time.monotonic() - begun), (gate_cpu(house) - used) / count


def ninety_ninth(house, script):
    """Milliseconds that one of 100 GET /me takes or exceeds."""
    text = run("wrk", "-t1", "-c4", f"-d{WATCH}s", "--latency", "-s", script, "-H", f"Authorization: Bearer {house.token}",
               house.url + "/api/v1/me")
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def in_a_storm(house, script):
    tests = str(pathlib.Path(__file__).parents[1])
    storm = subprocess.Popen([sys.executable, __file__, str(house.port)], env={**os.environ, "PYTHONPATH": tests})
    try:
        time.sleep(0.3)
        return ninety_ninth(house, script)
    finally:
        if storm.wait(120):
            raise RuntimeError("the storm failed")


def measure(table, house, words, script, rounds, count):
    house.token = house.sign_in("rescue", PASSWORD).token
    sign_in_all(house.port, ["user0"], 1)
    pairs = [(bare(words), ours(house, count)) for _ in range(rounds)]
    (limit, limit_cpu), (rate, cpu) = ([statistics.median(column) for column in zip(*side)] for side in zip(*pairs))
    table.ratio("sign-in through pam_unix, bare pam_authenticate", limit, rate, "/s", least=0.95)
    table.ratio("  CPU for one, bare and with the gate", limit_cpu * 1000, cpu * 1000, "ms")
    quiet, storm = (statistics.median(column) for column in zip(*[
        (ninety_ninth(house, script), in_a_storm(house, script)) for _ in range(rounds)]))
    table.ratio(f"GET /me, 99th percentile, {STORM} sign in at once", quiet, storm, "ms", most=2)
    table.note(f"  load average {os.getloadavg()[0]:.1f}")


def signin(table, rounds, count):
    if not are_possible():
        table.note("sign-in through pam_unix: this system allows no user namespaces")
        return
    folder, postgres = make_folder(), Postgres().start()
    try:
        within = within_accounts(folder, PEOPLE)
        program, script = folder / "pam_bare", folder / "paced.lua"
        run("gcc", "-D_GNU_SOURCE", "-O2", "-o", program, pathlib.Path(__file__).parent / "pam_bare.c", "-lpam")
        script.write_text(PACED)
        with House(None, service=SERVICE, gate={"within": within}, config={"server": {"log_level": "info"}},
                   postgres=postgres) as house:
            words = [*within, program, house.gate.confdir, "user0", PASSWORD, count]
            measure(table, house, words, script, rounds, count)
    finally:
        postgres.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sign_in_all(int(sys.argv[1]), [f"user{n}" for n in range(STORM)], STORM)
