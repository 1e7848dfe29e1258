import { retryDelay } from './backoff';
import { createStore } from './store';

// Who is logged in. Nobody has to be on a coordinator that does not ask.
export interface Who {
  name: string;
  role: string;
  asks: boolean;
}

export type Session =
  | { state: 'asking' }
  | { state: 'in'; who: Who }
  // `problem`: why a link did not log in, or how the last session ended.
  | { state: 'out'; problem?: string };

export const session = createStore<Session>({ state: 'asking' });

const LOGIN_LINK = /^#login=([0-9A-Za-z_-]+)$/;

// Logs in with the code of a link, which goes from the address bar at once; else asks who one is.
export async function beginSession(): Promise<void> {
  const code = LOGIN_LINK.exec(location.hash)?.[1];
  if (!code) return askWho();
  history.replaceState(null, '', location.pathname + location.search);
  window.dispatchEvent(new Event('popstate'));
  const problem = await logIn({ code });
  if (problem) await askWho(problem);
}

// Why it failed, in words.
export async function logIn(secret: { token: string } | { code: string }): Promise<string | undefined> {
  try {
    const answer = await fetch('./login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(secret),
    });
    if (!answer.ok) return await reasonIn(answer);
    session.set({ state: 'in', who: (await answer.json()) as Who });
    return undefined;
  } catch {
    return 'The coordinator does not answer. Try again.';
  }
}

export async function logOut(): Promise<void> {
  await fetch('./logout', { method: 'POST' });
  session.set({ state: 'out' });
}

// The coordinator does not know the caller of a call any more.
export function noteUnknown(): void {
  if (session.get().state === 'in') session.set({ state: 'out', problem: 'You are not logged in any more.' });
}

async function askWho(problem?: string): Promise<void> {
  for (let failures = 0; session.get().state === 'asking'; failures++) {
    try {
      const answer = await fetch('./session', { cache: 'no-store' });
      if (answer.status === 401) return session.set({ state: 'out', problem });
      if (answer.ok) return session.set({ state: 'in', who: (await answer.json()) as Who });
    } catch {
      // It does not answer yet.
    }
    await new Promise((resolve) => setTimeout(resolve, retryDelay(failures, Math.random())));
  }
}

async function reasonIn(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text;
  }
}

// A link that is opened where the page is open already.
window.addEventListener('hashchange', () => {
  if (LOGIN_LINK.test(location.hash)) void beginSession();
});
