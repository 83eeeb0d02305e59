// Hashes of a Merkle tree as RFC 6962 has them: leaves and nodes are told apart by their first byte, so that none is taken for the other.
import { assert } from '../assert.ts'

/** SHA-256 of some bytes, as 32 new bytes. Handed in: the model stands without a computer. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const hashLength = 32
const leafPrefix = 0x00
const nodePrefix = 0x01

/** For one leaf or node after the other: what is hashed is copied here, and nobody else has it. */
const leafBytes = new Uint8Array(1 + hashLength)
/** @param data of our log: a hash */
export function leafHash(sha256: Sha256, data: Uint8Array): Uint8Array {
  const bytes = data.length === hashLength ? leafBytes : new Uint8Array(1 + data.length)
  bytes[0] = leafPrefix
  bytes.set(data, 1)
  return sha256(bytes)
}

const nodeBytes = new Uint8Array(1 + 2 * hashLength)
nodeBytes[0] = nodePrefix
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  assert(left.length === hashLength && right.length === hashLength, 'nodes are made of hashes')
  nodeBytes.set(left, 1)
  nodeBytes.set(right, 1 + hashLength)
  return sha256(nodeBytes)
}

export const emptyRoot = (sha256: Sha256): Uint8Array => sha256(new Uint8Array(0))

export function equalHashes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
