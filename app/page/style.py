"""How the page looks: its style sheet, and its icon."""

STYLE = """<style>
:root { --duet: #2f6f6b; --duet-tint: #2f6f6b1a; --duet-on: #fff; --duet-dim: #5f6a73; }
@media (prefers-color-scheme: dark) {
  :root { --duet: #7cc4bd; --duet-tint: #7cc4bd24; --duet-on: #14191b; --duet-dim: #9aa7ae; }
}
.duet-answer p, .duet-answer li { line-height: 1.65; }
.duet-answer > :last-child { margin-bottom: 0; }
.duet-question { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16rem;
  overflow-y: auto; scroll-margin: 6rem; }
.duet-count { white-space: nowrap; }
.duet-answer, .duet-snippet, .duet-path { overflow-wrap: anywhere; }
.duet-answer blockquote { margin: 0 0 .8rem; padding: .1rem 0 .1rem .9rem; line-height: 1.65;
  border-left: 3px solid var(--duet); color: inherit; }
.duet-answer.duet-refused blockquote { border-left-color: #8886; color: var(--duet-dim); }
.duet-cite { font-size: .75em; font-weight: 600; color: var(--duet); background: var(--duet-tint);
  border-radius: .35em; padding: .08em .38em; margin-left: .1em; white-space: nowrap; }
a.duet-cite { text-decoration: none; }
a.duet-cite:hover, a.duet-cite:focus-visible { background: var(--duet); color: var(--duet-on); }
.duet-source { border: 1px solid #8884; border-radius: .6rem; margin-top: .5rem; }
.duet-source summary { padding: .45rem .8rem; cursor: pointer; font-size: .9rem; }
.duet-source summary:hover { color: var(--duet); }
.duet-source[open] summary { border-bottom: 1px solid #8884; }
.duet-source summary .duet-dim { margin-left: .5rem; }
.duet-source > div { padding: .6rem .8rem .8rem; scroll-margin: 9rem; max-height: 54vh;
  overflow-y: auto; } /* whole in view, though the page scrolls to its end when it grows */
.duet-source > div:target { background: var(--duet-tint); }
.duet-page { display: block; width: 100%; aspect-ratio: auto 17 / 7; margin: .3rem 0 .7rem;
  border: 1px solid #8884; border-radius: .4rem; }
.duet-source .duet-snippet { margin: .3rem 0 .6rem; }
.duet-file, .duet-ways a { font-size: .85rem; color: var(--duet); }
.duet-ways { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin-bottom: .4rem; }
.duet-uncited { font-size: .72em; color: var(--duet-dim); border-bottom: 1px dotted; }
.duet-copy { font: inherit; font-size: .9rem; color: inherit; background: none; border: 0;
  border-radius: .4rem; padding: .2rem 0; cursor: pointer; }
.duet-copy:hover, .duet-copy:focus-visible { color: var(--duet); }
.duet-how, .duet-how p { font-size: .85rem; }
.duet-how table { margin-bottom: .8rem; }
.duet-scroll { overflow-x: auto; }
.duet-found { width: 100%; border-collapse: collapse; }
.duet-found caption { text-align: left; color: var(--duet-dim); padding-bottom: .3rem; }
.duet-found th, .duet-found td { text-align: left; padding: .15rem .8rem .15rem 0;
  border-bottom: 1px solid #8884; vertical-align: top; }
h2.duet-where { font-size: .85rem; font-weight: 600; color: var(--duet-dim);
  padding: .9rem 0 .2rem; }
.duet-passage { padding: .2rem 0 .2rem .8rem; border-left: 2px solid #8884;
  margin-bottom: .5rem; }
h1.duet-name, h2.duet-name { font-size: 1.1rem; font-weight: 600; padding: 0;
  overflow-wrap: anywhere; }
h1.duet-name { font-size: 1.35rem; }
.stMainBlockContainer { padding-top: 3rem; }
.st-key-conversation-menu { flex-wrap: nowrap; }
.st-key-conversations { max-height: 36vh; overflow-y: auto; }
.st-key-conversations button { justify-content: flex-start; text-align: left;
  padding: .25rem .6rem; min-height: 2rem; }
.st-key-conversations button * { justify-content: flex-start; text-align: left; width: 100%; }
[data-testid="stBottomBlockContainer"] { padding-bottom: 1.5rem; }
.duet-settings-room { container-type: inline-size; }
@container (max-width: 560px) { /* no room for columns */
  .duet-settings thead { display: none; }
  .duet-settings tr, .duet-settings td { display: block; }
  .duet-settings tr { padding: .5rem 0; border-bottom: 1px solid #8884; }
  .duet-found.duet-settings td { border: 0; padding: 0; }
  .duet-settings td:first-child { font-weight: 600; }
  .duet-settings td:nth-child(3)::before { content: "set by "; }
  .duet-settings td:nth-child(n + 3) { font-size: .85rem; color: var(--duet-dim); }
}
.st-key-last-turn { min-height: calc(100vh - 15rem); } /* so its question can go to the top */
.st-key-last-turn .duet-question { scroll-margin: 5.5rem; }
@media (max-width: 640px) { /* no room for pictures of who speaks */
  [data-testid^="stChatMessageAvatar"] { display: none; }
}
a:focus-visible, summary:focus-visible, [tabindex="0"]:not(input):focus-visible {
  outline: 2px solid var(--duet); outline-offset: 1px; }
.duet-snippet { font-size: .92rem; line-height: 1.6; white-space: pre-wrap; }
.duet-snippet mark { background: #fbe9a9; color: #1f2933; padding: .08em .1em;
  border-radius: .2em; box-decoration-break: clone; }
.duet-table { border-collapse: collapse; white-space: normal; margin: .5rem 0; }
.duet-table th, .duet-table td { border: 1px solid #8884; padding: .2rem .6rem; text-align: left;
  vertical-align: top; }
.duet-table th { font-weight: 600; background: var(--duet-tint); }
.duet-path, .duet-dim { font-size: .8rem; color: var(--duet-dim); }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { opacity: 1;
  color: var(--duet-dim); } /* Streamlit's own are too faint to read */
.duet-waiting { animation: duet-pulse 1.6s ease-in-out infinite; }
@keyframes duet-pulse { 50% { opacity: .45; } }
.duet-documents { max-height: 19rem; overflow-y: auto; font-size: .88rem; }
.duet-documents div { display: flex; justify-content: space-between; gap: .8rem;
  align-items: baseline; padding: .3rem 0; border-bottom: 1px solid #8884;
  overflow-wrap: anywhere; }
.duet-documents div:last-child { border-bottom: 0; }
.duet-places { font-size: .92rem; line-height: 1.6; padding-left: 1.4rem;
  overflow-wrap: anywhere; }
.duet-places li { margin-bottom: .35rem; }
.duet-empty { text-align: center; padding: 9vh 0 1.5rem; }
.duet-empty h1 { font-size: 2rem; font-weight: 650; letter-spacing: -.02em; padding: 0 0 .3rem; }
.duet-empty p { color: var(--duet-dim); margin: 0 auto; max-width: 32rem; text-wrap: balance; }
</style>"""

_SIGN = (
    '<rect width="24" height="24" rx="6" fill="#2f6f6b"/>'
    '<path d="M6 8h8M6 12h12M6 16h6" stroke="#fff" stroke-width="2" stroke-linecap="round"/>'
)

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="24" viewBox="0 0 {0} 24">'

ICON = f"{_SVG.format(24)}{_SIGN}</svg>"
"""The page's icon; Streamlit's own icons would be fetched from the internet."""

LOGO = (
    f"{_SVG.format(88)}{_SIGN}<style>text {{ font: 600 17px sans-serif; fill: #1f2933; }}"
    "@media (prefers-color-scheme: dark) { text { fill: #f2f5f5; } }</style>"
    '<text x="32" y="18">Duet</text></svg>'
)
"""Stands at the head of the sidebar."""
