# SPDX-License-Identifier: Apache-2.0
"""Sessions of the store, without a daemon around them."""
import subprocess

from kit.gate import build_folder
from kit.house import House


def test_a_session_knows_any_number_of_statements(postgres):
    done = subprocess.run([build_folder() / "kit/statements", postgres.dsn("postgres")], capture_output=True, text=True,
                          timeout=120, env=House._environment())
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
