"""What was measured, in rounds: medians with the least and the most, and whether the goals are met."""

import dataclasses
import statistics


@dataclasses.dataclass
class Cost:
    """Of `count` things."""

    wall: float
    cpu: float  # of server and client
    count: float
    server: float | None = None
    latency: dict | None = None  # of calls: p50, p99 and max in ms

    @property
    def each(self):
        return self.cpu / self.count


def is_met(value, goal):
    kind, limit = goal.split()
    return value >= float(limit) if kind == ">=" else value <= float(limit)


class Report:
    def __init__(self):
        self.costs = {}
        self.values = {}
        self.goals = {}
        self.notes = []

    def cost(self, name, result, count, latency=None, more_cpu=0):
        """Of one round: what the client said; `more_cpu` is what the server did for it afterwards."""
        server = result.get("server_cpu", 0)
        cpu = (result["cpu"] if "cpu" in result else result["client_cpu"] + server) + more_cpu
        cost = Cost(result["wall"], cpu, count, server + more_cpu if server else None, latency)
        self.costs.setdefault(name, []).append(cost)
        return cost

    def value(self, name, value, goal=""):
        """Of one round."""
        self.values.setdefault(name, []).append(value)
        self.goals[name] = goal

    def note(self, text):
        self.notes.append(text)

    def print(self):
        print("\nmedians over the rounds: things a second by wall time; CPU of server and client for each, of it the server's; latency of a call")
        print(f"{'what':66} {'rounds':>6} {'per s':>12} {'CPU us':>10} {'server us':>10}  p50 / p99 / max ms")
        for name, costs in self.costs.items():
            print(f"{name:66} {len(costs):6} {statistics.median(c.count / c.wall for c in costs):12,.1f} "
                  f"{statistics.median(c.each for c in costs) * 1e6:10,.2f} {self._server(costs):>10}  {self._latency(costs)}")
        print("\n" + "\n".join(self.notes))
        print("\nmedian, least and most of the rounds, goal; ratios are of CPU seconds unless they say otherwise")
        for name, values in self.values.items():
            median, goal = statistics.median(values), self.goals[name]
            spread = f"[{min(values):.3g} to {max(values):.3g}]" if len(values) > 1 else ""
            verdict = f"goal {goal}: {'met' if is_met(median, goal) else 'FALLS SHORT'}" if goal else ""
            print(f"  {name:96} {median:10.4g} {spread:22} {verdict}".rstrip())

    @staticmethod
    def _server(costs):
        if costs[0].server is None:
            return ""
        return f"{statistics.median(c.server / c.count for c in costs) * 1e6:.2f}"

    @staticmethod
    def _latency(costs):
        if costs[0].latency is None:
            return ""
        return " / ".join(f"{statistics.median(c.latency[q] for c in costs):.2f}" for q in ("p50", "p99", "max"))


class Section:
    """A part of the benchmark that --only can name. Rounds of all sections take turns."""

    name = ""

    def prepare(self, bench):
        """Before the rounds."""

    def round(self, bench, number):
        """Ours and its peers, one after the other."""

    def once(self, bench):
        """After the rounds: what is too long to be repeated."""
