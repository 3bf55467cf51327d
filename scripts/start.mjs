/** `npm start`: set-up if needed, then the study at its smallest. Arguments replace the default command. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, runScript } from './setup.mjs';

await runScript(async () => {
  const given = process.argv.slice(2);
  const command = given.length > 0 ? given : ['reproduce', '--preset', 'tiny'];
  console.error(`facet: running facet ${command.join(' ')}`);
  const { status } = spawnSync(process.execPath, [join(root, 'bin', 'facet.mjs'), ...command], {
    stdio: 'inherit',
  });
  return status ?? 1;
});
