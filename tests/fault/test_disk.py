"""The disk is full, or gone, and comes back: 517 or 503, nothing acknowledged is lost, and the server
goes on by itself."""

import resource
import time

import pytest
from harness import QUERY, Client, wait_until
from storm import (
    FAULT_FULL,
    FAULT_GONE,
    FAULT_NONE,
    FAULT_SYNC,
    Storm,
    assert_absent,
    assert_absent_or_whole,
    assert_there,
)

FAULTS = {"full": FAULT_FULL, "gone": FAULT_GONE, "not syncing": FAULT_SYNC}


def go_on(storm, more):
    """Until so many more were acknowledged."""
    wanted = len(storm.acknowledged) + more
    storm.until(lambda: len(storm.acknowledged) >= wanted)


def suffer(storm):
    """Until refusals are all that comes."""
    wanted = storm.turned_away + 300
    storm.until(lambda: storm.turned_away >= wanted)
    before = len(storm.acknowledged)
    wanted = storm.turned_away + 100
    storm.until(lambda: storm.turned_away >= wanted)
    assert len(storm.acknowledged) == before, "acknowledged what cannot have been written"


def assert_right(store, storm):
    assert_there(store, storm.acknowledged)
    assert_absent(store, storm.refused)
    assert_absent_or_whole(store, storm.unknown)


def assert_right_after_a_kill(store, storm):
    if store.process:
        store.kill()
    store.env = {}
    store.start()
    assert_right(store, storm)
    assert store.command("check").returncode == 0
    go_on(storm, 100)
    assert_right(store, storm)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_is_lost_and_the_server_goes_on_when_the_disk_comes_back(store, preload, fault):
    disk = preload("fail", store.data)
    store.env = disk.env
    store.start()
    storm = Storm(store)
    for _ in range(3):
        go_on(storm, 300)
        disk.set_fault(fault)
        suffer(storm)
        with Client(store, store.tenant) as client:
            reply = client.call(QUERY, [{"whatsApp": storm.acknowledged[0]}])
            if reply.code == 200:
                assert reply.data[0]["friendName"] == f"mk:{storm.acknowledged[0]};"
            else:
                assert reply.code in (503, 517)
        disk.set_fault(FAULT_NONE)
        go_on(storm, 300)
        assert_right(store, storm)
    assert disk.failed > 0
    print(f"{len(storm.acknowledged)} acknowledged, {len(storm.refused)} refused, "
          f"{len(storm.unknown)} of unknown outcome, {disk.failed} calls made to fail")
    assert_right_after_a_kill(store, storm)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_is_lost_when_the_server_is_killed_while_the_disk_is_away(store, preload, fault):
    disk = preload("fail", store.data)
    store.env = disk.env
    store.start()
    storm = Storm(store)
    go_on(storm, 300)
    disk.set_fault(fault)
    suffer(storm)
    assert_right_after_a_kill(store, storm)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_server_ends_in_time_while_the_disk_is_away(store, preload, fault):
    disk = preload("fail", store.data)
    store.env = disk.env
    store.start()
    storm = Storm(store)
    go_on(storm, 100)
    disk.set_fault(fault)
    suffer(storm)
    process, began = store.process, time.monotonic()
    process.terminate()
    process.communicate(timeout=15)
    store.process = None
    assert time.monotonic() - began < 12
    assert process.returncode in (0, 1), process.returncode
    assert_right_after_a_kill(store, storm)


def test_a_file_that_may_not_grow_is_a_full_disk(store):
    """Without the preload library: the kernel itself refuses the writes (EFBIG)."""
    store.start()
    storm = Storm(store)
    go_on(storm, 3000)
    largest = max(path.stat().st_size for path in store.data.iterdir())
    before = resource.prlimit(store.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(store.pid, resource.RLIMIT_FSIZE, (largest + 100_000, before[1]))
    suffer(storm)
    resource.prlimit(store.pid, resource.RLIMIT_FSIZE, before)
    go_on(storm, 300)
    assert_right(store, storm)
    assert_right_after_a_kill(store, storm)


def test_readyz_tells_of_the_disk(store, preload):
    disk = preload("fail", store.data)
    store.env = disk.env
    store.start()
    storm = Storm(store)
    go_on(storm, 10)

    def readiness():
        with Client(store, store.tenant) as client:
            return client.call_unsigned("/readyz", b"", "GET").status

    assert readiness() == 200
    disk.set_fault(FAULT_GONE)
    suffer(storm)
    assert readiness() == 503
    disk.set_fault(FAULT_NONE)
    go_on(storm, 10)
    wait_until("it is ready again", lambda: readiness() == 200)
