# SPDX-License-Identifier: Apache-2.0
"""What tests of `skillsd verify` have in common: a forge and what it publishes, and how an answer is read."""
import pytest
from kit import origin as origins
from kit.forge import Forge, Verifier, text_of
from kit.house import PUBLIC_URL

ALL = {name: "passed" for name in ("format", "schema", "signature", "issuer", "dates", "status")}


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    return Verifier(tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="module")
def forge():
    return Forge()


@pytest.fixture(scope="module")
def papers(forge):
    """What the forge publishes."""
    return [forge.document(), forge.status()]


@pytest.fixture(scope="module")
def signed(forge):
    return forge.sign(forge.badge())


def refused(answer, check, *words):
    """That it is not verified because of this check, which says so in these words."""
    assert not answer["verified"], answer
    outcome, detail = answer["checks"][check]
    assert outcome == "failed", answer
    for word in words:
        assert word in detail, detail
    return detail


def outcomes(answer):
    return {name: outcome for name, (outcome, _) in answer["checks"].items()}


@pytest.fixture
def origin():
    with origins.serve() as server:
        yield server


def page(document, status=200, **headers):
    return status, headers, text_of(document)


def published(programme, badge):
    """The documents by which it is checked, as they are."""
    place = badge["credentialStatus"]["statusListCredential"].removeprefix(PUBLIC_URL)
    return [programme.stranger.ask("GET", path).content for path in ("/.well-known/did.json", place)]
