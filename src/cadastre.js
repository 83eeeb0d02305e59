#!/usr/bin/env node
// What the installed command runs first. Plain JavaScript that Node 12 can read: whoever has an old Node is told which one it
// needs, and not where the first word stands that their Node does not know.
import { nodeProblem } from './node-version.js'

/**
 * Each half of the memory where new objects are made, in MB. V8 lets them grow to 32 MB under load; requests need no more than
 * this, and cost the same.
 */
const semiSpaceMb = 8
const semiSpaceFlag = '--max-semi-space-size'

/**
 * V8 takes this bound only where a process begins: so a server begins anew, in place, before anything else is loaded. Whoever
 * has set one of their own keeps it.
 */
function boundNewObjects() {
  const given = process.execArgv.concat(process.env.NODE_OPTIONS || '')
  if (!process.execve || given.some((text) => text.includes(semiSpaceFlag))) return
  const flags = process.execArgv.concat(semiSpaceFlag + '=' + semiSpaceMb)
  process.execve(process.execPath, [process.argv0].concat(flags, process.argv.slice(1)))
}

const problem = nodeProblem(process.versions.node)
if (problem === undefined) {
  if (process.argv[2] === 'serve') boundNewObjects()
  import('./main.ts').catch((error) => {
    // What `main.ts` does not say itself is our bug, and shows where it is.
    setImmediate(() => {
      throw error
    })
  })
} else {
  process.stderr.write(problem + '\n')
  process.exitCode = 1
}
