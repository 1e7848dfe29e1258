import { useState } from 'preact/hooks';
import { armOfTrial, matchesWords } from '../data/arms';
import { valueText } from '../data/curve';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { FilterField } from '../parts/filter_field';

interface ConfigurationProps {
  trial: Trial;
  // Of its sweep.
  others: readonly Trial[];
  varied: readonly string[];
}

// Every key, and first what sets this trial apart in its sweep.
export function Configuration({ trial, others, varied }: ConfigurationProps) {
  const [filter, setFilter] = useState('');
  const config = trial.config ?? {};
  const keys = Object.keys(config).filter((key) => matchesWords(`${key} ${valueText(config[key])}`, filter));
  return (
    <section class="card padded">
      <h2>Configuration</h2>
      {varied.length > 0 && (
        <table class="config">
          <caption class="faint">What its sweep varies</caption>
          <thead>
            <tr>
              <th scope="col">key</th>
              <th scope="col">here</th>
              <th scope="col">elsewhere</th>
            </tr>
          </thead>
          <tbody>
            {varied.map((key) => (
              <tr key={key} class="varied">
                <th scope="row">
                  <code>{key}</code>
                </th>
                <td>
                  <b>{armOfTrial(trial, varied)[key] ?? '–'}</b>
                </td>
                <td class="faint">{elsewhere(trial, others, key)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <details class="all-keys">
        <summary>All {Object.keys(config).length} keys</summary>
        <FilterField label="Filter" value={filter} placeholder="norm" onChange={setFilter} />
        {keys.length === 0 && <p class="faint">No key has these words.</p>}
        <table class="config">
          <tbody>
            {keys.map((key) => (
              <tr key={key} class={varied.includes(key) ? 'varied' : ''}>
                <th scope="row">
                  <code>{key}</code>
                </th>
                <td>{valueText(config[key])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

const MOST_VALUES = 12;

function elsewhere(trial: Trial, others: readonly Trial[], key: string): string {
  const valueIn = (one: Trial) => armOfTrial(one, [key])[key];
  const values = [...new Set(others.map(valueIn))].filter((value) => value !== undefined && value !== valueIn(trial));
  return values.length > MOST_VALUES ? `${values.slice(0, MOST_VALUES).join(', ')} … (${values.length})` : values.join(', ');
}
