import type { Trial } from '../gen/ofsweep/v1/sweep_pb';

// Why a trial is where it is: why it diverged, failed or waits; empty where there is nothing to say.
export function reasonOf(
  trial: Pick<Trial, 'outcomeReason' | 'divergedStep' | 'failureClass' | 'failureMessage' | 'waitingReason'>,
): string {
  if (trial.outcomeReason)
    return trial.divergedStep === undefined ? trial.outcomeReason : `step ${trial.divergedStep}: ${trial.outcomeReason}`;
  if (trial.failureClass) return `${trial.failureClass}: ${trial.failureMessage}`;
  return trial.waitingReason;
}
