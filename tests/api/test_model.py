"""Random calls of three tenants against a model each, with the server killed in between.

All tenants use the same numbers, names and tags, and each text says whose it is: what crosses from one
to another shows. Every answer is compared with the model's, so a lost update or a wrong page shows.
The seed is fixed; WSCRM_SEED=N runs another sequence.
"""

import os
import random
import threading

import pytest
from harness import BATCH_IMPORT, BUILD, IMPORT, Client
from model import BASIC, Model, canonical

SEED = int(os.environ.get("WSCRM_SEED", 3))
STEPS = {"release": 900, "asan": 450, "tsan": 150}[BUILD]
KILLS = 6

OPT_OUT = "/wscrm-bus-api/open/optOut/"
GROUP = "/wscrm-bus-api/open/customerGroup/"
DELETE = "/wscrm-bus-api/open/customer/del"
PAGE = "/wscrm-bus-api/customer/page"
DISOWN = "/wscrm-bus-api/open/customer/setPrincipalAsNull"
HISTORY = "/wscrm-bus-api/customer/history"

# Some with two forms, each of which is used.
NUMBERS = [str(8613900000000 + i) for i in range(24)]
NUMBERS += [str(525512345000 + i) for i in range(6)] + [str(5215512345000 + i) for i in range(6)]
TAGS = ["vip", "new", "old", "late", "red"]
STAGES = ["won", "lost", "open"]


class Actor:
    """One tenant: its client, its model, its dice."""

    def __init__(self, server, tenant, seed):
        self.server, self.tenant = server, tenant
        self.dice = random.Random(seed)
        self.model = Model(("anna", "ben"))
        self.client = None
        self.serial = 0
        self.connect()

    def connect(self):
        if self.client:
            self.client.close()
        self.client = Client(self.server, self.tenant)

    def call(self, path, value, method="POST", headers=None):
        reply = self.client.call(path, value, method, headers)
        assert reply.status == 200, (path, value, reply.body)
        return reply

    def good(self, path, value, method="POST"):
        reply = self.call(path, value, method)
        assert reply.code == 200, (path, value, reply.body)
        return reply.data

    def some(self, most):
        return self.dice.sample(NUMBERS, self.dice.randint(1, most))

    def text(self):
        self.serial += 1
        return f"{self.tenant.id}:{self.serial}" + self.dice.choice(["", " ü", ' "\\', " \U0001f600", " אב"])

    # --- what an actor does

    def item(self, number):
        dice = self.dice
        item = {"whatsApp": number, "agentAccount": dice.choice(sorted(self.model.agents))}
        for name in BASIC:
            if dice.random() < 0.3:
                item[name] = dice.choice([self.text(), self.text(), "", None])
        if "birthday" in item and item["birthday"]:
            item["birthday"] = f"19{dice.randint(10, 99)}/0{dice.randint(1, 9)}/1{dice.randint(0, 9)}"
        if item.get("stage"):
            item["stage"] = f"{self.tenant.id} {dice.choice(STAGES)}"
        for name in ("tabName", "cancelTabName"):
            if dice.random() < 0.4:
                tags = dice.sample(TAGS, dice.randint(1, 3))
                item[name] = ", ".join(f"{self.tenant.id} {tag}" for tag in tags)
        if dice.random() < 0.05:
            item["tabName"] = None
        if dice.random() < 0.3:
            item["sex"] = dice.choice(["male", "female", "", None])
        return item

    def batch_import(self):
        items = [self.item(number) for number in self.some(6)]
        data = self.good(BATCH_IMPORT, {"data": items})
        assert data["isAllOk"] and data["successWhatsIds"] == [item["whatsApp"] for item in items]
        for item in items:
            self.model.imports(item, BATCH_IMPORT)

    def put_import(self):
        agent = self.dice.choice(sorted(self.model.agents))
        items = [self.item(number) for number in self.some(3)]
        for item in items:
            del item["agentAccount"]
        assert self.good(IMPORT, {"userName": agent, "data": items}, "PUT")["isAllOk"]
        for item in items:
            self.model.imports({**item, "agentAccount": agent}, IMPORT)

    def bad_import(self):
        """A bad item changes nothing and takes none along."""
        good, bad = (self.item(number) for number in self.dice.sample(NUMBERS, 2))
        bad[self.dice.choice(["agentAccount", "Faction", "birthday"])] = "nobody has this"
        data = self.good(BATCH_IMPORT, {"data": [bad, good]})
        assert (data["failWhatsIds"], data["successWhatsIds"]) == ([bad["whatsApp"]], [good["whatsApp"]])
        self.model.imports(good, BATCH_IMPORT)

    def repeat_import(self):
        """The same call with the same key is one import, whatever came between."""
        key, items = {"Idempotency-Key": self.text()[:6] + str(self.serial)}, [self.item(NUMBERS[0])]
        first = self.call(BATCH_IMPORT, {"data": items}, headers=key)
        assert first.code == 200
        self.model.imports(items[0], BATCH_IMPORT)
        self.batch_import()
        assert self.call(BATCH_IMPORT, {"data": items}, headers=key).body == first.body
        self.look_at_customers()

    def delete_some(self):
        numbers = self.some(4)
        assert self.good(DELETE, {"type": 3, "item": numbers}) == len(self.model.deletes(numbers))

    def delete_of_agent(self):
        agent = self.dice.choice(sorted(self.model.agents))
        owned = [n for n, one in self.model.customers.items() if one["agentAccount"] == agent]
        assert self.good(DELETE, {"type": 2, "item": [agent]}) == len(self.model.deletes(owned))

    def delete_all(self):
        there = list(self.model.customers)
        assert self.good(DELETE, {"type": 1}) == len(self.model.deletes(there))

    def set_opt_out(self):
        numbers, on = self.some(4), self.dice.random() < 0.6
        reason = self.text() if self.dice.random() < 0.5 else ""
        self.good(OPT_OUT + "set", {"whatsIds": numbers, "optOut": on, "reason": reason})
        for number in numbers:
            self.model.opts_out(number, on, reason, OPT_OUT + "set")

    def save_group(self):
        name, numbers = f"group {self.dice.randint(1, 3)}", self.some(12)
        data = self.good(GROUP + "save", {"name": name, "whatsIds": numbers})
        self.model.saves_group(name, numbers)
        assert data == {"name": name, "size": len(self.model.groups[name])}

    def delete_group(self):
        name = f"group {self.dice.randint(1, 3)}"
        reply = self.call(GROUP + "del", {"name": name})
        assert reply.code == (200 if name in self.model.groups else 511)
        self.model.groups.pop(name, None)

    def disown(self):
        numbers = self.some(5)
        data = self.good(DISOWN, {"data": numbers})
        there = [number for number in numbers if self.model.disowns(number, DISOWN)]
        assert data["successWhatsIds"] == there
        assert data["failWhatsIds"] == [number for number in numbers if number not in there]

    def change_agents(self):
        if "carl" in self.model.agents:
            self.good("/se-api/user/del", {"username": "carl"})
            self.model.removes_agent("carl", "/se-api/user/del")
        else:
            self.good("/se-api/user/add", {"username": "carl", "nickname": "C", "password": "secret77"})
            self.model.agents.add("carl")

    # --- what an actor looks at

    def look_at_customers(self):
        asked = self.some(12)
        shown = self.client.customers(*asked)
        expected = [self.model.shown(number) for number in asked]
        for customer in shown:
            assert 0 < customer.pop("createTime") <= customer.pop("updateTime")
        assert shown == [customer for customer in expected if customer]

    def look_at_opt_outs(self):
        asked = self.some(12)
        data = self.good(OPT_OUT + "query", {"whatsIds": asked})
        assert [one["whatsId"] for one in data] == asked
        assert [(one["optOut"], one["reason"]) for one in data] == [self.model.opt_out(n) for n in asked]

    def look_at_groups(self):
        sizes = {one["name"]: one["size"] for one in self.good(GROUP + "query", {})}
        assert sizes == {name: len(members) for name, members in self.model.groups.items()}
        for name, members in self.model.groups.items():
            (one,) = self.good(GROUP + "query", {"name": name})
            assert sorted(map(canonical, one["whatsIds"])) == sorted(map(canonical, members))

    def info(self):
        dice, info = self.dice, {}
        if dice.random() < 0.4:
            info["stage"] = f"{self.tenant.id} {dice.choice(STAGES)}"
        if dice.random() < 0.3:
            info["tabName"] = f"{self.tenant.id} {dice.choice(TAGS)}"
        if dice.random() < 0.3:
            info["agentAccount"] = dice.choice(sorted(self.model.agents))
        if dice.random() < 0.2:
            info["optOut"] = dice.random() < 0.5
        if dice.random() < 0.2 and self.model.groups:
            info["group"] = dice.choice(sorted(self.model.groups))
        if dice.random() < 0.3:
            info["keyword"] = dice.choice([f"{self.tenant.id}:", "1", ":2", "Ü", "86139", "52155", "0003"])
        return info

    def look_at_pages(self):
        """Page by page with the cursor, and one by its number."""
        info, size = self.info(), self.dice.randint(1, 9)
        expected, got, cursor = self.model.page(info), [], {}
        while cursor is not None:
            data = self.good(PAGE, {"pageSize": size, "info": info, **cursor})
            assert (data["total"], data["size"]) == (len(expected), size)
            got += data["records"]
            cursor = {"cursor": data["nextCursor"]} if data.get("nextCursor") else None
        third = self.good(PAGE, {"pageSize": size, "current": 3, "info": info})["records"]
        for customer in got + third:
            del customer["createTime"], customer["updateTime"]
        assert got == expected
        assert third == expected[2 * size : 3 * size]

    def look_at_history(self):
        number = self.dice.choice(NUMBERS)
        expected = self.model.history_of(number)
        data = self.good(HISTORY, {"whatsApp": number, "pageSize": 500})
        records = [(one["field"], one["from"], one["to"], one["cause"]) for one in data["records"]]
        assert (data["total"], records) == (len(expected), expected)
        times = [one["time"] for one in data["records"]]
        assert times == sorted(times, reverse=True)

    def look_at_agents(self):
        users = self.good("/group-dispatch-api/user/listUserByTenantId", {})
        assert {user["userName"] for user in users} == self.model.agents

    def look_at_everything(self):
        for step in (self.look_at_customers, self.look_at_opt_outs, self.look_at_groups,
                     self.look_at_pages, self.look_at_history, self.look_at_agents):
            step()

    STEPS = {
        batch_import: 20, put_import: 8, bad_import: 4, set_opt_out: 8, save_group: 4, delete_group: 1,
        disown: 4, change_agents: 1, repeat_import: 3, delete_some: 6, delete_of_agent: 2, delete_all: 1,
        look_at_customers: 20, look_at_opt_outs: 6, look_at_groups: 4, look_at_history: 10,
        look_at_pages: 12, look_at_agents: 2,
    }

    def step(self):
        (chosen,) = self.dice.choices(list(self.STEPS), list(self.STEPS.values()))
        chosen(self)


@pytest.fixture
def actors(own_server):
    server = own_server()
    tenants = [server.add_tenant(2000 + i, rate_limit=0) for i in range(3)]
    made = [Actor(server, tenant, SEED * 1000 + i) for i, tenant in enumerate(tenants)]
    yield made
    for actor in made:
        actor.client.close()


def run(actors, steps):
    """All at once, a thread each; the first failure is the test's."""
    failures = []

    def work(actor):
        try:
            for _ in range(steps):
                actor.step()
        except BaseException as failure:  # noqa: B902 - it is raised again below
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.threads
def test_three_tenants_see_what_their_models_say_whatever_happens(actors):
    server = actors[0].server
    for _ in range(KILLS):
        run(actors, STEPS // KILLS)
        server.kill()
        server.start()
        for actor in actors:
            actor.connect()
            actor.look_at_everything()
    assert server.command("check").returncode == 0
    print(f"seed {SEED}: {[len(actor.model.customers) for actor in actors]} customers in the end")


def test_two_clients_of_a_tenant_who_change_different_fields_lose_nothing(own_server, fresh):
    """Both write to the same customers at once, each its own fields, and read only those back."""
    server = own_server()
    tenant = server.add_tenant(2000, rate_limit=0)
    numbers = [fresh() for _ in range(10)]
    failures = []

    def work(name, seed):
        dice, written = random.Random(seed), {}
        try:
            with Client(server, tenant) as client:
                for i in range(STEPS // 3):
                    number = dice.choice(numbers)
                    written[number] = f"{name} {i}"
                    client.imported([{"whatsApp": number, "agentAccount": "anna", name: written[number]}])
                    look = dice.choice(sorted(written))
                    assert client.customer(look)[name] == written[look]
        except BaseException as failure:  # noqa: B902 - it is raised again below
            failures.append(failure)

    fields = ["friendName", "address", "email", "desc"]
    threads = [threading.Thread(target=work, args=(name, seed)) for seed, name in enumerate(fields)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
