"""The page to sign, made of a run on a real lab that was broken all the while, is red, and in the right place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from calicolab.command import run_status
from tests.report.signoff.pages import Element, report

pytestmark = [pytest.mark.root, pytest.mark.sabotaged]

ROOT = Path(__file__).parents[2]
#: Seconds for a story whose waits all run out, on a busy machine.
TIMEOUT = 900.0
INCIDENT = "suites/founding/test_incident.py"
CURES = "suites/remediation/test_cures.py"


def page_of(tmp_path: Path, sabotage: str, *asked: str) -> Element:
    """Run what is asked under a sabotage, and make the page."""
    options = ("--lab", "netns", "--calico", "v3.23.2", "-n", "0", "--reports", str(tmp_path))
    plugin = ("-p", "tests.sabotaged.plugin", "--sabotage", sabotage)
    found = run_status([sys.executable, "-m", "pytest", *asked, *options, *plugin], cwd=ROOT, timeout=TIMEOUT)
    assert found.returncode == 1, f"pytest's code for checks that fail: {found.stdout}{found.stderr}"
    code, page = report(tmp_path / "latest", to=tmp_path / "page.html")
    assert code == 1
    assert "Do not upgrade on this evidence" in page.by_id("verdict").text
    return page


def test_a_bridge_that_is_not_injected(tmp_path: Path) -> None:
    failed = page_of(tmp_path, "bridge-not-injected", INCIDENT).by_id("fail")
    assert "Does not hold (1)" in failed.text
    assert "test_a_docker_bridge_appears" in failed.text
    assert "<interface br-fac7e8026658>.exists" in failed.text


def test_a_frozen_bird(tmp_path: Path) -> None:
    page = page_of(tmp_path, "frozen-bird", INCIDENT)
    failed = page.by_id("fail").text
    assert "test_the_mesh_is_established_on_every_ordered_pair" in failed
    assert "silent: node03" in failed
    assert "when it failed : 4 of 6" in page.by_id("meshes").text


def test_a_mesh_check_that_asks_one_node_only(tmp_path: Path) -> None:
    page = page_of(tmp_path, "one-node-asked", INCIDENT)
    failed = page.by_id("fail").text
    assert "test_the_mesh_is_established_on_every_ordered_pair" in failed
    assert "silent: node02: it was not asked silent: node03: it was not asked" in failed
    assert "when it failed : 2 of 6" in page.by_id("meshes").text


def test_a_cure_that_is_skipped(tmp_path: Path) -> None:
    page = page_of(tmp_path, "cure-skipped", INCIDENT, CURES, "-k", "correct-node-address or test_incident")
    assert "test_the_cure_brings_the_mesh_back" in page.by_id("fail").text
    overview, trials = page.by_id("cures").all("table")
    assert overview.row("correct-node-address").marks("bad") == ["✗ no mesh"]
    assert trials.row("v3.23.2").marks("bad") == ["✗ FAIL"]
    meshes = page.by_id("meshes").text.split("v3.23.2 netns, ")
    failed = [text for text in meshes if text.startswith("when it failed")]
    assert len(failed) == 2, "in the founding story and in that of the cures"
    assert all("172.18.0.1 dialled, which is no node's address" in text for text in failed)
