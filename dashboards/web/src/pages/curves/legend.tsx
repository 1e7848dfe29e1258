import { useState } from 'preact/hooks';
import type { Style } from '../../data/color';
import { countOfText, plural } from '../../data/format';
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
  // Of how many trials of a group there are points, where that is known.
  measured?: ReadonlyMap<string, number>;
  // What looks and marks of the lines mean.
  notes?: readonly string[];
  isOfDots?: boolean;
}

// On a phone the legend stands above what it explains.
const FEW = 6;

// Which colour is which group; a click hides one, two clicks leave it alone.
export function Legend({ sweep, groups, hidden, filter, keys, focus, onFocus, notDrawn, measured, notes = [], isOfDots = false }: LegendProps) {
  const [isFolded, setFolded] = useState(() => window.matchMedia('(max-width: 900px)').matches);
  const shown = isFolded && groups.length > FEW + 1 ? groups.slice(0, FEW) : groups;
  const hide = (ids: string[]) => change({ hide: ids.length > 0 ? ids : undefined });
  const toggle = (id: string) => hide(hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id]);
  const only = (id: string) => hide(groups.map((group) => group.id).filter((other) => other !== id));
  return (
    <aside class="legend" aria-label="Groups">
      <FilterField label="Filter" value={filter} placeholder="op adam" onChange={(q) => change({ q: q || undefined }, { replace: true })} />
      {keys.length > 0 && <p class="faint legend-keys">{keys.join(' · ')}</p>}
      {groups.length === 0 && <p class="faint">No group has these words.</p>}
      <ul onMouseLeave={() => onFocus(undefined)}>
        {shown.map((group) => (
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
              {isOfDots ? <DotSwatch style={group.style} /> : <Swatch style={group.style} />}
              <span>{group.label}</span>
              <Measured all={group.trialIds.length} count={measured?.get(group.id)} isAlone={keys.length === 0} />
            </button>
            <a href={trialsHref(sweep, group)} aria-label={`Trials of ${group.label}`} title="Its trials">
              ›
            </a>
          </li>
        ))}
      </ul>
      {shown.length < groups.length && (
        <button type="button" class="quiet" onClick={() => setFolded(false)}>
          show all {groups.length} groups
        </button>
      )}
      {hidden.length > 0 && (
        <button type="button" class="quiet" onClick={() => hide([])}>
          show all
        </button>
      )}
      {notes.map((note) => (
        <p key={note} class="faint">
          {note}.
        </p>
      ))}
      {notDrawn > 0 && <p class="faint">{plural(notDrawn, 'more group')} not drawn: filter, or group by fewer keys.</p>}
    </aside>
  );
}

// How many trials the group has, and of how many there are points where not of all.
function Measured({ all, count = all, isAlone }: { all: number; count?: number; isAlone: boolean }) {
  const title = count < all ? `${count} of ${plural(all, 'trial')} with points` : plural(all, 'trial');
  return <small title={title}>{count === 0 ? 'no points' : !isAlone && countOfText(count, all)}</small>;
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

// As data/scatter.ts draws it.
function DotSwatch({ style }: { style: Style }) {
  const paint = style.dash.length > 0 ? { fill: 'none', stroke: style.color, 'stroke-width': 1.5 } : { fill: style.color };
  return (
    <svg class="swatch dot" viewBox="0 0 12 12" aria-hidden="true">
      <circle cx="6" cy="6" r="4.5" {...paint} />
    </svg>
  );
}
