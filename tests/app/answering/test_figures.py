import pytest

from app.answering.check.figures import Figure, find_figures


def figure(text: str) -> Figure:
    ((_, found),) = find_figures(text)
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7,25", "7.25"),
        ("98,304", "98304"),
        ("1'200", "1,200"),
        ("1.234,5", "1,234.5"),
        ("8 kg", "8kg"),
        ("8 kg", "8 kilograms"),
        ("15 %", "15 percent"),
        ("€40", "40 euros"),
        ("seven", "7"),
        ("forty-two days", "42 days"),
        ("two-week", "2 weeks"),
        ("1.5 million", "1500000"),
        ("12 May 2020", "May 12, 2020"),
        ("3rd of June 1999", "1999-06-03"),
        ("04.03.2021", "4 March 2021"),
        ("2023年5月3日", "3 May 2023"),
        ("32GB", "32 gigabytes"),
    ],
)
def test_one_figure_in_two_ways(one, other):
    assert figure(one).backs(figure(other))
    assert figure(other).backs(figure(one))


@pytest.mark.parametrize(
    ("claimed", "told"),
    [
        ("15", "1,5"),
        ("12", "-12"),
        ("5 kg", "5 g"),
        ("1.5", "1,500"),
        ("8000", "0800"),
        ("10.0.0.1", "10.0.0.11"),
        ("8:30", "9:30"),
        ("13 May 2020", "12 May 2020"),
        ("12 May 2020", "12 May"),
        ("12 May 2020", "2020"),
    ],
)
def test_another_figure(claimed, told):
    assert not figure(told).backs(figure(claimed))


def test_a_date_backs_its_parts():
    for part in ("2020", "May 2020", "12 May"):
        assert figure("12 May 2020").backs(figure(part))


def test_a_figure_with_a_point_and_three_digits_may_be_either():
    assert figure("2.500").backs(figure("2500"))
    assert figure("2.500").backs(figure("2.5"))


@pytest.mark.parametrize("text", ["HTML5", "the 1970s", "an 8th try", "one of them", "you may"])
def test_what_is_no_figure(text):
    assert list(find_figures(text)) == []


def test_a_range_is_two_figures_without_a_sign():
    assert [f.values for _, f in find_figures("from 2014-2017")] == [{"2014"}, {"2017"}]
