// A server that works at findings, in a process of its own: `node worker.ts URL MOMENT ID [STANDS]`. It says before what it writes that it is
// about to, and when there is nothing left. Before its write number STANDS it stands still until it is told to go on.
import { once } from 'node:events'
import { isBehind } from '#operations/finding/follow.ts'
import { openPostgres } from '#store/postgres/engine.ts'
import type { Store } from '#store/store.ts'
import { testSealer } from '../database.ts'
import { turnOf } from './follow.ts'

const [, , url, moment, id, stands = '0'] = process.argv as [string, string, string, string, string, string?]
const store = await openPostgres({ url, sealer: testSealer, clock: () => Number(moment) })
let writes = 0
const telling: Store = {
  ...store,
  read: (work, ...rest) => store.read(work, ...rest),
  async write(work, ...rest) {
    process.stdout.write('writes\n')
    if (++writes === Number(stands)) await once(process.stdin, 'data')
    return store.write(work, ...rest)
  },
}
while (await store.read((tx) => isBehind(tx, { id }))) await turnOf(telling, id)
process.stdout.write('done\n')
await store.close()
process.stdin.destroy()
