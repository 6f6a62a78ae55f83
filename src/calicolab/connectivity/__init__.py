"""Pods through the real CNI plugin, and who reaches whom."""
