"""Who calls: both token schemes, and each row of the table of failures in its order."""

import itertools
import json
import time

import pytest
from harness import (
    BATCH_IMPORT,
    DEMO,
    DEMO_CUSTOMER,
    IMPORT,
    QUERY,
    Client,
    Connection,
    md5,
    now_ms,
    request_bytes,
)

ASK = [{"whatsApp": "8613800000000"}]

MESSAGES = {
    501: "appSecret error",
    502: "timestamp timeout",
    516: "main userId is null",
    518: "timestamp is null",
    519: "timestamp is error",
    522: "accessToken is error",
    523: "tenantId is null",
    524: "userName is null",
    525: "token is null",
    526: "createTime is null",
}


def assert_refused(reply, code):
    wanted = {"code": code, "message": MESSAGES[code], "data": ""}
    assert (reply.status, reply.envelope) == (200, wanted)


def assert_good(reply):
    assert (reply.status, reply.code, reply.message) == (200, 200, "Success"), reply.body


def post(client, value, headers=()):
    """A query that signs with exactly what is given."""
    return client.call_unsigned(QUERY, value, headers=headers)


# --- the header scheme ---


class HeaderCall:
    """A good call, to be spoilt: what goes into the token and the headers."""

    def __init__(self, tenant):
        self.key = tenant.key
        self.headers = {"tenant_id": tenant.id, "timestamp": str(now_ms())}
        self.token = lambda made: made

    def send(self, client):
        headers = dict(self.headers)
        made = md5(headers.get("tenant_id", ""), headers.get("timestamp", ""), self.key)
        token = self.token(made)
        if token is not None:
            headers["token"] = token
        return post(client, ASK, headers)


def header(name, value):
    def spoil(call):
        if value is None:
            del call.headers[name]
        else:
            call.headers[name] = value() if callable(value) else value

    return spoil


def token(change):
    def spoil(call):
        call.token = change

    return spoil


def seconds_from_now(seconds):
    return lambda: str(now_ms() + seconds * 1000)


# In the order of the checks: code, what is wrong, how to make it wrong.
HEADER_FAULTS = [
    (523, "no tenant_id", header("tenant_id", None)),
    (523, "an empty tenant_id", header("tenant_id", "")),
    (523, "a tenant_id that is a word", header("tenant_id", "abc")),
    (523, "a tenant_id with a fraction", header("tenant_id", "1.5")),
    (523, "a tenant_id with a tail", header("tenant_id", "1x")),
    (523, "a tenant_id beyond 64 bits", header("tenant_id", "9" * 30)),
    (518, "no timestamp", header("timestamp", None)),
    (518, "an empty timestamp", header("timestamp", "")),
    (519, "a timestamp that is a word", header("timestamp", "now")),
    (519, "a timestamp that is a date", header("timestamp", "2023-06-01 12:12:12")),
    (519, "a timestamp with a fraction", header("timestamp", "1710936559123.5")),
    (519, "a timestamp beyond 64 bits", header("timestamp", "9" * 30)),
    (525, "no token", token(lambda made: None)),
    (525, "an empty token", token(lambda made: "")),
    (502, "a timestamp of 302 s ago", header("timestamp", seconds_from_now(-302))),
    (502, "a timestamp in 330 s", header("timestamp", seconds_from_now(330))),
    (502, "a timestamp in seconds", header("timestamp", lambda: str(int(time.time())))),
    (502, "the largest timestamp", header("timestamp", str(2**63 - 1))),
    (502, "the smallest timestamp", header("timestamp", str(-(2**63)))),
    (501, "an unknown tenant", header("tenant_id", "999999999")),
    (501, "a negative tenant", header("tenant_id", "-1")),
    (522, "another token", token(lambda made: "0" * 32)),
    (522, "an upper-case token", token(lambda made: made.upper())),
    (522, "a token cut short", token(lambda made: made[:-1])),
    (522, "a token with a tail", token(lambda made: made + "0")),
    (522, "a token of one wrong digit", token(lambda made: made[:-1] + "0f"[made[-1] == "0"])),
    (522, "a token of another scheme", token(lambda made: md5("x", made))),
]


@pytest.mark.parametrize("code,spoil", [(c, s) for c, _, s in HEADER_FAULTS],
                         ids=[what for _, what, _ in HEADER_FAULTS])
def test_header_scheme_refuses(client, tenant, code, spoil):
    call = HeaderCall(tenant)
    spoil(call)
    assert_refused(call.send(client), code)


def pairs(faults, chosen):
    """Two faults at once, the earlier first; two that write the same thing cannot be wrong at once."""
    known = {what: (code, spoil) for code, what, spoil in faults}
    for (writes, first), (also, second) in itertools.combinations(chosen, 2):
        if writes != also:
            code, spoil = known[first]
            yield pytest.param(code, spoil, known[second][1], id=f"{first} before {second}")


def header_pairs():
    chosen = [
        ("tenant_id", "no tenant_id"),
        ("tenant_id", "a tenant_id that is a word"),
        ("timestamp", "no timestamp"),
        ("timestamp", "a timestamp that is a word"),
        ("token", "no token"),
        ("timestamp", "a timestamp of 302 s ago"),
        ("tenant_id", "an unknown tenant"),
        ("token", "another token"),
    ]
    return pairs(HEADER_FAULTS, chosen)


@pytest.mark.parametrize("code,first,second", header_pairs())
def test_of_two_faults_the_header_scheme_tells_the_earlier_one(client, tenant, code, first, second):
    call = HeaderCall(tenant)
    second(call)
    first(call)
    assert_refused(call.send(client), code)


def test_header_scheme_takes_a_good_token(client, tenant):
    assert_good(HeaderCall(tenant).send(client))


def test_header_names_are_case_insensitive_and_values_lose_their_blanks(client, tenant):
    signed = tenant.headers()
    odd = {"TENANT_ID": f"  {signed['tenant_id']}  ", "Timestamp": signed["timestamp"] + "\t",
           "tOkEn": signed["token"]}
    assert_good(post(client, ASK, odd))


@pytest.mark.parametrize("seconds", [-290, 0, 290])
def test_header_scheme_takes_a_timestamp_within_300_s(client, tenant, seconds):
    assert_good(post(client, ASK, tenant.headers(now_ms() + seconds * 1000)))


def test_a_token_may_be_used_again_within_its_window(client, tenant):
    signed = tenant.headers()
    for _ in range(3):
        assert_good(post(client, ASK, signed))


def test_a_tenants_own_window_counts(server, add_tenant):
    short, endless = add_tenant(token_window=60), add_tenant(token_window=0)
    with Client(server, short) as client:
        assert_good(post(client, ASK, short.headers(now_ms() - 50_000)))
        assert_refused(post(client, ASK, short.headers(now_ms() - 61_000)), 502)
        assert_refused(post(client, ASK, short.headers(now_ms() + 90_000)), 502)
        for timestamp in (0, 1, 1710936559123, 2**63 - 1, -(2**63)):
            assert_good(post(client, ASK, endless.headers(timestamp)))


def test_the_tenants_new_window_counts_at_once(server, add_tenant):
    tenant = add_tenant()
    signed = tenant.headers(now_ms() - 200_000)
    with Client(server, tenant) as client:
        assert_good(post(client, ASK, signed))
        server.command("tenant", "set", tenant.id, "--token-window", 100)
        assert_refused(post(client, ASK, signed), 502)


def test_a_new_key_counts_at_once_and_the_old_one_no_longer(server, add_tenant):
    tenant = add_tenant()
    with Client(server, tenant) as client:
        assert_good(post(client, ASK, tenant.headers()))
        new_key = server.command("tenant", "rotate-key", tenant.id).stdout.strip()
        assert new_key != tenant.key
        assert_refused(post(client, ASK, tenant.headers()), 522)
        tenant.key = new_key
        assert_good(post(client, ASK, tenant.headers()))


def test_a_removed_tenant_is_unknown(server, add_tenant):
    tenant = add_tenant()
    with Client(server, tenant) as client:
        assert_good(post(client, ASK, tenant.headers()))
        server.command("tenant", "remove", tenant.id)
        assert_refused(post(client, ASK, tenant.headers()), 501)


def test_another_tenants_key_does_not_sign(client, tenant, add_tenant):
    other = add_tenant()
    timestamp = str(now_ms())
    forged = {"tenant_id": tenant.id, "timestamp": timestamp,
              "token": md5(tenant.id, timestamp, other.key)}
    assert_refused(post(client, ASK, forged), 522)


# --- the body scheme ---


class BodyCall:
    """A good call, to be spoilt: members of the body and what goes into the token."""

    def __init__(self, tenant):
        self.key = tenant.key
        self.members = {
            "tenantId": tenant.id,
            "userName": tenant.admin,
            "data": ASK,
            "createTime": tenant.local_time(),
        }
        self.tenant = tenant
        self.token = lambda made: made

    def send(self, client):
        members = dict(self.members)
        signed = [members.get(name) for name in ("tenantId", "userName", "createTime")]
        made = md5(*("" if part is None else str(part) for part in signed), self.key)
        made = self.token(made)
        if made is not None:
            members["token"] = made
        return post(client, members)


def member(name, value=None, gone=False):
    def spoil(call):
        if gone:
            del call.members[name]
        else:
            call.members[name] = value(call.tenant) if callable(value) else value

    return spoil


def local_time(seconds):
    return lambda tenant: tenant.local_time(time.time() + seconds)


BODY_FAULTS = [
    (523, "no tenantId", member("tenantId", gone=True)),
    (523, "an empty tenantId", member("tenantId", "")),
    (523, "a null tenantId", member("tenantId", None)),
    (523, "a tenantId that is a word", member("tenantId", "abc")),
    (523, "a tenantId that is an array", member("tenantId", ["1"])),
    (523, "a tenantId with a fraction", member("tenantId", 1.5)),
    (524, "no userName", member("userName", gone=True)),
    (524, "an empty userName", member("userName", "")),
    (524, "a null userName", member("userName", None)),
    (526, "no createTime", member("createTime", gone=True)),
    (526, "an empty createTime", member("createTime", "")),
    (526, "a null createTime", member("createTime", None)),
    (519, "a createTime that is a word", member("createTime", "now")),
    (519, "a createTime without a time", member("createTime", "2023-06-01")),
    (519, "a createTime with a T", member("createTime", "2023-06-01T12:12:12")),
    (519, "a createTime with a zone", member("createTime", "2023-06-01 12:12:12Z")),
    (519, "a createTime in month 13", member("createTime", "2023-13-01 12:12:12")),
    (519, "a createTime on February 30th", member("createTime", "2023-02-30 12:12:12")),
    (519, "a createTime at 24:00", member("createTime", "2023-06-01 24:00:00")),
    (519, "a createTime of short digits", member("createTime", "2023-6-1 12:12:12")),
    (519, "a createTime in milliseconds", member("createTime", lambda tenant: str(now_ms()))),
    (525, "no token", token(lambda made: None)),
    (525, "an empty token", token(lambda made: "")),
    (502, "a createTime of 302 s ago", member("createTime", local_time(-302))),
    (502, "a createTime in 330 s", member("createTime", local_time(330))),
    (502, "the createTime of the guide", member("createTime", "2023-06-01 12:12:12")),
    (501, "an unknown tenant", member("tenantId", "999999999")),
    (516, "an unknown userName", member("userName", "nobody")),
    (516, "a userName in another case", member("userName", lambda tenant: tenant.admin.upper())),
    (522, "another token", token(lambda made: "0" * 32)),
    (522, "an upper-case token", token(lambda made: made.upper())),
    (522, "a token cut short", token(lambda made: made[:-1])),
    (522, "a token with a tail", token(lambda made: made + "0")),
]


@pytest.mark.parametrize("code,spoil", [(c, s) for c, _, s in BODY_FAULTS],
                         ids=[what for _, what, _ in BODY_FAULTS])
def test_body_scheme_refuses(client, tenant, code, spoil):
    call = BodyCall(tenant)
    spoil(call)
    assert_refused(call.send(client), code)


def body_pairs():
    chosen = [
        ("tenantId", "no tenantId"),
        ("tenantId", "a tenantId that is a word"),
        ("userName", "no userName"),
        ("createTime", "no createTime"),
        ("createTime", "a createTime that is a word"),
        ("token", "no token"),
        ("createTime", "a createTime of 302 s ago"),
        ("tenantId", "an unknown tenant"),
        ("userName", "an unknown userName"),
        ("token", "another token"),
    ]
    return pairs(BODY_FAULTS, chosen)


@pytest.mark.parametrize("code,first,second", body_pairs())
def test_of_two_faults_the_body_scheme_tells_the_earlier_one(client, tenant, code, first, second):
    call = BodyCall(tenant)
    second(call)
    first(call)
    assert_refused(call.send(client), code)


@pytest.mark.parametrize("user", ["boss", "anna", "ben"])
def test_body_scheme_takes_the_admin_and_each_agent(client, user):
    assert_good(client.call_body(QUERY, user, {"data": ASK}))


def test_body_scheme_does_not_take_another_tenants_agent(server, client, add_tenant):
    add_tenant(agents=("carla",))
    assert_refused(client.call_body(QUERY, "carla", {"data": ASK}), 516)


@pytest.mark.parametrize("seconds", [-290, 0, 290])
def test_body_scheme_takes_a_create_time_within_300_s(client, tenant, seconds):
    create_time = tenant.local_time(time.time() + seconds)
    assert_good(client.call_body(QUERY, "boss", {"data": ASK}, create_time=create_time))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC", "Pacific/Chatham"])
def test_create_time_is_read_in_the_tenants_zone(server, add_tenant, zone):
    tenant = add_tenant(zone=zone)
    with Client(server, tenant) as client:
        assert_good(client.call_body(QUERY, "boss", {"data": ASK}))
        elsewhere = tenant.local_time(zone="Asia/Kathmandu")
        refused = client.call_body(QUERY, "boss", {"data": ASK}, create_time=elsewhere)
        assert_refused(refused, 502)


def test_create_time_of_a_tenant_without_a_zone_is_read_in_the_servers(client, tenant):
    assert_good(client.call_body(QUERY, "boss", {"data": ASK}))
    utc = tenant.local_time(zone="UTC")
    assert_refused(client.call_body(QUERY, "boss", {"data": ASK}, create_time=utc), 502)


def test_tenant_id_and_user_name_may_be_numbers(server, add_tenant):
    tenant = add_tenant(agents=("1001",))
    body = tenant.body("1001", {"data": ASK})
    body["tenantId"], body["userName"] = int(tenant.id), 1001
    with Client(server, tenant) as client:
        assert_good(post(client, body))


# --- which scheme a call uses ---


def test_a_body_that_signs_wins_over_good_headers(client, tenant):
    body = tenant.body("boss", {"data": ASK})
    body["token"] = "0" * 32
    assert_refused(post(client, body, tenant.headers()), 522)


def test_a_body_that_signs_wins_over_bad_headers(client, tenant):
    body = tenant.body("boss", {"data": ASK})
    assert_good(post(client, body, {**tenant.headers(), "token": "0" * 32}))


@pytest.mark.parametrize("name,code", [("token", 526), ("createTime", 525)])
def test_either_member_makes_it_the_body_scheme(client, tenant, name, code):
    body = tenant.body("boss", {"data": ASK})
    left = {member: value for member, value in body.items()
            if member not in ("token", "createTime") or member == name}
    assert_refused(post(client, left, tenant.headers()), code)


def test_an_object_without_them_is_signed_by_the_headers(client, tenant):
    assert_good(post(client, {"data": ASK, "userName": "nobody"}, tenant.headers()))


def test_an_object_without_any_signature_is_judged_as_body_scheme(client, tenant):
    assert_refused(post(client, {"tenantId": tenant.id, "userName": "boss", "data": ASK}), 526)
    assert_refused(post(client, {"data": ASK}), 523)
    assert_refused(post(client, {"tenantId": tenant.id, "data": ASK}), 524)


@pytest.mark.parametrize("name,code", [("tenant_id", 518), ("timestamp", 523), ("token", 523)])
def test_one_of_the_three_headers_makes_it_the_header_scheme(client, tenant, name, code):
    body = {"tenantId": tenant.id, "userName": "boss", "data": ASK}
    assert_refused(post(client, body, {name: tenant.headers()[name]}), code)


def test_an_array_is_never_signed_in_the_body(client):
    assert_refused(post(client, ASK), 523)


def test_no_body_and_no_headers_is_told_that_the_tenant_is_missing(client):
    assert_refused(post(client, b""), 523)


def test_the_body_scheme_asks_every_endpoint(client, number):
    reply = client.call_body(IMPORT, "anna", {"data": [{"whatsApp": number}]}, method="PUT")
    assert_good(reply)
    assert reply.data["successWhatsIds"] == [number]


# --- a tenantId in the body beside header authentication ---


def test_a_tenant_id_in_the_body_may_repeat_the_header(client, tenant):
    for value in (tenant.id, int(tenant.id), "", None):
        assert_good(post(client, {"tenantId": value, "data": ASK}, tenant.headers()))


@pytest.mark.parametrize("value", ["1", 1, "abc", 1.5, ["x"], True])
def test_another_tenant_id_in_the_body_is_refused(client, tenant, value):
    assert_refused(post(client, {"tenantId": value, "data": ASK}, tenant.headers()), 522)


# --- known answers, made with md5sum ---

# printf %s '1''1710936559123''QOEAcPj6Tb8XRhwFvYih' | md5sum
HEADER_TOKEN = "e1aa29e0985905cfb15a84e71a2a6cc1"
# printf %s '1''WhatsApp''2023-06-01 12:12:12''QOEAcPj6Tb8XRhwFvYih' | md5sum
ADMIN_TOKEN = "d5b3aedbd8fad73eb71016d2dc5450eb"
# printf %s '1''lsl001''2023-06-01 12:12:12''QOEAcPj6Tb8XRhwFvYih' | md5sum
AGENT_TOKEN = "174b9111fd3a311e52bf6695a3fa31e8"


def test_known_answer_of_the_header_token(demo_client):
    headers = {"tenant_id": "1", "timestamp": "1710936559123", "token": HEADER_TOKEN}
    reply = post(demo_client, [{"whatsApp": DEMO_CUSTOMER}], headers)
    assert_good(reply)
    assert [found["whatsApp"] for found in reply.data] == [DEMO_CUSTOMER]


@pytest.mark.parametrize("user,known", [("WhatsApp", ADMIN_TOKEN), ("lsl001", AGENT_TOKEN)])
def test_known_answer_of_the_body_token(demo_client, user, known):
    body = {"tenantId": "1", "userName": user, "data": [{"whatsApp": DEMO_CUSTOMER}],
            "token": known, "createTime": "2023-06-01 12:12:12"}
    reply = post(demo_client, body)
    assert_good(reply)
    assert [found["whatsApp"] for found in reply.data] == [DEMO_CUSTOMER]


# --- many failures from one address ---


def burst(server, source, requests):
    """Pipelined, so that they come within a second; returns the replies and how long it took."""
    with Connection(server.port, source) as connection:
        began = time.monotonic()
        connection.send(b"".join(requests))
        replies = [connection.reply() for _ in requests]
        return replies, time.monotonic() - began


def test_the_101st_failure_of_an_address_within_a_second_is_answered_429(server, tenant):
    bad = request_bytes("POST", QUERY, json.dumps(ASK).encode(), {**tenant.headers(), "token": "x"})
    good = request_bytes("POST", QUERY, json.dumps(ASK).encode(), tenant.headers())
    for attempt in range(2, 7):
        # The addresses that fresh_address() gives are in other networks.
        source = f"127.200.0.{attempt}"
        replies, seconds = burst(server, source, [bad] * 130 + [good])
        if seconds < 0.9:
            break
    else:
        pytest.fail("131 calls never came within a second")
    for reply in replies[:100]:
        assert_refused(reply, 522)
    for reply in replies[100:130]:
        assert reply.status == 429
        assert reply.envelope == {"code": 429, "message": "request limit exceeded", "data": ""}
    # A valid token is never refused for another's failures, and another address not for this one's.
    assert_good(replies[130])
    assert_refused(burst(server, "127.200.1.1", [bad])[0][0], 522)


@pytest.mark.threads
def test_a_valid_token_is_never_refused_for_anothers_failures(server, tenant):
    bad = request_bytes("POST", QUERY, b"[]", {**tenant.headers(), "token": "x"})
    good = request_bytes("POST", QUERY, json.dumps(ASK).encode(), tenant.headers())
    replies, _ = burst(server, "127.201.0.1", [bad, bad, bad, bad, good] * 60)
    for reply in replies[4::5]:
        assert_good(reply)
    assert {reply.code for reply in replies} <= {200, 522, 429}


@pytest.mark.parametrize("begin,headers,code", [
    (b"[0,0,", {}, 523), (b" \n [0,0,", {"tenant_id": "1"}, 518), (b'"', {}, 523), (b"7", {}, 523),
])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_large_body_that_cannot_sign_itself_is_refused_when_it_begins(
    server, begin, headers, code, framing
):
    if framing == "length":
        headers, sent = {**headers, "Content-Length": "16000000"}, begin
    else:
        headers, sent = {**headers, "Transfer-Encoding": "chunked"}, b"%x\r\n%s\r\n" % (len(begin), begin)
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", BATCH_IMPORT, b"", headers) + sent)
        reply = connection.reply()
        assert (reply.status, reply.code) == (200, code)
        assert reply.headers["connection"] == "close"


def test_a_large_array_with_a_valid_token_is_read(server, tenant, fresh):
    items = [{"whatsApp": fresh(), "agentAccount": "anna", "desc": "x" * 2000} for _ in range(300)]
    with Client(server, tenant) as client:
        reply = client.call(BATCH_IMPORT, items)
        assert reply.code == 200 and reply.data["isAllOk"], reply.body


def test_a_large_object_may_sign_itself_at_its_end(server, tenant, fresh):
    items = [{"whatsApp": fresh(), "agentAccount": "anna", "desc": "x" * 2000} for _ in range(300)]
    signed = tenant.body("boss", {"data": items})
    last = {name: signed[name] for name in ("data", "tenantId", "userName", "createTime", "token")}
    with Client(server, tenant) as client:
        reply = client.call_unsigned(BATCH_IMPORT, last)
        assert reply.code == 200 and reply.data["isAllOk"], reply.body


def test_the_demo_tenant_checks_no_window(demo_client):
    assert_good(post(demo_client, ASK, DEMO.headers(1)))
