import { useState } from 'preact/hooks';
import { service } from '../api/client';
import { plural } from '../data/format';
import { whyNoChange } from '../data/rights';
import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';
import { Question, type QuestionText } from '../parts/question';
import { useWho } from '../state/hooks';
import { hrefOf } from '../state/route';

interface Action {
  name: string;
  question: QuestionText;
  act(): Promise<unknown>;
}

export function SweepActions({ sweep, owner, onAct }: { sweep: Sweep; owner: string; onAct(): void }) {
  const [asked, setAsked] = useState<Action>();
  const whyNot = whyNoChange(useWho(), owner);
  if (whyNot) return <p class="faint">{whyNot}</p>;
  const actions = actionsOf(sweep);
  return (
    <div class="actions">
      {actions.map((action) => (
        <button key={action.name} type="button" onClick={() => setAsked(action)}>
          {action.name}
        </button>
      ))}
      {asked && (
        <Question
          question={asked.question}
          act={async () => {
            await asked.act();
            onAct();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </div>
  );
}

function actionsOf({ name, state, trials }: Sweep): Action[] {
  const running = trials?.running ?? 0;
  const failed = trials?.failed ?? 0;
  const actions: Action[] = [];
  if (state === 'active') {
    actions.push({
      name: 'Pause',
      question: { title: `Pause ${name}?`, text: 'No further trial starts. Those that run are finished.', yes: 'Pause' },
      act: () => service.pauseSweep({ name }),
    });
  }
  if (state === 'paused' || state === 'cancelled') {
    const text =
      state === 'paused'
        ? 'Its pending trials may start again.'
        : 'Its cancelled trials become pending again, and continue from their last checkpoints.';
    actions.push({ name: 'Resume', question: { title: `Resume ${name}?`, text, yes: 'Resume' }, act: () => service.resumeSweep({ name }) });
  }
  if (failed > 0) {
    actions.push({
      name: 'Retry failed',
      question: {
        title: `Retry what failed in ${name}?`,
        text: `${plural(failed, 'failed trial')} become pending again, with a fresh budget of attempts.`,
        yes: 'Retry',
      },
      act: () => service.retryTrials({ sweep: name }),
    });
  }
  if (state === 'active' || state === 'paused') {
    actions.push({
      name: 'Cancel',
      question: {
        title: `Cancel ${name}?`,
        text: `Pending trials will not run, and ${plural(running, 'running one')} will be stopped, but for those that another sweep wants too. Points that are stored stay.`,
        yes: 'Cancel the sweep',
        isDangerous: true,
      },
      act: () => service.cancelSweep({ name }),
    });
  } else {
    actions.push({
      name: 'Delete',
      question: {
        title: `Delete ${name}?`,
        text: 'The sweep goes for good, and with it the points, logs and checkpoints of trials that no other sweep holds.',
        yes: 'Delete the sweep',
        isDangerous: true,
      },
      act: async () => {
        await service.deleteSweep({ name });
        location.hash = hrefOf({ page: 'sweeps' });
      },
    });
  }
  return actions;
}
