import { timestampDate } from '@bufbuild/protobuf/wkt';
import { service } from '../api/client';
import { agoText, bytesText, countText, durationText, plural } from '../data/format';
import type { Sweep, Trial, Worker, WorkerDevice } from '../gen/ofsweep/v1/sweep_pb';
import { EmptyNote } from '../parts/empty_note';
import { ProblemNote } from '../parts/problem_note';
import { useResource, useTicks, useTitle } from '../state/hooks';
import { hrefOf } from '../state/route';

interface Fleet {
  workers: Worker[];
  waiting: Sweep[];
  // Trials that run, by id, with a sweep that holds each.
  running: Map<string, { trial: Trial; sweep: string }>;
}

const MOST_SWEEPS = 20;

export function FleetPage() {
  useTitle('Fleet');
  const ticks = useTicks(4_000);
  const { data, problem } = useResource('fleet', loadFleet, { version: ticks });
  if (!data) return problem ? <ProblemNote problem={problem} /> : <p class="loading">Asking for the workers…</p>;
  const { workers, waiting } = data;
  const slots = sum(workers.filter((worker) => worker.connected).map((worker) => worker.slots));
  const busy = sum(workers.map((worker) => worker.busy));
  return (
    <div class="fleet">
      <h1>Fleet</h1>
      <p class="facts number" role="status">
        {plural(workers.filter((worker) => worker.connected).length, 'worker')} connected · {busy} of {plural(slots, 'slot')} busy ·{' '}
        {countText(sum(workers.map((worker) => worker.unsentPoints)))} points on their way
      </p>
      {waiting.length > 0 && <Waiting sweeps={waiting} />}
      {workers.length === 0 ? (
        <EmptyNote title="No worker is connected">
          <p>
            On each machine that shall train: <code>ofsweep worker --coordinator HOST:7070</code>
          </p>
        </EmptyNote>
      ) : (
        <ul class="workers">
          {workers.map((worker) => (
            <WorkerCard key={worker.workerId} worker={worker} running={data.running} />
          ))}
        </ul>
      )}
    </div>
  );
}

const MOST_NAMES = 8;

// By their reasons, since many sweeps wait for the same.
function Waiting({ sweeps }: { sweeps: readonly Sweep[] }) {
  const byReason = Map.groupBy(sweeps, (sweep) => sweep.waitingReason);
  return (
    <section class="card padded">
      <h2>Why sweeps wait</h2>
      <ul>
        {[...byReason].map(([reason, waiting]) => (
          <li key={reason}>
            {reason.replace(/^waiting: /, '')}:{' '}
            {waiting.slice(0, MOST_NAMES).map(({ name }, i) => (
              <>
                {i > 0 && ', '}
                <a href={hrefOf({ page: 'sweep', sweep: name, view: 'curves' })}>{name}</a>
              </>
            ))}
            {waiting.length > MOST_NAMES && ` and ${plural(waiting.length - MOST_NAMES, 'more sweep')}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

function WorkerCard({ worker, running }: { worker: Worker; running: Fleet['running'] }) {
  const seen = worker.lastSeen && timestampDate(worker.lastSeen);
  const level = worker.quarantineReason ? 'failed' : worker.connected ? 'running' : 'pending';
  return (
    <li class="card padded">
      <div class="title-line">
        <h2>{worker.workerId}</h2>
        <span class={`badge state-${level}`}>{worker.quarantineReason ? 'quarantined' : worker.connected ? 'connected' : 'gone'}</span>
      </div>
      {worker.quarantineReason && <p class="warning">{worker.quarantineReason}</p>}
      <div class="slots" role="img" aria-label={`${worker.busy} of ${worker.slots} slots busy`}>
        {Array.from({ length: Math.min(worker.slots, 64) }, (_, i) => (
          <span key={i} class={i < worker.busy ? 'busy' : ''} />
        ))}
      </div>
      <dl class="facts-list">
        <div>
          <dt>host</dt>
          <dd>{worker.host}</dd>
        </div>
        <div>
          <dt>devices</dt>
          <dd>
            {counted(worker.devices.map(deviceText)).map(([text, count]) => (
              <p key={text}>{count > 1 ? `${count} × ${text}` : text}</p>
            ))}
            {worker.devices.length === 0 && '–'}
          </dd>
        </div>
        <div>
          <dt>slots</dt>
          <dd>
            {worker.busy} of {worker.slots} busy
          </dd>
        </div>
        <div>
          <dt>last seen</dt>
          <dd>{seen ? <time title={seen.toISOString()}>{agoText(seen, new Date())}</time> : 'never'}</dd>
        </div>
        {worker.leasesExpireAt && (
          <div>
            <dt>keeps its trials</dt>
            <dd>{leaseText(timestampDate(worker.leasesExpireAt), new Date())}</dd>
          </div>
        )}
        <div>
          <dt>unsent points</dt>
          <dd>{countText(worker.unsentPoints)}</dd>
        </div>
        <div>
          <dt>version</dt>
          <dd>{worker.version}</dd>
        </div>
      </dl>
      {worker.trialIds.length > 0 && (
        <ul class="held">
          {worker.trialIds.map((id) => (
            <li key={id}>
              <HeldTrial id={id} found={running.get(id)} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function leaseText(expires: Date, now: Date): string {
  const left = Math.round((expires.getTime() - now.getTime()) / 1000);
  return left > 0 ? `for ${durationText(left)} more if it stays silent` : 'no longer: it was silent too long, and they go to others';
}

function deviceText({ kind, model, memoryBytes }: WorkerDevice): string {
  return `${model || kind}${memoryBytes > 0 ? `, ${bytesText(memoryBytes)}` : ''}`;
}

function counted(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts];
}

function HeldTrial({ id, found }: { id: string; found: { trial: Trial; sweep: string } | undefined }) {
  if (!found) return <code>{id}</code>;
  return (
    <>
      <a href={hrefOf({ page: 'trial', sweep: found.sweep, trial: id })}>{found.trial.label || id}</a>{' '}
      <span class="faint">{found.sweep}</span>
    </>
  );
}

// A worker names its trials by their ids: the sweeps that have running trials say which they are.
async function loadFleet(signal: AbortSignal): Promise<Fleet> {
  const [{ workers }, { sweeps }] = await Promise.all([
    service.listWorkers({}, { signal }),
    service.listSweeps({ pageSize: 200 }, { signal }),
  ]);
  const running: Fleet['running'] = new Map();
  const holds = workers.some((worker) => worker.trialIds.length > 0);
  for (const sweep of holds ? sweeps.filter(({ trials }) => (trials?.running ?? 0) > 0).slice(0, MOST_SWEEPS) : []) {
    const { trials } = await service.listTrials({ sweep: sweep.name, states: ['running'], pageSize: 1_000, omitConfig: true }, { signal });
    for (const trial of trials) running.set(trial.trialId, { trial, sweep: sweep.name });
  }
  return { workers, waiting: sweeps.filter((sweep) => sweep.waitingReason !== ''), running };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
