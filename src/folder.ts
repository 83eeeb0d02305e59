// Makes a folder with all that it is in, or says why it cannot be made.
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * As `mkdir -p` does it. Node's `recursive` tries the parent again and again where a file system says that it is missing and it is there,
 * as `/proc` does; here each folder is tried twice, and what is said the second time is why.
 * @param mode what they may be used for, of those that are made
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const folder = resolve(path)
  try {
    await makeOne(folder, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder), mode)
    await makeOne(folder, mode)
  }
}

async function makeOne(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode })
  } catch (error) {
    // Where nothing can be written, what is there already is mostly told as that.
    if (!(await isFolder(folder))) throw error
  }
}
const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
