// Loaded before a server: it then writes what it always does, but hashes nothing for the log of evidence and grows no tree.
import { registerHooks } from 'node:module'

const instead = {
  '/dist/store/commitments.js': () => `
const [salt, hash, bytes] = ['0'.repeat(32), '0'.repeat(64), Buffer.alloc(48)]
export class Salts { next() { return salt } }
export const commitmentTo = () => hash
export const bytesOf = (hexadecimal) => bytes.subarray(0, hexadecimal.length / 2)
export const hexOf = (bytes) => Buffer.from(bytes).toString('hex')`,
  '/dist/model/evidence/commitments.js': (source) =>
    `${source}\nfor (const kind of Object.keys(committedTexts)) committedTexts[kind] = () => ''`,
  '/dist/jobs/evidence.js': (source) =>
    `${source}\nfor (const job of [growEvidence, signEvidence, exportEvidence]) job.isDue = async () => false`,
}

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const end = Object.keys(instead).find((path) => url.endsWith(path))
    return end ? { ...loaded, source: instead[end](String(loaded.source)) } : loaded
  },
})
