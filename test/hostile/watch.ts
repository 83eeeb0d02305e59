// What hostile clients do to others: how long somebody else's changes take meanwhile, and how large the server gets.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { endWithThisProcess } from '../children.ts'
import type { Order } from './clients.ts'

export interface Watched {
  readonly p50: number
  readonly p99: number
  readonly count: number
  /** Of the server, at most, in MB. */
  readonly rssMb: number
}

/** Resident memory of a process, in MB (`/proc`, so on Linux alone). */
export function rssMbOf(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return (pages * 4096) / 1e6
}

/**
 * Asks for something `clients` at a time, again and again, and looks at the server beside it.
 * @param ask rejects where the answer is not what it should be
 * @param restMs between an answer and the next request of a client
 */
export async function watch(
  pid: number,
  ask: () => Promise<void>,
  { seconds, clients = 4, restMs }: { readonly seconds: number; readonly clients?: number; readonly restMs?: number },
): Promise<Watched> {
  const times: number[] = []
  let rssMb = 0
  const until = performance.now() + seconds * 1_000
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const startedAt = performance.now()
      await ask()
      times.push(performance.now() - startedAt)
      rssMb = Math.max(rssMb, rssMbOf(pid))
      if (restMs !== undefined) await pause(restMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  times.sort((one, other) => one - other)
  return { p50: times[times.length >> 1]!, p99: times[Math.floor(times.length * 0.99)]!, count: times.length, rssMb }
}

/** Starts hostile clients; what it answers ends them. */
export async function startHostile(order: Order): Promise<() => Promise<void>> {
  const file = join(import.meta.dirname, 'clients.ts')
  const child: ChildProcess = spawn(process.execPath, [file, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  endWithThisProcess(child)
  await once(child.stdout!, 'data')
  return async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}
