// What the EC2 API shows alike of IPAMs, scopes and pools: their names as ARNs, and their states.
import type { ReadContext } from '../operation.ts'

/** ARNs of IPAM's objects name no Region. */
export const arnOf = (account: string, kind: 'ipam' | 'ipam-scope' | 'ipam-pool', id: string): string =>
  `arn:aws:ec2::${account}:${kind}/${id}`

/** `create-complete` until the object is changed for the first time. */
export const stateOf = async (context: ReadContext, id: string) => stateAt(await context.tx.history.latestVersion(id))
/** The same by the number of its latest version in the history. */
export const stateAt = (version: number): 'create-complete' | 'modify-complete' =>
  version > 1 ? 'modify-complete' : 'create-complete'
