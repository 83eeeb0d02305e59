// The other baseline: what SQLite itself does with group-committed inserts of the same rows at known places.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const seconds = Number(process.argv[2])
const batch = 64
const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-raw-'))
const database = new DatabaseSync(join(folder, 'raw.db'))
database.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000;
  create table allocation (pool integer, first blob, length integer, account text, n integer, primary key (pool, first)) strict, without rowid;
  create table audit (n integer primary key, at integer, account text, action text, token blob) strict;`)
const allocation = database.prepare('insert into allocation values (1, ?, 32, ?, ?)')
const audit = database.prepare('insert into audit values (?, ?, ?, ?, ?)')
const key = Buffer.alloc(16)
const token = Buffer.alloc(16)
let n = 0
const start = process.hrtime.bigint()
const cpu = process.cpuUsage()
while (Number(process.hrtime.bigint() - start) < seconds * 1e9) {
  database.exec('begin immediate')
  for (let i = 0; i < batch; i++) {
    key.writeUInt32BE(++n, 12)
    allocation.run(key, '111111111111', n)
    audit.run(n, 1_700_000_000_000, '111111111111', 'AllocateAddress', token)
  }
  database.exec('commit')
}
const elapsed = Number(process.hrtime.bigint() - start) / 1e9
const used = process.cpuUsage(cpu)
console.log(JSON.stringify({ rate: n / elapsed, cpuMicroseconds: (used.user + used.system) / n }))
database.close()
rmSync(folder, { recursive: true, force: true })
