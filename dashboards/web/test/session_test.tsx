// @vitest-environment happy-dom
import { Code, ConnectError } from '@connectrpc/connect';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { beforeEach, expect, test, vi } from 'vitest';
import { watchConnection } from '../src/api/client';
import { beginSession, logOut, session } from '../src/api/session';
import { whyNoChange } from '../src/data/rights';
import { LoginPage } from '../src/pages/login';

interface Answer {
  status: number;
  body?: unknown;
}

let asked: [string, unknown][] = [];
function answer(answers: Record<string, Answer>): void {
  asked = [];
  vi.stubGlobal('fetch', (path: string, { body }: { body?: string } = {}) => {
    asked.push([path, body && JSON.parse(body)]);
    const { status, body: said } = answers[path];
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(said), { status }));
  });
}

const ADA = { name: 'ada', role: 'submit', asks: true };

beforeEach(() => {
  session.set({ state: 'asking' });
  location.hash = '';
});

test('a link logs in, and its code goes from the address bar', async () => {
  answer({ './login': { status: 200, body: ADA } });
  location.hash = '#login=c0de';
  await beginSession();
  expect(asked).toEqual([['./login', { code: 'c0de' }]]);
  expect(location.hash).toBe('');
  expect(session.get()).toEqual({ state: 'in', who: ADA });
});

test('a link that was used shows the form with the reason, or who is logged in already', async () => {
  const used = { status: 401, body: { code: 'unauthenticated', message: 'this link was used before' } };
  answer({ './login': used, './session': { status: 401, body: {} } });
  location.hash = '#login=c0de';
  await beginSession();
  expect(session.get()).toEqual({ state: 'out', problem: 'this link was used before' });

  session.set({ state: 'asking' });
  answer({ './login': used, './session': { status: 200, body: ADA } });
  location.hash = '#login=c0de';
  await beginSession();
  expect(session.get()).toEqual({ state: 'in', who: ADA });
});

test('a call that is not answered for want of a session leads to the form', async () => {
  session.set({ state: 'in', who: ADA });
  const fails = () => Promise.reject(new ConnectError('log in', Code.Unauthenticated));
  const request = { signal: new AbortController().signal } as Parameters<ReturnType<typeof watchConnection>>[0];
  await expect(watchConnection(fails)(request)).rejects.toThrow('log in');
  expect(session.get().state).toBe('out');
});

test('logging out leads to the form', async () => {
  session.set({ state: 'in', who: ADA });
  answer({ './logout': { status: 204 } });
  await logOut();
  expect(session.get()).toEqual({ state: 'out' });
});

test('the form says what is wrong with a token, and where one is found', async () => {
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  act(() => render(<LoginPage problem={undefined} />, root));
  expect(root.textContent).toContain('access-token');
  answer({ './login': { status: 401, body: { message: 'the token has expired' } } });
  const input = root.querySelector('input')!;
  expect(input.type).toBe('password');
  act(() => {
    input.value = 'secret';
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
  root.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(root.querySelector('[role=alert]')?.textContent).toBe('the token has expired'));
  expect(asked).toEqual([['./login', { token: 'secret' }]]);
});

test('who may not change a sweep is told why', () => {
  expect(whyNoChange({ ...ADA, role: 'admin' }, 'bob')).toBeUndefined();
  expect(whyNoChange(ADA, 'ada')).toBeUndefined();
  expect(whyNoChange(ADA, '')).toBeUndefined();
  expect(whyNoChange(ADA, 'bob')).toMatch(/bob or an admin/);
  expect(whyNoChange({ ...ADA, role: 'read' }, 'ada')).toMatch(/role submit/);
});
