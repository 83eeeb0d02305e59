// What a person is told of a file that they have named and that cannot be read or written.

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EEXIST: 'it is there already, and nothing is written over it: name another one',
  EACCES: 'you may not read or write it',
  EPERM: 'you may not read or write it',
  EROFS: 'it is where nothing can be written',
  EISDIR: 'it is a folder, and a file is expected',
  ENOTDIR: 'a part of its path is a file, and a folder is expected',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'its name is too long',
}

/** In a sentence; undefined where it is something else that went wrong. */
export function fileProblem(error: unknown): string | undefined {
  const { code, path, syscall } = error as Readonly<Record<'code' | 'path' | 'syscall', unknown>>
  // What it is in is there: folders that are missing on the way are made as well.
  const isNoPlace = syscall === 'mkdir' && code === 'ENOENT'
  const problem = isNoPlace ? 'no folder can be made there' : typeof code === 'string' ? words[code] : undefined
  return problem !== undefined && typeof path === 'string' ? `\`${path}\`: ${problem}.` : undefined
}
