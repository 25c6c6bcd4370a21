"""What every judge gives the programs it starts."""

import os


def clean_environment() -> dict:
    """The environment without anybody's AWS settings and without proxies: loopback only."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
