"""A real Chromium without a window, that knows nothing but the page under test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTH, HEIGHT = 1280, 900
FLAGS = (
    "--headless",
    "--no-sandbox",  # as root, it does not start with one
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Should a page ask for something, it asks a port of this machine where nobody listens.
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    f"--window-size={WIDTH},{HEIGHT}",
)


class ChromiumMissingError(Exception):
    """Chromium or its driver is not installed."""


def program(name: str) -> str:
    """Where a program of Chromium's is.

    Raises:
        ChromiumMissingError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise ChromiumMissingError(
            f"{name} was not found; the tests marked browser need Debian's packages chromium and chromium-driver: "
            "apt-get install chromium chromium-driver (or leave these tests out: -m 'not browser')"
        )
    return found


@contextmanager
def opened(page: Path, *, profile: Path) -> Iterator[webdriver.Chrome]:
    """The page in a browser with an empty profile, which is closed on the way out."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    try:
        browser.get(page.as_uri())
        yield browser
    finally:
        browser.quit()


def log(browser: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    """The browser's log since it was last read: "performance" or "browser"."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call] # selenium leaves it untyped
    return entries


def requested(browser: webdriver.Chrome, *, by: Path) -> list[str]:
    """Every address that the page `by` asked for, in order; not what the browser's own first tab did before."""
    messages = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and message["params"]["documentURL"].partition("?")[0] == by.as_uri()
    ]
