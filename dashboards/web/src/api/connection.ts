import { retryDelay } from './backoff';
import { createStore } from './store';

export interface Connection {
  isLost: boolean;
  // Rises each time the server is back: what failed meanwhile is asked for again.
  epoch: number;
  // The server that came back has another page than this one.
  isOutdated: boolean;
}

export const connection = createStore<Connection>({ isLost: false, epoch: 0, isOutdated: false });

let probe: (() => Promise<void>) | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

// `ask` fails while the server does not answer.
export function probeWith(ask: () => Promise<void>): void {
  probe = ask;
}

export function noteAnswer(): void {
  const now = connection.get();
  if (!now.isLost) return;
  clearTimeout(timer);
  failures = 0;
  connection.set({ ...now, isLost: false, epoch: now.epoch + 1 });
  void findOtherVersion();
}

export function noteLoss(): void {
  const now = connection.get();
  if (now.isLost) return;
  connection.set({ ...now, isLost: true });
  scheduleProbe();
}

// Does not wait for the next try.
export function probeNow(): void {
  clearTimeout(timer);
  void runProbe();
}

function scheduleProbe(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void runProbe(), retryDelay(failures, Math.random()));
}

async function runProbe(): Promise<void> {
  if (!probe || !connection.get().isLost) return;
  try {
    await probe();
    noteAnswer();
  } catch {
    failures += 1;
    scheduleProbe();
  }
}

const SOURCES = /<meta name="ofsweep-sources" content="([^"]*)"/;

// A coordinator that was replaced serves another page, whose calls may differ.
async function findOtherVersion(): Promise<void> {
  const own = document.querySelector<HTMLMetaElement>('meta[name="ofsweep-sources"]')?.content;
  try {
    const html = await (await fetch('./', { cache: 'no-store' })).text();
    const served = SOURCES.exec(html)?.[1];
    if (own && served && served !== own) connection.set({ ...connection.get(), isOutdated: true });
  } catch {
    // The next call notices a loss.
  }
}
