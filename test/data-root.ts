// Where the databases of tests lie: in memory where there is enough of it, since they wait for the disk at every commit.
import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const inMemory = '/dev/shm'
/** All databases of a run together are far smaller. Containers often have 64 MB there, which is too little. */
const freeBytesMin = 3 * 2 ** 30

let chosen: string | undefined

/**
 * The folder in which tests make folders for databases, and only for these: programs may not be executed there. Processes that
 * are killed lose nothing there that they would keep on a disk; no test takes the power away. `CADASTRE_TEST_DATA` names another.
 */
export function dataRoot(): string {
  chosen ??= process.env.CADASTRE_TEST_DATA ?? (hasRoom(inMemory) ? inMemory : tmpdir())
  return chosen
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= freeBytesMin
  } catch {
    // There is no such folder on this system.
    return false
  }
}
