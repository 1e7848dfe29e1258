import type { ComponentChildren } from 'preact';

// The Markdown of the table of metrics: code spans, escaped pipes, and links, of which the text stays.
export function Markdown({ text }: { text: string }) {
  const plain = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/\\\|/g, '|');
  const parts: ComponentChildren[] = plain.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
  return <>{parts}</>;
}
