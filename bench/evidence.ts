// How long it takes to verify a log of evidence: every entry against its tile, every tile against its root, and that against what was signed.
import { verifyLog } from '#operations/evidence/verify-log.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { logInMemory } from '../test/log-in-memory.ts'

/** Prints what it has found. */
export async function measureEvidence(size: number): Promise<void> {
  const { files, note, key } = logInMemory(size)
  const log = { read: async (path: string) => files.get(path), checkpoints: [{ name: 'checkpoint', note }], size }
  const [begun, cpu] = [performance.now(), process.cpuUsage()]
  const { problems, leaves } = await verifyLog(log, [key], verifyEd25519)
  const seconds = (performance.now() - begun) / 1_000
  if (problems.length > 0 || leaves !== size) throw new Error('the log is not what it was made')
  const { user, system } = process.cpuUsage(cpu)
  const each = ((user + system) / size).toFixed(2)
  console.log(
    `verify a log of evidence, ${size.toLocaleString('en')} leaves: ${seconds.toFixed(2)} s, ${each} µs of processor per leaf`,
  )
}
