# SPDX-License-Identifier: Apache-2.0
"""Fuzz targets over the files kept of them (tests/fuzz/corpus/NAME): nothing crashes, and what must hold does."""
import os
import pathlib
import subprocess

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
BUILD = TESTS.parent / os.environ.get("SKILLSD_BUILD", "build/plain")
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in (TESTS / "fuzz").glob("fuzz_*.c"))


@pytest.mark.parametrize("target", TARGETS)
def test_kept_inputs_do_no_harm(target, tmp_path):
    corpus = TESTS / "fuzz/corpus" / target
    run = subprocess.run([BUILD / "fuzz" / target, corpus], env=os.environ | {"TMPDIR": str(tmp_path)},
                         capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"{len(list(corpus.iterdir()))} files\n"
