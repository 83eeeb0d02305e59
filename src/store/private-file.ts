// Files that their owner alone may read, whatever the folder and the umask allow (threat model S1).
import { chmodSync, closeSync, openSync, statSync } from 'node:fs'

/** What nobody but the owner has. */
const others = 0o077

/**
 * Takes the rights of everybody but the owner from a file, or makes it so where it is missing. A file of another owner stays as it
 * is: whether we may use it is seen when it is opened.
 */
export function makePrivate(path: string, { create }: { readonly create: boolean }): void {
  try {
    const { mode } = statSync(path)
    if ((mode & others) !== 0) chmodSync(path, mode & ~others & 0o777)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // What cannot be made either is told by whoever opens it, in words of its own.
    if (code === 'ENOENT' && create) makeEmpty(path)
  }
}

function makeEmpty(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch {
    // As above: whoever opens it tells why it cannot be made.
  }
}
