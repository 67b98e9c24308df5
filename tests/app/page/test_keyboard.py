"""Everything that a person does with the page, done with Tab, Enter, Escape and typing only."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.page import slow_server
from tests.app.serving import server

pytestmark = pytest.mark.browser

_MOST_STOPS = 60

# What a reader of the screen hears of the focused element, and how it and what it stands in look:
# not as without the focus, if that can be seen.
_LOOK_OF = """(element) => {
  const told = [];
  for (let e = element, n = 0; e && n < 4; e = e.parentElement, n++) {
    const s = getComputedStyle(e);
    told.push(s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor);
    told.push(s.color, s.textDecorationLine);
  }
  return told.join();
}"""
_FOCUSED = f"""() => {{
  const focused = document.activeElement;
  const name = (focused.getAttribute("aria-label") || focused.innerText || "").trim();
  const label = focused.labels && focused.labels[0] ? focused.labels[0].innerText.trim() : "";
  const place = focused.getAttribute("placeholder") || "";
  return {{
    names: [name, label, place], tag: focused.tagName, look: ({_LOOK_OF})(focused)
  }};
}}"""
_WITHOUT_FOCUS = f"""async () => {{
  const focused = document.activeElement;
  focused.blur();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const look = ({_LOOK_OF})(focused);
  focused.focus();
  return look;
}}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Go on from stop to stop until the one of this name has the focus."""
    heard = []
    for _ in range(_MOST_STOPS):
        page.keyboard.press(key)
        names = page.evaluate(_FOCUSED)["names"]
        if name in (each.splitlines()[-1] if each else "" for each in names) or name in names:
            return
        heard.append(names)
    pytest.fail(f"{name} cannot be reached: {heard}")


def stops_without_visible_focus(page: Page) -> list[str]:
    """The names of the stops of a page whose focus cannot be seen."""
    page.add_style_tag(content="* { transition: none !important; }")
    page.evaluate("document.activeElement.blur()")
    hidden, seen = [], set()
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused["tag"] == "BODY" or (focused["tag"], *focused["names"]) in seen:
            continue
        seen.add((focused["tag"], *focused["names"]))
        if page.evaluate(_WITHOUT_FOCUS) == focused["look"]:
            hidden.append(f"{focused['tag']} {focused['names']}")
    assert len(seen) > 5
    return hidden


def give(page: Page, file: Path) -> None:
    """Choose a file, the button to do so being focused; the chooser is the browser's."""
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    expect(page.get_by_text(f"{file.name}: indexed")).to_be_visible(timeout=60_000)


def test_all_is_done_without_a_mouse(page, tmp_path, unused_port):
    returns, other = tmp_path / "returns.md", tmp_path / "other.md"
    returns.write_text(slow_server.DOCUMENT)
    other.write_text("# Zoo\n\nThe zebra sleeps in the barn.\n")
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path), "0.05")
    # The browser hands choosers over a moment after it was first told to: told before it matters.
    page.on("filechooser", lambda _: None)
    with server(unused_port, tmp_path / "log", *command) as url:
        page.goto(url)
        expect(page.get_by_text("Nothing is indexed yet")).to_be_visible(timeout=60_000)
        tab_to(page, "Upload")
        give(page, returns)

        tab_to(page, "Ask about your documents")
        page.keyboard.type("How long is the return window?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Ask again")).to_be_visible(timeout=60_000)
        page.wait_for_timeout(1000)  # until the page is drawn with the whole answer
        tab_to(page, "1", "Shift+Tab")
        page.keyboard.press("Enter")
        source = page.locator("details.duet-source[open]")
        expect(source.locator("mark").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(source).to_have_count(0)
        assert page.evaluate(_FOCUSED)["names"][0] == "1"  # and on from there
        assert stops_without_visible_focus(page) == []

        tab_to(page, "Ask about your documents")
        page.keyboard.type("What is Step 3?")
        page.keyboard.press("Enter")
        expect(page.locator(".duet-answer")).to_have_count(2, timeout=60_000)
        page.keyboard.press("Escape")
        expect(page.get_by_text("Stopped before the end.")).to_be_visible(timeout=10_000)

        tab_to(page, "New conversation")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Ask your own documents")).to_be_visible()

        tab_to(page, "Documents")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Documents")).to_be_visible()
        conversation = page.get_by_role("button", name="How long is the return window?")
        expect(conversation).to_be_visible()  # the conversations stand beside each page
        expect(page.get_by_text("1 document, ")).to_be_visible()
        page.wait_for_timeout(1000)  # until nothing of the other page is left
        tab_to(page, "Add documents")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()
        page.wait_for_timeout(500)  # until it is open to its end
        tab_to(page, "Upload")
        give(page, other)
        assert stops_without_visible_focus(page) == []
        tab_to(page, "Read a document")
        page.keyboard.type("other")
        page.keyboard.press("Enter")
        tab_to(page, "Read")
        page.keyboard.press("Enter")
        expect(page.locator(".duet-passage")).to_contain_text("zebra", timeout=20_000)
        tab_to(page, "Remove …")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        tab_to(page, "Remove")
        page.keyboard.press("Enter")
        expect(page.get_by_text("other.md is removed.")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("1 document, ")).to_be_visible()
        tab_to(page, "How long is the return window?")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Stopped before the end.")).to_be_visible(timeout=20_000)
