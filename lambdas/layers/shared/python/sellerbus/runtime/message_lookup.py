"""Puts together what looks up a seller's orders for operators, from the clients of bootstrap."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellerbus.api.messaging import MessagingApi
from sellerbus.api.orders import OrdersApi
from sellerbus.aws.task_table import TaskTable
from sellerbus.messaging.looking import OrderLookUp
from sellerbus.messaging.orders import RecentOrders
from sellerbus.runtime import bootstrap, selling_partner

if TYPE_CHECKING:
    from sellerbus.api.client import SellingPartnerClient
    from sellerbus.runtime.message_config import LookUpOrdersConfig
    from sellerbus.sellers.registry import SellerRegistry
    from sellerbus.sellers.rows import Seller


def order_look_up(config: LookUpOrdersConfig, remaining_seconds: Callable[[], float]) -> OrderLookUp:
    """Return what answers operators' questions about orders, for one invocation."""
    registry = selling_partner.seller_registry(config)
    table = TaskTable(bootstrap.aws("dynamodb"), config.message_table_name, sleep=time.sleep)
    return OrderLookUp(
        registry=registry,
        amazon=_SellersAmazon(
            selling_partner.amazon_client(config, remaining_seconds), registry, config.orders_api_version
        ),
        recent=RecentOrders(table, now=time.time),
    )


@dataclass(frozen=True)
class _SellersAmazon:
    """See sellerbus.messaging.looking.Amazon."""

    client: SellingPartnerClient
    registry: SellerRegistry
    orders_api_version: str

    def orders(self, seller: Seller) -> OrdersApi:
        return OrdersApi(self.client, self.registry.grant(seller), self.orders_api_version)

    def messaging(self, seller: Seller) -> MessagingApi:
        return MessagingApi(self.client, self.registry.grant(seller))
