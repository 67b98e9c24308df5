import pytest

from ingest.errors import NoTextError
from ingest.parsers.restructured import parse

SOURCE = r"""
=========
 The mill
=========

:Author: Ilse Brandt

It ground 10\ :sup:`11` grains of H\ :sub:`2`\ O, see :ref:`the guide <guide>`, :pep:`257` and
:class:`~mill.wheel.Stone`. It stands. [1]_

Running
=======

.. versionadded:: 3.5
   It may run *backwards*.

.. function:: grind(grain, fineness=3)

   Grinds **it**.

.. code-block:: python
   :linenos:

   if wheel:
       turn()

.. list-table:: Prices
   :header-rows: 1

   * - Flour
     - Price
   * - Rye
     - 5

3. three
4. four

.. [1] Since 1875.
.. toctree::

   other
.. a comment
"""


def test_what_docutils_and_sphinx_know_is_read_as_the_page_shows_it():
    document = parse(SOURCE.encode())
    assert document.title == "The mill"
    assert [(h.level, h.title) for h in document.headings] == [(1, "The mill"), (2, "Running")]
    for shown in [
        "Author:\n  Ilse Brandt",
        "10^11 grains of H₂O, see the guide, PEP 257 and Stone. It stands. [1]",
        "versionadded: 3.5 It may run backwards.",
        "function: grind(grain, fineness=3)\n\nGrinds it.",
        "if wheel:\n    turn()",
        "Prices\n\n| Flour | Price |\n| Rye | 5 |",
        "3. three\n4. four",
        "[1] Since 1875.",
    ]:
        assert shown in document.text
    for hidden in ["other", "comment", "linenos", ":ref:", "guide>"]:
        assert hidden not in document.text
    (table,) = document.tables
    assert document.text[table.start : table.header_end] == "| Flour | Price |"


def test_the_header_of_a_pep_is_a_line_each():
    document = parse(b"PEP: 257\nTitle: Docstring Conventions\nAuthor: A,\n  B\n\n\nText.\n")
    assert document.text == (
        "PEP:\n  257\n\nTitle:\n  Docstring Conventions\n\nAuthor:\n  A, B\n\nText."
    )


def test_no_other_file_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the key is under the mat")
    document = parse(
        f"Text.\n\n.. include:: {secret}\n\n.. csv-table::\n   :file: {secret}\n\n"
        f".. raw:: html\n   :file: {secret}\n".encode()
    )
    assert document.text == "Text."
    assert document.notes == ("files that it includes were not read",)


def test_damaged_markup_is_text():
    assert "`open and *open" in parse(b"Some `open and *open\n\n  indented\n.. oops::").text


def test_a_comment_alone_is_no_text():
    with pytest.raises(NoTextError):
        parse(b".. nothing to see\n")
