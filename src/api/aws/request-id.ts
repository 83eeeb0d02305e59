// Request ids: UUIDs that cost no randomness each.

/**
 * Makes request ids that look like version 4 UUIDs: ten random bytes drawn once, and a counter in the last six.
 * They tell requests apart, also of several servers; they are no secrets.
 */
export function createRequestIds(randomBytes: Buffer): () => string {
  const hex = randomBytes.toString('hex', 0, 10)
  const head = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-`
  let counter = 0
  return () => head + (++counter).toString(16).padStart(12, '0')
}
