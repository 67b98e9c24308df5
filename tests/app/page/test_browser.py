"""The real server in its own process, used through headless Chromium as a person would."""

import json
import re
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.__main__ import main
from embedder import BUNDLED_MODEL
from tests.app.fakes import pdf
from tests.app.page import slow_server
from tests.app.serving import server, start

pytestmark = pytest.mark.browser

OURS = "[data-testid='stHtml'], [data-testid='stMarkdown']"
PAGES = [
    "This manual is about the garden pump and how to store it over the winter.",
    "The warranty of the garden pump lasts 24 months. Damage by frost is excluded.",
]


def ask(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_be_enabled(timeout=60_000)
    box.fill(question)
    box.press("Enter")


def wait_until_indexed(url: str, documents: int) -> None:
    for _ in range(120):
        with urlopen(f"{url}/api/documents") as response:
            listed = json.load(response)["documents"]
        if len(listed) == documents:
            return
        time.sleep(0.5)
    pytest.fail(f"{len(listed)} of {documents} are indexed after a minute")


def ask_about_returns(page: Page, url: str, folder: Path) -> Locator:
    """Open the page of the slow server, give it its document, and ask: the answer."""
    notes = folder / "returns.md"
    notes.write_text(slow_server.DOCUMENT)
    page.goto(url)
    expect(page.get_by_text("Nothing is indexed yet")).to_be_visible(timeout=60_000)
    page.locator("input[type=file]").set_input_files(notes)
    expect(page.get_by_text("returns.md: indexed")).to_be_visible(timeout=60_000)
    ask(page, "How long is the return window?")
    return page.locator(".duet-answer").last


def without_barriers(page: Page) -> None:
    """What axe-core finds in what we drew: nothing (Streamlit's own frame is not ours)."""
    page.wait_for_timeout(1000)
    found = Axe().run(page, context=OURS, options=None)
    told = [
        (violation["id"], node["target"], node["failureSummary"])
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
    assert told == []


def open_source(page: Page, label: str) -> str:
    """Open the source with this label under the last answer; the words highlighted in it."""
    source = page.get_by_test_id("stChatMessage").last.locator("details.duet-source")
    source = source.filter(has_text=label).first
    expect(source).to_be_visible(timeout=60_000)
    source.locator("summary").click()
    page.wait_for_timeout(500)
    if not source.locator("mark").first.is_visible():
        source.locator("summary").click()  # the page was drawn anew under the first click
    expect(source.locator("mark").first).to_be_visible()
    return " ".join(source.locator("mark").all_inner_texts())


def follow_citation(page: Page) -> tuple[int, bytes]:
    """Click the first number in the last answer: the width of the page's picture, the file."""
    answer = page.get_by_test_id("stChatMessage").last
    number = answer.locator("a.duet-cite").first
    expect(number).to_be_visible(timeout=60_000)
    page.wait_for_timeout(500)
    number.click()
    picture = answer.locator("details[open] img.duet-page")
    expect(picture).to_be_visible(timeout=30_000)
    expect(picture).to_have_js_property("complete", True, timeout=30_000)
    with page.expect_download() as download:
        answer.locator("details[open] a.duet-file").click()
    return picture.evaluate("image => image.naturalWidth"), download.value.path().read_bytes()


def test_ask_upload_and_ask_again(page, tmp_path, unused_port, checkpoint, capsys, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "manual.pdf").write_bytes(pdf(PAGES))
    notes = tmp_path / "notes.md"
    notes.write_text("# Zoo\n\nThe zebra Ottokar sleeps in the old barn behind the mill.\n")
    model = {} if BUNDLED_MODEL.exists() else {"DUET_MODEL": str(checkpoint)}
    environ = {**model, "DUET_INDEX": str(tmp_path / "index")}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    from ingest.__main__ import main as ingest

    assert ingest([str(tmp_path / "docs"), "--quiet"]) == 0

    command = ("-m", "app", "serve", "--port", str(unused_port))
    with server(unused_port, tmp_path / "log", *command, **environ) as url:
        page.goto(url)
        expect(page.get_by_text("1 document")).to_be_visible(timeout=60_000)
        ask(page, "How long does the warranty of the garden pump last?")
        assert "24 months" in open_source(page, "manual.pdf, page 2")
        page.locator("details.duet-source summary").first.click()
        width, file = follow_citation(page)
        assert width > 500
        assert file == (tmp_path / "docs" / "manual.pdf").read_bytes()

        page.get_by_role("link", name="Open the document").click()
        expect(page.get_by_role("heading", name="manual.pdf")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="All documents").click()
        expect(page.get_by_text("1 document, ")).to_be_visible(timeout=20_000)
        page.get_by_role("link", name="Chat").click()
        expect(page.get_by_role("heading", name="Ask your own documents")).to_be_visible()

        page.locator("input[type=file]").set_input_files(notes)
        expect(page.get_by_text("notes.md: indexed")).to_be_visible(timeout=60_000)
        ask(page, "Where does the zebra Ottokar sleep?")
        assert "old barn" in open_source(page, "notes.md")

        ask(page, "Who won the football world cup in Brazil?")
        expect(page.get_by_text("The documents do not say.")).to_be_visible(timeout=60_000)

        expect(page.locator(".duet-question").last).to_be_in_viewport()
        page.get_by_role("link", name="Documents").click()
        expect(page.get_by_text("2 documents, 3 passages")).to_be_visible(timeout=20_000)
        page.get_by_role("combobox", name="Read a document").fill("notes")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Read", exact=True).click()
        expect(page.locator(".duet-passage")).to_contain_text("Ottokar", timeout=20_000)
        with page.expect_download() as download:
            page.get_by_role("link", name="Get the file").click()
        assert download.value.path().read_bytes() == notes.read_bytes()
        without_barriers(page)
        page.get_by_role("button", name="Remove …").click()
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_text("notes.md is removed.")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("1 document, ")).to_be_visible()
        assert not (tmp_path / "uploads" / "notes.md").exists()
        page.get_by_role("link", name="Chat").click()
        expect(page.get_by_text("1 document")).to_be_visible(timeout=20_000)

        background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        light = page.evaluate(background)
        page.emulate_media(color_scheme="dark")
        page.reload()
        expect(page.get_by_text("1 document")).to_be_visible(timeout=60_000)
        assert (light, page.evaluate(background)) == ("rgb(255, 255, 255)", "rgb(20, 25, 27)")

        with pytest.raises(HTTPError, match="400"):
            urlopen(Request(f"{url}/api/healthz", headers={"Host": "evil.example"}))

        # The server has the index open: it answers and ingests for other programs.
        assert main(["ask", "How long does the warranty of the garden pump last?"]) == 0
        assert "manual.pdf, page 2" in capsys.readouterr().out
        notes.write_text("# Zoo\n\nThe lion Isolde sleeps in the tower.\n")
        assert ingest([str(notes)]) == 0
        assert "1 indexed" in capsys.readouterr().out
        assert ingest([str(notes)]) == 0
        assert "1 unchanged" in capsys.readouterr().out
        assert ingest(["remove", str(notes)]) == 0
        assert "1 chunk" in capsys.readouterr().out
        assert ingest(["remove", str(notes)]) == 2
        assert "nothing of" in capsys.readouterr().err
        assert main(["ask", "x", "--model", str(checkpoint)]) == 2
        assert "in use" in capsys.readouterr().err


def test_sentences_stream_and_stop_keeps_them(page, tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path))
    with server(unused_port, tmp_path / "log", *command) as url:
        answer = ask_about_returns(page, url, tmp_path)
        expect(answer).to_contain_text("30 days", timeout=60_000)
        early = answer.inner_text()
        expect(answer).to_contain_text("Step 2", timeout=60_000)
        assert early in answer.inner_text()

        page.keyboard.press("Escape")
        expect(page.get_by_text("Stopped before the end.")).to_be_visible(timeout=10_000)
        kept = answer.inner_text()
        assert "Step 2" in kept
        assert "Step 9" not in kept
        assert "30 days" in open_source(page, "returns.md")


def test_a_conversation_outlives_a_reload_and_the_server(browser, page, tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path))
    with server(unused_port, tmp_path / "log", *command) as url:
        answer = ask_about_returns(page, url, tmp_path)
        expect(answer).to_contain_text("30 days", timeout=60_000)
        assert "Step 9" not in answer.inner_text()
        page.reload()  # while the answer is being written
        other = browser.new_page()
        other.goto(page.url)
        for each in (page, other):  # two browsers look at one answer
            last = each.locator(".duet-answer").last
            expect(last).to_contain_text("Step 9", timeout=60_000)
        ask(other, "What is Step 3?")
        expect(page.get_by_test_id("stChatMessage")).to_have_count(4, timeout=20_000)
        other.close()
        address = page.url
    with server(unused_port, tmp_path / "log", *command):
        page.goto(address)
        expect(page.locator(".duet-answer").first).to_contain_text("Step 9", timeout=60_000)


def test_a_kill_loses_nothing_that_was_taken(page, tmp_path, unused_port):
    """While an answer streams and files are on their way in: question and files are there after."""
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path))
    process = start(unused_port, tmp_path / "log", *command)
    url = f"http://127.0.0.1:{unused_port}"
    try:
        answer = ask_about_returns(page, url, tmp_path)
        expect(answer).to_contain_text("30 days", timeout=60_000)
        for number in range(12):
            note = f"# Note {number}\n\nZebra {number} sleeps in barn {number}.".encode()
            urlopen(Request(f"{url}/api/documents/{number}.md", note, method="PUT")).close()
    finally:
        process.kill()
        process.wait()
    assert "Step 9" not in answer.inner_text()
    address = page.url
    with server(unused_port, tmp_path / "log", *command):
        page.goto(address)
        expect(page.locator(".duet-question")).to_have_text("How long is the return window?")
        expect(page.get_by_text("The server stopped while this was being written.")).to_be_visible()
        wait_until_indexed(url, 13)
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".duet-answer")).to_contain_text("30 days", timeout=60_000)


def test_what_can_be_done_with_a_conversation(page, tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path), "0.01")
    with server(unused_port, tmp_path / "log", *command) as url:
        answer = ask_about_returns(page, url, tmp_path)
        expect(answer).to_contain_text("Step 9", timeout=60_000)
        expect(page.get_by_role("button", name="Ask again")).to_be_visible(timeout=20_000)
        without_barriers(page)

        page.get_by_role("button", name="Edit").click()
        page.get_by_label("The question").fill("What is Step 3?")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator(".duet-question")).to_have_text("What is Step 3?")
        expect(page.get_by_role("button", name="Ask again")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".duet-answer").last).to_contain_text("Step 9", timeout=60_000)

        expect(page.get_by_text("How this was found")).to_be_visible(timeout=20_000)
        page.wait_for_timeout(1000)  # until the page is drawn with the whole answer
        page.get_by_text("How this was found").click()
        expect(page.get_by_text("Searched for: What is Step 3?")).to_be_visible()
        without_barriers(page)

        menu = page.get_by_role("button", name="Conversation", exact=True)
        menu.click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download Markdown").click()
        assert download.value.suggested_filename == "How-long-is-the-return-window.md"
        assert "## What is Step 3?" in download.value.path().read_text()
        page.get_by_role("button", name="Rename …").click()
        page.get_by_label("Name", exact=True).fill("Returns")
        page.get_by_role("button", name="Rename", exact=True).click()
        expect(page.get_by_role("heading", name="Returns")).to_be_visible()

        page.set_viewport_size({"width": 390, "height": 760})
        page.reload()
        expect(page.locator(".duet-answer").last).to_contain_text("Step 9", timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        menus = page.get_by_test_id("stExpandSidebarButton")
        menus.click()
        expect(menus).to_be_hidden()
        page.get_by_role("button", name="Returns").click()
        expect(menus).to_be_visible()  # what was chosen is not covered
        page.set_viewport_size({"width": 1200, "height": 820})
        page.emulate_media(color_scheme="dark")
        page.reload()
        expect(page.locator(".duet-answer").last).to_contain_text("Step 9", timeout=60_000)
        without_barriers(page)

        menu.click()
        page.get_by_role("button", name="Delete …").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("heading", name="Ask your own documents")).to_be_visible()
        expect(page.get_by_role("button", name="Returns")).to_have_count(0)
        assert "conversation=" not in page.url
        without_barriers(page)


def test_files_come_in_while_an_answer_is_written_and_lie_on_the_map(page, tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path), "0.03")
    (tmp_path / "folder" / "minutes").mkdir(parents=True)
    (tmp_path / "folder" / "minutes" / "may.md").write_text("In May the mill was sold to Ada.")
    (tmp_path / "folder" / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    link = tmp_path / "ada@example.org www.example.org.md"
    link.write_text("The barn of the mill burned down in June.")
    with server(unused_port, tmp_path / "log", *command) as url:
        answer = ask_about_returns(page, url, tmp_path)
        expect(answer).to_contain_text("30 days", timeout=60_000)
        page.locator("input[type=file]").set_input_files(link)
        expect(page.get_by_text(re.compile(r"example\.org\.md: "))).to_be_visible(timeout=20_000)
        expect(answer).to_contain_text("Step 9", timeout=60_000)  # neither waits for the other
        expect(page.get_by_text(re.compile(r"example\.org\.md: indexed"))).to_be_visible(
            timeout=60_000
        )
        assert page.locator("a[href*='example.org']").count() == 0  # a name is no link
        without_barriers(page)

        page.get_by_role("link", name="Documents").click()
        page.get_by_text("Add documents").click()
        page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "folder")
        expect(page.get_by_text("minutes/may.md: indexed")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("broken.pdf: failed, damaged")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("3 documents")).to_be_visible(timeout=20_000)
        without_barriers(page)
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_text("broken.pdf: failed, damaged")).to_be_hidden(timeout=20_000)

        page.get_by_role("link", name="Map").click()
        question = page.get_by_label("Where does a question lead?")
        question.fill("Who bought the mill in May?")
        question.press("Enter")
        expect(page.get_by_text("Expected: Who bought the mill")).to_be_visible(timeout=30_000)
        expect(page.locator(".duet-places li").first).to_contain_text("may.md")
        expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
        without_barriers(page)
        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_text("scripted@000000000000")).to_be_visible(timeout=20_000)
        without_barriers(page)
        page.set_viewport_size({"width": 390, "height": 760})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_server_with_a_key_lets_nobody_else_in(page, tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path))
    with server(unused_port, tmp_path / "log", *command, DUET_API_KEY="correct horse") as url:
        upload = f"{url}/_stcore/upload_file/session/file"
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(upload, b"x" * 1000, method="PUT"))
        stream = f"ws://127.0.0.1:{unused_port}/_stcore/stream"
        with pytest.raises(InvalidStatus, match="403"), connect(stream):
            pass
        page.goto(url)
        page.get_by_label("This server needs a key.").fill("guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is not the key.")
        page.get_by_label("This server needs a key.").fill("correct horse")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing is indexed yet")).to_be_visible(timeout=60_000)


def test_a_page_of_another_origin_gets_no_session(tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path))
    with server(unused_port, tmp_path / "log", *command):
        stream = f"ws://127.0.0.1:{unused_port}/_stcore/stream"
        for origin in ("http://127.0.0.1:3000", "http://evil.example"):
            with pytest.raises(InvalidStatus, match="403"), connect(stream, origin=origin):
                pass
        with connect(stream, origin=f"http://127.0.0.1:{unused_port}"):
            pass
