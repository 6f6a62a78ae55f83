"""Docker engines: the one that this machine has, or a private one in namespaces of its own."""

from calicolab.engine.client import Engine as Engine
from calicolab.engine.finding import find as find
