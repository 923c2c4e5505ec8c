# SPDX-License-Identifier: Apache-2.0
"""The systemd units: how little they leave to who breaks in, as systemd-analyze judges it, and what the gate is made of."""
import re
import shutil
import subprocess

import pytest
from kit.gate import ROOT, build_folder

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def settings(unit):
    """[(key, value)] of a unit file, in order."""
    return re.findall(r"^(\w+)=(.*)$", (ROOT / "etc/systemd" / unit).read_text(), re.M)


@needs_systemd
@pytest.mark.parametrize("unit", ["skillsd.service", "skillsd-gate@.service"])
def test_a_units_exposure_is_2_or_better(unit):
    judged = subprocess.run(["systemd-analyze", "--no-pager", "security", "--offline=yes", ROOT / "etc/systemd" / unit],
                            capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert found and float(found[1]) <= 2.0, judged.stdout + judged.stderr


def test_the_gate_has_the_rights_that_pam_needs_and_no_others():
    gate = dict(settings("skillsd-gate@.service"))
    assert gate["CapabilityBoundingSet"].split() == ["CAP_DAC_READ_SEARCH", "CAP_AUDIT_WRITE", "CAP_SETUID", "CAP_SETGID"]
    assert gate["PrivateNetwork"] == "yes" and gate["RestrictAddressFamilies"].split() == ["AF_UNIX", "AF_NETLINK"]
    assert not gate.keys() & {"User", "NoNewPrivileges", "PrivateUsers", "AmbientCapabilities"}


def test_the_gate_outlives_its_deadline_only_for_systemd_to_kill_it():
    gate = dict(settings("skillsd-gate@.service"))
    assert int(gate["RuntimeMaxSec"]) > int(re.search(r"--deadline (\d+)", gate["ExecStart"])[1])


def test_the_gate_is_linked_with_nothing_but_pam():
    said = subprocess.run(["readelf", "-d", build_folder() / "skillsd-gate"], capture_output=True, text=True, check=True)
    needed = {re.sub(r"\.so.*", "", name) for name in re.findall(r"\(NEEDED\).*\[(.*)\]", said.stdout)}
    assert needed - {"libasan", "libubsan", "libtsan"} == {"libpam", "libc"}
