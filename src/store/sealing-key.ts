// Whether a server has the key that sealed the secrets of its database: asked before anything else is done with it.
import type { Sealer } from './tables/access-keys.ts'
import { StoreTrouble } from './trouble.ts'

/** What a database shows of the key that sealed its secrets. */
export interface KeyEvidence {
  /** Of the key; null in a database that no server has been started on since the fingerprint is kept. */
  readonly fingerprint: Uint8Array | null
  /** One access key with its sealed secret; null where there is none. */
  readonly id: string | null
  readonly sealed: Uint8Array | null
}

export const readKeyEvidence = `select (select fingerprint from sealing_key) as fingerprint, k.id, k.sealed
  from (select 1 as one) one
  left join (select id, sealed from access_key order by disabled_at is not null, id limit 1) k on true`
/** Whoever is second keeps the first one's, and has to ask again. */
export const keepFingerprint = 'insert into sealing_key (one, fingerprint) values (1, ?) on conflict do nothing'

/**
 * Compares a key with what a database shows. Throws trouble of the kind `key` for another key than the database's; otherwise
 * answers whether the fingerprint is still to be kept.
 */
export function checkKey(sealer: Sealer, { fingerprint, id, sealed }: KeyEvidence): 'kept' | 'to be kept' {
  if (fingerprint) {
    if (Buffer.compare(fingerprint, sealer.fingerprint) === 0) return 'kept'
    throw wrongKey(sealer, `the key with the fingerprint ${shown(fingerprint)}`)
  }
  // From before fingerprints were kept: a secret that opens proves the key.
  if (id !== null && sealed !== null) {
    try {
      sealer.open(sealed, id)
    } catch (error) {
      throw error instanceof StoreTrouble ? wrongKey(sealer, 'another one', error) : error
    }
  }
  return 'to be kept'
}

function wrongKey(sealer: Sealer, right: string, cause?: unknown): StoreTrouble {
  const found = sealer.file === undefined ? 'the secret key that was given' : `the secret key file \`${sealer.file}\``
  const message = `${found} holds the key with the fingerprint ${shown(sealer.fingerprint)}, and the secrets of this database are sealed with ${right}; give this server the right key file`
  // A server that runs on says so to whoever asks whether it is ready; at a start it ends all the same.
  return new StoreTrouble('key', message, { fatal: false, cause })
}
/** Enough to tell keys apart. */
const shown = (fingerprint: Uint8Array): string => Buffer.from(fingerprint).toString('hex').slice(0, 16)
