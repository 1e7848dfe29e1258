import { useStore } from '../state/hooks';
import { type Place, hrefOf } from '../state/route';
import { type Theme, chooseTheme, theme } from '../state/theme';
import { WhoIsIn } from './who_is_in';

const THEMES: [Theme, string, string][] = [
  ['auto', '◐', 'Colours of the system'],
  ['light', '☀', 'Light'],
  ['dark', '☾', 'Dark'],
];

export function Header({ place }: { place: Place }) {
  const chosen = useStore(theme);
  const isFleet = place.page === 'fleet';
  return (
    <header class="top">
      <a class="brand" href={hrefOf({ page: 'sweeps' })}>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 25h5l3-2 3 1 3-1 2-17 2 16 3 2h3" />
        </svg>
        ofsweep
      </a>
      <nav aria-label="Pages">
        <a href={hrefOf({ page: 'sweeps' })} aria-current={isFleet ? undefined : 'page'}>
          Sweeps
        </a>
        <a href={hrefOf({ page: 'fleet' })} aria-current={isFleet ? 'page' : undefined}>
          Fleet
        </a>
      </nav>
      <WhoIsIn />
      <div class="segmented theme" role="group" aria-label="Colours">
        {THEMES.map(([name, sign, title]) => (
          <button
            key={name}
            type="button"
            aria-pressed={chosen === name}
            title={title}
            aria-label={title}
            onClick={() => chooseTheme(name)}
          >
            {sign}
          </button>
        ))}
      </div>
    </header>
  );
}
