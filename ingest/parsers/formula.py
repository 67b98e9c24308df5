"""Parts of a formula in one line of text: (a + b)/2, √(x), x_i^2."""


def grouped(text: str) -> str:
    """In brackets, unless it is one word or figure or has them."""
    text = text.strip()
    return text if text.isalnum() or (text[:1] == "(" and text[-1:] == ")") else f"({text})"


def fraction(above: str, below: str) -> str:
    """`above` over `below`."""
    return f"{grouped(above)}/{grouped(below)}"


def root(of: str, degree: str = "") -> str:
    """The root, a square root without a degree."""
    return f"{degree.strip()}√({of.strip()})"


def scripts(base: str, low: str = "", high: str = "") -> str:
    """`base` with what is set lower and higher behind, below and above it."""
    lowered = f"_{grouped(low)}" if low.strip() else ""
    raised = f"^{grouped(high)}" if high.strip() else ""
    return f"{base}{lowered}{raised}"


def function(name: str, of: str) -> str:
    """A function that has a name of several letters: sin x, lim_(n→∞) 1/n."""
    return f"{name.strip()} {of.strip()}"


def accented(base: str, sign: str) -> str:
    """`base` under a sign: an arrow, a bar, a hat."""
    return f"{base}{sign.strip()}"
