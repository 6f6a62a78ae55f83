"""Where programs and file systems come from: Go modules, Debian packages, and a verified cache of what they give."""

from calicolab.artifacts.obtain import LabFiles, obtain
from calicolab.artifacts.obtain_kind import CalicoFiles, KindFiles, obtain_calico, obtain_kind
from calicolab.artifacts.progress import Progress

__all__ = ["CalicoFiles", "KindFiles", "LabFiles", "Progress", "obtain", "obtain_calico", "obtain_kind"]
