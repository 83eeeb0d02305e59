// Runs a guide's page as a reader would: in one shell, in an empty folder, against real servers and PostgreSQL.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { connect, parseTarget } from '#store/postgres/link.ts'
import { matchesShown, type Step, stepsOf } from './page.ts'
import { jobsOf, type PipelineJob } from './pipeline.ts'

const root = join(import.meta.dirname, '../..')
/** Servers start within it, also on a busy machine. */
const stepMs = 120_000

export interface Reader {
  /** Words of the page → what is so here, such as a port. In outputs they are turned back. */
  readonly stands?: Readonly<Record<string, string>>
  /** The URL of the administrator who executes the page's `sql` blocks. */
  readonly administrator?: string
}

/**
 * Runs every step of some pages, one after another in one shell; fails with its line where a command fails, or an output is not
 * the one that is shown.
 */
export async function runPages(pages: readonly string[], { stands = {}, administrator }: Reader = {}): Promise<void> {
  const shell = new Shell()
  let ids = new Map<string, string>()
  const there = (text: string): string => replaceAll(text, Object.entries(stands))
  const back = (text: string): string =>
    replaceAll(
      text,
      Object.entries(stands).map(([said, real]) => [real, said]),
    )
  try {
    for (const page of pages) await follow(page)
  } finally {
    shell.end()
  }

  async function follow(name: string): Promise<void> {
    // Each page shows identifiers of its own.
    ids = new Map()
    for (const step of stepsOf(readFileSync(join(root, name), 'utf8'))) {
      await take({ ...step, text: there(step.text) }, `${name}:${step.line}`)
    }
  }
  /** A change that the page has made in its files is seen in the comment, and is there when all jobs have run. */
  async function runPipeline(jobs: readonly PipelineJob[], place: string): Promise<void> {
    if (jobs.length === 0) return
    for (const { name, script, comments } of jobs) {
      const { status, output } = await shell.run(there(`rm -f forge-comment.md\n${script}`), { stopsAtFailure: false })
      assert.equal(status, 0, `${place}, job ${name} failed:\n${output}${shell.logs()}`)
      if (!comments) continue
      const comment = readFileSync(join(shell.folder, 'forge-comment.md'), 'utf8')
      assert.match(
        comment,
        /^### Cadastre plan\n\nTo create: \d+\. To change: \d+\. To remove: 0\.$/m,
        `${place}, job ${name}`,
      )
    }
    const left = await shell.run('cadastre plan policy --exit-code\n', { stopsAtFailure: false })
    assert.equal(left.status, 0, `${place} has left something to apply:\n${left.output}`)
  }
  async function take(step: Step, place: string): Promise<void> {
    if (step.kind === 'file') {
      mkdirSync(dirname(join(shell.folder, step.name)), { recursive: true })
      writeFileSync(join(shell.folder, step.name), step.text)
      return runPipeline(jobsOf(step.name, step.text), place)
    }
    if (step.kind === 'sql') return executeSql(administrator, step.text)
    const { status, output } = await shell.run(step.text, { stopsAtFailure: step.kind === 'commands' })
    if (step.kind === 'commands') {
      assert.equal(status, 0, `${place} failed:\n${step.text}${output}${shell.logs()}`)
    } else if (!matchesShown(step.output, back(output), ids)) {
      assert.equal(back(output), step.output, `${place} printed something else:\n${step.text}${shell.logs()}`)
    }
  }
}

/** Whole words alone: a port is no part of a longer number. */
const replaceAll = (text: string, pairs: readonly (readonly [string, string])[]): string =>
  pairs.reduce((result, [from, to]) => result.replaceAll(new RegExp(`(?<!\\w)${from}(?!\\w)`, 'g'), to), text)

async function executeSql(administrator: string | undefined, sql: string): Promise<void> {
  const target = parseTarget(administrator ?? '')
  if (typeof target === 'string') throw new Error(`the page has SQL, and its test no administrator: ${target}`)
  const link = await connect({ target, isHighlyAvailable: false, deadlineMs: stepMs })
  try {
    // One by one: a database is not made within a transaction.
    for (const statement of sql.split(/;$/m)) if (statement.trim() !== '') await link.script(statement)
  } finally {
    await link.close()
  }
}

/** One `sh` for a whole page: variables, functions and processes in the background live on from block to block. */
class Shell {
  readonly #home = mkdtempSync(join(tmpdir(), 'cadastre-guide-'))
  readonly #shell: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  /** Where the reader is: as in a clone, packages are found and `cadastre` is at hand. */
  readonly folder = join(this.#home, 'work')
  #steps = 0

  constructor() {
    const programs = join(this.#home, 'bin')
    mkdirSync(programs)
    mkdirSync(this.folder)
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'))
    writeFileSync(
      join(programs, 'cadastre'),
      `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'src/main.ts')}' "$@"\n`,
    )
    chmodSync(join(programs, 'cadastre'), 0o755)
    const path = `${programs}:${join(process.execPath, '..')}:${process.env.PATH}`
    this.#shell = spawn('sh', ['-s'], {
      cwd: this.folder,
      // With what is compiled at hand from the first line on, each command takes half the time.
      env: {
        PATH: path,
        HOME: this.#home,
        LC_ALL: 'C.UTF-8',
        TZ: 'UTC',
        NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
      // A group of its own, which ends with everything that the page has started.
      detached: true,
    })
    this.#reader = createInterface({ input: this.#shell.stdout! })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async run(
    text: string,
    { stopsAtFailure }: { readonly stopsAtFailure: boolean },
  ): Promise<{ status: number; output: string }> {
    const step = join(this.#home, `step-${this.#steps++}`)
    writeFileSync(step, `${stopsAtFailure ? 'set -e\n' : ''}${text}`)
    writeFileSync(`${step}.out`, '')
    const late = setTimeout(() => this.#kill(), stepMs)
    // With `set -e` the shell itself ends where a command fails; then nothing comes back.
    this.#shell.stdin!.write(`. '${step}' < /dev/null > '${step}.out' 2>&1; echo "$?"; set +e\n`)
    const { value, done } = await this.#lines.next()
    clearTimeout(late)
    return { status: done ? 1 : Number(value), output: readFileSync(`${step}.out`, 'utf8') }
  }
  /** What processes in the background have written, for a message. */
  logs(): string {
    const files = globSync('*.log', { cwd: this.folder })
    return files.map((file) => `--- ${file}\n${readFileSync(join(this.folder, file), 'utf8')}`).join('')
  }
  end(): void {
    this.#kill()
    this.#reader.close()
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 10 })
  }
  #kill(): void {
    try {
      process.kill(-this.#shell.pid!, 'SIGKILL')
    } catch (error) {
      // Nothing of it is left.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
