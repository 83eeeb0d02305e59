// The control of changes that were made in an emergency, which stands apart so that change requests can say what they are.
import { control } from './control.ts'

export const changeReview = control<{ readonly requestedBy: string; readonly others?: readonly string[] }>({
  name: 'change-review',
  severity: 'high',
  about: 'change-request',
  summary: 'A change that was made in an emergency, without approvals, and that nobody else has reviewed yet.',
  // Else whoever made it could set it aside for a year.
  isNeverSuppressed: true,
  words: ({ requestedBy, others = [] }) =>
    `${[requestedBy, ...others].join(' and ')} made it in an emergency, and nobody else has reviewed it.`,
})
