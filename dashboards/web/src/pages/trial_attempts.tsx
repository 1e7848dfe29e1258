import { timestampDate } from '@bufbuild/protobuf/wkt';
import { useState } from 'preact/hooks';
import { durationText, timeText } from '../data/format';
import type { Attempt } from '../gen/ofsweep/v1/sweep_pb';
import { StateBadge } from '../parts/state_badge';
import { TrialLog } from './trial_log';

export function Attempts({ trial, attempts }: { trial: string; attempts: readonly Attempt[] }) {
  // One at a time: each that grows holds one of the browser's few connections.
  const [shownLog, setShownLog] = useState<number>();
  return (
    <section class="card padded">
      <h2>Attempts</h2>
      {attempts.length === 0 && <p class="faint">None has begun.</p>}
      <ol class="attempts">
        {attempts.map((attempt, index) => (
          <li key={attempt.generation}>
            <p>
              <StateBadge state={attempt.outcome || 'running'} /> on <b>{attempt.worker}</b>
              {attempt.startedAt && (
                <span class="faint">
                  {' '}
                  <time>{timeText(timestampDate(attempt.startedAt))}</time>
                  {spanText(attempt)}
                </span>
              )}
            </p>
            {(attempt.fromStep !== undefined || attempt.toStep !== undefined) && (
              <p class="faint">
                {attempt.fromStep ? `continued from step ${attempt.fromStep}` : 'from the beginning'}
                {attempt.toStep !== undefined && `, to step ${attempt.toStep}`}
              </p>
            )}
            {(attempt.failureClass || attempt.message) && (
              <p class={attempt.outcome === 'failed' || attempt.outcome === 'diverged' ? 'warning' : ''}>
                {attempt.failureClass && <b>{attempt.failureClass}: </b>}
                {attempt.message}
              </p>
            )}
            <button
              type="button"
              aria-expanded={shownLog === attempt.generation}
              onClick={() => setShownLog(shownLog === attempt.generation ? undefined : attempt.generation)}
            >
              Log
            </button>
            {shownLog === attempt.generation && <TrialLog trial={trial} attempt={index + 1} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

function spanText({ startedAt, endedAt }: Attempt): string {
  if (!startedAt || !endedAt) return '';
  return `, for ${durationText((timestampDate(endedAt).getTime() - timestampDate(startedAt).getTime()) / 1000)}`;
}
