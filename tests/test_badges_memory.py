# SPDX-License-Identifier: Apache-2.0
"""The daemon that speaks HTTP has no byte of a private key in its memory, whatever was signed for it."""
import base64
import hashlib
import re

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from kit.badges import Programme, badge_house, place_of
from kit.preload import Preloaded
from kit.signer import memory_of

PIECE = 16  # bytes of a secret: no chance puts them anywhere


@pytest.fixture
def readable(monkeypatch):
    with Preloaded("dumpable") as preloaded:
        for name, value in {**preloaded.environment, "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"}.items():
            monkeypatch.setenv(name, value)
        yield


def secrets_of(key):
    """Each from which the key follows."""
    if key.algorithm == "ed25519":
        seed = key.private()[-32:]
        expanded = hashlib.sha512(seed).digest()  # RFC 8032, 5.1.5, which clamps the outer bytes of the scalar
        return seed, expanded[1:31], expanded[32:]
    numbers = load_der_private_key(key.private(), None).private_numbers()
    names = ("private_value",) if key.algorithm == "p256" else ("d", "p", "q", "dmp1", "dmq1", "iqmp")
    return [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (getattr(numbers, name) for name in names)]


def forms_of(secret):
    """Pieces of its beginning, middle and end, as they are, as OpenSSL's numbers are, and as text."""
    for at in 0, (len(secret) - PIECE) // 2, len(secret) - PIECE:
        piece = secret[at:at + PIECE]
        yield from (piece, piece[::-1], piece.hex().encode(), piece.hex().upper().encode())
    for before in range(3):  # base64 depends on how many bytes come before
        text = base64.b64encode(bytes(before) + secret[:3 * PIECE])[4:-4]
        yield from (text, text.replace(b"+", b"-").replace(b"/", b"_"))


def found_in(memory, secrets):
    return [form for secret in secrets for form in forms_of(secret) if form in memory]


def squeezed(memory):
    """Without what has never been written, which is most of it under a sanitizer."""
    return re.sub(rb"\0{64,}", b"\0", memory)


def test_no_byte_of_a_private_key_is_in_the_daemons_memory(readable, postgres):
    with badge_house(postgres=postgres) as house:
        programme = Programme(house)
        badge = programme.badge(programme.issue())
        keys = {key.algorithm: (key, secrets_of(key)) for key in house.signer.list().values()}
        programme.badge(programme.issue(), format="jwt")
        assert house.command("key", "retire", house.keys["p256"]).returncode == 0
        programme.badge(programme.issue(), format="jwt")
        programme.stranger.get(place_of(badge["credentialStatus"]["statusListCredential"]))
        programme.stranger.get("/.well-known/jwks.json")
        daemon, signer = (squeezed(memory_of(pid)) for pid in (house.pid, house.signer.process.pid))
        assert (house.folder / "token.key").read_bytes().strip() in daemon  # it is looked at where secrets are
        assert set(keys) == {"ed25519", "p256", "rsa2048"}
        for algorithm, (key, secrets) in keys.items():
            assert found_in(signer, secrets) or algorithm == "p256", f"a key of {algorithm} is found where it is"
            assert key.public[-PIECE:] in daemon
            assert not found_in(daemon, secrets), algorithm
