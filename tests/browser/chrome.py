"""Chromium without a window, and reports that are opened in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium")
WIDTHS = (1400, 420)
SCHEMES = ("light", "dark")

# Without scroll bars, which are not there while a picture is taken.
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000")
_FLAGS += ("--hide-scrollbars",)
_DRAWN = "return [...document.querySelectorAll('.chart')].every((chart) => chart.view)"


@contextmanager
def opened_browser() -> Iterator[webdriver.Chrome]:
    """Chromium with a log of what pages say and ask for."""
    options = Options()
    options.binary_location = BROWSER or ""
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=Service(DRIVER)) as chrome:
        yield chrome


@contextmanager
def looked_at(chrome: webdriver.Chrome, width: int, scheme: str) -> Iterator[None]:
    """A window of ``width`` pixels in a light or dark scheme."""
    window = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        yield
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def open_report(chrome: webdriver.Chrome, report: Path) -> None:
    """Open a report; its charts may not be drawn yet."""
    chrome.get(report.resolve().as_uri())


def wait_for_charts(chrome: webdriver.Chrome) -> None:
    """Until every chart is drawn."""
    WebDriverWait(chrome, 60).until(lambda _: chrome.execute_script(_DRAWN))
