"""The report of a finished run in a real browser, which has no network."""

import os
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.workspace import Workspace

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium")
# Where CI installs them, a browser that is not there is a failure.
MAY_SKIP = not (os.environ.get("CI") and os.geteuid() == 0 and shutil.which("apt-get"))

CHARTS = ["map", "heat-map", "information", "represented", "inclusion", "mean-scores", "gain"]
CHARTS += ["task-scores", "objective", "time", "memory"]

pytestmark = pytest.mark.skipif(
    MAY_SKIP and not (DRIVER and BROWSER), reason="chromium and chromedriver are not installed"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = BROWSER or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=Service(DRIVER)) as chrome:
        yield chrome


@pytest.fixture
def page(browser: webdriver.Chrome, image_run: Workspace) -> webdriver.Chrome:
    """The report as it is when it has been opened."""
    browser.get((image_run.folder / "results/report.html").as_uri())
    return browser


def column(browser: webdriver.Chrome, table: str, number: int) -> list[str]:
    cells = browser.find_elements(By.CSS_SELECTOR, f"{table} tbody td:nth-child({number})")
    return [cell.get_attribute("textContent") or "" for cell in cells]


def test_the_report_opens_without_an_error_and_without_the_network(page: webdriver.Chrome) -> None:
    assert page.get_log("browser") == []
    asked = page.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert asked == []
    painted = page.execute_script(
        "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    assert painted < 2000


def test_every_chart_is_drawn(page: webdriver.Chrome) -> None:
    WebDriverWait(page, 20).until(
        lambda chrome: chrome.execute_script(
            "return [...document.querySelectorAll('.chart')].every((chart) => chart.view)"
        )
    )
    assert page.get_log("browser") == []
    names = [chart.get_attribute("id") for chart in page.find_elements(By.CSS_SELECTOR, "figure")]
    assert names == [f"small-{name}" for name in CHARTS]
    for figure in page.find_elements(By.CSS_SELECTOR, "figure"):
        [drawing] = figure.find_elements(By.CSS_SELECTOR, "svg")
        assert drawing.size["height"] > 60
        assert len(drawing.find_elements(By.CSS_SELECTOR, "path")) > 8


def test_a_mark_that_is_pointed_at_says_its_name(page: webdriver.Chrome) -> None:
    [figure] = page.find_elements(By.CSS_SELECTOR, "#small-map")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
    marks = WebDriverWait(page, 20).until(
        lambda _: figure.find_elements(By.CSS_SELECTOR, ".mark-symbol.role-mark path")
    )
    ActionChains(page).move_to_element(marks[0]).perform()
    tip = page.find_element(By.ID, "tip")
    WebDriverWait(page, 5).until(lambda _: tip.is_displayed())
    assert "agent-0" in tip.text
    assert "left open by the picks" in tip.text or "pick number" in tip.text


def test_the_heat_map_zooms(page: webdriver.Chrome) -> None:
    """With the wheel, if a key says that it is not for scrolling."""
    [chart] = page.find_elements(By.CSS_SELECTOR, "#small-heat-map .chart")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    WebDriverWait(page, 20).until(
        lambda _: page.execute_script("return !!arguments[0].view", chart)
    )

    def rows() -> list[str]:
        labels = chart.find_elements(By.CSS_SELECTOR, ".role-axis-label text")
        return [label.text for label in labels if label.text.startswith("agent")]

    assert len(rows()) == 6
    wheel = """
        const [chart, ctrlKey] = arguments;
        const svg = chart.querySelector("svg");
        const box = svg.getBoundingClientRect();
        const place = {clientX: box.left + box.width / 2, clientY: box.top + box.height / 3};
        const event = new WheelEvent("wheel", {deltaY: -400, bubbles: true, ctrlKey, ...place});
        document.elementFromPoint(place.clientX, place.clientY).dispatchEvent(event);
    """
    page.execute_script(wheel, chart, False)
    assert len(rows()) == 6
    page.execute_script(wheel, chart, True)
    WebDriverWait(page, 5).until(lambda _: len(rows()) < 6)


def test_tables_sort_by_their_heads_and_back(page: webdriver.Chrome) -> None:
    table = "#small-table-representatives"
    heads = page.find_elements(By.CSS_SELECTOR, f"{table} th")
    [number] = [
        place
        for place, head in enumerate(heads)
        if head.get_attribute("data-key") == "residual_variance"
    ]
    before = column(page, table, number + 1)
    assert before == sorted(before, key=float, reverse=True)
    assert len(before) == 3
    button = heads[number].find_element(By.CSS_SELECTOR, "button")
    button.click()
    assert heads[number].get_attribute("aria-sort") == "ascending"
    assert column(page, table, number + 1) == before[::-1]
    button.click()
    assert heads[number].get_attribute("aria-sort") == "descending"
    assert column(page, table, number + 1) == before


def test_tables_are_copied_as_they_are_in_their_files(
    page: webdriver.Chrome, image_run: Workspace
) -> None:
    page.execute_script(
        "window.copied = null;"
        "navigator.clipboard.writeText = async (text) => { window.copied = text; }"
    )
    for name in ("picks", "scores"):
        page.find_element(By.CSS_SELECTOR, f"#small-table-{name} button.copy").click()
        copied = pd.read_csv(StringIO(page.execute_script("return window.copied")))
        written = pd.read_csv(image_run.folder / f"results/small/tables/{name}.csv")
        pd.testing.assert_frame_equal(copied, written, check_dtype=False, rtol=1e-12)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 420])
def test_nothing_is_wider_than_the_page(
    page: webdriver.Chrome, width: int, scheme: str, tmp_path: Path
) -> None:
    settings = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", settings)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    wide = page.execute_script("return document.documentElement.scrollWidth")
    ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width
    assert (sum(map(int, ground[4:-1].split(","))) < 200) == (scheme == "dark")
