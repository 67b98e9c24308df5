"""Style sheets of an HTML page: what they say of an element becomes a part of its own style."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from lxml.html import HtmlElement

GENERATED = "--before"
"""What a sheet writes in front of an element, its number for example: the value of `content`."""

_KEPT = re.compile(
    r"display|visibility|opacity|position|left|top|right|text-indent|margin-(?:left|top)|overflow"
    r"|clip|clip-path|transform|(?:max-)?(?:height|width)|font-size|color|background"
    r"|background-color|vertical-align|white-space|list-style|list-style-type"
)
"""Properties that decide whether text is seen, and as what."""
_COMPOUND = re.compile(r"(?P<tag>[a-z][a-z0-9]*)?(?P<names>(?:[.#][\w-]+)*)(?P<before>::?before)?")
_NAME = re.compile(r"[.#][\w-]+")
_MOST_RULES = 100
"""Rules whose selector ends in the same name or tag; more would take time without end."""
_IMPORTANT = "!important"
_INLINE = 1_000_000
"""The specificity of an element's own style: above that of any selector."""


class _Compound(NamedTuple):
    """A part of a selector: `td.price`, and whether it must be the parent of what follows it."""

    tag: str
    names: tuple[str, ...]
    is_parent: bool

    def matches(self, element: HtmlElement) -> bool:
        return self.tag in ("", element.tag) and all(each in _names(element) for each in self.names)


class _Rule(NamedTuple):
    outer: tuple[_Compound, ...]  # the innermost first
    own: _Compound
    specificity: int
    declarations: list[tuple[str, str]]

    def applies_to(self, element: HtmlElement) -> bool:
        above = element.iterancestors()
        return self.own.matches(element) and all(
            any(
                each.matches(ancestor)
                for ancestor in ([next(above, element)] if each.is_parent else above)
            )
            for each in self.outer
        )


def apply_sheets(root: HtmlElement) -> None:
    """Write into the styles of elements what the sheets of their page say of them.

    Selectors of elements, classes and ids are obeyed, and of what is inside of such; rules that
    hold on a condition, for printing for example, are not.
    """
    rules: defaultdict[str, list[_Rule]] = defaultdict(list)
    for sheet in root.iter("style"):
        for selector, style in _rules(sheet.text or ""):
            rule = _rule(selector, style)
            if rule is not None:
                alike = rules[(*rule.own.names, rule.own.tag)[0]]
                if len(alike) < _MOST_RULES:
                    alike.append(rule)
    for element in root.iter() if rules else ():
        if isinstance(element.tag, str):
            found = [
                rule for name in (*_names(element), element.tag) for rule in rules.get(name, ())
            ]
            found = [rule for rule in found if rule.applies_to(element)]
            if found:
                element.set("style", _cascaded(element, found))


def _cascaded(element: HtmlElement, rules: list[_Rule]) -> str:
    """The style of an element: of several values for a property the one that holds."""
    ranked = [
        ((value.endswith(_IMPORTANT), specificity), name, value)
        for specificity, declarations in (
            *((rule.specificity, rule.declarations) for rule in rules),
            (_INLINE, _declarations(element.get("style", ""))),
        )
        for name, value in declarations
    ]
    ranked.sort(key=lambda each: each[0])  # stable: of two alike the later one holds
    values = {name: value.removesuffix(_IMPORTANT).strip() for _, name, value in ranked}
    return ";".join(f"{name}:{value}" for name, value in values.items())


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yields (selector, declarations) of the rules at the top of a style sheet, not of @media."""
    first, *commented = sheet.split("/*")
    sheet = first + "".join(each.partition("*/")[2] for each in commented)
    depth, start = 0, 0
    selectors = ""
    for place, character in enumerate(sheet):
        if character == "{":
            if not depth:
                # In front of the first rule there may be an @import.
                selectors, start = sheet[start:place].rpartition(";")[2], place + 1
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if not depth:
                if "@" not in selectors:
                    for selector in selectors.split(","):
                        yield selector, sheet[start:place]
                start = place + 1


def _rule(selector: str, style: str) -> _Rule | None:
    """The rule; None if its selector is not understood, or it has nothing to say here."""
    tokens = selector.replace(">", " > ").split()
    compounds: list[_Compound] = []
    for place, token in enumerate(tokens):
        found = _COMPOUND.fullmatch(token)
        if found is not None and (not found["before"] or place == len(tokens) - 1):
            names = tuple(_NAME.findall(found["names"]))
            is_parent = tokens[place + 1 : place + 2] == [">"]
            compounds.append(_Compound((found["tag"] or "").lower(), names, is_parent))
        elif token != ">":
            return None
    if tokens and tokens[-1].endswith(":before"):
        declarations = [
            (GENERATED, value) for name, value in _declarations(style) if name == "content"
        ]
    else:
        declarations = [each for each in _declarations(style) if _KEPT.fullmatch(each[0])]
    if not compounds or not declarations:
        return None
    *outer, own = compounds
    specificity = sum(
        bool(each.tag) + sum(100 if name[0] == "#" else 10 for name in each.names)
        for each in compounds
    )
    return _Rule(tuple(reversed(outer)), own, specificity, declarations)


def _declarations(style: str) -> list[tuple[str, str]]:
    parts = (part.partition(":") for part in style.split(";"))
    return [(name.strip().lower(), value.strip()) for name, colon, value in parts if colon]


def _names(element: HtmlElement) -> list[str]:
    """The classes and the id of an element as selectors have them."""
    names = [f".{name}" for name in element.get("class", "").split()]
    return [*names, f"#{element.get('id')}"] if element.get("id") else names
