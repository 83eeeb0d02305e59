#!/usr/bin/env node
// What the installed command runs first. Plain JavaScript that Node 12 can read: whoever has an old Node is told which one it
// needs, and not where the first word stands that their Node does not know.
import { nodeProblem } from './node-version.js'

const problem = nodeProblem(process.versions.node)
if (problem === undefined) {
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
