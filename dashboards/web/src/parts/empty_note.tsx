import type { ComponentChildren } from 'preact';

// Says that there is nothing, why, and what to do.
export function EmptyNote({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="note empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
