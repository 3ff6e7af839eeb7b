"""No test reads the person's AWS profile, session or files, nor reaches a deployment of `make up`."""

import os

for _name in list(os.environ):
    if _name.startswith("AWS_ENDPOINT_URL") or _name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
    ):
        del os.environ[_name]
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
