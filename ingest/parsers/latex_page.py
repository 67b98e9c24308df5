"""LaTeX source as HTML, for the reader of HTML."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import (
    LatexCharsNode,
    LatexCommentNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexMathNode,
    LatexNode,
    LatexSpecialsNode,
    LatexWalker,
    get_default_latex_context_db,
)
from pylatexenc.macrospec import LatexContextDb, std_environment, std_macro

from ingest.errors import UnreadableError

MAX_EXPANDED = 1_000_000
"""Characters that a file's own macros may add: nested ones double with each line."""
_AN_EXPANSION = 50
"""What one counts beside its characters."""

# What pylatexenc does not know the arguments of: `[` may be left out, `{` may not, `*` is a star.
_MACROS = {
    "author": "[{", "autocite": "[[{", "autoref": "{", "bibitem": "[{", "bibliography": "{",
    "bibliographystyle": "{", "caption": "*[{", "chapter": "*[{", "citep": "*[[{", "citet": "*[[{",
    "cline": "{", "cmidrule": "[{", "color": "{", "colorbox": "{{", "cref": "{", "Cref": "{",
    "date": "{", "DeclareMathOperator": "*{{", "eqref": "{", "footcite": "[[{",
    "footnotetext": "[{", "geometry": "{", "graphicspath": "{", "href": "{{", "hypersetup": "{",
    "index": "{",
    "multicolumn": "{{{", "multirow": "{[{[{", "pageref": "{", "pagestyle": "{",
    "paragraph": "*[{", "parencite": "[[{", "part": "*[{", "renewcommand": "*{[[{",
    "setcounter": "{{", "setlength": "{{", "subparagraph": "*[{", "subtitle": "{",
    "textcite": "[[{", "textcolor": "{{", "textsubscript": "{", "textsuperscript": "{",
    "thanks": "{", "theoremstyle": "{", "thispagestyle": "{", "title": "[{",
}  # fmt: skip
_ENVIRONMENTS = {
    "array": "[{", "figure": "[", "figure*": "[", "longtable": "[{", "minipage": "[{",
    "multicols": "{", "table": "[", "table*": "[", "tabular": "[{", "tabular*": "{[{",
    "tabularx": "{[{", "tabulary": "{[{", "thebibliography": "{", "wrapfigure": "{{",
}  # fmt: skip
_DEFINING = frozenset("newcommand renewcommand providecommand DeclareRobustCommand".split())
_UNSEEN = _DEFINING | frozenset(
    """
    addtocounter author bibliography bibliographystyle cline cmidrule color date
    DeclareMathOperator documentclass geometry graphicspath hspace hypersetup include
    includegraphics index input label maketitle newenvironment newtheorem pagestyle setcounter
    setlength thanks theoremstyle thispagestyle title usepackage vspace
    """.split()
)
_BREAKS = ("\\", "newline", "tabularnewline", "cr")
_SHOWN = {
    **dict.fromkeys(_UNSEEN, ""),
    **dict.fromkeys(_BREAKS, "<br>"),
    **dict.fromkeys(("part", "chapter"), "<h1>{}</h1>"),
    "section": "<h2>{}</h2>",
    "subsection": "<h3>{}</h3>",
    "subsubsection": "<h4>{}</h4>",
    "paragraph": "<h5>{}</h5>",
    "subparagraph": "<h6>{}</h6>",
    **dict.fromkeys(("bigskip", "clearpage", "medskip", "newpage", "par", "smallskip"), "<p>"),
    "caption": "<p>{}<p>",
    **dict.fromkeys(
        ("autocite", "cite", "citep", "citet", "footcite", "parencite", "textcite"), "[{}]"
    ),
    "bibitem": "<p>[{}] ",
    **dict.fromkeys(("footnote", "footnotetext"), " ({})"),
    **dict.fromkeys(("autoref", "cref", "Cref", "eqref", "pageref", "ref"), "{}"),
    **dict.fromkeys(("colorbox", "href", "textcolor"), "{}"),  # the last argument of two
    "textsuperscript": "<sup>{}</sup>",
    "textsubscript": "<sub>{}</sub>",
    "verb": "<code>{}</code>",
    "and": ", ",
    "TeX": "TeX",
    "LaTeX": "LaTeX",
    "LaTeXe": "LaTeX2e",
    "BibTeX": "BibTeX",
}
"""Macros as HTML, `{}` being their last argument."""
_FORMULAS = frozenset(
    "align alignat displaymath eqnarray equation flalign gather math multline".split()
)
_TABLES = frozenset("array longtable tabular tabularx tabulary".split())
_DRAWN = frozenset("comment filecontents pgfpicture tikzpicture".split())
_RULES = frozenset("hline midrule toprule bottomrule cline cmidrule".split())
_SPECIALS = {
    "~": " ", "``": "“", "''": "”", "--": "–", "---": "—", "!`": "¡", "?`": "¿", "&": " ",
}  # fmt: skip
_ACCENTS = frozenset("uvHcdbrtk")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_PROGRAM = re.compile(
    r"\\begin\s{0,9}\{((?:lstlisting|minted|[vV]erbatim|alltt)\*?)\}"
    r"(?:\[[^\]\n]{0,500}\])?(?:\{[a-zA-Z+#-]{0,40}\})?"
)
_DEF = re.compile(r"\\def\s*(\\[a-zA-Z]+)\s*\{([^{}]*)\}")
_PARAMETER = re.compile(r"#([1-9])")


@dataclass(frozen=True, slots=True)
class _Macro:
    """What a macro of the file's own stands for; `#1` in it is the first argument."""

    arguments: int
    default: str | None
    body: str

    @property
    def form(self) -> str:
        return ("[" if self.default is not None else "{") + "{" * (self.arguments - 1)


class LatexPage:
    """What a LaTeX file shows, as HTML.

    Args:
        source: All of the file.
    """

    def __init__(self, source: str) -> None:
        self._left = MAX_EXPANDED
        self._formula = LatexNodes2Text(math_mode="text", strict_latex_spaces=False)
        self._known = _known({})
        self._nodes = self._parse(source)
        self._macros = dict(_defined(self._nodes))
        own = {name: macro.form for name, macro in self._macros.items() if macro.arguments}
        if own:  # now it is known how many arguments each has
            self._known = _known(own)
            self._nodes = self._parse(source)

    def fact(self, name: str) -> str:
        """The argument of a macro such as `title`, which is told once, as HTML."""
        for node in _deep(self._nodes):
            if isinstance(node, LatexMacroNode) and node.macroname == name:
                return self._render(_arguments(node)[-1:])
        return ""

    def body(self) -> str:
        """The document itself; all, if the file is a part that others include."""
        for node in self._nodes:
            if isinstance(node, LatexEnvironmentNode) and node.environmentname == "document":
                return self._render(node.nodelist)
        return self._render(self._nodes)

    def _parse(self, source: str) -> list[LatexNode]:
        source = _DEF.sub(r"\\newcommand{\1}{\2}", _plain_listings(source))
        walker = LatexWalker(source, latex_context=self._known, tolerant_parsing=True)
        return walker.get_latex_nodes()[0]

    def _render(self, nodes: Iterable[LatexNode | None]) -> str:
        return "".join(self._node(node) for node in nodes if node is not None)

    def _node(self, node: LatexNode) -> str:
        match node:
            case LatexCharsNode():
                return _BLANK_LINE.sub("\n<p>", escape(node.chars))
            case LatexCommentNode():
                return "\n<p>" if node.comment_post_space.count("\n") > 1 else "\n"
            case LatexGroupNode():
                return self._render(node.nodelist)
            case LatexSpecialsNode():
                return _SPECIALS.get(node.specials_chars, "\n<p>")
            case LatexMathNode():
                shown = escape(self._plain(node))
                return f"<p>{shown}<p>" if node.displaytype == "display" else shown
            case LatexEnvironmentNode():
                return self._environment(node)
            case LatexMacroNode():
                return self._macro(node)
            case _:
                return ""

    def _macro(self, node: LatexMacroNode) -> str:
        name, arguments = node.macroname, _arguments(node)
        if name in self._macros:
            return self._render(self._parse(self._expanded(self._macros[name], arguments)))
        if name in _SHOWN:
            return _SHOWN[name].format(self._render(arguments[-1:]))
        if arguments and name.isalpha() and name not in _ACCENTS:
            return self._render(a for a in arguments if isinstance(a, LatexGroupNode))
        return escape(str(self._formula.node_to_text(node)))

    def _environment(self, node: LatexEnvironmentNode) -> str:
        name = node.environmentname.rstrip("*")
        if name in _FORMULAS:
            return f"<p>{escape(self._plain(node))}<p>"
        if name in _TABLES:
            return self._table(node.nodelist)
        if name in _DRAWN:
            return ""
        if name in ("itemize", "enumerate", "description"):
            tag = "ol" if name == "enumerate" else "ul"
            items = "".join(f"<li>{item}</li>" for item in self._items(node.nodelist))
            return f"<{tag}>{items}</{tag}>"
        if name == "verbatim":
            program = getattr(node.nodeargd, "verbatim_text", _source(node.nodelist))
            return f"<pre>{escape(program)}</pre>"
        words = self._render(node.nodelist)
        return f"<h2>Abstract</h2>{words}" if name == "abstract" else f"<div>{words}</div>"

    def _items(self, nodes: Sequence[LatexNode]) -> Iterator[str]:
        parts: list[list[LatexNode]] = []
        for node in nodes:
            if isinstance(node, LatexMacroNode) and node.macroname == "item":
                parts.append([node])
            elif parts:
                parts[-1].append(node)
        for item, *words in parts:
            label = self._render(_arguments(item)) if isinstance(item, LatexMacroNode) else ""
            yield f"{label.strip()} {self._render(words)}" if label else self._render(words)

    def _table(self, nodes: Sequence[LatexNode]) -> str:
        """The first rows name the columns if a line parts them from others."""
        rows: list[str] = []
        cells: list[list[LatexNode]] = [[]]
        header = 0
        for node in nodes:
            name = node.macroname if isinstance(node, LatexMacroNode) else ""
            if name in _BREAKS:
                rows.append(self._row(cells))
                cells = [[]]
            elif name in _RULES:
                header = header or len(rows)
            elif isinstance(node, LatexSpecialsNode) and node.specials_chars == "&":
                cells.append([])
            else:
                cells[-1].append(node)
        rows.append(self._row(cells))
        rows, header = [row for row in rows if row], min(header, len(rows))
        if not 0 < header < len(rows):
            return f"<table>{''.join(rows)}</table>"
        head = "".join(rows[:header]).replace("<td", "<th").replace("</td", "</th")
        return f"<table><thead>{head}</thead><tbody>{''.join(rows[header:])}</tbody></table>"

    def _row(self, cells: Sequence[Sequence[LatexNode]]) -> str:
        found = "".join(self._cell(cell) for cell in cells)
        return f"<tr>{found}</tr>" if re.search(r">\s*[^\s<]", found) else ""

    def _cell(self, nodes: Sequence[LatexNode]) -> str:
        for node in nodes:
            spans = {"multicolumn": "colspan", "multirow": "rowspan"}
            if isinstance(node, LatexMacroNode) and node.macroname in spans:
                count = _source(_arguments(node)[:1]).strip("{} ")
                words = self._render(_arguments(node)[-1:])
                span = f' {spans[node.macroname]}="{int(count)}"' if count.isdecimal() else ""
                return f"<td{span}>{words}</td>"
        return f"<td>{self._render(nodes)}</td>"

    def _plain(self, node: LatexNode) -> str:
        """A formula in a line."""
        source = node.latex_verbatim()
        for name, macro in self._macros.items():
            if not macro.arguments and f"\\{name}" in source:
                pattern = rf"\\{re.escape(name)}(?![a-zA-Z])"
                source = re.sub(pattern, lambda _, body=macro.body: f"{{{body}}}", source)
                self._spend(len(source))
        return " ".join(self._formula.latex_to_text(source).split())

    def _expanded(self, macro: _Macro, arguments: Sequence[LatexNode | None]) -> str:
        given = [_inner(argument) for argument in arguments]
        if macro.default is not None and given and arguments[0] is None:
            given[0] = macro.default

        def put(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            return given[place] if place < len(given) else ""

        source = _PARAMETER.sub(put, macro.body)
        self._spend(len(source))
        return source

    def _spend(self, count: int) -> None:
        self._left -= count + _AN_EXPANSION
        if self._left < 0:
            msg = f"its macros stand for more than {MAX_EXPANDED:,} characters"
            raise UnreadableError(msg)


def _known(own: Mapping[str, str]) -> LatexContextDb:
    """Which macros and environments have which arguments, those of the file among them."""
    known = get_default_latex_context_db()
    macros = [std_macro(name, form) for name, form in {**_MACROS, **own}.items()]
    environments = [std_environment(name, form) for name, form in _ENVIRONMENTS.items()]
    known.add_context_category("page", macros=macros, environments=environments, prepend=True)
    return known


def _defined(nodes: Sequence[LatexNode]) -> Iterator[tuple[str, _Macro]]:
    """Each macro that is defined, with what it stands for."""
    for node in _deep(nodes):
        if isinstance(node, LatexMacroNode) and node.macroname in _DEFINING:
            *_, name, count, default, body = [None] * 5 + _arguments(node)
            number = _inner(count)
            macro = _Macro(
                int(number) if number.isdecimal() else 0,
                None if default is None else _inner(default),
                _inner(body),
            )
            yield _inner(name).strip().removeprefix("\\"), macro


def _deep(nodes: Iterable[LatexNode]) -> Iterator[LatexNode]:
    """The nodes and those in environments and groups, in order."""
    for node in nodes:
        yield node
        if isinstance(node, LatexEnvironmentNode | LatexGroupNode):
            yield from _deep(node.nodelist)


def _arguments(node: LatexMacroNode) -> list[LatexNode | None]:
    return list(node.nodeargd.argnlist or []) if node.nodeargd else []


def _source(nodes: Iterable[LatexNode | None]) -> str:
    return "".join(node.latex_verbatim() for node in nodes if node is not None)


def _inner(argument: LatexNode | None) -> str:
    """An argument's source without its braces."""
    if isinstance(argument, LatexGroupNode):
        return _source(argument.nodelist)
    return "" if argument is None else argument.latex_verbatim()


def _plain_listings(source: str) -> str:
    """Any listing as the one of plain LaTeX, whose text is no LaTeX."""
    parts: list[str] = []
    done = 0
    while found := _PROGRAM.search(source, done):
        closing = f"\\end{{{found[1]}}}"
        end = source.find(closing, found.end())
        if end < 0:
            break
        program = source[found.end() : end]
        parts += [source[done : found.start()], f"\\begin{{verbatim}}{program}\\end{{verbatim}}"]
        done = end + len(closing)
    return "".join(parts) + source[done:]
