// Where the page is, as the URL's hash says it: the whole state, so that a link shows another reader the same.

export const SWEEP_VIEWS = ['curves', 'layers', 'scatter', 'parallel', 'table', 'trials'] as const;
export type SweepView = (typeof SWEEP_VIEWS)[number];

export type Place =
  | { page: 'sweeps' }
  | { page: 'sweep'; sweep: string; view: SweepView }
  | { page: 'trial'; sweep: string; trial: string }
  | { page: 'fleet' }
  | { page: 'unknown'; path: string };

export interface Route {
  place: Place;
  params: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path, query = ''] = splitOnce(hash.replace(/^#/, ''), '?');
  return { place: parsePlace(path), params: new URLSearchParams(query) };
}

function parsePlace(path: string): Place {
  const unknown: Place = { page: 'unknown', path };
  const parts = path.split('/').filter((part) => part !== '');
  let [first, sweep, view, trial] = parts;
  try {
    [sweep, trial] = [sweep, trial].map((part) => part && decodeURIComponent(part));
  } catch {
    return unknown;
  }
  if (parts.length === 0 || (first === 'sweeps' && parts.length === 1)) return { page: 'sweeps' };
  if (first === 'fleet' && parts.length === 1) return { page: 'fleet' };
  if (first !== 'sweeps') return unknown;
  if (parts.length === 4 && view === 'trials') return { page: 'trial', sweep, trial };
  if (parts.length === 2) return { page: 'sweep', sweep, view: 'curves' };
  const known = SWEEP_VIEWS.find((name) => name === view);
  return parts.length === 3 && known ? { page: 'sweep', sweep, view: known } : unknown;
}

export function pathOf(place: Place): string {
  switch (place.page) {
    case 'sweeps':
      return '/sweeps';
    case 'fleet':
      return '/fleet';
    case 'sweep':
      return `/sweeps/${encodeURIComponent(place.sweep)}/${place.view}`;
    case 'trial':
      return `/sweeps/${encodeURIComponent(place.sweep)}/trials/${encodeURIComponent(place.trial)}`;
    case 'unknown':
      return place.path;
  }
}

export function hrefOf(place: Place, params = new URLSearchParams()): string {
  // What a query may hold as it is stays readable: m=kurtosis,rms and not m=kurtosis%2Crms.
  const query = params.toString().replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%40/g, '@');
  return `#${pathOf(place)}${query ? `?${query}` : ''}`;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
