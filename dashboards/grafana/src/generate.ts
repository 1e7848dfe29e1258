// Writes the four dashboards into a folder: generate.ts FOLDER
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ablation } from './ablation';
import { fleet } from './fleet';
import { kurtosisByStep } from './kurtosis_by_step';
import { liveTrials } from './live_trials';

const dashboards = { fleet, 'live-trials': liveTrials, 'kurtosis-by-step': kurtosisByStep, ablation };

for (const [name, dashboard] of Object.entries(dashboards)) {
  writeFileSync(join(process.argv[2], `${name}.json`), JSON.stringify(dashboard, null, 2) + '\n');
}
