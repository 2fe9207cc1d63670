"""The two programs of the Development Guide, their host changed: the bytes that Go's net/http makes
of them, and the answers that the guide prints."""

import time

import pytest
from harness import DEMO, DEMO_CUSTOMER, DEMO_KEY, Connection, md5

# Go writes Host, User-Agent and Content-Length first, then the request's own headers in the order of
# their canonical names ("tenant_id" becomes "Tenant_id": only letters behind a dash go up), then what
# its transport adds.
QUERY_PROGRAM = (
    "POST /wscrm-bus-api/customer/query HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "User-Agent: Go-http-client/1.1\r\n"
    "Content-Length: {length}\r\n"
    "Content-Type: application/json\r\n"
    "Tenant_id: {tenant}\r\n"
    "Timestamp: {timestamp}\r\n"
    "Token: {token}\r\n"
    "Accept-Encoding: gzip\r\n"
    "\r\n"
    "{body}"
)

IMPORT_PROGRAM = (
    "PUT /wscrm-bus-api/customer/api/import HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "User-Agent: Go-http-client/1.1\r\n"
    "Content-Length: {length}\r\n"
    "Content-Type: application/json\r\n"
    "Accept-Encoding: gzip\r\n"
    "\r\n"
    "{body}"
)

# The guide's own data, character for character.
IMPORT_DATA = (
    '[{"whatsApp":"15266667779","friendName":"lee","sex":"male","birthday":"2020/03/08",'
    '"address":"beijing","email":"223@gmail.com","profession":"good day","income":"100$","desc":"",'
    '"tabName":"GoodMan","stage":"New Customer","source":"System","languageTag":"Auto",'
    '"welcome":"hello"}]'
)
CREATE_TIME = "2023-06-01 12:12:12"


def import_program(port, user):
    # genToken := MD5(tenantId + userName + createTime + apiKey)
    token = md5("1", user, CREATE_TIME, DEMO_KEY)
    body = (
        f'{{"tenantId":"1","userName":"{user}","data":{IMPORT_DATA},"token":"{token}",'
        f'"createTime":"{CREATE_TIME}"}}'
    )
    return IMPORT_PROGRAM.format(port=port, length=len(body), body=body).encode()


def query_program(port):
    timestamp = str(time.time_ns() // 1_000_000)
    body = '[{"whatsApp":"15266667779"}]'
    return QUERY_PROGRAM.format(port=port, length=len(body), body=body, tenant=DEMO.id,
                                timestamp=timestamp, token=md5("1", timestamp, DEMO_KEY)).encode()


def test_the_query_program_gets_the_demo_customer(server):
    with Connection(server.port) as connection:
        connection.send(query_program(server.port))
        reply = connection.reply()
        assert (reply.status, reply.code, reply.message) == (200, 200, "Success")
        assert [found["whatsApp"] for found in reply.data] == [DEMO_CUSTOMER]
        assert "content-encoding" not in reply.headers


def test_the_import_program_is_told_that_the_admin_cannot_import(server):
    with Connection(server.port) as connection:
        connection.send(import_program(server.port, "WhatsApp"))
        reply = connection.reply()
        assert reply.status == 200
        assert reply.body == b'{"code":-1,"message":"Admin Cannot import data","data":""}'


@pytest.mark.parametrize("agent", ["kubrick101", "lsl001"])
def test_the_import_program_works_for_an_agent(own_server, agent):
    server = own_server()
    with Connection(server.port) as connection:
        connection.send(import_program(server.port, agent))
        answer = (
            '{"code":200,"message":"Success","data":{"isAllOk":true,"total":1,'
            '"successWhatsIds":["15266667779"],"failWhatsIds":[],"failDetails":[]}}'
        )
        assert connection.reply().body.decode() == answer
        connection.send(query_program(server.port))
        shown = connection.reply().data[0]
        wanted = {"friendName": "lee", "sex": "male", "birthday": "2020/03/08", "address": "beijing",
                  "email": "223@gmail.com", "profession": "good day", "income": "100$",
                  "stage": "New Customer", "source": "System", "languageTag": "Auto",
                  "welcome": "hello", "agentAccount": agent}
        assert {name: shown[name] for name in wanted} == wanted
        assert "GoodMan" in shown["tabName"].split(",")


def test_both_programs_may_share_a_connection(server):
    with Connection(server.port) as connection:
        connection.send(query_program(server.port) + import_program(server.port, "WhatsApp"))
        assert (connection.reply().code, connection.reply().code) == (200, -1)
