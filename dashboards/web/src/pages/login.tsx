import { useState } from 'preact/hooks';
import { logIn } from '../api/session';
import { useTitle } from '../state/hooks';

// Stays where one was: what the address names is shown afterwards.
export function LoginPage({ problem: first }: { problem: string | undefined }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState(first);
  const [isBusy, setBusy] = useState(false);
  useTitle('Log in');
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(await logIn({ token }));
    setBusy(false);
  };
  return (
    <section class="note login" aria-labelledby="login">
      <h1 id="login">Log in</h1>
      <p>This coordinator wants to know who looks and acts.</p>
      <form onSubmit={submit}>
        <label class="control">
          <span class="control-label">Token</span>
          <input
            type="password"
            autocomplete="current-password"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={isBusy}>
          Log in
        </button>
      </form>
      {problem && (
        <p class="warning" role="alert">
          {problem}
        </p>
      )}
      <p class="faint">
        An admin makes a token with <code>ofsweep token make NAME --role read</code>. On the coordinator's own machine one is in the file{' '}
        <code>access-token</code> of its data folder. <code>ofsweep login</code> prints a link that logs in by itself.
      </p>
    </section>
  );
}
