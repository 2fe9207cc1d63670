"""Fixtures of the API tests. One server serves them all; tests differ by tenant and by number."""

import itertools

import pytest
from harness import DEMO, Client, Server


def pytest_configure(config):
    config.addinivalue_line("markers", "threads: is also run under ThreadSanitizer")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The demo server. At the end it must go down cleanly, with no sanitizer report."""
    running = Server(tmp_path_factory.mktemp("session") / "data")
    try:
        yield running.start()
        running.stop()
    finally:
        running.end()


@pytest.fixture
def own_server(tmp_path):
    """own_server(*options, …): a server of the test's own, started; it is stopped at the end."""
    started = []

    def start(*options, **more):
        running = Server(tmp_path / f"data{len(started)}", *options, **more)
        started.append(running)
        return running.start()

    try:
        yield start
        for running in started:
            if running.process:
                running.stop()
    finally:
        for running in started:
            running.end()


_tenant_ids = itertools.count(1001)


@pytest.fixture(scope="session")
def add_tenant(server):
    """add_tenant(**settings): one more tenant of the server; see Server.add_tenant()."""
    return lambda **settings: server.add_tenant(next(_tenant_ids), **settings)


@pytest.fixture(scope="module")
def tenant(add_tenant):
    """The module's own tenant: without a rate limit, agents anna and ben, token window default."""
    return add_tenant(rate_limit=0)


@pytest.fixture(scope="session")
def demo():
    return DEMO


@pytest.fixture
def client(server, tenant):
    with Client(server, tenant) as made:
        yield made


@pytest.fixture
def demo_client(server):
    with Client(server, DEMO) as made:
        yield made


_numbers = itertools.count(8613800000001)


@pytest.fixture(scope="session")
def fresh():
    """fresh(): a WhatsApp number that no test has used."""
    return lambda: str(next(_numbers))


@pytest.fixture
def number(fresh):
    return fresh()
