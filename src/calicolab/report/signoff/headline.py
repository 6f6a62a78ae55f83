"""The verdict in a sentence, and what was found in a few: what somebody reads who reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.signoff.marks import RISK
from calicolab.report.signoff.upgrades import worst_of
from calicolab.report.words import counted, milliseconds

if TYPE_CHECKING:
    from calicolab.report.signoff.cures import Cures
    from calicolab.report.signoff.judging import Judgement
    from calicolab.report.signoff.matrix import Matrix, Row
    from calicolab.report.signoff.models import Compared
    from calicolab.report.signoff.upgrades import Way, Ways

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
        return f"Do not sign yet: {_open(judgement)}."
    held = counted(len(judgement.with_outcome("pass")), "check")
    if not ways.ways:
        return (
            f"All that was checked holds ({held}), but no run upgraded anything: "
            "this says nothing of the way from one version to another."
        )
    return f"Nothing that was checked speaks against the upgrade ({held} held){_but_lost(ways)}."


def _but_lost(ways: Ways) -> str:
    lossy = [way for way in ways.clear if way.lost]
    if lossy:
        return f", but requests were lost on {counted(len(lossy), 'way')}: the checks allow for that, and you must, too"
    lossy = [way for way in ways.ambushed if way.lost]
    if lossy:
        return f", where nothing lies in wait: where a conflict does, requests are lost on {counted(len(lossy), 'way')}"
    return ""


def findings(*, matrix: Matrix, models: list[Compared], ways: Ways, cures: Cures) -> list[Finding]:
    """What was found, in the order of the page."""
    found = []
    if matrix.columns:
        found.append(Finding("addresses", "Addresses", _addresses(matrix)))
    if models:
        facts = [row.fact for row in models if row.fact is not None]
        agreed, layouts = sum(fact.agreed for fact in facts), sum(fact.layouts for fact in facts)
        asked = {row.column.label for row in models if row.fact is not None}
        unknown = {row.column.label for row in models} - asked
        said = f"It agrees with calico-node on {agreed} of {layouts} layouts, on {counted(len(asked), 'version')}."
        if unknown:
            said += f" Of {counted(len(unknown), 'version')} it is not known."
        found.append(Finding("model", "Model", said))
    if ways.ways:
        found.append(Finding("upgrades", "Upgrades", _upgrades(ways)))
    if cures.cures:
        lasting = ", ".join(cures.lasting) or "none"
        unknown_cures = ", ".join(cures.unknown)
        others = (cure.name for cure in cures.cures if cure.name not in (*cures.lasting, *cures.unknown))
        said = f"Lasting wherever they were tried: {lasting}. Not everywhere: {', '.join(others) or 'none'}."
        if unknown_cures:
            said += f" Not known of every version: {unknown_cures}."
        found.append(Finding("cures", "Cures", said))
    return found


def _open(judgement: Judgement) -> str:
    checks, problems = len(judgement.with_outcome("inconclusive")), len(judgement.problems)
    parts = []
    if checks:
        parts.append(f"{counted(checks, 'check')} {'was' if checks == 1 else 'were'} not answered")
    if problems:
        parts.append(
            f"{counted(problems, 'thing')} about the runs {'is' if problems == 1 else 'are'} not in order"
        )
    return ", and ".join(parts) or "nothing was checked"


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
        return "every version"
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
    said = []
    for words, these in (("With nothing in wait", ways.clear), ("With a conflict in wait", ways.ambushed)):
        if these:
            back = sum(way.back for way in these)
            arrived = sum(way.fact.arrived for way in these)
            said.append(
                f"{words}: {counted(len(these) - back, 'way')} up and {back} back, {arrived} of {len(these)} arrived "
                f"with a full mesh; {_traffic(these)}."
            )
    return " ".join(said)


def _traffic(ways: list[Way]) -> str:
    worst = worst_of(ways)
    if worst is None or worst.worst_pair is None:
        return "no traffic was measured"
    pair = worst.worst_pair
    lost, sent = sum(way.lost for way in ways), sum(way.sent for way in ways)
    route = f"{worst.fact.source} to {worst.fact.target}, {pair.source} to {pair.target} by {pair.protocol}"
    return f"{lost} of {counted(sent, 'request')} lost, worst gap {milliseconds(pair.worst_gap_ms)} ({route})"
