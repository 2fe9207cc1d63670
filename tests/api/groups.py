"""Group chats and screening, for their tests: accounts of the sandbox, links, the journal."""

import itertools
import json

from harness import wait_until

API = "/wscrm-bus-api/open/group/api/"
ANALYSIS, INFO = API + "groupAnalysis", API + "getInfo"
JOIN, STATE, LIST = API + "join", API + "joinState", API + "list"

_accounts = itertools.count(4915300000001)
_codes = itertools.count(1)

FAST = ("speed=0", "info_interval_ms=0", "join_interval_ms=0", "check_interval_ms=0")


def add_account(server, tenant, *settings):
    number = str(next(_accounts))
    server.command("account", "add", "--tenant", tenant.id, number, "--agent", "anna",
                   "--transport", "sandbox", *(f"--set={one}" for one in settings))
    return number


def code(letter="C"):
    return f"{letter}abcdefgh{next(_codes):05}"


def link(letter="C"):
    return "https://chat.whatsapp.com/" + code(letter)


def data_of(reply):
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def assert_refused(reply, code, message=None, status=200):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    if message:
        assert message in reply.message


def journal(server):
    path = server.data / "sandbox.journal"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def imported(client, *links):
    assert data_of(client.call(ANALYSIS, {"groupLinkList": links}))["failLink"] == []
    return list(links)


def info(client, links):
    """As soon as all are parsed."""
    def look():
        reply = client.call(INFO, {"groupLinkList": links})
        return None if reply.code == 538 else data_of(reply)
    return wait_until("links are parsed", look)


def join(client, account, links):
    return data_of(client.call(JOIN, {"whatsId": account, "groupLinkList": links}))


def joined(client, account, links):
    def look():
        states = data_of(client.call(STATE, {"whatsId": account, "groupLinkList": links}))
        return None if any(s["state"] == "pending" for s in states) else states
    return wait_until("joins are over", look)
