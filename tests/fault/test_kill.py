"""The server is killed in the middle of its work: what it had acknowledged is there."""

import random

from storm import Storm, assert_there

KILLS = 20


def test_twenty_kills_lose_nothing_that_was_acknowledged(store):
    moments = random.Random(2)
    everything = []
    store.start()
    for _ in range(KILLS):
        storm = Storm(store)
        storm.until_killed(moments.uniform(0, 0.4))
        store.start()
        assert_there(store, storm.acknowledged)
        assert store.command("check").returncode == 0
        everything += storm.acknowledged
    assert_there(store, everything)
    print(f"{len(everything)} customers were acknowledged")
    assert len(everything) > KILLS * 64
