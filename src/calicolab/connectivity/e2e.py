"""Kubernetes' own tests: ginkgo runs e2e.test against a cluster; each spec's outcome is read from its JUnit file."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

from calicolab.command import run_status
from calicolab.connectivity.e2e_specs import Spec, spec_of
from calicolab.errors import LabError
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.command import CommandResult
    from calicolab.kubernetes.cluster import Cluster

#: Seconds that ginkgo has to clean up after a spec when time is up, and then some for e2e.test to end.
GRACE = 30.0
HARD_GRACE = 60.0
#: Seconds for a list of all specs.
LIST_TIMEOUT = 120.0
#: Seconds for the namespaces of a run to go.
NAMESPACES_TIMEOUT = 120.0
#: e2e.test waits so long for kube-system to be Ready before it begins: seconds. It is so already, or is not to be.
SYSTEM_PODS_TIMEOUT = 60.0
#: The label of every namespace that e2e.test makes (CreateTestingNS, test/e2e/framework/util.go, v1.34).
NAMESPACE_LABEL = "e2e-run"
#: Specs at a time, two a core, and four on any machine. Each has namespaces of its own and waits most of the time;
#: [Serial] ones ginkgo runs alone.
SIDE_BY_SIDE = max(4, min(8, 2 * (os.cpu_count() or 1)))
REPORT = "junit.xml"
_LEAF, _LABELS = re.compile(r"^\[It\] "), re.compile(r" \[[^\[\]]*\]$")

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Programs:
    """e2e.test, the ginkgo that runs its specs side by side, and the kubectl that some of them run."""

    test: Path
    ginkgo: Path
    kubectl: Path


@dataclass(frozen=True)
class SpecResult:
    """What came of one spec."""

    spec: Spec
    outcome: Outcome
    #: ginkgo's own word: passed, failed, timedout, interrupted, panicked, aborted, skipped.
    state: str
    seconds: float
    #: Why it did not pass; "" when it did.
    message: str
    #: All that it wrote.
    output: str

    @property
    def passed(self) -> bool:
        """Whether it ran and passed."""
        return self.outcome == "passed"

    def __str__(self) -> str:
        return f"{self.spec.name}: {self.state} in {self.seconds:.1f} s" + (
            f": {self.message}" if self.message else ""
        )


def run(
    specs: Sequence[Spec],
    *,
    programs: Programs,
    cluster: Cluster,
    timeout: float,
    allowed_not_ready_nodes: int = 0,
) -> tuple[SpecResult, ...]:
    """Run these specs, `SIDE_BY_SIDE` at a time, and return their results in the order of `specs`.

    Args:
        specs: which.
        programs: e2e.test and kubectl.
        cluster: where.
        timeout: seconds for all of them; one that runs then is failed by ginkgo, which cleans up after it.
        allowed_not_ready_nodes: pods of kube-system that may be unready, one a node; -1 not to look. e2e.test does
            not start before the others are.

    Raises:
        LabError: a spec was not run, e2e.test broke, or left a namespace behind: nothing is known of Calico.
    """
    before = set(cluster.namespaces(labelled=NAMESPACE_LABEL))
    with tempfile.TemporaryDirectory(prefix="calicolab-e2e-") as folder:
        # ginkgo runs a suite in the folder that it is in, and that of the cache is not to be written to.
        test = Path(folder) / "e2e.test"
        test.symlink_to(programs.test)
        argv = [
            *(str(programs.ginkgo), "run", f"--procs={min(SIDE_BY_SIDE, len(specs))}", "--no-color"),
            *(f"--output-dir={folder}", f"--junit-report={REPORT}"),
            *(f"--focus={_exactly(spec)}" for spec in specs),
            *(f"--timeout={timeout:.0f}s", f"--grace-period={GRACE:.0f}s", str(test), "--"),
            *_options(programs, cluster.kubeconfig),
            f"--system-pods-startup-timeout={SYSTEM_PODS_TIMEOUT:.0f}s",
            f"--system-daemonsets-startup-timeout={SYSTEM_PODS_TIMEOUT:.0f}s",
            f"--allowed-not-ready-nodes={allowed_not_ready_nodes}",
            # Left out, e2e.test counts them in the first of ginkgo's processes only, and in the others specs that want
            # two skip themselves: "Requires at least 2 nodes (not -1)" (setupSuite, test/e2e/e2e.go, v1.34).
            f"--num-nodes={len(cluster.nodes_for_pods())}",
        ]
        hard = timeout + GRACE + HARD_GRACE + 2 * SYSTEM_PODS_TIMEOUT
        try:
            ended = run_status(argv, timeout=hard, env=_environment(programs, folder))
        except (
            BaseException
        ):  # Ctrl-C, too: who sends it does not wait, and what is left goes by itself from here
            cluster.delete(_left(cluster, before), wait=False)
            raise
        results = parse(_text(Path(folder) / REPORT, ended), specs=specs, ended=ended)
    _remove_namespaces(cluster, before)
    return results


def list_specs(programs: Programs, *, focus: Sequence[str], skip: Sequence[str] = ()) -> tuple[Spec, ...]:
    """The specs that e2e.test itself would run, by a dry run of it; no cluster is asked.

    Args:
        programs: e2e.test and kubectl.
        focus: Go regular expressions, one of which a spec's name must match.
        skip: and none of these.

    Raises:
        LabError: it could not be run, or has no such spec.
    """
    with tempfile.TemporaryDirectory(prefix="calicolab-e2e-") as folder:
        report, nowhere = Path(folder) / REPORT, Path(folder) / "kubeconfig"
        nowhere.write_text("apiVersion: v1\nkind: Config\n", encoding="utf-8")
        argv = [
            *(str(programs.test), *_options(programs, nowhere)),
            *(f"--ginkgo.junit-report={report}", "--ginkgo.no-color", "--ginkgo.dry-run"),
            *(f"--ginkgo.focus={one}" for one in focus),
            *(f"--ginkgo.skip={one}" for one in skip),
        ]
        ended = run_status(argv, timeout=LIST_TIMEOUT, env=_environment(programs, folder))
        names = [
            name
            for name, case in _cases(_text(report, ended), ended)
            if _LEAF.match(case.get("name", "")) and case.get("status") == "passed"
        ]
    if not names:
        raise LabError(f"e2e.test has no spec that matches {' or '.join(focus)}")
    return tuple(spec_of(name) for name in sorted(names))


def parse(text: str, *, specs: Sequence[Spec], ended: CommandResult) -> tuple[SpecResult, ...]:
    """The results of `specs` from a JUnit file of ginkgo.

    Args:
        text: the file.
        specs: those that were asked for.
        ended: how e2e.test ended, for the error's sake.

    Raises:
        LabError: the file cannot be read, is of a dry run, or one of `specs` is not in it or was not begun.
    """
    if '<property name="DryRun" value="true">' in text:
        raise LabError("e2e.test was run dry: no spec was run")
    cases = dict(_cases(text, ended))
    found = {spec.name: _result(spec, cases[spec.name]) for spec in specs if spec.name in cases}
    missing = [spec.name for spec in specs if spec.name not in found or _not_begun(found[spec.name])]
    if missing:
        raise LabError(f"e2e.test did not run {'; '.join(missing)}: {_why(cases, ended)}")
    return tuple(found[spec.name] for spec in specs)


def _options(programs: Programs, kubeconfig: Path) -> list[str]:
    return ["--provider=skeleton", f"--kubeconfig={kubeconfig}", f"--kubectl-path={programs.kubectl}"]


def _environment(programs: Programs, folder: str) -> Mapping[str, str]:
    """Ours, with its kubectl found first, no proxy between it and the lab, and its temporary files in `folder`."""
    ours = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return ours | {"PATH": f"{programs.kubectl.parent}:{ours.get('PATH', '')}", "TMPDIR": folder}


def _exactly(spec: Spec) -> str:
    """A regular expression for this spec alone; ginkgo matches it against the suite's name and the spec's."""
    return f"{re.escape(spec.name)}$"


def _text(report: Path, ended: CommandResult) -> str:
    try:
        return report.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LabError(f"e2e.test wrote no report: {ended}") from None


def _cases(text: str, ended: CommandResult) -> list[tuple[str, ElementTree.Element]]:
    """Every test case of the file by its name: a spec's without its node type and labels, another's as it stands."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - written by a program of our own making
    except ElementTree.ParseError as error:
        raise LabError(f"the report of e2e.test cannot be read ({error}): {ended}") from error
    return [(_spec_name(case.get("name", "")), case) for case in root.iter("testcase")]


def _spec_name(name: str) -> str:
    return _LABELS.sub("", _LEAF.sub("", name)) if _LEAF.match(name) else name


def _result(spec: Spec, case: ElementTree.Element) -> SpecResult:
    state = case.get("status", "")
    outcomes: dict[str, Outcome] = {"passed": "passed", "skipped": "skipped", "pending": "skipped"}
    why = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
    said = [case.findtext("system-err") or "", case.findtext("system-out") or ""]
    return SpecResult(
        spec=spec,
        outcome=outcomes.get(state, "failed"),
        state=state,
        seconds=float(case.get("time", 0)),
        message=(why.get("message") or (why.text or "").strip()) if why is not None else "",
        output="\n".join(part for part in said if part),
    )


def _not_begun(result: SpecResult) -> bool:
    """Whether ginkgo passed over it; a spec that says why it is not for this cluster gives its reason."""
    return result.outcome == "skipped" and result.message in ("", "skipped", "pending")


def _why(cases: Mapping[str, ElementTree.Element], ended: CommandResult) -> str:
    """What went wrong before the specs, if anything did; what e2e.test said last otherwise."""
    for name, case in cases.items():
        if case.get("status") not in ("passed", "skipped", "pending"):
            why = next((part for part in case if part.tag in ("failure", "error")), None)
            return (
                f"{name} {case.get('status')}: {(why.get('message') or why.text) if why is not None else ''}"
            )
    return str(ended)


def _left(cluster: Cluster, before: set[str]) -> list[dict[str, Any]]:
    """The namespaces that e2e.test made and that are still there."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in cluster.namespaces(labelled=NAMESPACE_LABEL)
        if name not in before
    ]


def _remove_namespaces(cluster: Cluster, before: set[str]) -> None:
    """Wait until the namespaces that e2e.test made are gone, and delete those that it forgot.

    Raises:
        LabError: one does not go.
    """
    try:
        wait_for(
            lambda: _left(cluster, before),
            until=lambda left: not left,
            timeout=NAMESPACES_TIMEOUT,
            interval=0.2,
        )
    except WaitTimeout:
        cluster.delete(_left(cluster, before))
