import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { hrefOf } from '../state/route';

// Nobody will know what a version read that looked at no data.
function dataOf({ origin, state }: Trial) {
  if (origin?.dataFingerprint) return <code>{origin.dataFingerprint}</code>;
  return (state === 'completed' || state === 'diverged') && 'unknown, trained by an earlier version of ofsweep';
}

// Where its numbers come from.
export function Provenance({ trial, sweeps, sweep }: { trial: Trial; sweeps: readonly string[]; sweep: string }) {
  const { origin } = trial;
  const others = sweeps.filter((name) => name !== sweep);
  const leftOut = Object.entries(origin?.leftOut ?? {});
  const facts: [string, preact.ComponentChildren][] = [
    ['trial', <code>{trial.trialId}</code>],
    ['configuration', <code>{trial.configHash}</code>],
    ['data', dataOf(trial)],
    ['host', origin?.host],
    ['device', origin?.device],
    ['trainer', origin?.revision && <code>{origin.revision}</code>],
    ['left out', leftOut.map(([reason, files]) => `${files} files: ${reason}`).join('; ')],
    [
      'also in',
      others.length > 0 &&
        others.map((name, i) => (
          <>
            {i > 0 && ', '}
            <a href={hrefOf({ page: 'trial', sweep: name, trial: trial.trialId })}>{name}</a>
          </>
        )),
    ],
  ];
  return (
    <section class="card padded">
      <h2>Provenance</h2>
      <dl class="facts-list">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
