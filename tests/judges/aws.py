"""What the judges that speak AWS have in common."""

import boto3
from botocore.config import Config


def client(endpoint, service, region, key_id, secret, token=None):
    """boto3, speaking to one endpoint, sending every request once."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
