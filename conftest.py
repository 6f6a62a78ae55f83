"""Names the plugins in fixtures/, and nothing else."""

pytest_plugins = [
    "fixtures.run",
    "fixtures.lab",
    "fixtures.versions",
    "fixtures.needs",
    "fixtures.e2e",
    "fixtures.selection",
    "fixtures.workers",
    "fixtures.progress",
    "fixtures.outcome",
    "fixtures.evidence",
    "fixtures.steps",
    "fixtures.story",
    "fixtures.address_monitor",
    "fixtures.autodetection",
    "fixtures.upgrade",
    "fixtures.recording",
    "fixtures.page",
    "fixtures.report",
]
