"""Numbers and dates of a spreadsheet as it shows them (ECMA-376, part 1, 18.8.31)."""

import re
from datetime import date, datetime, time, timedelta

_CODE = re.compile(r"00+|\(?[0#]+(?:[-() ]+[0#]+)*[- ]0[-0 ]+")
"""Of codes with zeros in front and of numbers of telephones: 00420, 555-0100."""
_CLOSED_BY = {"[": "]", '"': '"'}


def shown(value: object, number_format: str = "General") -> str:
    """A cell's value as the sheet shows it, as far as its format says.

    Args:
        value: Number, date, truth or text.
        number_format: In the notation of Office Open XML, such as `#,##0.00 "kg"` or `0%`.
    """
    if value is None or number_format == ";;;":  # how people hide a value
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        whole_day = value.time() == time() and "h" not in number_format.lower()
        return str(value.date()) if whole_day else value.isoformat(" ", "minutes")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        shown_seconds = f":{seconds:02}" if "s" in number_format.lower() or seconds else ""
        return f"{minutes // 60}:{minutes % 60:02}{shown_seconds}"
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, date):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, number_format.split(";")[0])
    return str(value)


def _number(value: float, number_format: str) -> str:
    written = number_format.replace("\\", "")
    digits = written.partition(".")[2]
    places = len(digits) - len(digits.lstrip("0"))
    if "%" in written:
        return f"{value * 100:.{places}f}%" if places else f"{value * 100:.10g}%"
    if _CODE.fullmatch(written) and value == int(value) >= 0:
        return _filled(int(value), written)
    plain = written in ("General", "@", "") or "E+" in written or not set("0#") & set(written)
    is_fraction = "/" in written  # 1/2 is told as 0.5
    if plain or is_fraction or ("." in written and not places):
        return f"{value:.15g}"
    grouped = "," if "#,##" in written or "0,0" in written else ""
    before, after = _literals(written)
    return f"{before}{value:{grouped}.{places}f}{after}"


def _filled(value: int, code: str) -> str:
    """The digits of a number in the places of a code, from the right."""
    digits = str(value).rjust(sum(sign in "0#" for sign in code), "0")
    written: list[str] = []
    for sign in reversed(code):
        written.append(digits[-1] if sign in "0#" else sign)
        digits = digits[:-1] if sign in "0#" else digits
    return digits + "".join(reversed(written))


def _literals(number_format: str) -> tuple[str, str]:
    """What a format writes before and after its figure: a currency, a unit."""
    before, after, inside, is_after = "", "", "", False
    for character in number_format:
        literal = ""
        if inside:
            inside += character
            if character == _CLOSED_BY[inside[0]]:
                literal = _bracketed(inside[1:-1]) if inside[0] == "[" else inside[1:-1]
                inside = ""
        elif character in _CLOSED_BY:
            inside = character
        elif character in "0#":
            is_after = True
        elif character in "€$£¥ -":
            literal = character
        before, after = (before, after + literal) if is_after else (before + literal, after)
    return before, after


def _bracketed(text: str) -> str:
    """Of `$€-407` the sign of the currency; colours and conditions are not shown."""
    return text[1:].partition("-")[0] if text.startswith("$") else ""
