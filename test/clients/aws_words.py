# The `aws` command for many commands in a row: its own parser, shorthand, paginators, waiters and formatters, without the second that each
# start of it takes. Reads one JSON list of words a line, and prints one JSON object a line. Each command is run in a copy of this process,
# since what one leaves behind in its driver would meet the next. Called by aws-cli.test.ts.
import contextlib
import gc
import io
import json
import os
import sys

from awscli.clidriver import create_clidriver


def run(driver, words):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            code = driver.main(words)
        except SystemExit as ended:
            code = ended.code
    print(json.dumps({"code": code, "output": output.getvalue(), "errors": errors.getvalue()}), flush=True)


def main():
    driver = create_clidriver()
    # What every command would read again: the service's model and rules.
    driver.session.create_client("ec2", region_name="us-east-1")
    gc.freeze()
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            run(driver, json.loads(line))
            os._exit(0)
        os.waitpid(child, 0)


main()
