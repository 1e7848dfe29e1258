import { createStore } from '../api/store';
import { type Place, type Route, hrefOf, parseRoute, pathOf } from './route';
import { type Setting, withSettings } from './params';

export const route = createStore<Route>(parseRoute(location.hash));

// Where each view was left, so that going to another and back does not lose its settings.
const left = new Map<string, URLSearchParams>();

export function hrefAsLeft(place: Place): string {
  return hrefOf(place, left.get(pathOf(place)));
}

function follow(): void {
  const next = parseRoute(location.hash);
  left.set(pathOf(next.place), next.params);
  route.set(next);
}
window.addEventListener('hashchange', follow);
window.addEventListener('popstate', follow);

export function go(place: Place, params?: URLSearchParams): void {
  location.hash = hrefOf(place, params);
}

// Changes settings of the view that is shown. Each is a step that the browser's Back undoes, but for what changes with each
// keystroke, which `replace`s.
export function change(settings: Record<string, Setting>, { replace = false } = {}): void {
  const { place, params } = route.get();
  const href = hrefOf(place, withSettings(params, settings));
  if (href === location.hash) return;
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  follow();
}
