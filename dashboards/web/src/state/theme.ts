import { createStore } from '../api/store';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'ofsweep-theme';

function stored(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : 'auto';
  } catch {
    return 'auto'; // storage is blocked: the switch holds for this page
  }
}

const system = window.matchMedia('(prefers-color-scheme: dark)');

export const theme = createStore<Theme>(stored());
// What is shown, for those that draw.
export const isDark = createStore(false);

function apply(): void {
  const chosen = theme.get();
  const dark = chosen === 'auto' ? system.matches : chosen === 'dark';
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  isDark.set(dark);
}

export function chooseTheme(chosen: Theme): void {
  theme.set(chosen);
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // As above.
  }
  apply();
}

system.addEventListener('change', apply);
apply();
