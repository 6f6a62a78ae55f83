"""Which faults are in a lab now; injected and proved, healed in reverse order and proved again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.errors import CalicolabError, FaultError, LabError
from calicolab.faults import marks
from calicolab.faults.afterwards import afterwards
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.faults.base import Fault
    from calicolab.labs.base import Lab

#: Seconds for a fault to show that it took, or that it is gone.
PROOF_TIMEOUT = 20.0


class FaultLedger:
    """The faults of one lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._faults: list[Fault] = []
        #: Called when something went wrong while a fault was there, before it is healed: evidence is of the broken lab.
        self.before_healing: Callable[[], None] | None = None

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that are in the lab, in the order in which they were injected."""
        return tuple(self._faults)

    @contextmanager
    def injected(self, fault: Fault) -> Iterator[Fault]:
        """Inject `fault`, prove that it took, and heal it on the way out, whatever happened: half a fault as well.

        Raises:
            FaultError: it did not take, or did not heal; if both that and what happened meanwhile went wrong, an
                ExceptionGroup holds both, what happened first in front.
        """
        with afterwards(lambda: self.heal(fault), otherwise=f"and {fault.name} did not heal"):
            try:
                self.inject(fault)
                yield fault
            except Exception:
                if self.before_healing is not None:
                    self.before_healing()
                raise

    def inject(self, fault: Fault) -> None:
        """Inject `fault` and prove that it took; it stays until `heal_all` or the lab's end.

        Raises:
            FaultError: it did not take.
        """
        # Noted before it is injected: half a fault must be healed as well.
        self._faults.append(fault)
        marks.mark(self._lab, fault)
        fault.inject(self._lab)
        self._prove(fault, "injected")
        self._lab.timeline.add("fault-injected", lab=self._lab.id, node=fault.node, detail=fault.name)

    def heal_all(self) -> None:
        """Heal every fault that is left, the latest first; one that does not heal does not stop the others.

        Raises:
            FaultError: exactly one did not heal.
            ExceptionGroup: several did not.
        """
        errors: list[Exception] = []
        for fault in reversed(self._faults.copy()):
            try:
                self.heal(fault)
            except CalicolabError as error:
                errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup("faults that did not heal", errors)

    def refuse_others(self) -> None:
        """Refuse to go on with a lab that has faults in it although all of this ledger's are healed.

        Raises:
            LabError: another run ended before it healed them, or they were injected by hand.
        """
        found = marks.found(self._lab)
        if found:
            raise LabError(
                f"lab {self._lab.id} has faults in it that this run did not inject ({', '.join(found)}): they are "
                "healed by `calicolab heal`, or the lab is thrown away"
            )

    def heal(self, fault: Fault) -> None:
        """Heal `fault` and prove it gone; one that is not in the lab is looked at all the same.

        Raises:
            FaultError: it did not heal.
        """
        fault.heal(self._lab)
        self._prove(fault, "healed")
        marks.unmark(self._lab, fault)
        if fault in self._faults:
            self._faults.remove(fault)
        self._lab.timeline.add("fault-healed", lab=self._lab.id, node=fault.node, detail=fault.name)

    def _prove(self, fault: Fault, what: str) -> None:
        proof = fault.injected if what == "injected" else fault.healed
        try:
            wait_for(lambda: proof(self._lab), until=bool, timeout=PROOF_TIMEOUT)
        except WaitTimeout as error:
            raise FaultError(f"{fault.name} was not {what}: {error}") from error
