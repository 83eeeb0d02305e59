// Signatures with Ed25519, as whoever verifies a log checks them.
import { createPublicKey, verify } from 'node:crypto'
import type { VerifyEd25519 } from '#model/evidence/note.ts'

/** Whether a signature is a key's. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url')
  return verify(
    undefined,
    message,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
    signature,
  )
}
