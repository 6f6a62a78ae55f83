"""The verdict in a sentence, and what was found in a few: what somebody reads who reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.signoff.marks import RISK
from calicolab.report.words import counted, milliseconds

if TYPE_CHECKING:
    from calicolab.report.signoff.cures import Cures
    from calicolab.report.signoff.judging import Judgement
    from calicolab.report.signoff.matrix import Matrix, Row
    from calicolab.report.signoff.models import Compared
    from calicolab.report.signoff.upgrades import Ways

#: The method that a cluster has that was given none.
DEFAULT_METHOD = "first-found"


@dataclass(frozen=True)
class Finding:
    """One thing that was found; `about` is where on the page it stands."""

    about: str
    title: str
    said: str


def meaning(judgement: Judgement, ways: Ways) -> str:
    """What the verdict means for an upgrade."""
    if judgement.verdict == "fail":
        red = judgement.with_outcome("fail")
        versions = ", ".join(dict.fromkeys(one.version for one in red if one.version))
        where = f", on {versions}" if versions else ""
        return (
            f"Do not upgrade on this evidence: {counted(len(red), 'check')} "
            f"{'does' if len(red) == 1 else 'do'} not hold{where}."
        )
    if judgement.verdict == "inconclusive":
        return (
            f"Do not sign yet: {_unanswered(judgement)}, so nothing is known of what {_they(judgement)} ask."
        )
    held = counted(len(judgement.with_outcome("pass")), "check")
    if not ways.ways:
        return (
            f"All that was checked holds ({held}), but no run upgraded anything: "
            "this says nothing of the way from one version to another."
        )
    if ways.lossy:
        return (
            f"Nothing that was checked speaks against the upgrade ({held} held), but requests were lost on "
            f"{counted(len(ways.lossy), 'way')}; the checks allow for that, and you must, too."
        )
    return f"Nothing that was checked speaks against the upgrade: {held} held."


def findings(*, matrix: Matrix, models: list[Compared], ways: Ways, cures: Cures) -> list[Finding]:
    """What was found, in the order of the page."""
    found = []
    if matrix.columns:
        found.append(Finding("addresses", "Addresses", _addresses(matrix)))
    if models:
        facts = [row.fact for row in models if row.fact is not None]
        agreed, layouts = sum(fact.agreed for fact in facts), sum(fact.layouts for fact in facts)
        versions = len({row.column.label for row in models})
        found.append(
            Finding(
                "model",
                "Model",
                f"It agrees with calico-node on {agreed} of {layouts} layouts, on {counted(versions, 'version')}.",
            )
        )
    if ways.ways:
        found.append(Finding("upgrades", "Upgrades", _upgrades(ways)))
    if cures.cures:
        lasting = ", ".join(cures.lasting) or "none"
        undone = ", ".join(cure.name for cure in cures.cures if cure.name not in cures.lasting) or "none"
        found.append(
            Finding(
                "cures", "Cures", f"Lasting wherever they were tried: {lasting}. Not everywhere: {undone}."
            )
        )
    return found


def _unanswered(judgement: Judgement) -> str:
    open_checks, problems = len(judgement.with_outcome("inconclusive")), len(judgement.problems)
    parts = []
    if open_checks:
        parts.append(f"{counted(open_checks, 'check')} {'was' if open_checks == 1 else 'were'} not answered")
    if problems:
        parts.append(f"{counted(problems, 'problem')} with the runs themselves")
    return " and ".join(parts) or "nothing was checked"


def _they(judgement: Judgement) -> str:
    alone = len(judgement.with_outcome("inconclusive")) + len(judgement.problems) == 1
    return "it would" if alone else "they"


def _addresses(matrix: Matrix) -> str:
    if matrix.unexpected:
        said = f"{counted(len(matrix.unexpected), 'cell')} not as expected."
    else:
        said = "All that was seen is as expected."
    where: dict[str, list[str]] = {}
    for conflict, rows in matrix.groups.items():
        for row in rows:
            if row.method == DEFAULT_METHOD and (versions := _risky(matrix, row)):
                where.setdefault(versions, []).append(conflict)
    if not where:
        return said
    wrong = "; ".join(f"{', '.join(conflicts)} on {versions}" for versions, conflicts in where.items())
    return f"{said} Under {DEFAULT_METHOD} a node ends without its own address by {wrong}."


def _risky(matrix: Matrix, row: Row) -> str:
    """The versions on which a row ends without the node's own address, in spans; "" when there is none."""
    risky = [any(entry.mark is RISK for entry in entries) for entries in row.cells]
    if all(risky) and len(risky) > 1:
        return f"all {len(risky)} versions"
    spans: list[list[str]] = []
    for number, column in enumerate(matrix.columns):
        if not risky[number]:
            continue
        if number and risky[number - 1]:
            spans[-1].append(str(column))
        else:
            spans.append([str(column)])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)


def _upgrades(ways: Ways) -> str:
    up, back = len(ways.up), len(ways.ways) - len(ways.up)
    arrived = sum(way.fact.arrived for way in ways.ways)
    said = f"{counted(up, 'way')} up and {back} back, {arrived} of {up + back} arrived with a full mesh."
    worst = ways.worst
    if worst is None or worst.worst_pair is None:
        return f"{said} No traffic was measured."
    pair = worst.worst_pair
    lost, sent = sum(way.lost for way in ways.ways), sum(way.sent for way in ways.ways)
    return (
        f"{said} Worst gap {milliseconds(pair.worst_gap_ms)} ({worst.title}; {pair.source} to {pair.target}, "
        f"{pair.protocol}). {lost} of {counted(sent, 'request')} lost."
    )
