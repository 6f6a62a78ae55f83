"""A container on a machine: a fresh file system and process namespace, and the machine's network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.errors import LabError
from calicolab.labs.netns import namespaces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.labs.netns.machine import Machine

BOOT_SCRIPT = Path(__file__).with_name("boot_container.sh")


@dataclass(frozen=True)
class Image:
    """What a container starts from: overlay's lower layers, uppermost first, and what it shares with the machine."""

    layers: tuple[Path, ...]
    shared: tuple[str, ...]


@dataclass
class Container:
    """A container called `name` on `machine`; `environment` holds for its next start."""

    machine: Machine
    name: str
    image: Image
    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    init: namespaces.Init | None = None

    def booting(self) -> namespaces.Booting:
        """Begin a start; `started` must be given what comes of it."""
        if self.init is not None and self.init.alive():
            raise LabError(f"container {self.name} runs already on {self.machine.name}")
        settings = {"PATH": namespaces.PATH, **self.machine.marks, **self.environment}
        program = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in settings.items()), *self.argv]
        script = [
            *(
                "/bin/sh",
                str(BOOT_SCRIPT),
                f"{self.machine.directory}/{self.name}",
                f"{self.machine.directory}/root",
            ),
            *(":".join(map(str, self.image.layers)), *self.image.shared, "--", *program),
        ]
        return namespaces.boot(
            f"container {self.name} on {self.machine.name}",
            namespaces.new_container(self.machine.init, script),
            marks=self.machine.marks,
        )

    def start(self) -> None:
        """Start it afresh from its image."""
        self.init = self.booting().init()

    def kill(self) -> None:
        """End it at once, as Kubernetes ends calico-node (terminationGracePeriodSeconds is 0 in its manifest)."""
        if self.init is not None:
            self.init.kill()
            self.init = None

    def inside(self, argv: Sequence[str], *, environment: Mapping[str, str] | None = None) -> list[str]:
        """The argument list that runs `argv` in it, with its settings.

        Raises:
            LabError: it does not run.
        """
        return self.running.inside(argv, environment={**self.environment, **(environment or {})})

    @property
    def running(self) -> namespaces.Init:
        """Its first process.

        Raises:
            LabError: it does not run.
        """
        if self.init is None or not self.init.alive():
            raise LabError(f"container {self.name} does not run on {self.machine.name}: {self.last_words()}")
        return self.init

    def last_words(self) -> str:
        """The end of what it has written."""
        return self.machine.read(f"/var/log/container-{self.name}.log")[-2000:].strip() or "it said nothing"
