"""The tree of errors that a user may meet, as its module prints it."""

import re

from embedder import errors


def test_the_printed_tree_is_the_tree():
    printed = re.findall(r"[├└]── (\w+) +(also a ValueError)?", errors.__doc__)
    ours = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and kind is not errors.DuetError
    }
    assert {name for name, _ in printed} == set(ours)
    assert all(issubclass(kind, errors.DuetError) for kind in ours.values())
    assert {n for n, value in printed if value} == {
        name for name, kind in ours.items() if issubclass(kind, ValueError)
    }
