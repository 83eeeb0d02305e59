// NAT gateways that were deleted so long ago that nobody is shown them any more. No request clears away what others had.
import type { Job } from './job.ts'

export const forgetNatGateways: Job = {
  name: 'forget-nat-gateways',
  everySeconds: 10,
  turnsMax: 10,
  isDue: ({ store }) => store.read((tx) => tx.natGateways.anyToForget()),
  turn: ({ store }) => store.write((tx) => tx.natGateways.forgetDeleted()),
}
