"""100 curves of 10,000 points each, painted by the page's chart, by bare uPlot and by Plotly in turns."""

import contextlib
import functools
import http.server
import pathlib
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
NAMES = {"page": "the page's chart", "uplot": "uPlot", "plotly": "Plotly"}
TIMES = 3  # paintings of a side in a round


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """Its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def measure(report, page, cpu, rounds):
    with tempfile.TemporaryDirectory() as folder, served(folder) as address:
        subprocess.run([HERE / "painting.sh", folder], check=True)
        page.goto(f"{address}/index.html")
        page.wait_for_function("!!window.paint")
        for side in NAMES:  # compiled, and fonts are there
            page.evaluate(f"paint('{side}')")
        for _ in range(rounds):
            wall, work = {}, {}
            for side in NAMES:
                before = cpu()
                times = [page.evaluate(f"paint('{side}')") for _ in range(TIMES)]
                work[side], wall[side] = (cpu() - before) / TIMES, sorted(times)[TIMES // 2]
                report.value(f"{NAMES[side]}: ms until it is seen", wall[side])
                report.value(f"{NAMES[side]}: CPU ms of the browser", work[side] * 1e3)
            report.value("the page's chart / uPlot, CPU", work["page"] / work["uplot"], "<= 1.5")
            report.value("the page's chart / uPlot, wall", wall["page"] / wall["uplot"], "<= 1.5")
            report.value("the page's chart / Plotly, CPU", work["page"] / work["plotly"], "<= 1")
            report.value("the page's chart / Plotly, wall", wall["page"] / wall["plotly"], "<= 1")
