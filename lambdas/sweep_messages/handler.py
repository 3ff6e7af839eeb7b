"""Every five minutes: which message tasks does nothing move on, and which texts are too old?"""

import os
from itertools import islice
from typing import Any

from sellerbus.runtime import config, message_tasks
from sellerbus.runtime.message_config import SweepMessagesConfig
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics

MARGIN_SECONDS = 5.0
_MOST_TOLD = 20

log = logger()


class RowsNeedAPersonError(RuntimeError):
    """Rows can't be looked after by this version of the function."""


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Put tasks back whose message is gone, and erase texts that are kept no longer.

    Raises RowsNeedAPersonError after all that: the function's alarm tells.
    """
    del event
    settings = config.load(SweepMessagesConfig, os.environ)
    sweeper = message_tasks.message_sweeper(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    swept = sweeper.sweep()
    if swept.sent_again:
        log.warning(
            "message tasks are put back, which nothing moved on",
            sent_again=swept.sent_again,
            task_ids=swept.task_ids,
        )
    if swept.erased:
        log.info("texts of messages are erased", erased=swept.erased)
    if swept.failures or not swept.complete:
        log.warning(
            "not all message tasks could be looked after: the rest is next time",
            complete=swept.complete,
            failed=len(swept.failures),
            failures=dict(islice(swept.failures.items(), _MOST_TOLD)),
        )
    with emitted(metrics()) as measured:
        measured.add_metric("MessagesSentAgain", MetricUnit.Count, swept.sent_again)
        measured.add_metric("MessageContentsErased", MetricUnit.Count, swept.erased)
    if swept.defects:
        raise RowsNeedAPersonError(f"{swept.defects} message tasks can't be looked after: the log names them")
