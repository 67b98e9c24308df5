"""The little that the pages need a script for: copying, Esc, the new question in view, phones.

Esc closes the source that has the focus, else it stops the answer. On a phone the sidebar lies over
the page, and Streamlit leaves it there when something was chosen in it.
"""

SCRIPT = """<script>
if (!window.duetReady) {
  window.duetReady = true;
  const copied = (button) => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  const copyOld = (text) => { // over plain HTTP there is no clipboard to write to
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.duet-copy");
    if (!button) return;
    if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.text);
    else copyOld(button.dataset.text);
    copied(button);
  });
  const CHOICES = '[data-testid="stSidebarNav"] a, .st-key-conversations button, ' +
    ".st-key-new-conversation button";
  const FOLD = '[data-testid="stSidebarCollapseButton"] button';
  document.addEventListener("click", (event) => {
    if (window.innerWidth < 768 && event.target.closest(CHOICES))
      setTimeout(() => document.querySelector(FOLD)?.click());
  });
  let asked = 0;
  new MutationObserver(() => {
    const questions = document.querySelectorAll(".duet-question");
    const last = questions[questions.length - 1];
    if (questions.length > Math.max(asked, 1)) last.scrollIntoView({ block: "start" });
    asked = questions.length;
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const source = document.activeElement?.closest("details.duet-source[open]");
    if (!source) { document.querySelector(".st-key-stop button")?.click(); return; }
    source.open = false;
    const target = "#" + source.querySelector("[id]").id;
    document.querySelector(`a.duet-cite[href="${target}"]`)?.focus();
  });
}
</script>"""
