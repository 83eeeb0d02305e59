// A record with its proof: all that its leaf commits to, and the way from there to the root of a checkpoint. It needs nothing else.

import { splitKey } from '../key.ts'
import { fromBase64 } from './base64.ts'
import {
  committedTexts,
  type DecisionFacts,
  type EntryFacts,
  type OriginFacts,
  type VersionFacts,
} from './commitments.ts'
import { equalHashes, hashLength, leafHash, type Sha256 } from './hashing.ts'
import { rootOfInclusion, type Tree } from './merkle.ts'

/** A part with its salt, in hexadecimal. */
export interface Salted<Facts> {
  readonly facts: Facts
  readonly salt: string
}
export interface Proven {
  readonly entry: EntryFacts
  readonly salt: string
  /** Undefined where it was erased: the entry has its commitment. */
  readonly origin: Salted<OriginFacts> | undefined
  /** Objects as they were after it. */
  readonly versions: readonly Salted<VersionFacts>[]
  /** Those that are evidence and not forgotten. */
  readonly decisions: readonly Salted<DecisionFacts>[]
  readonly index: number
  /** From the leaf's sibling up, in Base64. */
  readonly path: readonly string[]
}
/** What of it is not so. */
export type Unproven = 'origin' | 'version' | 'decision' | 'entry'

const encoder = new TextEncoder()
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const digestOf = (sha256: Sha256, text: string): Uint8Array => sha256(encoder.encode(text))

/** Undefined where all of it is as it was when it was written, in the tree of a checkpoint. */
export function unprovenIn(sha256: Sha256, proven: Proven, tree: Tree): Unproven | undefined {
  const { entry, salt, origin, versions, decisions, index } = proven
  const commitment = (text: string): string => hexOf(digestOf(sha256, text))
  if (origin && commitment(committedTexts.origin(origin.salt, origin.facts)) !== entry.origin) return 'origin'
  const contents = new Set(entry.listed.map(({ content }) => content))
  for (const { facts, salt: own } of versions) {
    if (!contents.has(commitment(committedTexts.version(own, facts)))) return 'version'
  }
  const decided = entry.decided?.match(/.{64}/g) ?? []
  for (const { facts, salt: own } of decisions) {
    if (!(decided as readonly string[]).includes(commitment(committedTexts.decision(own, facts)))) return 'decision'
  }
  const leaf = leafHash(sha256, digestOf(sha256, committedTexts.entry(salt, entry)))
  const path = proven.path.map(fromBase64)
  if (path.some((hash) => hash?.length !== leaf.length)) return 'entry'
  const root = rootOfInclusion(sha256, { index, size: tree.size, leaf }, path as readonly Uint8Array[])
  return root && equalHashes(root, tree.root) ? undefined : 'entry'
}

/** The same of a record from anywhere: it may lack members that a record has, and then it is not one of ours. */
export function unprovenPart(sha256: Sha256, proven: Proven, tree: Tree): Unproven | undefined {
  try {
    return unprovenIn(sha256, proven, tree)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return 'entry'
  }
}

/** A leaf that stays closed: what it holds, and the way to the root. */
export interface ClosedLeaf {
  readonly index: number
  /** In Base64. */
  readonly commitment: string
  readonly path: readonly string[]
}
/** Whether a leaf is in the tree, whatever it is of. */
export function isLeafIn(sha256: Sha256, { index, commitment, path }: ClosedLeaf, { size, root }: Tree): boolean {
  if (typeof commitment !== 'string' || !Array.isArray(path)) return false
  const [bytes, ...hashes] = [commitment, ...path].map((text) => fromBase64(String(text)))
  if (bytes?.length !== hashLength || hashes.some((hash) => hash?.length !== hashLength)) return false
  const leaf = leafHash(sha256, bytes)
  const found = rootOfInclusion(sha256, { index, size, leaf }, hashes as readonly Uint8Array[])
  return found !== undefined && equalHashes(found, root)
}

/** What a change says, as far as it is compared with its record. */
export interface ShownChange {
  readonly changeId: string
  readonly outcome: string
  readonly requestId: string
  readonly at: string
  readonly action: string
  readonly account: string
  readonly principal: string
}
/** Whether what is said of a change whose leaf is open stands in its record. */
export function isSameChange(
  { change, leaf }: { readonly change: ShownChange; readonly leaf: { readonly index: number } },
  { entry, origin, index }: Proven,
): boolean {
  const { action, account, principal } = origin?.facts ?? change
  return (
    String(entry.n) === change.changeId &&
    index === leaf.index &&
    new Date(entry.at).toISOString() === change.at &&
    entry.outcome === change.outcome &&
    entry.requestId === change.requestId &&
    action === change.action &&
    account === change.account &&
    principal === change.principal
  )
}

/** What is said of a decision, as far as it is compared with what its change commits to. */
export interface ShownDecision {
  readonly at: string
  readonly account: string
  readonly locale: string
  readonly resourceType: string
  readonly outcome: string
  readonly mode: string
  readonly policy: { readonly policyId: string; readonly version: number } | undefined
  readonly poolId: string | undefined
  readonly cidr: string | undefined
}
/** Whether what is said of a decision is what was decided: the names that its ruling begins with, its moment and its block. */
export function isSameDecision(shown: ShownDecision, { at, ruling, cidr }: DecisionFacts): boolean {
  const [account, locale, resourceType, outcome, mode, policyId, version, pool] = splitKey(ruling, 8)?.parts ?? []
  return (
    new Date(at).toISOString() === shown.at &&
    account === shown.account &&
    locale === shown.locale &&
    resourceType === shown.resourceType &&
    outcome === shown.outcome &&
    mode === shown.mode &&
    policyId === shown.policy?.policyId &&
    version === (shown.policy && String(shown.policy.version)) &&
    pool === shown.poolId &&
    cidr === shown.cidr
  )
}
