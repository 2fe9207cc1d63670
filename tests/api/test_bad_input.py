"""Bad input: each gets its documented answer, names the place, changes nothing else, and the server
serves the next request."""

import pytest
from harness import BATCH_IMPORT, IMPORT, QUERY, Client, Connection, request_bytes, to_bytes


@pytest.fixture
def witness(client, number):
    """A customer who is there before, and must be the same after; the next request is served."""
    client.imported([{"whatsApp": number, "agentAccount": "anna", "friendName": "witness",
                      "tabName": "a,b", "stage": "Kept"}])
    before = client.customer(number)
    yield number
    assert client.customer(number) == before


def assert_http_error(reply, status, *said):
    assert reply.status == status, reply
    assert (reply.code, reply.data) == (status, "")
    assert reply.message
    for part in said:
        assert part in reply.message, reply.message


# What is refused as a whole: `%s` stands for the witness's number.
NOT_READ = {
    "nothing but a brace": (b"{", "byte"),
    "a text without an end": (b'{"data":"', "byte"),
    "not JSON": (b"whatsApp=%s", "byte"),
    "XML": (b"<data>%s</data>", "byte"),
    "single quotes": (b"{'data':[]}", "byte"),
    "a comment": (b'{"data":[] /* %s */}', "byte"),
    "a comma too many": (b'{"data":[{"whatsApp":"%s"},]}', "byte"),
    "a comma too few": (b'{"data":[{"whatsApp":"%s" "sex":"male"}]}', "byte"),
    "a name without quotes": (b'{data:[{"whatsApp":"%s"}]}', "byte"),
    "a leading zero": (b'{"data":[{"whatsApp":01}]}', "byte"),
    "a plus": (b'{"data":[{"whatsApp":+%s}]}', "byte"),
    "a bare dot": (b'{"data":[{"whatsApp":1.}]}', "byte"),
    "NaN": (b'{"data":[{"whatsApp":NaN}]}', "byte"),
    "Infinity": (b'{"data":[{"whatsApp":-Infinity}]}', "byte"),
    "True": (b'{"data":True}', "byte"),
    "a bad escape": (b'{"data":[{"whatsApp":"%s","friendName":"\\x41"}]}', "byte"),
    "a short escape": (b'{"data":[{"whatsApp":"%s","friendName":"\\u12"}]}', "byte"),
    "a raw newline in a text": (b'{"data":[{"whatsApp":"%s","friendName":"a\nb"}]}', "byte"),
    "a raw NUL": (b'{"data":[{"whatsApp":"%s","friendName":"a\0b"}]}', "byte"),
    "a NUL behind the JSON": (b"[]\0", "byte"),
    "a tail": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna"}]} x', "byte"),
    "a second document": (b'{"data":[]}{"data":[]}', "byte"),
    "a closing brace too many": (b'{"data":[]}}', "byte"),
    "\\u0000 in a name": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"a\\u0000b"}]}', "byte"),
    "\\u0000 in a member's name": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna","a\\u0000b":"x"}]}', "byte"),
    "half a surrogate pair": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"\\ud83d"}]}', "byte"),
    "the wrong half": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"\\ude00\\ud83d"}]}', "byte"),
    "invalid UTF-8": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"\xff"}]}', "byte"),
    "Latin-1": (b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"Zo\xeb"}]}', "byte"),
    "an overlong slash": (b'{"data":[{"whatsApp":"%s","friendName":"\xc0\xaf"}]}', "byte"),
    "a surrogate in UTF-8": (b'{"data":[{"whatsApp":"%s","friendName":"\xed\xa0\x80"}]}', "byte"),
    "beyond Unicode": (b'{"data":[{"whatsApp":"%s","friendName":"\xf4\x90\x80\x80"}]}', "byte"),
    "UTF-8 cut short": (b'{"data":[{"whatsApp":"%s","friendName":"\xe6\x9d"}]}', "byte"),
    "UTF-16": ('{"data":[]}'.encode("utf-16"), "byte"),
    "nesting 10,000 deep": (b'{"data":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "byte"),
    "nesting without an end": (b"[" * 60_000, "byte"),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "byte"),
    "too many values": (b'{"data":[' + b"0," * 200_000 + b"0]}", "byte"),
    "a member twice": (b'{"data":[],"data":[{"whatsApp":"%s","agentAccount":"anna"}]}', "data"),
    "a member twice in an item": (
        b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"a","friendName":"b"}]}', "friendName"
    ),
    "a member twice, once escaped": (
        b'{"data":[{"whatsApp":"%s","agentAccount":"anna","sex":"male","\\u0073ex":"male"}]}', "sex"
    ),
    "another shape: a text": (b'"%s"', ""),
    "another shape: a number": (b"%s", ""),
    "another shape: null": (b"null", ""),
    "another shape: data is an object": (b'{"data":{"whatsApp":"%s","agentAccount":"anna"}}', "data"),
    "another shape: items are texts": (b'{"data":["%s"]}', "data[0]"),
    "another shape: the second item is an array": (
        b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"no"},[]]}', "data[1]"
    ),
}


@pytest.mark.parametrize("body,place", NOT_READ.values(), ids=NOT_READ)
def test_a_body_that_cannot_be_read_is_400(client, witness, body, place):
    if b"%s" in body:
        body = body.replace(b"%s", witness.encode())
    assert_http_error(client.call(BATCH_IMPORT, body), 400, place)


# Of one item: the code and the place; the item beside it is imported all the same.
BAD_ITEMS = {
    "a number where text belongs": (b'"friendName":5', 400, "friendName"),
    "a fraction where text belongs": (b'"desc":1.5e3', 400, "desc"),
    "2^63 where text belongs": (b'"income":9223372036854775808', 400, "income"),
    "1e999 where text belongs": (b'"income":1e999', 400, "income"),
    "an array where text belongs": (b'"address":["x"]', 400, "address"),
    "a sex that is none": (b'"sex":"x"', 400, "sex"),
    "a birthday that never was": (b'"birthday":"2020/02/30"', 400, "birthday"),
    "an undefined extended field": (b'"Undefined":"x"', 533, "Undefined"),
    "a member with an empty name": (b'"":"x"', 533, ""),
    "a long name of a member": (b'"' + b"n" * 5000 + b'":"x"', 533, ""),
    "a member's name that could be markup": (b'"\\u0022<b>\\\\":"x"', 533, ""),
}

BAD_NUMBERS = {
    "2^63": (b"9223372036854775808", 400),
    "2^64": (b"18446744073709551616", 400),
    "-2^63": (b"-9223372036854775808", 400),
    "an 18-digit bare number": (b"123456789012345678", 400),
    "a number of 40 bare digits": (b"1" * 40, 400),
    "a number of 40 digits": (b'"' + b"1" * 40 + b'"', 400),
    "a number of 60,000 digits": (b'"' + b"1" * 60_000 + b'"', 400),
    "1e13": (b"1.5e13", None),
    "1e400": (b"1e400", 400),
    "true": (b"true", 400),
    "an object": (b'{"number":"x"}', 400),
}


@pytest.mark.parametrize("members,code,place", BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_a_bad_item_is_named_and_takes_nothing_along(client, witness, fresh, members, code, place):
    good, bad = fresh(), fresh()
    body = b'{"data":[{"whatsApp":"%s","agentAccount":"anna"},{"whatsApp":"%s","agentAccount":"anna",%s}]}' % (
        good.encode(), bad.encode(), members)
    reply = client.call(BATCH_IMPORT, body)
    assert reply.status == 200, reply
    data = reply.data
    assert (data["successWhatsIds"], data["failWhatsIds"]) == ([good], [bad])
    detail = data["failDetails"][0]
    assert (detail["index"], detail["code"]) == (1, code)
    assert detail["message"].startswith(f"data[1].{place}")
    assert [shown["whatsApp"] for shown in client.customers(good, bad)] == [good]


@pytest.mark.parametrize("given,code", BAD_NUMBERS.values(), ids=BAD_NUMBERS)
def test_a_bad_number_is_named_and_takes_nothing_along(client, witness, fresh, given, code):
    good = fresh()
    body = b'{"data":[{"whatsApp":%s,"agentAccount":"anna"},{"whatsApp":"%s","agentAccount":"anna"}]}' % (
        given, good.encode())
    reply = client.call(BATCH_IMPORT, body)
    assert reply.status == 200, reply
    data = reply.data
    if code is None:  # an integer all the same; either is right
        assert data["total"] == 2 and good in data["successWhatsIds"]
        return
    assert data["successWhatsIds"] == [good]
    detail = data["failDetails"][0]
    assert (detail["index"], detail["code"]) == (0, code)
    assert detail["message"].startswith("data[0].whatsApp: ")
    if given.isdigit():
        assert "string" in detail["message"], "it should say how to send it"
    # The query names it too.
    asked = client.call(QUERY, b'[{"whatsApp":%s}]' % given)
    assert_http_error(asked, 400, "data[0].whatsApp")


@pytest.mark.parametrize("given", [b"9223372036854775808", b"123456789012345678"])
def test_a_large_bare_number_elsewhere_is_400_or_not_looked_at(client, witness, given):
    """Not silently another number: a field that is not known is not looked at."""
    body = b'{"userName":%s,"data":[{"whatsApp":"%s"}]}' % (given, witness.encode())
    assert_http_error(client.call(IMPORT, body, "PUT"), 400, "userName")
    body = b'{"unknown":%s,"data":[{"whatsApp":"%s"}]}' % (given, witness.encode())
    assert client.call(QUERY, body).code == 200


def test_an_empty_body_is_506(client, witness):
    for path, method in ((BATCH_IMPORT, "POST"), (QUERY, "POST")):
        reply = client.call(path, b"", method)
        assert (reply.status, reply.code, reply.message) == (200, 506, "data is empty")


@pytest.mark.parametrize("body", [b" ", b"\r\n\t ", b"\xef\xbb\xbf"])
def test_blanks_are_no_json(client, witness, body):
    reply = client.call(BATCH_IMPORT, body)
    assert reply.status == 400 or reply.code == 506


def test_5001_items_are_507(client, witness, fresh):
    items = [{"whatsApp": fresh(), "agentAccount": "anna"} for _ in range(5000)]
    items.append({"whatsApp": witness, "agentAccount": "ben", "friendName": "changed"})
    reply = client.batch_import(items)
    assert (reply.status, reply.code, reply.message) == (200, 507, "data size big")
    assert client.customers(items[0]["whatsApp"], items[4999]["whatsApp"]) == []


def test_a_body_of_20_mb_is_413(server, client, witness):
    body = to_bytes({"data": [{"whatsApp": witness, "agentAccount": "ben"}]})
    body += b" " * (20_000_000 - len(body))
    for path, method in ((BATCH_IMPORT, "POST"), (IMPORT, "PUT"), (QUERY, "POST")):
        with Connection(server.port) as connection:
            connection.send_or_closed(request_bytes(method, path, body, client.tenant.headers()))
            assert_http_error(connection.reply(), 413)


def test_a_bad_body_without_a_valid_token_tells_nothing_of_the_tenant(server, client, witness):
    for body in (b"{", b'{"data":[{"whatsApp":"%s"}]}' % witness.encode(), b"[5]"):
        reply = client.call_unsigned(QUERY, body, headers={"tenant_id": client.tenant.id})
        assert reply.status == 400 or reply.code in (518, 523), reply


@pytest.mark.parametrize("name", ["constructor", "__proto__", "whatsapp", "WhatsApp", "id", "rowid", "tags"])
def test_names_of_other_worlds_are_undefined_fields(client, witness, fresh, name):
    reply = client.batch_import([{"whatsApp": fresh(), "agentAccount": "anna", name: "x"}])
    assert reply.data["failDetails"][0]["code"] == 533


@pytest.mark.parametrize("text", [
    "'; DROP TABLE customer; --", "%s%n%d", "../../etc/passwd", "<script>alert(1)</script>", "\u202e", "{{7*7}}",
])
def test_texts_that_mean_something_elsewhere_are_only_texts(client, witness, fresh, text):
    number = fresh()
    client.imported([{"whatsApp": number, "agentAccount": "anna", "friendName": text, "stage": text,
                      "tabName": text}])
    shown = client.customer(number)
    assert (shown["friendName"], shown["stage"], shown["tabName"]) == (text, text, text)


@pytest.mark.threads
def test_large_bad_bodies_at_once_disturb_nobody(server, tenant, witness):
    """Above 256 KiB helpers read them."""
    bodies = [b"[" + b"0," * 400_000, b"{" * 400_000, b'"' + b"x" * 800_000, b"[" + b"[]," * 190_000 + b"]"]
    connections = [Connection(server.port) for _ in range(8)]
    try:
        for i, connection in enumerate(connections):
            connection.send(request_bytes("POST", BATCH_IMPORT, bodies[i % 4], tenant.headers()))
        with Client(server, tenant) as other:
            for _ in range(10):
                assert other.customer(witness)["friendName"] == "witness"
        for connection in connections:
            assert_http_error(connection.reply(), 400)
    finally:
        for connection in connections:
            connection.close()
