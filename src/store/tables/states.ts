// What a database knows of itself: which installation it is, what is counted, and which key seals its secrets.
import { blob, changing, integer, onlyRow, table, text } from '../table.ts'

/** Drawn once, when the database is made. */
export const metaTable = table('meta', { name: text(), value: text() }, 'seeded')
/** Numbers that only grow, such as the next sequence number and the epochs. */
export const counterTable = table('counter', { name: text(), value: changing(integer()) }, 'seeded')
/** A key with another fingerprint opens no secret of this database. One row, written once; none before the first start. */
export const sealingKeyTable = table('sealing_key', { one: onlyRow('one'), fingerprint: blob() }, 'recorded')
