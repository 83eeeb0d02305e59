// From exec to the first answer of `/readyz`, of the built package, beside what Node and an empty folder take in the same round.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childEnvironment } from '../test/children.ts'
import { fillSqlite, type Times } from './fill.ts'
import { builtMain, key, root, usageOf } from './processes.ts'
import { type Figure, measureRounds, type Rounds } from './statistics.ts'
import { fill, open, preparePolicy } from './world.ts'

const startMsMax = 300
const minuteMs = 60_000
const monthMs = 30 * 24 * 60 * minuteMs

/** A folder whose record has that many allocations, spread over a time. Time never goes back on record, so it begins there. */
async function openFilled(rows: number, times: Times): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  const clock = () => times.since
  await preparePolicy(folder, key, {}, 1, clock)
  const first = await open(folder, key, {}, clock)
  await fill(first, 64, 64)
  await first.store.close()
  await fillSqlite(join(folder, 'cadastre.db'), rows, 0, times)
  return folder
}

const timeNode = async (): Promise<number> => {
  const since = performance.now()
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' })
  await new Promise((resolve) => child.once('exit', resolve))
  return performance.now() - since
}
async function timeServer(folder: string): Promise<{ readonly ms: number; readonly rssMb: number }> {
  const since = performance.now()
  const child = spawn(process.execPath, [join(root, builtMain()), 'serve'], {
    env: { ...childEnvironment, CADASTRE_DATA: folder, CADASTRE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(String(chunk)))
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const url = /http:\/\/[^,]+/.exec(line)![0]
  await new Promise<void>((resolve, reject) => {
    get(`${url}/readyz`, (response) => {
      response.resume()
      if (response.statusCode === 200) resolve()
      else reject(new Error(`/readyz says ${response.statusCode}`))
    }).once('error', reject)
  })
  const ms = performance.now() - since
  const { rssMb } = usageOf(child.pid!)
  child.removeAllListeners('exit')
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  return { ms, rssMb }
}

/** @param isWhole also measures a start right after a million requests, which are read back once it is ready */
export async function measureStart(rounds: Rounds, rows: number, isWhole: boolean): Promise<Figure[]> {
  const now = Date.now()
  const folders = {
    empty: mkdtempSync(join(tmpdir(), 'cadastre-bench-')),
    filled: await openFilled(rows, { since: now - monthMs, until: now - 60 * minuteMs }),
    ...(isWhole ? { recent: await openFilled(rows, { since: now - 8 * minuteMs, until: now }) } : {}),
  }
  // The first start fills Node's compile cache, and makes what an empty folder lacks; it does not count.
  await timeServer(folders.empty)
  const figures = await measureRounds<string>(rounds, async () => {
    const [node, empty, filled] = [await timeNode(), await timeServer(folders.empty), await timeServer(folders.filled)]
    const recent = folders.recent === undefined ? undefined : await timeServer(folders.recent)
    return {
      ms: filled.ms,
      overNode: filled.ms / node,
      overEmpty: filled.ms / empty.ms,
      memory: filled.rssMb,
      // Where it is measured at all.
      ...(recent ? { recentMs: recent.ms, recentOverEmpty: recent.ms / empty.ms } : {}),
    }
  })
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true })
  const what = `start with ${rows.toLocaleString('en')} allocations`
  const recently = `${what}, all of the last 8 minutes`
  return [
    { what: `${what}, ms`, values: figures.ms!, goal: { atMost: startMsMax } },
    { what: `${what} ÷ \`node -e 0\``, values: figures.overNode! },
    { what: `${what} ÷ start of an empty folder`, values: figures.overEmpty! },
    { what: `${what}, memory, MB`, values: figures.memory! },
    ...(figures.recentMs ? [{ what: `${recently}, ms`, values: figures.recentMs, goal: { atMost: startMsMax } }] : []),
    ...(figures.recentOverEmpty
      ? [{ what: `${recently} ÷ start of an empty folder`, values: figures.recentOverEmpty }]
      : []),
  ]
}
