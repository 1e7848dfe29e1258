#!/usr/bin/env python3
"""Prints the end of what each failed test printed, from ctest's JUnit file: what went wrong, without a search in a long log.

usage: print_failures.py JUNIT.xml
"""

import sys
import xml.etree.ElementTree

LINES = 25


def main():
    for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
        if case.get("status") != "fail":
            continue
        output = (case.findtext("system-out") or "").strip().splitlines()
        print(f"\n{case.get('name')}, {float(case.get('time', 0)):.0f} s:", *output[-LINES:], sep="\n  ")


if __name__ == "__main__":
    main()
