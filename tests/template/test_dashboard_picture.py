"""The picture in the documents is of the dashboard that is deployed, and shows no measurements."""

import re
from xml.etree import ElementTree

import pytest

from local.dashboard_definition import Definition, define
from local.dashboard_picture import FILE, picture, place
from tests.template.synthesis import Synthesis

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def definition(example: Synthesis) -> Definition:
    return define([each.body for name, each in example.templates.items() if name != "ExampleConsumer"])


def titles_by_place(text: str) -> dict[str, str]:
    """The first text of each widget: its title, or its heading."""
    found = {}
    for group in ElementTree.fromstring(text).iter(f"{SVG}g"):  # noqa: S314 - the repository's own file
        first = group.find(f"{SVG}text")
        found[group.attrib["data-widget"]] = "" if first is None else str(first.text)
    return found


def test_the_committed_picture_has_the_widgets_of_the_definition(definition: Definition) -> None:
    committed = titles_by_place(FILE.read_text(encoding="utf-8"))
    assert committed == titles_by_place(picture(definition)), "the dashboard has changed: make picture"
    assert list(committed) == [place(each) for each in definition.widgets]


def test_it_shows_no_number_that_could_have_been_measured(definition: Definition) -> None:
    """Digits are in titles, texts, thresholds and names alone: of the definition, all of them."""
    known = " ".join(str(each.properties) for each in definition.widgets) + " ".join(
        definition.alarms.values()
    )
    root = ElementTree.fromstring(picture(definition))  # noqa: S314 - made here
    for text in root.iter(f"{SVG}text"):
        for number in re.findall(r"\d+", "".join(text.itertext())):
            more = re.fullmatch(r"and \d+ more", str(text.text))
            assert more or number in known, text.text


def test_it_says_of_every_graph_that_its_lines_are_examples(definition: Definition) -> None:
    graphs = [
        each
        for each in definition.widgets
        if each.kind == "metric" and each.properties["view"] == "timeSeries"
    ]
    drawn = picture(definition)
    assert drawn.count(">example lines</text>") == len(graphs) > 25
    assert "nothing in this picture was measured" in drawn


def test_it_is_the_same_at_every_run(definition: Definition) -> None:
    assert picture(definition) == picture(definition)


def test_it_follows_the_reader_into_the_dark_and_loads_nothing(definition: Definition) -> None:
    drawn = picture(definition)
    assert "prefers-color-scheme: dark" in drawn
    assert set(re.findall(r"https?://[^\"]+", drawn)) == {"http://www.w3.org/2000/svg"}
    assert "<image" not in drawn
    assert "<script" not in drawn


def test_thresholds_are_drawn_where_the_alarms_go_off(definition: Definition) -> None:
    drawn = picture(definition)
    labels = {
        line["label"]
        for each in definition.widgets
        for line in each.properties.get("annotations", {}).get("horizontal", [])
    }
    assert len(labels) > 5
    for told in labels:
        assert f">{told}</text>" in drawn
