import { useEffect, useRef } from 'preact/hooks';
import { session } from './api/session';
import { FleetPage } from './pages/fleet';
import { LoginPage } from './pages/login';
import { SweepPage } from './pages/sweep';
import { SweepsPage } from './pages/sweeps';
import { TrialPage } from './pages/trial';
import { UnknownPage } from './pages/unknown';
import { ConnectionBanner } from './parts/connection_banner';
import { Header } from './parts/header';
import { useStore } from './state/hooks';
import { route } from './state/location';
import { type Route, pathOf } from './state/route';

export function App() {
  const current = useStore(route);
  const now = useStore(session);
  const main = useRef<HTMLElement>(null);
  const page = pageKey(current);
  // A screen reader hears that another page is there; a change of a view's settings leaves the focus where it is.
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus();
    window.scrollTo(0, 0);
  }, [page]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Header place={current.place} />
      <ConnectionBanner />
      <main id="main" tabIndex={-1} ref={main} onFocusIn={showWhole}>
        {now.state === 'in' && <Page key={page} {...current} />}
        {now.state === 'out' && <LoginPage problem={now.problem} />}
      </main>
    </>
  );
}

// Chromium leaves what the keyboard reaches where it is as long as a corner of it is seen.
function showWhole({ target, currentTarget }: FocusEvent): void {
  const element = target as Element;
  if (element !== currentTarget && element.matches(':focus-visible')) element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function pageKey({ place }: Route): string {
  return place.page === 'sweep' ? `sweep/${place.sweep}` : pathOf(place);
}

function Page({ place, params }: Route) {
  switch (place.page) {
    case 'sweeps':
      return <SweepsPage params={params} />;
    case 'sweep':
      return <SweepPage name={place.sweep} view={place.view} params={params} />;
    case 'trial':
      return <TrialPage sweep={place.sweep} trial={place.trial} params={params} />;
    case 'fleet':
      return <FleetPage />;
    case 'unknown':
      return <UnknownPage path={place.path} />;
  }
}
