"""The door to a coordinator, by gRPC."""

from __future__ import annotations

import datetime
import json
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable

import grpc
import pandas as pd

from ofsweep import arms, curves, errors, logs, messages, tables, trials
from ofsweep.caller import Caller, channel
from ofsweep.progress import Bar, Progress
from ofsweep.results import Names, Results, as_list
from ofsweep.submission import Fingerprint, Spec, Submission, request_of
from ofsweep.sweep import Sweep
from ofsweep.v1 import results_pb2, sweep_pb2, sweep_pb2_grpc

_PAGE = 1000
_OPTIONS = [
    ("grpc.enable_http_proxy", 0),  # a coordinator is dialled directly, as by `ofsweep`,
    ("grpc.max_reconnect_backoff_ms", 2000),  # and again soon after it was away
    ("grpc.max_receive_message_length", 256 << 20),
    ("grpc.max_send_message_length", 256 << 20),
]


_HOST_PORT = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]):([0-9]{1,5})")


def check_address(address: object) -> str:
    """Raises TypeError for what is no text, and InvalidArgument for what `ofsweep --coordinator` refuses, too."""
    expected = "expected HOST:PORT, like 127.0.0.1:7070, got"
    if not isinstance(address, str):
        raise TypeError(f"address: {expected} {address!r}")
    found = _HOST_PORT.fullmatch(address)
    if found is None or not 0 < int(found[1]) < 1 << 16:
        raise errors.mistakes([errors.violation("address", f'{expected} "{address}"')])
    return address


class Client(Results):
    """Of one coordinator; made by `ofsweep.connect`. May be used from several threads, and closes with `with` or
    `close`.

    Every method raises an `ofsweep.Error`: Unavailable where nobody answers, DeadlineExceeded after `timeout` seconds.
    """

    def __init__(self, address: str, caller: Caller, timeout: float) -> None:
        self.address = check_address(address)
        self._timeout = timeout
        self._channel = channel(self.address, caller, _OPTIONS)
        self._stub: Any = sweep_pb2_grpc.SweepServiceStub(self._channel)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def submit(
        self, spec: Spec, *, fingerprints: Iterable[Fingerprint] = (), replica: str = "", validate_only: bool = False
    ) -> Submission:
        """Stores a sweep and its trials, all or nothing; durable when it returns. The same name with the same
        specification gives the sweep that exists.

        spec: a dict as in a sweep file (name, trial, grid, zip, trials, exclude; absolute paths), the path of a YAML
        file, or YAML text, known by its line breaks (absolute paths).
        fingerprints: what the caller found at paths of the sweep. Without them, as here by default, the sweep's first
        attempt fixes the content of data.path, data.validation_path and model.init_from for all of its trials, and no
        trial of an earlier sweep that has begun is shared; `ofsweep submit` computes them.
        replica: any text; trains all trials anew, whatever earlier sweeps hold. validate_only: counts, and stores
        nothing.
        Raises InvalidArgument with a violation for each mistake, AlreadyExists where the name has another
        specification.
        """
        return messages.submission(
            self._call(self._stub.SubmitSweep, request_of(spec, fingerprints, replica, validate_only))
        )

    def update(
        self, spec: Spec, *, fingerprints: Iterable[Fingerprint] = (), validate_only: bool = False
    ) -> Submission:
        """Gives the sweep of that name this specification, and the trials that it does not hold yet; its arms are called
        by what varies then. What `fingerprints` does not name is what the sweep's trials read. A cancelled sweep stays
        cancelled: `resume` goes on with all of it. Idempotent.

        Raises NotFound where there is no such sweep, FailedPrecondition where the specification leaves out trials that
        it has.
        """
        return messages.submission(self._call(self._stub.UpdateSweep, request_of(spec, fingerprints, "", validate_only)))

    def progress(self, sweep: str, min_interval_seconds: float = 1.0) -> Iterator[Progress]:
        """At once, and then whenever something changed, until every trial is in a final state; a paused sweep goes on.
        At least 0.1 seconds apart."""
        request = sweep_pb2.WatchSweepRequest(name=sweep, min_interval_seconds=min_interval_seconds)
        return (messages.progress(message) for message in self._stream(self._stub.WatchSweep, request))

    def watch(self, sweep: str, *, patience: float = 300.0) -> Sweep:
        """Shows a progress bar until the sweep has ended, and gives it as it is then. A coordinator that goes away is
        waited for, `patience` seconds at a time; one that does not answer at first is not."""
        bar = Bar()
        seen = -math.inf
        try:
            while True:
                try:
                    for progress in self.progress(sweep):
                        bar.show(progress)
                        seen = time.monotonic()
                    return self.sweep(sweep)
                except errors.Unavailable:
                    if time.monotonic() - seen > patience:
                        raise
                    time.sleep(1)
        finally:
            bar.close()

    def cancel(self, sweep: str) -> Sweep:
        """Ends it: pending trials become cancelled, running ones are stopped. Points stay. Idempotent."""
        return messages.sweep(self._call(self._stub.CancelSweep, sweep_pb2.CancelSweepRequest(name=sweep)).sweep)

    def pause(self, sweep: str) -> Sweep:
        """No further trial starts, running ones finish. Idempotent; FailedPrecondition for one that has ended."""
        return messages.sweep(self._call(self._stub.PauseSweep, sweep_pb2.PauseSweepRequest(name=sweep)).sweep)

    def resume(self, sweep: str) -> Sweep:
        """Undoes pause, and cancel: cancelled trials continue from their last checkpoint."""
        return messages.sweep(self._call(self._stub.ResumeSweep, sweep_pb2.ResumeSweepRequest(name=sweep)).sweep)

    def delete(self, sweep: str) -> int:
        """Takes it out of the database for good, with the trials that no other sweep holds: their points, and what
        workers keep of them; gives how many.

        FailedPrecondition while a worker has such a trial: cancel the sweep first. NotFound when it is deleted."""
        return int(self._call(self._stub.DeleteSweep, sweep_pb2.DeleteSweepRequest(name=sweep)).deleted_trials)

    def retry(self, sweep: str, trial_ids: Names = ()) -> int:
        """Makes failed trials pending again with a fresh budget of attempts, all of them where none is named; gives how
        many.

        FailedPrecondition for a cancelled sweep, which has to be resumed first."""
        request = sweep_pb2.RetryTrialsRequest(sweep=sweep, trial_ids=as_list(trial_ids))
        return int(self._call(self._stub.RetryTrials, request).retried)

    def logs(
        self, trial_id: str, *, attempt: int = 0, lines: int = 0, follow: bool = False, patience: float = 300.0
    ) -> Iterator[str]:
        """As `Results.logs`. follow: until the attempt has ended; a coordinator that goes away meanwhile is waited for as
        in `watch`."""
        request = sweep_pb2.TailLogRequest(trial_id=trial_id, attempt=attempt, last_lines=lines, follow=follow)
        return logs.text_of(self._log_pieces(request, patience), is_whole=lines == 0)

    def _log_pieces(self, request: sweep_pb2.TailLogRequest, patience: float) -> Iterator[sweep_pb2.TailLogResponse]:
        waited: float = math.inf  # since the last piece, for the coordinator
        while True:
            try:
                for piece in self._stream(self._stub.TailLog, request):
                    waited = 0
                    request.attempt = piece.attempt
                    request.begin = piece.begin + len(piece.text)
                    yield piece
                return
            except errors.Unavailable:
                if not request.follow or waited >= patience:
                    raise
                time.sleep(1)
                waited += 1

    def workers(self) -> pd.DataFrame:
        """One row a worker that is connected or holds a trial: worker, host, version, connected, last_seen (UTC),
        slots, busy, devices, unsent_points (in its outboxes), quarantine_reason (missing where it gets trials),
        trial_ids (a tuple)."""
        rows = self._call(self._stub.ListWorkers, sweep_pb2.ListWorkersRequest()).workers
        texts = {
            "worker": [row.worker_id for row in rows],
            "host": [row.host for row in rows],
            "version": [row.version for row in rows],
            "devices": [", ".join(f"{device.kind}: {device.model}" for device in row.devices) for row in rows],
            "quarantine_reason": [row.quarantine_reason or None for row in rows],
        }
        frame = pd.DataFrame({name: pd.Series(values, dtype="string") for name, values in texts.items()})
        frame.insert(3, "connected", pd.Series([row.connected for row in rows], dtype="bool"))
        seen = [row.last_seen.ToDatetime(tzinfo=datetime.timezone.utc) for row in rows]
        frame.insert(4, "last_seen", pd.to_datetime(pd.Series(seen, dtype="object"), utc=True))
        for place, name in ((5, "slots"), (6, "busy"), (8, "unsent_points")):
            frame.insert(place, name, pd.Series([int(getattr(row, name)) for row in rows], dtype="int64"))
        frame["trial_ids"] = [tuple(row.trial_ids) for row in rows]
        return frame

    def sweep(self, name: str) -> Sweep:
        return messages.sweep(self._call(self._stub.GetSweep, sweep_pb2.GetSweepRequest(name=name)).sweep)

    def _all_sweeps(self) -> Sequence[Sweep]:
        request = sweep_pb2.ListSweepsRequest(page_size=_PAGE)
        return [messages.sweep(sweep) for page in self._pages(self._stub.ListSweeps, request) for sweep in page.sweeps]

    def trials(self, sweep: str) -> pd.DataFrame:
        rows: list[dict[str, Any]] = []
        keys: list[arms.Keys] = []
        for trial in self._trials(sweep):
            keys.append(arms.from_json(trial.arm_keys))
            rows.append(messages.trial_row(trial))
        return trials.frame(rows, keys)

    def _trials(self, sweep: str) -> Iterator[sweep_pb2.Trial]:
        request = sweep_pb2.ListTrialsRequest(sweep=sweep, page_size=_PAGE, omit_config=True)
        return (trial for page in self._pages(self._stub.ListTrials, request) for trial in page.trials)

    def series(self, sweep: str) -> pd.DataFrame:
        answer = self._call(self._stub.ListSeries, results_pb2.ListSeriesRequest(sweep=sweep))
        found = [
            (metric.name, site.name or None, layer)
            for metric in answer.metrics
            for site in metric.sites
            for layer in list(site.layers) or [None]
        ]
        return curves.series_frame(found)

    def curves(
        self,
        sweep: str,
        metrics: Names,
        *,
        sites: Names = (),
        layers: Sequence[int] = (),
        trial_ids: Names = (),
        group_by: Names = (),
        mean: str = "arithmetic",
        first_step: int = 0,
        last_step: int | None = None,
    ) -> pd.DataFrame:
        request = results_pb2.QueryCurvesRequest(
            sweep=sweep,
            trial_ids=as_list(trial_ids),
            metrics=as_list(metrics),
            sites=as_list(sites),
            layers=layers,
            group_by=as_list(group_by),
            mean=mean,
            first_step=first_step,
            last_step=last_step,
        )
        answers = self._stream(self._stub.QueryCurves, request)
        found = [messages.curve(curve) for answer in answers for curve in answer.curves]
        curves.warn(as_list(metrics), found, sweep, self._pooled(sweep, as_list(trial_ids), as_list(group_by)))
        key_columns = as_list(group_by) or arms.names(curve.keys for curve in found)
        return curves.frame(found, key_columns, bool(group_by), mean)

    def _pooled(self, sweep: str, trial_ids: Sequence[str], group_by: Sequence[str]) -> Sequence[str]:
        """As curves.pooled; trials are only listed where the sweep varies a key that group_by does not name."""
        varied = self._call(self._stub.GetSweep, sweep_pb2.GetSweepRequest(name=sweep)).sweep.varied if group_by else ()
        if not set(varied) - {*group_by, "seed"}:
            return []
        asked = (trial for trial in self._trials(sweep) if not trial_ids or trial.trial_id in trial_ids)
        return curves.pooled(
            ({**arms.from_json(trial.arm_keys), "seed": int(trial.results["seed"])} for trial in asked), group_by
        )

    def table(
        self,
        sweep: Names,
        rows: Names,
        cols: Names = (),
        *,
        metrics: Names = (),
        pool: Names = (),
        drop_diverged: bool = False,
        baseline: Mapping[str, Any] | None = None,
        best: str = "",
    ) -> pd.DataFrame:
        rows, cols = as_list(rows), as_list(cols)
        first, *further = as_list(sweep) or [""]
        request = results_pb2.GetAblationTableRequest(
            sweep=first,
            further_sweeps=further,
            rows=rows,
            cols=cols,
            metrics=as_list(metrics),
            pool=as_list(pool),
            drop_diverged=drop_diverged,
            best=best,
        )
        for key, value in (baseline or {}).items():
            request.baseline[key] = json.dumps(value) if isinstance(value, bool) else str(value)
        answer = self._call(self._stub.GetAblationTable, request)
        keys = [*rows, *cols]
        tables.warn(answer.uneven, answer.confounded)
        frame = tables.frame([messages.cell(cell, keys) for cell in answer.cells], keys, list(answer.metrics))
        if best:
            frame.insert(len(keys), best, messages.best_values(answer))
        return frame.join(messages.differences(answer)) if baseline else frame

    def _call(self, rpc: Callable[..., Any], request: Any) -> Any:
        try:
            return rpc(request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, self.address) from None

    def _stream(self, rpc: Callable[..., Any], request: Any) -> Iterator[Any]:
        stream = rpc(request)
        try:
            yield from stream
        except grpc.RpcError as error:
            raise errors.from_rpc(error, self.address) from None
        finally:
            stream.cancel()  # of one that nobody reads to its end

    def _pages(self, rpc: Callable[..., Any], request: Any) -> Iterator[Any]:
        while True:
            page = self._call(rpc, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
