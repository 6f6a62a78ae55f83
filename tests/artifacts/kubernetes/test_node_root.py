from __future__ import annotations

from pathlib import Path

import pytest

from calicolab.artifacts.kubernetes import node_root
from calicolab.errors import ArtifactError

UNIT = """\
[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
"""
SETTINGS = """\
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "a.example/pause:3.9"
  restrict_oom_score_adj = false
"""


def test_containerd_asks_for_nothing_that_is_not_granted() -> None:
    assert node_root.bounded(UNIT) == (
        "[Service]\nExecStartPre=-/sbin/modprobe overlay\nExecStart=/usr/bin/containerd\n"
        "TasksMax=infinity\n\n[Install]\n"
    )


def test_containerds_settings_are_those_of_the_lab() -> None:
    settings = node_root.containerd_settings(SETTINGS, pause="b.example/pause:3.10.1")
    assert 'sandbox_image = "b.example/pause:3.10.1"' in settings
    assert "restrict_oom_score_adj = true" in settings
    assert settings.endswith('[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "/opt/cni/bin"\n')


def test_settings_that_kind_no_longer_has_are_named() -> None:
    with pytest.raises(ArtifactError, match="sandbox_image"):
        node_root.containerd_settings("version = 3\n", pause="b.example/pause:3.10.1")


def test_kinds_files_lie_over_debians(tmp_path: Path) -> None:
    base, root = tmp_path / "base", tmp_path / "root"
    units = "usr/lib/systemd/system"
    write(
        base,
        {
            "etc/systemd/system/containerd.service": UNIT,
            "usr/local/bin/entrypoint": "#!/bin/bash\n",
            "kind/bin/hook.sh": "#!/bin/bash\n",
            "LICENSES/README": "",
        },
    )
    write(
        root,
        {
            "etc/systemd/journald.conf": "[Journal]\n",
            f"{units}/multi-user.target.wants/getty.target": "",
            f"{units}/sockets.target.wants/systemd-udevd-control.socket": "",
            f"{units}/sockets.target.wants/systemd-journald.socket": "",
            "etc/systemd/system/timers.target.wants/apt-daily.timer": "",
            "usr/sbin/halt": "",
        },
    )
    node_root.lay_out(base, root)
    assert (root / "usr/local/bin/entrypoint").stat().st_mode & 0o777 == 0o755
    assert (root / "kind/bin/hook.sh").stat().st_mode & 0o777 == 0o755
    assert not (root / "LICENSES").exists()
    assert (root / "usr/sbin/init").readlink() == Path("/usr/lib/systemd/systemd")
    assert [path.name for path in (root / units).glob("*.wants/*")] == ["systemd-journald.socket"]
    started = sorted(path.name for path in (root / "etc/systemd/system").glob("*.wants/*"))
    assert started == ["containerd.service", "kubelet.service", "undo-mount-hacks.service"]
    assert "/usr/bin/containerd" in (root / "etc/systemd/system/containerd.service").read_text()
    assert (root / "etc/systemd/journald.conf").read_text() == "[Journal]\nReadKMsg=no\n"


def write(folder: Path, texts: dict[str, str]) -> None:
    """Write each text to its path below `folder`."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
