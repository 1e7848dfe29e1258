"""Which documents are read as a newcomer reads them, and what of them cannot be run here."""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Document:
    path: str
    # Blocks with a comment "not run: REASON": counted, so that nobody stops running a block unseen.
    not_run: int = 0
    # It speaks of the sweep that the quickstart has trained: its folder holds that one's data.
    after_quickstart: bool = False


# clients/python/README.md is run by tests/clients/python/readme_test.py.
DOCUMENTS = [
    Document("README.md", not_run=1, after_quickstart=True),
    Document("CONTRIBUTING.md"),
    Document("dashboards/README.md", not_run=1),
    Document("dashboards/web/README.md", not_run=1),
    Document("docs/ARCHITECTURE.md"),
    Document("docs/access.md", not_run=3),
    Document("docs/deploy.md", not_run=3),
    Document("docs/howto-batch.md", not_run=1),
    Document("docs/howto-data.md", not_run=1, after_quickstart=True),
    Document("docs/howto-grpc.md", not_run=2),
    Document("docs/howto-sql.md"),
    Document("docs/metrics.md"),
    Document("docs/performance.md"),
    Document("docs/plan.md"),
    Document("docs/quantisation.md", after_quickstart=True),
    Document("docs/reproduction.md", not_run=1),
    Document("docs/rpc.md"),
    Document("docs/sql.md", not_run=1, after_quickstart=True),
    Document("docs/sweep-file.md"),
    Document("docs/tables.md"),
    Document("docs/tokens.md"),
    Document("docs/trainer.md", not_run=2, after_quickstart=True),
    Document("docs/trial-keys.md"),
    Document("docs/tutorial.md", not_run=1),
    Document("docs/views.md"),
    Document("docs/trial-metrics.md"),
]
