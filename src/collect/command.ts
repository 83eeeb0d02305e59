// `cadastre collect KIND`: reads a source where its credentials are, and sends what is there to the server as one snapshot.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sendFile } from '#cli/client.ts'
import { type CommandWords, output } from '#cli/commands.ts'
import { exitCodes, Stopped, UsageProblem } from '#cli/exit-codes.ts'
import { type OwnAnswer, printOwn } from '#cli/own-answers.ts'
import type { Output } from '#cli/own-flags.ts'
import { paintOf } from '#cli/paint.ts'
import { printable } from '#cli/printable.ts'
import { getServer } from '#cli/profiles.ts'
import type { Surroundings } from '#cli/surroundings.ts'
import { createAround } from './around.ts'
import { type Collector, SourceTrouble } from './collector.ts'
import { Run, type Summary } from './run.ts'
import { collectors } from './table.ts'

/** The words of all collectors, for the reader of words and the reference. */
export const collectWords: readonly (CommandWords & { readonly collector: Collector })[] = collectors.map(
  (collector) => ({
    collector,
    words: `collect ${collector.kind}`,
    meaning: collector.summary,
    options: [
      ...collector.options,
      { flag: 'source', value: 'SOURCE', meaning: 'The source whose snapshot it is: `source-…`, or its name.' },
      {
        flag: 'owner',
        value: 'ID',
        meaning: 'Whose it is, where the source does not say: the number of an account, or its id in its cloud.',
      },
      {
        flag: 'only-space',
        value: 'NAME',
        meaning:
          'Only what lies in this space, such as a VRF, a namespace or a network view: where each has a scope of its own, each is a source of its own. An empty name means what lies in none; `--dry-run` shows how they are called.',
      },
      {
        flag: 'dry-run',
        meaning: 'Print what would be sent, and send nothing; with `--output` what was read, without the observations.',
      },
      {
        flag: 'on-problem',
        value: 'WHAT',
        choices: ['discard', 'skip'],
        meaning: 'Where lines are wrong: `discard` all of the snapshot (the default), or `skip` them.',
      },
      { flag: 'profile', value: 'NAME', meaning: 'The profile to use, of those that `cadastre login` made.' },
      { flag: 'url', value: 'URL', meaning: 'The server to ask, such as `https://cadastre.example.com`.' },
      output,
    ],
  }),
)

interface SentSnapshot {
  readonly snapshot: number
  readonly state: string
  readonly added: number
  readonly changed: number
  readonly missing: number
  readonly gone: number
  readonly problems: readonly {
    readonly line: number
    readonly field: string
    readonly value: string
    readonly problem: string
  }[]
  readonly problemCount: number
}

/** Runs one collector. Answers the exit code. */
export async function collect(
  collector: Collector,
  args: ReadonlyMap<string, string>,
  {
    around,
    version,
    variable,
  }: { readonly around: Surroundings; readonly version: string; variable(name: string): string | undefined },
): Promise<number> {
  const problem = collector.optionsProblem?.(args)
  if (problem) throw new UsageProblem(problem)
  const isDryRun = args.has('dry-run')
  const format = args.get('output') as Output | undefined
  const source = args.get('source')
  if (!isDryRun && source === undefined)
    throw new UsageProblem('`--source` says whose snapshot it is; `--dry-run` prints it and sends nothing.')
  // Who is not signed in learns that before an hour's collecting, and not after it.
  const server = isDryRun ? undefined : await getServer(around.settings, flagsOf(args))
  const line = new StatusLine(around)
  const notes: string[] = []
  const run = new Run(
    collector,
    createAround({
      options: args,
      variable,
      progress: (text) => line.show(text),
      note: (text) => void notes.push(text),
      input: around.input as AsyncIterable<Uint8Array>,
    }),
    version,
  )
  try {
    if (isDryRun) {
      for await (const text of run.lines()) if (format === undefined) around.out(text)
      line.end()
      if (format === undefined) around.err(summaryOf(run.summary, notes, around))
      else await printOwn(answerOf(run.summary, notes), format, around)
      return exitCodes.done.code
    }
    const folder = await mkdtemp(join(tmpdir(), 'cadastre-collect-'))
    try {
      // Collecting may take an hour, and the server does not wait for it.
      const file = join(folder, 'snapshot.ndjson')
      await pipeline(Readable.from(run.lines()), createWriteStream(file, { mode: 0o600 }))
      line.show('sending')
      const query = args.has('on-problem') ? `?onProblem=${args.get('on-problem')}` : ''
      const path = `/sources/${encodeURIComponent(source!)}/snapshots${query}`
      const sent = JSON.parse(
        await sendFile(server!, path, { contentType: 'application/x-ndjson', body: createReadStream(file) }),
      ) as SentSnapshot
      line.end()
      if (format === undefined) around.err(summaryOf(run.summary, notes, around))
      await printOwn({ ...answerOf(run.summary, notes, sent), text: outcomeOf(sent) }, format, around)
      return exitCodes.done.code
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  } catch (error) {
    line.end()
    if (error instanceof SourceTrouble) {
      throw new Stopped(error.isPassing ? 'tryLater' : 'failed', error.message, ['Nothing was sent.'])
    }
    throw error
  }
}

function flagsOf(args: ReadonlyMap<string, string>): { readonly url?: string; readonly profile?: string } {
  const [url, profile] = [args.get('url'), args.get('profile')]
  return { ...(url === undefined ? {} : { url }), ...(profile === undefined ? {} : { profile }) }
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
const shownAtMost = 20

/** What was read, what was left out and why. */
function summaryOf({ observations, kinds, unlisted }: Summary, notes: readonly string[], around: Surroundings): string {
  const paint = paintOf(around.colours.err)
  const byKind = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${count} ${kind}`)
  const lines = [
    `${plural(observations, 'observation')}${byKind.length > 0 ? `: ${byKind.join(', ')}` : ''}`,
    ...some(notes, (note) => `Note: ${note}`),
    ...some(unlisted, ({ account, locale, reason }) =>
      paint.error(`Not listed: ${[account, locale].filter(Boolean).join(', ') || 'everything'}: ${reason}`),
    ),
  ]
  return lines.map((text) => `${printable(text)}\n`).join('')
}
function some<T>(all: readonly T[], show: (one: T) => string): string[] {
  const more = all.length - shownAtMost
  return [...all.slice(0, shownAtMost).map(show), ...(more > 0 ? [`… and ${more} more`] : [])]
}

function outcomeOf({ snapshot, state, added, changed, missing, gone, problems, problemCount }: SentSnapshot): string {
  const lines = [
    `Snapshot ${snapshot} is ${state}: ${added} new, ${changed} changed, ${missing} missing, ${gone} gone.`,
    ...problems
      .slice(0, shownAtMost)
      .map(({ line, field, value, problem }) => `Line ${line}: ${field} \`${value}\`: ${problem}`),
    ...(problemCount > shownAtMost ? [`… and ${problemCount - shownAtMost} more lines`] : []),
  ]
  return lines.map((text) => `${printable(text)}\n`).join('')
}

/** What was read, and what the server says of it: whole, where the texts above show the first ones. */
function answerOf(
  { observations, kinds, unlisted }: Summary,
  notes: readonly string[],
  sent?: SentSnapshot,
): OwnAnswer {
  const byKind = Object.fromEntries([...kinds].sort(([a], [b]) => (a < b ? -1 : 1)))
  const read = { observations, kinds: byKind, unlisted, notes }
  if (!sent) return { answer: read, fields: Object.keys(read) }
  const { snapshot, state, added, changed, missing, gone, problems, problemCount } = sent
  const answer = { snapshot, state, added, changed, missing, gone, problemCount, problems, ...read }
  return { answer, fields: Object.keys(answer) }
}

/** Where it has come to, on the last line of a terminal; nothing elsewhere. */
class StatusLine {
  readonly #around: Surroundings
  #length = 0
  constructor(around: Surroundings) {
    this.#around = around
  }
  show(text: string): void {
    const { width } = this.#around
    if (width === undefined) return
    const shown = printable(text).slice(0, width - 1)
    this.#around.err(`\r${shown.padEnd(this.#length)}`)
    this.#length = shown.length
  }
  end(): void {
    if (this.#length > 0) this.#around.err(`\r${' '.repeat(this.#length)}\r`)
    this.#length = 0
  }
}
