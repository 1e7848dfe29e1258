import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { SweepService } from '../gen/ofsweep/v1/sweep_pb';
import { noteAnswer, noteLoss, probeWith } from './connection';
import { isServerGone } from './problem';
import { noteUnknown } from './session';

// Each answer, each loss, and that the caller is not known any more is told, whoever asked; a stream may be lost between its messages too.
export const watchConnection: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    noteAnswer();
    return response.stream ? { ...response, message: noteLossIn(response.message) } : response;
  } catch (error) {
    if (isServerGone(error)) noteLoss();
    else if (!request.signal.aborted) noteAnswer();
    if (ConnectError.from(error).code === Code.Unauthenticated) noteUnknown();
    throw error;
  }
};

async function* noteLossIn<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    if (isServerGone(error)) noteLoss();
    throw error;
  }
}

const transport = createConnectTransport({ baseUrl: '', interceptors: [watchConnection], useBinaryFormat: true });

export const service = createClient(SweepService, transport);

// Whoever asks is answered there.
probeWith(async () => {
  const answer = await fetch('./healthz', { cache: 'no-store', signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(answer.statusText);
});
