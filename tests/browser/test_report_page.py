"""The report of a finished run in a real browser, which has no network."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.workspace import Workspace

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium")
# Where CI installs them, a browser that is not there is a failure.
MAY_SKIP = not (os.environ.get("CI") and os.geteuid() == 0 and shutil.which("apt-get"))

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
    cells = browser.find_elements(By.CSS_SELECTOR, f"#{table} tbody td:nth-child({number})")
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


def test_every_figure_is_drawn(page: webdriver.Chrome) -> None:
    figures = page.find_elements(By.CSS_SELECTOR, "figure")
    assert len(figures) > 5
    for figure in figures:
        [drawing] = figure.find_elements(By.CSS_SELECTOR, ":scope > svg")
        assert drawing.size["height"] > 100
        assert len(drawing.find_elements(By.CSS_SELECTOR, "path")) > 10


def test_tables_sort_by_their_heads_and_back(page: webdriver.Chrome, image_run: Workspace) -> None:
    [table] = [
        one.get_attribute("id")
        for one in page.find_elements(By.CSS_SELECTOR, "table")
        if "best predicted by" in (one.get_attribute("textContent") or "")
    ]
    heads = page.find_elements(By.CSS_SELECTOR, f"#{table} th")
    number = [head.text for head in heads].index("variance left")
    before = column(page, table, number + 1)
    assert before == sorted(before, key=float, reverse=True)
    button = heads[number].find_element(By.CSS_SELECTOR, "button")
    button.click()
    assert heads[number].get_attribute("aria-sort") == "ascending"
    assert column(page, table, number + 1) == sorted(before, key=float)
    button.click()
    assert heads[number].get_attribute("aria-sort") == "descending"
    button.click()
    assert heads[number].get_attribute("aria-sort") is None
    assert column(page, table, number + 1) == before


def test_tables_are_copied_as_csv(page: webdriver.Chrome, image_run: Workspace) -> None:
    page.execute_script(
        "window.copied = null;"
        "navigator.clipboard.writeText = async (text) => { window.copied = text; }"
    )
    page.find_element(By.CSS_SELECTOR, "button.copy").click()
    head, *rows = csv.reader(page.execute_script("return window.copied").splitlines())
    with (image_run.folder / "results/small/tables/picks.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [row[head.index("picks")] for row in rows] == [row["picks"] for row in written]
    assert all(len(row) == len(head) for row in rows)


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
