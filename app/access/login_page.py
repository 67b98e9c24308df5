"""The page that asks for a key; it loads nothing."""

import html

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Duet</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --duet: #2f6f6b; --on: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --duet: #7cc4bd; --on: #14191b; }} }}
body {{ font: 1rem/1.6 system-ui, sans-serif; display: grid; place-items: center;
  min-height: 90vh; margin: 0; }}
form {{ width: min(20rem, 86vw); display: grid; gap: .7rem; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
input, button {{ font: inherit; padding: .5rem .7rem; border-radius: .6rem; }}
input {{ border: 1px solid #8888; }}
button {{ border: 0; background: var(--duet); color: var(--on); font-weight: 600; }}
p {{ margin: 0; }}
</style></head><body><main>
<form method="post" action="/login"><h1>Duet</h1>
<label for="key">This server needs a key.</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
{problem}<button>Open</button></form></main></body></html>
"""


def login_page(problem: str = "") -> str:
    """The page, with what was wrong with the last key."""
    told = f'<p role="alert">{html.escape(problem)}</p>\n' if problem else ""
    return _PAGE.format(problem=told)
