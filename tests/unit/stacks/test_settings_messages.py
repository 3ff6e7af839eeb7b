"""What the settings know of messages is what the functions know."""

from typing import get_args

from sellerbus.runtime.message_config import ORDERS_API_VERSIONS
from stacks.settings_messages import OrdersApiVersion


def test_settings_and_functions_know_the_same_versions_of_the_orders_api() -> None:
    assert get_args(OrdersApiVersion) == ORDERS_API_VERSIONS
