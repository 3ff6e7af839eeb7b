"""Every five minutes: how does the stage stand, and who has fallen silent?"""

import os
from itertools import islice
from typing import Any

from sellerbus.runtime import config, watching
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics
from sellerbus.runtime.watch_config import WatchStageConfig
from sellerbus.watching.silence import Heard

_MOST_TOLD = 20

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Measure the stage, and tell of new silences.

    Raises UnseenError after all that where something could not be seen: the function's alarm tells.
    """
    del event, context
    settings = config.load(WatchStageConfig, os.environ)
    watched = watching.watcher(settings).watch()
    measured = watched.measured
    with emitted(metrics()) as written:
        for gauge in measured.gauges:
            written.add_metric(gauge.name, MetricUnit(gauge.unit), gauge.value)
    log.info(
        "stage watched",
        gauges={gauge.name: gauge.value for gauge in measured.gauges},
        silences_told=watched.told,
    )
    if watched.heard is not None and watched.heard.silences:
        _report(watched.heard)
    watched.check()


def _report(heard: Heard) -> None:
    log.warning(
        "sellers' notifications have not come for longer than is usual for them",
        silent=len(heard.silences),
        longest=[
            {
                "seller_id": each.row.seller_id,
                "notification_type": each.row.notification_type,
                "quiet_seconds": round(each.standing.quiet.total_seconds()),
            }
            for each in islice(heard.silences, _MOST_TOLD)
        ],
    )
