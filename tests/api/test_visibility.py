"""Whoever has an import's answer finds the customer, on any connection."""

import collections

import pytest
from harness import BATCH_IMPORT, BUILD, PATIENCE_S, QUERY, Swarm, request_bytes

# As many as the promise says; under the sanitizers a sample.
CUSTOMERS = {"release": 100_000, "asan": 8_000, "tsan": 3_000}[BUILD]
CONNECTIONS = 32


def template(path, body, tenant):
    """The bytes of a request around a 13-digit number: they differ in nothing else."""
    whole = request_bytes("POST", path, body.replace(b"NUMBER", b"N" * 13), tenant.headers())
    before, after = whole.split(b"N" * 13)
    return lambda number: before + number + after


@pytest.mark.threads
def test_a_customer_is_found_as_soon_as_the_import_is_answered(server, tenant):
    """Importing connections send single customers; each answer is followed at once by a query on
    another connection, which may belong to another thread of the server."""
    import_of = template(
        BATCH_IMPORT, b'{"data":[{"whatsApp":"NUMBER","agentAccount":"anna","friendName":"visible"}]}', tenant)
    query_of = template(QUERY, b'[{"whatsApp":"NUMBER"}]', tenant)
    numbers = iter(b"%d" % (8500000000000 + n) for n in range(CUSTOMERS))
    imported = collections.deque()  # answered, not yet asked for
    asked = found = failed = 0

    def next_import():
        number = next(numbers, None)
        return None if number is None else (import_of(number), number)

    def on_import(number, status, body):
        nonlocal failed
        if status == 200 and b'"successWhatsIds":["%s"]' % number in body:
            imported.append(number)
        else:
            failed += 1

    def next_query():
        nonlocal asked
        if not imported:
            return None
        number = imported.popleft()
        asked += 1
        return query_of(number), number

    def on_query(number, status, body):
        nonlocal found
        found += status == 200 and b'"whatsApp":"%s","friendName":"visible"' % number in body

    with Swarm(server.port) as swarm:
        swarm.connect(CONNECTIONS, next_import, on_import, depth=8)
        swarm.connect(CONNECTIONS, next_query, on_query, depth=8)
        swarm.run(timeout_s=10 * PATIENCE_S)
    assert failed == 0
    assert (asked, found) == (CUSTOMERS, CUSTOMERS)
