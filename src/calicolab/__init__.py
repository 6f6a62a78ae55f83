"""What a conformance suite for Calico needs done: labs, faults, facts and evidence. Nothing here asserts."""

__version__ = "0.1.0"
