#!/usr/bin/python3
"""number-lengths.py > src/domain/number_lengths.def: how long a country's numbers may be.

Run by hand when numbering plans have changed; its output is committed. The facts are those of
Google's libphonenumber, as Debian's package python3-phonenumbers carries them: of each country calling
code the lengths that the plan of its main region allows.
"""

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

NON_GEOGRAPHIC = "001"

HEAD = """\
/* Country calling codes, and how many digits may follow each.
 *
 * Made by packaging/number-lengths.py from python3-phonenumbers {version}; do not edit.
 *
 * NUMBER_LENGTHS(calling code, bits: 1 << n stands for n digits) */
"""


def lengths(code):
    region = COUNTRY_CODE_TO_REGION_CODE[code][0]
    if region == NON_GEOGRAPHIC:
        metadata = PhoneMetadata.metadata_for_nongeo_region(code)
    else:
        metadata = PhoneMetadata.metadata_for_region(region)
    return sorted(metadata.general_desc.possible_length)


def text():
    rows = [HEAD.format(version=phonenumbers.__version__)]
    for code in sorted(COUNTRY_CODE_TO_REGION_CODE):
        digits = lengths(code)
        bits = sum(1 << count for count in digits)
        rows.append(f"NUMBER_LENGTHS({code}, 0x{bits:x}) /* {' '.join(map(str, digits))} */\n")
    return "".join(rows)


if __name__ == "__main__":
    print(text(), end="")
