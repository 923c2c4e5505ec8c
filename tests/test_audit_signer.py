# SPDX-License-Identifier: Apache-2.0
"""Who signs checkpoints of the audit: the key is with skillsd-sign alone, and the chain goes on without it."""
import base64
import re
import subprocess

import pytest
from kit.chain import add_entry
from kit.house import House, installed, wait_for
from kit.preload import Preloaded
from kit.signer import Signer, memory_of
from kit.slapd import unprivileged


@pytest.fixture(scope="module")
def signer():
    with Signer() as signer:
        signer.key = signer.new("ed25519", "checkpoint")
        yield signer


@pytest.fixture(scope="module")
def house(postgres, signer):
    """It does not hide its memory."""
    house = House(config={"audit": {"key": signer.key.line, "checkpoint_interval": "1s"}, "signer": {"socket": signer.path}},
                  postgres=postgres)
    with Preloaded("dumpable") as preloaded, pytest.MonkeyPatch.context() as environment:
        for name, value in preloaded.environment.items():
            environment.setenv(name, value)
        with house:
            yield house


def work(house):
    """An entry that is linked, and its place in the chain."""
    with house.postgres.connect(house.database).cursor() as cursor:
        add_entry(cursor)
    wait_for("the sealer", lambda: not house.sql("SELECT 1 FROM audit_unsealed"))
    return house.sql("SELECT max(sequence) FROM audit_link")[0][0]


def covered(house, sequence):
    return house.sql("SELECT 1 FROM audit_checkpoint WHERE sequence >= %s AND line NOT LIKE '%% -'", sequence)


def test_no_byte_of_the_key_is_in_the_daemons_memory(house, signer):
    sequence = work(house)
    wait_for("a checkpoint", lambda: covered(house, sequence))
    memory, secret = memory_of(house.pid), signer.key.private()[-32:]
    assert signer.key.id.encode() in memory and b"skillsd-checkpoint 1 " in memory  # where there is something to find
    assert secret not in memory and secret.hex().encode() not in memory
    assert base64.b64encode(signer.key.private())[-40:] not in memory


def test_without_the_signer_the_chain_goes_on_and_the_checkpoint_comes_later(house, signer):
    assert signer.stop() == 0
    sequence = work(house)
    wait_for("the log", lambda: "skillsd-sign is not there" in house.log())
    assert work(house) > sequence and not covered(house, sequence)
    signer.start()
    wait_for("a checkpoint", lambda: covered(house, sequence))
    assert house.log().count("skillsd-sign is not there") == 1, "it is said once"


@pytest.mark.parametrize("line", ["audit.key", "1f" * 32, "01a202d0-d91a-7602-9769-960ac5ea170f", "{} x", "assertion"])
def test_a_key_that_is_no_line_of_the_signers_is_refused(house, signer, line):
    line = signer.key.line.replace("checkpoint", line) if line == "assertion" else line.format(signer.key.line)
    conf = house._write("other.conf", re.sub("(?m)^key = .*$", f"key = {line}", (house.folder / "skillsd.conf").read_text()))
    done = subprocess.run([installed() / "skillsd", "-c", conf, "check"], capture_output=True, text=True, env=House._environment(),
                          **unprivileged())
    assert done.returncode == 1 and "key is the line that skillsd-sign new DIR ed25519 checkpoint prints" in done.stdout + done.stderr
