# SPDX-License-Identifier: Apache-2.0
"""`make demo` in a checkout whose path is too long for a socket's: it serves, says so when skillsd is killed, and
leaves neither a process nor, once cleaned away, a file. Of what the demo shows it knows the badge."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
import requests
from kit.gate import ROOT
from kit.house import wait_for
from kit.slapd import free_port, short_folder


@pytest.fixture
def checkout():
    folder = short_folder("demo-")
    folder.chmod(0o755)
    top = folder / ("long" * 30) / ("longer" * 10)
    shutil.copytree(ROOT, top, symlinks=True, ignore=shutil.ignore_patterns(
        ".git", "var", "asan", "node_modules", "__pycache__", "tests"))
    yield top
    shutil.rmtree(folder)


@pytest.fixture
def start(checkout):
    """Starts demo.sh with a word, its output in a file; what still runs at the end is stopped, and cleaned away."""
    processes = []

    def run(word):
        with open(checkout.parent / "output", "wb") as output:
            processes.append(subprocess.Popen(
                [checkout / "etc/demo/demo.sh", word], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env={**os.environ, "SKILLSD_PORT": str(free_port())}))
        return processes[-1]
    yield run
    for process in processes:
        process.terminate()
        process.wait(60)
    assert run("clean").wait(60) == 0


def test_a_long_path_is_no_hindrance_and_the_end_of_skillsd_is_the_end_of_all(checkout, start):
    output, process = checkout.parent / "output", start("run")
    here = checkout / "var/demo"
    wait_for("the demo to serve", lambda: (here / "env").exists() or process.poll() is not None, 600)
    assert process.poll() is None, output.read_text()
    env = dict(re.findall(r"^(\w+)='(.*)'$", (here / "env").read_text(), re.M))
    assert requests.get(env["SKILLSD_URL"] + "/readyz", timeout=10).status_code == 200
    badge = requests.get(env["SKILLSD_BADGE"], headers={"Accept": "application/vc"}, timeout=10)
    wait_for("all that it says", lambda: "Ctrl-C stops" in output.read_text())
    assert badge.status_code == 200 and env["SKILLSD_BADGE"] in output.read_text()
    line, = re.findall(r"^\S+/skillsd verify .*$", output.read_text(), re.M)
    assert subprocess.run(line, shell=True, timeout=60).returncode == 0
    (here / "badge/badge.json").write_text(badge.text.replace("Git", "Gin"))
    assert subprocess.run(line, shell=True, timeout=60).returncode == 1
    sockets = (here / "run").resolve()
    assert sockets.parent == pathlib.Path("/var/tmp") and sockets.stat().st_mode & 0o777 == 0o700
    started = re.findall(r"^(?!step)\w+ (\d+)", (here / "state/pids").read_text(), re.M)
    assert len(started) == 5

    os.kill(int(env["SKILLSD_PID"]), signal.SIGKILL)
    assert process.wait(60) == 1
    said = output.read_text()
    assert "demo: skillsd has ended by signal KILL; its log is " in said and "Killed" not in said
    assert not [pid for pid in started if pathlib.Path("/proc", pid).exists()]
    assert not (here / "env").exists()

    assert start("clean").wait(60) == 0
    assert output.read_text() == "" and not (checkout / "var").exists() and not sockets.exists()
