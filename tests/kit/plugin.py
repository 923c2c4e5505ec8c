# SPDX-License-Identifier: Apache-2.0
"""Runs a plugin's .so in tests/kit/plugin_run, a host of its own, and sorts what it hands over."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("SKILLSD_BUILD", "build/plain")
SANITIZED = BUILD.name in ("asan", "tsan")


def secret_file(folder, text):
    path = pathlib.Path(folder) / f"secret-{abs(hash(text))}"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


class Run:
    """What a run handed over: people, units, groups, members, skips, logs, step, and how it ended."""

    def __init__(self, lines):
        self.output = lines
        found = {"person": [], "unit": [], "group": [], "member": [], "skip": [], "log": [], "step": [], "end": [],
                 "settle": [], "cookie": [], "gone": [], "open": []}
        for line in lines.splitlines():
            (kind, what), = json.loads(line).items()
            found[kind].append(what)
        self.people, self.units, self.groups = found["person"], found["unit"], found["group"]
        self.settled, self.gone = len(found["settle"]), [gone["id"] for gone in found["gone"]]
        self.opened = found["open"][-1] if found["open"] else None
        self.cookie = found["cookie"][-1]["cookie"] if found["cookie"] else None
        self.members, self.skips, self.logs = found["member"], found["skip"], found["log"]
        self.step = found["step"][-1] if found["step"] else None
        end = found["end"][-1]
        self.outcome, self.sentence = end["outcome"], end["sentence"]
        self.ms, self.cpu, self.peak = end["ms"], end["cpu"], end["peak"]

    def by_username(self):
        return {person["username"]: person for person in self.people}


class Plugin:
    """start() gives the process, by the command `within` where there is one, run() its Run. An option with a list
    repeats, with None is left out."""

    def __init__(self, plugin, /, **options):
        self.plugin, self.options = plugin, options

    def start(self, verb, /, *words, env=None, cwd=None, milliseconds=30000, flags=(), within=(), **options):
        options = self.options | options
        pairs = [f"{key}={value}" for key, values in options.items() if values is not None
                 for value in (values if isinstance(values, list) else [values])]
        env = os.environ | (env or {})
        if any(pair.startswith(("uri=ldaps", "start_tls=yes")) for pair in pairs):
            env["ASAN_OPTIONS"] = "detect_leaks=0"  # libldap has no public way to free a TLS context
        command = [*within, BUILD / "kit/plugin_run", "-t", str(milliseconds), *flags, BUILD / f"plugins/{self.plugin}.so"]
        return subprocess.Popen([*command, verb, *words, *pairs], env=env, cwd=cwd, bufsize=0,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process, text="", limit=60):
        try:
            out, err = process.communicate(text.encode(errors="surrogateescape"), limit)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == 0, err.decode(errors="replace")
        assert not err, err.decode(errors="replace")
        return Run(out.decode())

    def open(self, **options):
        return self.finish(self.start("open", **options))

    def read(self, **options):
        return self.finish(self.start("read", **options))

    def follow(self, **options):
        return self.finish(self.start("follow", **options))

    def begin(self, username, password, /, **options):
        return self.finish(self.start("begin", username, **options), password + "\n")
