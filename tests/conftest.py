# SPDX-License-Identifier: Apache-2.0
"""What integration tests share: one PostgreSQL and one house with the demo's organisation a worker."""
import pathlib

import pytest
from kit.house import demo_house, houses
from kit.postgres import Postgres

# Beside all of tests/directories.
LONG = ["test_follow_faults", "test_same_human_random", "test_directory_random", "test_standstill", "test_soak", "test_report",
        "test_retention_erasure", "test_stream", "test_failover", "test_follow", "test_pam_trouble", "test_commit", "test_contract",
        "test_break_in"]

# Where a sanitizer hides something: how much memory, how many addresses and threads, and what waits for what.
PLAIN = ["test_audit_sealing", "test_badges_memory", "test_crash", "test_demo", "test_exhaustion", "test_failover", "test_follow",
         "test_follow_faults", "test_fuzz", "test_gate_process", "test_http", "test_http_connections", "test_http_end",
         "test_input_edges", "test_input_fuzz", "test_install", "test_load", "test_pictures", "test_plugin_promise", "test_sign",
         "test_signer", "test_signer_peers", "test_soak", "test_standstill", "test_statements", "test_stream", "test_units",
         "test_verify_pictures"]


def pytest_configure(config):
    config.addinivalue_line("markers", "plain: run in both builds, the others in the sanitized one alone")
    config.addinivalue_line("markers", "thorough: of tests/directories, left to make check-directories")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What takes long begins first, so that no worker is at it alone when the others have ended."""
    def place(item):
        path = pathlib.Path(item.path)
        return path.parent.name != "directories", LONG.index(path.stem) if path.stem in LONG else len(LONG)
    items.sort(key=place)
    for item in items:
        if pathlib.Path(item.path).stem in PLAIN:
            item.add_marker("plain")


@pytest.fixture(scope="session")
def postgres():
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def house(postgres):
    """Shared: what a test changes in the directory, it puts back."""
    with demo_house(postgres=postgres) as house:
        yield house


@pytest.fixture(scope="session")
def people(house):
    """{username: person} as hr sees them."""
    return {person["username"]: person for person in house.sign_in("cbianchi").pages("/people", limit=500)}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for house in houses:
            report.sections.append((f"requests to {house.url}", "\n".join(house.traffic)))
            report.sections.append((f"log of {house.folder}", "\n".join(house.log().splitlines()[-60:])))
