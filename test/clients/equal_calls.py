# Equal calls at once, and one after the other, as a Python program makes them. Prints how many addresses it got, and how many
# attempts that took, as JSON. Called by python.test.ts.
import json
import sys
from concurrent.futures import ThreadPoolExecutor

try:
    from botocore import session
    from botocore.config import Config
except ImportError:
    from awscli.botocore import session
    from awscli.botocore.config import Config

REGION = "us-east-1"
COUNT = 15


def main(mode, endpoint, key, secret):
    client = session.get_session().create_client(
        "ec2",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"mode": mode}, max_pool_connections=COUNT),
    )
    allocate = lambda _: client.allocate_address(Domain="vpc")
    with ThreadPoolExecutor(COUNT) as threads:
        made = list(threads.map(allocate, range(COUNT)))
    made += map(allocate, range(COUNT))
    retries = sum(one["ResponseMetadata"]["RetryAttempts"] for one in made)
    json.dump({"addresses": len({one["PublicIp"] for one in made}), "retries": retries}, sys.stdout)


main(*sys.argv[1:])
