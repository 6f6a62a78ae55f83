from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.artifacts import calico_image
from calicolab.calico.versions import known

if TYPE_CHECKING:
    from pathlib import Path

MODULE = {
    "node/filesystem/etc/rc.local": "calico-node -startup || exit 1\n",
    "node/filesystem/etc/nsswitch.conf": "hosts: files\n",
    "node/filesystem/etc/service/available/bird/run": "#!/bin/sh\nexec bird\n",
    "node/filesystem/etc/service/available/bird/log/run": "#!/bin/bash\nsvlogd\n",
    "node/filesystem/sbin/start_runit": "#!/bin/sh\nexec runsvdir\n",
    "node/filesystem/included-source/README": "sources\n",
    "confd/etc/calico/confd/conf.d/bird.toml": "[template]\n",
    "confd/etc/calico/confd/templates/bird_ipam.cfg.template": (
        'filter x {\n  if ( y ) then {\n    krt_tunnel = "{{$data.ipip}}";   {{- /* why */}}\n    accept;\n  }\n}\n'
    ),
}


def laid_out(tmp_path: Path) -> Path:
    for name, text in MODULE.items():
        file = tmp_path / "module" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o444)
    calico_image.lay_out(tmp_path / "module", tmp_path / "image")
    return tmp_path / "image"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_scripts_can_be_run_again_and_the_rest_cannot(tmp_path: Path) -> None:
    image = laid_out(tmp_path)
    for script in ("etc/rc.local", "usr/sbin/start_runit", "etc/service/available/bird/run"):
        assert mode(image / script) == 0o755
    assert mode(image / "etc/service/available/bird/log/run") == 0o755
    assert mode(image / "etc/nsswitch.conf") == 0o644
    assert (image / "etc/rc.local").read_text() == "#!/bin/sh\ncalico-node -startup || exit 1\n"


def test_no_folder_hides_a_link_of_merged_usr(tmp_path: Path) -> None:
    image = laid_out(tmp_path)
    assert not [name for name in ("bin", "sbin", "lib") if (image / name).exists()]


def test_enabled_services_are_left_to_rc_local(tmp_path: Path) -> None:
    image = laid_out(tmp_path)
    assert not (image / "etc/service/enabled").exists()
    assert not (image / "included-source").exists()


def test_confd_has_where_to_write(tmp_path: Path) -> None:
    """Before v3.23 the folder is not among node's files, and no BIRD came up."""
    assert (laid_out(tmp_path) / "etc/calico/confd/config").is_dir()


def test_only_versions_whose_files_have_changed_are_laid_out_anew() -> None:
    recipes = {version: calico_image.recipe(version) for version in known()}
    changed = {version for version, recipe in recipes.items() if recipe != recipes["v3.31.0"]}
    assert changed == {"v3.21.4", "v3.22.0"}


def test_what_only_calicos_bird_knows_is_left_out_of_the_templates(tmp_path: Path) -> None:
    template = (laid_out(tmp_path) / "etc/calico/confd/templates/bird_ipam.cfg.template").read_text()
    assert template == "filter x {\n  if ( y ) then {\n    accept;\n  }\n}\n"


def test_a_script_that_names_its_shell_keeps_it() -> None:
    assert calico_image.with_shell("#!/bin/bash\nx\n") == "#!/bin/bash\nx\n"
