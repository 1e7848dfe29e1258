// Ends early when `signal` aborts, and with `untilShown` when the page is shown or hidden.
export function pause(milliseconds: number, signal: AbortSignal, { untilShown = false } = {}): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      document.removeEventListener('visibilitychange', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish);
    if (untilShown) document.addEventListener('visibilitychange', finish);
  });
}
