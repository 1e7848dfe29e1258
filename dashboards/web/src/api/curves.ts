import type { MessageInitShape } from '@bufbuild/protobuf';
import type { QueryCurvesRequestSchema } from '../gen/ofsweep/v1/results_pb';
import { type MeasuredCurve, joinPieces } from '../data/curve';
import { service } from './client';
import { noteLoss } from './connection';
import { isServerGone } from './problem';
import { createTurns } from './turns';

const turns = createTurns(2);

export type CurvesRequest = MessageInitShape<typeof QueryCurvesRequestSchema>;

// Whole curves, in the server's order.
export function queryCurves(request: CurvesRequest, signal: AbortSignal): Promise<MeasuredCurve[]> {
  return turns(async () => {
    signal.throwIfAborted();
    const pieces = [];
    try {
      for await (const response of service.queryCurves(request, { signal })) pieces.push(...response.curves);
    } catch (error) {
      if (isServerGone(error)) noteLoss();
      throw error;
    }
    return joinPieces(pieces);
  });
}
