// Makes a sequence that shows a fault as small as it can be.

/** Leaves out elements, many at once and then one by one, as long as something is still wrong; `triesMax` bounds how often that is asked. */
export async function leaveOut<T>(
  all: readonly T[],
  isWrong: (some: readonly T[]) => Promise<boolean>,
  triesMax: number,
): Promise<readonly T[]> {
  let smallest = all
  let tries = 0
  for (let size = Math.ceil(smallest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length; ) {
      const rest = [...smallest.slice(0, at), ...smallest.slice(at + size)]
      if (tries++ < triesMax && (await isWrong(rest))) smallest = rest
      else at += size
    }
  }
  return smallest
}
