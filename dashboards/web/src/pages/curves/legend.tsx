import type { Style } from '../../data/color';
import { plural } from '../../data/format';
import { FilterField } from '../../parts/filter_field';
import { change } from '../../state/location';
import { hrefOf } from '../../state/route';
import type { Group } from './panels';

interface LegendProps {
  sweep: string;
  groups: readonly Group[];
  hidden: readonly string[];
  filter: string;
  // By which the groups are made.
  keys: readonly string[];
  focus: string | undefined;
  onFocus(group: string | undefined): void;
  // Too many for the charts.
  notDrawn: number;
  // Groups of which there is no curve.
  missing: readonly string[];
  // What a look of the lines means.
  note?: string;
}

// Which colour is which group; a click hides one, two clicks leave it alone.
export function Legend({ sweep, groups, hidden, filter, keys, focus, onFocus, notDrawn, missing, note }: LegendProps) {
  const hide = (ids: string[]) => change({ hide: ids.length > 0 ? ids : undefined });
  const toggle = (id: string) => hide(hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id]);
  const only = (id: string) => hide(groups.map((group) => group.id).filter((other) => other !== id));
  return (
    <aside class="legend" aria-label="Groups">
      <FilterField label="Filter" value={filter} placeholder="op adam" onChange={(q) => change({ q: q || undefined }, { replace: true })} />
      {keys.length > 0 && <p class="faint legend-keys">{keys.join(' · ')}</p>}
      {groups.length === 0 && <p class="faint">No group has these words.</p>}
      <ul onMouseLeave={() => onFocus(undefined)}>
        {groups.map((group) => (
          <li key={group.id} class={focus === group.id ? 'focused' : ''} onMouseEnter={() => onFocus(group.id)}>
            <button
              type="button"
              aria-pressed={!hidden.includes(group.id)}
              title={`${group.id}\nClick: show or hide; double click: only this one`}
              onClick={() => toggle(group.id)}
              onDblClick={() => only(group.id)}
              onFocus={() => onFocus(group.id)}
              onBlur={() => onFocus(undefined)}
            >
              <Swatch style={group.style} />
              <span>{group.label}</span>
              <small title={plural(group.trialIds.length, 'trial')}>
                {missing.includes(group.id) ? 'no points' : keys.length > 0 && group.trialIds.length}
              </small>
            </button>
            <a href={trialsHref(sweep, group)} aria-label={`Trials of ${group.label}`} title="Its trials">
              ›
            </a>
          </li>
        ))}
      </ul>
      {hidden.length > 0 && (
        <button type="button" class="quiet" onClick={() => hide([])}>
          show all
        </button>
      )}
      {note && <p class="faint">{note}</p>}
      {notDrawn > 0 && <p class="faint">{plural(notDrawn, 'more group')} not drawn: filter, or group by fewer keys.</p>}
    </aside>
  );
}

function trialsHref(sweep: string, group: Group): string {
  if (group.trialIds.length === 1) return hrefOf({ page: 'trial', sweep, trial: group.trialIds[0] });
  const words = Object.entries(group.arm).map(([key, value]) => `${key}=${value}`);
  return hrefOf({ page: 'sweep', sweep, view: 'trials' }, new URLSearchParams({ q: words.join(' ') }));
}

export function Swatch({ style }: { style: Style }) {
  return (
    <svg class="swatch" viewBox="0 0 22 8" aria-hidden="true">
      <path d="M0 4h22" stroke={style.color} stroke-width="2.5" stroke-dasharray={style.dash.join(' ')} />
    </svg>
  );
}
