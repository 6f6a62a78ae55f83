"""The house keeps its rules, and each rule is shown to find what breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import architecture
from tests.architecture import FILE_LINES, REGISTRIES, RULES

if TYPE_CHECKING:
    from collections.abc import Callable

TREE = Path(__file__).resolve().parent.parent
HOST = ".".join(REGISTRIES[0])

#: Rule, file, its text, and what must be found in it.
PLANTED = [
    (
        "links_lead_somewhere",
        "docs/run-it.md",
        "\n[x](../README.md) and [y](nowhere.md#z)\n",
        "2: links to nowhere.md",
    ),
    (
        "suites_only_say_what_must_hold",
        "suites/mesh/test_mesh.py",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import fixtures.lab\n",
        "4: imports fixtures.lab",
    ),
    (
        "suites_only_say_what_must_hold",
        "suites/mesh/test_mesh.py",
        "import subprocess\n",
        "1: imports subprocess",
    ),
    (
        "suites_only_say_what_must_hold",
        "suites/mesh/test_mesh.py",
        "from fixtures.lab import lab\n",
        "1: imports fixtures.lab.lab",
    ),
    (
        "suites_only_say_what_must_hold",
        "suites/mesh/test_mesh.py",
        "from calicolab import command\n",
        "1: imports calicolab.command",
    ),
    (
        "suites_only_say_what_must_hold",
        "suites/mesh/test_mesh.py",
        "from calicolab.labs.netns.lab import NetnsLab\n",
        "1: imports calicolab.labs.netns.lab.NetnsLab",
    ),
    (
        "suites_only_say_what_must_hold",
        "suites/mesh/test_mesh.py",
        "def test(lab):\n    lab.node('a').run(['ip'])\n",
        "2: runs a program: lab.node('a').run",
    ),
    (
        "fixtures_do_not_know_the_suites",
        "fixtures/lab.py",
        "import suites.founding\n",
        "1: imports suites.founding",
    ),
    (
        "calicolab_stands_below",
        "src/calicolab/calico/mesh.py",
        "def f():\n    import pytest\n",
        "2: imports pytest",
    ),
    (
        "calicolab_stands_below",
        "src/calicolab/calico/mesh.py",
        "from fixtures import lab\n",
        "1: imports fixtures.lab",
    ),
    (
        "labs_stand_alone",
        "src/calicolab/labs/kind/lab.py",
        "from calicolab.labs.netns import lab\n",
        "1: imports calicolab.labs.netns.lab",
    ),
    (
        "labs_stand_alone",
        "src/calicolab/labs/kind/lab.py",
        "from ..netns import lab\n",
        "1: imports calicolab.labs.netns.lab",
    ),
    (
        "labs_stand_alone",
        "src/calicolab/faults/bridge.py",
        "import calicolab.labs.netns.lab\n",
        "1: imports calicolab.labs.netns.lab",
    ),
    (
        "labs_stand_alone",
        "src/calicolab/faults/bridge.py",
        "importlib.import_module('calicolab.labs.netns')\n",
        "1: imports calicolab.labs.netns",
    ),
    (
        "the_foundation_stands_on_nothing",
        "src/calicolab/wait.py",
        "from calicolab.calico import facts\n",
        "1: imports calicolab.calico.facts",
    ),
    ("only_wait_sleeps", "fixtures/lab.py", "import time\ntime.sleep(1)\n", "2: calls time.sleep"),
    (
        "only_wait_sleeps",
        "suites/mesh/test_mesh.py",
        "from time import sleep as rest\nrest(1)\n",
        "2: calls time.sleep",
    ),
    (
        "only_wait_sleeps",
        "src/calicolab/calico/mesh.py",
        "import time as clock\nclock.sleep(1)\n",
        "2: calls time.sleep",
    ),
    (
        "no_shell",
        "src/calicolab/calico/mesh.py",
        "import subprocess\nsubprocess.run('ls', shell=True)\n",
        "2: calls subprocess.run",
    ),
    ("no_shell", "tests/test_x.py", "import os\nos.system('ls')\n", "2: calls os.system"),
    (
        "suites_introduce_themselves",
        "suites/policy/__init__.py",
        "",
        "1: has no docstring",
    ),
    (
        "files_hold_one_idea",
        "src/calicolab/calico/mesh.py",
        "\n" * (FILE_LINES + 1),
        f"{FILE_LINES + 1}: more than",
    ),
    ("files_hold_one_idea", "docs/long.md", "\n" * (FILE_LINES + 1), f"{FILE_LINES + 1}: more than"),
    (
        "no_registry_is_named",
        "docs/run-it.md",
        f"\npip install --index-url https://{HOST}/simple\n",
        f"2: names a package registry's host: {HOST}",
    ),
    (
        "no_machine_is_named",
        "docs/run-it.md",
        "cd /" + "home/alice/calico-conformance\n",
        "1: names a folder of somebody's machine",
    ),
    (
        "no_machine_is_named",
        "run",
        "#!/bin/sh\ncd '/" + "root/checkout'\n",
        "2: names a folder of somebody's machine",
    ),
]

#: What looks like a breach and is none.
ALLOWED = [
    ("docs/run-it.md", "[x](../README.md#top), [y](https://example.org/z), [z](#here)\n"),
    ("suites/mesh/test_mesh.py", "if TYPE_CHECKING:\n    from fixtures.evidence import FactRecorder\n"),
    (
        "suites/mesh/test_mesh.py",
        "import pytest\nfrom calicolab.wait import wait_for\nfrom calicolab.labs.base import Lab\n",
    ),
    (
        "src/calicolab/labs/netns/lab.py",
        "from calicolab.labs.base import Lab\nfrom calicolab.labs.netns import node\nfrom . import node\n",
    ),
    ("src/calicolab/faults/bridge.py", "from calicolab.labs.base import Lab\n"),
    ("src/calicolab/wait.py", "import time\nfrom calicolab.errors import LabError\ntime.sleep(1)\n"),
    ("src/calicolab/cli.py", "from calicolab.labs.netns.lab import NetnsLab\n"),
    ("src/calicolab/calico/mesh.py", "import subprocess\nsubprocess.run(['ls'], shell=False)\n"),
    ("fixtures/lab.py", "import pytest\nfrom calicolab.labs.netns.lab import NetnsLab\n"),
    ("docs/exact.md", "\n" * FILE_LINES),
    ("docs/overlay.md", "the overlay's {base}/work/ and the image's own home/x, or /proc/<pid>/root/run\n"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small house in which every rule holds."""
    for folder in (
        "src/calicolab/labs/netns",
        "src/calicolab/labs/kind",
        "suites/founding",
        "fixtures",
        "docs",
    ):
        (tmp_path / folder).mkdir(parents=True)
    plant(tmp_path, "README.md", "A house.\n")
    plant(tmp_path, "suites/founding/README.md", "What the incident was.\n")
    plant(tmp_path, "suites/mesh/__init__.py", '"""What must hold of the mesh."""\n')
    return tmp_path


def plant(tree: Path, path: str, text: str) -> None:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_it(rule: Callable[[Path], list[str]]) -> None:
    assert rule(TREE) == []


@pytest.mark.parametrize(("rule", "path", "text", "finding"), PLANTED)
def test_a_breach_is_found(tree: Path, rule: str, path: str, text: str, finding: str) -> None:
    check: Callable[[Path], list[str]] = getattr(architecture, rule)
    assert check(tree) == []
    plant(tree, path, text)
    (found,) = check(tree)
    assert found.startswith(f"{path}:{finding}")


def test_every_rule_has_been_seen_to_find_something() -> None:
    assert {rule for rule, *_ in PLANTED} == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_what_is_allowed_is_not_found(tree: Path, path: str, text: str) -> None:
    plant(tree, path, text)
    assert [finding for rule in RULES for finding in rule(tree)] == []
