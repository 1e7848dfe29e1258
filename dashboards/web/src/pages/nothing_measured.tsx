import { plural } from '../data/format';
import { failuresOf } from '../data/failures';
import { leftOutText } from '../data/states';
import { EmptyNote } from '../parts/empty_note';
import { hrefOf } from '../state/route';
import type { SweepData } from './sweep_data';

const MOST_REASONS = 3;

// Stands where a view would show what was measured, and says why there is none, and whether there will be.
export function NothingMeasured({ sweep, title, hope }: { sweep: SweepData; title: string; hope: string }) {
  const { trials, isCut } = sweep.trials!;
  const goesOn = isCut || trials.some(({ state }) => state === 'running' || state === 'pending');
  const failures = failuresOf(trials);
  const failed = failures.reduce((sum, failure) => sum + failure.trials, 0);
  const others = leftOutText(trials.filter(({ state }) => state !== 'failed'));
  return (
    <EmptyNote title={failed > 0 && !goesOn ? `${plural(failed, 'trial')} failed, and there is nothing to show` : `${title}${goesOn ? ' yet' : ''}`}>
      {goesOn ? <p>{hope}</p> : failed === 0 && <p>All trials have ended, and no more will come{others && `: ${others}`}.</p>}
      {failed > 0 && (
        <>
          {goesOn && <p>{plural(failed, 'trial')} failed:</p>}
          <ul>
            {failures.slice(0, MOST_REASONS).map(({ reason, trials: count }) => (
              <li key={reason}>
                {failures.length > 1 && `${count} × `}
                {reason}
              </li>
            ))}
            {failures.length > MOST_REASONS && <li>… {plural(failures.length - MOST_REASONS, 'more reason')}</li>}
          </ul>
          <p>
            <a href={hrefOf({ page: 'sweep', sweep: sweep.name, view: 'trials' }, new URLSearchParams({ state: 'failed' }))}>The failed trials</a>{' '}
            have their attempts and logs.
          </p>
        </>
      )}
    </EmptyNote>
  );
}
