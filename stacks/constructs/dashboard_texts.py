"""The texts that open the rows of the dashboard: what normal looks like, and what to run when it doesn't."""

from textwrap import dedent

RUNBOOK = "docs/runbook.md"

_OPENING = """
    # Sellerbus {stage} {region}
    **No alarm that pages is red: nobody waits for you.** One is red: open it; it says symptom, impact,
    first command, and which heading of {runbook}. Begin with what doesn't work now; what waits for a
    person waits. None is red and still something is wrong: read from the top down, the way a notification
    or a feed goes. Whatever it is, first `bin/sellerbus doctor {cell}`: it names the root and the command
    that mends it; then `bin/sellerbus status {cell} --watch`. Lines across the graphs are where alarms go
    off: red pages, orange warns.
"""
_ROWS = (
    """
    ## 1 Outcome
    **Normal:** as many delivered as on other days at this hour; the oldest undelivered under a minute; no
    feed failed; no dead letters. **Else:** `bin/sellerbus status {cell}`, and the row below that counts it.
    """,
    """
    ## 2 In: Amazon's notifications
    **Normal:** published follows received within seconds; few copies, nothing rejected. Amazon's delay
    differs by type and hour, ours stays under seconds. The canary comes back all the time: it proves queue,
    ledger and bus, not Amazon's way to the queue; silent sellers show that. **Else:** `bin/sellerbus doctor
    {cell}`, then `bin/sellerbus notifications tail {cell}`; silent: `bin/sellerbus subscriptions plan
    {cell}`.
    """,
    """
    ## 3 Out: feeds, and messages to buyers
    **Normal:** what is submitted ends, mostly COMPLETED, within minutes to an hour, as Amazon has it; few
    messages are refused. What is uncertain stays so until a person decides. **Else:** `bin/sellerbus feeds
    list {cell}` and `bin/sellerbus messages list {cell}`, then `feeds settle` or `messages settle`.
    """,
    """
    ## 4 Amazon's API
    **Normal:** hardly a 429, as all functions share one table of quota; 4xx refuse single things; 5xx are
    Amazon's own, and waited through; no token failures; more than 30 days of the secret left. **Else:**
    429: who else spends this application's quota? Tokens and secret: `bin/sellerbus secrets status {cell}`.
    Which operation is refused: row 7.
    """,
    """
    ## 5 Queues
    **Normal:** near zero, with short hills after a bulk of work; what waits for quota or for its window may
    be older. Dead letters: none. A gap in the time to drain while messages wait: nothing leaves. **Else:**
    `bin/sellerbus dead-letters list {cell}`, mend the cause, `bin/sellerbus dead-letters redrive {cell}`.
    """,
    """
    ## 6 Compute: functions, state machine, tables, bus
    **Normal:** no throttles, p99 well below the time-out; what runs by the clock runs in each interval.
    Few errors for few minutes are tried again by queue or state machine, and nothing is lost. **Else:**
    *last failures* in row 7, then the query *way of one id*; `bin/sellerbus doctor {cell}`. Throttles of
    all functions: the account's concurrency is used up.
    """,
    """
    ## 7 Evidence: what the logs say
    These queries, and more, are saved in Logs Insights, folder *{folder}*. Any id (`correlation_id` here,
    in events and in commands) goes into *way of one id*: every function that had to do with it, in order.
    Each refresh reads the logs of the time shown, and is paid by volume.
    """,
)


def opening(stage: str, region: str, folder: str, *, runbook_url: str | None) -> str:
    """runbook_url: where people read the runbook; without it its place in the repository is told."""
    runbook = f"[{RUNBOOK}]({runbook_url})" if runbook_url else RUNBOOK
    return _filled(_OPENING, stage, region, folder, runbook)


def rows(stage: str, region: str, folder: str) -> list[str]:
    """Those of rows 1 to 7."""
    return [_filled(row, stage, region, folder) for row in _ROWS]


def _filled(text: str, stage: str, region: str, folder: str, runbook: str = RUNBOOK) -> str:
    heading, *rest = dedent(text).strip().splitlines()
    # One paragraph: the console's Markdown shows line ends as they are.
    return f"{heading}\n\n{' '.join(rest)}".format(
        stage=stage,
        region=region,
        folder=folder,
        runbook=runbook,
        cell=f"--stage {stage} --region {region}",
    )
