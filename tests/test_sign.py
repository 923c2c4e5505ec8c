# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON, proofs and JWS against the published vectors, byte for byte, and against Node's own way to do them."""
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess

import pytest
from kit.gate import build_folder
from kit.house import shared_file

VECTORS = "data/openbadges/di-vectors"
SUITE = f"{VECTORS}/eddsa-jcs-2022"
CONTEXT = ["https://www.w3.org/ns/credentials/v2"]


def sign(*arguments, given=b""):
    """(status, what the kit's program prints)"""
    run = subprocess.run([build_folder() / "kit/sign", *arguments], input=given, capture_output=True, check=False)
    assert run.returncode in (0, 1) and run.stderr == b"", run
    return run.returncode, run.stdout


def node(command, given):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = pathlib.Path(__file__).parent / "kit/sign.mjs"
    return subprocess.run(["node", script, command], input=given, capture_output=True, check=True).stdout


def vector(name):
    return shared_file(f"{SUITE}/{name}").read_bytes().strip()


# ---- the published vectors

@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_rfc_8785_has_the_same_bytes(name):
    given = shared_file(f"{VECTORS}/jcs/input/{name}.json").read_bytes()
    wanted = bytes.fromhex(shared_file(f"{VECTORS}/jcs/outhex/{name}.txt").read_text())
    assert sign("canon", given=given) == (0, wanted)
    assert sign("canon", given=wanted) == (0, wanted)


def test_every_value_of_the_eddsa_jcs_vector_is_the_same():
    document = sign("canon", given=shared_file(f"{VECTORS}/unsigned.json").read_bytes())[1]
    configuration = sign("canon", given=vector("proofConfigJCS.json"))[1]
    assert document == vector("canonDocJCS.txt")
    assert configuration == vector("proofCanonJCS.txt")
    combined = sign("bytes", configuration, given=document)[1]
    assert combined == vector("combinedHashJCS.txt") == vector("proofHashJCS.txt") + vector("docHashJCS.txt")
    assert sign("base58", vector("sigHexJCS.txt"))[1] == vector("sigBTC58JCS.txt")


def test_the_signed_vector_verifies_with_its_key_alone():
    keys, signed = json.loads(shared_file(f"{VECTORS}/keyPair.json").read_text()), vector("signedJCS.json")
    assert sign("proof", keys["publicKeyMultibase"], given=signed) == (0, b"good")
    assert sign("proof", "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw", given=signed) == (
        1, b"the proof does not fit: the document was changed, or another key signed it")
    assert sign("proof", keys["privateKeyMultibase"], given=signed) == (1, b"it is no Multikey of Ed25519 or P-256")


def test_the_other_suites_vector_is_not_known_and_not_wrong():
    keys = json.loads(shared_file(f"{VECTORS}/keyPair.json").read_text())
    signed = shared_file(f"{VECTORS}/eddsa-rdfc-2022/signedDataInt.json").read_bytes()
    assert sign("proof", keys["publicKeyMultibase"], given=signed) == (
        1, b"it has no proof of eddsa-jcs-2022, but of eddsa-rdfc-2022")


# ---- another implementation

def number_of(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def numbers(seed):
    """All powers of two with their neighbours, all of ten, and any bits."""
    bits = {(exponent << 52) + near for exponent in range(2047) for near in (0, 1, -1) if exponent or near >= 0}
    bits |= {1 << shift for shift in range(52)}
    chance = random.Random(seed)
    bits |= {chance.getrandbits(64) for _ in range(20000)}
    found = [number for number in map(number_of, sorted(bits)) if math.isfinite(number)]
    found += [float(f"{digit}e{power}") for digit in (1, 5, 9.5) for power in range(-323, 308)]
    found += [float(chance.randrange(-2**70, 2**70)) for _ in range(2000)]
    return found + [chance.randrange(-2**63, 2**63) for _ in range(2000)]


def test_numbers_are_those_of_ecmascript():
    given = json.dumps(numbers(5)).encode()
    ours = sign("canon", given=given)[1]
    assert ours.split(b",") == node("canon", given).split(b",")


def text(chance):
    ranges = ((0, 0x20), (0x20, 0x7f), (0x7f, 0x800), (0x2020, 0x2070), (0xe000, 0x10000), (0x1f300, 0x1f700))
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(chance.choice((0, 1, 2, 3, 20))))


def value(chance, depth=0):
    kind = chance.randrange(7 if depth < 6 else 5)
    if kind > 4:
        items = [value(chance, depth + 1) for _ in range(chance.randrange(6))]
        return items if kind == 5 else {text(chance).replace("\0", ""): item for item in items}
    return (None, chance.random() < 0.5, chance.uniform(-1e9, 1e9), chance.randrange(-10**6, 10**6), text(chance))[kind]


def test_any_value_is_written_as_node_writes_it():
    chance = random.Random(7)
    given = json.dumps([value(chance) for _ in range(2000)], ensure_ascii=False).encode()
    assert sign("canon", given=given)[1] == node("canon", given)
    assert sign("canon", given=json.dumps(json.loads(given), indent=3).encode())[1] == node("canon", given)


def test_what_node_signs_verifies_here():
    document = {"@context": CONTEXT, "id": "urn:uuid:1", "name": "Zoë \U0001f600 \u202e\u0007\"\\", "score": 91.50}
    made = json.loads(node("make", json.dumps(document).encode()))
    assert sign("proof", made["multibase"], given=json.dumps(made["document"]).encode()) == (0, b"good")
    assert len(made["jws"]) == 3
    for jwk, jws in made["jws"]:
        status, payload = sign("jws", json.dumps(jwk), given=jws.encode())
        assert (status, json.loads(payload)) == (0, document)
