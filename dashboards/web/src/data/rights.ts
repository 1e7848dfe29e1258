import type { Who } from '../api/session';

// Why somebody may not change a sweep, in words; undefined for who may. The coordinator decides; this saves a button that would fail.
export function whyNoChange(who: Who, owner: string): string | undefined {
  if (who.role === 'admin') return undefined;
  if (who.role !== 'submit') return `To change sweeps needs the role submit, and ${who.name} has ${who.role}.`;
  return owner === '' || owner === who.name ? undefined : `${owner} or an admin changes this sweep.`;
}
