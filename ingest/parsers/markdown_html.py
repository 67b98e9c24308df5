"""What stands in Markdown and is no text: tags, comments, pictures written as base64."""

import re

from markdown_it.token import Token

from ingest.parsers.html import visible_text
from ingest.parsers.html_blocks import BLOCK_TAGS
from ingest.parsers.inline import lowered, raised

# Of a link or a picture, and of one that is named elsewhere; never in prose: "(data: of 2019)".
_DATA_TARGET = re.compile(r"(?<=\]\()\s*<?data:[^)\s>]*>?")
_DATA_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:\s*<?data:\S*.*$")
_CODE = re.compile(r"(`+[^`\n]+`+)")
_ANCHOR = re.compile(r"<a\s[^<>]*>\s*</a>\s*")
_SHIFTED = re.compile(r"<(sup|sub)>([^<>\n]{1,60})</\1>", re.IGNORECASE)
_TAGS_ALONE = re.compile(r"\s*(?:</?[A-Za-z][^<>]*>\s*)+")
_NAME = re.compile(r"\s*</?([A-Za-z][\w.-]*)")
_KNOWN = BLOCK_TAGS | frozenset(
    "script style head title meta link base iframe nav noscript template picture source img br "
    "h1 h2 h3 h4 h5 h6 svg video audio object embed param menu dialog search".split()
)


def without_html(source: str, tokens: list[Token]) -> str:
    """Markdown without tags, comments and base64; its code is left as it is.

    Args:
        source: The Markdown.
        tokens: What it was parsed to.
    """
    lines = source.split("\n")
    kept: list[str] = []
    done = 0
    for token in tokens:
        if token.map is None or token.map[0] < done:
            continue
        start, end = token.map
        if token.type in ("fence", "code_block"):
            kept += [*_prose(lines[done:start]), *lines[start:end]]
            done = end
        elif token.type == "html_block":
            kept += [*_prose(lines[done:start]), *_block(token, lines[start:end])]
            done = end
    return "\n".join([*kept, *_prose(lines[done:])])


def _block(token: Token, lines: list[str]) -> list[str]:
    """The text of a block of HTML; what only looks like one stays."""
    content = token.content
    if content.lstrip().startswith(("<!--", "<?", "<!")):
        _, _, rest = content.partition("-->")
        return [rest.strip(), ""]
    found = _NAME.match(content)
    name = found[1] if found else ""
    if token.level or name.lower() not in _KNOWN or "```" in content or "~~~" in content:
        # In a list, or a component of a site: its lines are Markdown.
        is_tag = name[:1].isupper() or name.lower() in _KNOWN
        return [line for line in lines if not (is_tag and _TAGS_ALONE.fullmatch(line))]
    return [visible_text(content), ""]


def _prose(lines: list[str]) -> list[str]:
    kept = (line for line in lines if not _DATA_DEFINITION.match(line))
    return _without_comments("\n".join(map(_inline, kept))).split("\n") if lines else []


def _inline(line: str) -> str:
    if "<" not in line and "data:" not in line:
        return line
    parts = _CODE.split(line)
    parts[::2] = [_shown(part) for part in parts[::2]]
    return "".join(parts)


def _shown(part: str) -> str:
    part = _ANCHOR.sub("", _DATA_TARGET.sub("", part))

    def shifted(match: re.Match[str]) -> str:
        shift = raised if match[1].lower() == "sup" else lowered
        return shift(part[max(0, match.start() - 40) : match.start()], match[2])

    return _SHIFTED.sub(shifted, part)


def _without_comments(text: str) -> str:
    """Without what stands between the signs of a comment; code spans are left alone."""
    kept: list[str] = []
    for place, part in enumerate(_CODE.split(text)):
        if place % 2:
            kept.append(part)
            continue
        while "<!--" in part:
            before, _, rest = part.partition("<!--")
            _, closed, after = rest.partition("-->")
            if not closed:
                break
            kept.append(before)
            part = after.removeprefix(" ") if before.endswith(" ") else after
        kept.append(part)
    return "".join(kept)
