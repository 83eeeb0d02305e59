// Which files of a directory are policy files: those that are in it, and nothing that it only leads to.
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Stopped } from '#cli/exit-codes.ts'

/** Directories in each other: as many as names of pools in pools need, many times over. */
const directoryLevelsMax = 64
/** Entries that are looked at, whatever they are. */
const entriesMax = 100_000

export interface FilesFound {
  /** Paths with `/` between, in order. */
  readonly files: readonly string[]
  /** What looks like one and is not read, and why. */
  readonly unread: readonly { readonly file: string; readonly why: string }[]
}

/**
 * All that end in `.yaml` or `.yml`. A link is followed to a file in the same directory alone: what stands elsewhere is not what was
 * reviewed, and directories that are linked to can go round in circles.
 */
export async function filesIn(folder: string): Promise<FilesFound> {
  const files: string[] = []
  const unread: { file: string; why: string }[] = []
  let entries = 0
  const look = async (path: string, level: number): Promise<void> => {
    for (const entry of await entriesOf(join(folder, path), path === '')) {
      if (++entries > entriesMax)
        throw new Stopped('failed', `There are more than ${entriesMax} files and directories in ${folder}.`)
      // What begins with a dot is somebody else's: pipelines, editors.
      if (entry.name.startsWith('.')) continue
      const file = path === '' ? entry.name : `${path}/${entry.name}`
      if (entry.isDirectory()) {
        if (level < directoryLevelsMax) await look(file, level + 1)
        else unread.push({ file, why: `there are more than ${directoryLevelsMax} directories in each other` })
        continue
      }
      const isNamed = /\.ya?ml$/.test(entry.name)
      if (entry.isSymbolicLink()) {
        const why = await whyNotFollowed(folder, file, isNamed)
        if (why !== undefined) unread.push({ file, why })
        else if (isNamed) files.push(file)
      } else if (entry.isFile()) {
        if (isNamed) files.push(file)
      } else if (isNamed) unread.push({ file, why: 'it is no file' })
    }
  }
  await look('', 1)
  return { files: files.sort(), unread }
}

async function entriesOf(path: string, isTop: boolean): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const words = { ENOENT: 'is not there', ENOTDIR: 'is a file: name the directory that it is in' }[code]
    // The reason is the answer: it is not there, or may not be read. One that went meanwhile is told alike.
    throw new Stopped('failed', `${path} ${(isTop ? words : undefined) ?? `cannot be read: ${code}`}.`)
  }
}

/** Undefined where it is followed, or is nothing that would be read. */
async function whyNotFollowed(folder: string, file: string, isNamed: boolean): Promise<string | undefined> {
  const path = join(folder, file)
  const target = await stat(path).catch(() => undefined)
  if (target?.isDirectory()) return 'it is a link to a directory, and those are not followed: put the files here'
  if (!isNamed) return undefined
  if (!target) return 'it is a link that leads nowhere'
  const [here, there] = [await realpath(folder), await realpath(path)]
  if (!there.startsWith(here + sep))
    return 'it is a link to outside of the directory, and is not followed: put the file here'
  return target.isFile() ? undefined : 'it is no file'
}
