"""Clients that import single customers as fast as the server answers, and what is checked of them."""

import itertools
import mmap
import os
import struct
import time
from pathlib import Path

from harness import BATCH_IMPORT, PATIENCE_S, Client, Swarm, request_bytes

CLIENTS = 64

FAULT_NONE, FAULT_FULL, FAULT_GONE, FAULT_SYNC = range(4)

# Each customer is made of its number, so that half of one, or two mixed up, would show.
CUSTOMER = {
    "whatsApp": "NUMBER",
    "friendName": "mk:NUMBER;",
    "sex": "female",
    "birthday": "2020/03/08",
    "address": "NUMBER Main Street",
    "email": "NUMBER@example.com",
    "profession": "good day NUMBER",
    "income": "NUMBER$",
    "desc": "NUMBER-" * 20,
    "tabName": "GoodMan",
    "stage": "New Customer",
    "source": "System",
    "languageTag": "Auto",
    "welcome": "hello NUMBER",
    "Faction": "of NUMBER",
    "agentAccount": "anna",
}


def customer(number):
    return {name: text.replace("NUMBER", number) for name, text in CUSTOMER.items()}


_numbers = map(str, itertools.count(8600000000001))


class Storm:
    """What CLIENTS clients were told about the customers they imported."""

    def __init__(self, store):
        self.store = store
        members = ",".join(f'"{name}":"{text}"' for name, text in CUSTOMER.items())
        body = f'{{"data":[{{{members}}}]}}'.replace("NUMBER", "N" * 13)
        whole = request_bytes("POST", BATCH_IMPORT, body.encode(), store.tenant.headers())
        self.parts = whole.split(b"N" * 13)
        self.acknowledged = []
        self.refused = []  # told that nothing was changed
        self.unknown = []  # told that the outcome is unknown
        self.other = []  # whatever else was answered

    def _request(self):
        number = next(_numbers)
        return number.encode().join(self.parts), number

    def _reply(self, number, status, body):
        if status == 200 and b'"successWhatsIds":["%s"],' % number.encode() in body:
            self.acknowledged.append(number)
        elif status == 503 or (status == 200 and body.startswith(b'{"code":517,')):
            (self.unknown if b"unknown" in body else self.refused).append(number)
        else:
            self.other.append((number, status, body))

    @property
    def turned_away(self):
        return len(self.refused) + len(self.unknown)

    def swarm(self):
        swarm = Swarm(self.store.port)
        swarm.connect(CLIENTS, self._request, self._reply)
        return swarm

    def until(self, condition, seconds=PATIENCE_S):
        """The clients go on until `condition()`, then wait for their last answers."""
        with self.swarm() as swarm:
            swarm.run(condition, seconds)
            swarm.finish()
            assert swarm.lost == 0, f"{swarm.lost} connections were closed"
        assert self.other == []

    def until_killed(self, seconds):
        """So long after this run's first answer the server is killed; what it sent still counts."""
        before, deadline = len(self.acknowledged), None

        def enough():
            nonlocal deadline
            if deadline is None and len(self.acknowledged) > before:
                deadline = time.monotonic() + seconds
            return deadline is not None and time.monotonic() >= deadline

        with self.swarm() as swarm:
            swarm.run(enough)
            self.store.kill()
            swarm.finish()
        assert self.other == []


def assert_there(store, numbers):
    """Every one of them is there, whole."""
    with Client(store, store.tenant) as client:
        for start in range(0, len(numbers), 1000):
            part = numbers[start : start + 1000]
            shown = {found["whatsApp"]: found for found in client.customers(*part)}
            missing = [number for number in part if number not in shown]
            assert not missing, f"{len(missing)} of {len(part)} are lost, such as {missing[:3]}"
            for number in part:
                found = shown[number]
                assert found.pop("createTime") and found.pop("updateTime")
                assert found.pop("optOut") is False
                assert found == customer(number)


def assert_absent(store, numbers):
    with Client(store, store.tenant) as client:
        for start in range(0, len(numbers), 1000):
            found = client.customers(*numbers[start : start + 1000])
            assert not found, f"{len(found)} were refused and are there, such as {found[0]}"


def assert_absent_or_whole(store, numbers):
    with Client(store, store.tenant) as client:
        for start in range(0, len(numbers), 1000):
            for found in client.customers(*numbers[start : start + 1000]):
                assert found.pop("createTime") and found.pop("updateTime")
                assert found.pop("optOut") is False
                assert found == customer(found["whatsApp"])


class Preload:
    """One run's preload library: its mode, its state, its log."""

    FIELDS = ("acknowledged", "violations", "writes", "syncs", "failed", "fault")

    def __init__(self, library, mode, data, folder):
        folder.mkdir()
        self.log = folder / "log"
        state = folder / "state"
        state.write_bytes(bytes(4096))
        with open(state, "r+b") as file:
            self.state = mmap.mmap(file.fileno(), 4096)
        self.env = {
            "LD_PRELOAD": str(library),
            "FAULT_MODE": mode,
            "FAULT_DIR": os.path.realpath(data),
            "FAULT_STATE": str(state),
            "FAULT_LOG": str(self.log),
        }

    def __getattr__(self, name):
        return struct.unpack_from("<Q", self.state, 8 * self.FIELDS.index(name))[0]

    def set_fault(self, fault):
        struct.pack_into("<Q", self.state, 8 * self.FIELDS.index("fault"), fault)

    def close(self):
        self.state.close()


UNDO = struct.Struct("<6Q")


def read_undo_log(path):
    """(type, sequence, offset, old_size, path, old bytes), in order."""
    data, at, records = Path(path).read_bytes(), 0, []
    while at + UNDO.size <= len(data):
        kind, sequence, offset, old_size, path_len, length = UNDO.unpack_from(data, at)
        at += UNDO.size
        if at + path_len + length > len(data):
            break  # cut short by the kill: its change was never made
        name = data[at : at + path_len].decode()
        old = data[at + path_len : at + path_len + length]
        at += path_len + length
        records.append((chr(kind), sequence, offset, old_size, name, old))
    return records


def lose_what_was_not_synced(preload, data):
    """Makes the files what they were at their last syncs; returns how many changes that took."""
    records = read_undo_log(preload.log)
    reached, directory_reached, undone = {}, 0, 0
    for kind, sequence, _, _, name, _ in records:
        if kind == "S":
            reached[name] = max(reached.get(name, 0), sequence)
        elif kind == "D":
            directory_reached = max(directory_reached, sequence)
    for kind, sequence, offset, old_size, name, old in reversed(records):
        if kind == "C" and sequence > directory_reached:
            os.unlink(name)
        elif kind in "WT" and sequence > reached.get(name, 0):
            with open(name, "r+b") as file:
                file.seek(offset)
                file.write(old)
                file.truncate(old_size)
            undone += 1
    for scratch in Path(data).glob("*-shm"):
        scratch.unlink()
    return undone
