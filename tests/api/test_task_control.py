"""POST gsTask/pause, …/resume, …/stop."""

import pytest
from tasks import (
    MARK,
    NOT_STARTED,
    PAUSE,
    PAUSED,
    PENDING,
    RESUME,
    SENDING,
    STOP,
    STOPPED,
    add_senders,
    create,
    data_of,
    mark,
    status,
)


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    return add_senders(server, add_tenant)


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


@pytest.fixture
def task(client):
    return create(client, MARK, mark())


def move(client, path, task):
    data = data_of(client.call(path, {"taskId": task}))
    assert data["taskId"] == task
    return data["status"]


def test_a_paused_task_whose_start_is_to_come_has_not_started_after_it(client, task):
    assert move(client, PAUSE, task) == PAUSED
    assert move(client, RESUME, task) == NOT_STARTED
    events = status(client, task)["events"]
    assert [(one["from"], one["to"], one["cause"]) for one in events] == [
        (0, NOT_STARTED, MARK), (NOT_STARTED, PAUSED, PAUSE), (PAUSED, NOT_STARTED, RESUME)]


def test_a_task_that_began_goes_on(client):
    task = create(client, MARK, mark(type=1, startTime=..., sendTimeMin=86400, sendTimeMax=86400,
                                     customerGroupValue="8613800000001,8613800000002,8613800000003"))
    assert move(client, PAUSE, task) == PAUSED
    assert move(client, RESUME, task) in (PENDING, SENDING)


def test_a_repetition_changes_nothing_and_is_no_refusal(client, task):
    for path, wanted in ((RESUME, NOT_STARTED), (PAUSE, PAUSED), (STOP, STOPPED)):
        assert [move(client, path, task) for _ in range(3)] == [wanted] * 3
    assert [one["to"] for one in status(client, task)["events"]] == [NOT_STARTED, PAUSED, STOPPED]


def test_stopping_is_final(client, task):
    move(client, PAUSE, task)
    move(client, STOP, task)
    for path in (PAUSE, RESUME):
        reply = client.call(path, {"taskId": task})
        assert (reply.status, reply.code, reply.message) == (200, -1, "the task is stopped")
    assert status(client, task)["status"] == STOPPED


@pytest.mark.parametrize("path", [PAUSE, RESUME, STOP])
def test_bad_calls_are_refused(client, path):
    for task in ("1", "x", "9" * 25):
        assert client.call(path, {"taskId": task}).message == "no such task"
    for body in ({}, {"taskId": None}, {"taskId": []}, [], b"{"):
        assert client.call(path, body).status == 400


def test_a_stopped_task_keeps_its_name(client):
    body = mark()
    move(client, STOP, create(client, MARK, body))
    assert client.call(MARK, body).code == 521


def test_the_body_scheme_steers_too(client, task):
    assert data_of(client.call_body(PAUSE, "ben", {"taskId": task}))["status"] == PAUSED
