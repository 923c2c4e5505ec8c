# SPDX-License-Identifier: Apache-2.0
"""The systemd units: how little they leave to who breaks in, as systemd-analyze judges it, and what the helpers are made of."""
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
@pytest.mark.parametrize("unit, most", [("skillsd.service", 2), ("skillsd-gate@.service", 2), ("skillsd-sign.service", 1)])
def test_a_units_exposure_is_low(unit, most):
    judged = subprocess.run(["systemd-analyze", "--no-pager", "security", "--offline=yes", ROOT / "etc/systemd" / unit],
                            capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert found and float(found[1]) <= most, judged.stdout + judged.stderr


def test_the_gate_has_the_rights_that_pam_needs_and_no_others():
    gate = dict(settings("skillsd-gate@.service"))
    assert gate["CapabilityBoundingSet"].split() == [
        "CAP_DAC_READ_SEARCH", "CAP_AUDIT_WRITE", "CAP_SETUID", "CAP_SETGID", "CAP_KILL"]
    assert gate["PrivateNetwork"] == "yes" and gate["RestrictAddressFamilies"].split() == ["AF_UNIX", "AF_NETLINK"]
    assert not gate.keys() & {"User", "NoNewPrivileges", "PrivateUsers", "AmbientCapabilities"}


def test_sign_ins_weigh_a_tenth_of_everything_else():
    assert dict(settings("skillsd-gate@.service"))["Slice"] == "skillsd-gate.slice"
    assert dict(settings("skillsd-gate.slice"))["CPUWeight"] == "10"


@needs_systemd
def test_systemd_understands_the_slice():
    done = subprocess.run(["systemd-analyze", "--no-pager", "--man=no", "verify", ROOT / "etc/systemd/skillsd-gate.slice"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_gate_outlives_its_deadline_only_for_systemd_to_kill_it():
    gate = dict(settings("skillsd-gate@.service"))
    assert int(gate["RuntimeMaxSec"]) > int(re.search(r"--deadline (\d+)", gate["ExecStart"])[1])


def needed_of(program):
    said = subprocess.run(["readelf", "-d", build_folder() / program], capture_output=True, text=True, check=True)
    needed = {re.sub(r"\.so.*", "", name) for name in re.findall(r"\(NEEDED\).*\[(.*)\]", said.stdout)}
    return needed - {"libasan", "libubsan", "libtsan"}


def test_the_gate_is_linked_with_nothing_but_pam():
    assert needed_of("skillsd-gate") == {"libpam", "libc"}


def test_the_signer_is_linked_with_nothing_but_openssl():
    assert needed_of("skillsd-sign") == {"libcrypto", "libc"}


def test_the_signer_has_no_rights_and_no_network_and_sees_who_asks():
    signer = dict(settings("skillsd-sign.service"))
    assert signer["User"] == "skillsd-sign" and signer["CapabilityBoundingSet"] == signer["AmbientCapabilities"] == ""
    assert signer["PrivateNetwork"] == "yes" and signer["RestrictAddressFamilies"] == "none"
    assert (signer["LimitCORE"], signer["MemorySwapMax"]) == ("0", "0")
    assert "PrivateUsers" not in signer
    assert dict(settings("skillsd-sign.socket")).items() >= {("SocketUser", "skillsd"), ("SocketMode", "0600")}


def test_the_daemon_has_no_function_that_makes_reads_or_uses_a_private_key():
    said = subprocess.run(["readelf", "-sW", "--dyn-syms", build_folder() / "skillsd"], capture_output=True, text=True, check=True)
    openssl = set(re.findall(r"UND (\w+)@OPENSSL", said.stdout))
    assert "EVP_DigestVerify" in openssl
    assert not {name for name in openssl if re.search("Sign|[Pp]riv|PKCS8|gen$|sign$|decrypt$", name)}


def test_the_daemon_may_write_where_the_sample_keeps_files():
    unit = dict(settings("skillsd.service"))
    folder = re.search(r"^;folder = (.*)$", (ROOT / "etc/skillsd.conf").read_text(), re.M)[1]
    assert unit["ProtectSystem"] == "strict" and folder.startswith(f"/var/lib/{unit['StateDirectory']}/") and unit["StateDirectoryMode"] == "0700"
    line = f"d /var/lib/{unit['StateDirectory']} {unit['StateDirectoryMode']} {unit['User']} {unit['Group']} -"
    assert line in (ROOT / "etc/tmpfiles.d/skillsd.conf").read_text().splitlines()
