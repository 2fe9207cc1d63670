"""wscrm account … and wscrm agent …: with a server they are in force at once, without one they write
the store themselves."""

import sqlite3
from contextlib import closing

import pytest
from harness import Client, Server

STATUS = "/group-dispatch-api/whatsapp/queryWhatsAppStatus?whatsapp="
AGENTS = "/group-dispatch-api/user/listUserByTenantId"
NUMBER = "8613700000001"


@pytest.fixture(params=["with a server", "without a server"])
def store(own_server, request):
    """A store with tenant 7, its agents anna and ben, and an account of anna's."""
    running = own_server()
    running.tenant = running.add_tenant(7, rate_limit=0)
    running.command("account", "add", "--tenant", 7, NUMBER, "--agent", "anna", "--transport", "sandbox",
                    "--name", "jack", "--set", "speed=0", "--set", "daily_cap=20")
    if request.param == "without a server":
        running.stop()
    return running


def rows(store, noun):
    """What the list prints: a row a line, its cells between TABs."""
    printed = store.command(noun, "list", "--tenant", 7).stdout
    return [line.split("\t") for line in printed.splitlines()]


def set_account(store, *options, number=NUMBER, **more):
    return store.command("account", "set", "--tenant", 7, number, *options, **more)


def assert_refused(done, status, said):
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr, done.stderr


# --- account

def test_an_account_is_listed_with_its_name_and_settings(store):
    assert rows(store, "account") == [
        [NUMBER, "jack", "anna", "sandbox", "pc", '{"speed":"0","daily_cap":"20"}']]


def test_one_change_leaves_the_rest(store):
    set_account(store, "--set", "daily_cap=30", "--set", "seed=7")
    assert rows(store, "account") == [
        [NUMBER, "jack", "anna", "sandbox", "pc", '{"speed":"0","daily_cap":"30","seed":"7"}']]
    set_account(store, "--set", "speed=", "--agent", "ben")
    assert rows(store, "account") == [
        [NUMBER, "jack", "ben", "sandbox", "pc", '{"daily_cap":"30","seed":"7"}']]
    set_account(store, "--name", "", "--platform", "cloud")
    assert rows(store, "account") == [
        [NUMBER, "", "ben", "sandbox", "cloud", '{"daily_cap":"30","seed":"7"}']]
    set_account(store, "--set", "quiet_hours=", "--name", "rose")
    assert rows(store, "account") == [
        [NUMBER, "rose", "ben", "sandbox", "cloud", '{"daily_cap":"30","seed":"7"}']]
    assert store.command("check").returncode == 0


@pytest.mark.parametrize("options, said", [
    ([], "nothing to set"),
    (["--set", "speed"], '--set: KEY=VALUE expected, not "speed"'),
    (["--set", "sped=1"], "did you mean speed?"),
    (["--set", "speed=x"], "speed: a number from 0 to 1000 expected"),
    (["--set", "speed=1", "--set", "speed="], "speed: given twice"),
    (["--platform", "phone"], "--platform: pc, mobile or cloud expected"),
    (["--name", "a\nb"], "none of them a control character"),
    (["--name", "x" * 256], "at most 255 characters"),
])
def test_a_change_of_the_wrong_form_changes_nothing(store, options, said):
    before = rows(store, "account")
    assert_refused(set_account(store, *options, check=False), 2, said)
    assert rows(store, "account") == before


def test_a_change_names_what_is_there(store):
    before = rows(store, "account")
    assert_refused(set_account(store, "--agent", "carl", check=False), 1, 'tenant 7 has no agent "carl"')
    assert_refused(set_account(store, "--agent", "", check=False), 1, 'tenant 7 has no agent ""')
    assert_refused(set_account(store, "--name", "x", number="8613700000002", check=False), 1,
                   "tenant 7 has no account 8613700000002")
    # Another tenant's.
    assert_refused(set_account(store, "--name", "x", number="8618217331411", check=False), 1,
                   "tenant 7 has no account 8618217331411")
    assert rows(store, "account") == before


def test_a_change_is_in_force_at_once(own_server):
    server = own_server()
    tenant = server.add_tenant(7)
    server.command("account", "add", "--tenant", 7, NUMBER, "--agent", "anna", "--transport", "sandbox")
    with Client(server, tenant) as client:
        def shown():
            data = client.call(STATUS + NUMBER, b"", method="GET").data
            return data["name"], data["agentAccount"], data["source"]
        assert shown() == ("", "anna", "1")
        set_account(server, "--name", "jack", "--agent", "ben", "--platform", "mobile")
        assert shown() == ("jack", "ben", "2")
        server.command("account", "remove", "--tenant", 7, NUMBER)
        assert client.call(STATUS + NUMBER, b"", method="GET").code == 508


def test_the_help_lists_the_settings(store):
    for command in ("add", "set"):
        printed = store.command("account", command, "--help").stdout
        assert "quiet_hours" in printed and "--name TEXT" in printed


# --- agent

def password_hash(store, agent):
    with closing(sqlite3.connect(f"file:{store.data}/wscrm.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT password_hash FROM agent WHERE tenant = 7 AND user_name = ?",
                                (agent,)).fetchone()[0]


def set_agent(store, *options, agent="anna", **more):
    return store.command("agent", "set", "--tenant", 7, agent, *options, **more)


def test_an_agents_nickname_and_password_change_on_their_own(store):
    set_agent(store, "--nickname", "Annie")
    assert [row[1:] for row in rows(store, "agent")] == [["anna", "Annie"], ["ben", ""]]
    assert password_hash(store, "anna") is None
    set_agent(store, "--password-stdin", text="correct horse\n")
    first = password_hash(store, "anna")
    assert first.startswith("scrypt$")
    assert [row[1:] for row in rows(store, "agent")] == [["anna", "Annie"], ["ben", ""]]
    set_agent(store, "--password-stdin", "--nickname", "", text="battery staple\n")
    assert password_hash(store, "anna") not in (None, first)
    assert [row[1:] for row in rows(store, "agent")] == [["anna", ""], ["ben", ""]]
    assert password_hash(store, "ben") is None


def test_an_agents_change_of_the_wrong_form_changes_nothing(store):
    before = rows(store, "agent")
    assert_refused(set_agent(store, check=False), 2, "nothing to set")
    assert_refused(set_agent(store, "--nickname", "x" * 256, check=False), 2, "at most 255 characters")
    for password in ("12345\n", "x" * 129 + "\n"):
        done = set_agent(store, "--password-stdin", check=False, text=password)
        assert_refused(done, 2, "the password: 6 to 128 characters expected")
        assert password.strip() not in done.stderr
    assert_refused(set_agent(store, "--nickname", "x", agent="carl", check=False), 1,
                   'tenant 7 has no agent "carl"')
    assert_refused(set_agent(store, "--nickname", "x", agent="boss", check=False), 1,
                   'tenant 7 has no agent "boss"')
    assert rows(store, "agent") == before
    assert password_hash(store, "anna") is None


def test_an_agents_new_nickname_is_in_force_at_once(own_server):
    server = own_server()
    with Client(server, server.add_tenant(7)) as client:
        set_agent(server, "--nickname", "Annie")
        assert [agent["nickname"] for agent in client.call(AGENTS, {}).data] == ["Annie", ""]


# --- check

@pytest.mark.parametrize("damage, said", [
    ("agent = 999", f"account {NUMBER}: its agent 999 is not the tenant's"),
    ("agent = (SELECT id FROM agent WHERE tenant = 1)", "is not the tenant's"),
    ("settings = '[]'", f"account {NUMBER}: its settings are no JSON object"),
    ("settings = '{'", f"account {NUMBER}: its settings are no JSON object"),
    ("platform = 'phone'", "tenant 7: WhatsApp accounts: "),
    ("tenant = 999", f"account {NUMBER}: its tenant 999 does not exist"),
])
def test_check_finds_damaged_accounts(tmp_path, damage, said):
    store = Server(tmp_path / "data").start()
    try:
        store.add_tenant(7)
        store.command("account", "add", "--tenant", 7, NUMBER, "--agent", "anna", "--transport", "sandbox")
        assert store.command("check").returncode == 0
        with closing(sqlite3.connect(store.data / "wscrm.db")) as database, database:
            database.execute(f"UPDATE account SET {damage} WHERE number = {NUMBER}")
        done = store.command("check", check=False)
        assert done.returncode == 1
        assert said in done.stdout + done.stderr
    finally:
        store.kill()


def test_check_goes_on_where_tenants_cannot_be_loaded(tmp_path):
    store = Server(tmp_path / "data").start()
    try:
        store.command("account", "add", "--tenant", 1, NUMBER, "--agent", "kubrick101", "--transport", "sandbox")
        with closing(sqlite3.connect(store.data / "wscrm.db")) as database, database:
            database.execute(f"UPDATE account SET platform = 'phone' WHERE number = {NUMBER}")
            database.execute("UPDATE customer SET stage = 999 WHERE id = 1")
        done = store.command("check", check=False)
        assert done.returncode == 1
        assert "tenant 1: WhatsApp accounts: " in done.stdout
        assert "customer 1: label 999 is not one of its tenant's" in done.stdout
        assert "2 faults found" in done.stderr
        assert store.command("tenant", "list", check=False).returncode == 1
    finally:
        store.kill()
