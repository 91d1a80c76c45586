"""The AWS CLI's own main program, kept: one process for many commands, since starting it costs more than a call does.

Run by the CLI's Python. A line of input is a JSON list of arguments, a line of output `{status, out, err}`.
"""
import contextlib
import io
import json
import sys
import traceback

from awscli import clidriver


def run(driver, arguments):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = driver.main(arguments)
        except SystemExit as end:
            status = end.code
        except Exception:  # noqa: BLE001  it belongs in the report of the claim, not on this process's own output
            status = traceback.print_exc() or 255
    return {"status": status, "out": out.buffer.getvalue().decode(), "err": err.buffer.getvalue().decode()}


if __name__ == "__main__":
    replies, kept = sys.stdout, clidriver.create_clidriver()
    for line in sys.stdin:
        print(json.dumps(run(kept, json.loads(line))), file=replies, flush=True)
