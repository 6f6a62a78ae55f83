"""Stands in for ginkgo and e2e.test in the harness's own tests: writes the report that it is told to, in ginkgo's form.

FAKE_E2E is JSON: {"name of a spec": state}; FAKE_E2E_BROKEN is what fails before the specs; FAKE_E2E_HANGS hangs.
"""

import json
import os
import signal
import sys
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

options = dict(word.removeprefix("--").partition("=")[::2] for word in sys.argv[1:])
Path(os.environ["FAKE_E2E_LOG"]).write_text(json.dumps(sys.argv[1:]))
if "FAKE_E2E_HANGS" in os.environ:
    signal.pause()
dry = "ginkgo.dry-run" in options
broken = os.environ.get("FAKE_E2E_BROKEN", "")
cases = [
    f'<testcase name="[SynchronizedBeforeSuite]" status="{"failed" if broken else "passed"}" time="0.1">'
    + (
        f'<failure message={quoteattr(broken)} type="failed">[FAILED] {escape(broken)}</failure>'
        if broken
        else ""
    )
    + "</testcase>"
]
for name, state in json.loads(os.environ["FAKE_E2E"]).items():
    inner = ""
    if state == "failed":
        inner = '<failure message="did not find expected responses..." type="failed">where</failure>'
    elif state == "timedout":
        inner = '<failure message="A suite timeout occurred" type="timedout">where</failure>'
    elif state.startswith("skipped"):
        state, _, why = state.partition(":")
        inner = f'<skipped message="{"skipped - " + why if why else "skipped"}"></skipped>'
    log = "" if state == "skipped" else "<system-err>&gt; Enter [It] &amp; so on</system-err>"
    case_name = quoteattr(f"[It] {name} [sig-network, Conformance]")
    cases.append(f'<testcase name={case_name} status="{state}" time="1.5">{inner}{log}</testcase>')
report = options.get("ginkgo.junit-report") or f"{options['output-dir']}/{options['junit-report']}"
Path(report).write_text(
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="Kubernetes e2e suite"><properties>'
    f'<property name="DryRun" value="{"true" if dry else "false"}"></property></properties>'
    + "".join(cases)
    + "</testsuite></testsuites>"
)
sys.exit(bool(broken))
