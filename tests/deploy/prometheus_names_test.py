#!/usr/bin/env python3
"""Every metric that a rule asks for is one that docs/metrics.md or docs/trial-metrics.md lists (a rule on a name that is gone never fires), and every alert says what it
is and what to do. usage: prometheus_names_test.py ROOT"""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
known = set(re.findall(r"^\| `(ofsweep_[a-z_]+)` \|", (root / "docs/metrics.md").read_text(), re.MULTILINE))
known |= set(re.findall(r"\| `(ofsweep_trial_[a-z0-9_]+)` \|", (root / "docs/trial-metrics.md").read_text()))
problems = []
for name in ("recording-rules.yml", "alert-rules.yml"):
    text = (root / "deploy/prometheus" / name).read_text()
    asked = set(re.findall(r"(?<![\w:])ofsweep_[a-z_]+", text))
    unknown = {metric for metric in asked if metric not in known and re.sub(r"_(bucket|sum|count)$", "", metric) not in known}
    problems += [f"{name}: {metric} is not in docs/metrics.md" for metric in sorted(unknown)]
    for alert in re.split(r"- alert: ", text)[1:]:
        for part in ("severity:", "summary:", "description:"):
            if part not in alert:
                problems.append(f"{name}: {alert.split()[0]} has no {part[:-1]}")
    if not asked:
        problems.append(f"{name}: asks for nothing")
print("\n".join(problems) or f"{len(known)} metrics are known")
sys.exit(1 if problems else 0)
