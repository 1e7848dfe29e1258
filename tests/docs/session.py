"""Runs Python blocks that come as JSON lines, one after the other, with the names of those before; answers each with a
line: null, or the traceback."""

import json
import os
import sys
import traceback

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the blocks print
names = {"__name__": "__main__"}
for line in sys.stdin:
    block = json.loads(line)
    error = None
    try:
        exec(compile(block["text"], block["place"], "exec"), names)
    except BaseException:
        error = traceback.format_exc()
    print(json.dumps(error), file=answers, flush=True)
