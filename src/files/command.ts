// The commands for policy as files: read and check them, write them from a server, and bring a server to what they say.
import { readFile, stat, writeFile } from 'node:fs/promises'
import { type Destination, Refused } from '#cli/client.ts'
import { endingOf, exitCodes, Stopped, UsageProblem } from '#cli/exit-codes.ts'
import { printOwn } from '#cli/own-answers.ts'
import type { Output } from '#cli/own-flags.ts'
import { getServer } from '#cli/profiles.ts'
import { quoted } from '#cli/refusals.ts'
import { simulate } from '#cli/simulate.ts'
import type { Surroundings } from '#cli/surroundings.ts'
import { candidateConflictsOf, conflictsOf } from './conflicts.ts'
import type { FileProblem } from './estate.ts'
import { estateOf } from './from-files.ts'
import { readServer } from './from-server.ts'
import { applyTo, type Plan, planFor, planVersion } from './plan.ts'
import { proposalOf, requestFlags, requestLines, requestPlan } from './requesting.ts'
import { jsonSchema } from './shape.ts'
import { planMarkdown, planText, problemLines, refusalLines } from './show.ts'
import { readSources, type Source } from './sources.ts'
import { filesOf, writeFiles } from './to-files.ts'
import type { FileCommand } from './words.ts'

type Args = ReadonlyMap<string, string>

/** Runs one of them. Answers the exit code. */
export async function runFileCommand(
  name: FileCommand,
  args: Args,
  rest: readonly string[],
  around: Surroundings,
): Promise<number> {
  switch (name) {
    case 'schema':
      around.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
      return exitCodes.done.code
    case 'validate':
      return validate(rest[0]!, args, around)
    case 'export':
      return exportTo(args.get('dir')!, args, around)
    case 'plan':
      return plan(rest[0]!, args, around)
    case 'apply':
      return apply(rest[0]!, args, around)
    case 'simulate':
      return simulateFrom(args, around)
  }
}

const outputOf = (args: Args): Output | undefined => args.get('output') as Output | undefined
async function serverOf(args: Args, around: Surroundings): Promise<Destination> {
  const [url, profile] = [args.get('url'), args.get('profile')]
  return getServer(around.settings, {
    ...(url === undefined ? {} : { url }),
    ...(profile === undefined ? {} : { profile }),
  })
}

async function validate(folder: string, args: Args, around: Surroundings): Promise<number> {
  const { sources, problems } = await readSources(folder)
  const found = [...problems, ...(problems.length === 0 ? problemsIn(sources) : [])]
  const isFine = found.every(({ isWarning }) => isWarning)
  if (found.length > 0 || outputOf(args) !== undefined) await printProblems(found, args, around)
  if (isFine && outputOf(args) === undefined) around.out(`${sources.length} files say nothing wrong.\n`)
  return isFine ? exitCodes.done.code : exitCodes.failed.code
}

function problemsIn(sources: readonly Source[]): readonly FileProblem[] {
  const { estate, problems } = estateOf(sources)
  return problems.length > 0 ? problems : [...conflictsOf(estate), ...candidateConflictsOf(estate)]
}

async function printProblems(problems: readonly FileProblem[], args: Args, around: Surroundings): Promise<void> {
  const fields = ['file', 'line', 'column', 'path', 'problem', 'value', 'allowed', 'meant', 'isWarning']
  const answer = { items: problems.map((problem) => ({ ...problem })) }
  await printOwn({ answer, fields, text: problemLines(problems) }, outputOf(args), around)
}

async function exportTo(folder: string, args: Args, around: Surroundings): Promise<number> {
  const files = filesOf(await readServer(await serverOf(args, around)))
  await writeFiles(folder, files)
  around.out(`${files.size} files are in ${folder}.\n`)
  return exitCodes.done.code
}

/** Undefined where the files were wrong, which has been said. */
async function planned(folder: string, args: Args, around: Surroundings, to: Destination): Promise<Plan | undefined> {
  const { sources, problems } = await readSources(folder)
  const made = problems.length > 0 ? { problems } : await planFor(to, sources, { remove: args.has('remove') })
  if ('plan' in made && made.plan) return made.plan
  await printProblems(made.problems, args, around)
  return undefined
}

async function plan(folder: string, args: Args, around: Surroundings): Promise<number> {
  const output = outputOf(args)
  if (args.has('markdown') && output !== undefined)
    throw new UsageProblem('`--markdown` is a form of its own: leave `--output` out.')
  const made = await planned(folder, args, around, await serverOf(args, around))
  if (!made) return exitCodes.failed.code
  const out = args.get('out')
  if (out !== undefined) await writeFile(out, `${JSON.stringify(made)}\n`)
  const text = args.has('markdown') ? planMarkdown(made) : planText(made)
  await printOwn(
    { answer: { ...made }, fields: Object.keys(made), text },
    output === 'table' ? undefined : output,
    around,
  )
  if (made.refusal) return exitCodes.conflict.code
  return args.has('exit-code') && made.changes.length > 0 ? exitCodes.changes.code : exitCodes.done.code
}

async function apply(path: string, args: Args, around: Surroundings): Promise<number> {
  const to = await serverOf(args, around)
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false
  if (!isFolder && args.has('remove'))
    throw new UsageProblem('A plan says what is removed: `--remove` is for `cadastre plan`.')
  checkRequestFlags(args)
  const made = isFolder ? await planned(path, args, around, to) : await readPlan(path)
  if (!made) return exitCodes.failed.code
  const isDryRun = args.has('dry-run')
  if (args.has('request') && made.operations.length > 0) return request({ made, path, isDryRun }, args, around, to)
  if (made.operations.length > 0) await applyNow(to, made, { path, isDryRun })
  const done = { isDryRun, epoch: made.epoch, changes: made.changes, operations: made.operations.length }
  const text = `${planText(made)}${made.operations.length === 0 ? '' : isDryRun ? 'Tried, and nothing done.\n' : 'Done, all of it.\n'}`
  const output = outputOf(args)
  await printOwn({ answer: done, fields: Object.keys(done), text }, output === 'table' ? undefined : output, around)
  return exitCodes.done.code
}

function checkRequestFlags(args: Args): void {
  if (args.has('request')) return
  for (const flag of requestFlags)
    if (args.has(flag)) throw new UsageProblem(`\`--${flag}\` is for a change request: add \`--request\`.`)
}

/** Where change control is required, it says how it goes instead. */
async function applyNow(
  to: Destination,
  made: Plan,
  { path, isDryRun }: { readonly path: string; readonly isDryRun: boolean },
): Promise<void> {
  try {
    await applyTo(to, made, { isDryRun })
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.code !== 'ChangeRequestRequired') throw error
    const sentence = 'Change control is required: nothing is applied that others have not approved.'
    throw new Stopped(endingOf(error.problem), sentence, [
      `propose all of it: \`cadastre apply ${quoted(path)} --request --reason WHY\`.`,
    ])
  }
}

async function request(
  { made, path, isDryRun }: { readonly made: Plan; readonly path: string; readonly isDryRun: boolean },
  args: Args,
  around: Surroundings,
  to: Destination,
): Promise<number> {
  const proposal = await proposalOf(to, args)
  const requested = await requestPlan(to, made, { proposal, said: args, isDryRun })
  const { operations: _, ...told } = requested.request
  const again = `cadastre apply ${quoted(path)} --request --reason ${quoted(proposal.reason)}`
  const text = `${planText(made)}${requestLines(requested, { isDryRun, again }).join('\n')}\n`
  const answer = { isDryRun, did: requested.did, epoch: made.epoch, changes: made.changes, ...told }
  const output = outputOf(args)
  await printOwn({ answer, fields: Object.keys(answer), text }, output === 'table' ? undefined : output, around)
  return exitCodes.done.code
}

/** What the files would make of what was asked for; or what else was given in their place. */
async function simulateFrom(args: Args, around: Surroundings): Promise<number> {
  const folder = args.get('dir')
  if (folder === undefined && args.has('remove')) throw new UsageProblem('`--remove` goes with `--dir`.')
  if (folder === undefined || args.has('operations') || args.has('simulation')) {
    await simulate(args, around, folder === undefined ? undefined : [])
    return exitCodes.done.code
  }
  const made = await planned(folder, args, around, await serverOf(args, around))
  if (!made) return exitCodes.failed.code
  if (made.operations.length === 0) {
    const answer = { operations: 0 }
    const text = 'The server is as the files say: there is nothing to simulate.\n'
    const output = outputOf(args)
    await printOwn({ answer, fields: Object.keys(answer), text }, output === 'table' ? undefined : output, around)
    return exitCodes.done.code
  }
  // What needs a change request is simulated like all else.
  if (made.refusal && made.refusal.code !== 'ChangeRequestRequired')
    throw new Stopped('conflict', `${refusalLines(made).join(' ')}.`)
  await simulate(args, around, made.operations)
  return exitCodes.done.code
}

/** A plan that was kept; its operations are checked by the server. */
async function readPlan(path: string): Promise<Plan> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read: ${error.code ?? error.message}`
    throw new Stopped('failed', `${path} ${why}.`)
  })
  const found = parsed(text)
  if (found?.cadastrePlan !== undefined && found.cadastrePlan !== planVersion) {
    throw new Stopped('failed', `${path} is a plan of another version of Cadastre.`, ['Make it anew, with this one.'])
  }
  if (!found || !Array.isArray(found.operations) || typeof found.epoch !== 'number' || !Array.isArray(found.changes)) {
    throw new Stopped('failed', `${path} is neither a directory nor a plan.`, [
      '`cadastre plan DIR --out FILE` makes one.',
    ])
  }
  return { ...found, kept: found.kept ?? [] } as Plan
}
function parsed(text: string): Partial<Plan> | undefined {
  try {
    return JSON.parse(text) as Partial<Plan>
  } catch {
    // What it is instead does not matter: it is no plan.
    return undefined
  }
}
