// What the EC2 API shows alike of IPAMs, scopes and pools: their names as ARNs, and their states.

/** ARNs of IPAM's objects name no Region. */
export const arnOf = (account: string, kind: 'ipam' | 'ipam-scope' | 'ipam-pool', id: string): string =>
  `arn:aws:ec2::${account}:${kind}/${id}`

/** `create-complete` until the object is changed for the first time. */
export const stateAt = (version: number): 'create-complete' | 'modify-complete' =>
  version > 1 ? 'modify-complete' : 'create-complete'
