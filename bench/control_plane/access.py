"""What it costs to know who calls: points over TLS with a token, beside the same without either."""

import subprocess

from report import Section

STEPS = 400  # of one push each


class Access(Section):
    name = "access"

    def prepare(self, bench):
        self.certificate = bench.folder / "server.pem"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", bench.folder / "server.key"]
        whose = ["-days", "2", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(["openssl", "req", "-x509", *key, "-out", self.certificate, *whose], check=True, capture_output=True)

    def round(self, bench, number):
        tls = ["--tls-cert", self.certificate, "--tls-key", bench.folder / "server.key"]
        with (
            bench.coordinator(f"open-{number}", ["--insecure"]) as plain,
            bench.coordinator(f"asked-{number}") as asked,
            bench.coordinator(f"tls-{number}", tls, {"ca": self.certificate}) as encrypted,
        ):
            costs = {}
            for name, coordinator in (("no credentials", plain), ("a token", asked), ("TLS and a token", encrypted)):
                coordinator.submit("s", rates=1, seeds=4, steps=STEPS)
                pushed = coordinator.client("push", clients=1, batch=1, steps=STEPS, prefix="push")
                costs[name] = bench.report.cost(f"pushes of one step, {name}", pushed, pushed["pushes"], pushed["latency"])
        for name in ("a token", "TLS and a token"):
            goal = "<= 1.3" if name == "TLS and a token" else ""
            bench.report.value(f"pushes of one step, {name} / none", costs[name].each / costs["no credentials"].each, goal)
