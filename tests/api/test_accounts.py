"""Agents and WhatsApp accounts: user/add, user/del, user/query, the lists, and who is online."""

import hashlib
import select
import sqlite3
from contextlib import closing

import pytest
from harness import DEMO, PATIENCE_S, Client, Connection, now_ms, request_bytes, to_bytes

ADD = "/se-api/user/add"
DEL = "/se-api/user/del"
ASK = "/se-api/user/query"
LIST = "/group-dispatch-api/user/listUserByTenantId"
STATUS = "/group-dispatch-api/user/queryUserStatus"
ALL_ONLINE = "/group-dispatch-api/user/queryAllOlWhatsAppInfo"
ACCOUNT = "/group-dispatch-api/whatsapp/queryWhatsAppStatus"

TAKEN = "username: the tenant has a user of that name already"


def assert_refused(reply, code, message):
    wanted = {"code": code, "message": message, "data": ""}
    assert (reply.status, reply.envelope) == (200, wanted)


def assert_http_error(reply, status, message):
    wanted = {"code": status, "message": message, "data": ""}
    assert (reply.status, reply.envelope) == (status, wanted)


def assert_done(reply):
    assert (reply.status, reply.envelope) == (200, {"code": 200, "message": "success", "data": None})


def data_of(reply):
    assert (reply.status, reply.code, reply.message) == (200, 200, "success"), reply
    return reply.data


def new_user(name, **more):
    return {"username": name, "nickname": "Nick", "password": "correct horse", **more}


@pytest.fixture
def own_tenant(add_tenant):
    """A tenant of the test's own, with agents anna and ben."""
    return add_tenant(rate_limit=0)


@pytest.fixture
def own_client(server, own_tenant):
    with Client(server, own_tenant) as made:
        yield made


@pytest.fixture
def add_account(server, own_tenant, fresh):
    """add_account(agent, *options): one more sandbox account of the test's own tenant; its number."""
    def add(agent, *options, tenant=own_tenant):
        number = fresh()
        server.command("account", "add", "--tenant", tenant.id, number, "--agent", agent,
                       "--transport", "sandbox", *options)
        return number
    return add


def get(client, query, headers=None, body=b""):
    return client.exchange(request_bytes("GET", ACCOUNT + query, body,
                                         client.tenant.headers() if headers is None else headers))


# --- both schemes

BODIES = {
    ADD: new_user("both_schemes"),
    ASK: {"username": "anna"},
    DEL: {"username": "both_schemes"},
    LIST: {},
    STATUS: {"source": 1},
    ALL_ONLINE: {},
}


def test_every_call_takes_either_token_scheme(own_client, own_tenant):
    answers = [own_client.call(path, body).envelope for path, body in BODIES.items()]
    again = [own_client.call_body(path, own_tenant.admin, body).envelope
             for path, body in BODIES.items()]
    assert [answer["code"] for answer in answers] == [200] * len(BODIES)
    assert again == answers


def test_a_get_may_sign_in_a_body_and_is_asked_in_its_query(own_client, own_tenant, add_account):
    number = add_account("anna")
    body = to_bytes(own_tenant.body("boss", {"whatsapp": "12"}))
    assert data_of(get(own_client, f"?whatsapp={number}", {}, body))["whatsApp"] == number
    assert_refused(get(own_client, f"?whatsapp={number}", {}), 523, "tenantId is null")


@pytest.mark.parametrize("path", BODIES)
def test_a_wrong_token_gets_nothing(own_client, own_tenant, path):
    assert own_client.call(path, BODIES[path], headers={"token": "0" * 32}).code == 522


def test_an_empty_body_is_an_empty_object(own_client):
    assert [agent["userName"] for agent in data_of(own_client.call(LIST, b""))] == ["anna", "ben"]
    assert data_of(own_client.call(STATUS, b"")) == []
    assert data_of(own_client.call(ALL_ONLINE, b"")) == []


@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_no_object_is_refused(own_client, path):
    assert_http_error(own_client.call(path, []), 400, "body: object expected")


# --- user/add

def test_an_added_user_is_an_agent_at_once(own_client, own_tenant, fresh):
    number = fresh()

    def signed():
        return own_client.call_body(LIST, "carl", {})

    assert_refused(signed(), 516, "main userId is null")
    assert_done(own_client.call(ADD, new_user("carl")))
    assert [agent["userName"] for agent in data_of(signed())] == ["anna", "ben", "carl"]
    own_client.imported([{"whatsApp": number, "agentAccount": "carl"}])
    assert own_client.customer(number)["agentAccount"] == "carl"


def test_names_and_passwords_may_come_as_numbers_and_a_nickname_may_be_left_out(own_client):
    assert_done(own_client.call(ADD, {"username": 202510161, "nickname": 1016, "password": 123456}))
    assert_done(own_client.call(ADD, {"username": "李 雷", "nickname": "", "password": "123456"}))
    shown = {agent["userName"]: agent["nickname"] for agent in data_of(own_client.call(LIST, {}))}
    assert shown == {"anna": "", "ben": "", "202510161": "1016", "李 雷": ""}


@pytest.mark.parametrize("name", ["anna", "boss"])
def test_a_name_is_used_once(own_client, name):
    assert_refused(own_client.call(ADD, new_user(name)), -1, TAKEN)


def test_of_many_who_add_the_same_name_at_once_one_succeeds(server, own_tenant):
    clients = [Client(server, own_tenant) for _ in range(8)]
    request = request_bytes("POST", ADD, to_bytes(new_user("carl")), own_tenant.headers())
    for client in clients:
        client.connection = Connection(server.port)
        client.connection.send(request)
    replies = [client.connection.reply() for client in clients]
    assert sorted(reply.code for reply in replies) == [-1] * 7 + [200]
    assert {reply.message for reply in replies} == {"success", TAKEN}
    for client in clients:
        client.close()


@pytest.mark.parametrize("name", [None, "", "missing"])
def test_a_user_needs_a_name(own_client, name):
    body = new_user(name)
    if name == "missing":
        del body["username"]
    for path in (ADD, DEL, ASK):
        assert_refused(own_client.call(path, body), 524, "userName is null")


@pytest.mark.parametrize("name", ["a,b", " a", "a ", "a\tb", "a\u007f"])
def test_a_name_that_lists_could_not_hold_is_refused(own_client, name):
    assert_refused(own_client.call(ADD, new_user(name)), -1,
                   "username: no commas, no control characters, no blanks at its ends")


@pytest.mark.parametrize("password", [None, "", "12345", 12345, "你好你好你", "missing"])
def test_a_password_has_at_least_6_characters(own_client, password):
    body = new_user("carl", password=password)
    if password == "missing":
        del body["password"]
    assert_refused(own_client.call(ADD, body), -1, "password: 6 to 128 characters expected")
    assert_refused(own_client.call(ASK, body), 531, "userName is error")


@pytest.mark.parametrize("member, most", [("username", 255), ("nickname", 255), ("password", 128)])
def test_texts_have_a_longest_length(own_client, member, most):
    assert_http_error(own_client.call(ADD, new_user("carl", **{member: "é" * (most + 1)})), 400,
                      f"{member}: longer than {most}")
    assert_done(own_client.call(ADD, new_user("carl", **{member: "é" * most})))


@pytest.mark.parametrize("member", ["username", "nickname", "password"])
@pytest.mark.parametrize("value", [{}, [], True])
def test_what_is_no_text_is_refused_with_its_place(own_client, member, value):
    assert_http_error(own_client.call(ADD, new_user("carl", **{member: value})), 400,
                      f"{member}: text expected")


def test_the_password_is_kept_as_a_hash_and_stands_nowhere_else(own_server, tmp_path):
    server = own_server("--log-level", "debug", "--log-requests", "all")
    tenant = server.add_tenant(7, rate_limit=0)
    secrets = ["never to be seen 1", "never to be seen 2", "no,1"]
    with Client(server, tenant) as client:
        replies = [client.call(ADD, new_user("carl", password=secrets[0])),
                   client.call(ADD, new_user("carl", password=secrets[0])),
                   client.call_body(ADD, "boss", new_user("dora", password=secrets[1])),
                   client.call(ADD, new_user("emil", password=secrets[2])),
                   client.call(ASK, {"username": "carl"}), client.call(LIST, {})]
        assert [reply.code for reply in replies] == [200, -1, 200, -1, 200, 200]
    with closing(sqlite3.connect(f"file:{server.data}/wscrm.db?mode=ro", uri=True)) as database:
        hashes = dict(database.execute("SELECT user_name, password_hash FROM agent WHERE tenant = 7"
                                       " AND password_hash IS NOT NULL"))
    assert sorted(hashes) == ["carl", "dora"]
    name, cost, r, p, salt, hashed = hashes["carl"].split("$")
    derived = hashlib.scrypt(secrets[0].encode(), salt=bytes.fromhex(salt), n=2 ** int(cost), r=int(r),
                             p=int(p), maxmem=1 << 26, dklen=32)
    assert (name, hashed) == ("scrypt", derived.hex())
    server.stop()
    everywhere = [server.stderr().encode(), *(reply.body for reply in replies),
                  *(path.read_bytes() for path in server.data.iterdir() if path.is_file())]
    for secret in secrets:
        assert not any(secret.encode() in text for text in everywhere), secret


def send_on_its_own(server, tenant, name):
    connection = Connection(server.port)
    connection.send(request_bytes("POST", ADD, to_bytes(new_user(name)), tenant.headers()))
    return connection


def test_a_worker_serves_others_while_passwords_are_hashed(own_server):
    server = own_server("--workers", "1", "--helpers", "1")
    tenant = server.add_tenant(7, rate_limit=0)
    adding = [send_on_its_own(server, tenant, f"agent{i}") for i in range(12)]
    with Connection(server.port) as other:
        other.send(request_bytes("GET", "/healthz"))
        assert other.reply().status == 200
        answered = select.select([one.socket for one in adding], [], [], 0)[0]
    assert len(answered) < len(adding)
    assert {one.reply().code for one in adding} == {200}
    for one in adding:
        one.close()


def test_more_passwords_at_once_than_helpers_have_room_for_are_refused(own_server):
    server = own_server("--helpers", "1")
    tenant = server.add_tenant(7, rate_limit=0)
    adding = {one.socket: one for one in
              (send_on_its_own(server, tenant, f"agent{i}") for i in range(300))}
    refused = None
    while not refused:
        ready = select.select(list(adding), [], [], PATIENCE_S)[0]
        assert ready, "nobody was refused"
        replies = [adding.pop(one).reply() for one in ready]
        refused = next((reply for reply in replies if reply.status != 200), None)
    assert_http_error(refused, 503, "busy, try again")
    server.kill()  # the others would take a quarter of a minute
    for one in adding.values():
        one.close()


def test_a_tenant_has_at_most_10000_agents_and_all_are_listed(own_server):
    server = own_server()
    server.stop()
    with closing(sqlite3.connect(server.data / "wscrm.db")) as database, database:
        database.executemany(
            "INSERT INTO agent (tenant, user_name, nickname, created_ms) VALUES (1, ?, '', 0)",
            ((f"agent{i}",) for i in range(9998)))
        database.executemany(
            "INSERT INTO account (number, tenant, agent, transport, platform, settings, created_ms)"
            " SELECT ?, 1, id, 'sandbox', ?, '{}', 0 FROM agent WHERE tenant = 1 AND user_name = ?",
            ((8613000000000 + i, ["pc", "mobile", "cloud"][i % 3], f"agent{i}") for i in range(9998)))
    server.start()
    with Client(server, DEMO) as client:
        assert_refused(client.call(ADD, new_user("one more")), -1,
                       "the tenant has 10000 agents: no more")
        agents = data_of(client.call(LIST, {}))
        assert len(agents) == 10000
        assert sorted(agents, key=lambda agent: agent["userId"]) == agents
        online = data_of(client.call(ALL_ONLINE, {}))
        assert [one["source"] for one in online] == ["1", "2", "3"]
        assert sum(len(one["list"]) for one in online) == 10000
        last = data_of(client.call(STATUS, {"userName": "agent9997"}))
        assert [one["whatsAppList"] for one in last] == [[{"whatsApp": "8613000009997", "name": ""}]]
    assert server.command("check").returncode == 0


# --- user/del

def test_customers_and_accounts_of_a_deleted_user_lose_him(own_client, add_account, fresh):
    numbers = [fresh() for _ in range(3)]
    account = add_account("anna")
    own_client.imported([{"whatsApp": number, "agentAccount": agent}
                         for number, agent in zip(numbers, ["anna", "ben", "anna"])])
    assert_done(own_client.call(DEL, {"username": "anna"}))
    owners = [customer["agentAccount"] for customer in own_client.customers(*numbers)]
    assert owners == ["", "ben", ""]
    assert data_of(get(own_client, f"?whatsapp={account}"))["agentAccount"] == ""
    assert [agent["userName"] for agent in data_of(own_client.call(LIST, {}))] == ["ben"]
    assert_refused(own_client.call_body(LIST, "anna", {}), 516, "main userId is null")


def test_the_history_of_a_customer_says_that_the_call_took_his_owner(server, own_client, number):
    own_client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    assert_done(own_client.call(DEL, {"username": "anna"}))
    with closing(sqlite3.connect(f"file:{server.data}/wscrm.db?mode=ro", uri=True)) as database:
        last = database.execute("SELECT old, new, cause FROM history WHERE number = ?"
                                " ORDER BY id DESC LIMIT 1", (number,)).fetchone()
    assert last == ("anna", "", DEL)


def test_a_user_who_is_not_there_cannot_be_deleted(own_client):
    assert_refused(own_client.call(DEL, {"username": "carl"}), 531, "userName is error")
    assert_done(own_client.call(DEL, {"username": "anna"}))
    assert_refused(own_client.call(DEL, {"username": "anna"}), 531, "userName is error")


def test_the_admin_cannot_be_deleted(own_client):
    assert_refused(own_client.call(DEL, {"username": "boss"}), -1,
                   "username: the admin account cannot be deleted")


def test_in_the_body_scheme_username_is_the_subject_and_userName_signs(own_client):
    assert_done(own_client.call_body(DEL, "anna", {"username": "ben"}))
    assert [agent["userName"] for agent in data_of(own_client.call(LIST, {}))] == ["anna"]
    assert_refused(own_client.call_body(DEL, "anna", {}), 524, "userName is null")


# --- user/query

def test_a_user_is_shown_with_all_ids(own_client, own_tenant):
    assert_done(own_client.call(ADD, new_user("carl", nickname='C. "K"')))
    reply = own_client.call(ASK, {"username": "carl"})
    shown = data_of(reply)
    assert list(shown) == ["mainUserId", "tenantId", "username", "nickname", "guid", "userId"]
    assert shown["mainUserId"] == shown["tenantId"] == int(own_tenant.id)
    assert (shown["username"], shown["nickname"]) == ("carl", 'C. "K"')
    assert isinstance(shown["userId"], int) and shown["guid"].isdigit() and len(shown["guid"]) == 19
    listed = {agent["userName"]: agent["userId"] for agent in data_of(own_client.call(LIST, {}))}
    assert listed["carl"] == shown["userId"]


def test_the_admin_account_has_the_tenants_id(own_client, own_tenant):
    shown = data_of(own_client.call(ASK, {"username": "boss"}))
    guid = str(2 * 10 ** 18 + int(own_tenant.id))
    assert shown == {"mainUserId": int(own_tenant.id), "tenantId": int(own_tenant.id),
                     "username": "boss", "nickname": "", "guid": guid, "userId": int(own_tenant.id)}


def test_an_unknown_user_is_refused(own_client):
    assert_refused(own_client.call(ASK, {"username": "carl"}), 531, "userName is error")


def test_ids_differ_between_tenants_and_stay(server, own_client, add_tenant):
    with Client(server, add_tenant(rate_limit=0)) as other:
        users = [data_of(client.call(ASK, {"username": name}))
                 for client in (own_client, other) for name in ("boss", "anna", "ben")]
        assert len({user["guid"] for user in users}) == 6
        assert len({user["userId"] for user in users}) == 6
        assert data_of(own_client.call(ASK, {"username": "anna"})) == users[1]
    assert_done(own_client.call(DEL, {"username": "anna"}))
    assert_done(own_client.call(ADD, new_user("anna")))
    # Another agent of the same name.
    assert data_of(own_client.call(ASK, {"username": "anna"}))["guid"] != users[1]["guid"]


# --- who is online

def test_agents_are_online_by_their_accounts(own_client, add_account):
    pc, cloud = add_account("anna", "--name", "jack"), add_account("anna", "--platform", "cloud")
    mobile = add_account("ben", "--platform", "mobile", "--name", '"rose"')
    ids = {agent["userName"]: agent["userId"] for agent in data_of(own_client.call(LIST, {}))}
    jack, unnamed, rose = ({"whatsApp": pc, "name": "jack"}, {"whatsApp": cloud, "name": ""},
                           {"whatsApp": mobile, "name": '"rose"'})
    anna = {"userId": ids["anna"], "agentAccount": "anna", "whatsAppList": [jack, unnamed]}
    ben = {"userId": ids["ben"], "agentAccount": "ben", "whatsAppList": [rose]}

    def ask(**members):
        return data_of(own_client.call(STATUS, members))

    assert ask() == [anna, ben]
    assert list(ask()[0]) == ["userId", "agentAccount", "whatsAppList"]
    assert ask(userId="", userName="", source="") == [anna, ben]
    assert ask(source=1) == [{**anna, "whatsAppList": [jack]}]
    assert ask(source="2") == [ben]
    assert ask(source=3) == [{**anna, "whatsAppList": [unnamed]}]
    assert ask(userId=ids["ben"]) == ask(userId=str(ids["ben"])) == [ben]
    assert ask(userName="anna") == [anna]
    assert ask(userName="anna", userId=ids["ben"]) == []
    assert ask(userName="anna", source=2) == []
    assert ask(userName="nobody") == ask(userId=0) == []
    assert data_of(own_client.call(ALL_ONLINE, {})) == [
        {"source": "1", "list": [{"agentAccount": "anna", "userName": "anna", "whatsAppList": [jack]}]},
        {"source": "2", "list": [{"agentAccount": "ben", "userName": "ben", "whatsAppList": [rose]}]},
        {"source": "3", "list": [{"agentAccount": "anna", "userName": "anna", "whatsAppList": [unnamed]}]},
    ]


def test_the_name_that_signs_filters_unless_it_is_the_admins(own_client, add_account):
    add_account("anna")
    add_account("ben")

    def online(user):
        return [one["agentAccount"] for one in data_of(own_client.call_body(STATUS, user, {}))]

    assert online("boss") == ["anna", "ben"]
    assert online("ben") == ["ben"]
    assert len(data_of(own_client.call(STATUS, {"userName": "boss"}))) == 2


def test_an_account_without_an_agent_is_online_under_no_name(own_client, add_account):
    number = add_account("anna")
    assert_done(own_client.call(DEL, {"username": "anna"}))
    assert data_of(own_client.call(STATUS, {})) == []
    assert data_of(own_client.call(ALL_ONLINE, {})) == [{"source": "1", "list": [
        {"agentAccount": "", "userName": "", "whatsAppList": [{"whatsApp": number, "name": ""}]}]}]


@pytest.mark.parametrize("member, value, expected", [
    ("source", 0, "an integer from 1 to 3"), ("source", 4, "an integer from 1 to 3"),
    ("source", "pc", "an integer from 1 to 3"), ("source", 1.5, "an integer from 1 to 3"),
    ("userId", "anna", "an integer from 0 to 9223372036854775807"),
    ("userId", [1], "an integer from 0 to 9223372036854775807"),
    ("userName", {}, "text"),
])
def test_a_filter_of_another_form_is_refused_with_its_place(own_client, member, value, expected):
    assert_http_error(own_client.call(STATUS, {member: value}), 400, f"{member}: {expected} expected")


# --- one WhatsApp account

def test_an_account_is_shown_with_its_agent_and_since_when_it_is_online(own_client, add_account):
    before = now_ms()
    number = add_account("anna", "--name", "jack", "--platform", "mobile")
    shown = data_of(get(own_client, f"?whatsapp={number}"))
    assert before <= shown["since"] <= now_ms()
    assert list(shown.items()) == [("whatsApp", number), ("name", "jack"), ("agentAccount", "anna"),
                                   ("source", "2"), ("online", True), ("since", shown["since"])]


def test_an_account_is_online_since_the_servers_start_when_that_is_later(own_server):
    server = own_server()
    server.stop()
    before = now_ms()
    server.start()
    after = now_ms()
    with Client(server, DEMO) as client:
        shown = [data_of(get(client, f"?whatsapp={number}"))
                 for number in ("8618217331411", "8618217331412")]
    assert [one["name"] for one in shown] == ["Sales", "Support"]
    assert before <= shown[0]["since"] == shown[1]["since"] <= after


def test_the_number_may_be_written_as_people_do_and_other_parameters_do_not_matter(own_client,
                                                                                   add_account):
    number = add_account("anna")
    for text in (f"%2B{number}", f"+{number}", f"00{number}", f"{number}%40c.us",
                 f"{number[:2]}-{number[2:]}"):
        shown = data_of(get(own_client, f"?tenantId=3&whatsapp={text}&whatsApp=1&x"))
        assert shown["whatsApp"] == number


@pytest.mark.parametrize("query", ["", "?", "?whatsapp", "?whatsapp=", "?whatsApp=8613800000001"])
def test_the_number_is_required(own_client, query):
    assert_refused(get(own_client, query), 532, "customer whats id is null")


@pytest.mark.parametrize("value", ["12", "anna", "0123456789", "8613800000001%40g.us"])
def test_what_is_no_number_is_refused(own_client, value):
    assert_http_error(get(own_client, f"?whatsapp={value}"), 400,
                      "whatsapp: 7 to 15 digits with the country code expected")


@pytest.mark.parametrize("value", ["%", "%4", "%zz", "%00", "%ff"])
def test_a_query_that_cannot_be_decoded_is_refused(own_client, value):
    assert_http_error(get(own_client, f"?whatsapp={value}"), 400,
                      "whatsapp: percent-encoded UTF-8 expected")


def test_an_account_that_the_tenant_does_not_have_is_refused(own_client, number):
    assert_refused(get(own_client, f"?whatsapp={number}"), 508, "no exist userName")


def test_head_is_answered_as_get_without_the_body(own_client, own_tenant, add_account):
    number = add_account("anna")
    length = get(own_client, f"?whatsapp={number}").headers["content-length"]
    with Connection(own_client.server.port) as connection:
        connection.send(request_bytes("HEAD", f"{ACCOUNT}?whatsapp={number}", b"",
                                      own_tenant.headers()))
        reply = connection.reply(head_only=True)
    assert (reply.status, reply.headers["content-length"]) == (200, length)


def test_asking_for_an_account_by_post_is_refused(own_client):
    assert own_client.call(ACCOUNT, {}).status == 405


# --- tenants apart

def test_tenants_never_see_each_others_users_and_accounts(server, own_client, own_tenant, add_tenant,
                                                          add_account):
    theirs = add_tenant(agents=("carl",), rate_limit=0)
    ours_number, their_number = add_account("anna"), add_account("carl", tenant=theirs)
    with Client(server, theirs) as other:
        assert [agent["userName"] for agent in data_of(other.call(LIST, {}))] == ["carl"]
        for path in (ASK, DEL):
            assert_refused(other.call(path, {"username": "anna"}), 531, "userName is error")
        carl = data_of(other.call(ASK, {"username": "carl"}))
        anna = data_of(own_client.call(ASK, {"username": "anna"}))
        assert data_of(other.call(STATUS, {"userId": anna["userId"]})) == []
        assert data_of(other.call(STATUS, {"userName": "anna"})) == []
        online = [{"whatsApp": their_number, "name": ""}]
        assert data_of(other.call(STATUS, {})) == [
            {"userId": carl["userId"], "agentAccount": "carl", "whatsAppList": online}]
        assert data_of(other.call(ALL_ONLINE, {})) == [{"source": "1", "list": [
            {"agentAccount": "carl", "userName": "carl", "whatsAppList": online}]}]
        assert_refused(get(other, f"?whatsapp={ours_number}"), 508, "no exist userName")
        assert_refused(get(own_client, f"?whatsapp={their_number}"), 508, "no exist userName")
        # The same name is another's there.
        assert_done(other.call(ADD, new_user("anna")))
        assert_done(other.call(DEL, {"username": "anna"}))
    assert data_of(own_client.call(ASK, {"username": "anna"})) == anna


@pytest.mark.threads
def test_users_come_and_go_from_many_sides_at_once(server, own_tenant):
    """Each connection adds, asks for, and deletes users of its own; nothing is lost or mixed up."""
    clients = [Client(server, own_tenant) for _ in range(4)]
    for round_number in range(3):
        for path in (ADD, ASK, DEL):
            for i, client in enumerate(clients):
                client.connection = client.connection or Connection(server.port)
                body = to_bytes(new_user(f"user{i}-{round_number}"))
                client.connection.send(request_bytes("POST", path, body, own_tenant.headers()))
            for i, client in enumerate(clients):
                shown = data_of(client.connection.reply())
                assert shown is None or shown["username"] == f"user{i}-{round_number}"
    assert [agent["userName"] for agent in data_of(clients[0].call(LIST, {}))] == ["anna", "ben"]
    for client in clients:
        client.close()
