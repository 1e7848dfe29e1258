import type { ComponentChildren } from 'preact';

interface EmptyNoteProps {
  title: string;
  // It stands for the whole page.
  isPage?: boolean;
  children?: ComponentChildren;
}

// Says that there is nothing, why, and what to do.
export function EmptyNote({ title, isPage = false, children }: EmptyNoteProps) {
  return (
    <div class="note empty">
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}
