"""open/customerGroup/save, …/del, …/query, and `wscrm group`."""

import threading

import pytest
from harness import QUERY, Client

SAVE = "/wscrm-bus-api/open/customerGroup/save"
DEL = "/wscrm-bus-api/open/customerGroup/del"
ASK = "/wscrm-bus-api/open/customerGroup/query"


@pytest.fixture
def tenant(add_tenant):
    """A tenant of the test's own, for lists of all groups."""
    return add_tenant(rate_limit=0)


def save(client, name, numbers):
    reply = client.call(SAVE, {"name": name, "whatsIds": numbers})
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def groups(client, **members):
    reply = client.call(ASK, members)
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def members_of(client, name):
    group, = groups(client, name=name)
    assert group["size"] == len(group["whatsIds"])
    return group["whatsIds"]


def assert_refused(reply, status, code, *said):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    for part in said:
        assert part in reply.message, reply.message


def test_a_saved_group_is_listed_with_its_size_and_by_name_with_its_numbers(client, fresh):
    numbers = [fresh() for _ in range(3)]
    assert groups(client) == []
    assert save(client, "vip", numbers[::-1]) == {"name": "vip", "size": 3}
    assert save(client, "Ünïcode 组", numbers[:1]) == {"name": "Ünïcode 组", "size": 1}
    reply = client.call(ASK, b"")
    assert reply.body.decode() == ('{"code":200,"message":"Success","data":[{"name":"vip","size":3},'
                                   '{"name":"Ünïcode 组","size":1}]}')
    assert groups(client, name="vip") == [{"name": "vip", "size": 3, "whatsIds": sorted(numbers)}]


def test_saving_again_replaces_the_numbers(client, fresh):
    numbers = [fresh() for _ in range(400)]
    for part in (numbers[:300], numbers[299:], numbers[:2], numbers[2:3]):
        save(client, "vip", part)
        assert members_of(client, "vip") == sorted(part)
    assert groups(client) == [{"name": "vip", "size": 1}]


def test_a_number_stands_in_a_group_once_whatever_its_form(client):
    numbers = ["525511112222", "5215511112222", "+52 55 1111 2222", 15266667779, "15266667779"]
    assert save(client, "vip", numbers)["size"] == 2
    assert members_of(client, "vip") == ["15266667779", "525511112222"]


def test_a_deleted_group_is_gone(client, number):
    save(client, "vip", [number])
    reply = client.call(DEL, {"name": "vip"})
    assert (reply.code, reply.data) == (200, None)
    assert groups(client) == []
    for path in (DEL, ASK):
        assert_refused(client.call(path, {"name": "vip"}), 200, 511, "customer group value error")


def test_names_differ_by_case(client, number):
    save(client, "vip", [number])
    assert_refused(client.call(ASK, {"name": "VIP"}), 200, 511)


@pytest.mark.parametrize("path", [SAVE, DEL])
@pytest.mark.parametrize("name", [None, ""])
def test_no_name_is_503(client, number, path, name):
    assert_refused(client.call(path, {"name": name, "whatsIds": [number]}), 200, 503,
                   "name is empty")


def test_no_name_in_the_query_is_all_groups(client, number):
    save(client, "vip", [number])
    for members in ({"name": ""}, {"name": None}, {}):
        assert groups(client, **members) == [{"name": "vip", "size": 1}]


@pytest.mark.parametrize("name", ["a,b", " a", "a ", "a\nb", "x" * 256, True, [], {}])
def test_a_bad_name_is_400(client, number, name):
    assert_refused(client.call(SAVE, {"name": name, "whatsIds": [number]}), 400, 400, "name: ")
    assert groups(client) == []


def test_a_name_may_be_long_and_look_like_a_number(client, number):
    save(client, "é" * 255, [number])
    save(client, 7, [number])
    assert [group["name"] for group in groups(client)] == ["7", "é" * 255]


@pytest.mark.parametrize("numbers", [None, [], ""])
def test_no_numbers_are_534_and_the_group_stays(client, number, numbers):
    save(client, "vip", [number])
    assert_refused(client.call(SAVE, {"name": "vip", "whatsIds": numbers}), 200, 534)
    assert members_of(client, "vip") == [number]


@pytest.mark.parametrize("bad", ["12", "x", "", None, 1.5, {}])
def test_a_bad_number_is_400_and_named_and_the_group_stays(client, number, bad):
    save(client, "vip", [number])
    reply = client.call(SAVE, {"name": "vip", "whatsIds": ["15266667779", bad]})
    assert_refused(reply, 400, 400, "whatsIds[1]: 7 to 15 digits")
    assert members_of(client, "vip") == [number]


def test_100000_numbers_are_saved_whole_beside_other_calls_and_100001_are_507(
        server, tenant, client, fresh):
    numbers = [str(8613000000000 + i) for i in range(100_001)]
    number, seen, done = fresh(), [], threading.Event()

    def watch():
        with Client(server, tenant) as other:
            while not done.is_set():
                seen.append(groups(other)[0]["size"])
                other.imported([{"whatsApp": number, "agentAccount": "anna"}])

    save(client, "all", [number])
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert save(client, "all", numbers[:100_000])["size"] == 100_000
    finally:
        done.set()
        watcher.join()
    assert seen and set(seen) <= {1, 100_000}
    assert members_of(client, "all") == numbers[:100_000]
    assert_refused(client.call(SAVE, {"name": "all", "whatsIds": numbers}), 200, 507)
    assert members_of(client, "all") == numbers[:100_000]


def test_a_tenant_has_at_most_1000_groups(client, number):
    for i in range(1000):
        save(client, f"g{i}", [number])
    assert_refused(client.call(SAVE, {"name": "more", "whatsIds": [number]}), 200, -1, "1000")
    save(client, "g7", [number, "15266667779"])
    assert len(groups(client)) == 1000


def test_tenants_do_not_see_each_others(server, client, add_tenant, number):
    with Client(server, add_tenant(rate_limit=0)) as stranger:
        save(stranger, "vip", [number])
        assert groups(client) == []
        for path in (DEL, ASK):
            assert_refused(client.call(path, {"name": "vip"}), 200, 511)
        save(client, "vip", ["15266667779"])
        assert members_of(stranger, "vip") == [number]


def test_a_group_does_not_make_customers(client, number):
    save(client, "vip", [number])
    assert client.call(QUERY, [{"whatsApp": number}]).data == []


def test_groups_hold_over_a_kill(own_server, fresh):
    server, numbers = own_server(), [fresh() for _ in range(1000)]
    tenant = server.add_tenant(77, rate_limit=0)
    with Client(server, tenant) as client:
        save(client, "vip", numbers)
    server.kill()
    server.start()
    with Client(server, tenant) as client:
        assert members_of(client, "vip") == numbers


# --- the command


def test_the_command_saves_lists_shows_and_removes(server, tenant, client, fresh, tmp_path):
    numbers = sorted(fresh() for _ in range(4))
    (tmp_path / "numbers").write_text("\n".join(numbers[2:] + numbers[:1]))
    command = lambda *words, **more: server.command("group", *words, **more).stdout
    command("save", "--tenant", tenant.id, "vip", numbers[1], f"@{tmp_path}/numbers")
    command("save", "--tenant", tenant.id, "one", "-", text=numbers[0])
    assert command("list", "--tenant", tenant.id) == "one\t1\nvip\t4\n"
    assert command("show", "--tenant", tenant.id, "vip") == "".join(f"{n}\n" for n in numbers)
    assert members_of(client, "vip") == numbers
    command("remove", "--tenant", tenant.id, "vip")
    assert groups(client) == [{"name": "one", "size": 1}]


def test_the_command_takes_100000_numbers(server, tenant):
    numbers = "".join(f"+{86_13000000000 + i}\r\n" for i in range(100_000))
    server.command("group", "save", "--tenant", tenant.id, "all", "-", text=numbers)
    assert server.command("group", "list", "--tenant", tenant.id).stdout == "all\t100000\n"


@pytest.mark.parametrize("words,status,said", [
    (["show", "nothing"], 1, 'tenant 1 has no group "nothing"'),
    (["remove", "nothing"], 1, 'tenant 1 has no group "nothing"'),
    (["save", "vip"], 2, "NUMBER is missing"),
    (["save", "a,b", "15266667779"], 2, "NAME: "),
    (["save", "vip", "x"], 2, "NUMBER: 7 to 15 digits"),
    (["save", "vip", "@/nonexistent"], 1, "/nonexistent: No such file"),
    (["list", "more"], 2, "one argument too many: more"),
])
def test_what_the_command_cannot_do_is_named(server, words, status, said):
    done = server.command("group", words[0], "--tenant", "1", *words[1:], check=False)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


# --- groups by rule

def test_a_group_may_be_a_rule(client, number):
    rule = {"stage": "Old", "tabName": "a,b", "agentAccount": "anna", "optOut": False}
    reply = client.call(SAVE, {"name": "rule", "segment": {**rule, "source": ""}})
    assert (reply.code, reply.data) == (200, {"name": "rule", "size": None, "segment": rule})
    save(client, "list", [number])
    assert groups(client) == [{"name": "list", "size": 1},
                              {"name": "rule", "size": None, "segment": rule}]
    assert groups(client, name="rule") == [
        {"name": "rule", "size": None, "segment": rule, "whatsIds": []}]
    save(client, "rule", [number])
    assert groups(client, name="rule") == [{"name": "rule", "size": 1, "whatsIds": [number]}]


def test_a_rule_is_judged_as_the_segment_of_a_page(client, number):
    for segment, status, code in (
            ([], 400, 400), ("x", 400, 400), ({"group": "vip"}, 400, 400),
            ({"agentAccount": "nobody"}, 200, 531), ({"createdAfter": "x"}, 200, 519),
            ({"extensionField": {"none": "x"}}, 200, 533)):
        assert_refused(client.call(SAVE, {"name": "rule", "segment": segment}), status, code)
    both = {"name": "rule", "segment": {"stage": "Old"}, "whatsIds": [number]}
    assert_refused(client.call(SAVE, both), 400, 400, "one of the two")
    assert_refused(client.call(SAVE, {"name": "rule"}), 200, 534)
    assert groups(client) == []


def test_a_segment_cannot_name_a_group_that_is_a_rule(client):
    client.call(SAVE, {"name": "rule", "segment": {}})
    reply = client.call("/wscrm-bus-api/customer/page", {"info": {"group": "rule"}})
    assert_refused(reply, 200, 511)
