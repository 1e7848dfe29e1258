import { timestampDate } from '@bufbuild/protobuf/wkt';
import { durationText, timeText } from '../data/format';
import { endedOf, shareOfSteps, totalOf } from '../data/states';
import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';
import { ProgressBar, StateCounts } from '../parts/progress_bar';
import { SweepBadge } from '../parts/sweep_badge';
import { Tags } from '../parts/tags';
import { WaitingReason } from '../parts/waiting_reason';
import { SweepActions } from './sweep_actions';

interface SweepHeaderProps {
  name: string;
  stored: Sweep | undefined;
  watched: Sweep | undefined;
  onAct(): void;
}

export function SweepHeader({ name, stored, watched, onAct }: SweepHeaderProps) {
  const sweep = watched ?? stored;
  const counts = sweep?.trials;
  const share = sweep && shareOfSteps(sweep);
  const eta = sweep?.etaSeconds;
  const told = `${endedOf(counts)} of ${totalOf(counts)} trials ended`;
  return (
    <header class="sweep-header">
      <div class="title-line">
        <h1>{name}</h1>
        {sweep && <SweepBadge sweep={sweep} />}
        {sweep && stored && <SweepActions sweep={sweep} owner={stored.owner} onAct={onAct} />}
      </div>
      {stored && stored.description !== '' && <p class="description">{stored.description.trim()}</p>}
      {stored && <Tags tags={stored.tags} />}
      <ProgressBar counts={counts} share={share} label={`Progress of ${name}`} />
      <div class="facts">
        <StateCounts counts={counts} />
        <span class="number">
          {share !== undefined && share < 1 && `${Math.floor(100 * share)} % of the steps · `}
          {told}
          {eta !== undefined && `, about ${durationText(eta)} left`}
        </span>
        {stored?.submittedAt && (
          <span class="faint">
            submitted <time>{timeText(timestampDate(stored.submittedAt))}</time>
            {stored.owner && ` by ${stored.owner}`}
          </span>
        )}
        {stored && stored.priority !== 0 && <span class="faint">priority {stored.priority}</span>}
        {stored && stored.keepCheckpoints !== 'last' && <span class="faint">keeps {stored.keepCheckpoints} of its checkpoints</span>}
      </div>
      <p class="visually-hidden" role="status">
        {counts && `${told}, sweep ${sweep?.state}`}
      </p>
      {sweep && <WaitingReason sweep={sweep} />}
      {stored?.spec && (
        <details class="spec">
          <summary>Specification</summary>
          {stored.file && <p class="faint">{stored.file}</p>}
          <pre tabIndex={0}>{stored.spec}</pre>
          <p class="faint">
            SHA-256 <code>{stored.specSha256}</code>
            {stored.revision && (
              <>
                {' '}
                · taken by revision <code>{stored.revision}</code>
              </>
            )}
          </p>
        </details>
      )}
    </header>
  );
}
