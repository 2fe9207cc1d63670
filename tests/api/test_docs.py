"""docs/API.md repeats tables of the source: they have to be the same."""
import json
import pathlib
import re

from harness import DEMO, DEMO_CUSTOMER, QUERY, Client

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_status_codes_in_the_documentation_are_those_of_the_program():
    rows = re.findall(r'STATUS\((\d+),\s*\w+,\s*"(.*?)",\s*"(.*?)"\)',
                      (ROOT / "src/domain/status.def").read_text())
    section = (ROOT / "docs/API.md").read_text().split("## Status codes")[1]
    documented = [line for line in section.splitlines() if re.match(r"\| 5\d\d \|", line)]
    assert len(rows) > 30
    assert documented == [f"| {code} | {message} | {raised} |"
                          for code, message, raised in rows if code != "200"]


def test_every_endpoint_stands_in_the_documentation():
    paths = re.findall(r'^ROUTE\(\s*\w+,\s*"(.*?)"', (ROOT / "src/api/routes.def").read_text(), re.M)
    documentation = (ROOT / "docs/API.md").read_text()
    assert len(paths) > 3
    assert [path for path in paths if path not in documentation] == []


def test_the_answers_in_the_readme_are_the_demo_servers(server):
    *answers, sent = [json.loads(line) for line in (ROOT / "README.md").read_text().splitlines()
                      if line.startswith('{"code"')]
    assert sent == {"code": 200, "message": "success", "data": {"taskId": "65536"}}
    with Client(server, DEMO) as client:
        now = client.call(QUERY, [{"whatsApp": DEMO_CUSTOMER}]).envelope
    for answer in answers + [now]:
        for customer in answer["data"]:
            customer["createTime"] = customer["updateTime"] = 0
    assert answers == [now, now]
