"""The errors of the harness.

None of them says that Calico does not conform: a suite's assertion says that. They say that the question could not
be asked, and so a check that meets one is inconclusive.
"""


class CalicolabError(Exception):
    """Base of every error that the harness raises on purpose."""


class UsageError(CalicolabError):
    """What was asked for cannot be: one sentence with what is wrong, what was found and what to do."""


class LabError(CalicolabError):
    """The lab broke, or could not be brought up; nothing is known about Calico.

    `logs` are what tells why, a text by its name, where whoever raised it had to take the lab away with them.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.logs: dict[str, str] = {}


class ArtifactError(CalicolabError):
    """A program or image could not be fetched, built or verified."""


class FaultError(CalicolabError):
    """A fault could not be injected or healed."""
