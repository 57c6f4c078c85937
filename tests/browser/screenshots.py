"""Takes pictures of every section of a report, wide and narrow, light and dark, to be looked at.

``python -m tests.browser.screenshots results/report.html FOLDER``
"""

import argparse
import base64
from collections.abc import Sequence
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.chrome import (
    SCHEMES,
    WIDTHS,
    looked_at,
    open_report,
    opened_browser,
    wait_for_charts,
)

# What is above the first section has no name of its own.
_PARTS = "header, .answer, .notes, .findings, section[id]"


def picture(chrome: webdriver.Chrome, part: WebElement) -> bytes:
    """A part of the page as a PNG, however high it is."""
    script = """
        const box = arguments[0].getBoundingClientRect();
        const [x, y] = [box.x + scrollX - 8, box.y + scrollY - 8];
        return {x, y, width: box.width + 16, height: box.height + 16, scale: 1};
    """
    clip = chrome.execute_script(script, part)
    settings = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    taken = chrome.execute_cdp_cmd("Page.captureScreenshot", settings)
    return base64.b64decode(taken["data"])


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, take the pictures."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("report", type=Path, help="report.html")
    flags.add_argument("folder", type=Path, help="where the pictures go")
    arguments = flags.parse_args(argv)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with opened_browser() as chrome:
        for width in WIDTHS:
            for scheme in SCHEMES:
                with looked_at(chrome, width, scheme):
                    open_report(chrome, arguments.report)
                    wait_for_charts(chrome)
                    parts = chrome.find_elements(By.CSS_SELECTOR, _PARTS)
                    for number, part in enumerate(parts):
                        name = part.get_attribute("id") or part.get_attribute("class") or "head"
                        path = arguments.folder / f"{width}-{scheme}-{number:02d}-{name}.png"
                        path.write_bytes(picture(chrome, part))


if __name__ == "__main__":
    main()
