"""No acknowledgement leaves before its commit is on disk. See preload.c for how that is seen."""

import random

from harness import Client
from storm import Storm, assert_there, customer, lose_what_was_not_synced

CUTS = 20


def test_no_acknowledgement_leaves_before_the_sync_of_its_commit(store, preload):
    recorder = preload("record", store.data)
    store.env = recorder.env
    store.start()
    storm = Storm(store)
    storm.until(lambda: len(storm.acknowledged) >= 30_000)
    # Larger calls take another way through the writer.
    with Client(store, store.tenant) as client:
        for count in (2, 50, 400):
            items = [customer(str(7_000_000_000_000 + 1000 * count + i)) for i in range(count)]
            reply = client.imported(items)
            storm.acknowledged += reply.data["successWhatsIds"]
    assert_there(store, storm.acknowledged)
    store.stop()
    violations = recorder.log.read_text().splitlines()
    assert recorder.violations == 0, violations[:10]
    assert recorder.acknowledged == len(storm.acknowledged), "not every acknowledgement was looked at"
    print(f"{recorder.acknowledged} acknowledgements, {recorder.writes} writes, {recorder.syncs} syncs")
    assert recorder.syncs >= 30_000 / 1000


def test_twenty_power_cuts_lose_nothing_that_was_acknowledged(store, preload):
    moments = random.Random(3)
    everything, undone = [], 0
    for _ in range(CUTS):
        loser = preload("lose", store.data)
        store.env = loser.env
        store.start()
        storm = Storm(store)
        storm.until_killed(moments.uniform(0, 0.4))
        undone += lose_what_was_not_synced(loser, store.data)
        loser.log.unlink()
        store.env = {}
        store.start()
        assert_there(store, storm.acknowledged)
        assert store.command("check").returncode == 0
        everything += storm.acknowledged
        store.stop() if moments.random() < 0.5 else store.kill()
    store.start()
    assert_there(store, everything)
    print(f"{len(everything)} customers were acknowledged, {undone} changes were lost")
    assert len(everything) > CUTS * 64
    assert undone > 0, "nothing was ever lost: the cuts prove nothing"
