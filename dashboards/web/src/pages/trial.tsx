import { Code } from '@connectrpc/connect';
import { useState } from 'preact/hooks';
import { service } from '../api/client';
import { listTrials } from '../api/trials';
import { numberText } from '../data/format';
import { reasonOf } from '../data/reason';
import { whyNoChange } from '../data/rights';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { EmptyNote } from '../parts/empty_note';
import { Question } from '../parts/question';
import { ProblemNote } from '../parts/problem_note';
import { StateBadge } from '../parts/state_badge';
import { useResource, useTitle, useWho } from '../state/hooks';
import { hrefOf } from '../state/route';
import { Attempts } from './trial_attempts';
import { Configuration } from './trial_configuration';
import { TrialCurves } from './trial_curves';
import { Provenance } from './trial_provenance';
import { useThrottled } from './throttle';
import { useWatch } from './use_watch';

export function TrialPage({ sweep, trial: id, params }: { sweep: string; trial: string; params: URLSearchParams }) {
  const [turn, setTurn] = useState(0);
  const [isAsking, setAsking] = useState(false);
  const { message } = useWatch(sweep, turn);
  const live = message?.running.find((progress) => progress.trialId === id);
  const counts = message?.sweep?.trials;
  const points = useThrottled(live?.step ?? 0, 4_000);
  // Begins, ends and is taken by another worker.
  const state = `${live?.worker ?? ''} ${counts ? counts.running + 1e6 * counts.pending : 0} ${turn}`;
  const { data, problem } = useResource(id, (signal) => service.getTrial({ sweep, trialId: id }, { signal }), { version: state });
  const trials = useResource(sweep, (signal) => listTrials(sweep, signal));
  const stored = useResource(sweep, (signal) => service.getSweep({ name: sweep }, { signal }));
  const trial = data?.trial;
  const who = useWho();
  const whyNoRetry = stored.data?.sweep && whyNoChange(who, stored.data.sweep.owner);
  useTitle(trial?.label ?? 'Trial');

  if (problem?.code === Code.NotFound) {
    return (
      <EmptyNote isPage title="There is no such trial">
        <p>
          <a href={hrefOf({ page: 'sweep', sweep, view: 'trials' })}>The trials of {sweep}</a>, or{' '}
          <a href={hrefOf({ page: 'sweeps' })}>all sweeps</a>
        </p>
      </EmptyNote>
    );
  }
  const varied = stored.data?.sweep?.varied ?? [];
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href={hrefOf({ page: 'sweep', sweep, view: 'curves' })}>{sweep}</a> ›{' '}
        <a href={hrefOf({ page: 'sweep', sweep, view: 'trials' })}>trials</a>
      </nav>
      {problem && !data && <ProblemNote problem={problem} />}
      {trial && (
        <>
          <header class="sweep-header">
            <div class="title-line">
              <h1>{trial.label || trial.trialId}</h1>
              <StateBadge state={trial.state} />
              {trial.state === 'failed' && whyNoRetry && <p class="faint">{whyNoRetry}</p>}
              {trial.state === 'failed' && stored.data && !whyNoRetry && (
                <div class="actions">
                  <button type="button" onClick={() => setAsking(true)}>
                    Retry
                  </button>
                </div>
              )}
              {isAsking && (
                <Question
                  question={{
                    title: 'Retry this trial?',
                    text: 'It becomes pending again, with a fresh budget of attempts.',
                    yes: 'Retry',
                  }}
                  act={() => service.retryTrials({ sweep, trialIds: [id] }).then(() => setTurn((count) => count + 1))}
                  onClose={() => setAsking(false)}
                />
              )}
            </div>
            <progress
              class={`steps state-${trial.state}`}
              max={trial.targetSteps}
              value={live?.step ?? trial.step}
              aria-label="Steps done"
            />
            <p class="facts number">
              step {live?.step ?? trial.step} of {trial.targetSteps}
              {live?.stepsPerSecond !== undefined && ` · ${numberText(live.stepsPerSecond, 3)} steps/s`}
              {trial.worker && ` · on ${trial.worker}`}
            </p>
            {live?.doing && <p class="waiting">{live.doing}</p>}
            {reasonOf(trial) && <p class={trial.state === 'pending' ? 'waiting' : 'warning'}>{reasonOf(trial)}</p>}
          </header>
          <Results trial={trial} />
          <TrialCurves sweep={sweep} trial={id} params={params} version={`${points} ${trial.state}`} />
          <div class="columns">
            <Configuration trial={trial} others={trials.data?.trials ?? []} varied={varied} />
            <div>
              <Attempts trial={id} attempts={data.attempts} />
              <Provenance trial={trial} sweeps={data.sweeps} sweep={sweep} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

const SHOWN_RESULTS = [
  'eval_loss',
  'train_loss',
  'kurtosis_max',
  'kurtosis_mean',
  'kurtosis_peak',
  'mmr_max',
  'eval_perplexity',
  'int8_perplexity',
  'w8a5_perplexity',
  'w8a4_perplexity',
  'w4a4_perplexity',
];

function Results({ trial }: { trial: Trial }) {
  const shown = SHOWN_RESULTS.filter((name) => name in trial.results);
  if (shown.length === 0) return null;
  return (
    <dl class="results" aria-label="Results">
      {shown.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{numberText(trial.results[name])}</dd>
        </div>
      ))}
    </dl>
  );
}
