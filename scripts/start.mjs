/** `npm start`: set-up if needed, then the study at its smallest. Arguments replace that command. */
const DEFAULT_COMMAND = ['reproduce', '--preset', 'tiny'];

// In this process, not in a child: Ctrl-C then reaches the command once, and it can finish what it does.
const given = process.argv.slice(2);
const command = given.length > 0 ? given : DEFAULT_COMMAND;
process.argv.splice(2, given.length, ...command);
console.error(`facet: running facet ${command.join(' ')}`);
await import('../bin/facet.mjs');
