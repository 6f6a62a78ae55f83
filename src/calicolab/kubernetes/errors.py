"""What can go wrong between us and an API server: it says no, or it says nothing."""

from __future__ import annotations

from calicolab.errors import LabError


class ApiRefused(LabError):
    """The API server answered with an error; `status` is its HTTP status, 0 when the fault lies before HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the API server answered {status}: {message}" if status else message)
        self.status = status


class ApiSilent(LabError):
    """The API server did not answer: whatever the question was, it could not be asked."""

    def __init__(self, server: str, why: str) -> None:
        super().__init__(
            f"the API server at {server} does not answer ({why}); "
            "the control-plane node's kubelet and containerd logs say what became of it"
        )
        self.server = server
