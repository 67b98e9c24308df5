from itertools import pairwise

import pytest

from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.latex import parse

SOURCE = r"""
\documentclass{article}
\newcommand{\mill}{the old mill}
\newcommand{\pair}[2][rye]{#1 and #2}
\def\river{Aare}
\title{A paper on \mill}
\author{Ann Alder \and Carl Dorn}
\date{May 2021}
\begin{document}
\maketitle
\begin{abstract}We measured it.\end{abstract}
\section*{Results}\label{sec:results}
It --- ``\mill'' --- ground \pair{wheat}, then \pair[oats]{wheat}, at the \river{}. % nobody knows
In all 5\,\% of $10^{11}$ grains, M\"uller said \cite[p.~3]{mueller}, see \ref{sec:results}.
H\textsubscript{2}O is \textbf{wet and \emph{cold}}\footnote{Mostly.}, \href{http://x.y}{they say}.

\begin{table}\caption{Prices}
\begin{tabular}{|l|l|}\hline Flour & Price \\ \hline Rye & 5 \\ Wheat & 6 \& more \\ \hline
\end{tabular}\end{table}
\begin{enumerate}\item one \item two \begin{itemize}\item deep\end{itemize}\end{enumerate}
\begin{lstlisting}[language=Python]
if wheel:  # 100 % {
    turn()
\end{lstlisting}
\subsection{Theory} \begin{equation} a = \frac{b}{c} \le \alpha \end{equation}
\begin{tikzpicture}\draw (0,0) -- (1,1);\end{tikzpicture}
\begin{thebibliography}{9}\bibitem{mueller} K. M\"uller. \emph{Mills}.\end{thebibliography}
\input{appendix}
\end{document}
This is not shown.
"""


def test_a_paper_is_read_as_the_page_shows_it():
    document = parse(SOURCE.encode())
    assert document.title == "A paper on the old mill"
    assert [(h.level, h.title) for h in document.headings] == [
        (1, "A paper on the old mill"),
        (2, "Abstract"),
        (2, "Results"),
        (3, "Theory"),
    ]
    for shown in [
        "Ann Alder, Carl Dorn\nMay 2021",
        "It — “the old mill” — ground rye and wheat, then oats and wheat, at the Aare.",
        "5 % of 10^11 grains, Müller said [mueller], see sec:results.",
        "H₂O is wet and cold (Mostly.), they say.",
        "Prices\n\n| Flour | Price |\n| Rye | 5 |\n| Wheat | 6 & more |",
        "1. one\n2. two\n  - deep",
        "if wheel:  # 100 % {\n    turn()",
        "a = b/c≤α",
        "[mueller] K. Müller. Mills.",
    ]:
        assert shown in document.text
    for hidden in ["nobody", "draw", "not shown", "sec:results}", "language", "\\"]:
        assert hidden not in document.text
    (table,) = document.tables
    assert document.text[table.start : table.header_end] == "| Flour | Price |"
    assert document.notes == ("files that it includes were not read",)


def test_a_part_that_others_include_is_read_whole():
    document = parse(b"\\section{One}\nSome $x_1$ words.\n\nMore \\unknown{words}.")
    assert document.text == "One\n\nSome x_1 words.\n\nMore words."


def test_cells_over_several_columns_and_tables_without_lines():
    document = parse(
        rb"\begin{tabular}{lll} a & \multicolumn{2}{c}{b} \\ 1 & 2 & \textit{3} \end{tabular}"
    )
    assert document.text == "| a | b | b |\n| 1 | 2 | 3 |"


def test_macros_that_grow_without_end_are_refused():
    names = "abcdefghijklmnopqrst"
    doubling = "".join(rf"\newcommand{{\m{a}}}{{\m{b}\m{b}\m{b}\m{b}}}" for a, b in pairwise(names))
    with pytest.raises(UnreadableError, match="its macros stand for more than 1,000,000"):
        parse((doubling + r"\newcommand{\mt}{x}\begin{document}\ma\end{document}").encode())


def test_what_is_left_open_loses_no_text():
    document = parse(rb"\begin{document} one {two $three \begin{itemize} \item four")
    assert document.text.split() == ["one", "two", "three", "*", "four"]


def test_a_comment_alone_is_no_text():
    with pytest.raises(NoTextError):
        parse(b"% nothing to see\n")
