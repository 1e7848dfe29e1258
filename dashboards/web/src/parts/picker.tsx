import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

// A button that opens a small panel; Escape or a click elsewhere closes it.
export function Popover({ summary, label, children }: { summary: ComponentChildren; label: string; children: ComponentChildren }) {
  const details = useRef<HTMLDetailsElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const element = details.current;
      if (!element?.open) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== 'Escape') return;
        element.open = false;
        element.querySelector('summary')?.focus();
      } else if (!element.contains(event.target as Node)) {
        element.open = false;
      }
    };
    document.addEventListener('keydown', close);
    document.addEventListener('pointerdown', close);
    return () => {
      document.removeEventListener('keydown', close);
      document.removeEventListener('pointerdown', close);
    };
  }, []);
  return (
    <details class="popover" ref={details} onToggle={() => panel.current && keepInWindow(panel.current)}>
      <summary aria-label={label}>{summary}</summary>
      <div class="panel" ref={panel}>
        {children}
      </div>
    </details>
  );
}

// On a phone a button may stand so far to the right that its panel would not all be seen.
function keepInWindow(panel: HTMLElement): void {
  panel.style.translate = '';
  const beyond = panel.getBoundingClientRect().right + WINDOW_EDGE - document.documentElement.clientWidth;
  if (beyond > 0) panel.style.translate = `${-beyond}px`;
}

const WINDOW_EDGE = 8;

export interface Option {
  value: string;
  label?: string;
  hint?: string;
}

interface PickerProps {
  label: string;
  options: readonly Option[];
  chosen: readonly string[];
  onChange(chosen: string[]): void;
  // What stands there when nothing is chosen.
  none?: string;
}

// Any of several.
export function Picker({ label, options, chosen, onChange, none = 'none' }: PickerProps) {
  const shown = options.filter(({ value }) => chosen.includes(value)).map(({ value, label: text }) => text ?? value);
  const toggle = (value: string) => onChange(chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value]);
  const text = shown.length === 0 ? none : shown.length > 3 ? `${shown.length} of ${options.length}` : shown.join(', ');
  return (
    <div class="control">
      <span class="control-label" aria-hidden="true">
        {label}
      </span>
      <Popover summary={<span class="picked">{text}</span>} label={`${label}: ${text}`}>
        <fieldset>
          <legend>{label}</legend>
          {options.length > 3 && (
            <div class="panel-tools">
              <button type="button" class="quiet" onClick={() => onChange(options.map(({ value }) => value))}>
                all
              </button>
              <button type="button" class="quiet" onClick={() => onChange([])}>
                none
              </button>
            </div>
          )}
          {options.map(({ value, label: name, hint }) => (
            <label key={value} title={hint}>
              <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} /> {name ?? value}
            </label>
          ))}
        </fieldset>
      </Popover>
    </div>
  );
}

interface SelectProps {
  label: string;
  options: readonly Option[];
  value: string;
  onChange(value: string): void;
}

// One of several.
export function Select({ label, options, value, onChange }: SelectProps) {
  return (
    <label class="control">
      <span class="control-label">{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} title={option.hint}>
            {option.label ?? option.value}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Toggle({
  label,
  checked,
  onChange,
  hint,
}: {
  label: string;
  checked: boolean;
  onChange(on: boolean): void;
  hint?: string;
}) {
  return (
    <label class="toggle" title={hint}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
    </label>
  );
}
