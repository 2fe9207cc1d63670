"""Fixtures of the fault tests. They run on the release build alone: what they look for is in the
order of system calls, and a preload library and AddressSanitizer do not share a process."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from harness import Server  # noqa: E402
from storm import Preload  # noqa: E402


@pytest.fixture(scope="session")
def preload_library(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "preload.so"
    source = Path(__file__).with_name("preload.c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library, source],
        check=True,
    )
    return library


@pytest.fixture
def store(tmp_path):
    """A server without a request log, not started, on a store of its own that has tenant 7."""
    server = Server(tmp_path / "data", "--log-requests=none", demo=False)
    try:
        server.start()
        server.tenant = server.add_tenant(7, agents=("anna",), rate_limit=0, token_window=0)
        server.command("field", "add", "--tenant", 7, "Faction")
        server.stop()
        yield server
        if server.process:
            server.stop()
    finally:
        server.end()


@pytest.fixture
def preload(preload_library, tmp_path):
    """preload(mode, data): the environment's half of tests/fault/preload.c, ready for a start of the
    server whose data directory this is."""
    made = []

    def make(mode, data):
        made.append(Preload(preload_library, mode, data, tmp_path / f"preload{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()
