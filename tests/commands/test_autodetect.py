"""`calicolab autodetect`: the model's word on the command line, and bad input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab import cli
from calicolab.calico.autodetection.case import EXAMPLE, encode

if TYPE_CHECKING:
    from pathlib import Path

INCIDENT = encode(EXAMPLE)


def test_versions_that_do_the_same_are_shown_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["autodetect", "--layout", INCIDENT]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "v3.21.4, v3.22.0, v3.23.0, v3.23.2",
        "    take 172.18.0.1/16 on br-fac7e8026658",
    ]
    assert lines[3].startswith("v3.25.0, v3.26.0")
    assert lines[4] == "    take 192.168.21.12/24 on eth0"


def test_what_is_given_beside_a_layout_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "node02.json"
    file.write_text(INCIDENT, encoding="utf-8")
    argv = [
        "autodetect",
        "--layout",
        f"@{file}",
        "--version",
        "v3.23.2,v3.25.0",
        "--method",
        "interface=br-.*",
    ]
    assert cli.main([*argv, "--other", "node03=172.18.0.1/16", "--stored", "10.0.0.1/8"]) == 0
    assert "die on br-fac7e8026658 conflict with node03" in capsys.readouterr().out
    assert cli.main([*argv, "--ip", "none", "--stored", "10.0.0.1/8"]) == 0
    assert "keep 10.0.0.1/8\n" in capsys.readouterr().out


def test_this_machine_is_a_layout_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["autodetect", "--here", "--json"]) == 0
    assert '"name":"lo"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--layout", "{"], "this is no layout"),
        (["--layout", "@/no/such/file"], "name a file with the JSON of a layout"),
        (["--layout", INCIDENT, "--version", "v9.9.9"], "unknown Calico version 'v9.9.9'"),
        (["--layout", INCIDENT, "--version", "v3.31.0..v3.21.4"], "runs backwards"),
        (["--layout", INCIDENT, "--other", "node01"], "--other node01: write it like node01="),
        (["--layout", INCIDENT, "--stored", "here"], "the stored address 'here' is no IPv4 address"),
        (["--layout", INCIDENT, "--method", "can-reach=example.test"], "depends on name servers"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["autodetect", *arguments]) == cli.EXIT_USAGE
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_a_layout_or_this_machine_and_not_both(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["autodetect"])
    assert "one of the arguments --layout --here is required" in capsys.readouterr().err
