// PostgreSQL on several nodes of loopback, and what a manager of such a cluster does when the primary dies.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './ports.ts'
import { asUser, makeData, makePostgresFolder, ready, runPostgres, stopAtOnce } from './postgres.ts'

const waitMsMax = 60_000
const pollMs = 10

/**
 * `synchronous`: a commit waits for the disk of any one standby (`ANY 1`). What was acknowledged is then on two machines,
 * so on at least one of the standbys when the primary dies, and the one that has received the most has all of it. With
 * `ANY 2` each standby would have it, but nothing could be committed between a failover and the return of the dead node.
 * With `FIRST 1` the one that is waited for changes when it comes and goes, so that the most received would have to be
 * found as well, and a slow first would slow all.
 */
export type Replication = 'synchronous' | 'asynchronous'

interface Node {
  readonly data: string
  readonly process: ChildProcess
  readonly operator: Operator
}
/** What the driver has and its types do not say. */
interface Operator extends pg.Client {
  ref(): void
  unref(): void
}

/** Waits for a condition that the system itself reports. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + waitMsMax
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    assert.ok(Date.now() < end, `waited in vain until ${what}`)
    await pause(pollMs)
  }
}

export class Cluster {
  readonly #folder: string
  readonly #replication: Replication
  readonly #names: readonly string[]
  readonly #ports: ReadonlyMap<string, number>
  readonly #nodes = new Map<string, Node>()
  #primary = ''
  #incarnations = 0

  /** The first of the names is the primary. */
  static async start(names: readonly string[], replication: Replication): Promise<Cluster> {
    const folder = makePostgresFolder()
    const ports = new Map<string, number>()
    for (const name of names) ports.set(name, await freePort())
    const cluster = new Cluster(folder, names, replication, ports)
    process.once('exit', () => cluster.#remove())
    const [first, ...others] = names
    const data = cluster.#newData()
    makeData({ folder, data })
    // The primary was never started, so that its files are a whole cluster that nobody changes.
    const copies = new Map(others.map((name) => [name, cluster.#newData()]))
    for (const copy of copies.values()) await copyFolder(data, copy)
    cluster.#primary = first!
    try {
      await cluster.#run(first!, data)
      for (const [name, copy] of copies) await cluster.#runStandby(name, copy)
      await cluster.#follow(others)
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  private constructor(
    folder: string,
    names: readonly string[],
    replication: Replication,
    ports: ReadonlyMap<string, number>,
  ) {
    this.#folder = folder
    this.#names = names
    this.#replication = replication
    this.#ports = ports
  }

  /** Names all nodes, always in the same order, whoever is primary. */
  get url(): string {
    const places = this.#names.map((name) => `127.0.0.1:${this.#ports.get(name)}`)
    return `postgres://cadastre@${places.join(',')}/postgres`
  }
  get primary(): string {
    return this.#primary
  }
  get standbys(): string[] {
    return [...this.#nodes.keys()].filter((name) => name !== this.#primary)
  }
  /** Asks the primary, or the node that is named. */
  async ask<Row = Record<string, unknown>>(sql: string, name = this.#primary): Promise<Row[]> {
    const { operator } = this.#node(name)
    operator.ref()
    try {
      return (await operator.query(sql)).rows as Row[]
    } finally {
      // An idle one must not keep a process whose test has failed.
      operator.unref()
    }
  }

  /** Power off: the postmaster and all its processes at once. Its folder is taken away, so that it cannot come back as it was. */
  async kill(): Promise<void> {
    const { process: postmaster, data } = this.#node(this.#primary)
    // A postmaster that is stopped starts nobody new while the others are counted.
    postmaster.kill('SIGSTOP')
    const rows = await this.ask<{ pid: number }>('select pid::int as pid from pg_stat_activity where pid is not null')
    const ended = once(postmaster, 'exit')
    for (const { pid } of rows) signal(pid, 'SIGKILL')
    postmaster.kill('SIGKILL')
    await ended
    this.#nodes.delete(this.#primary)
    renameSync(data, `${data}-fenced`)
  }

  /** After `kill`: promotes the standby that has received the most, and lets the others follow it. Answers its name. */
  async failOver(): Promise<string> {
    const standbys = [...this.#nodes.keys()]
    for (const name of standbys) await this.cutOff(name)
    let best = standbys[0]!
    for (const name of standbys) if ((await this.received(name)) > (await this.received(best))) best = name
    await this.ask('select pg_promote(false)', best)
    await until(`${best} takes writes`, async () => !(await this.#isStandby(best)))
    this.#primary = best
    await this.#follow(this.standbys)
    return best
  }

  /** A copy of the primary, made while it works, becomes a standby under the name of a node that died. */
  async rejoin(name: string): Promise<void> {
    const data = this.#newData()
    await this.ask(`select pg_backup_start('${name}', true)`)
    await copyFolder(this.#node(this.#primary).data, data)
    const [label] = await this.ask<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    writeOwn(join(data, 'backup_label'), label!.labelfile)
    await this.#runStandby(name, data)
    await this.#follow([name])
  }

  /** A standby receives nothing more; resolves when what it has received does not change any longer. */
  async cutOff(name: string): Promise<void> {
    await this.ask(`alter system set primary_conninfo = ''`, name)
    await this.ask('select pg_reload_conf()', name)
    await until(`${name} receives nothing more`, async () => {
      const [row] = await this.ask<{ isCut: boolean }>(
        `select current_setting('primary_conninfo') = '' and not exists (select from pg_stat_wal_receiver) as "isCut"`,
        name,
      )
      return row!.isCut
    })
  }
  /** How much of the log a standby has on its disk. */
  async received(name: string): Promise<number> {
    const [row] = await this.ask<{ at: string }>(
      `select pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')::text as at`,
      name,
    )
    return Number(row!.at)
  }
  /** How much of the log the primary has on its disk. */
  async written(): Promise<number> {
    const [row] = await this.ask<{ at: string }>(
      `select pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::text as at`,
    )
    return Number(row!.at)
  }
  /** Whether the primary has sent so much of its log to every standby that follows it. */
  async isSent(position: number): Promise<boolean> {
    const rows = await this.ask<{ at: string }>(
      `select pg_wal_lsn_diff(sent_lsn, '0/0')::text as at from pg_stat_replication`,
    )
    return rows.length > 0 && rows.every(({ at }) => Number(at) >= position)
  }
  /** Halts the processes of the primary that send the log: nothing leaves it any more. They die with it. */
  async holdSenders(): Promise<undefined> {
    const rows = await this.ask<{ pid: number }>('select pid from pg_stat_replication')
    for (const { pid } of rows) signal(pid, 'SIGSTOP')
  }
  /**
   * Halts the processes of the standbys that receive the log. Answers how to let them go on, for after the primary's
   * death: it ends them once they have kept all that was on its way.
   */
  async holdReceivers(): Promise<() => Promise<void>> {
    const rows = await Promise.all(
      this.standbys.map((name) => this.ask<{ pid: number }>('select pid from pg_stat_wal_receiver', name)),
    )
    // One that was cut off has none.
    const pids = rows.flat().map(({ pid }) => pid)
    for (const pid of pids) signal(pid, 'SIGSTOP')
    return async () => {
      for (const pid of pids) signal(pid, 'SIGCONT')
      for (const pid of pids) await until(`the process ${pid} ends`, () => !signal(pid, 0))
    }
  }

  async stop(): Promise<void> {
    for (const { operator } of this.#nodes.values()) await operator.end().catch(() => undefined)
    this.#remove()
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name)
    assert.ok(node, `${name} is dead`)
    return node
  }
  #newData(): string {
    return join(this.#folder, `data-${++this.#incarnations}`)
  }
  async #isStandby(name: string): Promise<boolean> {
    const [row] = await this.ask<{ is: boolean }>('select pg_is_in_recovery() as is', name)
    return row!.is
  }
  async #run(name: string, data: string): Promise<void> {
    const quorum = `ANY 1 (${this.#names.join(', ')})`
    const port = this.#ports.get(name)!
    const settings = {
      port: String(port),
      cluster_name: name,
      // The same on every node, so that a standby is a careful primary from its first moment on.
      synchronous_standby_names: this.#replication === 'synchronous' ? quorum : '',
      wal_keep_size: '256MB',
      wal_retrieve_retry_interval: '50ms',
      shared_buffers: '32MB',
    }
    const child = runPostgres({ folder: this.#folder, data }, settings)
    const operator = new pg.Client({ host: '127.0.0.1', port, user: 'cadastre', database: 'postgres' }) as Operator
    // It breaks where its node is killed.
    operator.on('error', () => {})
    this.#nodes.set(name, { data, process: child, operator })
    await ready(child)
    await operator.connect()
    operator.unref()
  }
  async #runStandby(name: string, data: string): Promise<void> {
    writeOwn(join(data, 'standby.signal'), '')
    appendFileSync(
      join(data, 'postgresql.auto.conf'),
      `primary_conninfo = '${this.#connectionTo(this.#primary, name)}'\n`,
    )
    await this.#run(name, data)
  }
  #connectionTo(primary: string, name: string): string {
    return `host=127.0.0.1 port=${this.#ports.get(primary)} user=cadastre application_name=${name}`
  }
  /** Lets standbys follow the primary; resolves when they have what it has. */
  async #follow(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.ask(`alter system set primary_conninfo = '${this.#connectionTo(this.#primary, name)}'`, name)
      await this.ask('select pg_reload_conf()', name)
    }
    for (const name of names) {
      await until(`${name} follows ${this.#primary}`, async () => {
        const rows = await this.ask(
          `select from pg_stat_replication where application_name = '${name}' and state = 'streaming'`,
        )
        return rows.length === 1
      })
    }
  }
  #remove(): void {
    for (const { data, process: child } of this.#nodes.values()) stopAtOnce(child, { folder: this.#folder, data })
    this.#nodes.clear()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Whether the process was there. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    // It has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}

const giveAway = (path: string): void => {
  if (asUser.uid !== undefined) chownSync(path, asUser.uid, asUser.gid!)
}
function writeOwn(path: string, text: string): void {
  writeFileSync(path, text)
  giveAway(path)
}

/** What belongs to one running server, and not to its data. */
const isOwn = (name: string): boolean => /^postmaster\.|^standby\.signal$|^backup_label|^pg_internal\.init/.test(name)

/**
 * Copies a data folder, also of a server that runs: its files come and go. Its log is left to the standby to fetch. A
 * folder at a time, so that whoever works meanwhile is not held up for long.
 */
async function copyFolder(
  from: string,
  to: string,
  isRunning = existsSync(join(from, 'postmaster.pid')),
): Promise<void> {
  mkdirSync(to, { mode: 0o700 })
  giveAway(to)
  const entries = readdirSync(from, { withFileTypes: true })
  for (const { name } of entries.filter((entry) => entry.isFile() && !isOwn(entry.name))) {
    try {
      copyFileSync(join(from, name), join(to, name))
      giveAway(join(to, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  await immediate()
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    if (isRunning && name === 'pg_wal') makeEmpty(join(to, name), ['archive_status', 'summaries'])
    else await copyFolder(join(from, name), join(to, name), isRunning)
  }
}
function makeEmpty(folder: string, within: readonly string[]): void {
  for (const path of [folder, ...within.map((name) => join(folder, name))]) {
    mkdirSync(path, { mode: 0o700 })
    giveAway(path)
  }
}
