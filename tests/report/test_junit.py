"""JUnit XML from results.json."""

from __future__ import annotations

from xml.etree import ElementTree

from calicolab.report.junit import render_junit
from tests.evidence.examples import LAB, a_check, some_results


def test_each_outcome_has_its_element() -> None:
    root = ElementTree.fromstring(  # noqa: S314 - our own XML
        render_junit(
            some_results(
                a_check("test_a"),
                a_check("test_b", "fail", reason="no route\nfrom node01", evidence=["evidence/x.txt"]),
                a_check("test_c", "inconclusive"),
                a_check("test_d", "skip"),
                a_check("test_e", lab="", outcome="pass"),
            )
        )
    )
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [LAB, "no lab"]
    attributes = suites[LAB].attrib
    assert (attributes["tests"], attributes["failures"], attributes["errors"], attributes["skipped"]) == (
        "4", "1", "1", "1",
    )  # fmt: skip
    assert attributes["time"] == "6.000"
    cases = {case.get("name"): case for case in suites[LAB].iter("testcase")}
    assert cases["test_b"].get("classname") == "suites.founding.test_incident"
    failure = cases["test_b"].find("failure")
    assert failure is not None
    assert failure.get("message") == "no route"
    assert failure.text == "no route\nfrom node01"
    assert "evidence/x.txt" in (cases["test_b"].findtext("system-out") or "")
    assert cases["test_c"].find("error") is not None
    assert cases["test_d"].find("skipped") is not None
    properties = {one.get("name"): one.get("value") for one in suites[LAB].iter("property")}
    assert properties["calico"] == "v3.23.2"


def test_text_that_xml_cannot_hold_is_replaced() -> None:
    raw = render_junit(some_results(a_check("test_a", "fail", reason="a\x00b\x1b[31mc\ud800 <&>")))
    failure = ElementTree.fromstring(raw).find(".//failure")  # noqa: S314 - our own XML
    assert failure is not None
    assert failure.text == "a\ufffdb\ufffd[31mc\ufffd <&>"
