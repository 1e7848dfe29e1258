import { timestampDate } from '@bufbuild/protobuf/wkt';
import { service } from '../api/client';
import { durationText, timeText } from '../data/format';
import { endedOf, shareOfSteps, totalOf } from '../data/states';
import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';
import { EmptyNote } from '../parts/empty_note';
import { ProblemNote } from '../parts/problem_note';
import { ProgressBar, StateCounts } from '../parts/progress_bar';
import { WaitingReason } from '../parts/waiting_reason';
import { SweepBadge } from '../parts/sweep_badge';
import { Tags } from '../parts/tags';
import { useResource, useTicks, useTitle } from '../state/hooks';
import { readList, withSettings } from '../state/params';
import { hrefOf } from '../state/route';

const PAGE_SIZE = 50;

export function SweepsPage({ params }: { params: URLSearchParams }) {
  useTitle('Sweeps');
  const token = params.get('page') ?? '';
  const tags = readList(params, 'tags') ?? [];
  const ticks = useTicks(5_000);
  const { data, problem } = useResource(
    `sweeps ${params}`,
    (signal) => service.listSweeps({ pageSize: PAGE_SIZE, pageToken: token, tags }, { signal }),
    { version: ticks, scope: params.toString() },
  );
  return (
    <>
      <h1>Sweeps</h1>
      {tags.length > 0 && (
        <p>
          tagged {tags.join(' and ')} · <a href={hrefOf({ page: 'sweeps' })}>all sweeps</a>
        </p>
      )}
      {problem && !data && <ProblemNote problem={problem} />}
      {data?.sweeps.length === 0 && <NoSweeps isFirstPage={token === ''} tags={tags} />}
      {data && data.sweeps.length > 0 && (
        <ul class="sweeps">
          {data.sweeps.map((sweep) => (
            <SweepEntry key={sweep.name} sweep={sweep} />
          ))}
        </ul>
      )}
      {(token !== '' || data?.nextPageToken) && (
        <nav class="pages" aria-label="Pages of the list">
          {token !== '' && <a href={hrefOf({ page: 'sweeps' }, withSettings(params, { page: undefined }))}>« newest</a>}
          {data?.nextPageToken && <a href={hrefOf({ page: 'sweeps' }, withSettings(params, { page: data.nextPageToken }))}>older ›</a>}
        </nav>
      )}
    </>
  );
}

function SweepEntry({ sweep }: { sweep: Sweep }) {
  const share = shareOfSteps(sweep);
  return (
    <li>
      <div class="sweep-title">
        <a href={hrefOf({ page: 'sweep', sweep: sweep.name, view: 'curves' })}>{sweep.name}</a>
        <SweepBadge sweep={sweep} />
        <span class="faint">{sweep.submittedAt && <time>{timeText(timestampDate(sweep.submittedAt))}</time>}</span>
      </div>
      {sweep.description !== '' && <p class="description">{sweep.description.trim().split('\n', 1)[0]}</p>}
      <div class="sweep-progress">
        <ProgressBar counts={sweep.trials} share={share} label={`Progress of ${sweep.name}`} />
        <span class="number">
          {endedOf(sweep.trials)} of {totalOf(sweep.trials)} ended
          {share !== undefined && share < 1 && ` · ${Math.floor(100 * share)} % of the steps`}
          {sweep.etaSeconds !== undefined && ` · ${durationText(sweep.etaSeconds)} left`}
        </span>
      </div>
      <StateCounts counts={sweep.trials} />
      {sweep.varied.length > 0 && <p class="faint">varies {sweep.varied.join(', ')}</p>}
      <Tags tags={sweep.tags} />
      <WaitingReason sweep={sweep} />
    </li>
  );
}

function NoSweeps({ isFirstPage, tags }: { isFirstPage: boolean; tags: readonly string[] }) {
  if (tags.length > 0) return <EmptyNote title={`No ${isFirstPage ? '' : 'older '}sweep is tagged ${tags.join(' and ')}`} />;
  if (!isFirstPage) return <EmptyNote title="No older sweeps" />;
  return (
    <EmptyNote title="No sweep has been submitted yet">
      <p>
        Write what you want to compare into a file and submit it: <code>ofsweep submit sweep.yaml</code>. It appears here.
      </p>
    </EmptyNote>
  );
}
