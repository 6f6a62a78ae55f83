"""JUnit XML from results.json: an inconclusive check is an error, one that does not conform a failure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from calicolab.report.text import holdable

if TYPE_CHECKING:
    from calicolab.evidence.model import CheckRecord, LabRecord, Results

_ELEMENTS = {"fail": "failure", "inconclusive": "error", "skip": "skipped"}


def render_junit(results: Results) -> bytes:
    """The run as JUnit XML, one test suite a lab."""
    root = Element("testsuites", name="calico-conformance", id=results.run.id)
    labs = {lab.id: lab for lab in results.labs}
    for lab_id in dict.fromkeys(check.lab for check in results.checks):
        checks = [check for check in results.checks if check.lab == lab_id]
        _add_suite(root, lab_id, labs.get(lab_id), checks, results)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _add_suite(
    root: Element, name: str, lab: LabRecord | None, checks: list[CheckRecord], results: Results
) -> None:
    counts = Counter(check.outcome for check in checks)
    suite = SubElement(
        root,
        "testsuite",
        name=name or "no lab",
        tests=str(len(checks)),
        failures=str(counts["fail"]),
        errors=str(counts["inconclusive"]),
        skipped=str(counts["skip"]),
        time=f"{sum(check.duration_s for check in checks):.3f}",
        timestamp=results.run.started.isoformat(timespec="seconds"),
    )
    if lab is not None:
        properties = SubElement(suite, "properties")
        for key, value in (
            ("calico", lab.calico),
            ("nodes", lab.nodes),
            ("control planes", lab.control_planes),
            ("source", lab.source),
            ("bird", lab.bird),
        ):
            SubElement(properties, "property", name=key, value=holdable(str(value)))
    for check in checks:
        _add_case(suite, check)


def _add_case(suite: Element, check: CheckRecord) -> None:
    story, _, step = check.id.partition("::")
    classname = story.removesuffix(".py").replace("/", ".")
    case = SubElement(
        suite, "testcase", classname=holdable(classname), name=holdable(step), time=f"{check.duration_s:.3f}"
    )
    if check.outcome in _ELEMENTS:
        first_line = check.reason.partition("\n")[0]
        found = SubElement(case, _ELEMENTS[check.outcome], message=holdable(first_line))
        found.text = holdable(check.reason)
    if check.evidence:
        SubElement(case, "system-out").text = holdable("\n".join(["collected:", *check.evidence]))
