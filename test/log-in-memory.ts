// A log of evidence in memory, signed, with all of its files: what verifiers read, without a server or a record behind it.
import { generateKeyPairSync, sign } from 'node:crypto'
import { formatCheckpoint } from '#model/evidence/checkpoint.ts'
import { hashLength, leafHash } from '#model/evidence/hashing.ts'
import { Frontier } from '#model/evidence/merkle.ts'
import { formatNote, keyIdOf, type VerifierKey } from '#model/evidence/note.ts'
import { bundleOf, pathOfEntries, pathOfTile, rootOfComplete, tileWidth } from '#model/evidence/tiles.ts'
import { sha256 } from '#operations/evidence/sha256.ts'

export interface LogInMemory {
  readonly files: Map<string, Uint8Array>
  /** The signed checkpoint. */
  readonly note: string
  readonly key: VerifierKey
  readonly size: number
}

/** A log of so many leaves in memory, signed. */
export function logInMemory(size: number): LogInMemory {
  const files = new Map<string, Uint8Array>()
  const frontier = new Frontier(sha256)
  let below: Uint8Array[] = []
  for (let first = 0; first < size; first += tileWidth) {
    const width = Math.min(tileWidth, size - first)
    const leaves = Array.from({ length: width }, (_, at) => sha256(Buffer.from(`${first + at}`)))
    const hashes = leaves.map((leaf) => leafHash(sha256, leaf))
    for (const hash of hashes) frontier.add(hash)
    const tile = { level: 0, index: first / tileWidth, width }
    files.set(pathOfEntries(tile), bundleOf(leaves))
    files.set(pathOfTile(tile), Buffer.concat(hashes))
    if (width === tileWidth) below.push(rootOfComplete(sha256, Buffer.concat(hashes)))
  }
  for (let level = 1; below.length > 0; level++) {
    const above: Uint8Array[] = []
    for (let index = 0; index * tileWidth < below.length; index++) {
      const hashes = Buffer.concat(below.slice(index * tileWidth, (index + 1) * tileWidth))
      const width = hashes.length / hashLength
      files.set(pathOfTile({ level, index, width }), hashes)
      if (width === tileWidth) above.push(rootOfComplete(sha256, hashes))
    }
    below = above
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const bytes = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
  const key: VerifierKey = { name: 'log.example', type: 1, publicKey: bytes }
  const text = formatCheckpoint({ origin: key.name, size, root: frontier.root() })
  const signature = sign(undefined, Buffer.from(text), privateKey)
  const note = formatNote({ text, signatures: [{ name: key.name, keyId: keyIdOf(sha256, key), signature }] })
  return { files, note, key, size }
}
