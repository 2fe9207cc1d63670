"""packaging/number-lengths.py, and what it made: src/domain/number_lengths.def."""

import importlib.util
import re

import pytest
from harness import ROOT

phonenumbers = pytest.importorskip(
    "phonenumbers", reason="python3-phonenumbers is needed to make the table, not to use it"
)


@pytest.fixture(scope="module")
def script():
    path = ROOT / "packaging" / "number-lengths.py"
    spec = importlib.util.spec_from_file_location("number_lengths", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(text):
    return {int(code): int(bits, 16) for code, bits in re.findall(r"LENGTHS\((\d+), (\w+)\)", text)}


def test_the_table_says_what_the_package_says_of_every_length(script):
    table = rows(script.text())
    assert len(table) > 200
    for code, bits in table.items():
        for digits in range(2, 16 - len(str(code))):
            number = phonenumbers.PhoneNumber(country_code=code, national_number=int("2" * digits))
            reason = phonenumbers.is_possible_number_with_reason(number)
            possible = reason == phonenumbers.ValidationResult.IS_POSSIBLE
            assert bool(bits >> digits & 1) == possible, (code, digits)


def test_no_calling_code_begins_with_another(script):
    codes = [str(code) for code in rows(script.text())]
    assert not [(a, b) for a in codes for b in codes if a != b and b.startswith(a)]


def test_what_is_committed_was_made_by_the_script(script):
    committed = (ROOT / "src" / "domain" / "number_lengths.def").read_text()
    if phonenumbers.__version__ not in committed:
        pytest.skip("it was made from another version of the package")
    assert committed == script.text()
