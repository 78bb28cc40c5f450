#!/usr/bin/env python3
"""Checks JUnit reports with an XML parser: counts agree with the test cases.

Usage: check_junit.py FILE...   Prints what is wrong and exits with 1.
"""
import sys
import xml.etree.ElementTree as ElementTree


def check(path):
    root = ElementTree.parse(path).getroot()
    suites = root.findall("testsuite")
    if root.tag != "testsuites" or len(suites) != 1:
        return ["%s: not one suite in <testsuites>" % path]
    cases = suites[0].findall("testcase")
    wrong = []
    for element in (root, suites[0]):
        for name, found in (("tests", len(cases)), ("failures", len(root.findall(".//failure"))),
                            ("skipped", len(root.findall(".//skipped"))),
                            ("errors", len(root.findall(".//error")))):
            if element.get(name) != str(found):
                wrong.append("%s: %s is %s, counted %d" % (path, name, element.get(name), found))
    if not cases or cases[0].get("name") != "verdict":
        wrong.append("%s: the first case is not the verdict" % path)
    if len({case.get("name") for case in cases}) != len(cases):
        wrong.append("%s: two cases have one name" % path)
    for case in cases:
        for child in case.findall("skipped") + case.findall("failure") + case.findall("error"):
            if not child.get("message"):
                wrong.append("%s: %s says no reason" % (path, case.get("name")))
    return wrong


if __name__ == "__main__":
    problems = [line for path in sys.argv[1:] for line in check(path)]
    print("\n".join(problems))
    sys.exit(1 if problems or not sys.argv[1:] else 0)
