"""The run's page in a real browser: what a reader sees, that nothing is fetched, and that nothing hostile runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome as WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.fixtures.project import Project
from tests.report.chromium import ChromiumMissingError, log, opened, program, requested

pytest_plugins = "pytester"
pytestmark = pytest.mark.browser

INCIDENT = """
import pytest

def test_healthy(lab, phase, facts):
    '''The mesh is Established on every ordered pair.'''
    phase("before")
    facts("message", "<b id=hostile>bold</b>")

def test_bridge(lab, phase, steps):
    '''A docker bridge appears <script>document.title = "hostile"</script>.'''
    lab.break_node("node02")
    steps("calico-node is restarted", node="node02")
    phase("during")

def test_cure(lab, phase):
    '''The cure brings the mesh back.'''
    lab.cure()
    phase("after")

@pytest.mark.parametrize("hostile", ["<i id=hostile>x</i>"])
def test_pods(lab, hostile):
    '''Pods reach each other.'''
    print("<img id=hostile src=http://fetched.invalid/x onerror='document.title=1'>")
    assert hostile == "", "<script>document.title = 'hostile'</script> no route"

def test_later(lab):
    pass
"""

OTHER = """
import pytest
from calicolab.errors import LabError

def test_broken(lab):
    raise LabError("etcd member 2 did not answer")

@pytest.mark.calico(">=3.25", reason="bridges named br-* are passed over since")
def test_new(lab):
    pass
"""


@pytest.fixture
def page(project: Project) -> Path:
    project.write("founding/test_incident.py", INCIDENT)
    project.write("founding/test_other.py", OTHER)
    assert project.run().ret == 1
    return project.latest / "report.html"


@pytest.fixture
def browser(page: Path, tmp_path: Path) -> Iterator[WebDriver]:
    with opened(page, profile=tmp_path / "profile") as driver:
        yield driver


def seen(browser: WebDriver, selector: str) -> WebElement:
    """The element, which a reader can see."""
    element = browser.find_element(By.CSS_SELECTOR, selector)
    assert element.is_displayed(), selector
    assert element.size["width"] > 0, selector
    assert element.size["height"] > 0, selector
    return element


def test_the_page_tells_the_story(browser: WebDriver, page: Path) -> None:
    """One browser for all that is looked at: starting it is what takes the time."""
    the_verdict_is_on_top(browser)
    every_category_has_its_heading(browser)
    the_meshes_are_pictures(browser)
    the_peer_table_is_there(browser)
    the_time_line_shades_the_fault(browser)
    the_table_of_checks_calls_inconclusive_by_its_name(browser)
    what_was_collected_can_be_opened(browser)
    nothing_hostile_ran(browser)
    nothing_was_fetched(browser, page)


def the_verdict_is_on_top(browser: WebDriver) -> None:
    verdict = seen(browser, "#cc-verdict")
    assert verdict.text.startswith("FAIL")
    assert verdict.location["y"] < 250
    assert browser.title.startswith("FAIL: Calico conformance, run ")
    assert not browser.find_element(By.ID, "environment").is_displayed()


def every_category_has_its_heading(browser: WebDriver) -> None:
    assert "Does not conform (1)" in seen(browser, "#cc-fail h3").text
    assert "Inconclusive (2)" in seen(browser, "#cc-inconclusive h3").text
    assert "LabError: etcd member 2 did not answer" in seen(browser, "#cc-inconclusive .cc-reason").text
    assert "not reached: test_pods" in seen(browser, "#cc-inconclusive .cc-brief").text
    assert "holds for Calico >=3.25 only" in seen(browser, "#cc-skip .cc-brief").text
    assert "2 inconclusive" in seen(browser, ".cc-counts .cc-inconclusive").text
    assert colour(browser, "#cc-fail h3") != colour(browser, "#cc-inconclusive h3")


def the_meshes_are_pictures(browser: WebDriver) -> None:
    pictures = browser.find_elements(By.CSS_SELECTOR, ".cc-mesh svg")
    assert [(picture.get_attribute("aria-label") or "").partition(".")[0] for picture in pictures] == [
        "Mesh before", "Mesh during", "Mesh after", *["Mesh when it failed"] * 2,
    ]  # fmt: skip
    assert all(picture.is_displayed() for picture in pictures)
    before, during, after, *_ = (
        [
            (cell.get_attribute("class"), cell.value_of_css_property("fill"))
            for cell in picture.find_elements(By.CSS_SELECTOR, ".cell rect")
        ]
        for picture in pictures
    )
    assert before == after
    assert {kind for kind, _ in before} == {"up"}
    assert {kind for kind, _ in during} == {"up", "trying", "missing"}
    assert len(set(during)) == 3, "each kind has a colour of its own"
    letters = [letter.text for letter in pictures[1].find_elements(By.CSS_SELECTOR, ".cell .letter")]
    assert sorted(letters) == ["A", "A", "A", "A", "E", "E", "\N{EN DASH}", "\N{EN DASH}"]
    assert "172.18.0.1" in pictures[1].text


def the_peer_table_is_there(browser: WebDriver) -> None:
    tables = {
        table.find_element(By.TAG_NAME, "caption").text: table.text
        for table in browser.find_elements(By.CSS_SELECTOR, ".cc-peer-table")
    }
    assert list(tables) == ["before", "during", "after", "when it failed"]
    assert "172.18.0.1 node-to-node mesh start 11:02:03 Active Socket: Connection refused" in tables["during"]
    assert "172.18.0.1" not in tables["before"] + tables["after"]


def edges(browser: WebDriver, *selectors: str) -> list[tuple[float, float]]:
    """The left and right edge of the first element of each selector, all of one layout.

    Asked one after the other, they may be from before and after a scroll bar came, which moves them.
    """
    script = """return [...arguments].map(selector => {
        const place = document.querySelector(selector).getBoundingClientRect();
        return [place.left, place.right];
    });"""
    return [(left, right) for left, right in browser.execute_script(script, *selectors)]


def the_time_line_shades_the_fault(browser: WebDriver) -> None:
    seen(browser, ".cc-timeline svg")
    seen(browser, ".cc-timeline .window")
    (left, right), (begun, _), (cured, _) = edges(
        browser, ".cc-timeline .window", ".cc-timeline .mark.harm", ".cc-timeline .mark.cure"
    )
    assert left - 20 <= begun <= left + 20
    assert left <= cured <= right
    assert "calico-node is restarted" in seen(browser, ".cc-events table").text


def the_table_of_checks_calls_inconclusive_by_its_name(browser: WebDriver) -> None:
    rows = browser.find_elements(By.CSS_SELECTOR, "#results-table .collapsible")
    assert [row.text.split()[0] for row in rows] == [
        "Passed", "Passed", "Passed", "Failed", "Inconclusive", "Inconclusive", "Skipped",
    ]  # fmt: skip
    assert "<i id=hostile>x</i>" in rows[3].text
    counted = seen(browser, ".filters").text
    assert "1 Failed, 3 Passed, 1 Skipped" in " ".join(counted.split())
    assert "2 Inconclusive" in counted


def what_was_collected_can_be_opened(browser: WebDriver) -> None:
    seen(browser, "#cc-fail .cc-collected > summary").click()
    file = seen(browser, "#cc-fail .cc-collected details summary")
    file.click()
    link = file.find_element(By.TAG_NAME, "a")
    target = link.get_attribute("href")
    assert target is not None
    assert Path(target.removeprefix("file://")).is_file()


def nothing_hostile_ran(browser: WebDriver) -> None:
    assert browser.find_elements(By.ID, "hostile") == []
    assert "hostile" not in browser.title
    page = browser.find_element(By.TAG_NAME, "body").text
    assert "<script>document.title = 'hostile'</script> no route" in page
    assert "<b id=hostile>bold</b>" in page
    assert [entry for entry in log(browser, "browser") if entry["level"] == "SEVERE"] == []


def nothing_was_fetched(browser: WebDriver, page: Path) -> None:
    assert requested(browser, by=page) == [page.as_uri()], "the page is one file"


def colour(browser: WebDriver, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).value_of_css_property("color")


def test_what_is_fetched_would_be_seen(tmp_path: Path) -> None:
    """The control: a page that asks for something is caught doing so."""
    page = tmp_path / "page.html"
    page.write_text('<img src="http://fetched.invalid/x.png"><script>document.title = "ran"</script>')
    with opened(page, profile=tmp_path / "profile") as browser:
        assert requested(browser, by=page) == [page.as_uri(), "http://fetched.invalid/x.png"]
        assert browser.title == "ran"


def test_a_missing_chromium_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ChromiumMissingError, match="apt-get install chromium chromium-driver"):
        program("chromium")
