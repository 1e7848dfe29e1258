#!/usr/bin/env python3
"""Stands in for ofsweep-trainer: does what the key "script" of its trial.json says, one action after the other.

Files in the --output folder tell the test how far it is: `pid`, `arguments`, `done-N` after action N, and `terminated` on SIGTERM.
"""
import json
import os
import signal
import sys
import time
import zlib

arguments = sys.argv[1:]
option = dict(zip(arguments[0::2], arguments[1::2]))
config = json.load(open(option["--config"]))
folder = option["--output"]


def note(name, text=""):
    with open(os.path.join(folder, name + ".new"), "w") as file:
        file.write(text)
    os.rename(os.path.join(folder, name + ".new"), os.path.join(folder, name))


lines = 0


def say(event):  # as experiment/sealed_line.h
    global lines
    lines += 1
    sealed = json.dumps(event)[:-1] + ',"line":%d' % lines
    print(sealed + ',"crc32":%d}' % zlib.crc32(sealed.encode()), flush=True)


def checkpoint(step):
    path = os.path.join(folder, "checkpoint-%d.safetensors" % step)
    open(path, "w").close()
    say({"event": "checkpoint", "step": step, "path": path})


def on_terminate(signal_number, frame):
    checkpoint(0)
    note("terminated")
    sys.exit(0)


def points(first, last):
    for step in range(first, last):
        values = [["train_loss", None, None, step * 0.5], ["kurtosis", 0, "block", "NaN" if step % 10 == 3 else step + 1.0]]
        say({"event": "points", "step": step, "tokens": step * 8, "seconds": step * 0.1, "points": values})


signal.signal(signal.SIGTERM, on_terminate)
note("arguments", " ".join(arguments))
note("pid", str(os.getpid()))
for number, (action, value) in enumerate(config.get("script", [])):
    if action == "started":
        say({"event": "started", "parameters": 10, "device": "cpu", "tokens_per_step": 8, "config_hash": "abc",
             "resumed_from": None, "config": {"train.threads": 3, "seed": 0}})
    elif action == "points":
        points(*value)
    elif action == "checkpoint":
        checkpoint(value)
    elif action == "unannounced_checkpoint":
        open(os.path.join(folder, "checkpoint-%d.safetensors" % value), "w").close()
    elif action == "finished":
        say({"event": "finished", "outcome": value, "step": 600})
    elif action == "failed":
        say({"event": "failed", "class": value, "message": "said the trainer"})
    elif action == "say":
        say(value)
    elif action == "print":
        print(value, flush=True)
    elif action == "log":
        print(value, file=sys.stderr, flush=True)
    elif action == "wait":  # for a file that the test makes
        while not os.path.exists(os.path.join(folder, value)):
            time.sleep(0.005)
    elif action == "hang":
        while True:
            signal.pause()
    elif action == "ignore_terminate":
        signal.signal(signal.SIGTERM, lambda *_: note("terminated"))
    elif action == "kill":
        os.kill(os.getpid(), value)
    elif action == "exit":
        sys.exit(value)
    note("done-%d" % number)
