"""Invoked by operators (`sellerbus messages settle`, `cancel`).

What is asked and answered stands in sellerbus.messaging.operating.
"""

import os
from typing import Any

from sellerbus.runtime import config, message_tasks, observability
from sellerbus.runtime.message_config import OperateMessageConfig

log = observability.logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    del context
    settings = config.load(OperateMessageConfig, os.environ)
    answer = dict(message_tasks.message_operator(settings).answer(event))
    refused = answer.get("error", {})
    log.info(
        "an operator asked about a message task",
        request=observability.redact(str(event.get("request"))),
        task_id=observability.redact(str(event.get("taskId"))),
        decision=observability.redact(str(event.get("decision"))),
        state=answer.get("state"),
        refused=refused.get("kind"),
        reason=refused.get("message"),
    )
    return answer
