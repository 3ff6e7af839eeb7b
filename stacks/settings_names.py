"""What the parts of a stage's cells are called. Whoever looks for a stack takes its name from here."""

from stacks.marketplaces import SellingRegion

FOUNDATION = "foundation"
NOTIFICATIONS = "notifications"
TASKS = "tasks"
OPERATIONS = "operations"
EXAMPLE_CONSUMER = "example-consumer"


def stack_prefix(stage: str, region: SellingRegion) -> str:
    """What the names of a cell's stacks begin with, and so the names CloudFormation makes in them."""
    return f"sellerbus-{stage}-{region}"


def stack_name(stage: str, region: SellingRegion, part: str) -> str:
    """A stack's name in CloudFormation."""
    return f"{stack_prefix(stage, region)}-{part}"


def construct_id(region: SellingRegion, part: str) -> str:
    """A stack's name on the CDK's command line, such as NaExampleConsumer."""
    return "".join(word.capitalize() for word in (region, *part.split("-")))


def bus_name(stage: str, region: SellingRegion) -> str:
    """The event bus needs a name that consumers write down, so it is a plain one."""
    return stack_prefix(stage, region)
