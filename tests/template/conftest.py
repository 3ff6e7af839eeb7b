"""Each stage is synthesised once for all tests."""

import pytest

from stacks.settings_model import StageSettings
from tests.template.synthesis import Synthesis, all_regions, settings_of, synthesise, synthesise_cells

SWITCHED_ON = {
    "example_consumer": True,
    "alarm_email": "operations@example.com",
    "tags": {"cost-center": "commerce"},
}


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """config/example.yaml, with the optional parts switched on."""
    settings = settings_of("example").model_copy(update=SWITCHED_ON)
    return synthesise("example", settings, tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def regions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Synthesis]:
    """The same in all three regions, with a type that comes by EventBridge."""
    settings = all_regions(tmp_path_factory.mktemp("config"))
    switched_on = StageSettings(tuple(cell.model_copy(update=SWITCHED_ON) for cell in settings.cells))
    return synthesise_cells("example", switched_on, tmp_path_factory.mktemp("regions"))


@pytest.fixture(scope="session")
def europe(regions: dict[str, Synthesis]) -> Synthesis:
    """One cell of them."""
    return regions["eu"]


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """config/local.yaml."""
    return synthesise("local", settings_of("local"), tmp_path_factory.mktemp("local"))


@pytest.fixture(params=["example", "europe", "local"])
def synthesis(request: pytest.FixtureRequest) -> Synthesis:
    """Each of the three."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Synthesis)
    return found
