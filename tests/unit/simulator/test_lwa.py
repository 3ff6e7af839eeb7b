from urllib.parse import urlencode

import pytest

from simulator.lwa import FORM, LwaError, issue_token
from simulator.operations import NOTIFICATIONS_SCOPE
from simulator.world import Application, World
from tests.unit.simulator.amazon import CLIENT_ID, CLIENT_SECRET, START, FakeClock, make_world

OTHER = Application("amzn1.application-oa2-client.other", "another secret", frozenset({"some::scope"}))


@pytest.fixture
def world() -> World:
    return make_world(FakeClock(), Application(CLIENT_ID, CLIENT_SECRET), OTHER)


def ask(world: World, /, content_type: str = FORM, **form: str | None) -> dict[str, object]:
    fields = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    body = urlencode({name: value for name, value in fields.items() if value is not None})
    return issue_token(world, content_type, body.encode())


def test_a_refresh_token_gives_the_sellers_access_token(world: World) -> None:
    refresh_token = world.authorise("SELLER1", CLIENT_ID)
    answer = ask(world, f"{FORM};charset=UTF-8", grant_type="refresh_token", refresh_token=refresh_token)
    access_token = str(answer.pop("access_token"))
    assert answer == {"refresh_token": refresh_token, "token_type": "bearer", "expires_in": 3600}
    held = world.access_tokens[access_token]
    assert (held.seller_id, held.scope, held.expires_at) == ("SELLER1", None, START + 3600)
    assert access_token.startswith("Atza|")
    assert refresh_token.startswith("Atzr|")


def test_client_credentials_give_a_grantless_token_of_the_scope(world: World) -> None:
    world.token_lifetime_seconds = 60
    answer = ask(world, grant_type="client_credentials", scope=NOTIFICATIONS_SCOPE)
    held = world.access_tokens[str(answer["access_token"])]
    assert (held.seller_id, held.scope, held.expires_at) == (None, NOTIFICATIONS_SCOPE, START + 60)
    assert (answer["expires_in"], answer["scope"]) == (60, NOTIFICATIONS_SCOPE)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"client_secret": None}, 400, "invalid_request"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"scope": None}, 400, "invalid_request"),
        ({"scope": "sellingpartnerapi::everything"}, 400, "invalid_scope"),
        ({"scope": "some::scope"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "Atzr|nobody"}, 400, "invalid_grant"),
    ],
)
def test_refusals(world: World, form: dict[str, str | None], status: int, error: str) -> None:
    wanted = {"grant_type": "client_credentials", "scope": NOTIFICATIONS_SCOPE, **form}
    with pytest.raises(LwaError) as refused:
        ask(world, FORM, **wanted)
    assert (refused.value.status, refused.value.error) == (status, error)
    assert refused.value.body() == {"error": error, "error_description": refused.value.description}
    assert refused.value.description
    assert not world.access_tokens


def test_the_refresh_token_of_another_application_is_refused(world: World) -> None:
    theirs = world.authorise("SELLER1", OTHER.client_id)
    with pytest.raises(LwaError, match="invalid_grant"):
        ask(world, grant_type="refresh_token", refresh_token=theirs)


def test_a_revoked_authorisation_ends_its_refresh_token_for_good(world: World) -> None:
    old = world.authorise("SELLER1", CLIENT_ID)
    ask(world, grant_type="refresh_token", refresh_token=old)
    world.sellers[("na", "SELLER1")].revoked = True
    with pytest.raises(LwaError, match="invalid_grant"):
        ask(world, grant_type="refresh_token", refresh_token=old)
    new = world.authorise("SELLER1", CLIENT_ID)
    with pytest.raises(LwaError, match="invalid_grant"):
        ask(world, grant_type="refresh_token", refresh_token=old)
    assert not world.access_tokens, "tokens issued before the revocation must not come back to life"
    assert ask(world, grant_type="refresh_token", refresh_token=new)


@pytest.mark.parametrize("content_type", ["application/json", "", "multipart/form-data"])
def test_only_forms_are_read(world: World, content_type: str) -> None:
    with pytest.raises(LwaError, match="Content-Type"):
        ask(world, content_type, grant_type="client_credentials", scope=NOTIFICATIONS_SCOPE)


@pytest.mark.parametrize("body", [b"", b"grant_type", b"\xff=\xff", b"grant_type=a&grant_type=b"])
def test_a_malformed_form_is_an_invalid_request(world: World, body: bytes) -> None:
    with pytest.raises(LwaError, match="invalid_request"):
        issue_token(world, FORM, body)


def test_a_secret_is_not_printed_with_its_application() -> None:
    assert CLIENT_SECRET not in repr(Application(CLIENT_ID, CLIENT_SECRET))
