"""Headless Chromium, which talks to this machine alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test if it asks any other machine for anything."""
    page = browser.new_page(viewport={"width": 1200, "height": 820})
    foreign: list[str] = []
    page.on(
        "request",
        lambda r: re.match(r"(https?|wss?)://(?!127\.0\.0\.1)", r.url) and foreign.append(r.url),
    )
    yield page
    page.close()
    assert foreign == []
