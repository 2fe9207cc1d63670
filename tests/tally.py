#!/usr/bin/python3
"""tally.py RESULTS: counts one result file, for ./test.

RESULTS is Meson's testlog.json (cmocka programs speaking TAP) or pytest's JUnit XML.
stdout: "PASSED FAILED SKIPPED"; stderr: what each failed test had to say.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree

MAX_LINES = 60  # of one failure; the logs have the rest


def show(name, text):
    lines = text.rstrip().split("\n")
    if len(lines) > MAX_LINES:
        lines = lines[: MAX_LINES // 2] + ["[...]"] + lines[-MAX_LINES // 2 :]
    print(f"FAILED {name}", *("    " + line for line in lines), sep="\n", file=sys.stderr)


def tally_meson(path):
    passed = failed = skipped = 0
    with open(path, encoding="utf-8", errors="replace") as log:
        for program in map(json.loads, log):
            out, err = program.get("stdout") or "", program.get("stderr") or ""
            results = re.findall(r"^(ok|not ok) \d+(?: - )?(.*)$", out, re.MULTILINE)
            skips = sum(1 for word, name in results if "# SKIP" in name)
            bad = sum(1 for word, _ in results if word == "not ok")
            # A program that dies, leaks or hangs counts as one more failed test.
            if program["result"] not in ("OK", "SKIP") and not bad:
                bad = 1
            passed += sum(1 for word, _ in results if word == "ok") - skips
            failed += bad
            skipped += skips
            if bad:
                kept = [line for line in out.split("\n") if not re.match(r"ok |1\.\.|TAP ", line)]
                why = f"{program['result']}, exit status {program.get('returncode')}\n"
                show(program["name"].split(" / ")[-1], why + "\n".join(kept) + "\n" + err)
    return passed, failed, skipped


def tally_junit(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        broken = case.find("failure")
        if broken is None:
            broken = case.find("error")
        if broken is not None:
            failed += 1
            said = [broken.text or broken.get("message") or ""]
            said += [case.findtext(tag) or "" for tag in ("system-out", "system-err")]
            name = f"{case.get('classname')}::{case.get('name')}"
            show(name, "\n".join(part for part in said if part))
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


if __name__ == "__main__":
    tally = tally_meson if sys.argv[1].endswith(".json") else tally_junit
    print(*tally(sys.argv[1]))
