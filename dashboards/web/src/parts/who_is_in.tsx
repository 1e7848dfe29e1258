import { logOut, session } from '../api/session';
import { useStore } from '../state/hooks';

export function WhoIsIn() {
  const now = useStore(session);
  if (now.state !== 'in' || !now.who.asks) return null;
  return (
    <div class="who">
      <span>
        {now.who.name} <span class="faint">({now.who.role})</span>
      </span>
      <button type="button" onClick={() => void logOut()}>
        Log out
      </button>
    </div>
  );
}
