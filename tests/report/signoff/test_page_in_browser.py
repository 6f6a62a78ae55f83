"""The sign-off page in a real browser, as it is read: on a phone, at a desk, on paper, and with scripts off."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome as WebDriver
from selenium.webdriver.common.by import By

from calicolab.evidence.model import CheckRecord
from calicolab.evidence.signoff import AUTODETECTION, UPGRADE
from tests.report.chromium import log, opened, requested
from tests.report.signoff.examples import Reports, a_night, check, lab, right, upgrade
from tests.report.signoff.examples import cell as a_cell
from tests.report.signoff.pages import report

pytestmark = pytest.mark.browser

PHONE, DESKTOP = (390, 844), (1280, 900)
#: Of text and what is behind it: WCAG 2.2, success criterion 1.4.3 (level AA).
CONTRAST = 4.5
#: Every text's colours and size, as the browser computes them; what is behind it is the nearest that is opaque.
TEXTS = """
function behind(node) {
  for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (!/rgba\\(.*, 0\\)/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
}
const found = new Map();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || element.closest("svg, style") || !element.checkVisibility()) continue;
  const key = [getComputedStyle(element).color, behind(element)].join("|");
  if (!found.has(key)) found.set(key, walker.currentNode.data.trim().slice(0, 60));
}
return [...found].map(([key, text]) => [...key.split("|"), text]);
"""


def red_checks() -> list[CheckRecord]:
    """One of each that is not green."""
    on = lab("v3.23.2")
    fact = a_cell("docker-bridge", "first-found", on.calico)
    unexpected = {
        "conflict": fact.conflict,
        "method": fact.method,
        "expected": fact.expected,
        "seen": right(),
    }
    lossy = upgrade("v3.23.2", "v3.25.0", lost=9)
    address = "test_address[docker-bridge-first-found]"
    return [
        check("autodetection/test_matrix.py", address, on, {AUTODETECTION: unexpected}, outcome="fail"),
        check("upgrade/test_neighbours.py", "test_upgrade[to-v3.25.0]", on, {UPGRADE: lossy}),
        check(
            "founding/test_other.py", "test_x", on, outcome="inconclusive", reason="LabError: " + "x" * 200
        ),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night's page with something red, something that was not answered, and what changed."""
    folder = tmp_path_factory.mktemp("night")
    reports = Reports(folder / "reports")
    runs = a_night(reports)
    red = reports.add(*red_checks())
    code, _ = report(*runs[1:], red, to=folder / "signoff.html", options=("--since", str(runs[0])))
    assert code == 1
    return folder / "signoff.html"


@pytest.fixture
def browser(page: Path, tmp_path: Path) -> Iterator[WebDriver]:
    with opened(page, profile=tmp_path / "profile") as driver:
        yield driver


def test_the_page_is_read_on_a_phone_and_at_a_desk(browser: WebDriver, page: Path) -> None:
    """One browser for all that is looked at: starting it is what takes the time."""
    for name, size in (("phone", PHONE), ("desktop", DESKTOP)):
        resize(browser, size)
        the_verdict_is_seen_without_scrolling(browser, size)
        nothing_is_wider_than_the_window(browser, size)
        picture(browser, page.with_name(f"{name}.png"), size)
        assert page.with_name(f"{name}.png").stat().st_size > 20_000
    every_text_can_be_told_from_what_is_behind_it(browser)
    a_cell_leads_to_its_check(browser)
    nothing_was_fetched_and_nothing_went_wrong(browser, page)


def resize(browser: WebDriver, size: tuple[int, int]) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def the_verdict_is_seen_without_scrolling(browser: WebDriver, size: tuple[int, int]) -> None:
    verdict = browser.find_element(By.ID, "verdict")
    assert verdict.text.startswith("✗ FAIL")
    assert verdict.is_displayed()
    assert verdict.rect["y"] + verdict.rect["height"] < size[1] * 0.6


def nothing_is_wider_than_the_window(browser: WebDriver, size: tuple[int, int]) -> None:
    """Wide tables scroll in a box of their own; the page itself does not."""
    layout = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})
    assert layout["cssContentSize"]["width"] <= size[0]
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]


def picture(browser: WebDriver, file: Path, size: tuple[int, int]) -> None:
    """Kept beside the page: whoever changes the page looks at them."""
    clip = {"x": 0, "y": 0, "width": size[0], "height": 6000, "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    file.write_bytes(base64.b64decode(shot["data"]))


def every_text_can_be_told_from_what_is_behind_it(browser: WebDriver) -> None:
    texts: list[list[str]] = browser.execute_script(TEXTS)
    assert len(texts) > 8, "every mark has colours of its own"
    poor = [(text, colour, behind) for colour, behind, text in texts if contrast(colour, behind) < CONTRAST]
    assert poor == []


def contrast(one: str, other: str) -> float:
    """The contrast of two CSS colours (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def a_cell_leads_to_its_check(browser: WebDriver) -> None:
    cell = browser.find_element(By.CSS_SELECTOR, "#addresses td a.bad")
    target = (cell.get_attribute("href") or "").partition("#")[2]
    browser.execute_script("arguments[0].click()", cell)
    row = browser.find_element(By.ID, target)
    assert "test_address[docker-bridge-first-found]" in row.text
    assert browser.find_element(By.CSS_SELECTOR, "tr:target").get_attribute("id") == target


def nothing_was_fetched_and_nothing_went_wrong(browser: WebDriver, page: Path) -> None:
    asked = {address.partition("#")[0] for address in requested(browser, by=page)}
    assert asked == {page.as_uri()}, "the page is one file"
    assert log(browser, "browser") == []


def test_it_is_the_same_with_scripts_off(browser: WebDriver, page: Path) -> None:
    shown = browser.find_element(By.TAG_NAME, "body").text
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(page.as_uri())
    assert browser.find_element(By.TAG_NAME, "body").text == shown


def test_it_prints(browser: WebDriver, page: Path) -> None:
    """On paper the lines to sign are there, and the hundreds of checks that passed are not."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.find_element(By.ID, "signature").is_displayed()
    assert not browser.find_element(By.CSS_SELECTOR, "nav").is_displayed()
    assert not browser.find_element(By.CSS_SELECTOR, "#checks table").is_displayed()
    assert "Not printed" in browser.find_element(By.ID, "checks").text
    printed: dict[str, Any] = browser.execute_cdp_cmd(
        "Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True}
    )
    content = base64.b64decode(printed["data"])
    page.with_name("signoff.pdf").write_bytes(content)
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") < 40


def test_poor_contrast_would_be_seen() -> None:
    """The control."""
    assert contrast("rgb(87, 96, 106)", "rgb(255, 255, 255)") > CONTRAST
    assert contrast("rgb(154, 160, 166)", "rgb(255, 255, 255)") < CONTRAST
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)


def test_what_is_too_wide_would_be_seen(browser: WebDriver) -> None:
    """The control."""
    resize(browser, PHONE)
    browser.execute_script(
        "document.body.append('x'.repeat(999)); document.body.style.overflowWrap = 'normal'"
    )
    with pytest.raises(AssertionError):
        nothing_is_wider_than_the_window(browser, PHONE)
