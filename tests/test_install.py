# SPDX-License-Identifier: Apache-2.0
"""`make install`: puts what is built below DESTDIR, and refuses folders that it is not built for."""
import os
import re
import subprocess

import pytest
from kit.gate import ROOT, build_folder


def said(command):
    return subprocess.run([build_folder() / "skillsd", command], capture_output=True, text=True, check=True).stdout


BUILT = {"PREFIX": re.search(r"\t(/.*)/lib/skillsd/plugins\t", said("options"))[1],
         "SYSCONFDIR": re.search(r"default (/.*)/skillsd/skillsd\.conf\)", said("--help"))[1]}


@pytest.fixture
def install(tmp_path):
    def run(**variables):
        return subprocess.run([ROOT / "etc/install.sh", build_folder()], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **BUILT, "DESTDIR": str(tmp_path), **variables})
    return run


def test_everything_goes_below_destdir_and_configuration_stays(install, tmp_path):
    below = {name: tmp_path / folder[1:] for name, folder in BUILT.items()}
    for _ in range(2):
        done = install()
        assert (done.returncode, done.stderr) == (0, "")
        (below["SYSCONFDIR"] / "skillsd/skillsd.conf").write_text("mine")
    assert os.access(below["PREFIX"] / "bin/skillsd", os.X_OK)
    for program in "gate", "sign":
        assert os.access(below["PREFIX"] / f"lib/skillsd/skillsd-{program}", os.X_OK)
    assert (below["PREFIX"] / "lib/skillsd/plugins/auth_pam.so").exists()
    assert {path.parent.name for path in (below["PREFIX"] / "lib").glob("*.d/skillsd.conf")} == {"sysusers.d", "tmpfiles.d"}
    assert (below["PREFIX"] / "share/man/man8/skillsd-sign.8").exists()
    assert (below["SYSCONFDIR"] / "skillsd/skillsd.conf").read_text() == "mine"


@pytest.mark.parametrize("name, folder", [("PREFIX", "/elsewhere"), ("SYSCONFDIR", "/elsewhere")])
def test_a_folder_it_is_not_built_for_is_refused(install, tmp_path, name, folder):
    done = install(**{name: folder})
    assert done.returncode == 1 and not list(tmp_path.iterdir())
    assert f"is not built for {name}={folder}; run make clean" in done.stderr
