// What this browser remembers of the log from one check to the next: the checkpoint that it saw last, and the keys that it goes by. It is
// what the next answer of the server is held against, so it is in no link and no server has it.
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { parseNote } from '#model/evidence/note.ts'
import { apiPath } from '../../api/client.ts'

export interface Kept {
  /** A signed note that was found good; absent before the first check. */
  readonly checkpoint?: string
  /** When it was checked. */
  readonly at?: string
  /** The keys that it goes by, as `cadastre audit key` prints them. */
  readonly keys: readonly string[]
  /** Whether the person has brought the key from elsewhere: else it is what the server showed first. */
  readonly isBrought: boolean
}
const name = `cadastre-evidence ${apiPath}`

export function keptOfLog(): Kept | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? 'null') as Kept | null
    return kept && Array.isArray(kept.keys) ? kept : undefined
  } catch {
    // Somebody has written something else there: it is as if nothing was kept.
    return undefined
  }
}
export const keepOfLog = (kept: Kept): void => localStorage.setItem(name, JSON.stringify(kept))
export const forgetLog = (): void => localStorage.removeItem(name)

export const checkpointIn = (note: string | undefined) =>
  note === undefined ? undefined : parseCheckpoint(parseNote(note)?.text ?? '')
