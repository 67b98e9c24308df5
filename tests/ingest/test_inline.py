import pytest

from ingest.parsers.inline import SUB, SUPER, lowered, marked, raised


@pytest.mark.parametrize(
    ("before", "text", "read"),
    [
        ("10", "11", "10^11"),
        ("1.7 × 10", "21", "1.7 × 10^21"),
        ("10", "−4", "10^−4"),
        ("2", "53", "2^53"),
        ("250 m", "2", "250 m^2"),
        ("x", "n+1", "x^(n+1)"),
        ("(a+b)", "2", "(a+b)^2"),
        ("built in 1998", "3", "built in 1998 [3]"),
        ("in Bremen", "12", "in Bremen [12]"),
        ("the end.", "4", "the end. [4]"),
        ("(see above)", "4", "(see above) [4]"),
        ("word", "[3]", "word [3]"),
        ("the 1", "st", "the 1st"),
        ("Acme", "™", "Acme™"),
        ("", "3", "3"),
        ("as Smith ", "2", "as Smith [2]"),
        ("E = mc", "2", "E = mc^2"),
        ("sin", "2", "sin^2"),
        ("Acme", "TM", "Acme™"),
        ("10", "6 ", "10^6 "),
        ("A = πr", "2", "A = πr^2"),
        ("of the NHS", "2", "of the NHS [2]"),
        ("he said", "a", "he said [a]"),
        ("the 3", "a", "the 3a"),
        ("N", "o", "No"),
        ("was built", "[citation needed]", "was built [citation needed]"),
    ],
)
def test_raised(before: str, text: str, read: str):
    assert before + raised(before, text) == read


@pytest.mark.parametrize(
    ("before", "text", "after", "read"),
    [
        ("", "14", "C is old", "^14C is old"),
        ("of ", "235", "U, ", "of ^235U, "),
        ("", "3", "We refer to", "3We refer to"),
        ("as Smith ", "2", " says", "as Smith [2] says"),
        ("at 20 ", "o", "C", "at 20 °C"),
        ("at 20", "0", " F.", "at 20° F."),
    ],
)
def test_isotopes_and_degrees_are_no_notes(before: str, text: str, after: str, read: str):
    assert before + raised(before, text, after) + after == read


def test_what_is_known_to_be_a_note_is_one():
    assert raised("in 10", "3", is_note=True) == " [3]"


@pytest.mark.parametrize(
    ("before", "text", "read"),
    [("H", "2", "H₂"), ("x", "max", "x_max"), ("(CH)", "3", "(CH)₃"), ("x", "i+1", "x_(i+1)")],
)
def test_lowered(before: str, text: str, read: str):
    assert before + lowered(before, text) == read


@pytest.mark.parametrize(
    ("pieces", "read"),
    [
        ([("", "10"), (SUPER, "-"), (SUPER, "6"), ("", " m")], "10^-6 m"),
        ([("", "H"), (SUB, "2"), ("", "O")], "H₂O"),
        ([("", "3"), (SUPER, "1"), ("", "/"), (SUB, "2"), ("", " cups")], "3 1/2 cups"),
        ([("", "of "), (SUPER, "14"), ("", "C")], "of ^14C"),
    ],
)
def test_pieces_are_read_together(pieces: list[tuple[str, str]], read: str):
    assert marked(pieces) == read
