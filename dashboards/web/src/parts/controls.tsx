import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

// What a view shows; folded where it would fill a small screen.
export function Controls({ label = 'What is shown', children }: { label?: string; children: ComponentChildren }) {
  const [isWide] = useState(() => window.matchMedia('(min-width: 700px)').matches);
  return (
    <details class="controls" open={isWide}>
      <summary>{label}</summary>
      <div role="group" aria-label={label}>
        {children}
      </div>
    </details>
  );
}
