"""Charts: inline without styles of their own, whole with them, and never without their numbers."""

from datetime import date

import pytest
from django.template import engines

from elinkages.pages import charts

MONTHS = charts.months_until(date(2027, 2, 14), 4)


def _chart() -> charts.Chart:
    series = [
        charts.Series("Happy client", (100_000, 120_000, None, 140_000), "client"),
        charts.Series("Rock & Roll <CPAs>", (0, 5_050, 80_000, 90_000), "centre_of_influence"),
    ]
    return charts.stacked_bars(
        "MRR from referred clients", series, labels=MONTHS, unit=charts.money("USD", period="a month")
    )


def test_months_end_with_the_one_asked_for_and_january_says_its_year() -> None:
    assert MONTHS == ("Nov", "Dec", "Jan 2027", "Feb")


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_an_inline_picture_has_no_style_script_or_handler(size: str) -> None:
    svg = getattr(_chart(), size)
    for forbidden in ("<style", "<script", "style=", "onload", "<!--"):
        assert forbidden not in svg


def test_an_inline_picture_takes_the_hue_of_its_source_and_says_each_value_on_hover() -> None:
    svg = _chart().wide
    assert 'class="series source-client"' in svg
    assert 'class="series source-influence"' in svg
    assert "<title>Nov: $1,000.00</title>" in svg


def test_a_whole_picture_has_its_colors_title_and_legend_inside() -> None:
    svg = _chart().document().decode()
    assert "<style" in svg
    assert "<script" not in svg
    assert "MRR from referred clients, USD a month" in svg
    assert "Happy client" in svg


def test_the_numbers_stand_in_a_table_under_the_picture() -> None:
    html = engines["django"].from_string("{% chart chart %}").render({"chart": _chart()})
    assert '<th scope="row">Jan 2027</th><td class="num">–</td><td class="num">$800.00</td>' in html
    assert "Rock &amp; Roll &lt;CPAs&gt;" in html
    assert "USD a month" in html


def test_nothing_to_draw_is_said_and_not_drawn() -> None:
    empty = charts.bars(
        "Referrals", [charts.Series("All", (0, None), "other")], labels=("Oct", "Nov"), unit=charts.counted("referrals")
    )
    assert empty.is_empty
    html = engines["django"].from_string("{% chart chart %}").render({"chart": empty})
    assert "Nothing to draw yet." in html
    assert "<svg" not in html
