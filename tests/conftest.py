# SPDX-License-Identifier: Apache-2.0
"""What integration tests share: one PostgreSQL and one house with the demo's organisation a worker."""
import pytest
from kit.house import demo_house, houses
from kit.postgres import Postgres


def pytest_configure(config):
    config.addinivalue_line("markers", "thorough: of tests/directories, left to make check-directories")


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
