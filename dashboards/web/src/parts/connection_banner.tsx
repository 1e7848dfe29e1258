import { connection, probeNow } from '../api/connection';
import { useStore } from '../state/hooks';

// The live region is always there: a reader announces what appears in it.
export function ConnectionBanner() {
  const { isLost, isOutdated } = useStore(connection);
  return (
    <div role="status" aria-live="polite">
      {isLost && (
        <p class="banner warn">
          <span>
            <b>The coordinator does not answer.</b> What you see is as of the last answer; this page goes on asking and catches up by
            itself.
          </span>
          <button type="button" onClick={probeNow}>
            Ask now
          </button>
        </p>
      )}
      {isOutdated && (
        <p class="banner">
          <span>
            <b>The coordinator is of another version now.</b> Reload to have the page that belongs to it.
          </span>
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
    </div>
  );
}
