"""Mass sending, for its tests: the calls, bodies that are good, a tenant with agents and accounts."""

import itertools

from harness import Client, wait_until

MARK = "/wscrm-bus-api/open/mark/batchAdd"
SENDER = "/wscrm-bus-api/open/sender/batchAdd"
GS = "/group-dispatch-api/gsTask/"
SINGLE = GS + "assign/soCreate"
MANY = GS + "assign/moscCreate"
OWN = GS + "assign/momcCreate"
STATUS = GS + "queryExecuteStatus"
PAUSE, RESUME, STOP = GS + "pause", GS + "resume", GS + "stop"
PAGE = GS + "page"
PREVIEW = GS + "preview"
GROUP = "/wscrm-bus-api/open/customerGroup/save"

CREATES = [MARK, SENDER, SINGLE, MANY, OWN]
CALLS = CREATES + [STATUS, PAUSE, RESUME, STOP, PAGE, PREVIEW]

NOT_STARTED, PENDING, SENDING, STOPPED, COMPLETED, PAUSED = range(1, 7)

# Far enough: no task of a test that only looks is to begin.
LATER = "2099-12-31 23:59"

_names = itertools.count(1)
_accounts = itertools.count(4915100000001)


def fresh_name():
    return f"task {next(_names)}"


class Senders:
    """A tenant: anna works with two accounts, ben with one, carl with none."""

    def __init__(self, server, tenant):
        self.server = server
        self.tenant = tenant
        self.anna = [self.add_account("anna"), self.add_account("anna", "--platform", "cloud")]
        self.ben = [self.add_account("ben")]

    def add_account(self, agent, *options):
        number = str(next(_accounts))
        self.server.command("account", "add", "--tenant", self.tenant.id, number, "--agent", agent,
                            "--transport", "sandbox", *options)
        return number

    def client(self):
        return Client(self.server, self.tenant)


def add_senders(server, add_tenant, **settings):
    settings = {"rate_limit": 0, "edition": "professional", "zone": "Asia/Shanghai", **settings}
    return Senders(server, add_tenant(agents=("anna", "ben", "carl"), **settings))


def changed(body, change):
    """`body` with members changed; those that become ... are left out."""
    return {name: value for name, value in {**body, **change}.items() if value is not ...}


def mark_item(**change):
    return changed({"name": fresh_name(), "executorList": ["anna"], "customerGroupKey": 2,
                    "customerGroupValue": "8613800000001", "contentType": 1, "content": "hi",
                    "type": 2, "startTime": LATER + ":00", "sendTimeMin": 1, "sendTimeMax": 2},
                   change)


def mark(**change):
    return {"data": [mark_item(**change)]}


def sender(**change):
    info = {"agentAccount": "anna", "whatsId": "", "taskType": 1,
            "friendWhatsIds": ["8613800000001", 8613800000002],
            "sendData": [{"sendIndex": 0, "sendType": 1, "content": "hi"}]}
    return {"info": changed(info, change)}


TEXT = [{"type": 1, "text": "hi"}]


def single(senders, **change):
    return changed({"sendWhatsApp": senders.anna[0], "friendWhatsApp": "8613800000001",
                    "targetType": 1, "startTaskTime": LATER, "content": TEXT}, change)


def infos(senders, count=2, **change):
    return [changed({"sendWhatsApp": senders.anna[0],
                     "friendWhatsApp": str(8613800000001 + n)}, change) for n in range(count)]


def many(senders, **change):
    return changed({"sendInfos": infos(senders), "startTaskTime": LATER, "content": TEXT}, change)


def own(senders, **change):
    return changed({"sendInfos": infos(senders, content=TEXT), "startTaskTime": LATER}, change)


def good(senders, path):
    """A body that `path` takes."""
    return {MARK: mark, SENDER: sender, SINGLE: lambda: single(senders),
            MANY: lambda: many(senders), OWN: lambda: own(senders)}[path]()


def data_of(reply):
    assert reply.status == 200 and reply.code == 200, reply.body
    return reply.data


def create(client, path, body, **headers):
    """The id of the one task that is made."""
    data = data_of(client.call(path, body, headers=headers))
    return data[0] if path == MARK else data["taskId"]


def status(client, task, **members):
    return data_of(client.call(STATUS, {"taskId": task, **members}))


def page(client, **members):
    return data_of(client.call(PAGE, members))


def total(client):
    return page(client, pageSize=1)["total"]


def assert_refused(client, path, body, code):
    """Refused with the code, and nothing was made."""
    before = total(client)
    reply = client.call(path, body)
    assert reply.code == code, (code, reply.body)
    assert reply.status == (400 if code == 400 else 200)
    assert total(client) == before
    return reply


def wait_for(client, task, wanted):
    return wait_until(f"{task} is {wanted}",
                      lambda: (lambda now: now if now["status"] == wanted else None)(
                          status(client, task)))
