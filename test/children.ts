// Processes that tests start: none outlives the process of its test, not even where that failed before it could stop them.
import type { ChildProcess } from 'node:child_process'

/** What a program of ours has of this process's environment. With what is compiled at hand it starts in half the time. */
export const childEnvironment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name === 'PATH' || name === 'NODE_COMPILE_CACHE'),
)

/** Settings of programs that tests run: whoever has such of his own has other servers, databases and keys in mind. */
const ofPrograms = /^(AWS_|CADASTRE_(?!DRIVE_|TEST_)|NETBOX_|PG|XDG_CONFIG_HOME$)/

/** What tests themselves have of this process's environment. */
export const testEnvironment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !ofPrograms.test(name)),
)

const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** Ends a process with this one, at the latest. */
export function endWithThisProcess(child: ChildProcess): void {
  living.add(child)
  child.once('exit', () => living.delete(child))
}
