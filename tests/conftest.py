"""What holds for all tests.

No test reads the person's AWS profile, session or files, nor reaches a deployment of `make up`; and no
example of a property fails for taking long: machines are busy at times.
"""

import os

from hypothesis import settings

settings.register_profile("sellerbus", deadline=None)
settings.load_profile("sellerbus")

for _name in list(os.environ):
    if _name.startswith("AWS_ENDPOINT_URL") or _name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
    ):
        del os.environ[_name]
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
