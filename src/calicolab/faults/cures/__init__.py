"""What people do against a fault, done just as they do it: a file for each kind of thing that is changed."""

from calicolab.faults.cures.base import Cure as Cure
from calicolab.faults.cures.base import Lasting as Lasting
from calicolab.faults.cures.removed_interface import RemoveInterface as RemoveInterface
from calicolab.faults.cures.settings import ExplicitAddress as ExplicitAddress
from calicolab.faults.cures.settings import SetAutodetectionMethod as SetAutodetectionMethod
from calicolab.faults.cures.stored_address import CorrectNodeAddress as CorrectNodeAddress
from calicolab.faults.cures.stored_address import KeepStoredAddress as KeepStoredAddress
