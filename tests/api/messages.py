"""Messages, conversations and single sends, for their tests."""

from tasks import data_of

MESSAGES = "/wscrm-bus-api/open/message/msgPage"
SEND = "/wscrm-bus-api/open/message/send"
CONVERSATIONS = "/wscrm-bus-api/open/conversation/page"
READ = "/wscrm-bus-api/open/conversation/read"

TEXT = [{"type": 1, "text": "hi"}]


def make_quick(senders):
    """Their sandbox answers at once, and they send without pauses."""
    for number in senders.anna + senders.ben:
        for setting in ("speed=0", "interval_min=0", "interval_max=0"):
            senders.server.command("account", "set", "--tenant", senders.tenant.id, number,
                                   "--set", setting)


def messages(client, **info):
    """All that `info` means, in one page."""
    page = data_of(client.call(MESSAGES, {"pageSize": 500, "info": info}))
    assert page["total"] == len(page["records"])
    return page["records"]


def conversations(client, **info):
    page = data_of(client.call(CONVERSATIONS, {"pageSize": 500, "info": info}))
    assert page["total"] == len(page["records"])
    return page["records"]


def pages(client, path, size, by_cursor, **info):
    """The records of all pages, one after another."""
    records, cursor, current = [], {}, 1
    while True:
        page = data_of(client.call(path, {"current": current, "pageSize": size, "info": info,
                                          **cursor}))
        assert (page["current"], page["size"]) == (current, size)
        assert page["pages"] == -(-page["total"] // size)
        records += page["records"]
        if "nextCursor" not in page:
            return records
        assert len(page["records"]) == size
        current += 1
        cursor = {"cursor": page["nextCursor"]} if by_cursor else {}
