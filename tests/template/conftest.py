"""Each stage is synthesised once for all tests."""

import pytest

from tests.template.synthesis import Synthesis, settings_of, synthesise


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """config/example.yaml, with the optional parts switched on."""
    settings = settings_of("example").model_copy(
        update={
            "example_consumer": True,
            "alarm_email": "operations@example.com",
            "tags": {"cost-center": "commerce"},
        }
    )
    return synthesise("example", settings, tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """config/local.yaml."""
    return synthesise("local", settings_of("local"), tmp_path_factory.mktemp("local"))


@pytest.fixture(params=["example", "local"])
def synthesis(request: pytest.FixtureRequest) -> Synthesis:
    """Each of the two."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Synthesis)
    return found
