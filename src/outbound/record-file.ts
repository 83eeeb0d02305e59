// The record goes to a file: a line of JSON for each entry, on disk before it counts as sent. It is opened anew for each part, so that
// whoever turns files over need tell nobody.
import type { ExportedChange } from '#formats/exports/ocsf.ts'
import { apiActivity } from '#formats/exports/ocsf.ts'

const fs = process.getBuiltinModule('node:fs').promises

/** For its owner and their group to read. */
const mode = 0o640

export async function appendRecord(
  changes: readonly ExportedChange[],
  { version, path }: { readonly version: string; readonly path: string },
): Promise<void> {
  const file = await fs.open(path, 'a', mode)
  try {
    await file.write(changes.map((change) => `${JSON.stringify(apiActivity(change, { version }))}\n`).join(''))
    await file.datasync()
  } finally {
    await file.close()
  }
}
