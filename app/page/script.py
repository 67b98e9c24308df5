"""The little that the page needs a script for: copying, and Esc while one is typing."""

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
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector(".st-key-stop button")?.click();
  });
}
</script>"""
